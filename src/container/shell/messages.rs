//! Error messages as each shell words them.

use super::arithmetic::ArithmeticError;
use super::frame::FrameKind;
use super::syntax::{Dialect, SyntaxError};
use super::{Interrupt, Shell};
use crate::call::Call;
use crate::errno::Errno;

impl Shell {
    /// Writes a message of the shell itself.
    pub(super) fn error(&self, call: &mut Call<'_>, message: &str) {
        let (name, line) = (&self.name, self.line);
        let prefix = match self.dialect {
            Dialect::Busybox if self.is_script_file() => format!("{name}: line {line}: "),
            Dialect::Busybox => format!("{name}: "),
            Dialect::Dash => format!("{name}: {line}: "),
            // Without a script it names no lines.
            Dialect::Bash if self.is_interactive() || self.is_input() => format!("{name}: "),
            Dialect::Bash => format!("{name}: line {line}: "),
        };
        self.say(call, &format!("{prefix}{message}\n"));
    }

    /// Writes a message of a builtin.
    pub(super) fn builtin_error(&self, call: &mut Call<'_>, command: &str, message: &str) {
        let (name, line) = (&self.name, self.line);
        let text = match self.dialect {
            Dialect::Busybox if self.is_interactive() => format!("{name}: {command}: {message}\n"),
            Dialect::Busybox => {
                // The lines of `-c` are counted from 0.
                let line = if self.is_command_string() { line.saturating_sub(1) } else { line };
                format!("{name}: {command}: line {line}: {message}\n")
            }
            Dialect::Dash | Dialect::Bash => {
                self.error(call, &format!("{command}: {message}"));
                return;
            }
        };
        self.say(call, &text);
    }

    /// Writes to standard error.
    pub(super) fn say(&self, call: &mut Call<'_>, text: &str) {
        call.warn(text);
    }

    pub(super) fn syntax_error(&mut self, call: &mut Call<'_>, error: &SyntaxError, text: &str) {
        let message = error.text(self.dialect);
        let line = error.line;
        let is_eval = self.frames.last().is_some_and(|frame| matches!(frame.kind, FrameKind::Eval));
        if self.dialect != Dialect::Bash {
            let before = std::mem::replace(&mut self.line, line);
            if is_eval {
                self.builtin_error(call, "eval", &message)
            } else {
                self.error(call, &message)
            }
            self.line = before;
            return;
        }
        let is_end = message.ends_with("unexpected end of file");
        let line = if is_end && !self.is_interactive() { line + u32::from(!text.ends_with('\n')) } else { line };
        let origin = if is_eval {
            format!("{}: eval", self.name)
        } else if self.is_command_string() {
            format!("{}: -c", self.name)
        } else {
            self.name.clone()
        };
        let prefix = match self.is_interactive() || self.is_input() {
            true => format!("{}: ", self.name),
            false => format!("{origin}: line {line}: "),
        };
        self.say(call, &format!("{prefix}{message}\n"));
        if error.shows_line() && !self.is_interactive() {
            let number = (error.line as usize).saturating_sub(self.first_line() as usize);
            let shown = text.lines().nth(number).unwrap_or_default();
            self.say(call, &format!("{prefix}`{shown}'\n"));
        }
    }

    /// Reports an error of arithmetic and returns what it does to the shell.
    pub(super) fn arithmetic_error(&mut self, call: &mut Call<'_>, text: &str, error: &ArithmeticError) -> Interrupt {
        let message = match self.dialect {
            Dialect::Busybox => match error {
                ArithmeticError::DivisionByZero(_) => "divide by zero".into(),
                ArithmeticError::ReadOnly(name) => format!("{name}: is read only"),
                ArithmeticError::Unset(name) => format!("{name}: parameter not set"),
                _ => "arithmetic syntax error".into(),
            },
            Dialect::Dash => dash_arithmetic(text, error),
            Dialect::Bash => bash_arithmetic(text, error),
        };
        self.error(call, &message);
        match (self.dialect, error) {
            (Dialect::Bash, ArithmeticError::Unset(_)) => Interrupt::Exit(127),
            (Dialect::Bash, _) => Interrupt::Fail(1),
            _ => Interrupt::Fail(2),
        }
    }

    pub(super) fn bad_substitution(&mut self, call: &mut Call<'_>, text: &str) -> Interrupt {
        match self.dialect {
            Dialect::Busybox => self.error(call, "syntax error: bad substitution"),
            Dialect::Dash => self.error(call, "Bad substitution"),
            Dialect::Bash => self.error(call, &format!("{text}: bad substitution")),
        }
        Interrupt::Fail(if self.dialect == Dialect::Bash { 1 } else { 2 })
    }

