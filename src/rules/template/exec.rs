//! Walks the tree of a template and prints. Steps, depth and output are capped; nothing here can run without end.

use super::ast::{Branches, Node, Pipe, Span};
use super::parse::Tree;
use super::value::{self, Data, Out, Value};
use super::{Context, Error, OUTPUT};
use std::rc::Rc;

/// What a template may do: one step a node, more for a query or a regular expression.
const STEPS: usize = 100_000;
/// How deep nodes and calls of templates may be nested while it runs.
const DEPTH: usize = 64;

/// One run of a template.
pub(super) struct Run<'t, 'c, 'q> {
    pub(super) text: &'t str,
    pub(super) tree: &'t Tree,
    pub(super) context: &'c mut Context<'q>,
    /// Variables in reach, the newest last.
    pub(super) variables: Vec<(Rc<str>, Value)>,
    /// What is being evaluated: for errors.
    pub(super) at: Span,
    /// The template that `{{template}}` called; none: the text itself.
    pub(super) inside: Option<Rc<str>>,
    steps: usize,
    pub(super) depth: usize,
    out: Out,
}

/// How the walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// Runs `tree`. The variables that Prometheus defines before a template are there from the start.
pub(super) fn run(text: &str, tree: &Tree, context: &mut Context<'_>) -> Result<String, Error> {
    let data = Rc::new(Data {
        labels: context.labels.clone(),
        external_labels: context.external_labels.clone(),
        external_url: Rc::from(context.external_url),
        value: context.value,
    });
    let name = |name: &str| Rc::<str>::from(name);
    let variables = vec![
        (name("$"), Value::Data(Rc::clone(&data))),
        (name("$labels"), Value::Labels(data.labels.clone())),
        (name("$externalLabels"), Value::Labels(data.external_labels.clone())),
        (name("$externalURL"), Value::Text(Rc::clone(&data.external_url))),
        (name("$value"), Value::Float(data.value)),
    ];
    let mut run = Run {
        text,
        tree,
        context,
        variables,
        at: Span::default(),
        inside: None,
        steps: STEPS,
        depth: 0,
        out: Out::default(),
    };
    run.list(&tree.body, &Value::Data(data))?;
    Ok(run.out.text)
}

impl<'t> Run<'t, '_, '_> {
    pub(super) fn fail(&self, reason: impl Into<String>) -> Error {
        Error::executing(self.text, self.at, self.inside.as_deref(), reason.into())
    }

