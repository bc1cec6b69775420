//! The configuration: a mirror of the TOML file, with the places where each value stands.
//!
//! Pure: it is handed texts ([`Source`]) and reads no file, environment or clock; `io::config` does. Secrets stay
//! references. Expressions, themes and keys are kept as written: the rooms below compile them.

pub mod action;
pub mod auth;
pub mod backend;
pub mod capture;
mod checks;
pub mod document;
pub mod incident;
mod merge;
pub mod notify;
pub mod overrides;
pub mod panel;
pub mod place;
pub mod poll;
pub mod portable;
mod read;
mod read_incident;
mod read_service;
pub mod rules;
pub mod schema;
pub mod serve;
pub mod service;
pub mod settings;
pub mod shape;
pub mod slo;
mod syntax;
mod tree;
mod walk;

pub use self::notify::{Destination, Notify, NotifyKind, Ring};
pub use backend::{Asking, Backend, BackendKind, Flavour, Querying, Question, Want};
pub use overrides::{Attach, Layer, Overrides};
pub use panel::{Panel, PanelKind};
pub use place::{Place, Problem, Source, Spanned};
pub use read::beside;
pub use rules::{BuiltinRules, RuleFiles};
pub use service::{Band, Bands, BreakerStates, Derived, DerivedKind, Service, Signals};
pub use settings::{Actions, Ascii, Color, Engine, Environment, Pace, PollDefaults, Ui, Wall};
pub(crate) use walk::nearest;

use auth::Auth;
use poll::Poll;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The whole configuration, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The files that it was read from, the main one first.
    pub files: Vec<Arc<str>>,
    /// Their texts: for recordings, which get them without what opens a door.
    pub texts: portable::Texts,
    /// The pace of polling.
    pub poll: PollDefaults,
    /// What `{{.window}}` stands for in signals, unless a service says otherwise.
    pub window: Duration,
    /// Addresses that tell whether our own link works (`tcp://10.0.0.1:53`).
    pub reference: Vec<Spanned<String>>,
    /// `auth.NAME`.
    pub auth: BTreeMap<String, Auth>,
    /// `environment.NAME`.
    pub environments: BTreeMap<String, Environment>,
    /// `service.NAME`.
    pub services: BTreeMap<String, Service>,
    /// `notify.NAME`.
    pub notify: BTreeMap<String, Notify>,
    /// `panel.NAME`.
    pub panels: BTreeMap<String, Panel>,
    /// `incident`.
    pub incident: incident::Incident,
    /// `capture`.
    pub capture: capture::Captures,
    /// `serve`.
    pub serve: serve::Serve,
    /// `action.NAME`.
    pub actions: BTreeMap<String, action::Action>,
    /// `slo.NAME`.
    pub slos: BTreeMap<String, slo::Slo>,
    /// Files of sloth or `OpenSLO`, as patterns.
    pub slo_files: Vec<Spanned<String>>,
    /// What was found in them: `io::config` reads them, the plan reads them in.
    pub slo_sources: Vec<Source>,
    /// Theme files of the operator's own, by name: `io::config` reads them, the plan reads them in.
    pub themes: Vec<(String, Source)>,
    /// `rules.NAME`.
    pub rules: BTreeMap<String, RuleFiles>,
    /// The rules that come with warroom.
    pub builtin_rules: BuiltinRules,
    /// `backend.NAME`.
    pub backends: BTreeMap<String, Backend>,
    /// The engine.
    pub engine: Engine,
    /// The screen.
    pub ui: Ui,
    /// The warroom that is attached to, if one is: `--attach`.
    pub attach: Option<Attach>,
    /// `wall`.
    pub wall: Wall,
    /// Which source won, for each setting that is not part of a named table: key path -> source.
    pub origins: BTreeMap<String, Origin>,
}

