//! Where a job stands: its spec, its pods and what of them has been counted, out of plain values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::indexes::Indexes;
use super::{pods, policy};
use crate::controllers::shared::pods::{is_active, is_ready, is_terminating};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A job and its pods at one instant.
pub(super) struct State<'a> {
    /// The job.
    pub(super) job: &'a Object,
    /// All pods that are the job's.
    pub(super) pods: &'a [Arc<Object>],
    /// Those that count as running.
    pub(super) active: Vec<Arc<Object>>,
    /// Pods that have succeeded and are not in the status yet.
    pub(super) newly_succeeded: Vec<&'a Object>,
    /// Pods that have failed and are not in the status yet.
    pub(super) newly_failed: Vec<&'a Object>,
    /// How many completions there are, those that are not in the status yet included.
    pub(super) succeeded: i64,
    /// How many failures count towards the limit.
    pub(super) failed: i64,
    /// What is known of the indexes of a job that has some.
    pub(super) indexes: Option<IndexState>,
}

/// What is known of the indexes.
#[derive(Default)]
pub(super) struct IndexState {
    /// Those that had succeeded before.
    pub(super) before: Indexes,
    /// Those that have succeeded.
    pub(super) succeeded: Indexes,
    /// Those that have failed for good, where indexes have a limit of their own.
    pub(super) failed: Option<Indexes>,
    /// By index the failed pod that has not been replaced yet: it keeps the count of failures.
    pub(super) to_replace: BTreeMap<i64, Arc<Object>>,
}

impl<'a> State<'a> {
    /// Takes stock.
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
            + state.newly_failed.iter().filter(|p| !policy::judge(job, p).ignored).count() as i64;
        if is_indexed(job) {
            let indexes = state.index_state();
            state.succeeded = indexes.succeeded.total();
            state.indexes = Some(indexes);
        }
        state
    }

    /// The pods that ended in some way and that the status does not name.
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
        let of_status = |pointer: &str| Indexes::parse(self.job.str(pointer), completions);
        let before = of_status("/status/completedIndexes");
        let tracked = || self.pods.iter().filter(|p| pods::is_tracked(p));
        let succeeded = before.with(tracked().filter(|p| pods::has_succeeded(p)).filter_map(|p| self.valid_index(p)));
        if self.job.at("/spec/backoffLimitPerIndex").is_none() {
            return IndexState { before, succeeded, ..IndexState::default() };
        }
        let gone_wrong = || tracked().filter(|p| pods::has_failed(p, deleted_fail(self.job)));
        let failed = of_status("/status/failedIndexes")
            .with(gone_wrong().filter(|p| policy::index_fails(self.job, p)).filter_map(|p| self.valid_index(p)));
        let active: BTreeSet<i64> = self.active.iter().filter_map(|p| pods::index_of(p)).collect();
        let mut to_replace: BTreeMap<i64, Arc<Object>> = BTreeMap::new();
        for pod in gone_wrong() {
            let Some(index) = self.valid_index(pod) else { continue };
            let count = |pod: &Object| pods::failures_before(pod).0 + pods::failures_before(pod).1;
            let over = succeeded.has(index) || failed.has(index) || active.contains(&index);
            if !over && to_replace.get(&index).is_none_or(|known| count(known) <= count(pod)) {
                to_replace.insert(index, pod.clone());
            }
        }
        IndexState { before, succeeded, failed: Some(failed), to_replace }
    }

    /// The index of a pod, if the job has such an index.
    pub(super) fn valid_index(&self, pod: &Object) -> Option<i64> {
        pods::index_of(pod).filter(|index| *index < self.completions().unwrap_or(0))
    }

    /// How many pods have to succeed; without a number one success ends the job.
    pub(super) fn completions(&self) -> Option<i64> {
        self.job.int("/spec/completions")
    }

    /// How many pods may run at once.
    pub(super) fn parallelism(&self) -> i64 {
        self.job.int("/spec/parallelism").unwrap_or(1)
    }

    /// How many active pods are ready.
    pub(super) fn ready(&self) -> usize {
        self.active.iter().filter(|p| is_ready(p)).count()
    }

    /// How many pods are being deleted.
    pub(super) fn terminating(&self) -> usize {
        self.pods.iter().filter(|p| is_terminating(p)).count()
    }
}

/// Whether the pods of the job have indexes.
pub(super) fn is_indexed(job: &Object) -> bool {
    job.str("/spec/completionMode") == "Indexed"
}

/// Whether the job is suspended.
pub(super) fn is_suspended(job: &Object) -> bool {
    job.flag("/spec/suspend")
}

/// Whether a pod that is being deleted has failed already; else it is replaced only when it has ended.
pub(super) fn deleted_fail(job: &Object) -> bool {
    job.str("/spec/podReplacementPolicy") != "Failed" && job.at("/spec/podFailurePolicy").is_none()
}
