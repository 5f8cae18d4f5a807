//! Execution of a template (Go, `text/template/exec.go`). Errors name the position and the node as Go does.

use std::borrow::Cow;

use super::funcs::{self, Param};
use super::node::{Arm, Command, Node, Operand, Pipeline, Templates, Term};
use super::place::ErrorNode;
use super::value::Val;
use crate::go::quote;
use crate::json::Value;

/// The limit of nested template calls.
const MAX_DEPTH: usize = 150;

/// The limit of nested blocks, counted across template calls.
const MAX_NESTING: usize = 300;

/// The limit of the text that an execution makes in bytes: its output and the results of functions.
const MAX_TEXT: usize = 1 << 28;

/// The parsed templates that an execution uses.
pub(super) struct Program<'n> {
    pub(super) name: &'n str,
    pub(super) text: &'n str,
    pub(super) templates: &'n Templates,
    pub(super) allow_missing: bool,
}

/// Executes the main template; an error comes with the output so far.
pub(super) fn run(program: &Program<'_>, data: &Value) -> Result<String, (String, String)> {
    let root = Val::Known(Cow::Borrowed(data));
    let mut state = State {
        program,
        template: program.name,
        out: String::new(),
        variables: vec![("$".to_owned(), root.clone())],
        depth: 0,
        nesting: 0,
        text: 0,
        place: None,
    };
    let done = match program.templates.get(program.name) {
        Some(nodes) => state.nodes(&root, nodes),
        None => Ok(Flow::On),
    };
    match done {
        Ok(_) => Ok(state.out),
        Err(error) => Err((state.out, error)),
    }
}

/// The control flow after a node of a range.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct State<'n, 'v> {
    program: &'n Program<'n>,
    /// The name of the executing template, for messages.
    template: &'n str,
    out: String,
    variables: Vec<(String, Val<'v>)>,
    depth: usize,
    nesting: usize,
    /// The number of bytes of text that have been made.
    text: usize,
    place: Option<ErrorNode<'n>>,
}

type Outcome<T> = Result<T, String>;

impl<'n, 'v> State<'n, 'v> {
    fn nodes(&mut self, dot: &Val<'v>, nodes: &'n [Node]) -> Outcome<Flow> {
        if self.nesting >= MAX_NESTING {
            return Err(self.error(&format!("exceeded maximum depth of nested blocks ({MAX_NESTING})")));
        }
        self.nesting += 1;
        let mut flow = Flow::On;
        for node in nodes {
            flow = self.node(dot, node)?;
            if flow != Flow::On {
                break;
            }
        }
        self.nesting -= 1;
        Ok(flow)
    }

