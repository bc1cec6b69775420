//! The walker: raw values against the shape. Every problem at once; what is sound comes out as a [`Tree`].
//!
//! Looks at one value at a time. What needs two (names that refer to each other, keys that exclude each other) is
//! [`super::read`]'s.

use super::auth::{SecretRef, UserName};
use super::place::{Place, Problem, Spanned};
use super::shape::{Field, Groups, Kind, Variant};
use super::syntax::{Entry, Node, Raw};
use super::tree::{Item, Slot, Tree};
use crate::text::clean;
use crate::units::{format_duration, parse_duration, parse_size};
use std::time::Duration;

/// Checks a table; always gives a tree, which lacks what is unsound.
pub(crate) fn table(node: &Node, path: &str, groups: Groups, problems: &mut Vec<Problem>) -> Tree {
    let mut tree = Tree::empty(path, node.at.clone(), Some(groups));
    let Raw::Table(entries) = &node.raw else {
        problems.push(expected(node, path, "a table"));
        return tree;
    };
    for entry in entries {
        known(entry, &mut tree, groups, &[], problems);
    }
    complete(&mut tree, entries, groups, problems);
    tree
}

/// One key of a table whose keys are fixed.
fn known(entry: &Entry, tree: &mut Tree, groups: Groups, variants: &[Variant], problems: &mut Vec<Problem>) {
    let path = join(&tree.path, &entry.key);
    match find(groups, &entry.key) {
        Some(field) => match value(&entry.node, &entry.at, &path, &field.kind, problems) {
            Some(item) => tree.slots.push(Slot::new(field.key, item, true)),
            None => tree.unsound.push(field.key),
        },
        None => problems.push(unknown(entry, &path, groups, variants)),
    }
}

/// Fills in defaults, and reports what must be there and is not.
fn complete(tree: &mut Tree, entries: &[Entry], groups: Groups, problems: &mut Vec<Problem>) {
    for field in groups.iter().flat_map(|group| group.iter()) {
        if entries.iter().any(|entry| entry.key == field.key) {
            // What was given and is unsound falls back to the default as well, so that the reader sees a whole table.
            if tree.slots.iter().any(|slot| slot.key == field.key) {
                continue;
            }
        } else if field.required {
            let problem = Problem::new(&tree.at, &tree.path, format!("\"{}\" is missing", field.key));
            problems.push(problem.with_remedy(format!("add {} = {}", field.key, sample(field))));
            continue;
        }
        if let Some(default) = field.default
            && let Some(item) = default_item(field, default, &join(&tree.path, field.key), problems)
        {
            tree.slots.push(Slot::new(field.key, item, false));
        }
    }
}

/// A default, which goes through the same checks as what a file says.
fn default_item(
    field: &Field,
    default: &str,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<Spanned<Item>> {
    let node = if let Some(raw) = plain(default) {
        Node { at: Place::default(), raw }
    } else {
        let source = super::Source { name: String::new(), text: format!("x = {default}") };
        let (node, errors) = super::syntax::parse(&source);
        problems.extend(errors);
        let Raw::Table(entries) = node.raw else { return None };
        let mut node = entries.into_iter().next()?.node;
        unplace(&mut node);
        node
    };
    value(&node, &node.at, path, &field.kind, problems)
}

/// What a default of the usual kind means, read without the TOML parser: each table of each service has a dozen, and
/// they were a third of what reading a configuration cost. None: it takes the parser to tell.
fn plain(default: &str) -> Option<Raw> {
    if let Some(text) = default.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let simple = text.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\');
        return simple.then(|| Raw::Text(text.to_owned()));
    }
    match default {
        "[]" => Some(Raw::List(Vec::new())),
        "{}" => Some(Raw::Table(Vec::new())),
        "true" => Some(Raw::Bool(true)),
        "false" => Some(Raw::Bool(false)),
        // TOML knows no whole number that begins with 0, but 0 itself.
        digits
            if digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits == "0" || !digits.starts_with('0')) =>
        {
            digits.parse().ok().map(|number| Raw::Integer(Some(number)))
        }
        _ => None,
    }
}

fn unplace(node: &mut Node) {
    node.at = Place::default();
    if let Raw::List(items) = &mut node.raw {
        items.iter_mut().for_each(unplace);
    }
}

