//! The shape of a parsed template.

use super::function::Function;
use super::number::Number;
use std::rc::Rc;

/// Where something stands: bytes of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The place that an error names: for `$x.a.b` Go takes the first field.
    pub(super) at: usize,
}

impl Span {
    pub(super) fn new(from: usize, to: usize) -> Self {
        Self { from, to, at: from }
    }
}

#[derive(Debug)]
pub(super) enum Node {
    Text(Span),
    /// `{{ pipeline }}`: printed, unless it declares or assigns.
    Print(Pipe),
    If(Branches),
    With(Branches),
    Range {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    /// `{{template "name" pipeline}}`
    Template {
        span: Span,
        name: Rc<str>,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

/// `if` or `with`, each `else if`, and what stands in the last `else`.
#[derive(Debug)]
pub(super) struct Branches {
    pub(super) arms: Vec<(Pipe, Vec<Node>)>,
    pub(super) otherwise: Vec<Node>,
}

/// `$x, $y := command | command`
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) span: Span,
    pub(super) variables: Vec<Rc<str>>,
    /// `=` and not `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

#[derive(Debug)]
pub(super) struct Command {
    pub(super) span: Span,
    /// Never empty.
    pub(super) words: Vec<Word>,
}

#[derive(Debug)]
pub(super) struct Word {
    pub(super) span: Span,
    pub(super) kind: WordKind,
}

#[derive(Debug)]
pub(super) enum WordKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    /// `'x'`
    Char(char),
    Text(Rc<str>),
    Function(Function),
    /// `$x.a.b`; the name has its `$`.
    Variable(Rc<str>, Vec<Rc<str>>),
    /// `.a.b`
    Field(Vec<Rc<str>>),
    /// `(pipeline)`
    Pipe(Box<Pipe>),
    /// `(pipeline).a.b`
    Chain(Box<Word>, Vec<Rc<str>>),
}
