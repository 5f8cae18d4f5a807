//! Where there are no POSIX shells, no transcript can run.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A running shell.
pub(super) struct Shell;

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

impl Shell {
    /// Refuses to start a shell.
    ///
    /// # Errors
    /// Always.
    pub(super) fn start<'a>(
        _: &OsStr,
        _: &Path,
        _: impl Iterator<Item = (&'static str, &'a OsStr)>,
    ) -> io::Result<Shell> {
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
