//! Results between two steps of an evaluation: rows of values over a grid of moments.
//!
//! A frame holds all moments of a row side by side, so that labels are looked at once a row and not once a sample.
//! It knows nothing of expressions.

use super::value::EvalError;
use crate::labels::{Labels, NAME};
use crate::target::STALE_NAN;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::{Hash, Hasher};

/// "No sample at this moment": the stale marker, which no selector ever lets through.
pub(super) const ABSENT: f64 = STALE_NAN;

/// Is there a sample?
#[inline]
pub(super) fn present(value: f64) -> bool {
    value.to_bits() != ABSENT.to_bits()
}

/// The moments at which an expression is evaluated, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) start: i64,
    pub(super) step: i64,
    pub(super) width: usize,
}

impl Grid {
    pub(super) fn at(&self, i: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(i64::try_from(i).unwrap_or(i64::MAX)))
    }

    pub(super) fn end(&self) -> i64 {
        self.at(self.width.saturating_sub(1))
    }
}

/// Labels of a row; `nameless` rows have lost the metric's name, which is only taken off when somebody looks.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) labels: Labels,
    pub(super) nameless: bool,
}

impl Key {
    pub(super) fn new(labels: Labels) -> Self {
        Self { labels, nameless: false }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        if self.nameless && name == NAME { None } else { self.labels.get(name) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let nameless = self.nameless;
        self.labels.iter().filter(move |(n, _)| !(nameless && *n == NAME))
    }

    /// The labels as they are seen from outside.
    pub(super) fn finish(&self) -> Labels {
        if self.nameless { self.labels.without_name() } else { self.labels.clone() }
    }
}

/// Rows of values: `values[row * width + moment]`, [`ABSENT`] where there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) keys: Vec<Key>,
    pub(super) values: Vec<f64>,
    pub(super) width: usize,
}

impl Frame {
    pub(super) fn new(width: usize) -> Self {
        Self { keys: Vec::new(), values: Vec::new(), width }
    }

    pub(super) fn with_capacity(width: usize, rows: usize) -> Self {
        Self { keys: Vec::with_capacity(rows), values: Vec::with_capacity(rows.saturating_mul(width)), width }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        self.values.get(i * self.width..(i + 1) * self.width).unwrap_or(&[])
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&Key, &[f64])> {
        self.keys.iter().zip(self.values.chunks_exact(self.width.max(1)))
    }

    /// Adds a row, unless it has no sample at all.
    pub(super) fn push(&mut self, key: Key, row: &[f64]) {
        if row.iter().any(|v| present(*v)) {
            self.keys.push(key);
            self.values.extend_from_slice(row);
        }
    }

    /// A row that is the same everywhere.
    pub(super) fn constant(width: usize, value: f64) -> Self {
        Self { keys: vec![Key::new(Labels::empty())], values: vec![value; width], width }
    }

    /// Applies `f` to each sample; it gives [`ABSENT`] to drop one.
    pub(super) fn map(&mut self, f: impl Fn(f64, usize) -> f64) {
        let width = self.width.max(1);
        for row in self.values.chunks_exact_mut(width) {
            for (i, v) in row.iter_mut().enumerate() {
                if present(*v) {
                    *v = f(*v, i);
                }
            }
        }
    }

    /// Drops rows without samples.
    pub(super) fn prune(&mut self) {
        if self.rows().all(|(_, row)| row.iter().any(|v| present(*v))) {
            return;
        }
        let mut kept = Self::with_capacity(self.width, self.len());
        let keys = std::mem::take(&mut self.keys);
        for (key, row) in keys.into_iter().zip(self.values.chunks_exact(self.width.max(1))) {
            kept.push(key, row);
        }
        *self = kept;
    }

    /// Takes the metric's name off all rows; two rows that become the same at one moment are an error.
    pub(super) fn drop_names(&mut self) -> Result<(), EvalError> {
        let mut names = self.keys.iter().filter(|k| !k.nameless).map(|k| k.labels.name());
        let Some(first) = names.next() else { return Ok(()) };
        let same = names.all(|n| n == first) && !self.keys.iter().any(|k| k.nameless);
        for key in &mut self.keys {
            key.nameless = true;
        }
        if same { Ok(()) } else { self.check_unique() }
    }

    /// Two rows with the same labels must not have samples at the same moment.
    pub(super) fn check_unique(&self) -> Result<(), EvalError> {
        let mut seen: FxHashMap<Labels, Vec<usize>> = FxHashMap::default();
        for (i, key) in self.keys.iter().enumerate() {
            let rows = seen.entry(key.finish()).or_default();
            let clash = |other: &usize| {
                self.row(*other).iter().zip(self.row(i)).any(|(a, b)| present(*a) && present(*b))
            };
            if rows.iter().any(clash) {
                return Err(EvalError::data("vector cannot contain metrics with the same labelset"));
            }
            rows.push(i);
        }
        Ok(())
    }

