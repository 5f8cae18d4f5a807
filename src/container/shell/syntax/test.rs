//! The expressions of `[[ ... ]]`.

use super::ast::{Test, Word};
use super::parser::{Parser, Result};
use super::word::Mode;

const BINARY: &[&str] =
    &["==", "=~", "=", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];

impl Parser<'_> {
    /// Parses an expression and the closing `]]`.
    pub(super) fn test_command(&mut self) -> Result<Test> {
        let test = self.test_or()?;
        self.skip_lines()?;
        if self.eat_word("]]") { Ok(test) } else { Err(self.unexpected(None)) }
    }

    fn test_or(&mut self) -> Result<Test> {
        let mut test = self.test_and()?;
        self.skip_lines()?;
        while self.eat("||") {
            test = Test::Or(Box::new(test), Box::new(self.test_and()?));
            self.skip_lines()?;
        }
        Ok(test)
    }

    fn test_and(&mut self) -> Result<Test> {
        let mut test = self.test_primary()?;
        self.skip_lines()?;
        while self.eat("&&") {
            test = Test::And(Box::new(test), Box::new(self.test_primary()?));
            self.skip_lines()?;
        }
        Ok(test)
    }

    fn test_primary(&mut self) -> Result<Test> {
        self.skip_lines()?;
        if self.eat_word("!") {
            return self.nested(|parser| Ok(Test::Not(Box::new(parser.test_primary()?))));
        }
        if self.eat("(") {
            let test = self.nested(Parser::test_or)?;
            self.skip_lines()?;
            self.expect_paren()?;
            return Ok(test);
        }
        let rest = self.rest().as_bytes();
        let is_unary =
            rest.len() > 2 && rest[0] == b'-' && rest[1].is_ascii_alphabetic() && rest[2].is_ascii_whitespace();
        if is_unary {
            let operator = self.rest()[..2].to_owned();
            self.at += 2;
            self.skip_lines()?;
            return Ok(Test::Unary(operator, self.test_word()?));
        }
        let left = self.test_word()?;
        self.skip_blanks();
        let found = BINARY.iter().find(|operator| {
            self.starts_with(operator) && self.rest().as_bytes().get(operator.len()).is_none_or(u8::is_ascii_whitespace)
        });
        let Some(operator) = found else { return Ok(Test::Unary("-n".into(), left)) };
        self.at += operator.len();
        self.skip_blanks();
        // Here patterns have these forms whatever the options are.
        let had_extglob = std::mem::replace(&mut self.has_extglob, true);
        let right = if *operator == "=~" { self.parts(Mode::Regex) } else { self.test_word() };
        self.has_extglob = had_extglob;
        let right = right?;
        Ok(Test::Binary((*operator).to_owned(), left, right))
    }

    fn test_word(&mut self) -> Result<Word> {
        if self.at_word("]]") {
            return Err(self.unexpected(None));
        }
        match self.word()? {
            Some(word) => Ok(word),
            None => Err(self.unexpected(None)),
        }
    }
}
