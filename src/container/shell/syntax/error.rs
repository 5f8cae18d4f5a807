//! Syntax errors, and how each shell words them.

use super::Dialect;
use super::parser::{Parser, RESERVED};

/// Why a command cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// The mistake.
    pub(crate) problem: Problem,
    /// The line.
    pub(crate) line: u32,
    /// The text ends too early: more lines could mend it.
    pub(crate) is_incomplete: bool,
}

/// A mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A token at which nothing like it may stand, and what may.
    Unexpected { token: String, expected: Option<&'static str> },
    /// A quotation or expansion without its end.
    Unterminated(&'static str),
    /// The variable of `for` has no name.
    BadForVariable,
    /// A function has a name that is none.
    BadFunctionName,
    /// Bytes that are no descriptor after `<&` or `>&`.
    BadDescriptor,
    /// More levels than are allowed.
    TooDeep,
}

impl SyntaxError {
    /// Formats the message as the shell does, without its prefix; bash shows the offending line after it.
    pub(crate) fn text(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Busybox => format!("syntax error: {}", self.ash(false)),
            Dialect::Dash => format!("Syntax error: {}", self.ash(true)),
            Dialect::Bash => self.bash(),
        }
    }

    fn ash(&self, is_dash: bool) -> String {
        let pick = |dash: &str, busybox: &str| if is_dash { dash.to_owned() } else { busybox.to_owned() };
        match &self.problem {
            Problem::Unexpected { token, expected } => {
                let what = if is_dash { format!("{token} unexpected") } else { format!("unexpected {token}") };
                match expected {
                    Some(expected) => format!("{what} (expecting \"{expected}\")"),
                    None => what,
                }
            }
            Problem::Unterminated("`") => "EOF in backquote substitution".into(),
            Problem::Unterminated("}") => pick("Missing '}'", "missing '}'"),
            Problem::Unterminated("))") => pick("Missing '))'", "missing '))'"),
            Problem::Unterminated(_) => pick("Unterminated quoted string", "unterminated quoted string"),
            Problem::BadForVariable => pick("Bad for loop variable", "bad for loop variable"),
            Problem::BadFunctionName => pick("Bad function name", "bad function name"),
            Problem::BadDescriptor => pick("Bad fd number", "bad fd number"),
            Problem::TooDeep => "nested too deeply".into(),
        }
    }

    fn bash(&self) -> String {
        match &self.problem {
            Problem::Unexpected { token, .. } if token == "end of file" => {
                "syntax error: unexpected end of file".into()
            }
            Problem::Unexpected { token, .. } => {
                format!("syntax error near unexpected token `{}'", token.trim_matches('"'))
            }
            Problem::Unterminated(end) => {
                format!("unexpected EOF while looking for matching `{}'", if *end == "))" { ")" } else { end })
            }
            Problem::BadForVariable => "syntax error: bad for loop variable".into(),
            Problem::BadFunctionName => "syntax error: bad function name".into(),
            Problem::BadDescriptor => "syntax error: bad file descriptor".into(),
            Problem::TooDeep => "syntax error: nested too deeply".into(),
        }
    }

    /// Reports whether bash repeats the offending line after the message.
    pub(crate) fn shows_line(&self) -> bool {
        matches!(&self.problem, Problem::Unexpected { token, .. } if token != "end of file")
    }
}

impl Parser<'_> {
    /// Creates the error about the token at the present position.
    pub(super) fn unexpected(&self, expected: Option<&'static str>) -> SyntaxError {
        let token = self.token();
        let is_incomplete = token == "end of file";
        SyntaxError { problem: Problem::Unexpected { token, expected }, line: self.line, is_incomplete }
    }

    /// Creates the error about a word that is missing; bash sees the line end before the end of the text.
    pub(super) fn missing_word(&self, expected: Option<&'static str>) -> SyntaxError {
        let mut error = self.unexpected(expected);
        if self.at_end() && self.dialect == Dialect::Bash {
            error.problem = Problem::Unexpected { token: "newline".into(), expected };
        }
        error
    }

    pub(super) fn unterminated(&self, end: &'static str, line: u32) -> SyntaxError {
        SyntaxError { problem: Problem::Unterminated(end), line, is_incomplete: true }
    }

    /// Describes the token at the present position as ash does; bash shows the token itself.
    fn token(&self) -> String {
        let is_bash = self.dialect == Dialect::Bash;
        match self.peek() {
            None => "end of file".into(),
            Some(b'\n') => "newline".into(),
            Some(b'<' | b'>') if is_bash => {
                let length = self.rest().bytes().take_while(|byte| matches!(byte, b'<' | b'>' | b'&')).count();
                self.rest()[..length].to_owned()
            }
            Some(b'<' | b'>') => "redirection".into(),
            Some(_) => {
                let operators = [";;", "&&", "||", ";", "&", "|", "(", ")"];
                if let Some(operator) = operators.iter().find(|operator| self.starts_with(operator)) {
                    return format!("\"{operator}\"");
                }
                let word = self.rest().split(|c: char| " \t\n;&|()<>".contains(c)).next().unwrap_or_default();
                if RESERVED.contains(&word) || is_bash { format!("\"{word}\"") } else { "word".into() }
            }
        }
    }
}
