//! Variables that only count: nothing but what is printed depends on them.
//!
//! An endless loop such as `while true; do echo "$i"; i=$((i+1)); sleep 1; done` goes on in the same way whatever the value is.
//! The check looks at all code that the shell may still run, and allows only uses that it knows.

use super::Shell;
use super::code::{Act, At, Name, Op, Position};
use super::pending::Pending;
use super::variables::Value;
use crate::process::Pid;

impl Shell {
    /// Returns a number for what is being executed.
    pub(crate) fn position(&self) -> (usize, usize, i32, usize) {
        let at = self.frames.iter().fold(0, |sum, frame| sum * 31 + frame.at);
        (self.frames.len(), at, self.status, self.controls.len())
    }

    /// Copies the shell with other numbers for its children.
    pub(crate) fn with_children(&self, number: impl Fn(Pid) -> Pid) -> Shell {
        let mut copy = self.clone();
        match &mut copy.pending {
            Pending::Foreground(pid) | Pending::Substitution { pid, .. } => *pid = number(*pid),
            Pending::Pipeline { pids, .. } => pids.iter_mut().for_each(|pid| *pid = number(*pid)),
            Pending::Nothing | Pending::Builtin(_) => {}
        }
        copy.jobs.list.iter_mut().for_each(|job| job.pid = number(job.pid));
        copy.jobs.last = copy.jobs.last.map(&number);
        copy.jobs.stages.iter_mut().for_each(|pid| *pid = number(*pid));
        copy.builtin_child = copy.builtin_child.map(&number);
        copy
    }

    /// Sets a variable that counts.
    pub(crate) fn set_number(&mut self, name: &str, number: i64) {
        self.variables.set(name, number.to_string());
    }

    /// Reports whether nothing depends on the value of a variable but itself and what `echo` and `printf` print. `is_positive`
    /// says that it grows and is positive, so that `((i++))` succeeds.
    pub(crate) fn is_only_printed(&self, name: &str, is_positive: bool) -> bool {
        let is_plain = self.variables.get(name).is_some_and(|variable| {
            matches!(variable.value, Value::Text(_)) && !variable.is_exported && !variable.is_readonly
        });
        let is_trapped = self.traps.values().any(|action| mentions(action, name));
        let shadows = ["echo", "printf"].iter().any(|command| self.functions.contains_key(*command));
        if !is_plain || is_trapped || shadows {
            return false;
        }
        let frames = self.frames.iter().filter_map(|frame| frame.unit.as_ref().map(|unit| (unit.ops(), frame.at)));
        let functions = self.functions.values().map(|function| (function.unit.ops(), function.start));
        let rest_is_clear = self
            .frames
            .iter()
            .filter_map(|frame| frame.source.as_ref())
            .all(|source| !source.is_input && source.text[source.at..].trim().is_empty());
        rest_is_clear
            && frames.chain(functions).all(|(ops, at)| {
                let code = Code { ops, at, name, is_positive };
                (0..ops.len()).all(|position| code.is_harmless(position))
            })
    }
}

struct Code<'a> {
    ops: &'a [Op],
    /// Where it is being executed.
    at: Position,
    name: &'a str,
    is_positive: bool,
}

/// The use of a word.
enum Use {
    /// Arguments, up to an instruction that ends the word there.
    Arguments(Position),
    /// A value for the instruction at a position.
    Value(Position),
    Other,
}

