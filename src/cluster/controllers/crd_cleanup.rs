//! Deletes the instances of CustomResourceDefinitions that are being deleted, and then the definitions
//! (`apiextensions-apiserver/pkg/controller/finalizer`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::DEFINITIONS;
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_kinds::custom::CLEANUP;

/// The time between two looks at the instances that are left.
const POLL: Duration = Duration::from_secs(5);

/// The finalizer controller of CustomResourceDefinitions.
pub(super) const CONTROLLER: Controller =
    Controller { name: "crd-finalizer", watches: &[Watch::primary(DEFINITIONS)], reconcile };

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(definition) = ctx.get_key(DEFINITIONS, key)? else { return Ok(Action::AwaitChange) };
    if !definition.is_deleting() || !definition.finalizers().contains(&CLEANUP) {
        return Ok(Action::AwaitChange);
    }
    let resource = format!("{}.{}", definition.str("/spec/names/plural"), definition.str("/spec/group"));
    // A definition whose names were never accepted has no instances.
    let is_served = ctx.server().catalog().by_resource(&resource).is_some();
    let mut left = if is_served { ctx.list(&resource, None)? } else { Vec::new() };
    for instance in left.iter().filter(|instance| !instance.is_deleting()) {
        ctx.delete(&resource, instance)?;
    }
    if is_served {
        left = ctx.list(&resource, None)?;
    }
    let mut new = (*definition).clone();
    let is_changed = set_terminating(&mut new, left.is_empty(), ctx.now);
    if is_changed {
        new = (*ctx.update_status(DEFINITIONS, new)?).clone();
    }
    if !left.is_empty() {
        // A finalizer may keep an instance for ever, which a command that waits for the cluster must not wait for.
        return Ok(Action::ResyncAt(ctx.now + POLL));
    }
    new.list_mut("/metadata/finalizers").retain(|finalizer| finalizer != CLEANUP);
    ctx.update(DEFINITIONS, new)?;
    Ok(Action::AwaitChange)
}

/// Sets the condition `Terminating`; returns whether it has changed.
fn set_terminating(definition: &mut Object, is_done: bool, now: Time) -> bool {
    let (status, reason, message) = match is_done {
        true => (ConditionStatus::False, "InstanceDeletionCompleted", "removed all instances"),
        false => (ConditionStatus::True, "InstanceDeletionInProgress", "CustomResource deletion is in progress"),
    };
    let terminating = Condition { type_: "Terminating", status, reason, message, observed_generation: None };
    condition::replace(&mut definition["status"], terminating.to_value(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Propagation;
    use crate::controllers::shared::testing::Bench;
    use kctl_base::json::json;

    #[test]
    fn a_definition_waits_for_instances_with_finalizers() {
        let mut bench = Bench::open();
        bench.create(
            DEFINITIONS,
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": "boats.example.com"},
                "spec": {"group": "example.com", "scope": "Cluster", "names": {"plural": "boats", "kind": "Boat"},
                    "versions": [{"name": "v1", "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
        );
        bench.create(
            "boats.example.com",
            json!({"apiVersion": "example.com/v1", "kind": "Boat",
                "metadata": {"name": "one", "finalizers": ["example.com/keep"]}}),
        );
        bench.delete(DEFINITIONS, "boats.example.com", Propagation::Background);
        let definition = bench.cluster.server().read(DEFINITIONS, "", "boats.example.com").unwrap().unwrap();
        assert_eq!(definition.list("/status/conditions").last().unwrap()["reason"], "InstanceDeletionInProgress");
        let boat = bench.cluster.server().read("boats.example.com", "", "one").unwrap().unwrap();
        assert!(boat.is_deleting());
        bench.patch("boats.example.com", "one", json!({"metadata": {"finalizers": null}}));
        bench.advance(10);
        assert_eq!(bench.cluster.server().read(DEFINITIONS, "", "boats.example.com").unwrap(), None);
    }
}
