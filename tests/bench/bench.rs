//! A store, the commands that are run on it, and their measurement.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kctl_cluster::maintenance;

use crate::kubectl::Kubectl;
use crate::program::{Program, has_valgrind};
use crate::row::{Cost, Row};

/// The duration of the longest run of which instructions are counted: valgrind slows it down fifty times.
const COUNTED_MAX: Duration = Duration::from_millis(300);
/// The time that the repetitions of a run may take.
const REPEATED_FOR: Duration = Duration::from_millis(500);
/// The largest number of runs.
const RUNS_MAX: usize = 21;

/// Names and values of variables for a command.
pub(crate) type Variables<'a> = &'a [(&'a str, &'a str)];

/// A completion of `kctl get dep`, as the script for bash asks for it.
pub(crate) const COMPLETION: (&str, Variables<'static>) =
    ("-- kctl get dep", &[("KCTL_COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", "2"), ("_CLAP_IFS", " ")]);

/// A directory with a store, and a namespace of a real control plane if there is one.
pub(crate) struct Bench {
    // Before the directory, in which it runs.
    kubectl: Option<Kubectl>,
    dir: tempfile::TempDir,
}

/// A task that a row measures.
pub(crate) struct Task<'a> {
    /// The name.
    what: &'a str,
    /// The number of objects that it works on.
    size: usize,
    /// Command lines without the name of the program, separated by semicolons; each runs in a process of its own.
    commands: &'a str,
    /// The way to restore the state before it for further runs.
    restore: Restore<'a>,
    /// The same commands for the real kubectl; `None` if it has none.
    kubectl: Option<&'a str>,
    /// More variables for the commands.
    variables: Variables<'a>,
}

/// The way to restore the state before a run.
#[derive(Clone, Copy)]
enum Restore<'a> {
    /// The run does not change it.
    Unchanged,
    /// Other commands undo the run.
    Undo(&'a str),
    /// The store is copied before the first run.
    Copy,
}

impl<'a> Task<'a> {
    /// Commands that leave the store as it is.
    pub(crate) fn new(what: &'a str, commands: &'a str) -> Task<'a> {
        Task { what, size: 1, commands, restore: Restore::Unchanged, kubectl: None, variables: &[] }
    }

    /// Commands on a number of objects, which change the store.
    pub(crate) fn bulk(what: &'a str, size: usize, commands: &'a str) -> Task<'a> {
        Task { size, restore: Restore::Copy, ..Task::new(what, commands) }
    }

    /// Commands that read a number of objects.
    pub(crate) fn reads(self, size: usize) -> Task<'a> {
        Task { size, ..self }
    }

    /// Undoes the commands by others, which are not measured.
    pub(crate) fn undo(self, commands: &'a str) -> Task<'a> {
        Task { restore: Restore::Undo(commands), ..self }
    }

    /// Runs the real kubectl with the same commands.
    pub(crate) fn with_kubectl(self) -> Task<'a> {
        Task { kubectl: Some(self.commands), ..self }
    }

    /// Completes words: the commands have variables of the shell, and the real kubectl has another command.
    pub(crate) fn completion(self, variables: Variables<'a>, kubectl: &'a str) -> Task<'a> {
        Task { variables, kubectl: Some(kubectl), ..self }
    }
}

impl Bench {
    /// Creates an empty directory.
    pub(crate) fn new() -> Bench {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Bench { kubectl: Kubectl::from_environment(dir.path()), dir }
    }

