//! The standard input of a command.

use std::io::{IsTerminal, Read};

use super::Ctx;
use crate::{CliError, CliResult};

impl Ctx {
    /// Reads all of standard input.
    ///
    /// # Errors
    /// Standard input cannot be read, or was read before.
    pub(crate) fn read_stdin(&mut self) -> CliResult<Vec<u8>> {
        if std::mem::replace(&mut self.stdin_read, true) {
            return Err(CliError::new("standard input cannot be used for multiple arguments"));
        }
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|e| CliError::new(format!("reading standard input: {e}")))?;
        Ok(bytes)
    }

    /// Returns whether the command has the standard input of the process.
    pub(crate) fn has_stdin(&self) -> bool {
        self.captured.is_none()
    }

    /// Returns whether a person types the standard input of the command.
    pub(crate) fn stdin_is_terminal(&self) -> bool {
        self.has_stdin() && std::io::stdin().is_terminal()
    }
}
