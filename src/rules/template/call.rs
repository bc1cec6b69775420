//! The functions that Prometheus adds to Go's templates.

use super::Context;
use super::builtin::query_escape;
use super::humanize;
use super::value::{Args, Sample, Value};
use regex::RegexBuilder;
use std::rc::Rc;

/// How deep `args` may be nested.
const ARGS_DEPTH: usize = 16;
/// The largest compiled expression of `match` and `reReplaceAll`, in bytes.
const REGEX: usize = 1 << 18;

/// Calls one of Prometheus' functions. Number and types of the values have been checked.
pub(super) fn call(name: &str, values: &[Value], context: &mut Context<'_>) -> Result<Value, String> {
    let first = values.first().unwrap_or(&Value::None);
    let text = |at: usize| match values.get(at) {
        Some(Value::Text(text)) => Rc::clone(text),
        _ => Rc::from(""),
    };
    let sample = |at: usize| match values.get(at) {
        Some(Value::Sample(sample)) => Ok(Rc::clone(sample)),
        _ => Err("runtime error: invalid memory address or nil pointer dereference".to_owned()),
    };
    let vector = |at: usize| match values.get(at) {
        Some(Value::Vector(vector)) => Rc::clone(vector),
        _ => Rc::from(Vec::new()),
    };
    match name {
        "query" => query(&text(0), context),
        "first" => match vector(0).first() {
            Some(sample) => Ok(Value::Sample(Rc::clone(sample))),
            None => Err("first() called on vector with no elements".to_owned()),
        },
        "label" => Ok(Value::text(sample(1)?.labels.get(&text(0)).unwrap_or(""))),
        "value" => Ok(Value::Float(sample(0)?.value)),
        "strvalue" => Ok(Value::text(sample(0)?.labels.get("__value__").unwrap_or(""))),
        "sortByLabel" => {
            let mut samples = vector(1).to_vec();
            let by = text(0);
            samples.sort_by(|a, b| a.labels.get(&by).unwrap_or("").cmp(b.labels.get(&by).unwrap_or("")));
            Ok(Value::Vector(samples.into()))
        }
        "args" => args(values),
        "match" => Ok(Value::Bool(regex(&text(0))?.is_match(&text(1)))),
        "reReplaceAll" => {
            let regex =
                regex(&text(0)).map_err(|e| format!("regexp: Compile({}): {e}", backquoted(&text(0))))?;
            replace_all(&regex, &text(1), &text(2)).map(Value::text)
        }
        "safeHtml" => Ok(first.clone()),
        "title" => Ok(Value::text(title(&text(0)))),
        "toUpper" => Ok(Value::text(text(0).to_uppercase())),
        "toLower" => Ok(Value::text(text(0).to_lowercase())),
        "graphLink" => Ok(Value::text(format!("/graph?g0.expr={}&g0.tab=0", query_escape(&text(0))))),
        "tableLink" => Ok(Value::text(format!("/graph?g0.expr={}&g0.tab=1", query_escape(&text(0))))),
        "urlQueryEscape" => Ok(Value::text(query_escape(&text(0)))),
        "stripPort" => Ok(Value::text(strip_port(&text(0)))),
        "stripDomain" => Ok(Value::text(strip_domain(&text(0)))),
        "pathPrefix" => Ok(Value::text(path(context.external_url))),
        "externalURL" => Ok(Value::text(context.external_url)),
        "now" => Ok(Value::Float(context.at.seconds())),
        "parseDuration" => {
            if text(0).is_empty() {
                return Err("empty duration string".to_owned());
            }
            let duration = crate::units::parse_duration(&text(0))
                .map_err(|_| format!("not a valid duration string: {:?}", text(0)))?;
            Ok(Value::Float(duration.as_millis() as f64 / 1000.0))
        }
        _ => number(name, first),
    }
}

fn number(name: &str, first: &Value) -> Result<Value, String> {
    let value = humanize::number(first)?;
    Ok(match name {
        "humanize" => Value::text(humanize::si(value)),
        "humanize1024" => Value::text(humanize::binary(value)),
        "humanizeDuration" => Value::text(humanize::duration(value)),
        "humanizePercentage" => Value::text(humanize::percentage(value)),
        "humanizeTimestamp" => Value::text(humanize::timestamp(value)?),
        "toTime" => Value::Time(humanize::time(value)?),
        "toDuration" => Value::Duration(humanize::nanos(value)? as i64),
        _ => return Err(format!("function {name:?} not defined")),
    })
}

fn query(expression: &str, context: &mut Context<'_>) -> Result<Value, String> {
    let samples = (context.query)(expression)?;
    Ok(Value::Vector(
        samples
            .into_iter()
            .map(|(labels, value)| Rc::new(Sample { labels, value }))
            .collect::<Vec<_>>()
            .into(),
    ))
}

