//! `warroom watch`: no screen; it polls, tells the channels, and keeps the journal.

#![expect(clippy::print_stderr, reason = "a command answers on standard output and standard error")]

use super::args::Flags;
use super::exit;
use super::run::{compile, overrides, warn_of, with_config};
use crate::io::config as files;
use crate::io::{identity, state};
use crate::plan::Plan;
use crate::runtime::{Loader, Watcher};
use clap::Args;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// `warroom watch`'s own flags.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Send nothing: print what would be sent
    #[arg(long)]
    dry_run: bool,
    /// End after so long
    #[arg(long = "for", value_name = "SPAN", value_parser = crate::units::parse_duration)]
    span: Option<Duration>,
    /// Send a test notification through one channel, and end
    #[arg(long, value_name = "CHANNEL", conflicts_with_all = ["dry_run", "span"])]
    test: Option<String>,
}

/// Watches, or tries a channel.
pub(super) fn watch(flags: &Flags, args: &WatchArgs) -> io::Result<u8> {
    with_config(flags, |config, _| {
        let plan = match compile(&config) {
            Ok(plan) => plan,
            Err(code) => return Ok(code),
        };
        if let Some(channel) = &args.test {
            return test(&plan, channel);
        }
        warn_of(&plan);
        if plan.channels.is_empty() && !args.dry_run {
            eprintln!("warroom: no channel is configured, so that nobody would be told");
            eprintln!("  add a table [notify.NAME], or look what would be told with --dry-run");
            return Ok(exit::CONFIG);
        }
        let loader: Loader = {
            let flags = flags.clone();
            Arc::new(move |generation| {
                let (config, _) = files::load(flags.config.as_deref(), &overrides(&flags))?;
                Plan::compile(&config, generation).map(Arc::new)
            })
        };
        let watcher = Watcher {
            plan,
            loader,
            watched: config.files.iter().map(|file| PathBuf::from(&**file)).collect(),
            dry_run: args.dry_run,
            serve: None,
            span: args.span,
            state: state::locate(flags.state.as_deref()).map_err(|error| error.to_string()),
            who: identity::who(),
        };
        let mut out = io::stdout().lock();
        crate::runtime::watch(watcher, &mut |line| writeln!(out, "{line}").and_then(|()| out.flush()))
    })
}

/// One attempt through one channel, whatever its filters, quiet hours and rate say.
fn test(plan: &Plan, name: &str) -> io::Result<u8> {
    let Some(channel) = plan.channels.iter().find(|channel| *channel.name == *name) else {
        let known: Vec<&str> = plan.channels.iter().map(|channel| &*channel.name).collect();
        eprintln!("warroom: there is no channel \"{}\"", crate::text::clean(name));
        eprintln!(
            "  the channels are: {}",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        );
        return Ok(exit::USAGE);
    };
    if let Err(error) = crate::runtime::try_out(channel, identity::who())? {
        eprintln!("warroom: {name}: {error}");
        return Ok(exit::UNAVAILABLE);
    }
    writeln!(io::stdout(), "{name}: sent and taken")?;
    Ok(0)
}