    /// Takes `steps` from what is left.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Error> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(self.fail(format!("more than {STEPS} steps"))),
        }
    }

    pub(super) fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH { Err(self.fail("exceeded maximum template depth")) } else { Ok(()) }
    }

    fn print(&mut self, write: impl FnOnce(&mut Out)) -> Result<(), Error> {
        let before = self.out.text.len();
        write(&mut self.out);
        self.spend((self.out.text.len() - before) / 64)?;
        if self.out.full { Err(self.fail(format!("output is longer than {OUTPUT} bytes"))) } else { Ok(()) }
    }

    fn list(&mut self, nodes: &'t [Node], dot: &Value) -> Result<Flow, Error> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &'t Node, dot: &Value) -> Result<Flow, Error> {
        self.spend(1)?;
        match node {
            Node::Text(span) => {
                let text = self.text.get(span.from..span.to).unwrap_or("");
                self.print(|out| out.push(text))?;
            }
            Node::Print(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.at = pipe.span;
                    self.print(|out| value::print(out, &value))?;
                }
            }
            Node::If(branches) => return self.branches(branches, dot, false),
            Node::With(branches) => return self.branches(branches, dot, true),
            Node::Range { pipe, body, otherwise } => return self.range(pipe, body, otherwise, dot),
            Node::Template { span, name, pipe } => self.template(*span, name, pipe.as_ref(), dot)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn branches(&mut self, branches: &'t Branches, dot: &Value, with: bool) -> Result<Flow, Error> {
        self.deeper()?;
        let known = self.variables.len();
        let mut flow = None;
        for (pipe, body) in &branches.arms {
            let value = self.pipe(pipe, dot)?;
            if value.is_true() {
                flow = Some(self.list(body, if with { &value } else { dot })?);
                break;
            }
        }
        let flow = match flow {
            Some(flow) => flow,
            None => self.list(&branches.otherwise, dot)?,
        };
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(flow)
    }

    fn range(
        &mut self,
        pipe: &'t Pipe,
        body: &'t [Node],
        otherwise: &'t [Node],
        dot: &Value,
    ) -> Result<Flow, Error> {
        self.deeper()?;
        let known = self.variables.len();
        let value = self.pipe(pipe, dot)?;
        let outer = self.variables.len();
        let mut elements = self.elements(&value)?.peekable();
        let mut flow = Flow::On;
        if elements.peek().is_none() {
            flow = self.list(otherwise, dot)?;
        }
        for (index, element) in elements {
            self.spend(1)?;
            self.declare_range(pipe, index, &element)?;
            let inner = self.list(body, &element)?;
            self.variables.truncate(outer);
            if inner == Flow::Break {
                break;
            }
        }
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(flow)
    }

    /// Sets `$element`, or `$index, $element`.
    fn declare_range(&mut self, pipe: &'t Pipe, index: Value, element: &Value) -> Result<(), Error> {
        let values = match pipe.variables.len() {
            0 => return Ok(()),
            1 => vec![element.clone()],
            _ => vec![index, element.clone()],
        };
        for (name, value) in pipe.variables.iter().zip(values) {
            if pipe.assigns {
                self.assign(name, value)?;
            } else if let Some(slot) = self.variables.iter_mut().rev().find(|(known, _)| known == name) {
                slot.1 = value;
            }
        }
        Ok(())
    }

    /// Index and element of each step of a loop.
    fn elements(&self, value: &Value) -> Result<Box<dyn Iterator<Item = (Value, Value)>>, Error> {
        Ok(match value.clone() {
            Value::None => Box::new(std::iter::empty()),
            // Go 1.22: as often as the number says.
            Value::Int(count) => Box::new((0..count).map(|at| (Value::Int(at), Value::Int(at)))),
            Value::Vector(vector) => Box::new((0..vector.len()).filter_map(move |at| {
                Some((Value::Int(at as i64), Value::Sample(Rc::clone(vector.get(at)?))))
            })),
            Value::Labels(labels) => {
                let pairs: Vec<_> =
                    labels.iter().map(|(name, value)| (Value::text(name), Value::text(value))).collect();
                Box::new(pairs.into_iter())
            }
            Value::Args(args) => {
                let pairs: Vec<_> =
                    args.values.iter().map(|(name, value)| (Value::text(name), value.clone())).collect();
                Box::new(pairs.into_iter())
            }
            other => {
                let mut out = Out::default();
                value::plain(&mut out, &other, false);
                let shown: String = out.text.chars().take(80).collect();
                return Err(self.fail(format!("range can't iterate over {shown}")));
            }
        })
    }

    fn template(
        &mut self,
        span: Span,
        name: &Rc<str>,
        pipe: Option<&'t Pipe>,
        dot: &Value,
    ) -> Result<(), Error> {
        self.at = span;
        let Some(body) = self.tree.defined.get(name) else {
            let pipe = pipe.map(|pipe| self.text.get(pipe.span.from..pipe.span.to).unwrap_or(""));
            let piece = pipe.map_or_else(String::new, |pipe| format!(" {pipe}"));
            let error = self.fail(format!("template {name:?} not defined"));
            return Err(error.with_piece(format!("{{{{template {name:?}{piece}}}}}")));
        };
        let dot = match pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::None,
        };
        self.at = span;
        self.deeper()?;
        let variables = std::mem::replace(&mut self.variables, vec![(Rc::from("$"), dot.clone())]);
        let inside = self.inside.replace(Rc::clone(name));
        self.list(body, &dot)?;
        self.variables = variables;
        self.inside = inside;
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn assign(&mut self, name: &Rc<str>, value: Value) -> Result<(), Error> {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some(slot) => {
                slot.1 = value;
                Ok(())
            }
            None => Err(self.fail(format!("undefined variable: {name}"))),
        }
    }
}
