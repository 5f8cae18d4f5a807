//! The values of the downward API: fields of the pod and resources of a container, for variables and files
//! (`pkg/fieldpath`, `pkg/api/v1/resource`).

use kctl_base::go::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;

use super::PodPlace;

/// Returns the value of a `fieldRef`; `None` for a field that does not exist.
pub(super) fn field(pod: &Object, place: &PodPlace, path: &str) -> Option<String> {
    if let Some((base, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        let map = pod.strings(pointer_of(base)?);
        return Some(map.get(key).cloned().unwrap_or_default());
    }
    Some(match path {
        "metadata.labels" | "metadata.annotations" => lines(pod, pointer_of(path)?),
        "metadata.name" => pod.name().to_owned(),
        "metadata.namespace" => pod.namespace().to_owned(),
        "metadata.uid" => pod.uid().to_owned(),
        "spec.nodeName" => pod.str("/spec/nodeName").to_owned(),
        "spec.serviceAccountName" => pod.str("/spec/serviceAccountName").to_owned(),
        "status.podIP" | "status.podIPs" => place.ip.clone(),
        "status.hostIP" | "status.hostIPs" => place.host_ip.clone(),
        _ => return None,
    })
}

fn pointer_of(base: &str) -> Option<&'static str> {
    match base {
        "metadata.labels" => Some("/metadata/labels"),
        "metadata.annotations" => Some("/metadata/annotations"),
        _ => None,
    }
}

/// Formats a map as the kubelet does: a line `key="value"` for each entry (`FormatMap`).
fn lines(pod: &Object, pointer: &str) -> String {
    let lines: Vec<String> =
        pod.strings(pointer).iter().map(|(key, value)| format!("{key}={}", quote(value))).collect();
    lines.join("\n")
}

/// Returns the value of a `resourceFieldRef`: of the named container, or else of `own`. A limit that is not set is what the
/// node can allocate (`ExtractContainerResourceValue`, `MergeContainerResourceLimits`).
pub(super) fn resource(pod: &Object, place: &PodPlace, own: &Value, reference: &Value) -> String {
    let named = reference.str("/containerName");
    let lists = ["/spec/containers", "/spec/initContainers"];
    let found = lists.iter().flat_map(|list| pod.list(list)).find(|container| container.str("/name") == named);
    let container = if named.is_empty() { own } else { found.unwrap_or(own) };
    let full = reference.str("/resource");
    let (part, name) = full.split_once('.').unwrap_or(("limits", full));
    let amount = quantity(container.pointer("/resources").and_then(|r| r.get(part)).and_then(|map| map.get(name)));
    let amount = match (part, &amount) {
        ("limits", None) if ["cpu", "memory", "ephemeral-storage"].contains(&name) => {
            quantity(place.allocatable.get(name))
        }
        _ => amount,
    };
    let amount = amount.unwrap_or(Quantity::ZERO);
    let divisor = quantity(reference.get("divisor")).filter(|divisor| !divisor.is_zero());
    let (amount, divisor) = match name {
        "cpu" => (amount.milli_value(), divisor.map_or(1000, |divisor| divisor.milli_value())),
        _ => (amount.value(), divisor.map_or(1, |divisor| divisor.value())),
    };
    (amount as f64 / divisor as f64).ceil().to_string()
}

/// Parses a quantity.
pub(super) fn quantity(value: Option<&Value>) -> Option<Quantity> {
    value.and_then(|value| Quantity::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn place() -> PodPlace {
        PodPlace {
            ip: "10.244.1.2".into(),
            host_ip: "192.168.0.1".into(),
            allocatable: json!({"cpu": "8", "memory": "16Gi"}),
            ..PodPlace::default()
        }
    }

    #[test]
    fn fields_have_the_values_of_the_kubelet() {
        let pod = json!({"metadata": {"name": "p", "uid": "u", "labels": {"b": "x\"y", "a": "1"}}});
        for (path, expected) in [
            ("metadata.name", "p"),
            ("metadata.labels", "a=\"1\"\nb=\"x\\\"y\""),
            ("metadata.labels['a']", "1"),
            ("metadata.annotations['none']", ""),
            ("status.podIP", "10.244.1.2"),
            ("status.hostIP", "192.168.0.1"),
        ] {
            assert_eq!(field(&pod, &place(), path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(field(&pod, &place(), "spec.other"), None);
    }

    #[test]
    fn resources_are_divided_and_rounded_up() {
        let own = json!({"name": "c", "resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "64Mi"}}});
        let pod = json!({"spec": {"containers": [own.clone()]}});
        for (reference, expected) in [
            (json!({"resource": "requests.cpu"}), "1"),
            (json!({"resource": "requests.cpu", "divisor": "1m"}), "250"),
            (json!({"resource": "limits.memory", "divisor": "1Mi", "containerName": "c"}), "64"),
            (json!({"resource": "limits.memory"}), "67108864"),
            (json!({"resource": "limits.cpu"}), "8"),
            (json!({"resource": "requests.memory", "divisor": "0"}), "0"),
        ] {
            assert_eq!(resource(&pod, &place(), &own, &reference), expected, "{reference:?}");
        }
    }
}
