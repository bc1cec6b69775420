//! What the screen of breakers and queues shows: every breaker and every queue of the fleet, the worst first.
//!
//! Several views of one thing (two instances, a broker and its monitor) are one row. What they did before is read from
//! the store step by step, and only while somebody looks. Here is no clock and nothing is drawn.

use super::judge::over;
use super::rows::{BUCKETS, BreakerRow, Fleet, QueueRow, ServiceRow, breaker_rank, breaker_word};
use super::ui::{ListState, passes};
use crate::labels::{Matcher, NAME};
use crate::plan::{Plan, ServicePlan, Signal};
use crate::store::Store;
use crate::target::BreakerState;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::{Trend, Unit, human};

/// The orders of the list; the first is the default.
pub const ORDERS: &[&str] = &["worst", "service", "name", "depth", "change"];

/// What the heights of a breaker's course mean, from 0 on: the worse the higher.
pub const HEIGHTS: &[&str] = &["closed", "half-open", "OPEN"];

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// A circuit breaker.
    Breaker,
    /// A queue.
    Queue,
}

impl FlowKind {
    /// Its word in the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Queue => "queue",
        }
    }
}

/// A breaker or a queue of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// Its service.
    pub service: Arc<str>,
    /// What it is.
    pub kind: FlowKind,
    /// Its name there.
    pub name: Clean,
}

impl FlowKey {
    /// The series that it is kept in.
    pub fn series(&self) -> (&'static str, &'static str) {
        match self.kind {
            FlowKind::Breaker => ("warroom_breaker_state", "breaker"),
            FlowKind::Queue => ("warroom_queue_depth", "queue"),
        }
    }

    /// The same as an expression: one series a view of it.
    pub fn expression(&self) -> String {
        format!("max by (instance) ({})", self.selector())
    }

    /// What is drawn of it: depths, or the heights of [`HEIGHTS`].
    pub fn course(&self) -> String {
        let all = self.selector();
        match self.kind {
            FlowKind::Breaker => format!("max by (instance) (({all} == bool 1) * 2 + ({all} == bool 2))"),
            FlowKind::Queue => self.expression(),
        }
    }

    fn selector(&self) -> String {
        let (metric, label) = self.series();
        let (service, name) = (quote(&self.service), quote(self.name.as_str()));
        format!("{metric}{{service={service}, {label}={name}}}")
    }
}

/// A text as a PromQL string; what is not clean has no line breaks left to escape.
pub(super) fn quote(text: &str) -> String {
    let text = crate::text::clean(text);
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What one view of a breaker did so far.
#[derive(Clone, Debug, PartialEq)]
struct Track {
    state: f64,
    since: Timestamp,
    /// The change to this state was seen; else it was so from the first sample on.
    exact: bool,
    opened: u32,
    seen: Timestamp,
}

/// What a breaker did so far, all views together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    views: BTreeMap<String, Track>,
    /// Its state over time, as a height: 0 closed, 1 half-open, 2 open.
    pub course: Vec<Option<f64>>,
    /// Number of the newest bucket of the course since the epoch.
    pub last_bucket: u64,
    /// The moment that it was looked at for.
    pub at: Option<Timestamp>,
}

impl Past {
    /// Since when one of the views is in `state`, and whether the change to it was seen.
    pub fn since(&self, state: BreakerState) -> Option<(Timestamp, bool)> {
        let same = |track: &&Track| BreakerState::from_value(track.state) == Some(state);
        self.views.values().filter(same).map(|track| (track.since, track.exact)).min()
    }

    /// How often it was seen to open.
    pub fn opened(&self) -> u32 {
        self.views.values().map(|track| track.opened).sum()
    }

