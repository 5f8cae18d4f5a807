//! Reconciles a Deployment (`syncDeployment` in `pkg/controller/deployment/deployment_controller.go`): reads its sets, takes one
//! step of its rollout, writes its status.

use std::sync::Arc;

use super::view::{Desired, REVISION, ReplicaSet, Resize, Strategy, total};
use super::{DEPLOYMENTS, SETS, progress, revisions, rolling, scale};
use crate::controllers::runtime::Result;
use crate::controllers::shared::selector::label_selector;
use crate::controllers::shared::template::{HASH_LABEL, compute_hash, equal_ignoring_hash};
use crate::controllers::shared::{claim, pod_control, pods};
use crate::controllers::{Action, Context};
use kctl_base::condition::{self, ConditionStatus};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::status::Status;

/// A Deployment and its sets during one reconciliation.
pub(super) struct Sync<'c, 's> {
    ctx: &'c mut Context<'s>,
    /// The Deployment as it was last written.
    deployment: Object,
    desired: Desired,
    /// The set that has the current template.
    new: Option<Arc<Object>>,
    /// The other sets, in the order of creation.
    old: Vec<Arc<Object>>,
}

impl<'c, 's> Sync<'c, 's> {
    /// Reads the sets of a Deployment. Adopts matching orphans and releases sets that no longer match
    /// (`getReplicaSetsForDeployment`).
    pub(super) fn claim(ctx: &'c mut Context<'s>, deployment: &Object) -> Result<Sync<'c, 's>> {
        let selector = label_selector(deployment);
        let candidates = claim::candidates(ctx, deployment, SETS, &selector)?;
        let mut sets = claim::claim(ctx, deployment, SETS, &selector, candidates)?;
        sets.order_by_key(|s| (s.creation_time(), s.name().to_string()));
        let (new, old) = revisions::split(deployment, &sets);
        Ok(Sync { ctx, deployment: deployment.clone(), desired: Desired::of(deployment), new, old })
    }

    /// Takes the next step of the rollout.
    pub(super) fn run(mut self) -> Result<Action> {
        if self.deployment.is_deleting() {
            self.sync_revision()?;
            self.sync_status(false)?;
            return Ok(Action::AwaitChange);
        }
        self.check_paused_conditions()?;
        self.sync_revision()?;
        let sets: Vec<ReplicaSet> = self.old.iter().chain(&self.new).map(|s| ReplicaSet::of(s)).collect();
        if self.desired.paused || scale::is_scaling_event(&self.desired, &sets) {
            self.scale()?;
        } else if self.desired.strategy == Strategy::Recreate {
            self.rollout_recreate()?;
        } else {
            self.rollout_rolling()?;
        }
        let next = progress::stuck_check_at(&self.desired, self.status()).filter(|at| *at > self.ctx.now);
        Ok(next.map_or(Action::AwaitChange, Action::RequeueAt))
    }

    fn status(&self) -> &Value {
        self.deployment.get("status").unwrap_or(&Value::Null)
    }

    fn old_sets(&self) -> Vec<ReplicaSet> {
        self.old.iter().map(|s| ReplicaSet::of(s)).collect()
    }

    fn new_set(&self) -> Option<ReplicaSet> {
        self.new.as_deref().map(ReplicaSet::of)
    }

    /// Writes the status, together with annotations that have been set meanwhile.
    fn write(&mut self, status: Value) -> Result<()> {
        let mut deployment = self.deployment.clone();
        deployment.put("/status", status);
        self.deployment = (*self.ctx.update_status(DEPLOYMENTS, deployment)?).clone();
        Ok(())
    }

    fn write_condition(&mut self, condition: Option<Value>) -> Result<()> {
        let mut status = self.status().clone();
        if let Some(condition) = condition {
            condition::replace(&mut status, condition);
        }
        self.write(status)
    }

    fn check_paused_conditions(&mut self) -> Result<()> {
        match progress::paused_condition(&self.desired, self.status(), self.ctx.now) {
            Some(condition) => self.write_condition(Some(condition)),
            None => Ok(()),
        }
    }

