//! The change log: the change that made each revision, back to where the log starts.
//!
//! A row does not store the version that the change made but the delta back to the previous one, which is small. Reading
//! therefore starts from the current objects and walks backwards, and the oldest rows can be trimmed without rewriting the
//! others. Watches read the log, as they read etcd's history in a real API server.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::engine::Write;
use super::keys::{self, Key};
use super::object_delta::{self, ObjectDelta};
use super::objects::row_of;
use super::{Cause, Change, ChangeKind, ChangesGone, Counts, ObjectKey, Store, StoreError, Trigger};
use kctl_base::json::{self, SharedStr, Value};
use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};

/// Retention of the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogLimits {
    /// The maximum number of changes.
    pub(crate) count: u64,
    /// The maximum age of a change, counted from its commit.
    pub(crate) age: Duration,
    /// The number of changes that are kept however old they are.
    pub(crate) floor: u64,
    /// The number of changes of an uncommitted command that are kept in decoded form, however old they are.
    pub(crate) recent: u64,
}

impl Default for LogLimits {
    fn default() -> LogLimits {
        LogLimits { count: 10_000, age: Duration::from_secs(3600), floor: 100, recent: 1_200 }
    }
}

/// The number of rows a command trims beyond those it adds, so that no single command pays for a long pause.
const TRIM_AT_ONCE: u64 = 500;

/// A row of the log. Two times precede the JSON as eight bytes each: that of the commit, and that of the change. Rows that
/// earlier versions wrote have the first one only.
#[derive(Deserialize)]
pub(super) struct LogRow {
    kind: Kind,
    /// The controller that made the change.
    #[serde(default)]
    by: Option<SharedStr>,
    /// The trigger that woke the controller.
    #[serde(default)]
    trigger: Option<Trigger>,
    resource: String,
    #[serde(default)]
    namespace: String,
    name: String,
    /// The last version of a deleted object.
    #[serde(default)]
    object: Option<Value>,
    /// The delta from the version that was made to the previous one.
    #[serde(default)]
    undo: Option<Value>,
}

/// The borrowed form of a [`LogRow`], for writing, without what is written of objects.
#[derive(Serialize)]
struct WrittenRow<'a> {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
    resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    name: &'a str,
}

/// [`ChangeKind`] as it is stored.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "A")]
    Added,
    #[serde(rename = "M")]
    Modified,
    #[serde(rename = "D")]
    Deleted,
}

impl Store {
    /// Returns the changes after a revision, oldest first, staged ones included.
    ///
    /// # Errors
    /// [`ChangesGone::TooOld`] if the log starts after the revision; otherwise a failure of the store.
    pub(crate) fn changes_since(&mut self, revision: u64) -> Result<Vec<Change>, ChangesGone> {
        self.changes(revision, None)
    }

    /// Returns the changes of the objects of a resource after a revision, as [`Store::changes_since`] does for all.
    ///
    /// # Errors
    /// As [`Store::changes_since`].
    pub(crate) fn changes_of(&mut self, resource: &str, revision: u64) -> Result<Vec<Change>, ChangesGone> {
        self.changes(revision, Some(resource))
    }

    fn changes(&mut self, revision: u64, resource: Option<&str>) -> Result<Vec<Change>, ChangesGone> {
        if revision.saturating_add(1) < self.committed.log_start {
            return Err(ChangesGone::TooOld { asked: revision, oldest: self.committed.log_start - 1 });
        }
        let first = self.pending.first(self.committed.revision);
        if revision.saturating_add(1) < first && first > self.committed.revision + 1 {
            return Err(ChangesGone::TooOld { asked: revision, oldest: first - 1 });
        }
        if revision >= self.staged.revision {
            return Ok(Vec::new());
        }
        let is_asked = |change: &&Change| resource.is_none_or(|resource| change.key.resource == resource);
        if let Some(changes) = self.pending.recent_since(revision) {
            return Ok(changes.filter(is_asked).cloned().collect());
        }
        let mut changes = self.logged_since(revision, resource)?;
        changes.extend(self.pending.recent().filter(is_asked).cloned());
        Ok(changes)
    }

    /// Returns the earliest revision for which [`Store::changes_since`] knows all later changes.
    pub(crate) fn log_start(&self) -> u64 {
        let first = self.pending.first(self.committed.revision);
        // Reading walks backwards, so nothing before a dropped change can be read.
        if first > self.committed.revision + 1 { first - 1 } else { self.committed.log_start - 1 }
    }

