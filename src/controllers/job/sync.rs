//! One look at a Job: reads its pods, takes a step, counts, writes its status.

use std::sync::Arc;

use serde_json::Value;

use super::backoff::Record;
use super::judge::{Standing, Verdict, deadline, judge};
use super::manage::{Step, step};
use super::release::remove_finalizer;
use super::view::{Facts, Pod, Spec, TRACKING, count};
use super::{JOBS, pods, policy, selector, tracking};
use crate::controllers::context::Result;
use crate::controllers::shared::{claim, pod_control, victims};
use crate::controllers::{Action, Context, Key};
use crate::machinery::object::{Meta, Object, Reading, Writing};

fn row(key: &Key) -> String {
    format!("backoff/{key}")
}

/// Forgets a job that has ended or is gone.
pub(super) fn forget(context: &mut Context<'_>, key: &Key) {
    if matches!(context.memory(&row(key)), Ok(Some(_))) {
        context.remember(&row(key), None);
    }
}

/// Brings one job a step further.
pub(super) fn run(context: &mut Context<'_>, job: &Object) -> Result<Action> {
    let objects = own_pods(context, job)?;
    let known = context.memory(&row(&Key::of(job)))?;
    let record: Record = known.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let spec = Spec::of(job);
    let mut status = tracking::prepared(job.get("status").unwrap_or(&Value::Null));
    if !spec.suspended && status.at("/startTime").is_none() {
        status.put("/startTime", context.now.rfc3339());
    }
    let pods: Vec<Pod> = objects.iter().map(|p| Pod::of(p)).collect();
    let facts = Facts { spec: &spec, status: &status, pods: &pods, now: context.now };
    let standing = judge(&facts, record);
    Sync { context, job: job.clone(), objects: &objects, facts: &facts, standing: &standing }.run(record)
}

/// The pods of a job. Those that it adopts are to be counted too.
fn own_pods(context: &mut Context<'_>, job: &Object) -> Result<Vec<Arc<Object>>> {
    let selector = selector(job);
    let mut candidates = claim::candidates(context, job, "pods", &selector)?;
    for orphan in &mut candidates {
        if claim::decide(job, &selector, orphan) == claim::Claim::Adopt && !orphan.has_finalizer(TRACKING) {
            Arc::make_mut(orphan).add_finalizer(TRACKING);
        }
    }
    claim::claim(context, job, "pods", &selector, candidates)
}

/// A job under work.
struct Sync<'a, 's> {
    context: &'a mut Context<'s>,
    /// The job as it was last written.
    job: Object,
    objects: &'a [Arc<Object>],
    facts: &'a Facts<'a>,
    standing: &'a Standing,
}

/// What has been done about the pods.
#[derive(Default)]
struct Done {
    made: i64,
    /// Positions of the pods that were told to go.
    deleted: Vec<usize>,
    next: Option<crate::sim::Time>,
}

impl Sync<'_, '_> {
    fn run(mut self, record: Record) -> Result<Action> {
        let (facts, standing) = (self.facts, self.standing);
        let mut status = facts.status.clone();
        let mut verdict = standing.verdict.clone();
        let mut done = Done::default();
        let mut failure = Ok(());
        if verdict.is_some() {
            let active: Vec<usize> = facts.active().map(|(position, _)| position).collect();
            failure = self.delete(&active, false, &mut done);
        } else {
            let planned = if facts.spec.deleting { Step::Nothing } else { step(facts, standing) };
            failure = failure.and(self.take(planned, &mut done));
            let active = self.active(&done);
            let is_complete = active == 0 && standing.succeeded >= facts.spec.completions.unwrap_or(1);
            if is_complete {
                verdict = Some(Verdict::completed());
            } else if !facts.spec.deleting {
                self.note_suspension(&mut status);
            }
        }
        let terminating = facts.terminating() + count(done.deleted.iter());
        let ready = count(facts.active().filter(|(i, p)| p.ready && !done.deleted.contains(i)));
        tracking::put_number(&mut status, "/active", self.active(&done));
        status.put("/ready", ready);
        status.put("/terminating", terminating);
        // The end can not be declared while some pods would not go.
        let verdict = verdict.filter(|_| failure.is_ok());
        self.count(status, verdict.as_ref(), terminating, record)?;
        failure?;
        Ok(self.next_look(&done))
    }

    fn active(&self, done: &Done) -> i64 {
        count(self.facts.active()) - count(done.deleted.iter()) + done.made
    }

    fn take(&mut self, step: Step, done: &mut Done) -> Result<()> {
        match step {
            Step::Nothing => Ok(()),
            Step::Create(indexes) => {
                let (made, result) = pod_control::slow_start(indexes.len(), |position| self.create(indexes[position]));
                done.made = i64::try_from(made).unwrap_or(i64::MAX);
                result
            }
            Step::Delete { mut pods, more } => {
                let rest = self.facts.active().filter(|(i, _)| !pods.contains(i));
                let rest: Vec<Arc<Object>> = rest.map(|(i, _)| self.objects[i].clone()).collect();
                let chosen = victims::choose(&rest, &[], more, self.context.now);
                pods.extend(
                    (0..self.objects.len()).filter(|i| chosen.iter().any(|c| c.uid() == self.objects[*i].uid())),
                );
                self.delete(&pods, true, done)
            }
            Step::Wait(until) => {
                done.next = Some(until);
                Ok(())
            }
        }
    }

