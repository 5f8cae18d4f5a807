//! Whether a job is over, and why.

use super::state::{State, is_suspended};
use super::{pods, policy, state};
use crate::controllers::shared::conditions;
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};

/// Why a job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Whether it succeeded.
    pub(super) success: bool,
    /// CamelCase.
    pub(super) reason: String,
    /// The text.
    pub(super) message: String,
}

impl Ending {
    fn failure(reason: &str, message: &str) -> Ending {
        Ending { success: false, reason: reason.into(), message: message.into() }
    }

    /// The condition that says that the job is going to end.
    pub(super) fn interim(&self) -> &'static str {
        if self.success { "SuccessCriteriaMet" } else { "FailureTarget" }
    }

    /// The condition that says that it has ended.
    pub(super) fn last(&self) -> &'static str {
        if self.success { "Complete" } else { "Failed" }
    }
}

/// The ending that a job has come to before anything is done about its pods.
pub(super) fn find(state: &State<'_>, now: Time) -> Option<Ending> {
    announced(state.job)
        .or_else(|| failed(state, now))
        .or_else(|| failed_indexes(state))
        .or_else(|| success_policy(state))
}

/// The ending that the status speaks of already.
fn announced(job: &Object) -> Option<Ending> {
    [true, false].into_iter().find_map(|success| {
        let ending = Ending { success, reason: String::new(), message: String::new() };
        let condition = conditions::find(job.at("/status")?, ending.interim())?;
        let holds = condition.str("/status") == "True";
        let text = |pointer: &str| condition.str(pointer).to_string();
        holds.then(|| Ending { reason: text("/reason"), message: text("/message"), ..ending })
    })
}

fn failed(state: &State<'_>, now: Time) -> Option<Ending> {
    let job = state.job;
    let gone_wrong = state.pods.iter().filter(|p| pods::has_failed(p, state::deleted_fail(job)));
    if let Some(message) = gone_wrong.filter_map(|p| policy::judge(job, p).job_fails).next() {
        return Some(Ending::failure("PodFailurePolicy", &message));
    }
    let limit = job.int("/spec/backoffLimit").unwrap_or(6);
    if state.failed > limit || restarted_too_often(state, limit) {
        return Some(Ending::failure("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    let late = deadline(job).is_some_and(|deadline| deadline <= now);
    late.then(|| Ending::failure("DeadlineExceeded", "Job was active longer than specified deadline"))
}

/// Where containers are restarted in place, their restarts count like failed pods.
fn restarted_too_often(state: &State<'_>, limit: i64) -> bool {
    if state.job.str("/spec/template/spec/restartPolicy") != "OnFailure" {
        return false;
    }
    let alive = state.pods.iter().filter(|p| matches!(p.str("/status/phase"), "Running" | "Pending"));
    let statuses =
        alive.flat_map(|p| p.list("/status/initContainerStatuses").iter().chain(p.list("/status/containerStatuses")));
    let restarts: i64 = statuses.filter_map(|s| s.int("/restartCount")).sum();
    restarts >= limit.max(1)
}

/// When the job has been active for too long.
pub(super) fn deadline(job: &Object) -> Option<Time> {
    let seconds = job.int("/spec/activeDeadlineSeconds").filter(|_| !is_suspended(job))?;
    Some(job.time("/status/startTime")? + Duration::from_secs(seconds))
}

fn failed_indexes(state: &State<'_>) -> Option<Ending> {
    let indexes = state.indexes.as_ref()?;
    let failed = indexes.failed.as_ref()?.total();
    if state.job.int("/spec/maxFailedIndexes").is_some_and(|most| failed > most) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(Ending::failure("MaxFailedIndexesExceeded", message));
    }
    let all = failed + indexes.succeeded.total() >= state.completions().unwrap_or(0);
    (failed > 0 && all).then(|| Ending::failure("FailedIndexes", "Job has failed indexes"))
}

fn success_policy(state: &State<'_>) -> Option<Ending> {
    let message = policy::success(state.job, &state.indexes.as_ref()?.succeeded)?;
    Some(Ending { success: true, reason: "SuccessPolicy".into(), message })
}

/// The ending of a job whose pods have done their work, when `active` are still running.
pub(super) fn complete(state: &State<'_>, active: usize) -> Option<Ending> {
    let enough = match state.completions() {
        Some(completions) => state.succeeded >= completions,
        None => state.succeeded > 0,
    };
    (enough && active == 0).then(|| Ending {
        success: true,
        reason: "CompletionsReached".into(),
        message: "Reached expected number of succeeded pods".into(),
    })
}
