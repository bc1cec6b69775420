//! `warroom replay`: a recording in the dashboard, or judged once more against what it must come to.

#![expect(clippy::print_stderr, reason = "commands answer on standard output and standard error")]

use super::args::Flags;
use super::exit;
use super::run::{compile, overrides, screen};
use crate::capture::{Capture, CaptureError};
use crate::config;
use crate::event::{Event, What};
use crate::io::{capture as files, config as texts};
use crate::model::Model;
use crate::model::moment;
use crate::model::past::FASTEST;
use crate::model::recorded::plan_of;
use crate::plan::{Plan, UiPlan};
use crate::runtime::{Outcome, Progress, Reel, Refused, Stage, now, rerun};
use crate::text::{Clean, clean};
use crate::units::{Timestamp, parse_duration};
use crate::update::{show_past, update};
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
pub(super) fn replay(flags: &Flags, args: ReplayArgs) -> io::Result<u8> {
    if !(0.0..=FASTEST).contains(&args.speed) {
        eprintln!("warroom: --speed is a number from 0 to {FASTEST}");
        return Ok(exit::USAGE);
    }
    if args.assert.is_none() && args.assert_write.is_none() {
        return show(flags, args);
    }
    let read = match read(&args, &Progress::default()) {
        Ok(read) => read,
        Err(refused) => {
            for line in &refused.lines {
                eprintln!("{line}");
            }
            return Ok(refused.code);
        }
    };
    for line in &read.warnings {
        eprintln!("warroom: {line}");
    }
    match (&args.assert, &args.assert_write) {
        (Some(path), _) => assert(path, &read.plan, read.capture, args.within),
        (None, Some(path)) => write(path, &read.plan, read.capture),
        (None, None) => Ok(0),
    }
}

/// A capture, and the plan by which it is judged and shown.
struct Read {
    capture: Capture,
    plan: Arc<Plan>,
    /// What is not as it should be, and keeps nobody from using it.
    warnings: Vec<String>,
}

fn refused(code: u8, line: String) -> Refused {
    Refused { lines: vec![line], code }
}

fn read(args: &ReplayArgs, progress: &Progress) -> Result<Read, Refused> {
    let tell = |done: u64, all: u64| progress.tell(Stage::Reading, done as f64 / all.max(1) as f64);
    let capture = files::load_telling(&args.file, &tell).map_err(|error| {
        let missing = matches!(&error, CaptureError::Io(error) if error.kind() != io::ErrorKind::InvalidData
            && error.kind() != io::ErrorKind::InvalidInput);
        let code = if missing { exit::NO_INPUT } else { exit::DATA };
        refused(code, format!("warroom: {}: {error}", args.file.display()))
    })?;
    let mut warnings = Vec::new();
    if capture.left_out.0 > 0 {
        let (count, first) = &capture.left_out;
        warnings.push(format!("{count} lines of the capture were left out; {}", clean(first)));
    }
    let rules = args.rules.as_deref().map(rule_file).transpose();
    let rules = rules.map_err(|error| refused(exit::NO_INPUT, format!("warroom: {error}")))?;
    let plan = plan_of(&capture.portable, rules.as_ref()).map_err(|problems| {
        let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.push("warroom: the capture's configuration cannot be used".to_owned());
        Refused { lines, code: exit::DATA }
    })?;
    warnings.extend(plan.warnings.iter().filter(|_| rules.is_some()).map(ToString::to_string));
    Ok(Read { capture, plan, warnings })
}

fn rule_file(path: &Path) -> Result<config::Source, String> {
    let text = texts::read_text(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(config::Source { name: path.display().to_string(), text })
}

/// Opens the terminal at once; the capture is read beside it.
fn show(flags: &Flags, args: ReplayArgs) -> io::Result<u8> {
    let bytes = match files::size(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("warroom: {}: {error}", args.file.display());
            return Ok(exit::NO_INPUT);
        }
    };
    let mut config = config::Config::default();
    config.apply(&texts::overrides().unwrap_or_default(), config::Layer::Env);
    config.apply(&overrides(flags), config::Layer::Flag);
    let own = match compile(&config) {
        Ok(own) => own,
        Err(code) => return Ok(code),
    };
    let name = clean(&args.file.file_name().unwrap_or_default().to_string_lossy()).into_owned();
    let (ui, file) = (own.ui.clone(), name.clone());
    let wind = move |progress: &Progress| wind(&args, ui, &file, progress);
    screen(&config, own, Reel { name, bytes, wind: Box::new(wind) })
}

/// From the file to the model that shows it.
fn wind(args: &ReplayArgs, ui: UiPlan, name: &str, progress: &Progress) -> Result<Model, Refused> {
    let Read { mut capture, mut plan, warnings } = read(args, progress)?;
    let (from, to) = (capture.head.from, capture.head.to);
    let at = args.at.as_deref().map(|text| beginning(text, from, to, &plan)).transpose();
    let at =
        at.map_err(|why| refused(exit::USAGE, format!("warroom: --at: {}", clean(&why))))?.unwrap_or(from);
    if args.rules.is_some() {
        capture = judged_anew(&plan, capture, progress);
    }
    // How it is drawn is the operator's business, and not the recording's; its times are.
    let zone = plan.ui.zone.clone();
    Arc::make_mut(&mut plan).ui = UiPlan { zone, ..ui };
    let tell = |share: f64| progress.tell(Stage::Sorting, share);
    let mut model = Model::of_capture_telling(plan, capture, name, now(), &tell);
    // Time has passed since it was begun, and none of it is to be missing from what is shown.
    model.now = model.now.max(now());
    show_past(&mut model, at, (args.speed > 0.0).then_some(args.speed));
    if let Some(first) = warnings.first() {
        let more =
            if warnings.len() > 1 { format!(" (and {} more)", warnings.len() - 1) } else { String::new() };
        let notice = What::Notice(Clean::new(&format!("{first}{more}")));
        let at = model.now;
        update(&mut model, Event { at, what: notice });
    }
    Ok(model)
}

/// Other rules: what they would have said takes the place of what was recorded.
fn judged_anew(plan: &Arc<Plan>, mut capture: Capture, progress: &Progress) -> Capture {
    let head = capture.head.clone();
    let told = (capture.told.clone(), capture.states.clone(), capture.portable.clone());
    let tell = |share: f64| progress.tell(Stage::Judging, share);
    let (model, entries) = rerun(plan, std::mem::take(&mut capture), &tell);
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
    let (model, _) = rerun(plan, capture, &|_| {});
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
    let (model, _) = rerun(plan, capture, &|_| {});
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
