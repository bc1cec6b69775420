//! The pattern of a matcher: a regular expression, or one of the few shapes that most of them have.
//!
//! Nearly all patterns of rules and dashboards are words (`a|b`), a class of numbers (`5..`) or an end (`/api/.*`).
//! Those are compared directly: a compiled regular expression takes some 50 us to make, and tens of kilobytes once it
//! is used. What is not certainly such a shape goes to the library. Every answer is the library's: a test compares them.

use regex::Regex;

/// A pattern, anchored at both ends; `.` stands for a line end too.
#[derive(Debug)]
pub(super) enum Pattern {
    /// Any of these shapes.
    Simple(Box<[Shape]>),
    /// Everything else.
    Regex(Box<Regex>),
}

/// What stands at an end of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// Nothing.
    None,
    /// `.*`
    Any,
    /// `.+`
    Some,
}

/// A row of characters, of which some may be any, with a gap before and after it.
#[derive(Debug)]
pub(super) struct Shape {
    before: Gap,
    /// None: any character.
    row: Box<[Option<char>]>,
    /// The row as text, if no character of it may be any.
    word: Option<Box<str>>,
    after: Gap,
}

/// The longest pattern that is looked at for shapes: each value is compared with each of them.
const LONGEST: usize = 512;

impl Pattern {
    /// Reads a pattern in RE2's syntax.
    ///
    /// # Errors
    /// What the library says is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, regex::Error> {
        match shapes(text) {
            Some(shapes) => Ok(Self::Simple(shapes)),
            None => Ok(Self::Regex(Box::new(Regex::new(&format!("^(?s:{text})$"))?))),
        }
    }

    /// The only values that it accepts, if they are a few whole words.
    pub(super) fn words(&self) -> Option<Vec<&str>> {
        let Self::Simple(shapes) = self else { return None };
        let whole = |shape: &Shape| shape.before == Gap::None && shape.after == Gap::None;
        shapes.iter().map(|shape| shape.word.as_deref().filter(|_| whole(shape))).collect()
    }

    pub(super) fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Simple(shapes) => shapes.iter().any(|shape| shape.accepts(value)),
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

impl Shape {
    fn accepts(&self, value: &str) -> bool {
        let enough = |gap: Gap, rest: &str| match gap {
            Gap::None => rest.is_empty(),
            Gap::Any => true,
            Gap::Some => !rest.is_empty(),
        };
        match (&self.word, self.before, self.after) {
            (Some(word), Gap::None, after) => {
                value.strip_prefix(&**word).is_some_and(|rest| enough(after, rest))
            }
            (Some(word), before, Gap::None) => {
                value.strip_suffix(&**word).is_some_and(|rest| enough(before, rest))
            }
            (Some(word), before, after) => {
                within(value, before, after).is_some_and(|value| value.contains(&**word))
            }
            (None, Gap::None, after) => {
                let mut chars = value.chars();
                let fits =
                    self.row.iter().all(|one| chars.next().is_some_and(|c| one.is_none_or(|one| one == c)));
                fits && enough(after, chars.as_str())
            }
            (None, before, _) => {
                let mut chars = value.chars();
                let mut row = self.row.iter().rev();
                let fits = row.all(|one| chars.next_back().is_some_and(|c| one.is_none_or(|one| one == c)));
                fits && enough(before, chars.as_str())
            }
        }
    }
}

/// What is left of a value between gaps that take at least one character each.
fn within(value: &str, before: Gap, after: Gap) -> Option<&str> {
    let mut chars = value.chars();
    if before == Gap::Some {
        chars.next()?;
    }
    if after == Gap::Some {
        chars.next_back()?;
    }
    Some(chars.as_str())
}

/// The shapes of a pattern that consists of nothing else.
fn shapes(text: &str) -> Option<Box<[Shape]>> {
    if text.len() > LONGEST || text.contains("\\|") {
        return None;
    }
    // One group around everything changes nothing.
    let inner = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|inner| !inner.starts_with('?'));
    inner.unwrap_or(text).split('|').map(shape).collect()
}

fn shape(part: &str) -> Option<Shape> {
    let (before, rest) = match (part.strip_prefix(".*"), part.strip_prefix(".+")) {
        (Some(rest), _) => (Gap::Any, rest),
        (_, Some(rest)) => (Gap::Some, rest),
        _ => (Gap::None, part),
    };
    let (mut row, mut after) = (Vec::new(), Gap::None);
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        let one = match c {
            '.' if chars.as_str() == "*" => {
                after = Gap::Any;
                break;
            }
            '.' if chars.as_str() == "+" => {
                after = Gap::Some;
                break;
            }
            '.' => None,
            '\\' => Some(chars.next().filter(|c| "\\.+*?()[]{}^$-".contains(*c))?),
            '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            c => Some(c),
        };
        if chars.as_str().starts_with(['*', '+', '?', '{']) {
            return None;
        }
        row.push(one);
    }
    let word: Option<String> = row.iter().copied().collect();
    // A row with holes that may stand anywhere would have to be tried everywhere.
    if word.is_none() && before != Gap::None && after != Gap::None {
        return None;
    }
    Some(Shape { before, row: row.into(), word: word.map(Into::into), after })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [&str; 22] = [
        "",
        "a",
        "b",
        "ab",
        "ba",
        "aa",
        "aab",
        "aba",
        "abc",
        "a.b",
        ".",
        "é",
        "aé",
        "éa",
        "a\nb",
        "\n",
        "(a)",
        "a|b",
        "503",
        "5\u{301}0",
        "a+",
        "bab",
    ];

    fn check(pattern: &str) {
        let library = Regex::new(&format!("^(?s:{pattern})$"));
        match (Pattern::new(pattern), library) {
            (Ok(ours), Ok(library)) => {
                for value in VALUES {
                    assert_eq!(
                        ours.accepts(value),
                        library.is_match(value),
                        "{pattern:?} on {value:?}: {ours:?}"
                    );
                }
            }
            (ours, library) => assert_eq!(ours.is_err(), library.is_err(), "{pattern:?}"),
        }
    }

    #[test]
    fn every_answer_is_the_librarys() {
        let parts =
            ["a", "b", ".", ".*", ".+", "|", "\\.", "é", "(", ")", "?", "+", "{2}", "[ab]", "$", "\\d"];
        for one in parts {
            check(one);
            for two in parts {
                check(&format!("{one}{two}"));
                for three in parts {
                    check(&format!("{one}{two}{three}"));
                }
            }
        }
        for pattern in
            ["", "5..", "a|", "|", "(a|b)", "(a)|(b)", "(?:a|b)", "(?i)A", "a\\|b", ".+a.*", ".*a|b.+", "..."]
        {
            check(pattern);
        }
    }

    #[test]
    fn usual_patterns_need_no_library() {
        for pattern in ["5..", "GET|POST", ".+", ".*", "/api/.*", ".*-total", "a\\.b", "(2..|3..)", ".*err.*"]
        {
            assert!(matches!(Pattern::new(pattern), Ok(Pattern::Simple(_))), "{pattern}");
        }
        for pattern in ["[45]..", "a+", "\\d+", ".*a.b.*"] {
            assert!(matches!(Pattern::new(pattern), Ok(Pattern::Regex(_))), "{pattern}");
        }
    }
}
