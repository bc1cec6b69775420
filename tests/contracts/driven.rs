//! A configuration's polls over real sockets, in a time that is moved by hand: each round asks every target anew, and
//! what comes back is taken as of the round's moment. What is to be kept goes to a real journal, beside which the real
//! binary can be asked.

use crate::support::Watch;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use warroom::config::Overrides;
use warroom::event::{Effect, Event, What};
use warroom::incident::Incident;
use warroom::io::journal::Journal;
use warroom::model::Model;
use warroom::plan::Plan;
use warroom::rules::{Alert, AlertState};
use warroom::severity::Severity;
use warroom::slo::{Saved, SavedMinute, Sli, Slo};
use warroom::target::Target;
use warroom::units::Timestamp;
use warroom::update::update;

/// Writes a configuration into the folder, and the shipped rule files beside it.
pub fn written(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("config.toml");
    std::fs::write(&path, text).unwrap();
    let rules = folder.join("rules");
    std::fs::create_dir_all(&rules).unwrap();
    for file in ["hashinsight.yml", "sparkle.yml"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rules").join(file);
        std::fs::copy(shipped, rules.join(file)).unwrap();
    }
    path
}

/// The plan of a written configuration, its rule files read.
pub fn plan_of(path: &Path) -> Arc<Plan> {
    let read = warroom::io::config::load(Some(path), &Overrides::default());
    let plan = read.and_then(|(config, _)| Plan::compile(&config, 1));
    let plan = plan.unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    Arc::new(plan)
}

/// Runs the real binary with this state folder; what it printed, if its exit code is the expected one.
pub fn warroom(state: &Path, arguments: &[&str], code: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(arguments).env_clear().current_dir("/").stdin(Stdio::null());
    command.env("HOME", "/nonexistent").env("WARROOM_STATE", state);
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{told}\n--\n{errors}");
    told
}

/// A fleet that is asked round by round.
pub struct Driven {
    pub model: Model,
    watch: Watch,
    journal: Journal,
    pub folder: tempfile::TempDir,
    start: Timestamp,
    /// The last round's second.
    pub second: u64,
    rounds: usize,
}

/// A start that is always the same, at the beginning of a minute: groups are evaluated at the same moments each time.
pub const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// The time between two rounds.
pub const STEP: u64 = 15;

impl Driven {
    /// A fleet of this configuration, whose objectives were met for a month before `start`.
    pub fn start(config: &str, start: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan_of(&written(folder.path(), config));
        // Only what a round asks for is asked.
        let slow =
            |target: &Arc<Target>| Target { interval: Duration::from_secs(3600), ..Target::clone(target) };
        let watch = Watch::start(plan.targets.iter().map(slow).collect());
        let (journal, entries, _) = Journal::open(&folder.path().join("state")).unwrap();
        let mut model = Model::new(Arc::clone(&plan), start, true);
        model.judging.remembering = true;
        let mut driven = Self { model, watch, journal, folder, start, second: 0, rounds: 0 };
        let saved = a_good_month(&plan, start);
        driven.take(start, What::Remembered { entries, saved });
        driven
    }

    /// The moment so many seconds after the start.
    pub fn at(&self, seconds: u64) -> Timestamp {
        self.start + Duration::from_secs(seconds)
    }

    /// Where the journal is.
    pub fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    /// Asks every target once, a step later than before, and does all that follows.
    pub fn round(&mut self) {
        if self.rounds > 0 {
            self.second += STEP;
            assert!(self.watch.poller.poll_now(None));
        }
        self.rounds += 1;
        let at = self.at(self.second);
        let ids: Vec<u32> = self.model.plan.targets.iter().map(|target| target.id.0).collect();
        let mut reports = Vec::new();
        for id in ids {
            let mut report = self.watch.report(id);
            report.at = at;
            report.not_before = None;
            for sample in &mut report.samples {
                sample.at = at;
            }
            reports.push(report);
        }
        // What people wrote from elsewhere, as a dashboard's keeper looks for it.
        let written = self.journal.follow().unwrap();
        if !written.is_empty() {
            self.take(at, What::Written(written));
        }
        self.take(at, What::Reports(reports));
        self.take(at, What::Tick);
    }

    /// Rounds for so many seconds.
    pub fn run(&mut self, seconds: u64) {
        for _ in 0..seconds / STEP {
            self.round();
        }
    }

    /// Rounds until it is so; how many seconds that took, at most `limit`.
    pub fn until(&mut self, limit: u64, what: &str, is: impl Fn(&Self) -> bool) -> u64 {
        let from = self.second;
        while !is(self) {
            assert!(self.second - from < limit, "{what}, within {limit} s\n{}", self.told());
            self.round();
        }
        self.second - from
    }

    fn take(&mut self, at: Timestamp, what: What) {
        let mut effects = update(&mut self.model, Event { at, what });
        while self.model.has_work() {
            effects.extend(update(&mut self.model, Event { at, what: What::Work }));
        }
        for effect in effects {
            if let Effect::Journal(entries) = effect {
                self.journal.append(&entries).unwrap();
            }
        }
    }

    /// The alerts of this name: severity, and the alert.
    pub fn alerts(&self, name: &str, state: AlertState) -> Vec<(Severity, &Alert)> {
        let standing = self.model.rules.standing();
        let found = standing.filter(|it| &*it.alert.name == name && it.alert.state == state);
        found.map(|it| (it.severity, &it.alert)).collect()
    }

    /// The incident that lasts; there must be no other.
    pub fn incident(&self) -> Option<&Incident> {
        let open = self.model.incidents.open();
        assert!(open.len() < 2, "{}", self.told());
        open.into_iter().next()
    }

    /// All alerts and incidents, for a test that fails.
    pub fn told(&self) -> String {
        let mut out = vec![format!("after {} s", self.second)];
        out.extend(self.model.rules.standing().map(|it| {
            let alert = &it.alert;
            format!("{:?} {} {} = {}", alert.state, it.severity, alert.labels, alert.value)
        }));
        out.extend(self.model.slos.rows.iter().map(|row| {
            format!("{}: left {:?}, firing {:?}, {:?}", row.name, row.left, row.firing, row.remarks)
        }));
        for it in self.model.incidents.open().into_iter().chain(self.model.incidents.recent()) {
            out.push(format!("{} {} {:?}: {}", it.id, it.severity, it.phase, it.why));
            out.extend(it.timeline.iter().map(|item| format!("    {} {}", item.at, item.text)));
        }
        out.join("\n")
    }
}

/// What earlier runs would have kept: of each objective 30 days of 4,000 good events a minute, or of good slices.
fn a_good_month(plan: &Plan, until: Timestamp) -> Vec<Saved> {
    let last = until.millis() / 60_000;
    let of = |slo: &Arc<Slo>| {
        let total = match &slo.sli {
            Sli::Slices { length, .. } => (60 / length.as_secs().max(1)).max(1),
            _ => 4_000,
        };
        let minute = |minute| SavedMinute { minute, total, bad: 0, covered: 60, bridged: false };
        Saved {
            slo: slo.name.to_string(),
            definition: slo.definition(),
            minutes: (last - 30 * 24 * 60..last).map(minute).collect(),
            marks: Vec::new(),
            covered_until: until.millis(),
        }
    };
    plan.slos.iter().map(of).collect()
}
