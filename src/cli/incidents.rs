//! `warroom incidents`, `incident` and `postmortem`: what the journal knows, and what people add to it.
//!
//! They need no running dashboard: incidents are rebuilt from the journal, a person's act is appended to it, and every
//! dashboard of this user picks it up from there. A configuration is used where there is one, and not needed.

#![expect(clippy::print_stderr, reason = "what was skipped is said on standard error")]

mod act;
pub(super) mod args;
mod elsewhere;
mod json;
mod text;

use super::args::Flags;
use super::{exit, run};
use crate::incident::{Incident, Incidents, Phase, Refusal, Settings, notice};
use crate::io::journal::{Journal, Options, Repairs, read};
use crate::io::state::{self, StateError};
use crate::journal::Entry;
use crate::plan::Plan;
use crate::runtime::now;
use crate::units::Timestamp;
use args::{Form, IncidentCommand, IncidentsArgs, NoticeArgs, PostmortemArgs, Which};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much is read at first; older lines only if they are asked for.
const RECENT: u64 = 64 << 20;

/// `warroom incidents`.
pub(super) fn list(flags: &Flags, args: &IncidentsArgs) -> io::Result<u8> {
    let book = match Book::read(flags, if args.all { u64::MAX } else { RECENT }) {
        Ok(book) => book,
        Err(code) => return Ok(code),
    };
    let at = now();
    let wanted = chosen(&book.incidents, args, at);
    let answer = match args.output {
        Form::Text => text::list(&wanted, at),
        Form::Markdown => text::markdown(&wanted, at),
        Form::Json => format!("{:#}\n", json::list(&wanted, at)),
    };
    put(&answer)?;
    if wanted.is_empty() && args.output == Form::Text {
        eprintln!("{}", text::nothing(&book.folder, book.incidents.every().next().is_some()));
    }
    if book.left_out > 0 {
        eprintln!("{} bytes of older lines were not read; --all reads them", book.left_out);
    }
    Ok(0)
}

/// The open ones, the worst first, then those that are over, the last one first.
fn chosen<'i>(incidents: &'i Incidents, args: &IncidentsArgs, at: Timestamp) -> Vec<&'i Incident> {
    let mut wanted = incidents.open();
    if !args.open {
        let from = if args.all { None } else { Some(at - args.since) };
        wanted.extend(incidents.recent().into_iter().filter(|incident| {
            let ended = incident.resolved.as_ref().map_or(incident.opened_at, |(ended, _)| *ended);
            from.is_none_or(|from| ended >= from)
        }));
    }
    if let Some(service) = &args.service {
        wanted.retain(|incident| incident.services.iter().any(|known| **known == **service));
    }
    wanted
}

/// `warroom incident ...`.
pub(super) fn incident(flags: &Flags, command: &IncidentCommand) -> io::Result<u8> {
    match command {
        IncidentCommand::Show { id, output } => show(flags, id, *output),
        IncidentCommand::Notice(args) => notice(flags, args),
        other => act::act(flags, other),
    }
}

fn show(flags: &Flags, id: &str, output: Form) -> io::Result<u8> {
    with(flags, id, |book, found| {
        let Some(incident) = book.incidents.get(found) else { return Ok(exit::SOFTWARE) };
        let at = now();
        put(&match output {
            Form::Text => text::show(incident, at),
            Form::Markdown => text::show_markdown(incident, at),
            Form::Json => format!("{:#}\n", json::show(incident, at)),
        })?;
        Ok(0)
    })
}

