//! From a syntax tree to instructions.

mod braces;
mod compound;
mod words;

use super::code::{Op, Position};
use super::syntax::ast::{Assigned, Assignment, Command, Item, Kind, List, Operator, Pipeline, Redirect, Word};
use super::syntax::{Dialect, Parsed};

/// Compiles a complete command.
pub(super) fn compile(parsed: &Parsed, dialect: Dialect) -> Vec<Op> {
    let mut compiler = Compiler { ops: Vec::new(), documents: &parsed.documents, dialect };
    if let Some(list) = &parsed.list {
        compiler.list(list);
    }
    compiler.ops
}

/// Instructions that grow.
struct Compiler<'a> {
    ops: Vec<Op>,
    documents: &'a [Word],
    dialect: Dialect,
}

impl Compiler<'_> {
    fn here(&self) -> Position {
        self.ops.len()
    }

    fn emit(&mut self, op: Op) -> Position {
        self.ops.push(op);
        self.ops.len() - 1
    }

    /// Sets the target of an instruction to the present position.
    fn patch(&mut self, at: Position) {
        let here = self.here();
        match &mut self.ops[at] {
            Op::Default { end, .. }
            | Op::Substitute { end, .. }
            | Op::Process { end, .. }
            | Op::Open { end }
            | Op::Define { end, .. }
            | Op::Subshell { end }
            | Op::Background { end, .. }
            | Op::Coprocess { end, .. }
            | Op::SelectStart { end, .. }
            | Op::Stage { end, .. }
            | Op::Jump(end)
            | Op::JumpIf(_, end)
            | Op::CaseMatch(end)
            | Op::LoopStart { end, .. }
            | Op::ForStart { end, .. } => *end = here,
            _ => unreachable!("the instruction has a target"),
        }
    }

    fn list(&mut self, list: &List) {
        for item in list {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        let fork = item.background.as_ref().map(|text| self.emit(Op::Background { end: 0, text: text.clone() }));
        let last = item.rest.len();
        self.and_or_part(&item.first, last > 0);
        for (number, (is_and, pipeline)) in (1..).zip(&item.rest) {
            let skip = self.emit(Op::JumpIf(!is_and, 0));
            self.and_or_part(pipeline, number < last);
            self.patch(skip);
        }
        if let Some(fork) = fork {
            self.patch(fork);
        }
    }

    /// Compiles a part of `a && b`; the failure of one that is not the last is no error.
    fn and_or_part(&mut self, pipeline: &Pipeline, is_guarded: bool) {
        if is_guarded {
            self.emit(Op::Guard);
        }
        self.pipeline(pipeline);
        if is_guarded {
            self.emit(Op::Unguard);
        }
    }

    fn guarded_list(&mut self, list: &List) {
        self.emit(Op::Guard);
        self.list(list);
        self.emit(Op::Unguard);
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.timed.is_some() {
            self.emit(Op::TimeStart);
        }
        if pipeline.is_negated {
            self.emit(Op::Guard);
        }
        if let [command] = pipeline.commands.as_slice() {
            self.command(command);
        } else {
            let last = pipeline.commands.len() - 1;
            for (number, command) in pipeline.commands.iter().enumerate() {
                let stage = self.emit(Op::Stage { end: 0, is_last: number == last });
                self.command(command);
                self.patch(stage);
            }
            self.emit(Op::PipelineEnd);
            self.emit(Op::Check);
        }
        if pipeline.is_negated {
            self.emit(Op::Unguard);
            self.emit(Op::Not);
        }
        if let Some(is_posix) = pipeline.timed {
            self.emit(Op::TimeEnd(is_posix));
        }
    }

    fn command(&mut self, command: &Command) {
        self.emit(Op::Line(command.line));
        if let Kind::Simple { assignments, words } = &command.kind {
            self.simple(assignments, words, &command.redirects);
            return;
        }
        let open = self.redirects(&command.redirects);
        self.compound(&command.kind);
        if let Some(open) = open {
            self.emit(Op::Close);
            self.patch(open);
        }
    }

    /// Compiles the redirections of a compound command; returns the instruction that makes them.
    fn redirects(&mut self, redirects: &[Redirect]) -> Option<Position> {
        for redirect in redirects {
            self.redirect(redirect);
        }
        (!redirects.is_empty()).then(|| self.emit(Op::Open { end: 0 }))
    }

    fn redirect(&mut self, redirect: &Redirect) {
        let target = match redirect.operator {
            Operator::Here(number) => self.documents.get(number).unwrap_or(&redirect.target),
            _ => &redirect.target,
        };
        self.value(target);
        let standard = match redirect.operator {
            Operator::Read | Operator::ReadWrite | Operator::Here(_) | Operator::HereString => 0,
            Operator::Duplicate { is_output } => i32::from(is_output),
            _ => 1,
        };
        let descriptor = redirect.descriptor.unwrap_or(standard);
        // `>&word` of bash without a descriptor may be `&>word`.
        let is_bare =
            redirect.descriptor.is_none() && matches!(redirect.operator, Operator::Duplicate { is_output: true });
        let descriptor = if is_bare { -1 } else { descriptor };
        self.emit(Op::Redirect { descriptor, operator: redirect.operator });
    }

    fn simple(&mut self, assignments: &[Assignment], words: &[Word], redirects: &[Redirect]) {
        let is_declaration = words.first().is_some_and(is_declaration);
        for (number, word) in words.iter().enumerate() {
            if number > 0 && is_declaration && words::is_assignment(word) {
                self.declared(word);
            } else {
                self.fields(word);
            }
        }
        for redirect in redirects {
            self.redirect(redirect);
        }
        for assignment in assignments {
            self.assignment(assignment);
        }
        let is_plain =
            |word: &Word| matches!(word.as_slice(), [super::syntax::ast::Part::Text { is_quoted: false, .. }]);
        if !words.first().is_none_or(is_plain) {
            self.emit(Op::NoAlias);
        }
        self.emit(Op::Run);
        self.emit(Op::Check);
    }

    fn assignment(&mut self, assignment: &Assignment) {
        let Assignment { name, index, appends, value } = assignment;
        match value {
            Assigned::Word(word) => {
                if let Some(index) = index {
                    self.value(index);
                }
                self.value(word);
                self.emit(Op::Assign { name: name.clone(), has_index: index.is_some(), appends: *appends });
            }
            Assigned::Array(elements) => {
                self.emit(Op::ArrayStart);
                for (index, word) in elements {
                    match index {
                        Some(index) => {
                            self.value(index);
                            self.value(word);
                            self.emit(Op::ArrayElement);
                        }
                        None => {
                            self.fields(word);
                            self.emit(Op::ArrayFields);
                        }
                    }
                }
                self.emit(Op::ArrayEnd { name: name.clone(), appends: *appends });
            }
        }
    }
}

/// Reports whether arguments of a command that look like assignments are expanded like ones.
fn is_declaration(word: &Word) -> bool {
    let names = ["export", "readonly", "local", "declare", "typeset"];
    matches!(word.as_slice(), [super::syntax::ast::Part::Text { text, .. }] if names.contains(&text.as_str()))
}
