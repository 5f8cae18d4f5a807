//! A hermetic place to run command lines in: its own store, a virtual clock, a fixed seed, an empty environment.

pub(crate) mod random;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kctl_cluster::api::index_entries;
use kctl_cluster::store::{Home, Store};
use kctl_cluster::{Cluster, OpenOptions};
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
        finish(&mut self.shell(command))
    }

    /// The program itself with arguments, without a shell around it, ready to run.
    pub(crate) fn kctl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kctl"));
        command.args(args).current_dir(&self.cwd).stdin(Stdio::null()).env_clear();
        command.env("HOME", self.dir.path()).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        command.env("KCTL_HOME", self.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", self.seed.to_string());
        command
    }

    /// Runs a shell command that has to succeed and answers its standard output.
    pub(crate) fn must(&self, command: &str) -> String {
        let done = self.run(command);
        assert_eq!(done.code, 0, "$ {command}\n{}{}", done.out, done.err);
        done.out
    }

    /// The sandbox's cluster through the library. Holds the store for as long as it lives.
    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::open(OpenOptions::at(self.store())).expect("the store of the sandbox")
    }

    /// What `store check` would say: a sentence for every problem.
    pub(crate) fn problems(&self) -> Vec<String> {
        let home = Home::open(self.store()).expect("a store");
        let mut held = home.lock(Duration::from_secs(20), &mut || {}).expect("the lock");
        let engine = held.engine().expect("an engine");
        Store::new(Box::new(engine), index_entries).expect("a readable store").check().expect("a check")
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Output {
    let done = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output { out: text(done.stdout), err: text(done.stderr), code: done.status.code().unwrap_or(-1) }
}

/// A process that ends with the test, however that ends.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Fails when the process has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again and again until there is an answer; fails the test when there is none in time.
pub(crate) fn poll<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Every object of a cluster, one JSON text a line, by kind, namespace and name.
pub(crate) fn dump(cluster: &mut Cluster) -> String {
    let kinds: Vec<String> = cluster.server().catalog().iter().map(|k| k.names().resource().into()).collect();
    let mut lines = String::new();
    for resource in kinds {
        for object in cluster.server().read_all(&resource, None).expect("a readable store") {
            lines.push_str(&format!("{object}\n"));
        }
    }
    lines
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
