//! Types for tests: a hand-made corner of the built-in types, and the published definitions where they are at hand.

use super::{FieldType, Types};
use crate::json::{Map, Value, json};

/// The published OpenAPI definitions, when the shared data is there.
pub(crate) fn published_definitions() -> Option<Map> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/api/schema-definitions.json");
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

/// All built-in types, as published.
pub(crate) struct PublishedTypes {
    definitions: Map,
}

impl PublishedTypes {
    /// The published types, when the shared data is there.
    pub(crate) fn load() -> Option<PublishedTypes> {
        published_definitions().map(|definitions| PublishedTypes { definitions })
    }

    /// The type of an object, by its version and kind.
    pub(crate) fn root_of(&self, object: &Value) -> Option<FieldType> {
        let version = object.get("apiVersion")?.as_str()?;
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let wanted = json!({"group": group, "version": version, "kind": object.get("kind")?});
        let named = |definition: &Value| {
            let names = definition["x-kubernetes-group-version-kind"].as_array();
            names.is_some_and(|names| names.contains(&wanted))
        };
        let found = self.definitions.iter().find(|(_, definition)| named(definition));
        found.map(|(name, _)| FieldType::Object(name.to_string().into()))
    }

    fn type_of(&self, schema: &Value) -> FieldType {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.trim_start_matches("#/definitions/");
            let has_fields = self.definitions[name].get("properties").is_some();
            return if has_fields { FieldType::Object(name.to_owned().into()) } else { FieldType::Any };
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("string"), Some("int-or-string")) => FieldType::Any,
            (Some("string"), _) => FieldType::String,
            (Some("integer" | "number"), _) => FieldType::Number,
            (Some("boolean"), _) => FieldType::Boolean,
            (Some("array"), _) => FieldType::List(Box::new(self.type_of(&schema["items"]))),
            (Some("object"), _) if schema.get("additionalProperties").is_some() => {
                FieldType::Map(Box::new(self.type_of(&schema["additionalProperties"])))
            }
            _ => FieldType::Any,
        }
    }
}

impl Types for PublishedTypes {
    fn field(&self, definition: &str, field: &str) -> FieldType {
        let property = self.definitions.get(definition).and_then(|content| content["properties"].get(field));
        property.map_or(FieldType::Unknown, |schema| self.type_of(schema))
    }
}

/// Manifests and what a real API server made of them, when the shared data is there.
pub(crate) fn real_objects() -> Vec<(Value, Value)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut pairs = Vec::new();
    for path in paths.iter().filter(|path| path.to_string_lossy().contains(".in.")) {
        let stem = path.to_string_lossy().split(".in.").next().unwrap().to_owned();
        let (before, after) = (documents(&path.to_string_lossy()), documents(&format!("{stem}.out.yaml")));
        if let ([before], [after]) = (before.as_slice(), after.as_slice())
            && before["kind"] == after["kind"]
            && before["metadata"]["name"].is_string()
        {
            pairs.push((before.clone(), after.clone()));
        }
    }
    pairs
}

/// The documents of a file that are objects; reading stops at what is broken.
fn documents(path: &str) -> Vec<Value> {
    use serde::Deserialize;
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let documents = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
    // A broken document is the end: the reader would repeat the error for ever.
    documents.map_while(Result::ok).filter(Value::is_object).collect()
}
