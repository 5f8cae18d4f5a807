//! How the lists and objects of the built-in types are merged: patch strategies, merge keys, list and map types.
//!
//! The API publishes these facts as extensions of its OpenAPI definitions. They are keyed here by the short name of the
//! definition (`PodSpec`) and the field, or by group, version and kind where a short name has two meanings. Custom resources
//! bring their own and are not in these tables.

use std::borrow::Cow;

/// How a strategic merge patch treats a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// Lists are merged item by item; for lists of objects by this key, for others (an empty key) by value.
    pub merge_key: Option<&'static str>,
    /// The content is replaced as a whole, also when it is an object.
    pub replace: bool,
    /// Changes name all keys that stay, so that the others go.
    pub retain_keys: bool,
}

/// What identifies the items of a list for server-side apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListType {
    /// The list has one owner as a whole.
    Atomic,
    /// Each value is an item of its own.
    Set,
    /// Items are objects identified by these fields.
    Map(Vec<Cow<'static, str>>),
}

use Written::{Merge, MergeRetain, Replace, RetainKeys};

/// The strategies that occur, as the API writes them.
#[derive(Clone, Copy)]
enum Written {
    Merge,
    MergeRetain,
    Replace,
    RetainKeys,
}

/// How strategic merge patches treat a field of a definition.
pub fn strategy(definition: &str, field: &str) -> Strategy {
    let kind = short_name(definition);
    let Ok(row) = STRATEGIES.binary_search_by(|row| (row.0, row.1).cmp(&(kind, field))) else {
        return Strategy::default();
    };
    let (_, _, key, written) = STRATEGIES[row];
    Strategy {
        merge_key: matches!(written, Merge | MergeRetain).then_some(key),
        replace: matches!(written, Replace),
        retain_keys: matches!(written, RetainKeys | MergeRetain),
    }
}

/// What identifies the items of a list field of a definition.
pub fn list_type(definition: &str, field: &str) -> ListType {
    let kind = short_name(definition);
    if let Ok(row) = MAP_LISTS.binary_search_by(|row| (row.0, row.1).cmp(&(kind, field))) {
        return ListType::Map(MAP_LISTS[row].2.iter().map(|key| Cow::Borrowed(*key)).collect());
    }
    match SET_LISTS.binary_search(&(kind, field)) {
        Ok(_) => ListType::Set,
        Err(_) => ListType::Atomic,
    }
}

/// Whether a field says about its object or map that it is one (`true`) or has parts (`false`), whatever its definition says.
pub fn is_atomic_field(definition: &str, field: &str) -> Option<bool> {
    let place = (short_name(definition), field);
    if ATOMIC_FIELDS.contains(&place) {
        return Some(true);
    }
    GRANULAR_FIELDS.contains(&place).then_some(false)
}

/// Whether objects of a definition are owned as a whole.
pub fn is_atomic_definition(definition: &str) -> bool {
    ATOMIC_DEFINITIONS.iter().any(|name| definition.strip_suffix(name).is_some_and(|group| group.ends_with('.')))
}

/// The value a key of a list item has when it is not written.
pub fn key_default(item_definition: &str, key: &str) -> Option<&'static str> {
    let item = (short_name(item_definition), key);
    KEY_DEFAULTS.iter().find(|(kind, field, _)| (*kind, *field) == item).map(|(_, _, value)| *value)
}

fn short_name(definition: &str) -> &str {
    definition.rsplit('.').next().unwrap_or(definition)
}

