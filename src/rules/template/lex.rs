//! Cuts a template into tokens: text, and within `{{ }}` words, numbers, strings and signs.
//!
//! It knows nothing of what the words mean. The rules are those of Go's `text/template/parse`, trim markers included.

/// A token; its text is `from..to` of the template.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Text outside of actions, trimmed already.
    Text,
    Open,
    Close,
    Space,
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    /// A function's name.
    Identifier,
    Keyword,
    Bool,
    Nil,
    Dot,
    Number,
    Char,
    Quoted(Quote),
    /// `:=`
    Declare,
    /// `=`
    Assign,
    Pipe,
    LeftParen,
    RightParen,
    /// `,`
    Comma,
    /// A sign that means nothing.
    Other,
    Eof,
    /// The template is wrong from here on; the reason.
    Error(String),
}

/// How a string is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// `"..."`, with escapes.
    Double,
    /// A raw one, between backticks.
    Raw,
}

const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

/// All tokens of `text`; the last is [`Kind::Eof`] or [`Kind::Error`].
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, depth: 0, out: Vec::new(), trim_next: false };
    match lexer.outside() {
        Ok(()) => lexer.push(Kind::Eof, text.len()),
        Err(reason) => lexer.push(Kind::Error(reason), lexer.at),
    }
    lexer.out
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// Open parentheses.
    depth: usize,
    out: Vec<Token>,
    /// The last action ended with `-}}`.
    trim_next: bool,
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// `- ` after `{{`.
fn trims_left(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(BLANKS))
}

/// ` -}}` at the end of an action.
fn trims_right(rest: &str) -> bool {
    rest.strip_prefix(BLANKS).is_some_and(|rest| rest.starts_with("-}}"))
}

