//! Incidents from the outside: rounds of alerts and facts in simulated time, what comes of them, and what the journal
//! brings back.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]

use std::collections::BTreeMap;
use std::sync::Arc;
use warroom::config::{Config, Source, load};
use warroom::incident::{
    Act, Alarm, Change, Happening, HappeningKind, Incident, Incidents, Phase, Refusal, ServiceFacts,
    Settings, Timer, entries, notice, postmortem,
};
use warroom::journal::{Category, Entry, Level, Who};
use warroom::labels::Labels;
use warroom::notification::Notice;
use warroom::plan::Plan;
use warroom::rules::{Alert, AlertState, Origin};
use warroom::severity::Severity::{self, P0, P1, P2, P3, P4};
use warroom::target::health::State;
use warroom::text::Clean;
use warroom::units::{Timestamp, parse_duration};

fn settings_of(config: &Config) -> Arc<Settings> {
    Arc::clone(&Plan::compile(config, 1).unwrap().incidents)
}

fn settings() -> Arc<Settings> {
    settings_of(&Config::default())
}

fn configured(text: &str) -> Arc<Settings> {
    settings_of(&load(&[Source { name: "t.toml".to_owned(), text: text.to_owned() }]).unwrap())
}

/// Friday, 3 October 2025, 10:00 UTC, and so much later: `"5m"`.
fn at(text: &str) -> Timestamp {
    let start: jiff::Timestamp = "2025-10-03T10:00:00Z".parse().unwrap();
    Timestamp::from_millis(start.as_millisecond()) + parse_duration(text).unwrap()
}

fn moment(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn who(user: &str) -> Who {
    Who {
        user: Clean::new(user),
        host: Clean::new("bastion"),
        address: Some(Clean::new("10.0.0.9")),
        ..Who::default()
    }
}

/// `name service severity [label=value ...]`: a firing alert, true since `since`.
fn alert(spec: &str, since: Timestamp) -> (Alert, Option<Arc<str>>, Severity) {
    let mut words = spec.split_whitespace();
    let (name, service, severity) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let more = words.map(|word| word.split_once('=').unwrap());
    let labels = Labels::from_pairs([("alertname", name), ("job", service)].into_iter().chain(more));
    let alert = Alert {
        origin: Origin::BuiltIn,
        group: "g".into(),
        name: name.into(),
        labels,
        annotations: vec![("summary".into(), format!("{name} on {service}"))],
        state: AlertState::Firing,
        value: 0.0621,
        active_at: since,
        fired_at: Some(since),
        resolved_at: None,
        keep_firing_since: None,
    };
    (alert, (service != "-").then(|| service.into()), severity.parse().unwrap())
}

/// `service key=value ...`: state, up, errors, latency, breakers, needs, version.
fn facts(spec: &str) -> ServiceFacts {
    let mut words = spec.split_whitespace();
    let mut facts = ServiceFacts {
        service: words.next().unwrap().into(),
        environment: Some("prod".into()),
        state: State::Up,
        instances: (2, 2),
        ..ServiceFacts::default()
    };
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
        match key {
            "state" => facts.state = State::ALL.into_iter().find(|state| state.word() == value).unwrap(),
            "up" => {
                let (up, all) = value.split_once('/').unwrap();
                facts.instances = (up.parse().unwrap(), all.parse().unwrap());
            }
            "errors" => facts.errors_ratio = Some(value.parse().unwrap()),
            "latency" => facts.latency = Some(value.parse().unwrap()),
            "requests" => facts.requests = Some(value.parse().unwrap()),
            "budget" => facts.budget_left = Some(value.parse().unwrap()),
            "burn" => facts.burn = Some(value.parse().unwrap()),
            "queue" => facts.queue = Some(value.parse().unwrap()),
            "breakers" => facts.open_breakers = list(value).iter().map(|name| Clean::new(name)).collect(),
            "needs" => facts.depends_on = list(value).iter().map(|name| name.as_str().into()).collect(),
            "blind" => facts.blind = value == "yes",
            "version" => {
                facts.versions = list(value)
                    .iter()
                    .enumerate()
                    .map(|(i, v)| (format!("i{i}").into(), Clean::new(v)))
                    .collect();
            }
            _ => panic!("{key}"),
        }
    }
    facts
}

/// A warroom: keeps since when each alert fires, and a journal.
struct Room {
    incidents: Incidents,
    since: BTreeMap<String, Timestamp>,
    journal: Vec<Entry>,
}

impl Room {
    fn new(settings: Arc<Settings>) -> Self {
        Self { incidents: Incidents::new(settings), since: BTreeMap::new(), journal: Vec::new() }
    }

    fn keep(&mut self, changes: Vec<Change>) -> Vec<Change> {
        self.journal.extend(entries(&changes, &who("warroom")));
        changes
    }

    /// One round; returns what changed, as words.
    fn round(&mut self, now: Timestamp, firing: &[&str], known: &[&str]) -> Vec<String> {
        words(&self.changes(now, firing, known))
    }

    /// One round; returns what changed.
    fn changes(&mut self, now: Timestamp, firing: &[&str], known: &[&str]) -> Vec<Change> {
        self.since.retain(|spec, _| firing.contains(&spec.as_str()));
        for spec in firing {
            self.since.entry((*spec).to_owned()).or_insert(now);
        }
        let alerts: Vec<_> = firing.iter().map(|spec| alert(spec, self.since[*spec])).collect();
        let facts: Vec<ServiceFacts> = known.iter().map(|spec| facts(spec)).collect();
        let alarms = alerts.iter().map(|(alert, service, severity)| Alarm {
            alert,
            service: service.clone(),
            environment: service.as_ref().map(|_| "prod".into()),
            severity: *severity,
            runbook: Some("https://wiki/r".to_owned()),
            suppressed: false,
            group: "",
        });
        let changes = self.incidents.observe(now, alarms, &facts);
        self.keep(changes)
    }

