//! Grading, causes, mitigation and the end: what each round makes of an open incident. A severity rises by itself; it falls
//! only after things have looked better for long enough, or by hand.

use super::change::What;
use super::engine::{Incidents, Worst, is_ours};
use super::facts::{Figures, ServiceFacts};
use super::group::{Reach, Round};
use super::record::{Incident, Phase};
use super::{Change, settings};
use crate::severity::Severity;
use crate::target::health::State;
use crate::units::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What the engine keeps of an incident from round to round, beside the record.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Event ids that are spent.
    pub(super) seen: BTreeSet<String>,
    /// Alerts that the journal says fire, and that no round has confirmed yet.
    pub(super) unconfirmed: BTreeSet<String>,
    /// When the journal was read.
    pub(super) restored_at: Option<Timestamp>,
    /// Since when it looks better than its severity, and the worst since then.
    better: Option<(Timestamp, Severity)>,
    /// Errors or latency were over a limit at some time.
    pub(super) hurt: bool,
    /// Since when they are over, or below.
    over_since: Option<Timestamp>,
    well_since: Option<Timestamp>,
    /// Known from another warroom only.
    pub(super) foreign: bool,
    /// The minute of the last figures.
    minute: Option<i64>,
}

impl Watch {
    /// After a restart an alert counts as firing until the rules have been evaluated, and while it waits for its `for`.
    pub(super) fn still_believed(
        &self,
        fingerprint: &str,
        at: Timestamp,
        round: &Round,
        grace: Duration,
    ) -> bool {
        let Some(restored) = self.restored_at.filter(|_| self.unconfirmed.contains(fingerprint)) else {
            return false;
        };
        round.pending.contains(fingerprint) || at.since(restored) < grace
    }
}

impl Incidents {
    /// What an incident of these services would be graded as now, and why.
    pub(super) fn judge(
        &self,
        labels: Option<(Severity, String)>,
        services: &[Arc<str>],
    ) -> (Severity, String) {
        let seen = services.iter().filter_map(|service| self.settings.seen(self.facts.get(service)?));
        // Of two that are equally grave, what is seen says more than the name of a rule.
        let all = labels.into_iter().chain(seen);
        all.max_by_key(|(severity, _)| *severity).unwrap_or((Severity::P4, "alerts fire".to_owned()))
    }

    /// Severities rise and fall.
    pub(super) fn grade(&mut self, at: Timestamp, worst: &Worst, out: &mut Vec<Change>) {
        let mut graded = Vec::new();
        for incident in self.all.values().filter(|incident| incident.is_open()) {
            // Without an alert it is about to end: its severity stays what it was.
            let Some(labels) = worst.get(&incident.id) else { continue };
            let (seen, why) = self.judge(Some(labels.clone()), &incident.services);
            let watch = self.watch.entry(Arc::clone(&incident.id)).or_default();
            if let Some((to, lowered)) = regrade(incident, watch, seen, at, self.settings.timing.lower_after)
            {
                let why = if lowered { format!("has looked better for a while: {why}") } else { why };
                graded.push((Arc::clone(&incident.id), incident.severity, to, why));
            }
        }
        for (id, from, to, why) in graded {
            let due = self.regraded_due(&id, from, to, at);
            self.emit(&id, at, What::Graded { from, to, why, seen: None, due }, out);
        }
    }

    /// The cause is the service that needs none of the others that are in trouble.
    pub(super) fn find_causes(&mut self, at: Timestamp, out: &mut Vec<Change>) {
        let mut reach = Reach::of(&self.facts);
        let mut found = Vec::new();
        for incident in self.all.values().filter(|incident| incident.is_open()) {
            let mut troubled: Vec<Arc<str>> = Vec::new();
            for alert in incident.firing() {
                if !troubled.contains(&alert.service) {
                    troubled.push(Arc::clone(&alert.service));
                }
            }
            let mut down: Vec<Arc<str>> = Vec::new();
            for service in &troubled {
                let is_down =
                    |name: &&Arc<str>| self.facts.get(*name).is_some_and(|f| f.state == State::Down);
                down.extend(reach.behind(service).iter().filter(is_down).cloned());
            }
            down.retain(|service| !troubled.contains(service));
            down.sort();
            down.dedup();
            troubled.append(&mut down);
            let now = incident.services.first();
            if let Some(cause) = reach.deepest(&troubled, now)
                && Some(&cause) != now
                && now.is_none_or(|now| &**now != super::group::SEVERAL)
            {
                found.push((Arc::clone(&incident.id), cause));
            }
        }
        for (id, service) in found {
            self.emit(&id, at, What::Cause { service }, out);
        }
    }

