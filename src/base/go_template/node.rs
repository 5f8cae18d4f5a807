//! The nodes of a template, with their source form for error messages (Go, `text/template/parse/node.go`).

use std::collections::BTreeMap;
use std::fmt;

/// The templates of a text, by name.
pub(super) type Templates = BTreeMap<String, Vec<Node>>;

/// A node of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    Action(Pipeline),
    /// `if` or `with`, which moves the dot, and a chain of `else if` or `else with`.
    Branch {
        moves_dot: bool,
        arms: Vec<Arm>,
        otherwise: Vec<Node>,
    },
    Range {
        pipeline: Pipeline,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Template {
        at: usize,
        name: String,
        shown_name: String,
        pipeline: Option<Pipeline>,
    },
    Break,
    Continue,
}

/// A condition with the nodes that it guards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arm {
    pub(super) pipeline: Pipeline,
    pub(super) body: Vec<Node>,
}

/// A pipeline: `$x := first | second`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipeline {
    pub(super) at: usize,
    pub(super) variables: Vec<String>,
    /// `true` for an assignment to existing variables (`=`, not `:=`).
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// A function call, or a single operand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) operands: Vec<Operand>,
}

/// An operand with its offset in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) term: Term,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Int { value: i64, text: String },
    Float { value: f64, text: String },
    String { value: String, quoted: String },
    Function(String),
    Field(Vec<String>),
    Variable { name: String, fields: Vec<String> },
    Chain { start: Box<Operand>, fields: Vec<String> },
    Pipeline(Pipeline),
}

impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            write!(f, "{} {} ", self.variables.join(", "), if self.assigns { "=" } else { ":=" })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            write!(f, "{}{command}", if index > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, operand) in self.operands.iter().enumerate() {
            write!(f, "{}", if index > 0 { " " } else { "" })?;
            match &operand.term {
                Term::Pipeline(pipeline) => write!(f, "({pipeline})")?,
                _ => write!(f, "{operand}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dotted = |fields: &[String]| fields.iter().map(|field| format!(".{field}")).collect::<String>();
        match &self.term {
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Bool(flag) => write!(f, "{flag}"),
            Term::Int { text, .. } | Term::Float { text, .. } => f.write_str(text),
            Term::String { quoted, .. } => f.write_str(quoted),
            Term::Function(name) => f.write_str(name),
            Term::Field(fields) => f.write_str(&dotted(fields)),
            Term::Variable { name, fields } => write!(f, "{name}{}", dotted(fields)),
            Term::Pipeline(pipeline) => write!(f, "{pipeline}"),
            Term::Chain { start, fields } => match &start.term {
                Term::Pipeline(pipeline) => write!(f, "({pipeline}){}", dotted(fields)),
                _ => write!(f, "{start}{}", dotted(fields)),
            },
        }
    }
}
