//! What an object of a built-in kind contains before anything is set.
//!
//! The API server compares a new object with an empty one of its type, and an empty one already has the objects that cannot
//! be absent (`spec`, `spec.template`, ...). So nobody becomes the owner of those objects themselves, only of what is in them,
//! while an object that can be absent (`metadata.labels`) is owned by whoever adds it.

use crate::json::{Map, Value};
use crate::patch::{FieldType, Types};

/// Fields that every top-level object has.
const TOP_LEVEL: [&str; 3] = ["metadata", "spec", "status"];

/// Fields of other definitions that cannot be absent.
const ALWAYS_THERE: &[(&str, &str)] = &[
    ("Binding", "target"),
    ("CronJobSpec", "jobTemplate"),
    ("CustomResourceDefinitionSpec", "names"),
    ("CustomResourceDefinitionStatus", "acceptedNames"),
    ("DaemonSetSpec", "template"),
    ("DaemonSetSpec", "updateStrategy"),
    ("DeploymentSpec", "strategy"),
    ("DeploymentSpec", "template"),
    ("HorizontalPodAutoscalerSpec", "scaleTargetRef"),
    ("IngressStatus", "loadBalancer"),
    ("JobSpec", "template"),
    ("JobTemplateSpec", "metadata"),
    ("JobTemplateSpec", "spec"),
    ("NetworkPolicySpec", "podSelector"),
    ("NodeDaemonEndpoints", "kubeletEndpoint"),
    ("NodeStatus", "daemonEndpoints"),
    ("NodeStatus", "nodeInfo"),
    ("PersistentVolumeClaimSpec", "resources"),
    ("PodSpec", "containers"),
    ("PodTemplate", "template"),
    ("PodTemplateSpec", "metadata"),
    ("PodTemplateSpec", "spec"),
    ("ReplicaSetSpec", "template"),
    ("ServiceStatus", "loadBalancer"),
    ("StatefulSetSpec", "template"),
    ("StatefulSetSpec", "updateStrategy"),
];

/// The fields of a built-in type that cannot be absent.
fn always_there(types: &(impl Types + ?Sized), definition: &str) -> Vec<&'static str> {
    // Only what comes from the API itself is compiled into types; an object of a custom resource starts with nothing.
    if !definition.starts_with("io.k8s.") {
        return Vec::new();
    }
    let kind = definition.rsplit('.').next().unwrap_or(definition);
    let mut fields: Vec<&str> = ALWAYS_THERE.iter().filter(|(of, _)| *of == kind).map(|(_, field)| *field).collect();
    if is_top_level(types, definition) {
        fields.extend(TOP_LEVEL);
    }
    fields
}

/// Whether objects of a definition stand by themselves.
fn is_top_level(types: &(impl Types + ?Sized), definition: &str) -> bool {
    ["apiVersion", "metadata"].iter().all(|field| types.field(definition, field) != FieldType::Unknown)
}

/// An empty object of a type.
pub(super) fn zero_object(types: &(impl Types + ?Sized), holds: &FieldType) -> Value {
    let Some(definition) = holds.definition() else { return Value::Object(Map::new()) };
    let mut fields = Map::new();
    for field in always_there(types, definition) {
        let content = match types.field(definition, field) {
            FieldType::Unknown => continue,
            FieldType::List(_) => Value::Null,
            inner => zero_object(types, &inner),
        };
        fields.insert(field.to_owned(), content);
    }
    Value::Object(fields)
}
