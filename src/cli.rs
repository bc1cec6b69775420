//! The command line: what can be asked, and who answers. The answers are in the rooms below.

mod action;
mod args;
mod attach;
mod capture;
mod doctor;
mod history;
mod incidents;
mod keys;
mod once;
mod plain;
mod probe;
mod query;
mod replay;
mod rules;
mod run;
mod serve;
mod slo;
mod source;
mod watch;

pub use args::{Cli, Command, ConfigCommand, Format};
pub use run::main;

/// Exit codes beside 0 and those of `check`: sysexits.h, and 128 + signal.
pub mod exit {
    /// The command line is wrong.
    pub const USAGE: u8 = 64;
    /// What was handed in cannot be understood.
    pub const DATA: u8 = 65;
    /// What was asked for is not there.
    pub const NO_INPUT: u8 = 66;
    /// Something that is needed is unavailable.
    pub const UNAVAILABLE: u8 = 69;
    /// A fault of ours.
    pub const SOFTWARE: u8 = 70;
    /// A file could not be made, or is there already.
    pub const CANNOT_CREATE: u8 = 73;
    /// A file could not be written.
    pub const IO: u8 = 74;
    /// Not now, perhaps later: somebody else is at it, or the outcome is unknown.
    pub const TEMPORARY: u8 = 75;
    /// What was asked may not be done.
    pub const NOT_PERMITTED: u8 = 77;
    /// The configuration is wrong.
    pub const CONFIG: u8 = 78;
}
