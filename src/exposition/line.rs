//! One line becomes tokens: name, labels, value, timestamp, or a comment. No state is kept between lines.
//!
//! The grammar is that of Prometheus's two lexers (`model/textparse`: text allows blanks inside braces and labels
//! without a comma between them, OpenMetrics neither), but a quoted string may not go over the end of its line: a
//! quote left open would otherwise swallow good lines after it.

use super::{Format, Got, Kind, Line, RawSample, Reason, number};
use crate::text::Clean;
use crate::units::Timestamp;
use std::borrow::Cow;

/// The most bytes of one line.
pub const MAX_LINE: usize = 1 << 20;

/// Label pairs in the body's order.
pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The part of a sample line that says which series it is.
pub(super) struct Head<'a> {
    /// The bytes of it: equal bytes are the same series.
    pub(super) raw: &'a str,
    pub(super) name: Cow<'a, str>,
    pub(super) labels: Pairs<'a>,
    /// What comes after it: value and timestamp.
    pub(super) rest: &'a str,
}

/// Is the body clearly something else? Says what.
pub(super) fn not_metrics(body: &[u8]) -> Option<&'static str> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match text {
        [b'<', ..] => Some("HTML or XML"),
        [b'[', ..] => Some("JSON"),
        [b'{', inside @ ..] => match inside.trim_ascii_start() {
            [b'}', after @ ..] if after.trim_ascii().is_empty() => Some("JSON"),
            // A name in quotes is followed by ',' '}' or '=', a key of JSON by ':'.
            [b'"', string @ ..] => {
                let end = quoted_end(string, 0)?;
                let after = string.get(end + 1..).unwrap_or_default().trim_ascii_start();
                (after.first() == Some(&b':')).then_some("JSON")
            }
            _ => None,
        },
        [0x1f, 0x8b, ..] => Some("compressed"),
        _ => None,
    }
}

/// The line as text.
pub(super) fn utf8(line: &[u8]) -> Result<&str, Reason> {
    if line.len() > MAX_LINE {
        return Err(Reason::TooLong);
    }
    std::str::from_utf8(line).map_err(|_| Reason::Utf8)
}

/// Reads one line, given without its line end.
pub(super) fn line(text: &str, format: Format) -> Result<Line<'_>, Reason> {
    match text.as_bytes() {
        [] if format == Format::OpenMetrics => Err(Reason::EmptyLine),
        [] => Ok(Line::Comment),
        [b'#', ..] => comment(text, format),
        [b' ' | b'\t', ..] => {
            let trimmed = text.trim_start_matches([' ', '\t']);
            if format == Format::Text && (trimmed.is_empty() || trimmed.starts_with('#')) {
                line(trimmed, format)
            } else {
                Err(Reason::LeadingBlank)
            }
        }
        _ => {
            let head = head(text, format)?;
            let (value, at) = tail(head.rest, format)?;
            Ok(Line::Sample(RawSample { name: head.name, labels: head.labels, value, at }))
        }
    }
}

/// Reads a line that begins with `#`.
fn comment(text: &str, format: Format) -> Result<Line<'_>, Reason> {
    let open = format == Format::OpenMetrics;
    let other = || if open { Err(Reason::Comment) } else { Ok(Line::Comment) };
    if open && text == "# EOF" {
        return Ok(Line::Eof);
    }
    let Some(rest) = text.strip_prefix('#').and_then(|rest| blanks(rest, format)) else { return other() };
    let Some((keyword, rest)) = rest.split_at_checked(4) else { return other() };
    if !matches!((keyword, open), ("HELP" | "TYPE", _) | ("UNIT", true)) {
        return other();
    }
    let Some(rest) = blanks(rest, format) else { return other() };
    let (name, rest) = family(rest)?;
    let body = match rest.as_bytes() {
        [] if open => return Err(Reason::Text),
        [b' ', ..] => &rest[1..],
        // The text lexer drops one byte, whatever it is; only a blank makes sense.
        [b'\t', ..] if !open => &rest[1..],
        [] => "",
        _ => return Err(Reason::Name(got(rest))),
    };
    if body.ends_with('\r') {
        return Err(Reason::CarriageReturn);
    }
    match keyword {
        "TYPE" => match Kind::from_word(body, format) {
            Some(kind) => Ok(Line::Type { name, kind }),
            None => Err(Reason::Type(Clean::new(body))),
        },
        "HELP" => Ok(Line::Help { name, text: unescape(body, open) }),
        _ => {
            let fits = body.is_empty()
                || name.strip_suffix(body).is_some_and(|front| front.len() > 1 && front.ends_with('_'));
            if fits { Ok(Line::Unit { name, unit: body }) } else { Err(Reason::Unit(Clean::new(body))) }
        }
    }
}

