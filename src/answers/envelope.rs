//! What stands around every answer of the Prometheus API: its status, its warnings, or why the server refuses.
//!
//! Source: Prometheus, `web/api/v1/api.go`; `VictoriaMetrics` adds `isPartial` and writes the HTTP status as
//! `errorType`. The data itself is read by whoever asks (`reply`, `rules`, `build`), straight into its own shape: no
//! tree of JSON in between. What a server says in words is cleaned and capped.

use crate::text::Clean;
use serde::Deserialize;
use serde::de::Deserializer;

/// The most warnings and notes that are kept of one answer, and the most characters of each.
const MOST_WORDS: usize = 8;
const MOST_CHARACTERS: usize = 300;

/// The server understood, and refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}{text}", if .kind.is_empty() || .text.is_empty() { "" } else { ": " })]
pub struct Refused {
    /// `errorType`: `bad_data`, `execution`, `timeout`; with `VictoriaMetrics` the HTTP status.
    pub kind: Clean,
    /// What is wrong, in the server's words.
    pub text: Clean,
}

impl Refused {
    /// Did the query take too long?
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind.as_str(), "timeout" | "canceled")
    }
}

/// Why a body is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The server refuses.
    #[error(transparent)]
    Refused(Refused),
    /// It is not what the API gives.
    #[error("{0}")]
    Alien(Clean),
}

/// Words of the outside: cleaned and cut.
pub(super) fn words(text: &str) -> Clean {
    let text: String = text.trim().chars().take(MOST_CHARACTERS).collect();
    Clean::new(&text)
}

fn all_words(texts: Vec<Line>) -> Vec<Clean> {
    texts.into_iter().take(MOST_WORDS).map(|line| words(&line.0)).collect()
}

/// A text; anything else in its place is no reason to give up an answer.
#[derive(Default)]
struct Line(String);

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    }
}

/// The envelope around any data.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Envelope<T> {
    status: Option<String>,
    data: Option<T>,
    #[serde(rename = "errorType", default)]
    kind: Option<Line>,
    #[serde(default)]
    error: Option<Line>,
    #[serde(default)]
    warnings: Option<Vec<Line>>,
    #[serde(default)]
    infos: Option<Vec<Line>>,
    #[serde(rename = "isPartial", default)]
    partial: Option<bool>,
}

/// What stands around the data.
pub(super) struct Margin {
    pub(super) warnings: Vec<Clean>,
    pub(super) infos: Vec<Clean>,
    pub(super) partial: bool,
}

/// Reads the envelope around any data.
///
/// # Errors
/// The server refuses, or it is no such envelope.
pub(super) fn open<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<(T, Margin), Unread> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => return Err(Unread::Alien(Clean::new("the answer is empty"))),
        Some(b'{') => {}
        Some(b'<') => {
            return Err(Unread::Alien(Clean::new(
                "the answer is a web page: is the URL the server's own, with its prefix?",
            )));
        }
        Some(_) => {
            let head = String::from_utf8_lossy(body.get(..200).unwrap_or(body));
            return Err(Unread::Alien(words(&format!("the answer is no JSON: {}", head.trim()))));
        }
    }
    let envelope: Envelope<T> = serde_json::from_slice(body)
        .map_err(|error| Unread::Alien(words(&format!("the answer is not understood: {error}"))))?;
    let refused = envelope.status.as_deref() == Some("error") || envelope.error.is_some();
    if refused {
        let said = |line: Option<Line>| words(&line.unwrap_or_default().0);
        return Err(Unread::Refused(Refused { kind: said(envelope.kind), text: said(envelope.error) }));
    }
    let Some(data) = envelope.data else {
        return Err(Unread::Alien(Clean::new("the answer holds no data: is this the API of Prometheus?")));
    };
    let margin = Margin {
        warnings: all_words(envelope.warnings.unwrap_or_default()),
        infos: all_words(envelope.infos.unwrap_or_default()),
        partial: envelope.partial.unwrap_or(false),
    };
    Ok((data, margin))
}