    /// Updates the annotations of the new set and the revision of the Deployment (`getAllReplicaSetsAndSyncRevision`).
    fn sync_revision(&mut self) -> Result<()> {
        let Some(new) = self.new.clone() else { return Ok(()) };
        let revision = revisions::next_revision(&self.old_sets());
        let mut changed = (*new).clone();
        let annotated = revisions::set_new_replica_set_annotations(&self.deployment, &mut changed, revision);
        if annotated || changed.int("/spec/minReadySeconds").unwrap_or(0) != self.desired.min_ready {
            changed.put("/spec/minReadySeconds", self.desired.min_ready);
            // The change of the set enqueues the Deployment again, which takes over the revision then.
            self.new = Some(self.ctx.update(SETS, changed)?);
            return Ok(());
        }
        let condition = progress::found_new_replica_set(&self.desired, self.status(), new.name(), self.ctx.now);
        let renumbered =
            revisions::set_deployment_revision(&mut self.deployment, new.annotation(REVISION).unwrap_or(""));
        if renumbered || condition.is_some() { self.write_condition(condition) } else { Ok(()) }
    }

    /// Scales the sets after a change of `spec.replicas` or in a paused Deployment, without a step of the rollout.
    fn scale(&mut self) -> Result<()> {
        let reported = self.status().int("/replicas").unwrap_or(0);
        for resize in scale::plan(&self.desired, reported, self.new_set().as_ref(), &self.old_sets()) {
            self.scale_replica_set(&resize)?;
        }
        if self.desired.paused {
            self.cleanup()?;
        }
        self.sync_status(false)
    }

    /// Takes one step of a rolling update (`rolloutRolling`): scales the new set up, or the old ones down.
    fn rollout_rolling(&mut self) -> Result<()> {
        self.get_new_replica_set()?;
        let Some(new) = self.new_set() else { return Ok(()) };
        let old = self.old_sets();
        let existing = total(&old, |s| s.replicas) + new.replicas;
        let size = rolling::new_replica_set_size(&self.desired, existing, new.replicas);
        let steps = if size != new.replicas {
            vec![Resize::new(&new, size)]
        } else {
            rolling::reconcile_old_replica_sets(&self.desired, &new, &old)
        };
        for resize in &steps {
            self.scale_replica_set(resize)?;
        }
        if steps.is_empty() {
            self.cleanup_when_complete()?;
        }
        self.sync_status(true)
    }

    /// Takes one step of the strategy Recreate (`rolloutRecreate`): scales the old sets down, and the new one up when the last old
    /// pod is gone.
    fn rollout_recreate(&mut self) -> Result<()> {
        let steps: Vec<Resize> = self.old_sets().iter().filter(|s| s.replicas > 0).map(|s| Resize::new(s, 0)).collect();
        for resize in &steps {
            self.scale_replica_set(resize)?;
        }
        if !steps.is_empty() || self.old_pods_running()? {
            return self.sync_status(true);
        }
        self.get_new_replica_set()?;
        if let Some(new) = self.new_set().filter(|s| s.replicas != self.desired.replicas) {
            self.scale_replica_set(&Resize::new(&new, self.desired.replicas))?;
        }
        self.cleanup_when_complete()?;
        self.sync_status(true)
    }

