//! What an empty screen teaches: what would stand here, the lines that add it, and the file that they belong to.

use super::draw;
use crate::layout::wrapped;
use crate::model::Model;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Says what is missing and how to add it: `lines` are lines of the configuration, `then` is what to do besides.
pub(super) fn teach(
    model: &Model,
    theme: &Theme,
    missing: &str,
    lines: &[&str],
    then: &str,
    area: Rect,
    buf: &mut Buffer,
) {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let file = model.plan.file.as_deref().filter(|file| !file.is_empty());
    let place = match file {
        Some(file) => format!("in {}, or a file that it includes", crate::text::clean(file)),
        None => "in a configuration: warroom init URL > config.toml writes one".to_owned(),
    };
    let mut shown: Vec<Line<'static>> = Vec::new();
    let mut put = |line: &str, style: Style, indent: &str| {
        for (row, part) in wrapped(line, usize::from(area.width.saturating_sub(4))).into_iter().enumerate() {
            let indent = if row > 0 { indent } else { "" };
            shown.push(Line::styled(format!("{indent}{part}"), style));
        }
    };
    put(missing, text, "");
    put(" ", text, "");
    for line in lines {
        put(line, theme.style(Role::Key), "  ");
    }
    put(" ", text, "");
    put(&place, muted, "");
    if !then.is_empty() {
        put(then, muted, "");
    }
    block(&shown, area, buf);
}

/// No row passes the filter.
pub(super) fn nothing_matches(theme: &Theme, what: &str, filter: &str, area: Rect, buf: &mut Buffer) {
    let line = format!("no {what} matches /{}   (esc clears the filter)", crate::text::clean(filter));
    draw::centred(&[&line], theme.style(Role::Muted), area, buf);
}

/// Lines as one block in the middle of an area, aligned at their left.
fn block(lines: &[Line<'static>], area: Rect, buf: &mut Buffer) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = u16::try_from(widest).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    let (x, y) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
    for (row, line) in (0..height).zip(lines) {
        buf.set_line(x, y + row, line, width);
    }
}
