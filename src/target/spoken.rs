//! What a backend tells beside numbers: which product it is, what it would not answer, its own rules and alerts.
//!
//! Pure data, shared by the side that asks and the side that judges.

use crate::config::Flavour;
use crate::labels::Labels;
use crate::text::Clean;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one round of questions brought beside samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spoken {
    /// Which product answers; none: it was not asked this time, or it does not say.
    pub build: Option<Build>,
    /// Some of the data was not there: the server's words.
    pub partial: Option<Clean>,
    /// Questions that were not answered, by their keys, each with the reason.
    pub wrong: Vec<(Arc<str>, Clean)>,
    /// Questions that were answered.
    pub answered: usize,
    /// Of these, how many from a series that the server records.
    pub recorded: usize,
    /// Rules and alerts; none: they were not asked for this time.
    pub rules: Option<Arc<ServerRules>>,
    /// The names of its metrics, in order; none: they were not asked for this time.
    pub names: Option<Arc<[Box<str>]>>,
    /// Questions whose past was fetched: what was drawn of them before is not all.
    pub courses: Vec<Arc<str>>,
    /// Minutes for objectives.
    pub fills: Vec<Fill>,
}

/// Minutes of one question of an objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// The question.
    pub key: Arc<str>,
    /// The minutes that were asked for: from the first, up to the second, which is not among them.
    pub asked: (i64, i64),
    /// What was found; a minute without data is not there.
    pub minutes: Vec<Minute>,
}

/// What one minute gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Minute {
    /// Minutes since the epoch.
    pub minute: i64,
    /// The edge of a bucket (`le`) that it belongs to; infinite where there is none.
    #[serde(with = "numeral")]
    pub edge: f64,
    /// The value.
    #[serde(with = "numeral")]
    pub value: f64,
}

/// Which product answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The version, as it is told.
    pub version: Clean,
    /// The product, as far as the answer tells it.
    pub product: Option<Flavour>,
}

impl Build {
    /// Does the answer contradict what the configuration calls it? Thanos' versions are below 1, Prometheus' above.
    pub fn contradicts(&self, kind: Flavour) -> Option<Clean> {
        let product = self.product?;
        // What pretends to be a Prometheus may be called one.
        let same = product == kind || kind == Flavour::Prometheus && product == Flavour::VictoriaMetrics;
        (!same).then(|| {
            Clean::new(&format!(
                "answers as {} {}, but is configured as kind \"{}\": write kind = \"{}\"",
                product.name(),
                self.version,
                kind.word(),
                product.word()
            ))
        })
    }
}

/// An alert of a server. Its texts are not cleaned for a screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerAlert {
    /// The label `alertname`.
    pub name: String,
    /// The rule's group.
    pub group: String,
    /// All labels.
    pub labels: Labels,
    /// Annotations, filled in by the server.
    pub annotations: Vec<(String, String)>,
    /// Does it fire, or is it pending?
    pub firing: bool,
    /// Since when its expression is true.
    pub active_at: Option<Timestamp>,
    /// The value, if it is a number.
    pub value: Option<f64>,
}

/// What a server's rules say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerRules {
    /// Pending and firing alerts.
    pub alerts: Vec<ServerAlert>,
    /// Name of what is recorded and its expression, as written; only those that add no labels.
    pub records: Vec<(String, String)>,
    /// How many alerting and recording rules there are.
    pub counts: (usize, usize),
    /// How many rules the server fails to evaluate, and the first one's error.
    pub failing: Option<(usize, String)>,
    /// Alerts that were left out because there are too many.
    pub left_out: usize,
}

/// A number as JSON; what JSON has none for is a word.
mod numeral {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else {
            serializer.serialize_str(&value.to_string())
        }
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(f64),
        Word(String),
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Either::deserialize(deserializer)? {
            Either::Number(value) => Ok(value),
            Either::Word(word) => {
                word.parse().map_err(|_| serde::de::Error::custom("a value that is no number"))
            }
        }
    }
}
