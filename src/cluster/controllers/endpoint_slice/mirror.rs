//! Mirrors Endpoints that are written by hand, for a Service without selector, to EndpointSlices
//! (`pkg/controller/endpointslicemirroring`).

use super::{MANAGED_BY, SERVICE_NAME, SliceTemplate, apply, ports, slices_of};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};

/// The mirroring controller; its keys are Endpoints and the Services of the same names.
pub(crate) const CONTROLLER: Controller = Controller {
    name: "endpoint-slice-mirroring-controller",
    watches: &[Watch::primary("endpoints"), Watch::primary("services")],
    reconcile,
};

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
const ENDPOINTS_MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let service = ctx.get_key("services", key)?;
    let has_service = service.is_some_and(|s| s.map("/spec/selector").is_none_or(Map::is_empty));
    let endpoints = ctx.get_key("endpoints", key)?;
    let present = slices_of(ctx, key, MANAGER)?;
    let Some(endpoints) = endpoints.filter(|e| has_service && is_mirrored(e)) else {
        for slice in present {
            ctx.delete(super::SLICES, &slice)?;
        }
        return Ok(Action::AwaitChange);
    };
    let mut labels: Map = endpoints.labels().into_iter().map(|(k, v)| (k, v.into())).collect();
    labels.insert(SERVICE_NAME, key.name.as_str().into());
    labels.insert(MANAGED_BY, MANAGER.into());
    let template = SliceTemplate {
        labels,
        owner: OwnerReference::controller(&endpoints),
        namespace: endpoints.namespace(),
        name: endpoints.name(),
    };
    apply(ctx, &template, &present, groups(&endpoints))?;
    Ok(Action::AwaitChange)
}

/// Returns `true` when Endpoints are to be mirrored (`shouldMirror`).
fn is_mirrored(endpoints: &Object) -> bool {
    !endpoints.is_deleting()
        && endpoints.label(SKIP) != Some("true")
        && endpoints.label(ENDPOINTS_MANAGED_BY).is_none()
        && endpoints.annotation(LEADER).is_none()
}

/// Returns one group of endpoints for each subset.
fn groups(endpoints: &Object) -> Vec<(Value, Vec<Value>)> {
    let port = |p: &Value| {
        let mut port = p.clone();
        port.put_default("/name", "");
        port
    };
    let subset = |subset: &Value| {
        let list = |field: &str, ready: bool| -> Vec<Value> {
            subset.list(field).iter().map(|a| endpoint(a, ready)).collect()
        };
        let all = [list("/addresses", true), list("/notReadyAddresses", false)].concat();
        (ports::sorted(subset.list("/ports").iter().map(port).collect()), all)
    };
    endpoints.list("/subsets").iter().map(subset).collect()
}

fn endpoint(address: &Value, ready: bool) -> Value {
    let mut endpoint = json!({"addresses": [address.str("/ip")], "conditions": {"ready": ready}});
    for field in ["hostname", "nodeName", "targetRef"] {
        if let Some(value) = address.get(field) {
            endpoint[field] = value.clone();
        }
    }
    endpoint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_becomes_a_group() {
        let endpoints = json!({"subsets": [{"addresses": [{"ip": "1.2.3.4"}], "notReadyAddresses": [{"ip": "1.2.3.5"}],
            "ports": [{"port": 5432, "protocol": "TCP"}]}]});
        let groups = groups(&endpoints);
        assert_eq!(groups[0].0, json!([{"name": "", "port": 5432, "protocol": "TCP"}]));
        let ready: Vec<bool> = groups[0].1.iter().map(|e| e.flag("/conditions/ready")).collect();
        assert_eq!(ready, [true, false]);
        assert!(is_mirrored(&endpoints));
        assert!(!is_mirrored(&json!({"metadata": {"labels": {SKIP: "true"}}})));
    }
}
