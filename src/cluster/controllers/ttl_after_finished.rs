//! Deletes finished Jobs and their pods after `spec.ttlSecondsAfterFinished` (`pkg/controller/ttlafterfinished`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch, job};
use crate::api::Propagation;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};
use kctl_base::sim::{Duration, Time};

const JOBS: &str = "jobs.batch";

/// The TTL controller; its keys are Jobs.
pub(super) const CONTROLLER: Controller =
    Controller { name: "ttl-after-finished-controller", watches: &[Watch::primary(JOBS)], reconcile };

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(job) = ctx.get_key(JOBS, key)? else { return Ok(Action::AwaitChange) };
    match expiry(&job) {
        None => Ok(Action::AwaitChange),
        Some(expiry) if expiry > ctx.now => Ok(Action::RequeueAt(expiry)),
        Some(_) => {
            ctx.delete_with(JOBS, &job, None, Propagation::Foreground)?;
            Ok(Action::AwaitChange)
        }
    }
}

/// Returns the instant at which a finished Job expires; `None` without a TTL, or when it is being deleted already.
fn expiry(job: &Object) -> Option<Time> {
    let ttl = job.int("/spec/ttlSecondsAfterFinished").filter(|_| !job.is_deleting() && job::is_finished(job))?;
    let end =
        ["Complete", "Failed"].iter().filter_map(|kind| condition(job, kind)).find(|c| c.str("/status") == "True")?;
    Some(end.time("/lastTransitionTime")? + Duration::from_secs(ttl))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn only_finished_jobs_expire() {
        let at = |seconds| Time::from_secs(seconds).rfc3339();
        let ended = |kind: &str| json!([{"type": kind, "status": "True", "lastTransitionTime": at(100)}]);
        let cases = [
            (json!({"ttlSecondsAfterFinished": 5}), ended("Complete"), Some(105)),
            (json!({"ttlSecondsAfterFinished": 0}), ended("Failed"), Some(100)),
            (json!({"ttlSecondsAfterFinished": 5}), ended("FailureTarget"), None),
            (json!({}), ended("Complete"), None),
        ];
        for (spec, conditions, want) in cases {
            let job = json!({"spec": spec, "status": {"conditions": conditions}});
            assert_eq!(expiry(&job), want.map(Time::from_secs), "{job}");
        }
    }

    #[test]
    fn an_expired_job_is_deleted_with_its_pods() {
        let mut bench = Bench::open();
        let container = json!({"name": "c", "image": "busybox", "command": ["true"]});
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "brief"}, "spec": {
            "ttlSecondsAfterFinished": 30,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}});
        bench.create(JOBS, job);
        bench.settle();
        assert!(job::is_finished(&bench.get(JOBS, "brief")) && bench.list("pods").len() == 1);
        bench.advance(35);
        bench.settle();
        assert!(bench.find(JOBS, "brief").is_none() && bench.list("pods").is_empty());
    }
}
