//! The history of the cluster: its operations, and taking them back.

use super::{Console, Result};
use crate::error::ClusterError;
use crate::operations::{Goal, time_of};
use crate::store::{Head, Limits, ObjectChange, Operation, OperationKind, Past, Redo, Store, StoreError, compare};

/// The limits of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The number of operations.
    pub operations: u64,
    /// The size in bytes of the files that only the past needs.
    pub bytes: u64,
}

impl Console<'_> {
    /// Returns the operations that are kept, oldest first.
    ///
    /// # Errors
    /// As every method here: a store that cannot be read or written.
    pub fn operations(&mut self) -> Result<Vec<Operation>> {
        Ok(self.store().operations()?)
    }

    /// Returns an operation and the objects that it changed.
    ///
    /// # Errors
    /// Also an operation that is not kept.
    pub fn operation(&mut self, number: u64) -> Result<(Operation, Vec<ObjectChange>)> {
        let operation = self.kept_operation(number)?;
        let (before, after) = (self.past(&operation, operation.before)?, self.past(&operation, operation.after)?);
        let changes = compare(&before, &after)?;
        Ok((operation, changes))
    }

    /// Takes back the last operation, or all back to one of them; returns what was taken back, the last one first.
    ///
    /// # Errors
    /// Also if there is nothing to take back, or it is not kept.
    pub fn undo(&mut self, back_to: Option<u64>) -> Result<Vec<Operation>> {
        if let Some(number) = back_to {
            self.kept_operation(number)?;
        }
        let head = self.store().head()?;
        let mut undone = vec![self.undoable(head.state)?];
        if let Some(number) = back_to {
            while let Some(last) = undone.last().filter(|last| last.number != number) {
                if last.parent < number {
                    return refuse(format!(
                        "operation {number} is not a part of the present state, so it cannot be undone (to see the operations: kctl op log)"
                    ));
                }
                let parent = last.parent;
                undone.push(self.undoable(parent)?);
            }
        }
        // There is at least the first one.
        let Some(first) = undone.last() else { return Ok(undone) };
        let goal = self.goal(OperationKind::Undo, first, first.before, Some(first.parent))?;
        let redo = Redo { operation: head.state, position: self.store().position() };
        self.cluster.go_to(goal, |head| head.redo.insert(0, redo))?;
        Ok(undone)
    }

    /// Does what was taken back last again, and returns the operation whose result is the present then.
    ///
    /// # Errors
    /// Also if nothing was taken back since the last command.
    pub fn redo(&mut self) -> Result<Operation> {
        let Head { redo, .. } = self.store().head()?;
        let Some(last) = redo.first().copied() else {
            return refuse("nothing to redo".into());
        };
        if self.store().past(last.position)?.is_none() {
            return refuse("what was undone is no longer kept (to keep more: kctl op keep --size=1Gi)".into());
        }
        let operation = self.kept_operation(last.operation)?;
        let goal = self.goal(OperationKind::Redo, &operation, last.position, Some(last.operation))?;
        self.cluster.go_to(goal, |head| {
            head.redo.remove(0);
        })?;
        Ok(operation)
    }

    /// Makes the state after an operation the present one, and returns the operation.
    ///
    /// # Errors
    /// Also an operation that is not kept.
    pub fn restore(&mut self, number: u64) -> Result<Operation> {
        let operation = self.kept_operation(number)?;
        let goal = self.goal(OperationKind::Restore, &operation, operation.after, None)?;
        self.cluster.go_to(goal, |head| head.redo.clear())?;
        Ok(operation)
    }

    /// Returns how much of the history is kept.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn kept(&mut self) -> Result<Kept> {
        let Limits { operations, bytes } = self.store().limits()?;
        Ok(Kept { operations, bytes })
    }

    /// Sets how much of the history is kept, and drops what is more.
    ///
    /// # Errors
    /// A store that cannot be written, or is in memory.
    pub fn keep(&mut self, kept: Kept) -> Result<()> {
        self.must_have_past()?;
        self.cluster.commit()?;
        let Kept { operations, bytes } = kept;
        self.store().stage_limits(Limits { operations, bytes })?;
        Ok(self.store().commit_history()?)
    }

    pub(super) fn store(&mut self) -> &mut Store {
        self.cluster.server.store()
    }

    /// Refuses a cluster in memory.
    pub(super) fn must_have_past(&mut self) -> Result<()> {
        match self.store().has_past() {
            true => Ok(()),
            false => refuse("a cluster in memory keeps no history".into()),
        }
    }

    fn goal(&mut self, kind: OperationKind, of: &Operation, position: u64, state: Option<u64>) -> Result<Goal> {
        let (time, revision) = time_of(self.past(of, position)?)?;
        Ok(Goal { kind, past: self.past(of, position)?, state, time, revision })
    }

    /// An operation that can be taken back.
    fn undoable(&mut self, number: u64) -> Result<Operation> {
        if number == 0 {
            return refuse("nothing to undo".into());
        }
        let operation = self.kept_operation(number)?;
        match operation.kind {
            OperationKind::Creation => refuse(format!(
                "nothing to undo: operation {number} is the creation of the cluster (to delete the cluster: kctl store reset)"
            )),
            _ => Ok(operation),
        }
    }

    fn kept_operation(&mut self, number: u64) -> Result<Operation> {
        if let Some(operation) = self.store().operation(number)? {
            return Ok(operation);
        }
        let Head { oldest, newest, .. } = self.store().head()?;
        match number {
            _ if oldest > newest => {
                refuse("no operations are kept (to keep some: kctl op keep --operations=1000)".into())
            }
            0 => refuse("operations are counted from 1".into()),
            _ if number > newest => refuse(format!("there is no operation {number} (the newest is {newest})")),
            _ => self.refuse_forgotten(number),
        }
    }

    /// The state after a commit, which an operation needs.
    fn past(&mut self, operation: &Operation, position: u64) -> Result<Past> {
        match self.store().past(position)? {
            Some(past) => Ok(past),
            None => self.refuse_forgotten(operation.number),
        }
    }

    fn refuse_forgotten<T>(&mut self, number: u64) -> Result<T> {
        let mut oldest = None;
        for operation in self.store().operations()? {
            if self.store().past(operation.before)?.is_some() {
                oldest = Some(operation.number);
                break;
            }
        }
        refuse(match oldest {
            Some(oldest) => format!("operation {number} is no longer kept (the oldest is {oldest})"),
            None => format!("operation {number} is no longer kept"),
        })
    }
}

/// An error that says why the history does not allow something.
pub(super) fn refuse<T>(message: String) -> Result<T> {
    Err(ClusterError::History(message))
}

/// The error of a state whose files are gone.
pub(super) fn gone(name: &str) -> StoreError {
    StoreError::damaged(format!("the state of snapshot {name} is missing"))
}
