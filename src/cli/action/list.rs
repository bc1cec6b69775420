//! `warroom action list`: nothing is polled and nothing is asked; the configuration and the journal say it all.

use super::{policy, state_folder};
use crate::action::spec::ParamKind;
use crate::action::{Action, Ledger, Offer, Refused};
use crate::cli::args::{Flags, Format};
use crate::cli::exit;
use crate::io::{identity, journal};
use crate::plan::Plan;
use crate::runtime::now;
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::{Value, json};
use std::io::{self, Write as _};
use std::sync::Arc;

/// One action on one service.
struct Row<'p> {
    action: &'p Arc<Action>,
    offer: &'p Offer,
    verdict: Result<(), Refused>,
}

/// Prints what can be done where.
pub(super) fn list(flags: &Flags, plan: &Plan, service: Option<&str>, output: Format) -> io::Result<u8> {
    let mut out = io::stdout().lock();
    if let Some(wanted) = service
        && !plan.services.iter().any(|known| &*known.name == wanted)
    {
        super::show::unknown("service", wanted, plan.services.iter().map(|known| &*known.name));
        return Ok(exit::USAGE);
    }
    let entries = state_folder(flags)
        .and_then(|folder| journal::read(&folder, journal::Options::default().read_back))
        .map(|(entries, _)| entries);
    let ledger = entries.map(|entries| Ledger::of(&entries)).unwrap_or_default();
    let (at, who) = (now(), identity::who());
    super::show::unknown_acts(&ledger, service, at);
    let mut rows = Vec::new();
    for action in &plan.actions {
        for offer in
            action.offers.iter().filter(|offer| service.is_none_or(|wanted| &*offer.service == wanted))
        {
            let allowed = policy(flags, plan, &offer.service).allows(action, &who.user, at);
            let verdict = allowed.and_then(|()| standing(&ledger, action, offer, at));
            rows.push(Row { action, offer, verdict });
        }
    }
    rows.sort_by(|a, b| (&a.offer.service, &a.action.name).cmp(&(&b.offer.service, &b.action.name)));
    match output {
        Format::Json => {
            let list: Vec<Value> = rows.iter().map(|row| row.json(flags, plan)).collect();
            writeln!(out, "{:#}", json!({ "schema": 1, "actions": list }))?;
        }
        Format::Text if rows.is_empty() => {
            writeln!(out, "no actions are configured: action.NAME says what may be changed, and how")?;
        }
        Format::Text => {
            let wide = |cell: &dyn Fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or(0);
            let service = wide(&|row| row.offer.service.len()).max(7);
            let name = wide(&|row| row.action.name.len()).max(6);
            writeln!(
                out,
                "{:service$}  {:name$}  {:10}  {:21}  NOW",
                "SERVICE", "ACTION", "HAZARD", "ASKS FOR"
            )?;
            for row in &rows {
                let (action, offer) = (row.action, row.offer);
                let hazard = action.hazard.word();
                let now = row.verdict.as_ref().map_or_else(ToString::to_string, |()| "ready".to_owned());
                writeln!(
                    out,
                    "{:service$}  {:name$}  {hazard:10}  {:21}  {now}",
                    offer.service,
                    action.name,
                    asks(action)
                )?;
                writeln!(
                    out,
                    "{:service$}  {:name$}  {}{}",
                    "",
                    "",
                    Clean::new(&action.title),
                    params(action)
                )?;
            }
        }
    }
    out.flush().map(|()| 0)
}

/// What stands against it that passes by itself.
fn standing(ledger: &Ledger, action: &Action, offer: &Offer, at: Timestamp) -> Result<(), Refused> {
    if let Some(act) = ledger.in_flight(&offer.service, at) {
        return Err(Refused::InFlight { what: Clean::new(&act.title()) });
    }
    match ledger.last_sent(&offer.service, &action.name).map(|sent| sent + action.cool_down) {
        Some(until) if at < until => Err(Refused::CoolingDown { until }),
        _ => Ok(()),
    }
}

fn asks(action: &Action) -> String {
    let phrase = if action.phrase("name") == "y" { "y" } else { "the name" };
    if action.asks_reason() { format!("{phrase} and a reason") } else { phrase.to_owned() }
}

/// ` (version: listed by /admin/versions)`
fn params(action: &Action) -> String {
    let told: Vec<String> =
        action.params.iter().map(|param| format!("{}={}", param.name, may_be(&param.kind))).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(" ")) }
}

fn may_be(kind: &ParamKind) -> String {
    match kind {
        ParamKind::Free { .. } => "TEXT".to_owned(),
        ParamKind::OneOf(words) => words.join("|"),
        ParamKind::Listed(_) => "one of a list".to_owned(),
    }
}

impl Row<'_> {
    fn json(&self, flags: &Flags, plan: &Plan) -> Value {
        let (action, offer) = (self.action, self.offer);
        let params: Vec<Value> = action
            .params
            .iter()
            .map(|param| {
                let choices = match &param.kind {
                    ParamKind::OneOf(words) => json!(words),
                    _ => Value::Null,
                };
                let listed = matches!(param.kind, ParamKind::Listed(_));
                json!({ "name": param.name, "title": param.title, "choices": choices, "listed": listed, "default": param.default })
            })
            .collect();
        let refused = self.verdict.as_ref().err();
        json!({
            "service": &*offer.service,
            "environment": offer.environment.as_deref(),
            "action": &*action.name,
            "title": action.title,
            "kind": action.kind.word(),
            "hazard": action.hazard.word(),
            "reach": action.reach.word(),
            "instances": offer.instances.iter().map(|instance| &*instance.name).collect::<Vec<_>>(),
            "phrase": action.phrase(&offer.service),
            "needs_reason": action.asks_reason(),
            "needs_second_person": policy(flags, plan, &offer.service).needs_second(action),
            "params": params,
            "note": action.note,
            "ready": refused.is_none(),
            "refused": refused.map(Refused::word),
            "why": refused.map(ToString::to_string),
        })
    }
}
