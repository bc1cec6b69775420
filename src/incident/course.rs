//! The course of an incident's figures: one a minute, bounded.

use super::facts::Figures;

/// The most that is kept: a day of minutes. Beyond it every second one goes, so that a long incident is kept coarsely and
/// whole and not finely and in part.
const MOST: usize = 1_440;

/// Figures in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    kept: Vec<Figures>,
    /// Integral of requests a second over time: how many there were.
    requests: f64,
    /// Integral of failed requests.
    failed: f64,
    /// Was there any minute with both figures?
    counted: bool,
}

impl Course {
    /// What is kept of them.
    pub fn figures(&self) -> &[Figures] {
        &self.kept
    }

    /// Requests and failed ones, as far as they were counted.
    pub fn hit(&self) -> Option<(f64, f64)> {
        self.counted.then_some((self.requests, self.failed))
    }

    /// The last figures.
    pub fn last(&self) -> Option<&Figures> {
        self.kept.last()
    }

    pub(super) fn push(&mut self, figures: Figures) {
        let before = self.kept.last().map(|last| last.at);
        // A clock that jumps back makes no negative counts; a gap is not filled with what was seen after it.
        let seconds = before.map_or(60.0, |before| figures.at.since(before).as_secs_f64().min(120.0));
        if let (Some(requests), Some(errors)) = (figures.requests, figures.errors) {
            self.requests += requests * seconds;
            self.failed += requests * errors * seconds;
            self.counted = true;
        }
        if self.kept.len() >= MOST {
            let mut odd = false;
            self.kept.retain(|_| {
                odd = !odd;
                odd
            });
        }
        self.kept.push(figures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Timestamp;

    #[test]
    fn a_long_course_stays_whole_and_counts_all() {
        let mut course = Course::default();
        assert_eq!(course.hit(), None);
        for minute in 0..10_000 {
            let at = Timestamp::from_millis(minute * 60_000);
            course.push(Figures { at, errors: Some(0.5), requests: Some(10.0), ..Figures::default() });
        }
        assert!(course.figures().len() <= MOST);
        assert_eq!(course.figures().first().map(|f| f.at.millis()), Some(0));
        let (requests, failed) = course.hit().unwrap();
        assert_eq!((requests, failed), (6_000_000.0, 3_000_000.0));
    }
}
