//! Expansions: parameters, commands and arithmetic.

use super::ast::{Action, Index, Parameter, Part, Word};
use super::parser::{Parser, Result};
use super::word::{Mode, push};
use super::{Dialect, is_name};

impl Parser<'_> {
    /// Parses what begins with a dollar sign.
    pub(super) fn dollar(&mut self, mode: Mode, parts: &mut Word) -> Result<()> {
        let is_quoted = mode.is_quoted();
        self.at += 1;
        let was_arithmetic = self.starts_with("((");
        if was_arithmetic && self.arithmetic(is_quoted, parts)? {
            return Ok(());
        }
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                let line = self.line;
                let body = self.list().map_err(|error| self.in_substitution(error, was_arithmetic))?;
                if self.at_end() && self.dialect == Dialect::Bash {
                    return Err(self.unterminated(")", self.line.max(line) + u32::from(!was_arithmetic)));
                }
                self.expect_paren()?;
                parts.push(Part::Command { body, is_quoted });
            }
            Some(b'{') => {
                self.at += 1;
                let part = self.nested(|parser| parser.braces(is_quoted))?;
                parts.push(part);
            }
            Some(b'\'') if !is_quoted && self.dialect.is_extended() => {
                self.at += 1;
                self.ansi_quotes(parts)?;
            }
            // The translation of `$"..."` is the text itself.
            Some(b'"') if !is_quoted && self.dialect == Dialect::Bash => {}
            _ => match self.parameter_name(false) {
                Some(name) => parts.push(value(name, is_quoted)),
                None => push(parts, '$', is_quoted),
            },
        }
        Ok(())
    }

    fn in_substitution(&self, error: super::SyntaxError, was_arithmetic: bool) -> super::SyntaxError {
        if !error.is_incomplete || self.dialect != Dialect::Bash {
            return error;
        }
        self.unterminated(")", error.line + u32::from(!was_arithmetic))
    }

    pub(super) fn expect_paren(&mut self) -> Result<()> {
        if self.eat(")") { Ok(()) } else { Err(self.unexpected(Some(")"))) }
    }

    /// Takes the name of a parameter, in braces also a number with several digits.
    fn parameter_name(&mut self, in_braces: bool) -> Option<String> {
        let bytes = self.rest().as_bytes();
        let first = *bytes.first()?;
        let length = match first {
            b'0'..=b'9' if in_braces => bytes.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
            }
            _ => return None,
        };
        let name = self.rest()[..length].to_owned();
        self.at += length;
        Some(name)
    }

    /// Parses `((...))`; false, and nothing taken, if it is a command in parentheses after all.
    fn arithmetic(&mut self, is_quoted: bool, parts: &mut Word) -> Result<bool> {
        let (start, line) = (self.at, self.line);
        self.at += 2;
        let mut text = Word::new();
        let is_arithmetic = self.nested(|parser| {
            loop {
                text.extend(parser.parts(Mode::Arithmetic)?);
                // A semicolon ends no expression.
                if !parser.eat(";") {
                    return Ok(parser.eat("))"));
                }
                push(&mut text, ';', true);
            }
        });
        match is_arithmetic {
            Ok(true) => {
                parts.push(Part::Arithmetic { text, is_quoted });
                Ok(true)
            }
            Ok(false) if self.dialect != Dialect::Bash => Err(self.unterminated("))", self.line)),
            result => {
                (self.at, self.line) = (start, line);
                result
            }
        }
    }

    /// Parses a parameter expansion after its opening brace.
    fn braces(&mut self, is_quoted: bool) -> Result<Part> {
        let (start, line) = (self.at, self.line);
        if let Some(part) = self.expansion(is_quoted)? {
            return Ok(part);
        }
        // It means nothing: skip it, and let its expansion fail.
        (self.at, self.line) = (start, line);
        let _ = self.parts(if is_quoted { Mode::QuotedBrace } else { Mode::Brace })?;
        let text = format!("${{{}}}", &self.text[start..self.at]);
        if self.eat("}") { Ok(Part::Bad(text)) } else { Err(self.missing_brace(line)) }
    }

    fn missing_brace(&self, line: u32) -> super::SyntaxError {
        self.unterminated("}", line)
    }

    /// Parses a parameter with its action and the closing brace; `None` if it means nothing.
    fn expansion(&mut self, is_quoted: bool) -> Result<Option<Part>> {
        let line = self.line;
        let is_length = self.peek() == Some(b'#') && !self.is_parameter_hash();
        if is_length {
            self.at += 1;
        }
        let has_mark = self.dialect == Dialect::Bash && self.peek() == Some(b'!');
        let is_indirect = has_mark && self.text.as_bytes().get(self.at + 1).is_some_and(|b| b.is_ascii_alphanumeric());
        if is_indirect {
            self.at += 1;
        }
        let Some(name) = self.parameter_name(true) else { return Ok(None) };
        let index = if self.dialect == Dialect::Bash && is_name(&name) { self.index()? } else { None };
        let mut parameter = Parameter { name, index, is_indirect };
        let action = if is_length {
            if self.peek() == Some(b'}') { Some(Action::Length) } else { None }
        } else if is_indirect && self.is_keys(&parameter) {
            parameter.is_indirect = false;
            if parameter.index.is_none() {
                self.at += 1;
                Some(Action::Names)
            } else {
                Some(Action::Keys)
            }
        } else {
            self.action(is_quoted)?
        };
        let Some(action) = action else { return Ok(None) };
        if self.eat("}") {
            return Ok(Some(Part::Parameter { parameter, action, is_quoted }));
        }
        if self.at_end() { Err(self.missing_brace(line)) } else { Ok(None) }
    }

    fn is_keys(&self, parameter: &Parameter) -> bool {
        match parameter.index {
            Some(Index::All(_)) => self.peek() == Some(b'}'),
            Some(Index::At(_)) => false,
            None => self.starts_with("*}") || self.starts_with("@}"),
        }
    }

    /// Reports whether `#` is the parameter and not the length of another one.
    fn is_parameter_hash(&self) -> bool {
        let bytes = self.rest().as_bytes();
        match bytes.get(1) {
            Some(b'}') | None => true,
            Some(b':' | b'=' | b'+' | b'%' | b'/') => true,
            // `${#-}`, `${#?}` and `${##}` are lengths, `${#-word}` is not.
            Some(b'-' | b'?' | b'#') => bytes.get(2) != Some(&b'}'),
            Some(_) => false,
        }
    }

    fn index(&mut self) -> Result<Option<Index>> {
        for (text, is_star) in [("[@]", false), ("[*]", true)] {
            if self.eat(text) {
                return Ok(Some(Index::All(is_star)));
            }
        }
        if self.peek() == Some(b'[') { Ok(self.bracket()?.map(Index::At)) } else { Ok(None) }
    }

    fn action(&mut self, is_quoted: bool) -> Result<Option<Action>> {
        let mode = if is_quoted { Mode::QuotedBrace } else { Mode::Brace };
        let is_extended = self.dialect.is_extended();
        let is_bash = self.dialect == Dialect::Bash;
        let tests_empty = self.eat(":");
        Ok(Some(match self.peek() {
            Some(b'}') if !tests_empty => Action::Value,
            Some(operator @ (b'-' | b'=' | b'?' | b'+')) => {
                self.at += 1;
                Action::Default { operator, tests_empty, word: self.parts(mode)? }
            }
            _ if tests_empty => {
                if !is_extended {
                    return Ok(None);
                }
                let offset = self.parts(Mode::Until(b':'))?;
                let length = if self.eat(":") { Some(self.parts(Mode::Brace)?) } else { None };
                Action::Slice { offset, length }
            }
            Some(operator @ (b'#' | b'%')) => {
                self.at += 1;
                let is_longest = self.eat(if operator == b'#' { "#" } else { "%" });
                Action::Trim { is_suffix: operator == b'%', is_longest, pattern: self.parts(Mode::Brace)? }
            }
            Some(b'/') if is_extended => {
                self.at += 1;
                let kind = match self.peek() {
                    Some(kind @ b'/') => kind,
                    Some(kind @ (b'#' | b'%')) if is_bash => kind,
                    _ => 0,
                };
                self.at += usize::from(kind != 0);
                let pattern = self.parts(Mode::Until(b'/'))?;
                let replacement = if self.eat("/") { self.parts(mode)? } else { Word::new() };
                Action::Replace { kind, pattern, replacement }
            }
            Some(operator @ (b'^' | b',')) if is_bash => {
                self.at += 1;
                let is_all = self.eat(if operator == b'^' { "^" } else { "," });
                Action::Case { is_upper: operator == b'^', is_all, pattern: self.parts(Mode::Brace)? }
            }
            Some(b'@') if is_bash => {
                self.at += 1;
                match self.peek() {
                    Some(operator @ (b'Q' | b'U' | b'u' | b'L' | b'E' | b'a')) => {
                        self.at += 1;
                        Action::Transform(operator)
                    }
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        }))
    }

    /// Parses a command between backquotes: the text without one level of backslashes.
    pub(super) fn backquotes(&mut self, mode: Mode, parts: &mut Word) -> Result<()> {
        let line = self.line;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.take() {
                None => {
                    return Err(self.unterminated("`", if self.dialect == Dialect::Bash { line } else { self.line }));
                }
                Some('`') => break,
                Some('\\') => match self.peek() {
                    Some(byte) if b"$`\\".contains(&byte) || byte == b'"' && mode == Mode::Double => {
                        text.extend(self.take());
                    }
                    _ => text.push('\\'),
                },
                Some(c) => text.push(c),
            }
        }
        let body = self.nested(|outer| {
            let bodies = std::mem::take(&mut outer.bodies);
            let mut inner = Parser {
                depth: outer.depth,
                bodies,
                has_extglob: outer.has_extglob,
                ..Parser::new(&text, 0, line, outer.dialect)
            };
            let mut body = Vec::new();
            while let Some(list) = inner.next_command()? {
                body.extend(list);
            }
            outer.bodies = inner.bodies;
            Ok(body)
        })?;
        parts.push(Part::Command { body, is_quoted: mode.is_quoted() });
        Ok(())
    }
}

fn value(name: String, is_quoted: bool) -> Part {
    Part::Parameter { parameter: Parameter { name, index: None, is_indirect: false }, action: Action::Value, is_quoted }
}
