//! Prometheus rule files: recording and alerting rules, evaluated over the store as Prometheus does.
//!
//! Texts become [`Group`]s (`yaml`, `read`, `enforce`), groups make a [`RuleSet`], and the [`Engine`] evaluates the
//! sets, one rule a unit of work (`clock`, `group`, `run`, `active`, `restore`). Time is an argument.

mod active;
pub mod alert;
pub mod builtin;
mod clock;
mod enforce;
mod engine;
pub mod file;
mod fill;
mod group;
pub mod lint;
pub mod read;
mod restore;
mod run;
mod set;
pub mod template;
pub mod unit;
mod yaml;

pub use active::{RESOLVED_KEPT, Standing};
pub use alert::{Alert, AlertState, Origin};
pub use enforce::Enforce;
pub use engine::{Engine, Finished, GroupView, Settings};
pub use file::{Group, Rule, RuleKind};
pub use group::GroupStatus;
pub use read::{Read, RuleProblem, parse};
pub use run::RuleStatus;
pub use set::{OTHERWISE, Owners, Placed, RuleSet, SEVERITIES, Severities};
