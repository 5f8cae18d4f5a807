//! Jobs: run pods until enough of them have succeeded or too many have failed (`pkg/controller/job`).
//!
//! [`state`] summarises a Job and its pods, [`finished`] decides whether it is over, [`plan`] which pods to create and delete,
//! and [`tracking`] counts every terminal pod in the status exactly once. This module reads and writes.
//!
//! A key `pods/NAME` is a pod that no longer has a Job to count it; its tracking finalizer is removed.

mod backoff;
mod finished;
mod indexes;
mod plan;
mod pods;
mod policy;
mod state;
mod template;
#[cfg(test)]
mod tests;
mod tracking;

use std::sync::Arc;

use backoff::Backoff;
use finished::FinishedCondition;
use plan::{Missing, Work};
use state::State;
use tracking::PodCounts;

use super::runtime::Result;
use super::shared::claim::{self, Claim};
use super::shared::pods::is_ready;
use super::shared::selector::label_selector;
use super::shared::{burst, orphans, pod_control};
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite, condition_is_true};
use kctl_base::status::Status;

/// The resource of jobs.
const JOBS: &str = "jobs.batch";
/// The value of `spec.managedBy` for this controller.
const MANAGER: &str = "kubernetes.io/job-controller";
/// The prefix of the keys of pods without a Job.
const POD_KEY: &str = "pods/";

/// The Job controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: "job-controller",
    watches: &[
        Watch::primary(JOBS),
        Watch::mapped(JOBS, pods_of_deleted_job),
        Watch::owned("pods", "Job"),
        Watch::mapped("pods", orphan_to_jobs),
    ],
    reconcile,
};

/// Returns `true` when a Job has the condition Complete or Failed (`IsJobFinished`).
pub(super) fn is_finished(job: &Object) -> bool {
    condition_is_true(job, "Complete") || condition_is_true(job, "Failed")
}

/// Returns `true` when another controller manages the Job (`spec.managedBy`).
fn is_managed_elsewhere(job: &Object) -> bool {
    !matches!(job.str("/spec/managedBy"), "" | MANAGER)
}

fn pod_key(pod: &Object) -> Key {
    Key::new(pod.namespace(), &format!("{POD_KEY}{}", pod.name()))
}

/// Maps a deleted Job to its pods that still have the tracking finalizer.
fn pods_of_deleted_job(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.kind != ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let pods = ctx.owned("pods", change.object.uid())?;
    Ok(pods.iter().filter(|p| pods::is_tracked(p)).map(|p| pod_key(p)).collect())
}

/// Maps a pod to the Jobs that may adopt it, and to itself when it has the tracking finalizer but no Job that will count it.
fn orphan_to_jobs(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let mut keys = orphans::possible_owners(change, ctx, JOBS, label_selector)?;
    let pod = &change.object;
    if change.kind != ChangeKind::Deleted && pods::is_tracked(pod) && !has_tracker(ctx, pod)? {
        keys.push(pod_key(pod));
    }
    Ok(keys)
}

/// Returns `true` when a controller is still going to count the pod.
fn has_tracker(ctx: &mut Context<'_>, pod: &Object) -> Result<bool> {
    let Some(owner) = pod.controller_of() else { return Ok(false) };
    if owner.kind != "Job" {
        return Ok(true);
    }
    let job = ctx.get(JOBS, pod.namespace(), &owner.name)?.filter(|job| job.uid() == owner.uid);
    Ok(job.is_some_and(|job| is_managed_elsewhere(&job) || !is_finished(&job)))
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if let Some(pod) = key.name.strip_prefix(POD_KEY) {
        if let Some(pod) = ctx.get("pods", &key.namespace, pod)?.filter(|p| pods::is_tracked(p))
            && !has_tracker(ctx, &pod)?
        {
            remove_tracking_finalizer(ctx, &pod)?;
        }
        return Ok(Action::AwaitChange);
    }
    let job = ctx.get_key(JOBS, key)?;
    match job.filter(|job| !is_managed_elsewhere(job)) {
        Some(job) if !is_finished(&job) => sync(ctx, key, &job),
        _ => {
            ctx.clear_state(&key.text());
            Ok(Action::AwaitChange)
        }
    }
}