    /// Creates an empty directory whose tasks are not compared with the real kubectl.
    pub(crate) fn alone() -> Bench {
        Bench { kubectl: None, dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The directory of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Writes a file, which commands find by its name.
    pub(crate) fn write(&self, name: &str, text: impl ToString) {
        std::fs::write(self.dir.path().join(name), text.to_string()).expect("a file");
    }

    /// Runs commands, which must succeed, without measuring them.
    pub(crate) fn run(&self, commands: &str) {
        for program in self.programs(commands, &[]) {
            must(program.run());
        }
    }

    /// Runs commands as [`Bench::run`], and on the real control plane, too.
    pub(crate) fn prepare(&self, commands: &str) {
        self.run(commands);
        if let Some(kubectl) = &self.kubectl {
            kubectl.time(commands);
        }
    }

    /// Fails unless a command prints a number of lines: a task that does not do its work is not measured.
    pub(crate) fn expect_lines(&self, command: &str, lines: usize) {
        let printed: usize = self.programs(command, &[]).iter().map(|p| must(p.output()).lines().count()).sum();
        assert_eq!(printed, lines, "lines of {command}");
    }

    /// Measures a task: the median of as many runs as take half a second, the memory of one and the instructions of one.
    pub(crate) fn measure(&self, task: &Task) -> Row {
        let copy = matches!(task.restore, Restore::Copy).then(|| self.copy());
        let restore = || match (&task.restore, &copy) {
            (Restore::Undo(commands), _) => self.run(commands),
            (Restore::Copy, Some(copy)) => replace(copy, &self.store()),
            _ => {}
        };
        let programs = self.programs(task.commands, task.variables);
        let dir = self.dir.path();
        if let Restore::Undo(commands) = task.restore {
            self.run(commands);
        }
        let first: Vec<_> = programs.iter().map(|p| must(p.run_and_weigh(dir))).collect();
        let memory = first.iter().filter_map(|(_, memory)| *memory).max();
        let mut wall = first.iter().map(|(wall, _)| *wall).sum();
        if wall < REPEATED_FOR / 2 {
            wall = median(times(wall), || {
                restore();
                programs.iter().map(|p| must(p.run())).sum()
            });
        }
        let instructions = (wall < COUNTED_MAX && has_valgrind()).then(|| {
            restore();
            programs.iter().map(|p| must(p.count(dir))).sum()
        });
        let disk = maintenance::is_store(&self.store()).unwrap_or(false);
        Row {
            what: task.what.into(),
            size: task.size,
            cost: Cost { wall, instructions, memory },
            engine: disk.then(|| self.open_engine()),
            kubectl: self.time_kubectl(task),
            disk: disk.then(|| maintenance::bytes_on_disk(&self.store()).expect("a store")),
            goal: None,
        }
    }

    /// The wall time of the real kubectl: the median of several runs if they can be repeated.
    fn time_kubectl(&self, task: &Task) -> Option<Duration> {
        let (kubectl, commands) = self.kubectl.as_ref().zip(task.kubectl)?;
        let run = || {
            if let Restore::Undo(undo) = task.restore {
                kubectl.time(undo)?;
            }
            kubectl.time(commands)
        };
        let first = run()?;
        match task.restore {
            Restore::Copy => Some(first),
            Restore::Undo(_) | Restore::Unchanged => {
                let walls: Option<Vec<_>> = (0..times(first)).map(|_| run()).collect();
                walls.map(middle)
            }
        }
    }

    /// Measures a process that only opens the engine of the store.
    fn open_engine(&self) -> Cost {
        let this = std::env::current_exe().expect("this program");
        let program = self.program(vec![this.into(), OPEN_ENGINE.into(), self.store().into()], &[]);
        let wall = median(5, || must(program.run()));
        let count = wall < COUNTED_MAX && has_valgrind();
        Cost { wall, instructions: count.then(|| must(program.count(self.dir.path()))), memory: None }
    }

    /// Copies the store.
    fn copy(&self) -> PathBuf {
        let copy = self.dir.path().join("copy");
        replace(&self.store(), &copy);
        copy
    }

    /// The processes of commands.
    fn programs(&self, commands: &str, variables: Variables) -> Vec<Program> {
        let binary = || std::iter::once(OsString::from(env!("CARGO_BIN_EXE_kctl")));
        let line = |command: &str| binary().chain(command.split_whitespace().map(Into::into)).collect();
        split(commands).map(|command| self.program(line(command), variables)).collect()
    }

    /// A program with this store, as a shell would start it.
    fn program(&self, line: Vec<OsString>, variables: Variables) -> Program {
        kctl(self.dir.path(), line, variables)
    }
}

/// A program that finds the store `store` of a directory, a virtual clock and a seed in its environment.
pub(crate) fn kctl(directory: &Path, line: Vec<OsString>, variables: Variables) -> Program {
    let own = [
        ("PATH".into(), "/usr/bin:/bin".into()),
        ("HOME".into(), directory.into()),
        ("KCTL_HOME".into(), directory.join("store").into()),
        ("KCTL_CLOCK".into(), "virtual".into()),
        ("KCTL_SEED".into(), "1".into()),
    ];
    let more = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Program { line, variables: own.into_iter().chain(more).collect(), directory: directory.into() }
}

/// The commands of a list.
pub(crate) fn split(commands: &str) -> impl Iterator<Item = &str> {
    commands.split(';').map(str::trim).filter(|c| !c.is_empty())
}

/// Replaces a directory by a copy of another, or by nothing if that does not exist.
pub(crate) fn replace(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).expect("a directory that can be removed");
    }
    if !from.exists() {
        return;
    }
    std::fs::create_dir(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").map(|e| e.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            replace(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// The first argument that makes this program open an engine and exit.
pub(crate) const OPEN_ENGINE: &str = "--open-engine";

/// Implements [`OPEN_ENGINE`]: opens the engine of a store, reads its revision, and exits as kctl does.
pub(crate) fn only_open_engine(store: &Path) -> ! {
    maintenance::revision(store, kctl_base::sim::Duration::from_secs(10)).expect("a readable store");
    std::process::exit(0)
}

/// The value of a run that must succeed.
fn must<T>(result: Result<T, String>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// The number of runs of a wall time.
fn times(wall: Duration) -> usize {
    (REPEATED_FOR.as_secs_f64() / wall.as_secs_f64().max(1e-3)).clamp(1.0, RUNS_MAX as f64) as usize
}

/// The median of several runs.
fn median(times: usize, mut run: impl FnMut() -> Duration) -> Duration {
    middle((0..times).map(|_| run()).collect())
}

/// The median of wall times, of which there must be one.
fn middle(mut walls: Vec<Duration>) -> Duration {
    walls.sort();
    walls[walls.len() / 2]
}
