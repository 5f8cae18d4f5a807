//! Reconciles a StatefulSet (`UpdateStatefulSet` in `pkg/controller/statefulset/stateful_set_control.go`): reads its pods and
//! revisions, takes the planned steps, writes its status.

use std::sync::Arc;

use super::plan::{Step, Version, plan};
use super::view::{Desired, Replica, Revisions};
use super::{CLAIMS, SETS, claims, identity, status};
use crate::controllers::history::{self, Created};
use crate::controllers::runtime::Result;
use crate::controllers::shared::selector::label_selector;
use crate::controllers::shared::{burst, claim, pod_control, pods};
use crate::controllers::{Action, Context};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};

/// Reconciles a set.
pub(super) fn run(ctx: &mut Context<'_>, set: &Object) -> Result<Action> {
    Sync::claim(ctx, set)?.run()
}

/// A set and its objects during one reconciliation.
struct Sync<'c, 's> {
    ctx: &'c mut Context<'s>,
    set: &'c Object,
    desired: Desired,
    /// The pods by ordinal, and in the same order their relevant parts.
    pods: Vec<Arc<Object>>,
    replicas: Vec<Replica>,
    /// The revisions by number.
    revisions: Vec<Arc<Object>>,
    /// The revision that was last rolled out completely.
    current: Arc<Object>,
    /// The revision of the set's template.
    update: Arc<Object>,
    collisions: i64,
}

impl<'c, 's> Sync<'c, 's> {
    /// Reads the pods and revisions of a set: adopts and releases them, and creates the revision of its template.
    fn claim(ctx: &'c mut Context<'s>, set: &'c Object) -> Result<Sync<'c, 's>> {
        let desired = Desired::of(set);
        let selector = label_selector(set);
        let revisions = history::claim(ctx, set, &selector)?;
        let mut candidates = claim::candidates(ctx, set, "pods", &selector)?;
        candidates.retain(|p| identity::is_member(set, p) || p.is_controlled_by(set.uid()));
        let mut pods = claim::claim(ctx, set, "pods", &selector, candidates)?;
        pods.retain(|p| identity::is_member(set, p));
        pods.order_by_key(|p| identity::ordinal(p));
        let replicas = pods.iter().filter_map(|p| Replica::of(p, desired.min_ready, ctx.now)).collect();
        let mut collisions = set.int("/status/collisionCount").unwrap_or(0);
        let update = update_revision(ctx, set, &revisions, &mut collisions)?;
        let known = set.str("/status/currentRevision");
        let current = revisions.iter().find(|r| r.name() == known).unwrap_or(&update).clone();
        Ok(Sync { ctx, set, desired, pods, replicas, revisions, current, update, collisions })
    }

    fn run(mut self) -> Result<Action> {
        let names = (self.current.name().to_string(), self.update.name().to_string());
        let revisions = Revisions { current: &names.0, update: &names.1 };
        let current_replicas = self.set.int("/status/currentReplicas").unwrap_or(0);
        let missing = self.missing();
        let creatable = burst::creatable(missing, self.pods.iter().map(|p| &**p), self.ctx.now);
        let plan = plan(&self.desired, revisions, &self.replicas, current_replicas, creatable);
        let mut deleted = 0;
        let mut result =
            self.take(&plan.replicas).and_then(|go_on| if go_on { self.take(&plan.surplus) } else { Ok(false) });
        if let (Ok(true), Some(index)) = (&result, plan.update) {
            deleted = usize::from(self.replicas[index].revision == revisions.current);
            result = self.delete(index).map(|()| true);
        }
        let generation = self.set.generation();
        let status = status::compute(&self.desired, generation, revisions, self.collisions, &self.replicas, deleted);
        self.write(status)?;
        let truncated = self.truncate_history();
        // Pods that wait for each other are created one by one, so for them only the end of the burst counts.
        let is_limited = missing > creatable && (self.desired.parallel || creatable == 0);
        let next_burst = is_limited.then(|| burst::next(self.ctx.now));
        result.and_then(|_| truncated.map(|()| self.next_sync(next_burst)))
    }

