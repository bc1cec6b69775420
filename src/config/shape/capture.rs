//! `capture`.

use super::super::checks;
use super::{Field, HOUR, Kind, SECOND};

pub(super) const CAPTURE: &[Field] = &[
    Field::new(
        "on_incident",
        Kind::Bool,
        "Write a capture when an incident opens, and another when it is resolved.",
    )
    .or("true"),
    Field::new("floor", Kind::Word(SEVERITIES), "Incidents below it are not captured by themselves.")
        .or("\"P2\""),
    Field::new(
        "before",
        Kind::Duration { min: SECOND, max: 24 * HOUR },
        "How much of the time before an incident's beginning is taken along.",
    )
    .or("\"10m\""),
    Field::new(
        "keep",
        Kind::Whole { min: 1, max: 10_000 },
        "How many captures that were written by themselves are kept; the oldest go.",
    )
    .or("20"),
    Field::new("folder", Kind::Text(checks::FOLDER), "Where they go; else `captures` in the state folder.")
        .like("\"/var/lib/warroom/captures\""),
    Field::new(
        "redact",
        Kind::List(&Kind::Text(checks::WORDS)),
        "Labels whose values do not leave this machine: each value is replaced by a token, everywhere in a capture.",
    )
    .or("[]")
    .like("[\"user\", \"ip\"]"),
];

const SEVERITIES: &[(&str, &str)] = &[
    ("P0", "everything is down"),
    ("P1", "a core function is degraded"),
    ("P2", "a part of a function"),
    ("P3", "slow but usable"),
    ("P4", "cosmetic"),
];
