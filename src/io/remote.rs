//! Asking servers of the Prometheus API: what is due is sent side by side, within limits, and comes back as samples.
//!
//! Only what an expression needs is asked, at one moment for all. What was not seen yet (the start, an outage) is fetched
//! as a course first, and only that. It judges nothing and writes nothing to anybody; see `client` for one exchange.

mod client;
mod due;
mod memory;
mod once;
mod round;

pub(in crate::io) use memory::Memory;
pub use once::ask_once;
