//! Why a question has no answer: Prometheus's error types, and the HTTP status of each.

use serde_json::json;

/// What sort of error; the words of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The question is wrong.
    BadData,
    /// It could not be evaluated.
    Execution,
    /// It took too long.
    Timeout,
    /// Nobody waits for it any longer.
    Canceled,
    /// There is no such thing.
    NotFound,
    /// It is the server's fault, or the server is not ready.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// The word of `errorType`, and the status.
    pub fn told(self) -> (&'static str, u16) {
        match self {
            Self::BadData => ("bad_data", 400),
            Self::Execution => ("execution", 422),
            Self::Timeout => ("timeout", 503),
            Self::Canceled => ("canceled", 499),
            Self::NotFound => ("not_found", 404),
            Self::Unavailable => ("unavailable", 503),
            Self::Internal => ("internal", 500),
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Fault {
    /// What sort.
    pub kind: Kind,
    /// In words.
    pub text: String,
}

impl Fault {
    /// A fault of this sort.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// A parameter is wrong.
    pub(super) fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(Kind::BadData, format!("invalid parameter \"{name}\": {why}"))
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.kind.told().1
    }

    /// `{"status":"error","errorType":...,"error":...}`.
    pub fn body(&self) -> Vec<u8> {
        let (word, _) = self.kind.told();
        json!({ "status": "error", "errorType": word, "error": self.text }).to_string().into_bytes()
    }
}
