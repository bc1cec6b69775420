//! From the command line to the room that answers.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "commands answer on standard output and standard error"
)]

use super::args::{Cli, Command, ConfigCommand, Flags, Format, Look, Source, When};
use super::exit;
use crate::config::{self, Color, Config, Overrides, Problem};
use crate::demo;
use crate::io::config as files;
use crate::io::terminal::{TerminalEnv, detect, is_interactive};
use crate::io::{bell, state};
use crate::plan::Plan;
use crate::report;
use crate::runtime::{Dashboard, Loader, Reel, run};
use clap::{CommandFactory as _, Parser as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Does what the command line asks; returns the exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; everything else is usage.
            let code = if error.use_stderr() { exit::USAGE } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    if let Err(error) = crate::io::logging::start(cli.flags.log_file.as_deref(), cli.flags.verbose) {
        eprintln!("warroom: {error}");
        return exit::IO;
    }
    match answer(cli) {
        Ok(code) => code,
        // A reader that went away is no error of ours.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            eprintln!("warroom: {error}");
            exit::IO
        }
    }
}

fn answer(cli: Cli) -> io::Result<u8> {
    let (flags, look) = (cli.flags, cli.look);
    if cli.command.is_some() && look.is_any() {
        eprintln!(
            "warroom: --once, --screen, --wall and --plain belong behind the command: `warroom demo --once`"
        );
        return Ok(exit::USAGE);
    }
    if cli.command.is_some() && !cli.urls.is_empty() {
        eprintln!(
            "warroom: URLs in front of a command mean nothing; write `warroom URL...` or `warroom init URL...`"
        );
        return Ok(exit::USAGE);
    }
    if flags.attach.is_some() && !super::attach::can(cli.command.as_ref(), &cli.urls) {
        eprintln!(
            "warroom: --attach shows what another warroom polls: the dashboard, status and check take it"
        );
        return Ok(exit::USAGE);
    }
    match cli.command {
        None if !cli.urls.is_empty() => super::probe::dashboard(&flags, &look, &cli.urls),
        None => with_config(&flags, |config, path| dashboard(&flags, &look, &config, path.as_deref())),
        Some(Command::Demo { seed, scenario, speed, serve_only, at, look }) => {
            let options = demo::Options { seed, scenario, speed };
            if look.once {
                return super::once::rehearse(&flags, &look, options, at);
            }
            demonstrate(&flags, &look, options, serve_only)
        }
        Some(Command::Init { urls, prometheus, write }) => {
            super::probe::init(&flags, &urls, prometheus.as_deref(), write.as_deref())
        }
        Some(Command::Validate { file }) => validate(&flags, file),
        Some(Command::Config { what }) => about_config(&flags, &what),
        Some(Command::Check { service, source }) => Ok(check(&flags, service.as_deref(), &source)),
        Some(Command::Status { output, span, source }) => {
            with_config(&flags, |config, _| super::source::status(&flags, &config, output, span, &source))
        }
        Some(Command::Query(args)) => super::query::query(&flags, &args),
        Some(Command::Slo { what }) => super::slo::answer(&what),
        Some(Command::Incidents(args)) => super::incidents::list(&flags, &args),
        Some(Command::Incident(command)) => super::incidents::incident(&flags, &command),
        Some(Command::Postmortem(args)) => super::incidents::postmortem(&flags, &args),
        Some(Command::History { what }) => super::history::history(&flags, &what),
        Some(Command::Rules { what }) => super::rules::answer(&flags, &what),
        Some(Command::Watch(args)) => super::watch::watch(&flags, &args),
        Some(Command::Serve(args)) => super::serve::serve(&flags, &args),
        Some(Command::Capture(args)) => super::capture::capture(&flags, &args),
        Some(Command::Replay(args)) => super::replay::replay(&flags, args),
        Some(Command::Action { what }) => super::action::action(&flags, &what),
        Some(Command::Doctor { output }) => super::doctor::examine(&flags, output),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "warroom", &mut io::stdout());
            Ok(0)
        }
        Some(Command::Man) => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout()).map(|()| 0),
    }
}

/// What the flags say over the environment and the file.
pub(super) fn overrides(flags: &Flags) -> Overrides {
    Overrides {
        theme: flags.theme.clone(),
        color: flags.color.map(|when| match when {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        }),
        ascii: flags.ascii,
        no_mouse: flags.no_mouse,
        read_only: flags.read_only,
        refresh: flags.refresh,
        attach: super::attach::of(flags),
        ..Overrides::default()
    }
}

/// Prints problems, one a line.
pub(super) fn complain(problems: &[Problem]) -> u8 {
    for problem in problems {
        eprintln!("{problem}");
    }
    let count = problems.len();
    eprintln!(
        "{count} {} in the configuration; nothing was started",
        if count == 1 { "problem" } else { "problems" }
    );
    exit::CONFIG
}