    fn act(&mut self, id: &str, act: Act, user: &str, now: Timestamp) -> Result<Vec<String>, Refusal> {
        let nonce = format!("n{}", self.journal.len());
        let changes = self.incidents.act(id, act, &who(user), now, &nonce)?;
        Ok(words(&self.keep(changes)))
    }

    fn only(&self) -> &Incident {
        let open = self.incidents.open();
        assert_eq!(open.len(), 1, "{:?}", open.iter().map(|it| &it.id).collect::<Vec<_>>());
        open[0]
    }

    /// What another warroom makes of the journal, whose lines have been text in between.
    fn restored(&self, now: Timestamp) -> Incidents {
        let text = |entry: &Entry| {
            let details = serde_json::to_string(&entry.details).unwrap();
            Entry { details: serde_json::from_str(&details).unwrap(), ..entry.clone() }
        };
        let entries: Vec<Entry> = self.journal.iter().map(text).collect();
        Incidents::restore(settings(), &entries, now)
    }
}

fn words(changes: &[Change]) -> Vec<String> {
    let told = changes.iter().filter(|change| change.what.is_news());
    told.map(|change| format!("{} {}", change.what.word(), change.brief.severity)).collect()
}

const CHECKOUT: &[&str] = &["checkout errors=0.001 latency=0.2 requests=50"];

#[test]
fn an_incident_lives_from_alert_to_oblivion() {
    // When, what fires, facts -> what happens.
    type Row<'r> = (&'r str, &'r [&'r str], &'r [&'r str], &'r [&'r str]);
    let mut room = Room::new(settings());
    let high = "HighErrorRate checkout P2";
    let bad = &["checkout errors=0.062 latency=0.2 requests=50"][..];
    let rows: &[Row<'_>] = &[
        ("0s", &[], CHECKOUT, &[]),
        // Errors over 5 % make it P1, whatever the label says.
        ("1m", &[high], bad, &["opened P1", "alert_fired P1"]),
        ("2m", &[high], bad, &[]),
        // The time to answer is 30 minutes, that to mitigate an hour; each is told once.
        ("30m59s", &[high], bad, &[]),
        ("31m", &[high], bad, &["overdue P1"]),
        ("32m", &[high], bad, &[]),
        ("1h1m", &[high], bad, &["overdue P1"]),
        // Better, but a severity falls only after a quarter of an hour; errors have settled before that.
        ("1h2m", &[high], CHECKOUT, &[]),
        ("1h7m", &[high], CHECKOUT, &["mitigated P1"]),
        ("1h16m59s", &[high], CHECKOUT, &[]),
        ("1h17m", &[high], CHECKOUT, &["graded P2"]),
        ("1h20m", &[], CHECKOUT, &["alert_gone P2"]),
        ("1h24m59s", &[], CHECKOUT, &[]),
        ("1h25m", &[], CHECKOUT, &["resolved P2"]),
        // Back within the flap window: the same incident.
        ("1h50m", &[high], bad, &["reopened P2", "alert_fired P2", "graded P1"]),
        ("2h", &[], CHECKOUT, &["alert_gone P1"]),
        ("2h5m", &[], CHECKOUT, &["mitigated P1", "resolved P1"]),
        // Back after it: another one.
        ("2h36m", &[high], CHECKOUT, &["opened P2", "alert_fired P2"]),
    ];
    for (time, firing, known, expected) in rows {
        let found = room.round(at(time), firing, known);
        assert_eq!(found, *expected, "{time}");
    }
    let (open, recent) = (room.incidents.open(), room.incidents.recent());
    assert_eq!((open.len(), recent.len()), (1, 1));
    assert_ne!(open[0].id, recent[0].id);
    assert_eq!(recent[0].flaps, 1);
    assert!(recent[0].id.starts_with("INC-20251003-"), "{}", recent[0].id);
    // It stays in view for a day.
    let old = recent[0].id.clone();
    assert!(room.incidents.next_change(at("3h")).is_some());
    room.round(at("1d2h4m"), &[high], CHECKOUT);
    assert!(room.incidents.get(&old).is_some());
    room.round(at("1d2h6m"), &[high], CHECKOUT);
    assert!(room.incidents.get(&old).is_none());
}

/// Who cannot be asked any more, by a fault of this machine, has not got well: nothing ends meanwhile.
#[test]
fn an_incident_waits_while_its_service_cannot_be_asked() {
    let mut room = Room::new(settings());
    let high = "HighErrorRate checkout P2";
    let blind = &["checkout state=unknown blind=yes"][..];
    for (time, firing, known, expected) in [
        ("1m", &[high][..], CHECKOUT, &["opened P2", "alert_fired P2"][..]),
        ("2m", &[], blind, &[]),
        ("1h", &[], blind, &[]),
        // Timers run on: it is late, whether it is seen or not.
        ("2h1m", &[], blind, &["overdue P2"]),
        ("2h10m", &[], CHECKOUT, &["alert_gone P2"]),
        ("2h15m", &[], CHECKOUT, &["resolved P2"]),
    ] {
        let found = room.round(at(time), firing, known);
        assert_eq!(found, *expected, "{time}");
    }
}

