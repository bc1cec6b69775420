//! The box that asks: keys go to [`Confirm`], what it gives goes to the door. Nothing is decided here.

use super::super::say;
use crate::action::confirm::{Confirm, DISARM, Outcome};
use crate::action::{Press, Proposal, Refused, Typed, authorize, entry};
use crate::event::{Effect, Made};
use crate::journal::Entry;
use crate::keymap::{Chord, Key};
use crate::model::act::{Ask, Over};
use crate::model::{Changed, Model};
use crate::text::Clean;
use crate::units::Timestamp;

/// The most lines that can be scrolled.
pub(super) const SCROLL: usize = 500;

/// Opens the box.
pub(super) fn open(
    model: &mut Model,
    proposal: Proposal,
    opener: Option<Press>,
    reason: &str,
    said: Option<String>,
    effects: &mut Vec<Effect>,
) {
    let confirm = Confirm::open(&proposal, opener, model.now).with_reason(reason);
    let mut ask =
        Box::new(Ask { proposal, confirm, checks: Vec::new(), pending: 0, typed: None, said, scroll: 0 });
    check(&mut ask, effects);
    let policy = model.policy_of(&ask.proposal);
    if policy.needs_second(ask.proposal.action()) {
        // Somebody may have approved it since it was proposed.
        effects.push(Effect::TwoKey(policy.two_key_folder));
    }
    model.acts.over = Some(Over::Ask(ask));
    model.changed = Changed::Now;
}

/// Asks for the pre-checks that ask an endpoint, if there are any.
fn check(ask: &mut Ask, effects: &mut Vec<Effect>) {
    if ask.asks_endpoints() {
        ask.pending += 1;
        effects.push(Effect::Check(ask.proposal.id().to_owned()));
    }
}

/// A key as the box sees it.
pub(super) fn press(chord: Chord) -> Press {
    match chord.key {
        Key::Esc => Press::Escape,
        Key::Enter => Press::Enter,
        Key::Backspace => Press::Backspace,
        Key::Tab | Key::Down => Press::Next,
        Key::BackTab | Key::Up => Press::Previous,
        Key::Char('u') if chord.ctrl => Press::Clear,
        Key::Char(c) if !chord.ctrl && !chord.alt => Press::Char(c),
        _ => Press::Other,
    }
}

/// A key was pressed.
pub(super) fn key(model: &mut Model, mut ask: Box<Ask>, chord: Chord, effects: &mut Vec<Effect>) {
    if ask.typed.is_some() {
        // It waits for its pre-checks; only turning back is left.
        if chord.key == Key::Esc {
            return say(model, false, "cancelled: nothing was sent".to_owned());
        }
        model.acts.over = Some(Over::Ask(ask));
        return;
    }
    match chord {
        Chord { key: Key::PageDown, .. } => ask.scroll = (ask.scroll + 5).min(SCROLL),
        Chord { key: Key::PageUp, .. } => ask.scroll = ask.scroll.saturating_sub(5),
        Chord { key: Key::Char('y'), ctrl: true, .. } => {
            let requests = ask.proposal.requests(&Clean::new(ask.confirm.reason()), model.now);
            let mut lines: Vec<String> =
                requests.iter().flatten().map(crate::action::Request::curl).collect();
            // For those who would rather use its own tool.
            lines.extend(requests.iter().flatten().filter_map(crate::foreign::silence::amtool));
            effects.push(Effect::Copy(lines.join("\n")));
            say(model, false, "sent to the terminal's clipboard, with secrets as variables".to_owned());
        }
        _ => {}
    }
    match ask.confirm.key(press(chord), model.acts.heard_at) {
        Outcome::Open(said) => {
            ask.said = said.map(str::to_owned);
            model.acts.over = Some(Over::Ask(ask));
        }
        Outcome::Cancelled => say(model, false, "cancelled: nothing was sent".to_owned()),
        Outcome::Disarmed => disarmed(model),
        Outcome::Confirmed(typed) => confirmed(model, ask, typed, effects),
    }
}

