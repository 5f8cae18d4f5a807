//! `ps` and `top`.

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use super::host;
use super::memory::PROCESS_MEMORY;
use crate::call::{Call, Stop};
use crate::process::{Pid, Process, State, Wait};
use crate::programs::opts::{Options, Spec, is_busybox};
use crate::programs::{time, users};

const BUSYBOX: Spec = Spec::new("o:Taefwlu:", &[], "[-o COL1,COL2=HEADER]");
const GNU: Spec = Spec::new(
    "AaefFjlo:p:u:U:wxTC:γ:η",
    &[("format", 'o'), ("pid", 'p'), ("sort", 'γ'), ("no-headers", 'η'), ("user", 'u')],
    "[options]",
);

/// What is known of a process.
pub(super) struct Row {
    pub(super) pid: Pid,
    pub(super) parent: Pid,
    pub(super) uid: u32,
    pub(super) user: String,
    pub(super) started: Time,
    pub(super) argv: Vec<String>,
    state: char,
    has_terminal: bool,
}

impl Row {
    /// Returns the name of the program without directories, as the kernel keeps it: 15 bytes of it.
    pub(super) fn name(&self) -> String {
        let name = self.argv.first().map_or("", |word| crate::programs::base_name(word));
        name.chars().take(15).collect()
    }

    /// Returns the words of the command.
    pub(super) fn command(&self) -> String {
        if self.state == 'Z' { format!("[{}]", self.name()) } else { self.argv.join(" ") }
    }
}

/// Returns all processes of the container by number, with the one that asks.
pub(super) fn processes(call: &mut Call<'_>) -> Vec<Row> {
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
    };
    let has_terminal = |process: &Process| match process.session {
        Some(session) => call.world.sessions.get(&session).is_some_and(|session| session.has_tty),
        None => call.container().config.has_tty,
    };
    let mut rows: Vec<Row> =
        call.container().processes.values().map(|process| row(process, false, has_terminal(process))).collect();
    rows.push(row(call.process, true, has_terminal(call.process)));
    rows.sort_by_key(|row| row.pid);
    for row in &mut rows {
        row.user = users::name(call, row.uid).unwrap_or_else(|| row.uid.to_string());
    }
    rows
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
        (_, true, _) => FULL_COLUMNS,
        (.., "") => SHORT_COLUMNS,
        _ => BSD_COLUMNS,
    };
    let column = |(title, width, value): &Spelled| Column { title: (*title).to_owned(), width: *width, value: *value };
    Ok(specs.iter().map(column).collect())
}

