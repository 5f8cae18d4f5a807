//! Types for tests: the few definitions that the tests of patches and managed fields need.

use super::{FieldType, Types};

/// The few definitions that the tests of patches need, written down by hand.
pub(crate) struct SmallTypes;

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

/// Names of test roots.
pub(crate) fn deployment() -> FieldType {
    FieldType::Object(DEPLOYMENT.into())
}

/// The type of a ConfigMap.
pub(crate) fn config_map() -> FieldType {
    FieldType::Object("io.k8s.api.core.v1.ConfigMap".into())
}

impl Types for SmallTypes {
    fn field(&self, definition: &str, field: &str) -> FieldType {
        let object = |name: &str| FieldType::Object(format!("io.k8s.api.core.v1.{name}").into());
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
                list(FieldType::Object("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference".into()))
            }
            ("DeploymentSpec", "replicas" | "revisionHistoryLimit") => FieldType::Number,
            ("DeploymentSpec", "paused") => FieldType::Boolean,
            ("DeploymentSpec", "selector") => {
                FieldType::Object("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector".into())
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
