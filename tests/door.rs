//! The door, tried as an attacker would: every rule of it, as a table; and the confirm box, with any keys whatever.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use warroom::action::confirm::{DISARM, GUARD, Outcome};
use warroom::action::door::approve;
use warroom::action::{
    Checked, Confirm, Draft, Ended, Facts, How, Ledger, Passed, Policy, Press, Proposal, Refused, ShotEnd,
    Typed, authorize, entry,
};
use warroom::config::{Actions, Source, load};
use warroom::journal::{Entry, Who};
use warroom::plan::Plan;
use warroom::target::health::State;
use warroom::text::Clean;
use warroom::units::Timestamp;

const CONFIG: &str = r#"
auth.key = { bearer = ["env:ADMIN_TOKEN", "file:/run/next"] }
environment.prod = { actions = "confirm" }
[service.checkout]
environment = "prod"
instances = ["http://a:1/base", "http://b:2", "http://c:3"]
auth = "key"
[service.search]
environment = "prod"
instances = ["http://s:1"]
[service.stray]
instances = ["http://x:1"]

[action.restart]
preset = "admin-api.restart"
services = ["checkout", "search", "stray"]
[action.flush]
preset = "admin-api.flush-cache"
services = ["checkout"]
[action.rollback]
preset = "admin-api.rollback"
services = ["checkout"]
[action.roll]
kind = "restart"
hazard = "service"
instances = "rolling"
services = ["checkout"]
request = { path = "/restart" }
[action.all]
kind = "restart"
hazard = "service"
instances = "all"
services = ["checkout"]
request = { path = "/restart" }
[action.guarded]
hazard = "service"
services = ["checkout"]
request = { path = "/do" }
checks.database = { expr = 'up{job="db"} == 1', otherwise = "the database is down" }
[action.free]
hazard = "service"
services = ["checkout"]
request = { method = "PUT", path = "/q/{x}/contents?n={x}", headers = { X-Note = "n {note}" }, json = { text = "{x}", deep = [{ why = "because {note}" }] } }
params.x = { max = 100 }
params.note = { max = 100, default = "none" }
[action.text]
hazard = "service"
services = ["checkout"]
request = { path = "/t", form = { a = "{x}" } }
params.x = { pattern = "[a-z]+" }
"#;

fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        let source = Source { name: "t.toml".to_owned(), text: CONFIG.to_owned() };
        let config = load(&[source]).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Plan::compile(&config, 1).unwrap_or_else(|problems| panic!("{problems:#?}"))
    })
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_760_000_000_000 + ms)
}

fn who(user: &str) -> Who {
    Who {
        user: Clean::new(user),
        host: Clean::new("bastion"),
        address: Some(Clean::new("10.0.0.1")),
        ..Who::default()
    }
}

fn facts() -> Facts {
    Facts { seen_at: at(0), generation: 1, health: State::Degraded, instances: (2, 3), ..Facts::default() }
}

fn draft(plan: &Plan, service: &str, action: &str, values: &[(&str, &str)]) -> Draft {
    let action = Arc::clone(plan.actions.iter().find(|a| *a.name == *action).unwrap());
    let listed =
        r#"[{"id":"2","current":true},{"id":"1","current":false,"deployed_at":"2026-01-01T00:00:00Z"}]"#;
    let listed: Value = serde_json::from_str(listed).unwrap();
    let mut choices = BTreeMap::new();
    for param in &action.params {
        if let warroom::action::spec::ParamKind::Listed(listing) = &param.kind {
            choices.insert(param.name.clone(), listing.choices(&listed).unwrap());
        }
    }
    Draft {
        action,
        service: service.into(),
        instances: Vec::new(),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        choices,
        who: who("anna"),
        incident: Some("INC-1".to_owned()),
        facts: facts(),
        nonce: 7,
        at: at(0),
    }
}

fn propose(plan: &Plan, service: &str, action: &str, values: &[(&str, &str)]) -> Proposal {
    Proposal::new(draft(plan, service, action, values)).unwrap()
}

/// Sent, as the sender writes it, at `ms`.
fn sent(plan: &Plan, service: &str, action: &str, nonce: u64, ms: i64) -> Vec<Entry> {
    let mut draft = draft(plan, service, action, &[]);
    draft.nonce = nonce;
    draft.at = at(ms);
    let proposal = Proposal::new(draft).unwrap();
    let typed = Typed::headless(&proposal, proposal.phrase(), "why", at(ms));
    let policy = plan.action_policy(service);
    let authorized = authorize(&policy, &Ledger::default(), proposal, &typed, &facts(), at(ms)).unwrap();
    let mut run = authorized.into_run();
    let mut entries = Vec::new();
    while let Some(shot) = run.next_shot() {
        entries.push(shot.receipt().sent(at(ms)));
        run.report(ShotEnd::Settled);
    }
    entries
}

fn ended(how: How) -> Ended {
    Ended {
        how,
        status: Some(202),
        body: Clean::default(),
        note: Clean::default(),
        job: None,
        took: Duration::from_secs(1),
    }
}

/// One attempt: everything as it should be, but for what `spoil` does.
struct Attempt {
    policy: Policy,
    ledger: Ledger,
    proposal: Proposal,
    typed: Typed,
    facts: Facts,
    at: Timestamp,
}

