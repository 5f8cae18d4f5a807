//! The record of operations: what a commit adds to the history of the store, and going back to another state.

use crate::api::index_entries;
use crate::cluster::{Cluster, Uncommitted};
use crate::controllers::{CONTROLLERS, Driver};
use crate::error::ClusterError;
use crate::origin::{self, Basis};
use crate::recorder::Recorder;
use crate::store::{Head, Operation, OperationKind, Past, Store, StoreError, Totals};
use kctl_base::sim::{Ids, Time};

/// A state that is to become the present one.
pub(crate) struct Goal {
    /// The kind of the operation that goes there.
    pub(crate) kind: OperationKind,
    /// The state.
    pub(crate) past: Past,
    /// The operation whose result it is; `None` if going there is one of its own.
    pub(crate) state: Option<u64>,
    /// The time of the cluster in the state.
    pub(crate) time: Time,
    /// The newest revision in the state.
    pub(crate) revision: u64,
}

impl Cluster {
    /// Sets the user in whose name this process acts.
    pub fn record_as(&mut self, user: &str) {
        if self.recorder.user != user {
            self.recorder.user = user.into();
        }
    }

    /// Stages the record of the operation that the next commit completes or goes on with.
    ///
    /// Time that has passed is merged into an operation of its own between two commands, or into a command that has begun.
    pub(crate) fn record(&mut self, kind: OperationKind) -> Result<(), StoreError> {
        if !self.server.store().has_past() {
            return Ok(());
        }
        let head = self.server.store().head()?;
        let current = self.recorder.current.take().filter(|operation| operation.number == head.newest);
        let mut operation = match current {
            Some(operation) if operation.kind == kind || kind == OperationKind::Time => operation,
            _ => self.begin_operation(kind, &head)?,
        };
        let now = self.clock.now;
        let store = self.server.store();
        operation.ended = now;
        operation.revision = store.revision();
        operation.objects = self.recorder.before.add(store.totals());
        operation.after = store.position() + 1;
        let redo = if kind == OperationKind::Time { head.redo } else { Vec::new() };
        store.stage_operation(&operation, Head { state: operation.state, redo, ..head })?;
        self.recorder.current = Some(operation);
        Ok(())
    }

    /// Returns true if what is staged belongs to an operation that has been recorded.
    pub(crate) fn has_recorded(&mut self) -> bool {
        let position = self.server.store().position();
        self.recorder.current.as_ref().is_some_and(|operation| operation.after > position)
    }

    /// Notes that what was recorded has been committed.
    pub(crate) fn recorded(&mut self) {
        self.recorder.committed = (self.clock.now, self.server.revision());
        if let Some(operation) = self.recorder.current.take_if(|operation| operation.kind == OperationKind::Time) {
            // A command may follow in this process.
            self.recorder.before = operation.objects;
            self.server.store().begin_operation();
            self.recorder.current = Some(operation);
        }
    }

    /// Begins an operation, or goes on with time that is the last one.
    fn begin_operation(&mut self, kind: OperationKind, head: &Head) -> Result<Operation, StoreError> {
        if kind == OperationKind::Time
            && let Some(newest) = self.server.store().operation(head.newest)?
            && newest.kind == kind
        {
            self.recorder.before = newest.objects;
            return Ok(newest);
        }
        self.recorder.before = Totals::default();
        Ok(self.new_operation(kind, head))
    }

    /// An operation that has done nothing so far.
    fn new_operation(&mut self, kind: OperationKind, head: &Head) -> Operation {
        let number = head.newest + 1;
        let is_command = kind != OperationKind::Time;
        let text = |text: &str| if is_command { text.to_string() } else { String::new() };
        let (began, revision) = self.recorder.committed;
        let position = self.server.store().position();
        Operation {
            number,
            kind,
            command: text(&self.location.options().command),
            user: text(&self.recorder.user),
            real_time: self.recorder.started,
            began,
            ended: began,
            revision_before: revision,
            revision,
            objects: Totals::default(),
            before: position,
            after: position,
            parent: head.state,
            state: if is_command { number } else { head.state },
        }
    }

    /// Makes another state the present one, as an operation, whatever has not been committed. `change` changes the head.
    ///
    /// # Errors
    /// If a state cannot be read, or the store cannot be written; then nothing has changed.
    pub(crate) fn go_to(&mut self, goal: Goal, change: impl FnOnce(&mut Head)) -> Result<Operation, ClusterError> {
        self.discard();
        let operation = self.replace_state(goal, change).inspect_err(|_| self.discard())?;
        self.reload()?;
        Ok(operation)
    }

    /// Makes another state that of the store. After a failure, something may be staged.
    fn replace_state(&mut self, goal: Goal, change: impl FnOnce(&mut Head)) -> Result<Operation, StoreError> {
        let store = self.server.store();
        let difference = store.difference(&goal.past)?;
        let mut head = store.head()?;
        let mut operation = self.new_operation(goal.kind, &head);
        (operation.ended, operation.revision) = (goal.time, goal.revision);
        (operation.objects, operation.after) = (difference.totals, operation.before + 1);
        operation.state = goal.state.unwrap_or(operation.number);
        change(&mut head);
        head.state = operation.state;
        head.restored += 1;
        let store = self.server.store();
        store.stage_operation(&operation, head)?;
        store.restore(&goal.past, difference).map_err(|e| self.location.name(e))?;
        Ok(operation)
    }

    /// Begins anew with what the store holds.
    pub(crate) fn reload(&mut self) -> Result<(), ClusterError> {
        let Basis { clock, seed, installation, .. } = origin::load(self.server.store(), self.location.options())?;
        self.server.reload(Ids::new(seed), installation)?;
        let revision = self.server.revision();
        self.driver = Driver::new(CONTROLLERS, revision);
        if let Some(invariants) = &mut self.invariants {
            invariants.begin_anew(revision);
        }
        self.clock = clock;
        self.is_changed = false;
        self.uncommitted = Uncommitted { entries: 0, since_revision: revision };
        let user = std::mem::take(&mut self.recorder.user);
        self.recorder = Recorder { user, ..Recorder::new(clock.now, revision) };
        Ok(())
    }
}

/// Returns the time and the newest revision of a state.
///
/// # Errors
/// If its rows cannot be read.
pub(crate) fn time_of(past: Past) -> Result<(Time, u64), StoreError> {
    let mut store = Store::new(Box::new(past), index_entries)?;
    Ok((origin::now(&mut store)?, store.revision()))
}