    fn node(&mut self, dot: &Val<'v>, node: &'n Node) -> Outcome<Flow> {
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Action(pipeline) => {
                let value = self.pipeline(dot, pipeline)?;
                if pipeline.variables.is_empty() {
                    self.write(&value.text())?;
                }
            }
            Node::Branch { moves_dot, arms, otherwise } => return self.branch(dot, arms, otherwise, *moves_dot),
            Node::Range { pipeline, body, otherwise } => {
                let outer = self.variables.len();
                let flow = self.range(dot, pipeline, body, otherwise)?;
                self.variables.truncate(outer);
                return Ok(flow);
            }
            Node::Template { at, name, shown_name, pipeline } => {
                self.place = Some(ErrorNode::Template(*at, shown_name, pipeline.as_ref()));
                self.template(dot, name, shown_name, pipeline.as_ref())?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn branch(&mut self, dot: &Val<'v>, arms: &'n [Arm], otherwise: &'n [Node], moves_dot: bool) -> Outcome<Flow> {
        let outer = self.variables.len();
        let mut taken = (None, otherwise);
        for Arm { pipeline, body } in arms {
            let value = self.pipeline(dot, pipeline)?;
            if value.is_true() {
                taken = (Some(value).filter(|_| moves_dot), body);
                break;
            }
        }
        let (inner_dot, nodes) = taken;
        let flow = self.nodes(inner_dot.as_ref().unwrap_or(dot), nodes)?;
        self.variables.truncate(outer);
        Ok(flow)
    }

    fn range(
        &mut self,
        dot: &Val<'v>,
        pipeline: &'n Pipeline,
        body: &'n [Node],
        otherwise: &'n [Node],
    ) -> Outcome<Flow> {
        let value = self.pipeline(dot, pipeline)?;
        let json = value.json();
        let elements: Box<dyn Iterator<Item = (Val<'v>, Val<'v>)>> = match (json.as_ref(), value.as_int()) {
            (_, Some(count)) => {
                if pipeline.variables.len() > 1 {
                    let shown = value.text();
                    return Err(self.error(&format!("can't use {shown} to iterate over more than one variable")));
                }
                let known = matches!(value, Val::Known(_));
                let number = move |int: i64| if known { Val::of(int) } else { Val::Int(int) };
                Box::new((0..count).map(move |int| (number(int), number(int))))
            }
            (Value::Null | Value::Array(_) | Value::Object(_), None) => Box::new(value.elements().into_iter()),
            _ => return Err(self.error(&format!("range can't iterate over {}", value.text()))),
        };
        let mut elements = elements.peekable();
        if elements.peek().is_none() {
            return self.nodes(dot, otherwise);
        }
        let inner = self.variables.len();
        for (index, element) in elements {
            self.set_range_variables(pipeline, inner, &index, &element)?;
            let flow = self.nodes(&element, body)?;
            self.variables.truncate(inner);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// Adds text to the output.
    fn write(&mut self, text: &str) -> Outcome<()> {
        self.count_text(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// Counts text that has been made. Go has no limit but the memory, which a loop that doubles a string exhausts.
    fn count_text(&mut self, bytes: usize) -> Outcome<()> {
        self.text += bytes;
        if self.text > MAX_TEXT {
            return Err(self.error(&format!("exceeded maximum size of text ({MAX_TEXT} bytes)")));
        }
        Ok(())
    }

    /// Sets the variables of a range: one gets the element; of two the first gets the index or key.
    fn set_range_variables(
        &mut self,
        pipeline: &Pipeline,
        top: usize,
        index: &Val<'v>,
        element: &Val<'v>,
    ) -> Outcome<()> {
        let values: &[&Val<'v>] = if pipeline.variables.len() > 1 { &[index, element] } else { &[element] };
        let count = pipeline.variables.len();
        for (number, (variable, value)) in pipeline.variables.iter().zip(values).enumerate() {
            if pipeline.assigns {
                self.assign(variable, (*value).clone())?;
            } else {
                self.variables[top - count + number].1 = (*value).clone();
            }
        }
        Ok(())
    }

    fn template(&mut self, dot: &Val<'v>, name: &str, shown_name: &str, pipeline: Option<&'n Pipeline>) -> Outcome<()> {
        let Some((name, nodes)) = self.program.templates.get_key_value(name) else {
            return Err(self.error(&format!("template {shown_name} not defined")));
        };
        if self.depth >= MAX_DEPTH {
            return Err(self.error(&format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        let data = match pipeline {
            Some(pipeline) => self.pipeline(dot, pipeline)?,
            None => Val::Missing,
        };
        let variables = std::mem::replace(&mut self.variables, vec![("$".to_owned(), data.clone())]);
        let outer = std::mem::replace(&mut self.template, name);
        self.depth += 1;
        self.nodes(&data, nodes)?;
        self.depth -= 1;
        self.template = outer;
        self.variables = variables;
        Ok(())
    }

    fn pipeline(&mut self, dot: &Val<'v>, pipeline: &'n Pipeline) -> Outcome<Val<'v>> {
        self.place = Some(ErrorNode::Pipeline(pipeline));
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(dot, command, value)?.unwrapped());
        }
        let value = value.unwrap_or(Val::Missing);
        for variable in &pipeline.variables {
            match pipeline.assigns {
                true => self.assign(variable, value.clone())?,
                false => self.variables.push((variable.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    /// Evaluates a command; the value of the command before a `|` is its last argument.
    fn command(&mut self, dot: &Val<'v>, command: &'n Command, last: Option<Val<'v>>) -> Outcome<Val<'v>> {
        let Some(first) = command.operands.first() else { return Ok(Val::Missing) };
        match &first.term {
            Term::Function(name) => return self.function(dot, name, first, Some(command), last),
            Term::Field(_) | Term::Chain { .. } | Term::Variable { .. } => {
                return self.fields(dot, first, command.operands.len() > 1 || last.is_some());
            }
            _ => {}
        }
        if !matches!(first.term, Term::Pipeline(_)) {
            self.place = Some(ErrorNode::Operand(first));
        }
        if command.operands.len() > 1 || last.is_some() {
            return Err(self.error(&format!("can't give argument to non-function {first}")));
        }
        match &first.term {
            Term::Nil => Err(self.error("nil is not a command")),
            _ => self.operand(dot, first),
        }
    }

    /// Evaluates a constant, the dot, or a pipeline in parentheses.
    fn operand(&mut self, dot: &Val<'v>, operand: &'n Operand) -> Outcome<Val<'v>> {
        Ok(match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => Val::Missing,
            Term::Bool(flag) => Val::of(*flag),
            Term::Int { value, .. } => Val::Int(*value),
            Term::Float { value, .. } => Val::of(*value),
            Term::String { value, .. } => Val::of(value.as_str()),
            Term::Pipeline(pipeline) => self.pipeline(dot, pipeline)?,
            Term::Function(name) => self.function(dot, name, operand, None, None)?,
            Term::Field(_) | Term::Chain { .. } | Term::Variable { .. } => self.fields(dot, operand, false)?,
        })
    }

    /// Evaluates `.a.b`, `$x.a.b` or `(pipeline).a.b`.
    fn fields(&mut self, dot: &Val<'v>, operand: &'n Operand, has_arguments: bool) -> Outcome<Val<'v>> {
        self.place = Some(ErrorNode::Operand(operand));
        let (start, fields) = match &operand.term {
            Term::Field(fields) => (dot.clone(), fields),
            Term::Variable { name, fields } => {
                let value = self.variable(name)?;
                if fields.is_empty() && has_arguments {
                    return Err(self.error(&format!("can't give argument to non-function {operand}")));
                }
                (value, fields)
            }
            Term::Chain { start, fields } => {
                if start.term == Term::Nil {
                    return Err(self.error(&format!("indirection through explicit nil in {operand}")));
                }
                (self.argument(dot, start, Param::Any)?, fields)
            }
            _ => return self.operand(dot, operand),
        };
        let mut value = start;
        for (index, field) in fields.iter().enumerate() {
            value = self.field(&value, field, has_arguments && index + 1 == fields.len())?;
        }
        Ok(value)
    }

    fn field(&self, receiver: &Val<'v>, name: &str, has_arguments: bool) -> Outcome<Val<'v>> {
        match (receiver, receiver.json().as_ref()) {
            (Val::Missing, _) if self.program.allow_missing => Ok(Val::Missing),
            (Val::Missing, _) => Err(self.error(&format!("nil data; no entry for key {}", quote(name)))),
            (_, Value::Null) => Err(self.error(&format!("nil pointer evaluating {}.{name}", receiver.static_type()))),
            (_, Value::Object(_)) if has_arguments => {
                Err(self.error(&format!("{name} is not a method but has arguments")))
            }
            (_, Value::Object(_)) => match receiver.field(name) {
                Some(value) => Ok(value),
                None if self.program.allow_missing => Ok(Val::Missing),
                None => Err(self.error(&format!("map has no entry for key {}", quote(name)))),
            },
            _ => Err(self.error(&format!("can't evaluate field {name} in type {}", receiver.static_type()))),
        }
    }

    fn function(
        &mut self,
        dot: &Val<'v>,
        name: &str,
        operand: &'n Operand,
        command: Option<&'n Command>,
        last: Option<Val<'v>>,
    ) -> Outcome<Val<'v>> {
        self.place = Some(ErrorNode::Operand(operand));
        let Some(signature) = funcs::signature(name) else {
            return Err(self.error(&format!("{} is not a defined function", quote(name))));
        };
        let operands = command.map_or(&[][..], |command| &command.operands[1..]);
        let count = operands.len() + usize::from(last.is_some());
        let wanted = signature.fixed.len();
        if signature.rest && count < wanted {
            return Err(self.error(&format!("wrong number of args for {name}: want at least {wanted} got {count}")));
        }
        if !signature.rest && count != wanted {
            return Err(self.error(&format!("wrong number of args for {name}: want {wanted} got {count}")));
        }
        let param = |index: usize| signature.fixed.get(index).copied().unwrap_or(Param::Any);
        if name == "and" || name == "or" {
            let mut value = Val::Missing;
            for operand in operands {
                value = self.argument(dot, operand, Param::Any)?.unwrapped();
                if value.is_true() == (name == "or") {
                    return Ok(value);
                }
            }
            return Ok(last.unwrap_or(value));
        }
        let mut arguments = Vec::with_capacity(count);
        for (index, operand) in operands.iter().enumerate() {
            arguments.push(self.argument(dot, operand, param(index))?);
        }
        if let Some(last) = last {
            let index = arguments.len();
            arguments.push(self.checked(last, param(index))?);
        }
        let result = match (name, arguments.first(), operands.first()) {
            ("call", Some(value), _) if value.is_nil() => Err("call of nil".to_owned()),
            ("call", Some(value), Some(operand)) => {
                Err(format!("non-function {operand} of type {}", value.type_name()))
            }
            _ => funcs::call(name, &arguments, MAX_TEXT - self.text),
        };
        match result {
            Ok(value) => {
                self.count_text(value.as_str().map_or(0, str::len))?;
                Ok(value)
            }
            Err(problem) => {
                self.place = Some(command.map_or(ErrorNode::Operand(operand), ErrorNode::Command));
                Err(self.error(&format!("error calling {name}: {problem}")))
            }
        }
    }

    fn argument(&mut self, dot: &Val<'v>, operand: &'n Operand, param: Param) -> Outcome<Val<'v>> {
        self.place = Some(ErrorNode::Operand(operand));
        match (&operand.term, param) {
            (Term::Nil, Param::String) => Err(self.error("cannot assign nil to string")),
            (Term::Bool(_) | Term::Int { .. } | Term::Float { .. }, Param::String) => {
                Err(self.error(&format!("expected string; found {operand}")))
            }
            _ => {
                let value = self.operand(dot, operand)?;
                self.checked(value, param)
            }
        }
    }

    fn checked(&self, value: Val<'v>, param: Param) -> Outcome<Val<'v>> {
        match param {
            Param::Any => Ok(value),
            Param::String if value.as_str().is_some() => Ok(value),
            Param::String if matches!(value, Val::Missing) => Err(self.error("invalid value; expected string")),
            Param::String => {
                let got = if value.is_nil() { value.static_type() } else { value.type_name() };
                Err(self.error(&format!("wrong type for value; expected string; got {got}")))
            }
        }
    }

    fn variable(&self, name: &str) -> Outcome<Val<'v>> {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| self.error(&format!("undefined variable: {name}")))
    }

    fn assign(&mut self, name: &str, value: Val<'v>) -> Outcome<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, place)) => {
                *place = value;
                Ok(())
            }
            None => Err(self.error(&format!("undefined variable: {name}"))),
        }
    }

    /// Formats an error with its position and node.
    fn error(&self, problem: &str) -> String {
        let Program { name, text, .. } = self.program;
        match &self.place {
            Some(place) => place.message(name, text, self.template, problem),
            None => format!("template: {}: {problem}", self.template),
        }
    }
}