fn attempt(plan: &Plan, service: &str, action: &str, values: &[(&str, &str)]) -> Attempt {
    let proposal = propose(plan, service, action, values);
    let typed = Typed::headless(&proposal, proposal.phrase(), "5xx since 13:49", at(1_000));
    Attempt {
        policy: plan.action_policy(service),
        ledger: Ledger::default(),
        typed,
        proposal,
        facts: facts(),
        at: at(2_000),
    }
}

impl Attempt {
    fn run(self) -> Result<warroom::action::Authorized, Refused> {
        authorize(&self.policy, &self.ledger, self.proposal, &self.typed, &self.facts, self.at)
    }
}

#[test]
fn who_does_everything_right_gets_through_with_exactly_that_request() {
    let plan = plan();
    let authorized = attempt(plan, "checkout", "rollback", &[("version", "1")]).run().unwrap();
    let requests: Vec<Value> = authorized.requests().map(warroom::action::Request::to_json).collect();
    let key = authorized.proposal().id().to_owned();
    assert_eq!(
        requests,
        [json!({
            "method": "POST", "url": "http://a:1/base/admin/rollback", "auth": "key", "body": { "version": "1" },
            "headers": { "Idempotency-Key": key, "X-Reason": "5xx since 13:49", "X-Actor": "anna" },
        })]
    );
    let curl = authorized.requests().next().unwrap().curl();
    assert!(curl.contains("-H \"Authorization: Bearer $ADMIN_TOKEN\""), "{curl}");
    assert!(curl.contains(r#"--data-raw '{"version":"1"}' 'http://a:1/base/admin/rollback'"#), "{curl}");
}

type Spoil = fn(&Plan, &mut Attempt);

#[test]
fn every_rule_of_the_door_keeps_out_what_it_is_for() {
    let plan = plan();
    let rows: &[(&str, &str, Spoil)] = &[
        ("", "restart", |_, _| {}),
        ("read-only", "restart", |_, a| a.policy.read_only = true),
        ("off", "restart", |_, a| a.policy.actions = Actions::Off),
        ("off", "restart", |_, a| a.policy = Policy::default()),
        // Another environment's policy, or one of no environment at all.
        ("off", "restart", |_, a| a.policy.environment = Some("lab".into())),
        ("off", "restart", |_, a| a.policy.environment = None),
        ("kind-not-allowed", "restart", |_, a| {
            a.policy.kinds = vec![warroom::action::ActionKind::FlushCache];
        }),
        ("not-this-user", "restart", |_, a| a.policy.users = vec!["ben".to_owned(), "Anna".to_owned()]),
        ("", "restart", |_, a| a.policy.users = vec!["anna".to_owned()]),
        // 2025-10-09 is a Thursday.
        ("frozen", "restart", |_, a| {
            a.policy.freezes = vec![warroom::action::Freeze::parse("Thu 00:00 - Fri 00:00 UTC").unwrap()];
        }),
        ("wrong-phrase", "restart", |_, a| a.typed = Typed::headless(&a.proposal, "", "r", at(1_000))),
        ("wrong-phrase", "restart", |_, a| a.typed = Typed::headless(&a.proposal, "y", "r", at(1_000))),
        ("wrong-phrase", "restart", |_, a| {
            a.typed = Typed::headless(&a.proposal, "Checkout", "r", at(1_000));
        }),
        ("wrong-phrase", "restart", |_, a| {
            a.typed = Typed::headless(&a.proposal, "checkout ", "r", at(1_000));
        }),
        ("wrong-phrase", "restart", |_, a| a.typed = Typed::headless(&a.proposal, "restart", "r", at(1_000))),
        ("wrong-phrase", "flush", |_, a| a.typed = Typed::headless(&a.proposal, "checkout", "r", at(1_000))),
        ("", "flush", |_, a| a.typed = Typed::headless(&a.proposal, "y", "", at(1_000))),
        // The arm has expired, or comes from the future.
        ("expired", "restart", |_, a| a.at = at(1_000) + DISARM + Duration::from_millis(1)),
        ("", "restart", |_, a| a.at = at(1_000) + DISARM),
        ("expired", "restart", |_, a| a.at = at(999)),
        // Another proposal's confirmation.
        ("other-proposal", "restart", |plan, a| {
            let other = propose(plan, "search", "restart", &[]);
            a.typed = Typed::headless(&other, "checkout", "r", at(1_000));
        }),
        ("other-proposal", "restart", |_, a| a.proposal = a.proposal.clone().renewed(facts(), 8, at(500))),
        // Replayed: the journal knows its id, however old.
        ("replayed", "restart", |plan, a| {
            a.ledger = Ledger::of(&sent(plan, "checkout", "restart", 7, 0));
        }),
        ("in-flight", "restart", |plan, a| {
            a.ledger = Ledger::of(&sent(plan, "checkout", "restart", 9, -1_000));
        }),
        // Another action of the same service counts as well; another service's does not.
        ("in-flight", "flush", |plan, a| {
            a.ledger = Ledger::of(&sent(plan, "checkout", "restart", 9, -1_000));
        }),
        ("", "restart", |plan, a| a.ledger = Ledger::of(&sent(plan, "search", "restart", 9, -1_000))),
        ("cooling-down", "restart", |plan, a| a.ledger = done(plan, How::Done, -10_000)),
        ("cooling-down", "restart", |plan, a| a.ledger = done(plan, How::Unknown, -10_000)),
        ("", "restart", |plan, a| a.ledger = done(plan, How::NotSent, -10_000)),
        ("", "restart", |plan, a| a.ledger = done(plan, How::Withdrawn, -10_000)),
        ("", "restart", |plan, a| a.ledger = done(plan, How::Done, -118_000)),
        ("", "flush", |plan, a| a.ledger = done(plan, How::Done, -10_000)),
        ("state-changed", "restart", |_, a| a.facts.health = State::Up),
        ("state-changed", "restart", |_, a| a.facts.instances = (1, 3)),
        ("state-changed", "restart", |_, a| a.facts.version = Some(Clean::new("3"))),
        ("state-changed", "restart", |_, a| a.facts.generation = 2),
        ("state-changed", "restart", |_, a| {
            a.facts.breakers = vec![(Clean::new("db"), warroom::target::BreakerState::Open)];
        }),
        // Figures drift; that is no change of state.
        ("", "restart", |_, a| a.facts.figures.errors = Some(0.5)),
        ("pre-check-failed", "guarded", |_, _| {}),
        ("pre-check-failed", "guarded", |_, a| a.facts.checks = vec![made("other", Passed::Yes)]),
        ("pre-check-failed", "guarded", |_, a| {
            a.facts.checks = vec![made("database", Passed::No(Clean::new("0")))];
        }),
        ("pre-check-failed", "guarded", |_, a| {
            a.facts.checks = vec![made("database", Passed::Unknown(Clean::new("no data")))];
        }),
        // What was seen when it was proposed does not count at the door.
        ("pre-check-failed", "guarded", |plan, a| {
            let mut draft = draft(plan, "checkout", "guarded", &[]);
            draft.facts.checks = vec![made("database", Passed::Yes)];
            a.proposal = Proposal::new(draft).unwrap();
        }),
        ("", "guarded", |_, a| a.facts.checks = vec![made("database", Passed::Yes)]),
        ("needs-reason", "rollback", |_, a| {
            a.typed = Typed::headless(&a.proposal, "checkout", " \t", at(1_000));
        }),
        ("param-invalid", "restart", |_, a| {
            a.typed = Typed::headless(&a.proposal, "checkout", &"r".repeat(301), at(1_000));
        }),
        ("needs-second-person", "rollback", |_, a| {
            a.policy.two_key = Some(warroom::action::Hazard::Production);
        }),
        ("", "restart", |_, a| a.policy.two_key = Some(warroom::action::Hazard::Production)),
        ("needs-second-person", "flush", |_, a| a.policy.two_key = Some(warroom::action::Hazard::Reversible)),
    ];
    for (number, (wanted, action, spoil)) in rows.iter().enumerate() {
        let values: &[(&str, &str)] = if *action == "rollback" { &[("version", "1")] } else { &[] };
        let mut attempt = attempt(plan, "checkout", action, values);
        spoil(plan, &mut attempt);
        let outcome = attempt.run();
        let word = outcome.as_ref().err().map_or("", Refused::word);
        assert_eq!(word, *wanted, "row {number}, {action}: {outcome:?}");
        if let Err(refused) = outcome {
            let text = refused.to_string();
            assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
        }
    }
}

fn made(name: &str, passed: Passed) -> Checked {
    Checked { name: name.to_owned(), passed }
}

/// A restart of checkout that was sent at `ms` and ended so a second later.
fn done(plan: &Plan, how: How, ms: i64) -> Ledger {
    let mut draft = draft(plan, "checkout", "restart", &[]);
    draft.nonce = 99;
    let proposal = Proposal::new(draft).unwrap();
    let typed = Typed::headless(&proposal, "checkout", "", at(ms));
    let authorized =
        authorize(&plan.action_policy("checkout"), &Ledger::default(), proposal, &typed, &facts(), at(ms))
            .unwrap();
    let shot = authorized.into_run().next_shot().unwrap();
    Ledger::of(&[shot.receipt().sent(at(ms)), shot.receipt().ended(&ended(how), at(ms + 1_000))])
}

#[test]
fn a_service_without_an_environment_is_never_changed() {
    let plan = plan();
    assert_eq!(attempt(plan, "stray", "restart", &[]).run().unwrap_err().word(), "off");
}

#[test]
fn a_crash_between_journal_and_answer_is_found_and_two_warrooms_agree() {
    let plan = plan();
    let first = sent(plan, "checkout", "restart", 1, 0);
    let second = sent(plan, "checkout", "flush", 2, 10);
    let ledger = Ledger::of(first.iter().chain(&second));
    let key = |entries: &[Entry]| entries[0].details["idempotency_key"].as_str().unwrap().to_owned();
    // Both were written before either read: the order of the journal decides, and both see the same.
    let none = Duration::ZERO;
    assert_eq!(ledger.claim("checkout", &key(&first), none, at(20)), Ok(()));
    assert_eq!(ledger.claim("checkout", &key(&second), none, at(20)).unwrap_err().word(), "in-flight");
    assert!(ledger.claim("checkout", "not in the journal", none, at(20)).is_err());
    // 30 s of the request and 10 min of the job: after that nobody knows.
    let late = at(30_000 + 600_000);
    assert_eq!(ledger.unknown(at(20)).count(), 0);
    assert!(ledger.in_flight("checkout", at(20)).is_some());
    assert_eq!(ledger.unknown(late).count(), 2);
    assert!(ledger.in_flight("checkout", late).is_none());
    // Hostile or torn entries are passed over.
    let mut torn = first[0].clone();
    torn.details.remove("id");
    let mut odd = first[0].clone();
    odd.details.insert("turn".to_owned(), json!("x\u{1b}[2J"));
    odd.details.insert("patience_ms".to_owned(), json!(u64::MAX));
    let ledger = Ledger::of(&[torn, odd]);
    assert_eq!(ledger.acts().len(), 1);
    assert!(ledger.in_flight("checkout", at(0)).is_some());
}

/// Whoever judged before another's line was there learns it from the claim, also of what has ended meanwhile.
#[test]
fn the_claim_keeps_the_cool_down_and_takes_each_request_once() {
    let plan = plan();
    let key = |entries: &[Entry]| entries[0].details["idempotency_key"].as_str().unwrap().to_owned();
    let (rest, second) = (Duration::from_secs(120), sent(plan, "checkout", "restart", 2, 5_000));
    for (how, first, wanted) in [
        (How::Done, "restart", "cooling-down"),
        (How::Unknown, "restart", "cooling-down"),
        (How::NotSent, "restart", ""),
        (How::Withdrawn, "restart", ""),
        (How::Done, "flush", ""),
    ] {
        let mut draft = draft(plan, "checkout", first, &[]);
        draft.nonce = 1;
        let proposal = Proposal::new(draft).unwrap();
        let typed = Typed::headless(&proposal, proposal.phrase(), "", at(0));
        let policy = plan.action_policy("checkout");
        let opened = authorize(&policy, &Ledger::default(), proposal, &typed, &facts(), at(0)).unwrap();
        let shot = opened.into_run().next_shot().unwrap();
        let mut lines = vec![shot.receipt().sent(at(0)), shot.receipt().ended(&ended(how), at(1_000))];
        lines.extend(second.iter().cloned());
        let claim = |ledger: &Ledger| {
            let claimed = ledger.claim("checkout", &key(&second), rest, at(5_010));
            claimed.err().map_or("", |why| why.word())
        };
        assert_eq!(claim(&Ledger::of(&lines)), wanted, "{first} {how:?}");
        // The same request a second time: neither knows which of them is the first, so neither leaves.
        lines.extend(second.iter().cloned());
        assert_eq!(claim(&Ledger::of(&lines)), "replayed", "{first} {how:?}");
    }
}

/// The ledger is bounded, and nobody can make it forget what matters by being refused often.
#[test]
fn a_flood_of_refusals_pushes_nothing_out() {
    let plan = plan();
    let mut ledger = done(plan, How::Done, 0);
    for entry in sent(plan, "search", "restart", 3, 0) {
        ledger.take(&entry);
    }
    for nonce in 100..2_300 {
        let mut draft = draft(plan, "checkout", "flush", &[]);
        draft.nonce = nonce;
        let proposal = Proposal::new(draft).unwrap();
        ledger.take(&entry::refused(&proposal, &Refused::Pasted, at(1_000)));
    }
    assert_eq!(ledger.acts().len(), 2_000);
    assert_eq!(ledger.last_sent("checkout", "restart"), Some(at(0)));
    assert!(ledger.in_flight("search", at(2_000)).is_some());
}

#[test]
fn a_second_person_approves_exactly_that_once_and_in_time() {
    let plan = plan();
    let values = [("version", "1")];
    let proposal = propose(plan, "checkout", "rollback", &values);
    let asked = entry::proposed(&proposal, &Clean::new("why"), at(0));
    let ledger = Ledger::of(std::slice::from_ref(&asked));
    let id = proposal.id();
    let policy = plan.action_policy("checkout");
    let word = |outcome: Result<_, Refused>| outcome.err().map_or("", |refused| refused.word());
    let sudo = Who { sudo: Some(Clean::new("anna")), ..who("root") };
    for (wanted, id, who, ms) in [
        ("same-person", id, who("anna"), 10),
        ("same-person", id, sudo, 10),
        ("no-such-proposal", "x", who("ben"), 10),
        ("no-such-proposal", id, who("ben"), 1_800_001),
    ] {
        assert_eq!(word(approve(&policy, &ledger, id, &who, at(ms)).map(drop)), wanted);
    }
    let only = |users: &[&str]| Policy {
        users: users.iter().map(|user| (*user).to_owned()).collect(),
        ..policy.clone()
    };
    let told = |policy: &Policy| word(approve(policy, &ledger, id, &who("ben"), at(10)).map(drop));
    assert_eq!(told(&only(&["anna", "carl"])), "not-this-user");
    assert_eq!(told(&only(&["anna", "ben"])), "");
    assert_eq!(told(&Policy { read_only: true, ..policy.clone() }), "read-only");
    let yes = approve(&policy, &ledger, id, &who("ben"), at(10)).unwrap();

    let try_with = |entries: &[Entry], action: &str, values: &[(&str, &str)], user: &str, ms: i64| {
        let mut draft = draft(plan, "checkout", action, values);
        (draft.who, draft.nonce) = (who(user), 55);
        let mut attempt = attempt(plan, "checkout", action, values);
        attempt.policy.two_key = Some(warroom::action::Hazard::Reversible);
        attempt.proposal = Proposal::new(draft).unwrap();
        attempt.typed = Typed::headless(&attempt.proposal, attempt.proposal.phrase(), "r", at(ms));
        attempt.at = at(ms);
        attempt.ledger = Ledger::of(entries);
        attempt.run()
    };
    let word = |outcome: Result<warroom::action::Authorized, Refused>| word(outcome.map(drop));
    let both = [asked.clone(), yes.clone()];
    assert_eq!(word(try_with(&both, "rollback", &values, "anna", 2_000)), "");
    // Something else, somebody else, too late.
    assert_eq!(word(try_with(&both, "restart", &[], "anna", 2_000)), "needs-second-person");
    assert_eq!(word(try_with(&both, "rollback", &values, "ben", 2_000)), "needs-second-person");
    assert_eq!(word(try_with(&both, "rollback", &values, "anna", 1_800_011)), "needs-second-person");
    // Forged: by the same person, before it was proposed, of something else.
    let mut same = yes.clone();
    same.who = who("anna");
    let mut other = yes.clone();
    other.details.insert("what".to_owned(), json!({}));
    for forged in [[asked.clone(), same], [yes.clone(), asked.clone()], [asked.clone(), other]] {
        assert_eq!(word(try_with(&forged, "rollback", &values, "anna", 2_000)), "needs-second-person");
    }
    // Used up, even though it failed and the cool-down is over.
    let run = try_with(&both, "rollback", &values, "anna", 2_000).unwrap();
    let shot = run.into_run().next_shot().unwrap();
    let mut used = both.to_vec();
    used.push(shot.receipt().sent(at(2_000)));
    used.push(shot.receipt().ended(&ended(How::Failed), at(3_000)));
    let mut again = draft(plan, "checkout", "rollback", &values);
    again.nonce = 56;
    let again = Proposal::new(again).unwrap();
    let mut attempt = attempt(plan, "checkout", "rollback", &values);
    attempt.policy.two_key = Some(warroom::action::Hazard::Production);
    attempt.typed = Typed::headless(&again, "checkout", "r", at(400_000));
    (attempt.proposal, attempt.at, attempt.ledger) = (again, at(400_000), Ledger::of(&used));
    assert_eq!(word(attempt.run()), "needs-second-person");
}

#[test]
fn a_run_gives_each_request_out_once_and_stops_where_it_must() {
    use ShotEnd::{Failed, NotSettled, Settled, Unknown};
    let plan = plan();
    let rows: &[(&str, &[ShotEnd], usize)] = &[
        ("restart", &[Settled, Settled, Settled], 1),
        ("all", &[Settled, Failed, NotSettled], 3),
        ("all", &[Settled, Unknown, Settled], 2),
        ("roll", &[Settled, Settled, Settled], 3),
        ("roll", &[Settled, NotSettled, Settled], 2),
        ("roll", &[Failed, Settled, Settled], 1),
        ("roll", &[Unknown, Settled, Settled], 1),
    ];
    for (action, ends, wanted) in rows {
        let mut run = attempt(plan, "checkout", action, &[]).run().unwrap().into_run();
        let mut keys = Vec::new();
        for end in *ends {
            let Some(shot) = run.next_shot() else { break };
            assert!(run.next_shot().is_none(), "{action}: not before the last one was reported");
            keys.push(shot.receipt().key().to_owned());
            run.report(*end);
        }
        assert_eq!(keys.len(), *wanted, "{action} {ends:?}");
        keys.dedup();
        assert_eq!(keys.len(), *wanted, "{action}: each has a key of its own");
        assert!(run.next_shot().is_none() || *action != "restart");
    }
    let mut picked = draft(plan, "checkout", "restart", &[]);
    picked.instances = vec!["b:2".into()];
    assert_eq!(&*Proposal::new(picked.clone()).unwrap().instances()[0].name, "b:2");
    picked.instances = vec!["evil:1".into()];
    assert_eq!(Proposal::new(picked).unwrap_err().word(), "no-such-instance");
}

#[test]
fn no_value_becomes_more_than_a_value() {
    let plan = plan();
    let rows: &[(&str, Option<&str>)] = &[
        ("plain", Some("http://a:1/base/q/plain/contents?n=plain")),
        ("a/b", Some("http://a:1/base/q/a%2Fb/contents?n=a%2Fb")),
        ("../../etc", Some("http://a:1/base/q/..%2F..%2Fetc/contents?n=..%2F..%2Fetc")),
        ("a?x=1&y=2#z", Some("http://a:1/base/q/a%3Fx%3D1%26y%3D2%23z/contents?n=a%3Fx%3D1%26y%3D2%23z")),
        ("http://evil/", Some("http://a:1/base/q/http%3A%2F%2Fevil%2F/contents?n=http%3A%2F%2Fevil%2F")),
        ("@evil", Some("http://a:1/base/q/%40evil/contents?n=%40evil")),
        ("%2e%2e", Some("http://a:1/base/q/%252e%252e/contents?n=%252e%252e")),
        ("\\..\\", Some("http://a:1/base/q/%5C..%5C/contents?n=%5C..%5C")),
        ("{service}", Some("http://a:1/base/q/%7Bservice%7D/contents?n=%7Bservice%7D")),
        ("ü", Some("http://a:1/base/q/%C3%BC/contents?n=%C3%BC")),
        (
            "\"},\"admin\":true,{\"",
            Some(
                "http://a:1/base/q/%22%7D%2C%22admin%22%3Atrue%2C%7B%22/contents?n=%22%7D%2C%22admin%22%3Atrue%2C%7B%22",
            ),
        ),
        ("..", None),
        (".", None),
        ("", None),
        ("a\r\nX-Evil: 1", None),
        ("a\0b", None),
        (&"x".repeat(101), None),
    ];
    for (value, wanted) in rows {
        let made = Proposal::new(draft(plan, "checkout", "free", &[("x", value)]));
        let Some(url) = wanted else {
            assert_eq!(made.unwrap_err().word(), "param-invalid", "{value:?}");
            continue;
        };
        let request = made.unwrap().requests(&Clean::new("r"), at(0)).unwrap().remove(0);
        assert_eq!(request.url.as_str(), *url, "{value:?}");
        let body: Value = serde_json::from_slice(&request.body.bytes()).unwrap();
        assert_eq!(body, json!({ "text": value, "deep": [{ "why": "because none" }] }), "{value:?}");
    }
    // Headers take printable ASCII only; a form encodes; a pattern is of the whole.
    for (action, values, wanted) in [
        ("free", [("x", "a"), ("note", "b: c")], ""),
        ("free", [("x", "a"), ("note", "ü")], "param-invalid"),
        ("free", [("x", "a"), ("other", "1")], "param-invalid"),
        ("text", [("x", "abc"), ("x", "abc")], ""),
        ("text", [("x", "abc1"), ("x", "abc1")], "param-invalid"),
        ("text", [("x", "abc\n"), ("x", "abc\n")], "param-invalid"),
        ("rollback", [("version", "1"), ("version", "1")], ""),
        ("rollback", [("version", "2"), ("version", "2")], "param-invalid"),
        ("rollback", [("version", "9"), ("version", "9")], "param-invalid"),
    ] {
        let made = Proposal::new(draft(plan, "checkout", action, &values));
        assert_eq!(made.as_ref().err().map_or("", Refused::word), wanted, "{action} {values:?}");
    }
    // A version whose list could not be read is not taken on trust.
    let mut blind = draft(plan, "checkout", "rollback", &[("version", "1")]);
    blind.choices.clear();
    assert_eq!(Proposal::new(blind).unwrap_err().word(), "param-invalid");
    // A hostile reason cannot end the header early, and curl cannot be made to run it.
    let proposal = propose(plan, "checkout", "rollback", &[("version", "1")]);
    let typed = Typed::headless(&proposal, "checkout", "it's\r\nX-Evil: 1; $(reboot) `x` ü", at(1_000));
    let authorized =
        authorize(&plan.action_policy("checkout"), &Ledger::default(), proposal, &typed, &facts(), at(1_000))
            .unwrap();
    let request = authorized.requests().next().unwrap();
    for (_, value) in &request.headers {
        assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{value}");
    }
    assert!(request.curl().contains("X-Reason: UTF-8"), "{}", request.curl());
    assert!(!request.curl().contains("$(reboot)"), "{}", request.curl());
}

#[test]
fn an_entry_says_everything_and_no_secret() {
    let plan = plan();
    let entries = sent(plan, "search", "restart", 1, 0);
    let details = &entries[0].details;
    assert_eq!(entries[0].action, "action.sent");
    assert_eq!(entries[0].who, who("anna"));
    for (pointer, wanted) in [
        ("/service", json!("search")),
        ("/action", json!("restart")),
        ("/kind", json!("restart")),
        ("/hazard", json!("service")),
        ("/environment", json!("prod")),
        ("/instance", json!("s:1")),
        ("/reason", json!("why")),
        ("/incident", json!("INC-1")),
        ("/request/method", json!("POST")),
        ("/request/url", json!("http://s:1/admin/restart")),
        ("/idempotency_key", details["id"].clone()),
    ] {
        assert_eq!(Value::Object(details.clone()).pointer(pointer), Some(&wanted), "{pointer}");
    }
}

/// Opens the box for `action` at 0 and plays keys: (ms, what).
fn play(plan: &Plan, action: &str, opener: Option<Press>, script: &[(i64, Input)]) -> Option<Typed> {
    let values: &[(&str, &str)] = if action == "rollback" { &[("version", "1")] } else { &[] };
    let proposal = propose(plan, "checkout", action, values);
    let mut confirm = Confirm::open(&proposal, opener, at(0));
    let mut found = None;
    for (ms, input) in script {
        let outcome = match input {
            Input::Key(press) => confirm.key(*press, at(*ms)),
            Input::Paste(text) => confirm.paste(text, at(*ms)),
            Input::Tick => confirm.tick(at(*ms)),
        };
        if let Outcome::Confirmed(typed) = outcome {
            assert!(found.is_none(), "confirmed twice");
            found = Some(typed);
        }
    }
    found
}

#[derive(Clone, Debug)]
enum Input {
    Key(Press),
    Paste(String),
    Tick,
}

/// `text` typed from `from` on, a letter every `step` ms.
fn typed(text: &str, from: i64, step: i64) -> Vec<(i64, Input)> {
    text.chars().enumerate().map(|(i, c)| (from + step * i as i64, Input::Key(Press::Char(c)))).collect()
}

fn keys(presses: &[(i64, Press)]) -> Vec<(i64, Input)> {
    presses.iter().map(|(ms, press)| (*ms, Input::Key(*press))).collect()
}

/// What is tried, action, key that opens the box, what is put in, whether it is let through.
type Row = (&'static str, &'static str, Option<Press>, Vec<Vec<(i64, Input)>>, bool);

#[test]
fn the_box_believes_hands_only() {
    use Press::{Backspace, Char, Clear, Enter, Escape, Next, Previous};
    let plan = plan();
    let paste = |ms, text: &str| vec![(ms, Input::Paste(text.to_owned()))];
    let enter = |ms: &[i64]| ms.iter().map(|ms| (*ms, Input::Key(Enter))).collect::<Vec<_>>();
    let stuck = |press, first: i64, step: i64| -> Vec<(i64, Input)> {
        (0..60).map(|i| (first + step * i, Input::Key(press))).collect()
    };
    let name = || typed("checkout", 1_000, 100);
    let rows: Vec<Row> = vec![
        ("name, then enter twice", "restart", None, vec![name(), enter(&[2_000, 2_500])], true),
        ("enter once is not enough", "restart", None, vec![name(), enter(&[2_000])], false),
        ("double enter without the phrase", "restart", None, vec![enter(&[1_000, 1_100, 1_200])], false),
        ("a wrong name", "restart", None, vec![typed("checkuot", 1_000, 100), enter(&[2_000, 2_100])], false),
        (
            "a name with more",
            "restart",
            None,
            vec![typed("checkouts", 1_000, 100), enter(&[2_000, 2_100])],
            false,
        ),
        (
            "a slip, mended",
            "restart",
            None,
            vec![typed("checkoutt", 1_000, 100), keys(&[(2_000, Backspace), (2_100, Enter), (2_200, Enter)])],
            true,
        ),
        (
            "begun anew",
            "restart",
            None,
            vec![typed("xyz", 600, 50), keys(&[(900, Clear)]), name(), enter(&[2_000, 2_100])],
            true,
        ),
        (
            "typed within 400 ms of opening",
            "restart",
            None,
            vec![typed("checkout", 0, 30), enter(&[500, 600])],
            false,
        ),
        ("the phrase pasted", "restart", None, vec![paste(1_000, "checkout"), enter(&[2_000, 2_100])], false),
        (
            "half pasted",
            "restart",
            None,
            vec![typed("check", 1_000, 100), paste(1_600, "out"), enter(&[2_000, 2_100])],
            false,
        ),
        (
            "pasted as if typed",
            "restart",
            None,
            vec![typed("checkout", 1_000, 1), enter(&[2_000, 2_100])],
            false,
        ),
        ("pasted with its enters", "restart", None, vec![typed("checkout\r\r", 1_000, 0)], false),
        ("quick hands", "restart", None, vec![typed("checkout", 1_000, 40), enter(&[2_000, 2_100])], true),
        ("escape", "restart", None, vec![name(), keys(&[(1_900, Escape)]), enter(&[2_000, 2_100])], false),
        ("enter on cancel", "restart", None, vec![enter(&[900]), name(), enter(&[2_000, 2_100])], false),
        (
            "back to cancel",
            "restart",
            None,
            vec![name(), keys(&[(1_900, Previous), (2_000, Enter), (2_100, Enter)])],
            false,
        ),
        ("15 s without a key", "restart", None, vec![name(), enter(&[16_700, 16_800])], false),
        ("just in time", "restart", None, vec![name(), enter(&[16_699, 16_800])], true),
        (
            "disarmed by a tick",
            "restart",
            None,
            vec![name(), vec![(16_700, Input::Tick)], enter(&[16_701])],
            false,
        ),
        ("no reason", "rollback", None, vec![name(), enter(&[2_000, 2_100, 2_200, 2_300])], false),
        (
            "a reason, pasted",
            "rollback",
            None,
            vec![name(), enter(&[2_000]), paste(2_500, "5xx since 13:49"), enter(&[3_000, 3_100])],
            true,
        ),
        (
            "a reason and no name",
            "rollback",
            None,
            vec![keys(&[(900, Next), (1_000, Next)]), paste(1_500, "why"), enter(&[2_000, 2_100, 2_200])],
            false,
        ),
        ("one y", "flush", None, vec![keys(&[(900, Char('y'))])], true),
        ("y too soon", "flush", None, vec![keys(&[(399, Char('y'))])], false),
        (
            "y too soon, then again too soon",
            "flush",
            None,
            vec![keys(&[(399, Char('y')), (700, Char('y'))])],
            false,
        ),
        (
            "y, queued while the screen stood still",
            "flush",
            None,
            vec![keys(&[(0, Char('y')), (0, Char('y'))])],
            false,
        ),
        ("y stuck from before, repeating every 30 ms", "flush", None, vec![stuck(Char('y'), 10, 30)], false),
        ("y opened it and is still held", "flush", Some(Char('y')), vec![stuck(Char('y'), 660, 30)], false),
        (
            "y opened it, released, pressed again",
            "flush",
            Some(Char('y')),
            vec![keys(&[(1_500, Char('y'))])],
            true,
        ),
        ("y pasted", "flush", None, vec![paste(900, "y")], false),
        ("enter for y", "flush", None, vec![enter(&[900, 1_000])], false),
        ("n, then y", "flush", None, vec![keys(&[(900, Char('n')), (1_000, Char('y'))])], false),
        ("y twice confirms once", "flush", None, vec![keys(&[(900, Char('y')), (930, Char('y'))])], true),
        (
            "y is not enough for a service",
            "restart",
            None,
            vec![keys(&[(900, Char('y')), (1_000, Enter), (1_100, Enter)])],
            false,
        ),
        ("stuck enter", "restart", Some(Enter), vec![stuck(Enter, 500, 30)], false),
    ];
    for (name, action, opener, script, wanted) in rows {
        let script: Vec<(i64, Input)> = script.into_iter().flatten().collect();
        let found = play(plan, action, opener, &script);
        assert_eq!(found.is_some(), wanted, "{name}");
        if let Some(typed) = found {
            assert!(!typed.is_early() && !typed.was_pasted(), "{name}");
        }
    }
}

fn inputs(letters: &'static str) -> impl Strategy<Value = Vec<(u16, Input)>> {
    let letter = proptest::sample::select(letters.chars().collect::<Vec<_>>());
    let press = prop_oneof![
        6 => letter.prop_map(Press::Char),
        2 => Just(Press::Enter),
        1 => Just(Press::Backspace),
        1 => Just(Press::Next),
        1 => Just(Press::Previous),
        1 => Just(Press::Clear),
        1 => Just(Press::Other),
    ];
    let pasted =
        prop_oneof![Just("checkout".to_owned()), Just("y".to_owned()), Just("checkout\n".to_owned())];
    let input = prop_oneof![
        8 => press.prop_map(Input::Key),
        2 => pasted.prop_map(Input::Paste),
        1 => Just(Input::Tick),
    ];
    proptest::collection::vec((0..900_u16, input), 0..60)
}

/// The moments of a script, from the gaps between them.
fn timed(gaps: Vec<(u16, Input)>) -> Vec<(i64, Input)> {
    let mut now = 0;
    let step = |(gap, input): (u16, Input)| {
        now += i64::from(gap);
        (now, input)
    };
    gaps.into_iter().map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Without one letter of the phrase there is no `Typed`, whatever is pasted and pressed, and so no `Authorized`: the only
    /// other way to a `Typed` is the command line's, whose phrase the door compares.
    #[test]
    fn without_the_phrase_nothing_opens(script in inputs("checoutxn 1"), y in inputs("checkoutn Nxz")) {
        let plan = plan();
        let script = timed(script);
        prop_assert!(play(plan, "restart", None, &script).is_none());
        prop_assert!(play(plan, "rollback", None, &script).is_none());
        prop_assert!(play(plan, "flush", None, &timed(y)).is_none());
    }

    /// Whatever is confirmed was typed: letter by letter, after the guard, once.
    #[test]
    fn what_opens_was_typed(prefix in inputs("checkoutyn"), pause in 0..2_000_i64, step in 0..120_i64) {
        let plan = plan();
        let mut script = timed(prefix);
        let last = script.last().map_or(0, |(ms, _)| *ms);
        script.extend(keys(&[(last + pause, Press::Clear)]));
        script.extend(typed("checkout", last + pause + 1, step));
        script.extend(keys(&[(last + pause + 3_000, Press::Enter), (last + pause + 3_500, Press::Enter)]));
        if let Some(typed) = play(plan, "restart", None, &script) {
            let mut wanted = "checkout".chars().peekable();
            let guard = at(0) + GUARD;
            for (ms, input) in &script {
                if let Input::Key(Press::Char(c)) = input && at(*ms) >= guard && wanted.peek() == Some(c) {
                    wanted.next();
                }
            }
            prop_assert!(wanted.peek().is_none());
            prop_assert!(typed.at().since(at(0)) >= GUARD);
        }
    }

    /// The door compares the phrase itself, whoever brings it.
    #[test]
    fn only_the_phrase_is_the_phrase(phrase in "[a-z ]{0,10}") {
        let plan = plan();
        let mut attempt = attempt(plan, "checkout", "restart", &[]);
        attempt.typed = Typed::headless(&attempt.proposal, &phrase, "r", at(1_000));
        prop_assert_eq!(attempt.run().is_ok(), phrase == "checkout");
    }
}
