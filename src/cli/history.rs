//! `warroom history info`, `export` and `prune`: what is kept on disk, without a dashboard.
//!
//! It reads while others write, and changes nothing but where it is told to prune.

#![expect(clippy::print_stderr, reason = "commands complain on standard error")]

pub(super) mod args;
mod export;

use super::args::{Flags, Format};
use super::{exit, run};
use crate::io::config as files;
use crate::io::history::{Figures, HistoryError, Pen, Place, Reader};
use crate::io::state;
use crate::plan::Plan;
use crate::runtime::now;
use crate::text::clean;
use crate::units::Timestamp;
use args::{HistoryCommand, Of, PruneArgs};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use warroom_widgets::number::{Unit, human};

/// Answers; the exit code.
pub(super) fn history(flags: &Flags, command: &HistoryCommand) -> io::Result<u8> {
    match command {
        HistoryCommand::Info { output } => info(flags, *output),
        HistoryCommand::Export(args) => export::export(flags, args),
        HistoryCommand::Prune(args) => prune(flags, args),
    }
}

/// The state folder, or the exit code.
fn folder(flags: &Flags) -> Result<PathBuf, u8> {
    state::locate(flags.state.as_deref()).map_err(|error| {
        eprintln!("{error}");
        exit::CONFIG
    })
}

/// The history that is meant: the one that was named, else the configuration's, else the only one that there is.
fn place(flags: &Flags, of: &Of) -> Result<Place, u8> {
    let folder = folder(flags)?;
    let all = Place::all(&folder).map_err(|error| {
        eprintln!("{}: {error}", folder.display());
        exit::IO
    })?;
    if let Some(name) = &of.file {
        return all.into_iter().find(|place| place.name == *name).ok_or_else(|| {
            eprintln!(
                "there is no history \"{name}\" in {}; `warroom history info` names them",
                folder.display()
            );
            exit::NO_INPUT
        });
    }
    let configured = files::load(flags.config.as_deref(), &run::overrides(flags))
        .and_then(|(config, found)| Plan::compile(&config, 1).map(|plan| (plan, found)));
    let meant = match configured {
        Ok((plan, Some(_))) => Place::of(&folder, &plan.history),
        Ok((_, None)) => Place::usual(&folder),
        Err(problems) => {
            if let Some(first) = problems.first() {
                eprintln!("the configuration has problems and is not used (see warroom validate): {first}");
            }
            Place::usual(&folder)
        }
    };
    if meant.file().exists() {
        return Ok(meant);
    }
    match &all[..] {
        [] => {
            eprintln!("there is no history in {} yet", folder.display());
            Err(exit::NO_INPUT)
        }
        [only] if flags.config.is_none() => Ok(only.clone()),
        several => {
            eprintln!(
                "this configuration has no history in {} yet; name another with --file:",
                folder.display()
            );
            for place in several {
                eprintln!("  {}", place.name);
            }
            Err(exit::NO_INPUT)
        }
    }
}

/// Says what is wrong with a file; the exit code.
fn failed(error: &HistoryError) -> u8 {
    eprintln!("{error}");
    match error {
        HistoryError::Damaged { .. } | HistoryError::Newer { .. } => exit::DATA,
        HistoryError::Io { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
            exit::NOT_PERMITTED
        }
        _ => exit::IO,
    }
}

fn info(flags: &Flags, output: Format) -> io::Result<u8> {
    let folder = match folder(flags) {
        Ok(folder) => folder,
        Err(code) => return Ok(code),
    };
    let mut found = Vec::new();
    for place in Place::all(&folder)? {
        let figures =
            Reader::open(&place).and_then(|reader| reader.map(|reader| reader.figures()).transpose());
        found.push((place, figures));
    }
    let mut out = io::stdout().lock();
    match output {
        Format::Json => {
            let all: Vec<Value> = found.iter().map(|(place, figures)| as_json(place, figures)).collect();
            writeln!(out, "{:#}", json!({ "schema": 1, "folder": folder, "histories": all }))?;
        }
        Format::Text if found.is_empty() => {
            eprintln!("there is no history in {} yet", folder.display());
        }
        Format::Text => {
            for (number, (place, figures)) in found.iter().enumerate() {
                if number > 0 {
                    writeln!(out)?;
                }
                out.write_all(as_text(place, figures).as_bytes())?;
            }
        }
    }
    out.flush()?;
    let bad = found.iter().find_map(|(_, figures)| figures.as_ref().err());
    Ok(bad.map_or(0, |_| exit::DATA))
}

fn size_of_bytes(bytes: u64) -> String {
    human(bytes as f64, Unit::Bytes)
}

type Found = Result<Option<Figures>, HistoryError>;

