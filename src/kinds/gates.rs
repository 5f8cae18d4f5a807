//! Fields behind feature gates that are off by default in v1.36: the server drops them from objects that did not use them
//! before (`DropDisabledFields` in the strategies).

use crate::{Kind, pod_spec_path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The lists of containers of a pod spec.
const CONTAINERS: [&str; 3] = ["/containers", "/initContainers", "/ephemeralContainers"];

/// Drops the disabled fields of a new object, or of an update of `old`.
pub fn drop_disabled_fields(kind: &dyn Kind, new: &mut Object, old: Option<&Object>) {
    // Most updates change the status only.
    if old.and_then(|old| old.get("spec")).is_some_and(|spec| new.get("spec") == Some(spec)) {
        return;
    }
    let names = kind.names();
    if let Some(path) = pod_spec_path(names.group, names.kind)
        && !old.and_then(|old| old.at(path)).is_some_and(has_stop_signal)
        && new.at(path).is_some_and(has_stop_signal)
    {
        drop_stop_signal(new, path);
    }
    // MaxUnavailableStatefulSet
    const UNAVAILABLE: &str = "/spec/updateStrategy/rollingUpdate/maxUnavailable";
    if names.kind == "StatefulSet" && old.is_none_or(|old| old.at(UNAVAILABLE).is_none()) {
        new.remove_at(UNAVAILABLE);
    }
}

/// Returns whether a container of a pod spec sets `lifecycle.stopSignal` (gate ContainerStopSignals).
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
}
