//! Unit tests of rules, in the format of `promtool test rules`: series in, alerts and samples out.
//!
//! Texts in, failures out: whoever calls has read the files. The format is that of Prometheus's page "Unit testing for
//! rules".

mod compare;
mod read;
mod run;
mod series;

pub use read::{Test, UnitFile, parse};
pub use run::run;
pub use series::{Point, points, series};

use std::fmt;

/// A test that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The test's name, or its number from 1.
    pub test: String,
    /// What was looked at: `alert HighErrorRate at 5m`.
    pub what: String,
    /// What was expected and what came instead, a line each; lines that differ begin with `-` and `+`.
    pub details: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.test, self.what)?;
        for line in &self.details {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}
