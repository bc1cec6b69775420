//! What is to be asked this time: which questions are due, and which part of the past nobody has fetched yet. Pure.

use super::client::When;
use crate::config::{Flavour, Question, Want};
use crate::units::Timestamp;
use std::time::Duration;

/// The most points of one answer: Prometheus refuses more than 11,000 a series.
const MOST_POINTS: u32 = 10_000;
/// The most pieces of a course that are fetched in one round.
const MOST_PIECES: usize = 12;
/// The first minutes of an objective that are fetched, so that its shortest windows are known at once: a day.
const FIRST_MINUTES: i64 = 1_440;
/// Ways that were found without data are asked again after this long.
const SELDOM: Duration = Duration::from_secs(600);

/// What is known of a question.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// When it was asked last, with whatever outcome.
    pub(super) asked: Option<Timestamp>,
    /// Up to here its course is known.
    pub(super) until: Option<Timestamp>,
    /// Minutes that are known: from the first, up to the second.
    pub(super) minutes: Option<(i64, i64)>,
    /// How often in a row the server refused it.
    pub(super) refused: u32,
}

impl Known {
    /// A question that is refused is asked more and more seldom, up to sixteen times.
    fn patience(&self) -> u32 {
        1 << self.refused.min(4)
    }

    /// How many points are asked for at once: half as many after each refusal, as the limit may be what it is about.
    fn most_points(&self) -> u32 {
        (MOST_POINTS >> self.refused.min(8)).max(60)
    }
}

/// Is the question due at `at`? `chosen`: the way that its group has settled on.
pub(super) fn is_due(question: &Question, known: &Known, chosen: Option<u32>, at: Timestamp) -> bool {
    let Some(asked) = known.asked else { return true };
    let other_way = question.way.is_some_and(|(_, way)| chosen.is_some_and(|chosen| chosen != way));
    let every = if other_way { SELDOM } else { question.every * known.patience() };
    // Turns are not exact to the millisecond.
    at.since(asked) + question.every / 10 >= every
}

/// Has the question waited for much longer than it should?
pub(super) fn starves(question: &Question, known: &Known, at: Timestamp) -> bool {
    known.asked.is_none_or(|asked| at.since(asked) > question.every * known.patience() * 3)
}

/// What is fetched for a question: oldest first, the value of now at the end.
pub(super) fn steps(question: &Question, known: &Known, at: Timestamp, flavour: Flavour) -> Vec<When> {
    match question.want {
        Want::Course { history, step } => {
            let mut steps = course(history, step.max(Duration::from_secs(1)), question.every, known, at);
            steps.push(When::At(at));
            steps
        }
        Want::Minutes { history, each } => minutes(history, each.max(1), known, at, flavour),
    }
}

/// The part of a course that is missing, aligned to multiples of the step, in pieces that a server answers.
fn course(history: Duration, step: Duration, every: Duration, known: &Known, at: Timestamp) -> Vec<When> {
    let horizon = at - history;
    let from = match known.until {
        // A missed round or two leave no gap that could be seen.
        Some(until) if at.since(until) <= every * 5 / 2 => return Vec::new(),
        Some(until) => (until + Duration::from_millis(1)).max(horizon),
        None => horizon,
    };
    let up = |moment: Timestamp| {
        let floor = moment.floor_to(step);
        if floor < moment { floor + step } else { floor }
    };
    let (mut from, last) = (up(from), (at - Duration::from_millis(1)).floor_to(step));
    let mut pieces = Vec::new();
    while from <= last && pieces.len() < MOST_PIECES {
        let to = last.min(from + step * (known.most_points() - 1));
        pieces.push(When::Course(from, to, step));
        from = to + step;
    }
    pieces
}

/// How long after the end of a minute all servers know it: the longest usual scrape interval, and what a server holds back.
fn settling(flavour: Flavour) -> Duration {
    match flavour {
        Flavour::VictoriaMetrics => Duration::from_secs(45),
        _ => Duration::from_secs(15),
    }
}

