//! Where `status` and `check` read: a running `warroom serve` first, then what a warroom of this configuration has kept,
//! else two polls. Which one it was is said.

#![expect(
    clippy::print_stderr,
    reason = "where the answer comes from is said beside it, so that the answer stays what it is"
)]

use super::args::{Flags, Format};
use super::exit;
use super::run::compile;
use crate::config::Config;
use crate::config::auth::{SecretList, SecretRef};
use crate::io::serve::{read, running};
use crate::io::state;
use crate::plan::Plan;
use crate::report;
use crate::runtime::{Rounds, now, observe, observe_on};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use clap::Args;
use serde_json::Value;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Flags of `status` and `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct Source {
    /// Read from the `warroom serve` at this URL, and from nowhere else
    #[arg(long, value_name = "URL")]
    from: Option<Url>,
    /// Reference to the token for it (`env:NAME`, `file:PATH`, `cmd:COMMAND`); else the configuration's `serve.token`
    #[arg(long, value_name = "REF", value_parser = SecretRef::parse, requires = "from")]
    token: Option<SecretRef>,
    /// Poll, even if a `warroom serve` runs or something is kept
    #[arg(long, conflicts_with = "from")]
    poll: bool,
}

/// An answer that is older than this is none: whoever gave it hangs.
const OLDEST: Duration = Duration::from_secs(60);

/// A server that may be asked.
struct Place {
    url: Url,
    tokens: SecretList,
    ca: Option<PathBuf>,
    /// `serve at http://127.0.0.1:7090`.
    name: String,
}

impl Source {
    /// Whom to ask; nobody where there is nobody, or nobody is wanted.
    fn places(&self, flags: &Flags, plan: &Plan) -> Vec<Place> {
        let ca = plan.serve.tls.as_ref().map(|(cert, _)| cert.clone());
        let place = |url: Url, tokens: SecretList| {
            let shown = crate::config::portable::without_credentials(url.as_str()).unwrap_or_default();
            let name = format!("serve at {}", Clean::new(shown.trim_end_matches('/')));
            Place { url, tokens, ca: ca.clone(), name }
        };
        if let Some(url) = &self.from {
            let tokens = self.token.clone().map_or_else(|| plan.serve.tokens.clone(), |token| vec![token]);
            return vec![place(url.clone(), tokens)];
        }
        let folder = (!self.poll).then(|| state::locate(flags.state.as_deref()).ok()).flatten();
        let Some(folder) = folder else { return Vec::new() };
        let found = running(&folder, plan.file.as_deref().map(Path::new));
        let found = found.into_iter().filter_map(|it| Url::parse(&it.url).ok());
        found.map(|url| place(url, plan.serve.tokens.clone())).collect()
    }

    /// Asks whoever runs; what is said is where the answer comes from, or why there is none.
    fn ask(&self, flags: &Flags, plan: &Plan, path: &str) -> Result<(Vec<u8>, String), Vec<String>> {
        let mut refused = Vec::new();
        for place in self.places(flags, plan) {
            match read(&place.url, path, &place.tokens, place.ca) {
                Ok(body) => return Ok((body, place.name)),
                Err(why) => refused.push(format!("{}: {why}", place.name)),
            }
        }
        Err(refused)
    }
}

/// How old is what a server said at `at`?
fn age(at: Option<&Value>) -> Result<Duration, String> {
    let at = at.and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let at = at.ok_or("its answer is none of a warroom")?;
    let age = now().since(Timestamp::from_millis(at.as_millisecond()));
    if age > OLDEST { Err(format!("its answer is {} old", told(age))) } else { Ok(age) }
}

fn told(age: Duration) -> String {
    format_duration(Duration::from_millis(u64::try_from(age.as_millis() / 100 * 100).unwrap_or(u64::MAX)))
}

/// Polls, after what was kept; the last is where the answer comes from, where that is not two polls.
fn poll(
    flags: &Flags,
    plan: &Arc<Plan>,
    source: &Source,
) -> io::Result<(crate::model::Model, Option<String>)> {
    if source.poll {
        return Ok((observe(plan, Rounds::Two)?, None));
    }
    let folder = state::locate(flags.state.as_deref()).map_err(|error| error.to_string());
    let (model, age) = observe_on(plan, &folder)?;
    let from = age.map(|age| format!("kept samples up to {} ago, and one poll", told(age)));
    Ok((model, from))
}