    /// Mitigated, relapsed, resolved.
    pub(super) fn settle(&mut self, at: Timestamp, worst: &Worst, out: &mut Vec<Change>) {
        let settle = self.settings.timing.settle;
        let limits = self.settings.well_below();
        let mut changes = Vec::new();
        for incident in
            self.all.values().filter(|incident| incident.is_open() && is_ours(incident, &self.facts))
        {
            let watch = self.watch.entry(Arc::clone(&incident.id)).or_default();
            let facts = incident.services.iter().filter_map(|service| self.facts.get(service));
            if let Some(what) = watch.harm(incident, facts, limits, at, settle) {
                changes.push((Arc::clone(&incident.id), what));
            }
            let quiet = incident.quiet_since.is_some_and(|since| since + settle <= at);
            if quiet && !worst.contains_key(&incident.id) {
                let reason = "all alerts are gone".to_owned();
                changes.push((Arc::clone(&incident.id), What::Resolved { reason }));
            }
        }
        for (id, what) in changes {
            self.emit(&id, at, what, out);
        }
    }

    /// Once a minute, the figures of each open incident.
    pub(super) fn figures(&mut self, at: Timestamp, out: &mut Vec<Change>) {
        let minute = at.millis().div_euclid(60_000);
        let mut told = Vec::new();
        for incident in self.all.values().filter(|incident| incident.is_open()) {
            let watch = self.watch.entry(Arc::clone(&incident.id)).or_default();
            if watch.minute.is_some_and(|last| last >= minute) {
                continue;
            }
            // Of the cause, if it has any; else of the first one that has.
            let of = |service: &Arc<str>| Some(Figures::of(self.facts.get(service)?, at));
            let mut all = incident.services.iter().filter_map(of);
            if let Some(figures) = all.find(|figures| !figures.is_empty()) {
                watch.minute = Some(minute);
                told.push((Arc::clone(&incident.id), figures));
            }
        }
        for (id, figures) in told {
            self.emit(&id, at, What::Figures { figures }, out);
        }
    }

    /// What ended long ago leaves the memory; the journal keeps it.
    pub(super) fn forget(&mut self, at: Timestamp) {
        let keep = self.settings.timing.keep;
        let ended = |incident: &Incident| incident.resolved.as_ref().map(|(ended, _)| *ended + keep <= at);
        let old: Vec<Arc<str>> = self
            .all
            .values()
            .filter(|incident| match &incident.phase {
                Phase::Open => false,
                // What fires on, although a person declared it over, must not open anything.
                Phase::Resolved => ended(incident) == Some(true) && incident.firing().next().is_none(),
                Phase::Merged(into) => self.all.get(into).is_none_or(|host| ended(host) == Some(true)),
            })
            .map(|incident| Arc::clone(&incident.id))
            .collect();
        for id in old {
            self.all.remove(&id);
            self.watch.remove(&id);
        }
    }
}

/// The severity that an incident should have instead, and whether that is because it has looked better for a while.
fn regrade(
    incident: &Incident,
    watch: &mut Watch,
    seen: Severity,
    at: Timestamp,
    lower_after: Duration,
) -> Option<(Severity, bool)> {
    if let Some(judged) = &incident.judged {
        // A person has decided, knowing what could be seen; only what is worse than that and than the decision counts.
        watch.better = None;
        let worse = seen > incident.severity && judged.seen.is_none_or(|then| seen > then);
        return worse.then_some((seen, false));
    }
    if seen >= incident.severity {
        watch.better = None;
        return (seen > incident.severity).then_some((seen, false));
    }
    let (since, worst) = watch.better.map_or((at, seen), |(since, worst)| (since, worst.max(seen)));
    watch.better = Some((since, worst));
    if at.since(since) < lower_after {
        return None;
    }
    watch.better = None;
    Some((worst, true))
}

impl Watch {
    /// Follows errors and latency against the lowest limits.
    fn harm<'f>(
        &mut self,
        incident: &Incident,
        facts: impl Iterator<Item = &'f ServiceFacts>,
        (errors, latency): (Option<f64>, Option<f64>),
        at: Timestamp,
        settle: Duration,
    ) -> Option<What> {
        let (mut known, mut why) = (false, None);
        for facts in facts {
            known |= facts.errors_ratio.is_some() || facts.latency.is_some();
            let limits = settings::Limits { errors, latency, ..settings::Limits::default() };
            why = why.or_else(|| limits.exceeded(facts));
        }
        if let Some(how) = why {
            self.hurt = true;
            self.well_since = None;
            let since = *self.over_since.get_or_insert(at);
            let said = incident.mitigated.as_ref().map(|(said, _)| *said)?;
            return (at.since(since.max(said)) >= settle && !settle.is_zero())
                .then_some(What::Relapsed { how });
        }
        self.over_since = None;
        // Without figures nobody knows: a service that is down has no errors either.
        if !known || !self.hurt || incident.mitigated.is_some() {
            self.well_since = None;
            return None;
        }
        let since = *self.well_since.get_or_insert(at);
        (at.since(since) >= settle)
            .then(|| What::Mitigated { how: "errors and latency are back below their limits".to_owned() })
    }
}
