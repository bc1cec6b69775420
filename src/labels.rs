//! Label sets and the matchers that select by them.
//!
//! A label set is sorted by name, hashed once and cheap to clone: series are told apart by it everywhere.

mod pattern;

use pattern::Pattern;
use rustc_hash::FxHasher;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// The name of the label that holds the metric's name.
pub const NAME: &str = "__name__";

/// A sorted set of `name="value"` pairs; an empty value means "no such label", as in Prometheus.
#[derive(Clone)]
pub struct Labels(Arc<Inner>);

struct Inner {
    hash: u64,
    /// Ends of name and value of each pair within `text`.
    ends: Box<[(u32, u32)]>,
    text: Box<str>,
}

impl Labels {
    /// The set without any label.
    pub fn empty() -> Self {
        Self::from_sorted(&[])
    }

    /// Makes a set of `pairs`: sorted, empty values dropped, the last one of two equal names kept.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let owned: Vec<(N, V)> = pairs.into_iter().collect();
        let mut refs: Vec<(&str, &str)> = owned.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
        refs.sort_by(|a, b| a.0.cmp(b.0));
        let mut kept: Vec<(&str, &str)> = Vec::with_capacity(refs.len());
        for pair in refs {
            match kept.last_mut() {
                Some(last) if last.0 == pair.0 => *last = pair,
                _ => kept.push(pair),
            }
        }
        kept.retain(|(_, value)| !value.is_empty());
        Self::from_sorted(&kept)
    }

    /// A metric name and its labels.
    pub fn metric<N: AsRef<str>, V: AsRef<str>>(name: &str, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let owned: Vec<(N, V)> = pairs.into_iter().collect();
        Self::from_pairs(
            std::iter::once((NAME, name)).chain(owned.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))),
        )
    }

    fn from_sorted(pairs: &[(&str, &str)]) -> Self {
        let mut text = String::with_capacity(pairs.iter().map(|(n, v)| n.len() + v.len()).sum());
        let mut ends = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            text.push_str(name);
            let name_end = text.len() as u32;
            text.push_str(value);
            ends.push((name_end, text.len() as u32));
        }
        let mut hasher = FxHasher::default();
        text.hash(&mut hasher);
        ends.hash(&mut hasher);
        Self(Arc::new(Inner { hash: hasher.finish(), ends: ends.into(), text: text.into() }))
    }

    /// The value of the label `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// The metric's name.
    pub fn name(&self) -> Option<&str> {
        self.get(NAME)
    }

    /// All pairs in order of name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        let inner = &*self.0;
        (0..inner.ends.len()).map(move |i| {
            let start = if i == 0 { 0 } else { inner.ends[i - 1].1 as usize };
            let (name_end, end) = inner.ends[i];
            (&inner.text[start..name_end as usize], &inner.text[name_end as usize..end as usize])
        })
    }

    /// How many labels there are, the name included.
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    /// No label at all.
    pub fn is_empty(&self) -> bool {
        self.0.ends.is_empty()
    }

    /// The hash, computed once when the set was made.
    pub fn hash64(&self) -> u64 {
        self.0.hash
    }

    /// Bytes of memory that one set takes (shared by its clones).
    pub fn heap_bytes(&self) -> usize {
        size_of::<Inner>() + 16 + self.0.text.len() + self.0.ends.len() * size_of::<(u32, u32)>()
    }

    /// The same set with `name` set to `value` (an empty value removes it).
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self::from_pairs(self.iter().chain(std::iter::once((name, value))))
    }

    /// The same set without the labels that `drop` names.
    #[must_use]
    pub fn without(&self, drop: impl Fn(&str) -> bool) -> Self {
        if self.iter().any(|(name, _)| drop(name)) {
            let kept: Vec<_> = self.iter().filter(|(name, _)| !drop(name)).collect();
            Self::from_sorted(&kept)
        } else {
            self.clone()
        }
    }

    /// The same set without the metric's name.
    #[must_use]
    pub fn without_name(&self) -> Self {
        self.without(|name| name == NAME)
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.hash == other.0.hash && self.0.ends == other.0.ends && self.0.text == other.0.text)
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    /// Pair by pair, as Prometheus compares label sets.
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl serde::Serialize for Labels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for Labels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(Self::from_pairs(pairs))
    }
}