#[test]
fn severities_come_from_labels_and_from_what_is_seen() {
    // Label, facts -> severity, why.
    for (label, known, severity, why) in [
        ("P4", "checkout", P4, "High fires"),
        ("P1", "checkout", P1, "High fires"),
        ("P4", "checkout state=down up=0/2", P0, "all instances down"),
        ("P4", "checkout state=degraded up=1/2", P2, "1 of 2 instances down"),
        ("P4", "checkout state=degraded up=9/10", P4, "High fires"),
        // What warms up, or of which nothing new is known, is not down.
        ("P4", "checkout state=warming up=0/2", P4, "High fires"),
        ("P4", "checkout state=stale up=0/2", P4, "High fires"),
        ("P3", "checkout errors=0.05", P3, "errors 5% (> 1%)"),
        ("P3", "checkout errors=0.0501", P1, "errors 5.01% (> 5%)"),
        ("P3", "checkout latency=5.2", P1, "latency 5.2s (> 5s)"),
        ("P4", "checkout latency=1.2", P3, "latency 1.2s (> 1s)"),
        ("P3", "checkout breakers=payments", P2, "breaker payments open"),
        ("P0", "checkout errors=0.9", P0, "High fires"),
        ("P4", "checkout errors=NaN latency=inf", P4, "High fires"),
    ] {
        let mut room = Room::new(settings());
        room.round(at("1m"), &[&format!("High checkout {label}")], &[known]);
        let only = room.only();
        assert_eq!((only.severity, only.why.as_str()), (severity, why), "{label} {known}");
    }
}

#[test]
fn timers_follow_severity_and_the_calendar() {
    // Opened on Friday 3 October 2025 at 10:00 UTC.
    for (severity, answer, escalate) in [
        ("P0", "2025-10-03T10:15:00Z", "2025-10-03T10:30:00Z"),
        ("P1", "2025-10-03T10:30:00Z", "2025-10-03T11:00:00Z"),
        ("P2", "2025-10-03T12:00:00Z", "2025-10-03T14:00:00Z"),
        ("P3", "2025-10-03T14:00:00Z", "2025-10-03T18:00:00Z"),
        ("P4", "2025-10-06T10:00:00Z", "2025-10-07T10:00:00Z"),
    ] {
        let mut room = Room::new(settings());
        room.round(at("0s"), &[&format!("High checkout {severity}")], CHECKOUT);
        let timers = room.only().timers(at("0s"));
        assert_eq!(timers.answer, Timer::Running(moment(answer)), "{severity}");
        assert_eq!(timers.escalate, Timer::Running(moment(escalate)), "{severity}");
    }
    // A graver severity never gives more time than was left; acknowledging stops the time to answer only.
    let mut room = Room::new(settings());
    room.round(at("0s"), &["High checkout P2"], CHECKOUT);
    room.round(at("1h50m"), &["High checkout P2"], &["checkout errors=0.2"]);
    let timers = room.only().timers(at("1h50m"));
    assert_eq!(timers.answer, Timer::Running(at("2h")));
    assert_eq!(timers.escalate, Timer::Running(at("2h50m")));
    assert_eq!(timers.answer.left_ms(at("1h55m")), Some(300_000));
    room.act("INC", Act::Acknowledge, "ada", at("1h51m")).unwrap();
    let timers = room.only().timers(at("3h"));
    assert_eq!(timers.answer, Timer::Stopped);
    assert_eq!(timers.escalate, Timer::Overdue(at("2h50m")));
    assert_eq!(timers.escalate.left_ms(at("3h")), Some(-600_000));
}

#[test]
fn services_that_need_each_other_share_an_incident_with_the_cause_first() {
    // Rounds of firing alerts -> open incidents: services, the cause first.
    type Row<'r> = (&'r [&'r [&'r str]], &'r [&'r str]);
    let known = &["web needs=checkout", "checkout needs=db", "db", "search needs=db", "mail"][..];
    let rows: &[Row<'_>] = &[
        // At once, and one after the other in either order.
        (&[&["A web P3", "B checkout P2"]], &["checkout,web"]),
        (&[&["A web P3"], &["A web P3", "B checkout P2"]], &["checkout,web"]),
        (&[&["B checkout P2"], &["A web P3", "B checkout P2"]], &["checkout,web"]),
        // By way of one that has no alert.
        (&[&["A web P3", "C db P2"]], &["db,web"]),
        // Two that only need the same thing are apart, until that thing is in trouble.
        (&[&["A search P3", "B checkout P2"]], &["checkout", "search"]),
        (
            &[&["A search P3", "B checkout P2"], &["A search P3", "B checkout P2", "C db P3"]],
            &["db,checkout,search"],
        ),
        (&[&["A mail P3", "B web P3"]], &["mail", "web"]),
        // What matches no service stands alone.
        (&[&["A - P2", "B web P3"]], &["unassigned", "web"]),
    ];
    for (rounds, expected) in rows {
        let mut room = Room::new(settings());
        for (minute, firing) in rounds.iter().enumerate() {
            room.round(at(&format!("{}m", minute + 1)), firing, known);
        }
        let mut found: Vec<String> = room.incidents.open().iter().map(|it| it.services.join(",")).collect();
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{rounds:?}");
    }
}

