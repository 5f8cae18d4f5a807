//! Builtins.

mod alias;
mod arrays;
mod commands;
mod declare;
mod directories;
mod echo;
mod flow;
mod getopts;
mod jobs;
mod limits;
mod printf;
mod processes;
mod read;
mod set;
mod test;
mod trap;

pub(super) use read::fill_line;

use super::syntax::Dialect;
use super::{Interrupt, Shell};
use crate::call::Call;
use crate::errno::Errno;
use crate::process::Signal;

/// The result of a builtin: its status.
type Outcome = Result<i32, Interrupt>;

/// A builtin.
pub(super) struct Builtin {
    pub(super) name: &'static str,
    /// It is a special one: found before functions, and its errors end the shell.
    pub(super) is_special: bool,
    /// Its arguments are assignments.
    pub(super) is_declaration: bool,
    pub(super) run: fn(&mut Shell, &mut Call<'_>, &[String]) -> Outcome,
}

const fn special(name: &'static str, run: fn(&mut Shell, &mut Call<'_>, &[String]) -> Outcome) -> Builtin {
    Builtin { name, is_special: true, is_declaration: false, run }
}

const fn regular(name: &'static str, run: fn(&mut Shell, &mut Call<'_>, &[String]) -> Outcome) -> Builtin {
    Builtin { name, is_special: false, is_declaration: false, run }
}

const fn declaration(
    name: &'static str,
    run: fn(&mut Shell, &mut Call<'_>, &[String]) -> Outcome,
    is_special: bool,
) -> Builtin {
    Builtin { name, is_special, is_declaration: true, run }
}

/// The builtins of every shell.
const COMMON: &[Builtin] = &[
    special(".", flow::dot),
    special(":", flow::success),
    special("break", flow::leave),
    special("continue", flow::leave),
    special("eval", flow::eval),
    special("exec", commands::exec),
    special("exit", flow::exit),
    declaration("export", declare::export, true),
    declaration("readonly", declare::export, true),
    special("return", flow::ret),
    special("set", set::set),
    special("shift", set::shift),
    special("times", processes::times),
    special("trap", trap::trap),
    special("unset", declare::unset),
    regular("[", test::test),
    regular("alias", alias::alias),
    regular("bg", jobs::foreground),
    regular("cd", directories::cd),
    regular("command", commands::command),
    regular("echo", echo::echo),
    regular("false", flow::failure),
    regular("fg", jobs::foreground),
    regular("getopts", getopts::getopts),
    regular("hash", commands::hash),
    regular("jobs", jobs::jobs),
    regular("kill", processes::kill),
    declaration("local", declare::local, false),
    regular("printf", printf::printf),
    regular("pwd", directories::pwd),
    regular("read", read::read),
    regular("test", test::test),
    regular("true", flow::success),
    regular("type", commands::type_of),
    regular("ulimit", limits::ulimit),
    regular("umask", processes::umask),
    regular("unalias", alias::unalias),
    regular("wait", jobs::wait),
];

/// Those that busybox and bash have beside them.
const EXTENDED: &[Builtin] = &[regular("let", set::let_), special("source", flow::dot)];

/// Those that only bash has.
const BASH: &[Builtin] = &[
    regular("builtin", commands::builtin),
    declaration("declare", declare::declare, false),
    regular("caller", flow::caller),
    regular("dirs", directories::dirs),
    regular("disown", jobs::disown),
    regular("enable", flow::success),
    regular("history", flow::success),
    regular("logout", flow::exit),
    regular("mapfile", arrays::mapfile),
    regular("popd", directories::popd),
    regular("pushd", directories::pushd),
    regular("readarray", arrays::mapfile),
    regular("shopt", set::shopt),
    declaration("typeset", declare::declare, false),
];

/// `[[` of busybox is `test`.
const DOUBLE_BRACKET: Builtin = regular("[[", test::test);

/// Finds a builtin of a shell.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<&'static Builtin> {
    let is_it = |builtin: &&Builtin| builtin.name == name;
    let found = COMMON.iter().find(is_it);
    let found = found.or_else(|| EXTENDED.iter().filter(|_| dialect.is_extended()).find(is_it));
    let found = found.or_else(|| BASH.iter().filter(|_| dialect == Dialect::Bash).find(is_it));
    found.or_else(|| (dialect == Dialect::Busybox && name == "[[").then_some(&DOUBLE_BRACKET))
}

impl Shell {
    /// Writes to standard output for a builtin; returns its status.
    fn print(&self, call: &mut Call<'_>, command: &str, bytes: impl AsRef<[u8]>) -> i32 {
        match call.write(1, bytes.as_ref()) {
            Ok(()) => 0,
            // The signal ends the shell without a message.
            Err(Errno::EPIPE) if !call.process.ignored.contains(&Signal::Pipe) => 1,
            Err(errno) => {
                let message = match self.dialect {
                    Dialect::Dash => "I/O error".to_owned(),
                    _ => format!("write error: {}", errno.text()),
                };
                self.builtin_error(call, command, &message);
                1
            }
        }
    }

    /// Reports an option that does not exist, with the usage in bash; returns the status.
    fn bad_option(&self, call: &mut Call<'_>, command: &str, option: &str, usage: &str) -> Outcome {
        match self.dialect {
            Dialect::Busybox => self.builtin_error(call, command, &format!("illegal option {option}")),
            Dialect::Dash => self.builtin_error(call, command, &format!("Illegal option {option}")),
            Dialect::Bash => {
                self.builtin_error(call, command, &format!("{option}: invalid option"));
                self.say(call, &format!("{command}: usage: {usage}\n"));
            }
        }
        self.special_failure(command, 2)
    }

    /// Returns the failure of a builtin: in ash that of a special one ends the shell.
    fn special_failure(&self, command: &str, status: i32) -> Outcome {
        let is_special = find(command, self.dialect).is_some_and(|builtin| builtin.is_special);
        if self.dialect == Dialect::Bash || !is_special { Ok(status) } else { Err(Interrupt::Fail(status)) }
    }

    /// Parses a number that an argument has to be.
    fn number(&self, call: &mut Call<'_>, command: &str, text: &str) -> Result<i64, Outcome> {
        match text.trim().parse::<i64>() {
            Ok(number) if number >= 0 || self.dialect == Dialect::Bash => Ok(number),
            _ => {
                let (message, status) = match self.dialect {
                    Dialect::Bash => {
                        (format!("{text}: numeric argument required"), if command == "shift" { 1 } else { 2 })
                    }
                    _ => (format!("Illegal number: {text}"), 2),
                };
                self.builtin_error(call, command, &message);
                Err(self.special_failure(command, status))
            }
        }
    }
}
