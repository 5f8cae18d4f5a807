//! Redirections and here-documents.

use super::Dialect;
use super::ast::{Operator, Part, Redirect, Word};
use super::error::{Problem, SyntaxError};
use super::parser::{Parser, Result};
use super::word::Mode;

/// A here-document whose text has not been read.
pub(super) struct HereDocument {
    delimiter: String,
    /// Tabs at the beginnings of lines are removed (`<<-`).
    strips_tabs: bool,
    /// Nothing is expanded in it.
    is_literal: bool,
    /// Line of the operator.
    line: u32,
    /// Its number.
    number: usize,
}

impl Redirect {
    /// Creates `2>&1`, which `|&` means.
    pub(super) fn both_to_pipe() -> Redirect {
        let target = vec![Part::Text { text: "1".into(), is_quoted: false }];
        Redirect { descriptor: Some(2), operator: Operator::Duplicate { is_output: true }, target }
    }
}

/// Operators by their text; a longer one comes before its prefix.
const OPERATORS: &[(&str, Operator)] = &[
    ("<<", Operator::Here(0)),
    ("<>", Operator::ReadWrite),
    ("<&", Operator::Duplicate { is_output: false }),
    (">>", Operator::Append),
    (">&", Operator::Duplicate { is_output: true }),
    (">|", Operator::Clobber),
    ("<", Operator::Read),
    (">", Operator::Write),
];

impl Parser<'_> {
    /// Parses a redirection; `None`, and nothing taken, if none begins here.
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>> {
        let start = self.at;
        if self.dialect.is_extended() && self.starts_with("&>") {
            self.at += 2;
            let operator =
                if self.dialect == Dialect::Bash && self.eat(">") { Operator::AppendBoth } else { Operator::WriteBoth };
            return self.redirect_target(None, operator).map(Some);
        }
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let descriptor: Option<i32> = self.rest()[..digits].parse().ok();
        self.at += digits;
        if digits > 0 && descriptor.is_none() || self.at_process() && digits == 0 {
            self.at = start;
            return Ok(None);
        }
        if self.dialect == Dialect::Bash && self.eat("<<<") {
            return self.redirect_target(descriptor, Operator::HereString).map(Some);
        }
        let Some((text, operator)) = OPERATORS.iter().find(|(text, _)| self.starts_with(text)) else {
            self.at = start;
            return Ok(None);
        };
        self.at += text.len();
        match operator {
            Operator::Here(_) => self.here_document(descriptor).map(Some),
            operator => self.redirect_target(descriptor, *operator).map(Some),
        }
    }

    fn redirect_target(&mut self, descriptor: Option<i32>, operator: Operator) -> Result<Redirect> {
        self.skip_blanks();
        let start = self.at;
        let Some(target) = self.word()? else { return Err(self.missing_word(None)) };
        let text = &self.text[start..self.at];
        let is_duplicate = matches!(operator, Operator::Duplicate { .. }) && self.dialect != Dialect::Bash;
        let is_descriptor = text.bytes().all(|byte| byte.is_ascii_digit()) || text == "-" || text.contains(['$', '`']);
        // In busybox, `>&file` is `&>file`.
        if is_duplicate && !is_descriptor {
            if self.dialect == Dialect::Busybox && operator == (Operator::Duplicate { is_output: true }) {
                return Ok(Redirect { descriptor, operator: Operator::WriteBoth, target });
            }
            return Err(SyntaxError { problem: Problem::BadDescriptor, line: self.line, is_incomplete: false });
        }
        Ok(Redirect { descriptor, operator, target })
    }

    fn here_document(&mut self, descriptor: Option<i32>) -> Result<Redirect> {
        let strips_tabs = self.eat("-");
        self.skip_blanks();
        let start = self.at;
        let Some(word) = self.word()? else { return Err(self.unexpected(None)) };
        let is_literal = self.text[start..self.at].contains(['\'', '"', '\\']);
        let delimiter = word.iter().map(|part| match part {
            Part::Text { text, .. } => text.as_str(),
            // The delimiter is not expanded.
            _ => &self.text[start..self.at],
        });
        let document = HereDocument {
            delimiter: delimiter.collect(),
            strips_tabs,
            is_literal,
            line: self.line,
            number: self.bodies.len(),
        };
        let operator = Operator::Here(document.number);
        self.bodies.push(Word::new());
        self.documents.push(document);
        Ok(Redirect { descriptor, operator, target: Word::new() })
    }

    /// Reads the texts of the here-documents that begin at the present line.
    pub(super) fn read_documents(&mut self) -> Result<()> {
        for document in std::mem::take(&mut self.documents) {
            let line = self.line;
            let text = self.document_text(&document);
            let word = match document.is_literal {
                true => vec![Part::Text { text, is_quoted: true }],
                false => {
                    let bodies = std::mem::take(&mut self.bodies);
                    let mut inner = Parser {
                        depth: self.depth + 1,
                        bodies,
                        has_extglob: self.has_extglob,
                        ..Parser::new(&text, 0, line, self.dialect)
                    };
                    let word = inner.nested(|inner| inner.parts(Mode::Document))?;
                    self.bodies = inner.bodies;
                    word
                }
            };
            self.bodies[document.number] = word;
        }
        Ok(())
    }

    fn document_text(&mut self, document: &HereDocument) -> String {
        let mut text = String::new();
        loop {
            if self.at_end() {
                self.open_document = Some((document.line, document.delimiter.clone()));
                return text;
            }
            let rest = self.rest();
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            self.at += line.len();
            self.line += u32::from(line.ends_with('\n'));
            let line = if document.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line.strip_suffix('\n').unwrap_or(line) == document.delimiter {
                return text;
            }
            text.push_str(line);
        }
    }
}
