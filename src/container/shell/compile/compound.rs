//! Compound commands.

use super::Compiler;
use crate::shell::code::Op;
use crate::shell::syntax::ast::{Arm, ArmEnd, Kind, List, Test, Word};

impl Compiler<'_> {
    pub(super) fn compound(&mut self, kind: &Kind) {
        match kind {
            Kind::Simple { .. } => unreachable!("a simple command is no compound one"),
            Kind::Group(list) => self.list(list),
            Kind::Subshell(list) => {
                let fork = self.emit(Op::Subshell { end: 0 });
                self.list(list);
                self.patch(fork);
                self.emit(Op::Check);
            }
            Kind::If { arms, otherwise } => self.if_command(arms, otherwise.as_ref()),
            Kind::Loop { is_until, condition, body } => self.loop_command(*is_until, condition, body),
            Kind::For { name, words, body } => {
                let next = Op::ForNext { name: name.clone() };
                self.for_command(words.as_deref(), body, |has_words| Op::ForStart { has_words, end: 0 }, next);
            }
            Kind::Select { name, words, body } => {
                let next = Op::SelectNext { name: name.clone() };
                self.for_command(words.as_deref(), body, |has_words| Op::SelectStart { has_words, end: 0 }, next);
            }
            Kind::Coprocess { name, command } => {
                let fork = self.emit(Op::Coprocess { end: 0, name: name.clone() });
                self.command(command);
                self.patch(fork);
            }
            Kind::Count { first, condition, step, body } => self.count_command([first, condition, step], body),
            Kind::Case { subject, arms } => self.case_command(subject, arms),
            Kind::Function { name, body } => {
                let define = self.emit(Op::Define { name: name.clone(), end: 0 });
                self.command(body);
                self.patch(define);
            }
            Kind::Test(test) => {
                self.test(test);
                self.emit(Op::Check);
            }
            Kind::Arithmetic(text) => {
                self.value(text);
                self.emit(Op::Evaluate);
                self.emit(Op::Check);
            }
        }
    }

    fn if_command(&mut self, arms: &[(List, List)], otherwise: Option<&List>) {
        let mut ends = Vec::new();
        for (condition, body) in arms {
            self.guarded_list(condition);
            let skip = self.emit(Op::JumpIf(false, 0));
            self.list(body);
            ends.push(self.emit(Op::Jump(0)));
            self.patch(skip);
        }
        match otherwise {
            Some(list) => self.list(list),
            None => {
                self.emit(Op::Status(0));
            }
        }
        for end in ends {
            self.patch(end);
        }
    }

    fn loop_command(&mut self, is_until: bool, condition: &List, body: &List) {
        let start = self.emit(Op::LoopStart { end: 0, next: 0 });
        let next = self.here();
        self.guarded_list(condition);
        let leave = self.emit(Op::JumpIf(is_until, 0));
        self.list(body);
        self.emit(Op::LoopRound);
        self.emit(Op::Jump(next));
        self.patch(leave);
        self.patch(start);
        self.set_next(start, next);
        self.emit(Op::LoopEnd);
    }

    /// Sets where `continue` goes.
    fn set_next(&mut self, start: usize, position: usize) {
        if let Op::LoopStart { next, .. } = &mut self.ops[start] {
            *next = position;
        }
    }

    fn for_command(&mut self, words: Option<&[Word]>, body: &List, start: impl FnOnce(bool) -> Op, next: Op) {
        for word in words.unwrap_or_default() {
            self.fields(word);
        }
        let start = self.emit(start(words.is_some()));
        let next = self.emit(next);
        self.list(body);
        self.emit(Op::LoopRound);
        self.emit(Op::Jump(next));
        self.patch(start);
        self.emit(Op::LoopEnd);
    }

    fn count_command(&mut self, [first, condition, step]: [&Word; 3], body: &List) {
        let evaluate = |compiler: &mut Self, word: &Word| {
            if !word.is_empty() {
                compiler.value(word);
                compiler.emit(Op::Evaluate);
            }
        };
        evaluate(self, first);
        let start = self.emit(Op::LoopStart { end: 0, next: 0 });
        let test = self.here();
        let leave = (!condition.is_empty()).then(|| {
            evaluate(self, condition);
            self.emit(Op::JumpIf(false, 0))
        });
        self.list(body);
        self.emit(Op::LoopRound);
        let next = self.here();
        evaluate(self, step);
        self.emit(Op::Jump(test));
        if let Some(leave) = leave {
            self.patch(leave);
        }
        self.patch(start);
        self.set_next(start, next);
        self.emit(Op::LoopEnd);
    }

    fn case_command(&mut self, subject: &Word, arms: &[Arm]) {
        self.value(subject);
        self.emit(Op::CaseStart);
        let mut ends = Vec::new();
        // A jump from the end of the last arm into the commands of the next one.
        let mut fall_through = None;
        for arm in arms {
            let mut matches = Vec::new();
            for pattern in &arm.patterns {
                self.pattern(pattern);
                matches.push(self.emit(Op::CaseMatch(0)));
            }
            let skip = self.emit(Op::Jump(0));
            for found in matches {
                self.patch(found);
            }
            if let Some(jump) = fall_through.take() {
                self.patch(jump);
            }
            if arm.body.is_empty() {
                self.emit(Op::Status(0));
            }
            self.list(&arm.body);
            match arm.end {
                ArmEnd::Leave => ends.push(self.emit(Op::Jump(0))),
                ArmEnd::FallThrough => fall_through = Some(self.emit(Op::Jump(0))),
                ArmEnd::TestNext => {}
            }
            self.patch(skip);
        }
        // No pattern matches.
        self.emit(Op::Status(0));
        for jump in ends.into_iter().chain(fall_through) {
            self.patch(jump);
        }
        self.emit(Op::CaseEnd);
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::Not(inner) => {
                self.test(inner);
                self.emit(Op::Not);
            }
            Test::And(left, right) | Test::Or(left, right) => {
                self.test(left);
                let skip = self.emit(Op::JumpIf(matches!(test, Test::Or(..)), 0));
                self.test(right);
                self.patch(skip);
            }
            Test::Unary(operator, word) => {
                self.value(word);
                self.emit(Op::TraceTest { operator: operator.clone(), is_binary: false });
                self.emit(Op::TestUnary(operator.clone()));
            }
            Test::Binary(operator, left, right) => {
                self.value(left);
                match operator.as_str() {
                    "=~" => self.regex(right),
                    "=" | "==" | "!=" => self.pattern(right),
                    _ => self.value(right),
                }
                self.emit(Op::TraceTest { operator: operator.clone(), is_binary: true });
                self.emit(Op::TestBinary(operator.clone()));
            }
        }
    }
}
