//! What acts leave on the other screens: marks on graphs, and services that are warming up because of them.

use crate::action::ledger::Act;
use crate::action::{ActionKind, How};
use crate::model::Model;
use crate::units::Timestamp;
use std::time::Duration;

/// As many of the newest acts are looked at: this is asked for each poll and each graph.
const NEWEST: usize = 50;

impl Model {
    /// When an act restarted that instance of a service, ours or another warroom's, if that is no longer ago than
    /// `within`.
    pub fn restarted_at(&self, service: &str, instance: &str, within: Duration) -> Option<Timestamp> {
        let from = self.now - within;
        let restarts = |act: &Act| {
            let known = self.plan.actions.iter().find(|action| *action.name == *act.action.as_str());
            known.is_some_and(|action| matches!(action.kind, ActionKind::Restart | ActionKind::Rollback))
        };
        let of = self.newest(service).filter(|act| act.at >= from && restarts(act));
        let lines = of.flat_map(|act| &act.shots).filter(|line| {
            let done = matches!(line.ended, None | Some((How::Done | How::Unknown, _)));
            // One request alone speaks for the service.
            done && (line.of <= 1 || line.instance.as_str() == instance) && line.sent_at >= from
        });
        lines.map(|line| line.sent_at).max()
    }

    /// What was sent to a service since `from`, as marks on its graphs: seconds since 1970, and the action's name.
    pub fn act_marks(&self, service: &str, from: Timestamp) -> Vec<(f64, String)> {
        let sent = self.newest(service).filter_map(|act| Some((act.last_sent()?, act)));
        sent.filter(|(at, _)| *at >= from).map(|(at, act)| (at.seconds(), act.action.to_string())).collect()
    }

    fn newest(&self, service: &str) -> impl Iterator<Item = &Act> {
        let newest = self.acts.ledger.acts().iter().rev().take(NEWEST);
        newest.filter(move |act| act.service.as_str() == service)
    }
}
