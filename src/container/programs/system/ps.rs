//! `ps`.

use kctl_base::sim::Time;

use crate::call::{Call, Stop};
use crate::process::{Pid, Process, State};
use crate::programs::opts::{Options, Spec, is_busybox};
use crate::programs::{Task, time, users};
use crate::world::memory::{NodeMemory, PROCESS_MEMORY};
use crate::world::{Container, namespaces};

const BUSYBOX: Spec = Spec::new("o:Taefwlu:", &[], "[-o COL1,COL2=HEADER]");
const GNU: Spec = Spec::new(
    "AaefFjlo:p:u:U:wxTC:γ:η",
    &[("format", 'o'), ("pid", 'p'), ("sort", 'γ'), ("no-headers", 'η'), ("user", 'u')],
    "[options]",
);

/// The facts about a process.
pub(super) struct Row {
    pub(super) pid: Pid,
    pub(super) parent: Pid,
    pub(super) uid: u32,
    pub(super) user: String,
    pub(super) started: Time,
    pub(super) argv: Vec<String>,
    pub(super) state: char,
    has_terminal: bool,
    /// It is a shell that gives the terminal to its jobs, of which one runs.
    is_behind: bool,
}

impl Row {
    /// Returns the name of the program without directories, as the kernel keeps it: 15 bytes of it.
    pub(super) fn name(&self) -> String {
        let name = self.argv.first().map_or("", |word| crate::programs::base_name(word));
        name.chars().take(15).collect()
    }

    /// Returns the state with what `ps` adds to it: `s` for the first process of a session, `+` for one in the foreground.
    fn stat(&self, is_busybox: bool) -> String {
        let leads = self.parent == 0 && !is_busybox;
        let is_in_front = self.has_terminal && !self.is_behind && !is_busybox;
        format!("{}{}{}", self.state, if leads { "s" } else { "" }, if is_in_front { "+" } else { "" })
    }

    /// Returns the words of the command.
    pub(super) fn command(&self) -> String {
        if self.state == 'Z' { format!("[{}]", self.name()) } else { self.argv.join(" ") }
    }
}

/// Returns all processes that a process sees by number, with itself.
pub(super) fn processes(call: &mut Call<'_>) -> Vec<Row> {
    let sandbox = call.world.shares_pod_processes(call.container).then(|| Row {
        pid: namespaces::SANDBOX,
        parent: 0,
        uid: namespaces::SANDBOX_USER,
        user: String::new(),
        started: call.world.containers.values().map(|container| container.started).min().unwrap_or(call.now()),
        argv: vec![namespaces::SANDBOX_PROGRAM.to_owned()],
        state: 'S',
        has_terminal: false,
        is_behind: false,
    });
    let row = |process: &Process, is_asking: bool, has_terminal: bool| Row {
        pid: process.pid,
        parent: process.parent,
        uid: process.credentials.uid,
        user: String::new(),
        started: process.started,
        argv: process.argv.clone(),
        state: match process.state {
            _ if is_asking => 'R',
            State::Ready => 'R',
            State::Waiting(_) => 'S',
            State::Zombie(_) => 'Z',
        },
        has_terminal,
        is_behind: is_interactive(process) && process.state != State::Ready,
    };
    let has_terminal = |container: &Container, process: &Process| match process.session {
        Some(session) => call.world.sessions.get(&session).is_some_and(|session| session.has_tty),
        None => container.config.has_tty,
    };
    let peers = call.world.peers(call.container).map(|(_, container)| container);
    let all = peers.flat_map(|container| container.processes.values().map(move |process| (container, process)));
    let mut rows: Vec<Row> =
        all.map(|(container, process)| row(process, false, has_terminal(container, process))).chain(sandbox).collect();
    rows.push(row(call.process, true, has_terminal(call.container(), call.process)));
    rows.sort_by_key(|row| row.pid);
    for row in &mut rows {
        row.user = users::name(call, row.uid).unwrap_or_else(|| row.uid.to_string());
    }
    rows
}

