//! The record of the commands of users.

use crate::api::{Result, Server};

/// A command that changed the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its number.
    pub number: u64,
    /// Its command line: `kctl scale deployment/web --replicas=3`.
    pub command_line: String,
}

/// Returns the command during which a revision was made; `None` when no record of it is kept.
///
/// # Errors
/// A store that cannot be read.
pub(super) fn of(_: &mut Server, _: u64) -> Result<Option<Operation>> {
    Ok(None)
}
