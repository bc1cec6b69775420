//! The door, tried as an attacker would, from the key press to the service: each attempt is played through the confirm box,
//! the door, a journal on disk and a real socket, and the service counts. Each accepted action arrives exactly once, each
//! refused one never.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test's helpers may fail, and write files"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::{Act, Fake, http, json, serve};
use tokio::sync::watch;
use warroom::action::confirm::{DISARM, Outcome};
use warroom::action::{
    Authorized, Checked, Confirm, Draft, Facts, Freeze, Hazard, Ledger, Passed, Policy, Press, Proposal,
    Typed, authorize,
};
use warroom::config::{Actions, Source, load};
use warroom::io::act::{OnDisk, Ran, Records, Seen, Stop, World, run};
use warroom::journal::Who;
use warroom::plan::Plan;
use warroom::runtime::now;
use warroom::target::health::State;
use warroom::text::Clean;
use warroom::units::Timestamp;

const CONFIG: &str = r#"
auth.key = { bearer = ["env:ATTACK_KEY"] }
environment.prod = { actions = "confirm" }
[service.shop]
environment = "prod"
instances = ["BASE"]
auth = "key"
[action.restart]
kind = "restart"
hazard = "service"
services = ["shop"]
request = { path = "/restart", accept = [200], timeout = "3s" }
settle = { path = "/ready", when = ["/ready == true"], limit = "5s" }
cool_down = "1m"
[action.flush]
kind = "flush-cache"
hazard = "reversible"
services = ["shop"]
request = { path = "/flush", accept = [200], timeout = "3s" }
settle = { path = "/ready", when = ["/ready == true"], limit = "5s" }
cool_down = "1m"
[action.free]
hazard = "service"
services = ["shop"]
request = { path = "/q/{x}/do?n={x}", headers = { X-Note = "n {x}" }, json = { text = "{x}" }, accept = [200] }
params.x = { max = 100 }
settle = { path = "/ready", when = ["/ready == true"], limit = "5s" }
[action.guarded]
hazard = "service"
services = ["shop"]
request = { path = "/guarded", accept = [200] }
checks.idle = { path = "/elsewhere", when = ["/ready == true"] }
settle = { path = "/ready", when = ["/ready == true"], limit = "5s" }
"#;

/// A service that counts, a journal on disk, and a configuration that lets everything through.
struct Ground {
    fake: Fake,
    thief: Fake,
    folder: tempfile::TempDir,
    plan: Plan,
}

