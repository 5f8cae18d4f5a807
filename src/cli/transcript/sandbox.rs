//! The places in which transcripts run: a copy of the directory, a fresh store, and an environment that is empty otherwise.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::settings::Settings;
use super::tree::Tree;
use crate::temporary::Temporary;
use crate::{CliError, CliResult};

/// The names under which commands find the program.
const PROGRAMS: [&str; 2] = ["kctl", "kubectl"];
/// The directory of the program.
const BIN: &str = "bin";
/// The path without one in the environment.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// The variable with the directory of a sandbox, and how output names that directory.
const SANDBOX: &str = "SANDBOX";
/// The file system in memory that sandboxes use if it is there: they need no durability.
const MEMORY: &str = "/dev/shm";
/// The space in it, in MiB, below which it is not used.
const MEMORY_MEBIBYTES: u64 = 512;

/// The sandboxes of one run, in a temporary directory that is removed when it is dropped or a signal ends the process.
pub(crate) struct Sandboxes {
    root: Temporary,
    /// The value of `PATH`.
    path: OsString,
    /// The number of the next sandbox.
    next: AtomicUsize,
    /// Stores that have been made, by their settings.
    stores: Mutex<BTreeMap<Settings, Arc<PathBuf>>>,
    /// The files of the directories of transcripts.
    trees: Mutex<BTreeMap<PathBuf, Arc<Tree>>>,
}

/// The place in which one transcript runs. It is removed when it is dropped.
pub(super) struct Sandbox {
    /// The directory of everything that follows.
    root: PathBuf,
    /// The working directory.
    pub(super) work: PathBuf,
    /// The environment.
    variables: Vec<(&'static str, OsString)>,
    /// The names of the program, and the paths at which commands find it.
    pub(super) programs: [(&'static str, PathBuf); 2],
}

impl Sandboxes {
    /// Creates the directory of all sandboxes, in which `program` is called `kctl` and `kubectl`.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub(crate) fn new(program: &Path) -> CliResult<Sandboxes> {
        let create = || {
            let root = Temporary::directory_in(&base(), "kctl-test-")?;
            let bin = root.path().join(BIN);
            fs::create_dir(&bin)?;
            PROGRAMS.iter().try_for_each(|name| link_program(program, &bin.join(name)))?;
            Ok((root, bin))
        };
        let (root, bin) = create().map_err(|e| CliError::io("create a directory for sandboxes", e))?;
        let rest = std::env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| DEFAULT_PATH.into());
        let folders = std::iter::once(bin).chain(std::env::split_paths(&rest));
        let path = std::env::join_paths(folders).map_err(|e| CliError::new(format!("PATH: {e}")))?;
        Ok(Sandboxes { root, path, next: 0.into(), stores: Mutex::default(), trees: Mutex::default() })
    }

    /// Creates the sandbox of a transcript. With `is_prepared`, there is a store already, if its clock stands still.
    ///
    /// # Errors
    /// The directory of the file is too large, or a file cannot be copied.
    pub(super) fn create(&self, file: &Path, settings: &Settings, is_prepared: bool) -> CliResult<Sandbox> {
        let root = self.root.path().join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let (work, store) = (root.join("work"), root.join("state"));
        let variables = self.variables(&root, settings);
        // From here on, what has been created is removed.
        let programs = PROGRAMS.map(|name| (name, self.root.path().join(BIN).join(name)));
        let sandbox = Sandbox { root, work, variables, programs };
        let failed = |e| CliError::io(format!("create {}", sandbox.root.display()), e);
        let directories = [&sandbox.root, &sandbox.work, &sandbox.root.join("home"), &sandbox.root.join("tmp")];
        directories.into_iter().try_for_each(fs::create_dir).map_err(failed)?;
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = Path::new(file.file_name().unwrap_or_default());
        self.tree(parent)?.copy(name, &sandbox.work)?;
        if is_prepared && settings.are_virtual() {
            copy_store(&self.store(&settings.of_new_store())?, &store).map_err(failed)?;
        }
        Ok(sandbox)
    }

    /// The environment of a sandbox.
    fn variables(&self, root: &Path, settings: &Settings) -> Vec<(&'static str, OsString)> {
        let settings = settings.variables().map(|(name, value)| (name, value.into()));
        let others = [
            ("PATH", self.path.clone()),
            ("HOME", root.join("home").into()),
            ("TMPDIR", root.join("tmp").into()),
            ("KCTL_HOME", root.join("state").into()),
            (SANDBOX, root.into()),
            ("TZ", "UTC".into()),
            ("LC_ALL", "C.UTF-8".into()),
        ];
        settings.chain(others).collect()
    }

    /// The files of a directory, which is read once.
    fn tree(&self, directory: &Path) -> CliResult<Arc<Tree>> {
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = trees.get(directory) {
            return Ok(tree.clone());
        }
        let tree = Arc::new(Tree::of(directory)?);
        trees.insert(directory.into(), tree.clone());
        Ok(tree)
    }

    /// A new store with settings, which is made once: copying it is cheaper.
    fn store(&self, settings: &Settings) -> CliResult<Arc<PathBuf>> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(settings) {
            return Ok(store.clone());
        }
        let directory = self.root.path().join(format!("store-{}", stores.len()));
        let failed = |e| CliError::io("create a store", e);
        fs::create_dir(&directory).map_err(failed)?;
        let mut command = Command::new(self.root.path().join(BIN).join(PROGRAMS[0]));
        command.args(["get", "namespaces"]).env_clear().envs(self.variables(&directory, settings));
        let output = command.stdin(Stdio::null()).output().map_err(failed)?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            return Err(CliError::new(format!("create a store: {}", reason.trim_end().trim_start_matches("error: "))));
        }
        let store = Arc::new(directory.join("state"));
        stores.insert(settings.clone(), store.clone());
        Ok(store)
    }
}

