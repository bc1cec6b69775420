//! The world: clock, files, network, terminal, environment. Nothing outside this room and `runtime` touches them.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that may touch the clock, the environment, files, processes and tasks"
)]

pub mod act;
pub mod attach;
pub mod bell;
pub mod capture;
pub mod clipboard;
pub mod config;
pub mod identity;
pub mod journal;
pub mod foreign;
pub mod keeper;
pub mod lines;
pub mod logging;
pub mod notify;
pub mod outlet;
pub mod paper;
pub mod secrets;
pub mod watch;
pub mod history;
pub mod http;
pub mod login;
pub mod poll;
pub mod remote;
pub mod redis;
pub mod serve;
pub mod tcp;
pub mod grpc;
pub mod probe;
pub mod source;
pub mod state;
pub mod terminal;
pub mod two_key;
