//! What two people lay down for each other, as the dashboard hears of it. The door decides what an approval is worth.

use super::super::say;
use crate::journal::Entry;
use crate::model::{Changed, Model};
use crate::text::Clean;
use serde_json::Value;

/// A proposal was laid down, or was not: then it was not proposed.
pub(in super::super) fn proposed(model: &mut Model, entry: &Entry, outcome: Result<(), Clean>) {
    let text = |name: &str| Clean::new(entry.details.get(name).and_then(Value::as_str).unwrap_or(""));
    match outcome {
        Ok(()) => {
            model.acts.record(entry);
            model.unsettled = true;
            let id = text("id");
            say(
                model,
                false,
                format!("proposed; somebody else runs: warroom action approve {id}   then do it again"),
            );
        }
        Err(why) => {
            let (action, service) = (text("action"), text("service"));
            say(
                model,
                true,
                format!("{action} on {service} was not proposed, nobody else can see it: {why}"),
            );
        }
    }
}

/// What lies in the folders now: own proposals, and who approved them.
pub(in super::super) fn slips(model: &mut Model, slips: &[Entry]) {
    for slip in slips {
        let mut ledger = std::mem::take(&mut model.acts.ledger);
        let approved = ledger.take_slip(slip, &model.who, |act| model.policy(act.service.as_str()));
        model.acts.ledger = ledger;
        if !approved {
            continue;
        }
        let id = Clean::new(slip.details.get("id").and_then(Value::as_str).unwrap_or(""));
        let Some(act) = model.acts.ledger.act(id.as_str()) else { continue };
        let text = format!(
            "{} approved {} on {}: do it again within half an hour, and you are asked again",
            slip.who.user, act.action, act.service
        );
        model.unsettled = true;
        model.changed = model.changed.max(Changed::Data);
        say(model, false, text);
    }
}