/// Drops the blanks that have to come here: one in OpenMetrics, any number in text.
fn blanks(text: &str, format: Format) -> Option<&str> {
    match format {
        Format::OpenMetrics => text.strip_prefix(' '),
        Format::Text => {
            let rest = text.trim_start_matches([' ', '\t']);
            (rest.len() < text.len()).then_some(rest)
        }
    }
}

/// The family's name in a comment, plain or quoted, and what comes after it.
fn family(text: &str) -> Result<(Cow<'_, str>, &str), Reason> {
    if text.starts_with('"') {
        let end = quoted_end(text.as_bytes(), 1).ok_or(Reason::Quote)?;
        return Ok((unescape(&text[1..end], true), &text[end + 1..]));
    }
    match name_end(text.as_bytes()) {
        0 => Err(Reason::Name(got(text))),
        end => Ok(text.split_at(end)).map(|(name, rest)| (Cow::Borrowed(name), rest)),
    }
}

/// Where the metric's name at the start ends; 0 if there is none.
pub(super) fn name_end(text: &[u8]) -> usize {
    match text.first() {
        Some(first) if is_name(*first) && !first.is_ascii_digit() => {
            text.iter().position(|byte| !is_name(*byte)).unwrap_or(text.len())
        }
        _ => 0,
    }
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// Where the series ends that the line begins with: after the name, or after the brace that closes its labels.
/// Nothing inside is checked: this is for finding what was checked before.
pub(super) fn series_end(line: &[u8]) -> Option<usize> {
    let name = name_end(line);
    let mut at = name + line[name..].iter().take_while(|byte| is_blank(**byte)).count();
    if line.get(at) != Some(&b'{') {
        return (name > 0).then_some(name);
    }
    loop {
        at += 1 + memchr::memchr2(b'"', b'}', line.get(at + 1..)?)?;
        if line.get(at) == Some(&b'}') {
            return Some(at + 1);
        }
        at = quoted_end(line, at + 1)?;
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Index of the quote that closes a string whose first byte is at `from`.
fn quoted_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(at) {
            Some(b'"') => return Some(at),
            // The escaped byte may be the first of several; the others can be neither quote nor backslash.
            _ => at += 2,
        }
    }
}

/// Undoes `\\`, `\n` and, where quotes are escaped too, `\"`. Any other escape stays as it is.
fn unescape(text: &str, quotes: bool) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (plain, used) = match after.as_bytes().first() {
            Some(b'\\') => ('\\', 1),
            Some(b'n') => ('\n', 1),
            Some(b'"') if quotes => ('"', 1),
            _ => ('\\', 0),
        };
        out.push(plain);
        rest = &after[used..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn got(rest: &str) -> Got {
    rest.chars().next().map_or(Got::End, Got::Char)
}

/// Reads name and labels.
pub(super) fn head(text: &str, format: Format) -> Result<Head<'_>, Reason> {
    let end = name_end(text.as_bytes());
    let mut name = (end > 0).then(|| Cow::Borrowed(&text[..end]));
    let after = skip(text, end, format);
    if !text[after..].starts_with('{') {
        return match name {
            Some(name) => Ok(Head { raw: &text[..end], name, labels: Vec::new(), rest: &text[end..] }),
            None => Err(Reason::Name(got(&text[after..]))),
        };
    }
    let mut labels = Vec::new();
    let close = braces(text, after + 1, format, &mut name, Some(&mut labels))?;
    let name = name.filter(|name| !name.is_empty()).ok_or(Reason::NameMissing)?;
    twice(&name, &labels)?;
    Ok(Head { raw: &text[..close], name, labels, rest: &text[close..] })
}

/// Blanks are free in text and forbidden in OpenMetrics.
fn skip(text: &str, at: usize, format: Format) -> usize {
    match format {
        Format::OpenMetrics => at,
        Format::Text => at + text.as_bytes()[at..].iter().take_while(|byte| is_blank(**byte)).count(),
    }
}

/// Reads labels up to and with the closing brace; gives the index after it.
fn braces<'a>(
    text: &'a str,
    from: usize,
    format: Format,
    name: &mut Option<Cow<'a, str>>,
    mut labels: Option<&mut Pairs<'a>>,
) -> Result<usize, Reason> {
    let mut at = skip(text, from, format);
    loop {
        if text[at..].starts_with('}') {
            return Ok(at + 1);
        }
        let (label, end, quoted) = label_name(text, at)?;
        at = skip(text, end, format);
        let next = text.as_bytes().get(at).copied();
        if quoted && matches!(next, Some(b',' | b'}')) {
            // A quoted string alone is the metric's name (never within an exemplar).
            if labels.is_none() {
                return Err(Reason::Equal(got(&text[at..])));
            }
            if name.replace(label).is_some() {
                return Err(Reason::NameTwice);
            }
            at += usize::from(next == Some(b','));
            at = skip(text, at, format);
            continue;
        }
        if next != Some(b'=') {
            return Err(Reason::Equal(got(&text[at..])));
        }
        if label.is_empty() {
            return Err(Reason::LabelName(Got::Char('"')));
        }
        at = skip(text, at + 1, format);
        if !text[at..].starts_with('"') {
            return Err(Reason::LabelValue(got(&text[at..])));
        }
        let end = quoted_end(text.as_bytes(), at + 1).ok_or(Reason::Quote)?;
        if let Some(labels) = labels.as_deref_mut() {
            labels.push((label, unescape(&text[at + 1..end], true)));
        }
        at = skip(text, end + 1, format);
        match text.as_bytes().get(at) {
            Some(b',') => at = skip(text, at + 1, format),
            Some(b'}') => {}
            // The text lexer does without commas.
            Some(_) if format == Format::Text => {}
            _ => return Err(Reason::Comma(got(&text[at..]))),
        }
    }
}

