//! The command line of `warroom action`.

use crate::cli::args::Format;
use crate::units::parse_duration;
use clap::{Args, Subcommand};
use std::time::Duration;

/// What can be done about actions.
#[derive(Debug, Subcommand)]
pub enum ActionCommand {
    /// Print what can be done where, what it would ask for, and whether it may be done now
    List {
        /// One service only
        service: Option<String>,
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
    /// Do it: once, written to the journal first, followed to its end
    ///
    /// Without --confirm and the right phrase nothing is sent: what would be sent is printed, and the exit code is 77.
    /// Exit codes: 0 done and settled; 1 refused by the service, failed, not settled, or worse than before; 75 outcome
    /// unknown, also of a job that nobody waited for; 77 not authorised.
    Run(RunArgs),
    /// Let somebody else's proposal through, where two people are needed
    ///
    /// Without a proposal, those that wait are listed. Without --confirm and the service's name, what would be done is
    /// printed, nothing is approved, and the exit code is 77. Whoever proposed it then gives the same command again, within
    /// half an hour. You cannot approve what you proposed yourself, from whichever of your accounts.
    Approve(ApproveArgs),
}

/// What is approved.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The proposal, as `action run` names it
    pub id: Option<String>,
    /// The name of the service that is to be changed
    #[arg(long, value_name = "SERVICE", requires = "id")]
    pub confirm: Option<String>,
}

/// What is to be done.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The service
    pub service: String,
    /// The action
    pub action: String,
    /// Values of its parameters
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    pub values: Vec<(String, String)>,
    /// Why: it goes to the journal and to the service
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// The phrase that the action asks for: y, or the service's name
    #[arg(long, value_name = "PHRASE")]
    pub confirm: Option<String>,
    /// Print what would be sent and what is true now, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Ask this instance (host:port); can be given several times
    #[arg(long, value_name = "INSTANCE")]
    pub instance: Vec<String>,
    /// Wait for the job and until the service has settled (the default)
    #[arg(long, overrides_with = "no_follow")]
    pub follow: bool,
    /// Do not wait once the request was answered; a job's outcome stays unknown then
    #[arg(long)]
    pub no_follow: bool,
    /// Go on looking for so long after it has settled, then say whether it helped
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub watch: Option<Duration>,
    /// The incident that it is for
    #[arg(long, value_name = "ID")]
    pub incident: Option<String>,
    /// How to print the outcome
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as key=value".to_owned()),
    }
}
