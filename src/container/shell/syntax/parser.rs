//! Lists, pipelines and simple commands.

use super::ast::{Command, Item, Kind, List, Pipeline, Redirect, Word};
use super::error::{Problem, SyntaxError};
use super::redirect::HereDocument;
use super::{Dialect, is_name};

/// Most levels of nested commands and expansions.
const MAX_DEPTH: u32 = 60;

/// Reserved words that cannot begin a command.
const CLOSING: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];
/// All reserved words.
pub(crate) const RESERVED: &[&str] =
    &["!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while"];

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;

/// A complete command.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Its list; `None` at the end of the text.
    pub(crate) list: Option<List>,
    /// Texts of its here-documents.
    pub(crate) documents: Vec<Word>,
    /// Where the next one begins.
    pub(crate) next: usize,
    /// The line there.
    pub(crate) next_line: u32,
    /// Line in which a here-document begins that the end of the text ends, and its delimiter.
    pub(crate) open_document: Option<(u32, String)>,
    /// The text ends in a line that goes on in the next.
    pub(crate) is_continued: bool,
}

/// Parses the complete command at a byte position of a text, which lies in a line. `has_extglob` allows bash's patterns
/// `@(a|b)` in all words.
///
/// # Errors
/// A syntax error.
pub(crate) fn parse(text: &str, at: usize, line: u32, dialect: Dialect, has_extglob: bool) -> Result<Parsed> {
    let mut parser = Parser { has_extglob, ..Parser::new(text, at, line, dialect) };
    let list = parser.next_command()?;
    let Parser { at: next, line: next_line, bodies: documents, open_document, is_continued, .. } = parser;
    Ok(Parsed { list, documents, next, next_line, open_document, is_continued })
}