    /// Returns `true` while a pod of an old set exists that is not terminal (`oldPodsRunning`).
    fn old_pods_running(&mut self) -> Result<bool> {
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

    /// Creates the set for the current template where there is none (`getNewReplicaSet`).
    fn get_new_replica_set(&mut self) -> Result<()> {
        if self.new.is_some() {
            return Ok(());
        }
        let set = self.new_replica_set();
        let (name, replicas) = (set.name().to_string(), set.int("/spec/replicas").unwrap_or(0));
        let revision = set.annotation(REVISION).unwrap_or("").to_string();
        let is_ours = |other: &Object| {
            other.is_controlled_by(self.deployment.uid())
                && equal_ignoring_hash(&other["spec"]["template"], &self.deployment["spec"]["template"])
        };
        let mut condition = None;
        match self.ctx.create(SETS, set) {
            Ok(created) => {
                if replicas > 0 {
                    self.record_scaling("up", &name, 0, replicas);
                }
                let message = format!("Created new replica set \"{name}\"");
                let now = self.ctx.now;
                condition = self
                    .desired
                    .deadline
                    .map(|_| progress::progressing(ConditionStatus::True, "NewReplicaSetCreated", &message, now));
                self.new = Some(created);
            }
            Err(status) if status.is_already_exists() => {
                let there = self.ctx.get(SETS, self.deployment.namespace(), &name)?;
                self.new = there.filter(|set| is_ours(set));
                if self.new.is_none() {
                    return self.count_collision(status);
                }
            }
            Err(status) if pod_control::is_namespace_terminating(&status) => return Ok(()),
            Err(status) => return self.report_create_error(&name, status),
        }
        let renumbered = revisions::set_deployment_revision(&mut self.deployment, &revision);
        if renumbered || condition.is_some() { self.write_condition(condition) } else { Ok(()) }
    }

    /// Returns a set for the current template. The hash of the template is in its name, its labels and its selector.
    fn new_replica_set(&self) -> Object {
        let mut template = self.deployment["spec"]["template"].clone();
        let hash = compute_hash(&template, self.status().int("/collisionCount"));
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
                "replicas": rolling::new_replica_set_size(&self.desired, total(&old, |s| s.replicas), 0),
                "selector": selector,
                "template": template,
            },
        });
        if self.desired.min_ready > 0 {
            set.put("/spec/minReadySeconds", self.desired.min_ready);
        }
        revisions::set_new_replica_set_annotations(&self.deployment, &mut set, revisions::next_revision(&old));
        revisions::set_replicas_annotations(&self.desired, &mut set);
        set
    }

    /// Counts a collision with another set of the same name, so that the next hash is a different one. Returns the error, so that
    /// the Deployment is retried.
    fn count_collision(&mut self, error: Status) -> Result<()> {
        let mut status = self.status().clone();
        let count = status.int("/collisionCount").unwrap_or(0);
        status.put("/collisionCount", count + 1);
        self.write(status)?;
        Err(error)
    }

    fn report_create_error(&mut self, name: &str, error: Status) -> Result<()> {
        let message = format!("Failed to create new replica set \"{name}\": {error}");
        if self.desired.deadline.is_some() {
            let condition =
                progress::progressing(ConditionStatus::False, "ReplicaSetCreateError", &message, self.ctx.now);
            self.write_condition(Some(condition))?;
        }
        self.ctx.event(&self.deployment, "Warning", "ReplicaSetCreateError", &message);
        Err(error)
    }

    /// Scales a set, renews its annotations, and records an event when the size changes (`scaleReplicaSet`).
    fn scale_replica_set(&mut self, resize: &Resize) -> Result<()> {
        let Some(set) = self.old.iter().chain(&self.new).find(|s| s.name() == resize.name) else { return Ok(()) };
        // An earlier step may have changed the set.
        let Some(set) = self.ctx.get(SETS, set.namespace(), set.name())? else { return Ok(()) };
        let from = ReplicaSet::of(&set).replicas;
        let mut changed = (*set).clone();
        changed.put("/spec/replicas", resize.to);
        if revisions::set_replicas_annotations(&self.desired, &mut changed) || from != resize.to {
            self.ctx.update(SETS, changed)?;
        }
        if from != resize.to {
            self.record_scaling(if from < resize.to { "up" } else { "down" }, &resize.name, from, resize.to);
        }
        Ok(())
    }

    fn record_scaling(&mut self, direction: &str, set: &str, from: i64, to: i64) {
        let message = format!("Scaled {direction} replica set {set} from {from} to {to}");
        self.ctx.event(&self.deployment, "Normal", "ScalingReplicaSet", &message);
    }

    fn cleanup_when_complete(&mut self) -> Result<()> {
        if progress::is_complete(&self.desired, self.status()) { self.cleanup() } else { Ok(()) }
    }

    /// Deletes old sets beyond the history limit (`cleanupDeployment`).
    fn cleanup(&mut self) -> Result<()> {
        for name in revisions::surplus(&self.desired, &self.old_sets()) {
            if let Some(set) = self.old.iter().find(|s| s.name() == name) {
                self.ctx.delete(SETS, set)?;
            }
        }
        Ok(())
    }

    /// Writes the status if it has changed (`syncDeploymentStatus`). It shows the sets as they were before this step, whose changes
    /// enqueue the Deployment again.
    fn sync_status(&mut self, is_rolling_out: bool) -> Result<()> {
        let (new, old, now) = (self.new_set(), self.old_sets(), self.ctx.now);
        let mut status = progress::calculate_status(&self.desired, self.status(), new.as_ref(), &old, now);
        if is_rolling_out {
            progress::sync_progress_condition(&self.desired, self.status(), &mut status, new.as_ref(), now);
            let statuses = self.new.iter().chain(&self.old).filter_map(|s| s.get("status"));
            progress::sync_failure_condition(&mut status, statuses.filter_map(progress::failure_of).next());
        }
        if *self.status() == status { Ok(()) } else { self.write(status) }
    }
}
