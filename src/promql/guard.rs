//! What is refused before the grammar sees it, and where a mistake is once the grammar has refused something.
//!
//! The parser recurses with the depth of its tree and panics on absurd durations; both are kept from it here. Its
//! errors have no position; here the likely one is found from the tokens.

use super::functions;
use super::lex::{self, Kind, Token};
use super::parse::ParseError;
use crate::units::parse_duration;
use std::borrow::Cow;

/// The longest expression in bytes.
const MAX_BYTES: usize = 64 << 10;
/// The deepest tree; see [`lex::depth`].
const MAX_DEPTH: usize = 256;
/// The longest range, offset or step in seconds: a hundred years.
const MAX_SECONDS: f64 = 100.0 * 365.0 * 86_400.0;

/// The latest moment that `@` may name, in seconds.
const MAX_MOMENT: f64 = 9e12;

/// How patterns (`=~`, `!~`) are handed to the parser.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patterns {
    /// As they were written.
    Written,
    /// As plain texts that begin with [`MARK`]: the parser compiles a regular expression for each pattern and nobody
    /// uses it, which was two thirds of what parsing cost. What is refused that way is to be read again as written.
    Marked,
}

/// How a marked pattern begins; a text that says it itself is not marked.
pub(super) const MARK: char = '\u{1}';

/// Does it have patterns?
pub(super) fn has_patterns(source: &str) -> bool {
    source.contains("=~") || source.contains("!~")
}

/// Checks the tokens and gives the text that may be handed to the parser.
pub(super) fn check(source: &str, patterns: Patterns) -> Result<Cow<'_, str>, ParseError> {
    if source.len() > MAX_BYTES {
        return Err(ParseError::new(format!("the expression is longer than {MAX_BYTES} bytes")));
    }
    let tokens = lex::tokens(source);
    let mut open: Vec<&Token> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let word = token.text(source);
        match token.kind {
            Kind::OpenText => return Err(ParseError::at("the string is not closed", token)),
            Kind::Open => open.push(token),
            Kind::Close => {
                let fits = open
                    .pop()
                    .is_some_and(|o| matches!((o.text(source), word), ("(", ")") | ("[", "]") | ("{", "}")));
                if !fits {
                    return Err(ParseError::at(format!("\"{word}\" closes nothing that is open"), token));
                }
            }
            Kind::Duration if parse_duration(word).is_err() && !is_number_word(word) => {
                return Err(ParseError::at(format!("\"{word}\" is not a duration"), token)
                    .hint("write it as 250ms, 15s, 5m, 1h30m or 30d"));
            }
            Kind::Duration => {
                check_span(&tokens, i, source, parse_duration(word).map_or(0.0, |d| d.as_secs_f64()))?;
            }
            Kind::Number => check_span(&tokens, i, source, read_number(word))?,
            _ => {}
        }
        check_construct(&tokens, i, source)?;
    }
    if let Some(token) = open.last() {
        return Err(ParseError::at(format!("\"{}\" is not closed", token.text(source)), token));
    }
    if lex::depth(source, &tokens) > MAX_DEPTH {
        return Err(ParseError::new(format!("the expression is nested deeper than {MAX_DEPTH} levels")));
    }
    match patterns {
        Patterns::Written => rewrite(source, &tokens),
        Patterns::Marked => marked(source, &tokens).map(Cow::Owned),
    }
}

/// The text with its patterns marked.
fn marked(source: &str, tokens: &[Token]) -> Result<String, ParseError> {
    // An escape could make the mark, or a byte that is no character: those are read as they were written.
    let texts = || tokens.iter().filter(|token| token.kind == Kind::Text).map(|token| token.text(source));
    let escapes = |text: &str| {
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'\\'
                && bytes.next().is_some_and(|next| matches!(next, b'x' | b'u' | b'U' | b'0'..=b'7'))
            {
                return true;
            }
        }
        false
    };
    if source.contains(MARK) || texts().any(escapes) {
        return Err(ParseError::new("it has escapes"));
    }
    let (mut out, mut done) = (String::with_capacity(source.len() + 16), 0);
    for pair in tokens.windows(2) {
        let [operator, text] = pair else { continue };
        let plain = match operator.text(source) {
            "=~" => "=",
            "!~" => "!=",
            _ => continue,
        };
        if text.kind != Kind::Text {
            continue;
        }
        out.push_str(source.get(done..operator.span.start).unwrap_or(""));
        out.push_str(plain);
        let quote = text.span.start + 1;
        out.push_str(source.get(operator.span.end..quote).unwrap_or(""));
        out.push(MARK);
        done = quote;
    }
    out.push_str(source.get(done..).unwrap_or(""));
    Ok(out)
}