#[test]
fn what_is_told_says_what_fires_and_leaves_out_what_is_part_of_another() {
    let told = |changes: &[Change]| Notice::all(changes).iter().map(Notice::line).collect::<Vec<_>>();
    let known = &["checkout needs=db", "db", "search needs=db"][..];
    let mut room = Room::new(settings());
    let changes = room.changes(at("1m"), &["A search P3"], known);
    // Not only the name of the rule, though the incident is opened before its alert is in it.
    assert_eq!(told(&changes), ["P3 search (prod): opened - A on search"]);
    let first = changes[0].incident.clone();
    room.changes(at("2m"), &["A search P3", "B checkout P2"], known);
    let changes = room.changes(at("3m"), &["A search P3", "B checkout P2", "C db P3"], known);
    let lines = told(&changes);
    let merged = format!("P2 checkout (prod): resolved - B on checkout (not over: it is part of {first})");
    assert!(lines.contains(&merged), "{lines:?}");
    // All at once: one beginning.
    let mut room = Room::new(settings());
    let changes = room.changes(at("1m"), &["A search P3", "B checkout P2", "C db P3"], known);
    let lines = told(&changes);
    let begun: Vec<&String> = lines.iter().filter(|line| line.contains("opened")).collect();
    assert_eq!(begun.len(), 1, "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("resolved")), "{lines:?}");
}

#[test]
fn what_is_merged_is_found_by_both_ids() {
    let known = &["checkout needs=db", "db", "search needs=db"][..];
    let mut room = Room::new(settings());
    room.round(at("1m"), &["A search P3"], known);
    let first = room.only().id.clone();
    room.round(at("2m"), &["A search P3", "B checkout P2"], known);
    let second = room.incidents.open().iter().map(|it| it.id.clone()).find(|id| *id != first).unwrap();
    let found = room.round(at("3m"), &["A search P3", "B checkout P2", "C db P3"], known);
    assert_eq!(found[..2], ["joined P3", "merged P2"]);
    assert_eq!(room.only().id, first);
    assert_eq!(room.incidents.get(&second).unwrap().id, first);
    // An act on the one is an act on the other.
    room.act(&second, Act::Acknowledge, "ada", at("4m")).unwrap();
    assert_eq!(room.only().acknowledged.as_ref().unwrap().user, "ada");
    room.round(at("5m"), &[], known);
    room.round(at("10m"), &[], known);
    assert!(room.incidents.open().is_empty());
    assert_eq!(room.incidents.get(&second).unwrap().phase, Phase::Resolved);
}

#[test]
fn labels_can_split_a_service() {
    let mut room =
        Room::new(configured("incident.group_by = [\"tenant\"]\nservice.checkout.select = '{job=\"x\"}'"));
    room.round(
        at("1m"),
        &["A checkout P3 tenant=a", "B checkout P3 tenant=a", "A checkout P3 tenant=b"],
        CHECKOUT,
    );
    let keys: Vec<_> = room.incidents.open().iter().map(|it| it.keys.join(" ")).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
}

#[test]
fn nothing_opens_or_ends_while_our_own_link_is_down() {
    let mut room = Room::new(settings());
    room.round(at("1m"), &["A checkout P2"], CHECKOUT);
    room.incidents.link(true, at("2m"));
    assert_eq!(room.round(at("3m"), &["B search P0"], &["checkout", "search state=down up=0/2"]), [""; 0]);
    assert_eq!(room.round(at("20m"), &[], CHECKOUT), [""; 0]);
    room.incidents.link(false, at("21m"));
    assert_eq!(room.round(at("21m10s"), &["B search P0", "A checkout P2"], CHECKOUT), [""; 0]);
    assert_eq!(room.round(at("22m"), &["A checkout P2"], CHECKOUT), [""; 0]);
    assert_eq!(room.only().timeline.len(), 2);
}

#[test]
fn a_persons_word_on_the_severity_holds_until_it_gets_worse_than_that() {
    let mut room = Room::new(settings());
    let high = &["High checkout P2"][..];
    room.round(at("1m"), high, CHECKOUT);
    assert_eq!(
        room.act("INC", Act::Severity(P3, String::new()), "ada", at("2m")).unwrap_err(),
        Refusal::Empty { what: "the reason" }
    );
    room.act("INC", Act::Severity(P3, "only a few see it".to_owned()), "ada", at("2m")).unwrap();
    assert_eq!(room.only().severity, P3);
    for (time, known, expected) in [
        // What was known when the person judged changes nothing.
        ("3m", CHECKOUT, P3),
        ("1h", CHECKOUT, P3),
        ("2h", &["checkout breakers=x"][..], P3),
        // What is worse than that does.
        ("3h", &["checkout errors=0.3"][..], P1),
    ] {
        room.round(at(time), high, known);
        assert_eq!(room.only().severity, expected, "{time}");
    }
    assert!(room.only().judged.is_none());
}

#[test]
fn what_a_person_ends_does_not_open_again_while_the_same_alert_fires() {
    let mut room = Room::new(settings());
    let high = &["High checkout P2"][..];
    room.round(at("1m"), high, CHECKOUT);
    let id = room.only().id.clone();
    room.act(&id, Act::Resolve("known noise".to_owned()), "ada", at("2m")).unwrap();
    for time in ["3m", "1h", "2d"] {
        assert_eq!(room.round(at(time), high, CHECKOUT), [""; 0], "{time}");
    }
    // Another alert of the service is another matter.
    assert_eq!(
        room.round(at("2d1m"), &["High checkout P2", "Slow checkout P3"], CHECKOUT),
        ["opened P3", "alert_fired P3"]
    );
    // Once gone, it may come again.
    assert_eq!(room.round(at("2d2m"), &[], CHECKOUT), ["alert_gone P2", "alert_gone P3"]);
    assert_eq!(room.round(at("2d3m"), high, CHECKOUT), ["alert_fired P3", "graded P2"]);
}

#[test]
fn acts_are_done_or_refused_with_a_reason() {
    let mut room = Room::new(settings());
    room.round(at("1m"), &["High checkout P2", "High mail P3"], &["checkout", "mail"]);
    let ids: Vec<Arc<str>> = room.incidents.open().iter().map(|it| it.id.clone()).collect();
    let (id, hash) = (ids[0].clone(), ids[0].rsplit('-').next().unwrap().to_owned());
    let mut minute = 1;
    let mut check = |id: &str, act: Act, expected: Result<&str, &str>| {
        minute += 1;
        let done = room.act(id, act.clone(), "ada", at(&format!("{minute}m")));
        let done = done.map(|words| words.join(" ")).map_err(|refusal| refusal.to_string());
        match (&done, expected) {
            (Ok(words), Ok(expected)) => assert_eq!(words, expected, "{act:?}"),
            (Err(refusal), Err(expected)) => assert!(refusal.contains(expected), "{act:?}: {refusal}"),
            _ => panic!("{act:?}: {done:?}, not {expected:?}"),
        }
    };
    check("INC", Act::Acknowledge, Err("could be INC-20251003-"));
    check("nonsense", Act::Acknowledge, Err("there is no incident \"nonsense\"; nearest: INC-20251003-"));
    check("", Act::Acknowledge, Err("there is no incident"));
    check(&hash.to_lowercase(), Act::Acknowledge, Ok("acknowledged P2"));
    check(&id, Act::Acknowledge, Err("acknowledged already, by ada"));
    check(&id, Act::Unacknowledge, Ok("unacknowledged P2"));
    check(&id, Act::Unacknowledge, Err("is not acknowledged"));
    check(&id, Act::Assign("grace".to_owned()), Ok("assigned P2"));
    check(&id, Act::Note(" \u{200b} ".to_owned()), Err("a note must not be empty"));
    check(&id, Act::Note("looked \u{1b}[2Jat it".to_owned()), Ok("noted P2"));
    check(&id, Act::Snooze(at("0s")), Err("a snooze ends later than now"));
    check(&id, Act::Snooze(at("30d")), Err("within 1w"));
    check(&id, Act::Snooze(at("1h")), Ok("snoozed P2"));
    check(&id, Act::Unsnooze, Ok("unsnoozed P2"));
    check(&id, Act::Unsnooze, Err("is not snoozed"));
    check(&id, Act::Mitigated(String::new()), Ok("mitigated P2"));
    check(&id, Act::Mitigated(String::new()), Err("is mitigated since"));
    check(&id, Act::Resolve(String::new()), Err("the reason must not be empty"));
    check(&id, Act::Resolve("done".to_owned()), Ok("resolved P2"));
    check(&id, Act::Acknowledge, Err("is over since"));
    check(&id, Act::Note("afterthought".to_owned()), Ok("noted P2"));
    let note =
        &room.incidents.get(&id).unwrap().timeline.iter().find(|item| item.kind == "noted").unwrap().text;
    assert_eq!(note, "looked [2Jat it");
}

#[test]
fn a_snoozed_incident_rings_nobody_and_goes_on() {
    let mut room = Room::new(settings());
    room.round(at("1m"), &["High checkout P2"], CHECKOUT);
    let id = room.only().id.clone();
    let snooze = |room: &mut Room, until| {
        room.incidents.act(&id, Act::Snooze(until), &who("ada"), at("2m"), "n").unwrap()[0].brief.snoozed
    };
    assert!(snooze(&mut room, at("10h")));
    let overdue = room.incidents.tick(at("3h"));
    assert!(overdue.len() == 1 && overdue[0].brief.snoozed);
    let overdue = room.incidents.tick(at("11h"));
    assert!(overdue.len() == 1 && !overdue[0].brief.snoozed);
}

/// Small numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[test]
fn what_the_journal_brings_back_is_what_was_there() {
    let alerts =
        ["A web P3", "B checkout P2", "C db P1", "D search P4", "E mail P2", "F - P3", "A checkout P4 x=1"];
    let (mut compared, mut acts) = (0, 0);
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let mut room = Room::new(settings());
        let mut firing: Vec<&str> = Vec::new();
        for step in 0..150_u64 {
            let now = at("0s") + std::time::Duration::from_secs(step * 45 + dice.below(20));
            let flip = alerts[dice.below(7) as usize];
            match firing.iter().position(|spec| *spec == flip) {
                Some(found) => drop(firing.remove(found)),
                None if dice.below(3) > 0 => firing.push(flip),
                None => {}
            }
            if dice.below(40) == 0 {
                firing.clear();
            }
            let errors = ["0.001", "0.02", "0.0712345678", "0.3333333333333333"][dice.below(4) as usize];
            let known = [
                format!("web needs=checkout errors={errors} requests=12.345678 latency=0.4"),
                format!(
                    "checkout needs=db errors={errors} requests=50 latency=0.8 budget=-0.123456789 burn=21.4 version=v{}",
                    dice.below(2)
                ),
                format!("db state={}", if dice.below(5) == 0 { "down up=0/2" } else { "up" }),
                "search needs=db".to_owned(),
                "mail queue=500 breakers=x".to_owned(),
            ];
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            room.round(now, &firing, &known);
            let open: Vec<Arc<str>> = room.incidents.open().iter().map(|it| it.id.clone()).collect();
            if !open.is_empty() && dice.below(3) == 0 {
                let id = &open[dice.below(open.len() as u64) as usize];
                let act = match dice.below(9) {
                    0 => Act::Acknowledge,
                    1 => Act::Unacknowledge,
                    2 => Act::Assign("grace".to_owned()),
                    3 => {
                        Act::Note(format!("line one\nand \u{1b}[1m{}", "x".repeat(dice.below(3000) as usize)))
                    }
                    4 => Act::Severity(Severity::ALL[dice.below(5) as usize], "I say so".to_owned()),
                    5 => Act::Mitigated(String::new()),
                    6 => Act::Resolve("enough".to_owned()),
                    7 => Act::Snooze(now + std::time::Duration::from_secs(600)),
                    _ => Act::Unsnooze,
                };
                acts += usize::from(room.act(id, act, "ada", now).is_ok());
            }
            if step % 10 == 0 {
                let restored = room.restored(now);
                let (ours, theirs): (Vec<_>, Vec<_>) =
                    (room.incidents.every().collect(), restored.every().collect());
                assert_eq!(ours, theirs, "seed {seed}, step {step}");
                compared += ours.len();
            }
        }
        let ids: std::collections::BTreeSet<&str> =
            room.journal.iter().map(|entry| entry.event_id.as_str()).collect();
        assert_eq!(ids.len(), room.journal.len(), "each line has an id of its own");
    }
    assert!(compared > 100 && acts > 50, "{compared} {acts}");
}

