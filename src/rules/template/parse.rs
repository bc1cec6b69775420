//! Tokens into the tree of a template. Errors are worded as Go words them, with the line.
//!
//! It recurses as deep as a template is nested, which is capped; nothing is evaluated here.

use super::Error;
use super::ast::{Branches, Node, Span};
use super::lex::{self, Kind, Token};
use std::collections::HashMap;
use std::rc::Rc;

/// How deep control structures and parentheses may be nested.
const DEPTH: usize = 40;

/// A parsed template: what it prints, and the templates that it defines.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) body: Vec<Node>,
    pub(super) defined: HashMap<Rc<str>, Vec<Node>>,
}

/// Parses `text`; `variables` (with `$`) are known from the start.
pub(super) fn parse(text: &str, variables: &[&str]) -> Result<Tree, Error> {
    let mut scope: Vec<Rc<str>> = vec![Rc::from("$")];
    scope.extend(variables.iter().map(|name| Rc::from(*name)));
    let tokens = lex::tokens(text);
    let mut parser = Parser { text, tokens, at: 0, scope, depth: 0, loops: 0, defined: HashMap::new() };
    let (body, end) = parser.list(true)?;
    if let Some(end) = end {
        return Err(parser.fail(end.from, format!("unexpected {{{{{}}}}}", end.word)));
    }
    Ok(Tree { body, defined: parser.defined })
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) scope: Vec<Rc<str>>,
    pub(super) depth: usize,
    /// How many `range`s are around.
    loops: usize,
    defined: HashMap<Rc<str>, Vec<Node>>,
}

/// The keyword that ended a list of nodes: `end` or `else`.
struct End {
    word: &'static str,
    from: usize,
}

type Nodes = (Vec<Node>, Option<End>);

