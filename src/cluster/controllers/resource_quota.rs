//! ResourceQuotas: counts the resources used in a namespace (`pkg/controller/resourcequota`).
//!
//! Requests are refused by the admission plugin of the API server, which also charges them; this controller recounts.

use std::collections::{BTreeMap, BTreeSet};

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::admission::resource_quota::usage;
use crate::store::{Change, ChangeKind};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::sim::{Duration, Time};
use kctl_kinds::shared::pod_spec::resources::{Amounts, add};

/// The controller; its keys are quotas.
pub(super) const CONTROLLER: Controller = Controller {
    name: "resourcequota-controller",
    watches: &[Watch::primary(QUOTAS), Watch::mapped("*", quotas_of_namespace)],
    reconcile,
};

const QUOTAS: &str = "resourcequotas";
/// Parts of the status of a pod that change with its resources in a resize.
const USED_BY_POD: [&str; 4] =
    ["/status/containerStatuses", "/status/initContainerStatuses", "/status/resources", "/status/allocatedResources"];

/// Maps a change of an object to the quotas of its namespace, if its usage may have changed.
fn quotas_of_namespace(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let namespace = change.object.namespace();
    if namespace.is_empty() || change.key.resource.starts_with("events") {
        return Ok(Vec::new());
    }
    let quotas = ctx.list(QUOTAS, Some(namespace))?;
    if quotas.is_empty() || !affects_usage(change) {
        return Ok(Vec::new());
    }
    Ok(quotas.iter().map(|q| Key::of(q)).collect())
}

/// Returns `true` when a change may affect the usage.
fn affects_usage(change: &Change) -> bool {
    if change.kind != ChangeKind::Modified {
        return true;
    }
    let differs =
        |pointer: &str| change.old.as_ref().map(|o| o.pointer(pointer)) != Some(change.object.pointer(pointer));
    match change.key.resource.as_str() {
        "pods" => {
            ["/spec", "/status/phase", "/metadata/deletionTimestamp"].into_iter().any(differs)
                || change.object.generation() > 1 && USED_BY_POD.into_iter().any(differs)
        }
        "services" | "persistentvolumeclaims" => differs("/spec"),
        _ => false,
    }
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(quota) = ctx.get_key(QUOTAS, key)?.filter(|q| !q.is_deleting()) else { return Ok(Action::AwaitChange) };
    let hard = quota.strings("/spec/hard");
    let mut used = Amounts::new();
    // A pod past its deadline no longer counts, without any change of it.
    let mut next: Option<Time> = None;
    let resources: BTreeSet<String> = hard.keys().map(|k| usage::counted_resource(k)).collect();
    for resource in resources {
        if ctx.server().catalog().by_resource(&resource).is_none() {
            continue;
        }
        let limits: Vec<&String> = hard.keys().filter(|k| usage::counted_resource(k) == resource).collect();
        used.extend(limits.iter().map(|k| ((*k).clone(), Quantity::ZERO)));
        for object in ctx.list(&resource, Some(&key.namespace))? {
            if !usage::in_scope(&quota, &resource, &object) {
                continue;
            }
            let mut own = usage::of(&resource, &object, ctx.now);
            own.retain(|name, _| limits.contains(&name));
            add(&mut used, &own);
            let overdue = usage::overdue_at(&object).filter(|at| resource == "pods" && *at >= ctx.now);
            next = [next, overdue].into_iter().flatten().min();
        }
    }
    update_status(ctx, &quota, &used)?;
    Ok(next.map_or(Action::AwaitChange, |at| Action::RequeueAt(at + Duration::from_secs(1))))
}

/// Writes the status if it has changed.
fn update_status(ctx: &mut Context<'_>, quota: &Object, used: &Amounts) -> Result<()> {
    let mut new = quota.clone();
    let amounts: BTreeMap<&String, String> = used.iter().map(|(k, v)| (k, v.canonical())).collect();
    new.put("/status/hard", quota.pointer("/spec/hard").cloned().unwrap_or_else(|| json!({})));
    new.put("/status/used", json!(amounts));
    if new != *quota {
        ctx.update_status(QUOTAS, new)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use crate::api::{Propagation, Request};
    use crate::controllers::shared::testing::{Bench, pod};
    use kctl_base::object::ValueRead;

    #[test]
    fn a_quota_counts_usage_and_requests_beyond_it_are_refused() {
        let mut bench = Bench::open();
        let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "purse"},
            "spec": {"hard": {"pods": "2", "requests.cpu": "1", "count/configmaps": "3", "services.nodeports": "0"}}});
        bench.create("resourcequotas", quota);
        let used = |bench: &mut Bench| bench.get("resourcequotas", "purse")["status"]["used"].clone();
        let none = json!({"count/configmaps": "1", "pods": "0", "requests.cpu": "0", "services.nodeports": "0"});
        assert_eq!(used(&mut bench), none, "every namespace has its root certificate");
        let refused = |bench: &mut Bench, resource: &str, object: Value| {
            bench.cluster.handle(&Request::create(resource, "default", object)).expect_err("refused").message
        };
        assert_eq!(
            refused(&mut bench, "pods", pod("a", json!({}))),
            "pods \"a\" is forbidden: failed quota: purse: must specify requests.cpu for: c"
        );
        let range = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"},
            "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "200m"}}]}});
        bench.create("limitranges", range);
        bench.create("pods", pod("a", json!({})));
        bench.create("pods", pod("b", json!({})));
        assert_eq!(
            refused(&mut bench, "pods", pod("c", json!({}))),
            "pods \"c\" is forbidden: exceeded quota: purse, requested: pods=1, used: pods=2, limited: pods=2"
        );
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "np"},
            "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
        assert!(
            refused(&mut bench, "services", service).ends_with(
                "requested: services.nodeports=1, used: services.nodeports=0, limited: services.nodeports=0"
            )
        );
        let dry = Request::create("pods", "default", pod("a", json!({}))).dry_run(true);
        bench.cluster.handle(&dry).expect_err("there is one");
        bench.delete("pods", "b", Propagation::Background);
        bench.advance(5);
        let dry = Request::create("pods", "default", pod("c", json!({}))).dry_run(true);
        bench.cluster.handle(&dry).expect("there is room again");
        assert_eq!(used(&mut bench).str("/pods"), "1", "a dry run is not charged");
        assert_eq!(used(&mut bench).str("/requests.cpu"), "200m");
    }
}
