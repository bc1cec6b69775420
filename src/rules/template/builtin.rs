//! Go's own functions of templates: comparisons, `index`, `len`, escapes.

use super::printf;
use super::value::{self, Out, Value};
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::rc::Rc;

/// What a comparison cannot compare.
const BAD_TYPE: &str = "invalid type for comparison";
const INCOMPATIBLE: &str = "incompatible types for comparison";

/// Calls one of Go's functions; `and` and `or` are the executor's. The number of values has been checked.
pub(super) fn call(name: &str, values: &[Value]) -> Result<Value, String> {
    let first = values.first().unwrap_or(&Value::None);
    let second = values.get(1).unwrap_or(&Value::None);
    let order = |accepts: fn(Ordering) -> bool| Ok(Value::Bool(compare(first, second)?.is_some_and(accepts)));
    match name {
        "not" => Ok(Value::Bool(!first.is_true())),
        "eq" => equal_to_any(first, values.get(1..).unwrap_or(&[])),
        "ne" => Ok(Value::Bool(!equal(first, second)?)),
        "lt" => order(Ordering::is_lt),
        "le" => order(Ordering::is_le),
        "gt" => greater(first, second, false),
        "ge" => greater(first, second, true),
        "len" => length(first),
        "index" => {
            values.get(1..).unwrap_or(&[]).iter().try_fold(first.clone(), |item, key| index(&item, key))
        }
        "slice" => slice(first, values.get(1..).unwrap_or(&[])),
        "call" => Err(match first {
            Value::None => "call of nil".to_owned(),
            other => format!("non-function of type {}", other.type_name()),
        }),
        "print" => text(|out| value::sprint(values, out)),
        "println" => text(|out| {
            for (at, value) in values.iter().enumerate() {
                out.push(if at > 0 { " " } else { "" });
                value::plain(out, value, false);
            }
            out.push("\n");
        }),
        "printf" => text(|out| {
            let mut format = Out::default();
            value::plain(&mut format, first, false);
            printf::printf(out, &format.text, values.get(1..).unwrap_or(&[]));
        }),
        "html" => escaped(values, html),
        "js" => escaped(values, js),
        "urlquery" => escaped(values, |text, out| out.push(&query_escape(text))),
        _ => Err(format!("function {name:?} not defined")),
    }
}

fn text(write: impl FnOnce(&mut Out)) -> Result<Value, String> {
    let mut out = Out::default();
    write(&mut out);
    out.finish().map(Value::text)
}

fn escaped(values: &[Value], escape: impl FnOnce(&str, &mut Out)) -> Result<Value, String> {
    let mut plain = Out::default();
    value::sprint(values, &mut plain);
    text(|out| escape(&plain.text, out))
}

fn html(text: &str, out: &mut Out) {
    let mut buffer = [0; 4];
    for c in text.chars() {
        out.push(match c {
            '\0' => "\u{FFFD}",
            '"' => "&#34;",
            '\'' => "&#39;",
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut buffer),
        });
    }
}

fn js(text: &str, out: &mut Out) {
    let mut buffer = [0; 4];
    for c in text.chars() {
        match c {
            '\\' => out.push("\\\\"),
            '\'' => out.push("\\'"),
            '"' => out.push("\\\""),
            '<' | '>' | '&' | '=' => out.push(&format!("\\u{:04X}", c as u32)),
            c if (c as u32) < 0x20 => out.push(&format!("\\u{:04X}", c as u32)),
            c => out.push(c.encode_utf8(&mut buffer)),
        }
    }
}

/// `url.QueryEscape`: letters, digits and `-_.~` stay, a blank becomes `+`.
pub(super) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn basic(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Duration(_))
}

fn same_kind(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(match (a, b) {
        (Value::None, Value::None) => true,
        (Value::None, _) | (_, Value::None) => {
            let other = if matches!(a, Value::None) { b } else { a };
            if basic(other) || matches!(other, Value::Sample(_) | Value::Time(_)) {
                return Ok(false);
            }
            return Err(format!("non-comparable type {}: {}", shown(other), other.type_name()));
        }
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "eq of Go is equality to the bit")]
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::Sample(a), Value::Sample(b)) => Rc::ptr_eq(a, b),
        (a, b) if !basic(a) || !basic(b) => {
            let other = if basic(a) { b } else { a };
            return Err(format!("non-comparable type {}: {}", shown(other), other.type_name()));
        }
        (a, b) if same_kind(a, b) => return Err(BAD_TYPE.to_owned()),
        _ => return Err(INCOMPATIBLE.to_owned()),
    })
}

