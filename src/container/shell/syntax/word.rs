//! Words: quoting, and the texts in which expansions stand.

use super::ast::{Part, Word};
use super::parser::{Parser, Result};
use super::{Dialect, is_name};

/// Where a text with expansions ends, and how quotes act in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A word: at a blank or an operator.
    Word,
    /// The value of an assignment: like a word, with tildes after colons.
    Assigned,
    /// Between double quotes.
    Double,
    /// `${x-...}`: at the brace.
    Brace,
    /// `"${x-...}"`: at the brace; single quotes are ordinary.
    QuotedBrace,
    /// A part of `${x/p/r}` or `${x:o:l}`: also at a slash or colon.
    Until(u8),
    /// `$((...))`: at `))`; quotes are ordinary.
    Arithmetic,
    /// `a[...]`: at the bracket.
    Bracket,
    /// `@(...)`: at the parenthesis.
    Group,
    /// A pattern after `=~`: at a blank.
    Regex,
    /// A here-document: at the end of the text.
    Document,
}

impl Mode {
    pub(super) fn is_quoted(self) -> bool {
        matches!(self, Mode::Double | Mode::QuotedBrace | Mode::Arithmetic | Mode::Document)
    }
}

impl Parser<'_> {
    /// Parses a word; `None` if none begins here.
    pub(super) fn word(&mut self) -> Result<Option<Word>> {
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')') => Ok(None),
            Some(b'<' | b'>') if !self.at_process() => Ok(None),
            Some(_) => self.parts(Mode::Word).map(Some),
        }
    }

    /// Parses the value of an assignment, which may be empty.
    pub(super) fn assigned_word(&mut self) -> Result<Word> {
        self.parts(Mode::Assigned)
    }

    /// Parses `[...]`; `None`, and nothing taken, if it has no end.
    pub(super) fn bracket(&mut self) -> Result<Option<Word>> {
        let (start, line) = (self.at, self.line);
        self.at += 1;
        let word = self.parts(Mode::Bracket)?;
        if self.eat("]") {
            return Ok(Some(word));
        }
        (self.at, self.line) = (start, line);
        Ok(None)
    }

    /// Parses text with its expansions up to the end that the mode says, which is left.
    pub(super) fn parts(&mut self, mode: Mode) -> Result<Word> {
        let mut parts = Word::new();
        if matches!(mode, Mode::Word | Mode::Assigned | Mode::Brace) {
            self.tilde(mode, &mut parts);
        }
        let mut parens = 0;
        let is_bash = self.dialect == Dialect::Bash;
        while let Some(byte) = self.peek() {
            if self.ends(mode, byte, parens) {
                break;
            }
            match byte {
                b'\\' => self.backslash(mode, &mut parts),
                b'\'' if !mode.is_quoted() => self.single_quotes(&mut parts)?,
                b'"' if !matches!(mode, Mode::Arithmetic | Mode::Document) => self.double_quotes(&mut parts)?,
                // Bash and ash drop double quotes in an expression.
                b'"' if mode == Mode::Arithmetic => self.at += 1,
                b'$' => self.dollar(mode, &mut parts)?,
                b'`' => self.backquotes(mode, &mut parts)?,
                b'<' | b'>' if mode == Mode::Word && self.at_process() => self.process(&mut parts)?,
                _ if self.at_group(mode) => self.group(&mut parts)?,
                _ => {
                    match byte {
                        b'(' => parens += 1,
                        b')' => parens -= 1,
                        _ => {}
                    }
                    let c = self.take().unwrap_or_default();
                    push(&mut parts, c, mode.is_quoted());
                    let is_assignment = mode == Mode::Word && c == '=' && is_bash && is_assigned(&parts);
                    if mode == Mode::Assigned && c == ':' || is_assignment {
                        self.tilde(mode, &mut parts);
                    }
                }
            }
        }
        Ok(parts)
    }

    fn ends(&self, mode: Mode, byte: u8, parens: i32) -> bool {
        match mode {
            Mode::Word | Mode::Assigned => match byte {
                b'<' | b'>' => !self.at_process(),
                _ => b" \t\n;&|()".contains(&byte),
            },
            Mode::Double => byte == b'"',
            Mode::Brace | Mode::QuotedBrace => byte == b'}',
            Mode::Until(end) => byte == b'}' || byte == end && parens <= 0,
            Mode::Arithmetic => parens <= 0 && b");".contains(&byte),
            Mode::Bracket => byte == b']' || byte == b'\n',
            Mode::Group => parens <= 0 && byte == b')',
            Mode::Regex => parens <= 0 && b" \t\n)".contains(&byte),
            Mode::Document => false,
        }
    }

    fn tilde(&mut self, mode: Mode, parts: &mut Word) {
        if self.peek() != Some(b'~') {
            return;
        }
        let rest = &self.rest()[1..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte)).count();
        let end = rest.as_bytes().get(length);
        let is_end = match mode {
            Mode::Word => end.is_none_or(|byte| b"/ \t\n;&|()<>".contains(byte)),
            Mode::Brace => end.is_none_or(|byte| b"/}".contains(byte)),
            _ => end.is_none_or(|byte| b"/: \t\n;&|()<>".contains(byte)),
        };
        if is_end {
            parts.push(Part::Tilde(rest[..length].to_owned()));
            self.at += 1 + length;
        }
    }

    fn backslash(&mut self, mode: Mode, parts: &mut Word) {
        self.at += 1;
        let next = self.peek();
        let escapes = match mode {
            Mode::Double => next.is_some_and(|byte| b"$`\"\\\n".contains(&byte)),
            Mode::QuotedBrace => next.is_some_and(|byte| b"$`\"\\\n}".contains(&byte)),
            Mode::Arithmetic | Mode::Document => next.is_some_and(|byte| b"$`\\\n".contains(&byte)),
            _ => next.is_some(),
        };
        if !escapes {
            push(parts, '\\', mode.is_quoted());
            return;
        }
        match self.take() {
            Some('\n') => self.is_continued |= self.at_end(),
            Some(c) => push(parts, c, true),
            None => {}
        }
    }

    fn single_quotes(&mut self, parts: &mut Word) -> Result<()> {
        let line = self.line;
        self.at += 1;
        let Some(length) = self.rest().find('\'') else {
            let last = self.end_line();
            return Err(self.unterminated("'", if self.dialect == Dialect::Bash { line } else { last }));
        };
        let text = &self.rest()[..length];
        self.at += length + 1;
        self.line += text.bytes().filter(|byte| *byte == b'\n').count() as u32;
        parts.push(Part::Text { text: text.to_owned(), is_quoted: true });
        Ok(())
    }

    /// Returns the last line of the text.
    pub(super) fn end_line(&self) -> u32 {
        self.line + self.rest().bytes().filter(|byte| *byte == b'\n').count() as u32
    }

    fn double_quotes(&mut self, parts: &mut Word) -> Result<()> {
        let line = self.line;
        self.at += 1;
        // It makes a word even when there is nothing in it.
        parts.push(Part::Text { text: String::new(), is_quoted: true });
        let inner = self.nested(|parser| parser.parts(Mode::Double))?;
        if !self.eat("\"") {
            let last = if self.dialect == Dialect::Bash { line } else { self.line };
            return Err(self.unterminated("\"", last));
        }
        // `"$@"` without parameters is no word, although it is quoted.
        let is_only_expansion = !inner.is_empty() && !inner.iter().any(|part| matches!(part, Part::Text { .. }));
        if is_only_expansion {
            parts.pop();
        }
        parts.extend(inner);
        Ok(())
    }

    /// Parses `$'...'`.
    pub(super) fn ansi_quotes(&mut self, parts: &mut Word) -> Result<()> {
        let line = self.line;
        let mut text = Vec::new();
        loop {
            match self.take() {
                None => return Err(self.unterminated("'", line)),
                Some('\'') => break,
                Some('\\') => self.ansi_escape(&mut text),
                Some(c) => text.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        parts.push(Part::Text { text: String::from_utf8_lossy(&text).into_owned(), is_quoted: true });
        Ok(())
    }

    fn ansi_escape(&mut self, out: &mut Vec<u8>) {
        let Some(c) = self.take() else { return };
        let number = |parser: &mut Self, radix: u32, most: usize| {
            let digits = parser.rest().chars().take(most).take_while(|c| c.is_digit(radix)).count();
            let value = u32::from_str_radix(&parser.rest()[..digits], radix).ok();
            parser.at += digits;
            value
        };
        match c {
            'a' => out.push(7),
            'b' => out.push(8),
            'e' | 'E' => out.push(27),
            'f' => out.push(12),
            'n' => out.push(10),
            'r' => out.push(13),
            't' => out.push(9),
            'v' => out.push(11),
            'x' => match number(self, 16, 2) {
                Some(value) => out.push(value.to_le_bytes()[0]),
                None => out.extend(b"\\x"),
            },
            'u' | 'U' => match number(self, 16, if c == 'u' { 4 } else { 8 }).and_then(char::from_u32) {
                Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                None => out.extend([b'\\', if c == 'u' { b'u' } else { b'U' }]),
            },
            '0'..='7' => {
                self.at -= 1;
                let value = number(self, 8, 3).unwrap_or_default();
                out.push(value.to_le_bytes()[0]);
            }
            '\\' | '\'' | '"' | '?' => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            _ => {
                out.push(b'\\');
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            }
        }
    }

    /// Reports whether `<(` or `>(` stands here and is a process substitution.
    pub(super) fn at_process(&self) -> bool {
        self.dialect.is_extended() && (self.starts_with("<(") || self.starts_with(">("))
    }

    /// Reports whether a pattern such as `@(a|b)` begins here.
    fn at_group(&self, mode: Mode) -> bool {
        let bytes = &self.text.as_bytes()[self.at..];
        self.has_extglob
            && matches!(mode, Mode::Word | Mode::Assigned | Mode::Group)
            && matches!(bytes, [b'?' | b'*' | b'+' | b'@' | b'!', b'(', ..])
    }

    fn group(&mut self, parts: &mut Word) -> Result<()> {
        let line = self.line;
        for _ in 0..2 {
            push(parts, self.take().unwrap_or_default(), false);
        }
        let inner = self.nested(|parser| parser.parts(Mode::Group))?;
        if !self.eat(")") {
            return Err(self.unterminated(")", line));
        }
        parts.extend(inner);
        push(parts, ')', false);
        Ok(())
    }

    fn process(&mut self, parts: &mut Word) -> Result<()> {
        let is_output = self.peek() == Some(b'>');
        self.at += 2;
        let body = self.list()?;
        self.expect_paren()?;
        parts.push(Part::Process { body, is_output });
        Ok(())
    }
}

/// Reports whether the parts are a name with `=`, behind which bash expands a tilde.
fn is_assigned(parts: &Word) -> bool {
    matches!(parts.as_slice(), [Part::Text { text, is_quoted: false }] if is_name(text.trim_end_matches('=')))
}

/// Adds a character to the last part or a new one.
pub(super) fn push(parts: &mut Word, c: char, is_quoted: bool) {
    match parts.last_mut() {
        Some(Part::Text { text, is_quoted: last }) if *last == is_quoted => text.push(c),
        _ => parts.push(Part::Text { text: c.into(), is_quoted }),
    }
}
