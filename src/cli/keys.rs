//! `warroom config keys`: the live map, by the names that `ui.bind` takes.

#![expect(clippy::print_stderr, reason = "a command answers on standard output and standard error")]

use super::args::Flags;
use super::exit;
use super::run::{complain, overrides};
use crate::command::Command;
use crate::config::nearest;
use crate::io::config as files;
use crate::keymap::{Context, Keymap};
use crate::plan::Plan;
use crate::text::clean;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// Prints the map of a set of keys, or the one that the configuration asks for.
pub(super) fn list(flags: &Flags, preset: Option<&str>) -> io::Result<u8> {
    let map = if let Some(name) = preset {
        let Some(map) = Keymap::preset(name) else {
            let sets = Keymap::PRESETS.join(", ");
            let near = nearest(name, Keymap::PRESETS.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            eprintln!("warroom: there is no set of keys \"{}\": there are {sets}{near}", clean(name));
            return Ok(exit::USAGE);
        };
        map
    } else {
        let loaded = files::load(flags.config.as_deref(), &overrides(flags))
            .and_then(|(config, _)| Plan::compile(&config, 1));
        match loaded {
            Ok(plan) => plan.ui.keys,
            Err(problems) => return Ok(complain(&problems)),
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(page(&map).as_bytes())?;
    out.flush().map(|()| 0)
}

/// The map as a table: command, screen, keys, what it does; commands without a key too.
fn page(map: &Keymap) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    let listed = map.listed();
    for (command, name, doc) in Command::ALL {
        let before = rows.len();
        for (context, _, keys, _) in listed.iter().filter(|(_, known, ..)| known == command) {
            rows.push([(*name).to_owned(), context.name().to_owned(), keys.clone(), (*doc).to_owned()]);
        }
        if rows.len() == before {
            rows.push([(*name).to_owned(), "-".to_owned(), "-".to_owned(), (*doc).to_owned()]);
        }
    }
    let heads = ["command", "where", "keys"];
    let wide: Vec<usize> = (0..3)
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| crate::text::width(cell));
            cells.chain(heads.get(at).map(|head| head.len())).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    let mut line = |cells: [&str; 4]| {
        for (cell, wide) in cells.iter().zip(&wide) {
            let _ = write!(out, "{cell:<wide$}  ");
        }
        let _ = writeln!(out, "{}", cells[3]);
    };
    line(["command", "where", "keys", "what"]);
    for [name, place, keys, doc] in &rows {
        line([name, place, keys, doc]);
    }
    let screens: Vec<&str> = Context::ALL.iter().map(|(_, name, _)| *name).collect();
    let _ = write!(
        out,
        "\nIn the configuration: ui.bind = {{ freeze = [\"space\", \"f\"], sort = [], \"explore.longer\" = \"L\" }}\n\
         Places that can stand before a command: {}.\nSets: {}. ctrl-c always quits.\n",
        screens.join(", "),
        Keymap::PRESETS.join(", ")
    );
    out
}
