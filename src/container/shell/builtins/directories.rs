//! `cd`, `pwd`, `pushd`, `popd` and `dirs`.

use super::Outcome;
use crate::call::Call;
use crate::errno::{Errno, SysResult};
use crate::shell::Shell;
use crate::shell::syntax::Dialect;

/// `cd [-LP] [directory]`
pub(super) fn cd(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut rest = &args[1..];
    let mut is_physical = false;
    while let Some(option) = rest.first().filter(|arg| arg.len() > 1 && arg.starts_with('-')) {
        match option.as_str() {
            "-L" => is_physical = false,
            "-P" => is_physical = true,
            "--" => {
                rest = &rest[1..];
                break;
            }
            _ => return shell.bad_option(call, "cd", option, "cd [-L|[-P [-e]] [-@]] [dir]"),
        }
        rest = &rest[1..];
    }
    if rest.len() > 1 && shell.dialect == Dialect::Bash {
        shell.builtin_error(call, "cd", "too many arguments");
        return Ok(1);
    }
    let (target, shows) = match shell.cd_target(call, rest.first().map(String::as_str)) {
        Ok(found) => found,
        Err(status) => return Ok(status),
    };
    shell.cd_to(call, &target, shows, is_physical)
}

/// `pwd [-LP]`
pub(super) fn pwd(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let is_physical = args.get(1).is_some_and(|arg| arg == "-P");
    let cwd = call.process.cwd.clone();
    let path = if is_physical { call.files().real_path(&cwd).unwrap_or(cwd) } else { cwd };
    let path = if path.is_empty() { "/".to_owned() } else { path };
    Ok(shell.print(call, "pwd", format!("{path}\n")))
}

/// `pushd directory`
pub(super) fn pushd(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let before = call.process.cwd.clone();
    let target = match args.get(1) {
        Some(target) => target.clone(),
        None => match shell.directories.pop() {
            Some(top) => top,
            None => {
                shell.builtin_error(call, "pushd", "no other directory");
                return Ok(1);
            }
        },
    };
    if let Err(errno) = shell.change_directory(call, &target, false) {
        shell.builtin_error(call, "pushd", &format!("{target}: {}", errno.text()));
        return Ok(1);
    }
    shell.directories.push(before);
    dirs(shell, call, &[])
}

/// `popd`
pub(super) fn popd(shell: &mut Shell, call: &mut Call<'_>, _: &[String]) -> Outcome {
    let Some(target) = shell.directories.pop() else {
        shell.builtin_error(call, "popd", "directory stack empty");
        return Ok(1);
    };
    if let Err(errno) = shell.change_directory(call, &target, false) {
        shell.builtin_error(call, "popd", &format!("{target}: {}", errno.text()));
        return Ok(1);
    }
    dirs(shell, call, &[])
}

/// `dirs`
pub(super) fn dirs(shell: &mut Shell, call: &mut Call<'_>, _: &[String]) -> Outcome {
    let home = shell.variables.text("HOME").unwrap_or_default().to_owned();
    let all = std::iter::once(call.process.cwd.clone()).chain(shell.directories.iter().rev().cloned());
    let shown = all.map(|path| match path.strip_prefix(&home).filter(|_| home.len() > 1) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ => path,
    });
    let text = shown.collect::<Vec<_>>().join(" ");
    Ok(shell.print(call, "dirs", format!("{text}\n")))
}

impl Shell {
    /// Returns where `cd` goes and whether it says so; else the status with which it ends.
    fn cd_target(&self, call: &mut Call<'_>, argument: Option<&str>) -> Result<(String, bool), i32> {
        let mut shows = false;
        let target = match argument {
            None => match self.variables.text("HOME") {
                Some(home) => home.to_owned(),
                None if self.dialect == Dialect::Bash => {
                    self.builtin_error(call, "cd", "HOME not set");
                    return Err(1);
                }
                None => return Err(0),
            },
            Some("-") => match self.variables.text("OLDPWD") {
                Some(old) => {
                    shows = true;
                    old.to_owned()
                }
                None if self.dialect == Dialect::Bash => {
                    self.builtin_error(call, "cd", "OLDPWD not set");
                    return Err(1);
                }
                None => {
                    shows = true;
                    call.process.cwd.clone()
                }
            },
            Some(directory) => directory.to_owned(),
        };
        Ok((target, shows))
    }

    fn cd_to(&mut self, call: &mut Call<'_>, target: &str, shows: bool, is_physical: bool) -> Outcome {
        let mut candidates = Vec::new();
        if !target.starts_with(['/', '.'])
            && let Some(path) = self.variables.text("CDPATH").filter(|path| !path.is_empty())
        {
            let directories = path.split(':').filter(|directory| !directory.is_empty());
            candidates.extend(directories.map(|directory| format!("{}/{target}", directory.trim_end_matches('/'))));
        }
        for candidate in candidates {
            if self.change_directory(call, &candidate, is_physical).is_ok() {
                let cwd = format!("{}\n", call.process.cwd);
                return Ok(self.print(call, "cd", cwd));
            }
        }
        match self.change_directory(call, target, is_physical) {
            Ok(()) if shows => {
                let cwd = format!("{}\n", call.process.cwd);
                Ok(self.print(call, "cd", cwd))
            }
            Ok(()) => Ok(0),
            Err(errno) => {
                let message = match self.dialect {
                    Dialect::Bash => format!("{target}: {}", errno.text()),
                    Dialect::Dash => format!("can't cd to {target}"),
                    Dialect::Busybox => format!("can't cd to {target}: {}", errno.text()),
                };
                self.builtin_error(call, "cd", &message);
                Ok(if self.dialect == Dialect::Bash { 1 } else { 2 })
            }
        }
    }

    /// Changes the working directory, `PWD` and `OLDPWD`.
    fn change_directory(&mut self, call: &mut Call<'_>, target: &str, is_physical: bool) -> SysResult<()> {
        let old = if call.process.cwd.is_empty() { "/".to_owned() } else { call.process.cwd.clone() };
        let path = if target.is_empty() { old.clone() } else { logical(&old, target) };
        crate::world::proc::prepare(call, &path);
        let files = call.files();
        let at = files.resolve(&path)?;
        if !files.node(&at)?.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        files.access(&path, 0o1)?;
        let path = if is_physical { files.real_path(&path)? } else { path };
        call.process.cwd.clone_from(&path);
        self.variables.set("OLDPWD", old);
        self.variables.set("PWD", path);
        for name in ["OLDPWD", "PWD"] {
            self.variables.entry(name).is_exported = true;
        }
        Ok(())
    }
}

/// Joins a path to a directory, with `.` and `..` resolved by name.
fn logical(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { directory };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
