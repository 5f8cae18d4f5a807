//! One look at a Deployment: reads its sets, takes one step of its rollout, writes its status.

use std::sync::Arc;

use super::view::{Desired, REVISION, Resize, Set, Strategy, total};
use super::{DEPLOYMENTS, SETS, progress, revisions, rolling, scale, selector};
use crate::controllers::runtime::Result;
use crate::controllers::shared::template::{HASH_LABEL, hash, same_template};
use crate::controllers::shared::{claim, conditions, pod_control, pods};
use crate::controllers::{Action, Context};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::status::Status;

/// A Deployment under work.
pub(super) struct Sync<'c, 's> {
    ctx: &'c mut Context<'s>,
    /// The deployment as it was last written.
    deployment: Object,
    desired: Desired,
    /// The set that has its template.
    new: Option<Arc<Object>>,
    /// The other sets, in the order of creation.
    old: Vec<Arc<Object>>,
}

impl<'c, 's> Sync<'c, 's> {
    /// Reads the sets of a deployment; adopts and releases.
    pub(super) fn new(ctx: &'c mut Context<'s>, deployment: &Object) -> Result<Sync<'c, 's>> {
        let selector = selector(deployment);
        let candidates = claim::candidates(ctx, deployment, SETS, &selector)?;
        let mut sets = claim::claim(ctx, deployment, SETS, &selector, candidates)?;
        sets.sort_by_key(|s| (s.creation_time(), s.name().to_string()));
        let (new, old) = revisions::split(deployment, &sets);
        Ok(Sync { ctx, deployment: deployment.clone(), desired: Desired::of(deployment), new, old })
    }

    /// Takes the next step.
    pub(super) fn run(mut self) -> Result<Action> {
        if self.deployment.is_deleting() {
            self.sync_revision()?;
            self.report(false)?;
            return Ok(Action::AwaitChange);
        }
        self.note_pausing()?;
        self.sync_revision()?;
        let sets: Vec<Set> = self.old.iter().chain(&self.new).map(|s| Set::of(s)).collect();
        if self.desired.paused || scale::is_needed(&self.desired, &sets) {
            self.scale()?;
        } else if self.desired.strategy == Strategy::Recreate {
            self.recreate()?;
        } else {
            self.roll()?;
        }
        let next = progress::next_look(&self.desired, self.status()).filter(|at| *at > self.ctx.now);
        Ok(next.map_or(Action::AwaitChange, Action::RequeueAt))
    }

    fn status(&self) -> &Value {
        self.deployment.get("status").unwrap_or(&Value::Null)
    }

    fn old_sets(&self) -> Vec<Set> {
        self.old.iter().map(|s| Set::of(s)).collect()
    }

    fn new_set(&self) -> Option<Set> {
        self.new.as_deref().map(Set::of)
    }

    /// Writes the status together with annotations that were set on the way.
    fn write(&mut self, status: Value) -> Result<()> {
        let mut deployment = self.deployment.clone();
        deployment.put("/status", status);
        self.deployment = (*self.ctx.update_status(DEPLOYMENTS, deployment)?).clone();
        Ok(())
    }

    fn write_condition(&mut self, condition: Option<Value>) -> Result<()> {
        let mut status = self.status().clone();
        if let Some(condition) = condition {
            conditions::set(&mut status, condition);
        }
        self.write(status)
    }

    fn note_pausing(&mut self) -> Result<()> {
        match progress::pausing(&self.desired, self.status(), self.ctx.now) {
            Some(condition) => self.write_condition(Some(condition)),
            None => Ok(()),
        }
    }

    /// Brings the annotations of the present set and the revision of the deployment up to date.
    fn sync_revision(&mut self) -> Result<()> {
        let Some(new) = self.new.clone() else { return Ok(()) };
        let revision = revisions::next_revision(&self.old_sets());
        let mut changed = (*new).clone();
        let annotated = revisions::annotate(&self.deployment, &mut changed, revision);
        if annotated || changed.int("/spec/minReadySeconds").unwrap_or(0) != self.desired.min_ready {
            changed.put("/spec/minReadySeconds", self.desired.min_ready);
            // The change of the set wakes the deployment again, which then takes over its revision.
            self.new = Some(self.ctx.update(SETS, changed)?);
            return Ok(());
        }
        let condition = progress::found(&self.desired, self.status(), new.name(), self.ctx.now);
        let renumbered = revisions::note_revision(&mut self.deployment, new.annotation(REVISION).unwrap_or(""));
        if renumbered || condition.is_some() { self.write_condition(condition) } else { Ok(()) }
    }

