//! TOML text -> a tree of raw values, each with its place. Knows nothing of what the keys mean.

use super::place::{Place, Problem, Source};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A raw value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it stands.
    pub(crate) at: Place,
    /// What it is.
    pub(crate) raw: Raw,
}

/// A raw value.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    Text(String),
    /// None: it fits no 64 bits.
    Integer(Option<i64>),
    Float(f64),
    Bool(bool),
    Datetime,
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) at: Place,
    pub(crate) node: Node,
}

impl Raw {
    /// What it is, for error texts.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Datetime => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// The most bytes of one file. A thousand services take about one MiB.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// The most syntax errors told of one file: one missing quote can make many.
const MOST_ERRORS: usize = 20;
/// The deepest nesting. The parser itself stops at 80 a value and 80 a key, which multiply; nothing here needs ten.
const DEEPEST: usize = 24;

/// Reads one file. The root is a table; it is empty where there are problems.
pub(crate) fn parse(source: &Source) -> (Node, Vec<Problem>) {
    let lines = Lines::new(source);
    let empty = Node { at: lines.place(0), raw: Raw::Table(Vec::new()) };
    if source.text.len() > MOST_BYTES {
        let message =
            format!("is {} bytes long, more than the {MOST_BYTES} that are read", source.text.len());
        let whole = Place { line: 0, column: 0, ..empty.at.clone() };
        return (empty, vec![Problem::new(&whole, "", message)]);
    }
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let skipped = source.text.len() - text.len();
    if let Some(at) = too_deep(text) {
        let message = format!("brackets or dotted keys are nested more than {DEEPEST} deep");
        return (empty, vec![Problem::new(&lines.place(at + skipped), "", message)]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let node = Node { at: lines.place(0), raw: convert_table(table.get_ref(), &lines, skipped) };
        return (node, Vec::new());
    }
    let more = errors.len().saturating_sub(MOST_ERRORS);
    let mut problems: Vec<Problem> = errors
        .iter()
        .take(MOST_ERRORS)
        .map(|error| {
            let at = lines.place(error.span().map_or(text.len(), |span| span.start) + skipped);
            Problem::new(&at, "", format!("TOML: {}", crate::text::Clean::new(error.message())))
        })
        .collect();
    if more > 0
        && let Some(last) = problems.last_mut()
    {
        last.remedy = Some(format!("{more} more errors follow"));
    }
    (empty, problems)
}

fn convert_table(table: &DeTable<'_>, lines: &Lines<'_>, skipped: usize) -> Raw {
    let mut entries: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let start = key.span().start;
            let at = lines.place(start + skipped);
            let node = convert(value.get_ref(), value.span().start, lines, skipped);
            (start, Entry { key: key.get_ref().to_string(), at, node })
        })
        .collect();
    entries.sort_by_key(|(start, _)| *start);
    Raw::Table(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn convert(value: &DeValue<'_>, start: usize, lines: &Lines<'_>, skipped: usize) -> Node {
    let raw = match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => Raw::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Float(number) => Raw::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Raw::Bool(*value),
        DeValue::Datetime(_) => Raw::Datetime,
        DeValue::Array(items) => Raw::List(
            items.iter().map(|item| convert(item.get_ref(), item.span().start, lines, skipped)).collect(),
        ),
        DeValue::Table(table) => convert_table(table, lines, skipped),
    };
    Node { at: lines.place(start + skipped), raw }
}

/// A coarse look before the parser: where does the text nest deeper than [`DEEPEST`]?
///
/// The parser builds nested tables whose mere release recurses, so depth is bounded before it sees them. Strings and
/// comments are skipped line by line, so the text of a multi-line string counts as if it were TOML; PromQL closes
/// its brackets. What slips through is still bounded by the parser's own limits.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut dots, mut quote) = (0_usize, 0_usize, None);
    let mut escaped = false;
    let mut comment = false;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (_, b'\n') => (quote, dots, escaped, comment) = (None, 0, false, false),
            (Some(b'"'), _) if escaped => escaped = false,
            (Some(b'"'), b'\\') => escaped = true,
            (Some(open), _) if byte == open => quote = None,
            // Within a string, or within a comment (a comment's quotes open nothing): nothing counts.
            _ if quote.is_some() || comment => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'#') => comment = true,
            (None, b'[' | b'{') => depth += 1,
            (None, b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b'.') => dots += 1,
            (None, b'=' | b',') => dots = 0,
            _ => {}
        }
        if depth > DEEPEST || dots > DEEPEST {
            return Some(at);
        }
    }
    None
}

/// Offsets -> lines and columns.
struct Lines<'s> {
    file: Arc<str>,
    text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    fn new(source: &'s Source) -> Self {
        let ends = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self {
            file: Arc::from(source.name.as_str()),
            text: &source.text,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        // A very long line is counted in bytes: counting characters for each of its values would be quadratic.
        let column = match self.text.get(start..offset) {
            Some(before) if before.len() < 4096 => before.trim_start_matches('\u{feff}').chars().count(),
            _ => offset.saturating_sub(start),
        };
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { file: self.file.clone(), line: number(line), column: number(column + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Node, Vec<Problem>) {
        parse(&Source { name: "t.toml".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn places_are_lines_and_characters() {
        for (text, at) in [
            ("a = 1", "t.toml:1:5"),
            ("\n\n  a = 1", "t.toml:3:7"),
            ("\u{feff}a = 1", "t.toml:1:5"),
            ("\"é\" = 1", "t.toml:1:7"),
            ("# \r\na = 1\r\n", "t.toml:2:5"),
        ] {
            let (node, problems) = parsed(text);
            assert_eq!(problems, []);
            let Raw::Table(entries) = node.raw else { panic!("{text}") };
            assert_eq!(entries[0].node.at.to_string(), at, "{text:?}");
        }
    }

    #[test]
    fn entries_keep_the_order_of_the_file() {
        let (node, _) = parsed("z = 1\nb.x = 2\na = 3\n[c]\n[b.d]\n");
        let Raw::Table(entries) = node.raw else { panic!() };
        assert_eq!(entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["z", "b", "a", "c"]);
    }

    #[test]
    fn several_syntax_errors_are_told_at_once() {
        let (_, problems) = parsed("a = \nb = 1\nc = [1\nd == 2\n");
        assert!(problems.len() >= 2, "{problems:?}");
        assert!(problems.iter().all(|p| p.line >= 1 && p.message.starts_with("TOML: ")));
    }

    #[test]
    fn hostile_texts_are_refused_and_crash_nothing() {
        let mixed = format!("x = {}", format!("{{ {} = ", vec!["a"; 79].join(".")).repeat(79));
        for text in [
            format!("x = {}", "[".repeat(200_000)),
            format!("x = {}", "{a=".repeat(200_000)),
            format!("{} = 1", vec!["a"; 100_000].join(".")),
            format!("[{}]", vec!["a"; 100_000].join(".")),
            mixed,
            "a".repeat(MOST_BYTES + 1),
            "\0".repeat(1000),
            "[[a]]\n[a]\n".repeat(100),
            "= = =\n".repeat(100_000),
        ] {
            let (_, problems) = parsed(&text);
            assert!(!problems.is_empty() && problems.len() <= MOST_ERRORS, "{:?}", problems.first());
        }
    }
}