/// Removes the tracking finalizer from the current version of a pod, unless the pod no longer exists (`removeTrackingFinalizer`).
fn remove_tracking_finalizer(ctx: &mut Context<'_>, pod: &Object) -> Result<()> {
    let Some(known) = ctx.get("pods", pod.namespace(), pod.name())?.filter(|known| known.uid() == pod.uid()) else {
        return Ok(());
    };
    let mut untracked = (*known).clone();
    untracked.remove_finalizer(pods::TRACKING);
    match ctx.update("pods", untracked) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// Lists the pods of a Job. Adopts matching orphans and releases pods that no longer match (`getPodsForJob`).
fn claim_pods(ctx: &mut Context<'_>, job: &Object) -> Result<Vec<Arc<Object>>> {
    let selector = label_selector(job);
    let candidates = claim::candidates(ctx, job, "pods", &selector)?;
    let mut own = Vec::with_capacity(candidates.len());
    for pod in candidates {
        match claim::decide(job, &selector, &pod) {
            Claim::Keep => own.push(pod),
            Claim::Adopt => own.push(adopt(ctx, job, &pod)?),
            Claim::Release => {
                let mut untracked = (*pod).clone();
                untracked.remove_finalizer(pods::TRACKING);
                claim::release(ctx, job.uid(), "pods", &untracked)?;
            }
            Claim::Ignore => {}
        }
    }
    Ok(own)
}

fn adopt(ctx: &mut Context<'_>, job: &Object, pod: &Object) -> Result<Arc<Object>> {
    let mut adopted = pod.clone();
    adopted.list_mut("/metadata/ownerReferences").insert(0, OwnerReference::controller(job).to_value());
    if !pods::is_tracked(&adopted) {
        adopted.add_finalizer(pods::TRACKING);
    }
    ctx.update("pods", adopted)
}

/// Takes one step of a Job that is not finished (`syncJob`).
fn sync(ctx: &mut Context<'_>, key: &Key, job: &Arc<Object>) -> Result<Action> {
    let now = ctx.now;
    let pods = claim_pods(ctx, job)?;
    let state = State::of(job, &pods);
    let backoff = update_backoff(ctx, key, &state)?;
    let mut status = job.at("/status").cloned().unwrap_or_default();
    if !state::is_suspended(job) {
        status.put_default("/startTime", now.rfc3339());
    }
    let mut done = Done { active: state.active.len(), ..Done::default() };
    let mut next = Action::AwaitChange;
    let mut finished = finished::find(&state, now);
    if finished.is_some() {
        delete_active_pods(ctx, &state, &mut done);
        finished = finished.filter(|_| done.failure.is_none());
    } else {
        if !job.is_deleting() {
            next = manage_job(ctx, &state, &backoff, &mut done);
        }
        finished = finished::complete(&state, done.active);
        if finished.is_none() && !job.is_deleting() {
            update_suspended_condition(ctx, job, &mut status);
        }
    }
    let counts = PodCounts {
        active: done.active,
        ready: state.ready() - done.deleted_ready,
        terminating: state.terminating() + done.deleted,
    };
    let job = track_status(ctx, job.clone(), &state, status, &counts, finished.as_ref())?;
    if let Some(failure) = done.failure {
        return Err(failure);
    }
    let deadline =
        finished::deadline(&job).filter(|_| finished.is_none()).map_or(Action::AwaitChange, Action::RequeueAt);
    Ok(next.earliest(deadline))
}

/// The pods after those that were created and deleted.
#[derive(Default)]
struct Done {
    active: usize,
    deleted: usize,
    deleted_ready: usize,
    failure: Option<Status>,
}

impl Done {
    fn add_deletion(&mut self, pod: &Object, result: Result<()>) {
        match result {
            Ok(()) => {
                self.active -= 1;
                self.deleted += 1;
                self.deleted_ready += usize::from(is_ready(pod));
            }
            Err(failure) => self.failure = self.failure.take().or(Some(failure)),
        }
    }
}

/// Adds newly ended pods to the Job's backoff record.
fn update_backoff(ctx: &mut Context<'_>, key: &Key, state: &State<'_>) -> Result<Backoff> {
    let name = key.text();
    let known: Option<Backoff> = ctx.state(&name)?;
    let fresh = Backoff::new(state.job.uid());
    let before = known.filter(|record| record.job == fresh.job).unwrap_or_else(|| fresh.clone());
    let after = before.after(&state.newly_succeeded, &state.newly_failed);
    if after != before {
        match after.until() {
            None => ctx.clear_state(&name),
            Some(_) => ctx.set_state(&name, after.clone()),
        }
    }
    Ok(after)
}

/// Deletes the active pods of a Job that is over (`deleteActivePods`). Their finalizers keep them until they are counted.
fn delete_active_pods(ctx: &mut Context<'_>, state: &State<'_>, done: &mut Done) {
    for pod in &state.active {
        let result = pod_control::delete_pod(ctx, state.job, pod);
        done.add_deletion(pod, result);
    }
}

/// Creates and deletes pods of a Job that is not over (`manageJob`).
fn manage_job(ctx: &mut Context<'_>, state: &State<'_>, backoff: &Backoff, done: &mut Done) -> Action {
    let missing = plan::missing(state);
    let creatable = burst::creatable(missing, state.pods.iter().map(|p| &**p), ctx.now);
    match plan::plan(state, backoff, creatable, ctx.now) {
        Work::Nothing => {}
        Work::Wait(until) => {
            // Kubernetes reports no active pods while it waits to replace failed ones, whatever else runs.
            done.active = 0;
            return Action::RequeueAt(until);
        }
        Work::Delete(pods) => {
            for pod in pods {
                // A surplus pod has not failed, so it loses its finalizer first and is not counted.
                let result =
                    remove_tracking_finalizer(ctx, &pod).and_then(|()| pod_control::delete_pod(ctx, state.job, &pod));
                done.add_deletion(&pod, result);
            }
        }
        Work::Create(Missing::Count(count)) => create(ctx, state, count, |_| None, done),
        Work::Create(Missing::Indexes(indexes)) => {
            create(ctx, state, indexes.len(), |at| indexes.get(at).copied(), done);
        }
    }
    if missing > creatable { Action::RequeueAt(burst::next(ctx.now)) } else { Action::AwaitChange }
}

fn create(
    ctx: &mut Context<'_>,
    state: &State<'_>,
    count: usize,
    index: impl Fn(usize) -> Option<i64>,
    done: &mut Done,
) {
    let attempt = |at| match pod_control::create_pod(ctx, state.job, template::new_pod(state, index(at))) {
        Err(status) if pod_control::is_namespace_terminating(&status) => Ok(()),
        other => other.map(drop),
    };
    let (created, result) = pod_control::slow_start_batch(count, attempt);
    done.active += created;
    done.failure = result.err();
}

/// Updates the condition Suspended and records an event when the Job has been suspended or resumed.
fn update_suspended_condition(ctx: &mut Context<'_>, job: &Object, status: &mut Value) {
    let suspended = state::is_suspended(job);
    if tracking::set_suspended(status, suspended, ctx.now) {
        let (reason, text) = if suspended { ("Suspended", "Job suspended") } else { ("Resumed", "Job resumed") };
        ctx.event(job, "Normal", reason, text);
        if suspended {
            status.remove_at("/startTime");
        }
    }
}

/// Writes the status in its two steps, removes the finalizers of counted pods in between, and records the end of the Job
/// (`trackJobStatusAndRemoveFinalizers`).
fn track_status(
    ctx: &mut Context<'_>,
    job: Arc<Object>,
    state: &State<'_>,
    status: Value,
    counts: &PodCounts,
    finished: Option<&FinishedCondition>,
) -> Result<Arc<Object>> {
    let now = ctx.now;
    let first = tracking::first_update(state, status, counts, finished, now);
    let job = write_status(ctx, job, &first.status)?;
    for pod in &first.counted {
        remove_tracking_finalizer(ctx, pod)?;
    }
    let (status, is_over) = tracking::second_update(&first, counts, finished, now);
    let job = write_status(ctx, job, &status)?;
    if let Some(finished) = finished.filter(|_| is_over) {
        record_finished(ctx, &job, finished);
    }
    Ok(job)
}

fn write_status(ctx: &mut Context<'_>, job: Arc<Object>, status: &Value) -> Result<Arc<Object>> {
    if job.get("status") == Some(status) {
        return Ok(job);
    }
    let mut updated = (*job).clone();
    updated.put("/status", status.clone());
    ctx.update_status(JOBS, updated)
}

/// Records the event about the end of a Job (`recordJobFinished`).
fn record_finished(ctx: &mut Context<'_>, job: &Object, finished: &FinishedCondition) {
    if !finished.success {
        return ctx.event(job, "Warning", &finished.reason, &finished.message);
    }
    let completions = job.int("/spec/completions").unwrap_or(i64::MAX);
    if job.int("/status/succeeded").unwrap_or(0) > completions {
        let text = "Too many succeeded pods running after completion count reached";
        ctx.event(job, "Warning", "TooManySucceededPods", text);
    }
    ctx.event(job, "Normal", "Completed", "Job completed");
}
