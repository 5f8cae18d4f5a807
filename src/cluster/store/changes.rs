//! The change log: what every revision changed, back to where the log starts.
//!
//! A row does not hold the version it made but how to get back to the one before, which is little. Reading therefore
//! starts from the objects as they are now and walks back; the oldest rows can go without touching the others.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::delta::{self, Difference};
use super::engine::Write;
use super::keys::{self, Key};
use super::objects::row_of;
use super::{Change, ChangeKind, ChangesGone, Counts, ObjectKey, Store, StoreError};
use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};

/// How much of the change log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// At most so many changes.
    pub count: u64,
    /// None that is older,
    pub age: Duration,
    /// but always so many.
    pub floor: u64,
    /// Of a command that is not committed, so many are kept as they are, however old.
    pub recent: u64,
}

impl Default for LogLimits {
    fn default() -> LogLimits {
        LogLimits { count: 10_000, age: Duration::from_secs(3600), floor: 100, recent: 2_000 }
    }
}

/// No command trims more rows than it adds and these, so that none pays for a long pause.
const TRIM_AT_ONCE: u64 = 500;

/// A row of the log, without the instant of its commit, which stands before it as eight bytes.
#[derive(Deserialize)]
pub(super) struct LogRow {
    kind: Kind,
    resource: String,
    #[serde(default)]
    namespace: String,
    name: String,
    /// The last version of a deleted object.
    #[serde(default)]
    object: Option<Value>,
    /// From the version that was made to the one before.
    #[serde(default)]
    undo: Option<Value>,
}

/// A change as it is written into a [`LogRow`].
#[derive(Serialize)]
struct WrittenRow<'a> {
    kind: Kind,
    resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<Difference<'a>>,
}

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
    /// The changes after a revision, oldest first, staged ones included.
    pub fn changes_since(&mut self, revision: u64) -> Result<Vec<Change>, ChangesGone> {
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
        if let Some(changes) = self.pending.recent_since(revision) {
            return Ok(changes);
        }
        let mut changes = self.logged_since(revision)?;
        changes.extend(self.pending.recent().cloned());
        Ok(changes)
    }

    /// The controllers have seen the changes up to a revision: from here on they take little room, and looking at them again
    /// takes more time.
    pub fn settle_changes(&mut self, revision: u64, now: Time) {
        self.pending.settle(revision, now, self.limits);
    }

    /// The changes after a revision that are rows of the log, or will be one as they are.
    pub(super) fn logged_since(&mut self, revision: u64) -> Result<Vec<Change>, StoreError> {
        let mut rows = Vec::new();
        let (from, to) = keys::changes(revision + 1, self.committed.revision + 1);
        let mut stray = None;
        self.overlay.engine().scan(&from, &to, &mut |key, value| {
            match Key::decode(key) {
                Ok(Key::Change(revision)) => rows.push((revision, value.to_vec())),
                _ => stray = Some(keys::describe(key)),
            }
            stray.is_none()
        })?;
        if let Some(key) = stray {
            return Err(StoreError::damaged(format!("{key} is in the change log")));
        }
        let staged = self.pending.rows_since(revision, self.committed.revision);
        rows.extend(staged.map(|(revision, row)| (revision, row.clone())));
        let mut versions: HashMap<ObjectKey, Option<Arc<Object>>> = HashMap::new();
        for change in self.pending.recent().rev() {
            versions.insert(change.key.clone(), change.old.clone());
        }
        let mut changes = Vec::with_capacity(rows.len());
        for (revision, value) in rows.into_iter().rev() {
            let (_, row) = LogRow::decode(revision, &value)?;
            let key = ObjectKey::new(&*row.resource, &*row.namespace, &*row.name);
            let now = match versions.remove(&key) {
                Some(version) => version,
                None => self.overlay.object(&row_of(&key))?,
            };
            let change = row.resolve(revision, key.clone(), now)?;
            versions.insert(key, change.old.clone());
            changes.push(change);
        }
        changes.reverse();
        Ok(changes)
    }

    /// The writes that drop the oldest rows of the log; moves the start of the log in `counts`.
    pub(super) fn trim(&self, now: Time, counts: &mut Counts) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        let LogLimits { count, age, floor, .. } = self.limits;
        let budget = TRIM_AT_ONCE + counts.revision - self.committed.revision;
        let end = (counts.log_start + budget).min((counts.revision + 1).saturating_sub(floor));
        // What lies before a change that was dropped can not be read any more.
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

    /// When a revision was committed.
    fn logged_at(&self, revision: u64) -> Result<Time, StoreError> {
        let key = Key::Change(revision);
        let missing = || StoreError::damaged(format!("{key} is missing"));
        let row = self.overlay.engine().get(&key.encode())?.ok_or_else(missing)?;
        LogRow::split(revision, &row).map(|(at, _)| at)
    }
}

