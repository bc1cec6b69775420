//! Reads the file of a unit test.

use super::series::{Point, points, series};
use crate::labels::Labels;
use crate::promql::{self, Expr};
use crate::rules::yaml::{self, Mark, Node, Value};
use crate::units::{Timestamp, parse_duration};
use std::collections::BTreeSet;
use std::time::Duration;

/// A file of tests.
#[derive(Clone, Debug, Default)]
pub struct UnitFile {
    /// The rule files, as they are written: beside the test's own file, perhaps with `*`.
    pub rule_files: Vec<String>,
    /// How often rules are evaluated.
    pub evaluation_interval: Duration,
    /// The order of groups; those that it does not name come after.
    pub group_eval_order: Vec<String>,
    /// Values need to be equal to a millionth only.
    pub fuzzy_compare: bool,
    /// The tests.
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name, or its number.
    pub name: String,
    /// The time between two points.
    pub interval: Duration,
    /// When the first point is.
    pub start: Timestamp,
    pub(super) input: Vec<(Labels, Vec<Point>)>,
    pub(super) alerts: Vec<AlertTest>,
    pub(super) exprs: Vec<ExprTest>,
    pub(super) external_labels: Labels,
    pub(super) external_url: String,
}

#[derive(Clone, Debug)]
pub(super) struct AlertTest {
    pub(super) at: Duration,
    pub(super) name: String,
    pub(super) expected: Vec<(Labels, Labels)>,
}

#[derive(Clone, Debug)]
pub(super) struct ExprTest {
    pub(super) at: Duration,
    pub(super) text: String,
    pub(super) expr: Expr,
    pub(super) expected: Vec<(Labels, f64)>,
}

/// What is wrong, and where.
type Fault = (Mark, String);

/// Reads a file of tests.
///
/// # Errors
/// The first thing that is wrong: `line:column: reason`.
pub fn parse(text: &str) -> Result<UnitFile, String> {
    let at = |(mark, reason): Fault| format!("{}:{}: {reason}", mark.line, mark.column);
    // promtool lets a file without tests pass; that nothing was tested is for whoever counts them to say.
    yaml::parse(text).map_err(at)?.map_or_else(|| Ok(UnitFile::default()), |root| file(&root).map_err(at))
}

fn wrong<T>(node: &Node, reason: impl Into<String>) -> Result<T, Fault> {
    Err((node.at, reason.into()))
}

type Pairs<'n> = Vec<(&'n str, &'n Node)>;

/// The pairs of a map, whose keys must be among `known`.
fn map<'n>(node: &'n Node, known: &[&str]) -> Result<Pairs<'n>, Fault> {
    let Value::Map(pairs) = &node.value else {
        return wrong(node, format!("a map is expected, not {}", node.word()));
    };
    let mut out = Vec::new();
    for (key, value) in pairs {
        let name = key.text().unwrap_or("");
        if !known.is_empty() && !known.contains(&name) {
            return wrong(key, format!("unknown key \"{name}\"; known are {}", known.join(", ")));
        }
        out.push((name, value));
    }
    Ok(out)
}

fn list(node: &Node) -> Result<&[Node], Fault> {
    match &node.value {
        Value::List(items) => Ok(items),
        Value::Null => Ok(&[]),
        _ => wrong(node, format!("a list is expected, not {}", node.word())),
    }
}

fn text(node: &Node) -> Result<&str, Fault> {
    node.text().map_or_else(|| wrong(node, format!("a text is expected, not {}", node.word())), Ok)
}

fn duration(node: &Node) -> Result<Duration, Fault> {
    parse_duration(text(node)?).map_err(|reason| (node.at, reason))
}

fn labels(node: &Node) -> Result<Labels, Fault> {
    if matches!(node.value, Value::Null) {
        return Ok(Labels::empty());
    }
    let mut pairs = Vec::new();
    for (name, value) in map(node, &[])? {
        pairs.push((name, text(value)?));
    }
    Ok(Labels::from_pairs(pairs))
}

fn texts(node: &Node) -> Result<Vec<String>, Fault> {
    list(node)?.iter().map(|node| text(node).map(str::to_owned)).collect()
}

fn file(root: &Node) -> Result<UnitFile, Fault> {
    let mut file = UnitFile {
        rule_files: Vec::new(),
        evaluation_interval: Duration::from_secs(60),
        group_eval_order: Vec::new(),
        fuzzy_compare: false,
        tests: Vec::new(),
    };
    let known = ["rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"];
    for (key, value) in map(root, &known)? {
        match key {
            "rule_files" => file.rule_files = texts(value)?,
            "evaluation_interval" => {
                file.evaluation_interval = duration(value)?;
                if file.evaluation_interval.is_zero() {
                    return wrong(value, "the interval must be longer than 0");
                }
            }
            "group_eval_order" => {
                file.group_eval_order = texts(value)?;
                let mut seen = BTreeSet::new();
                if let Some(twice) = file.group_eval_order.iter().find(|name| !seen.insert(name.as_str())) {
                    return wrong(value, format!("\"{twice}\" is there twice"));
                }
            }
            "fuzzy_compare" => file.fuzzy_compare = text(value)? == "true",
            _ => {
                for (at, node) in list(value)?.iter().enumerate() {
                    file.tests.push(test(node, at + 1, file.evaluation_interval)?);
                }
            }
        }
    }
    Ok(file)
}