/// Definition, field, merge key, strategy; sorted.
const STRATEGIES: &[(&str, &str, &str, Written)] = &[
    ("APIServiceStatus", "conditions", "type", Merge),
    ("CSINodeSpec", "drivers", "name", Merge),
    ("ComponentStatus", "conditions", "type", Merge),
    ("Container", "env", "name", Merge),
    ("Container", "ports", "containerPort", Merge),
    ("Container", "volumeDevices", "devicePath", Merge),
    ("Container", "volumeMounts", "mountPath", Merge),
    ("ContainerStatus", "allocatedResourcesStatus", "name", Merge),
    ("ContainerStatus", "volumeMounts", "mountPath", Merge),
    ("DaemonSetStatus", "conditions", "type", Merge),
    ("DeploymentSpec", "strategy", "", RetainKeys),
    ("DeploymentStatus", "conditions", "type", Merge),
    ("EphemeralContainer", "env", "name", Merge),
    ("EphemeralContainer", "ports", "containerPort", Merge),
    ("EphemeralContainer", "volumeDevices", "devicePath", Merge),
    ("EphemeralContainer", "volumeMounts", "mountPath", Merge),
    ("FlowSchemaStatus", "conditions", "type", Merge),
    ("HorizontalPodAutoscalerStatus", "conditions", "type", Merge),
    ("JSONSchemaProps", "x-kubernetes-validations", "rule", Merge),
    ("JobStatus", "conditions", "type", Merge),
    ("MutatingAdmissionPolicySpec", "matchConditions", "name", Merge),
    ("MutatingWebhook", "matchConditions", "name", Merge),
    ("MutatingWebhookConfiguration", "webhooks", "name", Merge),
    ("NamespaceStatus", "conditions", "type", Merge),
    ("NodeSpec", "podCIDRs", "", Merge),
    ("NodeStatus", "addresses", "type", Merge),
    ("NodeStatus", "conditions", "type", Merge),
    ("ObjectMeta", "finalizers", "", Merge),
    ("ObjectMeta", "ownerReferences", "uid", Merge),
    ("PersistentVolumeClaimStatus", "conditions", "type", Merge),
    ("PodDisruptionBudgetSpec", "selector", "", Replace),
    ("PodDisruptionBudgetStatus", "conditions", "type", Merge),
    ("PodSpec", "containers", "name", Merge),
    ("PodSpec", "ephemeralContainers", "name", Merge),
    ("PodSpec", "hostAliases", "ip", Merge),
    ("PodSpec", "imagePullSecrets", "name", Merge),
    ("PodSpec", "initContainers", "name", Merge),
    ("PodSpec", "resourceClaims", "name", MergeRetain),
    ("PodSpec", "schedulingGates", "name", Merge),
    ("PodSpec", "topologySpreadConstraints", "topologyKey", Merge),
    ("PodSpec", "volumes", "name", MergeRetain),
    ("PodStatus", "conditions", "type", Merge),
    ("PodStatus", "hostIPs", "ip", Merge),
    ("PodStatus", "podIPs", "ip", Merge),
    ("PodStatus", "resourceClaimStatuses", "name", MergeRetain),
    ("PriorityLevelConfigurationStatus", "conditions", "type", Merge),
    ("ReplicaSetStatus", "conditions", "type", Merge),
    ("ReplicationControllerStatus", "conditions", "type", Merge),
    ("ResourceClaimStatus", "reservedFor", "uid", Merge),
    ("ServiceAccount", "secrets", "name", Merge),
    ("ServiceCIDRStatus", "conditions", "type", Merge),
    ("ServiceSpec", "ports", "port", Merge),
    ("ServiceStatus", "conditions", "type", Merge),
    ("StatefulSetStatus", "conditions", "type", Merge),
    ("ValidatingAdmissionPolicySpec", "matchConditions", "name", Merge),
    ("ValidatingAdmissionPolicySpec", "variables", "name", Merge),
    ("ValidatingWebhook", "matchConditions", "name", Merge),
    ("ValidatingWebhookConfiguration", "webhooks", "name", Merge),
];