fn is_number_word(word: &str) -> bool {
    word.parse::<f64>().is_ok()
}

fn read_number(word: &str) -> f64 {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).map_or(f64::NAN, |v| v as f64),
        None => word.parse().unwrap_or(f64::NAN),
    }
}

/// A number or a duration at a place where a span of time is meant must be one that can be kept.
fn check_span(tokens: &[Token], i: usize, source: &str, seconds: f64) -> Result<(), ParseError> {
    let before = |n: usize| i.checked_sub(n).and_then(|i| tokens.get(i)).map_or("", |t| t.text(source));
    let signed = matches!(before(1), "+" | "-");
    let anchor = if signed { before(2) } else { before(1) };
    let offset = anchor.eq_ignore_ascii_case("offset");
    let in_brackets = anchor == "[" || (anchor == ":" && !signed);
    let Some(token) = tokens.get(i) else { return Ok(()) };
    if anchor == "@" && !(-MAX_MOMENT..=MAX_MOMENT).contains(&seconds) {
        return Err(ParseError::at("the moment is out of range", token));
    }
    if (offset || in_brackets) && !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(ParseError::at("the duration is out of range", token));
    }
    if in_brackets && seconds <= 0.0 {
        return Err(ParseError::at("a range or step must be longer than 0", token));
    }
    Ok(())
}

/// Syntax of newer servers that is known and not supported: named, instead of "invalid query".
fn check_construct(tokens: &[Token], i: usize, source: &str) -> Result<(), ParseError> {
    let Some(token) = tokens.get(i) else { return Ok(()) };
    let next = tokens.get(i + 1).map_or("", |t| t.text(source));
    let before = i.checked_sub(1).and_then(|i| tokens.get(i));
    let word = token.text(source);
    let after_operand = before.is_some_and(|t| {
        t.kind == Kind::Close || matches!(t.kind, Kind::Identifier | Kind::Duration | Kind::Number)
    });
    let construct = match token.kind {
        Kind::Operator if word == ">/" || word == "</" => format!("the operator {word} of native histograms"),
        Kind::Open if word == "{" && next == "{" => "a native histogram as a literal".to_owned(),
        Kind::Identifier if after_operand && matches!(word, "anchored" | "smoothed") => {
            format!("the modifier {word}")
        }
        Kind::Identifier
            if after_operand && matches!(word, "fill" | "fill_left" | "fill_right") && next == "(" =>
        {
            format!("the modifier {word}")
        }
        Kind::Identifier
            if next == "("
                && matches!(
                    word,
                    "histogram_avg"
                        | "histogram_count"
                        | "histogram_sum"
                        | "histogram_stddev"
                        | "histogram_stdvar"
                ) =>
        {
            format!("the function {word} of native histograms")
        }
        Kind::Identifier
            if next == "("
                && matches!(word, "info" | "histogram_quantiles" | "start_timestamp" | "integral") =>
        {
            format!("the experimental function {word}")
        }
        _ => return Ok(()),
    };
    Err(ParseError::at(format!("not supported: {construct}"), token))
}

/// Texts with escaped bytes above 0x7f are written out, since the parser takes each such byte for a character.
fn rewrite<'a>(source: &'a str, tokens: &[Token]) -> Result<Cow<'a, str>, ParseError> {
    let mut out = String::new();
    let mut done = 0;
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Text) {
        let raw = token.text(source);
        if raw.starts_with('`') || !raw.contains('\\') {
            continue;
        }
        let Some(bytes) = high_bytes(raw) else { continue };
        let Ok(text) = String::from_utf8(bytes) else {
            let function =
                tokens[..i].iter().rev().find(|t| t.kind == Kind::Identifier).map_or("", |t| t.text(source));
            let what = match function {
                "count_values" | "label_replace" | "label_join" => "invalid label name",
                _ => "not valid UTF-8:",
            };
            return Err(ParseError::at(format!("{what} {raw}"), token));
        };
        out.push_str(source.get(done..token.span.start).unwrap_or(""));
        out.push_str(&text);
        done = token.span.end;
    }
    if done == 0 {
        return Ok(Cow::Borrowed(source));
    }
    out.push_str(source.get(done..).unwrap_or(""));
    Ok(Cow::Owned(out))
}