    /// Returns true if no object of these resources has changed after a revision; `false` also if the log would have to be read
    /// to know.
    pub(crate) fn is_unchanged_since(&self, revision: u64, resources: &BTreeSet<SharedStr>) -> bool {
        if revision >= self.staged.revision {
            return true;
        }
        let changes = self.pending.recent_since(revision);
        changes.is_some_and(|mut changes| !changes.any(|change| resources.contains(&change.key.resource)))
    }

    /// Records that the controllers have observed the changes up to a revision. From then on they are kept in encoded form,
    /// which takes less memory and more time to read.
    pub(crate) fn mark_observed(&mut self, revision: u64, now: Time) {
        self.pending.mark_observed(revision, now, self.limits);
    }

    /// Returns the changes after a revision, of a resource or (`None`) of all, that are stored in the log or encoded for it.
    pub(super) fn logged_since(&mut self, revision: u64, resource: Option<&str>) -> Result<Vec<Change>, StoreError> {
        let mut rows = Vec::new();
        let is_asked =
            |row: &[u8]| resource.is_none_or(|asked| LogRow::resource(row).is_none_or(|of| of == asked.as_bytes()));
        let (from, to) = keys::changes(revision + 1, self.committed.revision + 1);
        let mut stray = None;
        self.batch.engine().scan(&from, &to, &mut |key, value| {
            match Key::decode(key) {
                Ok(Key::Change(revision)) if is_asked(value) => rows.push((revision, value.to_vec())),
                Ok(Key::Change(_)) => {}
                _ => stray = Some(keys::describe(key)),
            }
            stray.is_none()
        })?;
        if let Some(key) = stray {
            return Err(StoreError::damaged(format!("{key} is in the change log")));
        }
        let staged = self.pending.rows_since(revision, self.committed.revision);
        rows.extend(staged.filter(|(_, row)| is_asked(row)).map(|(revision, row)| (revision, row.clone())));
        let mut versions: HashMap<ObjectKey, Option<Arc<Object>>> = HashMap::new();
        for change in self.pending.recent().rev() {
            versions.insert(change.key.clone(), change.old.clone());
        }
        let mut changes = Vec::with_capacity(rows.len());
        for (revision, value) in rows.into_iter().rev() {
            let (at, row) = LogRow::decode(revision, &value)?;
            let key = ObjectKey::new(&*row.resource, &*row.namespace, &*row.name);
            let now = match versions.remove(&key) {
                Some(version) => version,
                None => self.batch.object(&row_of(&key))?,
            };
            let change = row.resolve(revision, key.clone(), at, now)?;
            versions.insert(key, change.old.clone());
            changes.push(change);
        }
        changes.reverse();
        Ok(changes)
    }

    /// Returns the writes that remove the oldest rows of the log, and advances the start of the log in `counts`.
    pub(super) fn trim(&self, now: Time, counts: &mut Counts) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        let LogLimits { count, age, floor, .. } = self.limits;
        let budget = TRIM_AT_ONCE + counts.revision - self.committed.revision;
        let end = (counts.log_start + budget).min((counts.revision + 1).saturating_sub(floor));
        // Reading walks backwards, so nothing before a dropped change can be read any more.
        let first = self.pending.first(self.committed.revision);
        let unreadable = if first > self.committed.revision + 1 { first } else { 0 };
        while counts.log_start < end.max(unreadable) {
            let too_many = counts.revision + 1 - counts.log_start > count;
            let stored = counts.log_start <= self.committed.revision;
            if counts.log_start >= unreadable && !too_many {
                let too_old = stored && self.logged_at(counts.log_start)? + age < now;
                if !too_old {
                    break;
                }
            }
            if stored {
                writes.push((Key::Change(counts.log_start).encode(), None));
            }
            counts.log_start += 1;
        }
        Ok(writes)
    }

    /// Returns the time at which a revision was committed.
    fn logged_at(&self, revision: u64) -> Result<Time, StoreError> {
        let key = Key::Change(revision);
        let missing = || StoreError::damaged(format!("{key} is missing"));
        let row = self.batch.engine().get(&key.encode())?.ok_or_else(missing)?;
        LogRow::split(revision, &row).map(|(committed, _)| committed)
    }
}