impl Code<'_> {
    /// Reports whether an instruction does not make anything depend on the variable.
    fn is_harmless(&self, position: Position) -> bool {
        match &self.ops[position] {
            Op::Expand { reference, action, .. } => {
                if reference.is_indirect || matches!(action, Act::Names) {
                    return false;
                }
                if !self.is_it(&reference.name) {
                    return true;
                }
                matches!(action, Act::Value) && reference.index == At::None && self.is_used_harmlessly(position)
            }
            Op::Default { reference, .. } | Op::AssignDefault { reference, .. } | Op::FailUnset { reference, .. } => {
                !reference.is_indirect && !self.is_it(&reference.name)
            }
            // In an expression, a name is a use.
            Op::Text { text, .. } if mentions(text, self.name) => {
                !self.is_in_expression(position) || self.is_used_harmlessly(position)
            }
            Op::Value(text) if mentions(text, self.name) => self.is_plain_value(position, text),
            Op::Argument(text) => self.is_harmless_argument(position, text),
            Op::ForNext { name } | Op::SelectNext { name } => name != self.name,
            _ => true,
        }
    }

    fn is_it(&self, name: &Name) -> bool {
        matches!(name, Name::Variable(name) if name == self.name)
    }

    /// Builtins that read variables by name, and code that is not known.
    fn is_harmless_argument(&self, position: Position, text: &str) -> bool {
        let is_command = self.command(position).is_some_and(|command| command == position);
        if is_command {
            return !["eval", ".", "source", "let", "set", "trap", "env", "declare", "typeset", "export"]
                .contains(&text);
        }
        !mentions(text, self.name) || self.prints(position)
    }

    /// Returns the position of the name of the command to which an argument belongs.
    fn command(&self, position: Position) -> Option<Position> {
        let line = (0..position).rev().find(|at| matches!(self.ops[*at], Op::Line(_)))?;
        (line + 1..=position).find(|at| !matches!(self.ops[*at], Op::Line(_)))
    }

    /// Reports whether the command of an argument is `echo` or `printf` without redirections, in the shell itself.
    fn prints(&self, position: Position) -> bool {
        let Some(command) = self.command_around(position) else { return false };
        let is_printer = matches!(&self.ops[command], Op::Argument(name) if name == "echo" || name == "printf");
        let Some(run) = self.run_after(position) else { return false };
        let has_more = (command..run).any(|at| match &self.ops[at] {
            Op::Redirect { .. } | Op::Assign { .. } => self.is_own(command, at),
            Op::Argument(option) => option == "-v",
            _ => false,
        });
        is_printer && !has_more && !self.is_in_child(position)
    }

    /// Reports whether two positions lie in the same child, so that they belong to the same command.
    fn is_own(&self, a: Position, b: Position) -> bool {
        self.children(a).eq(self.children(b))
    }

    /// Returns the forks around a position.
    fn children(&self, position: Position) -> impl Iterator<Item = Position> {
        (0..position).filter(move |start| {
            let end = match &self.ops[*start] {
                Op::Substitute { end, .. }
                | Op::Process { end, .. }
                | Op::Stage { end, .. }
                | Op::Subshell { end }
                | Op::Background { end, .. }
                | Op::Coprocess { end, .. }
                | Op::Open { end } => *end,
                _ => return false,
            };
            position < end
        })
    }

    /// Reports whether a position lies in a child, or in redirections, that are not being executed themselves.
    fn is_in_child(&self, position: Position) -> bool {
        let inside: Vec<Position> = self.children(self.at.saturating_sub(1)).collect();
        self.children(position).any(|child| !inside.contains(&child))
    }

    /// Returns the name of the command to which a word belongs, which may contain substitutions.
    fn command_around(&self, position: Position) -> Option<Position> {
        let mut at = position;
        loop {
            at = (0..at).rev().find(|at| matches!(self.ops[*at], Op::Line(_)))?;
            if self.is_own(at, position) {
                return Some(at + 1);
            }
        }
    }

    fn run_after(&self, position: Position) -> Option<Position> {
        let mut at = position;
        while at < self.ops.len() {
            match &self.ops[at] {
                Op::Run => return Some(at),
                Op::Line(_) | Op::ForStart { .. } | Op::SelectStart { .. } | Op::CaseStart => return None,
                Op::Substitute { end, .. } | Op::Process { end, .. } => at = *end,
                _ => at += 1,
            }
        }
        None
    }

    /// Finds what a part of a word is used for: behind the ends of all expressions around it.
    fn use_of(&self, position: Position) -> Use {
        let (mut at, mut depth) = (position + 1, 0);
        while let Some(op) = self.ops.get(at) {
            match op {
                Op::Begin => depth += 1,
                Op::Substitute { end, .. } | Op::Process { end, .. } => {
                    at = *end;
                    continue;
                }
                Op::Arithmetic { .. } if depth == 0 => {}
                Op::EndFields if depth == 0 => return Use::Arguments(at),
                Op::EndValue if depth == 0 => return Use::Value(at + 1),
                Op::EndPattern | Op::EndRegex | Op::AssignDefault { .. } | Op::FailUnset { .. } if depth == 0 => {
                    return Use::Other;
                }
                Op::EndFields | Op::EndValue | Op::EndPattern | Op::EndRegex | Op::Arithmetic { .. } => depth -= 1,
                Op::AssignDefault { .. } | Op::FailUnset { .. } => depth -= 1,
                Op::Run | Op::Line(_) => return Use::Other,
                _ => {}
            }
            at += 1;
        }
        Use::Other
    }

    fn is_in_expression(&self, position: Position) -> bool {
        let (mut at, mut depth) = (position + 1, 0);
        while let Some(op) = self.ops.get(at) {
            match op {
                Op::Begin => depth += 1,
                Op::Substitute { end, .. } | Op::Process { end, .. } => {
                    at = *end;
                    continue;
                }
                Op::Arithmetic { .. } if depth == 0 => return true,
                Op::EndValue if depth == 0 => return !matches!(self.ops.get(at + 1), Some(Op::Assign { .. })),
                Op::EndFields | Op::EndPattern | Op::EndRegex if depth == 0 => return false,
                Op::EndFields | Op::EndValue | Op::EndPattern | Op::EndRegex | Op::Arithmetic { .. } => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        true
    }

    fn is_used_harmlessly(&self, position: Position) -> bool {
        match self.use_of(position) {
            Use::Arguments(end) => self.prints(end),
            Use::Value(at) => match self.ops.get(at) {
                Some(Op::Assign { name, has_index: false, .. }) => name == self.name && !self.is_in_child(position),
                Some(Op::ValueToArgument) => false,
                _ => false,
            },
            Use::Other => false,
        }
    }

    /// Judges a value without expansions that contains the name: a text, or `i++` of `((i++))`.
    fn is_plain_value(&self, position: Position, text: &str) -> bool {
        match self.ops.get(position + 1) {
            Some(Op::Assign { .. } | Op::Redirect { .. } | Op::CaseStart) => true,
            Some(Op::Evaluate) => {
                let text = text.replace([' ', '\t'], "");
                let name = self.name;
                let counts = text == format!("{name}++")
                    || text == format!("++{name}")
                    || text.strip_prefix(&format!("{name}+=")).is_some_and(|step| step.parse::<u32>().is_ok());
                counts && self.is_positive
            }
            _ => false,
        }
    }
}

/// Reports whether a text contains a name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    text.match_indices(name).any(|(at, found)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| is_part(*byte));
        let after = bytes.get(at + found.len()).is_some_and(|byte| is_part(*byte));
        !before && !after
    })
}
