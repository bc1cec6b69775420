//! `warroom replay`: a recording in the dashboard, or judged once more against what it must come to.

#![expect(clippy::print_stderr, reason = "commands answer on standard output and standard error")]

use super::args::Flags;
use super::exit;
use super::run::{compiled, overrides, screen};
use crate::capture::{Capture, CaptureError};
use crate::config;
use crate::io::{capture as files, config as texts};
use crate::model::moment;
use crate::model::past::FASTEST;
use crate::model::recorded::plan_of;
use crate::plan::Plan;
use crate::runtime::{Outcome, Tape, rerun};
use crate::text::clean;
use crate::units::{Timestamp, parse_duration};
use clap::Args;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// `warroom replay`'s own arguments.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The capture
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Time runs so many times as fast; 0: it is held
    #[arg(long, default_value_t = 10.0, value_name = "FACTOR")]
    speed: f64,
    /// Where to begin: 14:05, 2026-11-21T14:05Z, or +5m from the beginning
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    at: Option<String>,
    /// Judge it once more, without a screen, and compare the incidents with this file; exit code 0 or 1
    #[arg(long, value_name = "FILE")]
    assert: Option<PathBuf>,
    /// Judge it once more and write the incidents to this file, for --assert (never over an existing one)
    #[arg(long, value_name = "FILE", conflicts_with = "assert")]
    assert_write: Option<PathBuf>,
    /// By how much times may differ from the file's
    #[arg(long, default_value = "30s", value_name = "SPAN", value_parser = parse_duration)]
    within: Duration,
    /// Judge by this Prometheus rule file in the place of those that were recorded
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

/// What a recording must come to.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The version of this form.
    v: u64,
    /// No other incidents than these.
    #[serde(default)]
    only: bool,
    /// The incidents.
    incidents: Vec<Outcome>,
}

/// The version of [`Expected`].
const VERSION: u64 = 1;

/// Shows or judges a capture.
pub(super) fn replay(flags: &Flags, args: &ReplayArgs) -> io::Result<u8> {
    if !(0.0..=FASTEST).contains(&args.speed) {
        eprintln!("warroom: --speed is a number from 0 to {FASTEST}");
        return Ok(exit::USAGE);
    }
    let capture = match files::load(&args.file) {
        Ok(capture) => capture,
        Err(error) => {
            eprintln!("warroom: {}: {error}", args.file.display());
            let missing = matches!(&error, CaptureError::Io(error) if error.kind() != io::ErrorKind::InvalidData
                && error.kind() != io::ErrorKind::InvalidInput);
            return Ok(if missing { exit::NO_INPUT } else { exit::DATA });
        }
    };
    if capture.left_out.0 > 0 {
        let (count, first) = &capture.left_out;
        eprintln!("warroom: {count} lines of the capture were left out; {}", clean(first));
    }
    let rules = match args.rules.as_deref().map(rule_file).transpose() {
        Ok(rules) => rules,
        Err(error) => {
            eprintln!("warroom: {error}");
            return Ok(exit::NO_INPUT);
        }
    };
    let plan = match plan_of(&capture.portable, rules.as_ref()) {
        Ok(plan) => plan,
        Err(problems) => {
            for problem in &problems {
                eprintln!("{problem}");
            }
            eprintln!("warroom: the capture's configuration cannot be used");
            return Ok(exit::DATA);
        }
    };
    for warning in plan.warnings.iter().filter(|_| rules.is_some()) {
        eprintln!("warning: {warning}");
    }
    if let Some(path) = &args.assert {
        return assert(path, &plan, capture, args.within);
    }
    if let Some(path) = &args.assert_write {
        return write(path, &plan, capture);
    }
    show(flags, args, plan, capture, rules.is_some())
}

