//! What an endpoint lists: versions to roll back to, caches, breakers. And conditions on what an endpoint answers.

use super::template::Template;
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::{Map, Value};

/// The most choices taken of one list.
const MOST: usize = 500;

/// Where choices come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The path that is asked, GET.
    pub from: Template,
    /// JSON pointer to the list, or to an object whose keys are the choices; empty: the whole answer.
    pub items: String,
    /// JSON pointer within an item to its value; empty: the item itself (or the object's key).
    pub value: String,
    /// JSON pointer within an item to a label for people.
    pub label: Option<String>,
    /// JSON pointer within an item to whether it is the current one.
    pub current: Option<String>,
    /// JSON pointer within an item to when it came (RFC 3339, or seconds since the epoch).
    pub age: Option<String>,
    /// What must hold of an item.
    pub only: Vec<Condition>,
    /// Further values of the chosen item, by name: the hole `{param.name}`.
    pub carry: Vec<(String, String)>,
    /// JSON pointers that are removed from a carried value.
    pub drop: Vec<String>,
}

/// One thing that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What fills the hole; not cleaned.
    pub value: String,
    /// The same as the endpoint wrote it: a number stays a number in a JSON body.
    pub json: Value,
    /// For people.
    pub label: Clean,
    /// Is it what runs now?
    pub current: bool,
    /// Since when it is there.
    pub since: Option<Timestamp>,
    /// Further values for the holes `{param.name}`.
    pub carried: Map<String, Value>,
}

impl Listing {
    /// The choices in an answer, in its order. What has no value is left out; beyond 500 nothing is taken.
    ///
    /// # Errors
    /// What is wrong with the answer as a whole.
    pub fn choices(&self, answer: &Value) -> Result<Vec<Choice>, String> {
        let items = answer.pointer(&self.items).ok_or_else(|| format!("nothing at \"{}\"", self.items))?;
        let choices: Vec<Choice> = match items {
            Value::Array(items) => {
                items.iter().filter_map(|item| self.choice(item, None)).take(MOST).collect()
            }
            Value::Object(entries) => {
                entries.iter().filter_map(|(key, item)| self.choice(item, Some(key))).take(MOST).collect()
            }
            _ => return Err(format!("neither a list nor an object at \"{}\"", self.items)),
        };
        if choices.is_empty() { Err("the list is empty".to_owned()) } else { Ok(choices) }
    }

    fn choice(&self, item: &Value, key: Option<&String>) -> Option<Choice> {
        if !self.only.iter().all(|condition| condition.holds(item)) {
            return None;
        }
        let json = match key {
            Some(key) if self.value.is_empty() => Value::String(key.clone()),
            _ => item.pointer(&self.value)?.clone(),
        };
        let value = super::template::as_text(&json)?.into_owned();
        let at = |pointer: &Option<String>| pointer.as_ref().and_then(|pointer| item.pointer(pointer));
        let label = at(&self.label).and_then(super::template::as_text).map(|text| Clean::new(&text));
        let current = match at(&self.current) {
            Some(Value::Bool(current)) => *current,
            // A field that names the current one (`{"current": "2.13.2"}`), or a non-zero count.
            Some(Value::Number(number)) => number.as_f64().is_some_and(|n| n != 0.0),
            Some(Value::String(text)) => *text == value || text == "true",
            _ => false,
        };
        let mut carried = Map::new();
        for (name, pointer) in &self.carry {
            let mut value = item.pointer(pointer)?.clone();
            for path in &self.drop {
                remove(&mut value, path);
            }
            carried.insert(name.clone(), value);
        }
        Some(Choice {
            label: label.unwrap_or_else(|| Clean::new(&value)),
            value,
            json,
            current,
            since: at(&self.age).and_then(moment),
            carried,
        })
    }
}

/// RFC 3339, or seconds (milliseconds if it is that large) since the epoch.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => {
            let moment: jiff::Timestamp = text.parse().ok()?;
            Some(Timestamp::from_millis(moment.as_millisecond()))
        }
        Value::Number(number) => {
            let number = number.as_f64().filter(|n| n.is_finite() && *n > 0.0)?;
            Some(if number > 1e11 {
                Timestamp::from_millis(number as i64)
            } else {
                Timestamp::from_seconds(number)
            })
        }
        _ => None,
    }
}

/// Removes what `pointer` points at.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    if let Some(Value::Object(entries)) = value.pointer_mut(parent) {
        entries.remove(&key);
    }
}

