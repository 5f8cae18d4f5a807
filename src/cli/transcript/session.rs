//! The commands of one transcript: each runs in its shell, or in a [`resident`] process of it.
//!
//! A plain command ([`plain`]) changes nothing in the shell, so that many of them can run in one process, and nobody can tell.
//! Any other command ends that process first, and its exit code becomes that of the shell (`$?`). As such a command may
//! change what `kubectl` means, the shell is asked before the next process is started.

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use super::sandbox::Sandbox;
pub(super) use super::shell::{End, Ran};
use super::shell::{OUTPUT, Shell};
use super::status_line::{self, RESIDENT};
use super::{plain, resident};

/// The options of a shell with which commands end it or are printed.
const OBSTACLES: &[char] = &['e', 'v', 'x'];

/// The running commands of a transcript. Dropping it kills them and everything that they have started.
pub(super) struct Session {
    shell: Shell,
    /// The names of the program.
    programs: [&'static str; 2],
    /// The answer of a shell that runs the program under its names, and does nothing else when a command ends.
    undisturbed: String,
    /// False once a process could not serve, as on systems without `/dev/fd`.
    may_serve: bool,
}

impl Session {
    /// Starts the shell of a sandbox.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(super) fn start(program: &OsStr, sandbox: &Sandbox) -> io::Result<Session> {
        let shell = Shell::start(program, &sandbox.work, sandbox.variables())?;
        let undisturbed = sandbox.programs.iter().map(|(_, path)| format!("{}\n", path.display())).collect();
        Ok(Session {
            shell,
            programs: sandbox.programs.each_ref().map(|(name, _)| *name),
            undisturbed,
            may_serve: true,
        })
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
        if let Some(words) = plain::words(command, &self.programs)
            && (self.is_resident() || self.start_resident(timeout)?)
        {
            self.shell.skip(command);
            return self.shell.exchange(&resident::request(&words)?, timeout, on_output);
        }
        if self.is_resident() {
            // Ends with the exit code of its last command, as which the shell knows it.
            let end = self.shell.exchange(&resident::request(&[])?, timeout, &mut |_| {})?;
            self.shell.put_back(end.output);
        }
        self.shell.run(command, timeout, on_output)
    }

    /// Returns whether a resident process waits for commands, instead of the shell.
    fn is_resident(&self) -> bool {
        self.shell.flags() == RESIDENT
    }

    /// Starts a resident process if the shell would do nothing for a plain command but start one; returns whether it runs.
    fn start_resident(&mut self, timeout: Duration) -> io::Result<bool> {
        if !self.may_serve || self.shell.flags().contains(OBSTACLES) || !self.is_undisturbed(timeout)? {
            return Ok(false);
        }
        let status = status_line::shell_command(OUTPUT);
        let start = resident::shell_command(self.programs[0]);
        // As one command, of which the shell reads all before it starts the process.
        let started = self.shell.exchange_aside(&format!("{{ {start}; {status}; }}\n"), timeout)?;
        self.may_serve = self.is_resident();
        // What a process prints that does not serve is no output of a command.
        if self.may_serve {
            self.shell.put_back(started.output);
        }
        Ok(self.may_serve)
    }

    /// Asks the shell whether a plain command runs the program and nothing else: no function, alias or trap.
    fn is_undisturbed(&mut self, timeout: Duration) -> io::Result<bool> {
        let status = status_line::shell_command(OUTPUT);
        let found: Vec<String> = self.programs.iter().map(|name| format!("command -v {name}; ")).collect();
        let question = format!("{status}; {{ {}command trap; }} >&{OUTPUT} 2>&1; {status}\n", found.concat());
        let before = self.shell.exchange_aside(&question, timeout)?;
        let answer = self.shell.exchange_aside("", timeout)?;
        self.shell.put_back(before.output);
        Ok(matches!(answer.end, End::Code(_)) && answer.output == self.undisturbed.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::sandbox::Sandboxes;
    use super::super::settings::Settings;
    use super::*;

    #[test]
    fn a_program_that_cannot_serve_is_asked_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let program = directory.path().join("program");
        std::fs::write(&program, "#!/bin/sh\necho $* | tee -a $SANDBOX/calls\n").expect("a program");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("permissions");
        let sandboxes = Sandboxes::new(&program).expect("a directory");
        let sandbox = sandboxes.create(&program, &Settings::default(), false).expect("a sandbox");
        let mut session = Session::start(OsStr::new("sh"), &sandbox).expect("a shell");
        let mut run = |command| session.run(command, Duration::from_secs(60), &mut |_| {}).expect("an answer").output;
        for (command, output) in [("kctl a", "a\n"), ("kubectl b", "b\n"), ("cat $SANDBOX/calls", "__resident\na\nb\n")]
        {
            assert_eq!(String::from_utf8_lossy(&run(command)), output, "{command}");
        }
    }
}
