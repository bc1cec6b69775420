//! `--plain`: changes as lines on standard output, for screen readers, logs and terminals without a cursor.

use super::args::Flags;
use super::run::compile;
use crate::config::Config;
use crate::io::state;
use crate::runtime::{Loader, Plain};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Prints until it is told to end.
pub(super) fn plain(
    flags: &Flags,
    config: &Config,
    loader: Option<Loader>,
    watched: Vec<PathBuf>,
) -> io::Result<u8> {
    let plan = match compile(config) {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let state = state::locate(flags.state.as_deref()).map_err(|error| error.to_string());
    crate::runtime::plain(Plain { plan, loader, watched, state }, |lines| {
        // Locked for a batch only: whoever else writes must not wait for us.
        let mut out = io::stdout().lock();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    })
}
