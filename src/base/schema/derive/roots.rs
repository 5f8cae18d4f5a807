//! The kinds that the server has, and all definitions that they refer to.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, authentication::v1 as authentication,
    authorization::v1 as authorization, autoscaling, batch::v1 as batch, certificates::v1 as certificates,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery, events::v1 as events,
    flowcontrol::v1 as flowcontrol, networking::v1 as networking, node::v1 as node, policy::v1 as policy,
    rbac::v1 as rbac, resource::v1 as resource, scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

/// JSON schemas by definition name.
pub(super) type Definitions = BTreeMap<String, Value>;

/// Definition names by (group, version, kind).
pub(super) type Roots = BTreeMap<(String, String, String), String>;

struct Collector {
    generator: SchemaGenerator,
    roots: Roots,
}

impl Collector {
    fn kind<T: Resource + JsonSchema>(&mut self) {
        self.named::<T>(T::GROUP, T::VERSION, T::KIND);
    }

    fn named<T: JsonSchema>(&mut self, group: &str, version: &str, kind: &str) {
        self.generator.subschema_for::<T>();
        self.roots.insert((group.into(), version.into(), kind.into()), T::schema_name().into_owned());
    }
}

macro_rules! kinds {
    ($collector:ident: $($module:path { $($kind:ident),+ $(,)? })+) => {
        $( { use $module as module; $( $collector.kind::<module::$kind>(); )+ } )+
    };
}

/// Collects the schemas of all kinds from the crate.
pub(super) fn collect() -> (Roots, Definitions) {
    let mut collector = Collector { generator: SchemaSettings::draft2020_12().into_generator(), roots: Roots::new() };
    core_and_workloads(&mut collector);
    other_groups(&mut collector);
    collector.named::<meta::APIResourceList>("", "v1", "APIResourceList");
    collector.named::<meta::DeleteOptions>("", "v1", "DeleteOptions");
    collector.named::<meta::Status>("", "v1", "Status");
    let definitions = collector.generator.take_definitions(true).into_iter().collect();
    (collector.roots, definitions)
}

fn core_and_workloads(collector: &mut Collector) {
    kinds! { collector:
        core {
            Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume,
            PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount,
        }
        apps { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet }
        batch { CronJob, Job }
        autoscaling::v1 { HorizontalPodAutoscaler, Scale }
        autoscaling::v2 { HorizontalPodAutoscaler }
        policy { Eviction, PodDisruptionBudget }
        scheduling { PriorityClass }
    }
}

fn other_groups(collector: &mut Collector) {
    kinds! { collector:
        admission {
            MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration,
            ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
        }
        apiextensions { CustomResourceDefinition }
        apiregistration { APIService }
        authentication { SelfSubjectReview, TokenRequest, TokenReview }
        authorization { LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview }
        certificates { CertificateSigningRequest }
        coordination { Lease }
        discovery { EndpointSlice }
        events { Event }
        flowcontrol { FlowSchema, PriorityLevelConfiguration }
        networking { IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR }
        node { RuntimeClass }
        rbac { ClusterRole, ClusterRoleBinding, Role, RoleBinding }
        resource { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice }
        storage { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass }
    }
}
