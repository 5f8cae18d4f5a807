//! The shell that runs the commands of one transcript, one after the other.
//!
//! The shell reads from a pipe. Each command is one argument of `eval`, so that it changes the shell itself, reads nothing of
//! what follows, and may be of several lines; `command` keeps a syntax error from ending the shell (POSIX 2024, XCU 2.8.1).
//! Behind it, the shell prints a line with its exit code. Output and errors go into one pipe, in the order of a terminal.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::status_line::{self, StatusLine, end_of_text};
use crate::process_group::ProcessGroup;

/// The descriptor of the output in the shell, which commands do not redirect.
pub(super) const OUTPUT: u8 = 9;
/// The time between two looks at a shell that prints nothing: whether it has ended and left others with its output.
const LOOK: Duration = Duration::from_millis(50);

/// A running shell. Dropping it kills the shell and everything that it has started.
pub(super) struct Shell {
    child: Child,
    /// Killed before the child is waited for.
    group: ProcessGroup,
    input: ChildStdin,
    output: PipeReader,
    /// Output that has been read behind the last status line.
    unread: Vec<u8>,
    /// The exit code of the last command.
    code: i32,
    /// The options of the shell after the last command (`$-`); empty before the first one.
    flags: String,
    /// The lines that the shell would have read if it had run all commands, less those that it has read: its messages
    /// have their numbers.
    missing_lines: isize,
}

/// The result of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// Its output.
    pub(super) output: Vec<u8>,
    /// Its end.
    pub(super) end: End,
}

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It ended with an exit code.
    Code(i32),
    /// It ended the shell, whose exit code this is.
    Shell(i32),
    /// It did not end in time.
    Timeout,
}

impl Shell {
    /// Starts a shell in a directory, with an environment and nothing else.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(super) fn start<'a>(
        program: &OsStr,
        directory: &Path,
        environment: impl Iterator<Item = (&'static str, &'a OsStr)>,
    ) -> io::Result<Shell> {
        let (output, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.current_dir(directory).env_clear().envs(environment).process_group(0);
        command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        let (group, mut child) = ProcessGroup::of(|| command.spawn())?;
        // The command still holds the other end of the pipe.
        drop(command);
        let input = child.stdin.take().ok_or_else(|| io::Error::other("the shell has no input"))?;
        let (unread, flags) = (Vec::new(), String::new());
        let mut shell = Shell { child, group, input, output, unread, code: 0, flags, missing_lines: 0 };
        shell.send(&format!("exec {OUTPUT}>&1\n"))?;
        Ok(shell)
    }

    /// Runs a command for at most `timeout` of real time. `on_output` gets what it prints, as it comes.
    ///
    /// # Errors
    /// The shell cannot be spoken to.
    pub(super) fn run(
        &mut self,
        command: &str,
        timeout: Duration,
        on_output: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Ran> {
        let text = match usize::try_from(self.missing_lines) {
            Ok(missing) => "\n".repeat(missing) + &self.script(command, "\n"),
            Err(_) => self.script(command, "; "),
        };
        self.missing_lines += lines(&self.script(command, "\n")) - lines(&text);
        self.exchange(&text, timeout, on_output)
    }

    /// Counts the lines of a command that the shell is not given.
    pub(super) fn skip(&mut self, command: &str) {
        self.missing_lines += lines(&self.script(command, "\n"));
    }

    /// The text that makes the shell run a command and print its status line. `between` ends a command.
    fn script(&self, command: &str, between: &str) -> String {
        let status = status_line::shell_command(OUTPUT);
        match (self.flags.contains('e'), self.code) {
            // A failure that does not end the shell, as of `false && true`, must not become one of `eval`.
            (true, _) => format!("command eval {} </dev/null\n", quote(&format!("{command}\n{status}"))),
            (false, 0) => format!("command eval {} </dev/null{between}{status}\n", quote(command)),
            // `$?` is that of the last command again.
            (false, code) => {
                format!("(exit {code}){between}command eval {} </dev/null{between}{status}\n", quote(command))
            }
        }
    }

    /// Sends lines, which must make somebody print a status line, and returns what is printed up to it.
    ///
    /// # Errors
    /// As [`Shell::run`].
    pub(super) fn exchange(
        &mut self,
        text: &str,
        timeout: Duration,
        on_output: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Ran> {
        match self.send(text) {
            // The shell has ended; reading tells how.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            sent => sent?,
        }
        self.read(Instant::now() + timeout, on_output)
    }

    /// Sends lines to the shell as [`Shell::exchange`] does, of which later commands see nothing (`$?`).
    ///
    /// # Errors
    /// As [`Shell::run`].
    pub(super) fn exchange_aside(&mut self, text: &str, timeout: Duration) -> io::Result<Ran> {
        let code = self.code;
        let ran = self.exchange(text, timeout, &mut |_| {})?;
        self.code = code;
        self.missing_lines -= lines(text);
        Ok(ran)
    }

    /// The options of the shell after the last command.
    pub(super) fn flags(&self) -> &str {
        &self.flags
    }

    /// Puts output back, which belongs to the next command.
    pub(super) fn put_back(&mut self, output: Vec<u8>) {
        self.unread.splice(..0, output);
    }

    /// Sends text to the shell.
    fn send(&mut self, text: &str) -> io::Result<()> {
        self.input.write_all(text.as_bytes())
    }

    /// Reads until the status line.
    fn read(&mut self, deadline: Instant, on_output: &mut dyn FnMut(&[u8])) -> io::Result<Ran> {
        let mut output = std::mem::take(&mut self.unread);
        let (mut seen, mut shown) = (0, 0);
        loop {
            let line = StatusLine::find(&output, seen);
            let end = line.as_ref().map_or_else(|| end_of_text(&output), |line| line.start);
            on_output(&output[shown..end.max(shown)]);
            shown = end.max(shown);
            if let Some(line) = line {
                self.unread = output.split_off(line.end);
                output.truncate(line.start);
                (self.code, self.flags) = (line.code, line.flags);
                return Ok(Ran { output, end: End::Code(line.code) });
            }
            seen = output.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Ran { output, end: End::Timeout });
            }
            // Looked at before the output, all of which is there if the shell has ended by then.
            let ended = self.child.try_wait()?;
            if self.wait_for_output(if ended.is_some() { Duration::ZERO } else { left.min(LOOK) })? {
                let mut buffer = [0; 8192];
                let length = self.output.read(&mut buffer)?;
                output.extend_from_slice(&buffer[..length]);
                if length > 0 {
                    continue;
                }
                let status = self.child.wait()?;
                return Ok(Ran { output, end: End::Shell(exit_code(status)) });
            }
            if let Some(status) = ended {
                return Ok(Ran { output, end: End::Shell(exit_code(status)) });
            }
        }
    }

    /// Waits until there is output, or its end, for at most `timeout`; false if there is none.
    fn wait_for_output(&self, timeout: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.group.kill();
        // Only a child that has been waited for already cannot be waited for.
        let _ = self.child.wait();
    }
}

