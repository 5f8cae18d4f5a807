//! How a job stands, out of plain values: what has been reached, and whether that is the end.

use std::collections::{BTreeMap, BTreeSet};

use super::backoff::Record;
use super::indexes::Indexes;
use super::policy::{self, Failure};
use super::view::{Facts, Pod, Spec, count};
use crate::controllers::shared::conditions;
use crate::machinery::object::Reading;
use crate::sim::Time;

/// A condition that is to be set to true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) kind: &'static str,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Verdict {
    fn new(kind: &'static str, reason: &str, message: &str) -> Verdict {
        Verdict { kind, reason: reason.into(), message: message.into() }
    }

    /// The job has to fail; it has failed when its pods are gone.
    pub(super) fn failing(reason: &str, message: &str) -> Verdict {
        Verdict::new("FailureTarget", reason, message)
    }

    /// Enough pods have succeeded.
    pub(super) fn completed() -> Verdict {
        Verdict::new("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")
    }

    /// Whether the job is on its way to success.
    pub(super) fn is_success(&self) -> bool {
        self.kind == "SuccessCriteriaMet"
    }

    /// The condition in which this one ends.
    pub(super) fn finally(&self) -> Verdict {
        let kind = if self.is_success() { "Complete" } else { "Failed" };
        Verdict { kind, ..self.clone() }
    }
}

/// How a job stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Pods that have succeeded, counted or not; of an indexed job, indexes.
    pub(super) succeeded: i64,
    /// Pods that have failed, counted or not, except those to be ignored.
    pub(super) failed: i64,
    pub(super) record: Record,
    /// The condition under which everything ends, if it does.
    pub(super) verdict: Option<Verdict>,
    /// Of an indexed job.
    pub(super) succeeded_indexes: Indexes,
    /// Of an indexed job with a limit for each index.
    pub(super) failed_indexes: Option<Indexes>,
    /// The last failed pod of indexes that are tried again: it stays until its successor, which takes over its counts.
    pub(super) predecessors: BTreeMap<i64, usize>,
}

/// How a job stands with `record` as its failures so far.
pub(super) fn judge(facts: &Facts<'_>, record: Record) -> Standing {
    let spec = facts.spec;
    let (known_succeeded, known_failed) = (facts.uncounted("succeeded"), facts.uncounted("failed"));
    let new = |known: &BTreeSet<String>, ended: &dyn Fn(&Pod) -> bool| -> Vec<&Pod> {
        facts.pods.iter().filter(|p| p.is_uncounted(spec, known) && ended(p)).collect()
    };
    let succeeded = new(&known_succeeded, &|p| p.succeeded);
    let failed = new(&known_failed, &|p| p.is_failure(spec));
    let counted = |field: &str| facts.status.int(field).unwrap_or(0);
    let failures = failed.iter().filter(|p| policy::of_pod(spec, p).counts());
    let mut standing = Standing {
        succeeded: counted("/succeeded") + count(succeeded.iter()) + count(known_succeeded.iter()),
        failed: counted("/failed") + count(failures) + count(known_failed.iter()),
        record: record.with(succeeded, failed),
        ..Standing::default()
    };
    standing.verdict = earlier_verdict(facts).or_else(|| limits(facts, standing.failed));
    if spec.indexed {
        judge_indexes(facts, &mut standing);
    }
    standing
}

/// What has been decided before, or is decided by a pod that fails the whole job.
fn earlier_verdict(facts: &Facts<'_>) -> Option<Verdict> {
    let known = |kind: &'static str| {
        let condition = conditions::find(facts.status, kind).filter(|c| c.str("/status") == "True")?;
        Some(Verdict::new(kind, condition.str("/reason"), condition.str("/message")))
    };
    let failing = || {
        let failed = facts.pods.iter().filter(|p| p.is_failure(facts.spec));
        failed.into_iter().find_map(|pod| match policy::of_pod(facts.spec, pod) {
            Failure::FailsJob(message) => Some(Verdict::failing("PodFailurePolicy", &message)),
            _ => None,
        })
    };
    known("SuccessCriteriaMet").or_else(|| known("FailureTarget")).or_else(failing)
}