/// One value against one kind. `at` is where its key stands.
fn value(
    node: &Node,
    at: &Place,
    path: &str,
    kind: &Kind,
    problems: &mut Vec<Problem>,
) -> Option<Spanned<Item>> {
    let item = match (kind, &node.raw) {
        (Kind::NotYet, _) => {
            let problem = Problem::new(at, path, "is known, but not built yet in this version");
            problems.push(problem.with_remedy("remove it"));
            return None;
        }
        (Kind::Table(groups), _) => {
            let mut tree = table(node, path, groups, problems);
            tree.at = at.clone();
            Ok(Item::Table(tree))
        }
        (Kind::Tagged(variants), _) => {
            tagged(node, at, path, variants, problems).map(Item::Table).ok_or(None)
        }
        (Kind::Map { name, of, .. }, Raw::Table(entries)) => {
            let mut tree = Tree::empty(path, at.clone(), None);
            for entry in entries {
                let path = join(path, &entry.key);
                if let Err(message) = name.run(&entry.key) {
                    problems.push(Problem::new(&entry.at, &path, format!("{} {message}", quote(&entry.key))));
                }
                if let Some(item) = value(&entry.node, &entry.at, &path, of, problems) {
                    tree.slots.push(Slot::new(&entry.key, item, true));
                }
            }
            Ok(Item::Table(tree))
        }
        (Kind::List(of), Raw::List(nodes)) => whole_list(nodes, path, of, problems),
        (Kind::OneOrMore(of), Raw::List(nodes)) => whole_list(nodes, path, of, problems),
        (Kind::OneOrMore(of), _) => {
            value(node, at, path, of, problems).map(|item| Item::List(vec![item])).ok_or(None)
        }
        (Kind::Pair(of), Raw::List(nodes)) => pair(nodes, path, of, problems),
        (Kind::Secrets, Raw::List(nodes)) => whole_list(nodes, path, &Kind::Secret, problems),
        (Kind::Secrets, _) => {
            value(node, at, path, &Kind::Secret, problems).map(|item| Item::List(vec![item])).ok_or(None)
        }
        _ => scalar(node, kind),
    };
    match item {
        Ok(value) => Some(Spanned { value, at: node.at.clone() }),
        Err(Some((message, remedy))) => {
            problems.push(Problem { remedy, ..Problem::new(&node.at, path, message) });
            None
        }
        Err(None) => None,
    }
}

/// What is wrong with a value, and its remedy; none: it has been reported already.
type Wrong = Option<(String, Option<String>)>;

fn wrong<T>(message: impl Into<String>) -> Result<T, Wrong> {
    Err(Some((message.into(), None)))
}

fn scalar(node: &Node, kind: &Kind) -> Result<Item, Wrong> {
    match (kind, &node.raw) {
        (Kind::Bool, Raw::Bool(value)) => Ok(Item::Bool(*value)),
        (Kind::Whole { min, max }, Raw::Integer(number)) => {
            let fits = number.and_then(|n| u64::try_from(n).ok()).filter(|n| (min..=max).contains(&n));
            let limits = || {
                if min == max {
                    format!("must be {min}")
                } else {
                    format!("must lie between {min} and {max}")
                }
            };
            fits.map(Item::Whole).map_or_else(|| wrong(limits()), Ok)
        }
        (Kind::Number, Raw::Integer(Some(number))) => Ok(Item::Number(*number as f64)),
        (Kind::Number, Raw::Float(number)) if number.is_finite() => Ok(Item::Number(*number)),
        (Kind::Ratio, raw) => ratio(raw),
        (Kind::Text(check), Raw::Text(text)) => match check.run(text) {
            Ok(()) => Ok(Item::Text(text.clone())),
            // What may hold a secret is not repeated.
            Err(message) if message.contains("secret") || text.contains('@') => wrong(message),
            Err(message) => wrong(format!("{} {message}", quote(text))),
        },
        (Kind::Word(words), Raw::Text(text)) => word(text, words),
        (Kind::Duration { min, max }, Raw::Text(text)) => match parse_duration(&clean(text)) {
            Ok(duration) if (*min..=*max).contains(&(duration.as_millis() as u64)) => {
                Ok(Item::Duration(duration))
            }
            Ok(_) => {
                let [min, max] = [min, max].map(|ms| format_duration(Duration::from_millis(*ms)));
                wrong(format!("must lie between {min} and {max}"))
            }
            Err(message) => wrong(message),
        },
        (Kind::Size { min }, raw) => {
            let size = match raw {
                Raw::Text(text) => parse_size(&clean(text)).map_err(|message| Some((message, None)))?,
                Raw::Integer(number) => number.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
                _ => return mismatch(node, kind),
            };
            if size < *min { wrong(format!("must be at least {min} bytes")) } else { Ok(Item::Whole(size)) }
        }
        (Kind::Json, raw) => json(raw).map(Item::Json).map_or_else(|| mismatch(node, kind), Ok),
        (Kind::Secret, Raw::Text(text)) => SecretRef::parse(text)
            .map(|secret| Item::Secret(beside(secret, &node.at)))
            .map_err(|message| Some((message, None))),
        (Kind::Name, Raw::Text(text)) => Ok(Item::User(match SecretRef::parse(text) {
            Ok(secret) => UserName::Secret(beside(secret, &node.at)),
            Err(_) => UserName::Plain(text.clone()),
        })),
        _ => mismatch(node, kind),
    }
}

