//! `wall`: the war-room wall.

use super::{Field, HOUR, Kind, SECOND};

/// What the wall shows in turn: the words of `wall.screens`.
pub(crate) const SCREENS: &[(&str, &str)] = &[
    ("overview", "one row a service"),
    ("slos", "the objectives, where there are any"),
    ("incidents", "the incidents, while one is open"),
    ("services", "each service that is not well, and one of the others a round"),
    ("latency", "the latencies, where any is told"),
    ("breakers", "breakers and queues, where there are any"),
    ("panels", "the panels of the configuration"),
    ("targets", "each poll"),
    ("actions", "what was done, where anything was"),
];

pub(super) const WALL: &[Field] = &[
    Field::new("every", Kind::Duration { min: 3 * SECOND, max: HOUR }, "How long a screen stays.")
        .or("\"20s\""),
    Field::new(
        "hold",
        Kind::Duration { min: 3 * SECOND, max: HOUR },
        "How long what has just gone wrong keeps the wall: a new P0 or P1, a service that goes down.",
    )
    .or("\"1m\""),
    Field::new(
        "shift",
        Kind::Duration { min: 10 * SECOND, max: HOUR },
        "After so long the whole picture moves by a cell, so that nothing burns in.",
    )
    .or("\"4m\""),
    Field::new("screens", Kind::List(&Kind::Word(SCREENS)), "What is shown in turn; empty: the overview.")
        .or("[\"overview\", \"services\", \"slos\", \"incidents\"]"),
];
