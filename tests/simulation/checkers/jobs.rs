//! Jobs and CronJobs.

use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};
use kctl_base::sim::Duration;

use super::{World, named, pods_of, waits_for_room};

/// The schedule here is every two minutes; a run may be seen a little later.
const PERIOD: Duration = Duration::from_secs(125);

fn is_finished(job: &Object) -> bool {
    condition_is_true(job, "Complete") || condition_is_true(job, "Failed")
}

/// The Jobs of a CronJob.
fn jobs_of(world: &World, cron_job: &Object) -> Vec<Arc<Object>> {
    let mut jobs = world.own("jobs.batch");
    jobs.retain(|j| j.is_controlled_by(cron_job.uid()));
    jobs
}

/// A Job never has more pods than it may, nor more successes than it wants; a CronJob that forbids it never two Jobs at once.
pub(super) fn jobs_keep_their_limits(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for job in world.own("jobs.batch") {
        let running = pods_of(world, &job).iter().filter(|p| !p.is_deleting()).count() as i64;
        let succeeded = job.int("/status/succeeded").unwrap_or(0);
        let limit = |field: &str| job.int(field).unwrap_or(1);
        if running > limit("/spec/parallelism") || succeeded > limit("/spec/completions") {
            problems.push(format!("{} has {running} pods: {} {}", named(&job), job["spec"], job["status"]));
        }
    }
    for cron_job in world.own("cronjobs.batch").iter().filter(|c| c.str("/spec/concurrencyPolicy") != "Allow") {
        let running = jobs_of(world, cron_job).iter().filter(|j| !is_finished(j) && !j.is_deleting()).count();
        if running > 1 {
            problems.push(format!("{} runs {running} jobs at once", named(cron_job)));
        }
    }
    problems
}

/// Jobs end, one way or the other, unless their pods find no room.
pub(super) fn jobs_end(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for job in world.own("jobs.batch").iter().filter(|j| j.controller_of().is_none()) {
        let waits = job.flag("/spec/suspend") || pods_of(world, job).iter().any(|p| waits_for_room(p));
        if !is_finished(job) && !waits {
            problems.push(format!("{} does not end: {}", named(job), job["status"]));
        }
        let complete = job.int("/status/succeeded") == job.int("/spec/completions");
        if condition_is_true(job, "Complete") != complete || condition_is_true(job, "Failed") == complete && !waits {
            problems.push(format!("{} ends wrongly: {}", named(job), job["status"]));
        }
        if is_finished(job) && !pods_of(world, job).is_empty() {
            problems.push(format!("{} has ended and still has pods: {}", named(job), job["status"]));
        }
    }
    problems
}

/// CronJobs run when they should, and keep no more of their Jobs than they may.
pub(super) fn cron_jobs_keep_time_and_limits(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for cron_job in world.own("cronjobs.batch") {
        let jobs = jobs_of(world, &cron_job);
        let ended = |how: &str| jobs.iter().filter(|j| condition_is_true(j, how)).count() as i64;
        let limit = |field: &str| cron_job.int(field).unwrap_or(0);
        if ended("Complete") > limit("/spec/successfulJobsHistoryLimit")
            || ended("Failed") > limit("/spec/failedJobsHistoryLimit")
        {
            problems.push(format!("{} keeps {} jobs", named(&cron_job), jobs.len()));
        }
        let last = cron_job.time("/status/lastScheduleTime");
        let late = last.is_none_or(|last| last + PERIOD < world.cluster.now());
        if late && !cron_job.flag("/spec/suspend") && cron_job.str("/spec/concurrencyPolicy") != "Forbid" {
            problems.push(format!("{} has not run in time: {}", named(&cron_job), cron_job["status"]));
        }
    }
    problems
}
