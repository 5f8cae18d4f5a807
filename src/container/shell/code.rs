//! What a command is compiled to: a flat list of instructions.
//!
//! A shell has to be storable between any two steps, so it does not walk a tree: its position is a number. Words are built on
//! a stack of their own ([`Op::Begin`]), what they become goes to the arguments or to the values of the next instruction.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compile;
use super::syntax::ast::Operator;
use super::syntax::{Dialect, parse};

/// A position in the instructions of a unit.
pub(super) type Position = usize;

/// An instruction.
#[derive(Debug)]
pub(super) enum Op {
    /// Notes the line of a command.
    Line(u32),

    // Words.
    /// Begins a word.
    Begin,
    /// Adds text to the word.
    Text { text: String, is_quoted: bool },
    /// Adds a home directory to the word.
    Tilde(String),
    /// Adds an expansion of a parameter to the word.
    Expand { reference: Box<Reference>, action: Act, is_quoted: bool },
    /// Decides whether the word of `${x-word}` is used, which follows; else goes to `end`.
    Default { reference: Box<Reference>, operator: u8, tests_empty: bool, is_quoted: bool, end: Position },
    /// Ends the word of `${x=word}`: assigns it.
    AssignDefault { reference: Box<Reference>, is_quoted: bool },
    /// Ends the word of `${x?word}`: fails with it.
    FailUnset { reference: Box<Reference>, tests_empty: bool },
    /// Runs the instructions up to `end` in a child and adds what it prints to the word.
    Substitute { end: Position, is_quoted: bool },
    /// Runs the instructions up to `end` in a child that is connected by a pipe, whose path is added to the word.
    Process { end: Position, is_output: bool },
    /// Replaces the last word, an expression, by its value, which is added to the word before it.
    Arithmetic { is_quoted: bool },
    /// Fails: `${...}` with this text means nothing.
    Bad(String),
    /// Ends the word: it becomes arguments.
    EndFields,
    /// Ends the word: it becomes one value.
    EndValue,
    /// Ends the word: it becomes a value that is a pattern, with what was quoted escaped.
    EndPattern,
    /// Ends the word: it becomes a value that is a regular expression, with what was quoted escaped.
    EndRegex,
    /// Adds text of the word of an expansion, which is split like its result.
    Split(String),
    /// Adds an argument that needs no expansion.
    Argument(String),
    /// Adds a value that needs no expansion.
    Value(String),
    /// Takes a value as an argument.
    ValueToArgument,

    // Parts of commands.
    /// Takes a value for a variable; before it, the index if there is one.
    Assign { name: String, has_index: bool, appends: bool },
    /// Begins the elements of an array.
    ArrayStart,
    /// Takes a value, and before it the index, as an element.
    ArrayElement,
    /// Takes the new arguments as elements.
    ArrayFields,
    /// Ends the array.
    ArrayEnd { name: String, appends: bool },
    /// Takes a value as the target of a redirection.
    Redirect { descriptor: i32, operator: Operator },
    /// Runs a simple command.
    Run,
    /// The name of the next command is no alias: it was quoted or expanded.
    NoAlias,
    /// Makes the redirections of a compound command; if that fails, goes on behind it.
    Open { end: Position },
    /// Undoes the redirections of a compound command.
    Close,
    /// Defines a function with the instructions up to `end`.
    Define { name: String, end: Position },

    // Processes.
    /// Runs the instructions up to `end` in a child and waits for it.
    Subshell { end: Position },
    /// Runs the instructions up to `end` in a child; the text is that of the job.
    Background { end: Position, text: String },
    /// Runs the instructions up to `end` in a child whose standard input and output are in an array.
    Coprocess { end: Position, name: String },
    /// Runs the instructions up to `end` in a child that is a part of a pipeline.
    Stage { end: Position, is_last: bool },
    /// Waits for the pipeline.
    PipelineEnd,

