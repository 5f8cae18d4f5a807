//! A hermetic place to run command lines in: its own store, a virtual clock, a fixed seed, an empty environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Where a test's commands run.
pub(crate) struct Sandbox {
    dir: TempDir,
    /// The working directory of commands.
    pub(crate) cwd: PathBuf,
    seed: u64,
}

/// What a command printed and how it ended.
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
    /// A new sandbox; `seed` decides all names.
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

    /// A shell command, ready to run.
    pub(crate) fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("bash");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.dir.path().join("bin").display());
        shell.arg("-c").arg(command).current_dir(&self.cwd).stdin(Stdio::null()).env_clear();
        shell.env("PATH", path).env("HOME", self.dir.path()).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        shell.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", self.seed.to_string());
        shell
    }

    /// Runs a shell command to its end.
    pub(crate) fn run(&self, command: &str) -> Output {
        let done = self.shell(command).output().expect("bash runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Output { out: text(done.stdout), err: text(done.stderr), code: done.status.code().unwrap_or(-1) }
    }
}

/// The project's `testdata`.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Copies a directory with everything below it.
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
