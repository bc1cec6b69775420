//! A number as servers write it: a string (`"1.5"`, `"NaN"`, `"+Inf"`), as JSON has no word for the last two.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// A value, whatever way it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

struct Reads;

impl Visitor<'_> for Reads {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a string that holds one")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        // Go's formatter gives +Inf and -Inf, which Rust reads as well.
        text.parse().map(Number).map_err(|_| E::custom("a value is no number"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reads)
    }
}
