//! The steps of a transcript, and how the lines of a block become steps.

use std::ops::Range;

/// A command and its expected output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The number of its first line, from 1 on.
    pub(crate) line: usize,
    /// The command, perhaps of several lines, without a final line break.
    pub(crate) command: String,
    /// The positions of the lines of expected output, from 0 on.
    pub(crate) output: Range<usize>,
    /// The text before each line of output in the file.
    pub(crate) indent: String,
}

/// Why a file is no transcript.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The number of the line, from 1 on.
    pub(crate) line: usize,
    /// A sentence without a full stop.
    pub(crate) message: String,
}

impl Mistake {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Mistake {
        Mistake { line, message: message.into() }
    }
}

/// A line without its indentation, or without the part of it that it has.
pub(super) fn without_indent<'a>(line: &'a str, indent: &str) -> &'a str {
    let common = line.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count();
    &line[common..]
}

/// Collects the steps of a block of commands with their output.
#[derive(Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    /// True while lines of output belong to the last step.
    open: bool,
}

impl Steps {
    /// Adds a line of a block, without its indentation, by its position from 0 on.
    ///
    /// # Errors
    /// Output that no command precedes.
    pub(super) fn add_line(&mut self, at: usize, line: &str, indent: &str) -> Result<(), Mistake> {
        if let Some(command) = line.strip_prefix("$ ").or((line == "$").then_some("")) {
            self.add(Step { line: at + 1, command: command.into(), output: at + 1..at + 1, indent: indent.into() });
            return Ok(());
        }
        let last = self.steps.last_mut().filter(|_| self.open);
        let step = last.ok_or_else(|| Mistake::new(at + 1, "output without a command (`$ COMMAND`) before it"))?;
        match line.strip_prefix("> ").or((line == ">").then_some("")) {
            Some(more) if step.output.is_empty() => {
                step.command.push('\n');
                step.command.push_str(more);
                step.output = at + 1..at + 1;
            }
            _ => step.output.end = at + 1,
        }
        Ok(())
    }

    /// Adds a whole step.
    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
        self.open = true;
    }

    /// Ends the output of the last step.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// Returns whether there is no step yet.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps.
    pub(super) fn into_vec(self) -> Vec<Step> {
        self.steps
    }
}
