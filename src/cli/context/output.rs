//! Output of a command, which is buffered until the changes that it reports are durable.

use std::io::Write;

use super::Ctx;
use crate::CliResult;
use crate::klog::{self, Site};

impl Ctx {
    /// Prints a line to standard output.
    pub(crate) fn print_line(&mut self, line: impl AsRef<str>) {
        self.out.push_str(line.as_ref());
        self.out.push('\n');
    }

    /// Prints a line to standard error.
    pub(crate) fn print_error(&mut self, line: impl AsRef<str>) {
        self.err.push_str(line.as_ref());
        self.err.push('\n');
    }

    /// Prints a warning of the server, which `--warnings-as-errors` counts.
    pub(crate) fn warn(&mut self, message: &str) {
        self.warned = true;
        self.print_error(format!("Warning: {message}"));
    }

    /// Prints a line in the format of klog to standard error, with the time of the cluster.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub(crate) fn log(&mut self, site: Site, message: &str) -> CliResult<()> {
        let line = klog::line(self.now()?, site, message);
        self.print_error(line);
        Ok(())
    }

    /// Prints a hint that kubectl would not print, if standard error is a terminal.
    pub(crate) fn hint(&mut self, line: impl AsRef<str>) {
        if self.hints {
            self.print_error(line);
        }
    }

    /// Commits all changes and then writes the buffered output. Long-running verbs call it between their steps;
    /// [`Ctx::finish`] does it at the end of a command.
    ///
    /// # Errors
    /// The changes cannot be committed. The buffered output is then discarded, because it would report them.
    pub(crate) fn flush(&mut self) -> CliResult<()> {
        if let Some(client) = self.client.as_mut()
            && let Err(error) = client.transport().commit()
        {
            self.out.clear();
            return Err(error.into());
        }
        self.print();
        Ok(())
    }

    /// Flushes, prints the error of a command that failed, and returns the exit code. Changes made before a failure are
    /// kept.
    pub(crate) fn finish(&mut self, result: CliResult<()>) -> i32 {
        let mut result = result;
        if let Err(error) = self.flush()
            && result.is_ok()
        {
            result = Err(error);
        }
        if let Err(error) = &result {
            self.err.push_str(&error.message());
            self.print();
        }
        match result {
            Err(error) => error.code(),
            Ok(()) if self.warned && self.warnings_are_errors => {
                self.print_error("error: 1 warning received");
                self.print();
                1
            }
            Ok(()) => 0,
        }
    }

    /// Writes the buffered output. A closed pipe ends the process with status 0, as it ends any filter.
    fn print(&mut self) {
        let out = std::mem::take(&mut self.out);
        let err = std::mem::take(&mut self.err);
        if let Some(captured) = &mut self.captured {
            captured.out.push_str(&out);
            captured.err.push_str(&err);
            return;
        }
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            std::process::exit(0);
        }
        // A failure to write to standard error could only be reported there.
        let _ = std::io::stderr().lock().write_all(err.as_bytes());
    }
}

/// Prints a hint to standard error at once, while the command is at work.
pub(super) fn hint_now(line: impl std::fmt::Display) {
    // There is nowhere to report that hints cannot be written.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The output of a command in a test.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}
