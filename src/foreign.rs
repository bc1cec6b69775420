//! Incidents of other systems: what Alertmanager and PagerDuty know, as alerts of our own, and what may be asked of them.
//!
//! Pure: bytes in, alerts and proposals out. Nothing here reaches the network, asks for the time, or decides whether a
//! silence may be sent: that is the door's ([`crate::action`]). `io::foreign` reads, `io::act` writes.

pub mod alertmanager;
mod backend;
mod book;
mod cluster;
mod pager;
pub mod pagerduty;
mod parts;
pub mod silence;
mod todo;

pub use backend::{Backend, Kind, Peer};
pub use book::{Book, Step, Suppressed};
pub use cluster::{Answer, Cluster, Foreign, PeerHealth, Picture};
pub use pager::Pager;
pub use parts::Read;
pub use silence::{Change, Draft};
pub use todo::{Say, Todo};
