//! One `backend.NAME` of kind alertmanager or pagerduty, compiled: where it is, what is asked, what its words mean here.

use crate::action::Instance;
use crate::config::auth::Auth;
use crate::rules::Severities;
use crate::target::Route;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A system that knows incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// The table's name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// Its members: one, or those of a cluster, which tell each other what they know.
    pub peers: Vec<Peer>,
    /// Who we say we are.
    pub auth: Option<Arc<Auth>>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// How to get there.
    pub route: Arc<Route>,
    /// What one exchange may take.
    pub timeout: Duration,
    /// How often it is asked.
    pub interval: Duration,
    /// Whose rules hold for what is changed there; none: those of the service that it is about.
    pub environment: Option<Arc<str>>,
    /// What the label `severity` means, or PagerDuty's priorities and urgencies.
    pub severities: Severities,
}

/// What a backend is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Alertmanager, API v2.
    Alertmanager {
        /// Matchers of the alerts that are asked for.
        filter: Vec<String>,
        /// Regular expression of receivers.
        receiver: Option<String>,
        /// How long a silence lasts that an acknowledgement makes.
        silence: Duration,
        /// By how much one is extended.
        extend: Duration,
        /// Labels that do not tell alerts apart from our own: replica, cluster.
        ignore: Vec<String>,
        /// Labels that our own rule sets put on alerts only when they are sent: name and value.
        external: Vec<(String, String)>,
    },
    /// PagerDuty, REST API v2.
    PagerDuty {
        /// In whose name is written.
        from: Option<String>,
        /// Ids of teams; empty: all.
        teams: Vec<String>,
        /// Ids of services; empty: all.
        services: Vec<String>,
        /// Ids of schedules; empty: all.
        schedules: Vec<String>,
        /// Name or id of a service there -> name of the service here.
        map: Vec<(String, Arc<str>)>,
    },
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// `host:port`.
    pub name: Arc<str>,
    /// Its base URL, with the prefix if it has one.
    pub base: Url,
}

impl Backend {
    /// Its product, for people.
    pub const fn product(&self) -> &'static str {
        match self.kind {
            Kind::Alertmanager { .. } => "Alertmanager",
            Kind::PagerDuty { .. } => "PagerDuty",
        }
    }

    /// Product and name: `Alertmanager prod`.
    pub fn title(&self) -> String {
        format!("{} {}", self.product(), self.name)
    }

    /// What stands for it where an action names its service. No service can be called so: the colon keeps its acts
    /// apart from those on a service of the same name.
    pub fn subject(&self) -> Arc<str> {
        let word = if matches!(self.kind, Kind::PagerDuty { .. }) { "pagerduty" } else { "alertmanager" };
        format!("{word}:{}", self.name).into()
    }

    /// A URL below a member's base; `path` is ours and needs no encoding, the values of `query` do.
    pub fn url(&self, peer: &Peer, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = peer.base.clone();
        url.set_path(&format!("{}{path}", peer.base.path().trim_end_matches('/')));
        url.set_query(None);
        url.set_fragment(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Its members as an action may ask them, the one that `first` names first.
    pub(super) fn instances(&self, first: Option<&str>) -> Vec<Instance> {
        let mut out: Vec<Instance> = self
            .peers
            .iter()
            .map(|peer| Instance {
                name: Arc::clone(&peer.name),
                base: peer.base.clone(),
                auth: self.auth.clone(),
                route: Arc::clone(&self.route),
            })
            .collect();
        if let Some(at) = out.iter().position(|instance| first == Some(&*instance.name)) {
            out[..=at].rotate_right(1);
        }
        out
    }
}
