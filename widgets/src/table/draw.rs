//! How a table is drawn: the header with its mark, the rows, the scroll bar.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use super::{Cell, Placed, Row, Table};
use crate::paint::{self, by_value};
use crate::text;

impl Table<'_> {
    fn draw_header(&self, placed: &[Placed], area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let row = Rect { height: 1, ..area };
        buf.set_style(row, self.header_style);
        for place in placed {
            let Some(column) = self.columns.get(place.column) else { continue };
            let cell = Rect { x: area.x + place.x, width: place.width, ..row };
            let sorted = self.sort.filter(|sort| sort.column == place.column);
            let Some(sort) = sorted else {
                paint::text_aligned(
                    buf,
                    cell,
                    &column.header,
                    self.header_style,
                    column.alignment,
                    glyphs.ellipsis,
                );
                continue;
            };
            // The mark outlives the name.
            let mark = if sort.descending { glyphs.down } else { glyphs.up };
            let name = text::truncate(&column.header, usize::from(cell.width) - 1, glyphs.ellipsis);
            let wide = text::width(&name) as u16;
            let indent = match column.alignment {
                Alignment::Left => 0,
                Alignment::Center => (cell.width - wide - 1) / 2,
                Alignment::Right => cell.width - wide - 1,
            };
            let at = Rect { x: cell.x + indent, width: cell.width - indent, ..cell };
            let used = paint::text(buf, at, &name, self.header_style, "");
            paint::put(buf, at.x + used, at.y, mark, self.header_style);
        }
    }

    fn draw_row(&self, row: &Row<'_>, placed: &[Placed], line: Rect, buf: &mut Buffer) {
        let ellipsis = self.glyphs.glyphs().ellipsis;
        if row.style != Style::new() {
            buf.set_style(line, row.style);
        }
        for place in placed {
            let area = Rect { x: line.x + place.x, width: place.width, ..line };
            let alignment = self.columns.get(place.column).map_or(Alignment::Left, |column| column.alignment);
            match row.cells.get(place.column) {
                None | Some(Cell::Empty) => {}
                Some(Cell::Text(text, style)) => {
                    paint::text_aligned(buf, area, text, row.style.patch(*style), alignment, ellipsis);
                }
                Some(Cell::Line(spans)) => {
                    paint::line(buf, area, spans, row.style, alignment, ellipsis);
                }
                Some(Cell::Draw(draw)) => draw(area, buf),
            }
        }
    }

    /// What was found stands out in the selected row too: it is marked last.
    fn mark_row(&self, row: &Row<'_>, placed: &[Placed], line: Rect, buf: &mut Buffer) {
        if self.highlight.is_none() {
            return;
        }
        for place in placed {
            let area = Rect { x: line.x + place.x, width: place.width, ..line };
            let alignment = self.columns.get(place.column).map_or(Alignment::Left, |column| column.alignment);
            match row.cells.get(place.column) {
                Some(Cell::Text(text, _)) => {
                    self.mark_found(text, (0, text::width(text)), area, alignment, buf);
                }
                Some(Cell::Line(spans)) => {
                    let total = text::line_width(spans);
                    let mut before = 0;
                    for span in &spans.spans {
                        let alignment = spans.alignment.unwrap_or(alignment);
                        self.mark_found(&span.content, (before, total), area, alignment, buf);
                        before += text::width(&span.content);
                    }
                }
                None | Some(Cell::Empty | Cell::Draw(_)) => {}
            }
        }
    }

    /// Lays the style of what was found over the text that has been drawn: `text` begins `start` cells after the first of
    /// `total` cells that were drawn.
    fn mark_found(
        &self,
        text: &str,
        (start, total): (usize, usize),
        area: Rect,
        alignment: Alignment,
        buf: &mut Buffer,
    ) {
        let Some((highlight, (before, wide))) =
            self.highlight.and_then(|highlight| Some((highlight, highlight.cells(text)?)))
        else {
            return;
        };
        let (room, before) = (usize::from(area.width), before + start);
        // What was cut begins at the left, whatever the alignment.
        let indent = match alignment {
            Alignment::Left => 0,
            Alignment::Center => room.saturating_sub(total) / 2,
            Alignment::Right => room.saturating_sub(total),
        };
        let (from, to) = ((indent + before).min(room) as u16, (indent + before + wide).min(room) as u16);
        buf.set_style(Rect { x: area.x + from, width: to - from, height: 1, ..area }, highlight.style);
    }

    fn draw_scroll(&self, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let (height, len) = (usize::from(area.height), self.len().max(1));
        let thumb = (height * height / len).clamp(1, height.max(1));
        let hidden = len.saturating_sub(height).max(1);
        // At the very top and bottom only when the first and the last row are in sight.
        let start = self.offset.min(hidden).saturating_mul(height - thumb).div_ceil(hidden);
        for (at, y) in (area.top()..area.bottom()).enumerate() {
            let on = at >= start && at < start + thumb;
            paint::put(
                buf,
                area.right() - 1,
                y,
                if on { glyphs.full } else { glyphs.vertical },
                self.scroll_style,
            );
        }
    }
}

impl Widget for &Table<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let glyphs = self.glyphs.glyphs();
        let placed = self.placed(area);
        if self.header {
            self.draw_header(&placed, area, buf);
        }
        let head = u16::from(self.header);
        let body = Rect { y: area.y + head, height: area.height - head, ..area };
        if body.is_empty() {
            return;
        }
        if self.len() == 0 {
            let lead = self.lead().min(body.width);
            let place = Rect { x: body.x + lead, width: body.width - lead, ..body };
            paint::line(buf, place, &self.empty, Style::new(), Alignment::Left, glyphs.ellipsis);
            return;
        }
        let scrolls = self.scrolls(area);
        let width = if scrolls { body.width - 2 } else { body.width };
        let skip = self.offset.saturating_sub(self.first);
        // An offset before the rows given leaves the lines above them empty rather than showing the wrong rows.
        let blank = self.first.saturating_sub(self.offset).min(usize::from(body.height)) as u16;
        let lines = body.top() + blank..body.bottom();
        for (at, (y, row)) in lines.zip(self.rows.iter().skip(skip)).enumerate() {
            let line = Rect { y, height: 1, width, ..body };
            self.draw_row(row, &placed, line, buf);
            if self.selected == Some(self.first.saturating_add(skip).saturating_add(at)) {
                buf.set_style(line, self.selected_style);
                if self.marker {
                    paint::put(buf, line.x, y, glyphs.marker, self.selected_style.patch(self.marker_style));
                }
            }
            self.mark_row(row, &placed, line, buf);
        }
        if scrolls {
            self.draw_scroll(body, buf);
        }
    }
}

by_value!(Table);