#[test]
fn a_restart_neither_ends_nor_doubles_anything() {
    let mut room = Room::new(settings());
    let high = "High checkout P2";
    room.round(at("1m"), &[high], CHECKOUT);
    let id = room.only().id.clone();
    room.incidents = room.restored(at("2m"));
    // The rules have not been evaluated yet: no alert says anything.
    assert_eq!(room.round(at("2m10s"), &[], CHECKOUT), [""; 0]);
    assert_eq!(room.round(at("4m"), &[high], CHECKOUT), [""; 0]);
    assert_eq!(room.only().id, id);
    // Confirmed: from here on its end counts at once.
    assert_eq!(room.round(at("4m30s"), &[], CHECKOUT), ["alert_gone P2"]);
    assert_eq!(room.round(at("9m30s"), &[], CHECKOUT), ["resolved P2"]);
    // Gone while nobody looked: believed after the settle time.
    room.round(at("10m"), &[high], CHECKOUT);
    room.incidents = room.restored(at("11m"));
    assert_eq!(room.round(at("15m59s"), &[], CHECKOUT), [""; 0]);
    assert_eq!(room.round(at("16m"), &[], CHECKOUT), ["alert_gone P2"]);
}

#[test]
fn twenty_dashboards_name_an_incident_alike() {
    let mut names = std::collections::BTreeSet::new();
    let mut events: Vec<Vec<String>> = Vec::new();
    for skew in 0..20 {
        let mut room = Room::new(settings());
        // The alert is true since an evaluation that all share, or, where each polls for itself, within seconds of it.
        let now = at("1m") + std::time::Duration::from_millis(skew * 700);
        let (mut alert, service, severity) = alert("High checkout P2", now);
        alert.active_at = now;
        let alarm = Alarm {
            alert: &alert,
            service,
            environment: Some("prod".into()),
            severity,
            runbook: None,
            suppressed: false,
            group: "",
        };
        let changes = room.incidents.observe(now, std::iter::once(alarm), &[facts("checkout")]);
        room.keep(changes);
        names.insert(room.only().id.to_string());
        events.push(room.journal.iter().take(1).map(|entry| entry.event_id.clone()).collect());
    }
    assert_eq!(names.len(), 1, "{names:?}");
    events.dedup();
    assert_eq!(events.len(), 1, "{events:?}");
    // Another environment, service or time is another incident.
    let mut ids = std::collections::BTreeSet::new();
    for (spec, time) in [("A checkout P2", "1m"), ("A mail P2", "1m"), ("A checkout P2", "2h")] {
        let mut room = Room::new(settings());
        room.round(at(time), &[spec], CHECKOUT);
        ids.insert(room.only().id.to_string());
    }
    assert_eq!(ids.len(), 3);
}

