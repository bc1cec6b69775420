//! What holds for the whole of warroom: pace of polling, environments, engine, screen.
//!
//! The defaults are written in [`super::shape`] and nowhere else; `Config::default()` reads them from there.

use super::notify::Ring;
use super::place::Spanned;
use crate::severity::Severity;
use std::path::PathBuf;
use std::time::Duration;

/// The pace of polling: `defaults.poll`, or what is left of it after a service's and a poll's own settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollDefaults {
    /// How often a poll is done.
    pub interval: Duration,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// Failures in a row before something counts as down.
    pub fails: u32,
    /// Successes in a row before it counts as up again.
    pub passes: u32,
    /// How long after a restart slow or missing answers count as warming up.
    pub warmup: Duration,
}

/// A service's own pace, where it differs from `defaults.poll`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// How often a poll is done.
    pub interval: Option<Duration>,
    /// How long the whole exchange may take.
    pub timeout: Option<Duration>,
    /// Failures in a row before something counts as down.
    pub fails: Option<u32>,
    /// Successes in a row before it counts as up again.
    pub passes: Option<u32>,
    /// How long after a restart slow or missing answers count as warming up.
    pub warmup: Option<Duration>,
}

impl Pace {
    /// This pace where it says something, `defaults` where it does not.
    pub fn over(&self, defaults: &PollDefaults) -> PollDefaults {
        PollDefaults {
            interval: self.interval.unwrap_or(defaults.interval),
            timeout: self.timeout.unwrap_or(defaults.timeout),
            fails: self.fails.unwrap_or(defaults.fails),
            passes: self.passes.unwrap_or(defaults.passes),
            warmup: self.warmup.unwrap_or(defaults.warmup),
        }
    }
}

/// One `environment.NAME` table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The table's name.
    pub name: String,
    /// May anything be changed from here?
    pub actions: Actions,
    /// Times at which nothing may be changed: `Fri 16:00 - Mon 08:00 Europe/Berlin`.
    pub freeze: Vec<Spanned<String>>,
    /// Accounts that may change something; empty: all.
    pub users: Vec<String>,
    /// What sort of action may be done, as written; empty: all.
    pub kinds: Vec<String>,
    /// From which hazard on a second person must approve, as written: `never` or a hazard.
    pub two_key: String,
    /// Where two accounts exchange proposals and approvals.
    pub two_key_folder: PathBuf,
}

/// May anything be changed from here?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actions {
    /// No: read-only.
    #[default]
    Off,
    /// Yes, after a confirmation that is proportionate to the hazard.
    Confirm,
}

/// Which engine answers the expressions, and how much of the past it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// `embedded`, or the name of a backend: who answers for services that say nothing else.
    pub default: Spanned<String>,
    /// The most memory that samples may take, in bytes.
    pub memory: u64,
    /// How long samples are kept in memory.
    pub retention: Duration,
    /// How long minutes of objectives and marks are kept on disk.
    pub history: Duration,
    /// How long samples are kept on disk at full resolution; zero: none are.
    pub history_full: Duration,
    /// The most that history may take on disk, in bytes.
    pub history_size: u64,
}

/// The screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ui {
    /// Name of a theme (a built-in one, or of a file in the folder `themes` beside the configuration), or path of a file.
    pub theme: Spanned<String>,
    /// Name of a set of keys.
    pub keys: Spanned<String>,
    /// Commands, with a screen before them or without, and the keys that they shall have instead.
    pub bind: Vec<(String, Spanned<Vec<Spanned<String>>>)>,
    /// IANA name of the time zone in which times are shown.
    pub zone: Spanned<String>,
    /// When colours are used.
    pub color: Color,
    /// Draw with ASCII characters only?
    pub ascii: Ascii,
    /// Does the dashboard listen to the mouse?
    pub mouse: bool,
    /// How a dashboard calls its operator.
    pub notify: Ring,
    /// Incidents below it do not ring.
    pub notify_floor: Severity,
    /// When only a P0 rings: `22:00 - 07:00 Europe/Berlin`.
    pub notify_quiet: Vec<Spanned<String>>,
    /// Nothing may be changed, whatever the environment says.
    pub read_only: bool,
}

/// The war-room wall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wall {
    /// How long a screen stays.
    pub every: Duration,
    /// How long what has just gone wrong keeps the wall.
    pub hold: Duration,
    /// After so long the picture moves by a cell.
    pub shift: Duration,
    /// What is shown in turn, by name: words of the shape.
    pub screens: Vec<&'static str>,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// As far as the terminal can and `NO_COLOR` lets.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which characters may be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ascii {
    /// ASCII only where the locale is not UTF-8.
    #[default]
    Auto,
    /// ASCII only.
    Always,
    /// All that the design wants.
    Never,
}

impl Color {
    /// `auto`, `always` or `never`.
    pub fn from_word(word: &str) -> Option<Self> {
        [("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)]
            .into_iter()
            .find_map(|(name, value)| (name == word).then_some(value))
    }
}

impl Ascii {
    /// `auto`, `always` or `never`.
    pub fn from_word(word: &str) -> Option<Self> {
        [("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)]
            .into_iter()
            .find_map(|(name, value)| (name == word).then_some(value))
    }
}
