//! Templates of labels and annotations, in the language of Go's `text/template` as Prometheus offers it.
//!
//! An engine of our own: text in, text out, nothing else. Steps, depth and output are capped, so that no template and
//! no label can hang or flood. A query goes through the caller's function; nothing here asks for the time.

mod ast;
mod builtin;
mod call;
mod eval;
mod exec;
mod float;
mod function;
mod humanize;
mod lex;
mod moment;
mod names;
mod number;
mod parse;
mod pipe;
mod printf;
mod value;

pub use names::{Names, check};

use crate::labels::Labels;
use crate::units::Timestamp;
use ast::Span;
use std::fmt;

/// The longest output, and the longest text of a template, in bytes.
pub const OUTPUT: usize = 64 * 1024;

/// What Prometheus defines before each template; here only its length counts, for the columns of its error texts.
const PRELUDE: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

/// The variables of that prelude.
const VARIABLES: [&str; 4] = ["$labels", "$externalLabels", "$externalURL", "$value"];

/// What a template asks with `query`: an expression in, the elements of its vector out.
pub type Query<'q> = dyn FnMut(&str) -> Result<Vec<(Labels, f64)>, String> + 'q;

/// What a template can see.
pub struct Context<'q> {
    /// The labels of the alert's element, its metric name included if it has one.
    pub labels: &'q Labels,
    /// The value of the element.
    pub value: f64,
    /// The server's own labels; empty where there are none.
    pub external_labels: &'q Labels,
    /// The URL under which people find the server; may be empty.
    pub external_url: &'q str,
    /// The moment of the evaluation: what `now` gives.
    pub at: Timestamp,
    /// Answers `query`, at that moment.
    pub query: &'q mut Query<'q>,
}

/// Why a template is wrong, or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line within the template, from 1.
    pub line: usize,
    /// The byte within that line, from 0.
    pub column: usize,
    /// What is wrong, as Go words it.
    pub reason: String,
    /// It failed while it ran: the piece that did, and the `define`d template that it stands in.
    running: Option<(String, Option<String>)>,
}

impl Error {
    fn locate(text: &str, at: usize) -> (usize, usize) {
        let before = text.get(..at).unwrap_or(text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        (line, before.len() - before.rfind('\n').map_or(0, |end| end + 1))
    }

    fn parsing(text: &str, at: usize, reason: String) -> Self {
        let (line, column) = Self::locate(text, at);
        Self { line, column, reason, running: None }
    }

    fn executing(text: &str, at: Span, inside: Option<&str>, reason: String) -> Self {
        let (line, column) = Self::locate(text, at.at);
        let piece = text.get(at.from..at.to).unwrap_or("").to_owned();
        Self { line, column, reason, running: Some((piece, inside.map(str::to_owned))) }
    }

    fn with_piece(mut self, piece: String) -> Self {
        if let Some((known, _)) = &mut self.running {
            *known = piece;
        }
        self
    }

    /// The text that Prometheus gives for it, where `name` is that of the template (`__alert_NAME`). Columns count
    /// what Prometheus defines before the template.
    pub fn as_prometheus(&self, name: &str) -> String {
        match &self.running {
            None => format!("error parsing template {name}: template: {name}:{}: {}", self.line, self.reason),
            Some((piece, inside)) => {
                let column = self.column + if self.line == 1 { PRELUDE.len() } else { 0 };
                let inside = inside.as_deref().unwrap_or(name);
                format!(
                    "error executing template {name}: template: {name}:{}:{column}: executing {inside:?} at <{piece}>: {}",
                    self.line, self.reason
                )
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column + 1)?;
        match &self.running {
            Some((piece, _)) if !piece.is_empty() => write!(f, "at <{piece}>: {}", self.reason),
            _ => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Error {}

/// Expands `text`.
///
/// # Errors
/// The template is wrong, a function refused its values, a query failed, or a cap was reached. Prometheus then puts
/// `<error expanding template: REASON>` where the text would stand, and so does the caller.
pub fn expand(text: &str, context: &mut Context<'_>) -> Result<String, Error> {
    if !text.contains("{{") && text.len() <= OUTPUT {
        return Ok(text.to_owned());
    }
    exec::run(text, &parsed(text)?, context)
}

fn parsed(text: &str) -> Result<parse::Tree, Error> {
    if text.len() > OUTPUT {
        return Err(Error::parsing(text, 0, format!("template is longer than {OUTPUT} bytes")));
    }
    parse::parse(text, &VARIABLES)
}
