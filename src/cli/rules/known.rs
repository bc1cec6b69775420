//! What targets export, for `rules check --metrics` and `--targets`: names and types. It judges no rule.

#![expect(clippy::print_stderr, reason = "what is not known is said on standard error")]

use super::super::run;
use super::count;
use crate::config::Config;
use crate::io::source::{self, Fault, Manner, Source};
use crate::plan::Plan;
use crate::rules::lint::Known;
use crate::runtime::{Exported, exported};
use std::io;

/// Reads the sources into `known`.
///
/// # Errors
/// The inner one: a source cannot be read. The outer one: no runtime could be made.
pub(super) fn gather(sources: &[Source], known: &mut Known) -> io::Result<Result<(), Fault>> {
    let opened = match source::open(sources, Manner::default())? {
        Ok(opened) => opened,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut exported = Exported::default();
    for source in opened {
        match source.body() {
            Ok((body, format)) => exported.take(&body, format),
            Err(fault) => return Ok(Err(fault)),
        }
    }
    known.types.extend(exported.types);
    known.metrics.get_or_insert_default().extend(exported.names);
    Ok(Ok(()))
}

/// Asks the targets which metrics there are. If one is silent nobody can say that a metric is missing: false.
pub(super) fn ask(config: &Config, known: &mut Known) -> io::Result<bool> {
    let plan = match Plan::compile(config, 1) {
        Ok(plan) => plan,
        Err(problems) => {
            run::complain(&problems);
            return Ok(false);
        }
    };
    let exported = exported(&plan)?;
    known.types.extend(exported.types);
    if exported.silent.is_empty() && exported.targets > 0 {
        known.metrics.get_or_insert_default().extend(exported.names);
        return Ok(true);
    }
    for silent in &exported.silent {
        eprintln!("{silent}");
    }
    eprintln!(
        "{} of {} did not tell its metrics: which ones nobody exports is not known",
        exported.silent.len(),
        count(exported.targets, "target")
    );
    Ok(false)
}
