//! What a graph is made of: lines, limits and marks. Draws nothing.

use std::borrow::Cow;

use ratatui_core::style::Style;

/// A line of a [`Graph`](super::Graph).
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) points: &'a [(f64, f64)],
    pub(super) style: Style,
    pub(super) max_gap: f64,
}

impl<'a> Series<'a> {
    /// A line through `(x, y)` points in the order of x. A y of NaN breaks the line: a gap stays a gap. So does a y of
    /// infinity, which has no place on the paper.
    pub fn new(name: impl Into<Cow<'a, str>>, points: &'a [(f64, f64)]) -> Self {
        Self { name: name.into(), points, style: Style::new(), max_gap: f64::INFINITY }
    }

    /// The style of the line and of its name.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// Breaks the line between points that are further apart in x than this.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max_gap(mut self, gap: f64) -> Self {
        self.max_gap = gap;
        self
    }

    /// The value of the last point at or before `x`, unless it is a gap or further away than [`max_gap`](Self::max_gap).
    pub fn value_at(&self, x: f64) -> Option<f64> {
        let end = self.points.partition_point(|point| point.0 <= x);
        let (at, value) = *self.points.get(end.checked_sub(1)?)?;
        (x - at <= self.max_gap && !value.is_nan()).then_some(value)
    }
}

/// A horizontal line at a value, such as an objective or an alert's limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold<'a> {
    pub(super) value: f64,
    pub(super) label: Cow<'a, str>,
    pub(super) style: Style,
}

impl<'a> Threshold<'a> {
    /// A line at this value.
    pub const fn new(value: f64) -> Self {
        Self { value, label: Cow::Borrowed(""), style: Style::new() }
    }

    /// What stands at its right end.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label(mut self, label: impl Into<Cow<'a, str>>) -> Self {
        self.label = label.into();
        self
    }

    /// The style of line and label.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }
}

/// A vertical line at a moment, such as a deployment or an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark<'a> {
    pub(super) x: f64,
    pub(super) label: Cow<'a, str>,
    pub(super) style: Style,
    pub(super) label_style: Option<Style>,
}

impl<'a> Mark<'a> {
    /// A mark at this moment, with a label at its top; a label that would cover another is left out.
    pub fn new(x: f64, label: impl Into<Cow<'a, str>>) -> Self {
        Self { x, label: label.into(), style: Style::new(), label_style: None }
    }

    /// The style of line and label.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The style of the label alone, where it is not that of the line.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label_style(mut self, style: impl Into<Style>) -> Self {
        self.label_style = Some(style.into());
        self
    }
}
