//! Go's `fmt.Sprintf`: verbs, flags, widths, precisions, argument indexes, and what it says where a verb does not
//! fit its value (`%!d(float64=1.5)`).

use super::float;
use super::moment;
use super::value::{self, Out, Value};
use std::fmt::Write as _;
use std::rc::Rc;

/// Widths and precisions over this are Go's `%!(BADWIDTH)`, `%!(BADPREC)`.
const LARGEST: usize = 1_000_000;

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a format may say or not")]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'v> {
    out: &'v mut Out,
    values: &'v [Value],
    /// The next value.
    next: usize,
    /// An index (`%[1]d`) was used: values that are left over are then no mistake.
    reordered: bool,
    /// The last index was a bad one.
    bad_index: bool,
}

/// Writes `format` with `values` as Go's `fmt.Sprintf` does.
pub(super) fn printf(out: &mut Out, format: &str, values: &[Value]) {
    let mut printer = Printer { out, values, next: 0, reordered: false, bad_index: false };
    let mut rest = format;
    while !rest.is_empty() && !printer.out.full {
        let Some(at) = rest.find('%') else {
            printer.out.push(rest);
            break;
        };
        printer.out.push(rest.get(..at).unwrap_or(""));
        rest = printer.directive(rest.get(at + 1..).unwrap_or(""));
    }
    printer.extra();
}

impl Printer<'_> {
    /// Handles what follows a `%`; gives what is left of the format.
    fn directive<'f>(&mut self, rest: &'f str) -> &'f str {
        let mut flags = Flags::default();
        let mut rest = rest;
        self.bad_index = false;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => break,
            }
            rest = rest.get(1..).unwrap_or("");
        }
        rest = self.index(rest);
        if let Some(after) = rest.strip_prefix('*') {
            rest = after;
            match self.star() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.width = Some(width.unsigned_abs() as usize);
                }
                None => self.out.push("%!(BADWIDTH)"),
            }
        } else {
            (flags.width, rest) = number(rest);
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = self.index(after);
            if let Some(after) = rest.strip_prefix('*') {
                rest = after;
                flags.precision = self.star().and_then(|precision| usize::try_from(precision).ok());
                if flags.precision.is_none() {
                    self.out.push("%!(BADPREC)");
                }
            } else {
                let (precision, after) = number(rest);
                flags.precision = Some(precision.unwrap_or(0));
                rest = after;
            }
        }
        rest = self.index(rest);
        let Some(verb) = rest.chars().next() else {
            self.out.push("%!(NOVERB)");
            return "";
        };
        flags.zero &= !flags.minus;
        if verb == '%' {
            self.out.push("%");
        } else if self.bad_index {
            self.out.push(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(value) = self.values.get(self.next) {
            self.next += 1;
            one(self.out, value, verb, flags, false);
        } else {
            self.out.push(&format!("%!{verb}(MISSING)"));
        }
        rest.get(verb.len_utf8()..).unwrap_or("")
    }

    /// `[3]`
    fn index<'f>(&mut self, rest: &'f str) -> &'f str {
        let Some(inner) = rest.strip_prefix('[') else { return rest };
        self.reordered = true;
        let Some((digits, after)) = inner.split_once(']') else {
            self.bad_index = true;
            return inner;
        };
        match digits.parse::<usize>() {
            Ok(index) if index >= 1 && index <= self.values.len() => self.next = index - 1,
            _ => self.bad_index = true,
        }
        after
    }

    /// The value of a `*`.
    fn star(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(value) if value.unsigned_abs() <= LARGEST as u64 => Some(*value),
            _ => None,
        }
    }

    fn extra(&mut self) {
        if self.reordered || self.next >= self.values.len() {
            return;
        }
        self.out.push("%!(EXTRA ");
        for (at, value) in self.values.iter().skip(self.next).enumerate() {
            self.out.push(if at > 0 { ", " } else { "" });
            if matches!(value, Value::None) {
                self.out.push("<nil>");
            } else {
                self.out.push(value.type_name());
                self.out.push("=");
                value::plain(self.out, value, false);
            }
        }
        self.out.push(")");
    }
}

fn number(rest: &str) -> (Option<usize>, &str) {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (text, after) = rest.split_at(digits);
    (text.parse().ok().filter(|number| *number <= LARGEST), after)
}

fn one(out: &mut Out, value: &Value, verb: char, flags: Flags, within: bool) {
    match (value, verb) {
        (_, 'T') => pad(out, value.type_name(), flags),
        (Value::Sample(sample), 'p') => pad(out, &format!("{:p}", Rc::as_ptr(sample)), flags),
        (Value::None, 'v') => pad(out, "<nil>", flags),
        (Value::Bool(value), 't' | 'v') => pad(out, if *value { "true" } else { "false" }, flags),
        (Value::Int(number), _) if integer(out, *number, verb, flags) => {}
        (Value::Float(number), 'x' | 'X' | 'b') => {
            let text = float::bits(*number, verb);
            let digits = text.trim_start_matches(['+', '-']);
            let flags = Flags { plus: flags.plus || text.starts_with('+'), ..flags };
            pad_number(out, text.starts_with('-'), digits, flags, number.is_finite());
        }
        (Value::Float(number), 'v' | 'g' | 'G' | 'e' | 'E' | 'f' | 'F') => {
            fraction(out, *number, verb, flags);
        }
        (Value::Text(text), _) if string(out, text, verb, flags) => {}
        (Value::Time(nanos), 'v' | 's') => pad(out, &moment::time(*nanos), flags),
        (Value::Duration(nanos), 'v' | 's') => pad(out, &moment::duration(*nanos), flags),
        (Value::Labels(_) | Value::Args(_) | Value::Vector(_) | Value::Sample(_) | Value::Data(_), _) => {
            value::composite(out, value, within, &|out, element| one(out, element, verb, flags, true));
        }
        (Value::None, _) => out.push(&format!("%!{verb}(<nil>)")),
        _ => {
            out.push(&format!("%!{verb}({}=", value.type_name()));
            one(out, value, 'v', flags, within);
            out.push(")");
        }
    }
}

