//! Alerts become incidents: grouped, graded, timed, acknowledged, told. Pure: no clock, no file, no network.
//!
//! Everything that an incident is follows from its [`Change`]s, one applied after the other. The engine makes them from
//! alarms and facts, people make them by acts, and the journal keeps them: so what is read back from the journal is what
//! was there, to the letter.
//!
//! # Identity
//! An id is a day and a hash of environment, group key and start. The start is the moment since when the first alert's
//! expression is true, which falls on the rule group's evaluation times and so is the same for all who evaluate the same
//! rules; it is then floored to the flap window, because two warrooms that poll for themselves may see the same trouble one
//! evaluation apart. Two incidents of one group can never begin within one flap window (the second would reopen the
//! first), so nothing is lost by it. What remains: if the skew straddles the edge of such a slot (15 s in 30 min: about one
//! in 120), or if a warroom is started in the middle of an incident without history or a journal, it names it otherwise.

mod act;
pub mod calendar;
pub mod change;
mod course;
mod deploy;
mod engine;
mod entry;
pub mod facts;
mod grade;
mod group;
mod item;
mod moves;
pub mod notice;
mod place;
pub mod postmortem;
mod queries;
mod record;
mod restore;
mod settings;
mod signs;
mod spell;
mod timers;

pub use act::{Act, Refusal};
pub use calendar::Calendar;
pub use change::{Brief, Change, What};
pub use deploy::{Deploy, Rollout};
pub use engine::Incidents;
pub use entry::entries;
pub use facts::{Alarm, Figures, Happening, HappeningKind, ServiceFacts, VersionSource};
pub use group::{UNASSIGNED, fingerprints};
pub use item::Item;
pub use moves::{Move, MoveRule};
pub use record::{AlertNote, Incident, Mark, Phase};
pub use settings::{Grade, Limits, Settings, Timing};
pub use timers::{Timer, Timers};
