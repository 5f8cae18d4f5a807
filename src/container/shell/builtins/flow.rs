//! Builtins that change what is executed next.

use super::Outcome;
use crate::call::Call;
use crate::shell::frame::{FrameKind, Source};
use crate::shell::syntax::Dialect;
use crate::shell::{Interrupt, Shell};

pub(super) fn success(_: &mut Shell, _: &mut Call<'_>, _: &[String]) -> Outcome {
    Ok(0)
}

pub(super) fn failure(_: &mut Shell, _: &mut Call<'_>, _: &[String]) -> Outcome {
    Ok(1)
}

/// `exit [n]`
pub(super) fn exit(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let status = match args.get(1) {
        None => shell.exit_default(),
        Some(text) => match shell.number(call, &args[0], text) {
            Ok(number) => (number & 0xff) as i32,
            Err(_) => return Err(Interrupt::Exit(2)),
        },
    };
    Err(Interrupt::Exit(status))
}

/// `return [n]`
pub(super) fn ret(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let status = match args.get(1) {
        None => shell.status,
        Some(text) => match shell.number(call, &args[0], text) {
            // dash hands down the number as it is.
            Ok(number) if shell.dialect == Dialect::Dash => number as i32,
            Ok(number) => (number & 0xff) as i32,
            Err(outcome) => return outcome,
        },
    };
    let returns = |kind: &FrameKind| matches!(kind, FrameKind::Function { .. } | FrameKind::Dot(_));
    let Some(depth) = shell.frames.iter().rposition(|frame| returns(&frame.kind)) else {
        if shell.dialect == Dialect::Bash && !shell.is_subshell {
            shell.builtin_error(call, &args[0], "can only `return' from a function or sourced script");
            return Ok(2);
        }
        return Err(Interrupt::Exit(status));
    };
    while shell.frames.len() > depth {
        shell.pop_frame(call);
    }
    shell.status = status;
    Ok(status)
}

/// `break [n]` and `continue [n]`
pub(super) fn leave(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    if shell.dialect == Dialect::Bash && shell.loop_depth() == 0 {
        shell.builtin_error(call, &args[0], "only meaningful in a `for', `while', or `until' loop");
        return Ok(0);
    }
    let levels = match args.get(1) {
        None => 1,
        Some(text) => match text.parse::<usize>() {
            Ok(levels) if levels > 0 => levels,
            _ => {
                let message = match shell.dialect {
                    Dialect::Bash if text.parse::<i64>().is_ok() => format!("{text}: loop count out of range"),
                    Dialect::Bash => format!("{text}: numeric argument required"),
                    _ => format!("Illegal number: {text}"),
                };
                shell.builtin_error(call, &args[0], &message);
                return shell.special_failure(&args[0], if shell.dialect == Dialect::Bash { 1 } else { 2 });
            }
        },
    };
    shell.leave_loops(call, levels, args[0] == "continue");
    Ok(0)
}

/// `eval [text ...]`
pub(super) fn eval(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let words = if args.get(1).is_some_and(|arg| arg == "--") { &args[2..] } else { &args[1..] };
    let text = words.join(" ");
    if text.trim().is_empty() {
        return Ok(0);
    }
    let source = Source { line: shell.line, ..Source::new(text) };
    shell.push_frame(call, FrameKind::Eval, Some(source), None)?;
    Ok(0)
}

/// `. file [argument ...]`
pub(super) fn dot(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let Some(name) = args.get(1) else {
        let message = match shell.dialect {
            Dialect::Bash => "filename argument required",
            _ => return Ok(if shell.dialect == Dialect::Dash { 0 } else { 2 }),
        };
        shell.builtin_error(call, &args[0], message);
        shell.say(call, &format!("{0}: usage: {0} filename [arguments]\n", args[0]));
        return Ok(2);
    };
    let path = shell.find_script(call, name);
    let bytes = match read_source(call, &path) {
        Ok(bytes) => bytes,
        Err(errno) => {
            let is_missing = errno == crate::errno::Errno::ENOENT;
            match shell.dialect {
                Dialect::Bash => shell.error(call, &format!("{name}: {}", errno.text())),
                Dialect::Dash if !name.contains('/') => shell.builtin_error(call, ".", &format!("{name}: not found")),
                Dialect::Dash if is_missing => {
                    shell.builtin_error(call, ".", &format!("cannot open {name}: No such file"))
                }
                Dialect::Dash => shell.builtin_error(call, ".", &format!("cannot open {name}: {}", errno.text())),
                Dialect::Busybox if !name.contains('/') => {
                    shell.builtin_error(call, &args[0], &format!("{name}: not found"));
                }
                Dialect::Busybox => {
                    let message = format!("can't open '{name}': {}", errno.text());
                    shell.builtin_error(call, &args[0], &message);
                }
            }
            return shell.special_failure(".", if shell.dialect == Dialect::Bash { 1 } else { 2 });
        }
    };
    let parameters = (args.len() > 2 && shell.dialect != Dialect::Dash)
        .then(|| std::mem::replace(&mut shell.parameters, args[2..].to_vec()));
    let source = Source::new(String::from_utf8_lossy(&bytes).into_owned());
    shell.push_frame(call, FrameKind::Dot(parameters), Some(source), None)?;
    Ok(0)
}

/// Reads a script; a device such as `/dev/null` is an empty one.
fn read_source(call: &mut Call<'_>, path: &str) -> crate::errno::SysResult<Vec<u8>> {
    let files = call.files();
    let at = files.resolve(path)?;
    match files.node(&at)?.kind {
        crate::fs::NodeKind::Device(_) => Ok(Vec::new()),
        _ => files.read(path),
    }
}

impl Shell {
    /// Returns the status of `exit` without one: in a trap that of before it.
    fn exit_default(&self) -> i32 {
        let before = self.frames.iter().rev().find_map(|frame| match frame.kind {
            FrameKind::Trap(status) | FrameKind::Exit(status) => Some(status),
            _ => None,
        });
        before.unwrap_or(self.status)
    }

    /// Looks for a script of `.` on `PATH`.
    fn find_script(&self, call: &mut Call<'_>, name: &str) -> String {
        if name.contains('/') {
            return name.to_owned();
        }
        let path = self.variables.text("PATH").unwrap_or_default();
        let files = call.files();
        let mut candidates = path.split(':').map(|directory| format!("{directory}/{name}"));
        let is_file = |path: &String| files.stat(path).is_ok_and(|stat| !stat.node.is_directory());
        candidates.find(is_file).unwrap_or_else(|| name.to_owned())
    }
}

/// `caller`: succeeds in a function.
pub(super) fn caller(shell: &mut Shell, call: &mut Call<'_>, _: &[String]) -> Outcome {
    let element = |name: &str| match shell.variables.get(name).map(|variable| &variable.value) {
        Some(crate::shell::variables::Value::List(list)) => list.get(&0).cloned(),
        _ => None,
    };
    match element("BASH_LINENO") {
        Some(line) => {
            let text = format!("{line} NULL\n");
            Ok(shell.print(call, "caller", text))
        }
        None => Ok(1),
    }
}
