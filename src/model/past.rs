//! Looking back: which moment is shown, how it moves, and the second model that shows it.
//!
//! The model that is shown while rewound is a whole one, over a copy of the store that shares its chunks. So every
//! screen shows the past by the same code as the present; what is live goes on beside it, untouched.

use super::Model;
use super::told::Log;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// What the operator asks of time. The one who holds both models grants it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// So many steps forward (negative: back).
    Step(i32),
    /// So many leaps forward (negative: back).
    Leap(i32),
    /// To that moment.
    At(Timestamp),
    /// Back to what is now; in a recording, to its end.
    Live,
    /// Let it run, or hold it.
    Toggle,
    /// Faster by so many notches (negative: slower).
    Faster(i32),
    /// At this speed.
    Speed(f64),
}

/// One step back or forward.
pub const STEP: Duration = Duration::from_secs(60);
/// One leap.
pub const LEAP: Duration = Duration::from_secs(15 * 60);
/// A step in a recording, which may be short.
pub const SHORT_STEP: Duration = Duration::from_secs(10);
/// A leap in a recording.
pub const SHORT_LEAP: Duration = Duration::from_secs(60);
/// The speeds that `+` and `-` turn through.
pub const SPEEDS: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// The fastest that can be asked for.
pub const FASTEST: f64 = 3_600.0;
/// While it runs, the moment moves at most so often: 30 pictures a second.
pub const FRAME: Duration = Duration::from_millis(33);

/// A recording that is shown instead of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The file's name, clean.
    pub name: String,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub to: Timestamp,
}

/// What the head line says of the time that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// The moment that is live; in a recording, its end.
    pub live: Timestamp,
    /// How many times as fast as life it runs.
    pub speed: f64,
    /// It runs.
    pub playing: bool,
    /// It is a recording.
    pub recording: bool,
    /// Its samples are still being read from disk: what is not there yet is not unknown.
    pub reading: bool,
}

/// What was asked of the disk, for a time that the living store does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The number of the question.
    pub question: u64,
    /// The beginning of what was asked for.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// All of it has come.
    pub complete: bool,
}

/// The past that is shown.
#[derive(Debug)]
pub struct Past {
    /// What is shown; its `now` is the moment.
    pub model: Model,
    /// How many times as fast as life it runs, when it does.
    pub speed: f64,
    /// When it began to run from where: (on the clock, in the past). None: it is held.
    pub runs: Option<(Timestamp, Timestamp)>,
    /// Its samples come from the disk, and not from the living store.
    pub disk: Option<Disk>,
    /// Nothing has been brought to its moment yet.
    pub fresh: bool,
    /// Objectives that are still to be judged for the moment.
    pub judge: VecDeque<usize>,
    /// Until when, on the clock, the message stays.
    pub message_until: Option<Timestamp>,
    /// When, on the clock, what is typed in the explorer is to be read.
    pub typed: Option<Timestamp>,
}

/// Time, as the operator sees it.
#[derive(Debug, Default)]
pub struct Times {
    /// The past that is shown, if it is not the present.
    pub past: Option<Box<Past>>,
    /// What was heard so far.
    pub log: Log,
    /// What a key or a line asked for.
    pub wish: Option<Wish>,
    /// In the model that shows the past: what the head line says of it.
    pub shown: Option<Shown>,
    /// Questions to the disk so far.
    pub questions: u64,
    /// The world is a recording.
    pub recording: Option<Recording>,
}

impl Past {
    /// Is there work that has to do with the moment?
    pub fn has_work(&self) -> bool {
        !self.judge.is_empty() || self.model.has_work()
    }

    /// The moment that is due by the clock.
    pub fn due(&self, clock: Timestamp) -> Timestamp {
        match self.runs {
            Some((since, from)) => {
                let passed = clock.since(since).as_secs_f64() * self.speed;
                from + Duration::try_from_secs_f64(passed).unwrap_or(Duration::ZERO)
            }
            None => self.model.now,
        }
    }

    /// When, on the clock, something of it changes by itself.
    pub fn next_tick(&self, clock: Timestamp) -> Option<Timestamp> {
        // A second of the past is what a picture shows; where that passes slowly, so do the pictures.
        let step = Duration::from_secs_f64((1.0 / self.speed.max(0.01)).clamp(FRAME.as_secs_f64(), 1.0));
        // Counted from where it began to run: what each wait is too long must not add up to fewer pictures.
        let frame = self.runs.map(|(since, _)| {
            let step = step.as_millis().max(1);
            let next = (clock.since(since).as_millis() / step + 1) * step;
            since + Duration::from_millis(u64::try_from(next).unwrap_or(u64::MAX))
        });
        [frame, self.message_until, self.typed].into_iter().flatten().min()
    }
}

impl Model {
    /// The model that is on the screen: this one, or that of the past.
    pub fn on_screen(&self) -> &Self {
        self.time.past.as_ref().map_or(self, |past| &past.model)
    }

    /// Does this model show the past? Then nothing can be changed from here.
    pub fn is_past(&self) -> bool {
        self.time.shown.is_some()
    }

    /// The oldest moment that can be shown, if anything is known.
    pub fn reaches_back(&self) -> Option<Timestamp> {
        match &self.time.recording {
            Some(recording) => Some(recording.from),
            None => self.store.stats().oldest.or_else(|| self.time.log.oldest()),
        }
    }
}