    pub(super) fn bad_indirection(&mut self, call: &mut Call<'_>, name: &str) -> Interrupt {
        self.error(call, &format!("{name}: invalid indirect expansion"));
        Interrupt::Fail(1)
    }

    pub(super) fn bad_assignment(&mut self, call: &mut Call<'_>, name: &str) -> Interrupt {
        match self.dialect {
            Dialect::Bash => self.error(call, &format!("${name}: cannot assign in this way")),
            _ => self.error(call, &format!("{name}: bad variable name")),
        }
        Interrupt::Fail(if self.dialect == Dialect::Bash { 1 } else { 2 })
    }

    /// Words the error of a redirection.
    pub(super) fn open_error(&self, path: &str, errno: Errno, creates: bool) -> String {
        let is_missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
        match (self.dialect, creates) {
            (Dialect::Bash, _) => format!("{path}: {}", errno.text()),
            (Dialect::Dash, true) if is_missing => format!("cannot create {path}: Directory nonexistent"),
            (Dialect::Dash, true) => format!("cannot create {path}: {}", errno.text()),
            (Dialect::Dash, false) if is_missing => format!("cannot open {path}: No such file"),
            (Dialect::Dash, false) => format!("cannot open {path}: {}", errno.text()),
            (Dialect::Busybox, true) if is_missing => format!("can't create {path}: nonexistent directory"),
            (Dialect::Busybox, true) => format!("can't create {path}: {}", errno.text()),
            (Dialect::Busybox, false) if is_missing => format!("can't open {path}: no such file"),
            (Dialect::Busybox, false) => format!("can't open {path}: {}", errno.text()),
        }
    }

    /// Reports that a command cannot be run and returns its status: 127 if it does not exist, else 126.
    pub(super) fn command_error(&self, call: &mut Call<'_>, name: &str, errno: Errno) -> i32 {
        let is_missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
        let has_path = name.contains('/');
        let message = match self.dialect {
            Dialect::Bash if is_missing && !has_path => "command not found",
            Dialect::Bash if errno == Errno::EACCES && call.files().stat(name).is_ok_and(|s| s.node.is_directory()) => {
                "Is a directory"
            }
            Dialect::Bash => errno.text(),
            _ if is_missing => "not found",
            _ => errno.text(),
        };
        self.error(call, &format!("{name}: {message}"));
        if is_missing { 127 } else { 126 }
    }
}

fn dash_arithmetic(text: &str, error: &ArithmeticError) -> String {
    let problem = match error {
        ArithmeticError::Operand(_) | ArithmeticError::Assignment(_) | ArithmeticError::TooDeep => "expecting primary",
        ArithmeticError::Trailing(_) => "expecting EOF",
        ArithmeticError::DivisionByZero(_) => "division by zero",
        ArithmeticError::BadNumber(value) => return format!("Illegal number: {value}"),
        ArithmeticError::Missing(":", _) => "expecting ':'",
        ArithmeticError::Missing(..) => "expecting ')'",
        ArithmeticError::ReadOnly(name) => return format!("{name}: is read only"),
        ArithmeticError::Unset(name) => return format!("{name}: parameter not set"),
    };
    format!("arithmetic expression: {problem}: \"{text}\"")
}

fn bash_arithmetic(text: &str, error: &ArithmeticError) -> String {
    let text = text.trim_start();
    let with_token = |problem: &str, token: &str| format!("{text}: {problem} (error token is \"{token}\")");
    match error {
        ArithmeticError::Operand(rest) => {
            let token = if rest.is_empty() { last_token(text) } else { rest };
            with_token("syntax error: operand expected", token)
        }
        ArithmeticError::Trailing(rest) => with_token("syntax error in expression", rest),
        ArithmeticError::DivisionByZero(rest) => with_token("division by 0", rest),
        ArithmeticError::BadNumber(value) if value.starts_with('0') => with_token("value too great for base", value),
        ArithmeticError::BadNumber(value) => with_token("syntax error: invalid arithmetic operator", value),
        ArithmeticError::Assignment(rest) => with_token("attempted assignment to non-variable", rest),
        ArithmeticError::Missing(what, rest) if *what == ":" => {
            with_token("`:' expected for conditional expression", rest)
        }
        ArithmeticError::Missing(what, rest) => with_token(&format!("missing `{what}'"), rest),
        ArithmeticError::ReadOnly(name) => format!("{name}: readonly variable"),
        ArithmeticError::Unset(name) => format!("{name}: unbound variable"),
        ArithmeticError::TooDeep => format!("{text}: expression recursion level exceeded"),
    }
}

/// Returns the operator at the end of an expression.
fn last_token(text: &str) -> &str {
    let trimmed = text.trim_end();
    &text[trimmed.char_indices().next_back().map_or(0, |(at, _)| at)..]
}
