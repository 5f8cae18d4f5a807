//! The shell.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};

/// A shell between two of its commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shell {}

impl Shell {
    /// Creates the shell for a name such as `sh`; `None` if it is none.
    pub(crate) fn find(_name: &str, _argv: &[String]) -> Option<Shell> {
        None
    }

    /// Goes on until the shell waits or ends.
    pub(crate) fn step(&mut self, _call: &mut Call<'_>) -> Result<i32, Stop> {
        Ok(127)
    }
}
