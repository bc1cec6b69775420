//! Which columns fit into a width, and how wide each becomes. Draws nothing.

use std::borrow::Cow;

use ratatui_core::layout::Alignment;

/// A column: its header and how it takes part in the fight for width.
///
/// # Setter methods
/// - [`min`](Self::min): below this it is dropped; [`preferred`](Self::preferred): what it gets when there is room
/// - [`flex`](Self::flex): its share of what is left
/// - [`priority`](Self::priority): the lowest are dropped first
/// - [`alignment`](Self::alignment): of header and cells
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    pub(super) header: Cow<'a, str>,
    pub(super) min: u16,
    pub(super) preferred: u16,
    pub(super) flex: u16,
    pub(super) priority: u8,
    pub(super) alignment: Alignment,
}

impl<'a> Column<'a> {
    /// A column of at least and preferably `width` cells, of middling priority (100), aligned left.
    pub fn new(header: impl Into<Cow<'a, str>>, width: u16) -> Self {
        Self {
            header: header.into(),
            min: width,
            preferred: width,
            flex: 0,
            priority: 100,
            alignment: Alignment::Left,
        }
    }

    /// The fewest cells it makes sense with.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn min(mut self, min: u16) -> Self {
        self.min = min;
        self
    }

    /// The cells it gets when there is room.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn preferred(mut self, preferred: u16) -> Self {
        self.preferred = preferred;
        self
    }

    /// Its share of what is left when every column has what it prefers; 0 takes nothing.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn flex(mut self, share: u16) -> Self {
        self.flex = share;
        self
    }

    /// How long it stays: when it is narrow, the lowest are dropped first, of equals the rightmost.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// Where header and cells stand.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn alignment(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }
}

/// A column that is shown: which, from which cell, how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its index among the columns given.
    pub column: usize,
    /// Its first cell, counted from the left edge.
    pub x: u16,
    /// Its cells.
    pub width: u16,
}

/// Fits columns into `width` cells with `gap` cells between them.
///
/// Columns are dropped until the least widths of the others fit; the last one is never dropped but cut. What is left goes
/// to the preferred widths, highest priority first, and then to the flexible columns by their shares.
///
/// ```
/// use warroom_widgets::table::{Column, fit};
/// let columns = [Column::new("service", 8).flex(1).priority(200), Column::new("p95", 5), Column::new("note", 9).priority(1)];
/// let shown: Vec<(usize, u16)> = fit(&columns, 20, 1).iter().map(|placed| (placed.column, placed.width)).collect();
/// assert_eq!(shown, [(0, 14), (1, 5)]);
/// ```
pub fn fit(columns: &[Column<'_>], width: u16, gap: u16) -> Vec<Placed> {
    let room = usize::from(width);
    let gap = usize::from(gap);
    let least = |at: usize| columns.get(at).map_or(0, |column| usize::from(column.min.max(1)));
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let mut total: usize = kept.iter().map(|at| least(*at) + gap).sum();
    while total > room + gap && kept.len() > 1 {
        let worst = kept
            .iter()
            .enumerate()
            .min_by_key(|(at, column)| (columns.get(**column).map_or(0, |c| c.priority), usize::MAX - at))
            .map_or(0, |(at, _)| at);
        total -= least(kept.remove(worst)) + gap;
    }
    if room == 0 {
        return Vec::new();
    }
    let mut widths: Vec<usize> = kept.iter().map(|at| least(*at)).collect();
    let mut free = (room + gap).saturating_sub(total);
    spread(columns, &kept, &mut widths, &mut free);
    let mut x = 0;
    let mut placed = Vec::with_capacity(kept.len());
    for (column, wide) in kept.into_iter().zip(widths) {
        let wide = wide.min(room.saturating_sub(x));
        if wide > 0 {
            placed.push(Placed { column, x: x as u16, width: wide as u16 });
        }
        x += wide + gap;
    }
    placed
}

/// Hands out what is left: preferred widths first, then shares.
fn spread(columns: &[Column<'_>], kept: &[usize], widths: &mut [usize], free: &mut usize) {
    let mut order: Vec<usize> = (0..kept.len()).collect();
    let column = |at: usize| kept.get(at).and_then(|column| columns.get(*column));
    order.sort_by_key(|at| std::cmp::Reverse(column(*at).map_or(0, |column| column.priority)));
    for at in order {
        let (Some(column), Some(wide)) = (column(at), widths.get_mut(at)) else { continue };
        let more = usize::from(column.preferred).saturating_sub(*wide).min(*free);
        *wide += more;
        *free -= more;
    }
    let mut shares: usize = (0..kept.len()).filter_map(column).map(|column| usize::from(column.flex)).sum();
    for (at, wide) in widths.iter_mut().enumerate() {
        let share = column(at).map_or(0, |column| usize::from(column.flex));
        if share > 0 {
            let more = *free * share / shares;
            *wide += more;
            *free -= more;
            shares -= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column<'static>; 4] {
        [
            Column::new("service", 8).preferred(12).flex(1).priority(200),
            Column::new("budget", 6).preferred(10).priority(150),
            Column::new("p95", 5).priority(120),
            Column::new("note", 4).flex(2).priority(10),
        ]
    }

    #[test]
    fn the_least_important_is_dropped_and_room_is_handed_out() {
        for (width, expected) in [
            (0, vec![]),
            (1, vec![(0, 0, 1)]),
            (7, vec![(0, 0, 7)]),
            (8, vec![(0, 0, 8)]),
            (14, vec![(0, 0, 14)]),
            (15, vec![(0, 0, 8), (1, 9, 6)]),
            (20, vec![(0, 0, 12), (1, 13, 7)]),
            (21, vec![(0, 0, 8), (1, 9, 6), (2, 16, 5)]),
            (26, vec![(0, 0, 8), (1, 9, 6), (2, 16, 5), (3, 22, 4)]),
            (34, vec![(0, 0, 12), (1, 13, 10), (2, 24, 5), (3, 30, 4)]),
            (40, vec![(0, 0, 14), (1, 15, 10), (2, 26, 5), (3, 32, 8)]),
        ] {
            let got: Vec<_> = fit(&columns(), width, 1).iter().map(|p| (p.column, p.x, p.width)).collect();
            assert_eq!(got, expected, "{width}");
        }
        assert!(fit(&[], 40, 1).is_empty());
    }

    #[test]
    fn columns_never_overlap_and_never_exceed() {
        let hostile = [
            Column::new("a", u16::MAX).flex(u16::MAX),
            Column::new("b", 0).min(u16::MAX).flex(u16::MAX),
            Column::new("c", 0).preferred(u16::MAX),
        ];
        for width in (0..300).chain([u16::MAX - 1, u16::MAX]) {
            for gap in [0, 1, 7, u16::MAX] {
                for columns in [&columns()[..], &hostile[..]] {
                    let mut end = 0;
                    for placed in fit(columns, width, gap) {
                        assert!(placed.x >= end);
                        end = placed.x + placed.width;
                        assert!(end <= width);
                    }
                }
            }
        }
    }
}