impl fmt::Display for Labels {
    /// `name{a="b", c="d"}`, as Prometheus writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        f.write_str(name.unwrap_or(""))?;
        let mut rest = self.iter().filter(|(n, _)| *n != NAME).peekable();
        if rest.peek().is_none() {
            return if name.is_none() { f.write_str("{}") } else { Ok(()) };
        }
        for (i, (name, value)) in rest.enumerate() {
            write!(f, "{}{name}={value:?}", if i == 0 { "{" } else { ", " })?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends, `.` matches a line end too
    Regex,
    /// `!~`
    NotRegex,
}

/// The most patterns that are kept for those who ask for the same one again.
const COMPILED: usize = 256;

/// The pattern of a matcher. The same few stand in the expressions of all services, and one that is a regular
/// expression costs some 50 us to compile and, once it is used, tens of kilobytes: so they are shared.
fn compiled(value: &str) -> Result<Arc<Pattern>, regex::Error> {
    static KNOWN: Mutex<BTreeMap<Box<str>, Arc<Pattern>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pattern) = known.get(value) {
        return Ok(Arc::clone(pattern));
    }
    let pattern = Arc::new(Pattern::new(value)?);
    // Whoever types expressions by hand makes new ones with each key: old ones must go.
    if known.len() >= COMPILED {
        known.clear();
    }
    known.insert(value.into(), Arc::clone(&pattern));
    Ok(pattern)
}

/// One condition on one label; a label that is not there counts as `""`.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label's name.
    pub name: Box<str>,
    /// How it is compared.
    pub op: MatchOp,
    /// What it is compared with.
    pub value: Box<str>,
    pattern: Option<Arc<Pattern>>,
}

impl Matcher {
    /// Makes a matcher; a regular expression is compiled anchored, in RE2's syntax.
    ///
    /// # Errors
    /// What is wrong with the regular expression.
    pub fn new(name: &str, op: MatchOp, value: &str) -> Result<Self, String> {
        let pattern = match op {
            MatchOp::Regex | MatchOp::NotRegex => {
                Some(compiled(value).map_err(|e| format!("bad regular expression \"{value}\": {e}"))?)
            }
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Self { name: name.into(), op, value: value.into(), pattern })
    }

    /// `name="value"`.
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), pattern: None }
    }

    /// Does a label with this value (`""` if it is not there) match?
    pub fn matches(&self, value: &str) -> bool {
        match (&self.op, &self.pattern) {
            (MatchOp::Equal, _) => value == &*self.value,
            (MatchOp::NotEqual, _) => value != &*self.value,
            (MatchOp::Regex, Some(pattern)) => pattern.accepts(value),
            (MatchOp::NotRegex, Some(pattern)) => !pattern.accepts(value),
            (MatchOp::Regex | MatchOp::NotRegex, None) => false,
        }
    }

    /// The only values that a `=~` accepts, if they are a few whole words; nothing of other matchers.
    pub fn words(&self) -> Option<Vec<&str>> {
        self.pattern.as_ref().filter(|_| self.op == MatchOp::Regex).and_then(|pattern| pattern.words())
    }

    /// Does this set of labels match?
    pub fn accepts(&self, labels: &Labels) -> bool {
        self.matches(labels.get(&self.name).unwrap_or(""))
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.op == other.op && self.value == other.value
    }
}

impl Eq for Matcher {}

impl Hash for Matcher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.op, &self.value).hash(state);
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        };
        write!(f, "{}{op}{:?}", self.name, self.value)
    }
}

/// Do all of `matchers` accept `labels`?
pub fn accepts_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.accepts(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sorted_and_an_empty_value_is_no_label() {
        let set = Labels::metric("up", [("job", "api"), ("a", ""), ("instance", "x:1")]);
        assert_eq!(set.to_string(), r#"up{instance="x:1", job="api"}"#);
        assert_eq!(set.get("a"), None);
        assert_eq!(set, Labels::from_pairs([("instance", "x:1"), ("__name__", "up"), ("job", "api")]));
        assert_eq!(set.with("job", "").to_string(), r#"up{instance="x:1"}"#);
        assert_eq!(set.without_name().to_string(), r#"{instance="x:1", job="api"}"#);
        assert_eq!(Labels::empty().to_string(), "{}");
    }

    #[test]
    fn pairs_that_join_to_the_same_text_are_still_different_sets() {
        assert_ne!(Labels::from_pairs([("a", "bc")]), Labels::from_pairs([("ab", "c")]));
    }

    #[test]
    fn matchers_are_anchored_and_see_a_missing_label_as_empty() {
        let set = Labels::metric("m", [("status", "503"), ("path", "a\nb")]);
        for (op, name, value, expected) in [
            (MatchOp::Equal, "status", "503", true),
            (MatchOp::NotEqual, "status", "503", false),
            (MatchOp::Regex, "status", "5..", true),
            (MatchOp::Regex, "status", "5", false),
            (MatchOp::Regex, "path", "a.b", true),
            (MatchOp::NotRegex, "status", "4..|5..", false),
            (MatchOp::Equal, "missing", "", true),
            (MatchOp::Regex, "missing", ".+", false),
            (MatchOp::Regex, "status", "4..|503", true),
        ] {
            assert_eq!(
                Matcher::new(name, op, value).unwrap().accepts(&set),
                expected,
                "{name} {op:?} {value}"
            );
        }
        assert!(Matcher::new("a", MatchOp::Regex, "(").is_err());
    }
}
