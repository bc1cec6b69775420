//! What a restart will cost of the error budget: estimated from what earlier ones took, and said as an estimate.

use crate::action::verdict::restart_cost;
use crate::action::{ActionKind, How, Proposal};
use crate::model::Model;
use crate::units::format_duration;
use std::time::Duration;

/// Of the earlier acts, at most the last so many count.
const LAST: usize = 5;

impl Model {
    /// What a restart will cost, in a sentence; none if it is no restart.
    pub fn restart_costs(&self, proposal: &Proposal) -> Option<String> {
        let action = proposal.action();
        if action.kind != ActionKind::Restart {
            return None;
        }
        let service = proposal.service();
        let plan = self.plan.services.iter().find(|plan| plan.name == *service)?;
        let same = self
            .acts
            .ledger
            .acts()
            .iter()
            .rev()
            .filter(|act| act.service.as_str() == &**service && act.action.as_str() == &*action.name);
        let took = same.flat_map(|act| &act.shots).filter_map(|line| {
            let (how, at) = line.ended?;
            (how == How::Done).then(|| at.since(line.sent_at))
        });
        let took: Vec<Duration> = took.take(LAST).collect();
        // The longest: a cost that is told too low misleads.
        let (away, basis) = match took.iter().max() {
            Some(longest) => (*longest, format!("the longest of the last {}", took.len())),
            None => (plan.policy.warmup, "its warm-up, none was done yet".to_owned()),
        };
        let away = Duration::from_secs(away.as_secs().max(1));
        let instances = usize::try_from(proposal.facts().instances.1).unwrap_or(1).max(1);
        let cost = restart_cost(instances, away);
        let range = if cost.least == cost.most {
            format!("about {}", format_duration(cost.most))
        } else {
            format!("at most {}", format_duration(cost.most))
        };
        let share = self.slos.of_service(service).and_then(|slo| {
            let (left, seconds) = (slo.left?, slo.left_seconds?);
            // The whole, from what is left of it; nothing can be said of a budget that is just used up.
            let whole = seconds / left;
            (whole.is_finite() && whole > 0.0).then(|| cost.most.as_secs_f64() / whole * 100.0)
        });
        let share = share.map_or_else(
            || ", its budget is not known".to_owned(),
            |share| format!(" = {share:.1}% of the budget"),
        );
        Some(format!("{range} of outage{share} ({basis})"))
    }
}
