//! Runs the `git` on the PATH: clones repositories (`api/internal/git/cloner.go` and `gitrunner.go` of kustomize), and lists the
//! files of a work tree.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::temporary::Temporary;
use crate::{executables, os_text};
use kctl_base::go::io_error;
use kctl_kustomize::{KustomizeError, Repository};

/// The time between two looks at whether a command has ended.
const POLL: Duration = Duration::from_millis(5);

/// The variables that tell git to work on another repository than that of its directory, as hooks of git set them.
const REDIRECTIONS: [&str; 5] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"];

/// Clones one commit of a repository into a temporary directory.
///
/// # Errors
/// When there is no git, or one of its commands fails or takes too long.
pub(crate) fn clone(repository: &Repository) -> Result<Temporary, KustomizeError> {
    let fail = |text: &str| KustomizeError::Other(text.into());
    let reference = if repository.reference.is_empty() { "HEAD" } else { &repository.reference };
    if reference.starts_with('-') {
        return Err(fail(&format!("'{reference}' is not the name of a branch, tag or commit")));
    }
    let directory = Temporary::directory("kustomize-").map_err(|e| fail(&io_error(&e)))?;
    let program = executables::find("git")
        .ok_or_else(|| fail("no 'git' program on path: exec: \"git\": executable file not found in $PATH"))?;
    let git = Git { program, directory: directory.path().to_path_buf(), timeout: repository.timeout };
    git.run(&["init"])?;
    git.run(&["remote", "add", "origin", &repository.url])?;
    git.run(&["fetch", "--depth=1", "origin", reference])?;
    git.run(&["checkout", "FETCH_HEAD"])?;
    if repository.submodules {
        git.run(&["submodule", "update", "--init", "--recursive"])?;
    }
    Ok(directory)
}

/// Returns the files below a directory that git tracks or would track, relative to it; `None` outside of a work tree and
/// without git.
pub(crate) fn list_files(directory: &Path) -> Option<Vec<OsString>> {
    let absolute = directory.canonicalize().ok()?;
    absolute.ancestors().find(|parent| parent.join(".git").exists())?;
    let mut command = Command::new("git");
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(directory);
    for name in REDIRECTIONS {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let mut names = os_text::split(&os_text::from_output(output.stdout), |byte| *byte == 0);
    // A zero byte ends each name.
    names.pop();
    output.status.success().then_some(names)
}

/// Git in a directory.
struct Git {
    program: PathBuf,
    directory: PathBuf,
    timeout: kctl_base::sim::Duration,
}

impl Git {
    /// Runs a command of git. Its output is not shown, as with kustomize.
    fn run(&self, args: &[&str]) -> Result<(), KustomizeError> {
        let shown = format!("{} {}", self.program.display(), args.join(" "));
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for name in REDIRECTIONS {
            command.env_remove(name);
        }
        let failed = |why: String| KustomizeError::Other(format!("git cmd = '{shown}': {why}"));
        let mut child = command.spawn().map_err(|e| failed(io_error(&e)))?;
        match wait(&mut child, self.timeout.to_std()).map_err(|e| failed(io_error(&e)))? {
            None => Err(KustomizeError::Timeout(format!("hit {} timeout running '{shown}'", self.timeout))),
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(failed(match status.code() {
                Some(code) => format!("exit status {code}"),
                None => status.to_string(),
            })),
        }
    }
}

/// Waits for the end of a process; kills it after the time, and returns `None`.
fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= timeout {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}