/// Definition, field, keys of the items; sorted.
const MAP_LISTS: &[(&str, &str, &[&str])] = &[
    ("APIServiceStatus", "conditions", &["type"]),
    ("AllocatedDeviceStatus", "conditions", &["type"]),
    ("CSINodeSpec", "drivers", &["name"]),
    ("CertificateSigningRequestStatus", "conditions", &["type"]),
    ("ComponentStatus", "conditions", &["type"]),
    ("Container", "env", &["name"]),
    ("Container", "ports", &["containerPort", "protocol"]),
    ("Container", "volumeDevices", &["devicePath"]),
    ("Container", "volumeMounts", &["mountPath"]),
    ("ContainerStatus", "allocatedResourcesStatus", &["name"]),
    ("ContainerStatus", "volumeMounts", &["mountPath"]),
    ("CustomResourceDefinitionStatus", "conditions", &["type"]),
    ("DaemonSetStatus", "conditions", &["type"]),
    ("DeploymentStatus", "conditions", &["type"]),
    ("EphemeralContainer", "env", &["name"]),
    ("EphemeralContainer", "ports", &["containerPort", "protocol"]),
    ("EphemeralContainer", "volumeDevices", &["devicePath"]),
    ("EphemeralContainer", "volumeMounts", &["mountPath"]),
    ("FlowSchemaStatus", "conditions", &["type"]),
    ("HorizontalPodAutoscalerStatus", "conditions", &["type"]),
    ("JSONSchemaProps", "x-kubernetes-validations", &["rule"]),
    ("MutatingAdmissionPolicySpec", "matchConditions", &["name"]),
    ("MutatingWebhook", "matchConditions", &["name"]),
    ("MutatingWebhookConfiguration", "webhooks", &["name"]),
    ("NamespaceStatus", "conditions", &["type"]),
    ("NodeStatus", "addresses", &["type"]),
    ("NodeStatus", "conditions", &["type"]),
    ("ObjectMeta", "ownerReferences", &["uid"]),
    ("PersistentVolumeClaimStatus", "conditions", &["type"]),
    ("PodDisruptionBudgetStatus", "conditions", &["type"]),
    ("PodSpec", "containers", &["name"]),
    ("PodSpec", "ephemeralContainers", &["name"]),
    ("PodSpec", "hostAliases", &["ip"]),
    ("PodSpec", "imagePullSecrets", &["name"]),
    ("PodSpec", "initContainers", &["name"]),
    ("PodSpec", "resourceClaims", &["name"]),
    ("PodSpec", "schedulingGates", &["name"]),
    ("PodSpec", "topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("PodSpec", "volumes", &["name"]),
    ("PodStatus", "conditions", &["type"]),
    ("PodStatus", "podIPs", &["ip"]),
    ("PodStatus", "resourceClaimStatuses", &["name"]),
    ("PriorityLevelConfigurationStatus", "conditions", &["type"]),
    ("ReplicaSetStatus", "conditions", &["type"]),
    ("ReplicationControllerStatus", "conditions", &["type"]),
    ("ResourceClaimStatus", "devices", &["driver", "device", "pool", "shareID"]),
    ("ResourceClaimStatus", "reservedFor", &["uid"]),
    ("ResourceRequirements", "claims", &["name"]),
    ("ResourceStatus", "resources", &["resourceID"]),
    ("ServiceAccount", "secrets", &["name"]),
    ("ServiceCIDRStatus", "conditions", &["type"]),
    ("ServiceSpec", "ports", &["port", "protocol"]),
    ("ServiceStatus", "conditions", &["type"]),
    ("StatefulSetStatus", "conditions", &["type"]),
    ("ValidatingAdmissionPolicySpec", "matchConditions", &["name"]),
    ("ValidatingAdmissionPolicySpec", "variables", &["name"]),
    ("ValidatingAdmissionPolicyStatus", "conditions", &["type"]),
    ("ValidatingWebhook", "matchConditions", &["name"]),
    ("ValidatingWebhookConfiguration", "webhooks", &["name"]),
];

/// Lists whose values are the items; sorted.
const SET_LISTS: &[(&str, &str)] = &[
    ("CSIDriverSpec", "volumeLifecycleModes"),
    ("ContainerRestartRuleOnExitCodes", "values"),
    ("Endpoint", "addresses"),
    ("NodeAllocatableResourceClaimStatus", "containers"),
    ("NodeSpec", "podCIDRs"),
    ("NonResourcePolicyRule", "nonResourceURLs"),
    ("NonResourcePolicyRule", "verbs"),
    ("ObjectMeta", "finalizers"),
    ("PodFailurePolicyOnExitCodesRequirement", "values"),
    ("ResourcePolicyRule", "apiGroups"),
    ("ResourcePolicyRule", "namespaces"),
    ("ResourcePolicyRule", "resources"),
    ("ResourcePolicyRule", "verbs"),
    ("UncountedTerminatedPods", "failed"),
    ("UncountedTerminatedPods", "succeeded"),
    ("ValidatingAdmissionPolicyBindingSpec", "validationActions"),
];

/// Maps that have one owner although maps have many.
const ATOMIC_FIELDS: &[(&str, &str)] = &[
    ("PodSpec", "nodeSelector"),
    ("ReplicationControllerSpec", "selector"),
    ("Scheduling", "nodeSelector"),
    ("ServiceSpec", "selector"),
];

/// Objects that have many owners although their definition has one.
const GRANULAR_FIELDS: &[(&str, &str)] =
    &[("PersistentVolumeClaimStatus", "allocatedResourceStatuses"), ("PersistentVolumeSpec", "claimRef")];

/// Definitions whose objects have one owner: group, version and kind.
const ATOMIC_DEFINITIONS: &[&str] = &[
    "admissionregistration.v1.MatchResources",
    "admissionregistration.v1.NamedRuleWithOperations",
    "admissionregistration.v1.ParamKind",
    "admissionregistration.v1.ParamRef",
    "admissionregistration.v1.Variable",
    "autoscaling.v1.CrossVersionObjectReference",
    "core.v1.ConfigMapKeySelector",
    "core.v1.EndpointAddress",
    "core.v1.EndpointPort",
    "core.v1.FileKeySelector",
    "core.v1.LocalObjectReference",
    "core.v1.NodeSelector",
    "core.v1.NodeSelectorTerm",
    "core.v1.ObjectFieldSelector",
    "core.v1.ObjectReference",
    "core.v1.ResourceFieldSelector",
    "core.v1.ScopeSelector",
    "core.v1.SecretKeySelector",
    "core.v1.SecretReference",
    "core.v1.TopologySelectorTerm",
    "core.v1.TypedLocalObjectReference",
    "discovery.v1.EndpointPort",
    "meta.v1.LabelSelector",
    "meta.v1.OwnerReference",
    "networking.v1.ServiceBackendPort",
    "rbac.v1.RoleRef",
    "rbac.v1.Subject",
];

/// Item definition, key, value when absent.
const KEY_DEFAULTS: &[(&str, &str, &str)] = &[("ContainerPort", "protocol", "TCP"), ("ServicePort", "protocol", "TCP")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn the_tables_name_existing_fields() {
        let schema = Schema::builtin();
        let fields = |kind: &str, field: &str| {
            let named = schema.names().filter(|name| short_name(name) == kind);
            named.filter(|name| schema.definition(name).unwrap().field(field).is_some()).count()
        };
        let rows = STRATEGIES.iter().map(|row| (row.0, row.1)).chain(MAP_LISTS.iter().map(|row| (row.0, row.1)));
        for (kind, field) in rows.chain([SET_LISTS, ATOMIC_FIELDS, GRANULAR_FIELDS].concat()) {
            assert!(fields(kind, field) > 0, "{kind}.{field}");
        }
    }

    #[test]
    fn the_tables_are_sorted() {
        assert!(STRATEGIES.is_sorted_by_key(|row| (row.0, row.1)));
        assert!(MAP_LISTS.is_sorted_by_key(|row| (row.0, row.1)));
        assert!(SET_LISTS.is_sorted());
    }

    #[test]
    fn well_known_fields_have_their_rules() {
        let containers = strategy("io.k8s.api.core.v1.PodSpec", "containers");
        assert_eq!(containers, Strategy { merge_key: Some("name"), ..Strategy::default() });
        assert!(strategy("DeploymentSpec", "strategy").retain_keys);
        assert_eq!(strategy("PodSpec", "tolerations"), Strategy::default());
        assert_eq!(list_type("ServiceSpec", "ports"), ListType::Map(vec!["port".into(), "protocol".into()]));
        assert_eq!(list_type("ObjectMeta", "finalizers"), ListType::Set);
        assert!(is_atomic_definition("io.k8s.api.rbac.v1.Subject"));
        assert!(!is_atomic_definition("io.k8s.api.flowcontrol.v1.Subject"));
    }
}
