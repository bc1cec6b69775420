//! What happens to services, found in the differences between two rounds of facts, and kept for a while: an incident pulls
//! in what happened shortly before it began.

use super::deploy::{Deploy, Rollout};
use super::facts::{Happening, HappeningKind, ServiceFacts};
use super::settings::{self, Settings};
use super::spell;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The most happenings that are kept, and for how long.
const MOST: usize = 2_000;
const KEPT: Duration = Duration::from_secs(86_400);
/// A queue below this depth does not count as grown, whatever it was before.
const SMALL_QUEUE: f64 = 100.0;

/// Happenings, and what is needed to find them.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    services: BTreeMap<Arc<str>, Seen>,
    kept: VecDeque<Happening>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    state: State,
    open_breakers: Vec<Clean>,
    queue: Option<Ebb>,
    rollout: Rollout,
}

/// The lowest depth of a queue in the last minutes, and whether it was told that it grew.
#[derive(Clone, Copy, Debug)]
struct Ebb {
    low: f64,
    told: bool,
}

/// Cleans and cuts what came from outside.
pub(super) fn tidy(happening: &mut Happening) {
    let name = |text: &mut String| *text = spell::tidy(text, spell::NAME);
    happening.text = spell::tidy(&happening.text, 400);
    match &mut happening.kind {
        HappeningKind::Deploy { from, to } => {
            name(from);
            name(to);
        }
        HappeningKind::BreakerOpened { name: it }
        | HappeningKind::BreakerClosed { name: it }
        | HappeningKind::DependencyDown { name: it } => name(it),
        HappeningKind::ActionDone { action, outcome, event_id } => {
            name(action);
            name(outcome);
            name(event_id);
        }
        HappeningKind::QueueGrew | HappeningKind::Restarted => {}
    }
}

impl Signs {
    /// Compares with the last round. What is seen for the first time has not happened just now.
    pub(super) fn observe(
        &mut self,
        at: Timestamp,
        facts: &[ServiceFacts],
        settings: &Settings,
    ) -> Vec<Happening> {
        let mut found = Vec::new();
        for facts in facts {
            let mut tell = |kind, text: String| {
                let mut happening = Happening { at, service: Arc::clone(&facts.service), kind, text };
                tidy(&mut happening);
                found.push(happening);
            };
            let first = !self.services.contains_key(&facts.service);
            let seen = self.services.entry(Arc::clone(&facts.service)).or_default();
            if let Some(deploy) = seen.rollout.observe(facts, at, settings.timing.watch_deploy) {
                let text = seen.rollout.canary().map(|(_, on, all)| format!("on {on} of {all} instances"));
                tell(HappeningKind::Deploy { from: deploy.from, to: deploy.to }, text.unwrap_or_default());
            }
            if !first {
                for name in facts.open_breakers.iter().filter(|name| !seen.open_breakers.contains(name)) {
                    tell(HappeningKind::BreakerOpened { name: name.as_str().to_owned() }, String::new());
                }
                for name in seen.open_breakers.iter().filter(|name| !facts.open_breakers.contains(name)) {
                    tell(HappeningKind::BreakerClosed { name: name.as_str().to_owned() }, String::new());
                }
            }
            if let Some(text) = facts.queue.and_then(|depth| Ebb::observe(&mut seen.queue, depth)) {
                tell(HappeningKind::QueueGrew, text);
            }
            seen.open_breakers.clone_from(&facts.open_breakers);
        }
        self.dependencies(at, facts, &mut found);
        for facts in facts {
            self.services.entry(Arc::clone(&facts.service)).or_default().state = facts.state;
        }
        // Services that are configured no longer.
        self.services.retain(|name, _| facts.iter().any(|facts| facts.service == *name));
        for happening in &found {
            self.remember(happening.clone());
        }
        found
    }

