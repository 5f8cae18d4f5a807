//! Builtins about processes: `kill`, `wait`, `jobs`, `times`, `umask` and `ulimit`.

use super::Outcome;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::process::{Pid, Signal, Status, Wait};
use crate::shell::syntax::Dialect;
use crate::shell::{Interrupt, Shell};

/// `kill [-s signal | -signal] pid ...` and `kill -l`
pub(super) fn kill(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut rest = &args[1..];
    if rest.first().is_some_and(|arg| arg == "-l" || arg == "-L") {
        return Ok(list_signals(shell, call, &rest[1..]));
    }
    let signal = match signal_option(shell, call, &mut rest) {
        Ok(signal) => signal,
        Err(status) => return Ok(status),
    };
    if rest.is_empty() {
        let text = match shell.dialect {
            Dialect::Bash => {
                "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n"
                    .to_owned()
            }
            Dialect::Dash => format!(
                "{}: {}: kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]\n",
                shell.name, shell.line
            ),
            Dialect::Busybox => format!("{}: you need to specify whom to kill\n", shell.name),
        };
        shell.say(call, &text);
        return Ok(if shell.dialect == Dialect::Busybox { 1 } else { 2 });
    }
    let mut status = 0;
    for target in rest {
        let result = match shell.target(target) {
            Some(pid) => shell.send(call, pid, signal),
            None => {
                let message = match shell.dialect {
                    Dialect::Bash if target.starts_with('%') => format!("{target}: no such job"),
                    Dialect::Bash => format!("{target}: arguments must be process or job IDs"),
                    Dialect::Dash => format!("Illegal number: {target}"),
                    Dialect::Busybox => format!("invalid number '{target}'"),
                };
                match shell.dialect {
                    Dialect::Busybox => shell.error(call, &message),
                    _ => shell.builtin_error(call, "kill", &message),
                }
                status = if shell.dialect == Dialect::Dash { 2 } else { 1 };
                continue;
            }
        };
        if result == Ok(true) {
            // The kernel ends it now.
            return Err(Interrupt::Stop(Stop::Wait(Wait::Until(call.now()))));
        }
        if let Err(errno) = result {
            match shell.dialect {
                Dialect::Bash => shell.builtin_error(call, "kill", &format!("({target}) - {}", errno.text())),
                Dialect::Dash => shell.builtin_error(call, "kill", &format!("{}\n", errno.text())),
                Dialect::Busybox => shell.error(call, &format!("can't kill pid {target}: {}", errno.text())),
            }
            status = 1;
        }
    }
    Ok(status)
}

/// Takes the signal from the arguments of `kill`; the status if it is none.
fn signal_option(shell: &Shell, call: &mut Call<'_>, rest: &mut &[String]) -> Result<Option<Signal>, i32> {
    let Some(option) = rest.first().and_then(|arg| arg.strip_prefix('-')) else { return Ok(Some(Signal::Term)) };
    let (name, used) = match option {
        "-" => (None, 1),
        "s" | "n" => match rest.get(1) {
            Some(name) => (Some(name.as_str()), 2),
            None => {
                shell.builtin_error(call, "kill", &format!("-{option}: option requires an argument"));
                return Err(2);
            }
        },
        name => (Some(name), 1),
    };
    let signal = match name {
        None => Some(Signal::Term),
        Some(name) => match parse_signal(name) {
            Some(signal) => signal,
            None => return Err(bad_signal(shell, call, name)),
        },
    };
    *rest = &rest[used..];
    Ok(signal)
}

/// Parses a signal; `Some(None)` is 0, which only asks whether the process exists.
fn parse_signal(text: &str) -> Option<Option<Signal>> {
    if text == "0" { Some(None) } else { Signal::parse(&text.to_uppercase()).map(Some) }
}

fn bad_signal(shell: &Shell, call: &mut Call<'_>, name: &str) -> i32 {
    match shell.dialect {
        Dialect::Bash => shell.builtin_error(call, "kill", &format!("{name}: invalid signal specification")),
        Dialect::Dash => {
            let first = name.chars().next().unwrap_or(' ');
            shell.builtin_error(call, "kill", &format!("Illegal option -{first}"));
        }
        Dialect::Busybox => shell.error(call, &format!("bad signal name '{name}'")),
    }
    if shell.dialect == Dialect::Dash { 2 } else { 1 }
}