impl LogRow {
    /// Encodes the row of a change; [`LogRow::stamp`] sets its time later.
    pub(super) fn encode(change: &Change) -> Vec<u8> {
        let object: &Object = &change.object;
        let row = WrittenRow {
            kind: match change.kind {
                ChangeKind::Added => Kind::Added,
                ChangeKind::Modified => Kind::Modified,
                ChangeKind::Deleted => Kind::Deleted,
            },
            by: change.cause.controller.as_deref(),
            trigger: change.cause.trigger,
            resource: &change.key.resource,
            namespace: &change.key.namespace,
            name: &change.key.name,
        };
        let mut bytes = Vec::with_capacity(512);
        bytes.extend(Time::default().micros().to_be_bytes());
        bytes.extend(change.cause.at.micros().to_be_bytes());
        // Writing into memory cannot fail.
        drop(serde_json::to_writer(&mut bytes, &row));
        // What is written of objects goes before the closing brace.
        bytes.pop();
        if change.kind == ChangeKind::Deleted {
            json::append_key(false, "object", &mut bytes);
            json::append(object, &mut bytes);
        }
        if let Some(undo) = change.old.as_ref().and_then(|old| ObjectDelta::between(object, old)) {
            json::append_key(false, "undo", &mut bytes);
            undo.append(&mut bytes);
        }
        bytes.push(b'}');
        bytes
    }

    /// Sets the commit time of an encoded row.
    pub(super) fn stamp(bytes: &mut [u8], at: Time) {
        if let Some(instant) = bytes.first_chunk_mut::<8>() {
            *instant = at.micros().to_be_bytes();
        }
    }

    /// Splits a row into the time of its commit and the rest.
    fn split(revision: u64, bytes: &[u8]) -> Result<(Time, &[u8]), StoreError> {
        let (at, row) = bytes
            .split_first_chunk::<8>()
            .ok_or_else(|| StoreError::damaged(format!("change {revision} is cut off")))?;
        Ok((Time::from_micros(i64::from_be_bytes(*at)), row))
    }

    /// The resource of the object that a row is about, which is found without decoding the row; `None` if there is none. What
    /// precedes it is known: no name of a user does.
    fn resource(bytes: &[u8]) -> Option<&[u8]> {
        const FIELD: &[u8] = br#""resource":""#;
        let start = bytes.windows(FIELD.len()).position(|text| text == FIELD)? + FIELD.len();
        bytes[start..].split(|byte| *byte == b'"').next()
    }

    /// Decodes a row and the time of the change.
    pub(super) fn decode(revision: u64, bytes: &[u8]) -> Result<(Time, LogRow), StoreError> {
        let (committed, rest) = LogRow::split(revision, bytes)?;
        let (at, row) = match rest.first() {
            // A row without the time of the change; one with it does not start with this byte for millennia.
            Some(b'{') => (committed, rest),
            _ => LogRow::split(revision, rest)?,
        };
        let row = kctl_base::json::from_slice(row)
            .map_err(|e| StoreError::unreadable(format_args!("change {revision}"), e))?;
        Ok((at, row))
    }

    /// Restores the change made at a time, given the object as it was after it; `None` if it did not exist.
    fn resolve(self, revision: u64, key: ObjectKey, at: Time, now: Option<Arc<Object>>) -> Result<Change, StoreError> {
        let cause = Cause { at, controller: self.by, trigger: self.trigger };
        let broken = |what: &str| StoreError::damaged(format!("change {revision} of {key} {what}"));
        let (kind, object) = match self.kind {
            Kind::Added => (ChangeKind::Added, now),
            Kind::Modified => (ChangeKind::Modified, now),
            Kind::Deleted if now.is_some() => return Err(broken("deletes an object that exists")),
            Kind::Deleted => (ChangeKind::Deleted, self.object.map(Arc::new)),
        };
        let object = object.ok_or_else(|| broken("has no object"))?;
        let old = match (kind, self.undo) {
            (ChangeKind::Added, _) => None,
            (ChangeKind::Deleted, None) => Some(object.clone()),
            (ChangeKind::Modified, None) => return Err(broken("has no delta to the previous version")),
            (_, Some(undo)) => {
                let mut old = Object::clone(&object);
                object_delta::apply(&mut old, &undo).ok_or_else(|| broken("does not fit the object"))?;
                Some(Arc::new(old))
            }
        };
        Ok(Change { revision, kind, key, object, old, cause })
    }
}
