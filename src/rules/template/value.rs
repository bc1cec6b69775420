//! The values that a template can hold, and how Go prints them.

use super::float;
use super::moment;
use crate::labels::Labels;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A value. Clones are cheap; lists and maps are shared.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Nothing: a missing key, `nil`.
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// `map[string]string`
    Labels(Labels),
    /// What `args` makes.
    Args(Rc<Args>),
    /// A query's answer.
    Vector(Rc<[Rc<Sample>]>),
    Sample(Rc<Sample>),
    /// What a template is given: `.`.
    Data(Rc<Data>),
    /// Nanoseconds since the epoch.
    Time(i128),
    /// Nanoseconds.
    Duration(i64),
}

/// `arg0`, `arg1`, ...; how deep such maps are within one another is known, so that nothing recurses without end.
#[derive(Debug)]
pub(super) struct Args {
    pub(super) values: BTreeMap<String, Value>,
    pub(super) depth: usize,
}

/// One element of a query's answer.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) value: f64,
}

/// What `.` is at first.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) labels: Labels,
    pub(super) external_labels: Labels,
    pub(super) external_url: Rc<str>,
    pub(super) value: f64,
}

impl Value {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Rc::from(text.as_ref()))
    }

    /// The name of its Go type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::None => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Labels(_) => "map[string]string",
            Self::Args(_) => "map[string]interface {}",
            Self::Vector(_) => "template.queryResult",
            Self::Sample(_) => "*template.sample",
            Self::Data(_) => {
                "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }"
            }
            Self::Time(_) => "*time.Time",
            Self::Duration(_) => "*time.Duration",
        }
    }

    /// What `if` makes of it: false, 0, "", nothing and empty lists are not true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Args(args) => !args.values.is_empty(),
            Self::Vector(vector) => !vector.is_empty(),
            Self::Sample(_) | Self::Data(_) | Self::Time(_) => true,
            Self::Duration(value) => *value != 0,
        }
    }

    /// How deep maps of `args` are nested in it.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Args(args) => args.depth,
            _ => 0,
        }
    }
}

/// Text that grows up to a cap; what is over it is dropped, and that is remembered.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) text: String,
    pub(super) full: bool,
}

impl Out {
    /// The text, if all of it found room.
    pub(super) fn finish(self) -> Result<String, String> {
        if self.full { Err(format!("text is longer than {} bytes", super::OUTPUT)) } else { Ok(self.text) }
    }

    pub(super) fn push(&mut self, text: &str) {
        let mut room = super::OUTPUT.saturating_sub(self.text.len()).min(text.len());
        if room < text.len() {
            self.full = true;
            while !text.is_char_boundary(room) {
                room -= 1;
            }
        }
        self.text.push_str(text.get(..room).unwrap_or(""));
    }
}

/// Prints a value as an action does: `%v`, and a pointer as what it points to.
pub(super) fn print(out: &mut Out, value: &Value) {
    match value {
        Value::None => out.push("<no value>"),
        Value::Sample(sample) => sample_braces(out, sample, &|out, value| plain(out, value, true)),
        value => plain(out, value, false),
    }
}

fn sample_braces(out: &mut Out, sample: &Sample, element: &dyn Fn(&mut Out, &Value)) {
    out.push("{");
    element(out, &Value::Labels(sample.labels.clone()));
    out.push(" ");
    element(out, &Value::Float(sample.value));
    out.push("}");
}

/// `%v` of a value; `within` another one.
pub(super) fn plain(out: &mut Out, value: &Value, within: bool) {
    match value {
        Value::None => out.push("<nil>"),
        Value::Bool(value) => out.push(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push(&value.to_string()),
        Value::Float(value) => out.push(&float::format(*value, 'g', None)),
        Value::Text(text) => out.push(text),
        Value::Time(nanos) => out.push(&moment::time(*nanos)),
        Value::Duration(nanos) => out.push(&moment::duration(*nanos)),
        value => composite(out, value, within, &|out, value| plain(out, value, true)),
    }
}

/// Maps, lists and structs, each element printed by `element`. Depth is that of nested `args`, which is capped.
pub(super) fn composite(out: &mut Out, value: &Value, within: bool, element: &dyn Fn(&mut Out, &Value)) {
    let pairs = |out: &mut Out, pairs: &mut dyn Iterator<Item = (&str, Value)>| {
        out.push("map[");
        for (at, (name, value)) in pairs.enumerate() {
            if out.full {
                break;
            }
            out.push(if at > 0 { " " } else { "" });
            element(out, &Value::text(name));
            out.push(":");
            element(out, &value);
        }
        out.push("]");
    };
    match value {
        Value::Labels(labels) => {
            pairs(out, &mut labels.iter().map(|(name, value)| (name, Value::text(value))));
        }
        Value::Args(args) => {
            pairs(out, &mut args.values.iter().map(|(name, value)| (name.as_str(), value.clone())));
        }
        Value::Vector(vector) => {
            out.push("[");
            for (at, sample) in vector.iter().enumerate() {
                if out.full {
                    break;
                }
                out.push(if at > 0 { " " } else { "" });
                // Go prints addresses here; what they point to says more and is the same each time.
                element(out, &Value::Sample(Rc::clone(sample)));
            }
            out.push("]");
        }
        Value::Sample(sample) => {
            out.push(if within { "" } else { "&" });
            sample_braces(out, sample, element);
        }
        Value::Data(data) => {
            out.push("{");
            element(out, &Value::Labels(data.labels.clone()));
            out.push(" ");
            element(out, &Value::Labels(data.external_labels.clone()));
            out.push(" ");
            element(out, &Value::Text(Rc::clone(&data.external_url)));
            out.push(" ");
            element(out, &Value::Float(data.value));
            out.push("}");
        }
        _ => {}
    }
}

/// `fmt.Sprint`: a blank between two values of which neither is a string.
pub(super) fn sprint(values: &[Value], out: &mut Out) {
    let mut text_before = true;
    for (at, value) in values.iter().enumerate() {
        let text = matches!(value, Value::Text(_));
        if at > 0 && !text && !text_before {
            out.push(" ");
        }
        plain(out, value, false);
        text_before = text;
    }
}
