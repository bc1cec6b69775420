//! `warroom query` where a backend answers: the one named, or the one that the configuration calls the default.

use super::args::QueryArgs;
use super::{is_empty, stop, window};
use crate::answers;
use crate::cli::{exit, run};
use crate::config::{BackendKind, Config, Flavour};
use crate::io::remote::ask_once;
use crate::promql::{Answer, Expr};
use crate::runtime::now;
use crate::text::clean;
use std::io;

/// Another warroom polls in our place, and answers expressions as well, as a Prometheus does.
fn answering(config: &Config) -> Config {
    let mut config = config.clone();
    for backend in config.backends.values_mut() {
        if let BackendKind::Query(querying) = &mut backend.kind
            && querying.flavour == Flavour::Warroom
        {
            querying.flavour = Flavour::Prometheus;
        }
    }
    config
}

/// Asks the backend, if it is one's turn; nothing: the question is warroom's own to answer. The inner error is an exit code:
/// the reason has been said.
pub(super) fn asked(
    config: &Config,
    args: &QueryArgs,
    expr: &Expr,
) -> io::Result<Result<Option<Answer>, u8>> {
    if args.span.is_some() || args.backend.is_none() && answers::is_own(expr) {
        return Ok(Ok(None));
    }
    let plan = match run::compile(&answering(config)) {
        Ok(plan) => plan,
        Err(code) => return Ok(Err(code)),
    };
    let place = match &args.backend {
        None => plan.default_backend,
        Some(name) => {
            let found = plan.backends.iter().position(|backend| *backend.name == **name);
            if found.is_none() {
                let known: Vec<&str> = plan.backends.iter().map(|backend| &*backend.name).collect();
                let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
                let text =
                    format!("there is no backend \"{}\" that answers expressions: {known}", clean(name));
                return Ok(Err(stop(exit::USAGE, &text)));
            }
            found
        }
    };
    let Some(backend) = place.and_then(|place| plan.backends.get(place)) else { return Ok(Ok(None)) };
    let Some(target) = plan.target(backend.target) else { return Ok(Ok(None)) };
    let window = match window(args, now()) {
        Ok(window) => window,
        Err(problem) => return Ok(Err(stop(exit::USAGE, &problem))),
    };
    Ok(match ask_once(target, expr.text(), window, now())? {
        Ok((answer, said)) => {
            for line in said {
                eprintln!("{}: {line}", backend.name);
            }
            if is_empty(&answer) {
                eprintln!("no series in the answer of {}", backend.name);
            }
            Ok(Some(answer))
        }
        Err(text) => Err(stop(exit::UNAVAILABLE, &format!("backend {}: {text}", backend.name))),
    })
}
