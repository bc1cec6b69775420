//! The questions of Prometheus's HTTP API, and warroom's own figures as `/metrics`: what `warroom serve` answers.
//!
//! Pure: it is handed what the loop has laid out ([`Samples`], [`Rules`], [`Status`]) and the parameters of a question,
//! and gives status, kind and bytes. No socket, no clock, no thread. Shapes and words are those of Prometheus 3
//! (`web/api/v1/api.go`), checked against 2.42.

mod fault;
mod find;
mod laid;
mod metrics;
mod names;
mod params;
mod query;
mod rules;
mod targets;

pub use fault::{Fault, Kind};
pub use find::Found;
pub use laid::{Asked, Checks, Figures, Process, Rules, Samples, Served, Status};
pub use metrics::{Page, federate, metrics};
pub use names::about;
pub use params::Params;
pub use query::{Limits, Question, format_query};
