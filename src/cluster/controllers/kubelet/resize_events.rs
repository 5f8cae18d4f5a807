//! Events about resizes: what was asked for, as JSON (`pkg/kubelet/events/resize.go`).

use serde::Serialize;

use super::pod_sync::PodEvent;
use kctl_base::json::{Map, Value};
use kctl_base::object::{Object, ValueRead};

/// A step of a resize.
pub(super) enum ResizeStep {
    /// The resources have been allocated.
    Started,
    /// All containers have their new resources.
    Completed,
    /// The node has no room at present.
    Deferred { reason: String, message: String },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Resources>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    init_containers: Vec<Container<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    containers: Vec<Container<'a>>,
    generation: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    resources: Resources,
}

/// `ResourceRequirements`, in the order of its fields.
#[derive(Serialize)]
struct Resources {
    #[serde(skip_serializing_if = "Map::is_empty")]
    limits: Map,
    #[serde(skip_serializing_if = "Map::is_empty")]
    requests: Map,
}

impl Resources {
    fn of(owner: &Value) -> Resources {
        let list = |pointer: &str| owner.map(pointer).cloned().unwrap_or_default();
        Resources { limits: list("/resources/limits"), requests: list("/resources/requests") }
    }
}

/// Returns the event about a step of the resize that a generation of a pod asked for.
pub(super) fn event(pod: &Object, generation: i64, step: &ResizeStep) -> PodEvent {
    let (reason, is_warning, prefix, error) = match step {
        ResizeStep::Started => ("ResizeStarted", false, "Pod resize started".to_string(), ""),
        ResizeStep::Completed => ("ResizeCompleted", false, "Pod resize completed".into(), ""),
        ResizeStep::Deferred { reason, message } => {
            ("ResizeDeferred", true, format!("Pod resize {reason}"), message.as_str())
        }
    };
    let list = |pointer: &str| {
        pod.list(pointer).iter().map(|c| Container { name: c.str("/name"), resources: Resources::of(c) })
    };
    let summary = Summary {
        resources: pod.at("/spec/resources").map(|_| Resources::of(&pod["spec"])),
        init_containers: list("/spec/initContainers").collect(),
        containers: list("/spec/containers").collect(),
        generation,
        error,
    };
    // Upstream, too, leaves the summary out when it cannot be serialised.
    let message = serde_json::to_string(&summary).map_or(prefix.clone(), |summary| format!("{prefix}: {summary}"));
    PodEvent { field_path: String::new(), is_warning, reason, message }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn messages_list_the_resources_in_the_order_of_the_api() {
        let pod = json!({"spec": {
            "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "1"}}}],
            "containers": [{"name": "c", "resources": {"requests": {"memory": "1Gi", "cpu": "1"}, "limits": {"cpu": "2"}}},
                {"name": "d"}],
        }});
        let step = ResizeStep::Deferred { reason: "OutOfcpu".into(), message: "no room".into() };
        assert_eq!(
            event(&pod, 2, &step).message,
            "Pod resize OutOfcpu: {\"initContainers\":[{\"name\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}],\
             \"containers\":[{\"name\":\"c\",\"resources\":{\"limits\":{\"cpu\":\"2\"},\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}},\
             {\"name\":\"d\",\"resources\":{}}],\"generation\":2,\"error\":\"no room\"}"
        );
    }
}
