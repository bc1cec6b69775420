//! The router's rules, as tables of what happens when.

use super::*;
use crate::journal::{Entry, Who};
use crate::text::Clean;
use std::time::Duration;
use url::Url;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_750_000_000_000 + second * 1000)
}

fn channel(via: Via) -> Channel {
    Channel {
        name: "ch".into(),
        via,
        urgent: Severity::P1,
        rate: "100/1m".parse().unwrap(),
        retry_for: Duration::from_secs(3600),
        ..Channel::terminal(Severity::P2, Vec::new())
    }
}

fn address() -> Address {
    Address::Plain(Url::parse("http://h/x").unwrap())
}

fn pager() -> Via {
    Via::PagerDuty { url: address(), key: Vec::new() }
}

fn alertmanager() -> Via {
    Via::Alertmanager { url: address(), resend: Duration::from_secs(60) }
}

/// `INC opened P1`: incident, change, severity; the key is made of the first two and of `n`.
fn notice(text: &str, n: usize, now: Timestamp) -> Notice {
    let words: Vec<&str> = text.split(' ').collect();
    Notice {
        key: format!("{}:{}:{n}", words[0], words[1]),
        incident: words[0].to_owned(),
        change: Change::from_word(words[1]).unwrap(),
        severity: words[2].parse().unwrap(),
        service: Some("checkout".into()),
        environment: Some("prod".into()),
        title: "errors".to_owned(),
        text: String::new(),
        url: None,
        at: now,
        started: now,
        elsewhere: false,
        labels: Vec::new(),
        annotations: Vec::new(),
    }
}

/// What a step is: a notice, an outcome, or only that time has gone on.
fn step(router: &mut Router, flying: &mut Option<u64>, n: usize, second: i64, what: &str) -> Vec<Delivery> {
    let now = at(second);
    let id = || flying.expect("something is on its way");
    let failed = |again, after: Option<u64>| Outcome::Failed {
        error: Clean::new("boom"),
        again,
        after: after.map(Duration::from_secs),
    };
    match what {
        "" => router.due(now),
        "ok" => router.taken(id(), &Outcome::Delivered, now),
        "fail" => router.taken(id(), &failed(true, None), now),
        "wait 600" => router.taken(id(), &failed(true, Some(600)), now),
        "refused" => router.taken(id(), &failed(false, None), now),
        notice_text => router.route(&notice(notice_text, n, now), now),
    }
}

/// Each step: (second, what happens, what is sent then; several are joined by `; `).
fn check(channel: Channel, steps: &[(i64, &str, &str)]) -> Router {
    let mut router = Router::new(vec![channel], Who::default());
    let mut flying = None;
    for (n, (second, what, sent)) in steps.iter().enumerate() {
        let out = step(&mut router, &mut flying, n, *second, what);
        flying = out.last().map(|delivery| delivery.id).or(flying);
        let told: Vec<&str> = out.iter().map(|delivery| delivery.about.as_str()).collect();
        assert_eq!(told.join("; "), *sent, "step {n} at {second} s: {what}");
    }
    router
}

const A_OPEN: &str = "P1 checkout (prod): opened - errors";
const A_OVER: &str = "P1 checkout (prod): resolved - errors";
const C_OPEN: &str = "P2 checkout (prod): opened - errors";
const C_OVER: &str = "P2 checkout (prod): resolved - errors";

#[test]
fn one_at_a_time_in_order_and_nothing_below_the_floor_that_is_not_known() {
    check(
        channel(Via::Chat(address())),
        &[
            (0, "A opened P1", A_OPEN),
            (1, "A resolved P1", ""),
            (2, "ok", A_OVER),
            (3, "ok", ""),
            (4, "B opened P3", ""),
            (5, "B resolved P3", ""),
            (6, "C opened P3", ""),
            (7, "C severity_raised P2", "P2 checkout (prod): raised to P2 - errors"),
            (8, "ok", ""),
            (9, "C severity_lowered P4", "P4 checkout (prod): lowered to P4 - errors"),
            (10, "ok", ""),
            (11, "C resolved P4", "P4 checkout (prod): resolved - errors"),
            (12, "ok", ""),
            (13, "D resolved P0", ""),
            (14, "D acknowledged P0", ""),
        ],
    );
}

