//! `warroom capture`: what is kept of some time, as one file that replays.

#![expect(clippy::print_stderr, reason = "commands answer on standard output and standard error")]

use super::args::Flags;
use super::exit;
use super::run::{compile, with_config};
use crate::capture::Head;
use crate::io::history::{self, Place, Reader};
use crate::io::{capture as files, journal, state};
use crate::model::moment;
use crate::model::recorded::{LEAD, Recorder};
use crate::plan::Plan;
use crate::runtime::now;
use crate::store::{Limits, Store};
use crate::units::Timestamp;
use clap::Args;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `warroom capture`'s own arguments.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// Where it begins: -1h, 14:05, 2026-11-21T14:05Z
    #[arg(long, default_value = "-1h", value_name = "MOMENT", allow_hyphen_values = true)]
    from: String,
    /// Where it ends: now, -5m, 14:35, 2026-11-21T14:35Z
    #[arg(long, default_value = "now", value_name = "MOMENT", allow_hyphen_values = true)]
    to: String,
    /// The file (never over an existing one); else a name is made up, in the current folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A label whose values do not leave this machine, beside those of capture.redact; may be given several times
    #[arg(long, value_name = "LABEL")]
    redact: Vec<String>,
}

/// The most bytes of the journal that are read: its newest.
const JOURNAL: u64 = 64 << 20;

/// Writes a capture from what is kept in the state folder.
pub(super) fn capture(flags: &Flags, args: &CaptureArgs) -> io::Result<u8> {
    with_config(flags, |config, _| {
        let plan = match compile(&config) {
            Ok(plan) => plan,
            Err(code) => return Ok(code),
        };
        let clock = now();
        let at = |text: &str| match text {
            "now" => Ok(clock),
            text => moment::parse(text, clock, &plan.ui.zone),
        };
        let (from, to) = match (at(&args.from), at(&args.to)) {
            (Ok(from), Ok(to)) if from < to => (from, to),
            (Ok(_), Ok(_)) => {
                eprintln!("warroom: --from is not before --to");
                return Ok(exit::USAGE);
            }
            (Err(why), _) | (_, Err(why)) => {
                eprintln!("warroom: {why}");
                return Ok(exit::USAGE);
            }
        };
        let folder = match state::locate(flags.state.as_deref()) {
            Ok(folder) => folder,
            Err(error) => {
                eprintln!("warroom: {error}");
                return Ok(exit::NO_INPUT);
            }
        };
        let (recorder, from) = match gather(&plan, &folder, from, to) {
            // Nobody wants to see an hour of nothing before there was anything.
            Ok((recorder, oldest)) => (recorder, oldest.map_or(from, |oldest| oldest.max(from)).min(to)),
            Err(error) => {
                eprintln!("warroom: {error}");
                return Ok(exit::NO_INPUT);
            }
        };
        let head = Head {
            from,
            to,
            made: clock,
            by: concat!("warroom ", env!("CARGO_PKG_VERSION")).to_owned(),
            why: None,
            redacted: Vec::new(),
        };
        let labels: Vec<String> = plan.capture.redact.iter().chain(&args.redact).cloned().collect();
        let capture = recorder.capture(head).redact(&labels);
        if capture.series.is_empty() && capture.entries.is_empty() {
            eprintln!("warroom: nothing is kept of that time in {}", folder.display());
            return Ok(exit::NO_INPUT);
        }
        let (series, samples, lines) = (capture.series.len(), capture.samples(), capture.entries.len());
        let path = args.output.clone().unwrap_or_else(|| PathBuf::from(files::name(to, None)));
        match files::save(&path, &capture) {
            Ok(written) => {
                let size = warroom_widgets::human(written.bytes as f64, warroom_widgets::Unit::Bytes);
                writeln!(
                    io::stdout(),
                    "{}: {series} series, {samples} samples, {lines} journal lines, {size}",
                    path.display()
                )?;
                if written.left_out > 0 {
                    eprintln!("warroom: {} series did not fit and were left out", written.left_out);
                }
                Ok(0)
            }
            Err(error) => {
                eprintln!("warroom: cannot write {}: {error}", path.display());
                Ok(exit::CANNOT_CREATE)
            }
        }
    })
}

/// Everything that the state folder knows of a time, and the first moment that it knows anything of.
fn gather(
    plan: &Arc<Plan>,
    folder: &Path,
    from: Timestamp,
    to: Timestamp,
) -> Result<(Recorder, Option<Timestamp>), String> {
    let place = Place::of(folder, &plan.history);
    let mut store = Store::new(Limits::NONE);
    if let Some(reader) = Reader::open(&place).map_err(|error| error.to_string())? {
        // Of each series the newest comes first: each strand goes in front of the last.
        let mut take = |strands: Vec<crate::event::Strand>| {
            for strand in strands {
                store.prepend(&strand.labels, strand.packed);
            }
            true
        };
        reader.read(from - LEAD, to, &[], &mut take).map_err(|error| error.to_string())?;
    }
    let saved = history::load(&place).map_err(|error| error.to_string())?;
    let entries = match journal::read(folder, JOURNAL) {
        Ok((entries, _)) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    let told = entries.iter().map(|entry| entry.at).filter(|at| (from..=to).contains(at));
    let oldest = store.stats().oldest.into_iter().chain(told).min();
    Ok((Recorder::of_history(Arc::clone(plan), store, &entries, saved), oldest))
}
