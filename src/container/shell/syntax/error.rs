//! Syntax errors, and how each shell words them.

use super::Dialect;

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
