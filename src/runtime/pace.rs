//! When a frame is due: at once for the operator, shared for numbers, never more often than thirty times a second.

use crate::model::Changed;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The most frames in one second.
const FRAMES_A_SECOND: usize = 30;

/// Numbers of this span share a frame, so that many poll slots cost one.
const DATA_EVERY: Duration = Duration::from_millis(500);

/// In the first moments every answer is worth a frame of its own.
const EAGER_FOR: Duration = Duration::from_secs(2);

/// The pace of drawing.
#[derive(Debug)]
pub(super) struct Pace {
    started: Instant,
    drawn: VecDeque<Instant>,
}

impl Pace {
    pub(super) fn new(started: Instant) -> Self {
        Self { started, drawn: VecDeque::with_capacity(FRAMES_A_SECOND + 1) }
    }

    /// A frame was drawn.
    pub(super) fn drew(&mut self, at: Instant) {
        if self.drawn.len() >= FRAMES_A_SECOND {
            self.drawn.pop_front();
        }
        self.drawn.push_back(at);
    }

    /// When the next frame is due, if one is.
    pub(super) fn due(&self, changed: Changed) -> Option<Instant> {
        let last = self.drawn.back().copied();
        let wanted = match changed {
            Changed::No => return None,
            Changed::Now => self.started,
            Changed::Data => last.map_or(self.started, |last| {
                let eager = last.duration_since(self.started) < EAGER_FOR;
                last + if eager { Duration::from_millis(33) } else { DATA_EVERY }
            }),
        };
        let full = self.drawn.len() >= FRAMES_A_SECOND;
        let limit = self.drawn.front().filter(|_| full).map(|first| *first + Duration::from_secs(1));
        Some(limit.map_or(wanted, |limit| limit.max(wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_drawn_at_once_numbers_share_frames_and_nothing_exceeds_thirty_a_second() {
        let start = Instant::now();
        let ms = |n: u64| start + Duration::from_millis(n);
        let mut pace = Pace::new(start);
        assert_eq!(pace.due(Changed::No), None);
        assert_eq!(pace.due(Changed::Data), Some(start));
        pace.drew(ms(10));
        assert_eq!(pace.due(Changed::Data), Some(ms(43)));
        pace.drew(ms(5_000));
        assert_eq!(pace.due(Changed::Data), Some(ms(5_500)));
        assert_eq!(pace.due(Changed::Now), Some(start), "at once");
        for frame in 0..30 {
            pace.drew(ms(6_000 + frame));
        }
        assert_eq!(pace.due(Changed::Now), Some(ms(7_000)));
    }
}
