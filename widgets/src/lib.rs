//! Ratatui widgets for operations: they know numbers and styles, never an SLO.
//!
//! | you want to show | take |
//! | --- | --- |
//! | a state, with a glyph and a word | [`StatusLight`], [`Badge`] |
//! | how much is left, also below zero and above one | [`BudgetBar`] |
//! | how fast it burns, against thresholds | [`BurnBar`] |
//! | a queue and where it is going | [`QueueBar`], [`Trend`] |
//! | a series in a table cell | [`Sparkline`] |
//! | several series with axes, limits and events | [`Graph`] |
//! | a distribution over time | [`HeatMap`] |
//! | what happened when | [`Timeline`] |
//! | a number legible across a room | [`BigDigits`] |
//! | the keys that work here | [`KeyHints`] |
//! | a short message over everything else | [`Toast`] |
//! | rows that can be chosen and sorted | [`Table`] |
//!
//! Three promises hold for all of them:
//!
//! - **Total.** No input panics: no size (0x0, 1x1, an area outside the buffer), no number (NaN, infinities, a ratio of
//!   minus four), no text (wide, combining or control characters).
//! - **A gap is not a zero.** Missing values are `None` or NaN and are drawn as a gap.
//! - **Nothing by colour alone.** Each glyph has a twin of the same width for CJK set-ups, for text consoles and in ASCII
//!   ([`GlyphSet`]); styles are the caller's.
//!
//! Widgets are drawn by reference (`impl Widget for &T`) and hold no state: selection, offsets and time are arguments.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

mod paint;

mod badge;
mod budget;
mod burn;
mod digits;
mod glyphs;
pub mod graph;
mod heat;
mod keys;
pub mod number;
mod queue;
mod spark;
mod status;
pub mod table;
pub mod text;
mod timeline;
mod toast;

pub use badge::Badge;
pub use budget::BudgetBar;
pub use burn::BurnBar;
pub use digits::{BigDigits, Digits};
pub use glyphs::{GlyphSet, Glyphs};
pub use graph::{Graph, Mark, Series, Threshold};
pub use heat::{HeatMap, HeatRow};
pub use keys::{KeyHint, KeyHints};
pub use number::{Unit, human};
pub use queue::{QueueBar, Trend};
pub use spark::{SparkMode, Sparkline};
pub use status::StatusLight;
pub use table::{Cell, Column, Highlight, Row, Sort, Table};
pub use timeline::{Moment, Timeline};
pub use toast::{Corner, Toast};
