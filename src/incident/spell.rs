//! How moments, severities and numbers are spelt in the journal, and how texts are cut on the way there. What is spelt
//! here comes back as it was.

use crate::text;
use crate::units::Timestamp;

/// The most characters of a text within an incident: a note, a summary.
pub(super) const TEXT: usize = 2_000;
/// The most characters of a name or a key.
pub(super) const NAME: usize = 200;

/// Cleans `raw` and cuts it to `most` characters. Doing it twice changes nothing.
pub(super) fn tidy(raw: &str, most: usize) -> String {
    let cleaned = text::clean(raw);
    let trimmed = cleaned.trim();
    match trimmed.char_indices().nth(most) {
        None => trimmed.to_owned(),
        Some((cut, _)) => trimmed[..cut].trim_end().to_owned(),
    }
}

/// The number to six digits that count; none if it is no number.
pub(super) fn six_digits(value: f64) -> Option<f64> {
    // Beyond these a decimal text is not read back exactly, and no figure of a service lies there.
    if !value.is_finite() || value.abs() > 1e15 {
        return None;
    }
    if value.abs() < 1e-12 {
        return Some(0.0);
    }
    format!("{value:.5e}").parse().ok()
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same on every machine and in every version.
pub(super) fn fnv(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut feed = |byte: u8| {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    };
    for part in parts {
        part.bytes().for_each(&mut feed);
        // No byte of UTF-8: so that ("a", "bc") and ("ab", "c") differ.
        feed(0xff);
    }
    hash
}

/// A moment as RFC 3339 text.
pub(super) mod moment {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in super::super) fn parse(text: &str) -> Option<Timestamp> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_millis(moment.as_millisecond()))
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(in super::super) fn serialize<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(at)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| de::Error::custom("is no moment"))
    }
}

/// A severity as its word.
pub(super) mod severity {
    use crate::severity::Severity;
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(in super::super) fn serialize<S: Serializer>(it: &Severity, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(it.word())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_the_published_one() {
        // Of the published test vectors: "" and "foobar"; ours adds a closing byte, which is undone here.
        let plain = |text: &str| {
            text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        };
        assert_eq!(plain(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(plain("foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(fnv(&["foobar"]), (plain("foobar") ^ 0xff).wrapping_mul(0x0100_0000_01b3));
        assert_ne!(fnv(&["a", "bc"]), fnv(&["ab", "c"]));
    }

    #[test]
    fn numbers_and_texts_come_back_as_they_were_written() {
        for value in [0.0, 0.042_123_456, 1.0 / 3.0, 812.345_678_9, 1e15, -13.75, 6.1e-7, f64::MIN_POSITIVE] {
            let short = six_digits(value).unwrap();
            let text = serde_json::to_string(&short).unwrap();
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), short.to_bits(), "{text}");
        }
        assert_eq!([six_digits(f64::NAN), six_digits(f64::INFINITY), six_digits(1e300)], [None; 3]);
        for raw in ["  a\u{1b}[2J b ", "a b", &"x".repeat(5000), &format!("{} y", "x".repeat(199))] {
            let once = tidy(raw, NAME);
            assert_eq!(tidy(&once, NAME), once);
            assert!(once.chars().count() <= NAME);
        }
    }
}
