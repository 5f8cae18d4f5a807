//! What a program of `awk` consists of.

use serde::{Deserialize, Serialize};

/// A program: rules and functions.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) begin: Vec<Vec<Statement>>,
    pub(super) rules: Vec<Rule>,
    pub(super) end: Vec<Vec<Statement>>,
    pub(super) functions: Vec<Function>,
    /// Units that can wait for the outside.
    pub(super) waits: Waits,
}

/// Which units of a program can wait for files and commands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waits {
    pub(super) begin: bool,
    pub(super) rules: bool,
    pub(super) end: bool,
}

/// A pattern and what is done for the records that match it.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    /// `None` prints the record.
    pub(super) action: Option<Vec<Statement>>,
}

/// The records to which a rule applies.
#[derive(Debug)]
pub(super) enum Pattern {
    All,
    Matches(Expression),
    Range(Expression, Expression),
}

/// A function of the program.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Vec<String>,
    pub(super) body: Vec<Statement>,
}

#[derive(Debug)]
pub(super) enum Statement {
    Expression(Expression),
    Print {
        arguments: Vec<Expression>,
        output: Option<Output>,
    },
    Printf {
        arguments: Vec<Expression>,
        output: Option<Output>,
    },
    Block(Vec<Statement>),
    If {
        condition: Expression,
        then: Box<Statement>,
        otherwise: Option<Box<Statement>>,
    },
    While {
        condition: Expression,
        body: Box<Statement>,
    },
    DoWhile {
        body: Box<Statement>,
        condition: Expression,
    },
    For {
        start: Option<Box<Statement>>,
        condition: Option<Expression>,
        step: Option<Box<Statement>>,
        body: Box<Statement>,
    },
    ForIn {
        variable: String,
        array: String,
        body: Box<Statement>,
    },
    Next,
    NextFile,
    Exit(Option<Expression>),
    Return(Option<Expression>),
    Break,
    Continue,
    /// Removes an element, or all of them.
    Delete {
        array: String,
        index: Option<Vec<Expression>>,
    },
}

/// Where `print` writes.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) name: Expression,
    pub(super) channel: Channel,
}

/// The connection to a file or command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Channel {
    /// A file that is emptied and written (`>`).
    File,
    /// A file at whose end is written (`>>`).
    Append,
    /// A command that reads what is written (`|`).
    Pipe,
    /// A file that is read (`getline <`).
    Input,
    /// A command whose output is read (`| getline`).
    Command,
}

impl Channel {
    pub(super) fn is_output(self) -> bool {
        matches!(self, Channel::File | Channel::Append | Channel::Pipe)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Concatenate,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

#[derive(Debug)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    /// A regular expression that stands for itself: it matches the record.
    Regex(String),
    Variable(String),
    Field(Box<Expression>),
    Element(String, Vec<Expression>),
    /// An assignment; with an operator it first computes.
    Assign(Box<Expression>, Option<Binary>, Box<Expression>),
    /// `++` and `--`, in front or behind.
    Increment {
        target: Box<Expression>,
        by: f64,
        is_prefix: bool,
    },
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Positive(Box<Expression>),
    Binary(Binary, Box<Expression>, Box<Expression>),
    Match {
        text: Box<Expression>,
        pattern: Box<Expression>,
        is_negated: bool,
    },
    In(Vec<Expression>, String),
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    Group(Box<Expression>),
    Call(String, Vec<Expression>),
    /// Reads a record into a variable, or as the record; of the input, or of a file or command.
    GetLine {
        target: Option<Box<Expression>>,
        source: Option<(Channel, Box<Expression>)>,
    },
}
