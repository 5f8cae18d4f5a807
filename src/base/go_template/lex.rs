//! The lexer (Go, `text/template/parse/lex.go`).

/// The type of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    LeftDelim,
    RightDelim,
    Space,
    Identifier,
    Keyword,
    Field,
    Variable,
    Dot,
    Nil,
    Bool,
    Char,
    Number,
    String,
    RawString,
    Pipe,
    LeftParen,
    RightParen,
    Declare,
    Assign,
    Comma,
    /// Another ASCII character, which no action accepts.
    Sign,
    Error,
    End,
}

/// A token with its offset in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) at: usize,
}

impl Token {
    /// Formats the token for error messages.
    pub(super) fn shown(&self) -> String {
        match self.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Error => self.text.clone(),
            Kind::Keyword | Kind::Dot | Kind::Nil => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let start: String = self.text.chars().take(10).collect();
                format!("{}...", crate::go::quote(&start))
            }
            _ => crate::go::quote(&self.text),
        }
    }
}

const KEYWORDS: &[&str] = &["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

/// Returns the tokens of a template; the last one is an end or an error.
pub(super) fn lex(template: &str) -> Vec<Token> {
    let mut lexer = Lexer { input: template, at: 0, tokens: Vec::new(), parens: 0 };
    if let Err(problem) = lexer.run() {
        lexer.push(Kind::Error, problem, lexer.at);
    }
    lexer.tokens
}

struct Lexer<'t> {
    input: &'t str,
    at: usize,
    tokens: Vec<Token>,
    parens: usize,
}

type Step = Result<(), String>;

impl<'t> Lexer<'t> {
    fn run(&mut self) -> Step {
        let mut trim_start = false;
        loop {
            let rest = self.rest();
            let Some(open) = rest.find("{{") else {
                self.text(rest, trim_start);
                self.at = self.input.len();
                self.push(Kind::End, String::new(), self.at);
                return Ok(());
            };
            let trims = trims_before(&rest[open + 2..]);
            let text = &rest[..open];
            self.text(if trims { text.trim_end_matches(is_space) } else { text }, trim_start);
            self.at += open;
            let start = self.at;
            self.at += 2 + if trims { 2 } else { 0 };
            trim_start = if self.rest().starts_with("/*") {
                self.comment()?
            } else {
                self.push(Kind::LeftDelim, "{{".to_owned(), start);
                self.action()?
            };
        }
    }

    fn text(&mut self, text: &str, trim_start: bool) {
        let kept = if trim_start { text.trim_start_matches(is_space) } else { text };
        if !kept.is_empty() {
            self.push(Kind::Text, kept.to_owned(), self.at + text.len() - kept.len());
        }
    }

    /// Skips a comment and returns `true` if the text after it is to be trimmed.
    fn comment(&mut self) -> Result<bool, String> {
        let Some(end) = self.rest().find("*/") else { return Err("unclosed comment".to_owned()) };
        self.at += end + 2;
        let (close, trims) = self.right_delim().ok_or("comment ends before closing delimiter")?;
        self.at += close;
        Ok(trims)
    }

    /// Lexes an action with its closing delimiter and returns `true` if the text after it is to be trimmed.
    fn action(&mut self) -> Result<bool, String> {
        self.parens = 0;
        loop {
            if let Some((length, trims)) = self.right_delim() {
                if self.parens > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                let start = self.at;
                self.at += length;
                self.push(Kind::RightDelim, "}}".to_owned(), start);
                return Ok(trims);
            }
            self.token()?;
        }
    }

    /// Returns the length of the closing delimiter at this position and whether it trims.
    fn right_delim(&self) -> Option<(usize, bool)> {
        let rest = self.rest();
        let mut chars = rest.chars();
        if chars.next().is_some_and(is_space) && chars.as_str().starts_with("-}}") {
            return Some((4, true));
        }
        rest.starts_with("}}").then_some((2, false))
    }

