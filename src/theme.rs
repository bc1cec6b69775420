//! Roles -> styles. A theme is a TOML file of a palette and roles; it may inherit from another.
//!
//! Colour means state and nothing else. Colours are mapped down here (truecolor -> 256 -> 16 -> none), so that nothing
//! behind this room asks what the terminal can do.

mod depth;

pub use depth::Depth;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use warroom_widgets::{GlyphSet, Glyphs};

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
        /// What a thing on the screen means; a theme says how that looks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* $variant),* }
        impl Role {
            /// Every role with the name it has in theme files.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $name)),*];
        }
    };
}

roles! {
    /// Ordinary text.
    Text "text",
    /// What matters less: units, ages, labels.
    Muted "muted",
    /// What is hardly there: borders of empty cells, absent values.
    Faint "faint",
    /// Lines around panes.
    Border "border",
    /// Titles of panes, heads of columns.
    Title "title",
    /// The head line.
    Header "header",
    /// The product's name in the head line.
    Brand "brand",
    /// A key in the footer and the help.
    Key "key",
    /// The selected row.
    Selection "selection",
    /// What matches the filter.
    Match "match",
    /// Works.
    Up "up",
    /// Works in part; a warning.
    Degraded "degraded",
    /// Does not work; critical.
    Down "down",
    /// Nothing known.
    Unknown "unknown",
    /// Old.
    Stale "stale",
    /// Restarted a short while ago.
    Warming "warming",
    /// Lines and bars of numbers without a judgement.
    Graph "graph",
    /// The same, less important.
    GraphDim "graph-dim",
    /// The second of several lines in one graph.
    Graph2 "graph-2",
    /// The third.
    Graph3 "graph-3",
    /// The fourth.
    Graph4 "graph-4",
    /// Something to read now: a message.
    Notice "notice",
    /// Armed: something can be changed from here.
    Armed "armed",
}

/// A theme, mapped to what the terminal can show.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Only ASCII may be drawn.
    pub ascii: bool,
    styles: Vec<Style>,
}

/// The themes that come with warroom: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("high-contrast", include_str!("../themes/high-contrast.toml")),
    ("ansi16", include_str!("../themes/ansi16.toml")),
    ("mono", include_str!("../themes/mono.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    inherits: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, String>,
    #[serde(default)]
    roles: BTreeMap<String, RoleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a mirror of the file: one key a modifier")]
struct RoleFile {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underlined: bool,
    #[serde(default)]
    reversed: bool,
}

impl Theme {
    /// The built-in theme `name`, for a terminal of that `depth`.
    ///
    /// # Errors
    /// The name is unknown; the message lists the known ones.
    pub fn built_in(name: &str, depth: Depth, ascii: bool) -> Result<Self, String> {
        // A terminal with few colours gets the theme that was made for it, whichever was asked for.
        let name = match depth {
            Depth::Mono => "mono",
            Depth::Ansi16 if name != "mono" => "ansi16",
            _ => name,
        };
        let text =
            BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| {
                let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                format!("there is no theme \"{name}\": the themes are {}", known.join(", "))
            })?;
        let (theme, warnings) = Self::parse(name, text, depth, ascii)?;
        debug_assert!(warnings.is_empty(), "{warnings:?}");
        Ok(theme)
    }

    /// Reads a theme file; what it says wrongly is left out and reported.
    ///
    /// # Errors
    /// The text is not a theme at all, or inherits from one that does not exist.
    pub fn parse(name: &str, text: &str, depth: Depth, ascii: bool) -> Result<(Self, Vec<String>), String> {
        let mut styles = vec![Style::new(); Role::ALL.len()];
        let mut warnings = Vec::new();
        let mut palette = BTreeMap::new();
        let mut chain = vec![(name.to_owned(), read(name, text)?)];
        while let Some(parent) = chain.last().and_then(|(_, file)| file.inherits.clone()) {
            if chain.iter().any(|(seen, _)| *seen == parent) {
                return Err(format!("theme \"{name}\" inherits from itself through \"{parent}\""));
            }
            let text =
                BUILT_IN.iter().find(|(known, _)| *known == parent).map(|(_, text)| *text).ok_or_else(
                    || format!("theme \"{name}\" inherits from \"{parent}\", which does not exist"),
                )?;
            chain.push((parent.clone(), read(&parent, text)?));
        }
        // The farthest ancestor first; the palette is complete before any role is read, so that a child may
        // repaint its parent by changing a colour.
        for (_, file) in chain.iter().rev() {
            palette.extend(file.palette.clone());
        }
        for (_, file) in chain.iter().rev() {
            for (role, look) in &file.roles {
                match Role::ALL.iter().position(|(_, known)| known == role) {
                    Some(index) => styles[index] = look.style(&palette, depth, role, &mut warnings),
                    None => warnings.push(format!("there is no role \"{role}\"")),
                }
            }
        }
        Ok((Self { name: name.to_owned(), ascii, styles }, warnings))
    }

    /// How `role` looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The alphabet that widgets draw with.
    pub fn glyph_set(&self) -> GlyphSet {
        if self.ascii { GlyphSet::Ascii } else { GlyphSet::Unicode }
    }

    /// The glyphs of that alphabet.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.glyph_set().glyphs()
    }

    /// Picks one of two glyphs.
    pub fn glyph<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.ascii { ascii } else { unicode }
    }
}

