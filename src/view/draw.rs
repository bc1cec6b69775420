//! What all screens draw alike: states, panes, numbers, ages, graphs.

use crate::labels::Labels;
use crate::model::hands::GraphCursor;
use crate::model::rows::Reading;
use crate::target::health::State;
use crate::target::{BreakerState, Verdict};
use crate::theme::{Role, Theme};
use crate::units::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};
use std::time::Duration;
use warroom_widgets::number::human_or;
use warroom_widgets::{Glyphs, Graph, Mark, Series, Sparkline, Threshold, Unit, human};

/// The role of a state.
pub(super) fn role(state: State) -> Role {
    match state {
        State::Up => Role::Up,
        State::Unknown => Role::Unknown,
        State::Warming => Role::Warming,
        State::Stale => Role::Stale,
        State::Degraded => Role::Degraded,
        State::Down => Role::Down,
    }
}

/// The glyph of a state: differs between all states, in ASCII too.
pub(super) fn glyph(state: State, glyphs: &Glyphs) -> &'static str {
    match state {
        State::Up => glyphs.good,
        State::Unknown => glyphs.unclear,
        State::Warming => glyphs.partial,
        State::Stale => glyphs.off,
        State::Degraded => glyphs.warning,
        State::Down => glyphs.bad,
    }
}

/// The state that a verdict amounts to.
pub(super) fn state_of(verdict: Verdict) -> State {
    match verdict {
        Verdict::Up => State::Up,
        Verdict::Unknown => State::Unknown,
        Verdict::Degraded => State::Degraded,
        Verdict::Down => State::Down,
    }
}

/// The state that a breaker's state amounts to.
pub(super) fn state_of_breaker(state: BreakerState) -> State {
    match state {
        BreakerState::Closed => State::Up,
        BreakerState::Open => State::Down,
        BreakerState::HalfOpen => State::Degraded,
    }
}

/// Glyph and word of a state, as spans.
pub(super) fn state_spans(state: State, word: &str, theme: &Theme) -> [Span<'static>; 2] {
    let style = theme.style(role(state));
    [Span::styled(format!("{} ", glyph(state, theme.glyphs())), style), Span::styled(word.to_owned(), style)]
}

/// A pane with a border and a title, if there is room; returns what is inside.
pub(super) fn pane<'a>(title: impl Into<Line<'a>>, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    if area.width < 10 || area.height < 3 {
        return area;
    }
    let block = Block::bordered()
        .border_set(theme.glyphs().border)
        .border_style(theme.style(Role::Border))
        .title(on_border(title.into(), area.width - 2, theme));
    let inner = block.inner(area);
    (&block).render(area, buf);
    inner
}

/// A title as it looks by itself, neither dim because the border is, nor bold because its first word is; where it does
/// not fit, its end says so.
fn on_border(title: Line<'_>, width: u16, theme: &Theme) -> Line<'static> {
    let mut left = usize::from(width);
    let mut spans = Vec::with_capacity(title.spans.len());
    for span in title.spans {
        let style = if span.style == Style::default() { theme.style(Role::Title) } else { span.style };
        let style = style.remove_modifier(Modifier::all().difference(style.add_modifier));
        let wide = span.width();
        let text = crate::text::truncate(&span.content, left, theme.ascii).into_owned();
        spans.push(Span::styled(text, style));
        if wide > left {
            break;
        }
        left -= wide;
    }
    Line { spans, ..Line::default() }
}

/// What [`pane`] leaves inside.
pub(super) fn within(area: Rect) -> Rect {
    if area.width < 10 || area.height < 3 { area } else { Block::bordered().inner(area) }
}

/// A title of a pane: ` word ` and, dimmed, what qualifies it.
pub(super) fn title(word: &str, more: &str, theme: &Theme) -> Line<'static> {
    let mut spans = vec![Span::styled(format!(" {word} "), theme.style(Role::Title))];
    if !more.is_empty() {
        spans.push(Span::styled(format!("{more} "), theme.style(Role::Muted)));
    }
    Line::from(spans)
}

