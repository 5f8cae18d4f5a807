//! Where there are no POSIX shells, no transcript can run.

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use super::sandbox::Sandbox;

/// The running commands of a transcript.
pub(super) struct Session;

/// The result of a command.
pub(super) struct Ran {
    /// Its output.
    pub(super) output: Vec<u8>,
    /// Its end.
    pub(super) end: End,
}

/// The end of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It ended with an exit code.
    Code(i32),
    /// It ended the shell, whose exit code this is.
    Shell(i32),
    /// It did not end in time.
    Timeout,
}

impl Session {
    /// Refuses to start a shell.
    ///
    /// # Errors
    /// Always.
    pub(super) fn start(_: &OsStr, _: &Sandbox) -> io::Result<Session> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "transcripts need a POSIX shell, which this system lacks"))
    }

    /// Runs nothing.
    ///
    /// # Errors
    /// Always.
    pub(super) fn run(&mut self, _: &str, _: Duration, _: &mut dyn FnMut(&[u8])) -> io::Result<Ran> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
