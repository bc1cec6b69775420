//! Which functions there are, and what the simple ones do to a number.
//!
//! Only tables and arithmetic: windows, labels and histograms have files of their own.

use super::ast::{Date, Func, Over};
use crate::labels::Labels;
use jiff::civil::DateTime;
use std::f64::consts::PI;

type Map = fn(f64) -> f64;

/// Functions of one number.
const MAPS: [(&str, Map); 23] = [
    ("abs", f64::abs),
    ("ceil", f64::ceil),
    ("floor", f64::floor),
    ("exp", f64::exp),
    ("sqrt", f64::sqrt),
    ("ln", f64::ln),
    ("log2", f64::log2),
    ("log10", f64::log10),
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tan", f64::tan),
    ("asin", f64::asin),
    ("acos", f64::acos),
    ("atan", f64::atan),
    ("sinh", f64::sinh),
    ("cosh", f64::cosh),
    ("tanh", f64::tanh),
    ("asinh", f64::asinh),
    ("acosh", f64::acosh),
    ("atanh", f64::atanh),
    ("rad", |v| v * PI / 180.0),
    ("deg", |v| v * 180.0 / PI),
    ("sgn", |v| {
        if v < 0.0 {
            -1.0
        } else if v > 0.0 {
            1.0
        } else {
            v
        }
    }),
];

const WINDOWS: [(&str, Over); 27] = [
    ("rate", Over::Rate),
    ("increase", Over::Increase),
    ("delta", Over::Delta),
    ("irate", Over::Irate),
    ("idelta", Over::Idelta),
    ("deriv", Over::Deriv),
    ("predict_linear", Over::PredictLinear),
    ("double_exponential_smoothing", Over::Smooth),
    ("holt_winters", Over::Smooth),
    ("resets", Over::Resets),
    ("changes", Over::Changes),
    ("avg_over_time", Over::Avg),
    ("sum_over_time", Over::Sum),
    ("min_over_time", Over::Min),
    ("max_over_time", Over::Max),
    ("count_over_time", Over::Count),
    ("first_over_time", Over::First),
    ("last_over_time", Over::Last),
    ("present_over_time", Over::Present),
    ("quantile_over_time", Over::Quantile),
    ("stddev_over_time", Over::Stddev),
    ("stdvar_over_time", Over::Stdvar),
    ("mad_over_time", Over::Mad),
    ("ts_of_first_over_time", Over::TsOfFirst),
    ("ts_of_last_over_time", Over::TsOfLast),
    ("ts_of_min_over_time", Over::TsOfMin),
    ("ts_of_max_over_time", Over::TsOfMax),
];

const DATES: [(&str, Date); 8] = [
    ("minute", Date::Minute),
    ("hour", Date::Hour),
    ("day_of_week", Date::DayOfWeek),
    ("day_of_month", Date::DayOfMonth),
    ("day_of_year", Date::DayOfYear),
    ("days_in_month", Date::DaysInMonth),
    ("month", Date::Month),
    ("year", Date::Year),
];

/// The others; `label_replace` and `absent*` get their particulars from the parser.
fn others() -> [(&'static str, Func); 24] {
    [
        ("absent", Func::Absent(Labels::empty())),
        ("absent_over_time", Func::AbsentOverTime(Labels::empty())),
        ("clamp", Func::Clamp),
        ("clamp_max", Func::ClampMax),
        ("clamp_min", Func::ClampMin),
        ("round", Func::Round),
        ("scalar", Func::Scalar),
        ("vector", Func::Vector),
        ("time", Func::Time),
        ("pi", Func::Pi),
        ("timestamp", Func::Timestamp),
        ("sort", Func::Sort { descending: false }),
        ("sort_desc", Func::Sort { descending: true }),
        ("sort_by_label", Func::SortByLabel { descending: false }),
        ("sort_by_label_desc", Func::SortByLabel { descending: true }),
        ("label_join", Func::LabelJoin),
        ("histogram_quantile", Func::HistogramQuantile),
        ("histogram_fraction", Func::HistogramFraction),
        ("min_of", Func::MinOf),
        ("max_of", Func::MaxOf),
        ("start", Func::Start),
        ("end", Func::End),
        ("step", Func::Step),
        ("range", Func::Range),
    ]
}

/// The function of this name; `label_replace` is not among them, since it needs its arguments.
pub(super) fn find(name: &str) -> Option<Func> {
    if let Some((name, map)) = MAPS.iter().find(|(n, _)| *n == name) {
        return Some(Func::Map(*map, name));
    }
    if let Some((_, over)) = WINDOWS.iter().find(|(n, _)| *n == name) {
        return Some(Func::Over(*over));
    }
    if let Some((_, date)) = DATES.iter().find(|(n, _)| *n == name) {
        return Some(Func::Date(*date));
    }
    others().into_iter().find(|(n, _)| *n == name).map(|(_, f)| f)
}

/// The names of all functions, sorted.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = MAPS
        .iter()
        .map(|(n, _)| *n)
        .chain(WINDOWS.iter().map(|(n, _)| *n))
        .chain(DATES.iter().map(|(n, _)| *n))
        .chain(others().iter().map(|(n, _)| *n))
        .chain(["label_replace"])
        .collect();
    names.sort_unstable();
    names
}

/// A part of the date that lies `seconds` after the epoch; not a number where there is no such date.
pub(super) fn date_part(part: Date, seconds: f64) -> f64 {
    let whole = seconds.trunc();
    if !whole.is_finite() {
        return f64::NAN;
    }
    let Ok(moment) = jiff::Timestamp::from_second(whole as i64) else { return f64::NAN };
    let date: DateTime = jiff::tz::TimeZone::UTC.to_datetime(moment);
    match part {
        Date::Minute => f64::from(date.minute()),
        Date::Hour => f64::from(date.hour()),
        Date::DayOfWeek => f64::from(date.weekday().to_sunday_zero_offset()),
        Date::DayOfMonth => f64::from(date.day()),
        Date::DayOfYear => f64::from(date.day_of_year()),
        Date::DaysInMonth => f64::from(date.days_in_month()),
        Date::Month => f64::from(date.month()),
        Date::Year => f64::from(date.year()),
    }
}

/// The larger one; not a number if either is not (Go's `math.Max`).
pub(super) fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// The smaller one; not a number if either is not (Go's `math.Min`).
pub(super) fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// The name under which a function is found.
pub(super) fn name_of(func: &Func) -> &'static str {
    match func {
        Func::Map(_, name) => name,
        Func::Over(over) => WINDOWS.iter().find(|(_, o)| o == over).map_or("", |(n, _)| n),
        Func::Date(date) => DATES.iter().find(|(_, d)| d == date).map_or("", |(n, _)| n),
        Func::LabelReplace(_) => "label_replace",
        Func::Sort { descending: true } => "sort_desc",
        Func::SortByLabel { descending: true } => "sort_by_label_desc",
        other => others()
            .iter()
            .find(|(_, f)| std::mem::discriminant(f) == std::mem::discriminant(other))
            .map_or("", |(n, _)| n),
    }
}