pub(super) fn with_config(
    flags: &Flags,
    go: impl FnOnce(Config, Option<PathBuf>) -> io::Result<u8>,
) -> io::Result<u8> {
    match files::load(flags.config.as_deref(), &overrides(flags)) {
        // What is attached to has a configuration.
        Ok((config, None)) if flags.attach.is_some() => go(config, None),
        Ok((_, None)) => Ok(nothing_configured(flags)),
        Ok((config, Some(found))) => go(config, Some(found.path)),
        Err(problems) => Ok(complain(&problems)),
    }
}

/// Compiles, or complains.
pub(super) fn compile(config: &Config) -> Result<Arc<Plan>, u8> {
    Plan::compile(config, 1).map(Arc::new).map_err(|problems| complain(&problems))
}

/// Tells what a plan leaves out, such as a group of rules that cannot run: whoever runs it without a screen is told.
pub(super) fn warn_of(plan: &Plan) {
    for warning in &plan.warnings {
        eprintln!("warning: {warning}");
    }
}

fn dashboard(flags: &Flags, look: &Look, config: &Config, path: Option<&Path>) -> io::Result<u8> {
    if path.is_none() {
        return match flags.attach {
            Some(_) => show(flags, look, config, None, Vec::new()),
            None => Ok(nothing_configured(flags)),
        };
    }
    let loader: Loader = {
        let flags = flags.clone();
        Arc::new(move |generation| {
            let (config, _) = files::load(flags.config.as_deref(), &overrides(&flags))?;
            Plan::compile(&config, generation).map(Arc::new)
        })
    };
    let watched = config.files.iter().map(|file| PathBuf::from(&**file)).collect();
    show(flags, look, config, Some(loader), watched)
}

fn nothing_configured(flags: &Flags) -> u8 {
    let candidates = files::candidates(flags.config.as_deref());
    eprintln!("warroom: no configuration was found");
    eprintln!("{}", files::looked_for(&candidates));
    eprintln!("  warroom demo                      shows the whole product on an embedded fleet");
    eprintln!("  warroom http://host:port          looks what is there and shows it");
    eprintln!("  warroom init http://host:port     prints a configuration for it");
    exit::NO_INPUT
}

/// Shows the dashboard, or prints the status where there is no terminal.
pub(super) fn show(
    flags: &Flags,
    look: &Look,
    config: &Config,
    loader: Option<Loader>,
    watched: Vec<PathBuf>,
) -> io::Result<u8> {
    if look.once {
        return super::once::once(flags, look, config);
    }
    if look.plain {
        return super::plain::plain(flags, config, loader, watched);
    }
    let environment = TerminalEnv::read();
    if !is_interactive(&environment) {
        if let Some(line) = look.line() {
            let line = crate::text::clean(line);
            eprintln!(
                "warroom: {line} needs a terminal; --once prints one frame of it, --plain its changes as lines"
            );
            return Ok(exit::USAGE);
        }
        return super::source::status(flags, config, Format::Text, None, &Source::default());
    }
    let plan = match compile(config) {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let detected = detect(&environment, config.ui.color);
    let glyphs = detected.glyphs(config.ui.ascii);
    let read_only = flags.read_only || look.wall || config.ui.read_only;
    let ring = bell::way(plan.ui.ring, &environment);
    let state = state::locate(flags.state.as_deref()).map_err(|error| error.to_string());
    let first = look.line().map(str::to_owned);
    run(Dashboard { plan, loader, watched, detected, glyphs, read_only, first, ring, state, tape: None })
}

/// Shows a recording.
pub(super) fn screen(config: &Config, plan: Arc<Plan>, reel: Reel) -> io::Result<u8> {
    let environment = TerminalEnv::read();
    if !is_interactive(&environment) {
        eprintln!("warroom: a recording is shown on a terminal; without one, --assert judges it");
        return Ok(exit::USAGE);
    }
    let detected = detect(&environment, config.ui.color);
    let glyphs = detected.glyphs(config.ui.ascii);
    let ring = bell::way(crate::config::Ring::Off, &environment);
    let state = Err("this is a recording".to_owned());
    let watched = Vec::new();
    let (loader, read_only, tape) = (None, true, Some(reel));
    let first = None;
    run(Dashboard { plan, loader, watched, detected, glyphs, read_only, first, ring, state, tape })
}

/// `check` speaks Nagios only: whatever goes wrong on our side is UNKNOWN.
fn check(flags: &Flags, service: Option<&str>, source: &Source) -> u8 {
    let unknown = |text: &str| {
        println!("WARROOM UNKNOWN - {}", text.replace('|', "/"));
        report::Verdict::Unknown.code()
    };
    let loaded = files::load(flags.config.as_deref(), &overrides(flags))
        .and_then(|(config, found)| Plan::compile(&config, 1).map(|plan| (config, Arc::new(plan), found)));
    let (config, plan) = match loaded {
        // Nothing to watch is nothing known, and never OK.
        Ok((_, _, None)) if flags.attach.is_none() => return unknown("no configuration was found"),
        Ok((config, plan, _)) => (config, plan),
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            return unknown(&format!("{} problems in the configuration: {first}", problems.len()));
        }
    };
    let borrows = plan.feeds.borrows_plan();
    if let Some(name) = service.filter(|name| !borrows && !config.services.contains_key(*name)) {
        return unknown(&format!("there is no service \"{name}\" in the configuration"));
    }
    match super::source::checked(flags, &plan, service, source) {
        Ok((code, line)) => {
            println!("{line}");
            code
        }
        Err(text) => unknown(&text),
    }
}

