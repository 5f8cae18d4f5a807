//! The values that the decisions about a Job are made of.

use std::collections::BTreeSet;

use serde_json::Value;

use super::indexes::Indexes;
use crate::controllers::shared::pods;
use crate::machinery::object::{Meta, Object, Reading};
use crate::sim::{Duration, Time};

/// The finalizer that keeps a pod until it has been counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The annotation and label with the completion index of a pod.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The annotation with the number of failures of an index before this pod.
pub(super) const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// The annotation with the number of failures of an index that were to be ignored.
pub(super) const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// What a job asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Spec {
    pub(super) parallelism: i64,
    /// How many pods have to succeed; without a number one is enough and ends it all.
    pub(super) completions: Option<i64>,
    pub(super) indexed: bool,
    pub(super) suspended: bool,
    pub(super) backoff_limit: i64,
    /// How often every single index may fail.
    pub(super) backoff_limit_per_index: Option<i64>,
    pub(super) failed_indexes_max: Option<i64>,
    pub(super) deadline: Option<Duration>,
    pub(super) failure_policy: Option<Value>,
    pub(super) success_policy: Option<Value>,
    /// Whether pods are replaced only when they have ended, not as soon as they are going.
    pub(super) waits_for_the_end: bool,
    /// Whether containers are restarted in their pods.
    pub(super) restarts: bool,
    pub(super) deleting: bool,
}

impl Spec {
    /// What the spec of a job asks for.
    pub(super) fn of(job: &Object) -> Spec {
        Spec {
            parallelism: job.int("/spec/parallelism").unwrap_or(1),
            completions: job.int("/spec/completions"),
            indexed: job.str("/spec/completionMode") == "Indexed",
            suspended: job.flag("/spec/suspend"),
            backoff_limit: job.int("/spec/backoffLimit").unwrap_or(6),
            backoff_limit_per_index: job.int("/spec/backoffLimitPerIndex"),
            failed_indexes_max: job.int("/spec/maxFailedIndexes"),
            deadline: job.int("/spec/activeDeadlineSeconds").map(Duration::from_secs),
            failure_policy: job.at("/spec/podFailurePolicy").cloned(),
            success_policy: job.at("/spec/successPolicy").cloned(),
            waits_for_the_end: job.str("/spec/podReplacementPolicy") == "Failed"
                || job.at("/spec/podFailurePolicy").is_some(),
            restarts: job.str("/spec/template/spec/restartPolicy") == "OnFailure",
            deleting: job.is_deleting(),
        }
    }

    /// The number of indexes, and the bound that they stay below.
    pub(super) fn index_count(&self) -> i64 {
        self.completions.unwrap_or(0)
    }
}

/// One pod of a job, as far as it matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Pod {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) succeeded: bool,
    pub(super) failed: bool,
    pub(super) deleting: bool,
    pub(super) ready: bool,
    /// Whether it has not been counted for good yet.
    pub(super) tracked: bool,
    pub(super) index: Option<i64>,
    /// Failures of its index before it that count, and those to be ignored.
    pub(super) failures: i64,
    pub(super) ignored: i64,
    /// When it ended, as far as one can say.
    pub(super) finished: Option<Time>,
    /// How often its containers have been restarted.
    pub(super) restarts: i64,
    /// Its status, for failure policies.
    pub(super) status: Value,
}

impl Pod {
    /// Reads a pod.
    pub(super) fn of(pod: &Object) -> Pod {
        let number = |key: &str| pod.annotation(key).and_then(|text| text.parse::<i64>().ok()).filter(|n| *n >= 0);
        let statuses = || pod.list("/status/containerStatuses").iter().chain(pod.list("/status/initContainerStatuses"));
        Pod {
            uid: pod.uid().into(),
            name: pod.name().into(),
            namespace: pod.namespace().into(),
            succeeded: pod.str("/status/phase") == "Succeeded",
            failed: pod.str("/status/phase") == "Failed",
            deleting: pod.is_deleting(),
            ready: pods::is_ready(pod),
            tracked: pod.has_finalizer(TRACKING),
            index: number(INDEX),
            failures: number(FAILURES).unwrap_or(0),
            ignored: number(IGNORED).unwrap_or(0),
            finished: finished(pod),
            restarts: statuses().filter_map(|s| s.int("/restartCount")).sum(),
            status: if pods::is_terminal(pod) {
                pod.get("status").cloned().unwrap_or(Value::Null)
            } else {
                Value::Null
            },
        }
    }

    pub(super) fn is_active(&self) -> bool {
        !self.has_ended() && !self.deleting
    }

    pub(super) fn has_ended(&self) -> bool {
        self.succeeded || self.failed
    }

    /// Whether it is going and has not ended yet.
    pub(super) fn is_terminating(&self) -> bool {
        self.deleting && !self.has_ended()
    }

    /// Whether it counts as failed: a pod that is going may never come to an end by itself.
    pub(super) fn is_failure(&self, spec: &Spec) -> bool {
        self.failed || (!spec.waits_for_the_end && self.deleting && !self.succeeded)
    }

    /// Its index, if that is one of the job's.
    pub(super) fn valid_index(&self, spec: &Spec) -> Option<i64> {
        self.index.filter(|index| *index < spec.index_count())
    }

    /// Whether it is still to be counted: it has its finalizer and an index where it needs one.
    pub(super) fn is_uncounted(&self, spec: &Spec, counted: &BTreeSet<String>) -> bool {
        self.tracked && !counted.contains(&self.uid) && (!spec.indexed || self.valid_index(spec).is_some())
    }
}

/// When a pod ended: when its last container did; else when it got unready, or was told to go, or was made.
fn finished(pod: &Object) -> Option<Time> {
    let ends: Option<Vec<Time>> =
        pod.list("/status/containerStatuses").iter().map(|s| s.time("/state/terminated/finishedAt")).collect();
    let last_end = ends.and_then(|ends| ends.into_iter().max());
    let unready = || crate::machinery::object::condition(pod, "Ready").filter(|c| c.str("/status") == "False");
    let told = || {
        let grace = pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        pod.deletion_time().map(|at| at - Duration::from_secs(grace))
    };
    last_end.or_else(|| unready()?.time("/lastTransitionTime")).or_else(told).or_else(|| pod.creation_time())
}

/// Everything that decisions are made of.
pub(super) struct Facts<'a> {
    pub(super) spec: &'a Spec,
    /// The status as it was read.
    pub(super) status: &'a Value,
    pub(super) pods: &'a [Pod],
    pub(super) now: Time,
}

impl Facts<'_> {
    /// The uids under one list of `status.uncountedTerminatedPods`.
    pub(super) fn uncounted(&self, list: &str) -> BTreeSet<String> {
        let uids = self.status.list(&format!("/uncountedTerminatedPods/{list}"));
        uids.iter().filter_map(Value::as_str).map(str::to_string).collect()
    }

    /// Indexes under a field of the status.
    pub(super) fn indexes(&self, field: &str) -> Indexes {
        Indexes::parse(self.status.str(&format!("/{field}")), self.spec.index_count())
    }

    pub(super) fn active(&self) -> impl Iterator<Item = (usize, &Pod)> {
        self.pods.iter().enumerate().filter(|(_, p)| p.is_active())
    }

    pub(super) fn terminating(&self) -> i64 {
        count(self.pods.iter().filter(|p| p.is_terminating()))
    }
}

/// The length of an iterator as the API counts.
pub(super) fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}
