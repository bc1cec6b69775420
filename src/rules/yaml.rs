//! YAML as a tree in which each value knows its place. It knows nothing of rules.
//!
//! Scalars stay texts: what a number or a duration is, the reader decides, as Go's decoder does. Hostile files are
//! bounded in size, depth and copies of aliases.

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};
use rustc_hash::{FxHashMap, FxHashSet};

/// The most values of one file, copies that aliases make included.
const MOST_NODES: usize = 1 << 20;
/// The deepest that values may nest.
const MOST_DEEP: usize = 64;

/// A place in the file, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Mark,
    pub(crate) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar as it reads, and how many characters its quotes take; none for a block, whose text begins a line later.
    Text(String, Option<usize>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// What is wrong with a file as a whole.
pub(crate) type Broken = (Mark, String);

impl Node {
    /// The scalar's text; `null` is an empty one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Null => Some(""),
            Value::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words.
    pub(crate) fn word(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(..) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The place of the character at byte `offset` of the scalar's text, as far as the notation lets it be known.
    pub(crate) fn place_within(&self, offset: usize) -> Mark {
        let Value::Text(text, quotes) = &self.value else { return self.at };
        let before = text.get(..offset).unwrap_or("");
        match quotes {
            Some(quotes) if !text.contains('\n') => {
                Mark { line: self.at.line, column: self.at.column + quotes + before.chars().count() }
            }
            Some(_) => self.at,
            None => {
                let newest = before.rfind('\n').map_or(0, |end| end + 1);
                let column = before.get(newest..).unwrap_or("").chars().count();
                let line = self.at.line + before.matches('\n').count();
                Mark { line, column: self.at.column + column }
            }
        }
    }
}

/// Reads the first document; nothing where there is none.
///
/// # Errors
/// Where and why the text is not YAML, or goes over a limit.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, Broken> {
    let mut options = Options::default();
    // A file that begins with a long comment is no reason to stop.
    options.emit_comments = false;
    let mut builder = Builder { lines: text.lines().collect(), ..Builder::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            (Mark { line: marker.line(), column: marker.col() + 1 }, error.kind().to_string())
        })?;
        match builder.take(event, span) {
            Ok(true) => break,
            Ok(false) => {}
            Err(message) => return Err((mark(span), message)),
        }
    }
    Ok(builder.root)
}

fn mark(span: Span) -> Mark {
    Mark { line: span.start.line(), column: span.start.col() + 1 }
}

/// A collection that is not complete yet.
struct Open {
    at: Mark,
    anchor: usize,
    map: bool,
    items: Vec<Node>,
}

/// How large a value is.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    levels: usize,
}

#[derive(Default)]
struct Builder<'t> {
    /// The text's lines, for the places of blocks.
    lines: Vec<&'t str>,
    stack: Vec<Open>,
    /// Anchored values, and how large each is.
    anchors: FxHashMap<usize, (Node, Size)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    /// Takes one event; says whether the document is complete.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<bool, String> {
        match event {
            Event::DocumentEnd => return Ok(true),
            Event::Scalar(text, style, anchor, _) => {
                let node = self.scalar(text.into_owned(), style, span);
                self.push(node, anchor, ONE)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(mark(span), anchor, false)?,
            Event::MappingStart(_, anchor, _) => self.open(mark(span), anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err("an alias names an anchor that is not complete".to_owned());
                };
                self.push(node, 0, size)?;
            }
            _ => {}
        }
        Ok(false)
    }

    fn scalar(&self, text: String, style: ScalarStyle, span: Span) -> Node {
        let mut at = mark(span);
        let value = match style {
            ScalarStyle::Plain if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => Value::Null,
            ScalarStyle::Plain => Value::Text(text, Some(0)),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Value::Text(text, Some(1)),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                at = self.block_start(&text, at);
                Value::Text(text, None)
            }
        };
        Node { at, value }
    }

    /// Where the text of a block begins: on the first line at or after `at` that holds the text's first line.
    fn block_start(&self, text: &str, at: Mark) -> Mark {
        let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
        let lines = self.lines.iter().enumerate().skip(at.line.saturating_sub(1));
        for (index, line) in lines.take(64) {
            // The header's own line (`expr: |`) cannot hold it unless it is blank.
            if let Some(found) = line.find(head.get(..head.len().min(12)).unwrap_or(head))
                && !head.is_empty()
                && line.trim_start().starts_with(head.get(..head.len().min(12)).unwrap_or(head))
            {
                let column = line.get(..found).map_or(1, |before| before.chars().count() + 1);
                return Mark { line: index + 1, column };
            }
        }
        at
    }

    fn open(&mut self, at: Mark, anchor: usize, map: bool) -> Result<(), String> {
        if self.stack.len() >= MOST_DEEP {
            return Err(format!("values are nested deeper than {MOST_DEEP} levels"));
        }
        self.stack.push(Open { at, anchor, map, items: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let value = if open.map { Value::Map(pairs(open.items)?) } else { Value::List(open.items) };
        self.push(Node { at: open.at, value }, open.anchor, ONE)
    }

    fn push(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(size.nodes);
        if self.stack.len() + size.levels > MOST_DEEP {
            return Err(format!("values are nested deeper than {MOST_DEEP} levels"));
        }
        if self.nodes > MOST_NODES {
            return Err(format!("it holds more than {MOST_NODES} values"));
        }
        if anchor != 0 {
            let size = measure(&node);
            self.nodes = self.nodes.saturating_add(size.nodes);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.stack.last_mut() {
            Some(open) => open.items.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }
}

const ONE: Size = Size { nodes: 1, levels: 1 };

fn measure(node: &Node) -> Size {
    let (mut left, mut size) = (vec![(node, 1)], Size { nodes: 0, levels: 0 });
    while let Some((node, level)) = left.pop() {
        size = Size { nodes: size.nodes + 1, levels: size.levels.max(level) };
        match &node.value {
            Value::List(items) => left.extend(items.iter().map(|item| (item, level + 1))),
            Value::Map(pairs) => {
                let both = pairs.iter().flat_map(|(key, value)| [key, value]);
                left.extend(both.map(|item| (item, level + 1)));
            }
            _ => {}
        }
    }
    size
}

/// Keys and values in turn become pairs; `<<` brings in the pairs of a map that the map does not have itself.
fn pairs(items: Vec<Node>) -> Result<Vec<(Node, Node)>, String> {
    let mut out: Vec<(Node, Node)> = Vec::with_capacity(items.len() / 2);
    let mut merged = Vec::new();
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if key.text() != Some("<<") {
            out.push((key, value));
            continue;
        }
        match value.value {
            Value::Map(pairs) => merged.extend(pairs),
            Value::List(maps) => {
                for map in maps {
                    let Value::Map(pairs) = map.value else { return Err(MERGE.to_owned()) };
                    merged.extend(pairs);
                }
            }
            _ => return Err(MERGE.to_owned()),
        }
    }
    if merged.is_empty() {
        return Ok(out);
    }
    let mut known: FxHashSet<Option<String>> =
        out.iter().map(|(key, _)| key.text().map(str::to_owned)).collect();
    for (key, value) in merged {
        if known.insert(key.text().map(str::to_owned)) {
            out.push((key, value));
        }
    }
    Ok(out)
}

const MERGE: &str = "<< takes a map or a list of maps";
