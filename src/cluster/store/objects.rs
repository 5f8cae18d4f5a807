//! Reading and writing objects, together with their index rows.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::keys::{self, Key};
use super::list_cache;
use super::{Change, ChangeKind, INDEX_VERSION, ObjectKey, Store, StoreError, object_row, resource_with_gaps};
use kctl_base::json::Parts;
use kctl_base::object::{Object, ValueWrite};

impl Store {
    /// Returns an object; `None` if there is none.
    ///
    /// # Errors
    /// If the engine fails or the object cannot be decoded.
    pub(crate) fn get(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, StoreError> {
        self.batch.object(&row_of(key))
    }

    /// Returns true if there is an object, without decoding it.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn has(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.batch.has(&row_of(key))
    }

    /// Returns all objects of a resource in a namespace; `None` if there are too many for the list cache, of which it reads
    /// no more than the cache would hold.
    ///
    /// # Errors
    /// If the engine fails or an object cannot be decoded.
    pub(crate) fn list_if_small(
        &mut self,
        resource: &str,
        namespace: &str,
    ) -> Result<Option<Vec<Arc<Object>>>, StoreError> {
        if let Some(list) = self.lists.get(resource, Some(namespace)) {
            return Ok(Some(list.clone()));
        }
        match self.batch.has_at_most(&keys::objects(resource, Some(namespace)), list_cache::LENGTH_MAX)? {
            true => self.list(resource, Some(namespace)).map(Some),
            false => Ok(None),
        }
    }

    /// Returns all objects of a resource, in one namespace or in all, ordered by namespace and name.
    ///
    /// # Errors
    /// If the engine fails or an object cannot be decoded.
    pub(crate) fn list(&mut self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, StoreError> {
        if let Some(list) = self.lists.get(resource, namespace) {
            return Ok(list.clone());
        }
        let list = self.batch.objects(&keys::objects(resource, namespace))?;
        self.lists.insert(resource, namespace, &list);
        Ok(list)
    }

    /// Like [`Store::list`] in all namespaces, without the objects that cannot be decoded.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn list_readable(&mut self, resource: &str) -> Result<Vec<Arc<Object>>, StoreError> {
        let mut list = Vec::new();
        self.batch.visit_rows(&keys::objects(resource, None), Parts::All, usize::MAX, &mut |object| {
            list.extend(object);
            true
        })?;
        Ok(list)
    }

    /// Passes the objects of a resource, in one namespace or in all, to `visit`, ordered by namespace and name, until it
    /// returns `false`. Starts behind the key `after`, which need not exist. The objects have at least these parts. `least` is
    /// the number of objects up to which `visit` returns `true` in any case; 0 if that is not known.
    ///
    /// # Errors
    /// If the engine fails or an object cannot be decoded.
    pub(crate) fn visit(
        &mut self,
        resource: &str,
        namespace: Option<&str>,
        after: Option<&ObjectKey>,
        parts: Parts,
        least: usize,
        visit: &mut dyn FnMut(Arc<Object>) -> bool,
    ) -> Result<(), StoreError> {
        let (mut from, to) = keys::objects(resource, namespace);
        if let Some(after) = after {
            from = from.max(keys::successor(row_of(after)));
        }
        self.batch.visit_objects(&(from, to), parts, least, visit)
    }

    /// Creates or replaces an object at the next revision, and returns it with its new resourceVersion.
    ///
    /// # Errors
    /// If the previous version cannot be read; then nothing is staged.
    pub(crate) fn write(&mut self, key: &ObjectKey, object: Object) -> Result<Arc<Object>, StoreError> {
        let row = row_of(key);
        let old = self.batch.object(&row)?;
        Ok(self.put(key, row, old, object))
    }