/// The minutes that came since, and a piece further back while there is something left.
fn minutes(history: Duration, each: u32, known: &Known, at: Timestamp, flavour: Flavour) -> Vec<When> {
    let each = i64::from(each);
    let whole = |minute: i64| minute.div_euclid(each) * each;
    let end = whole((at - settling(flavour)).millis().div_euclid(60_000));
    let horizon = whole(end - (history.as_secs() / 60) as i64);
    let step = Duration::from_secs(each.unsigned_abs() * 60);
    // The point that ends a minute speaks of it.
    let piece = |from: i64, to: i64| {
        let moment = |minute: i64| Timestamp::from_millis(minute * 60_000);
        When::Course(moment(from + each), moment(to), step)
    };
    let most = i64::from(known.most_points()) * each;
    let mut out = Vec::new();
    let Some((first, last)) = known.minutes else {
        let first = whole(end - FIRST_MINUTES.min(most)).max(horizon);
        if first < end {
            out.push(piece(first, end));
        }
        return out;
    };
    let mut from = last;
    while from < end && out.len() < MOST_PIECES {
        let to = end.min(from + most);
        out.push(piece(from, to));
        from = to;
    }
    if first > horizon {
        out.push(piece((first - most).max(horizon), first));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn told(steps: &[When]) -> Vec<(i64, i64, u64)> {
        let one = |when: &When| match when {
            When::At(at) => (at.millis() / 1000, at.millis() / 1000, 0),
            When::Course(from, to, step) => (from.millis() / 1000, to.millis() / 1000, step.as_secs()),
        };
        steps.iter().map(one).collect()
    }

    fn question(want: Want) -> Question {
        Question { key: "k".into(), text: "up".into(), want, every: Duration::from_secs(15), way: None }
    }

    #[test]
    fn only_the_missing_part_of_a_course_is_fetched() {
        let hour = Duration::from_secs(3600);
        for (until, history, step, wanted) in [
            // Never asked: all of it, at multiples of the step.
            (None, hour, 60, vec![(6_420, 9_960, 60), (10_007, 10_007, 0)]),
            // The last round is known: nothing but now.
            (Some(9_992), hour, 60, vec![(10_007, 10_007, 0)]),
            (Some(9_970), hour, 60, vec![(10_007, 10_007, 0)]),
            // An outage of a few minutes: the tail.
            (Some(9_700), hour, 60, vec![(9_720, 9_960, 60), (10_007, 10_007, 0)]),
            // Longer than anybody wants to know.
            (Some(1_000), hour, 60, vec![(6_420, 9_960, 60), (10_007, 10_007, 0)]),
            (None, Duration::ZERO, 15, vec![(10_007, 10_007, 0)]),
        ] {
            let step = Duration::from_secs(step);
            let known = Known { until: until.map(at), ..Known::default() };
            let steps =
                steps(&question(Want::Course { history, step }), &known, at(10_007), Flavour::Prometheus);
            assert_eq!(told(&steps), wanted, "{until:?}");
        }
    }

    #[test]
    fn no_piece_has_more_points_than_a_server_gives() {
        let known = Known::default();
        let want = Want::Course { history: Duration::from_secs(86_400 * 3), step: Duration::from_secs(15) };
        let steps = steps(&question(want), &known, at(10_000_000), Flavour::Prometheus);
        assert_eq!(steps.len(), 3);
        let mut before = None;
        for (from, to, step) in told(&steps).into_iter().filter(|(.., step)| *step > 0) {
            assert!((to - from) as u64 / step < 11_000, "{from} {to}");
            assert!(before.is_none_or(|before| before + step as i64 == from), "no gap, nothing twice");
            before = Some(to);
        }
    }

    #[test]
    fn minutes_come_newest_first_and_then_further_back() {
        let want = Want::Minutes { history: Duration::from_secs(30 * 86_400), each: 1 };
        let now = at(60 * 100_000 + 20);
        let mut known = Known::default();
        let mut covered: Vec<(i64, i64)> = Vec::new();
        for _ in 0..10 {
            for (from, to, _) in told(&steps(&question(want), &known, now, Flavour::Prometheus)) {
                let (from, to) = (from / 60 - 1, to / 60);
                assert!(to - from <= 10_000, "{from} {to}");
                covered.push((from, to));
                let (first, last) = known.minutes.unwrap_or((from, to));
                known.minutes = Some((first.min(from), last.max(to)));
            }
        }
        assert_eq!(covered.first(), Some(&(100_000 - 1_440, 100_000)));
        covered.sort_unstable();
        let end = covered.iter().fold(100_000 - 43_200, |end, (from, to)| {
            assert_eq!(*from, end, "no minute is fetched twice or never");
            *to
        });
        assert_eq!(end, 100_000);
        // A minute that is not settled is left for later; with VictoriaMetrics a little longer.
        known.minutes = known.minutes.map(|(first, _)| (first - 10, 99_999));
        for (second, flavour, fresh) in
            [(14, Flavour::Prometheus, 0), (16, Flavour::Prometheus, 1), (40, Flavour::VictoriaMetrics, 0)]
        {
            let steps = steps(&question(want), &known, at(60 * 100_000 + second), flavour);
            assert_eq!(steps.len(), fresh, "{second}");
        }
    }

    #[test]
    fn what_is_refused_is_asked_more_seldom_and_for_less() {
        let question = question(Want::Minutes { history: Duration::from_secs(30 * 86_400), each: 1 });
        for (refused, wait, points) in [(0, 15, 1_440), (1, 30, 1_440), (4, 240, 625), (40, 240, 60)] {
            let known = Known { asked: Some(at(60_000)), refused, ..Known::default() };
            assert!(!is_due(&question, &known, None, at(60_000 + wait - 15)) || wait == 15, "{refused}");
            assert!(is_due(&question, &known, None, at(60_000 + wait)), "{refused}");
            let steps = told(&steps(&question, &known, at(60_000_000), Flavour::Prometheus));
            assert_eq!((steps[0].1 - steps[0].0) / 60 + 1, points, "{refused}");
        }
    }

    #[test]
    fn ways_without_data_are_asked_seldom() {
        let mut question = question(Want::Course { history: Duration::ZERO, step: Duration::from_secs(15) });
        question.way = Some((1, 2));
        for (asked, chosen, now, due) in [
            (None, Some(0), 100, true),
            (Some(100), None, 115, true),
            (Some(100), None, 110, false),
            (Some(100), Some(2), 115, true),
            (Some(100), Some(0), 115, false),
            (Some(100), Some(0), 700, true),
            (Some(0), None, 15, true),
        ] {
            let known = Known { asked: asked.map(at), ..Known::default() };
            assert_eq!(is_due(&question, &known, chosen, at(now)), due, "{asked:?} {chosen:?} {now}");
        }
    }
}
