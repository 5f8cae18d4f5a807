//! `kill`, `pkill`, `killall`, `pgrep` and `pidof`.

use super::ps::{self, Row};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::process::{Pid, Signal};
use crate::programs::opts::{Options, Spec, is_busybox};
use crate::programs::regexp::{self, Syntax};

/// Names of all signals of Linux by number, beginning with 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL",
    "PWR", "SYS",
];

/// What `kill` does with a process.
#[derive(Clone, Copy)]
enum Action {
    /// Sends a signal.
    Send(Signal),
    /// Asks whether it exists (signal 0).
    Test,
}

/// Takes the signal from the arguments: `-9`, `-KILL`, `-s KILL`; `Err` has what is no signal.
fn action(args: &mut Vec<String>) -> Result<Action, String> {
    let Some(first) = args.first().cloned() else { return Ok(Action::Send(Signal::Term)) };
    let name = match first.strip_prefix('-') {
        Some("s" | "n") if args.len() > 1 => {
            args.remove(0);
            args.remove(0)
        }
        Some("-") => {
            args.remove(0);
            return Ok(Action::Send(Signal::Term));
        }
        Some(name) if !name.is_empty() && name != "l" && name != "L" => {
            args.remove(0);
            name.strip_prefix('s').filter(|rest| Signal::parse(rest).is_some()).unwrap_or(name).to_owned()
        }
        _ => return Ok(Action::Send(Signal::Term)),
    };
    if name == "0" {
        return Ok(Action::Test);
    }
    Signal::parse(&name.to_ascii_uppercase()).map(Action::Send).ok_or(name)
}

/// `kill`.
pub(super) fn kill(call: &mut Call<'_>) -> Result<i32, Stop> {
    let mut args = call.args();
    if args.first().is_some_and(|arg| arg == "-l" || arg == "-L") {
        return list(call, &args[1..]);
    }
    let action = match action(&mut args) {
        Ok(action) => action,
        Err(name) => {
            let message = match is_busybox(call) {
                true => format!("bad signal name '{name}'"),
                false => format!("unknown signal {name}"),
            };
            call.complain(&message);
            return Ok(1);
        }
    };
    if args.is_empty() {
        if is_busybox(call) {
            call.complain("you need to specify whom to kill");
        } else {
            call.warn(b"\nUsage:\n kill [options] <pid> [...]\n");
        }
        return Ok(1);
    }
    let mut code = 0;
    for arg in args {
        code |= i32::from(!kill_one(call, action, &arg));
    }
    Ok(code)
}

fn kill_one(call: &mut Call<'_>, action: Action, arg: &str) -> bool {
    // -1 is every process but the first and the one that asks.
    if arg == "-1" {
        let own = call.process.pid;
        let others: Vec<Pid> =
            call.container().processes.keys().copied().filter(|pid| *pid != 1 && *pid != own).collect();
        return others.into_iter().all(|pid| act(call, action, pid).is_ok());
    }
    let Ok(pid) = arg.strip_prefix('-').unwrap_or(arg).parse::<Pid>() else {
        let message = match is_busybox(call) {
            true => format!("invalid number '{arg}'"),
            false => format!("failed to parse argument: '{arg}'"),
        };
        call.complain(&message);
        return false;
    };
    match act(call, action, pid) {
        Ok(()) => true,
        Err(errno) => {
            let message = match is_busybox(call) {
                true => format!("can't kill pid {pid}: {}", errno.text()),
                false => format!("({pid}): {}", errno.text()),
            };
            call.complain(&message);
            false
        }
    }
}

fn act(call: &mut Call<'_>, action: Action, pid: Pid) -> Result<(), Errno> {
    match action {
        Action::Send(signal) => call.kill(pid, signal),
        Action::Test if pid == call.process.pid || call.container().processes.contains_key(&pid) => Ok(()),
        Action::Test => Err(Errno::ESRCH),
    }
}

/// Prints the names of signals, or those of some numbers.
fn list(call: &mut Call<'_>, args: &[String]) -> Result<i32, Stop> {
    if args.is_empty() {
        let names: Vec<String> = match is_busybox(call) {
            true => (1..).zip(NAMES).map(|(number, name)| format!("{number:2}) {name}\n")).collect(),
            false => vec![NAMES.join(" ") + "\n"],
        };
        call.print(names.concat())?;
        return Ok(0);
    }
    for arg in args {
        let line = match arg.parse::<usize>() {
            // The exit status of a process that a signal has ended stands for the signal.
            Ok(number) => match NAMES.get((if number > 128 { number - 128 } else { number }).wrapping_sub(1)) {
                Some(name) => (*name).to_owned(),
                None => {
                    call.complain(&format!("unknown signal {arg}"));
                    return Ok(1);
                }
            },
            Err(_) => {
                let name = arg.to_ascii_uppercase();
                let name = name.strip_prefix("SIG").unwrap_or(&name).to_owned();
                match NAMES.iter().position(|known| *known == name) {
                    Some(at) => (at + 1).to_string(),
                    None => {
                        call.complain(&format!("unknown signal {arg}"));
                        return Ok(1);
                    }
                }
            }
        };
        call.print(line + "\n")?;
    }
    Ok(0)
}

