//! What PagerDuty tells, as a picture: its open incidents as alerts of ours, and who is on call.

use super::backend::{Backend, Kind};
use super::cluster::{Foreign, PeerHealth, Picture, places};
use super::pagerduty::{OnCall, PagerIncident};
use crate::incident;
use crate::rules::{self, AlertState, Origin};
use crate::severity::Severity;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that PagerDuty told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pager {
    /// Its open incidents, the oldest first; each stands at the same place as its alert in the picture.
    pub incidents: Vec<PagerIncident>,
    /// Who is on call, the first to be called first.
    pub on_call: Vec<OnCall>,
}

impl Pager {
    /// The picture of what it told at `at`. `services`: the names of the services that are known here: one of the same
    /// name is taken for the same, unless `map` says otherwise.
    pub fn picture(
        self,
        backend: &Backend,
        services: &[Arc<str>],
        health: PeerHealth,
        deaf: bool,
        at: Timestamp,
    ) -> Picture {
        let map = match &backend.kind {
            Kind::PagerDuty { map, .. } => map.as_slice(),
            Kind::Alertmanager { .. } => &[],
        };
        let alerts: Vec<Foreign> =
            self.incidents.iter().map(|it| foreign(backend, it, owner(map, services, it))).collect();
        Picture {
            backend: Arc::clone(&backend.name),
            at,
            by_note: places(&alerts),
            alerts,
            silences: BTreeMap::new(),
            peers: vec![health],
            deaf,
            pager: Some(Box::new(self)),
        }
    }
}

/// Whose it is: as the table says, by id or by name, else the service of that name.
fn owner(map: &[(String, Arc<str>)], services: &[Arc<str>], it: &PagerIncident) -> Arc<[Arc<str>]> {
    let (id, name) = (&*it.service.0, it.service.1.as_str());
    let told = map.iter().find(|(key, _)| key == id || key.eq_ignore_ascii_case(name));
    let told = told.map(|(_, service)| Arc::clone(service));
    told.or_else(|| services.iter().find(|known| known.eq_ignore_ascii_case(name)).cloned())
        .into_iter()
        .collect()
}

fn foreign(backend: &Backend, it: &PagerIncident, services: Arc<[Arc<str>]>) -> Foreign {
    let labels = it.labels();
    let name: Arc<str> = "PagerDutyIncident".into();
    let severity = match (&it.priority, it.urgency.as_str()) {
        (None, "high") => Severity::P1,
        (None, "low") => Severity::P3,
        _ => backend.severities.of(&labels),
    };
    let mut annotations: Vec<(Arc<str>, String)> = vec![("summary".into(), it.title.to_string())];
    annotations.extend(it.url.iter().map(|url| ("runbook_url".into(), url.clone())));
    Foreign {
        fingerprint: it.id.clone(),
        bare: labels.clone(),
        severity,
        notes: incident::fingerprints(&services, &name, &labels),
        group: format!("pagerduty_service={}", it.service.1).into(),
        suppressed: false,
        silenced_by: Vec::new(),
        inhibited_by: Vec::new(),
        muted_by: Vec::new(),
        held: false,
        services,
        alert: rules::Alert {
            origin: Origin::Backend(Arc::clone(&backend.name)),
            group: Arc::default(),
            name,
            labels,
            annotations,
            state: AlertState::Firing,
            value: f64::NAN,
            active_at: it.created_at,
            fired_at: Some(it.created_at),
            resolved_at: None,
            keep_firing_since: None,
        },
    }
}