/// A position in a text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) line: u32,
    pub(super) dialect: Dialect,
    pub(super) depth: u32,
    /// Here-documents whose text begins at the next line.
    pub(super) documents: Vec<HereDocument>,
    /// Texts of here-documents in the order of their operators.
    pub(super) bodies: Vec<Word>,
    pub(super) open_document: Option<(u32, String)>,
    /// Words may have patterns such as `@(a|b)`.
    pub(super) has_extglob: bool,
    pub(super) is_continued: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, at: usize, line: u32, dialect: Dialect) -> Parser<'a> {
        let (documents, bodies) = (Vec::new(), Vec::new());
        let (open_document, has_extglob, is_continued) = (None, false, false);
        Parser { text, at, line, dialect, depth: 0, documents, bodies, open_document, has_extglob, is_continued }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(prefix.as_bytes())
    }

    pub(super) fn eat(&mut self, prefix: &str) -> bool {
        let found = self.starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Takes one character and counts lines.
    pub(super) fn take(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        self.line += u32::from(c == '\n');
        Some(c)
    }

    /// Skips blanks, line continuations and a comment.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.starts_with("\\\n") => {
                    self.at += 2;
                    self.line += 1;
                    self.is_continued |= self.at_end();
                }
                Some(b'#') => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and line ends; here-documents are read at the line ends.
    pub(super) fn skip_lines(&mut self) -> Result<()> {
        self.skip_blanks();
        while self.peek() == Some(b'\n') {
            self.line_end()?;
            self.skip_blanks();
        }
        Ok(())
    }

    fn line_end(&mut self) -> Result<()> {
        self.at += 1;
        self.line += 1;
        self.read_documents()
    }

    /// Runs a parser one level deeper.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError { problem: Problem::TooDeep, line: self.line, is_incomplete: false });
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Parses the next complete command; `None` at the end of the text.
    pub(super) fn next_command(&mut self) -> Result<Option<List>> {
        self.skip_lines()?;
        if self.at_end() { Ok(None) } else { self.complete_command().map(Some) }
    }

    /// Parses up to the line end, or what ends a command there.
    fn complete_command(&mut self) -> Result<List> {
        let mut list = List::new();
        loop {
            list.push(self.item()?);
            self.skip_blanks();
            match self.peek() {
                None => {
                    self.read_documents()?;
                    return Ok(list);
                }
                Some(b'\n') => {
                    self.line_end()?;
                    return Ok(list);
                }
                _ if self.is_after_separator() => {}
                _ => return Err(self.unexpected(None)),
            }
        }
    }

    /// Reports whether the last token was `;` or `&`.
    fn is_after_separator(&self) -> bool {
        self.text[..self.at].trim_end_matches([' ', '\t']).ends_with([';', '&'])
    }

    /// Parses commands until one of the closing words or characters, which is left.
    pub(super) fn list(&mut self) -> Result<List> {
        self.nested(|parser| {
            let mut list = List::new();
            loop {
                parser.skip_lines()?;
                if parser.at_end() || parser.at_closing() {
                    return Ok(list);
                }
                list.push(parser.item()?);
                parser.skip_blanks();
                match parser.peek() {
                    Some(b'\n') | None => {}
                    _ if parser.at_closing() || parser.is_after_separator() => {}
                    _ => return Err(parser.unexpected(None)),
                }
            }
        })
    }

    /// Parses commands until a closing word, at least one.
    pub(super) fn full_list(&mut self) -> Result<List> {
        let list = self.list()?;
        // At the end of the text, the error is that the closing word is missing.
        if list.is_empty() && !self.at_end() { Err(self.unexpected(None)) } else { Ok(list) }
    }

    fn at_closing(&self) -> bool {
        self.starts_with(")")
            || self.starts_with(";;")
            || self.starts_with(";&") && self.dialect.is_extended()
            || CLOSING.iter().any(|word| self.at_word(word))
    }

    /// Reports whether a reserved word stands at the present position.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.starts_with(word)
            && self.text.as_bytes().get(self.at + word.len()).is_none_or(|byte| b" \t\n;&|()<>".contains(byte))
    }

    /// Takes a reserved word, if it is there.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Takes a reserved word after line ends.
    pub(super) fn expect_word(&mut self, word: &'static str) -> Result<()> {
        self.skip_lines()?;
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected(Some(word))) }
    }

    fn item(&mut self) -> Result<Item> {
        self.skip_blanks();
        let start = self.at;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let is_and = self.eat("&&");
            if !is_and && !self.eat("||") {
                break;
            }
            self.skip_lines()?;
            rest.push((is_and, self.pipeline()?));
        }
        let is_background = self.peek() == Some(b'&');
        let background = is_background.then(|| self.text[start..self.at].trim().to_owned());
        if is_background || self.peek() == Some(b';') && !self.starts_with(";;") && !self.starts_with(";&") {
            self.at += 1;
        }
        Ok(Item { first, rest, background })
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let mut is_negated = false;
        let timed = self.timed();
        while self.eat_word("!") {
            is_negated = !is_negated;
            self.skip_blanks();
        }
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.starts_with("||") || self.peek() != Some(b'|') {
                return Ok(Pipeline { is_negated, timed, commands });
            }
            self.at += 1;
            if self.dialect == Dialect::Bash && self.eat("&") {
                let last = commands.last_mut().unwrap_or_else(|| unreachable!("a pipeline has a command"));
                last.redirects.push(Redirect::both_to_pipe());
            }
            self.skip_lines()?;
            commands.push(self.command()?);
        }
    }

    pub(super) fn command(&mut self) -> Result<Command> {
        self.skip_blanks();
        let line = self.line;
        match self.nested(Parser::compound)? {
            Some(kind) => {
                let mut redirects = Vec::new();
                loop {
                    self.skip_blanks();
                    match self.redirect()? {
                        Some(redirect) => redirects.push(redirect),
                        None => return Ok(Command { kind, redirects, line }),
                    }
                }
            }
            None => self.simple(line),
        }
    }

    fn simple(&mut self, line: u32) -> Result<Command> {
        if CLOSING.iter().any(|word| self.at_word(word)) {
            return Err(self.unexpected(None));
        }
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        let mut takes_arrays = false;
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                assignments.push(assignment);
                continue;
            }
            if takes_arrays && let Some(assignment) = self.array_argument()? {
                assignments.push(assignment);
                continue;
            }
            let start = self.at;
            let Some(word) = self.word()? else { break };
            let text = &self.text[start..self.at];
            words.push(word);
            if words.len() == 1 {
                takes_arrays = self.dialect == Dialect::Bash
                    && ["declare", "typeset", "local", "readonly", "export"].contains(&text);
                self.skip_blanks();
                let is_alone = assignments.is_empty() && redirects.is_empty();
                if is_alone && self.peek() == Some(b'(') {
                    return self.function(text, line);
                }
            }
        }
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(self.unexpected(None));
        }
        Ok(Command { kind: Kind::Simple { assignments, words }, redirects, line })
    }

    fn function(&mut self, name: &str, line: u32) -> Result<Command> {
        self.at += 1;
        self.skip_blanks();
        if !self.eat(")") {
            let expected = if self.dialect == Dialect::Bash { None } else { Some(")") };
            return Err(self.unexpected(expected));
        }
        let is_fit = if self.dialect == Dialect::Bash { !name.contains(['$', '\'', '"']) } else { is_name(name) };
        if !is_fit {
            return Err(SyntaxError { problem: Problem::BadFunctionName, line, is_incomplete: false });
        }
        self.function_body(name.to_owned(), line)
    }

    pub(super) fn function_body(&mut self, name: String, line: u32) -> Result<Command> {
        self.skip_lines()?;
        if self.at_end() {
            return Err(self.unexpected(None));
        }
        let body = self.nested(Parser::command)?;
        Ok(Command { kind: Kind::Function { name, body: Box::new(body) }, redirects: Vec::new(), line })
    }
}