fn rule_file(path: &Path) -> Result<config::Source, String> {
    let text = texts::read_text(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(config::Source { name: path.display().to_string(), text })
}

fn show(
    flags: &Flags,
    args: &ReplayArgs,
    plan: Arc<Plan>,
    mut capture: Capture,
    anew: bool,
) -> io::Result<u8> {
    let (from, to) = (capture.head.from, capture.head.to);
    let at = match args.at.as_deref().map(|text| beginning(text, from, to, &plan)).transpose() {
        Ok(at) => at.unwrap_or(from),
        Err(why) => {
            eprintln!("warroom: --at: {why}");
            return Ok(exit::USAGE);
        }
    };
    if anew {
        capture = judged_anew(&plan, capture);
    }
    let speed = (args.speed > 0.0).then_some(args.speed);
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut config = config::Config::default();
    config.apply(&texts::overrides().unwrap_or_default(), config::Layer::Env);
    config.apply(&overrides(flags), config::Layer::Flag);
    let plan = match compiled(&config) {
        // How it is drawn is the operator's business, and not the recording's.
        Ok(own) => {
            let mut plan = plan;
            let zone = plan.ui.zone.clone();
            Arc::make_mut(&mut plan).ui = own.ui.clone();
            Arc::make_mut(&mut plan).ui.zone = zone;
            plan
        }
        Err(_) => plan,
    };
    let tape = Tape { capture, plan: Arc::clone(&plan), name, at, speed };
    screen(&config, plan, tape)
}

/// Other rules: what they would have said takes the place of what was recorded.
fn judged_anew(plan: &Arc<Plan>, mut capture: Capture) -> Capture {
    let head = capture.head.clone();
    let told = (capture.told.clone(), capture.states.clone(), capture.portable.clone());
    let (model, entries) = rerun(plan, std::mem::take(&mut capture));
    let mut anew = crate::model::recorded::Recorder::of(&model).capture(head);
    (anew.told, anew.states, anew.portable) = told;
    anew.entries = entries;
    anew
}

/// Where to begin.
fn beginning(text: &str, from: Timestamp, to: Timestamp, plan: &Plan) -> Result<Timestamp, String> {
    if let Some(span) = text.strip_prefix('+') {
        return Ok((from + parse_duration(span)?).min(to));
    }
    moment::parse(text, to, &plan.ui.zone).map(|at| at.max(from))
}

fn assert(path: &Path, plan: &Arc<Plan>, capture: Capture, within: Duration) -> io::Result<u8> {
    let text = match texts::read_text(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("warroom: cannot read {}: {error}", path.display());
            return Ok(exit::NO_INPUT);
        }
    };
    let expected: Expected = match serde_json::from_str(&text) {
        Ok(expected) => expected,
        Err(error) => {
            eprintln!("warroom: {}: {}", path.display(), clean(&error.to_string()));
            return Ok(exit::DATA);
        }
    };
    if expected.v > VERSION {
        eprintln!("warroom: {}: has version {}, newer than {VERSION}", path.display(), expected.v);
        return Ok(exit::DATA);
    }
    let (model, _) = rerun(plan, capture);
    let mut left: Vec<_> =
        model.incidents.every().filter(|it| it.is_open() || it.resolved.is_some()).collect();
    let mut out = io::stdout().lock();
    let mut failed = 0;
    for wanted in &expected.incidents {
        // The one that misses least is the one that is meant.
        let mut nearest: Option<(usize, Vec<String>)> = None;
        for (index, it) in left.iter().enumerate() {
            if *it.service() != *wanted.service {
                continue;
            }
            let misses = match wanted.misses(it, within) {
                Ok(misses) => misses,
                Err(why) => {
                    eprintln!("warroom: {}: {why}", path.display());
                    return Ok(exit::DATA);
                }
            };
            if nearest.as_ref().is_none_or(|(_, known)| misses.len() < known.len()) {
                nearest = Some((index, misses));
            }
        }
        let name = clean(&wanted.service).into_owned();
        match nearest {
            None => {
                failed += 1;
                writeln!(out, "FAIL {name}: there is no such incident")?;
            }
            Some((index, misses)) => {
                let it = left.remove(index);
                if misses.is_empty() {
                    writeln!(out, "ok   {name}: {} {}", it.severity.word(), clean(&it.title()))?;
                } else {
                    failed += 1;
                    writeln!(out, "FAIL {name}: {}", misses.join("; "))?;
                }
            }
        }
    }
    if expected.only {
        for it in left {
            failed += 1;
            let what = (it.severity.word(), it.opened_at);
            writeln!(
                out,
                "FAIL {}: {} opened {} and was not expected",
                clean(&it.service()),
                what.0,
                what.1
            )?;
        }
    }
    let all = expected.incidents.len();
    writeln!(out, "{}: {all} expected, {failed} failed", if failed == 0 { "ok" } else { "FAIL" })?;
    Ok(u8::from(failed > 0))
}

fn write(path: &Path, plan: &Arc<Plan>, capture: Capture) -> io::Result<u8> {
    let (model, _) = rerun(plan, capture);
    let incidents: Vec<Outcome> =
        model.incidents.every().filter(|it| it.is_open() || it.resolved.is_some()).map(Outcome::of).collect();
    let count = incidents.len();
    let expected = Expected { v: VERSION, only: true, incidents };
    let text = serde_json::to_string_pretty(&expected).map_err(io::Error::other)?;
    if let Err(error) = texts::create(path, &format!("{text}\n")) {
        eprintln!("warroom: cannot write {}: {error}", path.display());
        return Ok(exit::CANNOT_CREATE);
    }
    writeln!(io::stdout(), "{}: {count} incidents", path.display())?;
    Ok(0)
}
