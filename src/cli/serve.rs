//! `warroom serve`: polls and judges as `warroom watch` does, and answers over HTTP what it knows.

#![expect(clippy::print_stderr, reason = "what keeps it from starting is said on standard error")]

use super::args::Flags;
use super::exit;
use super::run::{compile, overrides, warn_of, with_config};
use crate::io::config as files;
use crate::io::{identity, state};
use crate::plan::{EXPOSED_REMEDY, Plan, exposed};
use crate::runtime::{Loader, ServeFailed, Watcher};
use clap::Args;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// `warroom serve`'s own flags.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Listen there, whatever the configuration says; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Send no notification and keep nothing: print what would be sent
    #[arg(long)]
    dry_run: bool,
    /// End after so long
    #[arg(long = "for", value_name = "SPAN", value_parser = crate::units::parse_duration)]
    span: Option<Duration>,
}

/// Serves until a signal.
pub(super) fn serve(flags: &Flags, args: &ServeArgs) -> io::Result<u8> {
    with_config(flags, |config, _| {
        let plan = match compile(&config) {
            Ok(plan) => Arc::new(Arc::unwrap_or_clone(plan).served()),
            Err(code) => return Ok(code),
        };
        warn_of(&plan);
        let mut serve = plan.serve.clone();
        serve.listen = args.listen.unwrap_or(serve.listen);
        if let Err(why) = exposed(serve.listen, serve.tokens.is_empty()) {
            eprintln!("warroom: {why}");
            eprintln!("  {EXPOSED_REMEDY}");
            return Ok(exit::CONFIG);
        }
        let loader: Loader = {
            let flags = flags.clone();
            Arc::new(move |generation| {
                let (config, _) = files::load(flags.config.as_deref(), &overrides(&flags))?;
                Plan::compile(&config, generation).map(|plan| Arc::new(plan.served()))
            })
        };
        let mut watched: Vec<PathBuf> = config.files.iter().map(|file| PathBuf::from(&**file)).collect();
        watched.extend(serve.files());
        let watcher = Watcher {
            plan,
            loader,
            watched,
            dry_run: args.dry_run,
            serve: Some(serve),
            span: args.span,
            state: state::locate(flags.state.as_deref()).map_err(|error| error.to_string()),
            who: identity::who(),
        };
        let mut out = io::stdout().lock();
        match crate::runtime::watch(watcher, &mut |line| writeln!(out, "{line}").and_then(|()| out.flush())) {
            Err(error)
                if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<ServeFailed>) =>
            {
                eprintln!("warroom: {error}");
                Ok(exit::UNAVAILABLE)
            }
            ended => ended,
        }
    })
}