    /// Puts rows with the same labels together; to be called once uniqueness at each moment is known.
    pub(super) fn merged(&self) -> Vec<(Labels, Vec<f64>)> {
        let mut index: FxHashMap<Labels, usize> = FxHashMap::default();
        let mut out: Vec<(Labels, Vec<f64>)> = Vec::with_capacity(self.len());
        for (key, row) in self.rows() {
            let labels = key.finish();
            if let Some((_, merged)) = index.get(&labels).and_then(|i| out.get_mut(*i)) {
                for (into, v) in merged.iter_mut().zip(row).filter(|(_, v)| present(**v)) {
                    *into = *v;
                }
            } else {
                index.insert(labels.clone(), out.len());
                out.push((labels, row.to_vec()));
            }
        }
        out
    }
}

/// By which labels rows belong together: `by`/`on` a list, or `without`/`ignoring` one (the name always among it).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Grouping {
    pub(super) by: bool,
    /// Sorted, without duplicates.
    pub(super) names: Vec<Box<str>>,
}

impl Grouping {
    pub(super) fn new<S: AsRef<str>>(by: bool, names: impl IntoIterator<Item = S>) -> Self {
        let mut names: Vec<Box<str>> = names.into_iter().map(|n| n.as_ref().into()).collect();
        names.sort();
        names.dedup();
        Self { by, names }
    }

    fn drops(&self, name: &str) -> bool {
        name == NAME || self.names.iter().any(|n| &**n == name)
    }

    fn hash(&self, key: &Key) -> u64 {
        let mut hasher = FxHasher::default();
        if self.by {
            for name in &self.names {
                key.get(name).unwrap_or("").hash(&mut hasher);
            }
        } else {
            for pair in key.labels.iter().filter(|(n, _)| !self.drops(n)) {
                pair.hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn same(&self, a: &Key, b: &Key) -> bool {
        if self.by {
            self.names.iter().all(|n| a.get(n).unwrap_or("") == b.get(n).unwrap_or(""))
        } else {
            a.labels
                .iter()
                .filter(|(n, _)| !self.drops(n))
                .eq(b.labels.iter().filter(|(n, _)| !self.drops(n)))
        }
    }

    /// The labels that the group of this row has.
    pub(super) fn labels(&self, key: &Key) -> Labels {
        if self.by {
            Labels::from_pairs(key.iter().filter(|(n, _)| self.names.iter().any(|m| &**m == *n)))
        } else {
            key.labels.without(|n| self.drops(n))
        }
    }
}

/// Numbers the groups that rows belong to, in order of appearance.
pub(super) struct Groups<'a> {
    grouping: &'a Grouping,
    index: FxHashMap<u64, u32>,
    /// One row of each group.
    pub(super) samples: Vec<Key>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(grouping: &'a Grouping) -> Self {
        Self { grouping, index: FxHashMap::default(), samples: Vec::new() }
    }

    /// The group of this row.
    pub(super) fn of(&mut self, key: &Key) -> u32 {
        if self.grouping.by && self.grouping.names.is_empty() {
            if self.samples.is_empty() {
                self.samples.push(key.clone());
            }
            return 0;
        }
        let mut hash = self.grouping.hash(key);
        loop {
            match self.index.get(&hash).copied() {
                None => {
                    let group = self.samples.len() as u32;
                    self.index.insert(hash, group);
                    self.samples.push(key.clone());
                    return group;
                }
                Some(group) => match self.samples.get(group as usize) {
                    Some(sample) if !self.grouping.same(sample, key) => hash = hash.wrapping_add(1),
                    _ => return group,
                },
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn labels(&self, group: usize) -> Labels {
        self.samples.get(group).map_or_else(Labels::empty, |k| self.grouping.labels(k))
    }
}

/// Warnings and infos, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) warnings: FxHashSet<String>,
    pub(super) infos: FxHashSet<String>,
}

impl Notes {
    /// How many different ones are kept of each kind.
    const CAP: usize = 100;

    pub(super) fn warn(&mut self, text: impl FnOnce() -> String) {
        if self.warnings.len() < Self::CAP {
            self.warnings.insert(format!("PromQL warning: {}", text()));
        }
    }

    pub(super) fn info(&mut self, text: impl FnOnce() -> String) {
        if self.infos.len() < Self::CAP {
            self.infos.insert(format!("PromQL info: {}", text()));
        }
    }
}
