//! The schema against what is known of the API.

use crate::json::{Map, Value};

use super::*;

/// The OpenAPI definitions of a real server, where they are present.
pub(super) fn shared_definitions() -> Option<Map> {
    let text = std::fs::read_to_string(shared("api/schema-definitions.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// A file or folder of the shared data.
pub(super) fn shared(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path)
}

#[test]
fn roots_lead_to_definitions() {
    let schema = Schema::builtin();
    assert_eq!(schema.root("apps", "v1", "Deployment"), Some("io.k8s.api.apps.v1.Deployment"));
    assert_eq!(schema.root("", "v1", "Pod"), Some("io.k8s.api.core.v1.Pod"));
    assert_eq!(
        schema.root("autoscaling", "v2", "HorizontalPodAutoscaler"),
        Some("io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler")
    );
    assert_eq!(schema.root("apps", "v1beta1", "Deployment"), None);
    for (group, version, kind) in schema.kinds() {
        let name = schema.root(group, version, kind).unwrap();
        assert_eq!(schema.definition(name).unwrap().short_name(), kind, "{name}");
    }
}

#[test]
fn fields_have_types() {
    let schema = Schema::builtin();
    let container = schema.definition("io.k8s.api.core.v1.Container").unwrap();
    let ty = |name: &str| container.field(name).unwrap().ty.clone();
    assert_eq!(ty("image"), Type::String);
    assert_eq!(ty("args"), Type::List(Box::new(Type::String)));
    assert_eq!(ty("resources"), Type::Object("io.k8s.api.core.v1.ResourceRequirements"));
    assert!(container.field("name").unwrap().required);
    assert!(container.field("imagee").is_none());
    let of = |definition: &str, name: &str| schema.definition(definition).unwrap().field(name).unwrap().ty.clone();
    assert_eq!(of("io.k8s.api.apps.v1.DeploymentSpec", "replicas"), Type::Integer(Width::I32));
    assert_eq!(of("io.k8s.api.apps.v1.RollingUpdateDeployment", "maxSurge"), Type::IntOrString);
    assert_eq!(of("io.k8s.api.core.v1.ResourceRequirements", "limits"), Type::Map(Box::new(Type::Quantity)));
    assert_eq!(of("io.k8s.api.core.v1.Secret", "data"), Type::Map(Box::new(Type::Bytes)));
    assert_eq!(of("io.k8s.api.coordination.v1.LeaseSpec", "renewTime"), Type::MicroTime);
    assert_eq!(of("io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry", "fieldsV1"), Type::Any);
}

#[test]
fn walkers_see_shapes() {
    let schema = Schema::builtin();
    assert_eq!(schema.field("io.k8s.api.core.v1.Pod", "spec"), Some(Shape::Object("io.k8s.api.core.v1.PodSpec")));
    assert_eq!(
        schema.field("io.k8s.api.core.v1.PodSpec", "containers"),
        Some(Shape::List(&Type::Object("io.k8s.api.core.v1.Container")))
    );
    assert_eq!(schema.field("io.k8s.api.core.v1.ConfigMap", "data"), Some(Shape::Map(&Type::String)));
    assert_eq!(schema.field("io.k8s.api.core.v1.PodSpec", "nope"), None);
}

#[test]
fn the_schema_agrees_with_the_openapi_document() {
    let Some(definitions) = shared_definitions() else { return };
    let schema = Schema::builtin();
    for name in schema.names() {
        let document = &definitions[name];
        let definition = schema.definition(name).unwrap();
        let fields: Vec<&str> = definition.fields.iter().map(|field| field.name).collect();
        let known: Vec<&str> =
            document["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(fields, known, "{name}");
        for field in &definition.fields {
            let required = document["required"].as_array().is_some_and(|list| list.iter().any(|key| key == field.name));
            assert_eq!(field.required, required, "{name}.{}", field.name);
        }
    }
}

#[test]
fn every_kind_of_discovery_has_a_root() {
    let Ok(folder) = std::fs::read_dir(shared("api/discovery")) else { return };
    for file in folder {
        let document: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let (group, version) =
            document["groupVersion"].as_str().map_or(("", ""), |gv| gv.split_once('/').unwrap_or(("", gv)));
        for resource in document["resources"].as_array().into_iter().flatten() {
            let text = |key: &str, default| resource[key].as_str().unwrap_or(default);
            let (group, version, kind) = (text("group", group), text("version", version), text("kind", ""));
            if !kind.ends_with("Options") {
                assert!(Schema::builtin().root(group, version, kind).is_some(), "{group}/{version} {kind}");
            }
        }
    }
}