fn list_signals(shell: &Shell, call: &mut Call<'_>, args: &[String]) -> i32 {
    let mut text = String::new();
    for arg in args {
        let number = arg.parse::<u8>().map(|number| number & 0x7f);
        let found = match number {
            Ok(number) => Signal::parse(&number.to_string()).map(|signal| signal.name().to_owned()),
            Err(_) => Signal::parse(&arg.to_uppercase()).map(|signal| (signal as u8).to_string()),
        };
        match found {
            Some(name) => text.push_str(&format!("{name}\n")),
            None => return bad_signal(shell, call, arg),
        }
    }
    if args.is_empty() {
        for (signal, name) in Signal::ALL {
            text.push_str(&match shell.dialect {
                Dialect::Busybox => format!("{:2}) {name}\n", *signal as u8),
                Dialect::Dash => format!("{name}\n"),
                Dialect::Bash => format!("{:2}) SIG{name}\n", *signal as u8),
            });
        }
    }
    shell.print(call, "kill", text)
}

/// `wait [-n] [pid ...]`
pub(super) fn wait(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    if let Some(signal) = shell.caught_signal() {
        return Ok(128 + signal as i32);
    }
    shell.reap_jobs(call);
    let targets: Vec<&String> = args[1..].iter().filter(|arg| !arg.starts_with('-')).collect();
    let wants_any = args[1..].iter().any(|arg| arg == "-n") && shell.dialect == Dialect::Bash;
    let waits = Err(Interrupt::Stop(Stop::Wait(Wait::Child)));
    if wants_any {
        return match shell.jobs.list.iter().position(|job| job.status.is_some()) {
            Some(at) => Ok(shell.jobs.list.remove(at).status.map_or(127, Status::code)),
            None if shell.jobs.list.is_empty() => Ok(127),
            None => waits,
        };
    }
    if targets.is_empty() {
        if shell.jobs.list.iter().any(|job| job.status.is_none()) {
            return waits;
        }
        shell.jobs.list.clear();
        return Ok(0);
    }
    let mut status = 0;
    for target in targets {
        let found = shell.target(target).and_then(|pid| shell.jobs.list.iter().find(|job| job.pid == pid));
        status = match found.map(|job| job.status) {
            Some(Some(ended)) => ended.code(),
            Some(None) => return waits,
            None => {
                if shell.dialect == Dialect::Bash {
                    let message = match target.parse::<Pid>() {
                        Ok(_) => format!("pid {target} is not a child of this shell"),
                        Err(_) if target.starts_with('%') => format!("{target}: no such job"),
                        Err(_) => format!("`{target}': not a pid or valid job spec"),
                    };
                    shell.builtin_error(call, "wait", &message);
                }
                127
            }
        };
    }
    Ok(status)
}

/// `jobs`
pub(super) fn jobs(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    shell.reap_jobs(call);
    let shows_pids = args[1..].iter().any(|arg| arg == "-p");
    let last = shell.jobs.list.len();
    let mut text = String::new();
    for (at, job) in shell.jobs.list.iter().enumerate() {
        if shows_pids {
            text.push_str(&format!("{}\n", job.pid));
            continue;
        }
        let mark = if at + 1 == last {
            '+'
        } else if at + 2 == last {
            '-'
        } else {
            ' '
        };
        let state = match job.status {
            None => "Running".to_owned(),
            Some(Status::Exited(0)) => "Done".to_owned(),
            Some(Status::Exited(code)) if shell.dialect == Dialect::Bash => format!("Exit {code}"),
            Some(Status::Exited(code)) => format!("Done({code})"),
            Some(Status::Killed(signal)) => signal.description().unwrap_or("Killed").to_owned(),
        };
        let width = if shell.dialect == Dialect::Bash { 23 } else { 26 };
        let suffix = if job.status.is_none() && shell.dialect == Dialect::Bash { " &" } else { "" };
        text.push_str(&format!("[{}]{mark}  {state:<width$} {}{suffix}\n", job.number, job.command));
    }
    shell.jobs.list.retain(|job| job.status.is_none());
    Ok(shell.print(call, "jobs", text))
}

/// `fg` and `bg`: there is no job control.
pub(super) fn foreground(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let message = match shell.dialect {
        Dialect::Bash => "no job control",
        _ => "job (null) not created under job control",
    };
    shell.builtin_error(call, &args[0], message);
    Ok(if shell.dialect == Dialect::Bash { 1 } else { 2 })
}

/// `times`: nothing takes processor time here.
pub(super) fn times(shell: &mut Shell, call: &mut Call<'_>, _: &[String]) -> Outcome {
    let line = if shell.dialect == Dialect::Dash { "0m0.000000s 0m0.000000s\n" } else { "0m0.000s 0m0.000s\n" };
    Ok(shell.print(call, "times", line.repeat(2)))
}