#[test]
fn failures_are_tried_again_later_and_later_until_they_are_given_up() {
    let first = |channel| check(channel, &[(0, "A opened P1", A_OPEN), (1, "fail", ""), (2, "", "")]);
    let mut router = first(channel(Via::Chat(address())));
    let failing = router.failing();
    assert_eq!((failing.len(), failing[0].attempts, failing[0].waiting), (1, 1, 1));
    assert_eq!((failing[0].since, failing[0].error.as_str()), (at(1), "boom"));
    let due = router.next_due(at(2)).unwrap();
    assert_eq!(due, at(1) + backoff("ch/A:opened:0", 1));
    assert!(router.due(due - Duration::from_millis(1)).is_empty());
    let again = router.due(due);
    assert_eq!((again.len(), again[0].attempt, again[0].key.as_str()), (1, 2, "ch/A:opened:0"));
    assert!(router.entries().is_empty(), "nothing has ended yet");
    router.taken(again[0].id, &Outcome::Delivered, due);
    assert!(router.failing().is_empty());
    let entries = router.entries();
    assert_eq!((entries.len(), entries[0].action.as_str()), (1, "notification.sent"));
    assert_eq!(entries[0].details["attempts"], 2);
    assert_eq!(router.next_due(due), None);

    // For ever failing: given up after an hour, then the next one gets its chance.
    let mut router = first(channel(Via::Chat(address())));
    router.route(&notice("B opened P1", 99, at(3)), at(3));
    let (mut now, mut attempts) = (at(3), 0);
    let failed = Outcome::Failed { error: Clean::new("boom"), again: true, after: None };
    while let Some(due) = router.next_due(now) {
        now = due;
        for delivery in router.due(now) {
            attempts += 1;
            router.taken(delivery.id, &failed, now);
        }
        assert!(attempts < 100, "it ends");
    }
    // The one that waited behind it gets an attempt of its own.
    assert!(now.since(at(0)) < Duration::from_secs(3600 + 375), "{now}");
    let actions: Vec<String> = router.entries().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["notification.failed", "notification.failed"]);
    assert_eq!(router.failing()[0].given_up, 2);
}

#[test]
fn what_the_other_side_asks_for_is_done() {
    check(
        channel(Via::Chat(address())),
        &[
            (0, "A opened P1", A_OPEN),
            (1, "wait 600", ""),
            (600, "", ""),
            (601, "", A_OPEN),
            (602, "refused", ""),
            // It never heard of A: the next news of it is the first, and its end is none.
            (603, "A resolved P1", ""),
            (604, "A overdue P1", "P1 checkout (prod): not answered in time - errors"),
        ],
    );
    for (status, again) in [
        (200, None),
        (202, None),
        (302, Some(false)),
        (400, Some(false)),
        (401, Some(true)),
        (404, Some(false)),
        (408, Some(true)),
        (410, Some(false)),
        (429, Some(true)),
        (500, Some(true)),
        (503, Some(true)),
        (100, Some(false)),
    ] {
        let got = match Outcome::of_status(status, "", None) {
            Outcome::Delivered => None,
            Outcome::Failed { again, .. } => Some(again),
        };
        assert_eq!(got, again, "{status}");
    }
}

/// `1_750_000_000` is 2025-06-15 15:06:40 UTC, a Sunday.
fn quiet_for_ten_minutes(via: Via) -> Channel {
    Channel { quiet: vec![Quiet::parse("15:00 - 15:16 UTC").unwrap()], ..channel(via) }
}

/// 15:16:00 in the seconds of a test.
const LOUD: i64 = 560;

#[test]
fn quiet_hours_hold_back_what_is_not_urgent_and_sum_it_up() {
    let router = check(
        quiet_for_ten_minutes(Via::Chat(address())),
        &[
            (0, "A opened P1", A_OPEN),
            (1, "ok", ""),
            (2, "C opened P2", ""),
            (3, "C resolved P2", ""),
            (LOUD - 1, "", ""),
            (LOUD, "", "2 more changes, P2 the gravest"),
            (LOUD + 1, "ok", ""),
        ],
    );
    assert_eq!(router.next_due(at(LOUD + 2)), None);
    // A single one is told as it is; a graver change of the same incident goes at once, and stands for those before.
    check(quiet_for_ten_minutes(Via::Chat(address())), &[(2, "C opened P2", ""), (LOUD, "", C_OPEN)]);
    check(
        quiet_for_ten_minutes(Via::Chat(address())),
        &[
            (2, "C opened P2", ""),
            (3, "C severity_raised P1", "P1 checkout (prod): raised to P1 - errors (1 more before)"),
            (4, "ok", ""),
            (LOUD, "", ""),
        ],
    );
    // The moment at which it is due again is the end of the quiet.
    let router = check(quiet_for_ten_minutes(pager()), &[(2, "C opened P2", "")]);
    assert_eq!(router.next_due(at(3)), Some(at(LOUD)));
    assert_eq!(router.held().collect::<Vec<_>>(), [("ch", 1)]);
}