fn mismatch(node: &Node, kind: &Kind) -> Result<Item, Wrong> {
    wrong(format!("must be {}, not {}", what(kind), node.raw.what()))
}

/// A value as JSON; none for dates and numbers that JSON cannot say. The syntax bounds the nesting.
fn json(raw: &Raw) -> Option<serde_json::Value> {
    Some(match raw {
        Raw::Text(text) => text.as_str().into(),
        Raw::Integer(number) => (*number)?.into(),
        Raw::Float(number) => serde_json::Number::from_f64(*number)?.into(),
        Raw::Bool(flag) => (*flag).into(),
        Raw::Datetime => return None,
        Raw::List(nodes) => nodes.iter().map(|node| json(&node.raw)).collect::<Option<Vec<_>>>()?.into(),
        Raw::Table(entries) => serde_json::Value::Object(
            entries.iter().map(|e| Some((e.key.clone(), json(&e.node.raw)?))).collect::<Option<_>>()?,
        ),
    })
}

/// `"0.5%"` or a number from 0 to 1.
fn ratio(raw: &Raw) -> Result<Item, Wrong> {
    let number = match raw {
        Raw::Float(number) => Some(*number),
        Raw::Integer(number) => number.map(|n| n as f64),
        Raw::Text(text) => {
            text.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok()).map(|n| n / 100.0)
        }
        _ => None,
    };
    match number.filter(|n| (0.0..=1.0).contains(n)) {
        Some(number) => Ok(Item::Number(number)),
        None => wrong("must be a ratio: \"0.5%\" or 0.005"),
    }
}

fn word(text: &str, words: &'static [(&str, &str)]) -> Result<Item, Wrong> {
    if let Some((word, _)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(Item::Word(word));
    }
    let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let remedy = nearest(text, words.iter().map(|(word, _)| *word))
        .map_or_else(|| format!("use one of {}", all.join(", ")), |word| format!("did you mean \"{word}\"?"));
    Err(Some((format!("unknown word {}", quote(text)), Some(remedy))))
}

fn items(nodes: &[Node], path: &str, of: &Kind, problems: &mut Vec<Problem>) -> Vec<Spanned<Item>> {
    let one = |(i, node): (usize, &Node)| value(node, &node.at, &format!("{path}[{i}]"), of, problems);
    nodes.iter().enumerate().filter_map(one).collect()
}

/// A list is sound if each of its items is.
fn whole_list(nodes: &[Node], path: &str, of: &Kind, problems: &mut Vec<Problem>) -> Result<Item, Wrong> {
    let items = items(nodes, path, of, problems);
    if items.len() == nodes.len() { Ok(Item::List(items)) } else { Err(None) }
}

fn pair(nodes: &[Node], path: &str, of: &Kind, problems: &mut Vec<Problem>) -> Result<Item, Wrong> {
    if nodes.len() != 2 {
        return wrong("must be two limits: [warning, critical]");
    }
    let items = items(nodes, path, of, problems);
    let magnitude = |item: &Spanned<Item>| match item.value {
        Item::Duration(duration) => duration.as_secs_f64(),
        Item::Number(number) => number,
        _ => 0.0,
    };
    match &items[..] {
        [warning, critical] if magnitude(warning) > magnitude(critical) => {
            wrong("the warning lies above the critical limit: write [warning, critical]")
        }
        [_, _] => Ok(Item::List(items)),
        _ => Err(None),
    }
}

