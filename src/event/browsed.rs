//! What a whole body holds, for a person who browses it: metric families, or text. Every string is clean and capped.

use crate::exposition::{self, Family};
use crate::text::Clean;
use std::time::Duration;

/// The most lines of a body that is no metrics.
const MOST_LINES: usize = 5_000;
/// JSON up to this many bytes is laid out line by line.
const LAID_OUT: usize = 1 << 20;
/// Columns after which a line of text is broken.
const COLUMNS: usize = 200;

/// A body that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Browsed {
    /// HTTP status.
    pub status: u16,
    /// What it says of itself.
    pub content_type: Clean,
    /// Its length in bytes, decompressed.
    pub bytes: usize,
    /// How long the exchange took.
    pub took: Duration,
    /// What is in it.
    pub content: Content,
}

/// What is in a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Metric families in order of first mention.
    Families(Vec<Family>),
    /// Lines of anything else; the flag says that there were more.
    Text(Vec<Clean>, bool),
}

impl Browsed {
    /// Reads a body. It may take long for a large one: not for the thread that answers keys.
    pub fn read(status: u16, content_type: Option<&str>, body: &[u8], took: Duration) -> Self {
        let (format, _) = exposition::format_of(content_type);
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        // JSON and HTML never begin a line of metrics.
        let families = match first {
            None | Some(b'{' | b'[' | b'<' | b'"') => Vec::new(),
            Some(_) => exposition::families(body, format),
        };
        let content = if families.iter().any(|family| family.series > 0) {
            Content::Families(families)
        } else {
            text(body)
        };
        let content_type = Clean::new(content_type.unwrap_or(""));
        Self { status, content_type, bytes: body.len(), took, content }
    }
}

fn text(body: &[u8]) -> Content {
    let laid_out = (body.len() <= LAID_OUT)
        .then(|| serde_json::from_slice::<serde_json::Value>(body).ok())
        .flatten()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    let whole = laid_out.unwrap_or_else(|| {
        let most = body.get(..body.len().min(MOST_LINES * COLUMNS * 4)).unwrap_or(body);
        String::from_utf8_lossy(most).into_owned()
    });
    let mut lines = Vec::new();
    for line in whole.lines() {
        let mut rest = line;
        loop {
            if lines.len() >= MOST_LINES {
                return Content::Text(lines, true);
            }
            let cut = rest.char_indices().nth(COLUMNS).map_or(rest.len(), |(at, _)| at);
            let (head, tail) = rest.split_at(cut);
            lines.push(Clean::new(head));
            if tail.is_empty() {
                break;
            }
            rest = tail;
        }
    }
    Content::Text(lines, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_families_and_everything_else_is_clean_text() {
        let read = |content_type, body: &[u8]| {
            Browsed::read(200, content_type, body, Duration::from_millis(3)).content
        };
        let metrics = b"# HELP x_total Requests \x1b[2J served.\n# TYPE x_total counter\nx_total{a=\"1\"} 1\nx_total{a=\"2\"} 2\n";
        let Content::Families(families) = read(Some("text/plain; version=0.0.4"), metrics) else { panic!() };
        assert_eq!(families.len(), 1);
        assert_eq!((families[0].name.as_str(), families[0].series), ("x_total", 2));
        assert_eq!(families[0].help.as_str(), "Requests [2J served.");
        for (content_type, body, wanted) in [
            (
                "application/json",
                &b"{\"a\":{\"b\":1}}"[..],
                &["{", "  \"a\": {", "    \"b\": 1", "  }", "}"][..],
            ),
            ("text/html", b"<h1>\x1b]0;x\x07hi\xff</h1>\n", &["<h1>]0;xhi\u{fffd}</h1>"]),
            ("text/plain", b"", &[]),
            ("application/json", b"[[[[[[", &["[[[[[["]),
        ] {
            let Content::Text(lines, more) = read(Some(content_type), body) else { panic!("{content_type}") };
            assert_eq!(lines.iter().map(Clean::as_str).collect::<Vec<_>>(), wanted);
            assert!(!more);
        }
    }

    #[test]
    fn a_flood_is_capped() {
        for body in ["<x>\n".repeat(100_000), format!("<{}", "y".repeat(3_000_000)), "[".repeat(3_000_000)] {
            let read = Browsed::read(200, None, body.as_bytes(), Duration::ZERO);
            let Content::Text(lines, more) = read.content else { panic!() };
            assert!(lines.len() <= MOST_LINES);
            assert!(lines.iter().all(|line| line.as_str().chars().count() <= COLUMNS));
            assert!(more, "{} lines", lines.len());
        }
    }
}
