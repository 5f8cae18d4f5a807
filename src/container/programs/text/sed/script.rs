//! What a script of `sed` consists of.

use crate::programs::regexp::Pattern;

/// A command with its addresses.
pub(super) struct Command {
    pub(super) first: Option<Address>,
    pub(super) last: Option<End>,
    /// It applies to the other lines.
    pub(super) is_negated: bool,
    pub(super) action: Action,
}

/// The lines to which a command applies, or the first of a range.
pub(super) enum Address {
    Line(u64),
    Last,
    Match(Pattern),
    /// From a line on every so many lines.
    Step(u64, u64),
}

/// The last line of a range.
pub(super) enum End {
    Line(u64),
    Last,
    Match(Pattern),
    /// So many lines after the first.
    After(u64),
    /// The next line whose number is a multiple.
    Multiple(u64),
}

/// The action of a command. Places in the script are indices of commands.
pub(super) enum Action {
    /// Goes to the place behind the block unless the address matches.
    Block(usize),
    EndBlock,
    Label,
    Branch(usize),
    BranchIfSubstituted(usize),
    BranchUnlessSubstituted(usize),
    Substitute(Box<Substitution>),
    /// Replaces every byte by another one.
    Translate(Box<[u8; 256]>),
    Print,
    PrintFirstLine,
    Delete,
    DeleteFirstLine,
    Next,
    AppendNext,
    CopyToHold,
    AppendToHold,
    CopyFromHold,
    AppendFromHold,
    Exchange,
    Append(Vec<u8>),
    Insert(Vec<u8>),
    Change(Vec<u8>),
    Quit(i32),
    QuitSilently(i32),
    PrintNumber,
    List,
    Read(String),
    Write(String),
    Empty,
    FileName,
}

/// The command `s`.
pub(super) struct Substitution {
    pub(super) regex: Pattern,
    pub(super) replacement: Vec<Part>,
    /// The first match that is replaced, from 1 on.
    pub(super) number: usize,
    pub(super) is_global: bool,
    pub(super) prints: bool,
    pub(super) file: Option<String>,
}

/// A part of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Vec<u8>),
    /// A group; 0 is the whole match.
    Group(usize),
    Case(Case),
}

/// The case of the text that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    UpperFirst,
    LowerFirst,
    End,
}