/// `U+003D '='`, as Go shows a character.
fn shown(c: char) -> String {
    let code = u32::from(c);
    if c.is_control() || (c.is_whitespace() && c != ' ') {
        format!("U+{code:04X}")
    } else {
        format!("U+{code:04X} '{c}'")
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, kind: Kind, from: usize) {
        self.out.push(Token { kind, from, to: self.at.max(from) });
    }

    fn outside(&mut self) -> Result<(), String> {
        loop {
            let start = self.at;
            let Some(found) = self.rest().find("{{") else {
                self.at = self.text.len();
                self.push_text(start, self.at, false);
                return Ok(());
            };
            let open = start + found;
            self.at = open + 2;
            let trims = trims_left(self.rest());
            self.push_text(start, open, trims);
            let skip = if trims { 2 } else { 0 };
            if self.rest().get(skip..).is_some_and(|rest| rest.starts_with("/*")) {
                self.at += skip;
                self.comment()?;
                continue;
            }
            self.push(Kind::Open, open);
            self.at += skip;
            self.depth = 0;
            self.inside()?;
        }
    }

    fn push_text(&mut self, from: usize, to: usize, trim_end: bool) {
        let text = self.text.get(from..to).unwrap_or("");
        let kept = if self.trim_next { text.trim_start_matches(BLANKS) } else { text };
        let from = from + (text.len() - kept.len());
        let kept = if trim_end { kept.trim_end_matches(BLANKS) } else { kept };
        self.trim_next = false;
        if !kept.is_empty() {
            self.out.push(Token { kind: Kind::Text, from, to: from + kept.len() });
        }
    }

    fn comment(&mut self) -> Result<(), String> {
        let Some(end) = self.rest().find("*/") else { return Err("unclosed comment".to_owned()) };
        self.at += end + 2;
        if !self.close() {
            return Err("comment ends before closing delimiter".to_owned());
        }
        Ok(())
    }

    /// Steps over `}}` or ` -}}` if it is there.
    fn close(&mut self) -> bool {
        if trims_right(self.rest()) {
            self.at += 4;
            self.trim_next = true;
            return true;
        }
        if self.rest().starts_with("}}") {
            self.at += 2;
            return true;
        }
        false
    }

    fn inside(&mut self) -> Result<(), String> {
        loop {
            let from = self.at;
            if trims_right(self.rest()) || self.rest().starts_with("}}") {
                if self.depth > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                self.close();
                self.push(Kind::Close, from);
                return Ok(());
            }
            let Some(c) = self.peek() else { return Err("unclosed action".to_owned()) };
            self.at += c.len_utf8();
            let kind = self.token(c, from)?;
            self.push(kind, from);
        }
    }

    fn token(&mut self, c: char, from: usize) -> Result<Kind, String> {
        Ok(match c {
            c if BLANKS.contains(&c) => {
                while self.peek().is_some_and(|c| BLANKS.contains(&c)) && !trims_right(self.rest()) {
                    self.at += 1;
                }
                Kind::Space
            }
            '=' => Kind::Assign,
            ':' => {
                if self.peek() != Some('=') {
                    return Err("expected :=".to_owned());
                }
                self.at += 1;
                Kind::Declare
            }
            '|' => Kind::Pipe,
            '"' => self.quoted('"', "unterminated quoted string")?,
            '\'' => self.quoted('\'', "unterminated character constant")?,
            '`' => {
                let Some(end) = self.rest().find('`') else {
                    return Err("unterminated raw quoted string".to_owned());
                };
                self.at += end + 1;
                Kind::Quoted(Quote::Raw)
            }
            '$' => self.field_or_variable(Kind::Variable, Kind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.field_or_variable(Kind::Dot, Kind::Field)?
            }
            '.' | '+' | '-' | '0'..='9' => self.number(from)?,
            '(' => {
                self.depth += 1;
                Kind::LeftParen
            }
            ')' => {
                self.depth = self.depth.saturating_sub(1);
                Kind::RightParen
            }
            ',' => Kind::Comma,
            c if is_word(c) => self.word(from)?,
            c if c.is_ascii_graphic() => Kind::Other,
            c => return Err(format!("unrecognized character in action: {}", shown(c))),
        })
    }

    fn quoted(&mut self, end: char, unterminated: &str) -> Result<Kind, String> {
        let mut escaped = false;
        for (at, c) in self.rest().char_indices() {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == end => {
                    self.at += at + 1;
                    return Ok(if end == '"' { Kind::Quoted(Quote::Double) } else { Kind::Char });
                }
                _ => {}
            }
        }
        Err(unterminated.to_owned())
    }

    /// What may stand right after a word.
    fn check_end(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(c) if BLANKS.contains(&c) || ".,|:)(".contains(c) => Ok(()),
            Some(_) if self.rest().starts_with("}}") => Ok(()),
            Some(c) => Err(format!("bad character {}", shown(c))),
        }
    }

    fn skip_word(&mut self) {
        let rest = self.rest();
        self.at += rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    }

    fn field_or_variable(&mut self, alone: Kind, named: Kind) -> Result<Kind, String> {
        if self.check_end().is_ok() {
            return Ok(alone);
        }
        self.skip_word();
        self.check_end()?;
        Ok(named)
    }

    fn word(&mut self, from: usize) -> Result<Kind, String> {
        self.skip_word();
        self.check_end()?;
        let word = self.text.get(from..self.at).unwrap_or("");
        Ok(match word {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            word if KEYWORDS.contains(&word) => Kind::Keyword,
            _ => Kind::Identifier,
        })
    }

    fn number(&mut self, from: usize) -> Result<Kind, String> {
        let rest = self.text.get(from..).unwrap_or("");
        let mut length = usize::from(rest.starts_with(['+', '-']));
        let digits = rest.get(length..).unwrap_or("");
        let hex = digits.starts_with("0x") || digits.starts_with("0X");
        let mut before = ' ';
        for c in digits.chars() {
            let exponent = matches!(before, 'p' | 'P') || (!hex && matches!(before, 'e' | 'E'));
            let sign = matches!(c, '+' | '-') && exponent;
            if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || sign) {
                break;
            }
            before = c;
            length += c.len_utf8();
        }
        self.at = from + length;
        let text = self.text.get(from..self.at).unwrap_or("");
        let next = self.peek().filter(|c| is_word(*c) || matches!(c, '+' | '-'));
        if super::number::parse(text).is_none() || next.is_some() {
            let shown = self.text.get(from..self.at + next.map_or(0, char::len_utf8)).unwrap_or(text);
            return Err(format!("bad number syntax: {shown:?}"));
        }
        Ok(Kind::Number)
    }
}
