//! The stack on which words are expanded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::code::Op;
use super::fields::{Chunk, Word};
use super::pattern::escape_into;
use super::syntax::ast::Operator;
use super::{Interrupt, Shell, Step};
use crate::call::Call;

/// Most bytes of one word.
pub(super) const MAX_WORD: usize = 16 * 1024 * 1024;
/// Most arguments of one command.
const MAX_ARGS: usize = 200_000;

/// Words that are being expanded, and the parts of the next command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stack {
    /// Words, innermost last.
    pub(super) words: Vec<Word>,
    /// Arguments of the next command.
    pub(super) args: Vec<String>,
    /// Values for the next instructions.
    pub(super) values: Vec<String>,
    /// Assignments of the next command.
    pub(super) assignments: Vec<PendingAssignment>,
    /// Redirections of the next command.
    pub(super) redirects: Vec<PendingRedirect>,
    /// Elements of an array, by their index if they have one.
    array: Vec<(Option<String>, String)>,
    /// Number of arguments before the elements of the array.
    array_start: usize,
    /// The name of the next command is no alias.
    #[serde(default)]
    pub(super) has_no_alias: bool,
}

/// An assignment whose value is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PendingAssignment {
    pub(super) name: String,
    pub(super) index: Option<String>,
    pub(super) appends: bool,
    pub(super) value: Assigned,
}

/// The value of an assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Assigned {
    Text(String),
    Array(Vec<(Option<String>, String)>),
}

/// A redirection whose target is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PendingRedirect {
    pub(super) descriptor: i32,
    #[serde(with = "operator")]
    pub(super) operator: Operator,
    pub(super) target: String,
}

/// Serialises an operator by its place in a table.
mod operator {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::shell::syntax::ast::Operator;

    const ALL: &[Operator] = &[
        Operator::Read,
        Operator::Write,
        Operator::Clobber,
        Operator::Append,
        Operator::ReadWrite,
        Operator::Duplicate { is_output: false },
        Operator::Duplicate { is_output: true },
        Operator::WriteBoth,
        Operator::AppendBoth,
        Operator::Here(0),
        Operator::HereString,
    ];

    pub(super) fn serialize<S: Serializer>(operator: &Operator, out: S) -> Result<S::Ok, S::Error> {
        let operator = if matches!(operator, Operator::Here(_)) { Operator::Here(0) } else { *operator };
        ALL.iter().position(|known| *known == operator).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Operator, D::Error> {
        let number = Option::<usize>::deserialize(from)?;
        number.and_then(|number| ALL.get(number).copied()).ok_or_else(|| D::Error::custom("not an operator"))
    }
}

impl Stack {
    /// Reports whether no command is being put together.
    pub(super) fn is_idle(&self) -> bool {
        self.words.is_empty()
            && self.args.is_empty()
            && self.values.is_empty()
            && self.assignments.is_empty()
            && self.redirects.is_empty()
    }

    pub(super) fn take_value(&mut self) -> String {
        self.values.pop().unwrap_or_default()
    }

    pub(super) fn take_redirect(&mut self, descriptor: i32, operator: Operator) {
        let target = self.take_value();
        self.redirects.push(PendingRedirect { descriptor, operator, target });
    }

    /// Returns the word that is being expanded.
    pub(super) fn word(&mut self) -> &mut Word {
        if self.words.is_empty() {
            self.words.push(Word::default());
        }
        let last = self.words.len() - 1;
        &mut self.words[last]
    }

    fn take_word(&mut self) -> Word {
        self.words.pop().unwrap_or_default()
    }
}

impl Shell {
    /// Executes an instruction about assignments.
    pub(super) fn collect(&mut self, op: &Op) {
        let stack = &mut self.stack;
        match op {
            Op::Assign { name, has_index, appends } => {
                let value = Assigned::Text(stack.take_value());
                let index = has_index.then(|| stack.take_value());
                stack.assignments.push(PendingAssignment { name: name.clone(), index, appends: *appends, value });
            }
            Op::ArrayStart => stack.array_start = stack.args.len(),
            Op::ArrayElement => {
                let value = stack.take_value();
                let index = stack.take_value();
                stack.array.push((Some(index), value));
            }
            Op::ArrayFields => {
                let fields = stack.args.split_off(stack.array_start.min(stack.args.len()));
                stack.array.extend(fields.into_iter().map(|field| (None, field)));
            }
            Op::ArrayEnd { name, appends } => {
                let value = Assigned::Array(std::mem::take(&mut stack.array));
                stack.assignments.push(PendingAssignment { name: name.clone(), index: None, appends: *appends, value });
            }
            _ => {}
        }
    }

