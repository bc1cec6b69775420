//! Tests of themes: that they can be read, that states can be told apart, and that mistakes in files are told.

use super::*;
use crate::config::Source;
use depth::rgb;
use ratatui::style::{Color, Modifier};

const DEPTHS: [Depth; 4] = [Depth::TrueColor, Depth::Ansi256, Depth::Ansi16, Depth::Mono];

fn theme(name: &str, depth: Depth) -> Theme {
    Themes::default().get(name, depth, GlyphSet::Unicode).unwrap()
}

/// A theme of the operator's own.
fn own(text: &str) -> (Theme, Vec<String>) {
    let file = ("mine".to_owned(), Source { name: "themes/mine.toml".to_owned(), text: text.to_owned() });
    let (shelf, problems) = Themes::new(&[file]);
    assert_eq!(problems, []);
    let problems = shelf.problems("mine").iter().map(ToString::to_string).collect();
    (shelf.get("mine", Depth::TrueColor, GlyphSet::Unicode).unwrap(), problems)
}

#[test]
fn every_built_in_theme_is_sound_and_knows_every_role() {
    let shelf = Themes::default();
    for (name, text) in BUILT_IN {
        assert_eq!(shelf.problems(name), [], "{name}");
        let known = |role: &str| text.contains(&format!("\n{role} = {{"));
        let parent = text.contains("inherits =");
        for (_, role) in Role::ALL {
            assert!(parent || known(role), "{name} says nothing of {role}");
        }
        for depth in DEPTHS {
            let theme = theme(name, depth);
            assert_eq!(theme.name, *name);
            for role in [Role::Up, Role::Degraded, Role::Down] {
                let coloured = *name != "mono" && depth != Depth::Mono;
                assert_eq!(theme.style(role).fg.is_some(), coloured, "{name} {role:?} {depth:?}");
            }
        }
    }
    assert!(shelf.get("drak", Depth::TrueColor, GlyphSet::Ascii).unwrap_err().contains("high-contrast"));
}

#[test]
fn a_terminal_without_colours_gets_none() {
    for (name, _) in BUILT_IN {
        for depth in DEPTHS {
            if depth != Depth::Mono && *name != "mono" {
                continue;
            }
            for (role, word) in Role::ALL {
                let style = theme(name, depth).style(*role);
                assert!(style.fg.is_none() && style.bg.is_none(), "{name} {word}");
            }
        }
    }
}

#[test]
fn inherit_takes_only_what_the_terminal_has_chosen() {
    for (role, word) in Role::ALL {
        let style = theme("inherit", Depth::TrueColor).style(*role);
        for colour in [style.fg, style.bg].into_iter().flatten() {
            // No ground is known: neither the lightest nor the darkest can be read on all of them.
            let fits = matches!(
                colour,
                Color::Reset
                    | Color::Red
                    | Color::Green
                    | Color::Yellow
                    | Color::Blue
                    | Color::Magenta
                    | Color::Cyan
            );
            assert!(fits, "{word}: {colour:?}");
        }
    }
}