fn args(values: &[Value]) -> Result<Value, String> {
    let depth = 1 + values.iter().map(Value::depth).max().unwrap_or(0);
    if depth > ARGS_DEPTH {
        return Err(format!("nested more than {ARGS_DEPTH} deep"));
    }
    let values = values.iter().enumerate().map(|(at, value)| (format!("arg{at}"), value.clone())).collect();
    Ok(Value::Args(Rc::new(Args { values, depth })))
}

fn regex(pattern: &str) -> Result<regex::Regex, String> {
    RegexBuilder::new(pattern).size_limit(REGEX).dfa_size_limit(REGEX).build().map_err(|e| {
        let reason = match e {
            regex::Error::CompiledTooBig(_) => "expression too large".to_owned(),
            other => match other.to_string().lines().last().unwrap_or("").trim_start_matches("error: ") {
                "unclosed group" => "missing closing )".to_owned(),
                "unopened group" => "unexpected )".to_owned(),
                "unclosed character class" => "missing closing ]".to_owned(),
                "repetition operator missing expression" => {
                    "missing argument to repetition operator".to_owned()
                }
                other => other.to_owned(),
            },
        };
        format!("error parsing regexp: {reason}: `{pattern}`")
    })
}

fn backquoted(text: &str) -> String {
    if text.contains(['`', '\n']) { super::printf::quoted(text, '"') } else { format!("`{text}`") }
}

/// `ReplaceAllString`, up to the cap of an output.
fn replace_all(regex: &regex::Regex, replacement: &str, text: &str) -> Result<String, String> {
    let mut out = super::value::Out::default();
    let mut last = 0;
    let mut expanded = String::new();
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        out.push(text.get(last..whole.start()).unwrap_or(""));
        expanded.clear();
        found.expand(replacement, &mut expanded);
        out.push(&expanded);
        last = whole.end();
        if out.full {
            return out.finish();
        }
    }
    out.push(text.get(last..).unwrap_or(""));
    out.finish()
}

/// `strings.Title`: the first letter of each word. A word begins after what is no letter, digit, underscore.
fn title(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if inside {
            out.push(c);
        } else {
            out.extend(c.to_uppercase());
        }
        inside = match c {
            c if c.is_ascii() => c.is_ascii_alphanumeric() || c == '_',
            c => c.is_alphanumeric() || !c.is_whitespace(),
        };
    }
    out
}

/// The host of `host:port`; what is none stays.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        return (!inner.contains(['[', ']'])).then_some((inner, port));
    }
    (!host.contains([':', '[', ']']) && !port.contains(['[', ']'])).then_some((host, port))
}

fn strip_port(text: &str) -> String {
    split_port(text).map_or(text, |(host, _)| host).to_owned()
}

/// The first name of a host; an address stays as it is, a port stays too.
fn strip_domain(text: &str) -> String {
    let (host, port) = split_port(text).map_or((text, None), |(host, port)| (host, Some(port)));
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return text.to_owned();
    }
    let name = host.split('.').next().unwrap_or(host);
    port.map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// The path of a URL.
fn path(url: &str) -> String {
    url::Url::parse(url).map_or_else(
        |_| String::new(),
        // Go keeps an empty path empty.
        |parsed| {
            let path = parsed.path();
            if path == "/" && !url.ends_with('/') { String::new() } else { path.to_owned() }
        },
    )
}

/// A field or method of a time or duration: `.Format "2006"`, `.Unix`, `.Seconds`.
pub(super) fn method(value: &Value, name: &str, argument: Option<&str>) -> Option<Value> {
    use super::moment;
    match value {
        Value::Duration(nanos) => {
            let seconds = *nanos as f64 / 1e9;
            Some(match name {
                "Seconds" => Value::Float(seconds),
                "Minutes" => Value::Float(seconds / 60.0),
                "Hours" => Value::Float(seconds / 3600.0),
                "Milliseconds" => Value::Int(nanos / 1_000_000),
                "Microseconds" => Value::Int(nanos / 1_000),
                "Nanoseconds" => Value::Int(*nanos),
                "String" => Value::text(moment::duration(*nanos)),
                _ => return None,
            })
        }
        Value::Time(nanos) => {
            let at = moment::civil(*nanos)?;
            let seconds = nanos.div_euclid(1_000_000_000) as i64;
            Some(match name {
                "Format" => Value::text(moment::layout(at, argument?)),
                "UTC" => value.clone(),
                "String" => Value::text(moment::time(*nanos)),
                "Unix" => Value::Int(seconds),
                "UnixMilli" => Value::Int(nanos.div_euclid(1_000_000) as i64),
                "UnixNano" => Value::Int(*nanos as i64),
                "Year" => Value::Int(i64::from(at.year())),
                "Month" => Value::text(moment::month(at)),
                "Weekday" => Value::text(moment::weekday(at)),
                "Day" => Value::Int(i64::from(at.day())),
                "YearDay" => Value::Int(i64::from(at.day_of_year())),
                "Hour" => Value::Int(i64::from(at.hour())),
                "Minute" => Value::Int(i64::from(at.minute())),
                "Second" => Value::Int(i64::from(at.second())),
                _ => return None,
            })
        }
        _ => None,
    }
}