/// Bytes of packed samples for each of them.
fn bytes_a_sample((samples, bytes): (u64, u64)) -> Option<f64> {
    (samples > 0).then(|| bytes as f64 / samples as f64)
}

fn as_text(place: &Place, figures: &Found) -> String {
    let mut rows: Vec<(&str, String)> = vec![("file", place.file().display().to_string())];
    match figures {
        Err(error) => rows.push(("state", error.to_string())),
        Ok(None) => rows.push(("state", "no samples yet".to_owned())),
        Ok(Some(figures)) => {
            let (used, free) = (size_of_bytes(figures.pages.used), size_of_bytes(figures.pages.free));
            rows.push(("of", clean(&figures.owner).into_owned()));
            rows.push(("size", format!("{used} used, {free} free")));
            let each = |pair| bytes_a_sample(pair).map_or("–".to_owned(), |bytes| format!("{bytes:.2} B"));
            rows.push(("series", figures.series.to_string()));
            rows.push(("samples", format!("{} packed, {} a sample", figures.packed.0, each(figures.packed))));
            rows.push((
                "",
                format!("{} of the last hours, {} a sample", figures.fresh.0, each(figures.fresh)),
            ));
            let span = figures.span.map_or("–".to_owned(), |(from, to)| format!("{from} to {to}"));
            rows.push(("from", span));
            let since = figures.minutes.1.map_or(String::new(), |since| format!(" since {since}"));
            rows.push(("objectives", format!("{} minutes{since}", figures.minutes.0)));
            rows.push(("marks", figures.marks.to_string()));
        }
    }
    let writer = match place.writer() {
        None => "nobody writes now".to_owned(),
        Some(0) => "a warroom writes".to_owned(),
        Some(id) => format!("process {id} writes"),
    };
    rows.push(("writer", writer));
    rows.iter().fold(String::new(), |mut out, (name, value)| {
        let _ = writeln!(out, "{name:<11} {value}");
        out
    })
}

fn as_json(place: &Place, figures: &Found) -> Value {
    let second = |at: Timestamp| at.to_string();
    let mut out = json!({ "file": place.file(), "name": place.name, "writer": place.writer() });
    let more = match figures {
        Err(error) => json!({ "error": error.to_string() }),
        Ok(None) => json!({ "samples": 0 }),
        Ok(Some(figures)) => json!({
            "owner": clean(&figures.owner),
            "bytes_used": figures.pages.used,
            "bytes_free": figures.pages.free,
            "series": figures.series,
            "samples": figures.packed.0 + figures.fresh.0,
            "packed": { "samples": figures.packed.0, "bytes": figures.packed.1,
                        "bytes_per_sample": bytes_a_sample(figures.packed) },
            "fresh": { "samples": figures.fresh.0, "bytes": figures.fresh.1,
                       "bytes_per_sample": bytes_a_sample(figures.fresh) },
            "from": figures.span.map(|span| second(span.0)),
            "to": figures.span.map(|span| second(span.1)),
            "slo_minutes": figures.minutes.0,
            "slo_minutes_from": figures.minutes.1.map(second),
            "marks": figures.marks,
        }),
    };
    if let (Some(out), Value::Object(more)) = (out.as_object_mut(), more) {
        out.extend(more);
    }
    out
}

fn prune(flags: &Flags, args: &PruneArgs) -> io::Result<u8> {
    let place = match place(flags, &args.of) {
        Ok(place) => place,
        Err(code) => return Ok(code),
    };
    let lock = match place.lock() {
        Ok(lock) => lock,
        Err(error) => return Ok(failed(&error)),
    };
    if lock.is_none() && !args.force {
        let who = place.writer().filter(|id| *id > 0).map_or(String::new(), |id| format!(" (process {id})"));
        eprintln!("a warroom{who} writes {}; end it first, or prune with --force", place.file().display());
        return Ok(exit::TEMPORARY);
    }
    let pen = if lock.is_some() { Pen::open(&place) } else { Pen::open_beside(&place) };
    match pen.and_then(|pen| pruned(pen, args)) {
        Ok(line) => writeln!(io::stdout(), "{line}").map(|()| 0),
        Err(error) => Ok(failed(&error)),
    }
}

fn pruned(mut pen: Pen, args: &PruneArgs) -> Result<String, HistoryError> {
    let mut dropped = (0, 0);
    if let Some(older) = args.older {
        let one = pen.forget(now() - older, Timestamp::from_millis(i64::MIN))?;
        dropped = (one.samples, one.series);
    }
    if let Some(size) = args.size {
        let one = pen.shrink(size)?;
        dropped = (dropped.0 + one.samples, dropped.1 + one.series);
    }
    pen.tighten()?;
    let left = size_of_bytes(pen.pages()?.used);
    Ok(format!("dropped {} samples and {} series; {left} are left", dropped.0, dropped.1))
}
