//! Objectives, budgets and burn rates: from counts to "how much is left, and how long it lasts".
//!
//! An [`Slo`] says what is counted (`spec`), over which time (`window`) and when spending is an alert (`policy`). The
//! [`Book`] counts events by the minute from the raw samples of counters (`count`, `kin`, `minutes`, `track`), a piece at
//! a time (`pace`, `sample`), and judges each objective (`assess`, `budget`); `series` leaves the figures in the store. `read` takes in sloth's and `OpenSLO`'s
//! files. Everything is weighted by events; ratios are never averaged. Pure: time is an argument.

mod asked;
mod assess;
mod book;
pub mod budget;
pub mod calc;
mod count;
mod kin;
mod minutes;
mod pace;
mod policy;
pub mod read;
mod sample;
mod saved;
mod series;
mod spec;
mod track;
mod window;

pub use asked::{Asked, Part, Role, questions};
pub use assess::{Assessment, Budget, Burn, Counts, Coverage, PARTIAL_BELOW, RowState, Verdict};
pub use book::Book;
pub use budget::Exhaustion;
pub use count::{Edges, Start};
pub use policy::{Row, Table};
pub use saved::{Mark, Saved, SavedMinute};
pub use series::{AlertSpec, BURN, COVERAGE, EVENTS, OBJECTIVE, REMAINING, SLI, alerts};
pub use spec::{Sli, Slo, Term};
pub use track::Lifetime;
pub use window::{Maintenance, Period, Window};
