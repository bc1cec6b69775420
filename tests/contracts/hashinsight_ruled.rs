//! hashinsight's objectives, its own alert rules, and the incidents that come of them.

use crate::driven::{Driven, START, STEP, warroom, written};
use crate::hashinsight::{Mood, Service};
use std::sync::Arc;
use std::time::Duration;
use warroom::incident::{Incident, Phase, Timer};
use warroom::rules::AlertState;
use warroom::severity::Severity;
use warroom::units::Timestamp;

const MINUTE: u64 = 60;

/// The service in a good mood, and a fleet of it that begins at `start`.
fn fleet(start: Timestamp) -> (Arc<Mood>, Service, Driven) {
    let mood = Arc::new(Mood::default());
    let service = Service::moody(&mood);
    let driven = Driven::start(&service.config(), start);
    (mood, service, driven)
}

fn open(driven: &Driven) -> &Incident {
    driven.incident().unwrap_or_else(|| panic!("no incident\n{}", driven.told()))
}

/// Seconds until the timer runs out.
fn left(driven: &Driven, timer: Timer) -> Option<i64> {
    timer.left_ms(driven.at(driven.second)).map(|ms| ms / 1000)
}

/// `rate(5xx) / rate(all)` divides each 5xx series by itself: one error of a thousand requests is "100 %".
#[test]
fn any_5xx_makes_high_error_rate_one_for_its_series() {
    let (mood, _service, mut driven) = fleet(START);
    driven.run(10 * MINUTE);
    assert!(driven.incident().is_none(), "{}", driven.told());
    assert!(driven.model.rules.alerts().next().is_none(), "{}", driven.told());

    mood.err(1);
    let took = driven.until(10 * MINUTE, "HighErrorRate fires", |it| {
        !it.alerts("HighErrorRate", AlertState::Firing).is_empty()
    });
    // For 5 minutes, after the second scrape that knows the series, at the group's next half minute.
    assert!((5 * MINUTE..=6 * MINUTE + STEP).contains(&took), "{took}");
    let fires = driven.alerts("HighErrorRate", AlertState::Firing);
    let [(severity, alert)] = fires[..] else { panic!("{}", driven.told()) };
    assert!((alert.value - 1.0).abs() < 1e-9, "{}", alert.value);
    assert_eq!(alert.labels.get("status"), Some("500"));
    assert_eq!(alert.annotation("description"), Some("Error rate is 100% over the last 5 minutes"));
    assert_eq!(severity, Severity::P2, "the example's table keeps it from paging");
    // What is really so: a thousandth, which spends the budget just as fast as it may be spent.
    let row = driven.model.service("hashinsight").unwrap();
    let errors = row.reading(warroom::plan::Signal::Errors).value.unwrap();
    assert!((errors - 0.001).abs() < 5e-5, "{errors}");
    assert_eq!(driven.model.slos.rows.iter().filter_map(|row| row.firing).max(), None, "{}", driven.told());
    let incident = open(&driven);
    assert_eq!((incident.severity, &*incident.service()), (Severity::P2, "hashinsight"));
    let timers = incident.timers(driven.at(driven.second));
    assert_eq!(left(&driven, timers.answer), Some(2 * 3600));
    assert_eq!(left(&driven, timers.escalate), Some(4 * 3600));
}

