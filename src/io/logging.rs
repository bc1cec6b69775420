//! The log file. Nothing is ever logged to the screen, and no secret anywhere: what is logged has been cleaned.

#![expect(clippy::disallowed_methods, reason = "the log file is opened here")]

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use tracing_subscriber::filter::LevelFilter;

/// Logs to `file` from now on; without one, nothing is logged.
///
/// # Errors
/// The file cannot be opened; the message names it.
pub fn start(file: Option<&Path>, verbose: u8) -> io::Result<()> {
    let Some(path) = file else { return Ok(()) };
    let opened = OpenOptions::new().create(true).append(true).open(path);
    let opened =
        opened.map_err(|e| io::Error::new(e.kind(), format!("opening the log {}: {e}", path.display())))?;
    let level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(Mutex::new(opened))
        .try_init();
    Ok(())
}