#[test]
fn a_pager_hears_only_what_is_still_true() {
    check(
        quiet_for_ten_minutes(pager()),
        &[
            (0, "C opened P2", ""),
            (1, "C resolved P2", ""),
            (2, "D opened P2", ""),
            (3, "D acknowledged P2", ""),
            (4, "E opened P2", ""),
            (5, "E unacknowledged P2", ""),
            // C is over and D has somebody: nobody needs to be woken.
            (LOUD, "", "P2 checkout (prod): nobody has it any more - errors (1 more before)"),
            (LOUD + 1, "ok", ""),
            (LOUD + 2, "", ""),
        ],
    );
    // The end of what was told passes in quiet hours.
    check(
        quiet_for_ten_minutes(pager()),
        &[
            (-60, "", ""),
            (0, "A opened P1", A_OPEN),
            (1, "ok", ""),
            (2, "A resolved P1", A_OVER),
            (3, "ok", ""),
        ],
    );
}

#[test]
fn a_rate_is_kept_and_what_is_held_back_is_one_line_later() {
    let slow = |via| Channel { rate: "2/1m".parse().unwrap(), ..channel(via) };
    check(
        slow(Via::Chat(address())),
        &[
            (0, "A opened P2", "P2 checkout (prod): opened - errors"),
            (0, "ok", ""),
            (0, "B opened P2", "P2 checkout (prod): opened - errors"),
            (0, "ok", ""),
            (1, "C opened P2", ""),
            (2, "D opened P2", ""),
            (3, "E opened P2", ""),
            // Urgent ones overdraw the bucket by as much again.
            (4, "F opened P0", "P0 checkout (prod): opened - errors"),
            (4, "ok", ""),
            (34, "", ""),
            (60, "", "3 more changes, P2 the gravest"),
        ],
    );
    check(
        slow(pager()),
        &[
            (0, "A opened P2", C_OPEN),
            (0, "ok", ""),
            (0, "B opened P2", C_OPEN),
            (0, "ok", ""),
            (1, "C opened P2", ""),
            (2, "D opened P2", ""),
            (3, "C resolved P2", ""),
            // C is over; D is told as soon as there is room for one.
            (30, "", C_OPEN),
            (31, "ok", ""),
            (90, "", ""),
        ],
    );
}

#[test]
fn what_flaps_is_told_once_it_has_calmed_down_or_after_a_quarter_of_an_hour() {
    let mut steps = vec![(0, "C opened P2", C_OPEN), (0, "ok", "")];
    for (second, change) in [(10, "resolved"), (20, "reopened"), (30, "resolved"), (40, "reopened")] {
        let (what, said): (&str, &str) = match change {
            "resolved" => ("C resolved P2", C_OVER),
            _ => ("C reopened P2", "P2 checkout (prod): open again - errors"),
        };
        steps.extend([(second, what, said), (second, "ok", "")]);
    }
    // The sixth within half an hour.
    steps.extend([(50, "C resolved P2", ""), (60, "C reopened P2", ""), (359, "", "")]);
    let mut calm = steps.clone();
    calm.push((360, "", "2 more changes, P2 the gravest"));
    check(channel(Via::Chat(address())), &calm);
    let mut restless = steps;
    for second in [200, 400, 600, 800] {
        restless.extend([(second, "C resolved P2", ""), (second + 50, "C reopened P2", "")]);
    }
    restless.push((949, "", ""));
    restless.push((950, "", "10 more changes, P2 the gravest"));
    check(channel(Via::Chat(address())), &restless);
}

#[test]
fn a_change_is_told_once_also_after_a_restart() {
    let via = || channel(Via::Chat(address()));
    let mut router = Router::new(vec![via()], Who::default());
    let opened = notice("A opened P1", 0, at(0));
    let sent = router.route(&opened, at(0));
    assert!(router.route(&opened, at(1)).is_empty());
    router.taken(sent[0].id, &Outcome::Delivered, at(2));
    assert!(router.route(&opened, at(3)).is_empty());
    let entries: Vec<Entry> = router.entries();

    let mut next = Router::new(vec![via()], Who::default());
    next.restore(&entries);
    assert!(next.resume(std::slice::from_ref(&opened), at(10)).is_empty());
    let missed = notice("B opened P1", 0, at(5));
    assert_eq!(next.resume(&[opened, missed], at(11)).len(), 1, "what happened meanwhile is told");
    // That A is open is remembered as well: its end is told, once B's outcome is known.
    assert!(next.route(&notice("A resolved P3", 1, at(12)), at(12)).is_empty());
    let id = next.failing().len() as u64 + 1;
    assert_eq!(next.taken(id, &Outcome::Delivered, at(13)).len(), 1);
    // Another channel's entries say nothing about this one.
    let mut other = Router::new(vec![Channel { name: "other".into(), ..via() }], Who::default());
    other.restore(&entries);
    assert_eq!(other.route(&notice("A opened P1", 0, at(0)), at(14)).len(), 1);
}