    // Control.
    /// Goes on elsewhere.
    Jump(Position),
    /// Goes on elsewhere if the last command has succeeded, or with false has failed.
    JumpIf(bool, Position),
    /// Negates the status.
    Not,
    /// Sets the status.
    Status(i32),
    /// Begins commands whose failure is no error for `set -e`.
    Guard,
    /// Ends them.
    Unguard,
    /// Ends the shell if the last command has failed and `set -e` is on.
    Check,
    /// Begins a loop.
    LoopStart { end: Position, next: Position },
    /// Notes the status of a round.
    LoopRound,
    /// Ends a loop; its status is that of the last round.
    LoopEnd,
    /// Begins a loop over the arguments, or over the positional parameters.
    ForStart { has_words: bool, end: Position },
    /// Takes the next element, or goes to the end of the loop.
    ForNext { name: String },
    /// Begins `select` over the arguments, or over the positional parameters.
    SelectStart { has_words: bool, end: Position },
    /// Reads a choice, or goes to the end of the loop.
    SelectNext { name: String },
    /// Begins to measure the time of a pipeline.
    TimeStart,
    /// Prints the time; true is the format of POSIX.
    TimeEnd(bool),
    /// Begins `case` with a value.
    CaseStart,
    /// Takes a pattern and goes elsewhere if it matches.
    CaseMatch(Position),
    /// Ends `case`.
    CaseEnd,
    /// Takes a value and tests it.
    TestUnary(String),
    /// Takes two values and compares them.
    TestBinary(String),
    /// Takes an expression; the status says whether it is not 0.
    Evaluate,
    /// Writes the last values with a test around them to the trace of bash.
    TraceTest { operator: String, is_binary: bool },
}

/// The operation of an expansion on a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Value,
    Length,
    Keys,
    Names,
    Trim { is_suffix: bool, is_longest: bool },
    Slice { has_length: bool },
    Replace(u8),
    Case { is_upper: bool, is_all: bool },
    Transform(u8),
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) name: Name,
    pub(super) index: At,
    pub(super) is_indirect: bool,
}

/// The name of a parameter.
#[derive(Clone, Debug)]
pub(super) enum Name {
    Variable(String),
    Positional(usize),
    Special(u8),
}

impl Name {
    /// Parses the text of a parameter's name.
    pub(super) fn parse(text: &str) -> Name {
        match (text.parse(), text.as_bytes()) {
            (Ok(number), _) => Name::Positional(number),
            (_, [special @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')]) => Name::Special(*special),
            _ => Name::Variable(text.to_owned()),
        }
    }

    /// Formats the name as error messages do.
    pub(super) fn text(&self) -> String {
        match self {
            Name::Variable(name) => name.clone(),
            Name::Positional(number) => number.to_string(),
            Name::Special(byte) => char::from(*byte).to_string(),
        }
    }
}

/// Which element of an array is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The variable itself.
    None,
    /// All elements; with true joined when they are quoted.
    All(bool),
    /// That of an index, which is a value.
    Value,
}

/// A complete command with its instructions. Only the text is stored; the instructions are made again when they are needed.
#[derive(Clone)]
pub(crate) struct Unit(Arc<Inner>);

struct Inner {
    text: String,
    line: u32,
    dialect: Dialect,
    ops: OnceLock<Vec<Op>>,
}

impl Unit {
    /// Creates the unit of a text that has been parsed.
    pub(super) fn new(text: &str, line: u32, dialect: Dialect, ops: Vec<Op>) -> Unit {
        Unit(Arc::new(Inner { text: text.to_owned(), line, dialect, ops: OnceLock::from(ops) }))
    }

    /// Returns the instructions.
    pub(super) fn ops(&self) -> &[Op] {
        let Inner { text, line, dialect, ops } = &*self.0;
        ops.get_or_init(|| match parse(text, 0, *line, *dialect, *dialect == Dialect::Bash) {
            Ok(parsed) => compile::compile(&parsed, *dialect),
            // It was parsed before it was stored.
            Err(_) => Vec::new(),
        })
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Unit({:?})", self.0.text)
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Unit) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.text == other.0.text && self.0.line == other.0.line
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        (&self.0.text, self.0.line, self.0.dialect).serialize(out)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Unit, D::Error> {
        let (text, line, dialect) = Deserialize::deserialize(from)?;
        Ok(Unit(Arc::new(Inner { text, line, dialect, ops: OnceLock::new() })))
    }
}
