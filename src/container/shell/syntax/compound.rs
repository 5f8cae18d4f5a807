//! Compound commands.

use super::ast::{Arm, ArmEnd, Command, Kind, Word};
use super::error::{Problem, SyntaxError};
use super::parser::{Parser, Result};
use super::word::Mode;
use super::{Dialect, is_name};

impl Parser<'_> {
    /// Parses a compound command without its redirections; `None` if none begins here.
    pub(super) fn compound(&mut self) -> Result<Option<Kind>> {
        let is_bash = self.dialect == Dialect::Bash;
        if is_bash
            && self.starts_with("((")
            && let Some(text) = self.arithmetic_command()?
        {
            return Ok(Some(Kind::Arithmetic(text)));
        }
        if self.eat("(") {
            let body = self.full_list()?;
            self.expect_paren()?;
            return Ok(Some(Kind::Subshell(body)));
        }
        let Some(length) =
            self.rest().find([' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>']).or(Some(self.rest().len()))
        else {
            return Ok(None);
        };
        let start = self.at;
        let word = &self.rest()[..length];
        self.at += length;
        Ok(Some(match word {
            "{" => {
                let body = self.full_list()?;
                self.expect_word("}")?;
                Kind::Group(body)
            }
            "if" => self.if_command()?,
            "while" | "until" => {
                let condition = self.full_list()?;
                Kind::Loop { is_until: word == "until", condition, body: self.do_group()? }
            }
            "for" => self.for_command(false)?,
            "select" if is_bash => self.for_command(true)?,
            "coproc" if is_bash => self.coprocess()?,
            "case" => self.case_command()?,
            "[[" if is_bash => Kind::Test(self.test_command()?),
            "function" if self.dialect.is_extended() => self.function_command()?,
            _ => {
                self.at = start;
                return Ok(None);
            }
        }))
    }

    /// Takes the word `time` of bash in front of a command.
    pub(super) fn timed(&mut self) -> Option<bool> {
        self.skip_blanks();
        if self.dialect != Dialect::Bash || !self.eat_word("time") {
            return None;
        }
        self.skip_blanks();
        let is_posix = self.eat_word("-p");
        self.skip_blanks();
        Some(is_posix)
    }

    fn if_command(&mut self) -> Result<Kind> {
        let mut arms = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.full_list()?;
            self.expect_word("then")?;
            arms.push((condition, self.full_list()?));
            if self.eat_word("elif") {
                continue;
            }
            if self.eat_word("else") {
                otherwise = Some(self.full_list()?);
            }
            self.expect_word("fi")?;
            return Ok(Kind::If { arms, otherwise });
        }
    }

    fn do_group(&mut self) -> Result<Vec<super::ast::Item>> {
        self.expect_word("do")?;
        let body = self.full_list()?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn for_command(&mut self, is_select: bool) -> Result<Kind> {
        self.skip_blanks();
        if !is_select && self.dialect == Dialect::Bash && self.eat("((") {
            return self.count_command();
        }
        let length = self.rest().bytes().take_while(|byte| !b" \t\n;&|()<>".contains(byte)).count();
        let name = self.rest()[..length].to_owned();
        if self.dialect == Dialect::Bash && name.is_empty() {
            return Err(self.unexpected(None));
        }
        // Bash finds out when it is executed.
        if !is_name(&name) && self.dialect != Dialect::Bash {
            let (line, is_incomplete) = (self.line, self.at_end());
            return Err(SyntaxError { problem: Problem::BadForVariable, line, is_incomplete });
        }
        self.at += length;
        self.skip_lines()?;
        let mut words = None;
        if self.eat_word("in") {
            words = Some(self.words()?);
            if !self.eat(";") && self.peek() != Some(b'\n') {
                return Err(self.unexpected(None));
            }
        } else {
            self.eat(";");
        }
        let body = self.do_group()?;
        Ok(match is_select {
            true => Kind::Select { name, words, body },
            false => Kind::For { name, words, body },
        })
    }

    /// Parses what follows `coproc`; a name only stands before a compound command.
    fn coprocess(&mut self) -> Result<Kind> {
        self.skip_blanks();
        let (start, line) = (self.at, self.line);
        let length = self.rest().bytes().take_while(|byte| !b" \t\n;&|()<>".contains(byte)).count();
        let name = self.rest()[..length].to_owned();
        if is_name(&name) && !super::RESERVED.contains(&name.as_str()) {
            self.at += length;
            self.skip_blanks();
            let begins = ["{", "(", "if ", "while ", "until ", "for ", "case ", "[[ "];
            if begins.iter().any(|word| self.starts_with(word)) {
                return Ok(Kind::Coprocess { name, command: Box::new(self.command()?) });
            }
            (self.at, self.line) = (start, line);
        }
        Ok(Kind::Coprocess { name: "COPROC".into(), command: Box::new(self.command()?) })
    }

    fn words(&mut self) -> Result<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            match self.word()? {
                Some(word) => words.push(word),
                None => return Ok(words),
            }
        }
    }

    fn count_command(&mut self) -> Result<Kind> {
        let first = self.parts(Mode::Arithmetic)?;
        let mut parts = vec![first];
        while parts.len() < 3 {
            if !self.eat(";") {
                return Err(self.unexpected(None));
            }
            parts.push(self.parts(Mode::Arithmetic)?);
        }
        if !self.eat("))") {
            return Err(self.unexpected(None));
        }
        self.skip_blanks();
        self.eat(";");
        self.skip_lines()?;
        let (step, condition, first) = (parts.pop(), parts.pop(), parts.pop());
        let body = if self.eat("{") {
            let body = self.full_list()?;
            self.expect_word("}")?;
            body
        } else {
            self.do_group()?
        };
        let part = Option::unwrap_or_default;
        Ok(Kind::Count { first: part(first), condition: part(condition), step: part(step), body })
    }

    fn case_command(&mut self) -> Result<Kind> {
        self.skip_blanks();
        let Some(subject) = self.word()? else { return Err(self.unexpected(None)) };
        self.expect_word("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines()?;
            if self.eat_word("esac") {
                return Ok(Kind::Case { subject, arms });
            }
            if self.at_end() {
                return Err(self.unexpected(Some(")")));
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                let Some(pattern) = self.word()? else { return Err(self.unexpected(None)) };
                patterns.push(pattern);
                self.skip_blanks();
                if !self.eat("|") {
                    break;
                }
            }
            if self.at_end() {
                return Err(self.missing_word(Some(")")));
            }
            self.expect_paren()?;
            let body = self.list()?;
            let end = self.arm_end();
            arms.push(Arm { patterns, body, end: end.unwrap_or(ArmEnd::Leave) });
            if end.is_none() {
                self.skip_lines()?;
                if !self.eat_word("esac") {
                    return Err(self.unexpected(Some(";;")));
                }
                return Ok(Kind::Case { subject, arms });
            }
        }
    }

    fn arm_end(&mut self) -> Option<ArmEnd> {
        if self.dialect == Dialect::Bash && self.eat(";;&") {
            Some(ArmEnd::TestNext)
        } else if self.eat(";;") {
            Some(ArmEnd::Leave)
        } else {
            (self.dialect.is_extended() && self.eat(";&")).then_some(ArmEnd::FallThrough)
        }
    }

    fn function_command(&mut self) -> Result<Kind> {
        self.skip_blanks();
        let length = self.rest().bytes().take_while(|byte| !b" \t\n;&|()<>".contains(byte)).count();
        let name = self.rest()[..length].to_owned();
        self.at += length;
        self.skip_blanks();
        if self.eat("(") {
            self.skip_blanks();
            self.expect_paren()?;
        }
        let Command { kind, .. } = self.function_body(name, self.line)?;
        Ok(kind)
    }

    /// Parses `((...))` as a command; `None`, and nothing taken, if it is a subshell in a subshell.
    fn arithmetic_command(&mut self) -> Result<Option<Word>> {
        let (start, line) = (self.at, self.line);
        self.at += 2;
        let text = self.parts(Mode::Arithmetic);
        match text {
            Ok(text) if self.eat("))") => Ok(Some(text)),
            _ => {
                (self.at, self.line) = (start, line);
                Ok(None)
            }
        }
    }
}
