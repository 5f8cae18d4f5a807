//! Why verbs of kubectl that need running containers or a network are refused. None of these is simulated.

use crate::{CliError, CliResult};

/// Fails with the reason why a verb is not supported.
pub(super) fn refuse(verb: &str, why: &str) -> CliResult<()> {
    Err(CliError::new(format!("{verb} is not supported: {why}")))
}

/// The reason of verbs that need a process in a container.
pub(super) const NOTHING_RUNS: &str = "containers are simulated, nothing runs in them";
