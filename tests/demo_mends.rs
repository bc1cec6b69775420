//! The demo's troubles and what its own configuration offers against them: through the door, in simulated time, judged as
//! the dashboard judges. What mends really mends, what does not is told, and what makes it worse is seen.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "a test's helpers may fail")]

#[path = "support/sim.rs"]
mod sim;

use serde_json::Value;
use sim::Sim;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use warroom::action::request::RequestSpec;
use warroom::action::spec::ParamKind;
use warroom::action::template::{Fields, Template};
use warroom::action::verdict::judge;
use warroom::action::{Draft, Effect, Ledger, Method, Proposal, Typed, authorize};
use warroom::demo::Scenario;
use warroom::journal::Who;
use warroom::text::Clean;

/// How far back the demo's figures look.
const WINDOW: u64 = 30;

/// What one action comes to: the job's state, and the verdict once the figures hold nothing of the time before.
fn act(
    scenario: Scenario,
    second: u64,
    service: &'static str,
    name: &str,
    values: &[(&str, &str)],
) -> (String, Effect, String) {
    let mut sim = Sim::new(scenario).only(service);
    sim.run_to(second);
    let action = Arc::clone(sim.plan.actions.iter().find(|action| *action.name == *name).unwrap());
    let offer = action.offer(service).unwrap().clone();
    let instance = offer.instances[0].clone();
    let mut fields = Fields::new();
    for (name, template) in &action.vars {
        fields.insert(name.clone(), template.plain(&fields).unwrap().into());
    }
    let get = |sim: &mut Sim, path: &Template| -> Value {
        let spec = RequestSpec { method: Method::Get, path: path.clone(), ..RequestSpec::default() };
        let answer = sim.send(service, &spec.fill(&instance, &fields).unwrap());
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    };
    let mut choices = BTreeMap::new();
    for param in &action.params {
        if let ParamKind::Listed(listing) = &param.kind {
            choices.insert(param.name.clone(), listing.choices(&get(&mut sim, &listing.from)).unwrap());
        }
    }
    let before = sim.model.facts(service).unwrap();
    let proposal = Proposal::new(Draft {
        action,
        service: service.into(),
        instances: Vec::new(),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        choices,
        who: Who { user: Clean::new("anna"), ..Who::default() },
        incident: None,
        facts: before.clone(),
        nonce: 1,
        at: sim.now(),
    })
    .unwrap();
    let typed = Typed::headless(&proposal, proposal.phrase(), "5xx", sim.now());
    let policy = sim.plan.action_policy(service);
    let opened = authorize(&policy, &Ledger::default(), proposal, &typed, &before, sim.now()).unwrap();
    let proposal = opened.proposal().clone();
    let mut run = opened.into_run();
    let (request, _) = run.next_shot().unwrap().into_parts();
    assert!(run.next_shot().is_none(), "the convention asks one process");
    let answer = sim.send(service, &request);
    assert!(proposal.action().accept.contains(&answer.status), "{service} {name}: {}", answer.body);
    let job = answer.headers.iter().find(|(name, _)| *name == "location");
    let job = job.map(|(_, place)| Template::parse(place).unwrap());
    assert_eq!(job.is_some(), proposal.action().job.is_some(), "{service} {name}");
    let mut now = second;
    let state = loop {
        let Some(job) = &job else { break "done".to_owned() };
        now += 1;
        assert!(now < second + 120, "{service} {name}: its job does not end");
        sim.run_to(now);
        // The process that was asked may be away: its job outlives it.
        let seen = get(&mut sim, job)["state"].as_str().unwrap_or("running").to_owned();
        if seen != "running" {
            break seen;
        }
    };
    let sent = sim.now();
    let settled = |sim: &Sim| {
        let (at, held) = sim.model.settled(proposal.action(), service, proposal.instances());
        at > sent && held.is_ok()
    };
    let mut state = state;
    let until = now + proposal.action().settle_limit.as_secs();
    while state == "done" && !settled(&sim) {
        now += 1;
        sim.run_to(now);
        if now == until {
            state.push_str(", not settled");
        }
    }
    sim.run_to(now + WINDOW + 1);
    let after = sim.model.facts(service).unwrap();
    let verdict = judge(&before, &after, Duration::from_secs(WINDOW + 1), Duration::from_secs(WINDOW));
    let lines: Vec<String> = verdict.changes.iter().map(ToString::to_string).collect();
    (state, verdict.effect, format!("{}; {}", lines.join(", "), verdict.note))
}

type Values = &'static [(&'static str, &'static str)];
type Row = (&'static str, Scenario, u64, &'static str, &'static str, Values, &'static str, Effect);

/// What is wrong, what is done, what its job says, and the verdict: as the table in `docs/admin-api.md` has it.
#[test]
fn what_mends_mends_and_what_makes_it_worse_is_told() {
    use Effect::{Helped, NoEffect, Worse};
    use Scenario::{BadDeploy, BreakerOpens, CacheLost, Outage, QueueBacksUp, Steady, Story};
    let back: Values = &[("version", "2.13.2")];
    let rows: &[Row] = &[
        ("a bad version, rolled back", BadDeploy, 60, "checkout", "rollback", back, "done", Helped),
        // It costs an outage, and the first moments of each process are slow; the version is as bad as it was.
        ("a bad version, restarted", BadDeploy, 60, "checkout", "restart", &[], "done", Worse),
        (
            "a rollback over a migration",
            BadDeploy,
            60,
            "checkout",
            "rollback",
            &[("version", "2.12.0")],
            "failed",
            Worse,
        ),
        (
            "a good version, rolled back",
            Steady,
            60,
            "checkout",
            "rollback",
            &[("version", "2.13.1")],
            "done",
            Worse,
        ),
        ("a poisoned cache, flushed", CacheLost, 60, "search", "flush-cache", &[], "done", Helped),
        (
            "a poisoned cache, restarted",
            CacheLost,
            60,
            "search",
            "restart",
            &[],
            "done, not settled",
            NoEffect,
        ),
        ("a good cache, flushed", Steady, 60, "search", "flush-cache", &[], "done", Worse),
        ("a stuck worker, restarted", QueueBacksUp, 60, "worker", "restart", &[], "done", Helped),
        ("a gateway that is gone, restarted", Outage, 60, "gateway", "restart", &[], "done", Helped),
        (
            "retries that piled up, purged",
            BreakerOpens,
            100,
            "broker",
            "purge",
            &[("queue", "payments.retry")],
            "done",
            Helped,
        ),
        ("no model, restarted", Story, 8, "recommendations", "restart", &[], "done", Helped),
    ];
    let mut wrong = Vec::new();
    for (what, scenario, second, service, action, values, job, wanted) in rows {
        let (state, effect, why) = act(*scenario, *second, service, action, values);
        if (state.as_str(), effect) != (*job, *wanted) {
            wrong.push(format!("{what}: job {state}, {effect:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
