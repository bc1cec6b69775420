//! From what is known to a capture, and from a capture to a model that knows it.
//!
//! Gathering takes long where there is much: [`Recorder`] holds what it needs, so that it can be done beside the loop.

use super::Model;
use super::past::Recording;
use super::told::Log;
use crate::capture::{Capture, Head, States, Strand, ToldBy};
use crate::config::portable::Portable;
use crate::config::{self, Problem};
use crate::incident::{Happening, Incidents};
use crate::journal::{Category, Entry};
use crate::labels::NAME;
use crate::plan::Plan;
use crate::slo::Saved;
use crate::store::{Limits, Store};
use crate::units::Timestamp;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Samples of so much time before the beginning are taken along: rates and `for` look back.
pub const LEAD: Duration = Duration::from_secs(600);

/// Everything that a capture is made of, as it is now; shares its chunks with the living store.
#[derive(Debug)]
pub struct Recorder {
    plan: Arc<Plan>,
    store: Store,
    log: Log,
    slos: Vec<Saved>,
    happenings: Vec<Happening>,
    /// Whoever gets it counts on from here.
    goes_on: bool,
}

impl Recorder {
    /// What a model knows.
    pub fn of(model: &Model) -> Self {
        Self {
            plan: Arc::clone(&model.plan),
            store: model.store.fork(),
            log: model.time.log.clone(),
            slos: model.slos.book.minutes_since(Timestamp::default()),
            happenings: model.incidents.all_happenings().cloned().collect(),
            goes_on: false,
        }
    }

    /// The same for whoever goes on from now: where counters stand is told as well. To be made while no objective is being
    /// counted.
    pub fn to_go_on(model: &Model) -> Self {
        Self { slos: model.slos.book.state(), goes_on: true, ..Self::of(model) }
    }

    /// What outlived a process: samples, the journal's lines, what objectives counted. What targets said is not known.
    pub fn of_history(plan: Arc<Plan>, store: Store, entries: &[Entry], slos: Vec<Saved>) -> Self {
        let mut log = Log::of(&plan);
        log.write(entries);
        Self { plan, store, log, slos, happenings: Vec::new(), goes_on: false }
    }

    /// Puts together what is known of the time of `head`.
    pub fn capture(self, head: Head) -> Capture {
        let (from, to) = (head.from - LEAD, head.to);
        let mut series = Vec::new();
        for one in self.store.all() {
            let mut samples = Vec::new();
            one.range(from, to, &mut samples);
            if !samples.is_empty() {
                series.push(Strand { labels: one.labels().clone(), samples });
            }
        }
        let within = |at: Timestamp| at >= from && at <= to;
        let mut slos = self.slos;
        for saved in &mut slos {
            saved.minutes.retain(|minute| minute.minute * 60_000 <= to.millis());
            // Counters have gone on since: whoever counts on from here begins with the samples.
            if !self.goes_on || to < head.made {
                saved.marks.clear();
            }
            saved.covered_until = saved.covered_until.min(to.millis());
        }
        slos.retain(|saved| !saved.is_empty());
        Capture {
            told: told(&self.plan, &self.log, from, to),
            states: states(&self.plan, &self.log, to),
            entries: entries(&self.plan, &self.log, from, to),
            happenings: self.happenings.into_iter().filter(|happening| within(happening.at)).collect(),
            portable: self.plan.portable.make(),
            slos,
            series,
            head,
            left_out: (0, String::new()),
        }
    }
}

fn told(plan: &Plan, log: &Log, from: Timestamp, to: Timestamp) -> Vec<ToldBy> {
    let of = |(index, target): (usize, &Arc<crate::target::Target>)| {
        let mut runs: Vec<_> =
            log.runs(index).filter(|told| told.until >= from && told.at <= to).cloned().collect();
        if let Some(last) = runs.last_mut() {
            last.until = last.until.min(to);
        }
        let (service, poll) = (Arc::clone(&target.service), Arc::clone(&target.poll));
        (!runs.is_empty()).then(|| ToldBy { service, poll, instance: Arc::clone(&target.instance), runs })
    };
    plan.targets.iter().enumerate().filter_map(of).collect()
}

fn states(plan: &Plan, log: &Log, to: Timestamp) -> Vec<States> {
    let of = |(index, service): (usize, &crate::plan::ServicePlan)| {
        let states = log.states.get(index)?.iter().filter(|(at, _)| *at <= to).copied().collect();
        Some((Arc::clone(&service.name), states))
    };
    plan.services.iter().enumerate().filter_map(of).collect()
}

