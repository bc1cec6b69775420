//! An action, compiled: what it asks, of whom, how it is followed and when it has settled. Plain data.

use super::listing::Listing;
use super::request::RequestSpec;
use super::template::{JsonTemplate, Template};
use crate::config::auth::Auth;
use crate::promql::Expr;
use crate::target::Route;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// One action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// What sort of thing it does; an environment may allow some only.
    pub kind: ActionKind,
    /// For people: `Restart every process`.
    pub title: String,
    /// How much harm it could do, and so what it asks for.
    pub hazard: Hazard,
    /// Which services it is for.
    pub offers: Vec<Offer>,
    /// Of which of their instances it is asked.
    pub reach: Reach,
    /// What is sent.
    pub request: RequestSpec,
    /// Statuses that mean that it was accepted.
    pub accept: Vec<u16>,
    /// Holes with fixed values; they may hold `{service}` and `{environment}`.
    pub vars: Vec<(String, Template)>,
    /// What must be chosen or given.
    pub params: Vec<Param>,
    /// How an accepted one is followed to its end.
    pub job: Option<Job>,
    /// When it has settled.
    pub settle: Settle,
    /// How long it may take to settle.
    pub settle_limit: Duration,
    /// How long after it the same action on the same service is refused.
    pub cool_down: Duration,
    /// What must hold before it is sent.
    pub checks: Vec<Check>,
    /// Must a reason be given, whatever the hazard?
    pub needs_reason: bool,
    /// The header that carries the idempotency key; empty: none.
    pub idempotency_header: String,
    /// The header that carries the reason; empty: none.
    pub reason_header: String,
    /// Error codes of the service, and what they mean.
    pub errors: Vec<(String, String)>,
    /// Something to know before one does it.
    pub note: String,
}

/// What sort of thing an action does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// Processes are started anew.
    Restart,
    /// A cache is emptied.
    FlushCache,
    /// Another version is run.
    Rollback,
    /// Somebody else's alerts are silenced, or heard again.
    Silence,
    /// A page is acknowledged, resolved or written upon.
    Page,
    /// Anything else.
    #[default]
    Custom,
}

impl ActionKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Restart, Self::FlushCache, Self::Rollback, Self::Silence, Self::Page, Self::Custom];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::FlushCache => "flush-cache",
            Self::Rollback => "rollback",
            Self::Silence => "silence",
            Self::Page => "page",
            Self::Custom => "custom",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Does it change a service? Silences and pages change who is told of it, and nothing that users feel: they are what
    /// people on call need most while services must not be touched.
    pub const fn changes_service(self) -> bool {
        !matches!(self, Self::Silence | Self::Page)
    }
}

/// How much harm an action could do. The order is that of harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hazard {
    /// It mends itself: one `y`.
    Reversible,
    /// The whole service feels it: its name is typed.
    Service,
    /// What users get changes: name and reason.
    #[default]
    Production,
}

impl Hazard {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Reversible, Self::Service, Self::Production];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reversible => "reversible",
            Self::Service => "service",
            Self::Production => "production",
        }
    }

    /// The hazard of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hazard| hazard.word() == word)
    }
}

/// Of which instances an action is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Any one: it speaks for the service.
    #[default]
    Any,
    /// Each, one right after the other; what one answers does not keep the next from being asked.
    All,
    /// Each, one at a time, waiting for it to settle, stopping at the first that does not.
    Rolling,
}

impl Reach {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Any, Self::All, Self::Rolling];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
            Self::Rolling => "rolling",
        }
    }

    /// The reach of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.word() == word)
    }
}

/// A service that an action is for.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The service.
    pub service: Arc<str>,
    /// Its environment.
    pub environment: Option<Arc<str>>,
    /// Where it can be asked.
    pub instances: Vec<Instance>,
}

/// Where an action can be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// `host:port`, as the label `instance` says it.
    pub name: Arc<str>,
    /// Base URL: scheme and host of every request of the action.
    pub base: Url,
    /// Who we say we are.
    pub auth: Option<Arc<Auth>>,
    /// How to get there.
    pub route: Arc<Route>,
}

/// Something that must be chosen or given.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name: the hole `{name}`.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it may be.
    pub kind: ParamKind,
    /// What it is if nobody says anything.
    pub default: Option<String>,
}

