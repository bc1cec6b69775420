//! The rotation as a table over time.

use super::*;
use crate::plan::Plan;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

/// Words to screens: `o`verview, `s`los, `i`ncidents, a service by its name in capitals.
fn screens(words: &str) -> Vec<Screen> {
    let screen = |word: &str| match word {
        "o" => Screen::Overview,
        "s" => Screen::Slos,
        "i" => Screen::Incidents,
        name => Screen::Service(name.into()),
    };
    words.split_whitespace().map(screen).collect()
}

/// Words to alarms: `!A` a service that is down, `P0:x` and `P1:x` incidents.
fn alarms(words: &str) -> Vec<Alarm> {
    let alarm = |word: &str| match word.split_once(':') {
        Some(("P0", id)) => Alarm::Incident(0, id.into()),
        Some((_, id)) => Alarm::Incident(1, id.into()),
        None => Alarm::Down(word.trim_start_matches('!').into()),
    };
    words.split_whitespace().map(alarm).collect()
}

fn name(wall: &Wall) -> String {
    let screen = match wall.shown() {
        Screen::Overview => "o".to_owned(),
        Screen::Slos => "s".to_owned(),
        Screen::Incidents => "i".to_owned(),
        Screen::Service(name) => name.to_string(),
        Screen::Incident(id) => id.to_string(),
        other => other.word().to_owned(),
    };
    if wall.alarm().is_some() { format!("!{screen}") } else { screen }
}

fn wall(pages: &str, wrong: &str) -> Wall {
    let settings = Settings {
        every: Duration::from_secs(20),
        hold: Duration::from_secs(60),
        shift: Duration::from_secs(240),
        screens: Vec::new(),
    };
    let plan = Plan::compile(&crate::config::Config::default(), 1).unwrap();
    Wall::new(Ui::new(&plan), settings, at(0), &screens(pages), &alarms(wrong))
}

/// Each row: second, pages, what is wrong; then what hangs there.
fn check(case: &str, begin: &str, rows: &[(i64, &str, &str, &str)]) {
    let mut it = wall(rows.first().map_or("o", |row| row.1), begin);
    for (second, pages, wrong, expected) in rows {
        it.step(at(*second), &screens(pages), &alarms(wrong));
        assert_eq!(name(&it), *expected, "{case}: at {second} s");
    }
}

#[test]
fn screens_take_turns_and_each_is_seen_once_a_round() {
    check(
        "quiet",
        "",
        &[
            (0, "o s A", "", "o"),
            (19, "o s A", "", "o"),
            (20, "o s A", "", "s"),
            (39, "o s A", "", "s"),
            (40, "o s A", "", "A"),
            (60, "o s A", "", "o"),
            (80, "o s A", "", "s"),
        ],
    );
    check(
        "the order changes within a round",
        "",
        &[
            (0, "o A B s", "", "o"),
            (20, "o A B s", "", "A"),
            // B has become worse than A: it is next, and A is not seen twice.
            (40, "o B A s", "", "B"),
            (60, "o B A s", "", "s"),
            (80, "o B A s", "", "o"),
        ],
    );
    check(
        "a screen that has nothing to show any more goes at once",
        "",
        &[(0, "o i s", "", "o"), (20, "o i s", "", "i"), (25, "o s", "", "s"), (45, "o s", "", "o")],
    );
    check("one screen stays", "", &[(0, "o", "", "o"), (20, "o", "", "o"), (500, "o", "", "o")]);
    check("nothing to show", "", &[(0, "", "", "o"), (20, "", "", "o")]);
}

