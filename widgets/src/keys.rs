//! The footer: which keys work here and now.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::text;

/// A key and what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyHint<'a> {
    /// The key, such as `enter` or `ctrl-d`.
    pub key: &'a str,
    /// What it does, in a word or two.
    pub label: &'a str,
    /// How long it stays: when it is narrow, the lowest go first.
    pub priority: u8,
}

impl<'a> KeyHint<'a> {
    /// A hint of middling priority (100).
    pub const fn new(key: &'a str, label: &'a str) -> Self {
        Self { key, label, priority: 100 }
    }

    /// How long it stays: when it is narrow, the lowest go first.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    fn width(&self) -> usize {
        let label = text::width(self.label);
        text::width(self.key) + if label > 0 { 1 + label } else { 0 }
    }
}

/// Hints in one row, in the order given: `a act  enter open  / filter`. What does not fit goes, lowest priority first and
/// later before earlier; a hint is shown whole or not at all.
///
/// # Setter methods
/// - [`key_style`](Self::key_style), [`label_style`](Self::label_style)
/// - [`gap`](Self::gap): cells between two hints
/// - [`alignment`](Self::alignment): within the row
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::{KeyHint, KeyHints};
///
/// let hints = [KeyHint::new("a", "act"), KeyHint::new("?", "help").priority(200)];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
/// KeyHints::new(&hints).render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["? help  "]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHints<'a> {
    hints: &'a [KeyHint<'a>],
    key_style: Style,
    label_style: Style,
    gap: u16,
    alignment: Alignment,
}

impl<'a> KeyHints<'a> {
    /// These hints, in this order.
    pub const fn new(hints: &'a [KeyHint<'a>]) -> Self {
        Self { hints, key_style: Style::new(), label_style: Style::new(), gap: 2, alignment: Alignment::Left }
    }

    /// The style of the keys.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn key_style(mut self, style: impl Into<Style>) -> Self {
        self.key_style = style.into();
        self
    }

    /// The style of what they do.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label_style(mut self, style: impl Into<Style>) -> Self {
        self.label_style = style.into();
        self
    }

    /// Cells between two hints (2).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn gap(mut self, gap: u16) -> Self {
        self.gap = gap;
        self
    }

    /// Where the hints stand in the row.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn alignment(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }

    /// Which hints are shown at this width: `(index, first cell)`, so that a click can be understood.
    pub fn placed(&self, width: u16) -> Vec<(usize, u16)> {
        let room = usize::from(width);
        let gap = usize::from(self.gap);
        let mut kept: Vec<usize> = (0..self.hints.len()).collect();
        let wide = |at: usize| self.hints.get(at).map_or(0, KeyHint::width);
        let mut total: usize = kept.iter().map(|at| wide(*at) + gap).sum();
        while total > room + gap {
            let worst = kept
                .iter()
                .enumerate()
                .min_by_key(|(at, hint)| (self.hints.get(**hint).map_or(0, |h| h.priority), usize::MAX - at))
                .map(|(at, _)| at);
            let Some(worst) = worst else { return Vec::new() };
            total -= wide(kept.remove(worst)) + gap;
        }
        let free = room.saturating_sub(total.saturating_sub(gap));
        let mut x = match self.alignment {
            Alignment::Left => 0,
            Alignment::Center => free / 2,
            Alignment::Right => free,
        };
        let mut placed = Vec::with_capacity(kept.len());
        for at in kept {
            placed.push((at, x as u16));
            x += wide(at) + gap;
        }
        placed
    }

    /// The hint at this cell of a row of this width.
    pub fn at(&self, width: u16, x: u16) -> Option<usize> {
        self.placed(width).into_iter().find_map(|(at, first)| {
            let end = usize::from(first) + self.hints.get(at).map_or(0, KeyHint::width);
            (first <= x && usize::from(x) < end).then_some(at)
        })
    }
}

impl Widget for &KeyHints<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        for (at, first) in self.placed(area.width) {
            let Some(hint) = self.hints.get(at) else { continue };
            let place = Rect { x: area.x + first, width: area.width - first, ..area };
            let used = paint::text(buf, place, hint.key, self.key_style, "");
            let skip = used.saturating_add(1).min(place.width);
            let place = Rect { x: place.x + skip, width: place.width - skip, ..place };
            paint::text(buf, place, hint.label, self.label_style, "");
        }
    }
}

by_value!(KeyHints);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    const HINTS: [KeyHint<'static>; 4] = [
        KeyHint::new("a", "act"),
        KeyHint::new("enter", "open").priority(150),
        KeyHint::new("/", "filter"),
        KeyHint::new("?", "help").priority(200),
    ];

    #[test]
    fn the_least_important_goes_first() {
        for (width, text) in [
            (40, "a act  enter open  / filter  ? help"),
            (35, "a act  enter open  / filter  ? help"),
            (34, "a act  enter open  ? help"),
            (24, "enter open  ? help"),
            (17, "? help"),
            (5, ""),
        ] {
            let drawn = rows(&draw(&KeyHints::new(&HINTS), width, 1));
            assert_eq!(drawn[0].trim_end(), text, "{width}");
        }
        assert_eq!(rows(&draw(&KeyHints::new(&HINTS).alignment(Alignment::Right), 8, 1)), ["  ? help"]);
    }

    #[test]
    fn a_click_finds_its_hint() {
        let hints = KeyHints::new(&HINTS);
        for (x, found) in [(0, Some(0)), (4, Some(0)), (5, None), (7, Some(1)), (29, Some(3)), (35, None)] {
            assert_eq!(hints.at(40, x), found, "{x}");
        }
    }

    #[test]
    fn any_size() {
        survives(&KeyHints::new(&HINTS));
        survives(&KeyHints::new(&[]));
        survives(&KeyHints::new(&[KeyHint::new("日", "本"), KeyHint::new("", "")]).gap(9));
    }
}
