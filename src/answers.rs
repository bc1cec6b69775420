//! What servers of the Prometheus API answered: read from their JSON (`envelope`, `reply`, `rules`, `build`), and kept as series.
//!
//! An expression that a server answers is replaced by a [`reference()`] to its answers, which is plain PromQL over the
//! store: sparklines, rules, rewinding and explanations need not know who has evaluated it. Each answer leaves one series
//! an element (`warroom_answer{__key__=...}`) and one that says that there was an answer (`warroom_answered`): an empty
//! answer and no answer are different things. Pure: no network, no clock.

mod build;
mod course;
mod envelope;
mod names;
mod number;
mod reply;
mod rules;

pub use build::build;
pub use course::{minutes, samples};
pub use envelope::{Refused, Unread};
pub use names::names;
pub use number::Number;
pub use reply::{Element, Reply, Shape, read};
pub use rules::rules;

use crate::labels::{Labels, Matcher, NAME};
use crate::promql::{self, Expr};
use crate::store::Read;
use crate::units::Timestamp;

/// The series of what was answered, one an element.
pub const ANSWER: &str = "warroom_answer";
/// The series that says that there was an answer: 1 at the moment that was asked for.
pub const ANSWERED: &str = "warroom_answered";
/// Did a backend answer? By `backend`.
pub const UP: &str = "warroom_backend_up";
/// How long its last round took, in seconds, by `backend`.
pub const TOOK: &str = "warroom_backend_duration_seconds";
/// The label that holds the [`key`] of the question.
pub const KEY: &str = "__key__";
/// The label that holds the name that an element had.
const WAS: &str = "__was__";

/// What stands for an expression asked of a backend: `prom:0123456789abcdef`. The same in every run.
pub fn key(backend: &str, text: &str) -> String {
    // FNV-1a, 64 bits (Fowler, Noll, Vo).
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{backend}:{hash:016x}")
}

/// The expression that gives the newest answer to the question `key`, with the labels and names that the server gave.
pub fn reference(key: &str) -> Option<Expr> {
    // Backends are named with letters, digits and - _ . only; still, what is written into a text is escaped.
    let key = key.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!(
        "label_replace(label_replace(label_replace({ANSWER}{{{KEY}=\"{key}\"}}, \"{NAME}\", \"$1\", \"{WAS}\", \"(.*)\"), \
         \"{WAS}\", \"\", \"{WAS}\", \".*\"), \"{KEY}\", \"\", \"{KEY}\", \".*\")"
    );
    promql::parse(&text).ok()
}

/// The key of the question, if `expr` is a [`reference()`].
pub fn key_of(expr: &Expr) -> Option<String> {
    let selectors = expr.selectors();
    let [only] = selectors.as_slice() else { return None };
    if only.name() != Some(ANSWER) {
        return None;
    }
    only.matchers.iter().find(|matcher| &*matcher.name == KEY).map(|matcher| matcher.value.to_string())
}

/// The backend that a key speaks of.
pub fn backend_of(key: &str) -> &str {
    key.rsplit_once(':').map_or(key, |(backend, _)| backend)
}

/// The series of one element of an answer.
pub fn series(key: &str, element: &Labels) -> Labels {
    let was = element.name().unwrap_or("");
    let own = element.iter().filter(|(name, _)| !matches!(*name, NAME | KEY | WAS));
    Labels::from_pairs(own.chain([(NAME, ANSWER), (KEY, key), (WAS, was)]))
}

/// The series that says that there was an answer.
pub fn answered(key: &str) -> Labels {
    Labels::metric(ANSWERED, [(KEY, key)])
}

/// The moment of the newest answer that is not later than `at`.
pub fn answered_at(store: &impl Read, key: &str, at: Timestamp) -> Option<Timestamp> {
    let series = store.get(&answered(key))?;
    match series.last() {
        Some((newest, _)) if newest <= at => Some(newest),
        // Looking back: the series is short of one sample a poll.
        _ => {
            let mut found = None;
            for (when, _) in series.cursor(at - LOOK_BACK) {
                if when > at {
                    break;
                }
                found = Some(when);
            }
            found
        }
    }
}

/// So far an answer is looked for in the past.
const LOOK_BACK: std::time::Duration = std::time::Duration::from_secs(3_600);

/// The series of all answers to one question.
pub fn matchers(key: &str) -> [Matcher; 2] {
    [Matcher::equal(NAME, ANSWER), Matcher::equal(KEY, key)]
}

/// Can only warroom itself answer this? It speaks of nothing but the series that warroom makes.
pub fn is_own(expr: &Expr) -> bool {
    let selectors = expr.selectors();
    !selectors.is_empty() && selectors.iter().all(|selector| selector.name().is_some_and(is_own_name))
}

/// Does it speak of series that no server has?
pub fn speaks_of_own(expr: &Expr) -> bool {
    expr.selectors().iter().any(|selector| selector.name().is_some_and(is_own_name))
}

fn is_own_name(name: &str) -> bool {
    name.starts_with("warroom_") || name.starts_with("probe_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::{Options, Value};
    use crate::store::Store;

    /// Whatever a server answers comes out of the store as it went in: labels, names, values.
    #[test]
    fn a_reference_gives_back_what_the_server_gave() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        for elements in [
            vec![(Labels::empty(), 1.5)],
            vec![(Labels::metric("up", [("job", "a")]), 1.0), (Labels::metric("down", [("job", "a")]), 0.0)],
            vec![(Labels::from_pairs([("status", "500"), ("path", "/a\"b\\c")]), f64::INFINITY)],
            vec![],
        ] {
            let mut store = Store::default();
            let key = key("prom", "whatever{x=\"1\"}");
            store.append(&series("other:1", &Labels::from_pairs([("x", "y")])), at, 9.0);
            for (labels, value) in &elements {
                store.append(&series(&key, labels), at, *value);
            }
            store.append(&answered(&key), at, 1.0);
            let expr = reference(&key).unwrap();
            assert_eq!(key_of(&expr).as_deref(), Some(key.as_str()));
            let Value::Vector(points) = promql::eval(&store, &expr, at, &Options::default()).unwrap().value
            else {
                panic!("a vector")
            };
            let mut got: Vec<(Labels, f64)> = points.into_iter().map(|p| (p.labels, p.value)).collect();
            got.sort_by(|a, b| a.0.cmp(&b.0));
            let mut wanted = elements.clone();
            wanted.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(got, wanted);
            assert_eq!(answered_at(&store, &key, at), Some(at));
            assert_eq!(answered_at(&store, "prom:0", at), None);
        }
    }

    #[test]
    fn a_key_is_the_same_in_every_run_and_names_its_backend() {
        assert_eq!(key("prom", ""), "prom:cbf29ce484222325");
        assert_eq!(key("prom", "a"), "prom:af63dc4c8601ec8c");
        assert_eq!(backend_of(&key("eu.prom-1", "up")), "eu.prom-1");
        assert_eq!(key_of(&promql::parse("up").unwrap()), None);
    }

    #[test]
    fn what_warroom_makes_is_asked_of_nobody() {
        for (text, own, speaks) in [
            ("warroom_breaker_state == 1", true, true),
            ("rate(probe_duration_seconds[5m])", true, true),
            ("up", false, false),
            ("up and on () warroom_slo_burn_rate", false, true),
            ("1 + 1", false, false),
        ] {
            let expr = promql::parse(text).unwrap();
            assert_eq!((is_own(&expr), speaks_of_own(&expr)), (own, speaks), "{text}");
        }
    }
}
