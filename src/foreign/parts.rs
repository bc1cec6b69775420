//! What both systems' answers have in common: moments, and lists whose bad members are counted and not fatal.

use crate::text::Clean;
use crate::units::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The members of a list that make sense, how many do not, and what is wrong with the first of those.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<T> {
    /// Those that make sense.
    pub good: Vec<T>,
    /// How many do not, and the first one's fault.
    pub bad: Option<(usize, Clean)>,
    /// How many were left out because there are too many.
    pub left_out: usize,
}

impl<T> Default for Read<T> {
    fn default() -> Self {
        Self { good: Vec::new(), bad: None, left_out: 0 }
    }
}

/// Reads the members of a list, at most `most`.
pub(super) fn members<R: DeserializeOwned, T>(
    list: Vec<Value>,
    most: usize,
    make: impl Fn(R) -> Result<T, String>,
) -> Read<T> {
    let mut read = Read { left_out: list.len().saturating_sub(most), ..Read::default() };
    for member in list.into_iter().take(most) {
        let made = serde_json::from_value::<R>(member).map_err(|error| error.to_string()).and_then(&make);
        match made {
            Ok(good) => read.good.push(good),
            Err(why) => read.bad.get_or_insert_with(|| (0, Clean::new(&why))).0 += 1,
        }
    }
    read
}

/// A whole body that should be a list.
///
/// # Errors
/// It is no JSON, or no list.
pub(super) fn list(body: &[u8]) -> Result<Vec<Value>, Clean> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(list)) => Ok(list),
        Ok(_) => Err(Clean::new("the answer is no list")),
        Err(error) => Err(not_json(body, &error)),
    }
}

/// Why a body cannot be read; a page of HTML is called what it is.
pub(super) fn not_json(body: &[u8], error: &serde_json::Error) -> Clean {
    let head = body.iter().find(|byte| !byte.is_ascii_whitespace());
    Clean::new(&match head {
        Some(b'<') => "the answer is a page of HTML: something stands in front of the server".to_owned(),
        None => "the answer is empty".to_owned(),
        Some(_) => format!("the answer is not JSON: {error}"),
    })
}

/// An RFC 3339 moment.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}
