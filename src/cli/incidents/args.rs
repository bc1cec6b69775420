//! clap's definitions of `incidents`, `incident` and `postmortem`.

use crate::incident::notice::Words;
use crate::severity::Severity;
use crate::units::parse_duration;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    #[default]
    Text,
    /// For programs; versioned
    Json,
    /// For a chat or a ticket
    Markdown,
}

/// List incidents: the open ones, the worst first, then those of the last week
///
/// They are read from the journal, so no dashboard need be running.
#[derive(Clone, Debug, Args)]
pub struct IncidentsArgs {
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Form,
    /// All that the journal knows, however old
    #[arg(long, conflicts_with_all = ["open", "since"])]
    pub all: bool,
    /// Only those that last
    #[arg(long)]
    pub open: bool,
    /// Also those that ended within so long
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "7d")]
    pub since: Duration,
    /// Only those of this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
}

/// Look at one incident, or act on it: each act is a line of the journal, and every dashboard picks it up
///
/// An id may be cut short as long as it is the only one that begins so.
#[derive(Clone, Debug, Subcommand)]
pub enum IncidentCommand {
    /// Everything about one incident: state, alerts, timeline
    Show {
        /// The incident
        id: String,
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Form,
    },
    /// Acknowledge it: you take care, the time to answer stops
    ///
    /// Where Alertmanager or PagerDuty tells of it, that is a silence, or an acknowledgement there: it is shown, and sent
    /// with --confirm y.
    Ack {
        /// The incident
        id: String,
        /// Silence its alerts, or acknowledge its page, as well: y
        #[arg(long, value_name = "PHRASE")]
        confirm: Option<String>,
        /// For how long a silence lasts, if not as its backend says
        #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
        span: Option<Duration>,
        /// Here only: ask no other system
        #[arg(long, conflicts_with_all = ["confirm", "span"])]
        here: bool,
        /// A note to go with it
        text: Vec<String>,
    },
    /// Take the acknowledgement back: the time to answer runs again
    Unack {
        /// The incident
        id: String,
        /// A note to go with it
        text: Vec<String>,
    },
    /// Add a note to its timeline
    Note {
        /// The incident
        id: String,
        /// The note
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Say whose it is
    Assign {
        /// The incident
        id: String,
        /// Whose; nobody's if left out
        to: Option<String>,
    },
    /// Say how grave it is, and why
    Severity {
        /// The incident
        id: String,
        /// P0, P1, P2, P3 or P4
        severity: Severity,
        /// Why
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// Say that the harm is stopped
    Mitigate {
        /// The incident
        id: String,
        /// How
        text: Vec<String>,
    },
    /// End it
    ///
    /// Alerts that still fire do not open it again before they have gone.
    Resolve {
        /// The incident
        id: String,
        /// Why it is over: the cause, the fix
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// Write the notice for those who wait: the one that fits how it stands, from the templates of the configuration
    Notice(NoticeArgs),
    /// Do not ring for it for a while
    Snooze {
        /// The incident
        id: String,
        /// For how long
        #[arg(value_name = "SPAN", value_parser = parse_duration)]
        span: Duration,
    },
    /// Ring for it again
    Unsnooze {
        /// The incident
        id: String,
    },
}

/// Which notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// The first one
    Opened,
    /// One on the way
    Progress,
    /// The last one
    Resolved,
}

/// `incident notice`.
#[derive(Clone, Debug, Args)]
pub struct NoticeArgs {
    /// The incident
    pub id: String,
    /// Which one, if not the one that fits
    #[arg(value_enum)]
    pub which: Option<Which>,
    /// Whom it hurts, and how (default: taken from the incident, as with those below)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub impact: String,
    /// Why it happens
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub cause: String,
    /// What was done
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub mitigation: String,
    /// What ended it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub fix: String,
    /// Who is at it
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub engineer: String,
    /// Write to this file instead of standard output (never over an existing one)
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}

impl NoticeArgs {
    /// What the person adds.
    pub fn words(&self) -> Words {
        Words {
            impact: self.impact.clone(),
            cause: self.cause.clone(),
            mitigation: self.mitigation.clone(),
            fix: self.fix.clone(),
            engineer: self.engineer.clone(),
        }
    }
}

/// Write the post-mortem of an incident as Markdown, from the journal alone
#[derive(Clone, Debug, Args)]
pub struct PostmortemArgs {
    /// The incident
    pub id: String,
    /// Write to this file instead of standard output (never over an existing one)
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}