    /// Creates an object at the next revision as [`Store::write`] does; `None` if there is one.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub(crate) fn create(&mut self, key: &ObjectKey, object: Object) -> Result<Option<Arc<Object>>, StoreError> {
        let row = row_of(key);
        let is_absent = self.batch.object(&row)?.is_none();
        Ok(is_absent.then(|| self.put(key, row, None, object)))
    }

    /// Stages the new version of an object, given its encoded key and the previous version.
    fn put(&mut self, key: &ObjectKey, row: Vec<u8>, old: Option<Arc<Object>>, mut object: Object) -> Arc<Object> {
        let revision = self.next_revision();
        object.put("/metadata/resourceVersion", revision.to_string());
        self.reindex(key, old.as_deref(), Some(&object));
        self.lists.invalidate(&key.resource);
        let object = Arc::new(object);
        self.touched.write(&row, old.is_some());
        self.batch.put_object(row, object.clone());
        let kind = if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        let (key, cause) = (key.clone(), self.cause.clone());
        self.pending.push(Change { revision, kind, key, object: object.clone(), old, cause });
        object
    }

    /// Removes an object at the next revision and returns its last version; `None` if there is no such object.
    ///
    /// # Errors
    /// If the object cannot be read; then nothing is staged.
    pub(crate) fn remove(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, StoreError> {
        let row = row_of(key);
        let Some(last) = self.batch.object(&row)? else { return Ok(None) };
        let revision = self.next_revision();
        self.reindex(key, Some(&last), None);
        self.lists.invalidate(&key.resource);
        self.touched.remove(&row);
        self.batch.remove(row);
        let (kind, key, cause) = (ChangeKind::Deleted, key.clone(), self.cause.clone());
        self.pending.push(Change { revision, kind, key, object: last.clone(), old: Some(last.clone()), cause });
        Ok(Some(last))
    }

    /// Returns true if an object is found under a value of an index.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn is_indexed(&self, index: &str, value: &str, key: &ObjectKey) -> Result<bool, StoreError> {
        self.batch.has(&index_row(key, index, value))
    }

    /// Returns the objects under a value of an index, ordered by key.
    ///
    /// # Errors
    /// If the engine fails or the index leads to an object that cannot be read.
    pub(crate) fn by_index(&mut self, index: &str, value: &str) -> Result<Vec<Arc<Object>>, StoreError> {
        self.read_range(&keys::indexed(index, value, None, None))
    }

    /// Like [`Store::by_index`], for one resource and optionally one namespace.
    ///
    /// # Errors
    /// As [`Store::by_index`].
    pub(crate) fn by_index_in(
        &mut self,
        index: &str,
        value: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Arc<Object>>, StoreError> {
        let range = keys::indexed(index, value, Some(resource), namespace);
        if let Some(list) = self.lists.get_indexed(resource, &range) {
            return Ok(list.clone());
        }
        let list = self.read_range(&range)?;
        self.lists.insert_indexed(resource, range, &list);
        Ok(list)
    }

    /// Returns the keys of the objects under a value of an index, in order, without reading the objects.
    ///
    /// # Errors
    /// If the engine fails or a row of the index cannot be decoded.
    pub(crate) fn keys_by_index(&self, index: &str, value: &str) -> Result<Vec<ObjectKey>, StoreError> {
        let object_of = |row: Vec<u8>| match Key::decode(&row)? {
            Key::Object(object) => Ok(object.into_owned()),
            other => Err(StoreError::damaged(format!("{other} is among the objects"))),
        };
        self.indexed_rows(&keys::indexed(index, value, None, None))?.into_iter().map(object_of).collect()
    }

    /// Returns the objects that the index rows of a range lead to.
    fn read_range(&mut self, range: &keys::Range) -> Result<Vec<Arc<Object>>, StoreError> {
        let rows = self.indexed_rows(range)?;
        self.batch.objects_of(rows)
    }

    /// Returns the encoded keys of the objects that the index rows of a range lead to.
    fn indexed_rows(&self, range: &keys::Range) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut rows = Vec::new();
        self.batch.scan(range, &mut |row, _| {
            rows.push(keys::object_of_index(row));
            true
        })?;
        rows.into_iter().collect()
    }

    pub(super) fn next_revision(&mut self) -> u64 {
        self.staged.revision += 1;
        self.staged.revision
    }

    /// Stages the changes between the index rows of two versions of an object; `None` is no version.
    fn reindex(&mut self, key: &ObjectKey, old: Option<&Object>, new: Option<&Object>) {
        if old.zip(new).is_some_and(|(old, new)| looks_same_to_indexes(old, new)) {
            debug_assert_eq!(index_rows(self.indexer, key, old), index_rows(self.indexer, key, new));
            return;
        }
        let entries = |object: Option<&Object>| object.map(|o| (self.indexer)(&key.resource, o)).unwrap_or_default();
        let (before, after) = (entries(old), entries(new));
        for (index, value) in before.iter().filter(|entry| !after.contains(entry)) {
            self.batch.remove(index_row(key, index, value));
        }
        for (index, value) in after.iter().filter(|entry| !before.contains(entry)) {
            self.batch.put(index_row(key, index, value), Vec::new());
        }
    }
}

/// Keeping the indexes complete.
impl Store {
    /// Stages the index rows that a store of an earlier version lacks.
    ///
    /// # Errors
    /// If the engine fails.
    pub(super) fn update_indexes(&mut self) -> Result<(), StoreError> {
        self.index_rows = 0;
        if self.staged.indexes == INDEX_VERSION {
            return Ok(());
        }
        let mut missing = BTreeSet::new();
        let (from, to) = match resource_with_gaps(self.staged.indexes) {
            Some(resource) => keys::objects(resource, None),
            None => keys::all_objects(),
        };
        self.staged.indexes = INDEX_VERSION;
        self.batch.engine().scan(&from, &to, &mut |row, value| {
            // An object that cannot be read is left to the check and the repair.
            if let (Ok(Key::Object(key)), Ok(object)) = (Key::decode(row), object_row::decode(row, value, Parts::All)) {
                missing.extend(index_rows(self.indexer, &key, Some(&object)));
            }
            true
        })?;
        for row in missing {
            if self.batch.engine().get(&row)?.is_none() {
                self.index_rows += 1;
                self.batch.put(row, Vec::new());
            }
        }
        Ok(())
    }
}

/// The encoded key of an object.
pub(super) fn row_of(key: &ObjectKey) -> Vec<u8> {
    Key::Object(Cow::Borrowed(key)).encode()
}

/// Returns true if two versions of an object do not differ in what an indexer may look at: most writes change the status.
fn looks_same_to_indexes(old: &Object, new: &Object) -> bool {
    let (Some(a), Some(b)) = (old.as_object(), new.as_object()) else { return false };
    a.len() == b.len()
        && a.iter().all(|(field, value)| match field.as_str() {
            "metadata" => ["labels", "ownerReferences"].iter().all(|part| value.get(part) == new["metadata"].get(part)),
            "status" => b.contains_key(field) && value.get("phase") == new["status"].get("phase"),
            _ => b.get(field) == Some(value),
        })
}

/// The encoded keys of the index rows of an object.
pub(super) fn index_rows(indexer: super::Indexer, key: &ObjectKey, object: Option<&Object>) -> BTreeSet<Vec<u8>> {
    let entries = object.map(|o| indexer(&key.resource, o)).unwrap_or_default();
    entries.iter().map(|(index, value)| index_row(key, index, value)).collect()
}

fn index_row(key: &ObjectKey, index: &str, value: &str) -> Vec<u8> {
    Key::Index { index: index.into(), value: value.into(), object: Cow::Borrowed(key) }.encode()
}