/// Relative luminance and contrast ratio: WCAG 2.1, 1.4.3.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |c: [u8; 3]| {
        let [r, g, b] = c.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn linear(value: u8) -> f64 {
    let value = f64::from(value) / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The grounds that a theme is meant to stand on: its own where it paints one, else black and the usual dark ones.
fn grounds(theme: &Theme) -> Vec<[u8; 3]> {
    match theme.style(Role::Text).bg {
        Some(painted) => vec![rgb(painted).unwrap()],
        None => vec![[0, 0, 0], [0x10, 0x14, 0x1a], [0x1e, 0x1e, 0x1e]],
    }
}

#[test]
fn what_is_written_can_be_read_on_its_ground() {
    // WCAG 2.1: 4.5 for text (1.4.3), 7 for its enhanced level (1.4.6), 3 for what is no text (1.4.11): lines around
    // panes, the dash of an absent value, a course without a judgement.
    for (name, depth, text, lines) in [
        ("dark", Depth::TrueColor, 4.5, 3.0),
        ("light", Depth::TrueColor, 4.5, 3.0),
        ("high-contrast", Depth::TrueColor, 7.0, 4.5),
        ("okabe-ito", Depth::TrueColor, 4.5, 3.0),
        ("dark", Depth::Ansi256, 4.5, 3.0),
        ("light", Depth::Ansi256, 4.5, 3.0),
        ("high-contrast", Depth::Ansi256, 7.0, 4.5),
        ("okabe-ito", Depth::Ansi256, 4.5, 3.0),
    ] {
        let theme = theme(name, depth);
        let ink = theme.style(Role::Text).fg.unwrap();
        let mut wrong = Vec::new();
        for (role, word) in Role::ALL {
            let style = theme.style(*role);
            let least = if is_line(*role) { lines } else { text };
            let fg = rgb(style.fg.unwrap_or(ink)).unwrap();
            let own = style.bg.map(|bg| vec![rgb(bg).unwrap()]);
            for ground in own.unwrap_or_else(|| grounds(&theme)) {
                let ratio = contrast(fg, ground);
                if ratio < least {
                    wrong.push(format!("{word} {ratio:.2} on {ground:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{name} at {depth:?}: {wrong:?}");
    }
}

fn is_line(role: Role) -> bool {
    matches!(role, Role::Border | Role::Faint | Role::GraphDim | Role::Mark)
}

#[test]
fn the_selected_row_and_the_head_line_can_be_read_too() {
    for name in ["dark", "light", "high-contrast", "okabe-ito"] {
        let theme = theme(name, Depth::TrueColor);
        for ground in [Role::Selection, Role::Header] {
            let bg = rgb(theme.style(ground).bg.unwrap()).unwrap();
            for (role, word) in Role::ALL {
                let style = theme.style(*role);
                if style.bg.is_some() && *role != Role::Text || matches!(role, Role::Border | Role::Mark) {
                    continue;
                }
                let Some(fg) = style.fg else { continue };
                let least = if is_line(*role) { 3.0 } else { 4.5 };
                let ratio = contrast(rgb(fg).unwrap(), bg);
                assert!(ratio >= least, "{name}: {word} on {ground:?} has {ratio:.2} only");
            }
        }
    }
}

/// How a colour looks to an eye that lacks one kind of cone: Machado, Oliveira and Fernandes, "A Physiologically-based
/// Model for Simulation of Color Vision Deficiency" (2009), table 1, severity 1.0, applied to linear RGB.
const DEUTERANOPIA: [[f64; 3]; 3] = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const PROTANOPIA: [[f64; 3]; 3] = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const FULL_SIGHT: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// CIE L*a*b* (D65) of what an eye sees.
fn seen(colour: [u8; 3], eye: &[[f64; 3]; 3]) -> [f64; 3] {
    let light = colour.map(linear);
    let dot = |row: &[f64; 3]| {
        row.iter().zip(light).map(|(weight, part)| weight * part).sum::<f64>().clamp(0.0, 1.0)
    };
    let [r, g, b] = [dot(&eye[0]), dot(&eye[1]), dot(&eye[2])];
    let x = (0.412_456 * r + 0.357_576 * g + 0.180_438 * b) / 0.950_47;
    let y = 0.212_673 * r + 0.715_152 * g + 0.072_175 * b;
    let z = (0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83;
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}

/// CIE76 colour difference; 2.3 is just noticeable side by side.
fn apart(a: [u8; 3], b: [u8; 3], eye: &[[f64; 3]; 3]) -> f64 {
    let (a, b) = (seen(a, eye), seen(b, eye));
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn okabe_ito_keeps_states_apart_for_eyes_that_do_not_tell_red_from_green() {
    let states = [Role::Up, Role::Degraded, Role::Down, Role::Unknown];
    let least = |name: &str, depth: Depth, eye: &[[f64; 3]; 3]| {
        let theme = theme(name, depth);
        let colours = states.map(|role| rgb(theme.style(role).fg.unwrap()).unwrap());
        let pairs = (0..4).flat_map(|a| (a + 1..4).map(move |b| (a, b)));
        pairs.map(|(a, b)| apart(colours[a], colours[b], eye)).fold(f64::MAX, f64::min)
    };
    for depth in [Depth::TrueColor, Depth::Ansi256] {
        for (word, eye) in [("full", FULL_SIGHT), ("deuteranopia", DEUTERANOPIA), ("protanopia", PROTANOPIA)]
        {
            let difference = least("okabe-ito", depth, &eye);
            assert!(difference >= 15.0, "{word} at {depth:?}: {difference:.1}");
        }
    }
    // The test can tell: the dark theme's green and red are close for a deuteranope, who has glyph and word.
    assert!(least("dark", Depth::TrueColor, &DEUTERANOPIA) < 10.0);
}

#[test]
fn states_stay_apart_when_colours_become_few() {
    let states = [Role::Up, Role::Degraded, Role::Down, Role::Unknown, Role::Warming];
    for (name, _) in BUILT_IN {
        for depth in [Depth::TrueColor, Depth::Ansi256, Depth::Ansi16] {
            let theme = theme(name, depth);
            for (at, one) in states.iter().enumerate() {
                for other in states.iter().skip(at + 1) {
                    let (a, b) = (theme.style(*one), theme.style(*other));
                    let same = if *name == "mono" { false } else { a.fg == b.fg };
                    assert!(!same, "{name} at {depth:?}: {one:?} and {other:?} are {:?}", a.fg);
                }
            }
        }
    }
    let mono = theme("mono", Depth::Mono);
    assert_ne!(mono.style(Role::Down), mono.style(Role::Degraded));
    assert_ne!(mono.style(Role::Degraded), mono.style(Role::Up));
}

#[test]
fn mistakes_are_told_with_their_place_and_left_out() {
    let text = "inherits = \"dark\"\n[palette]\nmoss = \"#0a8f3c\"\nmud = \"brwon\"\n[roles]\nup = { fg = \"mos\" }\n\
                wobble = { bold = true }\ndown = { fg = \"#ff0000\", blod = true, italic = 1 }\nstale = { fg = \"moss\" }\n";
    let (theme, problems) = own(text);
    assert_eq!(
        problems,
        [
            "themes/mine.toml:8:26: roles.down.blod: there is no such key; did you mean \"bold\"?",
            "themes/mine.toml:8:48: roles.down.italic: must be true or false",
            "themes/mine.toml:7:1: roles.wobble: there is no such role; the roles are text, muted, faint, border, title, \
             header, brand, key, selection, match, up, degraded, down, unknown, stale, warming, graph, graph-dim, \
             graph-2, graph-3, graph-4, mark, notice, armed",
            "themes/mine.toml:4:7: palette.mud: \"brwon\" is no colour and not in the palette; write \"#rrggbb\", a name \
             such as \"lightred\", a number from 0 to 255, \"reset\" or a name of the palette",
            "themes/mine.toml:6:13: roles.up.fg: \"mos\" is no colour and not in the palette; did you mean \"moss\"?",
        ]
    );
    assert_eq!(theme.style(Role::Up), Style::new());
    assert_eq!(theme.style(Role::Down), Style::new().fg(Color::Rgb(255, 0, 0)));
    assert_eq!(theme.style(Role::Stale).fg, Some(Color::Rgb(0x0a, 0x8f, 0x3c)));
    assert!(theme.style(Role::Title).add_modifier.contains(Modifier::BOLD), "the rest is inherited");
}

#[test]
fn hostile_files_are_refused_in_a_sentence() {
    for (text, part) in [
        ("inherits = \"nobody\"", "themes/mine.toml:1:12: inherits: there is no theme \"nobody\""),
        ("inherits = \"mine\"", "inherits from itself through \"mine\""),
        ("roles = 5", "themes/mine.toml:1:9: invalid type"),
        ("\n\ncolor = {}", "themes/mine.toml:3:1: unknown field"),
        ("[roles", "themes/mine.toml:1:"),
        ("[palette]\na = \"b\"\nb = \"a\"", "palette.a: "),
        ("[palette]\nred = []", "palette.red: must be a colour in quotes"),
        ("[palette]\n\"\\u001b[2J\" = 5.5", "palette.[2J: must be a colour"),
    ] {
        let (_, problems) = own(text);
        assert!(problems.iter().any(|problem| problem.contains(part)), "{text}: {problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains(['\u{1b}', '\n'])), "{problems:?}");
    }
    let (_, problems) = own(&"#".repeat(300 << 10));
    assert!(problems[0].contains("more than the 262144"), "{problems:?}");
}

#[test]
fn own_themes_stand_beside_the_built_in_ones() {
    let file = |name: &str, text: &str| {
        (name.to_owned(), Source { name: format!("themes/{name}.toml"), text: text.to_owned() })
    };
    let files = [
        file("sea", "inherits = \"dark\"\n[palette]\ngreen = \"#00ffcc\"\n"),
        file("deep-sea", "inherits = \"sea\"\n[roles]\ntitle = { fg = 33 }\n"),
        file("dark", ""),
        file("sea", ""),
    ];
    let (shelf, problems) = Themes::new(&files);
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "themes/dark.toml: there is a theme \"dark\" already; give the file another name",
            "themes/sea.toml: there is a theme \"sea\" already; give the file another name"
        ]
    );
    assert_eq!(shelf.own_problems(), []);
    assert_eq!(shelf.names().last(), Some(&"deep-sea"));
    let theme = shelf.get("deep-sea", Depth::TrueColor, GlyphSet::Neutral).unwrap();
    assert_eq!(theme.style(Role::Up).fg, Some(Color::Rgb(0, 255, 0xcc)));
    assert_eq!(theme.style(Role::Title).fg, Some(Color::Indexed(33)));
    assert!(theme.ascii && theme.glyphs().full == "⣿");
    let few = shelf.get("sea", Depth::Ansi16, GlyphSet::Ascii).unwrap();
    assert_eq!(few.style(Role::Up).fg, Some(Color::Cyan), "an own theme stays itself");
}
