//! One look at a StatefulSet: reads its pods and revisions, takes the steps that the plan says, writes its status.

use std::sync::Arc;

use super::plan::{Step, Version, plan};
use super::view::{Desired, Replica, Revisions};
use super::{CLAIMS, SETS, claims, identity, selector, status};
use crate::controllers::history::{self, Created};
use crate::controllers::runtime::Result;
use crate::controllers::shared::{claim, pod_control, pods};
use crate::controllers::{Action, Context};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::{Reason, Status};

/// Brings one set a step further.
pub(super) fn run(ctx: &mut Context<'_>, set: &Object) -> Result<Action> {
    Sync::read(ctx, set)?.run()
}

/// A set under work.
struct Sync<'c, 's> {
    ctx: &'c mut Context<'s>,
    set: &'c Object,
    desired: Desired,
    /// Its pods by ordinal, each with what matters of it.
    pods: Vec<Arc<Object>>,
    replicas: Vec<Replica>,
    /// Its revisions by number.
    revisions: Vec<Arc<Object>>,
    /// The revision that was last rolled out completely, and the one of the present template.
    current: Arc<Object>,
    update: Arc<Object>,
    collisions: i64,
}

impl<'c, 's> Sync<'c, 's> {
    fn read(ctx: &'c mut Context<'s>, set: &'c Object) -> Result<Sync<'c, 's>> {
        let desired = Desired::of(set);
        let selector = selector(set);
        let revisions = history::claim(ctx, set, &selector)?;
        let mut candidates = claim::candidates(ctx, set, "pods", &selector)?;
        candidates.retain(|p| identity::is_member(set, p) || p.is_controlled_by(set.uid()));
        let mut pods = claim::claim(ctx, set, "pods", &selector, candidates)?;
        pods.retain(|p| identity::is_member(set, p));
        pods.sort_by_key(|p| identity::ordinal(p));
        let replicas = pods.iter().filter_map(|p| Replica::of(p, desired.min_ready, ctx.now)).collect();
        let mut collisions = set.int("/status/collisionCount").unwrap_or(0);
        let update = present_revision(ctx, set, &revisions, &mut collisions)?;
        let known = set.str("/status/currentRevision");
        let current = revisions.iter().find(|r| r.name() == known).unwrap_or(&update).clone();
        Ok(Sync { ctx, set, desired, pods, replicas, revisions, current, update, collisions })
    }

    fn run(mut self) -> Result<Action> {
        let names = (self.current.name().to_string(), self.update.name().to_string());
        let revisions = Revisions { current: &names.0, update: &names.1 };
        let current_replicas = self.set.int("/status/currentReplicas").unwrap_or(0);
        let plan = plan(&self.desired, revisions, &self.replicas, current_replicas);
        let mut leaving = 0;
        let mut result =
            self.take(&plan.replicas).and_then(|go_on| if go_on { self.take(&plan.surplus) } else { Ok(false) });
        if let (Ok(true), Some(index)) = (&result, plan.update) {
            leaving = usize::from(self.replicas[index].revision == revisions.current);
            result = self.delete(index).map(|()| true);
        }
        let generation = self.set.generation();
        let status = status::compute(&self.desired, generation, revisions, self.collisions, &self.replicas, leaving);
        self.write(status)?;
        let kept = self.clean_up();
        result.and_then(|_| kept.map(|()| self.next_look()))
    }

    /// Takes steps one after the other, or in growing batches where pods need not wait for each other; answers whether the
    /// next phase may begin.
    fn take(&mut self, steps: &[Step]) -> Result<bool> {
        if self.desired.parallel {
            return pod_control::slow_start(steps.len(), |i| self.step(steps[i]).map(drop)).1.map(|()| true);
        }
        for step in steps {
            if !self.step(*step)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes one step; answers whether it was possible.
    fn step(&mut self, step: Step) -> Result<bool> {
        match step {
            Step::Create { ordinal, from } => return self.create(ordinal, from),
            Step::Claims(index) => {
                let ordinal = self.replicas[index].ordinal;
                let name = self.replicas[index].name.clone();
                self.make_claims(&name, ordinal)?;
                self.retain(index)?;
            }
            Step::Check(index) => {
                self.mend(index)?;
                self.retain(index)?;
            }
            Step::Retain(index) => self.retain(index)?,
            Step::Delete(index) => self.delete(index)?,
        }
        Ok(true)
    }

    /// Makes a pod and its claims, unless a claim of its predecessor is still there.
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
        let made = match self.make_claims(&name, ordinal) {
            Ok(()) => self.ctx.create("pods", pod),
            Err(refusal) => Err(refusal),
        };
        match made {
            Ok(pod) => {
                self.own_claims(&pod, ordinal)?;
                self.announce("Create", &name, None);
                Ok(true)
            }
            Err(refusal) if refusal.is_already_exists() => Err(refusal),
            Err(refusal) => {
                self.announce("Create", &name, Some(&refusal));
                Err(refusal)
            }
        }
    }

    /// Makes the claims of a pod that are missing.
    fn make_claims(&mut self, pod: &str, ordinal: i64) -> Result<()> {
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
                        Err(refusal) => {
                            let message = format!(
                                "Create Claim {name} for Pod {pod} in StatefulSet {set} failed error: {refusal}"
                            );
                            self.ctx.event(self.set, "Warning", "FailedCreate", &message);
                            failures.push(format!("failed to create PVC {name}: {refusal}"));
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

    /// Gives a pod the identity and the volumes that it should have.
    fn mend(&mut self, index: usize) -> Result<()> {
        let Some(mended) = identity::mended(self.set, &self.pods[index]) else { return Ok(()) };
        let name = mended.name().to_string();
        self.make_claims(&name, self.replicas[index].ordinal)?;
        let refusal = self.ctx.update("pods", mended).err();
        self.announce("Update", &name, refusal.as_ref());
        refusal.map_or(Ok(()), Err)
    }

    fn retain(&mut self, index: usize) -> Result<()> {
        let pod = self.pods[index].clone();
        self.own_claims(&pod, self.replicas[index].ordinal)
    }

    /// Gives the claims of a pod the owner that the policy asks for.
    fn own_claims(&mut self, pod: &Object, ordinal: i64) -> Result<()> {
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
        let refusal = self.ctx.delete("pods", &pod).err();
        self.announce("Delete", pod.name(), refusal.as_ref());
        refusal.map_or(Ok(()), Err)
    }

    fn announce(&mut self, verb: &str, pod: &str, refusal: Option<&Status>) {
        let what = format!("{verb} Pod {pod} in StatefulSet {}", self.set.name());
        match refusal {
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

    /// Drops revisions that no pod has, beyond the history limit.
    fn clean_up(&mut self) -> Result<()> {
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

    /// Looks again when the next pod has been ready for long enough.
    fn next_look(&self) -> Action {
        let pods = self.pods.iter().map(|p| &**p);
        let next = pods::next_availability(pods, self.desired.min_ready, self.ctx.now);
        next.map_or(Action::AwaitChange, Action::RequeueAt)
    }
}

/// The revision of the present template: made where there is none, and with the highest number.
fn present_revision(
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
        match history::create(ctx, history::make(set, data.clone(), &hash, number))? {
            Created::Made(revision) => return Ok(revision),
            Created::Collision if *collisions < i64::from(i32::MAX) => *collisions += 1,
            Created::Collision => return Err(Status::new(Reason::Conflict, "no name is left for a revision")),
        }
    }
}
