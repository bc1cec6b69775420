//! A channel: where notices go, and which of them.

use super::quiet::quiet_until;
use super::{Change, Notice, Quiet, Rate};
use crate::config::auth::{Auth, SecretList, SecretRef};
use crate::severity::Severity;
use crate::target::Route;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// One `notify.NAME`, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// The table's name.
    pub name: Arc<str>,
    /// What it is.
    pub via: Via,
    /// Incidents below it are not told, unless the channel knows them already.
    pub floor: Severity,
    /// From this severity on neither quiet hours nor an empty bucket keep a notice back.
    pub urgent: Severity,
    /// When nothing else is to be sent.
    pub quiet: Vec<Quiet>,
    /// How many messages in how long.
    pub rate: Rate,
    /// Only incidents of these services; empty: all.
    pub services: Vec<String>,
    /// Only incidents of these environments; empty: all.
    pub environments: Vec<String>,
    /// Who we say we are.
    pub auth: Option<Arc<Auth>>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// How to get there.
    pub route: Arc<Route>,
    /// What one attempt may take.
    pub timeout: Duration,
    /// For how long a delivery that fails is tried again.
    pub retry_for: Duration,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The operator's own terminal: bell or OSC. A dashboard has this channel and no other.
    Terminal,
    /// A POST of JSON, described in `docs/notifications.md`.
    Webhook(Address),
    /// A POST of `{"text": ...}`.
    Chat(Address),
    /// A Slack incoming webhook.
    Slack(Address),
    /// PagerDuty, Events API v2.
    PagerDuty {
        /// Where events go.
        url: Address,
        /// Integration keys, tried in turn.
        key: SecretList,
    },
    /// Alertmanager, API v2.
    Alertmanager {
        /// The server, without `/api/v2/alerts`.
        url: Address,
        /// Alerts that still fire are sent again so often.
        resend: Duration,
    },
}

/// A URL, or where it is to be found: those of chat webhooks are secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// As written.
    Plain(Url),
    /// A reference.
    Secret(SecretRef),
}

impl Via {
    /// Its word in the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Webhook(_) => "webhook",
            Self::Chat(_) => "chat",
            Self::Slack(_) => "slack",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Alertmanager { .. } => "alertmanager",
        }
    }

    /// Where it goes, and the path behind that.
    pub fn address(&self) -> Option<(&Address, &'static str)> {
        match self {
            Self::Terminal => None,
            Self::Webhook(url) | Self::Chat(url) | Self::Slack(url) | Self::PagerDuty { url, .. } => {
                Some((url, ""))
            }
            Self::Alertmanager { url, .. } => Some((url, "/api/v2/alerts")),
        }
    }

    /// Does the other side keep a state for each incident, so that only the newest change of one matters?
    pub(super) fn keeps_state(&self) -> bool {
        matches!(self, Self::PagerDuty { .. } | Self::Alertmanager { .. })
    }
}

impl Channel {
    /// How a dashboard tells its operator: by the terminal, at most six times a minute.
    pub fn terminal(floor: Severity, quiet: Vec<Quiet>) -> Self {
        Self {
            name: "terminal".into(),
            via: Via::Terminal,
            floor,
            urgent: Severity::P0,
            quiet,
            rate: Rate { count: 6, per: Duration::from_secs(60) },
            services: Vec::new(),
            environments: Vec::new(),
            auth: None,
            headers: Vec::new(),
            route: Arc::new(Route::default()),
            timeout: Duration::from_secs(10),
            retry_for: Duration::ZERO,
        }
    }

    /// Is a change of that service, environment and kind any of its business?
    pub(super) fn concerns(&self, notice: &Notice) -> bool {
        if notice.change == Change::Test {
            return true;
        }
        // What other systems tell of is known where it comes from: sent there it would come back as something new.
        if notice.elsewhere && self.via.keeps_state() {
            return false;
        }
        let among = |list: &[String], name: Option<&Arc<str>>| {
            list.is_empty() || name.is_some_and(|name| list.iter().any(|known| **known == **name))
        };
        let kind = match self.via {
            // It has no word for people's doings; a silence would be one, and those go through the door.
            Via::Alertmanager { .. } => {
                notice.change.flips()
                    || matches!(notice.change, Change::SeverityRaised | Change::SeverityLowered)
            }
            _ => true,
        };
        kind && among(&self.services, notice.service.as_ref())
            && among(&self.environments, notice.environment.as_ref())
    }

    /// When it is not quiet any more; none where it is not.
    pub fn quiet_until(&self, at: Timestamp) -> Option<Timestamp> {
        quiet_until(&self.quiet, at)
    }
}
