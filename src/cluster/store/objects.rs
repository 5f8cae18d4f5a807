//! Reading and writing objects, and the index rows that go with them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::keys::{self, Key};
use super::lists;
use super::{Change, ChangeKind, ObjectKey, Store, StoreError};
use kctl_base::object::{Object, ValueWrite};

impl Store {
    /// An object, if it is there.
    pub fn get(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, StoreError> {
        self.overlay.object(&row_of(key))
    }

    /// All objects of a resource in a namespace, when they are few; reads no more than a few in any case.
    pub fn few(&mut self, resource: &str, namespace: &str) -> Result<Option<Vec<Arc<Object>>>, StoreError> {
        let range = keys::objects(resource, Some(namespace));
        match self.lists.get(resource, &range) {
            Some(list) => Ok(Some(list.clone())),
            None if self.overlay.has_at_most(&range, lists::LENGTH)? => self.list(resource, Some(namespace)).map(Some),
            None => Ok(None),
        }
    }

    /// All objects of a resource, of one namespace or of all, ordered by namespace and name.
    pub fn list(&mut self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, StoreError> {
        let range = keys::objects(resource, namespace);
        if let Some(list) = self.lists.get(resource, &range) {
            return Ok(list.clone());
        }
        let list = self.overlay.objects(&range)?;
        self.lists.keep(resource, range, &list);
        Ok(list)
    }

    /// Calls `visit` for each object of a resource, of one namespace or (`None`) of all, ordered by namespace and name, until
    /// it returns `false`; starts behind the key `after`, which need not exist.
    pub fn visit(
        &mut self,
        resource: &str,
        namespace: Option<&str>,
        after: Option<&ObjectKey>,
        visit: &mut dyn FnMut(Arc<Object>) -> bool,
    ) -> Result<(), StoreError> {
        let (mut from, to) = keys::objects(resource, namespace);
        if let Some(after) = after {
            from = from.max(keys::successor(row_of(after)));
        }
        self.overlay.visit_objects(&(from, to), visit)
    }

    /// Puts an object in the place of what was there, at the next revision, and answers it with its resourceVersion.
    pub fn write(&mut self, key: &ObjectKey, mut object: Object) -> Result<Arc<Object>, StoreError> {
        let row = row_of(key);
        let old = self.overlay.object(&row)?;
        let revision = self.next_revision();
        object.put("/metadata/resourceVersion", revision.to_string());
        self.reindex(key, old.as_deref(), Some(&object));
        self.lists.forget(&key.resource);
        let object = Arc::new(object);
        self.overlay.put_object(row, object.clone());
        let kind = if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.pending.push(Change { revision, kind, key: key.clone(), object: object.clone(), old });
        Ok(object)
    }

    /// Removes an object, at the next revision; answers its last version, or nothing if it is not there.
    pub fn remove(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, StoreError> {
        let row = row_of(key);
        let Some(last) = self.overlay.object(&row)? else { return Ok(None) };
        let revision = self.next_revision();
        self.reindex(key, Some(&last), None);
        self.lists.forget(&key.resource);
        self.overlay.remove(row);
        let (kind, key) = (ChangeKind::Deleted, key.clone());
        self.pending.push(Change { revision, kind, key, object: last.clone(), old: Some(last.clone()) });
        Ok(Some(last))
    }

    /// The objects under a value of an index, ordered by their keys.
    pub fn by_index(&mut self, index: &str, value: &str) -> Result<Vec<Arc<Object>>, StoreError> {
        self.found(&keys::indexed(index, value, None, None))
    }

    /// The objects of one resource, in one namespace or in all, under a value of an index, ordered by their keys.
    pub fn by_index_in(
        &mut self,
        index: &str,
        value: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Arc<Object>>, StoreError> {
        let range = keys::indexed(index, value, Some(resource), namespace);
        if let Some(list) = self.lists.get(resource, &range) {
            return Ok(list.clone());
        }
        let list = self.found(&range)?;
        self.lists.keep(resource, range, &list);
        Ok(list)
    }

    /// The keys of the objects under a value of an index, in order; reads no object.
    pub fn keys_by_index(&self, index: &str, value: &str) -> Result<Vec<ObjectKey>, StoreError> {
        let object_of = |row: Vec<u8>| match Key::decode(&row)? {
            Key::Object(object) => Ok(object.into_owned()),
            other => Err(StoreError::damaged(format!("{other} is among the objects"))),
        };
        self.found_rows(&keys::indexed(index, value, None, None))?.into_iter().map(object_of).collect()
    }

    fn found(&mut self, range: &keys::Range) -> Result<Vec<Arc<Object>>, StoreError> {
        let mut objects = Vec::new();
        for row in self.found_rows(range)? {
            let object = self.overlay.object(&row)?;
            let missing =
                || StoreError::damaged(format!("an index leads to {}, which is not there", keys::describe(&row)));
            objects.push(object.ok_or_else(missing)?);
        }
        Ok(objects)
    }

    /// The rows of the objects that the index rows of a range lead to.
    fn found_rows(&self, range: &keys::Range) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut rows = Vec::new();
        self.overlay.scan(range, &mut |row, _| {
            rows.push(keys::object_of_index(row));
            true
        })?;
        rows.into_iter().collect()
    }

    fn next_revision(&mut self) -> u64 {
        self.staged.revision += 1;
        self.staged.revision
    }

    /// Stages the difference between the index rows of two versions of an object.
    fn reindex(&mut self, key: &ObjectKey, old: Option<&Object>, new: Option<&Object>) {
        let entries = |object: Option<&Object>| object.map(|o| (self.indexer)(&key.resource, o)).unwrap_or_default();
        let (before, after) = (entries(old), entries(new));
        for entry in before.iter().filter(|entry| !after.contains(entry)) {
            self.overlay.remove(index_row(key, entry));
        }
        for entry in after.iter().filter(|entry| !before.contains(entry)) {
            self.overlay.put(index_row(key, entry), Vec::new());
        }
    }
}

/// The row an object is in.
pub(super) fn row_of(key: &ObjectKey) -> Vec<u8> {
    Key::Object(Cow::Borrowed(key)).encode()
}

/// The index rows that belong to a version of an object.
pub(super) fn index_rows(indexer: super::Indexer, key: &ObjectKey, object: Option<&Object>) -> BTreeSet<Vec<u8>> {
    let entries = object.map(|o| indexer(&key.resource, o)).unwrap_or_default();
    entries.iter().map(|entry| index_row(key, entry)).collect()
}

fn index_row(key: &ObjectKey, (index, value): &(&'static str, String)) -> Vec<u8> {
    Key::Index { index: (*index).into(), value: value.into(), object: Cow::Borrowed(key) }.encode()
}