fn label_name(text: &str, at: usize) -> Result<(Cow<'_, str>, usize, bool), Reason> {
    let rest = &text.as_bytes()[at..];
    if rest.first() == Some(&b'"') {
        let end = quoted_end(text.as_bytes(), at + 1).ok_or(Reason::Quote)?;
        return Ok((unescape(&text[at + 1..end], true), end + 1, true));
    }
    let long = rest.iter().position(|byte| !is_name(*byte) || *byte == b':').unwrap_or(rest.len());
    if long == 0 || rest.first().is_some_and(u8::is_ascii_digit) {
        return Err(Reason::LabelName(got(&text[at..])));
    }
    Ok((Cow::Borrowed(&text[at..at + long]), at + long, false))
}

/// Refuses a label that is given twice, the name's own among them.
fn twice(name: &str, labels: &Pairs<'_>) -> Result<(), Reason> {
    let told = |label: &str| Err(Reason::LabelTwice(Clean::new(label)));
    if labels.iter().any(|(label, _)| label == crate::labels::NAME && label != name) {
        return told(crate::labels::NAME);
    }
    if labels.len() <= 12 {
        for (i, (label, _)) in labels.iter().enumerate() {
            if labels[..i].iter().any(|(earlier, _)| earlier == label) {
                return told(label);
            }
        }
        return Ok(());
    }
    // Comparing each with each would be quadratic in a hostile line.
    let mut names: Vec<&str> = labels.iter().map(|(label, _)| &**label).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map_or(Ok(()), |pair| told(pair[0]))
}

