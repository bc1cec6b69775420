//! The order in which changed cells are written: a change of colour takes up to twenty bytes, a jump of the cursor about
//! six, so a few scattered digits are cheaper one colour after the other than row by row. Nobody sees the order: a frame
//! is one write inside synchronized output.

use super::pen::{self, Look, Pen};
use super::travel::Spot;
use ratatui::buffer::Cell;

/// Larger frames are paints of whole areas, where rows win; they are not tried.
const MOST: usize = 4096;

/// More looks than this are a picture, not figures.
const MOST_LOOKS: usize = 64;

/// Looks of more runs than this keep the order of rows: to look for the nearest run takes the square of it.
const MOST_RUNS: usize = 128;

/// Brings the cells of one look together, those of the pen first, else in the order in which looks come; within a
/// look the nearest run comes next, for digits that change together often stand below each other. False, and nothing moved, where there is nothing to win.
pub(super) fn by_look(cells: &mut [Changed<'_>], pen: Pen, spot: Spot) -> bool {
    if cells.len() > MOST {
        return false;
    }
    let mut looks: Vec<Look> = pen.look().into_iter().collect();
    let mut places = Vec::with_capacity(cells.len());
    let mut last: Option<(u16, u16, usize)> = None;
    for (x, y, cell) in cells.iter() {
        // A blank that may be erased belongs to whatever stands before it: it needs no colour of its own.
        let beside = last.filter(|(before, row, _)| row == y && before + 1 == *x).map(|(_, _, place)| place);
        let place = match beside {
            Some(place) if cell.symbol() == " " && pen::erasable(cell) => place,
            _ => {
                let look = Look::of(cell);
                match looks.iter().position(|known| *known == look) {
                    Some(place) => place,
                    None if looks.len() == MOST_LOOKS => return false,
                    None => {
                        looks.push(look);
                        looks.len() - 1
                    }
                }
            }
        };
        places.push(place);
        last = Some((*x, *y, place));
    }
    if places.is_sorted() {
        return false;
    }
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|index| places.get(*index).copied());
    let grouped: Vec<_> =
        order.iter().filter_map(|index| Some((*places.get(*index)?, *cells.get(*index)?))).collect();
    let mut at = (spot.position().x, spot.position().y);
    let mut sorted = Vec::with_capacity(cells.len());
    for look in grouped.chunk_by(|(a, _), (b, _)| a == b) {
        nearest_first(look, &mut at, &mut sorted);
    }
    cells.copy_from_slice(&sorted);
    true
}

/// A changed cell: column, row, and what it holds.
type Changed<'a> = (u16, u16, &'a Cell);

/// Appends the runs of one look to `sorted`, the nearest to the cursor (`at`: column, row) first.
fn nearest_first<'a>(look: &[(usize, Changed<'a>)], at: &mut (u16, u16), sorted: &mut Vec<Changed<'a>>) {
    let beside = |a: &(usize, Changed<'_>), b: &(usize, Changed<'_>)| a.1.1 == b.1.1 && a.1.0 + 1 == b.1.0;
    let mut runs: Vec<&[(usize, Changed<'a>)]> = look.chunk_by(beside).collect();
    let in_rows = runs.len() > MOST_RUNS;
    while !runs.is_empty() {
        let cost =
            |run: &&[(usize, Changed<'_>)]| run.first().map(|(_, (x, y, _))| Spot::cost(*at, (*x, *y)));
        let next = if in_rows {
            0
        } else {
            (0..runs.len()).min_by_key(|index| runs.get(*index).and_then(cost)).unwrap_or(0)
        };
        let run = runs.remove(next);
        sorted.extend(run.iter().map(|(_, cell)| *cell));
        if let Some((_, (x, y, _))) = run.last() {
            *at = (x + 1, *y);
        }
    }
}