/// The exit code as shells report it: that of a signal is above 128.
fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// The number of line breaks in a text, which ends in memory before it is too large.
fn lines(text: &str) -> isize {
    isize::try_from(text.matches('\n').count()).unwrap_or(isize::MAX)
}

/// A text as one word of a shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        let environment = [("PATH", OsStr::new("/usr/local/bin:/usr/bin:/bin"))].into_iter();
        Shell::start(OsStr::new("sh"), Path::new("/"), environment).expect("a shell")
    }

    fn run(shell: &mut Shell, command: &str) -> (String, End) {
        let ran = shell.run(command, Duration::from_secs(60), &mut |_| {}).expect("a shell that answers");
        (String::from_utf8_lossy(&ran.output).into_owned(), ran.end)
    }

    #[test]
    fn the_state_of_the_shell_lasts() {
        let mut shell = shell();
        for (command, output, code) in [
            ("x='a b'; f() { echo \"f $1\"; return 3; }; cd usr", "", 0),
            ("f \"$x\"\npwd", "f a b\n/usr\n", 0),
            ("f 1", "f 1\n", 3),
            ("echo $?", "3\n", 0),
            ("cat <<E\nit's $x\nE", "it's a b\n", 0),
            ("cat; read line", "", 1),
            ("echo out; echo err >&2; printf more", "out\nerr\nmore", 0),
            ("exec 2>/dev/null", "", 0),
            ("echo err >&2", "", 0),
            ("", "", 0),
        ] {
            assert_eq!(run(&mut shell, command), (output.to_string(), End::Code(code)), "{command}");
        }
    }

    #[test]
    fn a_syntax_error_does_not_end_the_shell() {
        let mut shell = shell();
        let (output, end) = run(&mut shell, "if true");
        assert!(output.contains("end of file") && end == End::Code(2), "{output} {end:?}");
        assert_eq!(run(&mut shell, "echo $?"), ("2\n".into(), End::Code(0)));
    }

    #[test]
    fn commands_may_end_the_shell() {
        assert_eq!(run(&mut shell(), "echo a; exit 3"), ("a\n".into(), End::Shell(3)));
        assert_eq!(run(&mut shell(), "set -e; false; echo a"), (String::new(), End::Shell(1)));
        assert_eq!(run(&mut shell(), "kill -9 $$").1, End::Shell(137));
        // What goes on in the background keeps the pipe open.
        assert_eq!(run(&mut shell(), "sleep 100 & exit 4").1, End::Shell(4));
        let mut shell = shell();
        run(&mut shell, "exit 1");
        assert_eq!(run(&mut shell, "echo a").1, End::Shell(1));
    }

    #[test]
    fn an_error_in_a_pipeline_with_errexit_is_none() {
        let mut shell = shell();
        run(&mut shell, "set -e");
        assert_eq!(run(&mut shell, "false && true").1, End::Code(1));
        assert_eq!(run(&mut shell, "echo a"), ("a\n".into(), End::Code(0)));
        assert_eq!(run(&mut shell, "false").1, End::Shell(1));
    }

    #[test]
    fn a_command_that_never_ends_is_killed_with_all_it_has_started() {
        let mut shell = shell();
        let ran = shell.run("echo a; (sleep 100; echo b) & sleep 100", Duration::from_millis(300), &mut |_| {});
        assert_eq!(ran.expect("a shell"), Ran { output: b"a\n".to_vec(), end: End::Timeout });
        let start = Instant::now();
        drop(shell);
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn output_is_shown_as_it_comes_and_no_status_line() {
        let mut shown = Vec::new();
        let ran =
            shell().run("echo a; echo; printf b", Duration::from_secs(60), &mut |text| shown.extend_from_slice(text));
        assert_eq!(ran.expect("a shell").output, shown);
    }
}