/// Reads value and timestamp, and in OpenMetrics passes over an exemplar.
pub(super) fn tail(rest: &str, format: Format) -> Result<(f64, Option<Timestamp>), Reason> {
    match format {
        Format::Text => text_tail(rest),
        Format::OpenMetrics => open_tail(rest),
    }
}

fn text_tail(rest: &str) -> Result<(f64, Option<Timestamp>), Reason> {
    if rest.ends_with('\r') {
        return Err(Reason::CarriageReturn);
    }
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next().ok_or(Reason::Value(Got::End))?;
    if value.starts_with('{') {
        return Err(Reason::Value(Got::Char('{')));
    }
    let value = number::float(value)?;
    let Some(word) = words.next() else { return Ok((value, None)) };
    if word.starts_with('#') {
        return Err(Reason::Exemplar);
    }
    if !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::Timestamp(Clean::new(word)));
    }
    let ms = word.parse().map_err(|_| Reason::Timestamp(Clean::new(word)))?;
    match words.next() {
        None => Ok((value, Some(Timestamp::from_millis(ms)))),
        Some(word) if word.starts_with('#') => Err(Reason::Exemplar),
        Some(word) => Err(Reason::Trailing(Clean::new(word))),
    }
}

fn open_tail(rest: &str) -> Result<(f64, Option<Timestamp>), Reason> {
    if rest.ends_with('\r') {
        return Err(Reason::CarriageReturn);
    }
    let (value, rest) = word(rest).ok_or_else(|| Reason::Value(got(rest)))?;
    let value = number::float(value)?;
    if rest.is_empty() {
        return Ok((value, None));
    }
    if rest.starts_with(" # {") {
        return exemplar(rest).map(|()| (value, None));
    }
    let (stamp, rest) = word(rest).ok_or_else(|| Reason::Trailing(Clean::new(rest)))?;
    let at = seconds(stamp)?;
    if rest.starts_with(" # {") {
        exemplar(rest)?;
    } else if !rest.is_empty() {
        return Err(Reason::Trailing(Clean::new(rest)));
    }
    Ok((value, Some(at)))
}

/// One blank and what stands up to the next.
fn word(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix(' ')?;
    let end = memchr::memchr(b' ', rest.as_bytes()).unwrap_or(rest.len());
    (end > 0).then(|| rest.split_at(end))
}

/// Seconds, cut (not rounded) to the millisecond, as Prometheus does.
fn seconds(text: &str) -> Result<Timestamp, Reason> {
    let bad = || Reason::Timestamp(Clean::new(text));
    let ms = number::float(text).map_err(|_| bad())? * 1000.0;
    if ms.is_finite() && ms.abs() < 9.2e18 { Ok(Timestamp::from_millis(ms as i64)) } else { Err(bad()) }
}

/// Checks ` # {labels} value [timestamp]`.
fn exemplar(rest: &str) -> Result<(), Reason> {
    let end = braces(rest, 4, Format::OpenMetrics, &mut None, None)?;
    let rest = &rest[end..];
    let (value, rest) = word(rest).ok_or_else(|| Reason::Value(got(rest)))?;
    number::float(value)?;
    if rest.is_empty() {
        return Ok(());
    }
    let (stamp, rest) = word(rest).ok_or_else(|| Reason::Trailing(Clean::new(rest)))?;
    seconds(stamp)?;
    if rest.is_empty() { Ok(()) } else { Err(Reason::Trailing(Clean::new(rest))) }
}
