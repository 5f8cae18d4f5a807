//! The `eviction` subresource of pods: a deletion that respects disruption budgets
//! (`pkg/registry/core/pod/storage/eviction.go`).

use std::sync::Arc;

use super::{Request, Response, Result, Server};
use kctl_base::condition::{Condition, ConditionStatus};
use kctl_base::labels;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status, StatusCause};
use kctl_kinds::Kind;
use kctl_kinds::core::pod::set_condition;

impl Server {
    /// Deletes a pod if the disruption budget that selects it allows one more disruption.
    pub(super) fn evict(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let eviction = request.take_object()?;
        let pod = self.must_read(kind, &request.namespace, &request.name)?;
        let mut delete = Request::delete("pods", &request.namespace, &request.name)
            .grace(eviction.int("/deleteOptions/gracePeriodSeconds"))
            .dry_run(request.options.dry_run);
        delete.requester = request.requester.clone();
        if needs_budget(&pod) {
            let budgets = self.budgets_of(&pod)?;
            if budgets.len() > 1 {
                return Err(Status::new(
                    Reason::InternalError,
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
            if let Some(budget) = budgets.first().filter(|budget| protects(budget, &pod)) {
                self.spend_budget(budget, &pod, request.options.dry_run, now)?;
            }
        }
        if !request.options.dry_run {
            self.mark_evicted(&pod, now)?;
        }
        Ok(Response { created: true, ..self.delete(kind, &delete, now)? })
    }

    /// Sets the condition that tells the owner of a pod why it is deleted (`addConditionAndDeletePod`).
    fn mark_evicted(&mut self, pod: &Object, now: Time) -> Result<()> {
        let mut new = pod.clone();
        let condition = Condition {
            type_: "DisruptionTarget",
            status: ConditionStatus::True,
            reason: "EvictionByEvictionAPI",
            message: "Eviction API: evicting",
            observed_generation: None,
        };
        set_condition(&mut new, condition, now);
        let update = Request::update("pods", pod.namespace(), pod.name(), new)
            .subresource("status")
            .manager("kube-apiserver")
            .by_control_plane();
        self.handle(update, now).map(drop)
    }

    /// Returns the disruption budgets that select a pod.
    fn budgets_of(&mut self, pod: &Object) -> Result<Vec<Arc<Object>>> {
        let selects = |budget: &Arc<Object>| {
            let selector = budget.at("/spec/selector").map(labels::Selector::from_object);
            selector.is_some_and(|selector| selector.is_ok_and(|s| s.matches_object(pod)))
        };
        let budgets = self.read_all("poddisruptionbudgets.policy", Some(pod.namespace()))?;
        Ok(budgets.into_iter().filter(selects).collect())
    }

    /// Takes one disruption from a budget, or rejects the eviction.
    fn spend_budget(&mut self, budget: &Object, pod: &Object, dry_run: bool, now: Time) -> Result<()> {
        let allowed = budget.int("/status/disruptionsAllowed").unwrap_or(0);
        let observed = budget.int("/status/observedGeneration").unwrap_or(0);
        if observed < budget.generation() || allowed <= 0 {
            return Err(exhausted(budget));
        }
        if dry_run {
            return Ok(());
        }
        let mut new = budget.clone();
        new.put("/status/disruptionsAllowed", allowed - 1);
        new.map_mut("/status/disruptedPods").insert(pod.name(), now.rfc3339().into());
        let update = Request::update("poddisruptionbudgets.policy", budget.namespace(), budget.name(), new)
            .subresource("status")
            .manager("kube-apiserver")
            .by_control_plane();
        self.handle(update, now).map(drop)
    }
}

/// Returns whether budgets apply to a pod: not to one that is terminated, pending or being deleted.
fn needs_budget(pod: &Object) -> bool {
    !["Succeeded", "Failed", "Pending"].contains(&pod.str("/status/phase")) && !pod.is_deleting()
}

/// Returns whether a budget protects a pod: a ready pod always, an unready one unless the unhealthy pod eviction policy or
/// enough healthy pods allow its eviction.
fn protects(budget: &Object, pod: &Object) -> bool {
    let is_ready = kctl_base::object::condition_is_true(pod, "Ready");
    let always = budget.str("/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
    let desired = budget.int("/status/desiredHealthy");
    let enough_healthy = budget.int("/status/currentHealthy") >= desired && desired.unwrap_or(0) > 0;
    is_ready || !(always || enough_healthy)
}

/// Returns the status of an eviction that a budget does not allow.
fn exhausted(budget: &Object) -> Status {
    let (name, healthy, desired) = (
        budget.name(),
        budget.int("/status/currentHealthy").unwrap_or(0),
        budget.int("/status/desiredHealthy").unwrap_or(0),
    );
    let status =
        Status::new(Reason::TooManyRequests, "Cannot evict pod as it would violate the pod's disruption budget.");
    status.with_cause(StatusCause {
        reason: "DisruptionBudget".into(),
        message: format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"),
        field: String::new(),
    })
}