    /// Reads what came since it was looked at last.
    pub fn look(&mut self, store: &Store, key: &FlowKey, at: Timestamp, bucket: Duration) {
        let (metric, label) = key.series();
        let wanted = [
            Matcher::equal(NAME, metric),
            Matcher::equal("service", &key.service),
            Matcher::equal(label, key.name.as_str()),
        ];
        let bucket = bucket.max(Duration::from_secs(1));
        let number = |at: Timestamp| {
            u64::try_from(at.millis()).unwrap_or(0) / u64::try_from(bucket.as_millis()).unwrap_or(1).max(1)
        };
        self.at = Some(at);
        self.last_bucket = number(at);
        self.course = vec![None; BUCKETS];
        let begin = at.floor_to(bucket) - bucket * (BUCKETS as u32 - 1);
        let mut samples = Vec::new();
        for series in store.select(&wanted) {
            let view = series.labels().get("instance").unwrap_or("").to_owned();
            let known = self.views.get(&view).map(|track| track.seen);
            samples.clear();
            series.range(known.map_or(begin, |seen| seen.min(begin)), at, &mut samples);
            if known.is_none() {
                // Once, all of it: since when, and how often.
                samples.clear();
                series.range(Timestamp::default(), at, &mut samples);
            }
            for (when, value) in &samples {
                let Some(state) = BreakerState::from_value(*value) else { continue };
                if *when >= begin {
                    let back = self.last_bucket.saturating_sub(number(*when)) as usize;
                    let place = (BUCKETS - 1).checked_sub(back);
                    if let Some(slot) = place.and_then(|place| self.course.get_mut(place)) {
                        let height = f64::from(2 - breaker_rank(state));
                        *slot = Some(slot.map_or(height, |known| known.max(height)));
                    }
                }
                if known.is_none_or(|seen| *when > seen) {
                    self.step(&view, *value, state, *when);
                }
            }
        }
    }

    fn step(&mut self, view: &str, value: f64, state: BreakerState, at: Timestamp) {
        let Some(track) = self.views.get_mut(view) else {
            let track = Track { state: value, since: at, exact: false, opened: 0, seen: at };
            self.views.insert(view.to_owned(), track);
            return;
        };
        track.seen = at;
        if BreakerState::from_value(track.state) != Some(state) {
            (track.state, track.since, track.exact) = (value, at, true);
            track.opened = track.opened.saturating_add(u32::from(state == BreakerState::Open));
        }
    }
}

/// What is known of the past of breakers.
#[derive(Debug, Default)]
pub struct Flow {
    /// By breaker.
    pub past: BTreeMap<FlowKey, Past>,
    /// Services whose breakers are to be looked at, the longest waiting first.
    pub due: std::collections::VecDeque<usize>,
    /// The moment that all of them were looked at for.
    pub at: Option<Timestamp>,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRow {
    /// What it is.
    pub key: FlowKey,
    /// How bad it is: the order of the list, 0 the worst.
    rank: u8,
    /// The state that it amounts to.
    pub state: State,
    /// The same in a word or two: `OPEN`, `growing`, `over 200`.
    pub word: String,
    /// A breaker's state.
    pub breaker: Option<BreakerState>,
    /// How many views of it are in that state, and how many there are.
    pub views: (usize, usize),
    /// A queue's depth, in messages.
    pub depth: Option<f64>,
    /// Messages a minute that it grows by; negative: it drains.
    pub change: Option<f64>,
    /// Where that leads.
    pub trend: Trend,
    /// Depth, or the height of a breaker's state, over time.
    pub course: Vec<Option<f64>>,
    /// Number of the newest bucket of the course since the epoch.
    pub last_bucket: u64,
    /// Age of the oldest message, in seconds.
    pub oldest: Option<f64>,
    /// Consumers of a queue.
    pub consumers: Option<f64>,
    /// Calls of a breaker: (failed, all), and the share that succeeded.
    pub calls: (Option<f64>, Option<f64>, Option<f64>),
    /// Since when a breaker is in its state, and whether the change was seen.
    pub since: Option<(Timestamp, bool)>,
    /// How often a breaker was seen to open.
    pub opened: u32,
    /// Limits of a queue's depth.
    pub limits: Option<(f64, f64)>,
    /// When it was seen.
    pub at: Timestamp,
    /// Who says so.
    pub origins: Vec<Arc<str>>,
}

impl FlowRow {
    /// When a queue that grows reaches its critical depth at this pace.
    pub fn full_in(&self) -> Option<Duration> {
        let (depth, change, limits) = (self.depth?, self.change?, self.limits?);
        let minutes = (limits.1 - depth) / change;
        let ahead = self.trend == Trend::Up && minutes.is_finite() && (0.0..100_000.0).contains(&minutes);
        ahead.then(|| Duration::from_secs_f64(minutes * 60.0))
    }

