//! Running the binary and measuring it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kctl::store::{Engine as _, Home};

/// What one row of the table says.
pub(crate) struct Row {
    /// What was done.
    pub(crate) what: String,
    /// How long it took, the median.
    pub(crate) wall: Duration,
    /// How much of it opening the engine takes.
    pub(crate) engine: Option<Duration>,
    /// The most memory it had, in bytes.
    pub(crate) memory: Option<u64>,
    /// The size of the store afterwards.
    pub(crate) disk: Option<u64>,
    /// Instructions of one run.
    pub(crate) instructions: Option<u64>,
    /// What it may take.
    pub(crate) target: Option<Target>,
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

    fn prepare(&self, command: &mut Command) {
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path());
        command.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", "1");
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
    }

    /// Runs the binary once; it must succeed.
    pub(crate) fn run(&self, args: &str) -> Duration {
        let mut command = Command::new(binary());
        command.args(args.split_whitespace());
        self.prepare(&mut command);
        let start = Instant::now();
        let status = command.status().expect("the binary");
        let wall = start.elapsed();
        assert!(status.success(), "kctl {args} failed");
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
        let mut walls = Vec::new();
        for _ in 0..times {
            before();
            walls.push(self.run(args));
        }
        walls.sort();
        before();
        let memory = self.peak_memory(args);
        let wall = walls[walls.len() / 2];
        let instructions = if wall <= COUNTABLE {
            before();
            self.instructions(args)
        } else {
            None
        };
        Row {
            what: what.into(),
            wall,
            engine: Some(engine_opening(&self.store(), times)),
            memory,
            disk: Some(Home::open(self.store()).expect("a store").size()),
            instructions,
            target: None,
        }
    }

    /// The peak of a run's memory, where `/usr/bin/time` is GNU's.
    fn peak_memory(&self, args: &str) -> Option<u64> {
        let file = self.dir.path().join("peak");
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "%M", "-o"]).arg(&file).arg(binary()).args(args.split_whitespace());
        self.prepare(&mut command);
        command.status().ok().filter(std::process::ExitStatus::success)?;
        let kib: u64 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
        Some(kib << 10)
    }

    /// How many instructions a run takes, where valgrind is installed.
    fn instructions(&self, args: &str) -> Option<u64> {
        let file = self.dir.path().join("callgrind");
        let mut command = Command::new("valgrind");
        // Without its fair scheduler, threads that spin keep the others from running.
        command
            .args(["--tool=callgrind", "-q", "--fair-sched=yes"])
            .arg(format!("--callgrind-out-file={}", file.display()));
        command.arg(binary()).args(args.split_whitespace());
        self.prepare(&mut command);
        command.status().ok().filter(std::process::ExitStatus::success)?;
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find_map(|l| l.strip_prefix("summary: ").or_else(|| l.strip_prefix("totals: ")))?;
        line.trim().parse().ok()
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_kctl"))
}

/// What opening the engine and reading one row takes, the median.
fn engine_opening(store: &Path, times: usize) -> Duration {
    let mut walls: Vec<Duration> = (0..times)
        .map(|_| {
            let home = Home::open(store).expect("a store");
            let start = Instant::now();
            let engine = home.lock(Duration::from_secs(10), &mut || {}).expect("the lock").engine().expect("an engine");
            engine.get(b"nothing").expect("a readable engine");
            start.elapsed()
        })
        .collect();
    walls.sort();
    walls[walls.len() / 2]
}
