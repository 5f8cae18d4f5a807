//! The programs that images bring, beside the shell.
//!
//! Most programs are a function from a [`Call`] to an exit code ([`Program`]). Such a function is called from its start again
//! when it had to wait, so it reads all of its input before it does anything else. What keeps a state between calls (`sleep`,
//! `tail -f`, filters that print before their input ends) has a state of its family, which is a variant of [`Task`].

mod child;
mod files;
mod io;
pub(crate) mod net;
mod opts;
mod regexp;
mod system;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod time;
mod users;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::image::Image;
use crate::process::{Process, Signal, Wait};
use crate::shell::Shell;
use crate::world::UnknownProgram;

/// A program without a state of its own.
pub(crate) type Program = fn(&mut Call<'_>) -> Result<i32, Stop>;

/// The program of a process, with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Task {
    /// The program that the name of the process says, without a state.
    Plain,
    /// A shell.
    Shell(Box<Shell>),
    /// A program about files.
    Files(Box<files::State>),
    /// A filter or reader of text.
    Text(Box<text::State>),
    /// A program about time and processes.
    System(Box<system::State>),
    /// A client or server of the network.
    Net(Box<net::State>),
    /// A server that is not simulated; it runs until it is stopped.
    UnknownService,
    /// A task that is not simulated; it succeeds after a second.
    UnknownBatch(Option<kctl_base::sim::Time>),
}

impl Task {
    /// Reports whether the program asks for the status of its children.
    pub(crate) fn reaps_children(&self) -> bool {
        matches!(self, Task::Shell(_) | Task::Files(_) | Task::Text(_) | Task::System(_))
    }

    /// Returns the state as JSON, by way of its text: serde's code for all states is large, and texts are written and read
    /// anyway. `None` for one that cannot be kept.
    pub(crate) fn to_json(&self) -> Option<Value> {
        kctl_base::json::from_str(&serde_json::to_string(self).ok()?).ok()
    }

    /// Returns the state of a program from its JSON ([`Task::to_json`]); `None` if it is none.
    pub(crate) fn from_json(value: &Value) -> Option<Task> {
        kctl_base::json::from_str(&value.to_string()).ok()
    }
}

/// Duration of a task that is not simulated.
const TASK_TIME: kctl_base::sim::Duration = kctl_base::sim::Duration::from_secs(1);

/// Returns the program of a name without directories, wherever it lies; `None` for what is not simulated.
fn find(name: &str, argv: &[String]) -> Option<Task> {
    let plain = |program: Option<Program>| program.map(|_| Task::Plain);
    Shell::find(name, argv)
        .map(|shell| Task::Shell(Box::new(shell)))
        .or_else(|| files::state(name, argv).map(|state| Task::Files(Box::new(state))))
        .or_else(|| text::state(name, argv).map(|state| Task::Text(Box::new(state))))
        .or_else(|| system::state(name, argv).map(|state| Task::System(Box::new(state))))
        .or_else(|| net::state(name, argv).map(|state| Task::Net(Box::new(state))))
        .or_else(|| plain(find_plain(name)))
}

fn find_plain(name: &str) -> Option<Program> {
    let families = [text::PROGRAMS, files::PROGRAMS, system::PROGRAMS, net::PROGRAMS];
    families.iter().flat_map(|family| family.iter()).find(|(n, _)| *n == name).map(|(_, program)| *program)
}

/// Returns the names of all programs that are simulated, beside shells.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let plain = [text::PROGRAMS, files::PROGRAMS, system::PROGRAMS, net::PROGRAMS];
    let stateful = [files::NAMES, text::NAMES, system::NAMES, net::NAMES];
    plain.into_iter().flatten().map(|(name, _)| *name).chain(stateful.into_iter().flatten().copied())
}

/// Reports whether a program of this name is simulated, where an image has it. Shells are not among them.
#[must_use]
pub fn simulates(name: &str) -> bool {
    names().any(|known| known == name)
}

pub use system::Load;

/// Returns what the main program of a container uses of its node: `command` and `args` as the pod has them, with variables
/// expanded. `None` for a program that is not known to use anything.
#[must_use]
pub fn load_of(image: &str, command: &[String], args: &[String]) -> Option<Load> {
    system::load(image, &Image::of(image).argv(command, args))
}

/// Reports whether a simulated program of this name does its work and ends, unlike a server or the start script of one.
#[must_use]
pub fn ends_by_itself(name: &str) -> bool {
    net::is_client(name) || matches!(name, "nodetool" | "perl" | "stress" | "zkCli.sh")
}

/// Reports whether a program file can be run: what is not simulated is not there.
#[cfg(test)]
pub(crate) fn can_run(path: &str) -> bool {
    find(base_name(path), &[path.to_owned()]).is_some()
}

/// Reports whether a program of this name is a shell.
#[must_use]
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "ash" | "dash" | "bash")
}

/// Finds the program that a process is about to run: `argv[0]`, on `PATH` unless it has a slash. A file that is a script with
/// a `#!` line runs its interpreter, with `argv` changed accordingly.
///
/// # Errors
/// `ENOENT`, also for a program of an image that is not simulated; `EACCES` for a file that is not executable; `ENOEXEC` for
/// one that is neither a script nor a program.
pub(crate) fn load(call: &mut Call<'_>) -> Result<Task, Errno> {
    crate::world::proc::prepare_for_arguments(call, None);
    find_task(call)
}

