//! What can be read: all series and their index. A store and its snapshots are two owners of the same parts.
//!
//! Nothing here drops samples or counts bytes.

use super::Read;
use super::index::{Found, Ids, Index, Values};
use super::series::Series;
use crate::labels::{Labels, MatchOp, Matcher, NAME};
use std::borrow::Cow;
use std::sync::Arc;

/// Series by number. Cloning shares them all; whoever writes then copies what it writes to.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    /// `None`: gone, until the next renumbering.
    pub(super) slots: Vec<Option<Arc<Series>>>,
    pub(super) index: Arc<Index>,
    /// Last version of each metric name, by its number in the index.
    pub(super) names: Vec<u64>,
    /// What is said of names that are not known (any more).
    pub(super) forgotten: u64,
    pub(super) version: u64,
}

/// Sets of series as bits, by number.
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn add(&mut self, ids: &[u32]) {
        for id in ids {
            if let Some(word) = self.0.get_mut(*id as usize / 64) {
                *word |= 1 << (id % 64);
            }
        }
    }

    fn has(&self, id: u32) -> bool {
        self.0.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }
}

impl Shelf {
    pub(super) fn series(&self, id: u32) -> Option<&Series> {
        self.slots.get(id as usize)?.as_deref()
    }

    pub(super) fn find(&self, labels: &Labels) -> Found {
        self.index.find(labels, |id| self.series(id).map(Series::labels))
    }

    /// Is any of these series still there?
    fn any_live(&self, ids: &Ids) -> bool {
        ids.as_slice().iter().any(|id| self.series(*id).is_some())
    }

    /// The numbers that all matchers accept, gone ones among them.
    fn matching(&self, matchers: &[Matcher]) -> Vec<u32> {
        let mut lists: Vec<Cow<'_, [u32]>> = Vec::new();
        let mut others: Vec<&Matcher> = Vec::new();
        for matcher in matchers {
            let ids = if matcher.op == MatchOp::Equal {
                self.of_words(&matcher.name, &[&*matcher.value])
            } else {
                matcher.words().and_then(|words| self.of_words(&matcher.name, &words))
            };
            match ids {
                Some(ids) if ids.is_empty() => return Vec::new(),
                Some(ids) => lists.push(ids),
                None => others.push(matcher),
            }
        }
        lists.sort_by_key(|list| list.len());
        let mut found: Option<Vec<u32>> = lists.split_first().map(|(shortest, rest)| {
            let in_all = |id: &&u32| rest.iter().all(|list| list.binary_search(id).is_ok());
            shortest.iter().filter(in_all).copied().collect()
        });
        // Those that need a label first: they leave few to the rest.
        others.sort_by_key(|matcher| matcher.matches(""));
        for matcher in others {
            match &mut found {
                None => found = Some(self.scan(matcher)),
                Some(found) => self.narrow(found, matcher),
            }
        }
        found.unwrap_or_else(|| (0..self.slots.len() as u32).collect())
    }

    /// The numbers of those whose label has one of these values, in rising order. None where the empty word is one of
    /// them: a label that is not there counts as that.
    fn of_words(&self, name: &str, words: &[&str]) -> Option<Cow<'_, [u32]>> {
        if words.iter().any(|word| word.is_empty()) {
            return None;
        }
        let Some(values) = self.index.values(name) else { return Some(Cow::Borrowed(&[])) };
        if let [word] = words {
            return Some(Cow::Borrowed(values.get(*word).map(Ids::as_slice).unwrap_or_default()));
        }
        let lists = words.iter().filter_map(|word| values.get(*word)).map(Ids::as_slice);
        let mut all: Vec<u32> = lists.flatten().copied().collect();
        all.sort_unstable();
        // The same word may be written twice.
        all.dedup();
        Some(Cow::Owned(all))
    }

    /// All numbers that one matcher accepts; asks it once for each value of the label.
    fn scan(&self, matcher: &Matcher) -> Vec<u32> {
        let all = 0..self.slots.len() as u32;
        let absent = matcher.matches("");
        let Some(values) = self.index.values(&matcher.name) else {
            return if absent { all.collect() } else { Vec::new() };
        };
        let bits = self.with(values, |value| matcher.matches(value) != absent);
        all.filter(|id| bits.has(*id) != absent).collect()
    }

    fn with(&self, values: &Values, accept: impl Fn(&str) -> bool) -> Bits {
        let mut bits = Bits::new(self.slots.len());
        for (value, ids) in values {
            if accept(value) {
                bits.add(ids.as_slice());
            }
        }
        bits
    }

    /// Keeps the numbers that one more matcher accepts.
    fn narrow(&self, found: &mut Vec<u32>, matcher: &Matcher) {
        let absent = matcher.matches("");
        let Some(values) = self.index.values(&matcher.name) else {
            if !absent {
                found.clear();
            }
            return;
        };
        // Few series of many values are asked one by one, else the values are.
        if found.len() < values.len() {
            found.retain(|id| self.series(*id).is_some_and(|series| matcher.accepts(series.labels())));
        } else {
            let bits = self.with(values, |value| matcher.matches(value) != absent);
            found.retain(|id| bits.has(*id) != absent);
        }
    }
}

impl Read for Shelf {
    fn select(&self, matchers: &[Matcher]) -> Vec<&Series> {
        self.matching(matchers).into_iter().filter_map(|id| self.series(id)).collect()
    }

    fn get(&self, labels: &Labels) -> Option<&Series> {
        match self.find(labels) {
            Found::Id(id) => self.series(id),
            Found::Absent | Found::Crowded => None,
        }
    }

    fn label_names(&self) -> Vec<String> {
        let live = |values: &Values| values.values().any(|ids| self.any_live(ids));
        let mut names: Vec<String> =
            self.index.labels().filter(|(_, values)| live(values)).map(|(name, _)| name.to_owned()).collect();
        names.sort_unstable();
        names
    }

    fn label_values(&self, name: &str) -> Vec<String> {
        let Some(values) = self.index.values(name) else { return Vec::new() };
        let mut values: Vec<String> =
            values.iter().filter(|(_, ids)| self.any_live(ids)).map(|(value, _)| value.to_string()).collect();
        values.sort_unstable();
        values
    }

    fn metric_names(&self) -> Vec<String> {
        self.label_values(NAME)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn name_version(&self, metric_name: &str) -> u64 {
        let known = self.index.name(metric_name).and_then(|id| self.names.get(id as usize));
        known.copied().unwrap_or(self.forgotten)
    }
}