/// Whether a job has failed too often or lasts too long.
fn limits(facts: &Facts<'_>, failed: i64) -> Option<Verdict> {
    let spec = facts.spec;
    if failed > spec.backoff_limit || restarted_too_often(spec, facts.pods) {
        return Some(Verdict::failing("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    deadline(facts)
        .filter(|end| *end <= facts.now)
        .map(|_| Verdict::failing("DeadlineExceeded", "Job was active longer than specified deadline"))
}

/// When the job must have ended, unless it is suspended or has not begun.
pub(super) fn deadline(facts: &Facts<'_>) -> Option<Time> {
    let start = facts.status.time("/startTime").filter(|_| !facts.spec.suspended)?;
    facts.spec.deadline.map(|span| start + span)
}

/// Where containers are restarted in their pods, their restarts are the failures.
fn restarted_too_often(spec: &Spec, pods: &[Pod]) -> bool {
    let restarts: i64 = pods.iter().filter(|p| !p.has_ended()).map(|p| p.restarts).sum();
    spec.restarts && restarts >= spec.backoff_limit.max(1)
}

fn judge_indexes(facts: &Facts<'_>, standing: &mut Standing) {
    let spec = facts.spec;
    standing.succeeded_indexes = facts.indexes("completedIndexes");
    for pod in facts.pods.iter().filter(|p| p.tracked && p.succeeded) {
        if let Some(index) = pod.valid_index(spec) {
            standing.succeeded_indexes.insert(index);
        }
    }
    standing.succeeded = standing.succeeded_indexes.len();
    if let Some(limit) = spec.backoff_limit_per_index {
        let failed = failed_indexes(facts, limit);
        if standing.verdict.is_none() {
            standing.verdict = index_limits(spec, &failed, &standing.succeeded_indexes);
        }
        standing.predecessors = predecessors(facts, &standing.succeeded_indexes, &failed);
        standing.failed_indexes = Some(failed);
    }
    if standing.verdict.is_none() {
        let met = policy::success(spec, &standing.succeeded_indexes);
        standing.verdict = met.map(|message| Verdict::new("SuccessCriteriaMet", "SuccessPolicy", &message));
    }
}

/// The indexes that have failed for good.
fn failed_indexes(facts: &Facts<'_>, limit: i64) -> Indexes {
    let mut failed = facts.indexes("failedIndexes");
    for pod in facts.pods.iter().filter(|p| p.tracked && p.is_failure(facts.spec)) {
        let for_good = match policy::of_pod(facts.spec, pod) {
            Failure::FailsIndex => true,
            failure => failure.counts() && pod.failures >= limit,
        };
        if let Some(index) = pod.valid_index(facts.spec).filter(|_| for_good) {
            failed.insert(index);
        }
    }
    failed
}

fn index_limits(spec: &Spec, failed: &Indexes, succeeded: &Indexes) -> Option<Verdict> {
    if spec.failed_indexes_max.is_some_and(|max| failed.len() > max) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(Verdict::failing("MaxFailedIndexesExceeded", message));
    }
    let all_ended = failed.len() > 0 && failed.len() + succeeded.len() >= spec.index_count();
    all_ended.then(|| Verdict::failing("FailedIndexes", "Job has failed indexes"))
}

fn predecessors(facts: &Facts<'_>, succeeded: &Indexes, failed: &Indexes) -> BTreeMap<i64, usize> {
    let active: BTreeSet<i64> = facts.active().filter_map(|(_, p)| p.index).collect();
    let mut last: BTreeMap<i64, usize> = BTreeMap::new();
    for (position, pod) in facts.pods.iter().enumerate().filter(|(_, p)| p.tracked && p.is_failure(facts.spec)) {
        let Some(index) = pod.valid_index(facts.spec) else { continue };
        if succeeded.has(index) || failed.has(index) || active.contains(&index) {
            continue;
        }
        let rank = |pod: &Pod| (pod.failures + pod.ignored, pod.finished);
        let known = last.entry(index).or_insert(position);
        let other = &facts.pods[*known];
        if rank(pod).0 >= rank(other).0 && rank(pod).1 >= rank(other).1 {
            *known = position;
        }
    }
    last
}