    /// The number of replicas without a pod.
    fn missing(&self) -> usize {
        let present = self.replicas.iter().filter(|replica| self.desired.contains(replica.ordinal)).count();
        usize::try_from(self.desired.replicas).unwrap_or(0).saturating_sub(present)
    }

    /// Takes steps one after the other, or in growing batches where pods do not wait for each other. Returns `false` when a step
    /// was not possible, so that the next phase must wait.
    fn take(&mut self, steps: &[Step]) -> Result<bool> {
        if self.desired.parallel {
            return pod_control::slow_start_batch(steps.len(), |i| self.step(steps[i]).map(drop)).1.map(|()| true);
        }
        for step in steps {
            if !self.step(*step)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes one step; returns `false` when it was not possible.
    fn step(&mut self, step: Step) -> Result<bool> {
        match step {
            Step::Create { ordinal, from } => return self.create(ordinal, from),
            Step::Claims(index) => {
                let ordinal = self.replicas[index].ordinal;
                let name = self.replicas[index].name.clone();
                self.create_claims(&name, ordinal)?;
                self.retain(index)?;
            }
            Step::Check(index) => {
                self.restore_identity(index)?;
                self.retain(index)?;
            }
            Step::Retain(index) => self.retain(index)?,
            Step::Delete(index) => self.delete(index)?,
        }
        Ok(true)
    }

    /// Creates a pod and its claims (`CreateStatefulPod`); returns `false` when a claim of its predecessor still exists.
    fn create(&mut self, ordinal: i64, from: Version) -> Result<bool> {
        let revision = if from == Version::Update { &self.update } else { &self.current };
        let template = history::template_of(revision);
        let pod = identity::make_pod(self.set, &template, revision.name(), ordinal);
        let name = pod.name().to_string();
        for claim in identity::claims(self.set, ordinal) {
            let there = self.ctx.get(CLAIMS, claim.namespace(), claim.name())?;
            if there.is_some_and(|c| claims::is_stale(&c, &name)) {
                return Ok(false);
            }
        }
        let made = match self.create_claims(&name, ordinal) {
            Ok(()) => self.ctx.create("pods", pod),
            Err(error) => Err(error),
        };
        match made {
            Ok(pod) => {
                self.update_claim_owners(&pod, ordinal)?;
                self.record("Create", &name, None);
                Ok(true)
            }
            Err(error) if error.is_already_exists() => Err(error),
            Err(error) => {
                self.record("Create", &name, Some(&error));
                Err(error)
            }
        }
    }

    /// Creates the missing claims of a pod (`createPersistentVolumeClaims`).
    fn create_claims(&mut self, pod: &str, ordinal: i64) -> Result<()> {
        let mut failures = Vec::new();
        for claim in identity::claims(self.set, ordinal) {
            let name = claim.name().to_string();
            match self.ctx.get(CLAIMS, claim.namespace(), &name)? {
                Some(there) if there.is_deleting() => failures.push(format!("pvc {name} is being deleted")),
                Some(_) => {}
                None => {
                    let made = self.ctx.create(CLAIMS, claim);
                    let set = self.set.name();
                    match made {
                        Ok(_) => {
                            let message = format!("Create Claim {name} Pod {pod} in StatefulSet {set} success");
                            self.ctx.event(self.set, "Normal", "SuccessfulCreate", &message);
                        }
                        Err(error) => {
                            let message =
                                format!("Create Claim {name} for Pod {pod} in StatefulSet {set} failed error: {error}");
                            self.ctx.event(self.set, "Warning", "FailedCreate", &message);
                            failures.push(format!("failed to create PVC {name}: {error}"));
                        }
                    }
                }
            }
        }
        match failures.len() {
            0 => Ok(()),
            1 => Err(Status::internal(failures.remove(0))),
            _ => Err(Status::internal(format!("[{}]", failures.join(", ")))),
        }
    }

    /// Restores the labels, volumes and claims of a pod (`UpdateStatefulPod`).
    fn restore_identity(&mut self, index: usize) -> Result<()> {
        let Some(restored) = identity::with_identity(self.set, &self.pods[index]) else { return Ok(()) };
        let name = restored.name().to_string();
        self.create_claims(&name, self.replicas[index].ordinal)?;
        let error = self.ctx.update("pods", restored).err();
        self.record("Update", &name, error.as_ref());
        error.map_or(Ok(()), Err)
    }

    fn retain(&mut self, index: usize) -> Result<()> {
        let pod = self.pods[index].clone();
        self.update_claim_owners(&pod, self.replicas[index].ordinal)
    }

    /// Gives the claims of a pod the owner that the retention policy asks for.
    fn update_claim_owners(&mut self, pod: &Object, ordinal: i64) -> Result<()> {
        let is_replica = self.desired.contains(ordinal);
        for claim in identity::claims(self.set, ordinal) {
            let Some(there) = self.ctx.get(CLAIMS, claim.namespace(), claim.name())? else { continue };
            if let Some(changed) = claims::with_owner(self.set, pod, is_replica, &there) {
                self.ctx.update(CLAIMS, changed)?;
            }
        }
        Ok(())
    }

    fn delete(&mut self, index: usize) -> Result<()> {
        let pod = self.pods[index].clone();
        let error = self.ctx.delete("pods", &pod).err();
        self.record("Delete", pod.name(), error.as_ref());
        error.map_or(Ok(()), Err)
    }

    fn record(&mut self, verb: &str, pod: &str, error: Option<&Status>) {
        let what = format!("{verb} Pod {pod} in StatefulSet {}", self.set.name());
        match error {
            None => self.ctx.event(self.set, "Normal", &format!("Successful{verb}"), &format!("{what} successful")),
            Some(status) => {
                let message = format!("{what} failed error: {status}");
                self.ctx.event(self.set, "Warning", &format!("Failed{verb}"), &message);
            }
        }
    }

    fn write(&mut self, status: Value) -> Result<()> {
        if self.set.get("status") == Some(&status) {
            return Ok(());
        }
        let mut changed = self.set.clone();
        changed.put("/status", status);
        match self.ctx.update_status(SETS, changed) {
            Err(status) if status.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Deletes revisions that no pod has, beyond the history limit (`truncateHistory`).
    fn truncate_history(&mut self) -> Result<()> {
        let limit = self.set.int("/spec/revisionHistoryLimit").unwrap_or(10);
        let (current, update) = (self.current.name(), self.update.name());
        let is_live = |revision: &Object| {
            let name = revision.name();
            name == current || name == update || self.replicas.iter().any(|p| p.revision == name)
        };
        for revision in history::surplus(&self.revisions, limit, is_live) {
            self.ctx.delete(history::REVISIONS, revision)?;
        }
        Ok(())
    }

    /// Requeues at the next burst, or earlier at the instant at which the next pod has been ready for `minReadySeconds`.
    fn next_sync(&self, next_burst: Option<Time>) -> Action {
        let pods = self.pods.iter().map(|p| &**p);
        let available = pods::next_availability(pods, self.desired.min_ready, self.ctx.now);
        available.into_iter().chain(next_burst).min().map_or(Action::AwaitChange, Action::RequeueAt)
    }
}

/// Returns the revision of the set's template, with the highest number (`getStatefulSetRevisions`). Creates it where there is
/// none.
fn update_revision(
    ctx: &mut Context<'_>,
    set: &Object,
    revisions: &[Arc<Object>],
    collisions: &mut i64,
) -> Result<Arc<Object>> {
    let data = history::data_of(set);
    let number = history::next_number(revisions);
    let equal = revisions.iter().rfind(|r| r.get("data") == Some(&data));
    match (equal, revisions.last()) {
        (Some(equal), Some(last)) if equal.get("data") == last.get("data") => return Ok(last.clone()),
        (Some(equal), _) => return history::renumber(ctx, equal, number),
        (None, _) => {}
    }
    loop {
        let hash = history::hash(&data, *collisions);
        match history::create(ctx, history::make(set, data.clone(), (history::DATA_HASH_LABEL, &hash), number))? {
            Created::Made(revision) => return Ok(revision),
            Created::Collision if *collisions < i64::from(i32::MAX) => *collisions += 1,
            Created::Collision => return Err(Status::new(Reason::Conflict, "no name is left for a revision")),
        }
    }
}
