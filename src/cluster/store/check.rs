//! The consistency check of a store: every row can be decoded, and rows that belong together agree.
//!
//! Checks the committed rows, not the staged ones, and repairs nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::change_log::LogRow;
use super::history;
use super::keys::{self, Key};
use super::objects::{index_rows, row_of};
use super::{ChangeKind, INDEX_VERSION, Indexer, ObjectKey, Store, StoreError, object_row, rows, timeline};
use kctl_base::json::Parts;
use kctl_base::object::ObjectMeta;

/// The findings of a scan over all rows.
struct Survey {
    indexer: Indexer,
    problems: Vec<String>,
    /// The objects by their resourceVersion.
    revisions: BTreeMap<u64, ObjectKey>,
    /// The index rows that the objects should have, and those that exist.
    expected_index: BTreeSet<Vec<u8>>,
    index: BTreeSet<Vec<u8>>,
    /// The revisions in the change log.
    changes: BTreeSet<u64>,
    /// The entries of the timeline, by time with their controller and key, and the other way round.
    due: BTreeMap<Vec<u8>, (String, String)>,
    scheduled: BTreeMap<(String, String), Vec<u8>>,
    /// The highest sequence number on the timeline.
    last_sequence: Option<u64>,
}

impl Store {
    /// Checks everything that has been committed and returns a sentence for every problem.
    ///
    /// # Errors
    /// If the engine fails. Damage is a problem to report, not an error.
    pub fn check(&mut self) -> Result<Vec<String>, StoreError> {
        let mut survey = Survey {
            indexer: self.indexer,
            problems: Vec::new(),
            revisions: BTreeMap::new(),
            expected_index: BTreeSet::new(),
            index: BTreeSet::new(),
            changes: BTreeSet::new(),
            due: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            last_sequence: None,
        };
        let (from, to) = keys::everything();
        self.batch.engine().scan(&from, &to, &mut |key, value| {
            if let Err(error) = survey.row(key, value) {
                survey.problems.push(sentence(&error));
            }
            true
        })?;
        survey.compare_indexes(self.committed.indexes == INDEX_VERSION);
        survey.compare_timeline(self.committed.sequence);
        survey.compare_revisions(self.committed.revision, self.committed.log_start);
        let mut problems = survey.problems;
        if problems.is_empty() {
            problems.extend(self.check_history(&survey.revisions)?);
        }
        Ok(problems)
    }

    /// Walks the whole log backwards and compares it with the objects. Requires that all rows can be decoded.
    fn check_history(&mut self, revisions: &BTreeMap<u64, ObjectKey>) -> Result<Vec<String>, StoreError> {
        let history = match self.logged_since(self.committed.log_start - 1, None) {
            Ok(history) => history,
            Err(error @ StoreError::Damaged { .. }) => return Ok(vec![sentence(&error)]),
            Err(error) => return Err(error),
        };
        let mut problems = Vec::new();
        let mut made = BTreeMap::new();
        let committed = self.committed.revision;
        for change in history.into_iter().take_while(|change| change.revision <= committed) {
            if change.watch_object().resource_version() != change.revision.to_string() {
                problems
                    .push(format!("change {} of {} has an object of another revision", change.revision, change.key));
            }
            made.insert(change.revision, (change.key, change.kind));
        }
        for (revision, key) in revisions.range(self.committed.log_start..) {
            if !made.get(revision).is_some_and(|(of, kind)| of == key && *kind != ChangeKind::Deleted) {
                problems.push(format!("{key} has revision {revision}, which the change log gives to another change"));
            }
        }
        Ok(problems)
    }
}

/// An error as a problem, without the directory, which is the same for all.
fn sentence(error: &StoreError) -> String {
    match error {
        StoreError::Damaged { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

impl Survey {
    fn row(&mut self, bytes: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let key = Key::decode(bytes)?;
        match &key {
            Key::Meta(_) => drop(rows::number(&key, value)?),
            Key::Counter { .. } => drop(rows::number(&key, value)?),
            Key::Object(object) => self.object(object, value)?,
            Key::Index { .. } => drop(self.index.insert(bytes.to_vec())),
            Key::Change(revision) => {
                LogRow::decode(*revision, value)?;
                self.changes.insert(*revision);
            }
            Key::Row(name) => drop(rows::decode(name, value)?),
            Key::Operation(_) | Key::Snapshot(_) | Key::History(_) => history::check(&key, value)?,
            Key::Due(_, sequence) => {
                let due = timeline::read(bytes, value)?;
                self.last_sequence = self.last_sequence.max(Some(*sequence));
                self.due.insert(bytes.to_vec(), (due.controller, due.key));
            }
            Key::Scheduled { controller, key } => {
                self.scheduled.insert((controller.to_string(), key.to_string()), value.to_vec());
            }
        }
        Ok(())
    }

    fn object(&mut self, key: &ObjectKey, value: &[u8]) -> Result<(), StoreError> {
        let object = object_row::decode(&row_of(key), value, Parts::All)?;
        if (object.namespace(), object.name()) != (&key.namespace, &key.name) {
            let named = ObjectKey::new(&*key.resource, object.namespace(), object.name());
            self.problems.push(format!("object {key} is named {named}"));
        }
        match object.resource_version().parse::<u64>() {
            Ok(revision) => {
                if let Some(other) = self.revisions.insert(revision, key.clone()) {
                    self.problems.push(format!("{other} and {key} both have revision {revision}"));
                }
            }
            Err(_) => {
                self.problems
                    .push(format!("object {key} has the invalid resourceVersion {:?}", object.resource_version()));
            }
        }
        self.expected_index.extend(index_rows(self.indexer, key, Some(&object)));
        Ok(())
    }

    /// Compares the index rows with the objects; those of an earlier version lack some until the next commit.
    fn compare_indexes(&mut self, are_complete: bool) {
        let missing = self.expected_index.difference(&self.index).filter(|_| are_complete);
        let missing = missing.map(|row| format!("{} is missing", keys::describe(row)));
        let stale = self.index.difference(&self.expected_index);
        let stale = stale.map(|row| format!("{} has no such object", keys::describe(row)));
        self.problems.extend(missing.chain(stale));
    }

    fn compare_timeline(&mut self, next: u64) {
        for (row, owner) in &self.due {
            if self.scheduled.get(owner) != Some(row) {
                let (row, (controller, key)) = (keys::describe(row), owner);
                self.problems.push(format!("{row} is not the entry of {controller} {key}"));
            }
        }
        for ((controller, key), row) in &self.scheduled {
            if !self.due.contains_key(row) {
                self.problems.push(format!("the entry of {controller} {key} is not on the timeline"));
            }
        }
        if let Some(last) = self.last_sequence.filter(|last| *last >= next) {
            self.problems.push(format!("the timeline has an entry #{last}, but the next would be #{next}"));
        }
    }

    fn compare_revisions(&mut self, newest: u64, log_start: u64) {
        for (revision, key) in self.revisions.range(newest + 1..) {
            self.problems.push(format!("{key} has revision {revision}, but the newest is {newest}"));
        }
        for revision in (log_start..=newest).filter(|r| !self.changes.contains(r)) {
            self.problems.push(format!("change {revision} is missing"));
        }
        for revision in self.changes.iter().filter(|r| !(log_start..=newest).contains(*r)) {
            self.problems.push(format!("change {revision} is outside the log, {log_start} to {newest}"));
        }
    }
}
