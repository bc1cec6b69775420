//! What is seen while a recording is read: its name, how far it is, and how to leave. There is no model yet; only this
//! picture is drawn without one.

use super::draw;
use crate::text::{truncate, width};
use crate::theme::{Role, Theme};
use crate::units::format_duration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;
use warroom_widgets::{Unit, human};

/// How far the reading of a recording is.
#[derive(Clone, Debug, PartialEq)]
pub struct Loading {
    /// The file's name, clean.
    pub name: String,
    /// What is being done, in a word or two: `reading`.
    pub stage: &'static str,
    /// The share of it that is done, 0 to 1; none: not known.
    pub share: Option<f64>,
    /// The bytes of the file.
    pub bytes: u64,
    /// For how long it has been going on.
    pub took: Duration,
    /// The key that leaves.
    pub quit: String,
}

/// Columns of the bar at most.
const BAR: u16 = 40;

/// Draws it. Whatever does not fit is left out, the share last.
pub fn loading(loading: &Loading, theme: &Theme, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, theme.style(Role::Text));
    if area.is_empty() {
        return;
    }
    let header = Rect { height: 1, ..area };
    buf.set_style(header, theme.style(Role::Header));
    let brand = Line::from(vec![
        Span::styled(" warroom ", theme.style(Role::Brand)),
        Span::styled(" REPLAY ", theme.style(Role::Notice)),
    ]);
    buf.set_line(area.x, area.y, &brand, area.width);
    if area.height > 1 {
        let quit = Line::from(vec![
            Span::styled(format!(" {} ", loading.quit), theme.style(Role::Key)),
            Span::styled("quit", theme.style(Role::Muted)),
        ]);
        buf.set_line(area.x, area.bottom() - 1, &quit, area.width);
    }
    let room = area.width.saturating_sub(4);
    let top = area.y + (area.height / 2).saturating_sub(2).max(1);
    let lines =
        [title(loading, room, theme), Line::default(), bar(loading, room, theme), age(loading, theme)];
    for (y, line) in (top..area.bottom().saturating_sub(1)).zip(lines) {
        buf.set_line(area.x + area.width.min(2), y, &line, room);
    }
    super::plain::cells(theme, area, buf);
}

/// The file, and how large it is.
fn title(loading: &Loading, room: u16, theme: &Theme) -> Line<'static> {
    let size = format!("  {}", human(loading.bytes as f64, Unit::Bytes));
    let left = usize::from(room).saturating_sub(width(&size));
    let name = draw::words(&loading.name, theme);
    let name = truncate(&name, left, theme.ascii).into_owned();
    Line::from(vec![
        Span::styled(name, theme.style(Role::Title)),
        Span::styled(size, theme.style(Role::Muted)),
    ])
}

fn bar(loading: &Loading, room: u16, theme: &Theme) -> Line<'static> {
    let share = loading.share.filter(|share| share.is_finite()).map(|share| share.clamp(0.0, 1.0));
    // What is not known has no bar: an empty one would say that nothing is done.
    let words = match share {
        Some(share) => format!("{} {:.0} %", loading.stage, (share * 100.0).floor()),
        None => loading.stage.to_owned(),
    };
    let mut spans = vec![Span::styled(words.clone(), theme.style(Role::Text))];
    let columns = room.saturating_sub(width(&words) as u16 + 2).min(BAR);
    if let Some(share) = share.filter(|_| columns >= 4) {
        let full = usize::from((share * f64::from(columns)).floor() as u16);
        let rest = usize::from(columns) - full;
        spans.push(Span::raw("  "));
        spans.push(Span::styled(theme.glyphs().full.repeat(full), theme.style(Role::Graph)));
        spans.push(Span::styled(theme.glyphs().track.repeat(rest), theme.style(Role::Faint)));
    }
    Line::from(spans)
}

fn age(loading: &Loading, theme: &Theme) -> Line<'static> {
    let took = format_duration(Duration::from_secs(loading.took.as_secs()));
    Line::styled(format!("for {took}; it is shown as soon as all of it is here"), theme.style(Role::Muted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Depth;

    fn picture(share: Option<f64>, width: u16, height: u16) -> String {
        let theme = Theme::built_in("dark", Depth::TrueColor, true).unwrap();
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let what = Loading {
            name: "checkout.warroom.gz".to_owned(),
            stage: "reading",
            share,
            bytes: 34 << 20,
            took: Duration::from_millis(3_400),
            quit: "q".to_owned(),
        };
        loading(&what, &theme, area, &mut buf);
        let row = |y: u16| -> String { (0..width).map(|x| buf[(x, y)].symbol()).collect() };
        (0..height).map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_share_is_told_in_figures_and_what_is_not_known_has_no_bar() {
        for (share, wanted, bars) in [
            (Some(0.0), "reading 0 %", 0),
            (Some(0.5), "reading 50 %", 20),
            (Some(0.999), "reading 99 %", 39),
            (Some(1.0), "reading 100 %", 40),
            (Some(7.0), "reading 100 %", 40),
            (Some(f64::NAN), "reading", 0),
            (None, "reading", 0),
        ] {
            let text = picture(share, 80, 24);
            assert!(text.contains(wanted), "{share:?}: {text}");
            assert_eq!(text.matches('#').count(), bars, "{share:?}: {text}");
            assert_eq!(text.contains('%'), wanted.contains('%'), "{share:?}: {text}");
            assert!(text.contains("checkout.warroom.gz") && text.contains("for 3s"), "{text}");
            assert!(text.lines().last().unwrap().contains("q quit"), "{text}");
        }
    }

    #[test]
    fn it_draws_in_any_cell() {
        for width in 0..40 {
            for height in 0..8 {
                picture(Some(0.3), width, height);
            }
        }
    }
}