fn read(name: &str, text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|e| format!("theme \"{name}\": {e}"))
}

impl RoleFile {
    fn style(
        &self,
        palette: &BTreeMap<String, String>,
        depth: Depth,
        role: &str,
        warnings: &mut Vec<String>,
    ) -> Style {
        let mut style = Style::new();
        let mut colour = |text: &String| -> Option<Color> {
            let named = palette.get(text).unwrap_or(text);
            if let Ok(colour) = Color::from_str(named) {
                return depth.map(colour);
            }
            warnings.push(format!("role \"{role}\": \"{text}\" is no colour and not in the palette"));
            None
        };
        if let Some(fg) = self.fg.as_ref().and_then(&mut colour) {
            style = style.fg(fg);
        }
        if let Some(bg) = self.bg.as_ref().and_then(&mut colour) {
            style = style.bg(bg);
        }
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underlined, Modifier::UNDERLINED),
            (self.reversed, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_loads_without_a_warning_and_knows_every_role() {
        for (name, text) in BUILT_IN {
            for depth in [Depth::TrueColor, Depth::Ansi256, Depth::Ansi16, Depth::Mono] {
                let (theme, warnings) = Theme::parse(name, text, depth, false).unwrap();
                assert_eq!(warnings, Vec::<String>::new(), "{name}");
                if *name != "mono" && depth != Depth::Mono {
                    for role in [Role::Up, Role::Degraded, Role::Down] {
                        assert!(theme.style(role).fg.is_some(), "{name} {role:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_terminal_without_colours_gets_none() {
        let theme = Theme::built_in("dark", Depth::Mono, true).unwrap();
        for (role, name) in Role::ALL {
            let style = theme.style(*role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{name}");
        }
    }

    #[test]
    fn mistakes_are_named_and_left_out() {
        let text = "inherits = \"dark\"\n[roles]\nup = { fg = \"grene\" }\nwobble = { bold = true }\n";
        let (theme, warnings) = Theme::parse("mine", text, Depth::TrueColor, false).unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert_eq!(theme.style(Role::Up), Style::new());
        assert!(theme.style(Role::Down).fg.is_some(), "the rest is inherited");
        for bad in ["inherits = \"nobody\"", "roles = 5", "color = {}"] {
            assert!(Theme::parse("mine", bad, Depth::TrueColor, false).is_err(), "{bad}");
        }
        assert!(Theme::built_in("drak", Depth::TrueColor, false).unwrap_err().contains("high-contrast"));
    }

    /// Relative luminance and contrast ratio: WCAG 2.1, 1.4.3.
    fn contrast(a: Color, b: Color) -> f64 {
        let luminance = |c: Color| {
            let Color::Rgb(r, g, b) = c else { panic!("{c:?} is not RGB") };
            let part = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn what_matters_can_be_read_on_its_background() {
        for (name, background, least) in [
            ("dark", Color::Rgb(0x10, 0x14, 0x1a), 4.5),
            ("light", Color::Rgb(0xff, 0xff, 0xff), 4.5),
            ("high-contrast", Color::Rgb(0, 0, 0), 7.0),
        ] {
            let theme = Theme::built_in(name, Depth::TrueColor, false).unwrap();
            for (role, word) in Role::ALL {
                if matches!(role, Role::Border | Role::Faint | Role::GraphDim) {
                    continue;
                }
                let style = theme.style(*role);
                let (fg, bg) =
                    (style.fg.unwrap_or(theme.style(Role::Text).fg.unwrap()), style.bg.unwrap_or(background));
                let ratio = contrast(fg, bg);
                assert!(ratio >= least, "{name}: {word} has a contrast of {ratio:.2} only");
            }
        }
    }
}
