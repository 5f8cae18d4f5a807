//! Lookups in the built-in schema.

use super::*;

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
