//! The box that asks before anything is changed: what will be sent, what is true now, what must be typed.
//!
//! It only shows what [`crate::action::Confirm`] holds. What is asked for stays in view, whatever the height; what is
//! above it scrolls.

use super::draw;
use super::menu::{hazard_role, since};
use super::over::{Page, popup};
use super::progress::figures;
use crate::action::confirm::Focus;
use crate::action::spec::{CheckKind, Reach};
use crate::action::{Hazard, Passed, Proposal};
use crate::foreign::silence::amtool;
use crate::model::Model;
use crate::model::act::Ask;
use crate::model::rows::breaker_word;
use crate::target::BreakerState;
use crate::text::Clean;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(model: &Model, theme: &Theme, ask: &Ask, body: Rect, buf: &mut Buffer) {
    let proposal = &ask.proposal;
    let mut told = Page::new(theme, body);
    wish(model, ask, &mut told);
    standing(model, ask, &mut told);
    let mut asked = Page::new(theme, body);
    if let Some(said) = &ask.said {
        asked.put("", said, Role::Degraded);
    }
    fields(theme, ask, &mut asked);
    let environment = proposal.environment().map_or("no environment", |name| &**name);
    let left = ask.confirm.left(model.now).as_millis().div_ceil(1000);
    let more = crate::text::clean(&format!("{environment}   disarms in {left}s")).into_owned();
    let word = format!("{} on {}", proposal.action().name, proposal.service());
    let title = draw::title(&crate::text::clean(&word), &more, theme);
    let inner = popup(title, told.lines.len() + asked.lines.len(), theme, body, buf);
    let room = usize::from(inner.height).saturating_sub(asked.lines.len());
    let hidden = told.lines.len().saturating_sub(room);
    let top = ask.scroll.min(hidden);
    let height = room.min(told.lines.len()) as u16;
    let area = Rect { height, ..inner };
    for (row, line) in told.lines.iter().skip(top).take(usize::from(height)).enumerate() {
        buf.set_line(area.x, area.y + row as u16, line, area.width);
    }
    if hidden > 0 && inner.bottom() < body.bottom() {
        // On the border, where it covers nothing.
        let text = format!(" {} more: PgDn PgUp ", hidden - top.min(hidden));
        let width = u16::try_from(text.len()).unwrap_or(0).min(inner.width);
        buf.set_string(inner.right() - width, inner.bottom(), &text, theme.style(Role::Notice));
    }
    let rest = Rect { y: inner.y + height, height: inner.height.saturating_sub(height), ..inner };
    draw::lines(&asked.lines, rest, theme, buf);
}

/// What is wanted: of whom, before -> after, and the exact requests.
fn wish(model: &Model, ask: &Ask, page: &mut Page<'_>) {
    let proposal = &ask.proposal;
    let action = proposal.action();
    page.put("does", &action.title, Role::Title);
    let count = proposal.instances().len();
    let order = match action.reach {
        Reach::Any if !action.kind.changes_service() => "the others learn it from there",
        Reach::Any => "the first instance answers for the service",
        Reach::All => "each instance, one right after the other",
        Reach::Rolling => "one instance at a time, stopping at the first that does not settle",
    };
    let names: Vec<&str> = proposal.instances().iter().map(|instance| &*instance.name).collect();
    page.put("asks", &format!("{} ({order})", names.join(", ")), Role::Text);
    for chosen in proposal.params() {
        let value = |choice: &crate::action::Choice| {
            let label = if choice.label.as_str() == choice.value { "" } else { choice.label.as_str() };
            let gap = if label.is_empty() { "" } else { " " };
            format!("{}{gap}{label}{}", choice.value, since(choice.since, model.now))
        };
        let before = chosen.current.as_ref().map_or_else(String::new, |now| format!("{} -> ", value(now)));
        page.put(&chosen.name, &format!("{before}{}", value(&chosen.choice)), Role::Title);
    }
    let reason = Clean::new(ask.confirm.reason().trim());
    match proposal.requests(&reason, model.now) {
        Err(why) => page.put("request", &why.to_string(), Role::Down),
        Ok(requests) => {
            for (turn, line) in
                requests.first().map(crate::action::Request::shown).into_iter().flatten().enumerate()
            {
                let (head, role) = if turn == 0 { ("request", Role::Graph) } else { ("", Role::Text) };
                page.put(head, &line, role);
            }
            for request in requests.iter().skip(1) {
                page.put("then", &format!("{} {}", request.method.word(), request.url), Role::Graph);
            }
        }
    }
    if let Some(line) =
        proposal.requests(&reason, model.now).ok().as_deref().and_then(|all| all.first()).and_then(amtool)
    {
        page.put("or", &line, Role::Muted);
    }
    if count > 1 {
        page.put(
            "",
            &format!("{count} requests, each with a key of its own; each is sent once"),
            Role::Muted,
        );
    }
}