/// `umask [-S] [mode]`
pub(super) fn umask(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let is_symbolic = args.get(1).is_some_and(|arg| arg == "-S");
    let Some(mode) = args.get(1 + usize::from(is_symbolic)) else {
        let mask = call.process.umask;
        let text = if is_symbolic { symbolic(!mask) } else { format!("{mask:04o}\n") };
        return Ok(shell.print(call, "umask", text));
    };
    if let Ok(mask) = u32::from_str_radix(mode, 8) {
        if mask <= 0o7777 {
            call.process.umask = mask & 0o777;
            return Ok(0);
        }
    } else if let Some(allowed) = parse_symbolic(mode, !call.process.umask & 0o777) {
        call.process.umask = !allowed & 0o777;
        return Ok(0);
    }
    let message = match shell.dialect {
        Dialect::Bash if mode.starts_with(|c: char| c.is_ascii_digit()) => format!("{mode}: octal number out of range"),
        Dialect::Bash => format!("`{}': invalid symbolic mode character", mode.chars().next().unwrap_or(' ')),
        Dialect::Dash if mode.starts_with(|c: char| c.is_ascii_digit()) => format!("Illegal number: {mode}"),
        Dialect::Dash => format!("Illegal mode: {mode}"),
        Dialect::Busybox => format!("illegal mode: {mode}"),
    };
    shell.builtin_error(call, "umask", &message);
    Ok(if shell.dialect == Dialect::Bash { 1 } else { 2 })
}

fn symbolic(allowed: u32) -> String {
    let part = |who: char, shift: u32| {
        let bits = allowed >> shift & 0o7;
        let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
        let set: String = letters.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, letter)| *letter).collect();
        format!("{who}={set}")
    };
    format!("{},{},{}\n", part('u', 6), part('g', 3), part('o', 0))
}

fn parse_symbolic(text: &str, mut allowed: u32) -> Option<u32> {
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let mut who = 0;
        for letter in clause[..at].chars() {
            who |= match letter {
                'u' => 0o700,
                'g' => 0o070,
                'o' => 0o007,
                'a' => 0o777,
                _ => return None,
            };
        }
        if who == 0 {
            who = 0o777;
        }
        let mut bits = 0;
        for letter in clause[at + 1..].chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                _ => return None,
            };
        }
        match &clause[at..=at] {
            "+" => allowed |= bits & who,
            "-" => allowed &= !(bits & who),
            _ => allowed = allowed & !who | bits & who,
        }
    }
    Some(allowed)
}

/// `ulimit`: the limits are those of a container runtime; setting them has no effect.
pub(super) fn ulimit(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut limit = 'f';
    for arg in &args[1..] {
        let Some(letters) = arg.strip_prefix('-') else { return Ok(0) };
        for letter in letters.chars() {
            match letter {
                'S' | 'H' => {}
                letter => limit = letter,
            }
        }
    }
    let value = match limit {
        'n' => "1048576",
        's' => "8192",
        'c' => "unlimited",
        'l' => "8192",
        'p' | 'q' => "8",
        _ => "unlimited",
    };
    Ok(shell.print(call, "ulimit", format!("{value}\n")))
}

impl Shell {
    /// Returns the process that an argument means: a number, or a job such as `%1`.
    fn target(&self, text: &str) -> Option<Pid> {
        match text.strip_prefix('%') {
            Some("" | "%" | "+") => self.jobs.list.last().map(|job| job.pid),
            Some("-") => self.jobs.list.iter().rev().nth(1).map(|job| job.pid),
            Some(number) => {
                let number: u32 = number.parse().ok()?;
                self.jobs.list.iter().find(|job| job.number == number).map(|job| job.pid)
            }
            None => match text.parse::<i64>().ok()? {
                // A process group: here that of the process.
                number if number < 0 => Pid::try_from(number.unsigned_abs()).ok(),
                number => Pid::try_from(number).ok(),
            },
        }
    }

    /// Sends a signal; true if it ends the shell itself.
    fn send(&mut self, call: &mut Call<'_>, pid: Pid, signal: Option<Signal>) -> Result<bool, Errno> {
        match signal {
            Some(signal) if pid == call.process.pid => {
                if self.signal(call, signal) {
                    call.process.pending.push(signal);
                    return Ok(true);
                }
                Ok(false)
            }
            Some(signal) => call.kill(pid, signal).map(|()| false),
            None if pid == call.process.pid || call.container().processes.contains_key(&pid) => Ok(false),
            None => Err(Errno::ESRCH),
        }
    }
}
