//! What is true of a service, for the door of actions: read off the same model that the screen shows.

use super::Model;
use super::chart::options;
use super::rows::{ServiceRow, TargetRow};
use crate::action::facts::Figures;
use crate::action::spec::{CheckKind, Settle};
use crate::action::{Action, Checked, Facts, Instance, Passed, Proposal};
use crate::plan::Signal;
use crate::promql::{self, Expr, Value};
use crate::target::BreakerState;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;

impl Model {
    /// What is true of a service now; none if there is no such service. Its pre-checks are not among it.
    pub fn facts(&self, service: &str) -> Option<Facts> {
        let row = self.living(service)?;
        let value = |signal| row.reading(signal).value;
        let slo = self.slos.of_service(service);
        let open = row.breakers.iter().filter(|breaker| breaker.seen.state != BreakerState::Closed);
        Some(Facts {
            seen_at: self.now,
            generation: self.plan.generation,
            health: row.state,
            instances: (row.instances.0 as u32, row.instances.1 as u32),
            version: row.version.clone(),
            breakers: open.map(|breaker| (breaker.seen.name.clone(), breaker.seen.state)).collect(),
            figures: Figures {
                p95: value(Signal::Latency),
                errors: value(Signal::Errors),
                // The shortest window: a longer one still burns for what was before an act.
                burn: slo.and_then(|slo| slo.burns.first()?.rate),
                queue: row.queued(),
                requests: value(Signal::Requests),
            },
            budget_left: slo.and_then(|slo| slo.left),
            checks: Vec::new(),
        })
    }

    /// Makes those pre-checks of `action` that are expressions; those that ask an endpoint belong to the shell.
    pub fn checked(&self, action: &Action) -> Vec<Checked> {
        let made = action.checks.iter().filter_map(|check| {
            let CheckKind::Expr(expr) = &check.kind else { return None };
            let passed = match self.gives(expr) {
                Ok(Some(_)) => Passed::Yes,
                Ok(None) => Passed::No(Clean::new("the expression gives nothing")),
                Err(why) => Passed::Unknown(why),
            };
            Some(Checked { name: check.name.clone(), passed })
        });
        made.collect()
    }

    /// The same, for an act that has more than one request to send; for others nobody asks.
    pub fn checked_again(&self, proposal: &Proposal) -> Vec<Checked> {
        if proposal.instances().len() > 1 { self.checked(proposal.action()) } else { Vec::new() }
    }

    /// Has `action` settled on `instances` of `service`? With the moment of the oldest poll that counted, so that nobody takes
    /// what was seen before the act for its effect, and what is missing. Conditions on an endpoint are the shell's.
    pub fn settled(
        &self,
        action: &Action,
        service: &str,
        instances: &[Instance],
    ) -> (Timestamp, Result<(), Clean>) {
        let Some(row) = self.living(service) else {
            return (Timestamp::default(), Err(Clean::new("there is no such service")));
        };
        let rows = |row: &ServiceRow| -> Vec<&TargetRow> {
            row.targets.iter().filter_map(|id| self.fleet.targets.get(id.0 as usize)).collect()
        };
        let mut targets = rows(row);
        let asked = |target: &&TargetRow| instances.iter().any(|one| one.name == target.target.instance);
        if targets.iter().any(asked) {
            targets.retain(asked);
        }
        let oldest = targets.iter().map(|target| target.asked.unwrap_or_default()).min();
        let held = match &action.settle {
            Settle::Nothing | Settle::Get { .. } => Ok(()),
            Settle::Health => match targets.iter().find(|target| target.state != State::Up) {
                None => Ok(()),
                Some(target) => {
                    let (instance, poll) = (&target.target.instance, &target.target.poll);
                    Err(Clean::new(&format!("{instance} {poll} is {}", target.state.word())))
                }
            },
            Settle::Expr(expr) => match self.gives(expr) {
                Ok(Some(value)) if value != 0.0 => Ok(()),
                Ok(Some(_)) => Err(Clean::new(&format!("{} gives 0", expr.text()))),
                Ok(None) => Err(Clean::new(&format!("{} gives nothing", expr.text()))),
                Err(why) => Err(why),
            },
        };
        (oldest.unwrap_or_default(), held)
    }

    /// The first number that an expression gives now.
    fn gives(&self, expr: &Expr) -> Result<Option<f64>, Clean> {
        let answer = promql::eval(&self.store, expr, self.now, &options())
            .map_err(|error| Clean::new(&error.to_string()))?;
        Ok(match answer.value {
            Value::Scalar(value) => Some(value),
            Value::Vector(points) => points.first().map(|point| point.value),
            Value::Matrix(rows) => rows.first().and_then(|row| row.points.last()).map(|(_, value)| *value),
            Value::String(_) => None,
        })
    }

    /// The row of a service as it stands now, whatever the screen has frozen.
    fn living(&self, service: &str) -> Option<&ServiceRow> {
        self.fleet.services.iter().find(|row| &*row.name == service)
    }
}