fn test(node: &Node, number: usize, interval: Duration) -> Result<Test, Fault> {
    let mut test = Test {
        name: format!("test {number}"),
        interval,
        start: Timestamp::from_millis(0),
        input: Vec::new(),
        alerts: Vec::new(),
        exprs: Vec::new(),
        external_labels: Labels::empty(),
        external_url: String::new(),
    };
    let known = [
        "name",
        "interval",
        "start_timestamp",
        "input_series",
        "alert_rule_test",
        "promql_expr_test",
        "external_labels",
        "external_url",
    ];
    for (key, value) in map(node, &known)? {
        match key {
            "name" => text(value)?.clone_into(&mut test.name),
            "interval" => {
                test.interval = duration(value)?;
                if test.interval.is_zero() {
                    return wrong(value, "the interval must be longer than 0");
                }
            }
            "start_timestamp" => test.start = moment(value)?,
            "external_labels" => test.external_labels = labels(value)?,
            "external_url" => text(value)?.clone_into(&mut test.external_url),
            "input_series" => {
                for node in list(value)? {
                    test.input.push(input(node)?);
                }
            }
            "alert_rule_test" => {
                for node in list(value)? {
                    test.alerts.push(alert(node)?);
                }
            }
            _ => {
                for node in list(value)? {
                    test.exprs.push(expr(node)?);
                }
            }
        }
    }
    Ok(test)
}

/// Seconds since the epoch, or RFC 3339.
fn moment(node: &Node) -> Result<Timestamp, Fault> {
    let text = text(node)?;
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
    {
        return Ok(Timestamp::from_seconds(seconds));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(moment) => Ok(Timestamp::from_millis(moment.as_millisecond())),
        Err(_) => wrong(node, format!("\"{text}\" is no time: write seconds, or 2026-01-31T12:00:00Z")),
    }
}

fn input(node: &Node) -> Result<(Labels, Vec<Point>), Fault> {
    let (mut found, mut values) = (None, Vec::new());
    for (key, value) in map(node, &["series", "values"])? {
        match key {
            "series" => found = Some(series(text(value)?).map_err(|reason| (value.at, reason))?),
            _ => values = points(text(value)?).map_err(|reason| (value.at, reason))?,
        }
    }
    match found {
        Some(found) => Ok((found, values)),
        None => wrong(node, "`series` is missing"),
    }
}

fn alert(node: &Node) -> Result<AlertTest, Fault> {
    let mut test = AlertTest { at: Duration::ZERO, name: String::new(), expected: Vec::new() };
    for (key, value) in map(node, &["eval_time", "alertname", "exp_alerts"])? {
        match key {
            "eval_time" => test.at = duration(value)?,
            "alertname" => text(value)?.clone_into(&mut test.name),
            _ => {
                for node in list(value)? {
                    let (mut expected, mut annotations) = (Labels::empty(), Labels::empty());
                    for (key, value) in map(node, &["exp_labels", "exp_annotations"])? {
                        match key {
                            "exp_labels" => expected = labels(value)?,
                            _ => annotations = labels(value)?,
                        }
                    }
                    test.expected.push((expected, annotations));
                }
            }
        }
    }
    if test.name.is_empty() {
        return wrong(node, "`alertname` is missing");
    }
    for (labels, _) in &mut test.expected {
        *labels = labels.with("alertname", &test.name);
    }
    Ok(test)
}

fn expr(node: &Node) -> Result<ExprTest, Fault> {
    let (mut at, mut parsed, mut expected) = (Duration::ZERO, None, Vec::new());
    for (key, value) in map(node, &["eval_time", "expr", "exp_samples"])? {
        match key {
            "eval_time" => at = duration(value)?,
            "expr" => {
                let text = text(value)?;
                let expr = promql::parse(text).map_err(|error| (value.at, error.to_string()))?;
                parsed = Some((text.to_owned(), expr));
            }
            _ => {
                for node in list(value)? {
                    expected.push(sample(node)?);
                }
            }
        }
    }
    match parsed {
        Some((text, expr)) => Ok(ExprTest { at, text, expr, expected }),
        None => wrong(node, "`expr` is missing"),
    }
}

fn sample(node: &Node) -> Result<(Labels, f64), Fault> {
    let (mut found, mut number) = (Labels::empty(), 0.0);
    for (key, value) in map(node, &["labels", "value", "histogram"])? {
        match key {
            "labels" => found = series(text(value)?).map_err(|reason| (value.at, reason))?,
            "value" => {
                let text = text(value)?;
                number = match text.parse::<f64>() {
                    Ok(number) => number,
                    Err(_) => return wrong(value, format!("\"{text}\" is no number")),
                };
            }
            _ => return wrong(value, "native histograms are not supported"),
        }
    }
    Ok((found, number))
}