/// Which source a value comes from: flag > environment > file > default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line: `--theme`.
    Flag(&'static str),
    /// A variable of the environment: `WARROOM_THEME`.
    Env(&'static str),
    /// A file.
    File(Place),
    /// Nobody said anything.
    Default,
}

impl Config {
    /// The pace of a service's polls.
    pub fn pace(&self, service: &Service) -> PollDefaults {
        service.pace.over(&self.poll)
    }

    /// The backend that answers a service's expressions; none: warroom's own engine does.
    pub fn backend_of(&self, service: &Service) -> Option<&Backend> {
        let named = service.engine.as_ref().unwrap_or(&self.engine.default);
        self.backends.get(&named.value)
    }

    /// The backend that answers the expressions of a set of rules; none: warroom's own engine does.
    pub fn backend_of_rules(&self, rules: &RuleFiles) -> Option<&Backend> {
        let named = rules.engine.as_ref().unwrap_or(&self.engine.default);
        self.backends.get(&named.value)
    }

    /// The pace of one poll of a service; its time-out is never above its interval.
    pub fn poll_pace(&self, service: &Service, poll: &Poll) -> PollDefaults {
        let mut pace = self.pace(service);
        pace.interval = poll.interval.unwrap_or(pace.interval);
        pace.timeout = poll.timeout.unwrap_or(pace.timeout).min(pace.interval);
        pace
    }
}

/// The most problems told at once.
const MOST_PROBLEMS: usize = 200;

impl Default for Config {
    /// What an empty file means.
    fn default() -> Self {
        let mut problems = Vec::new();
        read::config(&walked(&[], &mut problems), Vec::new(), &mut problems)
    }
}

/// Reads the configuration: the main file first, then what it includes.
///
/// # Errors
/// Every problem of every file, in the order of files and lines.
pub fn load(sources: &[Source]) -> Result<Config, Vec<Problem>> {
    let mut problems = Vec::new();
    let tree = walked(sources, &mut problems);
    let bad = problems.iter().any(|problem| problem.key.is_empty());
    let files = sources.iter().map(|source| Arc::from(source.name.as_str())).collect();
    let mut crossed = Vec::new();
    let mut config = read::config(&tree, files, &mut crossed);
    config.texts = portable::Texts::new(sources);
    // Names that refer to a file that could not be read would only be noise.
    if !bad {
        problems.append(&mut crossed);
    }
    if problems.is_empty() {
        return Ok(config);
    }
    let order = |problem: &Problem| sources.iter().position(|source| source.name == problem.file);
    problems.sort_by_key(|problem| (order(problem), problem.line, problem.column));
    if problems.len() > MOST_PROBLEMS {
        let more = problems.len() - MOST_PROBLEMS;
        problems.truncate(MOST_PROBLEMS);
        problems.push(Problem { message: format!("{more} more problems follow"), ..Problem::default() });
    }
    Err(problems)
}

/// The patterns of a file's `include` list, in its order; relative ones are meant from the file's folder.
///
/// # Errors
/// Problems of the list, and of the TOML that keep it from being read.
pub fn includes(source: &Source) -> Result<Vec<Spanned<String>>, Vec<Problem>> {
    // Most files include nothing, and `load` reads them anyway: they are not read twice. An escape could hide the word.
    if !source.text.contains("include") && !source.text.contains("\\u") && !source.text.contains("\\U") {
        return Ok(Vec::new());
    }
    let mut problems = Vec::new();
    let (mut root, errors) = syntax::parse(source);
    problems.extend(errors);
    if let syntax::Raw::Table(entries) = &mut root.raw {
        entries.retain(|entry| entry.key == "include");
    }
    let tree = walk::table(&root, "", &[shape::ROOT], &mut problems);
    if problems.is_empty() { Ok(tree.texts("include")) } else { Err(problems) }
}

/// The roots of the files that could be read.
fn parsed(sources: &[Source], problems: &mut Vec<Problem>) -> Vec<syntax::Node> {
    let mut roots = Vec::new();
    for source in sources {
        let (root, errors) = syntax::parse(source);
        if errors.is_empty() {
            roots.push(root);
        }
        problems.extend(errors);
    }
    roots
}

/// All files, merged and checked key by key.
fn walked(sources: &[Source], problems: &mut Vec<Problem>) -> tree::Tree {
    let merged = merge::merge(parsed(sources, problems), problems);
    walk::table(&merged, "", &[shape::ROOT], problems)
}
