//! `warroom doctor`: what was found where, each target tried once, and what this terminal can do.
//!
//! It gathers facts and changes nothing; `page` writes them for people, `json` for programs.

mod facts;
mod json;
mod page;

use super::args::{Flags, Format};
use super::{exit, run};
use crate::config::Ascii;
use crate::io::config as files;
use crate::io::terminal::{TerminalEnv, detect};
use crate::plan::Plan;
use crate::runtime::{Rounds, observe};
use facts::Facts;
use std::io::{self, Write as _};
use std::sync::Arc;

/// Examines, prints, and answers 0 if all is fine, 69 if a target or a secret fails, 78 if the configuration does.
pub(super) fn examine(flags: &Flags, output: Format) -> io::Result<u8> {
    let mut facts = Facts::of_this_machine(files::candidates(flags.config.as_deref()));
    let loaded = files::load(flags.config.as_deref(), &run::overrides(flags));
    let mut ascii = flags.ascii;
    match loaded {
        Ok((config, winner)) => {
            ascii |= config.ui.ascii == Ascii::Always;
            facts.settings(&config);
            facts.terminal = Some(detect(&TerminalEnv::read(), config.ui.color));
            facts.winner = winner;
            facts.files = config.files.iter().map(ToString::to_string).collect();
            facts.secrets(&config)?;
            match Plan::compile(&config, 1).map(Arc::new) {
                Ok(plan) => {
                    facts.warnings.clone_from(&plan.warnings);
                    if !plan.targets.is_empty() {
                        facts.targets(&observe(&plan, Rounds::One)?);
                    }
                }
                Err(problems) => facts.problems = problems,
            }
        }
        Err(problems) => {
            facts.problems = problems;
            facts.winner = files::find(&facts.candidates).ok().flatten();
        }
    }
    let color = crate::config::Color::Auto;
    let terminal = facts.terminal.get_or_insert_with(|| detect(&TerminalEnv::read(), color));
    ascii |= terminal.ascii;
    let mut out = io::stdout().lock();
    match output {
        Format::Text => out.write_all(page::write(&facts, ascii).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", json::write(&facts))?,
    }
    out.flush()?;
    Ok(code(&facts))
}

fn code(facts: &Facts) -> u8 {
    let target = facts.targets.iter().any(|target| !target.fine());
    let secret = facts.secrets.iter().any(|secret| secret.error.is_some());
    match () {
        () if !facts.problems.is_empty() => exit::CONFIG,
        () if target || secret => exit::UNAVAILABLE,
        () => 0,
    }
}