/// What is true now.
fn standing(model: &Model, ask: &Ask, page: &mut Page<'_>) {
    let proposal = &ask.proposal;
    if !proposal.action().kind.changes_service() {
        // No service is touched, so that none has anything to be looked at.
        return page.put("note", &proposal.action().note, Role::Text);
    }
    let facts = model.facts_for(proposal, &ask.checks);
    let (up, all) = facts.instances;
    let version = facts.version.as_ref().map_or_else(String::new, |version| format!(", version {version}"));
    let health = format!("{}, {up} of {all} instances up{version}", facts.health.word());
    page.put("now", &health, draw::role(facts.health));
    page.put("", &figures(&facts.figures), Role::Text);
    let open: Vec<String> =
        facts.breakers.iter().map(|(name, state)| format!("{name} {}", breaker_word(*state))).collect();
    if !open.is_empty() {
        let down = facts.breakers.iter().any(|(_, state)| *state == BreakerState::Open);
        page.put("breakers", &open.join(", "), if down { Role::Down } else { Role::Degraded });
    }
    let left = facts.budget_left.map(|left| match left * 100.0 {
        over if over < 0.0 => format!("all spent, and {:.0}% of it more", -over),
        left => format!("{left:.1}% left"),
    });
    let role = super::slos::budget_role(facts.budget_left);
    page.put("budget", left.as_deref().unwrap_or("not known"), role);
    if let Some(costs) = model.restart_costs(proposal) {
        page.put("costs", &costs, Role::Text);
    }
    let under_way = model.acts.ledger.in_flight(proposal.service(), model.now);
    let text = under_way.map_or_else(|| "nothing".to_owned(), crate::action::ledger::Act::title);
    page.put("under way", &text, if under_way.is_some() { Role::Degraded } else { Role::Muted });
    checks(proposal, ask, &facts.checks, page);
    let again = model.acts.ledger.last_sent(proposal.service(), &proposal.action().name);
    if let Some(last) = again {
        let text = format!("{} ago", draw::age(model.now.since(last)));
        page.put("last done", &text, Role::Muted);
    }
    if !proposal.action().note.is_empty() {
        page.put("note", &proposal.action().note, Role::Text);
    }
}

/// The pre-checks, one by one.
fn checks(proposal: &Proposal, ask: &Ask, made: &[crate::action::Checked], page: &mut Page<'_>) {
    for check in &proposal.action().checks {
        let found = made.iter().find(|made| made.name == check.name).map(|made| &made.passed);
        let pending = ask.pending > 0 && matches!(check.kind, CheckKind::Ask { .. });
        let (text, role) = match found {
            Some(Passed::Yes) => ("ok".to_owned(), Role::Up),
            Some(Passed::No(seen)) if check.otherwise.is_empty() => (format!("FAILED: {seen}"), Role::Down),
            Some(Passed::No(seen)) => (format!("FAILED: {} ({seen})", check.otherwise), Role::Down),
            Some(Passed::Unknown(why)) => (format!("could not be made: {why}"), Role::Degraded),
            None => ("not made yet".to_owned(), Role::Muted),
        };
        let text = if pending { format!("{text}, asking") } else { text };
        page.put("check", &format!("{}: {text}", check.name), role);
    }
}

/// What it asks for, and where the keys go.
fn fields(theme: &Theme, ask: &Ask, page: &mut Page<'_>) {
    let confirm = &ask.confirm;
    let reversible = ask.proposal.action().hazard == Hazard::Reversible;
    let role = hazard_role(ask.proposal.action().hazard);
    let word = ask.proposal.action().hazard.word();
    let wants = match (reversible, confirm.asks_reason()) {
        (true, false) => "press y".to_owned(),
        (true, true) => "give a reason, then press y".to_owned(),
        (false, asks) => {
            let more = if asks { " and give a reason" } else { "" };
            format!("type {} (it cannot be pasted){more}", confirm.wanted())
        }
    };
    page.put("asks for", &format!("{wants}   (hazard: {word})"), role);
    let cursor = theme.glyphs().caret;
    let mut field = |name: &str, text: &str, here: bool, style: Role| {
        let cursor = if here { cursor } else { "" };
        page.put(name, &format!("{text}{cursor}"), if here { Role::Selection } else { style });
    };
    if !reversible {
        let fits = confirm.phrase() == confirm.wanted();
        field(
            "phrase",
            confirm.phrase(),
            confirm.focus() == Focus::Phrase,
            if fits { Role::Up } else { Role::Text },
        );
    }
    if !reversible || confirm.asks_reason() {
        field("reason", confirm.reason(), confirm.focus() == Focus::Reason, Role::Text);
    }
    let button = |text: &str, here: bool| {
        let role = if here { Role::Selection } else { Role::Muted };
        let (open, close) = if here { (">", "<") } else { ("[", "]") };
        Span::styled(format!("{open} {text} {close}"), theme.style(role))
    };
    let mut buttons =
        vec![Span::raw(" ".repeat(13)), button("Cancel", confirm.focus() == Focus::Cancel), Span::raw("  ")];
    if ask.typed.is_some() {
        buttons.push(Span::styled("checking once more", theme.style(Role::Armed)));
    } else if reversible {
        buttons.push(Span::styled("y does it", theme.style(Role::Key)));
    } else {
        buttons.push(button("Do it", confirm.focus() == Focus::Go));
    }
    page.lines.push(Line::from(buttons));
}
