//! clap's definitions: `-h` one line a flag, `--help` the long form.

pub(super) use super::action::args::ActionCommand;
pub(super) use super::capture::CaptureArgs;
pub(super) use super::history::args::HistoryCommand;
pub(super) use super::incidents::args::{IncidentCommand, IncidentsArgs, PostmortemArgs};
pub(super) use super::once::Look;
pub(super) use super::query::args::QueryArgs;
pub(super) use super::replay::ReplayArgs;
pub(super) use super::serve::ServeArgs;
pub(super) use super::slo::SloCommand;
pub(super) use super::source::Source;
pub(super) use super::watch::WatchArgs;
use crate::config::auth::SecretRef;
use crate::demo::Scenario;
use crate::units::parse_duration;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// A terminal dashboard for live operations.
///
/// Shows which service is in trouble, why, and since when: health, Prometheus metrics, circuit breakers and queues,
/// polled by warroom itself, with no server behind it.
#[derive(Debug, Parser)]
#[command(name = "warroom", version, about, long_about, subcommand_precedence_over_arg = true)]
#[command(after_help = "Try `warroom demo`, then `warroom http://host:port` on one of your own services.")]
#[command(after_long_help = AFTER)]
pub struct Cli {
    /// Flags that hold everywhere
    #[command(flatten)]
    pub flags: Flags,
    /// How it is looked at
    #[command(flatten)]
    pub look: Look,
    /// What to do; without it the dashboard is shown
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Services to look at without a configuration: what is there is found out
    #[arg(value_name = "URL")]
    pub urls: Vec<String>,
}

// One line a paragraph: clap wraps them to the terminal.
const AFTER: &str = "\
Where the configuration is looked for: --config, WARROOM_CONFIG, $XDG_CONFIG_HOME/warroom/config.toml, \
/etc/warroom/config.toml; never the current folder. `warroom config path` says which one counts.

Without a terminal (a pipe, TERM=dumb) `warroom` prints what `warroom status` prints.

Exit codes: check 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; rules check and rules test 0 or 1; action run 0 done, 1 refused or \
failed, 75 outcome unknown, 77 not authorised. Everything else: 0 fine, 64 usage, 65 bad data, 66 no input, 69 unavailable, \
70 a fault of ours, 73 cannot create, 74 input/output, 78 configuration, 129 hung up, 130 interrupted, 143 terminated.";

