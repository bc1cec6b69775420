//! The histogram behind a latency expression: `histogram_quantile(0.95, BUCKETS) / 1000` is taken apart, so that other
//! quantiles, and the buckets themselves, can be shown beside the one that was asked for.
//!
//! It neither evaluates nor draws.

use super::ast::{Bin, Func, Id, Op};
use super::expr::Expr;
use super::histogram::{Bucket, bucket_quantile};
use super::parse::parse;
use super::print;
use super::value::Compat;

/// What an expression computes a quantile of.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The quantile that it asks for, 0 to 1.
    pub quantile: f64,
    /// What it takes the quantile of: cumulative counts or rates, one series a bucket, told apart by `le`.
    pub buckets: Expr,
    /// What the bounds of the buckets are multiplied with: 0.001 where they count milliseconds.
    pub scale: f64,
}

impl Expr {
    /// Takes `histogram_quantile(number, buckets)` apart, whether or not it is multiplied with or divided by a number.
    /// None for anything else: an average, a summary, two quantiles in one expression.
    pub fn spread(&self) -> Option<Spread> {
        let nodes = self.nodes();
        let op = |id: Id| nodes.get(id as usize).map(|node| &node.op);
        let number = |id: Id| match op(id) {
            Some(Op::Number(value)) => Some(*value),
            _ => None,
        };
        let mut id = Id::try_from(nodes.len().checked_sub(1)?).ok()?;
        let mut scale = 1.0;
        // Children stand before their parents, so this comes to an end.
        loop {
            match op(id)? {
                Op::Paren(child) => id = *child,
                Op::Binary { op: Bin::Mul, lhs, rhs, .. } => match (number(*lhs), number(*rhs)) {
                    (None, Some(factor)) => (id, scale) = (*lhs, scale * factor),
                    (Some(factor), None) => (id, scale) = (*rhs, scale * factor),
                    _ => return None,
                },
                Op::Binary { op: Bin::Div, lhs, rhs, .. } => (id, scale) = (*lhs, scale / number(*rhs)?),
                Op::Call { func: Func::HistogramQuantile, args } => {
                    let [quantile, buckets] = args.as_slice() else { return None };
                    let text = print::texts(nodes).into_iter().nth(*buckets as usize)?;
                    let sound = scale.is_finite() && scale > 0.0;
                    let spread = Spread { quantile: number(*quantile)?, buckets: parse(&text).ok()?, scale };
                    return sound.then_some(spread);
                }
                _ => return None,
            }
        }
    }
}

/// Quantiles of one histogram, as `histogram_quantile` computes them: `buckets` are (upper bound, cumulative count) in
/// order of bounds, the last one infinite. None where there is nothing to take a quantile of.
pub fn quantiles<const N: usize>(wanted: [f64; N], buckets: &[(f64, f64)]) -> [Option<f64>; N] {
    let mut merged: Vec<Bucket> =
        buckets.iter().map(|(upper, count)| Bucket { upper: *upper, count: *count }).collect();
    wanted.map(|q| {
        let value = bucket_quantile(q, &mut merged, Compat::V3, &mut false);
        value.is_finite().then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_taken_apart() {
        let buckets = "sum by (le) (rate(x_bucket{job=\"a\"}[5m]))";
        for (text, expected) in [
            ("histogram_quantile(0.95, B)", Some((0.95, 1.0))),
            ("(histogram_quantile(0.9, B)) / 1000", Some((0.9, 0.001))),
            ("2 * (histogram_quantile(0.5, B) / 4)", Some((0.5, 0.5))),
            ("histogram_quantile(0.95, B) / 0", None),
            ("histogram_quantile(scalar(q), B)", None),
            ("histogram_quantile(0.95, B) + 1", None),
            ("histogram_quantile(0.95, B) * histogram_quantile(0.5, B)", None),
            ("1000 / histogram_quantile(0.95, B)", None),
            ("-histogram_quantile(0.95, B)", None),
            ("x{quantile=\"0.95\"}", None),
            ("1", None),
        ] {
            let expr = parse(&text.replace('B', buckets)).unwrap();
            let found = expr.spread();
            assert_eq!(found.as_ref().map(|spread| (spread.quantile, spread.scale)), expected, "{text}");
            if let Some(spread) = found {
                assert_eq!(spread.buckets.text(), parse(buckets).unwrap().text());
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_the_function() {
        let inf = f64::INFINITY;
        for (buckets, expected) in [
            (vec![(0.1, 50.0), (0.2, 100.0), (inf, 100.0)], [Some(0.1), Some(0.2)]),
            (vec![(0.1, 0.0), (0.2, 0.0), (inf, 0.0)], [None, None]),
            (vec![(0.1, 1.0), (0.2, 1.0)], [None, None]),
            (vec![(inf, 5.0)], [None, None]),
            (vec![], [None, None]),
            (vec![(0.1, 0.0), (inf, 9.0)], [Some(0.1), Some(0.1)]),
            (vec![(0.1, f64::NAN), (inf, f64::NAN)], [None, None]),
        ] {
            assert_eq!(quantiles([0.5, 1.0], &buckets), expected, "{buckets:?}");
        }
    }
}
