//! Families as text.

use crate::promql::format_value;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A page and its content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `Content-Type`.
    pub kind: &'static str,
    /// The page.
    pub text: String,
}

/// One family.
pub(super) struct Family {
    /// `gauge`, `counter`, `summary` or `untyped`.
    pub(super) kind: &'static str,
    /// In a line; empty: no HELP.
    pub(super) help: &'static str,
    /// Its samples.
    pub(super) rows: Vec<Row>,
}

/// One sample.
pub(super) struct Row {
    /// `_sum`, `_count`; else nothing.
    pub(super) suffix: &'static str,
    /// Its labels, without the metric's name.
    pub(super) labels: Vec<(String, String)>,
    /// Its value.
    pub(super) value: f64,
    /// Its time, where that is told.
    pub(super) at: Option<Timestamp>,
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Does this `Accept` want OpenMetrics more than text?
pub(super) fn prefers_openmetrics(accept: &str) -> bool {
    let weight = |wanted: &str| {
        let ranges = accept.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(wanted);
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
            named.then_some(weight?)
        });
        ranges.fold(0.0_f64, f64::max)
    };
    let open = weight("application/openmetrics-text");
    open > 0.0 && open >= weight("text/plain").max(weight("text/*"))
}

/// Writes all families, in order of name.
pub(super) fn page(families: &BTreeMap<String, Family>, open: bool) -> Page {
    let mut text = String::new();
    let mut names = BTreeSet::new();
    for (name, family) in families {
        let name = legal(name, true);
        // Two names that became one: the first stays, so that the page stays valid.
        if names.insert(name.clone()) {
            write(&mut text, &name, family, open);
        }
    }
    if open {
        text.push_str("# EOF\n");
    }
    Page { kind: if open { OPEN } else { TEXT }, text }
}

fn write(out: &mut String, name: &str, family: &Family, open: bool) {
    let counted = family.kind == "counter";
    // OpenMetrics calls the family by what stands before `_total`.
    let title = if open && counted { name.strip_suffix("_total").unwrap_or(name) } else { name };
    let kind = if open && family.kind == "untyped" { "unknown" } else { family.kind };
    if !family.help.is_empty() {
        let _ = writeln!(out, "# HELP {title} {}", escape(family.help, open));
    }
    let _ = writeln!(out, "# TYPE {title} {kind}");
    let mut seen = BTreeSet::new();
    for row in &family.rows {
        let labels = labels(&row.labels);
        if !seen.insert((row.suffix, labels.clone())) {
            continue;
        }
        let _ = write!(out, "{name}{}{labels} {}", row.suffix, format_value(row.value));
        if let Some(at) = row.at {
            let _ = write!(out, " {}", at.millis());
        }
        out.push('\n');
    }
}

fn labels(pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return String::new();
    }
    let mut names = BTreeSet::new();
    let mut parts = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let name = legal(name, false);
        if names.insert(name.clone()) {
            parts.push(format!("{name}=\"{}\"", escape(value, true)));
        }
    }
    format!("{{{}}}", parts.join(","))
}

/// A name that the formats know: what they do not know in it becomes `_`.
fn legal(name: &str, colon: bool) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || colon && c == ':';
    let mut out: String = name.chars().map(|c| if good(c) { c } else { '_' }).collect();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

fn escape(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_which_is_preferred() {
        let prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, open) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("application/openmetrics-text", true),
            (prometheus3, true),
            ("application/openmetrics-text;q=0.2,text/plain;q=0.9", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=x", false),
        ] {
            assert_eq!(prefers_openmetrics(accept), open, "{accept}");
        }
    }

    #[test]
    fn pages_are_valid_whatever_the_names_are() {
        let row = |name: &str, value: &str| Row {
            suffix: "",
            labels: vec![(name.to_owned(), value.to_owned())],
            value: 1.5,
            at: None,
        };
        let families = BTreeMap::from([
            (
                "a.b_total".to_owned(),
                Family {
                    kind: "counter",
                    help: "A \\ \"b\".",
                    rows: vec![row("http.status", "a\"\\\n"), row("http_status", "a\"\\\n")],
                },
            ),
            ("a_b_total".to_owned(), Family { kind: "gauge", help: "", rows: vec![row("1", "é")] }),
        ]);
        let text = page(&families, false);
        assert_eq!(
            text.text,
            "# HELP a_b_total A \\\\ \"b\".\n# TYPE a_b_total counter\na_b_total{http_status=\"a\\\"\\\\\\n\"} 1.5\n"
        );
        let open = page(&families, true);
        assert_eq!(
            open.text,
            "# HELP a_b A \\\\ \\\"b\\\".\n# TYPE a_b counter\na_b_total{http_status=\"a\\\"\\\\\\n\"} 1.5\n# EOF\n"
        );
    }
}
