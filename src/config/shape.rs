//! The shape of the configuration, as data: each key, what it holds, its default and a line about it.
//!
//! The one place that knows each key. The walker (`walk`), the JSON Schema ([`super::schema`]) and the
//! example file ([`super::document`]) are made from it. Nothing is checked here.

mod action;
mod backend;
mod capture;
mod incident;
mod notify;
mod panel;
mod poll;
mod root;
mod rules;
mod serve;
mod service;
mod slo;
mod wall;

pub use root::ROOT;

use super::checks::Check;

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The default as a TOML value; none: absent means absent.
    pub default: Option<&'static str>,
    /// A value for the example file, where there is no default to show.
    pub example: &'static str,
    /// Must it be there?
    pub required: bool,
    /// What it is for, in a line or two.
    pub doc: &'static str,
}

impl Field {
    /// An optional key without a default.
    pub(crate) const fn new(key: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { key, kind, default: None, example: "", required: false, doc }
    }

    /// The same key with a default.
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// The same key with a value for the example file.
    const fn like(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// The same key, which must be there.
    const fn must(mut self) -> Self {
        self.required = true;
        self
    }
}

/// Lists of fields that together make a table; lists can be shared between tables.
pub type Groups = &'static [&'static [Field]];

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within limits.
    Whole {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// Any finite number.
    Number,
    /// A ratio: `"0.5%"` or `0.005`.
    Ratio,
    /// A string that passes a check.
    Text(Check),
    /// One of a few words, each with a line about it.
    Word(&'static [(&'static str, &'static str)]),
    /// A duration, limits in milliseconds.
    Duration {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A size in bytes: `"16MiB"` or a number.
    Size {
        /// The least.
        min: u64,
    },
    /// A reference to a secret.
    Secret,
    /// References to secrets, tried in turn: one string or a list.
    Secrets,
    /// A string, or a reference to a secret.
    Name,
    /// A list.
    List(&'static Kind),
    /// One value, or a list of them.
    OneOrMore(&'static Kind),
    /// Two limits: warning, critical.
    Pair(&'static Kind),
    /// A table with these keys.
    Table(Groups),
    /// A table whose further keys depend on the word under `kind`.
    Tagged(&'static [Variant]),
    /// A table whose keys are free.
    Map {
        /// What a key must look like.
        name: Check,
        /// What each holds.
        of: &'static Kind,
        /// Entries of the example file; empty where the example is one value.
        samples: &'static [Sample],
    },
    /// Any JSON that TOML can say: texts, numbers, flags, lists, tables.
    Json,
    /// Known, but refused until it is built.
    NotYet,
}

/// One word under `kind`, and the keys that go with it.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The word.
    pub word: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// The keys.
    pub groups: Groups,
}

/// An entry of the example file.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The entry's name.
    pub name: &'static str,
    /// The word under `kind`; empty where there is none.
    pub word: &'static str,
    /// The keys shown; empty: all.
    pub keys: &'static [&'static str],
}

/// A second, a minute, an hour and a day in milliseconds, for limits.
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
