//! `warroom action approve`: shows what somebody else has proposed, and lets it through.

use super::args::ApproveArgs;
use super::show::say;
use super::{policy, state_folder};
use crate::action::ledger::Act;
use crate::action::{Ledger, door};
use crate::cli::args::Flags;
use crate::cli::exit;
use crate::io::act::{OnDisk, Records as _};
use crate::io::identity;
use crate::io::two_key::Slips;
use crate::plan::Plan;
use crate::runtime::now;
use crate::text::Clean;
use crate::units::format_duration;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// Lists what waits, shows it, or approves it.
pub(super) fn approve(flags: &Flags, plan: &Plan, args: &ApproveArgs) -> io::Result<u8> {
    let ledger = waiting(flags, plan);
    let mut out = io::stdout().lock();
    let Some(id) = &args.id else {
        let open: Vec<&Act> = ledger.open_proposals(now()).collect();
        if open.is_empty() {
            writeln!(out, "nothing waits for a second person")?;
        }
        for act in open {
            write!(out, "{}", shown(act))?;
        }
        return out.flush().map(|()| 0);
    };
    let open = ledger.open_proposal(id, now());
    let policy = policy(flags, plan, open.map_or("", |act| act.service.as_str()));
    let line = match door::approve(&policy, &ledger, id, &identity::who(), now()) {
        Ok(line) => line,
        Err(why) => {
            say(&why.to_string());
            for act in ledger.open_proposals(now()) {
                say(&format!("open: {} {}", act.id, act.title()));
            }
            return Ok(exit::NOT_PERMITTED);
        }
    };
    let Some(act) = open else { return Ok(exit::NOT_PERMITTED) };
    write!(out, "{}", shown(act))?;
    out.flush()?;
    if args.confirm.as_deref() != Some(act.service.as_str()) {
        let text = format!("nothing was approved: give the same command with --confirm {}", act.service);
        say(&text);
        return Ok(exit::NOT_PERMITTED);
    }
    let slips = Slips::open(&policy.two_key_folder)?;
    // The own journal first: what somebody let through is on record before it can be used.
    OnDisk::open(&state_folder(flags)?)?.0.append(std::slice::from_ref(&line))?;
    slips.lay(&line)?;
    let by = &act.who.user;
    writeln!(out, "approved: {by} can give the same command again, within half an hour")?;
    out.flush().map(|()| 0)
}

/// What all folders of the configuration hold, and what the own journal knows.
fn waiting(flags: &Flags, plan: &Plan) -> Ledger {
    let read = state_folder(flags).and_then(|folder| {
        crate::io::journal::read(&folder, crate::io::journal::Options::default().read_back)
    });
    let mut ledger = Ledger::of(&read.map(|(entries, _)| entries).unwrap_or_default());
    let two = plan.policies.values().filter(|policy| policy.two_key.is_some());
    let folders: BTreeSet<&PathBuf> = two.map(|policy| &policy.two_key_folder).collect();
    for folder in folders {
        match Slips::open(folder).and_then(|slips| slips.read()) {
            Ok(slips) => slips.iter().for_each(|slip| ledger.take(slip)),
            Err(error) => say(&error.to_string()),
        }
    }
    ledger
}

/// What was proposed, with the exact requests.
fn shown(act: &Act) -> String {
    let mut out = format!("{} on {}", act.action, act.service);
    let age = Duration::from_secs(now().since(act.at).as_secs());
    let host = if act.who.host.is_empty() { String::new() } else { format!("@{}", act.who.host) };
    let _ = writeln!(
        out,
        " ({}), proposed by {}{host} {} ago",
        act.environment,
        act.who.user,
        format_duration(age)
    );
    for (name, value) in &act.params {
        let _ = writeln!(out, "  {name}: {value}");
    }
    if !act.reason.is_empty() {
        let _ = writeln!(out, "  because: {}", act.reason);
    }
    for request in act.what.get("requests").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| Clean::new(request.get(key).and_then(Value::as_str).unwrap_or(""));
        let body =
            request.get("body").filter(|body| !body.is_null()).map(|body| Clean::new(&format!(" {body}")));
        let _ = writeln!(out, "  {} {}{}", text("method"), text("url"), body.unwrap_or_default());
    }
    let _ = writeln!(out, "  id: {}", act.id);
    out
}