/// `warroom postmortem ID`.
pub(super) fn postmortem(flags: &Flags, args: &PostmortemArgs) -> io::Result<u8> {
    with(flags, &args.id, |book, found| {
        let page = match crate::incident::postmortem::markdown(&book.settings, &book.entries, found) {
            Ok(page) => page,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        hand_over(&page, args.write.as_deref())
    })
}

/// `warroom incident notice ID`.
fn notice(flags: &Flags, args: &NoticeArgs) -> io::Result<u8> {
    with(flags, &args.id, |book, found| {
        let Some(incident) = book.incidents.get(found) else { return Ok(exit::SOFTWARE) };
        let write = match args.which {
            None => notice::fitting,
            Some(Which::Opened) => notice::opened,
            Some(Which::Progress) => notice::progress,
            Some(Which::Resolved) => notice::resolved,
        };
        let mut text = write(&book.incidents, incident, &args.words(), now());
        if !text.ends_with('\n') {
            text.push('\n');
        }
        hand_over(&text, args.write.as_deref())
    })
}

/// To standard output, or to a file that is not there yet.
fn hand_over(text: &str, path: Option<&Path>) -> io::Result<u8> {
    let Some(path) = path else { return put(text).map(|()| 0) };
    match crate::io::config::create(path, text) {
        Ok(()) => {
            eprintln!("wrote {}", path.display());
            Ok(0)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            eprintln!("{} is there already; nothing was written", path.display());
            Ok(exit::CANNOT_CREATE)
        }
        Err(error) => {
            eprintln!("writing {}: {error}", path.display());
            Ok(exit::CANNOT_CREATE)
        }
    }
}

/// Finds the incident, among the newest lines and then among all, and goes on with its full id.
fn with(flags: &Flags, id: &str, go: impl Fn(&Book, &str) -> io::Result<u8>) -> io::Result<u8> {
    for most in [RECENT, u64::MAX] {
        let book = match Book::read(flags, most) {
            Ok(book) => book,
            Err(code) => return Ok(code),
        };
        match book.incidents.find(id) {
            Ok(found) => return go(&book, &found),
            Err(Refusal::Unknown { .. }) if book.left_out > 0 => {}
            Err(refusal) => return Ok(unknown(&book, &refusal)),
        }
    }
    Ok(exit::NO_INPUT)
}

/// Says that there is no such incident, and what there is.
fn unknown(book: &Book, refusal: &Refusal) -> u8 {
    let code = refused(refusal);
    if book.incidents.every().next().is_none() {
        eprintln!("{}", text::nothing(&book.folder, false));
    }
    code
}

/// What the journal knows.
struct Book {
    folder: PathBuf,
    settings: Arc<Settings>,
    entries: Vec<Entry>,
    incidents: Incidents,
    left_out: u64,
}

impl Book {
    /// Reads it, or says why not and with which exit code.
    fn read(flags: &Flags, most: u64) -> Result<Self, u8> {
        let folder = folder(flags)?;
        let (entries, repairs) = read(&folder, most).map_err(|error| failed(&error))?;
        Self::of(flags, folder, entries, &repairs)
    }

    /// Opens it for a person's act. The journal is made if there is none, which is harmless.
    fn open(flags: &Flags, most: u64) -> Result<(Journal, Self), u8> {
        let folder = folder(flags)?;
        let options = Options { read_back: most, ..Options::default() };
        let (journal, entries, repairs) =
            Journal::open_with(&folder, options).map_err(|error| failed(&error))?;
        Ok((journal, Self::of(flags, folder, entries, &repairs)?))
    }

    fn of(flags: &Flags, folder: PathBuf, entries: Vec<Entry>, repairs: &Repairs) -> Result<Self, u8> {
        if repairs.is_worth_telling() {
            eprintln!("the journal in {}: {repairs}", folder.display());
        }
        let settings = settings(flags)?;
        let incidents = Incidents::all_of(Arc::clone(&settings), &entries);
        Ok(Self { folder, settings, entries, incidents, left_out: repairs.left_out })
    }
}

/// Severities, times and texts as configured. In the middle of an incident a mistake in the configuration must not
/// stand between people and their notes: then those that come with warroom hold, and that is said.
fn settings(flags: &Flags) -> Result<Arc<Settings>, u8> {
    let configured = crate::io::config::load(flags.config.as_deref(), &run::overrides(flags))
        .and_then(|(config, _)| Plan::compile(&config, 1));
    let problems = match configured {
        Ok(plan) => return Ok(plan.incidents),
        Err(problems) => problems,
    };
    if let Some(first) = problems.first() {
        eprintln!("the configuration has problems and is not used (see warroom validate): {first}");
    }
    let bare = crate::config::load(&[]).and_then(|config| Plan::compile(&config, 1));
    bare.map(|plan| plan.incidents).map_err(|_| exit::SOFTWARE)
}

/// The state folder, or the reason why there is none and its exit code.
fn folder(flags: &Flags) -> Result<PathBuf, u8> {
    state::locate(flags.state.as_deref()).map_err(|error| {
        eprintln!("{error}");
        match error {
            StateError::Relative(_) => exit::USAGE,
            _ => exit::CONFIG,
        }
    })
}

/// Tells what keeps the journal from being used; the exit code.
fn failed(error: &io::Error) -> u8 {
    eprintln!("{error}");
    match error.kind() {
        ErrorKind::PermissionDenied => exit::NOT_PERMITTED,
        ErrorKind::TimedOut => exit::TEMPORARY,
        _ => exit::IO,
    }
}

/// Tells why an act is refused; the exit code.
fn refused(refusal: &Refusal) -> u8 {
    eprintln!("{refusal}");
    match refusal {
        Refusal::Unknown { .. } => exit::NO_INPUT,
        Refusal::Ambiguous { .. } | Refusal::Empty { .. } | Refusal::SnoozeEnd => exit::USAGE,
        // It is acknowledged already, it is over, ...: the journal stands against it.
        _ => exit::DATA,
    }
}

fn put(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// One word for how it stands.
fn state_word(incident: &Incident) -> &'static str {
    match (&incident.phase, &incident.acknowledged, &incident.mitigated) {
        (Phase::Resolved, ..) => "resolved",
        (Phase::Merged(_), ..) => "merged",
        (Phase::Open, _, Some(_)) => "mitigated",
        (Phase::Open, Some(_), None) => "acknowledged",
        (Phase::Open, None, None) => "open",
    }
}

/// For messages: where the journal is.
fn shown(folder: &Path) -> std::path::Display<'_> {
    folder.display()
}
