//! The presets and the bindings that change them: no chord means two things, and nobody is locked in.

use super::*;

#[test]
fn no_preset_gives_a_chord_two_meanings() {
    for name in Keymap::PRESETS {
        let map = Keymap::preset(name).unwrap();
        for a in &map.bindings {
            let same = |b: &&Binding| b.chord == a.chord && b.context.meets(a.context);
            let found: Vec<_> = map.bindings.iter().filter(same).collect();
            assert_eq!(found.len(), 1, "{name}: {found:?}");
        }
        for needed in [Command::Quit, Command::Back, Command::CommandLine, Command::Help, Command::Find] {
            assert!(map.hint(needed).is_some(), "{name}: {}", needed.name());
        }
    }
    assert_eq!(Keymap::preset("emacs"), None);
    assert_eq!(Keymap::preset("default"), Some(Keymap::default()));
}

#[test]
fn every_line_of_every_preset_is_readable() {
    for name in Keymap::PRESETS {
        for (_, command, chords) in DEFAULT.iter().chain(preset::rows(name)) {
            for chord in *chords {
                let read = chord.parse::<Chord>().unwrap_or_else(|why| panic!("{}: {why}", command.name()));
                assert_eq!(read.to_string(), *chord);
            }
        }
    }
}

#[test]
fn control_c_always_leaves() {
    for name in Keymap::PRESETS {
        for (context, ..) in Context::ALL {
            let map = Keymap::preset(name).unwrap();
            assert_eq!(map.command(*context, Chord::ctrl('c')), Some(Command::Quit));
            assert_eq!(map.command(*context, Chord::ctrl('x')), None);
        }
    }
}

/// With the arrows alone no letter moves; with k9s' keys what would change something opens the box for it.
#[test]
fn presets_keep_their_word() {
    let arrows = Keymap::preset("arrows-only").unwrap();
    for binding in arrows.bindings() {
        use Command as C;
        let moves = [
            C::Down,
            C::Up,
            C::Left,
            C::Right,
            C::Top,
            C::Bottom,
            C::HalfDown,
            C::HalfUp,
            C::PageDown,
            C::PageUp,
            C::NextMatch,
            C::PreviousMatch,
            C::NextPane,
            C::PreviousPane,
            C::CursorBack,
            C::CursorOn,
        ];
        if moves.contains(&binding.command) {
            assert!(!matches!(binding.chord.key, Key::Char(_)), "{binding:?}");
        }
    }
    let k9s = Keymap::preset("k9s").unwrap();
    for (chord, command) in [
        ("q", Command::Back),
        ("r", Command::ActRestart),
        ("ctrl-l", Command::ActRollback),
        ("ctrl-d", Command::Act),
        ("ctrl-r", Command::Refresh),
        ("d", Command::Explain),
        ("ctrl-a", Command::Find),
        ("j", Command::Down),
    ] {
        assert_eq!(k9s.command(Context::Overview, chord.parse().unwrap()), Some(command), "{chord}");
    }
}

fn change(name: &str, chords: &[&str]) -> Change {
    let (context, name) = match name.split_once('.') {
        Some((context, name)) => (Some(Context::named(context).unwrap()), name),
        None => (None, name),
    };
    Change {
        context,
        command: Command::named(name).unwrap(),
        chords: chords.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

#[test]
fn bindings_are_changed_by_name_and_clashes_are_found() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a [&'a str])], &'a str);
    let cases: &[Case<'_>] = &[
        ("default", &[("freeze", &["f", "space"])], ""),
        ("default", &[("freeze", &["q"])], "q change 0 quit anywhere Preset"),
        ("default", &[("freeze", &["q"]), ("quit", &["Q"])], ""),
        // A wide key that a narrow one covers is pressed in vain.
        ("default", &[("freeze", &["enter"])], "enter change 0 open rows Preset"),
        ("default", &[("freeze", &["f"]), ("help", &["f"])], "f change 1 freeze anywhere Change(0)"),
        // Whoever names the narrow context means it.
        ("default", &[("explore.longer", &["q"])], ""),
        ("default", &[("explore.longer", &["p"])], "p change 0 pin explore Preset"),
        ("default", &[("longer", &["L"]), ("explore.shorter", &["L"])], ""),
        ("default", &[("freeze", &["ctrl-c"])], "ctrl-c 0"),
        ("default", &[("quit", &["ctrl-c"])], ""),
        ("default", &[("quit", &[])], ""),
        ("default", &[("back", &[])], "locked back"),
        ("default", &[("command", &[]), ("back", &[])], "locked back, locked command"),
        ("k9s", &[("refresh", &["r"])], "r change 0 act-restart rows Preset"),
        ("k9s", &[("refresh", &["r"]), ("act-restart", &[])], ""),
        ("arrows-only", &[("down", &["j", "down"])], ""),
        ("default", &[("freeze", &["f", "f"])], ""),
    ];
    for (preset, changes, wanted) in cases {
        let mut map = Keymap::preset(preset).unwrap();
        let changes: Vec<Change> = changes.iter().map(|(name, chords)| change(name, chords)).collect();
        let told: Vec<String> = map
            .bind(&changes)
            .iter()
            .map(|clash| match clash {
                Clash::Twice { chord, change, other, context, holder } => {
                    format!("{chord} change {change} {} {} {holder:?}", other.name(), context.name())
                }
                Clash::Taken(index) => format!("ctrl-c {index}"),
                Clash::Locked(command) => format!("locked {}", command.name()),
            })
            .collect();
        assert_eq!(told.join(", "), *wanted, "{preset} {changes:?}");
    }
}

#[test]
fn a_change_takes_the_place_of_what_was_there() {
    let mut map = Keymap::default();
    let none = map.bind(&[change("freeze", &["f"]), change("explore.longer", &["L"]), change("sort", &[])]);
    assert_eq!(none, []);
    for (context, chord, command) in [
        (Context::Overview, "f", Some(Command::Freeze)),
        (Context::Overview, "space", None),
        (Context::Explore, "L", Some(Command::Longer)),
        (Context::Explore, "+", Some(Command::Longer)),
        (Context::Panels, "L", None),
        (Context::Overview, "s", None),
    ] {
        assert_eq!(map.command(context, chord.parse().unwrap()), command, "{chord} {context:?}");
    }
    assert_eq!(map.hint(Command::Sort), None);
    assert!(map.markdown().contains(&format!("| `f` | {} |", Command::Freeze.doc())));
    assert!(!map.markdown().contains("`s`"));
}
