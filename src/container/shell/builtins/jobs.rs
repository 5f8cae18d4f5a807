//! Builtins about jobs: `wait`, `jobs`, `fg`, `bg` and `disown`.

use super::Outcome;
use crate::call::{Call, Stop};
use crate::process::{Pid, Status, Wait};
use crate::shell::fork::Job;
use crate::shell::syntax::Dialect;
use crate::shell::{Interrupt, Shell};

/// `wait [-n] [pid | %job ...]`
pub(super) fn wait(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    if let Some(signal) = shell.caught_signal() {
        return Ok(128 + signal as i32);
    }
    if let Some(option) =
        args[1..].iter().find(|arg| arg.starts_with('-') && (*arg != "-n" || shell.dialect == Dialect::Dash))
    {
        return shell.bad_option(call, "wait", option, "wait [-fn] [-p var] [id ...]");
    }
    shell.reap_jobs(call);
    let targets: Vec<&String> = args[1..].iter().filter(|arg| !arg.starts_with('-')).collect();
    let waits = Err(Interrupt::Stop(Stop::Wait(Wait::Child)));
    if args[1..].iter().any(|arg| arg == "-n") {
        let mut open = shell.jobs.list.iter_mut().filter(|job| !job.is_awaited).peekable();
        if open.peek().is_none() {
            return Ok(127);
        }
        return match open.find(|job| job.status.is_some()) {
            Some(job) => {
                job.is_awaited = true;
                Ok(job.status.map_or(127, Status::code))
            }
            None => waits,
        };
    }
    if targets.is_empty() {
        if shell.jobs.list.iter().any(|job| job.status.is_none()) {
            return waits;
        }
        // The ash family still tells about them.
        match shell.dialect {
            Dialect::Bash => shell.jobs.list.clear(),
            _ => shell.jobs.list.iter_mut().for_each(|job| job.is_awaited = true),
        }
        return Ok(0);
    }
    let mut status = 0;
    for target in targets {
        let pid = shell.target(target);
        let found = shell.jobs.list.iter_mut().find(|job| Some(job.pid) == pid);
        status = match found.map(|job| (job.status, job)) {
            Some((Some(ended), job)) => {
                job.is_awaited = true;
                ended.code()
            }
            Some((None, _)) => return waits,
            None => unknown(shell, call, target),
        };
    }
    Ok(status)
}

/// Reports what `wait` does not know; returns the status.
fn unknown(shell: &Shell, call: &mut Call<'_>, target: &str) -> i32 {
    let is_job = target.starts_with('%');
    let message = match (shell.dialect, target.parse::<Pid>()) {
        (Dialect::Bash, Ok(_)) => format!("pid {target} is not a child of this shell"),
        (Dialect::Bash | Dialect::Busybox, Err(_)) if is_job => format!("{target}: no such job"),
        (Dialect::Dash, Err(_)) if is_job => format!("No such job: {target}"),
        (Dialect::Bash, Err(_)) => format!("`{target}': not a pid or valid job spec"),
        (_, Ok(_)) => return 127,
        (_, Err(_)) => format!("Illegal number: {target}"),
    };
    shell.builtin_error(call, "wait", &message);
    if shell.dialect == Dialect::Bash { 127 } else { 2 }
}

/// `jobs [-lp] [%job ...]`
pub(super) fn jobs(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    shell.reap_jobs(call);
    let letters: String = args[1..].iter().filter_map(|arg| arg.strip_prefix('-')).collect();
    let targets: Vec<&String> = args[1..].iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut list: Vec<Job> = shell.listed().cloned().collect();
    let (last, before) = (list.last().map(|job| job.number), list.iter().rev().nth(1).map(|job| job.number));
    if shell.dialect != Dialect::Bash {
        list.reverse();
    }
    for target in &targets {
        if shell.target(target).is_none() {
            let message = if shell.dialect == Dialect::Dash {
                format!("No such job: {target}")
            } else {
                format!("{target}: no such job")
            };
            shell.builtin_error(call, "jobs", &message);
            return Ok(if shell.dialect == Dialect::Bash { 1 } else { 2 });
        }
    }
    let wanted: Vec<Option<Pid>> = targets.iter().map(|target| shell.target(target)).collect();
    let mut text = String::new();
    for job in list.iter().filter(|job| wanted.is_empty() || wanted.contains(&Some(job.pid))) {
        let mark = match Some(job.number) {
            number if number == last => '+',
            number if number == before => '-',
            _ => ' ',
        };
        text.push_str(&line(shell.dialect, job, mark, &letters));
    }
    shell.jobs.list.retain(|job| job.status.is_none());
    Ok(shell.print(call, "jobs", text))
}

