//! `panel.NAME`.

use super::super::checks;
use super::{DAY, Field, Kind, MINUTE};

pub(super) const PANEL: &[Field] = &[
    Field::new("title", Kind::Text(checks::WORDS), "What stands above it; without it, the table's name.")
        .like("\"Requests by status\""),
    Field::new(
        "expr",
        Kind::Text(checks::EXPR),
        "A PromQL expression, evaluated as it is written; {{.window}} stands for defaults.window.",
    )
    .must()
    .like("'sum by (status) (rate(http_requests_total{job=\"checkout\"}[{{.window}}]))'"),
    Field::new("unit", Kind::Word(UNITS), "What its numbers count.").or("\"count\""),
    Field::new("kind", Kind::Word(KINDS), "How it is drawn.").or("\"graph\""),
    Field::new(
        "service",
        Kind::Text(checks::NAME),
        "The service on whose screen it stands; without it, the page of panels (key 4).",
    )
    .like("\"checkout\""),
    Field::new(
        "thresholds",
        Kind::Pair(&Kind::Number),
        "Above the first a value is worth a warning, above the second it is critical.",
    )
    .like("[100, 200]"),
    Field::new(
        "range",
        Kind::Duration { min: MINUTE, max: 31 * DAY },
        "How far back its course goes; never further than engine.retention.",
    )
    .or("\"1h\""),
];

const KINDS: &[(&str, &str)] = &[
    ("stat", "one large number"),
    ("gauge", "a bar for each series"),
    ("sparkline", "a line of small bars for each series"),
    ("graph", "lines with axes"),
    ("heatmap", "a row for each bucket (label le) or series, shaded by value"),
    ("table", "labels and values"),
];

const UNITS: &[(&str, &str)] = &[
    ("count", "a plain number"),
    ("per-second", "events a second"),
    ("seconds", "seconds"),
    ("milliseconds", "milliseconds"),
    ("bytes", "bytes"),
    ("bytes-per-second", "bytes a second"),
    ("percent", "a percentage: 4.2 is 4.2%"),
    ("ratio", "a ratio: 0.042 is 4.2%"),
    ("times", "a multiple"),
];

#[cfg(test)]
mod tests {
    use super::super::super::panel;
    use super::*;

    #[test]
    fn every_word_means_something() {
        assert_eq!(KINDS.len(), panel::PanelKind::ALL.len());
        assert_eq!(UNITS.len(), panel::UNITS.len());
        for (word, _) in KINDS {
            assert!(panel::PanelKind::from_word(word).is_some(), "{word}");
        }
        for (word, _) in UNITS {
            assert!(panel::unit_from_word(word).is_some(), "{word}");
        }
    }
}