    /// Another number of replicas, or a pause: no step of the rollout, only sizes.
    fn scale(&mut self) -> Result<()> {
        let reported = self.status().int("/replicas").unwrap_or(0);
        for resize in scale::plan(&self.desired, reported, self.new_set().as_ref(), &self.old_sets()) {
            self.resize(&resize)?;
        }
        if self.desired.paused {
            self.clean_up()?;
        }
        self.report(false)
    }

    /// One step of a rolling update: the new set grows, or the old ones shrink.
    fn roll(&mut self) -> Result<()> {
        self.need_new_set()?;
        let Some(new) = self.new_set() else { return Ok(()) };
        let old = self.old_sets();
        let existing = total(&old, |s| s.replicas) + new.replicas;
        let size = rolling::new_size(&self.desired, existing, new.replicas);
        let steps = if size != new.replicas {
            vec![Resize::new(&new, size)]
        } else {
            rolling::shrink_old(&self.desired, &new, &old)
        };
        for resize in &steps {
            self.resize(resize)?;
        }
        if steps.is_empty() {
            self.clean_up_when_complete()?;
        }
        self.report(true)
    }

    /// One step of a recreation: the old pods go, and when the last is gone the new ones come.
    fn recreate(&mut self) -> Result<()> {
        let steps: Vec<Resize> = self.old_sets().iter().filter(|s| s.replicas > 0).map(|s| Resize::new(s, 0)).collect();
        for resize in &steps {
            self.resize(resize)?;
        }
        if !steps.is_empty() || self.has_old_pods()? {
            return self.report(true);
        }
        self.need_new_set()?;
        if let Some(new) = self.new_set().filter(|s| s.replicas != self.desired.replicas) {
            self.resize(&Resize::new(&new, self.desired.replicas))?;
        }
        self.clean_up_when_complete()?;
        self.report(true)
    }

    /// Whether a pod of an old set is still there and has not ended.
    fn has_old_pods(&mut self) -> Result<bool> {
        if total(&self.old_sets(), |s| s.existing) > 0 {
            return Ok(true);
        }
        for set in &self.old {
            if self.ctx.owned("pods", set.uid())?.iter().any(|p| !pods::is_terminal(p)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes the set for the present template where there is none.
    fn need_new_set(&mut self) -> Result<()> {
        if self.new.is_some() {
            return Ok(());
        }
        let set = self.make_set();
        let (name, replicas) = (set.name().to_string(), set.int("/spec/replicas").unwrap_or(0));
        let revision = set.annotation(REVISION).unwrap_or("").to_string();
        let is_ours = |other: &Object| {
            other.is_controlled_by(self.deployment.uid())
                && same_template(&other["spec"]["template"], &self.deployment["spec"]["template"])
        };
        let mut condition = None;
        match self.ctx.create(SETS, set) {
            Ok(made) => {
                if replicas > 0 {
                    self.announce("up", &name, 0, replicas);
                }
                let message = format!("Created new replica set \"{name}\"");
                let now = self.ctx.now;
                condition =
                    self.desired.deadline.map(|_| progress::progressing("True", "NewReplicaSetCreated", &message, now));
                self.new = Some(made);
            }
            Err(status) if status.is_already_exists() => {
                let there = self.ctx.get(SETS, self.deployment.namespace(), &name)?;
                self.new = there.filter(|set| is_ours(set));
                if self.new.is_none() {
                    return self.count_collision(status);
                }
            }
            Err(status) if pod_control::is_namespace_terminating(&status) => return Ok(()),
            Err(status) => return self.report_refusal(&name, status),
        }
        let renumbered = revisions::note_revision(&mut self.deployment, &revision);
        if renumbered || condition.is_some() { self.write_condition(condition) } else { Ok(()) }
    }

    /// The set for the present template: named, labelled and selecting by the hash of the template.
    fn make_set(&self) -> Object {
        let mut template = self.deployment["spec"]["template"].clone();
        let hash = hash(&template, self.status().int("/collisionCount"));
        template.set_label(HASH_LABEL, &hash);
        let mut selector = self.deployment["spec"]["selector"].clone();
        selector.put(&format!("/matchLabels/{HASH_LABEL}"), hash.as_str());
        let old = self.old_sets();
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{}-{hash}", self.deployment.name()),
                "namespace": self.deployment.namespace(),
                "labels": template["metadata"]["labels"],
                "ownerReferences": [OwnerReference::controller(&self.deployment).to_value()],
            },
            "spec": {
                "replicas": rolling::new_size(&self.desired, total(&old, |s| s.replicas), 0),
                "selector": selector,
                "template": template,
            },
        });
        if self.desired.min_ready > 0 {
            set.put("/spec/minReadySeconds", self.desired.min_ready);
        }
        revisions::annotate(&self.deployment, &mut set, revisions::next_revision(&old));
        revisions::note_sizes(&self.desired, &mut set);
        set
    }

