//! Silences against a real Alertmanager: made, extended, ended, through the door and over the wire.

use crate::admin::{Memory, open_policy};
use crate::alertmanager::Server;
use crate::plan;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use warroom::action::{Action, Facts, How, Ledger, Proposal, Typed, authorize};
use warroom::foreign::silence::{self, Change, Draft};
use warroom::foreign::{Foreign, Picture};
use warroom::io::act::{Ran, Stop};
use warroom::io::foreign::once;
use warroom::io::http::Http;
use warroom::plan::Plan;
use warroom::runtime::now;

fn server(other: Option<u16>) -> Option<(Server, u16)> {
    let started = Server::start_in_cluster(other);
    if started.is_none() {
        crate::skip::skipped("alertmanager");
    }
    started
}

struct Room {
    plan: Arc<Plan>,
    http: Arc<Http>,
    runtime: tokio::runtime::Runtime,
    memory: Memory,
    text: String,
}

impl Room {
    fn new(urls: &[String]) -> Self {
        let peers: Vec<String> = urls.iter().skip(1).map(|url| format!("\"{url}\"")).collect();
        let text = format!(
            "environment.prod = {{ actions = \"confirm\" }}\n[service.checkout]\nenvironment = \"prod\"\n\
             instances = [\"http://127.0.0.1:9\"]\n[backend.am]\nkind = \"alertmanager\"\nurl = \"{}\"\npeers = [{}]\n\
             environment = \"prod\"\n",
            urls[0],
            peers.join(", ")
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { plan: plan(&text), http: Arc::default(), runtime, memory: Memory::default(), text }
    }

    fn look(&self) -> Picture {
        self.runtime.block_on(once(&self.http, &self.plan.foreign[0], &self.plan.rules.owners, &[]))
    }

    /// Looks until what is seen fits.
    fn until(&self, what: &str, fits: impl Fn(&Picture) -> bool) -> Picture {
        let started = Instant::now();
        loop {
            let picture = self.look();
            if fits(&picture) {
                return picture;
            }
            assert!(started.elapsed() < Duration::from_secs(40), "{what}: {picture:#?}");
            std::thread::sleep(Duration::from_millis(200)); // between two reads of a server that needs its time
        }
    }

    /// Through the door, as the command line would, and over the wire.
    fn act(&self, action: Action) -> (Ran, String) {
        static NONCE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let at = now();
        let proposal = Proposal::new(warroom::action::Draft {
            service: Arc::clone(&action.offers[0].service),
            instances: vec![Arc::clone(&action.offers[0].instances[0].name)],
            action: Arc::new(action),
            values: std::collections::BTreeMap::new(),
            choices: std::collections::BTreeMap::new(),
            who: warroom::journal::Who { user: "anna".into(), ..Default::default() },
            incident: Some("INC-1".to_owned()),
            facts: Facts::default(),
            nonce: NONCE.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            at,
        })
        .unwrap();
        let (id, typed) = (proposal.id().to_owned(), Typed::headless(&proposal, "y", "", at));
        let authorized =
            authorize(&open_policy(), &Ledger::default(), proposal, &typed, &Facts::default(), at).unwrap();
        let (ran, _) = crate::admin::perform(authorized, &self.memory, &self.http, &Stop::default());
        (ran, id)
    }

    fn draft<'a>(&'a self, picture: &'a Picture, change: Change<'a>) -> Action {
        let draft = Draft {
            backend: &self.plan.foreign[0],
            picture,
            change,
            incident: Some("INC-1"),
            environment: None,
            why: "made by a test {really}",
            at: now(),
        };
        draft.action().unwrap()
    }
}

fn find<'p>(picture: &'p Picture, name: &str, instance: &str) -> Option<&'p Foreign> {
    picture
        .alerts
        .iter()
        .find(|alert| &*alert.alert.name == name && alert.alert.labels.get("instance") == Some(instance))
}