/// Fills up to the width with blanks; with zeros where the flag asks for them.
fn pad(out: &mut Out, text: &str, flags: Flags) {
    let missing = flags.width.unwrap_or(0).saturating_sub(text.chars().count()).min(super::OUTPUT);
    if flags.minus {
        out.push(text);
        out.push(&" ".repeat(missing));
    } else {
        out.push(&(if flags.zero { "0" } else { " " }).repeat(missing));
        out.push(text);
    }
}

/// A number with its sign; zeros stand between the two.
fn pad_number(out: &mut Out, negative: bool, digits: &str, flags: Flags, zeros: bool) {
    let sign = match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let missing = flags.width.unwrap_or(0).saturating_sub(sign.len() + digits.len()).min(super::OUTPUT);
    if zeros && flags.zero {
        out.push(sign);
        out.push(&"0".repeat(missing));
        out.push(digits);
    } else {
        pad(out, &format!("{sign}{digits}"), Flags { zero: false, ..flags });
    }
}

fn fraction(out: &mut Out, number: f64, verb: char, flags: Flags) {
    let precision = match verb {
        'e' | 'E' | 'f' | 'F' => Some(flags.precision.unwrap_or(6)),
        _ => flags.precision,
    };
    let verb = match verb {
        'v' => 'g',
        'F' => 'f',
        verb => verb,
    };
    let text = float::format(number, verb, precision);
    let digits = text.trim_start_matches(['+', '-']);
    // Go writes a plus before an infinity only where it is asked for, but with %v.
    let flags = Flags { plus: flags.plus || text.starts_with('+'), ..flags };
    pad_number(out, text.starts_with('-'), digits, flags, number.is_finite());
}

fn integer(out: &mut Out, number: i64, verb: char, flags: Flags) -> bool {
    let size = number.unsigned_abs();
    let (digits, prefix) = match verb {
        'v' | 'd' => (size.to_string(), ""),
        'b' => (format!("{size:b}"), "0b"),
        'o' => (format!("{size:o}"), "0"),
        'O' => (format!("0o{size:o}"), ""),
        'x' => (format!("{size:x}"), "0x"),
        'X' => (format!("{size:X}"), "0X"),
        'c' | 'q' | 'U' => {
            let c = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{FFFD}');
            match verb {
                'c' => pad(out, &c.to_string(), flags),
                'q' => pad(out, &quoted(&c.to_string(), '\''), flags),
                _ => pad(out, &format!("U+{number:04X}"), flags),
            }
            return true;
        }
        _ => return false,
    };
    let least = flags.precision.unwrap_or(0).min(super::OUTPUT);
    let digits = if flags.precision == Some(0) && size == 0 { String::new() } else { digits };
    let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    let digits = if flags.sharp { format!("{prefix}{digits}") } else { digits };
    pad_number(out, number < 0, &digits, flags, flags.precision.is_none());
    true
}

fn string(out: &mut Out, text: &str, verb: char, flags: Flags) -> bool {
    let cut = match flags.precision.and_then(|precision| text.char_indices().nth(precision)) {
        Some((cut, _)) => text.get(..cut).unwrap_or(text),
        None => text,
    };
    match verb {
        's' | 'v' if verb == 's' || !flags.sharp => pad(out, cut, flags),
        'v' => pad(out, &quoted(cut, '"'), flags),
        'q' if flags.sharp && !cut.contains('`') => pad(out, &format!("`{cut}`"), flags),
        'q' if flags.plus => pad(out, &ascii(&quoted(cut, '"')), flags),
        'q' => pad(out, &quoted(cut, '"'), flags),
        'x' | 'X' => {
            let bytes = text
                .bytes()
                .take(flags.precision.unwrap_or(usize::MAX))
                .map(|byte| if verb == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") });
            let bytes: Vec<String> = bytes.take(super::OUTPUT).collect();
            let prefix = match verb {
                _ if !flags.sharp || text.is_empty() => "",
                'x' => "0x",
                _ => "0X",
            };
            pad(out, &format!("{prefix}{}", bytes.join(if flags.space { " " } else { "" })), flags);
        }
        _ => return false,
    }
    true
}

/// Writes what is not ASCII as an escape.
fn ascii(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c as u32 {
            0..=0x7f => out.push(c),
            code => {
                let _ =
                    if code <= 0xffff { write!(out, "\\u{code:04x}") } else { write!(out, "\\U{code:08x}") };
            }
        }
        out
    })
}

/// `strconv.Quote`
pub(super) fn quoted(text: &str, quote: char) -> String {
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