impl Sandbox {
    /// The environment of commands.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &OsStr)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_os_str()))
    }

    /// Replaces the directory of the sandbox, which has another name in every run, in output.
    pub(super) fn hide(&self, output: Vec<u8>) -> Vec<u8> {
        let root = self.root.as_os_str().as_encoded_bytes();
        let mut hidden = Vec::new();
        let mut rest = output.as_slice();
        while let Some(at) = rest.windows(root.len()).position(|window| window == root) {
            hidden.extend_from_slice(&rest[..at]);
            hidden.extend_from_slice(format!("${SANDBOX}").as_bytes());
            rest = &rest[at + root.len()..];
        }
        if hidden.is_empty() && rest.len() == output.len() {
            return output;
        }
        hidden.extend_from_slice(rest);
        hidden
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What is left is removed with the directory of all sandboxes.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The directory for temporary files: the one that the user has chosen, else memory, else the system's.
fn base() -> PathBuf {
    let chosen = std::env::var_os("TMPDIR").is_some_and(|path| !path.is_empty());
    if !chosen && memory_is_usable() { MEMORY.into() } else { std::env::temp_dir() }
}

/// Returns whether the file system in memory can be written, has space, and lets programs in it run, which containers
/// restrict.
#[cfg(unix)]
fn memory_is_usable() -> bool {
    use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
    let Ok(found) = statvfs(MEMORY) else { return false };
    let space = found.f_bavail.saturating_mul(found.f_frsize) >> 20;
    space >= MEMORY_MEBIBYTES
        && !found.f_flag.contains(StatVfsMountFlags::NOEXEC)
        && access(MEMORY, Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn memory_is_usable() -> bool {
    false
}

#[cfg(unix)]
fn link_program(program: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

#[cfg(not(unix))]
fn link_program(program: &Path, link: &Path) -> io::Result<()> {
    fs::copy(program, link).map(drop)
}

/// Copies the directory of a store that no process has open.
fn copy_store(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type()?.is_dir() {
            true => copy_store(&from, &to)?,
            false => drop(fs::copy(&from, &to)?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_the_sandbox_is_hidden_in_output() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().to_path_buf();
        let programs = PROGRAMS.map(|name| (name, root.join(name)));
        let sandbox = Sandbox { work: root.join("work"), variables: Vec::new(), programs, root };
        let shown = |text: String| String::from_utf8(sandbox.hide(text.into_bytes())).expect("text");
        let root = sandbox.root.display();
        assert_eq!(shown(format!("{root}/work:{root}\n")), "$SANDBOX/work:$SANDBOX\n");
        assert_eq!(shown(format!("{root}")), "$SANDBOX");
        assert_eq!(shown("other\n".into()), "other\n");
    }
}