/// The text with its high `\x..` and octal escapes as bytes and all others untouched; nothing if there are none.
fn high_bytes(raw: &str) -> Option<Vec<u8>> {
    let bytes = raw.as_bytes();
    let (mut out, mut at, mut found) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(&b) = bytes.get(at) {
        let escape = match (b, bytes.get(at + 1)) {
            (b'\\', Some(b'x')) => Some((2, 2, 16)),
            (b'\\', Some(b'0'..=b'7')) => Some((1, 3, 8)),
            _ => None,
        };
        let value = escape.and_then(|(skip, len, radix)| {
            let digits = raw.get(at + skip..at + skip + len)?;
            let value = u8::from_str_radix(digits, radix).ok().filter(|v| *v >= 0x80)?;
            Some((value, skip + len))
        });
        if let Some((value, len)) = value {
            found = true;
            out.push(value);
            at += len;
        } else {
            let len = if b == b'\\' { 2 } else { 1 };
            out.extend_from_slice(bytes.get(at..(at + len).min(bytes.len())).unwrap_or(&[]));
            at += len;
        }
    }
    found.then_some(out)
}

/// Makes the best of what the parser says about `source`.
pub(super) fn explain(source: &str, message: &str) -> ParseError {
    let tokens = lex::tokens(source);
    if let Some(name) =
        message.strip_prefix("unknown function with name '").and_then(|r| r.strip_suffix('\''))
    {
        let place = tokens
            .windows(2)
            .find(|w| matches!(w, [a, b] if a.text(source) == name && b.text(source) == "("));
        let mut error = ParseError::new(format!("unknown function \"{name}\""));
        error.at = place.and_then(|w| w.first()).map(|t| t.span.clone());
        error.hint = closest(name).map(|n| format!("did you mean {n}?"));
        return error;
    }
    if message != "invalid promql query" && message != "no expression found in input" {
        return ParseError {
            message: message.to_owned(),
            at: quoted_place(source, &tokens, message),
            hint: None,
        };
    }
    misplaced(source, &tokens)
}

/// The place of the word that the parser's message has in quotes, if it stands there once.
fn quoted_place(source: &str, tokens: &[Token], message: &str) -> Option<std::ops::Range<usize>> {
    let word = message.split('\'').nth(1)?;
    let mut places = tokens.iter().filter(|t| t.text(source) == word);
    let first = places.next()?;
    places.next().is_none().then(|| first.span.clone())
}

fn closest(name: &str) -> Option<&'static str> {
    functions::names()
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The first token that cannot stand where it stands: two operands side by side, an operator without an operand.
fn misplaced(source: &str, tokens: &[Token]) -> ParseError {
    let mut operand = false;
    let mut last: Option<&Token> = None;
    let mut after_keyword = false;
    for token in tokens {
        let word = token.text(source);
        let keyword = lex::KEYWORDS.iter().any(|k| word.eq_ignore_ascii_case(k));
        let before = last.map_or("", |t| t.text(source));
        let starts =
            matches!(token.kind, Kind::Number | Kind::Duration | Kind::Text | Kind::Identifier) && !keyword;
        let wrong = match token.kind {
            _ if starts && operand && !after_keyword => {
                Some(format!("unexpected \"{word}\" after \"{before}\""))
            }
            Kind::Operator if !operand && !matches!(word, "+" | "-") => {
                Some(format!("\"{word}\" has nothing at its left"))
            }
            Kind::Close if !operand && last.is_some_and(|t| t.kind == Kind::Operator) => {
                Some(format!("an operand is missing after \"{before}\""))
            }
            Kind::Comma if !operand => Some("an argument is missing before \",\"".to_owned()),
            Kind::Other => Some(format!("unexpected \"{word}\"")),
            _ => None,
        };
        if let Some(message) = wrong {
            return ParseError::at(message, token);
        }
        after_keyword = keyword;
        operand = starts || token.kind == Kind::Close;
        last = Some(token);
    }
    match last {
        None => ParseError::new("the expression is empty"),
        Some(token) if !operand => {
            ParseError::at(format!("the expression ends after \"{}\"", token.text(source)), token)
        }
        Some(_) => ParseError::new("this is not a PromQL expression"),
    }
}
