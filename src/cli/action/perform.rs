//! `warroom action run`: proposes, shows, asks the door, sends, and says what came of it.

use super::args::RunArgs;
use super::show::{outcome, outcome_json, proposal as shown, say, step, unknown, unknown_acts};
use super::{UNKNOWN, policy, state_folder};
use crate::action::entry::{self, How};
use crate::action::spec::{CheckKind, ParamKind, Settle};
use crate::action::verdict::{Effect, Verdict, judge};
use crate::action::{Action, Choice, Draft, Facts, Instance, Policy, Proposal, Refused, Typed, authorize};
use crate::cli::args::{Flags, Format};
use crate::cli::exit;
use crate::io::act::{OnDisk, Progress, Ran, Records, Stop};
use crate::io::identity;
use crate::io::two_key::Slips;
use crate::plan::Plan;
use crate::runtime::{Errand, now};
use crate::text::Clean;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// How long to look once more after it has settled, if nobody says.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// Does what is asked, if the door opens.
pub(super) fn perform(flags: &Flags, plan: &Arc<Plan>, window: Duration, args: &RunArgs) -> io::Result<u8> {
    let Some(action) = find(plan, args) else { return Ok(exit::USAGE) };
    let policy = policy(flags, plan, &args.service);
    let who = identity::who();
    // Before anything is asked of anybody: where nothing may be done, only looking is left.
    let allowed = policy.allows(&action, &who.user, now());
    if let (Err(why), false) = (&allowed, args.dry_run) {
        say(&why.to_string());
        return Ok(exit::NOT_PERMITTED);
    }
    let expressions = matches!(action.settle, Settle::Expr(_))
        || action.checks.iter().any(|check| matches!(check.kind, CheckKind::Expr(_)));
    let mut errand = Errand::begin(plan, &args.service, expressions)?;
    let proposal = match propose(&mut errand, &action, args, who) {
        Ok(proposal) => proposal,
        Err(why) => {
            say(&why.to_string());
            return Ok(exit::USAGE);
        }
    };
    let reason = Clean::new(args.reason.trim());
    let facts = {
        let first = proposal.instances().first();
        let fields = first.map(|instance| proposal.fields(instance, 0, &reason, now()));
        errand.facts(&args.service, &action, first.zip(fields.as_ref()))
    };
    let phrase = args.confirm.as_deref().filter(|phrase| *phrase == proposal.phrase() && !args.dry_run);
    if phrase.is_none() {
        let mut out = io::stdout().lock();
        out.write_all(shown(&proposal, &facts, &reason, now()).as_bytes())?;
        out.flush()?;
        if args.dry_run {
            return Ok(0);
        }
        if args.confirm.is_none() {
            say("nothing was sent: it asks for a phrase");
            return Ok(exit::NOT_PERMITTED);
        }
    }
    let typed = Typed::headless(&proposal, args.confirm.as_deref().unwrap_or(""), &args.reason, now());
    let folder = state_folder(flags)?;
    let mut records = match OnDisk::open(&folder) {
        Ok((records, _, _)) => records,
        Err(error) => {
            say(&format!("nothing was sent: without the journal nothing is: {error}"));
            return Ok(exit::IO);
        }
    };
    let mut ledger = records.ledger()?;
    let slips = slips(&policy, &action);
    if let Some(Ok(slips)) = &slips {
        for slip in slips.read()? {
            ledger.take_slip(&slip, proposal.who(), |_| policy.clone());
        }
    }
    unknown_acts(&ledger, Some(&args.service), now());
    let authorized = match authorize(&policy, &ledger, proposal.clone(), &typed, &facts, now()) {
        Ok(authorized) => authorized,
        Err(why) => return Ok(refused(&mut records, slips, &proposal, &reason, &why)),
    };
    let stop = Stop::default();
    let (mut last, mut settled_at) = (String::new(), now());
    let no_follow = args.no_follow && !args.follow;
    let ending = stop.clone();
    let mut tell = |progress: Progress| {
        if let Some(text) = step(&progress, &mut last) {
            let _ = writeln!(io::stderr(), "{text}");
        }
        if no_follow && matches!(progress, Progress::Sent(_)) {
            ending.now();
        }
        settled_at = now();
    };
    let (ran, mut records) = errand.perform(authorized, &policy, Box::new(records), &stop, &mut tell);
    let verdict = ran.is_settled().then(|| {
        errand.poll_now();
        errand.look(args.watch.unwrap_or(LAST_LOOK));
        let after = errand.facts(&args.service, &action, None);
        let verdict = judge(proposal.facts(), &after, now().since(settled_at), window);
        if args.watch.is_some() { verdict } else { unjudged(verdict) }
    });
    if let Some(verdict) = verdict.as_ref().filter(|verdict| verdict.effect != Effect::TooEarly)
        && let Err(error) = records.append(&[entry::verdict(&proposal, verdict, now())])
    {
        say(&format!("the journal does not have the verdict: {error}"));
    }
    let code = code(&ran, verdict.as_ref(), no_follow);
    let mut out = io::stdout().lock();
    match args.output {
        Format::Text => out.write_all(outcome(&ran, verdict.as_ref()).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", outcome_json(&proposal, &ran, verdict.as_ref(), code))?,
    }
    out.flush().map(|()| code)
}

/// Figures of the first moments are shown and not judged: a cache that was emptied is slow first.
fn unjudged(verdict: Verdict) -> Verdict {
    let note = "the first moments; --watch SPAN looks longer and judges".to_owned();
    Verdict { effect: Effect::TooEarly, note, ..verdict }
}

/// The exit code.
fn code(ran: &Ran, verdict: Option<&Verdict>, no_follow: bool) -> u8 {
    match ran.how() {
        How::Unknown => UNKNOWN,
        How::Failed | How::NotSent => 1,
        How::Withdrawn => exit::NOT_PERMITTED,
        How::Done if verdict.is_some_and(|verdict| verdict.effect == Effect::Worse) => 1,
        How::Done if ran.stopped.is_some() => exit::NOT_PERMITTED,
        How::Done if ran.is_settled() || (no_follow && ran.shots.len() == ran.of) => 0,
        How::Done => 1,
    }
}

fn find(plan: &Plan, args: &RunArgs) -> Option<Arc<Action>> {
    if !plan.services.iter().any(|service| *service.name == *args.service) {
        unknown("service", &args.service, plan.services.iter().map(|service| &*service.name));
        return None;
    }
    let offered = |action: &&Arc<Action>| action.offer(&args.service).is_some();
    let found = plan.actions.iter().filter(offered).find(|action| *action.name == *args.action);
    if found.is_none() {
        let names = plan.actions.iter().filter(offered).map(|action| &*action.name);
        unknown(&format!("action for {}", args.service), &args.action, names);
    }
    found.cloned()
}

/// Puts the proposal together: asks for what is listed, and looks at what is true.
fn propose(
    errand: &mut Errand,
    action: &Arc<Action>,
    args: &RunArgs,
    who: crate::journal::Who,
) -> Result<Proposal, Refused> {
    let invalid =
        |name: &str, why: &str| Refused::ParamInvalid { name: Clean::new(name), why: Clean::new(why) };
    let mut values = BTreeMap::new();
    for (name, value) in &args.values {
        if values.insert(name.clone(), value.clone()).is_some() {
            return Err(invalid(name, "is given twice"));
        }
    }
    let offer = action.offer(&args.service);
    let wanted = args.instance.first();
    let listed_on: Option<&Instance> = offer.and_then(|offer| {
        offer.instances.iter().find(|instance| wanted.is_none_or(|name| *instance.name == **name))
    });
    let mut choices: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    for param in &action.params {
        let (ParamKind::Listed(listing), Some(instance)) = (&param.kind, listed_on) else { continue };
        let fields = action.fields(&args.service, instance);
        let found = errand.choices(instance, listing, &fields);
        let found = found.map_err(|why| invalid(&param.name, &format!("its list cannot be read: {why}")))?;
        if !values.contains_key(&param.name) && param.default.is_none() {
            let told: Vec<String> =
                found.iter().filter(|choice| !choice.current).map(|c| c.value.clone()).collect();
            return Err(invalid(&param.name, &format!("has no value: one of {}", told.join(", "))));
        }
        choices.insert(param.name.clone(), found);
    }
    let facts = errand.facts(&args.service, action, None);
    Proposal::new(Draft {
        action: Arc::clone(action),
        service: args.service.as_str().into(),
        instances: args.instance.iter().map(|name| name.as_str().into()).collect(),
        values,
        choices,
        who,
        incident: args.incident.clone(),
        facts: Facts { checks: Vec::new(), ..facts },
        nonce: identity::nonce().get(..8).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0),
        at: now(),
    })
}

/// Says why, and writes it down: that somebody tried is for the record too.
fn refused(
    records: &mut OnDisk,
    slips: Option<io::Result<Slips>>,
    proposal: &Proposal,
    reason: &Clean,
    why: &Refused,
) -> u8 {
    say(&format!("nothing was sent: {why}"));
    let asks = matches!(why, Refused::NeedsSecondPerson { .. });
    let line =
        if asks { entry::proposed(proposal, reason, now()) } else { entry::refused(proposal, why, now()) };
    if let Err(error) = records.append(std::slice::from_ref(&line)) {
        say(&format!("the journal does not have it: {error}"));
    }
    if let Some(slips) = slips.filter(|_| asks)
        && let Err(error) = slips.and_then(|slips| slips.lay(&line))
    {
        say(&format!("nobody else can see the proposal: {error}"));
    }
    exit::NOT_PERMITTED
}

/// Where two people exchange proposals and approvals, if it takes two.
fn slips(policy: &Policy, action: &Action) -> Option<io::Result<Slips>> {
    policy.needs_second(action).then(|| Slips::open(&policy.two_key_folder))
}
