//! Templates of requests: text with `{holes}`. What fills a hole can never become anything but a value.
//!
//! In a URL a value is percent-encoded, in a body it is a JSON string (bodies are built as values, never pasted as
//! text), in a header it must be printable ASCII. A hole cannot stand in a scheme or a host.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The deepest nesting of a JSON template.
const DEEPEST: usize = 32;

/// Text with holes: `{name}`; a brace itself is written twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(String),
}

/// What fills the holes.
pub type Fields = BTreeMap<String, Value>;

/// Why a template cannot be filled: the hole, and what is wrong with its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{{{hole}}}: {why}")]
pub struct Unfillable {
    /// The hole's name.
    pub hole: String,
    /// What is wrong, for people.
    pub why: &'static str,
}

impl Template {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is wrong with its braces.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.push_str(&from[..1]);
                rest = after;
                continue;
            }
            let inner = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let Some((name, after)) = inner.filter(|(name, _)| is_name(name)) else {
                return Err("has a brace that belongs to no {name}: write a brace itself twice".to_owned());
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Hole(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The names of its holes.
    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Filled as plain text: for a JSON string or a text body, where it is escaped by what holds it.
    ///
    /// # Errors
    /// The hole that has no value, or one that is no single text.
    pub fn plain(&self, fields: &Fields) -> Result<String, Unfillable> {
        self.filled(fields, |text, out| {
            out.push_str(text);
            Ok(())
        })
    }

    /// Filled for a URL: each value percent-encoded but for `A-Z a-z 0-9 - _ . ~` (RFC 3986, 2.3). An empty value is
    /// refused: `/caches/{name}` without a name would mean all of them.
    ///
    /// # Errors
    /// As [`Template::plain`], and for an empty value.
    pub fn encoded(&self, fields: &Fields) -> Result<String, Unfillable> {
        self.filled(fields, |text, out| {
            if text.is_empty() {
                return Err("is empty, which a URL would take for something else");
            }
            percent_encode(text, out);
            Ok(())
        })
    }

    /// Filled for a header's value: printable ASCII only, so that no line can end early.
    ///
    /// # Errors
    /// As [`Template::plain`], and for any other character.
    pub fn header(&self, fields: &Fields) -> Result<String, Unfillable> {
        self.filled(fields, |text, out| {
            if text.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
                return Err("holds a character that a header must not have");
            }
            out.push_str(text);
            Ok(())
        })
    }

    fn filled(
        &self,
        fields: &Fields,
        put: impl Fn(&str, &mut String) -> Result<(), &'static str>,
    ) -> Result<String, Unfillable> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(name) => {
                    let wrong = |why| Unfillable { hole: name.clone(), why };
                    let value = fields.get(name).ok_or_else(|| wrong("has no value"))?;
                    let text = as_text(value).ok_or_else(|| wrong("is no single text"))?;
                    put(&text, &mut out).map_err(wrong)?;
                }
            }
        }
        Ok(out)
    }

    /// The only hole, if the template is nothing else.
    fn only_hole(&self) -> Option<&str> {
        match &self.parts[..] {
            [Part::Hole(name)] => Some(name),
            _ => None,
        }
    }
}

/// Letters, digits, `_`, `-` and `.` between names.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A value as one text; none for lists, objects and null.
pub fn as_text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(if *flag { "true" } else { "false" }.into()),
        _ => None,
    }
}

/// Percent-encodes all but the unreserved characters.
pub(super) fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// A JSON value whose strings are templates. A string that is one hole and nothing else becomes that hole's value as it
/// is: a number stays a number, an object an object.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// A value without holes.
    Fixed(Value),
    /// A string with holes.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object; its keys are fixed.
    Map(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// Reads a value whose strings are templates.
    ///
    /// # Errors
    /// What is wrong with a string's braces, or a nesting of more than 32.
    pub fn parse(value: &Value) -> Result<Self, String> {
        Self::parse_below(value, 0)
    }

    fn parse_below(value: &Value, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("is nested more than {DEEPEST} deep"));
        }
        Ok(match value {
            Value::String(text) => {
                let template = Template::parse(text)?;
                if template.holes().next().is_none() {
                    return Ok(Self::Fixed(Value::String(
                        template.plain(&Fields::new()).unwrap_or_default(),
                    )));
                }
                Self::Text(template)
            }
            Value::Array(items) => Self::List(
                items.iter().map(|item| Self::parse_below(item, depth + 1)).collect::<Result<_, _>>()?,
            ),
            Value::Object(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), Self::parse_below(item, depth + 1)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => Self::Fixed(other.clone()),
        })
    }

    /// The value, filled.
    ///
    /// # Errors
    /// The hole that has no value, or one that is no single text in the middle of a string.
    pub fn fill(&self, fields: &Fields) -> Result<Value, Unfillable> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => match template.only_hole() {
                Some(name) => fields
                    .get(name)
                    .cloned()
                    .ok_or_else(|| Unfillable { hole: name.to_owned(), why: "has no value" })?,
                None => Value::String(template.plain(fields)?),
            },
            Self::List(items) => {
                Value::Array(items.iter().map(|item| item.fill(fields)).collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => Value::Object(
                entries.iter().map(|(key, item)| Ok((key.clone(), item.fill(fields)?))).collect::<Result<
                    Map<_, _>,
                    Unfillable,
                >>(
                )?,
            ),
        })
    }

    /// The names of all holes.
    pub fn holes(&self) -> Vec<&str> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Text(template) => template.holes().collect(),
            Self::List(items) => items.iter().flat_map(Self::holes).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, item)| item.holes()).collect(),
        }
    }
}