/// A table whose keys depend on the word under `kind`.
fn tagged(
    node: &Node,
    at: &Place,
    path: &str,
    variants: &'static [Variant],
    problems: &mut Vec<Problem>,
) -> Option<Tree> {
    let Raw::Table(entries) = &node.raw else {
        problems.push(expected(node, path, "a table"));
        return None;
    };
    let words = || variants.iter().map(|variant| variant.word);
    let list = || words().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let Some(tag) = entries.iter().find(|entry| entry.key == "kind") else {
        let problem = Problem::new(at, path, "\"kind\" is missing");
        problems.push(problem.with_remedy(format!("add kind = one of {}", list())));
        return None;
    };
    let Raw::Text(text) = &tag.node.raw else {
        problems.push(expected(&tag.node, &join(path, "kind"), "a string"));
        return None;
    };
    let Some(variant) = variants.iter().find(|variant| variant.word == text) else {
        let remedy = nearest(text, words())
            .map_or_else(|| format!("use one of {}", list()), |word| format!("did you mean \"{word}\"?"));
        let message = format!("unknown kind {}", quote(text));
        problems.push(Problem::new(&tag.node.at, join(path, "kind"), message).with_remedy(remedy));
        return None;
    };
    let mut tree = Tree::empty(path, at.clone(), Some(variant.groups));
    tree.word = variant.word;
    for entry in entries.iter().filter(|entry| entry.key != "kind") {
        known(entry, &mut tree, variant.groups, variants, problems);
    }
    complete(&mut tree, entries, variant.groups, problems);
    Some(tree)
}

fn unknown(entry: &Entry, path: &str, groups: Groups, variants: &[Variant]) -> Problem {
    let problem = Problem::new(&entry.at, path, format!("unknown key {}", quote(&entry.key)));
    let kinds: Vec<String> = variants
        .iter()
        .filter(|variant| find(variant.groups, &entry.key).is_some())
        .map(|variant| format!("\"{}\"", variant.word))
        .collect();
    let keys = || groups.iter().flat_map(|group| group.iter().map(|field| field.key));
    if !kinds.is_empty() {
        return problem.with_remedy(format!("it belongs to kind {}", kinds.join(", ")));
    }
    if let Some(key) = nearest(&entry.key, keys()) {
        return problem.with_remedy(format!("did you mean \"{key}\"?"));
    }
    let built = groups.iter().flat_map(|group| group.iter()).filter(|f| !matches!(f.kind, Kind::NotYet));
    let built: Vec<&str> = built.map(|field| field.key).collect();
    problem.with_remedy(format!("known here: {}", built.join(", ")))
}

/// The candidate that is a likely misspelling away from `text`.
pub(crate) fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if text.len() > 64 {
        return None;
    }
    let most = (text.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(text, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Relative files stand beside the file that names them, never in the current folder.
pub(crate) fn beside(secret: SecretRef, at: &Place) -> SecretRef {
    match secret {
        SecretRef::File(path) => SecretRef::File(super::beside(&at.file, &path)),
        other => other,
    }
}

fn expected(node: &Node, path: &str, what: &str) -> Problem {
    Problem::new(&node.at, path, format!("must be {what}, not {}", node.raw.what()))
}

/// What a kind is called in error texts.
pub(crate) fn what(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Whole { .. } => "a whole number",
        Kind::Number => "a number",
        Kind::Ratio => "a ratio (\"0.5%\" or 0.005)",
        Kind::Text(_) | Kind::Word(_) | Kind::Name => "a string",
        Kind::Json => "a value without dates",
        Kind::Duration { .. } => "a duration in quotes (\"15s\")",
        Kind::Size { .. } => "a size (\"16MiB\")",
        Kind::Secret | Kind::Secrets => "a reference to a secret (\"env:NAME\")",
        Kind::List(_) => "a list",
        Kind::OneOrMore(of) => what(of),
        Kind::Pair(_) => "a list of two limits",
        Kind::Table(_) | Kind::Tagged(_) | Kind::Map { .. } | Kind::NotYet => "a table",
    }
}

fn find(groups: Groups, key: &str) -> Option<&'static Field> {
    groups.iter().flat_map(|group| group.iter()).find(|field| field.key == key)
}

fn sample(field: &Field) -> &'static str {
    if field.example.is_empty() { "..." } else { field.example }
}

/// A key's path; keys that TOML would quote are quoted.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { std::borrow::Cow::Borrowed(key) } else { quote(key).into() };
    if path.is_empty() { key.into_owned() } else { format!("{path}.{key}") }
}

/// A text from the file as an error repeats it: cleaned, short, in quotes.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", crate::text::truncate(&clean(text), 60, false))
}