/// A number with its unit; unknown is never zero.
pub(super) fn number(value: Option<f64>, unit: Unit, theme: &Theme) -> String {
    human_or(value, unit, theme.glyphs().unknown)
}

/// Words of the model, in the theme's alphabet: its unknown is a dash that ASCII does not have.
pub(super) fn words(text: &str, theme: &Theme) -> String {
    let text = crate::text::clean(text);
    if theme.ascii { text.replace('–', theme.glyphs().unknown) } else { text.into_owned() }
}

/// An age in one unit: `43s`, `2m`.
pub(super) fn age(age: Duration) -> String {
    human(age.as_secs() as f64, Unit::Seconds)
}

/// `14:03` in a zone.
pub(super) fn clock(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    civil(at, zone).map_or_else(String::new, |time| time.strftime("%H:%M").to_string())
}

/// `14:03:07` in a zone.
pub(super) fn clock_seconds(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    civil(at, zone).map_or_else(String::new, |time| time.strftime("%H:%M:%S").to_string())
}

/// `21 Nov` in a zone.
pub(super) fn day(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    civil(at, zone).map_or_else(String::new, |time| time.strftime("%-d %b").to_string())
}

/// How the moments of an axis of that length are written, from Unix seconds.
pub(super) fn axis_clock(length: Duration, zone: &jiff::tz::TimeZone) -> impl Fn(f64) -> String {
    move |x| {
        let at = Timestamp::from_seconds(x);
        match length.as_secs() {
            0..=300 => clock_seconds(at, zone),
            301..=172_800 => clock(at, zone),
            _ => day(at, zone),
        }
    }
}

/// Short name of a zone at a moment: `UTC`, `CET`.
pub(super) fn zone_name(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    civil(at, zone).map_or_else(String::new, |time| time.strftime("%Z").to_string())
}

fn civil(at: Timestamp, zone: &jiff::tz::TimeZone) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()))
}

/// Draws one line of text, cut to the area.
pub(super) fn line(text: impl Into<Line<'static>>, area: Rect, buf: &mut Buffer) {
    let line = text.into();
    if area.height > 0 && area.width > 0 {
        buf.set_line(area.x, area.y, &line, area.width);
    }
}

/// Draws one line of text; where it does not fit, its end says so.
pub(super) fn cut(text: &Line<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    buf.set_line(area.x, area.y, text, area.width);
    if text.width() > usize::from(area.width) {
        buf.set_string(area.right() - 1, area.y, theme.glyphs().ellipsis, theme.style(Role::Muted));
    }
}