fn line(dialect: Dialect, job: &Job, mark: char, letters: &str) -> String {
    let Job { number, pid, command, .. } = job;
    if letters.contains('p') {
        return format!("{pid}\n");
    }
    let state = match job.status {
        None => "Running".to_owned(),
        Some(Status::Exited(0)) => "Done".to_owned(),
        Some(Status::Exited(code)) if dialect == Dialect::Bash => format!("Exit {code}"),
        Some(Status::Exited(code)) => format!("Done({code})"),
        Some(Status::Killed(signal)) => signal.description().unwrap_or("Killed").to_owned(),
    };
    let long = if letters.contains('l') { format!("{pid} ") } else { String::new() };
    match dialect {
        Dialect::Bash => {
            let suffix = if job.status.is_none() { " &" } else { "" };
            format!("[{number}]{mark}  {long}{state:<23} {command}{suffix}\n")
        }
        Dialect::Dash => format!("[{number}] {mark} {long}{state:<26} {command}\n"),
        Dialect::Busybox => format!("[{number}]{mark}  {long}{state:<26} {command}\n"),
    }
}

/// `fg` and `bg`: there is no job control.
pub(super) fn foreground(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let target = args.get(1).map_or("%%", String::as_str);
    let message = match (shell.dialect, shell.target(target).is_some(), args.get(1)) {
        (Dialect::Bash, ..) => "no job control".to_owned(),
        (_, true, _) => format!("job {target} not created under job control"),
        (_, false, None) => "No current job".to_owned(),
        (Dialect::Dash, false, Some(_)) => format!("No such job: {target}"),
        (_, false, Some(_)) => format!("{target}: no such job"),
    };
    shell.builtin_error(call, &args[0], &message);
    Ok(if shell.dialect == Dialect::Bash { 1 } else { 2 })
}

/// `disown [-ahr] [%job | pid ...]`
pub(super) fn disown(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    if args[1..].iter().any(|arg| arg == "-a") {
        shell.jobs.list.clear();
        return Ok(0);
    }
    let targets: Vec<&str> = args[1..].iter().filter(|arg| !arg.starts_with('-')).map(String::as_str).collect();
    let mut status = 0;
    for target in if targets.is_empty() { vec!["current"] } else { targets } {
        let pid = if target == "current" { shell.target("%%") } else { shell.target(target) };
        let known = shell.jobs.list.len();
        shell.jobs.list.retain(|job| Some(job.pid) != pid);
        if shell.jobs.list.len() == known {
            shell.builtin_error(call, "disown", &format!("{target}: no such job"));
            status = 1;
        }
    }
    Ok(status)
}

impl Shell {
    /// Returns the jobs that are listed: its own, in a subshell without any those of its parent.
    fn listed(&self) -> impl DoubleEndedIterator<Item = &Job> {
        let list = if self.jobs.list.is_empty() { &self.jobs.inherited } else { &self.jobs.list };
        let is_bash = self.dialect == Dialect::Bash;
        list.iter().filter(move |job| !(job.is_hidden || is_bash && job.is_awaited))
    }

    /// Returns the job that follows a percent sign: a number, `+`, `-`, or the begin of its text.
    pub(super) fn job(&self, text: &str) -> Option<&Job> {
        match text {
            "" | "%" | "+" => self.listed().next_back(),
            "-" => self.listed().rev().nth(1),
            text => match text.parse::<u32>() {
                Ok(number) => self.listed().find(|job| job.number == number),
                Err(_) => self.listed().find(|job| !text.is_empty() && job.command.starts_with(text)),
            },
        }
    }
}