fn shown(value: &Value) -> String {
    let mut out = Out::default();
    value::plain(&mut out, value, false);
    out.text.chars().take(80).collect()
}

fn equal_to_any(first: &Value, others: &[Value]) -> Result<Value, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// The order of two values; nothing where one is no number.
fn compare(a: &Value, b: &Value) -> Result<Option<Ordering>, String> {
    Ok(match (a, b) {
        (Value::Int(a), Value::Int(b)) | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (a, b) if !basic(a) || !basic(b) => return Err(BAD_TYPE.to_owned()),
        (Value::Bool(_), Value::Bool(_)) => return Err(BAD_TYPE.to_owned()),
        _ => return Err(INCOMPATIBLE.to_owned()),
    })
}

/// Go's `gt` is "not `le`", so that it is true where one value is no number; `ge` is "not `lt`".
fn greater(a: &Value, b: &Value, or_equal: bool) -> Result<Value, String> {
    let order = compare(a, b)?;
    let less = order.is_some_and(|order| if or_equal { order.is_lt() } else { order.is_le() });
    Ok(Value::Bool(!less))
}

fn length(value: &Value) -> Result<Value, String> {
    Ok(Value::Int(match value {
        Value::Text(text) => text.len(),
        Value::Labels(labels) => labels.len(),
        Value::Args(args) => args.values.len(),
        Value::Vector(vector) => vector.len(),
        Value::None => return Err("len of nil pointer".to_owned()),
        other => return Err(format!("len of type {}", other.type_name())),
    } as i64))
}

fn position(key: &Value, length: usize) -> Result<usize, String> {
    let Value::Int(at) = key else {
        return Err(match key {
            Value::None => "cannot index slice/array with nil".to_owned(),
            other => format!("cannot index slice/array with type {}", other.type_name()),
        });
    };
    usize::try_from(*at).ok().filter(|at| *at <= length).ok_or_else(|| format!("index out of range: {at}"))
}

fn index(item: &Value, key: &Value) -> Result<Value, String> {
    let map_key = || match key {
        Value::Text(key) => Ok(Rc::clone(key)),
        Value::None => Err("value is nil; should be of type string".to_owned()),
        other => Err(format!("value has type {}; should be string", other.type_name())),
    };
    match item {
        Value::None => Err("index of untyped nil".to_owned()),
        Value::Labels(labels) => Ok(Value::text(labels.get(&map_key()?).unwrap_or(""))),
        Value::Args(args) => Ok(args.values.get(&*map_key()?).cloned().unwrap_or(Value::None)),
        Value::Text(text) => {
            let at = position(key, text.len())?;
            let byte = text.as_bytes().get(at).ok_or_else(|| format!("index out of range: {at}"))?;
            Ok(Value::Int(i64::from(*byte)))
        }
        Value::Vector(vector) => {
            let at = position(key, vector.len())?;
            let sample = vector.get(at).ok_or_else(|| format!("index out of range: {at}"))?;
            Ok(Value::Sample(Rc::clone(sample)))
        }
        other => Err(format!("can't index item of type {}", other.type_name())),
    }
}

fn slice(item: &Value, bounds: &[Value]) -> Result<Value, String> {
    let length = match item {
        Value::None => return Err("slice of untyped nil".to_owned()),
        Value::Text(_) if bounds.len() > 2 => return Err("cannot 3-index slice a string".to_owned()),
        Value::Text(text) => text.len(),
        Value::Vector(vector) => vector.len(),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    if bounds.len() > 3 {
        return Err(format!("too many slice indexes: {}", bounds.len()));
    }
    let from = bounds.first().map_or(Ok(0), |bound| position(bound, length))?;
    let to = bounds.get(1).map_or(Ok(length), |bound| position(bound, length))?;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    Ok(match item {
        Value::Text(text) => {
            Value::text(String::from_utf8_lossy(text.as_bytes().get(from..to).unwrap_or(&[])))
        }
        Value::Vector(vector) => Value::Vector(vector.get(from..to).unwrap_or(&[]).into()),
        other => other.clone(),
    })
}
