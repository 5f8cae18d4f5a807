//! A hermetic sandbox for command lines: its own store, a virtual clock, a fixed seed, an empty environment.
//!
//! The parts of the control plane that tests use are listed in [`cluster`].

pub(crate) mod cluster;
pub(crate) mod random;
pub(crate) mod recording;
pub(crate) mod refusals;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use cluster::{Cluster, OpenOptions, maintenance};

/// A temporary directory in which commands run.
pub(crate) struct Sandbox {
    dir: TempDir,
    /// The working directory of commands.
    pub(crate) cwd: PathBuf,
    seed: u64,
}

/// The output and the exit code of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// Exit code.
    pub(crate) code: i32,
}

impl Sandbox {
    /// Creates a sandbox. The seed determines all generated names.
    pub(crate) fn new(seed: u64) -> Sandbox {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let bin = dir.path().join("bin");
        std::fs::create_dir(&bin).expect("a directory for links");
        for name in ["kubectl", "kctl"] {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kctl"), bin.join(name)).expect("a link to the binary");
        }
        Sandbox { cwd: dir.path().to_path_buf(), dir, seed }
    }

    /// The directory of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Prepares a shell command.
    pub(crate) fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("bash");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.dir.path().join("bin").display());
        shell.arg("-c").arg(command).current_dir(&self.cwd).stdin(Stdio::null()).env_clear();
        shell.env("PATH", path).env("HOME", self.dir.path()).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        shell.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", self.seed.to_string());
        shell
    }

    /// Runs a shell command and waits for it.
    pub(crate) fn run(&self, command: &str) -> Output {
        finish(&mut self.shell(command))
    }

    /// Prepares a call of the program itself, without a shell.
    pub(crate) fn kctl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kctl"));
        command.args(args).current_dir(&self.cwd).stdin(Stdio::null()).env_clear();
        command.env("HOME", self.dir.path()).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        command.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", self.seed.to_string());
        command
    }

    /// Runs a shell command that must succeed, and returns its standard output.
    pub(crate) fn must(&self, command: &str) -> String {
        let done = self.run(command);
        assert_eq!(done.code, 0, "$ {command}\n{}{}", done.out, done.err);
        done.out
    }

    /// Opens the cluster of the sandbox through the library. Keeps the store locked until it is dropped.
    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::open(OpenOptions::at(self.store())).expect("the store of the sandbox")
    }

    /// The problems that `store check` would report.
    pub(crate) fn problems(&self) -> Vec<String> {
        maintenance::check(&self.store(), kctl_base::sim::Duration::from_secs(20)).expect("a check").problems
    }
}

/// Runs a command and waits for it.
pub(crate) fn finish(command: &mut Command) -> Output {
    let done = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output { out: text(done.stdout), err: text(done.stderr), code: done.status.code().unwrap_or(-1) }
}

/// A process that is killed at the end of the test, even if the test panics.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if the process has exited already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Polls a condition until it returns a value; fails the test after the time limit.
pub(crate) fn poll<T>(limit: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The directory `testdata` of the repository.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Copies a directory recursively.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory to read") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
