//! Why a verb of kubectl is refused that needs something that is not simulated.

use crate::{CliError, CliResult};

/// Fails with the reason why a verb is not supported.
pub(super) fn refuse(verb: &str, why: &str) -> CliResult<()> {
    Err(CliError::new(format!("{verb} is not supported: {why}")))
}