/// One thing that must hold of a JSON answer: `/status/updatedReplicas == /spec/replicas`, `/allowed == true`,
/// `/spec/syncPolicy/automated absent`, or several of which one must hold, joined by `or`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    any: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq)]
struct Clause {
    pointer: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Present,
    Absent,
    Compare(Op, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    Above,
    Below,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Pointer(String),
    Value(Value),
}

impl Condition {
    /// Reads `POINTER OP OPERAND`, `POINTER present` or `POINTER absent`, or several of them with ` or ` between. OP is one of `== != >= <= > <`; the operand is a
    /// pointer, a number, `true`, `false`, `null`, or a text in double quotes.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let any = alternatives(text).into_iter().map(Clause::parse);
        Ok(Self { any: any.collect::<Result<_, _>>()? })
    }

    /// Does it hold of `answer`? What is not there fits nothing but `absent` and `!=`.
    pub fn holds(&self, answer: &Value) -> bool {
        self.any.iter().any(|clause| clause.holds(answer))
    }
}

/// The parts between ` or `; one within double quotes is text.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b' ' if !quoted && at >= from && text.get(at..at + 4) == Some(" or ") => {
                parts.push(text.get(from..at).unwrap_or(""));
                from = at + 4;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or(""));
    parts
}

impl Clause {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is no condition: write it as '/allowed == true', '/ready >= /wanted', '/x present' or '/x absent'"
                .to_owned()
        };
        let (pointer, rest) = text.trim().split_once(char::is_whitespace).ok_or_else(wrong)?;
        if !pointer.starts_with('/') {
            return Err(wrong());
        }
        let test = match rest.trim() {
            "present" => Test::Present,
            "absent" => Test::Absent,
            rest => {
                let (op, operand) = rest.split_once(char::is_whitespace).ok_or_else(wrong)?;
                let op = match op {
                    "==" => Op::Equal,
                    "!=" => Op::NotEqual,
                    ">=" => Op::AtLeast,
                    "<=" => Op::AtMost,
                    ">" => Op::Above,
                    "<" => Op::Below,
                    _ => return Err(wrong()),
                };
                let operand = operand.trim();
                let operand = if operand.starts_with('/') {
                    Operand::Pointer(operand.to_owned())
                } else {
                    let value: Value = serde_json::from_str(operand).map_err(|_| wrong())?;
                    if value.is_array() || value.is_object() {
                        return Err(wrong());
                    }
                    Operand::Value(value)
                };
                Test::Compare(op, operand)
            }
        };
        Ok(Self { pointer: pointer.to_owned(), test })
    }

    fn holds(&self, answer: &Value) -> bool {
        let found = answer.pointer(&self.pointer).filter(|value| !value.is_null());
        let (op, operand) = match &self.test {
            Test::Present => return found.is_some(),
            Test::Absent => return found.is_none(),
            Test::Compare(op, operand) => (*op, operand),
        };
        let other = match operand {
            Operand::Pointer(pointer) => answer.pointer(pointer).filter(|value| !value.is_null()),
            Operand::Value(value) => Some(value).filter(|value| !value.is_null()),
        };
        match op {
            Op::Equal => same(found, other),
            Op::NotEqual => !same(found, other),
            _ => match (found.and_then(Value::as_f64), other.and_then(Value::as_f64)) {
                (Some(left), Some(right)) => match op {
                    Op::AtLeast => left >= right,
                    Op::AtMost => left <= right,
                    Op::Above => left > right,
                    _ => left < right,
                },
                _ => false,
            },
        }
    }
}

fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left.and_then(Value::as_f64), right.and_then(Value::as_f64)) {
        (Some(left), Some(right)) => left.total_cmp(&right).is_eq(),
        _ => left == right,
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, clause) in self.any.iter().enumerate() {
            let or = if index == 0 { "" } else { " or " };
            write!(f, "{or}{clause}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.test {
            Test::Present => write!(f, "{} present", self.pointer),
            Test::Absent => write!(f, "{} absent", self.pointer),
            Test::Compare(op, operand) => {
                let op = match op {
                    Op::Equal => "==",
                    Op::NotEqual => "!=",
                    Op::AtLeast => ">=",
                    Op::AtMost => "<=",
                    Op::Above => ">",
                    Op::Below => "<",
                };
                match operand {
                    Operand::Pointer(pointer) => write!(f, "{} {op} {pointer}", self.pointer),
                    Operand::Value(value) => write!(f, "{} {op} {value}", self.pointer),
                }
            }
        }
    }
}
