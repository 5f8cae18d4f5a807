//! The record of the commands of users.

use crate::api::{Result, Server};
use crate::store::{Operation as Recorded, OperationKind};

/// A command that changed the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its number.
    pub number: u64,
    /// Its command line: `kctl scale deployment/web --replicas=3`.
    pub command_line: String,
}

/// The operations that led to the present state, newest first, as far as they are kept.
pub(super) struct Record {
    operations: Vec<Recorded>,
}

impl Record {
    /// Reads the record. What has been taken back is left out: its revisions have been given to other changes.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(super) fn read(server: &mut Server) -> Result<Record> {
        let store = server.store();
        let kept = store.operations()?;
        let mut number = store.head()?.state;
        let mut operations: Vec<Recorded> = Vec::new();
        // Time that has passed since the last command is an operation, too, and leaves the state that of the command.
        while let Some(operation) = kept.iter().find(|operation| operation.number == number) {
            operations.push(operation.clone());
            if operation.parent >= number {
                break;
            }
            number = operation.parent;
        }
        Ok(Record { operations })
    }

    /// Returns the command during which a revision was made; `None` when no record of it is kept.
    pub(super) fn command_of(&self, revision: u64) -> Option<Operation> {
        let found = self
            .operations
            .iter()
            .find(|operation| operation.revision_before < revision && revision <= operation.revision)
            .filter(|operation| operation.kind == OperationKind::Command && !operation.command.is_empty())?;
        Some(Operation { number: found.number, command_line: found.command.clone() })
    }
}
