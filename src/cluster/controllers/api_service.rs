//! Reports whether the server of an APIService is there (`kube-aggregator/pkg/controllers/status`). Those without a service are
//! served here; of the others it is known whether their Service exists, but no server answers, except a metrics server.

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::Change;
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

const API_SERVICES: &str = "apiservices.apiregistration.k8s.io";
/// The APIService of a metrics server.
const METRICS: &str = "v1beta1.metrics.k8s.io";
const SLICES: &str = "endpointslices.discovery.k8s.io";
/// The label of a slice with the name of its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The type of the condition.
const AVAILABLE: &str = "Available";

/// The controller; its keys are APIServices.
pub(super) const CONTROLLER: Controller = Controller {
    name: "available-controller",
    watches: &[Watch::primary(API_SERVICES), Watch::mapped("services", users_of), Watch::mapped(SLICES, metrics_apis)],
    reconcile,
};

/// Maps a Service to the APIServices that it serves.
fn users_of(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let (namespace, name) = (change.object.namespace(), change.object.name());
    let all = ctx.list(API_SERVICES, None)?;
    let users = all
        .iter()
        .filter(|api| api.str("/spec/service/namespace") == namespace && api.str("/spec/service/name") == name);
    Ok(users.map(|api| Key::of(api)).collect())
}

/// Maps a slice of endpoints to the APIService of the metrics server, if it is of its Service.
fn metrics_apis(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let Some(api) = ctx.get(API_SERVICES, "", METRICS)? else { return Ok(Vec::new()) };
    let service = change.object.label(SERVICE_NAME).unwrap_or_default();
    let is_of =
        api.str("/spec/service/name") == service && api.str("/spec/service/namespace") == change.object.namespace();
    Ok(is_of.then(|| Key::of(&api)).into_iter().collect())
}

/// Returns whether a Service has an endpoint that is ready.
fn has_endpoint(ctx: &mut Context<'_>, namespace: &str, name: &str) -> Result<bool> {
    let slices = ctx.list(SLICES, Some(namespace))?;
    let of_service = slices.iter().filter(|slice| slice.label(SERVICE_NAME) == Some(name));
    let is_ready = |endpoint: &Value| endpoint.flag("/conditions/ready");
    Ok(of_service.flat_map(|slice| slice.list("/endpoints")).any(is_ready))
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(api) = ctx.get_key(API_SERVICES, key)?.filter(|api| !api.is_deleting()) else {
        return Ok(Action::AwaitChange);
    };
    let (namespace, name) = (api.str("/spec/service/namespace"), api.str("/spec/service/name"));
    let (status, reason, message) = if api.at("/spec/service").is_none() {
        (ConditionStatus::True, "Local", "Local APIServices are always available".to_string())
    } else if ctx.get("services", namespace, name)?.is_none() {
        let message = format!("service/{name} in {namespace:?} is not present");
        (ConditionStatus::False, "ServiceNotFound", message)
    } else if api.name() == METRICS && has_endpoint(ctx, namespace, name)? {
        (ConditionStatus::True, "Passed", "all checks passed".to_string())
    } else {
        // Nobody has asked the service, so that nothing is known, and what was known before no longer holds.
        if condition::condition(&api, AVAILABLE).is_some() {
            let mut new = (*api).clone();
            new.list_mut("/status/conditions").retain(|condition| condition.str("/type") != AVAILABLE);
            ctx.update_status(API_SERVICES, new)?;
        }
        return Ok(Action::AwaitChange);
    };
    let available = Condition { type_: AVAILABLE, status, reason, message: &message, observed_generation: None };
    let mut new = (*api).clone();
    let mut status = new.get("status").cloned().unwrap_or_else(|| json!({}));
    if condition::set(&mut status, available, ctx.now) {
        new["status"] = status;
        ctx.update_status(API_SERVICES, new)?;
    }
    Ok(Action::AwaitChange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Request;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn local_ones_are_available_and_others_need_their_service() {
        let mut bench = Bench::open();
        let spec = json!({"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100,
                          "versionPriority": 100, "service": {"namespace": "default", "name": "metrics"}});
        let remote = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
                            "metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": spec});
        bench.cluster.handle(&Request::create(API_SERVICES, "", remote)).expect("an APIService");
        let available = |bench: &mut Bench, name: &str| {
            let api = bench.cluster.server().read(API_SERVICES, "", name).expect("a read").expect("the APIService");
            condition::condition(&api, "Available").map(|c| c.str("/reason").to_string()).unwrap_or_default()
        };
        assert_eq!(available(&mut bench, "v1.apps"), "Local");
        assert_eq!(available(&mut bench, "v1beta1.metrics.k8s.io"), "ServiceNotFound");
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics"},
                             "spec": {"ports": [{"port": 443}]}});
        bench.create("services", service);
        assert_eq!(available(&mut bench, "v1beta1.metrics.k8s.io"), "", "nobody has asked it");
    }
}
