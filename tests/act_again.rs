//! A rolling act looks again before each further instance: what was true at the door may not be true any more.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

#[path = "support/admin.rs"]
mod admin;
mod support;

use admin::{Memory, action, authorized, authorized_with, instance, open_policy, perform_seeing};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Act, Fake, http, json, serve};
use tokio::sync::watch;
use warroom::action::entry::How;
use warroom::action::listing::Condition;
use warroom::action::request::RequestSpec;
use warroom::action::spec::{Check, CheckKind, Reach};
use warroom::action::{Checked, Ledger, Method, Passed};
use warroom::config::Actions;
use warroom::io::act::{Progress, Records as _, Seen, Stop};
use warroom::runtime::now;
use warroom::target::Route;
use warroom::text::Clean;

/// What changes while the first instance is being done.
struct Meanwhile {
    sees: watch::Sender<Seen>,
    memory: Memory,
    ready: Arc<Mutex<&'static str>>,
    stop: Stop,
}

type Change = fn(&Meanwhile);

fn seen() -> Seen {
    let held = Checked { name: "burn".to_owned(), passed: Passed::Yes };
    Seen { policy: open_policy(), checks: vec![held], ..Seen::default() }
}

/// Another warroom's restart of the same service; that of whoever does not care for ours.
fn another(memory: &Memory, ended: bool) {
    let other = authorized(
        action(vec![instance("http://127.0.0.1:9/", None, Route::default())]),
        "",
        &Ledger::default(),
    );
    let mut run = other.into_run();
    let shot = run.next_shot().unwrap();
    let mut lines = vec![shot.receipt().sent(now())];
    if ended {
        let ended = warroom::action::Ended {
            how: How::Done,
            status: Some(200),
            body: Clean::default(),
            note: Clean::default(),
            job: None,
            took: Duration::ZERO,
        };
        lines.push(shot.receipt().ended(&ended, now()));
    }
    memory.clone().append(&lines).unwrap();
}