/// The lines of that time, and of incidents of that time all that led there.
fn entries(plan: &Plan, log: &Log, from: Timestamp, to: Timestamp) -> Vec<Entry> {
    let of = |entry: &Entry| entry.details.get("incident").and_then(|id| id.as_str()).map(str::to_owned);
    let changes = log.until(from).filter_map(|(_, change)| change.as_ref());
    let before = Incidents::as_of(Arc::clone(&plan.incidents), changes, from);
    let mut wanted: BTreeSet<String> = before.open().iter().map(|it| it.id.to_string()).collect();
    wanted.extend(log.until(to).filter(|(entry, _)| entry.at >= from).filter_map(|(entry, _)| of(entry)));
    let told = |entry: &&Entry| {
        entry.at >= from && entry.category != Category::Notification
            || of(entry).is_some_and(|id| wanted.contains(&id))
    };
    log.until(to).map(|(entry, _)| entry).filter(told).cloned().collect()
}

/// The plan by which a capture is shown. `rules`: a rule file in the place of those that it holds.
///
/// # Errors
/// Every problem of its configuration.
pub fn plan_of(portable: &Portable, rules: Option<&config::Source>) -> Result<Arc<Plan>, Vec<Problem>> {
    let mut sources = portable.config.clone();
    if rules.is_some() {
        let text = "[rules.replayed]\nfiles = [\"replayed.yml\"]\n".to_owned();
        sources.push(config::Source { name: "replayed.toml".to_owned(), text });
    }
    let mut config = config::load(&sources)?;
    config.slo_sources.clone_from(&portable.slos);
    for (name, set) in &mut config.rules {
        set.sources = match rules {
            Some(rules) if name == "replayed" => vec![rules.clone()],
            Some(_) => Vec::new(),
            None => {
                let own = portable.rules.iter().filter(|(set, _)| set == name);
                own.map(|(_, source)| source.clone()).collect()
            }
        };
    }
    let mut plan = Plan::compile(&config, 1)?;
    // All of it is to stay, and nothing leaves from here.
    plan.limits = Limits::NONE;
    plan.references.clear();
    Ok(Arc::new(plan))
}

impl Model {
    /// A model that knows what a capture holds, and is to be shown by looking back. `now` is the clock's moment, `name` the
    /// file's.
    pub fn of_capture(plan: Arc<Plan>, capture: Capture, name: &str, now: Timestamp) -> Self {
        Self::of_capture_telling(plan, capture, name, now, &|_| {})
    }

    /// The same; `tell` is told the share that is done, 0 to 1, as it goes on.
    pub fn of_capture_telling(
        plan: Arc<Plan>,
        capture: Capture,
        name: &str,
        now: Timestamp,
        tell: &dyn Fn(f64),
    ) -> Self {
        let mut model = Self::new(plan, now, true);
        model.slos.book.restore(&capture.slos);
        model.time.log = log_of(&model.plan, &capture);
        for happening in &capture.happenings {
            model.incidents.recall(happening.clone());
        }
        let all = capture.series.len().max(1) as f64;
        for (index, strand) in capture.series.into_iter().enumerate() {
            tell(index as f64 / all);
            // A series without a name could never be asked for.
            if strand.labels.get(NAME).is_some() {
                for (at, value) in strand.samples {
                    model.store.append(&strand.labels, at, value);
                }
            }
        }
        let name = crate::text::clean(name).into_owned();
        model.time.recording = Some(Recording { name, from: capture.head.from, to: capture.head.to });
        model
    }
}

/// What targets said, by the places that they have in this plan.
fn log_of(plan: &Plan, capture: &Capture) -> Log {
    let mut log = Log::of(plan);
    for told in &capture.told {
        let same = |target: &&Arc<crate::target::Target>| {
            target.service == told.service && target.poll == told.poll && target.instance == told.instance
        };
        let Some(target) = plan.targets.iter().find(same) else { continue };
        if let Some(runs) = log.targets.get_mut(target.id.0 as usize) {
            *runs = told.runs.iter().cloned().collect();
        }
    }
    for (name, states) in &capture.states {
        let place = plan.services.iter().position(|service| service.name == *name);
        if let Some(slot) = place.and_then(|place| log.states.get_mut(place)) {
            *slot = states.iter().copied().collect::<VecDeque<_>>();
        }
    }
    log.write(&capture.entries);
    log
}
