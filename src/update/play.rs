//! How whoever holds the model sets the moment that is shown without a key: a recording begins to run.

use super::{retro, travel};
use crate::model::Model;
use crate::model::past::Wish;
use crate::target::ScrapeReport;
use crate::units::Timestamp;

/// Shows the moment `at`, and lets it run at `speed`, if any.
pub fn show_past(model: &mut Model, at: Timestamp, speed: Option<f64>) {
    let run = speed.map(|speed| [Wish::Speed(speed), Wish::Toggle]);
    for wish in std::iter::once(Wish::At(at)).chain(run.into_iter().flatten()) {
        // Of a recording nothing is asked of the disk.
        travel::grant(model, wish, &mut Vec::new());
    }
}

/// The polls in `(from, to]` that a model knows of, without their samples, in the order of time.
pub fn polls_between(model: &Model, from: Timestamp, to: Timestamp) -> Vec<ScrapeReport> {
    let of = |target| retro::polls_of(&model.store, &model.time.log, target, model.plan.generation, from, to);
    let mut polls: Vec<ScrapeReport> = model.plan.targets.iter().flat_map(of).collect();
    polls.sort_by_key(|report| report.at);
    polls
}