    /// Another set has the name: counts that, so that the next hash is another one, and tries again.
    fn count_collision(&mut self, refusal: Status) -> Result<()> {
        let mut status = self.status().clone();
        let count = status.int("/collisionCount").unwrap_or(0);
        status.put("/collisionCount", count + 1);
        self.write(status)?;
        Err(refusal)
    }

    fn report_refusal(&mut self, name: &str, refusal: Status) -> Result<()> {
        let message = format!("Failed to create new replica set \"{name}\": {refusal}");
        if self.desired.deadline.is_some() {
            let condition = progress::progressing("False", "ReplicaSetCreateError", &message, self.ctx.now);
            self.write_condition(Some(condition))?;
        }
        self.ctx.event(&self.deployment, "Warning", "ReplicaSetCreateError", &message);
        Err(refusal)
    }

    /// Gives a set its size, notes what for, and says so when the size is another one.
    fn resize(&mut self, resize: &Resize) -> Result<()> {
        let Some(set) = self.old.iter().chain(&self.new).find(|s| s.name() == resize.name) else { return Ok(()) };
        // An earlier step may have changed it already.
        let Some(set) = self.ctx.get(SETS, set.namespace(), set.name())? else { return Ok(()) };
        let from = Set::of(&set).replicas;
        let mut changed = (*set).clone();
        changed.put("/spec/replicas", resize.to);
        if revisions::note_sizes(&self.desired, &mut changed) || from != resize.to {
            self.ctx.update(SETS, changed)?;
        }
        if from != resize.to {
            self.announce(if from < resize.to { "up" } else { "down" }, &resize.name, from, resize.to);
        }
        Ok(())
    }

    fn announce(&mut self, direction: &str, set: &str, from: i64, to: i64) {
        let message = format!("Scaled {direction} replica set {set} from {from} to {to}");
        self.ctx.event(&self.deployment, "Normal", "ScalingReplicaSet", &message);
    }

    fn clean_up_when_complete(&mut self) -> Result<()> {
        if progress::is_complete(&self.desired, self.status()) { self.clean_up() } else { Ok(()) }
    }

    /// Drops old sets beyond the history limit.
    fn clean_up(&mut self) -> Result<()> {
        for name in revisions::surplus(&self.desired, &self.old_sets()) {
            if let Some(set) = self.old.iter().find(|s| s.name() == name) {
                self.ctx.delete(SETS, set)?;
            }
        }
        Ok(())
    }

    /// Writes the status if it says anything new: as the sets were before this step, which will be looked at again.
    fn report(&mut self, rolling_out: bool) -> Result<()> {
        let (new, old, now) = (self.new_set(), self.old_sets(), self.ctx.now);
        let mut status = progress::status(&self.desired, self.status(), new.as_ref(), &old, now);
        if rolling_out {
            progress::judge(&self.desired, self.status(), &mut status, new.as_ref(), now);
            let statuses = self.new.iter().chain(&self.old).filter_map(|s| s.get("status"));
            progress::judge_failure(&mut status, statuses.filter_map(progress::failure_of).next());
        }
        if *self.status() == status { Ok(()) } else { self.write(status) }
    }
}
