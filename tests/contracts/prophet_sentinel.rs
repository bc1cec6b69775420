//! prophet-sentinel: a restart is warming and no outage; a model that stays unloaded is a finding.

use crate::kit::{Simulated, check, check_series, example, plan, said};
use crate::support::{Act, Fake, json, serve};
use warroom::runtime::{Rounds, observe};
use warroom::target::Failure;

const HEALTHY: &str = r#"{"status":"healthy","timestamp":"2025-10-31T08:00:00+00:00","model_loaded":true,"solana_connected":true}"#;
const LOADING: &str = r#"{"status":"healthy","timestamp":"2025-10-31T08:00:00+00:00","model_loaded":false,"solana_connected":true}"#;
const NO_CHAIN: &str = r#"{"status":"healthy","timestamp":"2025-10-31T08:00:00+00:00","model_loaded":true,"solana_connected":false}"#;

fn service(body: &'static str) -> (Fake, String) {
    let fake = serve(move |request| match request.path() {
        "/api/health" => Act::Send(json(body)),
        other => panic!("{other} must not be polled"),
    });
    let text = example("prophet-sentinel", &[("http://127.0.0.1:5001", fake.url(""))]);
    (fake, text)
}

#[test]
fn the_example_shows_what_the_service_says() {
    for (body, expected) in [
        (HEALTHY, &["up 1/1", "component model_loaded Up true", "component solana_connected Up true"][..]),
        (
            LOADING,
            &[
                "degraded 1/1",
                "degraded: health: model_loaded false",
                "component model_loaded Down false",
                "component solana_connected Up true",
            ],
        ),
        (
            NO_CHAIN,
            &[
                "degraded 1/1",
                "degraded: health: solana_connected false",
                "component solana_connected Down false",
                "component model_loaded Up true",
            ],
        ),
    ] {
        let (fake, text) = service(body);
        let model = observe(&plan(&text), Rounds::Two).unwrap();
        check(&model, "prophet-sentinel", expected);
        assert!(fake.requests().iter().all(|request| request.starts_with("GET /api/health ")));
        let loaded = f64::from(body != LOADING);
        let labels =
            r#"warroom_component_up{component="model_loaded", instance="HOST", service="prophet-sentinel"}"#;
        let query = r#"warroom_component_up{component="model_loaded"}"#;
        check_series(&model, query, &fake.address.to_string(), &[(labels, Some(loaded))]);
        // There are no metrics, so the time that a health answer takes stands for the latency.
        let row = model.service("prophet-sentinel").unwrap();
        let latency = row.reading(warroom::plan::Signal::Latency);
        assert!(latency.value.is_some_and(|seconds| seconds > 0.0 && seconds < 10.0), "{latency:?}");
    }
}

/// The story of a poll each 30 s: what comes (`.` healthy, `L` model not loaded, `r` refused, `x` time-out), and the
/// service's state after it (`U` up, `W` warming, `d` degraded, `D` down).
fn tell(story: &str, expected: &str) {
    let mut simulated = Simulated::start(&plan(&example("prophet-sentinel", &[])));
    let mut states = String::new();
    for (turn, what) in story.chars().enumerate() {
        let answer = match what {
            '.' => Ok((200, HEALTHY)),
            'L' => Ok((200, LOADING)),
            'r' => Err(Failure::Refused),
            _ => Err(Failure::Timeout(std::time::Duration::from_secs(10))),
        };
        simulated.poll(turn as f64 * 30.0, "prophet-sentinel", "health", answer);
        let state = simulated.model.service("prophet-sentinel").unwrap().state;
        states.push(match state.word() {
            "up" => 'U',
            "warming" => 'W',
            "degraded" => 'd',
            "down" => 'D',
            _ => '?',
        });
    }
    assert_eq!(states, expected, "{story}");
}

#[test]
fn a_restart_is_warming_and_no_outage() {
    for (story, expected) in [
        // One poll fell into the restart, the next found the model not loaded yet.
        ("...rL..", "UUUUWUU"),
        ("...rLL..", "UUUUWWUU"),
        // The restart fell between two polls: only the model tells of it.
        ("...L..", "UUUWUU"),
        // It failed to load (the demo mode): after the warm-up that is a finding.
        ("...rLLLLL", "UUUUWWWdd"),
        ("...LLLLL", "UUUWWWdd"),
        // It was so when warroom came: nothing speaks of a restart.
        ("LLL", "ddd"),
        // One worker of several never loads: its answers come and go, and that is no row of restarts.
        ("...L.L.L.L", "UUUWUddddd"),
        // It does not come back.
        ("...rrrr", "UUUUUDD"),
        ("...xxxx", "UUUUUDD"),
    ] {
        tell(story, expected);
    }
}

#[test]
fn the_three_and_a_half_seconds_of_a_restart_second_by_second() {
    let mut simulated = Simulated::start(&plan(&example("prophet-sentinel", &[])));
    let mut seen = Vec::new();
    for (seconds, answer) in [
        (0.0, Ok((200, HEALTHY))),
        (30.0, Err(Failure::Refused)),
        (31.0, Ok((200, LOADING))),
        (32.0, Ok((200, LOADING))),
        (33.0, Ok((200, LOADING))),
        (34.5, Ok((200, HEALTHY))),
    ] {
        simulated.poll(seconds, "prophet-sentinel", "health", answer);
        seen.push(said(&simulated.model, "prophet-sentinel")[..2].join(" | "));
    }
    assert_eq!(
        seen,
        [
            "up 1/1 | component model_loaded Up true",
            "up 1/1 | unknown: health: connection refused (1 of 3)",
            "warming 1/1 | warming: health: restarted, warming up: model_loaded false",
            "warming 1/1 | warming: health: restarted, warming up: model_loaded false",
            "warming 1/1 | warming: health: restarted, warming up: model_loaded false",
            "up 1/1 | component model_loaded Up true",
        ]
    );
    simulated.tick(34.5 + 101.0);
    assert_eq!(said(&simulated.model, "prophet-sentinel")[0], "stale 0/1");
}
