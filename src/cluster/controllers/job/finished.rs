//! Decides whether a Job is over, and why (`syncJob`).

use super::state::{State, is_suspended};
use super::{pods, policy, state};
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};

/// The outcome of a Job that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FinishedCondition {
    /// `true` for Complete, `false` for Failed.
    pub(super) success: bool,
    /// The reason in CamelCase.
    pub(super) reason: String,
    /// The message for people.
    pub(super) message: String,
}

impl FinishedCondition {
    fn failure(reason: &str, message: &str) -> FinishedCondition {
        FinishedCondition { success: false, reason: reason.into(), message: message.into() }
    }

    /// Returns a condition of a type, with the status True, for this outcome.
    pub(super) fn condition<'a>(&'a self, type_: &'a str) -> Condition<'a> {
        let (reason, message) = (&self.reason, &self.message);
        Condition { type_, status: ConditionStatus::True, reason, message, observed_generation: None }
    }

    /// Returns the type of the condition that is set before the pods have terminated.
    pub(super) fn interim_type(&self) -> &'static str {
        if self.success { "SuccessCriteriaMet" } else { "FailureTarget" }
    }

    /// Returns the type of the condition that is set when all pods have terminated.
    pub(super) fn final_type(&self) -> &'static str {
        if self.success { "Complete" } else { "Failed" }
    }
}

/// Returns the outcome of a Job that is over before anything is done about its pods.
pub(super) fn find(state: &State<'_>, now: Time) -> Option<FinishedCondition> {
    announced(state.job)
        .or_else(|| failed(state, now))
        .or_else(|| failed_indexes(state))
        .or_else(|| success_policy(state))
}

/// Returns the outcome that an interim condition in the status announces.
fn announced(job: &Object) -> Option<FinishedCondition> {
    [true, false].into_iter().find_map(|success| {
        let outcome = FinishedCondition { success, reason: String::new(), message: String::new() };
        let announced = condition::find(job.at("/status")?, outcome.interim_type())?;
        let holds = announced.str("/status") == "True";
        let text = |pointer: &str| announced.str(pointer).to_string();
        holds.then(|| FinishedCondition { reason: text("/reason"), message: text("/message"), ..outcome })
    })
}

fn failed(state: &State<'_>, now: Time) -> Option<FinishedCondition> {
    let job = state.job;
    let failed_pods = state.pods.iter().filter(|p| pods::has_failed(p, state::deleted_fail(job)));
    if let Some(message) = failed_pods.filter_map(|p| policy::match_pod_failure_policy(job, p).job_fails).next() {
        return Some(FinishedCondition::failure("PodFailurePolicy", &message));
    }
    let limit = job.int("/spec/backoffLimit").unwrap_or(6);
    if state.failed > limit || is_past_backoff_limit_on_failure(state, limit) {
        return Some(FinishedCondition::failure("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    let late = deadline(job).is_some_and(|deadline| deadline <= now);
    late.then(|| FinishedCondition::failure("DeadlineExceeded", "Job was active longer than specified deadline"))
}

/// Returns `true` when the containers have been restarted too often: with the restart policy OnFailure restarts count like
/// failed pods (`pastBackoffLimitOnFailure`).
fn is_past_backoff_limit_on_failure(state: &State<'_>, limit: i64) -> bool {
    if state.job.str("/spec/template/spec/restartPolicy") != "OnFailure" {
        return false;
    }
    let alive = state.pods.iter().filter(|p| matches!(p.str("/status/phase"), "Running" | "Pending"));
    let statuses =
        alive.flat_map(|p| p.list("/status/initContainerStatuses").iter().chain(p.list("/status/containerStatuses")));
    let restarts: i64 = statuses.filter_map(|s| s.int("/restartCount")).sum();
    restarts >= limit.max(1)
}

/// Returns the instant at which `spec.activeDeadlineSeconds` have passed; `None` without a limit or while suspended.
pub(super) fn deadline(job: &Object) -> Option<Time> {
    let seconds = job.int("/spec/activeDeadlineSeconds").filter(|_| !is_suspended(job))?;
    Some(job.time("/status/startTime")? + Duration::from_secs(seconds))
}

fn failed_indexes(state: &State<'_>) -> Option<FinishedCondition> {
    let indexes = state.indexes.as_ref()?;
    let failed = indexes.failed.as_ref()?.total();
    if state.job.int("/spec/maxFailedIndexes").is_some_and(|most| failed > most) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(FinishedCondition::failure("MaxFailedIndexesExceeded", message));
    }
    let all = failed + indexes.succeeded.total() >= state.completions().unwrap_or(0);
    (failed > 0 && all).then(|| FinishedCondition::failure("FailedIndexes", "Job has failed indexes"))
}

fn success_policy(state: &State<'_>) -> Option<FinishedCondition> {
    let message = policy::match_success_policy(state.job, &state.indexes.as_ref()?.succeeded)?;
    Some(FinishedCondition { success: true, reason: "SuccessPolicy".into(), message })
}

/// Returns the outcome of a Job with enough completions, of which `active` pods are left.
pub(super) fn complete(state: &State<'_>, active: usize) -> Option<FinishedCondition> {
    let enough = match state.completions() {
        Some(completions) => state.succeeded >= completions,
        None => state.succeeded > 0,
    };
    (enough && active == 0).then(|| FinishedCondition {
        success: true,
        reason: "CompletionsReached".into(),
        message: "Reached expected number of succeeded pods".into(),
    })
}