    /// Who goes down is told to those who need it.
    fn dependencies(&self, at: Timestamp, facts: &[ServiceFacts], found: &mut Vec<Happening>) {
        let was = |name: &Arc<str>| self.services.get(name).map(|seen| seen.state);
        let went_down: Vec<&Arc<str>> = facts
            .iter()
            .filter(|f| f.state == State::Down && was(&f.service).is_some_and(|state| state != State::Down))
            .map(|f| &f.service)
            .collect();
        for needs in facts {
            for name in needs.depends_on.iter().filter(|name| went_down.contains(name)) {
                let kind = HappeningKind::DependencyDown { name: spell::tidy(name, spell::NAME) };
                found.push(Happening { at, service: Arc::clone(&needs.service), kind, text: String::new() });
            }
        }
    }

    pub(super) fn remember(&mut self, happening: Happening) {
        let old = happening.at - KEPT;
        while self.kept.len() >= MOST || self.kept.front().is_some_and(|first| first.at < old) {
            self.kept.pop_front();
        }
        self.kept.push_back(happening);
    }

    /// What was known by `at`: which instances ran what then is not.
    pub(super) fn until(&self, at: Timestamp) -> Self {
        let kept: VecDeque<Happening> =
            self.kept.iter().filter(|happening| happening.at <= at).cloned().collect();
        let mut signs = Self { services: BTreeMap::new(), kept };
        for happening in &signs.kept {
            let HappeningKind::Deploy { from, to } = &happening.kind else { continue };
            let seen = signs.services.entry(Arc::clone(&happening.service)).or_default();
            let known = self.services.get(&happening.service).map(|seen| &seen.rollout);
            let same = known.filter(|known| known.last.as_ref().is_some_and(|last| last.at == happening.at));
            let last = Deploy { at: happening.at, from: from.clone(), to: to.clone() };
            let watch_until = same.and_then(|known| known.watch_until);
            seen.rollout = Rollout::known(last, watch_until);
        }
        signs
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Happening> {
        self.kept.iter()
    }

    /// What happened from `back` before `began` until `at`.
    pub(super) fn before(&self, began: Timestamp, back: Duration, at: Timestamp) -> Vec<Happening> {
        let from = began - back;
        self.kept.iter().filter(|happening| happening.at >= from && happening.at <= at).cloned().collect()
    }

    pub(super) fn of<'s>(&'s self, service: &'s str, from: Timestamp) -> impl Iterator<Item = &'s Happening> {
        self.kept.iter().filter(move |happening| &*happening.service == service && happening.at >= from)
    }

    pub(super) fn rollout(&self, service: &str) -> Option<&Rollout> {
        self.services.get(service).map(|seen| &seen.rollout)
    }

    /// When closer watches end.
    pub(super) fn ends(&self) -> impl Iterator<Item = Timestamp> {
        self.services.values().filter_map(|seen| seen.rollout.watch_until)
    }
}

impl Ebb {
    /// A queue has grown when it is three times as deep as it was at its lowest; it is told again only after it has gone
    /// half of the way back.
    fn observe(queue: &mut Option<Self>, depth: f64) -> Option<String> {
        if !depth.is_finite() {
            return None;
        }
        let Some(ebb) = queue else {
            *queue = Some(Self { low: depth, told: false });
            return None;
        };
        let low = ebb.low.min(depth);
        if ebb.told {
            if depth < (low * 3.0).max(SMALL_QUEUE) / 2.0 {
                *queue = Some(Self { low: depth, told: false });
            }
            return None;
        }
        // The lowest rises slowly towards what is usual, so that a quiet night is forgotten.
        *queue = Some(Self { low: low + (depth - low) * 0.01, told: false });
        if depth < (low * 3.0).max(SMALL_QUEUE) {
            return None;
        }
        *queue = Some(Self { low, told: true });
        Some(format!("from {} to {}", settings::number(low), settings::number(depth)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_grown_once() {
        let mut queue = None;
        let depths = [10.0, 12.0, 90.0, 99.0, 150.0, 400.0, 5000.0, 60.0, 40.0, 30.0, 500.0, f64::NAN, 600.0];
        let told: Vec<usize> = depths
            .iter()
            .enumerate()
            .filter_map(|(i, depth)| Ebb::observe(&mut queue, *depth).map(|_| i))
            .collect();
        assert_eq!(told, [4, 10]);
    }
}
