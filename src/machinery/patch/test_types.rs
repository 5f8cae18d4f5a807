//! Types for tests: a hand-made corner of the built-in types, and the published definitions where they are at hand.

use super::{FieldType, Types};
use serde_json::{Map, Value};

/// The published OpenAPI definitions, when the shared data is there.
pub(crate) fn published_definitions() -> Option<Map<String, Value>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/api/schema-definitions.json");
    let text = std::fs::read_to_string(path).ok()?;
    match serde_json::from_str(&text).unwrap() {
        Value::Object(definitions) => Some(definitions),
        other => panic!("definitions are an object, not {other}"),
    }
}

/// The few definitions that the tests of patches need, written down by hand.
pub(crate) struct SmallTypes;

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

/// Names of test roots.
pub(crate) fn deployment() -> FieldType {
    FieldType::Object(DEPLOYMENT.to_owned())
}

/// The type of a ConfigMap.
pub(crate) fn config_map() -> FieldType {
    FieldType::Object("io.k8s.api.core.v1.ConfigMap".to_owned())
}

impl Types for SmallTypes {
    fn field(&self, definition: &str, field: &str) -> FieldType {
        let object = |name: &str| FieldType::Object(format!("io.k8s.api.core.v1.{name}"));
        let list = |item| FieldType::List(Box::new(item));
        let strings = || FieldType::Map(Box::new(FieldType::String));
        let kind = definition.rsplit('.').next().unwrap();
        match (kind, field) {
            ("Deployment", "spec") => object("DeploymentSpec"),
            ("Deployment" | "PodTemplateSpec" | "ConfigMap", "metadata") => object("ObjectMeta"),
            ("Deployment" | "ConfigMap", "apiVersion" | "kind") => FieldType::String,
            ("ConfigMap", "data") | ("ObjectMeta", "labels" | "annotations") => strings(),
            ("ObjectMeta", "finalizers") => list(FieldType::String),
            ("ObjectMeta", "name" | "namespace" | "uid") => FieldType::String,
            ("ObjectMeta", "ownerReferences") => {
                list(FieldType::Object("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference".to_owned()))
            }
            ("DeploymentSpec", "replicas" | "revisionHistoryLimit") => FieldType::Number,
            ("DeploymentSpec", "paused") => FieldType::Boolean,
            ("DeploymentSpec", "selector") => {
                FieldType::Object("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector".to_owned())
            }
            ("LabelSelector", "matchLabels") => strings(),
            ("DeploymentSpec", "template") => object("PodTemplateSpec"),
            ("DeploymentSpec", "strategy") => object("DeploymentStrategy"),
            ("DeploymentStrategy", "type") => FieldType::String,
            ("DeploymentStrategy", "rollingUpdate") => object("RollingUpdateDeployment"),
            ("RollingUpdateDeployment", _) => FieldType::Any,
            ("PodTemplateSpec", "spec") => object("PodSpec"),
            ("PodSpec", "containers" | "initContainers") => list(object("Container")),
            ("PodSpec", "volumes") => list(object("Volume")),
            ("PodSpec", "tolerations") => list(object("Toleration")),
            ("PodSpec", "nodeSelector") => strings(),
            ("Container", "name" | "image") => FieldType::String,
            ("Container", "args" | "command") => list(FieldType::String),
            ("Container", "env") => list(object("EnvVar")),
            ("Container", "ports") => list(object("ContainerPort")),
            ("EnvVar", "name" | "value") | ("ContainerPort", "name" | "protocol") => FieldType::String,
            ("ContainerPort", "containerPort") => FieldType::Number,
            ("Volume", "name") => FieldType::String,
            ("Volume", "emptyDir" | "hostPath") => object("VolumeSource"),
            ("VolumeSource", "path" | "medium") => FieldType::String,
            ("Toleration", "key" | "operator") => FieldType::String,
            _ => FieldType::Unknown,
        }
    }
}