fn is_interactive(process: &Process) -> bool {
    matches!(&process.task, Task::Shell(shell) if shell.is_interactive())
}

/// `ps`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let is_busybox = is_busybox(call);
    // The old form without a dash, such as `aux`.
    let args: Vec<String> = call.args();
    let is_bsd = |arg: &String| !arg.is_empty() && arg.chars().all(|c| "aefhjluvwxX".contains(c));
    let bsd: String = args.iter().filter(|arg| is_bsd(arg)).cloned().collect();
    let args = args.into_iter().filter(|arg| !is_bsd(arg)).collect();
    let options = if is_busybox { BUSYBOX } else { GNU }.parse_args(call, args)?;
    let mut rows = processes(call);
    if let Some(pids) = options.value('p') {
        let wanted: Vec<Pid> = pids.split([',', ' ']).filter_map(|pid| pid.parse().ok()).collect();
        rows.retain(|row| wanted.contains(&row.pid));
    } else if !is_busybox && bsd.is_empty() && options.last_of("eA").is_none() {
        // Without options GNU shows the processes of the same terminal and user.
        let own = rows.iter().find(|row| row.pid == call.process.pid).map(|row| (row.uid, row.has_terminal));
        rows.retain(|row| own == Some((row.uid, row.has_terminal)));
    }
    let columns = columns(&options, &bsd, is_busybox);
    let text = match columns {
        Ok(columns) => table(call, &rows, &columns, is_busybox),
        Err(name) => {
            let message = match is_busybox {
                true => format!(
                    "bad -o argument '{name}', supported arguments: user,group,comm,args,pid,ppid,pgid,tty,vsz,stat,rss"
                ),
                false => format!("unknown user-defined format specifier \"{name}\""),
            };
            let prefix = if is_busybox { "ps" } else { "error" };
            call.warn(format!("{prefix}: {message}\n"));
            return Ok(1);
        }
    };
    call.print(text)?;
    Ok(i32::from(rows.is_empty()))
}

