//! Where the samples of `warroom query` come from: the sources named, or the configured services.

use super::args::QueryArgs;
use super::{compat, stop, window};
use crate::cli::args::Flags;
use crate::cli::{exit, run};
use crate::config::Config;
use crate::exposition::Format;
use crate::io::source::{self, Fault, Manner, Opened, Source};
use crate::plan::Plan;
use crate::promql::{Answer, Expr};
use crate::query::{Loader, Reading, Window};
use crate::runtime::{Rounds, now, observe};
use crate::store::{Limits, Store};
use crate::target::{Keep, Target};
use crate::text::clean;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// What was found.
pub(super) enum Found {
    /// Samples, and the moments that are asked for.
    Samples(Store, Window),
    /// A server has answered.
    Answered(Answer),
}

/// What was found; or the exit code, when all has been said.
type Gathered = Result<Found, u8>;

pub(super) fn gather(flags: &Flags, args: &QueryArgs, expr: &Expr) -> io::Result<Gathered> {
    if args.metrics.is_empty() {
        return configured(flags, args, expr);
    }
    let parsed: Result<Vec<Source>, String> = args.metrics.iter().map(|text| Source::parse(text)).collect();
    let sources = match parsed {
        Ok(sources) => sources,
        Err(problem) => return Ok(Err(stop(exit::USAGE, &problem))),
    };
    if sources.iter().filter(|source| **source == Source::Stdin).count() > 1 {
        return Ok(Err(stop(exit::USAGE, "standard input can be read once: give --metrics - once")));
    }
    let manner = Manner { instance: args.instance, format: args.format.map(Format::from) };
    match args.span {
        Some(span) => watched(args, &sources, manner, span),
        None => once(args, &sources, manner),
    }
}

fn once(args: &QueryArgs, sources: &[Source], manner: Manner) -> io::Result<Gathered> {
    let opened = match source::open(sources, manner)? {
        Ok(opened) => opened,
        Err(fault) => return Ok(Err(stop(code(&fault), &fault.to_string()))),
    };
    // Now, and not before: an exporter's own timestamps may be of the moment of the answer.
    let asked = match window(args, now()) {
        Ok(asked) => asked,
        Err(problem) => return Ok(Err(stop(exit::USAGE, &problem))),
    };
    let mut loader = Loader::new(asked.last(), compat(args), memory(args));
    Ok(match feed(&mut loader, opened, manner, true) {
        Ok(()) => Ok(Found::Samples(finish(loader, args), asked)),
        Err(code) => Err(code),
    })
}

