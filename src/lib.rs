//! warroom: a terminal dashboard for live operations.
//!
//! The rooms stand in reading order; each may use only those above it (kept by `tests/tidy.rs`).

pub mod units;
pub mod text;
pub mod find;
pub mod labels;
pub mod severity;
pub mod config;
pub mod target;
pub mod exposition;
pub mod decode;
pub mod store;
pub mod promql;
pub mod answers;
pub mod query;
pub mod journal;
pub mod slo;
pub mod rules;
pub mod incident;
pub mod notification;
pub mod action;
pub mod foreign;
pub mod command;
pub mod keymap;
pub mod theme;
pub mod plan;
pub mod capture;
pub mod feed;
pub mod event;
pub mod model;
pub mod layout;
pub mod update;
pub mod view;
pub mod picture;
pub mod narrator;
pub mod report;
pub mod api;

// The shell: uses the line above; nothing above uses it.
pub mod io;
pub mod runtime;
pub mod demo;
pub mod rehearsal;
pub mod cli;
