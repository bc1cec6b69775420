//! What kept the keys waiting: events and frames that took longer than the millisecond that each may take, for the log
//! file (`--log-file FILE -v`). It changes nothing.

use crate::event::What;
use crate::model::Model;
use std::time::{Duration, Instant};

/// A key waits for one event at most; longer ones are told.
const LONG: Duration = Duration::from_millis(1);

/// Something that is under way.
pub(super) struct Watch {
    began: Instant,
    what: &'static str,
}

impl Watch {
    /// An event is about to be taken in.
    pub(super) fn event(model: &Model, what: &What) -> Self {
        Self { began: Instant::now(), what: word(model, what) }
    }

    /// A frame is about to be drawn.
    pub(super) fn frame() -> Self {
        Self { began: Instant::now(), what: "frame" }
    }

    /// It is done.
    pub(super) fn done(self) {
        let took = self.began.elapsed();
        if took >= LONG {
            tracing::debug!(what = self.what, micros = took.as_micros() as u64, "took long");
        }
    }
}

fn word(model: &Model, what: &What) -> &'static str {
    match what {
        What::Key(_) | What::Paste(_) | What::Mouse(_) => "hand",
        What::Reports(_) => "reports",
        What::Tick => "tick",
        What::Work if model.rules.has_work() => "work: rules",
        What::Work if model.judging.fresh => "work: alerts",
        What::Work if model.slos.judged.is_some() => "work: rows of objectives",
        What::Work if model.slos.book.has_work() => "work: objectives",
        What::Work if !model.work.is_empty() || model.desk.progress.is_some() => "work: figures",
        What::Work => "work: screens",
        What::Remembered { .. } => "remembered",
        What::Recalled(_) => "recalled",
        What::Reloaded(_) => "reload",
        What::Foreign(..) => "foreign",
        What::Written(_) | What::Recorded(_) => "journal",
        _ => "other",
    }
}
