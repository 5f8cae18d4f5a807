//! What a shell executes: frames of code, and the texts from which it comes.

use serde::{Deserialize, Serialize};

use super::code::{Op, Position, Unit};
use super::variables::Variable;
use super::{Interrupt, Shell, Step, compile, syntax};
use crate::call::Call;

/// A function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Function {
    pub(super) unit: Unit,
    pub(super) start: Position,
    pub(super) end: Position,
}

/// Code that is being executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// The present complete command.
    pub(super) unit: Option<Unit>,
    pub(super) at: Position,
    pub(super) end: Position,
    pub(super) kind: FrameKind,
    /// Where more commands come from.
    pub(super) source: Option<Source>,
    /// Number of controls outside of it.
    pub(super) controls: usize,
    /// Number of saved descriptors outside of it.
    pub(super) saved: usize,
    /// Conditions around it.
    pub(super) guards: u32,
    /// Variables to put back when it ends.
    pub(super) undo: Vec<(String, Option<Variable>)>,
}

/// Why code is executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FrameKind {
    /// The script of the shell.
    Main,
    /// A part of another shell's commands, in a child.
    Child,
    /// `eval`
    Eval,
    /// `.`; with the caller's parameters if it was given its own.
    Dot(Option<Vec<String>>),
    /// A function; with the caller's parameters and variables.
    Function { name: String, parameters: Vec<String>, locals: Vec<(String, Option<Variable>)> },
    /// A trap; with the status before it.
    Trap(i32),
    /// The trap of a failed command; with its status.
    ErrorTrap(i32),
    /// The command that an alias stands for.
    Alias(String),
    /// The trap of the exit; with the status of the shell.
    Exit(i32),
}

/// A text from which complete commands are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) text: String,
    pub(super) at: usize,
    pub(super) line: u32,
    /// Lines come from standard input and are appended to the text.
    pub(super) is_input: bool,
    /// Its end has been read.
    pub(super) is_complete: bool,
}

impl Source {
    /// Creates the source of a whole text.
    pub(super) fn new(text: String) -> Source {
        Source { text, at: 0, line: 1, is_input: false, is_complete: true }
    }

    /// Reports whether nothing but blanks is left.
    fn is_at_end(&self) -> bool {
        self.is_complete && self.text[self.at..].trim().is_empty()
    }
}

/// Most frames of a shell.
const MAX_FRAMES: usize = 1000;

impl Shell {
    /// Begins to execute code.
    pub(super) fn push_frame(
        &mut self,
        call: &mut Call<'_>,
        kind: FrameKind,
        source: Option<Source>,
        code: Option<Function>,
    ) -> Step {
        if self.frames.len() >= MAX_FRAMES {
            self.error(call, "maximum function recursion depth exceeded");
            return Err(Interrupt::Fail(2));
        }
        let (unit, at, end) = match code {
            Some(Function { unit, start, end }) => (Some(unit), start, end),
            None => (None, 0, 0),
        };
        let (controls, saved, guards) = (self.controls.len(), self.saved.len(), self.guards);
        self.frames.push(Frame { unit, at, end, kind, source, controls, saved, guards, undo: Vec::new() });
        Ok(())
    }

    /// Leaves the innermost frame.
    pub(super) fn pop_frame(&mut self, call: &mut Call<'_>) {
        let Some(frame) = self.frames.pop() else { return };
        self.controls.truncate(frame.controls);
        while self.saved.len() > frame.saved {
            self.restore_files(call);
        }
        self.guards = frame.guards;
        for (name, old) in frame.undo.into_iter().rev() {
            self.variables.restore(&name, old);
        }
        match frame.kind {
            FrameKind::Function { parameters, locals, .. } => {
                self.parameters = parameters;
                for (name, old) in locals.into_iter().rev() {
                    self.variables.restore(&name, old);
                }
            }
            FrameKind::Dot(Some(parameters)) => self.parameters = parameters,
            FrameKind::Trap(status) | FrameKind::ErrorTrap(status) => self.status = status,
            _ => {}
        }
    }