    /// What a row says, in a line of plain text.
    pub fn text(&self) -> String {
        let FlowKey { service, kind, name } = &self.key;
        let depth =
            self.depth.map_or_else(String::new, |depth| format!(" {} waiting", human(depth, Unit::Count)));
        format!("{service}: {} {name} {}{depth}", kind.word(), self.word)
    }
}

/// Every breaker and queue of the fleet, in the order and with the filter of `list`.
pub fn rows(fleet: &Fleet, plan: &Plan, flow: &Flow, now: Timestamp, list: &ListState) -> Vec<FlowRow> {
    let mut out = Vec::new();
    for row in &fleet.services {
        let service = plan.services.iter().find(|service| service.name == row.name);
        let late = row.interval * 3;
        out.extend(breakers(row, flow, now, late));
        out.extend(queues(row, service, now, late));
    }
    out.retain(|row| {
        let texts = [&*row.key.service, row.key.name.as_str(), row.key.kind.word(), &*row.word];
        passes(&list.filter, texts.into_iter())
    });
    let most = |a: Option<f64>, b: Option<f64>| {
        b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY))
    };
    let by = ORDERS.get(list.order).copied().unwrap_or("worst");
    out.sort_by(|a, b| {
        let first = match by {
            "service" => Ordering::Equal,
            "name" => a.key.name.cmp(&b.key.name),
            "depth" => most(a.depth, b.depth),
            "change" => most(a.change, b.change),
            _ => a.rank.cmp(&b.rank),
        };
        // Depths move all the time: beyond their rank rows stand still.
        first.then_with(|| a.key.cmp(&b.key))
    });
    if list.reversed {
        out.reverse();
    }
    out
}

impl super::Model {
    /// Every breaker and queue of the picture that is shown, filtered, the worst first.
    pub fn flow_rows(&self) -> Vec<FlowRow> {
        rows(self.shown(), &self.plan, &self.flow, self.seen_at(), &self.ui.flow)
    }
}

/// Things of one name, in the order of names.
fn by_name<'a, T>(all: &'a [T], name: impl Fn(&T) -> &Clean) -> BTreeMap<Clean, Vec<&'a T>> {
    let mut out: BTreeMap<Clean, Vec<&'a T>> = BTreeMap::new();
    for one in all {
        out.entry(name(one).clone()).or_default().push(one);
    }
    out
}

fn stale_word(age: Duration) -> String {
    format!("stale {}", human(age.as_secs() as f64, Unit::Seconds))
}