/// A column: its title, width and kind.
struct Column {
    title: String,
    /// Positive is to the right, negative to the left; 0 is the last one, as long as it is.
    width: i32,
    value: fn(&Call<'_>, &Row) -> String,
}

fn columns(options: &Options, bsd: &str, is_busybox: bool) -> Result<Vec<Column>, String> {
    if let Some(list) = options.value('o') {
        return list.split(',').map(|name| column(name.trim(), is_busybox).ok_or_else(|| name.to_owned())).collect();
    }
    let specs = match (is_busybox, options.has('f'), bsd) {
        (true, ..) => BUSYBOX_COLUMNS,
        (_, _, bsd) if bsd.contains('u') => USER_COLUMNS,
        (_, true, _) if options.has('l') => LONG_FULL_COLUMNS,
        (_, true, _) => FULL_COLUMNS,
        (.., "") if options.has('l') => LONG_COLUMNS,
        (.., "") => SHORT_COLUMNS,
        _ => BSD_COLUMNS,
    };
    let column = |(title, width, value): &Spelled| Column { title: (*title).to_owned(), width: *width, value: *value };
    Ok(specs.iter().map(column).collect())
}

/// Formats a column of a process.
type Show = fn(&Call<'_>, &Row) -> String;
/// Title, width and value of a column.
type Spelled = (&'static str, i32, Show);

const PID: Show = |_, row| row.pid.to_string();
const USER: Show = |call, row| match row.user.chars().count() {
    ..=8 => row.user.clone(),
    _ if is_busybox(call) => row.user.chars().take(8).collect(),
    _ => row.user.chars().take(7).chain(['+']).collect(),
};
const COMMAND: Show = |_, row| row.command();
const STATE: Show = |call, row| row.stat(is_busybox(call));
const TTY: Show = |_, row| if row.has_terminal { "pts/0" } else { "?" }.to_owned();
const TIME: Show = |_, _| "0:00".to_owned();
const LONG_TIME: Show = |_, _| "00:00:00".to_owned();
// Programs take no time: what they do happens in one instant.
const PERCENT: Show = |_, _| "0.0".to_owned();
const VIRTUAL: Show = |_, _| (PROCESS_MEMORY >> 10).to_string();
const RESIDENT: Show = VIRTUAL;
const MEMORY: Show = |call, _| tenth(NodeMemory::of(call).permille(PROCESS_MEMORY));
const START: Show = |call, row| {
    let is_today = time::format(call.now(), "%F") == time::format(row.started, "%F");
    time::format(row.started, if is_today { "%H:%M" } else { "%b%d" })
};

const PARENT: Show = |_, row| row.parent.to_string();
const NONE: Show = |_, _| "0".to_owned();
/// The kernel's flags: what comes from outside of the container has had more rights before.
const FLAGS: Show = |_, row| if row.parent == 0 { "4" } else { "0" }.to_owned();
const LETTER: Show = |_, row| row.state.to_string();
/// Address and size in pages, which share a title.
const PAGES: Show = |_, _| format!("- {:5}", PROCESS_MEMORY >> 12);
/// What a process waits for in the kernel is hidden in a container.
const CHANNEL: Show = |_, _| "-".to_owned();

const BUSYBOX_COLUMNS: &[Spelled] =
    &[("PID  ", 5, PID), ("USER", -8, USER), ("TIME ", 5, TIME), ("COMMAND", 0, COMMAND)];
const USER_COLUMNS: &[Spelled] = &[
    ("USER", -8, USER),
    ("PID", 7, PID),
    ("%CPU", 4, PERCENT),
    ("%MEM", 4, MEMORY),
    ("VSZ", 6, VIRTUAL),
    ("RSS", 5, RESIDENT),
    ("TTY", -8, TTY),
    ("STAT", -4, STATE),
    ("START", -5, START),
    ("TIME", 6, TIME),
    ("COMMAND", 0, COMMAND),
];
const FULL_COLUMNS: &[Spelled] = &[
    ("UID", -8, USER),
    ("PID", 7, PID),
    ("PPID", 7, PARENT),
    ("C", 2, NONE),
    ("STIME", 5, START),
    ("TTY", -8, TTY),
    ("TIME", 8, LONG_TIME),
    ("CMD", 0, COMMAND),
];
const LONG_COLUMNS: &[Spelled] = &[
    ("F", 1, FLAGS),
    ("S", 1, LETTER),
    ("UID", 5, |_, row| row.uid.to_string()),
    ("PID", 7, PID),
    ("PPID", 7, PARENT),
    ("C", 2, NONE),
    ("PRI", 3, |_, _| "80".to_owned()),
    ("NI", 3, NONE),
    ("ADDR SZ", 7, PAGES),
    ("WCHAN", -6, CHANNEL),
    ("TTY", -8, TTY),
    ("TIME", 8, LONG_TIME),
    ("CMD", 0, |_, row| row.name()),
];
const LONG_FULL_COLUMNS: &[Spelled] = &[
    ("F", 1, FLAGS),
    ("S", 1, LETTER),
    ("UID", -8, USER),
    ("PID", 7, PID),
    ("PPID", 7, PARENT),
    ("C", 2, NONE),
    ("PRI", 3, |_, _| "80".to_owned()),
    ("NI", 3, NONE),
    ("ADDR SZ", 7, PAGES),
    ("WCHAN", -6, CHANNEL),
    ("STIME", 5, START),
    ("TTY", -8, TTY),
    ("TIME", 8, LONG_TIME),
    ("CMD", 0, COMMAND),
];
const SHORT_COLUMNS: &[Spelled] =
    &[("PID", 7, PID), ("TTY", -8, TTY), ("TIME", 8, LONG_TIME), ("CMD", 0, |_, row| row.name())];
const BSD_COLUMNS: &[Spelled] =
    &[("PID", 7, PID), ("TTY", -8, TTY), ("STAT", -4, STATE), ("TIME", 6, TIME), ("COMMAND", 0, COMMAND)];

/// Returns a column that `-o` names.
fn column(name: &str, is_busybox: bool) -> Option<Column> {
    let (name, title) = name.split_once('=').map_or((name, None), |(name, title)| (name, Some(title)));
    let pid_width = if is_busybox { 5 } else { 7 };
    let (default, width, value): (&str, i32, fn(&Call<'_>, &Row) -> String) = match name {
        "pid" => (if is_busybox { "PID  " } else { "PID" }, pid_width, |_, row| row.pid.to_string()),
        "ppid" => (if is_busybox { "PPID " } else { "PPID" }, pid_width, |_, row| row.parent.to_string()),
        "user" | "euser" | "ruser" => ("USER", -8, USER),
        "uid" | "euid" => ("UID", 5, |_, row| row.uid.to_string()),
        "comm" if is_busybox => ("COMMAND", -16, |_, row| row.name()),
        "comm" | "ucmd" => ("COMMAND", -15, |_, row| row.name()),
        "args" | "cmd" | "command" if is_busybox => ("COMMAND", 0, |_, row| row.command()),
        "args" | "command" => ("COMMAND", 0, |_, row| row.command()),
        "cmd" => ("CMD", 0, |_, row| row.command()),
        "stat" => ("STAT", -4, STATE),
        "state" | "s" => ("S", 1, |_, row| row.state.to_string()),
        "time" => ("TIME", 8, LONG_TIME),
        "etime" => ("ELAPSED", 11, |call, row| elapsed(call.now().secs() - row.started.secs())),
        "etimes" => ("ELAPSED", 7, |call, row| (call.now().secs() - row.started.secs()).to_string()),
        "tty" | "tt" => ("TT", -8, |_, row| if row.has_terminal { "pts/0" } else { "?" }.to_owned()),
        "vsz" => ("VSZ", 6, VIRTUAL),
        "rss" => ("RSS", 5, RESIDENT),
        "pcpu" | "%cpu" => ("%CPU", 4, PERCENT),
        "pmem" | "%mem" => ("%MEM", 4, MEMORY),
        "lstart" => ("STARTED", 24, |_, row| time::format(row.started, "%a %b %e %H:%M:%S %Y")),
        _ => return None,
    };
    Some(Column { title: title.unwrap_or(default).to_owned(), width, value })
}

/// Formats a permille as a percentage.
pub(super) fn tenth(permille: u64) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

fn elapsed(seconds: i64) -> String {
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes:02}:{seconds:02}"),
        (0, hours) => format!("{hours:02}:{minutes:02}:{seconds:02}"),
        _ => format!("{days}-{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

fn table(call: &Call<'_>, rows: &[Row], columns: &[Column], is_busybox: bool) -> String {
    let mut out = String::new();
    let mut line = |cells: Vec<String>, is_head: bool| {
        let last = cells.len().saturating_sub(1);
        let padded: Vec<String> = cells
            .iter()
            .zip(columns)
            .enumerate()
            .map(|(at, (cell, column))| {
                let width = column.width.unsigned_abs() as usize;
                match column.width {
                    _ if at == last && column.width <= 0 => cell.clone(),
                    ..0 => format!("{cell:<width$}"),
                    _ if is_head && is_busybox => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                }
            })
            .collect();
        out.push_str(&(padded.join(" ") + "\n"));
    };
    if columns.iter().any(|column| !column.title.is_empty()) {
        line(columns.iter().map(|column| column.title.clone()).collect(), true);
    }
    for row in rows {
        line(columns.iter().map(|column| (column.value)(call, row)).collect(), false);
    }
    out
}