    fn token(&mut self) -> Step {
        let start = self.at;
        let Some(c) = self.rest().chars().next() else { return Err("unclosed action".to_owned()) };
        match c {
            _ if is_space(c) => {
                // A space before a trimming delimiter belongs to that delimiter.
                while self.rest().starts_with(is_space) && self.right_delim().is_none() {
                    self.at += 1;
                }
                self.push_from(Kind::Space, start);
            }
            '=' => self.single(Kind::Assign, 1),
            ':' if self.rest().starts_with(":=") => self.single(Kind::Declare, 2),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.single(Kind::Pipe, 1),
            ',' => self.single(Kind::Comma, 1),
            '(' => {
                self.parens += 1;
                self.single(Kind::LeftParen, 1);
            }
            ')' if self.parens == 0 => return Err("unexpected right paren".to_owned()),
            ')' => {
                self.parens -= 1;
                self.single(Kind::RightParen, 1);
            }
            '"' => self.quoted('"', Kind::String, "unterminated quoted string")?,
            '\'' => self.quoted('\'', Kind::Char, "unterminated character constant")?,
            '`' => {
                let end = self.input[start + 1..].find('`').ok_or("unterminated raw quoted string")?;
                self.single(Kind::RawString, end + 2);
            }
            '$' => self.name(Kind::Variable)?,
            '.' if !self.input[start + 1..].starts_with(|c: char| c.is_ascii_digit()) => self.name(Kind::Field)?,
            _ if c == '.' || c == '+' || c == '-' || c.is_ascii_digit() => self.number()?,
            _ if is_alphanumeric(c) => self.word()?,
            _ if c.is_ascii_graphic() => self.single(Kind::Sign, 1),
            _ => return Err(format!("unrecognized character in action: {}", code_point(c))),
        }
        Ok(())
    }

    fn quoted(&mut self, mark: char, kind: Kind, problem: &str) -> Step {
        let start = self.at;
        let mut escaped = false;
        for (offset, c) in self.input[start + 1..].char_indices() {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == mark => {
                    self.single(kind, offset + 2);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(problem.to_owned())
    }

    /// Lexes `.field` or `$variable`; without a name they are the dot and the root.
    fn name(&mut self, kind: Kind) -> Step {
        let start = self.at;
        self.at += 1;
        self.take_while(is_alphanumeric);
        let alone = self.at == start + 1;
        if !alone || kind == Kind::Variable {
            self.terminated()?;
        }
        self.push_from(if alone && kind == Kind::Field { Kind::Dot } else { kind }, start);
        Ok(())
    }

    fn word(&mut self) -> Step {
        let start = self.at;
        self.take_while(is_alphanumeric);
        self.terminated()?;
        let kind = match &self.input[start..self.at] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            word if KEYWORDS.contains(&word) => Kind::Keyword,
            _ => Kind::Identifier,
        };
        self.push_from(kind, start);
        Ok(())
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        if self.rest().starts_with(['+', '-']) {
            self.at += 1;
        }
        let prefix = self.rest().get(..2).map(str::to_ascii_lowercase);
        let radix = match prefix.as_deref() {
            Some("0x") => 16,
            Some("0o") => 8,
            Some("0b") => 2,
            _ => 10,
        };
        if radix != 10 {
            self.at += 2;
        }
        let digit = |c: char| c == '_' || c.is_digit(radix);
        self.take_while(digit);
        if self.rest().starts_with('.') {
            self.at += 1;
            self.take_while(digit);
        }
        if radix == 10 && self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            self.take_while(digit);
        }
        match self.rest().chars().next() {
            Some(c) if is_alphanumeric(c) => {
                let text = &self.input[start..self.at + c.len_utf8()];
                Err(format!("bad number syntax: {}", crate::go::quote(text)))
            }
            _ => {
                self.push_from(Kind::Number, start);
                Ok(())
            }
        }
    }

    /// Checks that a name is followed by a character that may end it.
    fn terminated(&self) -> Step {
        match self.rest().chars().next() {
            None => Ok(()),
            Some(c) if is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(') => Ok(()),
            Some(_) if self.rest().starts_with("}}") => Ok(()),
            Some('=') => Ok(()),
            Some(c) => Err(format!("bad character {}", code_point(c))),
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    fn single(&mut self, kind: Kind, length: usize) {
        let start = self.at;
        self.at += length;
        self.push_from(kind, start);
    }

    fn push_from(&mut self, kind: Kind, start: usize) {
        self.push(kind, self.input[start..self.at].to_owned(), start);
    }

    fn push(&mut self, kind: Kind, text: String, at: usize) {
        self.tokens.push(Token { kind, text, at });
    }

    fn rest(&self) -> &'t str {
        &self.input[self.at..]
    }
}

/// Returns `true` if the opening delimiter trims the text before it.
fn trims_before(inside: &str) -> bool {
    inside.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn code_point(c: char) -> String {
    format!("U+{:04X} '{c}'", u32::from(c))
}
