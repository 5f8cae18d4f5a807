//! The syntax tree of a command.

/// Commands in sequence.
pub(crate) type List = Vec<Item>;
/// The parts of a word in order; an empty word has none.
pub(crate) type Word = Vec<Part>;

/// A list of pipelines joined by `&&` and `||`, ended by `;`, `&` or a line end.
#[derive(Debug)]
pub(crate) struct Item {
    /// The first pipeline.
    pub(crate) first: Pipeline,
    /// The others; true is `&&`.
    pub(crate) rest: Vec<(bool, Pipeline)>,
    /// Its text, if it was ended by `&`.
    pub(crate) background: Option<String>,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// It begins with `!`.
    pub(crate) is_negated: bool,
    /// It begins with `time`; true is `time -p`.
    pub(crate) timed: Option<bool>,
    /// One or more commands.
    pub(crate) commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its kind.
    pub(crate) kind: Kind,
    /// Redirections in order.
    pub(crate) redirects: Vec<Redirect>,
    /// Line of its beginning.
    pub(crate) line: u32,
}

/// The kinds of commands.
#[derive(Debug)]
pub(crate) enum Kind {
    Simple {
        assignments: Vec<Assignment>,
        words: Vec<Word>,
    },
    Group(List),
    Subshell(List),
    If {
        arms: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    Loop {
        is_until: bool,
        condition: List,
        body: List,
    },
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    Select {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    /// `coproc [name] command`.
    Coprocess {
        name: String,
        command: Box<Command>,
    },
    /// `for ((first; condition; step))`.
    Count {
        first: Word,
        condition: Word,
        step: Word,
        body: List,
    },
    Case {
        subject: Word,
        arms: Vec<Arm>,
    },
    Function {
        name: String,
        body: Box<Command>,
    },
    /// `[[ ... ]]`.
    Test(Test),
    /// `(( ... ))`.
    Arithmetic(Word),
}

/// An arm of `case`.
#[derive(Debug)]
pub(crate) struct Arm {
    /// Patterns; one has to match.
    pub(crate) patterns: Vec<Word>,
    /// Commands.
    pub(crate) body: List,
    /// The step behind it.
    pub(crate) end: ArmEnd,
}

/// The step behind an arm of `case`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArmEnd {
    /// `;;`: nothing.
    Leave,
    /// `;&`: the commands of the next arm.
    FallThrough,
    /// `;;&`: the patterns of the next arm.
    TestNext,
}

/// An expression of `[[ ... ]]`.
#[derive(Debug)]
pub(crate) enum Test {
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Unary(String, Word),
    Binary(String, Word, Word),
}

/// An assignment.
#[derive(Debug)]
pub(crate) struct Assignment {
    /// Name of the variable.
    pub(crate) name: String,
    /// The text between brackets.
    pub(crate) index: Option<Word>,
    /// It is `+=`.
    pub(crate) appends: bool,
    /// The value.
    pub(crate) value: Assigned,
}

/// The value of an assignment.
#[derive(Debug)]
pub(crate) enum Assigned {
    Word(Word),
    /// The elements of an array, with their indices.
    Array(Vec<(Option<Word>, Word)>),
}

/// A redirection.
#[derive(Debug)]
pub(crate) struct Redirect {
    /// The descriptor; `None` is that of the operator.
    pub(crate) descriptor: Option<i32>,
    /// The operator.
    pub(crate) operator: Operator,
    /// The file, the descriptor, or the text of a here-document.
    pub(crate) target: Word,
}

/// The operators of redirections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>|`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&` and `>&` with a number or `-`; `>&` in bash also with a file.
    Duplicate { is_output: bool },
    /// `&>`
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<<`, with the number of the document.
    Here(usize),
    /// `<<<`
    HereString,
}

/// A part of a word.
#[derive(Debug)]
pub(crate) enum Part {
    /// Text; quoted text is neither split nor a pattern.
    Text { text: String, is_quoted: bool },
    /// `~` or `~user` at the beginning of a word.
    Tilde(String),
    /// A parameter expansion.
    Parameter { parameter: Parameter, action: Action, is_quoted: bool },
    /// `$(...)` or backquotes.
    Command { body: List, is_quoted: bool },
    /// `$((...))`.
    Arithmetic { text: Word, is_quoted: bool },
    /// `<(...)`, `>(...)`.
    Process { body: List, is_output: bool },
    /// A `${...}` that means nothing, with its text; it is an error when it is expanded.
    Bad(String),
}

/// A variable, positional or special parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// A name, a number, or one of `@*#?-$!`.
    pub(crate) name: String,
    /// The index of an array.
    pub(crate) index: Option<Index>,
    /// `${!name}`: the parameter whose name is the value.
    pub(crate) is_indirect: bool,
}

/// The index of an array.
#[derive(Debug)]
pub(crate) enum Index {
    /// `[@]`, or with true `[*]`.
    All(bool),
    /// An expression or, for an associative array, a text.
    At(Word),
}

/// The operation of a parameter expansion.
#[derive(Debug)]
pub(crate) enum Action {
    /// `$x`
    Value,
    /// `${#x}`
    Length,
    /// `${!x[@]}`
    Keys,
    /// `${!prefix*}`
    Names,
    /// `${x-w}`, `${x:-w}` and their like, by the operator.
    Default { operator: u8, tests_empty: bool, word: Word },
    /// `${x#p}`, `${x%p}`; longest for the doubled operators.
    Trim { is_suffix: bool, is_longest: bool, pattern: Word },
    /// `${x:o:l}`
    Slice { offset: Word, length: Option<Word> },
    /// `${x/p/r}`; `kind` is 0, `/`, `#` or `%`.
    Replace { kind: u8, pattern: Word, replacement: Word },
    /// `${x^p}`, `${x,,p}` and their like.
    Case { is_upper: bool, is_all: bool, pattern: Word },
    /// `${x@Q}` and its like.
    Transform(u8),
}