    /// Takes the next complete command of the innermost frame; false at the end of its source.
    pub(super) fn next_unit(&mut self, call: &mut Call<'_>) -> Step<bool> {
        loop {
            let Some(source) = self.frames.last_mut().and_then(|frame| frame.source.as_mut()) else { return Ok(false) };
            if source.is_input && source.text[source.at..].trim().is_empty() && !source.is_complete {
                if !self.read_line(call, true)? {
                    return Ok(false);
                }
                continue;
            }
            let has_extglob = self.options.has_shopt("extglob");
            let parsed = syntax::parse(&source.text, source.at, source.line, self.dialect, has_extglob);
            match parsed {
                Err(error) if error.is_incomplete && !source.is_complete => {
                    self.read_line(call, false)?;
                }
                Err(error) => {
                    let text = source.text.clone();
                    // What follows is not executed, except by an interactive shell.
                    source.line = error.line + 1;
                    source.at = source.text.len();
                    self.syntax_error(call, &error, &text);
                    let is_inner = self.frames.last().is_some_and(|frame| !matches!(frame.kind, FrameKind::Main));
                    if is_inner && self.dialect == syntax::Dialect::Bash {
                        // Bash goes on behind `eval`, `.` and traps.
                        self.pop_frame(call);
                        self.status = if self.status == 0 { 1 } else { 2 };
                        return Ok(true);
                    }
                    return Err(Interrupt::Fail(2));
                }
                Ok(parsed) if (parsed.open_document.is_some() || parsed.is_continued) && !source.is_complete => {
                    self.read_line(call, false)?;
                }
                Ok(parsed) => {
                    let (start, line) = (source.at, source.line);
                    (source.at, source.line) = (parsed.next, parsed.next_line);
                    if parsed.list.is_none() {
                        if source.is_input && !source.is_complete {
                            continue;
                        }
                        return Ok(false);
                    }
                    let ops = compile::compile(&parsed, self.dialect);
                    let text = source.text[start..parsed.next].to_owned();
                    self.begin_unit(&text, line, ops, parsed.open_document.as_ref(), call);
                    return Ok(true);
                }
            }
        }
    }

    fn begin_unit(&mut self, text: &str, line: u32, ops: Vec<Op>, open: Option<&(u32, String)>, call: &mut Call<'_>) {
        if let Some((begin, delimiter)) = open
            && self.dialect == syntax::Dialect::Bash
        {
            let last = line + text.matches('\n').count() as u32;
            let message = format!("here-document at line {begin} delimited by end-of-file (wanted `{delimiter}')");
            self.line = last;
            let name = self.name.clone();
            self.say(call, &format!("{name}: line {last}: warning: {message}\n"));
        }
        if self.options.has('v') {
            call.warn(format!("{}\n", text.trim_matches('\n')));
        }
        let is_skipped = self.options.has('n') && !self.is_interactive();
        let Some(frame) = self.frames.last_mut() else { return };
        frame.at = 0;
        frame.end = if is_skipped { 0 } else { ops.len() };
        if let Some(source) = frame.source.as_mut().filter(|source| source.is_input) {
            // Lines that were executed are not needed any more.
            source.text.drain(..source.at);
            source.at = 0;
        }
        frame.unit = Some(Unit::new(text, line, self.dialect, ops));
    }

    /// Reports whether nothing follows the present instruction, so that a program may take the place of the shell.
    pub(super) fn is_last(&self) -> bool {
        let [frame] = self.frames.as_slice() else { return false };
        let Some(unit) = &frame.unit else { return false };
        let is_rest_empty = unit.ops()[frame.at.min(frame.end)..frame.end].iter().all(|op| matches!(op, Op::Check));
        let is_source_empty = frame.source.as_ref().is_none_or(|source| !source.is_input && source.is_at_end());
        is_rest_empty
            && is_source_empty
            && self.controls.is_empty()
            && self.traps.is_empty()
            && self.caught.is_empty()
            && matches!(frame.kind, FrameKind::Child | FrameKind::Main)
            && !self.is_script_file()
    }
}
