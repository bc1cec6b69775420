//! Actions made by hand, the door opened for them, and a journal in memory: for tests of the sender.
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper of tests may fail")]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use warroom::action::request::{BodySpec, RequestSpec};
use warroom::action::spec::{Job, JobUrl, Reach, Settle};
use warroom::action::template::{JsonTemplate, Template};
use warroom::action::{
    Action, ActionKind, Authorized, Checked, Draft, Facts, Hazard, Instance, Ledger, Method, Offer, Passed,
    Policy, Proposal, Typed, authorize,
};
use warroom::config::Actions;
use warroom::config::auth::Auth;
use warroom::io::act::{Progress, Ran, Records, Seen, Stop, World, run};
use warroom::io::http::Http;
use warroom::journal::{Entry, Who};
use warroom::runtime::now;
use warroom::target::Route;
use warroom::text::Clean;

/// A template.
pub fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

/// An instance with this base URL.
pub fn instance(base: &str, auth: Option<Auth>, route: Route) -> Instance {
    let base: url::Url = base.parse().unwrap();
    let name = format!("{}:{}", base.host_str().unwrap(), base.port_or_known_default().unwrap());
    Instance { name: name.into(), base, auth: auth.map(Arc::new), route: Arc::new(route) }
}

/// `POST /admin/restart` on these instances: reversible, followed by `Location`, settles at once.
pub fn action(instances: Vec<Instance>) -> Action {
    let body = JsonTemplate::parse(&serde_json::json!({ "why": "{reason}" })).unwrap();
    Action {
        name: "restart".into(),
        kind: ActionKind::Restart,
        title: "Restart".into(),
        hazard: Hazard::Reversible,
        offers: vec![Offer { service: "shop".into(), environment: Some("prod".into()), instances }],
        reach: Reach::Any,
        request: RequestSpec {
            method: Method::Post,
            path: template("/admin/restart"),
            headers: Vec::new(),
            body: BodySpec::Json(body, "application/json".into()),
            timeout: Duration::from_secs(3),
        },
        vars: Vec::new(),
        accept: vec![200, 202, 204],
        params: Vec::new(),
        job: None,
        settle: Settle::Nothing,
        settle_limit: Duration::from_secs(2),
        cool_down: Duration::ZERO,
        checks: Vec::new(),
        needs_reason: false,
        idempotency_header: "Idempotency-Key".into(),
        reason_header: "X-Reason".into(),
        errors: [("AUTH_001", "no valid credential"), ("DB_001", "the database cannot be reached")]
            .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()))
            .to_vec(),
        note: String::new(),
    }
}

/// Jobs as the convention has them, asked for quickly.
pub fn job(limit: Duration) -> Job {
    Job {
        url: JobUrl::Header("Location".into()),
        state: "/state".into(),
        done: vec!["done".into()],
        failed: vec!["failed".into()],
        error: Some("/error".into()),
        log: Some("/log".into()),
        interval: Duration::from_millis(50),
        limit,
    }
}

/// A policy that lets everything through.
pub fn open_policy() -> Policy {
    Policy { environment: Some("prod".into()), actions: Actions::Confirm, ..Policy::default() }
}

/// Opens the door for an action, as the command line would.
pub fn authorized(action: Action, reason: &str, ledger: &Ledger) -> Authorized {
    authorized_with(action, reason, ledger, &[])
}

/// The same, with these pre-checks made and held.
pub fn authorized_with(action: Action, reason: &str, ledger: &Ledger, held: &[&str]) -> Authorized {
    static NONCE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let at = now();
    let proposal = Proposal::new(Draft {
        action: Arc::new(action),
        service: "shop".into(),
        instances: Vec::new(),
        values: BTreeMap::new(),
        choices: BTreeMap::new(),
        who: Who { user: Clean::new("anna"), host: Clean::new("bastion"), ..Who::default() },
        incident: None,
        facts: Facts::default(),
        nonce: NONCE.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
        at,
    })
    .unwrap();
    let held = held.iter().map(|name| Checked { name: (*name).to_owned(), passed: Passed::Yes });
    let facts = Facts { checks: held.collect(), ..Facts::default() };
    let phrase = proposal.phrase().to_owned();
    let typed = Typed::headless(&proposal, &phrase, reason, at);
    authorize(&open_policy(), ledger, proposal, &typed, &facts, at).unwrap()
}

/// A journal in memory, shared by all clones.
#[derive(Clone, Default)]
pub struct Memory {
    /// Its lines.
    pub lines: Arc<Mutex<Vec<Entry>>>,
    /// It takes so many lines, and then fails.
    pub room: Option<usize>,
}

impl Memory {
    /// (what happened, how) of each line.
    pub fn told(&self) -> Vec<(String, String)> {
        self.lines.lock().unwrap().iter().map(|entry| (entry.action.clone(), entry.status.clone())).collect()
    }

    /// The text of the last line's note.
    pub fn note(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines
            .last()
            .and_then(|entry| Some(entry.details.get("note")?.as_str()?.to_owned()))
            .unwrap_or_default()
    }
}

impl Records for Memory {
    fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut lines = self.lines.lock().unwrap();
        if self.room.is_some_and(|room| lines.len() >= room) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        lines.extend_from_slice(entries);
        Ok(())
    }

    fn ledger(&mut self) -> io::Result<Ledger> {
        Ok(Ledger::of(self.lines.lock().unwrap().iter()))
    }
}

/// Runs one act against whatever it points at; what it came to, and what was told on the way.
pub fn perform(
    authorized: Authorized,
    memory: &Memory,
    http: &Arc<Http>,
    stop: &Stop,
) -> (Ran, Vec<Progress>) {
    let (_keep, seen) = watch::channel(Seen { policy: open_policy(), ..Seen::default() });
    perform_seeing(authorized, memory, http, stop, seen)
}

/// The same, for whom what is seen meanwhile matters.
pub fn perform_seeing(
    authorized: Authorized,
    memory: &Memory,
    http: &Arc<Http>,
    stop: &Stop,
    seen: watch::Receiver<Seen>,
) -> (Ran, Vec<Progress>) {
    let mut world =
        World { http: Arc::clone(http), records: Box::new(memory.clone()), seen, stop: stop.clone(), now };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut told = Vec::new();
    let mut tell = |progress| told.push(progress);
    let ran = runtime.block_on(run(authorized, &mut world, &mut tell));
    (ran, told)
}