#[test]
fn warrooms_that_share_a_journal_share_what_people_do() {
    let high = &["High checkout P2"][..];
    let (mut mine, mut theirs) = (Room::new(settings()), Room::new(settings()));
    mine.round(at("1m"), high, CHECKOUT);
    theirs.round(at("1m"), high, CHECKOUT);
    let id = theirs.only().id.clone();
    theirs.act(&id, Act::Acknowledge, "grace", at("2m")).unwrap();
    theirs.act(&id, Act::Note("on it".to_owned()), "grace", at("2m")).unwrap();
    // What both see counts once; what she did counts here too, once.
    let taken = mine.incidents.absorb(&theirs.journal);
    assert_eq!(words(&taken), ["acknowledged P2", "noted P2"]);
    assert!(mine.incidents.absorb(&theirs.journal).is_empty());
    assert_eq!(mine.only().acknowledged.as_ref().unwrap().user, "grace");
    // An incident that only they see is shown, and is theirs to end.
    theirs.round(at("3m"), &["High checkout P2", "Low mail P3"], &["checkout", "mail"]);
    mine.incidents.absorb(&theirs.journal);
    mine.round(at("20m"), high, CHECKOUT);
    assert_eq!(mine.incidents.open().len(), 2);
    theirs.round(at("21m"), high, &["checkout", "mail"]);
    theirs.round(at("27m"), high, &["checkout", "mail"]);
    mine.incidents.absorb(&theirs.journal);
    assert_eq!(mine.incidents.open().len(), 1);
}

#[test]
fn a_hostile_journal_does_no_harm() {
    let mut room = Room::new(settings());
    room.round(at("1m"), &["High checkout P2"], CHECKOUT);
    let good = room.journal.clone();
    let mut bad = Vec::new();
    for (key, value) in [
        ("incident", serde_json::json!("")),
        ("incident", serde_json::json!({"a": [1, 2]})),
        ("incident", serde_json::json!("x".repeat(10_000))),
        ("change", serde_json::json!(null)),
        ("change", serde_json::json!([[[[1]]]])),
        ("change", serde_json::json!({"severity": "P9", "began": "never", "key": 7})),
        ("service", serde_json::json!("\u{1b}]0;owned\u{7}")),
        ("title", serde_json::json!("\u{202e}x".repeat(10_000))),
        ("began", serde_json::json!("not a moment")),
        ("person", serde_json::json!("yes")),
    ] {
        for (number, entry) in good.iter().enumerate() {
            let mut entry = Entry { event_id: format!("{key}{number}{value}"), ..entry.clone() };
            entry.details.insert(key.to_owned(), value.clone());
            bad.push(entry);
        }
    }
    for action in ["incident.", "incident.nonsense", "opened", "incident.merged", "incident.resolved"] {
        bad.push(Entry { action: action.to_owned(), event_id: action.to_owned(), ..good[0].clone() });
    }
    // Part of itself, and of one that is part of it.
    for (one, other) in [("INC-A", "INC-A"), ("INC-B", "INC-C"), ("INC-C", "INC-B")] {
        let mut entry =
            Entry { action: "incident.merged".to_owned(), event_id: one.to_owned(), ..good[0].clone() };
        entry.details.insert("incident".to_owned(), serde_json::json!(one));
        entry.details.insert("change".to_owned(), serde_json::json!({ "into": other }));
        bad.push(entry);
    }
    let incidents = Incidents::restore(settings(), &bad, at("2m"));
    for incident in incidents.every() {
        let texts = [incident.title(), incident.service().to_string(), incident.why.clone()];
        for text in &texts {
            assert!(
                !text.contains(['\u{1b}', '\u{7}', '\u{202e}']) && text.chars().count() <= 2_000,
                "{text:?}"
            );
        }
        assert!(incidents.get(&incident.id).is_some());
        let _ = postmortem::markdown(&settings(), &bad, &incident.id);
    }
    room.incidents.absorb(&bad);
    room.round(at("3m"), &["High checkout P2"], CHECKOUT);
}

