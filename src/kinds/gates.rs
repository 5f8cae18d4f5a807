//! Fields behind feature gates that are off by default in v1.36: the server drops them from objects that did not use them
//! before (`DropDisabledFields` in the strategies).

use crate::{Kind, pod_spec_path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The lists of containers of a pod spec.
const CONTAINERS: [&str; 3] = ["/containers", "/initContainers", "/ephemeralContainers"];

/// Reports whether a pod spec uses a field.
type IsUsed = fn(&Value) -> bool;
/// Drops a field from the pod spec at a path of an object.
type DropField = fn(&mut Object, &str);

/// The fields of pod specs.
const POD_FIELDS: [(IsUsed, DropField); 4] = [
    // ContainerStopSignals
    (has_stop_signal, drop_stop_signal),
    // ClusterTrustBundleProjection
    (|spec| has_projection(spec, "/clusterTrustBundle"), |pod, path| drop_projection(pod, path, "/clusterTrustBundle")),
    // PodCertificateRequest
    (|spec| has_projection(spec, "/podCertificate"), |pod, path| drop_projection(pod, path, "/podCertificate")),
    // GenericWorkload
    (|spec| spec.at("/schedulingGroup").is_some(), |pod, path| drop(pod.remove_at(&format!("{path}/schedulingGroup")))),
];

/// Drops the disabled fields of a new object, or of an update of `old`.
pub fn drop_disabled_fields(kind: &dyn Kind, new: &mut Object, old: Option<&Object>) {
    // Most updates change the status only.
    if old.and_then(|old| old.get("spec")).is_some_and(|spec| new.get("spec") == Some(spec)) {
        return;
    }
    let names = kind.names();
    if let Some(path) = pod_spec_path(names.group, names.kind) {
        for (is_used, drop) in POD_FIELDS {
            let was_used = old.and_then(|old| old.at(path)).is_some_and(is_used);
            if !was_used && new.at(path).is_some_and(is_used) {
                drop(new, path);
            }
        }
    }
    // MaxUnavailableStatefulSet
    const UNAVAILABLE: &str = "/spec/updateStrategy/rollingUpdate/maxUnavailable";
    if names.kind == "StatefulSet" && old.is_none_or(|old| old.at(UNAVAILABLE).is_none()) {
        new.remove_at(UNAVAILABLE);
    }
}

/// Returns whether a projected volume of a pod spec has a source of a kind.
fn has_projection(spec: &Value, kind: &str) -> bool {
    let mut sources = spec.list("/volumes").iter().flat_map(|volume| volume.list("/projected/sources"));
    sources.any(|source| source.at(kind).is_some())
}

/// Drops the sources of a kind from the projected volumes; empty ones stay in their place.
fn drop_projection(object: &mut Object, path: &str, kind: &str) {
    let volumes = object.items_mut(&format!("{path}/volumes"));
    for source in volumes.flat_map(|volume| volume.items_mut("/projected/sources")) {
        source.remove_at(kind);
    }
}

/// Returns whether a container of a pod spec sets `lifecycle.stopSignal`.
fn has_stop_signal(spec: &Value) -> bool {
    CONTAINERS.iter().flat_map(|list| spec.list(list)).any(|container| container.at("/lifecycle/stopSignal").is_some())
}

/// Drops the stop signals, and the lifecycles that have nothing else.
fn drop_stop_signal(object: &mut Object, path: &str) {
    for list in CONTAINERS {
        for container in object.items_mut(&format!("{path}{list}")) {
            container.remove_at("/lifecycle/stopSignal");
            if container.map("/lifecycle").is_some_and(|lifecycle| lifecycle.is_empty()) {
                container.remove_at("/lifecycle");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::Catalog;

    #[test]
    fn disabled_fields_stay_only_where_they_were_used() {
        let catalog = Catalog::new(Vec::new());
        let pods = catalog.by_resource("pods").expect("pods are served");
        let pod = |lifecycle: Value| json!({"spec": {"containers": [{"name": "c", "lifecycle": lifecycle}]}});
        let signal = json!({"stopSignal": "SIGUSR1"});
        let mut new = pod(signal.clone());
        drop_disabled_fields(&*pods, &mut new, None);
        assert_eq!(new["spec"]["containers"][0], json!({"name": "c"}));
        let mut kept = pod(signal.clone());
        drop_disabled_fields(&*pods, &mut kept, Some(&pod(signal)));
        assert_eq!(kept["spec"]["containers"][0]["lifecycle"]["stopSignal"], "SIGUSR1");
    }

    #[test]
    fn disabled_fields_of_templates_are_dropped_one_by_one() {
        let catalog = Catalog::new(Vec::new());
        let deployments = catalog.by_resource("deployments.apps").expect("deployments are served");
        let deployment = |sources: Value| {
            json!({"spec": {"template": {"spec": {"schedulingGroup": {"podGroupName": "g"},
                "volumes": [{"name": "v", "projected": {"sources": sources}}]}}}})
        };
        let bundle = json!({"clusterTrustBundle": {"name": "ca", "path": "ca.pem"}});
        let certificate = json!({"podCertificate": {"signerName": "a.com/b", "keyType": "ED25519"}});
        let mut new = deployment(json!([{"configMap": {"name": "m"}}, bundle, certificate]));
        let old = json!({"spec": {"template": {"spec": {
            "volumes": [{"name": "w", "projected": {"sources": [certificate]}}]}}}});
        drop_disabled_fields(&*deployments, &mut new, Some(&old));
        let kept = json!({"volumes": [{"name": "v", "projected": {"sources":
            [{"configMap": {"name": "m"}}, {}, certificate]}}]});
        assert_eq!(new["spec"]["template"]["spec"], kept);
    }
}
