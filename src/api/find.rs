//! Which series, labels and values there are: `/api/v1/series`, `/api/v1/labels`, `/api/v1/label/NAME/values`,
//! `/api/v1/metadata`.

use super::laid::Samples;
use super::targets::map;
use super::{Fault, Kind, Params};
use crate::promql::{self, Selector};
use crate::query::parse_moment;
use crate::store::Series;
use crate::units::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What was found, and what there is to say about it.
pub type Found = (Value, Vec<String>);

/// The selectors of `match[]`.
///
/// # Errors
/// One of them is none.
pub(super) fn selectors(params: &Params) -> Result<Vec<Selector>, Fault> {
    params
        .all("match[]")
        .map(|text| {
            let wrong = |why: String| Fault::parameter("match[]", why);
            let expr = promql::parse(text).map_err(|error| wrong(error.pointing(text)))?;
            match expr.selectors().as_slice() {
                [only] if expr.is_selector() && only.time == promql::Time::default() => Ok(only.clone()),
                _ => {
                    Err(wrong(format!("\"{text}\" is not a single selector such as up{{job=\"checkout\"}}")))
                }
            }
        })
        .collect()
}

/// The span of `start` and `end`: everything where neither is given.
fn span(params: &Params, now: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
    let moment = |name: &str, otherwise: i64| match params.get(name) {
        None => Ok(Timestamp::from_millis(otherwise)),
        Some(text) => parse_moment(text, now).map_err(|why| Fault::parameter(name, why)),
    };
    let (start, end) = (moment("start", i64::MIN)?, moment("end", i64::MAX)?);
    if end < start {
        return Err(Fault::parameter("end", "end timestamp must not be before start time"));
    }
    Ok((start, end))
}

/// The most that is answered; none: all.
pub(super) fn limit(params: &Params) -> Result<Option<usize>, Fault> {
    match params.get("limit").map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(0)) => Ok(None),
        Some(Ok(limit)) => Ok(Some(usize::try_from(limit).unwrap_or(usize::MAX))),
        Some(Err(_)) => Err(Fault::parameter("limit", "is no number of 0 or more")),
    }
}

/// What Prometheus says of an answer that was cut.
pub(super) const CUT: &str = "results truncated due to limit";

fn cut<T>(mut all: Vec<T>, limit: Option<usize>) -> (Vec<T>, Vec<String>) {
    let Some(limit) = limit.filter(|limit| *limit < all.len()) else { return (all, Vec::new()) };
    all.truncate(limit);
    (all, vec![CUT.to_owned()])
}

impl Samples {
    /// Series that one of the selectors takes (all, where there is none) and that have samples in the span.
    fn within(&self, params: &Params, now: Timestamp) -> Result<Vec<&Series>, Fault> {
        let (start, end) = span(params, now)?;
        let selectors = selectors(params)?;
        let mut found = match selectors.as_slice() {
            [] => self.store.all(),
            [only] => self.store.select(&only.matchers),
            several => {
                let mut known = BTreeSet::new();
                let all = several.iter().flat_map(|one| self.store.select(&one.matchers));
                all.filter(|series| known.insert(series.labels().clone())).collect()
            }
        };
        found.retain(|series| {
            series.last().is_some_and(|(newest, _)| newest >= start)
                && series.oldest().is_some_and(|oldest| oldest <= end)
        });
        Ok(found)
    }

    /// The `data` of `/api/v1/series`.
    ///
    /// # Errors
    /// A parameter is wrong, or there is no `match[]`.
    pub fn series(&self, params: &Params, now: Timestamp) -> Result<Found, Fault> {
        if params.all("match[]").next().is_none() {
            return Err(Fault::new(Kind::BadData, "no match[] parameter provided"));
        }
        let limit = limit(params)?;
        let mut found = self.within(params, now)?;
        found.sort_by(|a, b| a.labels().cmp(b.labels()));
        let (found, said) = cut(found, limit);
        Ok((found.into_iter().map(|series| Value::Object(map(series.labels()))).collect(), said))
    }

    /// The `data` of `/api/v1/labels`.
    ///
    /// # Errors
    /// A parameter is wrong.
    pub fn labels(&self, params: &Params, now: Timestamp) -> Result<Found, Fault> {
        let limit = limit(params)?;
        let found = self.within(params, now)?;
        let names: BTreeSet<&str> =
            found.iter().flat_map(|series| series.labels().iter().map(|(name, _)| name)).collect();
        let (names, said) = cut(names.into_iter().collect(), limit);
        Ok((json!(names), said))
    }

    /// The `data` of `/api/v1/label/NAME/values`.
    ///
    /// # Errors
    /// The name is none, or a parameter is wrong.
    pub fn values(&self, name: &str, params: &Params, now: Timestamp) -> Result<Found, Fault> {
        if name.is_empty() {
            return Err(Fault::new(Kind::BadData, format!("invalid label name: \"{name}\"")));
        }
        let limit = limit(params)?;
        let found = self.within(params, now)?;
        let values: BTreeSet<&str> = found.iter().filter_map(|series| series.labels().get(name)).collect();
        let (values, said) = cut(values.into_iter().collect(), limit);
        Ok((json!(values), said))
    }

    /// The `data` of `/api/v1/metadata`: of the metrics that warroom makes itself, as far as there are any.
    ///
    /// # Errors
    /// A parameter is wrong.
    pub fn metadata(&self, params: &Params) -> Result<Value, Fault> {
        let most = limit(params)?.unwrap_or(usize::MAX);
        let only = params.get("metric");
        let names = self.store.metric_names();
        let about = names.iter().filter(|name| only.is_none_or(|only| only == *name)).filter_map(|name| {
            let about = super::names::about(name)?;
            Some((name.clone(), json!([{ "type": about.kind, "unit": "", "help": about.help }])))
        });
        Ok(Value::Object(about.take(most).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_one_and_nothing_else() {
        for (text, good) in [
            ("up", true),
            ("{job=\"a\"}", true),
            ("up{job=~\"a|b\"}", true),
            ("rate(up[5m])", false),
            ("up[5m]", false),
            ("up offset 5m", false),
            ("up + up", false),
            ("1", false),
            ("{}", false),
            ("up{", false),
            ("", false),
        ] {
            let params = Params::read("", format!("match[]={text}").replace('+', "%2B").as_bytes()).unwrap();
            let found = selectors(&params);
            assert_eq!(found.is_ok(), good, "{text}: {found:?}");
        }
    }
}
