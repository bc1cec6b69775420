//! The body of a target that is being browsed.

use super::ui::passes;
use crate::event::{Browsed, Content};
use crate::target::{Failure, TargetId};
use crate::units::Timestamp;

/// A body that was asked for.
#[derive(Debug)]
pub struct Browse {
    /// Whose it is.
    pub target: TargetId,
    /// When it was asked for.
    pub asked: Timestamp,
    /// What came; nothing yet.
    pub outcome: Option<Result<Browsed, Failure>>,
}

impl Browse {
    /// The places of the families, or lines, that pass a filter.
    pub fn found<'a>(&'a self, filter: &'a str) -> Box<dyn Iterator<Item = usize> + 'a> {
        match &self.outcome {
            Some(Ok(Browsed { content: Content::Families(families), .. })) => Box::new(
                families
                    .iter()
                    .enumerate()
                    .filter(move |(_, family)| {
                        let texts = [family.name.as_str(), family.help.as_str(), family.kind.word()];
                        passes(filter, texts.into_iter())
                    })
                    .map(|(index, _)| index),
            ),
            Some(Ok(Browsed { content: Content::Text(lines, _), .. })) => Box::new(
                lines
                    .iter()
                    .enumerate()
                    .filter(move |(_, line)| passes(filter, std::iter::once(line.as_str())))
                    .map(|(index, _)| index),
            ),
            _ => Box::new(std::iter::empty()),
        }
    }
}