#[test]
fn alertmanager_hears_again_of_what_fires_and_of_an_end_once() {
    let bodies = |deliveries: &[Delivery]| -> Vec<serde_json::Value> {
        deliveries
            .iter()
            .map(|delivery| match &delivery.message {
                Message::Post { body, .. } => body.clone(),
                Message::Ring { .. } => panic!("no terminal"),
            })
            .collect()
    };
    let mut router = Router::new(vec![channel(alertmanager())], Who::default());
    let out = router.route(&notice("A opened P2", 0, at(0)), at(0));
    let first = &bodies(&out)[0][0];
    assert_eq!(
        (&first["labels"]["severity"], &first["startsAt"]),
        (&"warning".into(), &at(0).to_string().into())
    );
    assert_eq!(first["endsAt"], at(240).to_string());
    router.taken(out[0].id, &Outcome::Delivered, at(1));
    assert!(router.route(&notice("A acknowledged P2", 1, at(5)), at(5)).is_empty(), "no word for it");
    assert_eq!(router.next_due(at(5)), Some(at(61)));
    let again = router.due(at(61));
    assert_eq!(bodies(&again)[0][0]["endsAt"], at(301).to_string());
    router.taken(again[0].id, &Outcome::Delivered, at(62));
    // Another severity is another alert: the one before it ends.
    let raised = router.route(&notice("A severity_raised P1", 2, at(70)), at(70));
    let body = &bodies(&raised)[0];
    assert_eq!(
        (&body[0]["labels"]["priority"], &body[0]["endsAt"]),
        (&"P2".into(), &at(70).to_string().into())
    );
    assert_eq!((&body[1]["labels"]["priority"], body.as_array().unwrap().len()), (&"P1".into(), 2));
    router.taken(raised[0].id, &Outcome::Delivered, at(71));
    let over = router.route(&notice("A resolved P3", 3, at(80)), at(80));
    let end = &bodies(&over)[0];
    assert_eq!(end[0]["endsAt"], at(80).to_string());
    assert_eq!(end[0]["labels"], body[1]["labels"], "what ends is what was told");
    router.taken(over[0].id, &Outcome::Delivered, at(81));
    assert_eq!(router.next_due(at(82)), None);
    assert_eq!(router.entries().len(), 3, "that it still fires is no news");
}

#[test]
fn an_outcome_that_never_comes_blocks_nothing_for_ever() {
    let router = &mut check(channel(pager()), &[(0, "A opened P1", A_OPEN), (60, "", "")]);
    let overdue = router.next_due(at(60)).unwrap();
    assert_eq!(overdue, at(70));
    assert!(router.due(overdue).is_empty());
    let again = router.next_due(overdue).unwrap();
    assert_eq!(router.due(again)[0].attempt, 2);
    // An outcome of a delivery that is not on its way changes nothing.
    router.taken(999, &Outcome::Delivered, again);
    assert_eq!(router.failing().len(), 1);
}

#[test]
fn a_terminal_takes_all_at_once_and_needs_no_outcome() {
    let mut router = Router::new(vec![Channel::terminal(Severity::P2, Vec::new())], Who::default());
    for n in 0..6 {
        let out = router.route(&notice(&format!("I{n} opened P2"), 0, at(0)), at(0));
        assert!(matches!(&out[0].message, Message::Ring { title, .. } if title == C_OPEN), "{out:?}");
    }
    assert!(router.route(&notice("I6 opened P2", 0, at(0)), at(0)).is_empty());
    assert!(router.route(&notice("I7 opened P2", 0, at(0)), at(0)).is_empty());
    assert_eq!(router.due(at(10))[0].about.as_str(), "2 more changes, P2 the gravest");
    assert!(router.entries().is_empty() && router.failing().is_empty());
}

#[test]
fn filters_and_reloads() {
    let only = |services: &[&str]| Channel {
        services: services.iter().map(|name| (*name).to_owned()).collect(),
        ..channel(Via::Chat(address()))
    };
    let mut router = Router::new(vec![only(&["search"])], Who::default());
    assert!(router.route(&notice("A opened P0", 0, at(0)), at(0)).is_empty());
    router.reload(vec![only(&["search", "checkout"])]);
    let out = router.route(&notice("A opened P0", 0, at(1)), at(1));
    assert_eq!(out.len(), 1);
    // What waits outlives a reload; a channel of another kind begins anew.
    router.reload(vec![only(&[])]);
    assert!(
        router.route(&notice("A resolved P0", 1, at(2)), at(2)).is_empty(),
        "the first is still on its way"
    );
    assert_eq!(router.taken(out[0].id, &Outcome::Delivered, at(3)).len(), 1);
    router.reload(vec![channel(pager())]);
    assert_eq!(router.next_due(at(4)), None);
}