#[test]
fn a_storm_of_alerts_stays_within_bounds() {
    let specs: Vec<String> = (0..3_000).map(|i| format!("A{i} s{} P3", i % 900)).collect();
    let firing: Vec<&str> = specs.iter().map(String::as_str).collect();
    let mut room = Room::new(settings());
    room.round(at("1m"), &firing, &["s0"]);
    assert!(room.incidents.open().len() <= 501, "{}", room.incidents.open().len());
    assert_eq!(room.round(at("1m15s"), &firing, &["s0"]), [""; 0]);
    // One service with very many alerts lists some of them, and ends when all have gone.
    let specs: Vec<String> = (0..1_000).map(|i| format!("A{i} checkout P3")).collect();
    let firing: Vec<&str> = specs.iter().map(String::as_str).collect();
    let mut room = Room::new(settings());
    room.round(at("1m"), &firing, CHECKOUT);
    assert_eq!(room.only().alerts.len(), 200);
    room.round(at("2m"), &firing[500..], CHECKOUT);
    room.round(at("20m"), &firing[999..], CHECKOUT);
    assert_eq!(room.only().firing().count(), 1);
    room.round(at("21m"), &[], CHECKOUT);
    room.round(at("26m"), &[], CHECKOUT);
    assert!(room.incidents.open().is_empty());
}

#[test]
fn related_signals_are_pulled_in_by_time() {
    let mut room = Room::new(settings());
    room.round(at("0s"), &[], &["checkout needs=db version=v1,v1", "db", "mail"]);
    // Too early, and of another service.
    room.incidents.happened(Happening {
        at: at("1m"),
        service: "db".into(),
        kind: HappeningKind::Restarted,
        text: "long ago".to_owned(),
    });
    room.round(at("20m"), &[], &["checkout needs=db version=v2,v1", "db", "mail breakers=smtp"]);
    assert!(room.incidents.watching("checkout", at("20m")) && !room.incidents.watching("mail", at("20m")));
    room.round(
        at("30m"),
        &["High checkout P2"],
        &["checkout needs=db version=v2,v1 breakers=payments", "db", "mail"],
    );
    let done = HappeningKind::ActionDone {
        action: "rollback".to_owned(),
        outcome: "ok".to_owned(),
        event_id: "act-1".to_owned(),
    };
    room.incidents.happened(Happening {
        at: at("35m"),
        service: "checkout".into(),
        kind: done,
        text: String::new(),
    });
    room.round(
        at("36m"),
        &["High checkout P2"],
        &["checkout needs=db version=v1,v1", "db state=down up=0/2", "mail"],
    );
    let told: Vec<String> = room
        .only()
        .timeline
        .iter()
        .filter(|item| item.kind == "signal")
        .map(|item| item.text.clone())
        .collect();
    let expected = [
        "checkout: deploy v1 -> v2; on 1 of 2 instances",
        "checkout: breaker payments opened",
        "checkout: action rollback: ok",
        "checkout: breaker payments closed",
        "checkout: db, which it needs, is down",
    ];
    let mut sorted = told.clone();
    sorted.sort();
    let mut wanted = expected.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(sorted, wanted);
    assert_eq!(room.only().services.join(","), "db,checkout");
    let moves: Vec<String> = room.incidents.moves(room.only()).into_iter().map(|it| it.text).collect();
    assert!(moves.iter().any(|text| text.starts_with("roll checkout back to v1")), "{moves:?}");
}

#[test]
fn first_moves_come_from_the_configuration_then_from_what_is_known() {
    let settings = configured(
        "service.checkout.select = '{job=\"x\"}'\nincident.moves.own = { alerts = [\"circuit*\"], service = \"checkout\", \
         steps = [\"call payments\"], runbook = \"https://wiki/p\" }",
    );
    for (spec, first, some) in [
        ("CircuitBreakerOpen checkout P2", "call payments", "look at what lies behind the breaker"),
        ("CircuitBreakerOpen mail P2", "look at what lies behind the breaker", "wait for it"),
        ("DatabaseConnectionFailure mail P1", "check the database's URL", "look whether the database"),
        ("RedisDown mail P1", "start Redis again", "expect a cold cache"),
        ("GrpcTimeout mail P1", "restart the service behind", "look at its latency"),
        ("HighMemoryUsage mail P3", "restart the instances", "look whether it began with a deploy"),
        ("QueueBacklog mail P3", "look whether the consumers run", "add consumers"),
        ("TargetDown mail P1", "look whether the process runs", "restart the instance"),
        ("CertificateExpiry mail P3", "renew the certificate", "look why"),
        ("SloBurnFast mail P1", "see which requests fail", "roll back"),
    ] {
        let mut room = Room::new(Arc::clone(&settings));
        room.round(at("1m"), &[spec], &["checkout", "mail"]);
        let moves = room.incidents.moves(room.only());
        assert!(moves[0].text.starts_with(first), "{spec}: {moves:?}");
        assert!(moves.iter().any(|it| it.text.starts_with(some)), "{spec}: {moves:?}");
    }
}