/// A paste: a reason may be one, the phrase may not.
pub(super) fn pasted(ask: &mut Ask, text: &str, at: Timestamp) {
    if ask.typed.is_none()
        && let Outcome::Open(said) = ask.confirm.paste(text, at)
    {
        ask.said = said.map(str::to_owned);
    }
}

/// Time has passed: a box that nobody touches disarms.
pub(in super::super) fn tick(model: &mut Model) {
    let now = model.now;
    let Some(Over::Ask(ask)) = &mut model.acts.over else { return };
    match &ask.typed {
        Some(typed) if now.since(typed.at()) > DISARM => {
            model.acts.over = None;
            say(model, true, "the pre-checks did not answer in time: nothing was sent".to_owned());
        }
        Some(_) => {}
        None => {
            if !matches!(ask.confirm.tick(now), Outcome::Open(_)) {
                model.acts.over = None;
                disarmed(model);
            }
        }
    }
}

fn disarmed(model: &mut Model) {
    say(model, true, "nothing was done for 15 s: disarmed, nothing was sent".to_owned());
}

/// What is true is looked at once more, pre-checks included, and then the door decides.
fn confirmed(model: &mut Model, mut ask: Box<Ask>, typed: Typed, effects: &mut Vec<Effect>) {
    if !ask.asks_endpoints() {
        return decide(model, &ask, &typed, effects);
    }
    ask.typed = Some(typed);
    ask.said = Some("making the pre-checks once more".to_owned());
    check(&mut ask, effects);
    model.acts.over = Some(Over::Ask(ask));
}

/// Pre-checks were made.
pub(in super::super) fn checked(model: &mut Model, made: Made, effects: &mut Vec<Effect>) {
    match model.acts.over.take() {
        Some(Over::Ask(mut ask)) if ask.proposal.id() == made.id => {
            model.changed = Changed::Now;
            ask.checks = made.checks;
            ask.pending = ask.pending.saturating_sub(1);
            match ask.typed.take() {
                // Those of before the confirmation do not count.
                Some(typed) if ask.pending == 0 => decide(model, &ask, &typed, effects),
                typed => {
                    ask.typed = typed;
                    model.acts.over = Some(Over::Ask(ask));
                }
            }
        }
        other => model.acts.over = other,
    }
}

fn decide(model: &mut Model, ask: &Ask, typed: &Typed, effects: &mut Vec<Effect>) {
    let proposal = &ask.proposal;
    let facts = model.facts_for(proposal, &ask.checks);
    let policy = model.policy_of(proposal);
    match authorize(&policy, &model.acts.ledger, proposal.clone(), typed, &facts, model.now) {
        Ok(authorized) => {
            model.acts.over = Some(Over::Run(proposal.id().to_owned()));
            model.acts.put(authorized, model.now);
            model.changed = Changed::Now;
            effects.push(Effect::Act);
        }
        Err(Refused::NeedsSecondPerson { .. }) => {
            // It counts as proposed when somebody else can see it.
            let line = entry::proposed(proposal, typed.reason(), model.now);
            effects.push(Effect::Propose(policy.two_key_folder, line));
            say(model, false, "nothing was sent: it is laid down for a second person".to_owned());
        }
        Err(why) => {
            keep(model, entry::refused(proposal, &why, model.now), effects);
            let facts = model.facts(proposal.service()).unwrap_or_default();
            let renewed = proposal.clone().renewed(facts, model.acts.nonce(), model.now);
            let (said, reason) = (why.to_string(), typed.reason().clone());
            say(model, true, format!("nothing was sent: {said}"));
            open(model, renewed, Some(Press::Enter), reason.as_str(), Some(said), effects);
        }
    }
}

/// A line for the journal, which the ledger knows at once.
pub(super) fn keep(model: &mut Model, entry: Entry, effects: &mut Vec<Effect>) {
    model.acts.record(&entry);
    model.unsettled = true;
    effects.push(Effect::Journal(vec![entry]));
}