impl Parser<'_> {
    pub(super) fn fail(&self, at: usize, reason: impl Into<String>) -> Error {
        Error::parsing(self.text, at, reason.into())
    }

    pub(super) fn slice(&self, token: &Token) -> &str {
        self.text.get(token.from..token.to).unwrap_or("")
    }

    pub(super) fn peek(&self) -> &Token {
        const END: &Token = &Token { kind: Kind::Eof, from: 0, to: 0 };
        self.tokens.get(self.at).or_else(|| self.tokens.last()).unwrap_or(END)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.next();
        }
    }

    pub(super) fn next_word(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    pub(super) fn unexpected(&self, token: &Token, context: &str) -> Error {
        let shown = match &token.kind {
            Kind::Error(reason) => return self.fail(token.from, reason.clone()),
            Kind::Eof => "EOF".to_owned(),
            Kind::Keyword => format!("<{}>", self.slice(token)),
            _ => {
                let text = self.slice(token);
                match text.char_indices().nth(10) {
                    Some((cut, _)) => format!("{:?}...", text.get(..cut).unwrap_or("")),
                    None => format!("{text:?}"),
                }
            }
        };
        self.fail(token.from, format!("unexpected {shown} in {context}"))
    }

    pub(super) fn deeper(&mut self, at: usize) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.fail(at, format!("nested more than {DEPTH} deep")));
        }
        Ok(())
    }

    /// Nodes up to `{{end}}`, `{{else}}` or, at the top, the end of the text.
    fn list(&mut self, top: bool) -> Result<Nodes, Error> {
        let mut nodes = Vec::new();
        loop {
            let token = self.next();
            match token.kind {
                Kind::Text => nodes.push(Node::Text(Span::new(token.from, token.to))),
                Kind::Eof if top => return Ok((nodes, None)),
                Kind::Open => {
                    self.skip_space();
                    if self.peek().kind != Kind::Keyword {
                        let pipe = self.pipeline("command", &Kind::Close)?;
                        nodes.push(Node::Print(pipe));
                        continue;
                    }
                    if let Some(end) = self.keyword(top, &mut nodes)? {
                        return Ok((nodes, Some(end)));
                    }
                }
                Kind::Eof => return Err(self.fail(token.from, "unexpected EOF")),
                _ => return Err(self.unexpected(&token, "input")),
            }
        }
    }

    fn keyword(&mut self, top: bool, nodes: &mut Vec<Node>) -> Result<Option<End>, Error> {
        let token = self.next();
        let word = self.slice(&token).to_owned();
        match word.as_str() {
            "end" => {
                self.close("end")?;
                return Ok(Some(End { word: "end", from: token.from }));
            }
            "else" => {
                self.skip_space();
                let chained = self.peek().kind == Kind::Keyword;
                if !chained {
                    self.close("else")?;
                }
                return Ok(Some(End { word: "else", from: token.from }));
            }
            "if" => nodes.push(Node::If(self.branches("if", &token)?)),
            "with" => nodes.push(Node::With(self.branches("with", &token)?)),
            "range" => nodes.push(self.range(&token)?),
            "template" => nodes.push(self.template(&token)?),
            "block" => nodes.push(self.block(&token)?),
            "define" if top => self.define(&token)?,
            "break" | "continue" => {
                let word = if word == "break" { "break" } else { "continue" };
                if self.loops == 0 {
                    return Err(self.fail(token.from, format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                self.close(word)?;
                nodes.push(if word == "break" { Node::Break } else { Node::Continue });
            }
            _ => return Err(self.unexpected(&token, "command")),
        }
        Ok(None)
    }

    fn close(&mut self, context: &str) -> Result<(), Error> {
        let token = self.next_word();
        if token.kind == Kind::Close { Ok(()) } else { Err(self.unexpected(&token, context)) }
    }

    fn branches(&mut self, word: &'static str, start: &Token) -> Result<Branches, Error> {
        self.deeper(start.from)?;
        let known = self.scope.len();
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let pipe = self.pipeline(word, &Kind::Close)?;
            let (body, end) = self.list(false)?;
            arms.push((pipe, body));
            if end.is_none_or(|end| end.word == "end") {
                break;
            }
            if self.peek().kind == Kind::Keyword {
                let token = self.next();
                if self.slice(&token) != word {
                    return Err(self.unexpected(&token, "else"));
                }
                continue;
            }
            otherwise = self.last_else()?;
            break;
        }
        self.scope.truncate(known);
        self.depth -= 1;
        Ok(Branches { arms, otherwise })
    }

    /// The nodes of an `else` that must be the last one.
    fn last_else(&mut self) -> Result<Vec<Node>, Error> {
        let (body, end) = self.list(false)?;
        match end {
            Some(End { word: "else", from }) => Err(self.fail(from, "expected end; found {{else}}")),
            _ => Ok(body),
        }
    }

    fn range(&mut self, start: &Token) -> Result<Node, Error> {
        self.deeper(start.from)?;
        let known = self.scope.len();
        let pipe = self.pipeline("range", &Kind::Close)?;
        self.loops += 1;
        let (body, end) = self.list(false)?;
        self.loops -= 1;
        let mut otherwise = Vec::new();
        if end.is_some_and(|end| end.word == "else") {
            if self.peek().kind == Kind::Keyword {
                let token = self.next();
                return Err(self.unexpected(&token, "else"));
            }
            otherwise = self.last_else()?;
        }
        self.scope.truncate(known);
        self.depth -= 1;
        Ok(Node::Range { pipe, body, otherwise })
    }

    /// The quoted name behind `template`, `define` or `block`.
    fn name(&mut self, context: &str) -> Result<(Rc<str>, usize), Error> {
        let token = self.next_word();
        match token.kind {
            Kind::Quoted(quote) => Ok((self.string(&token, quote)?, token.from)),
            _ => Err(self.unexpected(&token, context)),
        }
    }

    fn template(&mut self, start: &Token) -> Result<Node, Error> {
        let (name, at) = self.name("template clause")?;
        self.skip_space();
        let pipe = if self.peek().kind == Kind::Close {
            self.next();
            None
        } else {
            Some(self.pipeline("template clause", &Kind::Close)?)
        };
        let to = pipe.as_ref().map_or(at, |pipe| pipe.span.to);
        Ok(Node::Template { span: Span { from: start.from, to, at }, name, pipe })
    }

    /// The body of a `define` or `block`, up to its `end`; it sees no variable but `$`.
    fn definition(&mut self, name: Rc<str>, start: &Token, context: &str) -> Result<(), Error> {
        self.deeper(start.from)?;
        let scope = std::mem::replace(&mut self.scope, vec![Rc::from("$")]);
        let loops = std::mem::take(&mut self.loops);
        let (body, end) = self.list(false)?;
        if let Some(End { word: "else", from }) = end {
            return Err(self.fail(from, format!("unexpected {{{{else}}}} in {context}")));
        }
        self.scope = scope;
        self.loops = loops;
        self.depth -= 1;
        self.defined.insert(name, body);
        Ok(())
    }

    fn define(&mut self, start: &Token) -> Result<(), Error> {
        let (name, _) = self.name("define clause")?;
        self.close("define clause")?;
        self.definition(name, start, "define clause")
    }

    fn block(&mut self, start: &Token) -> Result<Node, Error> {
        let (name, _) = self.name("block clause")?;
        let pipe = self.pipeline("block clause", &Kind::Close)?;
        let span = Span::new(start.from, pipe.span.to);
        self.definition(Rc::clone(&name), start, "block clause")?;
        Ok(Node::Template { span, name, pipe: Some(pipe) })
    }
}