fn breakers(row: &ServiceRow, flow: &Flow, now: Timestamp, late: Duration) -> Vec<FlowRow> {
    let mut out = Vec::new();
    for (name, views) in by_name(&row.breakers, |breaker: &BreakerRow| &breaker.seen.name) {
        let fresh = views.iter().map(|view| view.at).max().unwrap_or_default();
        let Some(worst) = views.iter().min_by_key(|view| breaker_rank(view.seen.state)) else { continue };
        let state = worst.seen.state;
        let key = FlowKey { service: Arc::clone(&row.name), kind: FlowKind::Breaker, name };
        let past = flow.past.get(&key);
        let age = now.since(fresh);
        let (rank, shown, word) = match state {
            _ if age > late => (4, State::Stale, stale_word(age)),
            BreakerState::Open => (0, State::Down, breaker_word(state).to_owned()),
            BreakerState::HalfOpen => (2, State::Degraded, breaker_word(state).to_owned()),
            BreakerState::Closed => (7, State::Up, breaker_word(state).to_owned()),
        };
        out.push(FlowRow {
            key,
            rank,
            state: shown,
            word,
            breaker: Some(state),
            views: (views.iter().filter(|view| view.seen.state == state).count(), views.len()),
            depth: None,
            change: None,
            trend: Trend::Unknown,
            course: past.map(|past| past.course.clone()).unwrap_or_default(),
            last_bucket: past.map_or(0, |past| past.last_bucket),
            oldest: None,
            consumers: None,
            calls: (worst.seen.failures, worst.seen.calls, worst.seen.success_ratio),
            since: past.and_then(|past| past.since(state)),
            opened: past.map_or(0, Past::opened),
            limits: None,
            at: fresh,
            origins: views.iter().map(|view| Arc::clone(&view.origin)).collect(),
        });
    }
    out
}

fn queues(row: &ServiceRow, plan: Option<&ServicePlan>, now: Timestamp, late: Duration) -> Vec<FlowRow> {
    let band = plan.and_then(|plan| plan.bands.queue);
    let reading = row.reading(Signal::Requests);
    let mut out = Vec::new();
    for (name, views) in by_name(&row.queues, |queue: &QueueRow| &queue.seen.name) {
        let Some(deepest) = views.iter().max_by(|a, b| a.seen.depth.total_cmp(&b.seen.depth)) else {
            continue;
        };
        let depth = deepest.seen.depth;
        let fresh = views.iter().map(|view| view.at).max().unwrap_or_default();
        let most =
            |of: fn(&QueueRow) -> Option<f64>| views.iter().filter_map(|view| of(view)).reduce(f64::max);
        let consumers = most(|view| view.seen.consumers);
        let (change, trend) = trend(&deepest.course, reading.bucket);
        let age = now.since(fresh);
        let limit = |limit: f64| format!("over {}", human(limit, Unit::Count));
        let (rank, state, word) = match (over(depth, band), band) {
            _ if age > late => (4, State::Stale, stale_word(age)),
            (Some(State::Down), Some(band)) => (1, State::Down, limit(band.critical)),
            (Some(_), Some(band)) => (2, State::Degraded, limit(band.warning)),
            _ if consumers == Some(0.0) && depth > 0.0 => (2, State::Degraded, "no consumers".to_owned()),
            _ if trend == Trend::Up => (3, State::Up, "growing".to_owned()),
            _ if trend == Trend::Down => (5, State::Up, "draining".to_owned()),
            _ if depth > 0.0 => (5, State::Up, "waiting".to_owned()),
            _ => (6, State::Up, "empty".to_owned()),
        };
        out.push(FlowRow {
            key: FlowKey { service: Arc::clone(&row.name), kind: FlowKind::Queue, name },
            rank,
            state,
            word,
            breaker: None,
            views: (1, views.len()),
            depth: Some(depth),
            change,
            trend,
            course: deepest.course.clone(),
            last_bucket: reading.last_bucket,
            oldest: most(|view| view.seen.oldest_age_seconds),
            consumers,
            calls: (None, None, None),
            since: None,
            opened: 0,
            limits: band.map(|band| (band.warning, band.critical)),
            at: fresh,
            origins: views.iter().map(|view| Arc::clone(&view.origin)).collect(),
        });
    }
    out
}

