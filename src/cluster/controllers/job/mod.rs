//! Jobs: pods that are to succeed so many times, again after failures, until there were too many of those.
//!
//! What a job and its pods amount to is [`state`]; whether it is over, [`ending`]; which pods it makes and deletes,
//! [`plan`]; how ended pods get into its status exactly once, [`tracking`]. Here it is read and done. Pods that lost their
//! job are let go: their keys are `pods/NAME`.

mod backoff;
mod ending;
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
use ending::Ending;
use plan::{Missing, Work};
use state::State;
use tracking::Numbers;

use super::runtime::Result;
use super::shared::claim::{self, Claim};
use super::shared::pods::is_ready;
use super::shared::{orphans, pod_control};
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite, condition_is_true};
use kctl_base::status::Status;

/// The resource of jobs.
const JOBS: &str = "jobs.batch";
/// Who looks after a job that names nobody.
const MANAGER: &str = "kubernetes.io/job-controller";
/// The start of the keys of pods that lost their job.
const POD_KEY: &str = "pods/";

/// The controller of Jobs.
pub const CONTROLLER: Controller = Controller {
    name: "job-controller",
    watches: &[
        Watch::primary(JOBS),
        Watch::mapped(JOBS, pods_left_behind),
        Watch::owned("pods", "Job"),
        Watch::mapped("pods", orphans),
    ],
    reconcile,
};

fn selector_of(job: &Object) -> Selector {
    job.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing)
}

/// Whether a job has come to its end.
pub(super) fn is_finished(job: &Object) -> bool {
    condition_is_true(job, "Complete") || condition_is_true(job, "Failed")
}

/// Whether another controller than this one looks after the job.
fn is_managed_elsewhere(job: &Object) -> bool {
    !matches!(job.str("/spec/managedBy"), "" | MANAGER)
}

fn pod_key(pod: &Object) -> Key {
    Key::new(pod.namespace(), &format!("{POD_KEY}{}", pod.name()))
}

/// The tracked pods of a job that is gone.
fn pods_left_behind(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.kind != ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let pods = ctx.owned("pods", change.object.uid())?;
    Ok(pods.iter().filter(|p| pods::is_tracked(p)).map(|p| pod_key(p)).collect())
}

/// A tracked pod that nobody tracks, and the jobs that may adopt a pod.
fn orphans(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let mut keys = orphans::possible_owners(change, ctx, JOBS, selector_of)?;
    let pod = &change.object;
    if change.kind != ChangeKind::Deleted && pods::is_tracked(pod) && !has_tracker(ctx, pod)? {
        keys.push(pod_key(pod));
    }
    Ok(keys)
}

/// Whether somebody is still going to count the pod.
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
            let_go(ctx, &pod)?;
        }
        return Ok(Action::AwaitChange);
    }
    let job = ctx.get_key(JOBS, key)?;
    match job.filter(|job| !is_managed_elsewhere(job)) {
        Some(job) if !is_finished(&job) => sync(ctx, key, &job),
        _ => {
            ctx.clear_state(&key.to_string());
            Ok(Action::AwaitChange)
        }
    }
}

