//! Jobs with `ttlSecondsAfterFinished` go so long after their end, their pods first.

use super::context::Result;
use super::{Action, Context, Controller, Key, Wake, job};
use crate::api::{Propagation, Server};
use crate::machinery::object::{Meta, Object, Reading};
use crate::sim::{Duration, Time};
use crate::store::{Change, ChangeKind};

const JOBS: &str = "jobs.batch";

/// The controller.
pub const CONTROLLER: Controller =
    Controller { name: "ttl-after-finished-controller", wakes: &[Wake::custom(JOBS, ending)], reconcile };

fn ending(change: &Change, _: &mut Server) -> Vec<Key> {
    let concerned = change.kind != ChangeKind::Deleted && expiry(&change.object).is_some();
    if concerned { vec![Key::of(&change.object)] } else { Vec::new() }
}

/// When a job is to go, if that is known.
fn expiry(job: &Object) -> Option<Time> {
    let ttl = job.int("/spec/ttlSecondsAfterFinished")?;
    if !job::has_finished(job) || job.is_deleting() {
        return None;
    }
    let ends = job.list("/status/conditions").iter().filter(|c| matches!(c.str("/type"), "Complete" | "Failed"));
    let ended = ends.into_iter().find(|c| c.str("/status") == "True")?.time("/lastTransitionTime")?;
    Some(ended + Duration::from_secs(ttl))
}

fn reconcile(context: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(job) = context.get_key(JOBS, key)? else { return Ok(Action::Done) };
    match expiry(&job) {
        None => Ok(Action::Done),
        Some(at) if at > context.now => Ok(Action::At(at)),
        Some(_) => {
            context.delete_with(JOBS, &job, None, Propagation::Foreground)?;
            Ok(Action::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn the_end_of_a_job_and_its_ttl_say_when() {
        let job = |ttl: Option<i64>, kind: &str| {
            let ended = Time::from_secs(100).rfc3339();
            json!({"spec": {"ttlSecondsAfterFinished": ttl},
                   "status": {"conditions": [{"type": kind, "status": "True", "lastTransitionTime": ended}]}})
        };
        assert_eq!(expiry(&job(Some(5), "Complete")), Some(Time::from_secs(105)));
        assert_eq!(expiry(&job(Some(0), "Failed")), Some(Time::from_secs(100)));
        assert_eq!(expiry(&job(Some(5), "FailureTarget")), None);
        assert_eq!(expiry(&job(None, "Complete")), None);
    }

    #[test]
    fn ended_jobs_go_with_their_pods() {
        let Some(mut bench) = Bench::new(&["pods", JOBS]) else { return };
        let container = json!({"name": "c", "image": "busybox:1.36", "command": ["true"]});
        bench.create(
            JOBS,
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "brief"}, "spec": {
                "ttlSecondsAfterFinished": 60,
                "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}),
        );
        bench.cluster.advance(Duration::from_secs(30)).unwrap();
        assert_eq!(bench.list("pods").len(), 1);
        bench.cluster.advance(Duration::from_secs(60)).unwrap();
        assert_eq!((bench.find(JOBS, "brief"), bench.list("pods").len()), (None, 0));
    }
}
