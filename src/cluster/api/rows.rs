//! Access to the store below the API, for controllers and the composition root: reads without a request, named rows,
//! counters and the timeline.

use std::sync::Arc;

use super::{Result, Server};
use crate::store::{Change, ChangesGone, ObjectKey, RowValue};
use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_base::sim::{Due, Time};

impl Server {
    /// Returns the revision of the store, uncommitted changes included.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Returns all changes after a revision, oldest first.
    ///
    /// # Errors
    /// A revision that the change log no longer reaches, or a store that cannot be read.
    pub fn changes_since(&mut self, revision: u64) -> std::result::Result<Vec<Change>, ChangesGone> {
        self.store.changes_since(revision)
    }

    /// Returns the revision before the oldest change that the log still has.
    pub fn log_start(&self) -> u64 {
        self.store.log_start()
    }

    /// Records that the controllers have observed the changes up to a revision.
    pub fn mark_observed(&mut self, revision: u64, now: Time) {
        self.store.mark_observed(revision, now);
    }

    /// Reads an object; `None` when it does not exist.
    pub fn read(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Option<Arc<Object>>> {
        self.note_read(Some(resource));
        let key = ObjectKey { resource: resource.into(), namespace: namespace.into(), name: name.into() };
        Ok(self.store.get(&key)?)
    }

    /// Returns whether an object exists.
    pub fn exists(&mut self, resource: &str, namespace: &str, name: &str) -> Result<bool> {
        self.note_read(Some(resource));
        Ok(self.store.has(&ObjectKey::new(resource, namespace, name))?)
    }

    /// Reads all objects of a resource, in one namespace or (`None`) in all, by namespace and name.
    pub fn read_all(&mut self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>> {
        self.note_read(Some(resource));
        Ok(self.store.list(resource, namespace)?)
    }

    /// Returns all objects of a resource in a namespace; `None` when there are more than a few dozen.
    pub fn list_if_small(&mut self, resource: &str, namespace: &str) -> Result<Option<Vec<Arc<Object>>>> {
        self.note_read(Some(resource));
        Ok(self.store.list_if_small(resource, namespace)?)
    }

    /// Reads the objects of all resources under a value of an index, by key.
    pub fn read_index(&mut self, index: &str, value: &str) -> Result<Vec<Arc<Object>>> {
        self.note_read(None);
        Ok(self.store.by_index(index, value)?)
    }

    /// Returns whether an object is found under a value of an index.
    pub fn is_indexed(&mut self, index: &str, value: &str, key: &ObjectKey) -> Result<bool> {
        self.note_read(Some(&key.resource));
        Ok(self.store.is_indexed(index, value, key)?)
    }

    /// Reads the objects of one resource under a value of an index, in one namespace or (`None`) in all, by key.
    pub fn read_index_of(
        &mut self,
        index: &str,
        value: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Arc<Object>>> {
        self.note_read(Some(resource));
        Ok(self.store.by_index_in(index, value, resource, namespace)?)
    }

    /// Removes an object whose time is over, as etcd does when a lease ends: past admission, preconditions and finalizers.
    pub fn expire(&mut self, resource: &str, namespace: &str, name: &str) -> Result<()> {
        self.store.remove(&ObjectKey::new(resource, namespace, name))?;
        Ok(())
    }

    /// Returns the next number of the counter for (purpose, owner).
    pub fn next_counter(&mut self, purpose: &str, owner: &str) -> Result<u64> {
        Ok(self.store.next_counter(purpose, owner)?)
    }

    /// Reads a named value that is not an object: a setting, or the state of a controller.
    pub fn row(&mut self, name: &str) -> Result<Option<Value>> {
        self.note_read(None);
        Ok(self.store.row(name)?)
    }

    /// Returns the names of the named values with a prefix, in order.
    pub fn row_names(&mut self, prefix: &str) -> Result<Vec<String>> {
        self.note_read(None);
        let rows = self.store.rows_with_prefix(prefix)?;
        Ok(rows.into_iter().map(|(name, _)| name).collect())
    }

    /// Reads a named value as a type of the caller.
    pub fn typed_row<T: RowValue>(&mut self, name: &str) -> Result<Option<T>> {
        self.note_read(None);
        Ok(self.store.typed_row(name)?)
    }

    /// Reads the named values with a prefix as a type of the caller, in the order of their names.
    pub fn typed_rows_with_prefix<T: RowValue>(&mut self, prefix: &str) -> Result<Vec<T>> {
        self.note_read(None);
        Ok(self.store.typed_rows_with_prefix(prefix)?)
    }

    /// Changes a named value in place as a type of the caller (see [`crate::store::Store::change_typed_row`]).
    pub fn change_typed_row<T: RowValue + Default, R>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R> {
        self.note_read(None);
        Ok(self.store.change_typed_row(name, change)?)
    }

    /// Changes a named value in place, if there is one, and removes it if `change` returns `false`.
    pub(crate) fn retain_typed_row<T: RowValue>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut T) -> bool,
    ) -> Result<()> {
        self.note_read(None);
        Ok(self.store.retain_typed_row(name, change)?)
    }

    /// Sets a named value, or removes it with `None`.
    pub fn set_row(&mut self, name: &str, value: Option<Value>) {
        self.store.set_row(name, value);
    }

    /// Sets a named value of any type that serializes to JSON, or removes it with `None`.
    pub fn set_typed_row<T: RowValue>(&mut self, name: &str, value: Option<T>) {
        self.store.set_typed_row(name, value);
    }

    /// Puts (controller, key) on the timeline, replacing its present entry.
    pub fn schedule(&mut self, controller: &str, key: &str, at: Time, recurring: bool) {
        self.store.schedule(controller, key, at, recurring);
    }

    /// Removes (controller, key) from the timeline.
    pub fn unschedule(&mut self, controller: &str, key: &str) {
        self.store.unschedule(controller, key);
    }

    /// Returns whether (controller, key) is on the timeline.
    pub fn is_scheduled(&mut self, controller: &str, key: &str) -> bool {
        matches!(self.store.scheduled(controller, key), Ok(Some(_)))
    }

    /// Returns the first entries of the timeline, at most `count`.
    pub fn due(&mut self, count: usize) -> Result<Vec<Due>> {
        Ok(self.store.due(count)?)
    }

    /// Removes and returns the first entry of the timeline that is due at `until`; `None` when none is.
    pub fn take_due(&mut self, until: Time) -> Result<Option<Due>> {
        Ok(self.store.take_due(until)?)
    }
}