impl Ground {
    fn new() -> Self {
        warroom::io::secrets::provide(&[("ATTACK_KEY", "prod_key_1")]);
        let thief = serve(|_| Act::Send(json(r#"{"ready":true}"#)));
        let place = thief.url("/take");
        let fake = serve(move |request| match request.path() {
            "/ready" => Act::Send(json(r#"{"ready":true}"#)),
            "/elsewhere" | "/q/away/do?n=away" => {
                Act::Send(http("302 Found", &format!("location: {place}\r\n"), b""))
            }
            _ => Act::Send(json("{}")),
        });
        let text = CONFIG.replace("BASE", fake.url("").trim_end_matches('/'));
        let source = Source { name: "t.toml".to_owned(), text };
        let config = load(&[source]).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let plan = Plan::compile(&config, 1).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Self { fake, thief, folder: tempfile::tempdir().unwrap(), plan }
    }

    fn state(&self) -> &Path {
        self.folder.path()
    }

    fn policy(&self) -> Policy {
        self.plan.action_policy("shop")
    }

    fn draft(&self, action: &str, nonce: u64, values: &[(&str, &str)]) -> Draft {
        Draft {
            action: Arc::clone(self.plan.actions.iter().find(|known| *known.name == *action).unwrap()),
            service: "shop".into(),
            instances: Vec::new(),
            values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            choices: BTreeMap::new(),
            who: Who { user: Clean::new("anna"), ..Who::default() },
            incident: None,
            facts: facts(),
            nonce,
            at: now(),
        }
    }

    fn propose(&self, action: &str, nonce: u64) -> Proposal {
        Proposal::new(self.draft(action, nonce, &[])).unwrap()
    }

    fn ledger(&self) -> Ledger {
        OnDisk::open(self.state()).unwrap().0.ledger().unwrap()
    }

    /// What a box that was opened five seconds ago makes of these keys.
    fn press(proposal: &Proposal, opener: Option<Press>, script: &[(i64, Key)]) -> Option<Typed> {
        let opened = now().millis() - 5_000;
        let at = |ms: i64| Timestamp::from_millis(opened + ms);
        let mut confirm = Confirm::open(proposal, opener, at(0));
        let mut found = Vec::new();
        for (ms, key) in script {
            let outcome = match key {
                Key::Press(press) => confirm.key(*press, at(*ms)),
                Key::Paste(text) => confirm.paste(text, at(*ms)),
            };
            if let Outcome::Confirmed(typed) = outcome {
                found.push(typed);
            }
        }
        assert!(found.len() < 2, "a box confirms once");
        found.pop()
    }

    /// One attempt with the keyboard.
    fn keys(&self, action: &str, opener: Option<Press>, script: &[(i64, Key)]) -> Vec<String> {
        let proposal = self.propose(action, 1);
        match Self::press(&proposal, opener, script) {
            None => vec!["nothing typed".to_owned()],
            Some(typed) => self.attempt(&self.policy(), proposal, &typed, &facts()),
        }
    }

    /// One attempt by somebody who has typed the phrase.
    fn attempt(&self, policy: &Policy, proposal: Proposal, typed: &Typed, facts: &Facts) -> Vec<String> {
        match authorize(policy, &self.ledger(), proposal, typed, facts, now()) {
            Ok(authorized) => vec![self.send(authorized)],
            Err(refused) => vec![refused.word().to_owned()],
        }
    }

    fn honest(&self, action: &str, nonce: u64) -> Vec<String> {
        let proposal = self.propose(action, nonce);
        let typed = Typed::headless(&proposal, proposal.phrase(), "5xx", now());
        self.attempt(&self.policy(), proposal, &typed, &facts())
    }

    /// As [`Self::honest`] with a value, and whatever is wrong with that.
    fn with_value(&self, value: &str, reason: &str) -> Vec<String> {
        let proposal = match Proposal::new(self.draft("free", 1, &[("x", value)])) {
            Ok(proposal) => proposal,
            Err(refused) => return vec![refused.word().to_owned()],
        };
        let typed = Typed::headless(&proposal, proposal.phrase(), reason, now());
        self.attempt(&self.policy(), proposal, &typed, &facts())
    }

    /// As [`Self::honest`], under another policy or with other facts.
    fn under(&self, change: impl FnOnce(&mut Policy, &mut Facts)) -> Vec<String> {
        let (mut policy, mut facts) = (self.policy(), facts());
        change(&mut policy, &mut facts);
        let proposal = self.propose("restart", 1);
        let typed = Typed::headless(&proposal, "shop", "5xx", now());
        self.attempt(&policy, proposal, &typed, &facts)
    }

    /// Through the door with nothing in the journal yet.
    fn opened(&self, proposal: Proposal) -> Authorized {
        let typed = Typed::headless(&proposal, proposal.phrase(), "5xx", now());
        authorize(&self.policy(), &Ledger::default(), proposal, &typed, &facts(), now()).unwrap()
    }

    fn send(&self, authorized: Authorized) -> String {
        send(authorized, OnDisk::open(self.state()).unwrap().0).how().word().to_owned()
    }
}

fn send(authorized: Authorized, records: OnDisk) -> Ran {
    let (_keep, seen) = watch::channel(Seen::default());
    let mut world =
        World { http: Arc::default(), records: Box::new(records), seen, stop: Stop::default(), now };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(authorized, &mut world, &mut |_| {}))
}

fn facts() -> Facts {
    Facts { generation: 1, health: State::Degraded, instances: (1, 1), ..Facts::default() }
}

#[derive(Clone, Debug)]
enum Key {
    Press(Press),
    Paste(&'static str),
}

/// The name, a letter every 100 ms from one second on.
fn name() -> Vec<(i64, Key)> {
    "shop".chars().enumerate().map(|(n, c)| (1_000 + 100 * n as i64, Key::Press(Press::Char(c)))).collect()
}

fn every(press: Press, from: i64, step: i64, count: i64) -> Vec<(i64, Key)> {
    (0..count).map(|n| (from + step * n, Key::Press(press))).collect()
}

/// What is tried, what it comes to, how many requests that are no reads arrive at the service, and what else must be true.
type Row = (&'static str, fn(&Ground) -> Vec<String>, &'static [&'static str], usize, fn(&Ground));

const NOTHING: fn(&Ground) = |_| {};

#[test]
fn each_accepted_action_arrives_exactly_once_and_each_refused_one_never() {
    use Press::{Char, Enter};
    let rows: &[Row] = &[
        (
            "the name, enter, enter",
            |g| g.keys("restart", None, &[name(), every(Enter, 2_000, 500, 2)].concat()),
            &["ok"],
            1,
            NOTHING,
        ),
        (
            "enter again and again behind it",
            |g| g.keys("restart", None, &[name(), every(Enter, 2_000, 100, 20)].concat()),
            &["ok"],
            1,
            NOTHING,
        ),
        (
            "the phrase, pasted",
            |g| {
                let paste = vec![(1_000, Key::Press(Press::Next)), (1_100, Key::Paste("shop"))];
                g.keys("restart", None, &[paste, every(Enter, 2_000, 500, 3)].concat())
            },
            &["nothing typed"],
            0,
            NOTHING,
        ),
        (
            "the phrase, pasted into a terminal that hands it over as keys",
            |g| {
                let paste = "shop".chars().map(|c| (1_000, Key::Press(Char(c)))).collect();
                g.keys("restart", None, &[paste, every(Enter, 2_000, 500, 3)].concat())
            },
            &["nothing typed"],
            0,
            NOTHING,
        ),
        (
            "a stuck enter",
            |g| g.keys("restart", Some(Enter), &every(Enter, 10, 30, 100)),
            &["nothing typed"],
            0,
            NOTHING,
        ),
        (
            "a stuck y",
            |g| g.keys("flush", Some(Char('y')), &every(Char('y'), 10, 30, 100)),
            &["nothing typed"],
            0,
            NOTHING,
        ),
        ("one y", |g| g.keys("flush", None, &every(Char('y'), 900, 0, 1)), &["ok"], 1, NOTHING),
        ("yyyyy", |g| g.keys("flush", None, &every(Char('y'), 900, 50, 5)), &["ok"], 1, NOTHING),
        (
            "keys that were queued while the screen stood still",
            |g| g.keys("flush", None, &every(Char('y'), 0, 0, 9)),
            &["nothing typed"],
            0,
            NOTHING,
        ),
        (
            "enter, enter, without the name",
            |g| g.keys("restart", None, &every(Enter, 900, 100, 9)),
            &["nothing typed"],
            0,
            NOTHING,
        ),
        (
            "a wrong phrase",
            |g| {
                let proposal = g.propose("restart", 1);
                let typed = Typed::headless(&proposal, "shop ", "r", now());
                g.attempt(&g.policy(), proposal, &typed, &facts())
            },
            &["wrong-phrase"],
            0,
            NOTHING,
        ),
        (
            "an arm that has expired",
            |g| {
                let proposal = g.propose("restart", 1);
                let then = Timestamp::from_millis(now().millis() - DISARM.as_millis() as i64 - 1);
                let typed = Typed::headless(&proposal, "shop", "r", then);
                g.attempt(&g.policy(), proposal, &typed, &facts())
            },
            &["expired"],
            0,
            NOTHING,
        ),
        (
            "another proposal's confirmation",
            |g| {
                let typed = Typed::headless(&g.propose("restart", 2), "shop", "r", now());
                g.attempt(&g.policy(), g.propose("restart", 1), &typed, &facts())
            },
            &["other-proposal"],
            0,
            NOTHING,
        ),
        (
            "a proposal that was sent, once more",
            |g| {
                let proposal = g.propose("restart", 1);
                let typed = Typed::headless(&proposal, "shop", "r", now());
                let first = g.attempt(&g.policy(), proposal.clone(), &typed, &facts());
                [first, g.attempt(&g.policy(), proposal, &typed, &facts())].concat()
            },
            &["ok", "replayed"],
            1,
            NOTHING,
        ),
        (
            "a proposal that was let through twice before the journal knew",
            |g| {
                let proposal = g.propose("restart", 1);
                let (one, two) = (g.opened(proposal.clone()), g.opened(proposal));
                vec![g.send(one), g.send(two)]
            },
            &["ok", "withdrawn"],
            1,
            NOTHING,
        ),
        (
            "the state has changed",
            |g| g.under(|_, facts| facts.health = State::Up),
            &["state-changed"],
            0,
            NOTHING,
        ),
        (
            "the configuration has changed",
            |g| g.under(|_, f| f.generation = 2),
            &["state-changed"],
            0,
            NOTHING,
        ),
        ("--read-only", |g| g.under(|policy, _| policy.read_only = true), &["read-only"], 0, NOTHING),
        ("the policy says off", |g| g.under(|policy, _| policy.actions = Actions::Off), &["off"], 0, NOTHING),
        ("no policy", |g| g.under(|policy, _| *policy = Policy::default()), &["off"], 0, NOTHING),
        (
            "another environment's policy",
            |g| g.under(|policy, _| policy.environment = Some("lab".into())),
            &["off"],
            0,
            NOTHING,
        ),
        (
            "somebody else",
            |g| g.under(|policy, _| policy.users = vec!["ben".to_owned()]),
            &["not-this-user"],
            0,
            NOTHING,
        ),
        (
            "a freeze",
            |g| {
                let day = |day: &str| Freeze::parse(&format!("{day} 00:00 - {day} 23:59 UTC")).unwrap();
                let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(day);
                let next = Freeze::parse("Sun 23:59 - Sun 23:58 UTC").unwrap();
                g.under(|policy, _| policy.freezes = [days.to_vec(), vec![next]].concat())
            },
            &["frozen"],
            0,
            NOTHING,
        ),
        (
            "alone, where it takes two",
            |g| g.under(|policy, _| policy.two_key = Some(Hazard::Service)),
            &["needs-second-person"],
            0,
            NOTHING,
        ),
        (
            "a journal that cannot be written",
            |g| {
                let authorized = g.opened(g.propose("restart", 1));
                let records = OnDisk::open(g.state()).unwrap().0;
                let file = g.state().join("journal.jsonl");
                std::fs::remove_file(&file).unwrap();
                std::fs::create_dir(&file).unwrap();
                vec![send(authorized, records).how().word().to_owned()]
            },
            &["not-sent"],
            0,
            NOTHING,
        ),
        (
            "a crash between journal and request, and a new start",
            |g| {
                let shot = g.opened(g.propose("restart", 1)).into_run().next_shot().unwrap();
                OnDisk::open(g.state()).unwrap().0.append(&[shot.receipt().sent(now())]).unwrap();
                drop(shot);
                let ledger = g.ledger();
                let unknown = |at| ledger.unknown(at).count();
                let found = format!("{} and {}", unknown(now()), unknown(now() + Duration::from_secs(4)));
                [g.honest("restart", 2), vec![found]].concat()
            },
            &["in-flight", "0 and 1"],
            0,
            NOTHING,
        ),
        (
            "two warrooms at once",
            |g| {
                let both = [1, 2].map(|nonce| g.opened(g.propose("restart", nonce)));
                let mut ends = std::thread::scope(|scope| {
                    let sent = both.map(|one| scope.spawn(move || g.send(one)));
                    sent.map(|one| one.join().unwrap()).to_vec()
                });
                ends.sort();
                ends
            },
            &["ok", "withdrawn"],
            1,
            NOTHING,
        ),
        (
            "eight warrooms at once",
            |g| {
                let all: Vec<Authorized> =
                    (1..9).map(|nonce| g.opened(g.propose("restart", nonce))).collect();
                let mut ends = std::thread::scope(|scope| {
                    let sent: Vec<_> = all.into_iter().map(|one| scope.spawn(move || g.send(one))).collect();
                    sent.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
                });
                ends.sort();
                ends.dedup();
                ends
            },
            &["ok", "withdrawn"],
            1,
            NOTHING,
        ),
        (
            "the same again, while it cools down",
            |g| [g.honest("restart", 1), g.honest("restart", 2), g.honest("flush", 3)].concat(),
            &["ok", "cooling-down", "ok"],
            2,
            NOTHING,
        ),
        (
            "the same again, judged before the other was there, sent when it had ended",
            |g| {
                let late = g.opened(g.propose("restart", 2));
                vec![g.honest("restart", 1).concat(), g.send(late)]
            },
            &["ok", "withdrawn"],
            1,
            NOTHING,
        ),
        (
            "a header's end in the reason",
            |g| g.with_value("a", "x\r\nX-Evil: 1\r\n\r\nPOST /restart HTTP/1.1\r\n"),
            &["ok"],
            1,
            |g| {
                let request = only_write(g);
                assert!(!request.contains("\nx-evil"), "{request}");
                assert!(request.contains("\nx-reason: x X-Evil: 1"), "{request}");
            },
        ),
        ("a header's end in a value", |g| g.with_value("a\r\nX-Evil: 1", ""), &["param-invalid"], 0, NOTHING),
        ("what no header can hold", |g| g.with_value("ü", ""), &["param-invalid"], 0, NOTHING),
        (
            "JSON in a value",
            |g| g.with_value(r#"","admin":true,"x":"#, "\"}{"),
            &["ok"],
            1,
            |g| {
                let request = only_write(g);
                let body: serde_json::Value =
                    serde_json::from_str(request.rsplit_once("\n\n").unwrap().1).unwrap();
                assert_eq!(body, serde_json::json!({ "text": r#"","admin":true,"x":"# }));
            },
        ),
        (
            "a path in a value",
            |g| g.with_value("../../restart?a=b#c", ""),
            &["ok"],
            1,
            |g| {
                let wanted =
                    "POST /q/..%2F..%2Frestart%3Fa%3Db%23c/do?n=..%2F..%2Frestart%3Fa%3Db%23c HTTP/1.1\n";
                assert!(only_write(g).starts_with(wanted), "{}", only_write(g));
            },
        ),
        (
            "a hole in a value",
            |g| g.with_value("{user}", ""),
            &["ok"],
            1,
            |g| {
                assert!(only_write(g).contains(r#"{"text":"{user}"}"#), "{}", only_write(g));
            },
        ),
        ("up one folder", |g| g.with_value("..", ""), &["param-invalid"], 0, NOTHING),
        ("a redirect to another host", |g| g.with_value("away", ""), &["unknown"], 1, nothing_stolen),
        (
            "a pre-check that is answered by another host",
            |g| {
                let proposal = g.propose("guarded", 1);
                let typed = Typed::headless(&proposal, "shop", "r", now());
                let at = proposal.instances()[0].clone();
                let fields = proposal.fields(&at, 0, &Clean::default(), now());
                let client = warroom::io::http::Http::default();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let made = warroom::io::act::checks(&client, proposal.action(), &at, &fields, now);
                let facts = Facts { checks: runtime.block_on(made), ..facts() };
                g.attempt(&g.policy(), proposal, &typed, &facts)
            },
            &["pre-check-failed"],
            0,
            nothing_stolen,
        ),
        (
            "a pre-check of another name",
            |g| {
                let proposal = g.propose("guarded", 1);
                let typed = Typed::headless(&proposal, "shop", "r", now());
                let checks = vec![Checked { name: "other".to_owned(), passed: Passed::Yes }];
                g.attempt(&g.policy(), proposal, &typed, &Facts { checks, ..facts() })
            },
            &["pre-check-failed"],
            0,
            NOTHING,
        ),
    ];
    for (name, play, wanted, arrivals, more) in rows {
        let ground = Ground::new();
        let ends = play(&ground);
        assert_eq!(ends, *wanted, "{name}");
        assert_eq!(writes(&ground.fake).len(), *arrivals, "{name}: {:?}", ground.fake.requests());
        assert_eq!(writes(&ground.thief).len(), 0, "{name}");
        more(&ground);
    }
}

/// Requests that are no reads.
fn writes(fake: &Fake) -> Vec<String> {
    fake.requests().into_iter().filter(|request| !request.starts_with("GET ")).collect()
}

fn only_write(ground: &Ground) -> String {
    writes(&ground.fake).pop().unwrap()
}

fn nothing_stolen(ground: &Ground) {
    assert_eq!(ground.thief.requests(), Vec::<String>::new());
}