/// `warroom status`.
pub(super) fn status(
    flags: &Flags,
    config: &Config,
    output: Format,
    span: Option<Duration>,
    source: &Source,
) -> io::Result<u8> {
    let plan = match compile(config) {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let mut out = io::stdout().lock();
    let model = if let Some(span) = span {
        observe(&plan, Rounds::For(span))?
    } else {
        match served_status(flags, &plan, output, source) {
            Ok((body, from)) => {
                eprintln!("from {from}");
                out.write_all(&body)?;
                return out.flush().map(|()| 0);
            }
            Err(refused) => {
                for line in &refused {
                    eprintln!("warroom: {line}");
                }
                if source.from.is_some() {
                    return Ok(exit::UNAVAILABLE);
                }
            }
        }
        let (model, from) = poll(flags, &plan, source)?;
        if let Some(from) = from {
            eprintln!("from {from}");
        }
        model
    };
    match output {
        Format::Text => out.write_all(report::text(&model).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::json(&model))?,
    }
    out.flush().map(|()| 0)
}

fn served_status(
    flags: &Flags,
    plan: &Plan,
    output: Format,
    source: &Source,
) -> Result<(Vec<u8>, String), Vec<String>> {
    let (body, name) = source.ask(flags, plan, "/api/v1/status")?;
    let refused = |why: String| vec![format!("{name}: {why}")];
    let json: Value =
        serde_json::from_slice(&body).map_err(|_| refused("its answer is no JSON".to_owned()))?;
    let age = age(json.get("at")).map_err(refused)?;
    let body = match output {
        // Written anew: what comes from outside is put on a terminal as we write it.
        Format::Json => format!("{json:#}\n").into_bytes(),
        Format::Text => {
            let (text, _) = source.ask(flags, plan, "/api/v1/status?format=text")?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let lines = text.lines().map(|line| format!("{}\n", crate::text::clean(line)));
            lines.collect::<String>().into_bytes()
        }
    };
    Ok((body, format!("{name}, {} old", told(age))))
}

/// `warroom check`: the exit code and the line, which says where it comes from, unless that is two polls.
///
/// # Errors
/// Why nothing can be said.
pub(super) fn checked(
    flags: &Flags,
    plan: &Arc<Plan>,
    service: Option<&str>,
    source: &Source,
) -> Result<(u8, String), String> {
    match served_check(flags, plan, service, source) {
        Ok((code, line, from)) => return Ok((code, with_source(&line, &from))),
        Err(refused) if source.from.is_some() => return Err(refused.join("; ")),
        Err(refused) => {
            for line in refused {
                eprintln!("warroom: {line}");
            }
        }
    }
    let (model, from) = poll(flags, plan, source).map_err(|error| error.to_string())?;
    let (verdict, line) = report::check(&model, service);
    let line = from.map_or(line.clone(), |from| with_source(&line, &from));
    Ok((verdict.code(), line))
}

fn served_check(
    flags: &Flags,
    plan: &Plan,
    service: Option<&str>,
    source: &Source,
) -> Result<(u8, String, String), Vec<String>> {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(service.map(|name| ("service", name)))
        .finish();
    let (body, name) = source.ask(flags, plan, &format!("/api/v1/check?{query}"))?;
    let refused = |why: String| vec![format!("{name}: {why}")];
    let json: Value =
        serde_json::from_slice(&body).map_err(|_| refused("its answer is no JSON".to_owned()))?;
    let age = age(json.get("at")).map_err(refused)?;
    let code = json.get("code").and_then(Value::as_u64).filter(|code| *code <= 3);
    let line = json.get("line").and_then(Value::as_str);
    let (Some(code), Some(line)) = (code, line) else {
        return Err(refused("its answer is none of a warroom".to_owned()));
    };
    Ok((code as u8, crate::text::clean(line).into_owned(), format!("{name}, {} old", told(age))))
}

/// Puts the source behind the text, before the performance data.
fn with_source(line: &str, from: &str) -> String {
    let from = from.replace('|', "/");
    match line.split_once(" | ") {
        Some((text, data)) => format!("{text} (from {from}) | {data}"),
        None => format!("{line} (from {from})"),
    }
}
