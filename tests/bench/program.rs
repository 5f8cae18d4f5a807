//! Processes: their wall time, peak memory and instructions.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program with arguments, run in an environment that holds nothing else than what is given.
#[derive(Clone)]
pub(crate) struct Program {
    /// The path and the arguments.
    pub(crate) line: Vec<OsString>,
    /// The variables.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// The working directory.
    pub(crate) directory: PathBuf,
}

impl Program {
    /// The program as an argument of another.
    fn below(&self, outer: &str, args: impl IntoIterator<Item = OsString>) -> Program {
        let line = std::iter::once(outer.into()).chain(args).chain(self.line.iter().cloned()).collect();
        Program { line, ..self.clone() }
    }

    /// Runs it, discarding its output, and returns the wall time.
    ///
    /// # Errors
    /// Its standard error, or the reason why it cannot be started.
    pub(crate) fn run(&self) -> Result<Duration, String> {
        self.execute(Stdio::null()).map(|(wall, _)| wall)
    }

    /// Runs it and returns its output.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub(crate) fn output(&self) -> Result<String, String> {
        self.execute(Stdio::piped()).map(|(_, out)| out)
    }

    fn execute(&self, out: Stdio) -> Result<(Duration, String), String> {
        let mut command = Command::new(&self.line[0]);
        command.args(&self.line[1..]).env_clear().envs(self.variables.iter().cloned()).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
        let start = Instant::now();
        let output = command.output().map_err(|e| format!("{:?}: {e}", self.line))?;
        let wall = start.elapsed();
        if !output.status.success() {
            return Err(format!("{:?}: {}", self.line, String::from_utf8_lossy(&output.stderr)));
        }
        Ok((wall, String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Runs it and returns the wall time, with a millisecond more for the measurement, and the peak memory in bytes; `None`
    /// unless `/usr/bin/time` is that of GNU.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub(crate) fn run_and_weigh(&self, scratch: &Path) -> Result<(Duration, Option<u64>), String> {
        const GNU_TIME: &str = "/usr/bin/time";
        if !Path::new(GNU_TIME).exists() {
            return Ok((self.run()?, None));
        }
        let file = scratch.join("peak");
        let options = ["-f", "%M", "-o"].map(OsString::from).into_iter().chain([file.clone().into()]);
        let wall = self.below(GNU_TIME, options).run()?;
        let kib = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<u64>().ok());
        Ok((wall, kib.map(|k| k << 10)))
    }

    /// Runs it under callgrind and returns the number of instructions of the first thread, which runs the command. Others are
    /// those of the engine, which wait for each other for any time, and those that take a part of long work.
    ///
    /// # Errors
    /// As [`Program::run`], or if callgrind has written no number.
    pub(crate) fn count(&self, scratch: &Path) -> Result<u64, String> {
        let directory = tempfile::tempdir_in(scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
        let file = directory.path().join("callgrind");
        // Without the fair scheduler, threads that spin starve the others.
        let options = ["--tool=callgrind", "-q", "--fair-sched=yes", "--separate-threads=yes"].map(OsString::from);
        let to = OsString::from(format!("--callgrind-out-file={}", file.display()));
        self.below("valgrind", options.into_iter().chain([to])).run()?;
        summary(&file.with_file_name("callgrind-01")).ok_or_else(|| "callgrind has counted nothing".into())
    }
}

/// The number of instructions in an output of callgrind; `None` if there is no such file.
fn summary(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let total = text.lines().find_map(|l| l.strip_prefix("summary: ").or_else(|| l.strip_prefix("totals: ")))?;
    total.trim().parse().ok()
}

/// Returns whether valgrind can be started.
pub(crate) fn has_valgrind() -> bool {
    first_line("valgrind", &["--version"]).is_some()
}

/// The first line that a program prints; `None` if it cannot be started or fails.
pub(crate) fn first_line(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok().filter(|o| o.status.success())?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(Into::into)
}