#[test]
fn a_silence_is_made_extended_and_ended_and_keeps_its_id() {
    let Some((server, _)) = server(None) else { return };
    let room = Room::new(&[server.url()]);
    let labels = |instance: &str| json!({ "alertname": "Errors", "service": "checkout", "instance": instance, "path": "/api/{id}|.*", "severity": "critical" });
    server.post(&[labels("a:1"), labels("b:2"), labels("c:3")], true);
    let picture = room.until("alerts", |picture| picture.alerts.len() == 3);
    assert!(picture.peers[0].about.as_str().contains("version 0."), "{}", picture.peers[0].about);
    assert_eq!(&*picture.alerts[0].services[0], "checkout");
    // Two of the three.
    let meant: Vec<&Foreign> =
        ["a:1", "b:2"].iter().map(|instance| find(&picture, "Errors", instance).unwrap()).collect();
    let action = room.draft(&picture, Change::Make { alerts: &meant, span: Duration::from_secs(900) });
    let (ran, key) = room.act(action);
    assert_eq!(ran.how(), How::Done, "{ran:?}");
    assert_eq!(
        room.memory.told().iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(),
        ["action.sent", "action.outcome"]
    );
    let picture =
        room.until("silenced", |picture| picture.alerts.iter().filter(|alert| alert.suppressed).count() == 2);
    assert!(!find(&picture, "Errors", "c:3").unwrap().suppressed);
    let known = picture.silences.values().next().unwrap().clone();
    assert!(known.comment.contains(&silence::mark(&key)), "{}", known.comment);
    assert!(
        known.comment.starts_with("INC-1: acknowledged by anna: made by a test {really} ["),
        "{}",
        known.comment
    );
    // Longer: the id stays.
    let until = known.ends_at + Duration::from_secs(3600);
    let (ran, _) = room.act(room.draft(&picture, Change::Extend { silence: &known, until }));
    assert_eq!(ran.how(), How::Done, "{ran:?}");
    let picture = room.until("extended", |picture| picture.silences.values().any(|one| one.ends_at == until));
    assert_eq!(picture.silences.keys().collect::<Vec<_>>(), [&known.id], "the same, and no other");
    // Over.
    let (ran, _) = room.act(room.draft(&picture, Change::Expire(&known)));
    assert_eq!(ran.how(), How::Done, "{ran:?}");
    let picture = room.until("heard again", |picture| picture.alerts.iter().all(|alert| !alert.suppressed));
    assert!(picture.silences.is_empty());
    // What is not there any more is refused in the server's words.
    let gone = warroom::foreign::alertmanager::Silence {
        id: "00000000-0000-0000-0000-000000000000".into(),
        ..known
    };
    let (ran, _) = room.act(room.draft(&picture, Change::Expire(&gone)));
    assert_eq!(ran.how(), How::Failed, "{ran:?}");
    server.post(&[labels("a:1"), labels("b:2"), labels("c:3")], false);
    room.until("resolved", |picture| picture.alerts.is_empty() && !picture.deaf);
}

#[test]
fn inhibited_alerts_are_shown_as_such_and_groups_are_read() {
    let Some((server, _)) = server(None) else { return };
    let room = Room::new(&[server.url()]);
    server.post(
        &[
            json!({ "alertname": "Cause", "instance": "x" }),
            json!({ "alertname": "Effect", "instance": "x" }),
        ],
        true,
    );
    let picture =
        room.until("inhibited", |picture| find(picture, "Effect", "x").is_some_and(|alert| alert.suppressed));
    let effect = find(&picture, "Effect", "x").unwrap();
    assert_eq!(effect.inhibited_by, [find(&picture, "Cause", "x").unwrap().fingerprint.clone()]);
    let mut book = warroom::foreign::Book::default();
    let picture = Arc::new(picture);
    book.take(Arc::clone(&picture));
    let why = book.why(&picture, find(&picture, "Effect", "x").unwrap()).unwrap();
    assert_eq!((why.word, why.by.as_str()), ("INHIBITED", "Cause"));
    let grouped =
        room.until("groups", |picture| picture.alerts.iter().all(|alert| alert.group.contains('=')));
    assert_eq!(&*find(&grouped, "Cause", "x").unwrap().group, "alertname=Cause");
}

