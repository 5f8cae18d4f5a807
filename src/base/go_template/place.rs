//! The places of errors (Go, `text/template/exec.go`, `errorf`).

use std::fmt;

use super::node::{Command, Operand, Pipeline};

/// The node that an error refers to.
#[derive(Clone, Copy)]
pub(super) enum ErrorNode<'n> {
    Pipeline(&'n Pipeline),
    Command(&'n Command),
    Operand(&'n Operand),
    /// A template call: position, quoted name, data.
    Template(usize, &'n str, Option<&'n Pipeline>),
}

impl fmt::Display for ErrorNode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(pipeline) => pipeline.fmt(f),
            Self::Command(command) => command.fmt(f),
            Self::Operand(operand) => operand.fmt(f),
            Self::Template(_, name, None) => write!(f, "{{{{template {name}}}}}"),
            Self::Template(_, name, Some(pipeline)) => write!(f, "{{{{template {name} {pipeline}}}}}"),
        }
    }
}

impl ErrorNode<'_> {
    /// Formats an error in the text of the template `name` while `template` was executed.
    pub(super) fn message(&self, name: &str, text: &str, template: &str, problem: &str) -> String {
        let at = match self {
            Self::Pipeline(pipeline) => pipeline.at,
            Self::Command(command) => command.at,
            Self::Operand(operand) => operand.at,
            Self::Template(at, ..) => *at,
        };
        let before = &text[..at];
        let line = 1 + before.matches('\n').count();
        let column = at - before.rfind('\n').map_or(0, |start| start + 1);
        format!("template: {name}:{line}:{column}: executing \"{template}\" at <{self}>: {problem}")
    }
}
