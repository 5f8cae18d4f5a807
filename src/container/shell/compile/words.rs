//! Words and the expansions in them.

use super::Compiler;
use crate::shell::code::{Act, At, Name, Op, Reference};
use crate::shell::syntax::ast::{Action, Index, Parameter, Part, Word};
use crate::shell::syntax::{Dialect, is_name};

/// Reports whether a word begins with `NAME=`.
pub(super) fn is_assignment(word: &Word) -> bool {
    let Some(Part::Text { text, is_quoted: false }) = word.first() else { return false };
    text.split_once('=').is_some_and(|(name, _)| is_name(name.strip_suffix('+').unwrap_or(name)))
}

impl Compiler<'_> {
    /// Compiles a word that becomes arguments.
    pub(super) fn fields(&mut self, word: &Word) {
        if self.dialect == Dialect::Bash && super::braces::has_braces(word) {
            for pieces in super::braces::expand(word) {
                let parts: Vec<&Part> = pieces.iter().map(super::braces::Piece::part).collect();
                if !parts.is_empty() {
                    self.field(&parts);
                }
            }
        } else {
            self.field(&word.iter().collect::<Vec<_>>());
        }
    }

    fn field(&mut self, word: &[&Part]) {
        if let [Part::Text { text, is_quoted }] = word
            && (*is_quoted || !text.contains(['*', '?', '[', '\\']))
        {
            self.emit(Op::Argument(text.clone()));
            return;
        }
        self.emit(Op::Begin);
        self.parts(word.iter().copied());
        self.emit(Op::EndFields);
    }

    /// Compiles an argument of `export` and its like that is an assignment: it is one field.
    pub(super) fn declared(&mut self, word: &Word) {
        self.value(word);
        self.emit(Op::ValueToArgument);
    }

    /// Compiles a word that becomes one value.
    pub(super) fn value(&mut self, word: &Word) {
        match word.as_slice() {
            [] => {
                self.emit(Op::Value(String::new()));
            }
            [Part::Text { text, .. }] => {
                self.emit(Op::Value(text.clone()));
            }
            parts => {
                self.emit(Op::Begin);
                self.parts(parts);
                self.emit(Op::EndValue);
            }
        }
    }

    pub(super) fn pattern(&mut self, word: &Word) {
        self.emit(Op::Begin);
        self.parts(word);
        self.emit(Op::EndPattern);
    }

    pub(super) fn regex(&mut self, word: &Word) {
        self.emit(Op::Begin);
        self.parts(word);
        self.emit(Op::EndRegex);
    }

    fn parts<'p>(&mut self, parts: impl IntoIterator<Item = &'p Part>) {
        for part in parts {
            self.part(part);
        }
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text { text, is_quoted } => {
                self.emit(Op::Text { text: text.clone(), is_quoted: *is_quoted });
            }
            Part::Tilde(user) => {
                self.emit(Op::Tilde(user.clone()));
            }
            Part::Parameter { parameter, action, is_quoted } => self.parameter(parameter, action, *is_quoted),
            Part::Command { body, is_quoted } => {
                let fork = self.emit(Op::Substitute { end: 0, is_quoted: *is_quoted });
                self.list(body);
                self.patch(fork);
            }
            Part::Process { body, is_output } => {
                let fork = self.emit(Op::Process { end: 0, is_output: *is_output });
                self.list(body);
                self.patch(fork);
            }
            Part::Arithmetic { text, is_quoted } => {
                self.emit(Op::Begin);
                self.parts(text);
                self.emit(Op::Arithmetic { is_quoted: *is_quoted });
            }
            Part::Bad(text) => {
                self.emit(Op::Bad(text.clone()));
            }
        }
    }

    fn reference(&mut self, parameter: &Parameter) -> Box<Reference> {
        let index = match &parameter.index {
            None => At::None,
            Some(Index::All(is_star)) => At::All(*is_star),
            Some(Index::At(word)) => {
                self.value(word);
                At::Value
            }
        };
        Box::new(Reference { name: Name::parse(&parameter.name), index, is_indirect: parameter.is_indirect })
    }

    fn parameter(&mut self, parameter: &Parameter, action: &Action, is_quoted: bool) {
        let action = match action {
            Action::Default { operator, tests_empty, word } => {
                return self.default(parameter, (*operator, *tests_empty), word, is_quoted);
            }
            Action::Value => Act::Value,
            Action::Length => Act::Length,
            Action::Keys => Act::Keys,
            Action::Names => Act::Names,
            Action::Trim { is_suffix, is_longest, pattern } => {
                self.pattern(pattern);
                Act::Trim { is_suffix: *is_suffix, is_longest: *is_longest }
            }
            Action::Slice { offset, length } => {
                self.value(offset);
                if let Some(length) = length {
                    self.value(length);
                }
                Act::Slice { has_length: length.is_some() }
            }
            Action::Replace { kind, pattern, replacement } => {
                self.pattern(pattern);
                self.value(replacement);
                Act::Replace(*kind)
            }
            Action::Case { is_upper, is_all, pattern } => {
                self.pattern(pattern);
                Act::Case { is_upper: *is_upper, is_all: *is_all }
            }
            Action::Transform(operator) => Act::Transform(*operator),
        };
        let reference = self.reference(parameter);
        self.emit(Op::Expand { reference, action, is_quoted });
    }

    fn default(&mut self, parameter: &Parameter, (operator, tests_empty): (u8, bool), word: &Word, is_quoted: bool) {
        let is_all = |part: &Part| matches!(part, Part::Parameter { parameter, .. } if parameter.name == "@");
        if is_quoted && !word.iter().any(is_all) {
            // A quoted expansion is a word even when it is empty.
            self.emit(Op::Text { text: String::new(), is_quoted });
        }
        let reference = self.reference(parameter);
        let test = self.emit(Op::Default { reference, operator, tests_empty, is_quoted, end: 0 });
        let reference = Box::new(Reference { name: Name::parse(&parameter.name), index: At::None, is_indirect: false });
        match operator {
            b'=' | b'?' => {
                self.emit(Op::Begin);
                self.parts(word);
                self.emit(match operator {
                    b'=' => Op::AssignDefault { reference, is_quoted },
                    _ => Op::FailUnset { reference, tests_empty },
                });
            }
            _ => {
                for part in word {
                    match part {
                        // It is split like what it stands for.
                        Part::Text { text, is_quoted: false } if !is_quoted => {
                            self.emit(Op::Split(text.clone()));
                        }
                        part => self.part(part),
                    }
                }
            }
        }
        self.patch(test);
    }
}
