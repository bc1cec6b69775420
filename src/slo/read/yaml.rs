//! YAML as trees of values, and where a key stands in the text. Knows no format.

use crate::config::Place;
use crate::text::Clean;
use serde_json::Value;
use std::sync::Arc;

/// One document of a file.
pub(super) struct Document {
    pub(super) root: Value,
    lines: Arc<[String]>,
    /// Its first line, from 0.
    first: usize,
}

/// The documents of a file.
///
/// # Errors
/// Line (0: unknown) and reason.
pub(super) fn documents(text: &str) -> Result<Vec<Document>, (u32, String)> {
    let spanned: Vec<serde_saphyr::Spanned<Value>> = serde_saphyr::from_multiple(text).map_err(|error| {
        let line = error.location().map_or(0, |location| u32::try_from(location.line()).unwrap_or(0));
        let told = Clean::new(&error.to_string());
        (line, format!("cannot read it as YAML: {told}"))
    })?;
    let lines: Arc<[String]> = text.lines().map(str::to_owned).collect();
    let document = |spanned: serde_saphyr::Spanned<Value>| {
        let first = usize::try_from(spanned.defined.line()).unwrap_or(1).saturating_sub(1);
        Document { root: spanned.value, lines: Arc::clone(&lines), first }
    };
    Ok(spanned.into_iter().map(document).filter(|document| !document.root.is_null()).collect())
}

impl Document {
    /// Where a chain of keys stands, each with the value that tells it from others of its name (empty: any). The place of
    /// the last one that is found.
    pub(super) fn place(&self, file: &Arc<str>, chain: &[(&str, &str)]) -> Place {
        let mut at = self.first;
        for (key, value) in chain {
            let mut rest = self.lines.iter().enumerate().skip(at);
            let found = rest.find(|(_, line)| {
                let line = line.trim_start().trim_start_matches("- ").trim_start();
                let after = line.trim_start_matches(['"', '\'']).strip_prefix(key);
                let after = after.map(|rest| rest.trim_start_matches(['"', '\'']).trim_start());
                after.is_some_and(|rest| rest.starts_with(':') && rest.contains(value))
            });
            match found {
                Some((line, _)) => at = line,
                None => break,
            }
        }
        let line = u32::try_from(at + 1).unwrap_or(0);
        let column = self.lines.get(at).map_or(1, |line| line.len() - line.trim_start().len() + 1);
        Place { file: Arc::clone(file), line, column: u32::try_from(column).unwrap_or(1) }
    }
}

/// The value under a path of keys.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// A text that is not empty, or a number as text.
pub(super) fn text(value: &Value, path: &[&str]) -> Option<String> {
    match at(value, path)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number, also one in quotes.
pub(super) fn number(value: &Value, path: &[&str]) -> Option<f64> {
    match at(value, path)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches('%').parse().ok(),
        _ => None,
    }
}

/// A name as the configuration allows it.
pub(super) fn name(raw: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    raw.chars().take(120).map(allowed).collect()
}