#[test]
fn each_further_instance_is_asked_about_anew() {
    // (what changes, the reach, how many are sent, why it stopped)
    let rows: &[(&str, Change, Reach, usize, &str)] = &[
        ("nothing", |_| {}, Reach::Rolling, 3, ""),
        (
            "a reload switches actions off",
            |it| it.sees.send_modify(|seen| seen.policy.actions = Actions::Off),
            Reach::Rolling,
            1,
            "actions are off: environment prod",
        ),
        (
            "nobody says any more what may be done",
            |it| drop(it.sees.send_replace(Seen::default())),
            Reach::All,
            1,
            "actions are off",
        ),
        (
            "a reload takes the user off the list",
            |it| it.sees.send_modify(|seen| seen.policy.users = vec!["otto".to_owned()]),
            Reach::Rolling,
            1,
            "is not among the users who may change this environment",
        ),
        (
            "a freeze begins",
            |it| {
                it.sees.send_modify(|seen| {
                    let week = "Mon 00:00 - Mon 23:59 UTC,Tue 00:00 - Tue 23:59 UTC,Wed 00:00 - Wed 23:59 UTC,\
                                Thu 00:00 - Thu 23:59 UTC,Fri 00:00 - Fri 23:59 UTC,Sat 00:00 - Sat 23:59 UTC,\
                                Sun 00:00 - Sun 23:59 UTC";
                    seen.policy.freezes =
                        week.split(',').map(|span| warroom::action::Freeze::parse(span.trim()).unwrap()).collect();
                });
            },
            Reach::Rolling,
            1,
            "frozen until",
        ),
        (
            "an expression no longer holds",
            |it| {
                it.sees.send_modify(|seen| {
                    seen.checks =
                        vec![Checked { name: "burn".to_owned(), passed: Passed::No(Clean::new("burns")) }];
                });
            },
            Reach::Rolling,
            1,
            "pre-check burn: burns",
        ),
        (
            "an endpoint's pre-check no longer holds",
            |it| *it.ready.lock().unwrap() = r#"{"ready":false}"#,
            Reach::Rolling,
            1,
            "pre-check ready: not ready (/ready == true does not hold)",
        ),
        (
            "another restart is under way",
            |it| another(&it.memory, false),
            Reach::Rolling,
            1,
            "restart on shop",
        ),
        ("another restart was done", |it| another(&it.memory, true), Reach::Rolling, 1, "cooling down until"),
        // What is not done one after the other does not wait for pre-checks in between.
        ("a check of all at once", |it| *it.ready.lock().unwrap() = "{}", Reach::All, 3, ""),
        ("nobody waits any more", |it| it.stop.now(), Reach::Rolling, 1, ""),
    ];
    for (name, change, reach, sent, why) in rows {
        let (sees, sight) = watch::channel(seen());
        let (memory, ready, stop) =
            (Memory::default(), Arc::new(Mutex::new(r#"{"ready":true}"#)), Stop::default());
        let meanwhile = Arc::new(Meanwhile {
            sees,
            memory: memory.clone(),
            ready: Arc::clone(&ready),
            stop: stop.clone(),
        });
        let fakes: Vec<Fake> = (0..3)
            .map(|turn| {
                let (meanwhile, change) = (Arc::clone(&meanwhile), *change);
                serve(move |request| {
                    if request.path() == "/ready" {
                        return Act::Send(json(*meanwhile.ready.lock().unwrap()));
                    }
                    if turn == 0 {
                        change(&meanwhile);
                    }
                    Act::Send(http("202 Accepted", "", b""))
                })
            })
            .collect();
        let at = fakes.iter().map(|fake| instance(&fake.url("/"), None, Route::default())).collect();
        let mut act = action(at);
        act.reach = *reach;
        act.cool_down = Duration::from_secs(60);
        let asks = RequestSpec {
            method: Method::Get,
            path: admin::template("/ready"),
            timeout: Duration::from_secs(3),
            ..RequestSpec::default()
        };
        let when = vec![Condition::parse("/ready == true").unwrap()];
        act.checks = vec![
            Check {
                name: "ready".to_owned(),
                kind: CheckKind::Ask { request: asks, status: Vec::new(), when },
                otherwise: "not ready".to_owned(),
            },
            Check {
                name: "burn".to_owned(),
                kind: CheckKind::Expr(warroom::promql::parse("burn > 1").unwrap()),
                otherwise: String::new(),
            },
        ];
        let of = act.offers[0].instances.len();
        let authorized = authorized_with(act, "", &Ledger::default(), &["ready", "burn"]);
        let proposal = authorized.proposal().clone();
        let (ran, told) = perform_seeing(authorized, &memory, &Arc::default(), &stop, sight);
        let arrived: usize = fakes
            .iter()
            .map(|fake| fake.requests().iter().filter(|request| request.starts_with("POST ")).count())
            .sum();
        assert_eq!((arrived, ran.shots.len(), ran.of), (*sent, *sent, of), "{name}: {ran:?}");
        // What was done was done: it stopped, and did not fail.
        assert_eq!((ran.how(), ran.is_settled()), (How::Done, *sent == of), "{name}");
        let stopped = ran.stopped.as_ref().map(Clean::as_str).unwrap_or_default();
        assert_eq!(stopped.is_empty(), why.is_empty(), "{name}: {stopped}");
        assert!(stopped.contains(why), "{name}: {stopped}");
        let said = told.iter().any(|told| matches!(told, Progress::Stopped(_)));
        assert_eq!(said, !why.is_empty(), "{name}");
        // It stands in the journal, and is no longer under way.
        let ledger = memory.clone().ledger().unwrap();
        let act = ledger.act(proposal.id()).unwrap();
        assert_eq!(act.stopped.is_some(), *sent < of, "{name}");
        assert!(!act.in_flight(now()), "{name}");
    }
}