/// Flags that hold everywhere.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Flags {
    /// Configuration file
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Nothing may be changed from here, whatever the configuration says
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Theme: dark, light, high-contrast, okabe-ito, ansi16, inherit, mono, or the path of a file
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<When>,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// How often to poll, where the configuration says nothing else
    #[arg(long, global = true, value_name = "SPAN", value_parser = parse_duration)]
    pub refresh: Option<Duration>,
    /// Folder for the journal and whatever else outlives warroom; else `WARROOM_STATE`, else the user's state folder
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Attach to a `warroom serve`: it polls, this terminal shows the same; with a configuration, actions are yours
    #[arg(long, global = true, value_name = "URL")]
    pub attach: Option<String>,
    /// Where its token is (a reference: `env:NAME`, `file:PATH` or `cmd:COMMAND`), never the token; else `WARROOM_ATTACH_TOKEN`
    #[arg(long, global = true, value_name = "REF", requires = "attach", value_parser = secret)]
    pub attach_token: Option<SecretRef>,
    /// PEM file of the authority that vouches for its certificate, beside the system's
    #[arg(long, global = true, value_name = "FILE", requires = "attach")]
    pub attach_ca: Option<String>,
    /// Log to this file (never to the screen)
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Log more: -v polls, -vv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// A reference to a secret.
fn secret(text: &str) -> Result<SecretRef, String> {
    SecretRef::parse(text)
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// As far as the terminal can
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; versioned
    Json,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole product on an embedded fleet of ten services
    ///
    /// Real HTTP services on loopback, with a scripted story: a bad deploy, a cache that is lost, a slow dependency, a
    /// breaker that opens, a queue that backs up, recovery. Nothing is installed or changed.
    Demo {
        /// Another seed tells the same story with other numbers
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// What happens: the whole story, nothing (steady), or one trouble: bad-deploy, cache-lost, dependency-slow,
        /// breaker-opens, queue-backs-up, outage, crash-loop
        #[arg(long, default_value = "story", value_name = "NAME")]
        scenario: Scenario,
        /// Time runs so many times as fast
        #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
        speed: f64,
        /// Run the fleet without the screen and print a configuration for it
        #[arg(long, conflicts_with_all = ["once", "wall", "plain", "screen"])]
        serve_only: bool,
        /// With --once: the moment of the story that is shown, at most an hour after its beginning (1m10s)
        #[arg(long, value_name = "SPAN", requires = "once", value_parser = parse_duration)]
        at: Option<Duration>,
        /// How it is looked at
        #[command(flatten)]
        look: Look,
    },
    /// Look what is at these URLs and print a commented configuration for it
    Init {
        /// Services
        #[arg(value_name = "URL", required_unless_present = "prometheus")]
        urls: Vec<String>,
        /// Import scrape jobs and rule files from a prometheus.yml, and probe them
        #[arg(long, value_name = "FILE")]
        prometheus: Option<PathBuf>,
        /// Write to this file instead of standard output (never over an existing one)
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Check a configuration: every problem at once, with file, line, key and remedy
    Validate {
        /// The file; without it the one that `config path` names
        file: Option<PathBuf>,
    },
    /// Show where the configuration is, what it amounts to, or its JSON Schema
    Config {
        /// Which
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Print one Nagios line with performance data; exit code 0, 1, 2 or 3
    ///
    /// Polls twice, so that there are rates, and says what could not be judged.
    Check {
        /// One service only
        service: Option<String>,
        /// Where it is read from
        #[command(flatten)]
        source: Source,
    },
    /// Print how the services are
    Status {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
        /// Look for so long instead of polling twice
        #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration, conflicts_with = "from")]
        span: Option<Duration>,
        /// Where it is read from
        #[command(flatten)]
        source: Source,
    },
    /// Evaluate a PromQL expression over any /metrics, without a server
    Query(QueryArgs),
    /// Objectives: budgets and burn rates
    Slo {
        /// Which
        #[command(subcommand)]
        what: SloCommand,
    },
    /// List incidents, from the journal
    Incidents(IncidentsArgs),
    /// Look at one incident, acknowledge it, note, resolve, ...
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Write the post-mortem of an incident, from the journal
    Postmortem(PostmortemArgs),
    /// What is kept on disk of samples, objectives and incidents
    History {
        /// What
        #[command(subcommand)]
        what: HistoryCommand,
    },
    /// Check Prometheus rule files, and run their unit tests
    Rules {
        /// What to do
        #[command(subcommand)]
        what: super::rules::RulesCommand,
    },
    /// Watch without a screen: tell the configured channels what changes (SIGHUP reads the configuration again)
    Watch(WatchArgs),
    /// Poll once for many: watch without a screen, and answer over HTTP (Prometheus API, /metrics, status)
    Serve(ServeArgs),
    /// Write what is kept of some time to one file that replays: samples, incidents, notes, actions; no secrets
    Capture(CaptureArgs),
    /// Show a recording in the dashboard, offline, or judge it once more
    ///
    /// `:capture` and `warroom capture` write recordings; an incident is recorded by itself.
    Replay(ReplayArgs),
    /// Change something, through the guarded door: restart, flush a cache, roll back
    Action {
        /// What
        #[command(subcommand)]
        what: ActionCommand,
    },
    /// Say what was found where, try each target once, and tell what this terminal can do
    Doctor {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What can be asked about the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Which file counts, and where was looked
    Path,
    /// The example: every key, its default and what it is for
    Print,
    /// JSON Schema, for editors
    Schema,
    /// The keys, by the names that `ui.bind` takes
    Keys {
        /// Of this set, instead of what the configuration says: default, k9s or arrows-only
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
    },
}