const PGREP: Spec = Spec::new(
    "flanoxvs:P:u:U:t:c",
    &[
        ("full", 'f'),
        ("list-name", 'l'),
        ("list-full", 'a'),
        ("newest", 'n'),
        ("oldest", 'o'),
        ("exact", 'x'),
        ("inverse", 'v'),
        ("parent", 'P'),
        ("count", 'c'),
    ],
    "[-flanovx] [-s SID|-P PPID|PATTERN]",
)
.code(2);

/// Returns the processes that the options of `pgrep` choose.
fn chosen(call: &mut Call<'_>, options: &Options) -> Result<Vec<Row>, Stop> {
    let pattern = options.operands.first().cloned();
    if pattern.is_none() && options.last_of("PuU").is_none() {
        let message = "no matching criteria specified";
        return Err(PGREP.misuse(call, message));
    }
    let syntax = Syntax { is_extended: true, ..Syntax::default() };
    let regex = match regexp::compile(pattern.as_deref().unwrap_or(""), syntax) {
        Ok(regex) => regex,
        Err(message) => {
            call.complain(message);
            return Err(Stop::Exit(2));
        }
    };
    let own = call.process.pid;
    let parent: Option<Pid> = options.value('P').and_then(|text| text.parse().ok());
    let user = options.value('u').or(options.value('U')).map(String::from);
    let is_it = |row: &Row| {
        let text = if options.has('f') { row.command() } else { row.name() };
        let matches = match options.has('x') {
            true => regex.find(text.as_bytes()).is_some_and(|found| found.len() == text.len()),
            false => regex.is_match(text.as_bytes()),
        };
        let is_users = user.as_ref().is_none_or(|user| row.user == *user || row.uid.to_string() == *user);
        (matches && is_users && parent.is_none_or(|parent| row.parent == parent)) != options.has('v')
    };
    let mut rows: Vec<Row> = ps::processes(call).into_iter().filter(|row| row.pid != own && is_it(row)).collect();
    if options.has('n') {
        rows = rows.pop().into_iter().collect();
    } else if options.has('o') {
        rows.truncate(1);
    }
    Ok(rows)
}

/// `pgrep`.
pub(super) fn pgrep(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = PGREP.parse(call)?;
    let rows = chosen(call, &options)?;
    let code = i32::from(rows.is_empty());
    if options.has('c') {
        call.print(format!("{}\n", rows.len()))?;
        return Ok(code);
    }
    for row in rows {
        let text = match options.last_of("la") {
            Some('a') => format!("{} {}\n", row.pid, row.command()),
            Some(_) => format!("{} {}\n", row.pid, row.name()),
            None => format!("{}\n", row.pid),
        };
        call.print(text)?;
    }
    Ok(code)
}

/// `pkill` and `killall`.
pub(super) fn pkill(call: &mut Call<'_>) -> Result<i32, Stop> {
    let mut args = call.args();
    let is_signal = |arg: &String| {
        let name = arg.strip_prefix('-').map(|rest| rest.to_ascii_uppercase());
        name.is_some_and(|name| name == "0" || Signal::parse(&name).is_some())
    };
    let at = args.iter().position(is_signal);
    let mut signal = at.map(|at| vec![args.remove(at)]).unwrap_or_default();
    let action = action(&mut signal).unwrap_or(Action::Send(Signal::Term));
    if call.name() == "killall" {
        return kill_by_name(call, action, &args);
    }
    let options = PGREP.parse_args(call, args)?;
    let rows = chosen(call, &options)?;
    let code = i32::from(rows.is_empty());
    for row in rows {
        if let Err(errno) = act(call, action, row.pid) {
            call.complain(&format!("killing pid {} failed: {}", row.pid, errno.text()));
        }
    }
    Ok(code)
}

fn kill_by_name(call: &mut Call<'_>, action: Action, names: &[String]) -> Result<i32, Stop> {
    let mut code = 0;
    for name in names.iter().filter(|name| !name.starts_with('-')) {
        let own = call.process.pid;
        let pids: Vec<Pid> = ps::processes(call)
            .into_iter()
            .filter(|row| row.pid != own && row.name() == *name)
            .map(|row| row.pid)
            .collect();
        if pids.is_empty() {
            let message = if is_busybox(call) {
                format!("{name}: no process killed")
            } else {
                format!("{name}: no process found")
            };
            let line = if is_busybox(call) { format!("killall: {message}\n") } else { format!("{message}\n") };
            call.warn(&line);
            code = 1;
        }
        for pid in pids {
            code |= i32::from(act(call, action, pid).is_err());
        }
    }
    Ok(code)
}

/// `pidof`.
pub(super) fn pidof(call: &mut Call<'_>) -> Result<i32, Stop> {
    const PIDOF: Spec = Spec::new("so:xcq", &[], "[NAME]...");
    let options = PIDOF.parse(call)?;
    let own = call.process.pid;
    let omitted: Vec<Pid> =
        options.value('o').into_iter().flat_map(|list| list.split(',')).filter_map(|p| p.parse().ok()).collect();
    let is_it = |row: &Row| {
        row.pid != own
            && !omitted.contains(&row.pid)
            && options.operands.iter().any(|name| *name == row.name() || row.argv.first() == Some(name))
    };
    let mut pids: Vec<Pid> = ps::processes(call).into_iter().filter(is_it).map(|row| row.pid).collect();
    pids.reverse();
    if options.has('s') {
        pids.truncate(1);
    }
    if pids.is_empty() {
        return Ok(1);
    }
    let words: Vec<String> = pids.iter().map(Pid::to_string).collect();
    call.print(words.join(" ") + "\n")?;
    Ok(0)
}