/// Takes the finalizer off a pod as it is now; one that is gone needs nothing.
fn let_go(ctx: &mut Context<'_>, pod: &Object) -> Result<()> {
    let Some(known) = ctx.get("pods", pod.namespace(), pod.name())?.filter(|known| known.uid() == pod.uid()) else {
        return Ok(());
    };
    let mut free = (*known).clone();
    free.remove_finalizer(pods::TRACKING);
    match ctx.update("pods", free) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// The pods of a job, after it has adopted and released some.
fn own_pods(ctx: &mut Context<'_>, job: &Object) -> Result<Vec<Arc<Object>>> {
    let selector = selector_of(job);
    let candidates = claim::candidates(ctx, job, "pods", &selector)?;
    let mut own = Vec::with_capacity(candidates.len());
    for pod in candidates {
        match claim::decide(job, &selector, &pod) {
            Claim::Keep => own.push(pod),
            Claim::Adopt => own.push(adopt(ctx, job, &pod)?),
            Claim::Release => {
                let mut free = (*pod).clone();
                free.remove_finalizer(pods::TRACKING);
                claim::release(ctx, job.uid(), "pods", &free)?;
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

/// One step of a job that is not over.
fn sync(ctx: &mut Context<'_>, key: &Key, job: &Arc<Object>) -> Result<Action> {
    let now = ctx.now;
    let pods = own_pods(ctx, job)?;
    let state = State::of(job, &pods);
    let backoff = remember_failures(ctx, key, &state)?;
    let mut status = job.at("/status").cloned().unwrap_or_default();
    if !state::is_suspended(job) {
        status.put_default("/startTime", now.rfc3339());
    }
    let mut done = Done { active: state.active.len(), ..Done::default() };
    let mut next = Action::AwaitChange;
    let mut ending = ending::find(&state, now);
    if ending.is_some() {
        stop_all(ctx, &state, &mut done);
        ending = ending.filter(|_| done.failure.is_none());
    } else {
        if !job.is_deleting() {
            next = work(ctx, &state, &backoff, &mut done);
        }
        ending = ending::complete(&state, done.active);
        if ending.is_none() && !job.is_deleting() {
            note_suspension(ctx, job, &mut status);
        }
    }
    let numbers = Numbers {
        active: done.active,
        ready: state.ready() - done.deleted_ready,
        terminating: state.terminating() + done.deleted,
    };
    let job = record(ctx, job.clone(), &state, status, &numbers, ending.as_ref())?;
    if let Some(failure) = done.failure {
        return Err(failure);
    }
    let deadline = ending::deadline(&job).filter(|_| ending.is_none()).map_or(Action::AwaitChange, Action::RequeueAt);
    Ok(next.earliest(deadline))
}

/// What has been done about the pods.
#[derive(Default)]
struct Done {
    active: usize,
    deleted: usize,
    deleted_ready: usize,
    failure: Option<Status>,
}

impl Done {
    fn note_deletion(&mut self, pod: &Object, result: Result<()>) {
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

/// Notes new failures of pods for the delays that they cause.
fn remember_failures(ctx: &mut Context<'_>, key: &Key, state: &State<'_>) -> Result<Backoff> {
    let name = key.to_string();
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

/// The job is over: what still runs is stopped, and held back until it is counted.
fn stop_all(ctx: &mut Context<'_>, state: &State<'_>, done: &mut Done) {
    for pod in &state.active {
        let result = pod_control::delete_pod(ctx, state.job, pod);
        done.note_deletion(pod, result);
    }
}

/// Makes and deletes pods of a job that goes on.
fn work(ctx: &mut Context<'_>, state: &State<'_>, backoff: &Backoff, done: &mut Done) -> Action {
    match plan::plan(state, backoff, ctx.now) {
        Work::Nothing => {}
        Work::Wait(until) => {
            // Kubernetes reports no active pods while it waits to replace failed ones, whatever else runs.
            done.active = 0;
            return Action::RequeueAt(until);
        }
        Work::Delete(pods) => {
            for pod in pods {
                // A pod that is not needed did not fail: it is not to be counted.
                let result = let_go(ctx, &pod).and_then(|()| pod_control::delete_pod(ctx, state.job, &pod));
                done.note_deletion(&pod, result);
            }
        }
        Work::Create(Missing::Count(count)) => create(ctx, state, count, |_| None, done),
        Work::Create(Missing::Indexes(indexes)) => {
            create(ctx, state, indexes.len(), |at| indexes.get(at).copied(), done);
        }
    }
    Action::AwaitChange
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
    let (created, result) = pod_control::slow_start(count, attempt);
    done.active += created;
    done.failure = result.err();
}

/// Says when a job has been suspended or resumed.
fn note_suspension(ctx: &mut Context<'_>, job: &Object, status: &mut Value) {
    let suspended = state::is_suspended(job);
    if tracking::note_suspension(status, suspended, ctx.now) {
        let (reason, text) = if suspended { ("Suspended", "Job suspended") } else { ("Resumed", "Job resumed") };
        ctx.event(job, "Normal", reason, text);
    }
}

/// Writes the status in its two steps, lets go of counted pods in between, and says when the job is over.
fn record(
    ctx: &mut Context<'_>,
    job: Arc<Object>,
    state: &State<'_>,
    status: Value,
    numbers: &Numbers,
    ending: Option<&Ending>,
) -> Result<Arc<Object>> {
    let now = ctx.now;
    let first = tracking::first(state, status, numbers, ending, now);
    let job = write_status(ctx, job, &first.status)?;
    for pod in &first.counted {
        let_go(ctx, pod)?;
    }
    let (status, over) = tracking::second(&first, numbers, ending, now);
    let job = write_status(ctx, job, &status)?;
    if let Some(ending) = ending.filter(|_| over) {
        report_end(ctx, &job, ending);
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

fn report_end(ctx: &mut Context<'_>, job: &Object, ending: &Ending) {
    if !ending.success {
        return ctx.event(job, "Warning", &ending.reason, &ending.message);
    }
    let completions = job.int("/spec/completions").unwrap_or(i64::MAX);
    if job.int("/status/succeeded").unwrap_or(0) > completions {
        let text = "Too many succeeded pods running after completion count reached";
        ctx.event(job, "Warning", "TooManySucceededPods", text);
    }
    ctx.event(job, "Normal", "Completed", "Job completed");
}