#[test]
fn what_goes_wrong_takes_the_wall_at_once_and_keeps_it() {
    check(
        "a service goes down, then it is an incident, then it is over",
        "",
        &[
            (0, "o s A", "", "o"),
            (5, "o s A", "!A", "!A"),
            (9, "o s A", "!A P1:x", "!x"),
            (68, "o s A", "!A P1:x", "!x"),
            (69, "o s A", "!A P1:x", "s"),
            (89, "o s A", "!A P1:x", "A"),
            // Not news any more.
            (109, "o s A", "!A P1:x", "o"),
            // Graver is news; less grave is not.
            (110, "o s A", "!A P0:x", "!x"),
            (170, "o s A", "!A P0:x", "s"),
            (171, "o s A", "!A P1:x", "s"),
        ],
    );
    check(
        "a lesser one waits for its turn",
        "",
        &[
            (0, "o s", "", "o"),
            (1, "o s", "P0:x", "!x"),
            (2, "o s", "P0:x !A", "!x"),
            (61, "o s", "P0:x !A", "!A"),
            (121, "o s", "P0:x !A", "s"),
        ],
    );
    check(
        "what is over soon keeps it ten seconds",
        "",
        &[
            (0, "o s", "", "o"),
            (1, "o s", "!A", "!A"),
            (3, "o s", "", "!A"),
            (10, "o s", "", "!A"),
            (11, "o s", "", "s"),
            // Down again: news again.
            (12, "o s", "!A", "!A"),
        ],
    );
    check(
        "what waits and is over before its turn is not shown",
        "",
        &[
            (0, "o s", "", "o"),
            (1, "o s", "P1:x", "!x"),
            (2, "o s", "P1:x !A", "!x"),
            (30, "o s", "P1:x", "!x"),
            (61, "o s", "P1:x", "s"),
        ],
    );
    check(
        "hung up in the middle of it, the worst comes first and the rest has its turn",
        "!A P1:x P0:y",
        &[
            (0, "o s", "!A P1:x P0:y", "!y"),
            (60, "o s", "!A P1:x P0:y", "s"),
            (80, "o s", "!A P1:x P0:y", "o"),
        ],
    );
}

#[test]
fn by_hand() {
    let (pages, none) = (screens("o s A"), Vec::new());
    let mut it = wall("o s A", "");
    it.by_hand(true, at(1), &pages);
    assert_eq!(name(&it), "s");
    it.by_hand(false, at(2), &pages);
    assert_eq!(name(&it), "o");
    assert!(it.hold(at(3)));
    it.step(at(300), &pages, &none);
    assert_eq!(name(&it), "o", "it stays");
    it.step(at(301), &pages, &alarms("!A"));
    assert_eq!(name(&it), "!A", "an alarm takes it all the same");
    assert!(!it.hold(at(302)));
    // Once is an accident; twice within five seconds is meant.
    assert!(!it.leave(at(310)));
    assert!(!it.leave(at(316)));
    assert!(it.leave(at(320)));
}

#[test]
fn it_asks_to_be_looked_at_when_something_changes_and_not_before() {
    let mut it = wall("o s", "");
    assert_eq!(it.due(at(0), false), at(20));
    assert_eq!(it.due(at(0), true), at(1), "an incident's seconds");
    it.hold(at(0));
    assert_eq!(it.due(at(1), false), at(240), "only the shift is left");
    it.step(at(1), &screens("o s"), &alarms("!A"));
    assert_eq!(it.due(at(1), false), at(11), "it may be over then");
    assert_eq!(it.due(at(12), false), at(61));
}

#[test]
fn the_picture_moves_and_stays_on_the_screen() {
    let it = wall("o", "");
    let mut seen = BTreeSet::new();
    for turn in 0..8 {
        let frame = it.frame((80, 24), at(turn * 240));
        assert!(frame.right() <= 80 && frame.bottom() <= 24, "{frame:?}");
        assert_eq!((frame.width, frame.height), (79, 23));
        seen.insert((frame.x, frame.y));
        assert_eq!(frame, it.frame((80, 24), at(turn * 240 + 239)));
    }
    assert_eq!(seen.len(), 4);
    for size in [(0, 0), (1, 1), (19, 50), (80, 7)] {
        assert_eq!(it.frame(size, at(240)), Rect::new(0, 0, size.0, size.1));
    }
}
