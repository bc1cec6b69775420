//! The warroom that polls in our place, on the screen: a chip in the head line, and a line on the targets' border.

use super::draw;
use crate::event::FeedLink;
use crate::layout;
use crate::model::Model;
use crate::model::attached::FeedState;
use crate::text::clean;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use warroom_widgets::{Unit, human};

/// From this width on the server's name stands beside the word.
const NAMED: u16 = 100;

/// What the head line says of it; none: everything is polled from here.
pub(super) fn chip(model: &Model, theme: &Theme) -> Option<Span<'static>> {
    let whole = model.plan.feeds.whole().is_some();
    let lost = |feed: &&FeedState| matches!(feed.link, FeedLink::Lost(_));
    // Of several, the one that is gone is what matters; where only some services come from one, nothing else does.
    let feed =
        model.attached.feeds.iter().find(lost).or_else(|| model.attached.feeds.first().filter(|_| whole))?;
    let host = if model.ui.size.0 >= NAMED { format!(" {}", clean(&feed.host)) } else { String::new() };
    let (text, role) = match &feed.link {
        FeedLink::Connecting => (format!(" CONNECTING{host} "), Role::Notice),
        FeedLink::Loading => (format!(" LOADING{host} "), Role::Notice),
        FeedLink::Live => match feed.skewed() {
            Some(skew) => {
                let word = if skew > 0 { "ahead" } else { "behind" };
                let by = draw::age(std::time::Duration::from_millis(skew.unsigned_abs()));
                (format!(" ATTACHED{host} SKEW {by} {word} "), Role::Armed)
            }
            None if feed.unsent.0 > 0 => (format!(" ATTACHED{host} {} UNSENT ", feed.unsent.0), Role::Armed),
            None => (format!(" ATTACHED{host} "), Role::Notice),
        },
        FeedLink::Lost(_) => {
            let age = draw::age(feed.lost_for(model.now).unwrap_or_default());
            (format!(" LOST {age}{host} "), Role::Armed)
        }
    };
    Some(Span::styled(text, theme.style(role)))
}

/// What stands in the place of services that are not known yet; none: they are, or nobody is attached to.
pub(super) fn waiting(model: &Model) -> Option<Vec<String>> {
    let feed = model.attached.feeds.first().filter(|_| model.plan.feeds.borrows_plan())?;
    let host = clean(&feed.host);
    Some(match &feed.link {
        FeedLink::Connecting => vec![format!("connecting to {host} ...")],
        FeedLink::Loading => vec![format!("{host} tells what it knows ...")],
        FeedLink::Live => vec![format!("no service is configured at {host}")],
        FeedLink::Lost(why) => {
            vec![
                format!("{host} does not answer; it is tried again"),
                String::new(),
                clean(why.as_str()).into_owned(),
            ]
        }
    })
}

/// How each server stands, on the border at the top of the targets.
pub(super) fn border(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !layout::bordered(model.ui.size)
        || area.height < 2
        || area.width < 40
        || model.attached.feeds.is_empty()
    {
        return;
    }
    let (mut parts, mut role) = (Vec::new(), Role::Muted);
    for feed in &model.attached.feeds {
        let (text, worse) = told(model, feed);
        role = if worse { Role::Degraded } else { role };
        parts.push(text);
    }
    let text = format!(" {} ", clean(&parts.join("   ")));
    // The title of the list stands at the left.
    let room = usize::from(area.width).saturating_sub(28);
    let text = crate::text::truncate(&text, room, theme.ascii).into_owned();
    let width = crate::text::width(&text) as u16;
    buf.set_string(area.right().saturating_sub(width + 2), area.y, text, theme.style(role));
}

/// Who it is, how it stands, what it costs; true: something is wrong.
fn told(model: &Model, feed: &FeedState) -> (String, bool) {
    let host = &feed.host;
    let (mut text, mut worse) = match &feed.link {
        FeedLink::Connecting => (format!("{host}: connecting"), false),
        FeedLink::Loading => (format!("{host}: loading"), false),
        FeedLink::Live => {
            let rate = feed
                .rate(model.now)
                .map_or_else(String::new, |rate| format!(", {}/s", human(rate, Unit::Bytes)));
            let count = match feed.clients {
                1 => "1 terminal".to_owned(),
                count => format!("{count} terminals"),
            };
            (format!("{host}: {}, {count}{rate}", feed.by), false)
        }
        FeedLink::Lost(why) => {
            let age = draw::age(feed.lost_for(model.now).unwrap_or_default());
            (format!("{host}: LOST {age}: {why}"), true)
        }
    };
    if let Some(skew) = feed.skewed() {
        worse = true;
        text = format!(
            "{text}, its clock is {:.1}s {}",
            skew.unsigned_abs() as f64 / 1e3,
            if skew > 0 { "ahead" } else { "behind" }
        );
    }
    if feed.unsent.0 > 0 {
        worse = true;
        text = format!("{text}, {} not sent yet", feed.unsent.0);
    }
    if feed.left_out.0 > 0 {
        worse = true;
        text = format!("{text}, {} lines left out: {}", feed.left_out.0, feed.left_out.1);
    }
    (text, worse)
}