#[test]
fn a_burst_burns_the_budget_is_answered_from_a_shell_and_ends() {
    // The shell's clock is the real one: the burst is noticed about now.
    let (mood, service, mut driven) = fleet(warroom::runtime::now() - Duration::from_secs(9 * MINUTE));
    driven.run(5 * MINUTE);
    let row = |driven: &Driven, name: &str| {
        driven.model.slos.rows.iter().find(|row| &*row.name == name).cloned().unwrap()
    };
    let before = row(&driven, "hi-success");
    assert_eq!((before.left, before.firing), (Some(1.0), None), "{}", driven.told());

    mood.err(200);
    let took = driven.until(10 * MINUTE, "an incident opens", |it| it.incident().is_some());
    // 14.4 times the budget of an hour: 1.44 % of 240,000 requests are 3,456 errors, at 800 a minute.
    let expected = 3_456 * MINUTE / 800;
    assert!((expected - STEP..=expected + MINUTE).contains(&took), "{took} s and not {expected} s");
    let incident = open(&driven);
    let id = incident.id.to_string();
    assert_eq!((incident.severity, &incident.phase), (Severity::P1, &Phase::Open), "{}", driven.told());
    let burns: Vec<&str> = incident.firing().map(|alert| alert.name.as_str()).collect();
    assert_eq!(burns, ["SloBudgetBurn"], "{}", driven.told());
    assert_eq!(incident.runbook(), Some("https://wiki.example/hashinsight"));
    let timers = incident.timers(driven.at(driven.second));
    assert_eq!(left(&driven, timers.answer), Some(30 * 60));
    assert_eq!(left(&driven, timers.escalate), Some(60 * 60));
    // Ours, of 30 days; what the service says of its half hour stands beside it, and has not moved.
    let (ours, own) = (row(&driven, "hi-success"), row(&driven, "hi-availability"));
    assert_eq!(ours.firing, Some(Severity::P1));
    assert!(ours.left.is_some_and(|left| (0.975..0.985).contains(&left)), "{:?}", ours.left);
    assert_eq!(
        own.reported,
        [
            "hashinsight_slo_error_budget_remaining = 0.42",
            "hashinsight_slo_compliance{slo_type=\"availability\"} = 1",
        ]
    );
    assert_eq!(own.left, Some(1.0), "its own figure is not mixed with ours");

    let state = driven.state();
    let listed = warroom(&state, &["incidents", "--open"], 0);
    assert!(listed.contains(&id) && listed.contains(" P1 "), "{listed}");
    warroom(&state, &["incident", "ack", &id[..id.len() - 2], "rolling back"], 0);
    driven.round();
    let incident = open(&driven);
    let timers = incident.timers(driven.at(driven.second));
    assert_eq!((timers.answer, incident.acknowledged.is_some()), (Timer::Stopped, true));
    assert!(incident.timeline.iter().any(|item| item.text.contains("rolling back")), "{}", driven.told());

    mood.err(0);
    let took = driven.until(40 * MINUTE, "it ends", |it| it.incident().is_none());
    // The short window empties within 5 minutes, the last 5xx leave HighErrorRate's, and 5 minutes it must be quiet.
    assert!((5 * MINUTE..=20 * MINUTE).contains(&took), "{took}");
    let over = driven.model.incidents.recent();
    assert_eq!((over.len(), &*over[0].id, &over[0].phase), (1, &*id, &Phase::Resolved));
    for (arguments, part) in [
        (&["incidents"][..], "resolved"),
        (&["incident", "show", &id], "all alerts are gone"),
        (&["postmortem", &id], "rolling back"),
    ] {
        let told = warroom(&state, arguments, 0);
        assert!(told.contains(part), "{arguments:?}\n{told}");
    }
    drop(service);
}

#[test]
fn all_instances_down_is_p0() {
    let (mood, _service, mut driven) = fleet(START);
    driven.run(2 * MINUTE);
    mood.go(true);
    let took = driven.until(5 * MINUTE, "an incident opens", |it| it.incident().is_some());
    assert!(took <= 2 * MINUTE, "{took}");
    let incident = open(&driven);
    assert_eq!((incident.severity, incident.why.as_str()), (Severity::P0, "all instances down"));
    let timers = incident.timers(driven.at(driven.second));
    assert_eq!(left(&driven, timers.answer), Some(15 * 60));
    assert_eq!(left(&driven, timers.escalate), Some(30 * 60));
    // Polls, service, scrapes, a budget: four sorts of alert, and one incident.
    driven.run(5 * MINUTE);
    let names: std::collections::BTreeSet<&str> = open(&driven).firing().map(|it| it.name.as_str()).collect();
    for name in ["ProbeFailed", "ServiceDown", "SloBudgetBurn", "TargetDown"] {
        assert!(names.contains(name), "{names:?} without {name}\n{}", driven.told());
    }
    mood.go(false);
    driven.until(60 * MINUTE, "it ends", |it| it.incident().is_none_or(|it| it.severity != Severity::P0));
}

#[test]
fn rules_that_cannot_do_what_they_say_are_told() {
    let (mood, folder) = (Arc::new(Mood::default()), tempfile::tempdir().unwrap());
    let service = Service::moody(&mood);
    let config = written(folder.path(), &service.config());
    let (config, state) = (config.to_str().unwrap(), folder.path().join("state"));
    let file = folder.path().join("rules/hashinsight.yml");
    let file = file.to_str().unwrap();
    let divided = "\"HighErrorRate\": ";
    let never = "\"DatabaseConnectionFailure\": no target exports `hashinsight_db_connection_status`";
    for (arguments, code, said, unsaid) in [
        // The file alone: what is exported is not known.
        (&["rules", "check", file][..], 1, &[divided, "[divided-by-itself]"][..], &[never][..]),
        (&["--config", config, "rules", "check"], 1, &[divided], &[never]),
        (&["--config", config, "rules", "check", "--targets"], 1, &[divided, never, "[unknown-metric]"], &[]),
        (&["--config", config, "rules", "check", "--targets", file], 1, &[divided, never], &[]),
    ] {
        let told = warroom(&state, arguments, code);
        assert!(said.iter().all(|part| told.contains(part)), "{arguments:?}\n{told}");
        assert!(!unsaid.iter().any(|part| told.contains(part)), "{arguments:?}\n{told}");
        // The others name metrics that are there.
        assert_eq!(told.matches("[unknown-metric]").count(), usize::from(said.contains(&never)), "{told}");
    }
    // A target that does not answer: then nobody knows that a metric is missing, and that is an error of its own.
    mood.go(true);
    let told = warroom(&state, &["--config", config, "rules", "check", "--targets"], 1);
    assert!(told.contains(divided) && !told.contains(never), "{told}");
}
