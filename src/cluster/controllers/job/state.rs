//! The state of a Job: its spec, its pods, and which of them have been counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::indexes::IndexSet;
use super::{pods, policy};
use crate::controllers::shared::pods::{is_active, is_ready, is_terminating};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A Job and its pods at one instant.
pub(super) struct State<'a> {
    /// The job.
    pub(super) job: &'a Object,
    /// All pods of the Job.
    pub(super) pods: &'a [Arc<Object>],
    /// The pods that are neither terminal nor being deleted.
    pub(super) active: Vec<Arc<Object>>,
    /// The pods that have succeeded and are not in the status yet.
    pub(super) newly_succeeded: Vec<&'a Object>,
    /// The pods that have failed and are not in the status yet.
    pub(super) newly_failed: Vec<&'a Object>,
    /// The number of completions, including those that are not in the status yet.
    pub(super) succeeded: i64,
    /// The number of failures that count towards `spec.backoffLimit`.
    pub(super) failed: i64,
    /// The state of the indexes; `None` unless the Job is indexed.
    pub(super) indexes: Option<IndexState>,
}

/// The state of the completion indexes.
#[derive(Default)]
pub(super) struct IndexState {
    /// The indexes that have succeeded according to the status.
    pub(super) before: IndexSet,
    /// The indexes that have succeeded.
    pub(super) succeeded: IndexSet,
    /// The indexes that have failed; `None` without `spec.backoffLimitPerIndex`.
    pub(super) failed: Option<IndexSet>,
    /// The failed pod of each index that has not been replaced yet. It holds the index's number of failures.
    pub(super) to_replace: BTreeMap<i64, Arc<Object>>,
}

impl<'a> State<'a> {
    /// Derives the state from a Job and its pods.
    pub(super) fn of(job: &'a Object, pods: &'a [Arc<Object>]) -> State<'a> {
        let mut state = State {
            job,
            pods,
            active: pods.iter().filter(|p| is_active(p)).cloned().collect(),
            newly_succeeded: Vec::new(),
            newly_failed: Vec::new(),
            succeeded: 0,
            failed: 0,
            indexes: None,
        };
        state.newly_succeeded = state.uncounted("/status/uncountedTerminatedPods/succeeded", &pods::has_succeeded);
        state.newly_failed =
            state.uncounted("/status/uncountedTerminatedPods/failed", &|p| pods::has_failed(p, deleted_fail(job)));
        state.succeeded = job.int("/status/succeeded").unwrap_or(0)
            + job.list("/status/uncountedTerminatedPods/succeeded").len() as i64
            + state.newly_succeeded.len() as i64;
        state.failed = job.int("/status/failed").unwrap_or(0)
            + job.list("/status/uncountedTerminatedPods/failed").len() as i64
            + state.newly_failed.iter().filter(|p| !policy::match_pod_failure_policy(job, p).ignored).count() as i64;
        if is_indexed(job) {
            let indexes = state.index_state();
            state.succeeded = indexes.succeeded.total();
            state.indexes = Some(indexes);
        }
        state
    }

    /// Returns the pods with the finalizer that have ended in some way and are not among the uids in the status.
    fn uncounted(&self, named: &str, ended: &dyn Fn(&Object) -> bool) -> Vec<&'a Object> {
        let named = self.job.list(named);
        let counts = |pod: &Object| {
            pods::is_tracked(pod)
                && ended(pod)
                && !named.iter().any(|uid| uid == pod.uid())
                && (!is_indexed(self.job) || self.valid_index(pod).is_some())
        };
        self.pods.iter().map(|p| &**p).filter(|p| counts(p)).collect()
    }

    fn index_state(&self) -> IndexState {
        let completions = self.completions().unwrap_or(0);
        let of_status = |pointer: &str| IndexSet::parse(self.job.str(pointer), completions);
        let before = of_status("/status/completedIndexes");
        let tracked = || self.pods.iter().filter(|p| pods::is_tracked(p));
        let succeeded = before.with(tracked().filter(|p| pods::has_succeeded(p)).filter_map(|p| self.valid_index(p)));
        if self.job.at("/spec/backoffLimitPerIndex").is_none() {
            return IndexState { before, succeeded, ..IndexState::default() };
        }
        let failed_pods = || tracked().filter(|p| pods::has_failed(p, deleted_fail(self.job)));
        let failed = of_status("/status/failedIndexes")
            .with(failed_pods().filter(|p| policy::index_fails(self.job, p)).filter_map(|p| self.valid_index(p)));
        let active: BTreeSet<i64> = self.active.iter().filter_map(|p| pods::index_of(p)).collect();
        let mut to_replace: BTreeMap<i64, Arc<Object>> = BTreeMap::new();
        for pod in failed_pods() {
            let Some(index) = self.valid_index(pod) else { continue };
            let count = |pod: &Object| pods::failures_before(pod).0 + pods::failures_before(pod).1;
            let is_over = succeeded.contains(index) || failed.contains(index) || active.contains(&index);
            if !is_over && to_replace.get(&index).is_none_or(|known| count(known) <= count(pod)) {
                to_replace.insert(index, pod.clone());
            }
        }
        IndexState { before, succeeded, failed: Some(failed), to_replace }
    }

    /// Returns the index of a pod; `None` when it has none or the Job has no such index.
    pub(super) fn valid_index(&self, pod: &Object) -> Option<i64> {
        pods::index_of(pod).filter(|index| *index < self.completions().unwrap_or(0))
    }

    /// Returns the number of pods that have to succeed; `None` when one success completes the Job.
    pub(super) fn completions(&self) -> Option<i64> {
        self.job.int("/spec/completions")
    }

    /// Returns the number of pods that may be active at the same time.
    pub(super) fn parallelism(&self) -> i64 {
        self.job.int("/spec/parallelism").unwrap_or(1)
    }

    /// Returns the number of active pods that are ready.
    pub(super) fn ready(&self) -> usize {
        self.active.iter().filter(|p| is_ready(p)).count()
    }

    /// Returns the number of pods that are being deleted.
    pub(super) fn terminating(&self) -> usize {
        self.pods.iter().filter(|p| is_terminating(p)).count()
    }
}

/// Returns `true` when the Job has the completion mode Indexed.
pub(super) fn is_indexed(job: &Object) -> bool {
    job.str("/spec/completionMode") == "Indexed"
}

/// Returns `true` when the Job is suspended.
pub(super) fn is_suspended(job: &Object) -> bool {
    job.flag("/spec/suspend")
}

/// Returns `true` when a pod that is being deleted counts as failed already; `false` when pods are replaced only after they have
/// ended (the negation of `onlyReplaceFailedPods`).
pub(super) fn deleted_fail(job: &Object) -> bool {
    job.str("/spec/podReplacementPolicy") != "Failed" && job.at("/spec/podFailurePolicy").is_none()
}
