//! Jobs and CronJobs.

use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};
use kctl_base::sim::Duration;

use super::{World, is_unschedulable, named, pods_of};

/// The schedule of all CronJobs, two minutes, and a few seconds for the controller.
const PERIOD: Duration = Duration::from_secs(125);

fn is_finished(job: &Object) -> bool {
    condition_is_true(job, "Complete") || condition_is_true(job, "Failed")
}

/// The Jobs of a CronJob.
fn jobs_of(world: &World, cron_job: &Object) -> Vec<Arc<Object>> {
    let mut jobs = world.list("jobs.batch");
    jobs.retain(|j| j.is_controlled_by(cron_job.uid()));
    jobs
}

/// A Job never exceeds its parallelism and completions; a CronJob that does not allow concurrency never has two active Jobs.
pub(super) fn jobs_keep_their_limits(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for job in world.list("jobs.batch") {
        let running = pods_of(world, &job).iter().filter(|p| !p.is_deleting()).count() as i64;
        let succeeded = job.int("/status/succeeded").unwrap_or(0);
        let limit = |field: &str| job.int(field).unwrap_or(1);
        if running > limit("/spec/parallelism") || succeeded > limit("/spec/completions") {
            problems.push(format!("{} has {running} pods: {} {}", named(&job), job["spec"], job["status"]));
        }
    }
    for cron_job in world.list("cronjobs.batch").iter().filter(|c| c.str("/spec/concurrencyPolicy") != "Allow") {
        let running = jobs_of(world, cron_job).iter().filter(|j| !is_finished(j) && !j.is_deleting()).count();
        if running > 1 {
            problems.push(format!("{} has {running} active jobs", named(cron_job)));
        }
    }
    problems
}

/// Jobs complete or fail, unless their pods are unschedulable.
pub(super) fn jobs_finish(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for job in world.list("jobs.batch").iter().filter(|j| j.controller_of().is_none()) {
        let waits = job.flag("/spec/suspend") || pods_of(world, job).iter().any(|p| is_unschedulable(p));
        if !is_finished(job) && !waits {
            problems.push(format!("{} does not finish: {}", named(job), job["status"]));
        }
        let complete = job.int("/status/succeeded") == job.int("/spec/completions");
        if condition_is_true(job, "Complete") != complete || condition_is_true(job, "Failed") == complete && !waits {
            problems.push(format!("{} has contradictory conditions: {}", named(job), job["status"]));
        }
        if is_finished(job) && !pods_of(world, job).is_empty() {
            problems.push(format!("{} is finished but has pods: {}", named(job), job["status"]));
        }
    }
    problems
}

/// CronJobs start their Jobs in time, and keep no more finished ones than their history limits.
pub(super) fn cron_jobs_start_in_time(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for cron_job in world.list("cronjobs.batch") {
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
