//! Running the binary and measuring it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kctl_cluster::store::{Engine as _, Home};

/// What one row of the table says.
pub(crate) struct Row {
    /// What was done.
    pub(crate) what: String,
    /// How long it took, the median.
    pub(crate) wall: Duration,
    /// What a program takes that only opens the engine.
    pub(crate) engine: Engine,
    /// The most memory it had, in bytes.
    pub(crate) memory: Option<u64>,
    /// The size of the store afterwards.
    pub(crate) disk: Option<u64>,
    /// Instructions of one run.
    pub(crate) instructions: Option<u64>,
    /// What it may take.
    pub(crate) target: Option<Target>,
}

/// What opening the engine takes.
pub(crate) struct Engine {
    /// Of time, the median.
    pub(crate) wall: Duration,
    /// Of instructions.
    pub(crate) instructions: Option<u64>,
}

/// What a row may take.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Of time.
    pub(crate) wall: Duration,
    /// Of memory, in bytes.
    pub(crate) memory: Option<u64>,
}

impl Row {
    /// Whether the target is met.
    pub(crate) fn verdict(&self) -> String {
        let Some(target) = self.target else { return String::new() };
        let memory = target.memory.zip(self.memory).is_none_or(|(may, has)| has <= may);
        let room = target.memory.map_or_else(String::new, |m| format!(", {} MiB", m >> 20));
        let met = if self.wall <= target.wall && memory { "met" } else { "MISSED" };
        format!("{} ms{room}: {met}", target.wall.as_millis())
    }
}

/// Instructions of longer runs are not counted: valgrind takes fifty times as long.
const COUNTABLE: Duration = Duration::from_secs(2);

/// A store for measurements.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    /// An empty place.
    pub(crate) fn new() -> Bench {
        Bench { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The directory of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// A program, as a shell would start it on this store.
    fn program(&self, path: impl AsRef<OsStr>, args: &[OsString]) -> Command {
        let mut command = Command::new(path);
        command.args(args);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path());
        command.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", "1");
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs the binary once; it must succeed.
    pub(crate) fn run(&self, args: &str) -> Duration {
        self.time(&kctl(args))
    }

    /// Runs a command line once; it must succeed.
    fn time(&self, line: &[OsString]) -> Duration {
        let mut command = self.program(&line[0], &line[1..]);
        let start = Instant::now();
        let status = command.status().expect("the program");
        let wall = start.elapsed();
        assert!(status.success(), "{line:?} failed");
        wall
    }

    /// Measures a command: `times` runs for the median, one more for memory and one more for instructions. `again` is run
    /// before every one of them, and is not counted.
    pub(crate) fn measure(&self, what: &str, args: &str, again: &str, times: usize) -> Row {
        let before = || {
            if !again.is_empty() {
                self.run(again);
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
            disk: Some(Home::open(self.store()).expect("a store").size()),
            instructions,
            target: None,
        }
    }

    /// The peak of a run's memory, where `/usr/bin/time` is GNU's.
    fn peak_memory(&self, line: &[OsString]) -> Option<u64> {
        let file = self.dir.path().join("peak");
        let mut command = self.program("/usr/bin/time", &["-f", "%M", "-o"].map(Into::into));
        command.arg(&file).args(line);
        command.status().ok().filter(std::process::ExitStatus::success)?;
        let kib: u64 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
        Some(kib << 10)
    }

    /// How many instructions a run takes, where valgrind is installed and the run is short.
    fn instructions(&self, line: &[OsString], wall: Duration) -> Option<u64> {
        if wall > COUNTABLE {
            return None;
        }
        let file = self.dir.path().join("callgrind");
        // Without its fair scheduler, threads that spin keep the others from running.
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

/// The first argument of this program when it is to open an engine, and do nothing else.
pub(crate) const OPEN_ENGINE: &str = "--open-engine";

/// The command line that opens the engine of a store.
fn open_engine(store: &Path) -> Vec<OsString> {
    let this = std::env::current_exe().expect("this program");
    vec![this.into(), OPEN_ENGINE.into(), store.into()]
}

/// What [`OPEN_ENGINE`] asks for: opens the engine of a store, reads a row, and leaves as kctl does.
pub(crate) fn only_open_engine(store: &Path) -> ! {
    let home = Home::open(store).expect("a store");
    let engine = home.lock(Duration::from_secs(10), &mut || {}).expect("the lock").engine().expect("an engine");
    engine.get(b"nothing").expect("a readable engine");
    std::process::exit(0)
}

fn median(times: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut walls: Vec<Duration> = (0..times).map(|_| run()).collect();
    walls.sort();
    walls[walls.len() / 2]
}
