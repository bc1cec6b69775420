//! Values of pipelines, commands and operands; calls of functions.

use super::ast::{Command, Pipe, Span, Word, WordKind};
use super::builtin;
use super::call;
use super::exec::Run;
use super::function::{Function, Parameter, Source};
use super::value::Value;
use super::{Error, OUTPUT};
use std::rc::Rc;

/// Steps that a query costs.
const QUERY: usize = 1000;
/// Steps that a regular expression costs: it is compiled anew.
const REGEX: usize = 2000;

impl<'t> Run<'t, '_, '_> {
    /// The value of a pipeline; its variables are set.
    pub(super) fn pipe(&mut self, pipe: &'t Pipe, dot: &Value) -> Result<Value, Error> {
        self.at = pipe.span;
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, dot, value)?);
        }
        let value = value.unwrap_or(Value::None);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((Rc::clone(name), value.clone()));
            }
        }
        Ok(value)
    }

    /// The value of a command; `last` is what the command before it gave.
    fn command(&mut self, command: &'t Command, dot: &Value, last: Option<Value>) -> Result<Value, Error> {
        self.spend(1)?;
        let Some((first, rest)) = command.words.split_first() else { return Ok(Value::None) };
        match &first.kind {
            WordKind::Function(function) => {
                self.at = first.span;
                return self.function(*function, command.span, rest, dot, last);
            }
            WordKind::Field(path) => {
                self.at = first.span;
                return self.path(dot.clone(), path, dot, rest, last);
            }
            WordKind::Chain(inner, path) => {
                self.at = first.span;
                let value = self.word(inner, dot)?;
                return self.path(value, path, dot, rest, last);
            }
            WordKind::Variable(name, path) => {
                self.at = first.span;
                let value = self.variable(name)?;
                if !path.is_empty() {
                    return self.path(value, path, dot, rest, last);
                }
                self.no_arguments(first, rest, last.as_ref())?;
                return Ok(value);
            }
            WordKind::Pipe(_) => self.no_arguments(first, rest, last.as_ref())?,
            _ => {
                self.at = first.span;
                self.no_arguments(first, rest, last.as_ref())?;
                if matches!(first.kind, WordKind::Nil) {
                    return Err(self.fail("nil is not a command"));
                }
            }
        }
        self.word(first, dot)
    }

    fn no_arguments(&self, first: &Word, rest: &[Word], last: Option<&Value>) -> Result<(), Error> {
        if rest.is_empty() && last.is_none() {
            return Ok(());
        }
        let shown = self.text.get(first.span.from..first.span.to).unwrap_or("");
        Err(self.fail(format!("can't give argument to non-function {shown}")))
    }

    fn variable(&self, name: &Rc<str>) -> Result<Value, Error> {
        match self.variables.iter().rev().find(|(known, _)| known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => Err(self.fail(format!("undefined variable: {name}"))),
        }
    }

    /// The value of an operand.
    fn word(&mut self, word: &'t Word, dot: &Value) -> Result<Value, Error> {
        self.spend(1)?;
        if !matches!(word.kind, WordKind::Pipe(_)) {
            self.at = word.span;
        }
        Ok(match &word.kind {
            WordKind::Dot => dot.clone(),
            WordKind::Nil => Value::None,
            WordKind::Bool(value) => Value::Bool(*value),
            WordKind::Number(number) => match number.int {
                Some(int) if !number.is_float => Value::Int(int),
                _ => Value::Float(number.float),
            },
            WordKind::Char(c) => Value::Int(i64::from(u32::from(*c))),
            WordKind::Text(text) => Value::Text(Rc::clone(text)),
            WordKind::Function(function) => self.function(*function, word.span, &[], dot, None)?,
            WordKind::Variable(name, path) => {
                let value = self.variable(name)?;
                self.path(value, path, dot, &[], None)?
            }
            WordKind::Field(path) => self.path(dot.clone(), path, dot, &[], None)?,
            WordKind::Chain(inner, path) => {
                let value = self.word(inner, dot)?;
                self.path(value, path, dot, &[], None)?
            }
            WordKind::Pipe(pipe) => {
                self.deeper()?;
                let value = self.pipe(pipe, dot)?;
                self.depth -= 1;
                value
            }
        })
    }

    /// `.a.b.c` of a value; arguments go to the last one, which must then be a method.
    fn path(
        &mut self,
        value: Value,
        path: &'t [Rc<str>],
        dot: &Value,
        rest: &'t [Word],
        last: Option<Value>,
    ) -> Result<Value, Error> {
        let mut value = value;
        let Some((end, before)) = path.split_last() else { return Ok(value) };
        for name in before {
            value = self.field(&value, name, &[])?;
        }
        let mut arguments = Vec::new();
        let span = self.at;
        for word in rest {
            arguments.push(self.word(word, dot)?);
        }
        self.at = span;
        arguments.extend(last);
        self.field(&value, end, &arguments)
    }

    fn field(&self, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
        let no_arguments = |found: Value, reason: &str| {
            if arguments.is_empty() { Ok(found) } else { Err(self.fail(format!("{name} {reason}"))) }
        };
        let struct_field = "has arguments but cannot be invoked as function";
        match (value, name) {
            (Value::None, _) => Ok(Value::None),
            (Value::Data(data), "Labels") => no_arguments(Value::Labels(data.labels.clone()), struct_field),
            (Value::Data(data), "ExternalLabels") => {
                no_arguments(Value::Labels(data.external_labels.clone()), struct_field)
            }
            (Value::Data(data), "ExternalURL") => {
                no_arguments(Value::Text(Rc::clone(&data.external_url)), struct_field)
            }
            (Value::Data(data), "Value") => no_arguments(Value::Float(data.value), struct_field),
            (Value::Sample(sample), "Labels") => {
                no_arguments(Value::Labels(sample.labels.clone()), struct_field)
            }
            (Value::Sample(sample), "Value") => no_arguments(Value::Float(sample.value), struct_field),
            (Value::Labels(labels), name) => {
                let found = Value::text(labels.get(name).unwrap_or(""));
                no_arguments(found, "is not a method but has arguments")
            }
            (Value::Args(args), name) => {
                let found = args.values.get(name).cloned().unwrap_or(Value::None);
                no_arguments(found, "is not a method but has arguments")
            }
            (Value::Time(_) | Value::Duration(_), name) => {
                let argument = match arguments.first() {
                    Some(Value::Text(text)) => Some(&**text),
                    _ => None,
                };
                let want = usize::from(name == "Format");
                let Some(found) = call::method(value, name, argument) else {
                    return Err(self.no_field(value, name));
                };
                if arguments.len() != want {
                    let got = arguments.len();
                    return Err(self.fail(format!("wrong number of args for {name}: want {want} got {got}")));
                }
                Ok(found)
            }
            (other, name) => Err(self.no_field(other, name)),
        }
    }

    fn no_field(&self, value: &Value, name: &str) -> Error {
        self.fail(format!("can't evaluate field {name} in type {}", value.type_name()))
    }

    /// Calls a function with the operands behind it and, at the end, what came through the pipe.
    fn function(
        &mut self,
        function: Function,
        command: Span,
        rest: &'t [Word],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value, Error> {
        let name = function.name;
        let (got, want) = (rest.len() + usize::from(last.is_some()), function.parameters.len());
        if got < want || (got > want && !function.variadic) {
            let least = if function.variadic { "at least " } else { "" };
            return Err(self.fail(format!("wrong number of args for {name}: want {least}{want} got {got}")));
        }
        if matches!(name, "and" | "or") && function.origin == Source::Go {
            return self.and_or(name == "and", rest, dot, last);
        }
        let parameter = |at: usize| function.parameters.get(at).copied().unwrap_or(Parameter::Any);
        let mut values = Vec::with_capacity(got);
        for (at, word) in rest.iter().enumerate() {
            values.push(self.argument(word, dot, parameter(at))?);
        }
        if let Some(last) = last {
            values.push(self.accept(last, parameter(rest.len()))?);
        }
        self.spend(match name {
            "query" => QUERY,
            "match" | "reReplaceAll" => REGEX,
            _ => 1,
        })?;
        let result = match function.origin {
            Source::Go => builtin::call(name, &values),
            Source::Prometheus => call::call(name, &values, self.context),
        };
        self.at = if result.is_err() { command } else { self.at };
        let value = result.map_err(|reason| self.fail(format!("error calling {name}: {reason}")))?;
        // Long texts are dear: what makes them again and again must come to an end.
        self.spend(match &value {
            Value::Text(text) if text.len() > OUTPUT => return Err(self.fail("text is too long")),
            Value::Text(text) => text.len() / 64,
            Value::Vector(vector) => vector.len() / 4,
            _ => 0,
        })?;
        Ok(value)
    }

    /// `and` stops at the first value that is not true, `or` at the first that is.
    fn and_or(
        &mut self,
        and: bool,
        rest: &'t [Word],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value, Error> {
        let mut value = Value::None;
        for word in rest {
            value = self.argument(word, dot, Parameter::Any)?;
            if value.is_true() != and {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// An operand as a parameter wants it.
    fn argument(&mut self, word: &'t Word, dot: &Value, wanted: Parameter) -> Result<Value, Error> {
        let shown = self.text.get(word.span.from..word.span.to).unwrap_or("");
        let constant = matches!(
            word.kind,
            WordKind::Nil | WordKind::Bool(_) | WordKind::Number(_) | WordKind::Char(_) | WordKind::Text(_)
        );
        if constant {
            self.at = word.span;
            let reason = match (wanted, &word.kind) {
                (Parameter::Any, _) | (Parameter::Text, WordKind::Text(_)) => None,
                (Parameter::Text, WordKind::Nil) => Some("cannot assign nil to string".to_owned()),
                (Parameter::Text, _) => Some(format!("expected string; found {shown}")),
                (_, WordKind::Nil) => None,
                (wanted, _) => Some(format!("can't handle {shown} for arg of type {}", wanted.type_name())),
            };
            if let Some(reason) = reason {
                return Err(self.fail(reason));
            }
            return self.word(word, dot);
        }
        let value = self.word(word, dot)?;
        self.accept(value, wanted)
    }

    /// Refuses a value that is of another type than a parameter.
    fn accept(&self, value: Value, wanted: Parameter) -> Result<Value, Error> {
        match (wanted, &value) {
            (Parameter::Any, _)
            | (Parameter::Text, Value::Text(_))
            | (Parameter::Vector, Value::Vector(_) | Value::None)
            | (Parameter::Sample, Value::Sample(_) | Value::None) => Ok(value),
            (wanted, Value::None) => {
                Err(self.fail(format!("invalid value; expected {}", wanted.type_name())))
            }
            (wanted, value) => Err(self.fail(format!(
                "wrong type for value; expected {}; got {}",
                wanted.type_name(),
                value.type_name()
            ))),
        }
    }
}
