//! What people do with an incident from the command line: judged as in the dashboard, written to the journal, told.

use super::args::IncidentCommand;
use super::elsewhere::{Wanted, Went};
use super::{Book, RECENT, exit, failed, put, refused, unknown};
use crate::cli::args::Flags;
use crate::incident::{Act, Refusal, entries};
use crate::io::identity;
use crate::runtime::now;
use crate::units::Timestamp;
use std::fmt::Write as _;
use std::io;

/// Does it. Nothing is told as done before it is on disk.
pub(super) fn act(flags: &Flags, command: &IncidentCommand) -> io::Result<u8> {
    if flags.read_only {
        return Ok(read_only());
    }
    let at = now();
    let (id, acts) = acts(command, at);
    for most in [RECENT, u64::MAX] {
        let (mut journal, mut book) = match Book::open(flags, most) {
            Ok(opened) => opened,
            Err(code) => return Ok(code),
        };
        let found = match book.incidents.find(id) {
            Ok(found) => found,
            Err(Refusal::Unknown { .. }) if book.left_out > 0 => continue,
            Err(refusal) => return Ok(unknown(&book, &refusal)),
        };
        if let Some(code) = elsewhere(flags, command, &book, &found)? {
            return Ok(code);
        }
        let who = identity::who();
        let mut changes = Vec::new();
        for act in acts {
            match book.incidents.act(id, act, &who, at, &identity::nonce()) {
                Ok(more) => changes.extend(more),
                // All of it or nothing: a refused acknowledgement leaves no note behind.
                Err(refusal) => return Ok(refused(&refusal)),
            }
        }
        if let Err(error) = journal.append(&entries(&changes, &who)) {
            return Ok(failed(&error));
        }
        let told = changes.iter().fold(String::new(), |mut out, change| {
            let _ = writeln!(out, "{} {}", change.incident, change.what.sentence());
            out
        });
        return put(&told).map(|()| 0);
    }
    Ok(exit::NO_INPUT)
}

/// Acknowledging may have to be done elsewhere first; the exit code if that failed, and so nothing is acknowledged here.
fn elsewhere(flags: &Flags, command: &IncidentCommand, book: &Book, id: &str) -> io::Result<Option<u8>> {
    let IncidentCommand::Ack { confirm, span, here: false, text, .. } = command else { return Ok(None) };
    let Some(incident) = book.incidents.get(id).filter(|incident| incident.is_open()) else {
        return Ok(None);
    };
    let wanted = Wanted { confirm: confirm.as_deref(), span: *span, why: text.join(" ") };
    Ok(match super::elsewhere::acknowledge(flags, &book.folder, incident, &wanted)? {
        Went::OnlyHere | Went::Done => None,
        Went::Failed(code) => Some(code),
    })
}

#[expect(clippy::print_stderr, reason = "a refusal")]
fn read_only() -> u8 {
    eprintln!("--read-only: nothing may be changed from here");
    exit::NOT_PERMITTED
}

/// The incident that is meant, and what is to be done with it, in order.
fn acts(command: &IncidentCommand, at: Timestamp) -> (&str, Vec<Act>) {
    let noted = |act: Act, text: &[String]| {
        let note = (!text.is_empty()).then(|| Act::Note(text.join(" ")));
        std::iter::once(act).chain(note).collect()
    };
    match command {
        IncidentCommand::Show { id, .. } => (id, Vec::new()),
        IncidentCommand::Notice(args) => (&args.id, Vec::new()),
        IncidentCommand::Ack { id, text, .. } => (id, noted(Act::Acknowledge, text)),
        IncidentCommand::Unack { id, text } => (id, noted(Act::Unacknowledge, text)),
        IncidentCommand::Note { id, text } => (id, vec![Act::Note(text.join(" "))]),
        IncidentCommand::Assign { id, to } => (id, vec![Act::Assign(to.clone().unwrap_or_default())]),
        IncidentCommand::Severity { id, severity, reason } => {
            (id, vec![Act::Severity(*severity, reason.join(" "))])
        }
        IncidentCommand::Mitigate { id, text } => (id, vec![Act::Mitigated(text.join(" "))]),
        IncidentCommand::Resolve { id, reason } => (id, vec![Act::Resolve(reason.join(" "))]),
        IncidentCommand::Snooze { id, span } => (id, vec![Act::Snooze(at + *span)]),
        IncidentCommand::Unsnooze { id } => (id, vec![Act::Unsnooze]),
    }
}