fn validate(flags: &Flags, file: Option<PathBuf>) -> io::Result<u8> {
    let named = file.or_else(|| flags.config.clone());
    let checked = files::load(named.as_deref(), &overrides(flags))
        .and_then(|(config, found)| Plan::compile(&config, 1).map(|plan| (plan, found)));
    match checked {
        Ok((_, None)) => Ok(nothing_configured(flags)),
        Ok((plan, Some(found))) => {
            for warning in &plan.warnings {
                eprintln!("warning: {warning}");
            }
            writeln!(io::stdout(), "{}: {}", found.path.display(), summary(&plan))?;
            Ok(0)
        }
        Err(problems) => Ok(complain(&problems)),
    }
}

/// What a configuration amounts to: `1 service, 3 polls, 2 objectives, no problems`.
fn summary(plan: &Plan) -> String {
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    };
    let files = plan.rules.sets.iter().flat_map(|set| &set.groups);
    let files = files.filter(|placed| matches!(placed.origin, crate::rules::Origin::File { .. }));
    let mut parts = vec![count(plan.services.len(), "service"), count(plan.targets.len(), "poll")];
    for (number, word) in [
        (plan.slos.len(), "objective"),
        (files.map(|placed| placed.group.rules.len()).sum(), "rule"),
        (plan.actions.len(), "action"),
        (plan.channels.len(), "channel"),
    ] {
        if number > 0 {
            parts.push(count(number, word));
        }
    }
    parts.push(match plan.warnings.len() {
        0 => "no problems".to_owned(),
        number => format!("no problems, {}", count(number, "warning")),
    });
    parts.join(", ")
}

fn about_config(flags: &Flags, what: &ConfigCommand) -> io::Result<u8> {
    let mut out = io::stdout().lock();
    match what {
        ConfigCommand::Path => {
            let candidates = files::candidates(flags.config.as_deref());
            match files::find(&candidates) {
                Ok(Some(found)) => writeln!(out, "{}", found.path.display())?,
                Ok(None) => {
                    eprintln!("no configuration was found\n{}", files::looked_for(&candidates));
                    return Ok(exit::NO_INPUT);
                }
                Err(problem) => return Ok(complain(&[problem])),
            }
        }
        ConfigCommand::Print => out.write_all(config::document::example().as_bytes())?,
        ConfigCommand::Keys { preset } => return super::keys::list(flags, preset.as_deref()),
        ConfigCommand::Schema => writeln!(out, "{:#}", config::schema::schema())?,
    }
    out.flush().map(|()| 0)
}

fn demonstrate(flags: &Flags, look: &Look, options: demo::Options, serve_only: bool) -> io::Result<u8> {
    let fleet = demo::Fleet::start(options)?;
    let text = fleet.config_toml();
    if serve_only {
        let mut out = io::stdout().lock();
        writeln!(out, "# What it refers to: set these before warroom is started with it.")?;
        for (name, value) in demo::Fleet::secrets() {
            writeln!(out, "#     export {name}={value}")?;
        }
        out.write_all(text.as_bytes())?;
        out.flush()?;
        drop(out);
        return crate::runtime::wait_for_end();
    }
    crate::io::secrets::provide(&demo::Fleet::secrets());
    let source = config::Source { name: "demo".to_owned(), text };
    // What happens to a fleet that does not exist belongs in nobody's journal.
    let folder = if flags.state.is_none() { Some(state::Passing::make()?) } else { None };
    let flags = Flags {
        state: folder.as_ref().map(|f| f.path().to_owned()).or(flags.state.clone()),
        ..flags.clone()
    };
    match load_text(&source, &flags) {
        Ok(config) => show(&flags, look, &config, None, Vec::new()),
        Err(problems) => Ok(complain(&problems)),
    }
}

/// A configuration that stands in no file, with the environment and the flags over it.
pub(super) fn load_text(source: &config::Source, flags: &Flags) -> Result<Config, Vec<Problem>> {
    let mut config = config::load(std::slice::from_ref(source))?;
    config.apply(&files::overrides()?, config::Layer::Env);
    config.apply(&overrides(flags), config::Layer::Flag);
    files::themes(&mut config, None)?;
    Ok(config)
}