/// Reads URLs for a while; each reading has its own moment.
fn watched(args: &QueryArgs, sources: &[Source], manner: Manner, span: Duration) -> io::Result<Gathered> {
    if sources.iter().any(|source| !matches!(source, Source::Url(_))) {
        return Ok(Err(stop(exit::USAGE, "--for reads URLs again and again; a file stays as it is")));
    }
    let mut loader = Loader::new(now(), compat(args), memory(args));
    let (mut refused, mut first) = (None, true);
    source::watch(sources, manner, span, &mut |round| {
        match round {
            Ok(opened) => {
                loader.moment(now());
                refused = feed(&mut loader, opened, manner, first).err();
            }
            Err(fault) if first => refused = Some(stop(code(&fault), &fault.to_string())),
            // What answered before may fail for a moment: it is told, and the next reading may bring it again.
            Err(fault) => eprintln!("warning: {fault}"),
        }
        first = false;
        if refused.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(match refused {
        Some(code) => Err(code),
        None => Ok(Found::Samples(finish(loader, args), Window::At(now()))),
    })
}

fn memory(args: &QueryArgs) -> usize {
    usize::try_from(args.memory).unwrap_or(usize::MAX)
}

fn code(fault: &Fault) -> u8 {
    match fault {
        Fault::NoInput(..) => exit::NO_INPUT,
        Fault::Unavailable(..) => exit::UNAVAILABLE,
    }
}

fn feed(loader: &mut Loader, opened: Vec<Opened>, manner: Manner, told: bool) -> Result<(), u8> {
    let several = opened.len() > 1;
    for source in opened {
        let name = source.source().name();
        if let Some(warning) = source.warning().filter(|_| told) {
            eprintln!("warning: {name}: {}", clean(warning));
        }
        let reading = source.feed(loader, manner).map_err(|fault| stop(code(&fault), &fault.to_string()))?;
        judge(name.as_str(), &reading, several && !manner.instance, told)?;
    }
    Ok(())
}

/// Says what was wrong with a body; an error if nothing of it may be used.
fn judge(name: &str, reading: &Reading, several: bool, told: bool) -> Result<(), u8> {
    if let Some(what) = reading.not_metrics {
        return Err(stop(exit::DATA, &format!("{name} is {what}, not metrics")));
    }
    let strict = reading.format == Format::OpenMetrics || reading.looks_open || reading.samples == 0;
    if reading.bad_lines > 0 && (strict || told) {
        for complaint in &reading.complaints {
            eprintln!("{name}: line {}: {}", complaint.line, complaint.reason);
        }
        let more = reading.bad_lines - reading.complaints.len() as u64;
        if more > 0 {
            eprintln!("{name}: {more} more bad lines");
        }
    }
    if reading.bad_lines > 0 && reading.looks_open {
        let text = format!(
            "{name} looks like OpenMetrics without its end: a last line \"# EOF\" is required \
             (--format text reads it as Prometheus text)"
        );
        return Err(stop(exit::DATA, &text));
    }
    if reading.bad_lines > 0 && strict {
        return Err(stop(exit::DATA, &format!("{name} cannot be read: {} bad lines", reading.bad_lines)));
    }
    if !told {
        return Ok(());
    }
    if reading.bad_lines > 0 {
        eprintln!(
            "warning: {name}: {} bad lines are left out, {} good samples are used",
            reading.bad_lines, reading.samples
        );
    }
    if reading.looks_like_seconds {
        eprintln!(
            "warning: {name}: its timestamps look like seconds and are read as milliseconds, as Prometheus text has \
             them; OpenMetrics ends in \"# EOF\""
        );
    }
    if reading.contradictions > 0 {
        let line = reading.first_contradiction.unwrap_or_default();
        let remedy = if several { "; --instance tells sources apart" } else { "" };
        eprintln!(
            "warning: {name}: {} samples are left out, the first in line {line}: their series has another value at \
             that time{remedy}",
            reading.contradictions
        );
    }
    Ok(())
}

fn finish(loader: Loader, args: &QueryArgs) -> Store {
    let (store, dropped) = loader.finish();
    tell_dropped(dropped, args);
    store
}

fn tell_dropped(dropped: u64, args: &QueryArgs) {
    if dropped > 0 {
        let size = args.memory >> 20;
        eprintln!(
            "warning: the {dropped} oldest samples were dropped to stay within {size} MiB; raise it with --memory"
        );
    }
}

fn configured(flags: &Flags, args: &QueryArgs, expr: &Expr) -> io::Result<Gathered> {
    let mut gathered = None;
    let code = run::with_config(flags, |config, _| {
        gathered = Some(match super::remote::asked(&config, args, expr)? {
            Ok(Some(answer)) => Ok(Found::Answered(answer)),
            Ok(None) => polled(&config, args)?,
            Err(code) => Err(code),
        });
        Ok(0)
    })?;
    Ok(gathered.unwrap_or_else(|| {
        if code == exit::NO_INPUT {
            eprintln!("  warroom query EXPR --metrics http://host:port/metrics   asks one place without a configuration");
        }
        Err(code)
    }))
}

/// Polls what is configured, with all its series kept.
fn polled(config: &Config, args: &QueryArgs) -> io::Result<Gathered> {
    let plan = match run::compile(config) {
        Ok(plan) => Arc::new(whole(Arc::unwrap_or_clone(plan), args)),
        Err(code) => return Ok(Err(code)),
    };
    let model = observe(&plan, args.span.map_or(Rounds::Two, Rounds::For))?;
    let mut failed = 0;
    for row in &model.fleet.targets {
        if let Some(failure) = &row.failure {
            failed += 1;
            eprintln!(
                "warning: {} {} of {}: {failure}",
                row.target.service, row.target.poll, row.target.instance
            );
        } else if row.asked.is_none() {
            failed += 1;
            eprintln!(
                "warning: {} {} of {}: no answer",
                row.target.service, row.target.poll, row.target.instance
            );
        }
    }
    if failed > 0 && failed == model.fleet.targets.len() {
        return Ok(Err(stop(exit::UNAVAILABLE, "none of the configured services answers")));
    }
    tell_dropped(model.store.stats().dropped_by_cap, args);
    Ok(match window(args, now()) {
        Ok(asked) => Ok(Found::Samples(model.store, asked)),
        Err(problem) => Err(stop(exit::USAGE, &problem)),
    })
}

/// The plan with every name kept and no age at which samples are dropped.
fn whole(mut plan: Plan, args: &QueryArgs) -> Plan {
    plan.limits = Limits { retention: Duration::MAX, max_bytes: memory(args) };
    let all = Arc::new(Keep::All);
    for target in &mut plan.targets {
        let open = Target { keep: Arc::clone(&all), ..Target::clone(target) };
        *target = Arc::new(open);
    }
    plan
}
