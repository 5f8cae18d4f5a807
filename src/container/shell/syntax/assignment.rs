//! Assignments.

use super::ast::{Assigned, Assignment, Word};
use super::parser::{Parser, Result};
use super::{Dialect, is_name};

impl Parser<'_> {
    /// Parses `NAME=VALUE` in front of a command.
    pub(super) fn assignment(&mut self) -> Result<Option<Assignment>> {
        let start = self.at;
        let length = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let name = &self.rest()[..length];
        if !is_name(name) {
            return Ok(None);
        }
        self.at += length;
        let is_bash = self.dialect == Dialect::Bash;
        let index = if is_bash && self.peek() == Some(b'[') { self.bracket()? } else { None };
        let appends = is_bash && self.eat("+=");
        if !appends && !self.eat("=") {
            self.at = start;
            return Ok(None);
        }
        let value = match self.peek() {
            Some(b'(') if is_bash => Assigned::Array(self.array()?),
            _ => Assigned::Word(self.assigned_word()?),
        };
        Ok(Some(Assignment { name: name.to_owned(), index, appends, value }))
    }

    /// Parses `NAME=(...)` among the arguments of `declare` and its like.
    pub(super) fn array_argument(&mut self) -> Result<Option<Assignment>> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        if rest[length..].starts_with("=(") { self.assignment() } else { Ok(None) }
    }

    fn array(&mut self) -> Result<Vec<(Option<Word>, Word)>> {
        self.at += 1;
        let mut elements = Vec::new();
        loop {
            self.skip_lines()?;
            if self.eat(")") {
                return Ok(elements);
            }
            let start = self.at;
            let mut index = if self.peek() == Some(b'[') { self.bracket()? } else { None };
            if index.is_some() && !self.eat("=") {
                self.at = start;
                index = None;
            }
            let word = if index.is_some() { Some(self.assigned_word()?) } else { self.word()? };
            match word {
                Some(word) => elements.push((index, word)),
                None => return Err(self.unexpected(Some(")"))),
            }
        }
    }
}
