//! prophet-sentinel's restarts wake nobody; a model that stays unloaded is a finding.

use crate::driven::{Driven, START, STEP};
use crate::kit::example;
use crate::support::{Act, json, serve};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use warroom::severity::Severity;

/// The rounds in one of which an incident opens or changes its severity, that severity, and an alert that fires then.
type Expected = (RangeInclusive<usize>, Severity, &'static str);

/// A round each 15 s: what the service does then (`.` healthy, `L` model not loaded, `r` the connection is closed), and
/// what opens: the round, the severity, an alert of it.
fn tell(story: &str, expected: &[Expected]) {
    let state = Arc::new(AtomicU8::new(b'.'));
    let now = Arc::clone(&state);
    let fake = serve(move |_| {
        let answer = |loaded| {
            format!("{{\"status\":\"healthy\",\"model_loaded\":{loaded},\"solana_connected\":true}}")
        };
        match now.load(Ordering::SeqCst) {
            b'.' => Act::Send(json(&answer(true))),
            b'L' => Act::Send(json(&answer(false))),
            _ => Act::Close(Vec::new()),
        }
    });
    // The minute of the clock in which the story begins must not matter.
    for offset in [0, STEP, 2 * STEP, 3 * STEP] {
        let config = example("prophet-sentinel", &[("http://127.0.0.1:5001", fake.url(""))]);
        let mut driven = Driven::start(&config, START + Duration::from_secs(offset));
        let mut seen: Vec<(usize, Severity, String)> = Vec::new();
        for (turn, what) in story.bytes().enumerate() {
            state.store(what, Ordering::SeqCst);
            driven.round();
            if let Some(incident) = driven.incident()
                && seen.last().is_none_or(|(_, severity, _)| *severity != incident.severity)
            {
                let names: Vec<&str> = incident.firing().map(|alert| alert.name.as_str()).collect();
                seen.push((turn, incident.severity, names.join(" ")));
            }
        }
        let same = |(opened, wanted): (&(usize, Severity, String), &Expected)| {
            wanted.0.contains(&opened.0) && wanted.1 == opened.1 && opened.2.contains(wanted.2)
        };
        assert!(
            seen.len() == expected.len() && seen.iter().zip(expected).all(same),
            "{story}, {offset} s into the minute: {seen:?}, not {expected:?}\n{}",
            driven.told()
        );
    }
}

#[test]
fn a_restart_opens_no_incident() {
    for story in [
        // A poll fell into the restart, the next found the model not loaded yet.
        "........rL......................",
        // It takes much longer than its 3.5 s.
        "........rLLL....................",
        "........LLL.....................",
        "........r.......................",
    ] {
        tell(story, &[]);
    }
}

#[test]
fn what_lasts_is_told() {
    // The demo mode: it says that it is healthy, and its model is not loaded.
    tell("........LLLLLLLLLLLLLLLL", &[(12..=13, Severity::P3, "ComponentDown")]);
    // It does not come back: whichever is evaluated first, polls, service or budget, tells of it.
    tell("........rrrrrrrrrrrrrrrr", &[(9..=13, Severity::P0, "")]);
}
