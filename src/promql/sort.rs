//! Orders: by value, by label, and the natural order of texts with numbers in them.
//!
//! Only instant vectors have an order; a matrix is always sorted by labels.

use super::frame::Frame;
use std::cmp::Ordering;

/// Rows by value; not-a-number last in both directions.
pub(super) fn by_value(frame: &Frame, descending: bool) -> Frame {
    reordered(frame, |a, b| {
        let value = |i: usize| frame.values.get(i).copied().unwrap_or(f64::NAN);
        let (a, b) = (value(a), value(b));
        a.is_nan().cmp(&b.is_nan()).then_with(|| {
            let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
            if descending { order.reverse() } else { order }
        })
    })
}

/// Rows by the natural order of the named labels, then by all labels.
pub(super) fn by_label(frame: &Frame, names: &[Box<str>], descending: bool) -> Frame {
    reordered(frame, |a, b| {
        let (Some(a), Some(b)) = (frame.keys.get(a), frame.keys.get(b)) else { return Ordering::Equal };
        let by_names =
            names.iter().map(|n| natural(a.get(n).unwrap_or(""), b.get(n).unwrap_or(""))).find(|o| o.is_ne());
        let order = by_names.unwrap_or_else(|| a.finish().cmp(&b.finish()));
        if descending { order.reverse() } else { order }
    })
}

fn reordered(frame: &Frame, compare: impl Fn(usize, usize) -> Ordering) -> Frame {
    let mut order: Vec<usize> = (0..frame.len()).collect();
    order.sort_by(|a, b| compare(*a, *b));
    let mut out = Frame::with_capacity(frame.width, frame.len());
    for i in order {
        if let Some(key) = frame.keys.get(i) {
            out.push(key.clone(), frame.row(i));
        }
    }
    out
}

/// Compares texts piece by piece, runs of digits as numbers: `4m5` before `4m600` before `4m1000`.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut a_rest, mut b_rest) = (a, b);
    loop {
        let (a_piece, a_digits, a_next) = piece(a_rest);
        let (b_piece, b_digits, b_next) = piece(b_rest);
        if a_piece.is_empty() || b_piece.is_empty() {
            return a_piece.len().cmp(&b_piece.len()).then_with(|| a.cmp(b));
        }
        let order = if a_digits && b_digits {
            let (x, y) = (a_piece.trim_start_matches('0'), b_piece.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            a_piece.cmp(b_piece)
        };
        if order.is_ne() {
            return order;
        }
        (a_rest, b_rest) = (a_next, b_next);
    }
}

/// The first run of digits or of other characters, whether it is digits, and what follows.
fn piece(text: &str) -> (&str, bool, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (piece, rest) = text.split_at(end);
    (piece, digits, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_texts_are_compared_as_numbers() {
        for (a, b) in [
            ("0", "1"),
            ("2", "10"),
            ("4m5", "4m600"),
            ("4m600", "4m1000"),
            ("1.2.3", "1.11.3"),
            ("1.11.3", "1.111.3"),
            ("", "a"),
            ("a", "a1"),
            ("a1", "b"),
            ("99999999999999999999998", "99999999999999999999999"),
        ] {
            assert_eq!(natural(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(natural(b, a), Ordering::Greater, "{b} {a}");
            assert_eq!(natural(a, a), Ordering::Equal);
        }
    }
}
