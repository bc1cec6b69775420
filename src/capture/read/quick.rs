//! Lines of series, read in one go. They are nearly all of a capture, and a tree of JSON values for each of their numbers
//! would cost most of the time.
//!
//! Only what is right in every respect is taken here. Everything else is nothing, and is looked at once more by the code
//! that says what is wrong.

use super::{MOST_LABELS, Strand, next, word};
use crate::labels::Labels;
use crate::units::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// How a line of a series begins.
const BEGIN: &[u8] = b"{\"series\":";

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    series: BTreeMap<Cow<'a, str>, Text<'a>>,
    t: Vec<i64>,
    v: Vec<Number>,
    /// A line that says that it is the last one is none of a series.
    end: Option<IgnoredAny>,
}

/// A text that is borrowed where it can be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Number;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a number, or a word for what is none")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                word(text).map(Number).ok_or_else(|| E::custom("no number"))
            }
        }
        from.deserialize_any(Reads)
    }
}

/// The series of a line, if it is one and all of it is as it should be.
pub(super) fn strand(line: &[u8]) -> Option<Strand> {
    if !line.starts_with(BEGIN) || line.last() != Some(&b'\n') {
        return None;
    }
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    if line.end.is_some() || line.series.len() > MOST_LABELS || line.t.len() != line.v.len() {
        return None;
    }
    let mut samples = Vec::with_capacity(line.t.len());
    let mut at = 0_i64;
    for (index, (step, value)) in line.t.iter().zip(&line.v).enumerate() {
        at = next(at, *step, index == 0).ok()?;
        samples.push((Timestamp::from_millis(at), value.0));
    }
    let labels = Labels::from_pairs(line.series.iter().map(|(name, value)| (&**name, &*value.0)));
    (!samples.is_empty()).then_some(Strand { labels, samples })
}
