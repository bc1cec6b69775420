//! THE DOOR: `Proposal -> authorize -> Authorized`. Nothing changes the outside world but an `Authorized`, made here.
//!
//! Pure: it sends nothing, reads no file and asks for no time. `io::act` sends, `io::journal` keeps the entries that
//! are made here, and both get only what the door has let through.

mod again;
pub mod confirm;
pub mod door;
pub mod entry;
pub mod facts;
pub mod freeze;
pub mod ledger;
pub mod listing;
pub mod policy;
pub mod presets;
pub mod proposal;
pub mod request;
pub mod spec;
pub mod template;
pub mod verdict;

pub use again::goes_on;
pub use confirm::{Confirm, Press, Typed};
pub use door::{Authorized, Refused, Run, Shot, ShotEnd, authorize};
pub use entry::{Ended, How, Receipt};
pub use facts::{Checked, Facts, Figures, Passed};
pub use freeze::Freeze;
pub use ledger::Ledger;
pub use listing::Choice;
pub use policy::Policy;
pub use proposal::{Chosen, Draft, Proposal};
pub use request::{Body, Method, Request};
pub use spec::{Action, ActionKind, Hazard, Instance, Offer};
pub use verdict::{Effect, Verdict};
