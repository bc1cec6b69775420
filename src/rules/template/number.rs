//! Constants of a template: numbers, characters and quoted strings, as Go writes them.

/// A number that is written in a template. One constant can be usable as both an integer and a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    /// Its value where an integer is asked for.
    pub(super) int: Option<i64>,
    /// Its value where a float is asked for.
    pub(super) float: f64,
    /// On its own it is a float (`1.0`, `1e3`).
    pub(super) is_float: bool,
}

/// Reads a number: `12`, `-1_000`, `0x1F`, `0b1`, `0o17`, `017`, `1.5`, `1e3`, `0x1p-2`.
pub(super) fn parse(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefix = lower.get(..2).unwrap_or("");
    let sign = |int: i64| if negative { int.checked_neg() } else { Some(int) };
    let radix = match prefix {
        "0x" => 16,
        "0b" => 2,
        "0o" => 8,
        _ => 10,
    };
    if radix == 16 && lower.contains(['p', '.']) {
        let float = hex_float(lower.get(2..)?)?;
        let float = if negative { -float } else { float };
        return Some(Number { int: whole(float), float, is_float: true });
    }
    let body = if radix == 10 { lower.as_str() } else { lower.get(2..)? };
    let plain = without_underscores(body, radix != 10)?;
    if radix != 10 {
        let int = sign(i64::from_str_radix(&plain, radix).ok()?)?;
        return Some(Number { int: Some(int), float: int as f64, is_float: false });
    }
    if plain.contains(['.', 'e']) {
        if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') || plain == "." {
            return None;
        }
        let float: f64 = plain.parse().ok().filter(|float: &f64| float.is_finite())?;
        let float = if negative { -float } else { float };
        return Some(Number { int: whole(float), float, is_float: true });
    }
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A leading zero means octal, as in Go's `0755`.
    let int = if plain.len() > 1 && plain.starts_with('0') {
        i64::from_str_radix(&plain, 8).ok()?
    } else {
        plain.parse().ok()?
    };
    let int = sign(int)?;
    Some(Number { int: Some(int), float: int as f64, is_float: false })
}

fn whole(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() < 9.2e18).then_some(float as i64)
}

/// Underscores stand between digits only.
pub(super) fn without_underscores(text: &str, after_prefix: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut digit = after_prefix;
    for (at, c) in text.char_indices() {
        if c == '_' {
            let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
            if !digit || !next.is_some_and(|c| c.is_ascii_hexdigit()) {
                return None;
            }
            digit = false;
        } else {
            digit = c.is_ascii_hexdigit();
            out.push(c);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// `1.8p-3`: hexadecimal digits, and a power of two.
fn hex_float(text: &str) -> Option<f64> {
    let (digits, power) = text.split_once('p')?;
    let power: i32 = power.parse().ok().filter(|power: &i32| power.abs() < 5000)?;
    let (mut value, mut scale, mut seen, mut point) = (0.0_f64, 0_i32, false, false);
    for c in digits.chars() {
        match c {
            '.' if !point => point = true,
            '_' => {}
            c => {
                value = value * 16.0 + f64::from(c.to_digit(16)?);
                seen = true;
                scale -= if point { 4 } else { 0 };
            }
        }
    }
    let float = value * 2.0_f64.powi(power.saturating_add(scale));
    (seen && float.is_finite()).then_some(float)
}

/// What stands between the quotes of `"..."` or `'...'`, without escapes. Bytes that are no UTF-8 become U+FFFD.
pub(super) fn unquote(inner: &str, quote: char) -> Option<String> {
    let mut bytes: Vec<u8> = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    let mut buffer = [0; 4];
    while let Some(c) = chars.next() {
        if c == quote || c == '\n' {
            return None;
        }
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        let kind = chars.next()?;
        let c = match kind {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' => '\\',
            '"' | '\'' if kind == quote => kind,
            'x' => {
                bytes.push(u8::try_from(code(&mut chars, 0, 2, 16)?).ok()?);
                continue;
            }
            '0'..='7' => {
                bytes.push(u8::try_from(code(&mut chars, kind.to_digit(8)?, 2, 8)?).ok()?);
                continue;
            }
            'u' => char::from_u32(code(&mut chars, 0, 4, 16)?)?,
            'U' => char::from_u32(code(&mut chars, 0, 8, 16)?)?,
            _ => return None,
        };
        bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
    }
    Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// The next `count` digits, behind those that `start` stands for.
fn code(chars: &mut std::str::Chars<'_>, start: u32, count: usize, radix: u32) -> Option<u32> {
    let mut code = start;
    for _ in 0..count {
        code = code.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    Some(code)
}