/// As many of some groups of spans as there is room for, in their order: half a word says nothing.
pub(super) fn fitting(groups: Vec<Vec<Span<'static>>>, width: usize) -> Line<'static> {
    let mut out = Line::default();
    for group in groups {
        let wide: usize = group.iter().map(Span::width).sum();
        if out.width() + wide <= width || out.spans.is_empty() {
            out.spans.extend(group);
        }
    }
    out
}

/// One line of text per row, as far as there is room; the last line says how many are left.
pub(super) fn lines(texts: &[Line<'static>], area: Rect, theme: &Theme, buf: &mut Buffer) {
    let rows = usize::from(area.height);
    let fits = if texts.len() > rows { rows.saturating_sub(1) } else { texts.len() };
    for (row, text) in texts.iter().take(fits).enumerate() {
        let place = Rect { y: area.y + row as u16, height: 1, ..area };
        cut(text, theme, place, buf);
    }
    if texts.len() > fits && rows > 0 {
        let rest = Line::styled(format!(" and {} more", texts.len() - fits), theme.style(Role::Muted));
        buf.set_line(area.x, area.y + fits as u16, &rest, area.width);
    }
}

/// A text in the middle of an area, over several lines: what an empty pane teaches.
pub(super) fn centred(texts: &[&str], style: Style, area: Rect, buf: &mut Buffer) {
    let top = area.y + area.height.saturating_sub(texts.len() as u16) / 2;
    for (row, text) in texts.iter().enumerate() {
        let y = top + row as u16;
        if y >= area.bottom() {
            return;
        }
        let width = u16::try_from(crate::text::width(text)).unwrap_or(u16::MAX).min(area.width);
        buf.set_stringn(area.x + (area.width - width) / 2, y, text, usize::from(width), style);
    }
}

/// Labels of a series without those that stand elsewhere, cleaned.
pub(super) fn series_name(labels: &Labels) -> String {
    let short = labels.without(|name| matches!(name, "job" | "instance"));
    crate::text::clean(&short.to_string()).into_owned()
}

/// Graphs move in eighths of their range: between two steps a new point changes two or three cells, not all of them.
pub(super) const PAGES: u16 = 8;

/// A figure as a pane: value in the title, course below, limits as lines.
pub(super) struct Figure<'a> {
    /// What it is.
    pub(super) name: &'a str,
    /// Value and course.
    pub(super) reading: &'a Reading,
    /// Unit of the value.
    pub(super) unit: Unit,
    /// Limits: warning and critical.
    pub(super) limits: Option<(f64, f64)>,
    /// The zone for the time axis.
    pub(super) zone: &'a jiff::tz::TimeZone,
    /// Deploys and acts: when, and to which version or which action.
    pub(super) deploys: Vec<(f64, String)>,
    /// A moment on it.
    pub(super) cursor: Option<GraphCursor>,
}

impl Figure<'_> {
    /// The style of the value: that of its band.
    pub(super) fn style(&self, theme: &Theme) -> Style {
        match (self.reading.value, self.limits) {
            (None, _) => theme.style(Role::Faint),
            (Some(value), Some((_, critical))) if value > critical => theme.style(Role::Down),
            (Some(value), Some((warning, _))) if value > warning => theme.style(Role::Degraded),
            _ => theme.style(Role::Text),
        }
    }

    /// Draws it in one line: name, value, course.
    pub(super) fn draw_line(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        if area.height == 0 {
            return;
        }
        let value = number(self.reading.value, self.unit, theme);
        let head = Line::from(vec![
            Span::styled(format!(" {:<9}", self.name), theme.style(Role::Muted)),
            Span::styled(format!("{value:>8}  "), self.style(theme)),
        ]);
        buf.set_line(area.x, area.y, &head, area.width);
        let used = (head.width() as u16).min(area.width);
        let rest = Rect { x: area.x + used, width: (area.width - used).saturating_sub(1), height: 1, ..area };
        let mut spark = Sparkline::new(&self.reading.course)
            .style(theme.style(Role::Graph))
            .glyphs(theme.glyph_set())
            .sweep(self.reading.last_bucket);
        if let Some((warning, critical)) = self.limits {
            spark =
                spark.above(warning, theme.style(Role::Degraded)).above(critical, theme.style(Role::Down));
        }
        (&spark).render(rest, buf);
    }

    /// Draws it as a pane with axes.
    pub(super) fn draw(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let mut head = vec![Span::styled(format!(" {} ", self.name), theme.style(Role::Title))];
        match self.cursor {
            None => {
                let value = number(self.reading.value, self.unit, theme);
                head.push(Span::styled(format!("{value} "), self.style(theme)));
            }
            Some(cursor) => {
                let value = number(self.reading.at(cursor.at), self.unit, theme);
                let at = clock_seconds(cursor.at, self.zone);
                head.push(Span::styled(format!("{value} at {at} "), theme.style(Role::Key)));
            }
        }
        let inner = pane(Line::from(head), theme, area, buf);
        if let Some(error) = &self.reading.error {
            let text = crate::text::clean(error).into_owned();
            return line(Line::styled(text, theme.style(Role::Degraded)), inner, buf);
        }
        self.with_graph(theme, |graph| graph.render(inner, buf));
    }

    /// The moment under a cell of the pane that [`draw`](Self::draw) makes of `area`, in Unix seconds.
    pub(super) fn moment(&self, theme: &Theme, area: Rect, x: u16, y: u16) -> Option<f64> {
        let inner = within(area);
        let inside = inner.contains((x, y).into()) && self.reading.error.is_none();
        inside.then(|| self.with_graph(theme, |graph| graph.x_at(inner, x))).flatten()
    }

    /// The course: (Unix seconds, value), gaps as not-a-number.
    fn points(&self) -> Vec<(f64, f64)> {
        let bucket = self.reading.bucket.as_secs_f64();
        let newest = self.reading.last_bucket as f64 * bucket;
        let count = self.reading.course.len();
        let at = |index: usize| newest - (count - 1 - index) as f64 * bucket;
        let course = self.reading.course.iter().enumerate();
        course.map(|(index, value)| (at(index), value.unwrap_or(f64::NAN))).collect()
    }

    /// Makes the graph and hands it over.
    fn with_graph<T>(&self, theme: &Theme, f: impl FnOnce(&Graph<'_>) -> T) -> T {
        let points = self.points();
        let series = [Series::new("", &points).style(theme.style(Role::Graph))];
        let limits: Vec<Threshold<'_>> = self.limits.map_or_else(Vec::new, |(warning, critical)| {
            vec![
                Threshold::new(warning).style(theme.style(Role::Degraded)),
                Threshold::new(critical).style(theme.style(Role::Down)),
            ]
        });
        // What was not seen yet needs no room.
        let span = self.reading.span().map(|(start, end)| {
            let first = points.iter().find(|point| point.1.is_finite()).map_or(start.seconds(), |p| p.0);
            (crate::model::zoom::begin(first, start, end).seconds(), end.seconds())
        });
        let short = span.is_some_and(|(start, end)| end - start < 240.0);
        let x_format = |x: f64| {
            let at = Timestamp::from_seconds(x);
            if short { clock_seconds(at, self.zone) } else { clock(at, self.zone) }
        };
        let top = points.iter().map(|p| p.1).filter(|y| y.is_finite()).fold(0.0, f64::max);
        // Ticks of a small ratio need a decimal more to differ.
        let fine = self.unit == Unit::Ratio && top < 0.01;
        let y_format = |y: f64| if fine { format!("{:.2}%", y * 100.0) } else { human(y, self.unit) };
        let marks = self.marks(theme);
        let mut graph = Graph::new(&series)
            .time(true)
            .x_format(&x_format)
            .y_format(&y_format)
            .legend(false)
            .marks(&marks)
            .pages(PAGES)
            .axis_style(theme.style(Role::Border))
            .label_style(theme.style(Role::Muted))
            .empty("no data yet")
            .glyphs(theme.glyph_set());
        // A limit far above the course would flatten it.
        if self.limits.is_some_and(|(warning, _)| top > warning * 0.5) {
            graph = graph.thresholds(&limits);
        }
        // Nothing but zeros would otherwise be drawn on a scale up to 100 %.
        if top <= 0.0 && self.unit == Unit::Ratio {
            graph = graph.y_bounds(0.0, 0.01);
        }
        if let Some((start, end)) = span {
            graph = graph.x_bounds(start, end);
        }
        if let Some(cursor) = self.cursor {
            graph = graph.cursor(Some(cursor.at.seconds())).cursor_style(theme.style(Role::Key));
        }
        f(&graph)
    }

    /// Both ends of the range that is drawn with the mouse, then deploys and acts.
    fn marks(&self, theme: &Theme) -> Vec<Mark<'_>> {
        let ends = self.cursor.map(|cursor| cursor.range()).filter(|(from, to)| from < to);
        let ends = ends
            .into_iter()
            .flat_map(|(from, to)| [from, to])
            .map(|at| Mark::new(at.seconds(), clock_seconds(at, self.zone)).style(theme.style(Role::Key)));
        let happened = self.deploys.iter().map(|(at, to)| {
            Mark::new(*at, to.as_str()).style(theme.style(Role::Mark)).label_style(theme.style(Role::Title))
        });
        ends.chain(happened).collect()
    }
}