    fn create(&mut self, index: Option<i64>) -> Result<()> {
        let pod = match index {
            None => pods::make(&self.job),
            Some(index) => {
                let predecessor = self.standing.predecessors.get(&index).map(|i| &self.facts.pods[*i]);
                let failed = predecessor.map(|pod| (pod, policy::of_pod(self.facts.spec, pod).counts()));
                pods::make_indexed(&self.job, index, self.facts.spec.backoff_limit_per_index.map(|_| failed))
            }
        };
        match pod_control::create_pod(self.context, &self.job, pod) {
            Err(status) if pod_control::is_namespace_terminating(&status) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Deletes pods. Those that are to be forgotten lose their finalizer first, so that nobody counts them.
    fn delete(&mut self, positions: &[usize], forget: bool, done: &mut Done) -> Result<()> {
        let mut failure = Ok(());
        for position in positions {
            let pod = self.objects[*position].clone();
            let mut result = if forget { remove_finalizer(self.context, &pod) } else { Ok(()) };
            if result.is_ok() {
                result = pod_control::delete_pod(self.context, &self.job, &pod);
            }
            match result {
                Ok(()) => done.deleted.push(*position),
                Err(status) => failure = failure.and(Err(status)),
            }
        }
        failure
    }

    /// Notes that the job is suspended, or no longer; then its time starts anew.
    fn note_suspension(&mut self, status: &mut Value) {
        let suspended = self.facts.spec.suspended;
        let (reason, event, message) = if suspended {
            ("JobSuspended", "Suspended", "Job suspended")
        } else {
            ("JobResumed", "Resumed", "Job resumed")
        };
        let condition = Verdict { kind: "Suspended", reason: reason.into(), message: message.into() };
        if tracking::set_condition(status, &condition, suspended, self.context.now) {
            self.context.event(&self.job, "Normal", event, message);
            if !suspended {
                status.put("/startTime", self.context.now.rfc3339());
            }
        }
    }

    /// Counts the pods that have ended and, when nothing is left to count, ends the job.
    fn count(&mut self, status: Value, verdict: Option<&Verdict>, terminating: i64, record: Record) -> Result<()> {
        let now = self.context.now;
        let mut notes = tracking::note(self.facts, self.standing, verdict, status);
        if let Some(verdict) = verdict {
            tracking::set_condition(&mut notes.status, verdict, true, now);
        }
        self.write(&notes.status)?;
        if self.standing.record != record {
            self.context.remember(&row(&Key::of(&self.job)), serde_json::to_value(self.standing.record).ok());
        }
        let mut released = Vec::with_capacity(notes.release.len());
        let mut failure = Ok(());
        for position in notes.release {
            match remove_finalizer(self.context, &self.objects[position]) {
                Ok(()) => released.push(position),
                Err(status) => failure = failure.and(Err(status)),
            }
        }
        let mut status = notes.status;
        tracking::count_released(&mut status, &tracking::still_tracked(self.facts.pods, &released));
        let end = verdict.filter(|_| failure.is_ok() && !notes.more && tracking::may_finish(&status, terminating));
        let end = end.map(Verdict::finally);
        if let Some(end) = &end {
            tracking::set_condition(&mut status, end, true, now);
            if end.kind == "Complete" {
                status.put("/completionTime", now.rfc3339());
            }
        }
        self.write(&status)?;
        if let Some(end) = end {
            self.announce(&end, &status);
        }
        failure
    }

    fn announce(&mut self, end: &Verdict, status: &Value) {
        if end.kind == "Failed" {
            return self.context.event(&self.job, "Warning", &end.reason, &end.message);
        }
        let succeeded = status.int("/succeeded").unwrap_or(0);
        if self.facts.spec.completions.is_some_and(|wanted| succeeded > wanted) {
            let message = "Too many succeeded pods running after completion count reached";
            self.context.event(&self.job, "Warning", "TooManySucceededPods", message);
        }
        self.context.event(&self.job, "Normal", "Completed", "Job completed");
    }

    fn write(&mut self, status: &Value) -> Result<()> {
        if self.job.get("status") == Some(status) {
            return Ok(());
        }
        let mut changed = self.job.clone();
        changed.put("/status", status.clone());
        self.job = (*self.context.update_status(JOBS, changed)?).clone();
        Ok(())
    }

    /// Looks again when a failed pod may be replaced, or when the time of the job is over.
    fn next_look(&self, done: &Done) -> Action {
        let facts = Facts { status: self.job.get("status").unwrap_or(&Value::Null), ..*self.facts };
        let end = deadline(&facts).filter(|end| *end > facts.now && !tracking::has_finished(facts.status));
        [done.next, end].into_iter().flatten().min().map_or(Action::Done, Action::At)
    }
}