/// Messages a minute, from the mean of the newest buckets and that of those about a minute before; a change that is
/// small against the depth is none.
pub fn trend(course: &[Option<f64>], bucket: Duration) -> (Option<f64>, Trend) {
    /// Buckets that a mean is taken of.
    const MEAN: usize = 3;
    /// A change of fewer messages than this is none, however small the queue.
    const LEAST: f64 = 3.0;
    let minute = (60.0 / bucket.as_secs_f64().max(1.0)).ceil() as usize;
    let known: Vec<(usize, f64)> =
        course.iter().rev().enumerate().filter_map(|(back, value)| Some((back, (*value)?))).collect();
    let mean = |part: &[(usize, f64)]| {
        let count = part.len() as f64;
        (
            part.iter().map(|(back, _)| *back as f64).sum::<f64>() / count,
            part.iter().map(|p| p.1).sum::<f64>() / count,
        )
    };
    let near: Vec<(usize, f64)> = known.iter().take_while(|(back, _)| *back < MEAN).copied().collect();
    let window = |(back, _): &&(usize, f64)| (MEAN..minute.max(MEAN) + MEAN).contains(back);
    let far: Vec<(usize, f64)> = known.iter().filter(window).copied().collect();
    let far = far.get(far.len().saturating_sub(MEAN)..).unwrap_or_default();
    if near.is_empty() || far.is_empty() {
        return (None, Trend::Unknown);
    }
    let ((now_back, now), (then_back, then)) = (mean(&near), mean(far));
    let minutes = (then_back - now_back) * bucket.as_secs_f64().max(1.0) / 60.0;
    let trend = if (now - then).abs() < LEAST { Trend::Flat } else { Trend::between(then, now, 0.1) };
    (Some((now - then) / minutes), trend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;

    #[test]
    fn trends() {
        let five = Duration::from_secs(5);
        let course = |values: &[f64]| values.iter().map(|v| v.is_finite().then_some(*v)).collect::<Vec<_>>();
        let ramp: Vec<f64> = (0..20).map(|i| f64::from(i) * 10.0).collect();
        let gap = f64::NAN;
        for (name, values, change, trend) in [
            ("nothing", vec![], None, Trend::Unknown),
            ("one value", vec![5.0], None, Trend::Unknown),
            ("grows by ten a bucket", ramp.clone(), Some(120.0), Trend::Up),
            ("drains", ramp.iter().rev().copied().collect(), Some(-120.0), Trend::Down),
            ("steady", vec![40.0; 20], Some(0.0), Trend::Flat),
            ("a few more", vec![1.0, 1.0, 1.0, 2.0, 2.0, 2.0], Some(4.0), Trend::Flat),
            ("nothing new", vec![1.0, 1.0, 1.0, gap, gap, gap], None, Trend::Unknown),
        ] {
            let (found, way) = super::trend(&course(&values), five);
            assert_eq!(way, trend, "{name}");
            assert_eq!(found.map(f64::round), change, "{name}");
        }
    }

    #[test]
    fn since_when_and_how_often_is_read_from_the_store() {
        let mut store = Store::default();
        let key = FlowKey { service: "a".into(), kind: FlowKind::Breaker, name: Clean::new("b") };
        let at = |second: i64| Timestamp::from_millis(1_000_000 + second * 1_000);
        let labels = Labels::metric(
            "warroom_breaker_state",
            [("service", "a"), ("breaker", "b"), ("instance", "one")],
        );
        let five = Duration::from_secs(5);
        let mut past = Past::default();
        // closed, open, half-open, open: one look in the middle, one at the end.
        for second in 0..60 {
            let state = match second {
                0..20 => 0.0,
                20..30 => 1.0,
                30..40 => 2.0,
                _ => 1.0,
            };
            store.append(&labels, at(second), state);
            if second == 25 {
                past.look(&store, &key, at(second), five);
                assert_eq!((past.since(BreakerState::Open), past.opened()), (Some((at(20), true)), 1));
            }
        }
        past.look(&store, &key, at(59), five);
        assert_eq!((past.since(BreakerState::Open), past.opened()), (Some((at(40), true)), 2));
        assert_eq!(past.since(BreakerState::Closed), None);
        let tail: Vec<f64> = past.course.iter().rev().take(12).rev().map(|v| v.unwrap()).collect();
        assert_eq!(tail, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
        let mut late = Past::default();
        late.look(&store, &key, at(19), five);
        assert_eq!(late.since(BreakerState::Closed), Some((at(0), false)), "closed from the first sample on");
    }
}