/// What a column shows of a process.
type Show = fn(&Call<'_>, &Row) -> String;
/// Title, width and value of a column.
type Spelled = (&'static str, i32, Show);

const PID: Show = |_, row| row.pid.to_string();
const USER: Show = |_, row| row.user.clone();
const COMMAND: Show = |_, row| row.command();
const STATE: Show = |_, row| row.state.to_string();
const TTY: Show = |_, row| if row.has_terminal { "pts/0" } else { "?" }.to_owned();
const TIME: Show = |_, _| "0:00".to_owned();
const LONG_TIME: Show = |_, _| "00:00:00".to_owned();
const PERCENT: Show = |_, _| "0.0".to_owned();
const VIRTUAL: Show = |_, _| (PROCESS_MEMORY >> 10).to_string();
const RESIDENT: Show = |_, _| (PROCESS_MEMORY >> 12).to_string();
const START: Show = |call, row| {
    let is_today = time::format(call.now(), "%F") == time::format(row.started, "%F");
    time::format(row.started, if is_today { "%H:%M" } else { "%b%d" })
};

const BUSYBOX_COLUMNS: &[Spelled] =
    &[("PID  ", 5, PID), ("USER", -8, USER), ("TIME ", 5, TIME), ("COMMAND", 0, COMMAND)];
const USER_COLUMNS: &[Spelled] = &[
    ("USER", -8, USER),
    ("PID", 7, PID),
    ("%CPU", 4, PERCENT),
    ("%MEM", 4, PERCENT),
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
    ("PPID", 7, |_, row| row.parent.to_string()),
    ("C", 2, |_, _| "0".to_owned()),
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
        "user" | "euser" | "ruser" => ("USER", -8, |_, row| row.user.clone()),
        "uid" | "euid" => ("UID", 5, |_, row| row.uid.to_string()),
        "comm" if is_busybox => ("COMMAND", -16, |_, row| row.name()),
        "comm" | "ucmd" => ("COMMAND", -15, |_, row| row.name()),
        "args" | "cmd" | "command" if is_busybox => ("COMMAND", 0, |_, row| row.command()),
        "args" | "command" => ("COMMAND", 0, |_, row| row.command()),
        "cmd" => ("CMD", 0, |_, row| row.command()),
        "stat" | "state" | "s" => ("STAT", -4, |_, row| row.state.to_string()),
        "time" => ("TIME", 8, |_, _| "00:00:00".to_owned()),
        "etime" => ("ELAPSED", 11, |call, row| elapsed(call.now().secs() - row.started.secs())),
        "etimes" => ("ELAPSED", 7, |call, row| (call.now().secs() - row.started.secs()).to_string()),
        "tty" | "tt" => ("TT", -8, |_, row| if row.has_terminal { "pts/0" } else { "?" }.to_owned()),
        "vsz" => ("VSZ", 6, |_, _| (PROCESS_MEMORY >> 10).to_string()),
        "rss" => ("RSS", 5, |_, _| (PROCESS_MEMORY >> 12).to_string()),
        "pcpu" | "%cpu" => ("%CPU", 4, |_, _| "0.0".to_owned()),
        "pmem" | "%mem" => ("%MEM", 4, |_, _| "0.0".to_owned()),
        "lstart" => ("STARTED", 24, |_, row| time::format(row.started, "%a %b %e %H:%M:%S %Y")),
        _ => return None,
    };
    Some(Column { title: title.unwrap_or(default).to_owned(), width, value })
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

/// `top`: how many tables it has printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Top {
    count: u64,
    next: Option<Time>,
}

impl Top {
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        const TOP: Spec = Spec::new("bn:d:Hmp:u:co:w::i", &[], "[-bmH] [-n COUNT] [-d SECONDS]");
        let options = TOP.parse(call)?;
        if !options.has('b') && !call.is_tty(1) && !is_busybox(call) {
            call.complain("failed tty get");
            return Ok(1);
        }
        if let Some(next) = self.next.filter(|next| *next > call.now()) {
            return Err(Stop::Wait(Wait::Until(next)));
        }
        let most = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
        let text = if is_busybox(call) { busybox_table(call) } else { gnu_table(call) };
        call.print(text)?;
        self.count += 1;
        if self.count >= most {
            return Ok(0);
        }
        let seconds: f64 = options.value('d').and_then(|text| text.parse().ok()).unwrap_or(5.0);
        let next = call.now() + Duration::from_micros(((seconds * 1e6) as i64).max(100_000));
        self.next = Some(next);
        Err(Stop::Wait(Wait::Until(next)))
    }
}

fn busybox_table(call: &mut Call<'_>) -> String {
    let rows = processes(call);
    let total = call.container().config.memory >> 10;
    let used = ((rows.len() as u64 * PROCESS_MEMORY) >> 10).min(total);
    let mut out = format!("Mem: {used}K used, {}K free, 0K shrd, 0K buff, 0K cached\n", total - used);
    out.push_str("CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq\n");
    let running = rows.iter().filter(|row| row.state == 'R').count();
    let last = rows.last().map_or(0, |row| row.pid);
    out.push_str(&format!("Load average: 0.00 0.00 0.00 {running}/{} {last}\n", rows.len()));
    out.push_str("  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n");
    for row in rows {
        let size = PROCESS_MEMORY >> 10;
        let command = row.command();
        let Row { pid, parent, user, state, .. } = row;
        out.push_str(&format!("{pid:5} {parent:5} {user:<8.8} {state}    {size:5}   0%   0   0% {command}\n"));
    }
    out
}

fn gnu_table(call: &mut Call<'_>) -> String {
    let rows = processes(call);
    let started = call.container().started;
    let total = call.container().config.memory as f64 / f64::from(1 << 20);
    let used = (rows.len() as u64 * PROCESS_MEMORY) as f64 / f64::from(1 << 20);
    let count = |state: char| rows.iter().filter(|row| row.state == state).count();
    let (running, sleeping, zombies) = (count('R'), count('S'), count('Z'));
    let mut out = format!("top -{}\n", host::uptime_line(call, started));
    out.push_str(&format!(
        "Tasks: {:3} total, {running:3} running, {sleeping:3} sleeping,   0 stopped, {zombies:3} zombie\n",
        rows.len()
    ));
    out.push_str("%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st \n");
    let free = total - used;
    out.push_str(&format!("MiB Mem : {total:8.1} total, {free:8.1} free, {used:8.1} used,      0.0 buff/cache     \n"));
    out.push_str(&format!("MiB Swap:      0.0 total,      0.0 free,      0.0 used. {free:8.1} avail Mem \n\n"));
    out.push_str("    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n");
    for row in rows {
        let (size, name) = (PROCESS_MEMORY >> 10, row.name());
        let Row { pid, user, state, .. } = row;
        let resident = size / 4;
        out.push_str(&format!(
            "{pid:7} {user:<8.8}  20   0 {size:7} {resident:6} {resident:6} {state}   0.0   0.0   0:00.00 {name}\n"
        ));
    }
    out
}
