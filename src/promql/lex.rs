//! Tokens of an expression with their places, before the grammar sees it.
//!
//! Three uses: to refuse what would make the parser recurse or panic (depth, sizes, absurd durations), to say where
//! a mistake is, and to complete what is being typed. It accepts any text and never fails.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    Number,
    Duration,
    Text,
    /// A text whose quote is never closed.
    OpenText,
    Operator,
    Open,
    Close,
    Comma,
    Colon,
    Other,
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

impl Token {
    pub(super) fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.span.clone()).unwrap_or("")
    }
}

/// Splits `source`; blanks and comments are left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    let mut brackets = 0_usize;
    while let Some(&first) = bytes.get(at) {
        let start = at;
        let kind = match first {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += take(bytes, at, |b| b != b'\n');
                continue;
            }
            b'"' | b'\'' | b'`' => {
                let (len, closed) = quoted(bytes, at);
                at += len;
                if closed { Kind::Text } else { Kind::OpenText }
            }
            b'0'..=b'9' => number(bytes, &mut at),
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => number(bytes, &mut at),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':' if first != b':' || brackets == 0 => {
                at += take(bytes, at, |b| {
                    b.is_ascii_alphanumeric() || b == b'_' || (b == b':' && brackets == 0)
                });
                let word = source.get(start..at).unwrap_or("");
                let number = word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan");
                if number { Kind::Number } else { Kind::Identifier }
            }
            _ => {
                let (kind, len) = symbol(bytes, at);
                at += len;
                match (kind, first) {
                    (Kind::Open, b'[') => brackets += 1,
                    (Kind::Close, b']') => brackets = brackets.saturating_sub(1),
                    _ => {}
                }
                kind
            }
        };
        // A character of several bytes is one token, so that spans stay on boundaries.
        while at < source.len() && !source.is_char_boundary(at) {
            at += 1;
        }
        out.push(Token { kind, span: start..at });
    }
    out
}

fn take(bytes: &[u8], from: usize, accept: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|b| accept(**b)).count())
}

fn quoted(bytes: &[u8], from: usize) -> (usize, bool) {
    let quote = bytes.get(from).copied().unwrap_or(b'"');
    let mut at = from + 1;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'\\' if quote != b'`' => at += 2,
            b'\n' if quote != b'`' => return (at - from, false),
            _ if b == quote => return (at + 1 - from, true),
            _ => at += 1,
        }
    }
    (bytes.len() - from, false)
}

fn number(bytes: &[u8], at: &mut usize) -> Kind {
    let start = *at;
    if bytes.get(start) == Some(&b'0') && matches!(bytes.get(start + 1), Some(b'x' | b'X')) {
        *at += 2 + take(bytes, start + 2, |b| b.is_ascii_hexdigit() || b == b'_');
        return Kind::Number;
    }
    *at += take(bytes, *at, |b| b.is_ascii_digit() || b == b'.' || b == b'_');
    if matches!(bytes.get(*at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(*at + 1), Some(b'+' | b'-')));
        let digits = take(bytes, *at + 1 + sign, |b| b.is_ascii_digit());
        if digits > 0 {
            *at += 1 + sign + digits;
            return Kind::Number;
        }
    }
    let unit = take(bytes, *at, |b| b.is_ascii_alphanumeric());
    *at += unit;
    if unit > 0 { Kind::Duration } else { Kind::Number }
}

fn symbol(bytes: &[u8], at: usize) -> (Kind, usize) {
    let second = bytes.get(at + 1).copied().unwrap_or(0);
    match bytes.get(at).copied().unwrap_or(0) {
        b'(' | b'[' | b'{' => (Kind::Open, 1),
        b')' | b']' | b'}' => (Kind::Close, 1),
        b',' => (Kind::Comma, 1),
        b':' => (Kind::Colon, 1),
        b'=' | b'!' if second == b'=' || second == b'~' => (Kind::Operator, 2),
        b'<' | b'>' if second == b'=' || second == b'/' => (Kind::Operator, 2),
        b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'=' | b'<' | b'>' | b'@' => (Kind::Operator, 1),
        _ => (Kind::Other, 1),
    }
}

/// Words that are operators or modifiers and not names.
pub(super) const KEYWORDS: [&str; 17] = [
    "and",
    "or",
    "unless",
    "atan2",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "fill",
    "fill_left",
    "fill_right",
    "anchored",
    "smoothed",
];

/// Is this identifier a binary operator?
pub(super) fn is_word_operator(word: &str) -> bool {
    ["and", "or", "unless", "atan2"].iter().any(|k| word.eq_ignore_ascii_case(k))
}

/// An upper bound for how deep the parser's tree of this expression is: along the way, each open bracket and each
/// operator before the present place and within the same bracket may be a level.
pub(super) fn depth(source: &str, tokens: &[Token]) -> usize {
    let mut levels: Vec<usize> = vec![0];
    let (mut total, mut deepest) = (0_usize, 0_usize);
    for token in tokens {
        let word = token.text(source);
        match token.kind {
            Kind::Open => levels.push(0),
            Kind::Close if levels.len() > 1 => total -= levels.pop().unwrap_or(0),
            Kind::Comma => total -= levels.last_mut().map_or(0, std::mem::take),
            Kind::Operator => {
                total += 1;
                levels.last_mut().into_iter().for_each(|l| *l += 1);
            }
            Kind::Identifier if is_word_operator(word) || word.eq_ignore_ascii_case("offset") => {
                total += 1;
                levels.last_mut().into_iter().for_each(|l| *l += 1);
            }
            _ => {}
        }
        deepest = deepest.max(total + levels.len());
    }
    deepest
}
