//! Running the binary and measuring it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kctl_cluster::maintenance;

/// A row of the table.
pub(crate) struct Row {
    /// The name.
    pub(crate) what: String,
    /// The median of the wall time.
    pub(crate) wall: Duration,
    /// The cost of a process that only opens the engine.
    pub(crate) engine: Engine,
    /// The peak memory in bytes.
    pub(crate) memory: Option<u64>,
    /// The size of the store afterwards, in bytes.
    pub(crate) disk: Option<u64>,
    /// The instructions of one run.
    pub(crate) instructions: Option<u64>,
    /// The limits, if there are any.
    pub(crate) target: Option<Target>,
}

/// The cost of opening the engine.
pub(crate) struct Engine {
    /// The median of the wall time.
    pub(crate) wall: Duration,
    /// The instructions of one run.
    pub(crate) instructions: Option<u64>,
}

/// The limits of a row.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// The wall time.
    pub(crate) wall: Duration,
    /// The peak memory in bytes.
    pub(crate) memory: Option<u64>,
}

impl Row {
    /// The target with `met` or `MISSED`; empty without a target.
    pub(crate) fn verdict(&self) -> String {
        let Some(target) = self.target else { return String::new() };
        let memory = target.memory.zip(self.memory).is_none_or(|(limit, used)| used <= limit);
        let limit = target.memory.map_or_else(String::new, |m| format!(", {} MiB", m >> 20));
        let met = if self.wall <= target.wall && memory { "met" } else { "MISSED" };
        format!("{} ms{limit}: {met}", target.wall.as_millis())
    }
}

/// The duration of the longest run of which instructions are counted: valgrind slows it down fifty times.
const COUNTED_MAX: Duration = Duration::from_secs(2);

/// A store to measure commands on.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    /// Creates an empty directory.
    pub(crate) fn new() -> Bench {
        Bench { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The directory of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Prepares a program with this store, as a shell would start it.
    fn program(&self, path: impl AsRef<OsStr>, args: &[OsString]) -> Command {
        let mut command = Command::new(path);
        command.args(args);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path());
        command.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", "1");
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs the binary, which must succeed, and returns the wall time.
    pub(crate) fn run(&self, args: &str) -> Duration {
        self.time(&kctl(args))
    }

    /// Runs a command line, which must succeed, and returns the wall time.
    fn time(&self, line: &[OsString]) -> Duration {
        let mut command = self.program(&line[0], &line[1..]);
        let start = Instant::now();
        let status = command.status().expect("the program");
        let wall = start.elapsed();
        assert!(status.success(), "{line:?} failed");
        wall
    }

    /// Measures a command: `times` runs for the median, one more for the memory and one more for the instructions. `undo` is
    /// run before each of them and not measured.
    pub(crate) fn measure(&self, what: &str, args: &str, undo: &str, times: usize) -> Row {
        let before = || {
            if !undo.is_empty() {
                self.run(undo);
            }
        };
        let line = kctl(args);
        let wall = median(times, || {
            before();
            self.time(&line)
        });
        before();
        let memory = self.peak_memory(&line);
        before();
        let instructions = self.instructions(&line, wall);
        let opening = open_engine(&self.store());
        let opened = median(times, || self.time(&opening));
        Row {
            what: what.into(),
            wall,
            engine: Engine { wall: opened, instructions: self.instructions(&opening, opened) },
            memory,
            disk: Some(maintenance::bytes_on_disk(&self.store()).expect("a store")),
            instructions,
            target: None,
        }
    }

    /// The peak memory of a run in bytes; `None` unless `/usr/bin/time` is that of GNU.
    fn peak_memory(&self, line: &[OsString]) -> Option<u64> {
        let file = self.dir.path().join("peak");
        let mut command = self.program("/usr/bin/time", &["-f", "%M", "-o"].map(Into::into));
        command.arg(&file).args(line);
        command.status().ok().filter(std::process::ExitStatus::success)?;
        let kib: u64 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
        Some(kib << 10)
    }

    /// The instructions of a run; `None` without valgrind and for long runs.
    fn instructions(&self, line: &[OsString], wall: Duration) -> Option<u64> {
        if wall > COUNTED_MAX {
            return None;
        }
        let file = self.dir.path().join("callgrind");
        // Without the fair scheduler, threads that spin starve the others.
        let mut command = self.program("valgrind", &["--tool=callgrind", "-q", "--fair-sched=yes"].map(Into::into));
        command.arg(format!("--callgrind-out-file={}", file.display())).args(line);
        command.status().ok().filter(std::process::ExitStatus::success)?;
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find_map(|l| l.strip_prefix("summary: ").or_else(|| l.strip_prefix("totals: ")))?;
        line.trim().parse().ok()
    }
}

/// The command line of the binary with arguments.
fn kctl(args: &str) -> Vec<OsString> {
    let binary = Path::new(env!("CARGO_BIN_EXE_kctl")).into();
    std::iter::once(binary).chain(args.split_whitespace().map(Into::into)).collect()
}

/// The first argument that makes this program open an engine and exit.
pub(crate) const OPEN_ENGINE: &str = "--open-engine";

/// The command line that opens the engine of a store.
fn open_engine(store: &Path) -> Vec<OsString> {
    let this = std::env::current_exe().expect("this program");
    vec![this.into(), OPEN_ENGINE.into(), store.into()]
}

/// Implements [`OPEN_ENGINE`]: opens the engine of a store, reads its revision, and exits as kctl does.
pub(crate) fn only_open_engine(store: &Path) -> ! {
    maintenance::revision(store, kctl_base::sim::Duration::from_secs(10)).expect("a readable store");
    std::process::exit(0)
}

/// The median of several runs.
fn median(times: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut walls: Vec<Duration> = (0..times).map(|_| run()).collect();
    walls.sort();
    walls[walls.len() / 2]
}
