//! `warroom query EXPR`: samples from somewhere, an expression over them, the answer on standard output.
//!
//! Everything else that there is to say goes to standard error. What the parts mean is `query`'s and `promql`'s.

#![expect(clippy::print_stderr, reason = "warnings and errors are said on standard error")]

pub(super) mod args;
mod gather;
mod remote;

use super::args::Flags;
use super::exit;
use crate::io::terminal::{TerminalEnv, detect, window_size};
use crate::labels::Labels;
use crate::promql::{self, Answer, Compat, Expr, Options, Value};
use crate::query::{self, Look, Window};
use crate::runtime::now;
use crate::store::{Bounds, Store};
use crate::text::clean;
use crate::theme::Depth;
use crate::units::Timestamp;
use args::{Output, QueryArgs};
use std::io::{self, BufWriter, Write as _};
use std::time::Duration;

/// The steps of a subquery: as many as its samples allow (Prometheus has no limit of its own).
const SUBQUERY_STEPS: usize = 10_000_000;

/// Answers, or says why not; the exit code.
pub(super) fn query(flags: &Flags, args: &QueryArgs) -> io::Result<u8> {
    let expr = match promql::parse(&args.expr) {
        Ok(expr) => expr,
        Err(error) => return Ok(stop(exit::DATA, &error.pointing(&args.expr))),
    };
    // What is wrong with the times is told before anything is read.
    if let Err(problem) = window(args, now()) {
        return Ok(stop(exit::USAGE, &problem));
    }
    let (store, window) = match gather::gather(flags, args, &expr)? {
        Ok(gather::Found::Samples(store, window)) => (store, window),
        Ok(gather::Found::Answered(answer)) => {
            print(flags, args, &answer, &|_| None)?;
            return Ok(0);
        }
        Err(code) => return Ok(code),
    };
    let options = options(args);
    let answer = match window {
        Window::At(at) => promql::eval(&store, &expr, at, &options),
        Window::Over(range) => promql::eval_range(&store, &expr, range, &options),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Ok(stop(exit::DATA, &error.to_string())),
    };
    for said in answer.warnings.iter().chain(&answer.infos) {
        eprintln!("{}", clean(said));
    }
    if is_empty(&answer) {
        eprintln!("no series in the answer");
        for hint in query::hints(&store, &expr, window, options.lookback) {
            eprintln!("  {hint}");
        }
    }
    print(flags, args, &answer, &|labels| age(&store, &expr, labels, answer.at, &options))?;
    Ok(0)
}

fn options(args: &QueryArgs) -> Options {
    let mut options = Options { compat: compat(args), ..Options::default() };
    // The range's own limit is the window's; here it would be a subquery's too.
    options.limits.steps = SUBQUERY_STEPS;
    options.limits.series = usize::MAX;
    options
}

fn compat(args: &QueryArgs) -> Compat {
    if args.left_closed { Compat::V2_42 } else { Compat::V3 }
}

/// What is asked for, seen from `now`.
fn window(args: &QueryArgs, now: Timestamp) -> Result<Window, String> {
    let moment =
        |text: &Option<String>| text.as_deref().map(|text| query::parse_moment(text, now)).transpose();
    let (start, end) = (moment(&args.start)?, moment(&args.end)?);
    if start.is_none() && end.is_none() {
        if args.step.is_some() {
            return Err("--step needs --start or --end: it is the step of a range".to_owned());
        }
        return Ok(Window::At(moment(&args.time)?.unwrap_or(now)));
    }
    let end = end.unwrap_or(now);
    let start = start.unwrap_or_else(|| end - Duration::from_secs(3600));
    Window::over(start, end, args.step)
}

fn is_empty(answer: &Answer) -> bool {
    match &answer.value {
        Value::Vector(points) => points.is_empty(),
        Value::Matrix(rows) => rows.is_empty(),
        Value::Scalar(_) | Value::String(_) => false,
    }
}

/// How old the sample behind a series of the answer is: known where the series is one of the store's as it stands.
fn age(store: &Store, expr: &Expr, labels: &Labels, at: Timestamp, options: &Options) -> Option<Duration> {
    labels.name()?;
    let moved = |time: &promql::Time| time.at.is_some() || time.offset_ms != 0;
    if expr.window().is_some() || expr.selectors().iter().any(|selector| moved(&selector.time)) {
        return None;
    }
    let bounds = if options.compat == Compat::V3 { Bounds::LeftOpen } else { Bounds::LeftClosed };
    let (taken, _) = store.get(labels)?.at(at, options.lookback, bounds)?;
    Some(at.since(taken))
}

fn print(
    flags: &Flags,
    args: &QueryArgs,
    answer: &Answer,
    age: &dyn Fn(&Labels) -> Option<Duration>,
) -> io::Result<()> {
    let environment = TerminalEnv::read();
    let terminal = environment.stdout_tty;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.output {
        Output::Json => {
            query::write_json(answer, compat(args), terminal, &mut out)?;
            writeln!(out)?;
        }
        Output::Csv => query::write_csv(answer, terminal, &mut out)?,
        Output::Table => {
            let color = super::run::overrides(flags).color.unwrap_or_default();
            let seen = detect(&environment, color);
            let look = Look {
                ascii: flags.ascii || !terminal || seen.ascii || seen.few_glyphs || seen.ambiguous_wide,
                styled: terminal && seen.depth != Depth::Mono,
                width: terminal.then(|| usize::from(window_size().0)),
            };
            query::write_table(answer, look, age, &mut out)?;
        }
    }
    out.flush()
}

/// Says what is wrong, line by line, and hands on the exit code.
fn stop(code: u8, text: &str) -> u8 {
    let mut lines = text.lines();
    eprintln!("warroom: {}", clean(lines.next().unwrap_or_default()));
    for line in lines {
        eprintln!("{}", clean(line));
    }
    code
}