    /// Executes an instruction about words.
    pub(super) fn word_op(&mut self, call: &mut Call<'_>, op: &Op) -> Step {
        match op {
            Op::Begin => self.stack.words.push(Word::default()),
            Op::Argument(text) => self.stack.args.push(text.clone()),
            Op::Value(text) => self.stack.values.push(text.clone()),
            Op::ValueToArgument => {
                let value = self.stack.take_value();
                self.stack.args.push(value);
            }
            Op::Text { text, is_quoted } => {
                let chunk = if *is_quoted { Chunk::Quoted(text.clone()) } else { Chunk::Literal(text.clone()) };
                self.stack.word().push(chunk);
            }
            Op::Tilde(user) => {
                let home = self.home(call, user);
                self.stack.word().push(Chunk::Quoted(home));
            }
            Op::Expand { reference, action, is_quoted } => return self.expand(call, reference, *action, *is_quoted),
            Op::Default { reference, operator, tests_empty, is_quoted, end } => {
                return self.default(call, reference, (*operator, *tests_empty), *is_quoted, *end);
            }
            Op::AssignDefault { reference, is_quoted } => {
                let text = self.stack.take_word().text();
                self.assign(call, &reference.name.text(), text.clone())?;
                self.stack.word().add(text, *is_quoted);
            }
            Op::FailUnset { reference, tests_empty } => {
                let text = self.stack.take_word().text();
                return Err(self.unset_error(call, &reference.name.text(), &text, *tests_empty));
            }
            Op::Arithmetic { is_quoted } => {
                let text = self.stack.take_word().text();
                let number = self.calculate(call, &text)?;
                self.stack.word().add(number.to_string(), *is_quoted);
            }
            Op::Bad(text) => return Err(self.bad_substitution(call, text)),
            Op::EndFields => self.end_fields(call)?,
            Op::EndValue => {
                let text = self.stack.take_word().text();
                self.stack.values.push(text);
            }
            Op::Split(text) => self.stack.word().push(Chunk::Expanded(text.clone())),
            Op::EndRegex => {
                let pattern = self.stack.take_word().regex();
                self.stack.values.push(pattern);
            }
            Op::EndPattern => {
                let pattern = self.stack.take_word().pattern();
                self.stack.values.push(pattern);
            }
            _ => {}
        }
        Ok(())
    }

    fn end_fields(&mut self, call: &mut Call<'_>) -> Step {
        let word = self.stack.take_word();
        if word.length() > MAX_WORD {
            self.error(call, "argument too long");
            return Err(Interrupt::Fail(2));
        }
        let ifs = self.variables.text("IFS").unwrap_or(" \t\n").to_owned();
        for field in word.split(&ifs) {
            match field.pattern.filter(|_| !self.options.has('f')) {
                Some(pattern) => {
                    let found = super::glob::expand(call, &pattern, &self.options, self.dialect);
                    if found.is_empty() {
                        if self.options.has_shopt("failglob") {
                            self.error(call, &format!("no match: {}", field.text));
                            return Err(Interrupt::Fail(1));
                        }
                        let is_dropped = self.options.has_shopt("nullglob");
                        self.stack.args.extend((!is_dropped).then_some(field.text));
                    } else {
                        self.stack.args.extend(found);
                    }
                }
                None => self.stack.args.push(field.text),
            }
        }
        if self.stack.args.len() > MAX_ARGS {
            self.error(call, "argument list too long");
            return Err(Interrupt::Fail(2));
        }
        Ok(())
    }

    /// Returns the home directory of a user, or what was written if the user does not exist.
    fn home(&self, call: &mut Call<'_>, user: &str) -> String {
        if user.is_empty() {
            return self.variables.text("HOME").map_or_else(|| "~".into(), String::from);
        }
        let passwd = call.files().read("/etc/passwd").unwrap_or_default();
        let passwd = String::from_utf8_lossy(&passwd);
        let mut lines = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let found = lines.find(|fields| fields.first() == Some(&user));
        found.and_then(|fields| fields.get(5).map(|home| (*home).to_owned())).unwrap_or_else(|| format!("~{user}"))
    }
}

/// Groups elements of an array assignment by index: those without one follow the last.
pub(super) fn numbered(
    elements: Vec<(Option<String>, String)>,
    first: i64,
    mut index_of: impl FnMut(&str) -> Option<i64>,
) -> Option<BTreeMap<i64, String>> {
    let mut next = first;
    let mut list = BTreeMap::new();
    for (index, text) in elements {
        if let Some(index) = index {
            next = index_of(&index)?;
        }
        list.insert(next, text);
        next = next.saturating_add(1);
    }
    Some(list)
}

impl Word {
    /// Joins the word to one text.
    fn text(self) -> String {
        let mut chunks = self.chunks.into_iter();
        let mut text = match chunks.next() {
            Some(Chunk::Quoted(text) | Chunk::Literal(text) | Chunk::Expanded(text)) => text,
            Some(Chunk::Break) => " ".into(),
            None => String::new(),
        };
        for chunk in chunks {
            match chunk {
                Chunk::Quoted(more) | Chunk::Literal(more) | Chunk::Expanded(more) => text.push_str(&more),
                Chunk::Break => text.push(' '),
            }
        }
        text
    }

    /// Joins the word to a regular expression, in which quoted text stands for itself.
    fn regex(self) -> String {
        let mut pattern = String::new();
        for chunk in self.chunks {
            match chunk {
                Chunk::Quoted(text) => pattern.push_str(&regex::escape(&text)),
                Chunk::Literal(text) | Chunk::Expanded(text) => pattern.push_str(&text),
                Chunk::Break => pattern.push(' '),
            }
        }
        pattern
    }

    /// Joins the word to a pattern, in which quoted text stands for itself.
    fn pattern(self) -> String {
        let mut pattern = String::new();
        for chunk in self.chunks {
            match chunk {
                Chunk::Quoted(text) => escape_into(&mut pattern, &text),
                Chunk::Literal(text) | Chunk::Expanded(text) => pattern.push_str(&text),
                Chunk::Break => pattern.push(' '),
            }
        }
        pattern
    }
}
