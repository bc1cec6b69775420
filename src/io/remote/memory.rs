//! What is known of a backend from one round to the next: which part of each course was fetched, which series stand,
//! what the server records. It asks nothing itself.

use super::due::Known;
use crate::answers;
use crate::config::{Asking, Want};
use crate::labels::Labels;
use crate::promql;
use crate::target::spoken::{Fill, ServerRules};
use crate::target::{STALE_NAN, Sample};
use crate::units::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

use super::client::When;
use crate::answers::Reply;

/// What is kept of a backend.
#[derive(Debug, Default)]
pub(in crate::io) struct Memory {
    pub(super) questions: FxHashMap<Arc<str>, Kept>,
    /// When the server was last asked who it is.
    pub(super) named: Option<Timestamp>,
    /// When it was last asked which metrics it has.
    pub(super) listed: Option<Timestamp>,
    /// When it was last asked for its rules.
    pub(super) ruled: Option<Timestamp>,
    /// It has no such page.
    pub(super) has_no_rules: bool,
    /// What it records: canonical expression -> name.
    pub(super) records: Arc<FxHashMap<String, String>>,
    /// How many rounds there were.
    pub(super) rounds: u32,
    /// The way that each group has settled on.
    pub(super) chosen: FxHashMap<u32, u32>,
}

/// What is kept of a question.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) known: Known,
    /// The series of the last answer.
    live: FxHashSet<Labels>,
}

impl Memory {
    /// Forgets questions that are not asked any more; gives the markers that end their series.
    pub(super) fn keep_only(&mut self, asking: &Asking, at: Timestamp) -> Vec<Sample> {
        let asked: FxHashSet<&Arc<str>> = asking.questions.iter().map(|question| &question.key).collect();
        let mut ended = Vec::new();
        self.questions.retain(|key, kept| {
            let stays = asked.contains(key);
            if !stays {
                ended.extend(kept.live.drain().map(|labels| Sample { labels, at, value: STALE_NAN }));
            }
            stays
        });
        ended
    }

    /// The backend is gone: markers for all that stands.
    pub(in crate::io) fn end(self, at: Timestamp) -> Vec<Sample> {
        let live = self.questions.into_values().flat_map(|kept| kept.live);
        live.map(|labels| Sample { labels, at, value: STALE_NAN }).collect()
    }

    /// Takes in what the server records. Only whole expressions are compared, in their canonical spelling.
    pub(super) fn take_records(&mut self, rules: &ServerRules) {
        let known = rules.records.iter().filter_map(|(name, text)| {
            let expr = promql::parse(text).ok()?;
            Some((expr.text().to_owned(), name.clone()))
        });
        self.records = Arc::new(known.collect());
    }
}

impl Kept {
    /// Takes in one part of an answer. Returns samples, or minutes of an objective.
    pub(super) fn take(
        &mut self,
        key: &Arc<str>,
        want: Want,
        when: When,
        reply: &Reply,
    ) -> (Vec<Sample>, Option<Fill>) {
        match (want, when) {
            (Want::Minutes { each, .. }, When::Course(from, to, _)) => {
                let minute = |at: Timestamp| at.millis().div_euclid(60_000);
                let asked = (minute(from) - i64::from(each), minute(to));
                let known = self.known.minutes.get_or_insert(asked);
                *known = (known.0.min(asked.0), known.1.max(asked.1));
                let fill = Fill { key: Arc::clone(key), asked, minutes: answers::minutes(&reply.elements) };
                (Vec::new(), Some(fill))
            }
            (_, When::Course(from, to, step)) => {
                self.known.until = self.known.until.max(Some(to));
                let stands = |element: &&answers::Element| {
                    element.points.last().is_some_and(|(last, _)| to.since(*last) < step)
                };
                let standing = reply.elements.iter().filter(stands);
                self.live.extend(standing.map(|element| answers::series(key, &element.labels)));
                (answers::samples(key, &reply.elements, (from, to), step), None)
            }
            (_, When::At(at)) => {
                self.known.until = Some(at);
                (self.now(key, at, reply), None)
            }
        }
    }

    fn now(&mut self, key: &Arc<str>, at: Timestamp, reply: &Reply) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(reply.elements.len() + 1);
        let mut live = FxHashSet::default();
        live.reserve(reply.elements.len());
        for element in &reply.elements {
            let Some((_, value)) = element.points.last() else { continue };
            let labels = answers::series(key, &element.labels);
            samples.push(Sample { labels: labels.clone(), at, value: *value });
            live.insert(labels);
        }
        let gone = self.live.iter().filter(|labels| !live.contains(*labels));
        samples.extend(gone.map(|labels| Sample { labels: labels.clone(), at, value: STALE_NAN }));
        samples.push(Sample { labels: answers::answered(key), at, value: 1.0 });
        self.live = live;
        samples
    }
}