/// What a parameter may be.
#[derive(Clone, Debug)]
pub enum ParamKind {
    /// Any text that fits.
    Free {
        /// The whole of it must match.
        pattern: Option<regex::Regex>,
        /// The most characters.
        max: usize,
    },
    /// One of these.
    OneOf(Vec<String>),
    /// One of those that an endpoint lists.
    Listed(Listing),
}

/// How an accepted action is followed.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where the job can be asked for.
    pub url: JobUrl,
    /// JSON pointer to its state.
    pub state: String,
    /// States that mean that it was done.
    pub done: Vec<String>,
    /// States that mean that it failed.
    pub failed: Vec<String>,
    /// JSON pointer to what went wrong.
    pub error: Option<String>,
    /// JSON pointer to a log: a text or a list of texts.
    pub log: Option<String>,
    /// How often it is asked.
    pub interval: Duration,
    /// How long it is followed.
    pub limit: Duration,
}

/// Where a job can be asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum JobUrl {
    /// A header of the answer, such as `Location`: a path on the instance, or a URL of the same host.
    Header(String),
    /// A JSON pointer into the answer: an id for [`JobUrl::Path`]'s `{job}`, a path, or a URL of the same host.
    Pointer {
        /// Where it stands in the answer.
        pointer: String,
        /// The path that it fills, as `{job}`; none: it is a path itself.
        path: Option<Template>,
    },
    /// A path that needs nothing of the answer.
    Path(Template),
}

/// When an action has settled.
#[derive(Clone, Debug)]
pub enum Settle {
    /// When every instance that was asked answers and is up.
    Health,
    /// When the expression gives something that is not zero.
    Expr(Expr),
    /// When what a path answers fits.
    Get {
        /// The path on the instance.
        path: Template,
        /// What must hold of the answer.
        when: Vec<super::listing::Condition>,
    },
    /// At once: there is nothing to wait for.
    Nothing,
}

/// What must hold before an action is sent.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name in the configuration.
    pub name: String,
    /// What it says to people if it does not hold.
    pub otherwise: String,
    /// How it is made.
    pub kind: CheckKind,
}

/// How a pre-check is made.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// The expression must give something.
    Expr(Expr),
    /// What a request answers must fit. With a method other than GET it is one that changes nothing by its contract
    /// (a dry run, an access review); only the door's own sender may send it.
    Ask {
        /// The request.
        request: RequestSpec,
        /// Statuses that will do; empty: 200..=299.
        status: Vec<u16>,
        /// What must hold of the answer.
        when: Vec<super::listing::Condition>,
    },
}

impl Action {
    /// The offer for a service.
    pub fn offer(&self, service: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| &*offer.service == service)
    }

    /// The parameter of that name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// What must be typed for it: `y`, or the service's name.
    pub fn phrase<'a>(&self, service: &'a str) -> &'a str {
        if self.hazard == Hazard::Reversible { "y" } else { service }
    }

    /// Must a reason be given?
    pub fn asks_reason(&self) -> bool {
        self.needs_reason || self.hazard == Hazard::Production
    }

    /// The longest that one request with everything after it may take: after that nobody waits for it any more.
    pub fn patience(&self) -> Duration {
        self.request.timeout + self.job.as_ref().map_or(Duration::ZERO, |job| job.limit)
    }
}

impl Action {
    /// The holes that are known before there is a proposal: what a list is asked with.
    pub fn fields(&self, service: &str, instance: &Instance) -> super::template::Fields {
        let environment = self.offer(service).and_then(|offer| offer.environment.as_deref()).unwrap_or("");
        let known = [("service", service), ("instance", &*instance.name), ("environment", environment)];
        let mut fields: super::template::Fields =
            known.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        super::request::add_vars(self, &mut fields);
        fields
    }

    /// A body that was configured as JSON, for tests and presets.
    ///
    /// # Errors
    /// As [`JsonTemplate::parse`].
    pub fn json_body(value: &serde_json::Value) -> Result<super::request::BodySpec, String> {
        Ok(super::request::BodySpec::Json(JsonTemplate::parse(value)?, "application/json".to_owned()))
    }
}