impl LogRow {
    /// The bytes of a change's row; it has no instant before [`LogRow::stamp`].
    pub(super) fn encode(change: &Change) -> Vec<u8> {
        let object: &Object = &change.object;
        let row = WrittenRow {
            kind: match change.kind {
                ChangeKind::Added => Kind::Added,
                ChangeKind::Modified => Kind::Modified,
                ChangeKind::Deleted => Kind::Deleted,
            },
            resource: &change.key.resource,
            namespace: &change.key.namespace,
            name: &change.key.name,
            object: matches!(change.kind, ChangeKind::Deleted).then_some(object),
            undo: change.old.as_ref().and_then(|old| Difference::between(object, old)),
        };
        let mut bytes = Vec::with_capacity(512);
        bytes.extend(Time::default().micros().to_be_bytes());
        // Writing JSON into memory cannot fail: the keys are texts.
        drop(serde_json::to_writer(&mut bytes, &row));
        bytes
    }

    /// Sets the instant of an encoded row.
    pub(super) fn stamp(bytes: &mut [u8], at: Time) {
        if let Some(instant) = bytes.first_chunk_mut::<8>() {
            *instant = at.micros().to_be_bytes();
        }
    }

    fn split(revision: u64, bytes: &[u8]) -> Result<(Time, &[u8]), StoreError> {
        let (at, row) = bytes
            .split_first_chunk::<8>()
            .ok_or_else(|| StoreError::damaged(format!("change {revision} is cut off")))?;
        Ok((Time::from_micros(i64::from_be_bytes(*at)), row))
    }

    /// Reads a row and the instant of its commit.
    pub(super) fn decode(revision: u64, bytes: &[u8]) -> Result<(Time, LogRow), StoreError> {
        let (at, row) = LogRow::split(revision, bytes)?;
        let row = serde_json::from_slice(row)
            .map_err(|e| StoreError::damaged(format!("change {revision} cannot be read: {e}")))?;
        Ok((at, row))
    }

    /// The change, given the object as it was after it.
    fn resolve(self, revision: u64, key: ObjectKey, now: Option<Arc<Object>>) -> Result<Change, StoreError> {
        let broken = |what: &str| StoreError::damaged(format!("change {revision} of {key} {what}"));
        let (kind, object) = match self.kind {
            Kind::Added => (ChangeKind::Added, now),
            Kind::Modified => (ChangeKind::Modified, now),
            Kind::Deleted if now.is_some() => return Err(broken("deleted what is there")),
            Kind::Deleted => (ChangeKind::Deleted, self.object.map(Arc::new)),
        };
        let object = object.ok_or_else(|| broken("has no object"))?;
        let old = match (kind, self.undo) {
            (ChangeKind::Added, _) => None,
            (ChangeKind::Deleted, None) => Some(object.clone()),
            (ChangeKind::Modified, None) => return Err(broken("says nothing of the version before")),
            (_, Some(undo)) => {
                let mut old = Object::clone(&object);
                delta::apply(&mut old, &undo).ok_or_else(|| broken("does not fit the object"))?;
                Some(Arc::new(old))
            }
        };
        Ok(Change { revision, kind, key, object, old })
    }
}
