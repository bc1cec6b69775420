//! Tokens within `{{ }}` into a pipeline: declarations, commands, operands.

use super::Error;
use super::ast::{Command, Pipe, Span, Word, WordKind};
use super::function::Function;
use super::lex::{Kind, Quote, Token};
use super::number;
use super::parse::Parser;
use std::rc::Rc;

impl Parser<'_> {
    pub(super) fn string(&self, token: &Token, quote: Quote) -> Result<Rc<str>, Error> {
        let text = self.slice(token);
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
        match quote {
            Quote::Raw => Ok(Rc::from(inner)),
            Quote::Double => number::unquote(inner, '"')
                .map(|text| Rc::from(text.as_str()))
                .ok_or_else(|| self.fail(token.from, "invalid syntax")),
        }
    }

    pub(super) fn pipeline(&mut self, context: &str, end: &Kind) -> Result<Pipe, Error> {
        self.skip_space();
        let from = self.peek().from;
        let (variables, assigns) = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == *end => {
                    let span = Span::new(from, token.from);
                    self.check_pipeline(&commands, token.from, context)?;
                    return Ok(Pipe { span: self.trimmed(span), variables, assigns, commands });
                }
                Kind::Bool
                | Kind::Char
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::Quoted(_)
                | Kind::Variable
                | Kind::LeftParen => {
                    self.at = self.at.saturating_sub(1);
                    commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
    }

    fn trimmed(&self, span: Span) -> Span {
        let text = self.text.get(span.from..span.to).unwrap_or("");
        Span::new(span.from, span.from + text.trim_end().len())
    }

    fn check_pipeline(&self, commands: &[Command], at: usize, context: &str) -> Result<(), Error> {
        if commands.is_empty() {
            return Err(self.fail(at, format!("missing value for {context}")));
        }
        for (stage, command) in commands.iter().enumerate().skip(1) {
            let Some(word) = command.words.first() else { continue };
            let constant = matches!(
                word.kind,
                WordKind::Bool(_)
                    | WordKind::Dot
                    | WordKind::Nil
                    | WordKind::Number(_)
                    | WordKind::Char(_)
                    | WordKind::Text(_)
            );
            if constant {
                let reason = format!("non executable command in pipeline stage {}", stage + 1);
                return Err(self.fail(word.span.from, reason));
            }
        }
        Ok(())
    }

    /// `$x :=`, `$x =`, and in a `range` also `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Result<(Vec<Rc<str>>, bool), Error> {
        let start = self.at;
        let mut variables: Vec<Rc<str>> = Vec::new();
        while self.peek().kind == Kind::Variable {
            let token = self.next();
            let name: Rc<str> = Rc::from(self.slice(&token));
            self.skip_space();
            let next = self.next();
            match next.kind {
                Kind::Declare | Kind::Assign => {
                    variables.push(Rc::clone(&name));
                    let assigns = next.kind == Kind::Assign;
                    // As in Go, an assignment too makes the name known; whether it is there, the run decides.
                    self.scope.extend(variables.iter().cloned());
                    self.skip_space();
                    return Ok((variables, assigns));
                }
                Kind::Comma if context == "range" && variables.is_empty() => {
                    variables.push(name);
                    self.skip_space();
                }
                Kind::Comma => {
                    return Err(self.fail(next.from, format!("too many declarations in {context}")));
                }
                _ => break,
            }
        }
        if !variables.is_empty() {
            let token = self.peek().clone();
            return Err(self.unexpected(&token, "range"));
        }
        self.at = start;
        Ok((Vec::new(), false))
    }

    fn check_known(&self, name: &str, at: usize) -> Result<(), Error> {
        if self.scope.iter().any(|known| **known == *name) {
            return Ok(());
        }
        Err(self.fail(at, format!("undefined variable {name:?}")))
    }

    fn command(&mut self) -> Result<Command, Error> {
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.skip_space();
            if let Some(word) = self.operand()? {
                words.push(word);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::Close | Kind::RightParen => self.at = self.at.saturating_sub(1),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            let (Some(first), Some(last)) = (words.first(), words.last()) else {
                return Err(self.fail(token.from, "empty command"));
            };
            let span = Span::new(first.span.from, last.span.to);
            return Ok(Command { span, words });
        }
    }

    /// A term, and the fields right behind it.
    fn operand(&mut self) -> Result<Option<Word>, Error> {
        let Some(word) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(word));
        }
        let mut fields = Vec::new();
        let (mut to, at) = (word.span.to, self.peek().from);
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(Rc::from(self.slice(&token).trim_start_matches('.')));
            to = token.to;
        }
        let span = Span { from: word.span.from, to, at };
        let kind = match word.kind {
            WordKind::Field(mut path) => {
                path.extend(fields);
                WordKind::Field(path)
            }
            WordKind::Variable(name, mut path) => {
                path.extend(fields);
                WordKind::Variable(name, path)
            }
            WordKind::Pipe(_) | WordKind::Function(_) => WordKind::Chain(Box::new(word), fields),
            _ => {
                let term = self.text.get(word.span.from..word.span.to).unwrap_or("");
                return Err(self.fail(span.from, format!("unexpected . after term {term:?}")));
            }
        };
        Ok(Some(Word { span, kind }))
    }

    fn term(&mut self) -> Result<Option<Word>, Error> {
        let token = self.next_word();
        let text = self.slice(&token);
        let kind = match token.kind {
            Kind::Dot => WordKind::Dot,
            Kind::Nil => WordKind::Nil,
            Kind::Bool => WordKind::Bool(text == "true"),
            Kind::Number => {
                let number = number::parse(text);
                let Some(number) = number else {
                    return Err(self.fail(token.from, format!("bad number syntax: {text:?}")));
                };
                WordKind::Number(number)
            }
            Kind::Char => {
                let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
                let unquoted = number::unquote(inner, '\'').unwrap_or_default();
                let mut chars = unquoted.chars();
                let (Some(c), None) = (chars.next(), chars.next()) else {
                    return Err(self.fail(token.from, format!("malformed character constant: {text}")));
                };
                WordKind::Char(c)
            }
            Kind::Quoted(quote) => WordKind::Text(self.string(&token, quote)?),
            Kind::Identifier => match Function::named(text) {
                Some(function) => WordKind::Function(function),
                None => return Err(self.fail(token.from, format!("function {text:?} not defined"))),
            },
            Kind::Variable => {
                self.check_known(text, token.from)?;
                WordKind::Variable(Rc::from(text), Vec::new())
            }
            Kind::Field => WordKind::Field(vec![Rc::from(text.trim_start_matches('.'))]),
            Kind::LeftParen => {
                self.deeper(token.from)?;
                let pipe = self.pipeline("parenthesized pipeline", &Kind::RightParen)?;
                self.depth -= 1;
                let to = self.tokens.get(self.at.saturating_sub(1)).map_or(token.to, |token| token.to);
                let span = Span::new(token.from, to);
                return Ok(Some(Word { span, kind: WordKind::Pipe(Box::new(pipe)) }));
            }
            _ => {
                self.at = self.at.saturating_sub(1);
                return Ok(None);
            }
        };
        Ok(Some(Word { span: Span::new(token.from, token.to), kind }))
    }
}