#[test]
fn a_member_that_dies_resolves_nothing_and_the_other_takes_the_silence() {
    let Some((one, gossip)) = server(None) else { return };
    let Some((two, _)) = server(Some(gossip)) else { return };
    let room = Room::new(&[one.url(), two.url()]);
    let labels = json!({ "alertname": "Errors", "service": "checkout", "instance": "a:1" });
    // As Prometheus does: to each.
    for server in [&one, &two] {
        server.post(std::slice::from_ref(&labels), true);
    }
    let both = room.until("both", |picture| {
        picture.alerts.len() == 1 && picture.peers.iter().all(|peer| peer.count == 1)
    });
    assert!(both.peers.iter().all(|peer| peer.failure.is_none()));
    drop(one);
    let picture = room.look();
    assert_eq!((picture.alerts.len(), picture.deaf), (1, false));
    assert!(picture.peers[0].failure.is_some());
    let meant: Vec<&Foreign> = picture.alerts.iter().collect();
    let action = room.draft(&picture, Change::Make { alerts: &meant, span: Duration::from_secs(900) });
    // The one that answers is asked.
    assert_eq!(action.offers[0].instances[0].name, room.plan.foreign[0].peers[1].name);
    let (ran, _) = room.act(action);
    assert_eq!(ran.how(), How::Done, "{ran:?}");
    room.until("silenced", |picture| picture.alerts[0].suppressed);
}

#[test]
fn the_command_line_shows_a_silence_and_makes_it_only_when_told_to() {
    let Some((server, _)) = server(None) else { return };
    let room = Room::new(&[server.url()]);
    server.post(&[json!({ "alertname": "Errors", "service": "checkout", "instance": "a:1" })], true);
    room.until("alerts", |picture| picture.alerts.len() == 1);
    // The incident as a dashboard would have opened it, in a journal on disk.
    let config = room.text.clone();
    let mut desk = crate::desk::Desk::new(&config, false);
    desk.at = now();
    desk.hear_picture(room.look());
    let id = desk.open()[0].id.to_string();
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _, _) =
        warroom::io::journal::Journal::open_with(folder.path(), warroom::io::journal::Options::default())
            .unwrap();
    for effect in &desk.effects {
        if let warroom::event::Effect::Journal(entries) = effect {
            journal.append(entries).unwrap();
        }
    }
    drop(journal);
    let file = folder.path().join("config.toml");
    std::fs::write(&file, config).unwrap();
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
            .args(["--config", file.to_str().unwrap(), "--state", folder.path().to_str().unwrap()])
            .args(["incident"])
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let silences = || server.get("/api/v2/silences").as_array().unwrap().len();
    // Shown, and acknowledged here.
    let (code, out, told) = run(&["ack", &id]);
    assert_eq!(code, 0, "{told}");
    assert!(
        out.contains("acknowledged") && told.contains("curl -sS -X POST") && told.contains("amtool "),
        "{out}{told}"
    );
    assert_eq!(silences(), 0);
    assert_eq!(run(&["unack", &id]).0, 0);
    // The wrong word, or read-only: nothing.
    let (code, _, told) = run(&["ack", &id, "--confirm", "yes"]);
    assert_eq!((code, silences()), (77, 0), "{told}");
    let (code, _, told) = run(&["--read-only", "ack", &id, "--confirm", "y"]);
    assert_eq!((code, silences()), (77, 0), "{told}");
    // Meant.
    let (code, out, told) = run(&["ack", &id, "--confirm", "y", "--for", "1h", "looking", "at", "it"]);
    assert_eq!((code, silences()), (0, 1), "{out}{told}");
    let made = &server.get("/api/v2/silences")[0];
    assert!(made["comment"].as_str().unwrap().contains("looking at it"), "{made}");
    room.until("silenced", |picture| picture.alerts[0].suppressed);
}
