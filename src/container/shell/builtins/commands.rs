//! Builtins about commands: which there are, and running one in a certain way.

use super::{Outcome, find};
use crate::call::Call;
use crate::errno::Errno;
use crate::programs;
use crate::shell::syntax::{Dialect, RESERVED};
use crate::shell::trace::quote;
use crate::shell::{Interrupt, Shell};

/// `exec [command [argument ...]]`
pub(super) fn exec(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut rest = &args[1..];
    let mut name = None;
    if shell.dialect != Dialect::Dash && rest.first().is_some_and(|arg| arg == "-a") && rest.len() > 2 {
        name = Some(rest[1].clone());
        rest = &rest[2..];
    }
    if rest.first().is_some_and(|arg| arg == "--") {
        rest = &rest[1..];
    }
    if rest.is_empty() {
        shell.keeps_files = true;
        return Ok(0);
    }
    let environment = shell.variables.environment(shell.dialect);
    let mut argv = rest.to_vec();
    match shell.exec_program(call, std::mem::take(&mut argv), environment, name) {
        Ok(interrupt) => Err(interrupt),
        Err(errno) => {
            let is_missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
            let text = match shell.dialect {
                Dialect::Bash if is_missing && rest[0].contains('/') => errno.text(),
                _ if is_missing => "not found",
                _ => errno.text(),
            };
            shell.builtin_error(call, "exec", &format!("{}: {text}", rest[0]));
            let status = if is_missing { 127 } else { 126 };
            Err(Interrupt::Fail(status))
        }
    }
}

/// `command [-pvV] command [argument ...]`
pub(super) fn command(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut rest = &args[1..];
    let mut describes = None;
    while let Some(letters) = rest.first().and_then(|arg| arg.strip_prefix('-')).filter(|letters| !letters.is_empty()) {
        let letters = letters.to_owned();
        rest = &rest[1..];
        if letters == "-" {
            break;
        }
        for letter in letters.chars() {
            match letter {
                'p' => {}
                'v' | 'V' => describes = Some(letter),
                _ => {
                    let usage = "command [-pVv] command [arg ...]";
                    return shell.bad_option(call, "command", &format!("-{letter}"), usage);
                }
            }
        }
    }
    let Some(name) = rest.first() else { return Ok(0) };
    if let Some(letter) = describes {
        let names = if shell.dialect == Dialect::Bash { rest } else { &rest[..1] };
        let mut status = if shell.dialect == Dialect::Bash { 1 } else { 0 };
        for name in names {
            let found = shell.describe(call, name, letter == 'V', "command");
            match shell.dialect {
                Dialect::Bash => status = if found == 0 { 0 } else { status },
                _ => status = found,
            }
        }
        return Ok(status);
    }
    match find(name, shell.dialect) {
        Some(builtin) => match (builtin.run)(shell, call, rest) {
            // The failure of a special builtin does not end the shell here.
            Err(Interrupt::Fail(status)) if builtin.name != "exec" => Ok(status),
            outcome => outcome,
        },
        None => shell.run_in_child(call, rest),
    }
}

/// `builtin name [argument ...]`
pub(super) fn builtin(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let Some(name) = args.get(1) else { return Ok(0) };
    match find(name, shell.dialect) {
        Some(builtin) => (builtin.run)(shell, call, &args[1..]),
        None => {
            shell.builtin_error(call, "builtin", &format!("{name}: not a shell builtin"));
            Ok(1)
        }
    }
}

/// `type name ...`
pub(super) fn type_of(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut status = 0;
    let mut wants = None;
    for name in &args[1..] {
        if shell.dialect == Dialect::Bash && ["-t", "-p", "-P", "-a"].contains(&name.as_str()) {
            wants = Some(name.clone());
            continue;
        }
        match wants.as_deref() {
            Some("-t") => match shell.kind_of(call, name) {
                Some((kind, _)) => status = shell.print(call, "type", format!("{kind}\n")),
                None => status = 1,
            },
            Some("-p" | "-P") => match programs::find_on_path(call, &shell.search_path(), name) {
                Ok(path) => status = shell.print(call, "type", format!("{path}\n")),
                Err(_) => status = 1,
            },
            _ => {
                let found = shell.describe(call, name, true, "type");
                status = if found == 0 { status } else { found };
            }
        }
    }
    Ok(status)
}

/// `hash [-r] [name ...]`: nothing is remembered, names are only looked up.
pub(super) fn hash(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut status = 0;
    for name in args[1..].iter().filter(|arg| !arg.starts_with('-')) {
        if shell.kind_of(call, name).is_none() {
            shell.builtin_error(call, "hash", &format!("{name}: not found"));
            status = 1;
        }
    }
    Ok(status)
}

impl Shell {
    fn search_path(&self) -> String {
        self.variables.text("PATH").unwrap_or(crate::image::Image::DEFAULT_PATH).to_owned()
    }

    /// Returns what a name means as `type -t` calls it, and the path of a file.
    fn kind_of(&self, call: &mut Call<'_>, name: &str) -> Option<(&'static str, String)> {
        if RESERVED.contains(&name)
            || self.dialect == Dialect::Bash && ["[[", "]]", "function", "select", "time"].contains(&name)
        {
            return Some(("keyword", String::new()));
        }
        if let Some(value) = self.alias_of(name) {
            return Some(("alias", value.to_owned()));
        }
        if self.functions.contains_key(name) {
            return Some(("function", String::new()));
        }
        if find(name, self.dialect).is_some() {
            return Some(("builtin", String::new()));
        }
        programs::find_on_path(call, &self.search_path(), name).ok().map(|path| ("file", path))
    }

    /// Prints what a name means, in a sentence if `is_verbose`.
    fn describe(&self, call: &mut Call<'_>, name: &str, is_verbose: bool, command: &str) -> i32 {
        let Some((kind, path)) = self.kind_of(call, name) else {
            match self.dialect {
                Dialect::Bash if is_verbose => self.builtin_error(call, command, &format!("{name}: not found")),
                _ if is_verbose => {
                    self.print(call, command, format!("{name}: not found\n"));
                }
                _ => {}
            }
            return if self.dialect == Dialect::Bash { 1 } else { 127 };
        };
        let is_special = find(name, self.dialect).is_some_and(|builtin| builtin.is_special);
        let text = match (kind, is_verbose) {
            ("file", true) => format!("{name} is {path}"),
            ("file", false) => path,
            ("alias", true) if self.dialect == Dialect::Bash => format!("{name} is aliased to `{path}'"),
            ("alias", true) => format!("{name} is an alias for {path}"),
            ("alias", false) => format!("alias {name}={}", quote(&path, true)),
            (_, false) => name.to_owned(),
            ("keyword", true) => format!("{name} is a shell keyword"),
            ("function", true) if self.dialect != Dialect::Dash => format!("{name} is a function"),
            ("function", true) => format!("{name} is a shell function"),
            _ if is_special && self.dialect != Dialect::Bash => format!("{name} is a special shell builtin"),
            _ => format!("{name} is a shell builtin"),
        };
        self.print(call, command, format!("{text}\n"))
    }

    /// Formats a definition so that a shell can read it.
    pub(super) fn definition(&self, prefix: &str, name: &str, value: Option<&str>) -> String {
        let value = value.map_or(String::new(), |value| {
            let quoted = match self.dialect {
                Dialect::Bash => {
                    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
                }
                _ => quote(value, true),
            };
            format!("={quoted}")
        });
        format!("{prefix}{name}{value}\n")
    }
}
