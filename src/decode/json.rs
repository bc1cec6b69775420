//! JSON from outside: read with caps, in the order in which it was written.
//!
//! `serde_json` does the grammar (and refuses more than 128 levels); this file caps the number of values, keeps the order of
//! keys, and mends what real services send although JSON forbids it: `NaN`, `Infinity`, numbers beyond f64, broken UTF-8.

use rustc_hash::FxHashSet;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// The most values that one body may hold: at some 60 bytes each it bounds the memory that a body can take.
pub const MOST_VALUES: usize = 500_000;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`, and what could not be told as a number.
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any finite number.
    Number(f64),
    /// A string, not yet cleaned.
    Text(Box<str>),
    /// An array.
    List(Vec<Node>),
    /// An object in the order of its keys; of two equal keys the last is kept.
    Map(Vec<(Box<str>, Node)>),
}

/// A body that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// Its value.
    pub node: Node,
    /// What had to be mended first.
    pub mended: Option<&'static str>,
}

/// Reads a body.
///
/// # Errors
/// Where and why it is not JSON.
pub fn parse(body: &[u8]) -> Result<Parsed, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let first = match read(body) {
        Ok(node) => return Ok(Parsed { node, mended: None }),
        Err(error) => error,
    };
    if let Some(mended) = without_bare_words(body)
        && let Ok(node) = read(&mended)
    {
        return Ok(Parsed {
            node,
            mended: Some("numbers that JSON does not know (NaN, Infinity) read as null"),
        });
    }
    if std::str::from_utf8(body).is_err()
        && let Ok(node) = read(String::from_utf8_lossy(body).as_bytes())
    {
        return Ok(Parsed { node, mended: Some("invalid UTF-8 in strings replaced") });
    }
    Err(first)
}

fn read(body: &[u8]) -> Result<Node, String> {
    let left = Cell::new(MOST_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let node = Seed(&left).deserialize(&mut deserializer).map_err(|e| e.to_string())?;
    deserializer.end().map_err(|e| e.to_string())?;
    Ok(node)
}

/// The same body with `NaN`, `Infinity` and numbers beyond f64 as `null`, or nothing if there are none.
fn without_bare_words(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let (mut in_string, mut escaped, mut changed) = (false, false, false);
    let mut rest = body;
    while let Some((&byte, tail)) = rest.split_first() {
        if in_string || !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'+') {
            if in_string {
                in_string = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
            } else {
                in_string = byte == b'"';
            }
            out.push(byte);
            rest = tail;
            continue;
        }
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        let (token, tail) = rest.split_at(length);
        let text = std::str::from_utf8(token).unwrap_or_default();
        let beyond = text.parse::<f64>().is_ok_and(|number| !number.is_finite());
        out.extend_from_slice(if beyond { b"null" } else { token });
        changed |= beyond;
        rest = tail;
    }
    changed.then_some(out)
}

impl Node {
    /// The value of a key, compared without regard to case.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, node)| node)
    }

    /// The first of `keys` that is there and not null, in the order of `keys`.
    pub fn first(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().find_map(|key| self.get(key).filter(|node| !matches!(node, Self::Null)))
    }

    /// The value that an RFC 6901 pointer leads to; `""` is the whole.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut node = self;
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match node {
                Self::Map(entries) => {
                    entries.iter().find(|(key, _)| **key == *token).map(|(_, node)| node)?
                }
                Self::List(items) => items.get(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The entries of an object; nothing for anything else.
    pub fn entries(&self) -> &[(Box<str>, Node)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The items of an array; nothing for anything else.
    pub fn items(&self) -> &[Node] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The text of a string that is not blank.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.trim()).filter(|t| !t.is_empty()) } else { None }
    }

    /// A string, number or truth value as text.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Text(_) => self.text().map(str::to_owned),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// What it is, for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Map(_) => "an object",
        }
    }
}

/// Reads one value while counting down what is left of the budget.
struct Seed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.0.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom(format!("more than {MOST_VALUES} values")))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(if value.is_finite() { Node::Number(value) } else { Node::Null })
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(Box<str>, Node)> = Vec::new();
        while let Some(key) = access.next_key::<Box<str>>()? {
            entries.push((key, access.next_value_seed(Seed(self.0))?));
        }
        Ok(Node::Map(last_of_each(entries)))
    }
}

/// Keeps the last of entries with equal keys, as most readers of JSON do.
fn last_of_each(mut entries: Vec<(Box<str>, Node)>) -> Vec<(Box<str>, Node)> {
    let keep: Vec<bool> = {
        let mut seen = FxHashSet::default();
        let mut keep: Vec<bool> = entries.iter().rev().map(|(key, _)| seen.insert(key.as_ref())).collect();
        keep.reverse();
        keep
    };
    if keep.contains(&false) {
        let mut keep = keep.into_iter();
        entries.retain(|_| keep.next().unwrap_or(true));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compact(node: &Node) -> String {
        match node {
            Node::List(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(",")),
            Node::Map(entries) => {
                let entries: Vec<_> = entries.iter().map(|(k, v)| format!("{k}:{}", compact(v))).collect();
                format!("{{{}}}", entries.join(","))
            }
            other => other.scalar().unwrap_or_else(|| "null".to_owned()),
        }
    }

    #[test]
    fn bodies() {
        for (body, expected) in [
            (r#"{"b":1,"a":2}"#, Ok("{b:1,a:2}")),
            (r#"{"a":1,"b":2,"a":3}"#, Ok("{b:2,a:3}")),
            ("\u{feff}[1]", Ok("[1]")),
            (r#"{"x":NaN,"y":-Infinity,"z":"NaN \" NaN"}"#, Ok(r#"{x:null,y:null,z:NaN " NaN}"#)),
            ("[1e400,-1e400,1e5]", Ok("[null,null,100000]")),
            ("", Err("EOF while parsing a value at line 1 column 0")),
            ("{}x", Err("trailing characters at line 1 column 3")),
            ("nope", Err("expected ident at line 1 column 2")),
        ] {
            let parsed = parse(body.as_bytes()).map(|parsed| compact(&parsed.node));
            assert_eq!(parsed, expected.map(str::to_owned).map_err(str::to_owned), "{body}");
        }
        let broken = parse(b"{\"a\":\"x\xff\"}").unwrap();
        assert_eq!(compact(&broken.node), "{a:x\u{fffd}}");
        assert!(broken.mended.is_some());
    }

    #[test]
    fn hostile_bodies_are_refused_and_not_suffered() {
        for (body, message) in [
            ("[".repeat(1_000_000), "recursion limit"),
            ("{\"a\":".repeat(1_000_000), "recursion limit"),
            (format!("[{}0]", "0,".repeat(MOST_VALUES)), "more than 500000 values"),
            (format!("1{}", "0".repeat(1_000_000)), ""),
        ] {
            match parse(body.as_bytes()) {
                Err(error) => assert!(error.contains(message), "{error}"),
                Ok(parsed) => assert_eq!((parsed.node, message), (Node::Null, "")),
            }
        }
    }

    #[test]
    fn pointers() {
        let node = parse(br#"{"a":{"b/c":[10,{"~":5}]},"":1}"#).unwrap().node;
        for (pointer, expected) in [
            ("/a/b~1c/0", Some("10")),
            ("/a/b~1c/1/~0", Some("5")),
            ("/", Some("1")),
            ("/a/b~1c/2", None),
            ("/a/b~1c/-1", None),
            ("a", None),
            ("/missing", None),
        ] {
            assert_eq!(node.pointer(pointer).map(compact).as_deref(), expected, "{pointer}");
        }
        assert_eq!(node.pointer(""), Some(&node));
    }
}
