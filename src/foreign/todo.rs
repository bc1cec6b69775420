//! What has to be done elsewhere before an incident counts as acknowledged: alerts that are not silenced yet, pages that
//! nobody has taken.

use super::backend::{Backend, Kind};
use super::book::Book;
use super::cluster::{Foreign, Picture};
use super::pagerduty::{PagerIncident, Wish, wish};
use super::silence::{Change, Draft};
use crate::action::Action;
use crate::incident::Incident;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The next thing to be done.
#[derive(Clone, Debug)]
pub enum Todo {
    /// These alerts of a backend are to be silenced.
    Silence(Arc<Picture>, Vec<Foreign>),
    /// This page is to be acknowledged.
    Page(Arc<Picture>, Box<PagerIncident>),
}

/// What is said about it.
#[derive(Clone, Debug, Default)]
pub struct Say<'a> {
    /// The environment of the incident's service, for backends that have none of their own.
    pub environment: Option<Arc<str>>,
    /// Why; may be empty.
    pub why: &'a str,
    /// For how long, if not as the backend says.
    pub span: Option<Duration>,
    /// Now.
    pub at: Timestamp,
}

impl Book {
    /// What has to be done next for this incident: silences first, one backend after the other, then pages.
    pub fn todo(&self, incident: &Incident) -> Option<Todo> {
        let behind = self.of_incident(incident);
        if let Some((picture, _)) = behind.iter().find(|(_, alert)| !alert.suppressed) {
            let same = behind.iter().filter(|(other, it)| other.backend == picture.backend && !it.suppressed);
            return Some(Todo::Silence(
                Arc::clone(picture),
                same.map(|(_, alert)| (*alert).clone()).collect(),
            ));
        }
        self.page(incident)
    }

    /// A page that nobody has taken.
    pub fn page(&self, incident: &Incident) -> Option<Todo> {
        let mut pages = self.pages(incident).into_iter().filter(|(_, page)| !page.acknowledged);
        pages.next().map(|(picture, page)| Todo::Page(Arc::clone(picture), Box::new(page.clone())))
    }
}

impl Todo {
    /// The backend's name.
    pub fn backend(&self) -> &Arc<str> {
        match self {
            Self::Silence(picture, _) | Self::Page(picture, _) => &picture.backend,
        }
    }

    /// The action that the door is to judge.
    ///
    /// # Errors
    /// A sentence: it cannot be put together.
    pub fn action(&self, backend: &Backend, incident: &Incident, say: Say<'_>) -> Result<Action, String> {
        let Say { environment, why, span, at } = say;
        match (self, &backend.kind) {
            (Self::Silence(picture, alerts), Kind::Alertmanager { silence, .. }) => {
                let alerts: Vec<&Foreign> = alerts.iter().collect();
                let change = Change::Make { alerts: &alerts, span: span.unwrap_or(*silence) };
                Draft { backend, picture, change, incident: Some(&incident.id), environment, why, at }
                    .action()
            }
            (Self::Page(_, page), _) => wish(backend, page, Wish::Acknowledge, environment),
            (Self::Silence(..), Kind::PagerDuty { .. }) => Err("PagerDuty has no silences".to_owned()),
        }
    }
}