/// Finds the program that a child of a process is about to run. The process of the call is the child.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_child(call: &mut Call<'_>, parent: &Process) -> Result<Task, Errno> {
    crate::world::proc::prepare_for_arguments(call, Some(parent));
    find_task(call)
}

fn find_task(call: &mut Call<'_>) -> Result<Task, Errno> {
    let name = call.process.argv.first().cloned().unwrap_or_default();
    let search = call.process.variable("PATH").unwrap_or(Image::DEFAULT_PATH).to_owned();
    let path = find_on_path(call, &search, &name)?;
    let content = call.files().read(&path).unwrap_or_default();
    if let Some(script) = content.strip_prefix(b"#!") {
        let line = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).trim().to_owned();
        let mut argv: Vec<String> = line.splitn(2, ' ').map(|word| word.trim().to_owned()).collect();
        argv.push(path);
        argv.extend(call.process.argv.drain(..).skip(1));
        call.process.argv = argv;
        let interpreter = call.process.argv[0].clone();
        let file = find_on_path(call, &search, &interpreter)?;
        return find(base_name(&file), &call.process.argv).ok_or(Errno::ENOENT);
    }
    // The links of busybox lead to one file: the name decides, as there.
    let is_program = content.starts_with(crate::image::EXECUTABLE.as_bytes());
    find(base_name(&name), &call.process.argv).ok_or(if is_program { Errno::ENOENT } else { Errno::ENOEXEC })
}

/// Returns what stands for a program that is not simulated in the script that a container runs by itself: if its image brings
/// it, a service or a task that succeeds, as for a main program; `None` otherwise, and in sessions, where it is not found.
pub(crate) fn stand_in(call: &Call<'_>) -> Option<Task> {
    let name = base_name(call.process.argv.first()?);
    let is_brought = call.image().stand_ins.contains(&name);
    let is_own = call.process.session.is_none();
    let is_service = call.process.pid == 1 && call.container().config.unknown_program == UnknownProgram::Service;
    (is_own && is_brought).then_some(if is_service { Task::UnknownService } else { Task::UnknownBatch(None) })
}

/// Returns the path of an executable file: in the first directory of a search path, unless the name has a slash.
///
/// # Errors
/// `ENOENT`, `EACCES`.
pub(crate) fn find_on_path(call: &mut Call<'_>, search: &str, name: &str) -> Result<String, Errno> {
    let candidates: Vec<String> = match name.contains('/') {
        true => vec![name.to_owned()],
        false => search.split(':').map(|directory| format!("{directory}/{name}")).collect(),
    };
    let mut error = Errno::ENOENT;
    for candidate in candidates {
        let files = call.files();
        match files.stat(&candidate) {
            Ok(stat) if stat.node.is_directory() => error = Errno::EACCES,
            Ok(_) => match files.access(&candidate, 0o1) {
                Ok(()) => return Ok(candidate),
                Err(errno) => error = errno,
            },
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(errno) => error = errno,
        }
    }
    Err(error)
}

/// Returns the last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Lets a process run until it waits or ends. Signals have been delivered before.
pub(crate) fn step(call: &mut Call<'_>) -> Result<i32, Stop> {
    let mut task = std::mem::replace(&mut call.process.task, Task::Plain);
    let result = match &mut task {
        Task::Plain => match find_plain(base_name(call.name())) {
            Some(program) => program(call),
            None => Err(Stop::Exit(127)),
        },
        Task::Shell(shell) => shell.step(call),
        Task::Files(state) => state.step(call),
        Task::Text(state) => state.step(call),
        Task::System(state) => state.step(call),
        Task::Net(state) => state.step(call),
        Task::UnknownService => Err(Stop::Wait(Wait::Forever)),
        Task::UnknownBatch(end) => {
            let end = *end.get_or_insert(call.now() + TASK_TIME);
            if end <= call.now() { Ok(0) } else { Err(Stop::Wait(Wait::Until(end))) }
        }
    };
    match call.process.next.take() {
        Some(next) => call.process.task = next,
        None if call.process.task == Task::Plain => call.process.task = task,
        // `exec` has put another program in its place.
        None => {}
    }
    result
}

/// Lets a program that is no shell act on a signal that does not end it; `false` if it does not handle the signal.
pub(crate) fn handle(call: &mut Call<'_>, signal: Signal) -> bool {
    matches!(call.process.task, Task::Net(_)) && net::handle(call, signal)
}

/// Returns what a signal does to a program that is no shell: `None` when it goes on.
pub(crate) fn default_action(call: &Call<'_>, signal: Signal) -> Option<Signal> {
    if exit_code_on(call, signal).is_some() {
        return Some(signal);
    }
    let is_ignored = call.process.ignored.contains(&signal) || signal.is_harmless();
    // The kernel does not apply default actions to the first process of a container.
    let is_protected = call.process.pid == 1 && signal != Signal::Kill;
    (!is_ignored && !is_protected).then_some(signal)
}

/// Returns the exit code of a program that handles a signal by ending; `None` if it does not handle it.
pub(crate) fn exit_code_on(call: &Call<'_>, signal: Signal) -> Option<u8> {
    match &call.process.task {
        Task::Net(state) => state.on_signal(signal),
        _ => None,
    }
}