/// The course of CONTRACTS: paged, acknowledged, mitigated, over.
fn a_whole_incident() -> Room {
    let mut room = Room::new(settings());
    let bad =
        &["checkout errors=0.08 latency=0.9 requests=100 budget=0.4 burn=21.4 needs=db version=v2,v2", "db"]
            [..];
    let good =
        &["checkout errors=0 latency=0.1 requests=100 budget=0.31 burn=0.5 needs=db version=v1,v1", "db"][..];
    room.round(at("0s"), &[], &["checkout errors=0 latency=0.1 version=v1,v1 needs=db budget=0.41", "db"]);
    for minute in 1..=10 {
        room.round(at(&format!("{minute}m")), &["HighErrorRate checkout P2"], bad);
        if minute == 4 {
            room.act("INC", Act::Acknowledge, "ada", at("4m10s")).unwrap();
            room.act("INC", Act::Note("looks like | the *new* version".to_owned()), "ada", at("4m20s"))
                .unwrap();
        }
    }
    let act = |action: &str, status: &str, more: serde_json::Value| {
        let mut details = serde_json::json!({ "id": "a1", "service": "checkout", "action": "rollback" });
        details.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Entry {
            at: at("10m30s"),
            event_id: action.to_owned(),
            level: Level::Info,
            category: Category::Action,
            action: action.to_owned(),
            who: who("ada"),
            status: status.to_owned(),
            details: details.as_object().unwrap().clone(),
        }
    };
    room.journal.push(act("action.sent", "sent", serde_json::json!({ "reason": "new version" })));
    room.journal.push(act("action.outcome", "ok", serde_json::json!({})));
    let figures = serde_json::json!({ "verdict": "helped", "figures": ["errors 8% -> 0%"] });
    room.journal.push(act("action.verdict", "helped", figures));
    for minute in 11..=20 {
        room.round(at(&format!("{minute}m")), &[], good);
    }
    assert!(room.incidents.open().is_empty());
    room
}

#[test]
fn a_post_mortem_is_written_from_the_journal_alone() {
    let room = a_whole_incident();
    let text = postmortem::markdown(&settings(), &room.journal, "INC-20251003").unwrap();
    for line in [
        "# INC-2025-1003-001: HighErrorRate on checkout",
        "| Severity | P1: errors 8% (\\> 5%) |",
        "| Began | 2025-10-03 10:01:00 |",
        "| Detected | 2025-10-03 10:01:00 |",
        "| Acknowledged | 2025-10-03 10:04:10 |",
        "| Mitigated | 2025-10-03 10:11:00 |",
        "| Recovered | 2025-10-03 10:11:00 |",
        "| Time to acknowledge (detected to acknowledged) | 3m |",
        "| Time to recover (began to recovered) | 10m |",
        // 10 minutes of 100 requests a second, 8 % of them failed; then 5 minutes without.
        "| Users hit | about 4800 of 90000 requests failed (counted from a figure a minute); users: _to fill in_ |",
        "| Error budget spent | 9% of it (from 40% left to 31%) |",
        "errors       ██████████▁▁▁▁▁  min 0%  max 8%",
        "| 2025-10-03 10:04:20 | note: looks like \\| the \\*new\\* version | ada |",
        "| 2025-10-03 10:10:30 | checkout rollback (new version) | ada | ok, helped | errors 8% -\\> 0% |",
        "## Root cause",
        "## Prevention",
        "## Lessons",
    ] {
        assert!(text.contains(line), "{line}\n---\n{text}");
    }
    let unknown = postmortem::markdown(&settings(), &room.journal, "INC-2024").unwrap_err();
    assert!(unknown.to_string().starts_with("there is no incident \"INC-2024\"; nearest: INC-20251003-"));
    assert!(postmortem::markdown(&settings(), &[], "INC-1").is_err());
}

#[test]
fn notices_say_what_is_known() {
    let mut room = Room::new(settings());
    room.round(at("1m"), &["HighErrorRate checkout P2"], &["checkout errors=0.062 latency=0.2 requests=50"]);
    let words = notice::Words::default();
    let told = |room: &Room, time: &str| notice::fitting(&room.incidents, room.only(), &words, at(time));
    assert_eq!(
        told(&room, "4m"),
        "[P1] checkout: HighErrorRate on checkout\nImpact: errors 6.2% (> 5%) (errors 6.2%, latency 200ms, 50 requests/s)\n\
         Began: 10:01 UTC\nNext update: 10:34 UTC\nChannel: #incidents\nEngineer: nobody yet"
    );
    room.act("INC", Act::Acknowledge, "ada", at("5m")).unwrap();
    assert_eq!(
        told(&room, "15m"),
        "[P1] checkout: HighErrorRate on checkout\nCause: under investigation\nMitigation: under way\n\
         State: being worked on, 1 alert firing, 14m\nNext update: 10:45 UTC"
    );
    room.act("INC", Act::Resolve("rolled back to v41".to_owned()), "ada", at("31m")).unwrap();
    let incident = room.incidents.recent()[0];
    let more = notice::Words { cause: "a bad deploy {title}".to_owned(), ..notice::Words::default() };
    assert_eq!(
        notice::fitting(&room.incidents, incident, &more, at("40m")),
        "[RESOLVED] checkout: HighErrorRate on checkout\nDuration: 30m\nCause: a bad deploy {title}\nFix: rolled back to v41"
    );
}
