//! How lists and maps of the built-in definitions merge in server-side apply: as maps by keys, as sets, or as one value.
//!
//! The facts are a table of ours, because the types of the build do not carry them. What is not in it follows the
//! default of server-side apply: lists are atomic, maps and objects are granular. Patch strategies are another table.

use super::table_name;

/// How a list merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListType {
    /// As one value.
    Atomic,
    /// As a set of scalars.
    Set,
    /// As a map whose keys are these fields of its elements.
    Map(&'static [&'static str]),
}

/// How a field that holds a list merges; atomic when nothing else is said.
pub fn list_type(definition: &str, field: &str) -> ListType {
    match entry(definition, field) {
        Some(Entry { merge: Merge::Set, .. }) => ListType::Set,
        Some(Entry { merge: Merge::Keys(keys), .. }) => ListType::Map(keys),
        _ => ListType::Atomic,
    }
}

/// Whether what a field holds merges as one value although it is a map or an object; `target` is the definition of the
/// object, whose own rule counts where the field has none.
pub fn is_atomic_map(definition: &str, field: &str, target: Option<&str>) -> bool {
    match entry(definition, field) {
        Some(entry) => matches!(entry.merge, Merge::Atomic),
        None => target.is_some_and(is_atomic_definition),
    }
}

/// Whether all objects of a definition merge as one value.
pub fn is_atomic_definition(definition: &str) -> bool {
    matches!(entry(definition, "*"), Some(Entry { merge: Merge::Atomic, .. }))
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    field: &'static str,
    merge: Merge,
}

#[derive(Debug, Clone, Copy)]
enum Merge {
    Atomic,
    Granular,
    Set,
    Keys(&'static [&'static str]),
}

fn entry(definition: &str, field: &str) -> Option<Entry> {
    let name = table_name(definition);
    let at = LIST_TYPES.binary_search_by(|row| row.0.cmp(name)).ok()?;
    LIST_TYPES[at].1.split(' ').filter_map(read_entry).find(|entry| entry.field == field)
}

fn read_entry(text: &'static str) -> Option<Entry> {
    if let Some((field, keys)) = text.split_once('=') {
        let keys = KEYS.iter().find(|known| known.0 == keys)?.1;
        return Some(Entry { field, merge: Merge::Keys(keys) });
    }
    let (field, kind) = text.split_once(':')?;
    let merge = match kind {
        "atomic" => Merge::Atomic,
        "granular" => Merge::Granular,
        "set" => Merge::Set,
        _ => return None,
    };
    Some(Entry { field, merge })
}

/// Every combination of keys that occurs.
const KEYS: &[(&str, &[&str])] = &[
    ("containerPort,protocol", &["containerPort", "protocol"]),
    ("devicePath", &["devicePath"]),
    ("driver,device,pool,shareID", &["driver", "device", "pool", "shareID"]),
    ("ip", &["ip"]),
    ("mountPath", &["mountPath"]),
    ("name", &["name"]),
    ("port,protocol", &["port", "protocol"]),
    ("resourceID", &["resourceID"]),
    ("rule", &["rule"]),
    ("topologyKey,whenUnsatisfiable", &["topologyKey", "whenUnsatisfiable"]),
    ("type", &["type"]),
    ("uid", &["uid"]),
];

/// Definition, then `field=keys`, `field:set`, `field:atomic` or `field:granular`; `*` stands for the definition itself. Sorted.
#[rustfmt::skip]
const LIST_TYPES: &[(&str, &str)] = &[
    ("admissionregistration.v1.MatchResources", "*:atomic excludeResourceRules:atomic resourceRules:atomic"),
    ("admissionregistration.v1.MutatingAdmissionPolicySpec", "matchConditions=name mutations:atomic variables:atomic"),
    ("admissionregistration.v1.MutatingWebhook", "admissionReviewVersions:atomic matchConditions=name rules:atomic"),
    ("admissionregistration.v1.MutatingWebhookConfiguration", "webhooks=name"),
    ("admissionregistration.v1.NamedRuleWithOperations", "*:atomic apiGroups:atomic apiVersions:atomic operations:atomic resourceNames:atomic resources:atomic"),
    ("admissionregistration.v1.ParamKind", "*:atomic"),
    ("admissionregistration.v1.ParamRef", "*:atomic"),
    ("admissionregistration.v1.RuleWithOperations", "apiGroups:atomic apiVersions:atomic operations:atomic resources:atomic"),
    ("admissionregistration.v1.TypeChecking", "expressionWarnings:atomic"),
    ("admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec", "validationActions:set"),
    ("admissionregistration.v1.ValidatingAdmissionPolicySpec", "auditAnnotations:atomic matchConditions=name validations:atomic variables=name"),
    ("admissionregistration.v1.ValidatingAdmissionPolicyStatus", "conditions=type"),
    ("admissionregistration.v1.ValidatingWebhook", "admissionReviewVersions:atomic matchConditions=name rules:atomic"),
    ("admissionregistration.v1.ValidatingWebhookConfiguration", "webhooks=name"),
    ("admissionregistration.v1.Variable", "*:atomic"),
    ("apiextensions.v1.CustomResourceDefinitionNames", "categories:atomic shortNames:atomic"),
    ("apiextensions.v1.CustomResourceDefinitionSpec", "versions:atomic"),
    ("apiextensions.v1.CustomResourceDefinitionStatus", "conditions=type storedVersions:atomic"),
    ("apiextensions.v1.CustomResourceDefinitionVersion", "additionalPrinterColumns:atomic selectableFields:atomic"),
    ("apiextensions.v1.JSONSchemaProps", "allOf:atomic anyOf:atomic enum:atomic oneOf:atomic required:atomic x-kubernetes-list-map-keys:atomic x-kubernetes-validations=rule"),
    ("apiextensions.v1.WebhookConversion", "conversionReviewVersions:atomic"),
    ("apiregistration.v1.APIServiceSpec", "caBundle:atomic"),
    ("apiregistration.v1.APIServiceStatus", "conditions=type"),
    ("apps.v1.DaemonSetStatus", "conditions=type"),
    ("apps.v1.DeploymentStatus", "conditions=type"),
    ("apps.v1.ReplicaSetStatus", "conditions=type"),
    ("apps.v1.StatefulSetSpec", "volumeClaimTemplates:atomic"),
    ("apps.v1.StatefulSetStatus", "conditions=type"),
    ("authentication.v1.TokenRequestSpec", "audiences:atomic"),
    ("authentication.v1.TokenReviewSpec", "audiences:atomic"),
    ("authentication.v1.TokenReviewStatus", "audiences:atomic"),
    ("authentication.v1.UserInfo", "groups:atomic"),
    ("authorization.v1.FieldSelectorAttributes", "requirements:atomic"),
    ("authorization.v1.LabelSelectorAttributes", "requirements:atomic"),
    ("authorization.v1.NonResourceRule", "nonResourceURLs:atomic verbs:atomic"),
    ("authorization.v1.ResourceRule", "apiGroups:atomic resourceNames:atomic resources:atomic verbs:atomic"),
    ("authorization.v1.SubjectAccessReviewSpec", "groups:atomic"),
    ("authorization.v1.SubjectRulesReviewStatus", "nonResourceRules:atomic resourceRules:atomic"),
    ("autoscaling.v1.CrossVersionObjectReference", "*:atomic"),
    ("autoscaling.v2.HPAScalingRules", "policies:atomic"),
    ("autoscaling.v2.HorizontalPodAutoscalerSpec", "metrics:atomic"),
    ("autoscaling.v2.HorizontalPodAutoscalerStatus", "conditions=type currentMetrics:atomic"),
    ("batch.v1.CronJobStatus", "active:atomic"),
    ("batch.v1.JobStatus", "conditions:atomic"),
    ("batch.v1.PodFailurePolicy", "rules:atomic"),
    ("batch.v1.PodFailurePolicyOnExitCodesRequirement", "values:set"),
    ("batch.v1.PodFailurePolicyRule", "onPodConditions:atomic"),
    ("batch.v1.SuccessPolicy", "rules:atomic"),
    ("batch.v1.UncountedTerminatedPods", "failed:set succeeded:set"),
    ("certificates.v1.CertificateSigningRequestSpec", "groups:atomic usages:atomic"),
    ("certificates.v1.CertificateSigningRequestStatus", "conditions=type"),
    ("core.v1.Capabilities", "add:atomic drop:atomic"),
    ("core.v1.CephFSPersistentVolumeSource", "monitors:atomic"),
    ("core.v1.CephFSVolumeSource", "monitors:atomic"),
    ("core.v1.ComponentStatus", "conditions=type"),
    ("core.v1.ConfigMapKeySelector", "*:atomic"),
    ("core.v1.ConfigMapProjection", "items:atomic"),
    ("core.v1.ConfigMapVolumeSource", "items:atomic"),
    ("core.v1.Container", "args:atomic command:atomic env=name envFrom:atomic ports=containerPort,protocol resizePolicy:atomic restartPolicyRules:atomic volumeDevices=devicePath volumeMounts=mountPath"),
    ("core.v1.ContainerImage", "names:atomic"),
    ("core.v1.ContainerRestartRuleOnExitCodes", "values:set"),
    ("core.v1.ContainerStatus", "allocatedResourcesStatus=name volumeMounts=mountPath"),
    ("core.v1.DownwardAPIProjection", "items:atomic"),
    ("core.v1.DownwardAPIVolumeSource", "items:atomic"),
    ("core.v1.EndpointAddress", "*:atomic"),
    ("core.v1.EndpointPort", "*:atomic"),
    ("core.v1.EndpointSubset", "addresses:atomic notReadyAddresses:atomic ports:atomic"),
    ("core.v1.Endpoints", "subsets:atomic"),
    ("core.v1.EphemeralContainer", "args:atomic command:atomic env=name envFrom:atomic ports=containerPort,protocol resizePolicy:atomic restartPolicyRules:atomic volumeDevices=devicePath volumeMounts=mountPath"),
    ("core.v1.ExecAction", "command:atomic"),
    ("core.v1.FCVolumeSource", "targetWWNs:atomic wwids:atomic"),
    ("core.v1.FileKeySelector", "*:atomic"),
    ("core.v1.HTTPGetAction", "httpHeaders:atomic"),
    ("core.v1.HostAlias", "hostnames:atomic"),
    ("core.v1.ISCSIPersistentVolumeSource", "portals:atomic"),
    ("core.v1.ISCSIVolumeSource", "portals:atomic"),
    ("core.v1.LimitRangeSpec", "limits:atomic"),
    ("core.v1.LinuxContainerUser", "supplementalGroups:atomic"),
    ("core.v1.LoadBalancerIngress", "ports:atomic"),
    ("core.v1.LoadBalancerStatus", "ingress:atomic"),
    ("core.v1.LocalObjectReference", "*:atomic"),
    ("core.v1.NamespaceSpec", "finalizers:atomic"),
    ("core.v1.NamespaceStatus", "conditions=type"),
    ("core.v1.NodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution:atomic"),
    ("core.v1.NodeAllocatableResourceClaimStatus", "containers:set"),
    ("core.v1.NodeSelector", "*:atomic nodeSelectorTerms:atomic"),
    ("core.v1.NodeSelectorRequirement", "values:atomic"),
    ("core.v1.NodeSelectorTerm", "*:atomic matchExpressions:atomic matchFields:atomic"),
    ("core.v1.NodeSpec", "podCIDRs:set taints:atomic"),
    ("core.v1.NodeStatus", "addresses=type conditions=type declaredFeatures:atomic images:atomic runtimeHandlers:atomic volumesAttached:atomic volumesInUse:atomic"),
    ("core.v1.ObjectFieldSelector", "*:atomic"),
    ("core.v1.ObjectReference", "*:atomic"),
    ("core.v1.PersistentVolumeClaimSpec", "accessModes:atomic"),
    ("core.v1.PersistentVolumeClaimStatus", "accessModes:atomic allocatedResourceStatuses:granular conditions=type"),
    ("core.v1.PersistentVolumeSpec", "accessModes:atomic claimRef:granular mountOptions:atomic"),
    ("core.v1.PodAffinity", "preferredDuringSchedulingIgnoredDuringExecution:atomic requiredDuringSchedulingIgnoredDuringExecution:atomic"),
    ("core.v1.PodAffinityTerm", "matchLabelKeys:atomic mismatchLabelKeys:atomic namespaces:atomic"),
    ("core.v1.PodAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution:atomic requiredDuringSchedulingIgnoredDuringExecution:atomic"),
    ("core.v1.PodDNSConfig", "nameservers:atomic options:atomic searches:atomic"),
    ("core.v1.PodExtendedResourceClaimStatus", "requestMappings:atomic"),
    ("core.v1.PodSecurityContext", "supplementalGroups:atomic sysctls:atomic"),
    ("core.v1.PodSpec", "containers=name ephemeralContainers=name hostAliases=ip imagePullSecrets=name initContainers=name nodeSelector:atomic readinessGates:atomic resourceClaims=name schedulingGates=name tolerations:atomic topologySpreadConstraints=topologyKey,whenUnsatisfiable volumes=name"),
    ("core.v1.PodStatus", "conditions=type containerStatuses:atomic ephemeralContainerStatuses:atomic hostIPs:atomic initContainerStatuses:atomic nodeAllocatableResourceClaimStatuses:atomic podIPs=ip resourceClaimStatuses=name"),
    ("core.v1.ProjectedVolumeSource", "sources:atomic"),
    ("core.v1.RBDPersistentVolumeSource", "monitors:atomic"),
    ("core.v1.RBDVolumeSource", "monitors:atomic"),
    ("core.v1.ReplicationControllerSpec", "selector:atomic"),
    ("core.v1.ReplicationControllerStatus", "conditions=type"),
    ("core.v1.ResourceFieldSelector", "*:atomic"),
    ("core.v1.ResourceQuotaSpec", "scopes:atomic"),
    ("core.v1.ResourceRequirements", "claims=name"),
    ("core.v1.ResourceStatus", "resources=resourceID"),
    ("core.v1.ScopeSelector", "*:atomic matchExpressions:atomic"),
    ("core.v1.ScopedResourceSelectorRequirement", "values:atomic"),
    ("core.v1.SecretKeySelector", "*:atomic"),
    ("core.v1.SecretProjection", "items:atomic"),
    ("core.v1.SecretReference", "*:atomic"),
    ("core.v1.SecretVolumeSource", "items:atomic"),
    ("core.v1.ServiceAccount", "imagePullSecrets:atomic secrets=name"),
    ("core.v1.ServiceSpec", "clusterIPs:atomic externalIPs:atomic ipFamilies:atomic loadBalancerSourceRanges:atomic ports=port,protocol selector:atomic"),
    ("core.v1.ServiceStatus", "conditions=type"),
    ("core.v1.TopologySelectorLabelRequirement", "values:atomic"),
    ("core.v1.TopologySelectorTerm", "*:atomic matchLabelExpressions:atomic"),
    ("core.v1.TopologySpreadConstraint", "matchLabelKeys:atomic"),
    ("core.v1.TypedLocalObjectReference", "*:atomic"),
    ("discovery.v1.Endpoint", "addresses:set"),
    ("discovery.v1.EndpointHints", "forNodes:atomic forZones:atomic"),
    ("discovery.v1.EndpointPort", "*:atomic"),
    ("discovery.v1.EndpointSlice", "endpoints:atomic ports:atomic"),
    ("flowcontrol.v1.FlowSchemaSpec", "rules:atomic"),
    ("flowcontrol.v1.FlowSchemaStatus", "conditions=type"),
    ("flowcontrol.v1.NonResourcePolicyRule", "nonResourceURLs:set verbs:set"),
    ("flowcontrol.v1.PolicyRulesWithSubjects", "nonResourceRules:atomic resourceRules:atomic subjects:atomic"),
    ("flowcontrol.v1.PriorityLevelConfigurationStatus", "conditions=type"),
    ("flowcontrol.v1.ResourcePolicyRule", "apiGroups:set namespaces:set resources:set verbs:set"),
    ("meta.v1.DeleteOptions", "dryRun:atomic"),
    ("meta.v1.FieldSelectorRequirement", "values:atomic"),
    ("meta.v1.LabelSelector", "*:atomic matchExpressions:atomic"),
    ("meta.v1.LabelSelectorRequirement", "values:atomic"),
    ("meta.v1.ObjectMeta", "finalizers:set managedFields:atomic ownerReferences=uid"),
    ("meta.v1.OwnerReference", "*:atomic"),
    ("meta.v1.StatusDetails", "causes:atomic"),
    ("networking.v1.HTTPIngressRuleValue", "paths:atomic"),
    ("networking.v1.IPBlock", "except:atomic"),
    ("networking.v1.IngressLoadBalancerIngress", "ports:atomic"),
    ("networking.v1.IngressLoadBalancerStatus", "ingress:atomic"),
    ("networking.v1.IngressSpec", "rules:atomic tls:atomic"),
    ("networking.v1.IngressTLS", "hosts:atomic"),
    ("networking.v1.NetworkPolicyEgressRule", "ports:atomic to:atomic"),
    ("networking.v1.NetworkPolicyIngressRule", "from:atomic ports:atomic"),
    ("networking.v1.NetworkPolicySpec", "egress:atomic ingress:atomic policyTypes:atomic"),
    ("networking.v1.ServiceBackendPort", "*:atomic"),
    ("networking.v1.ServiceCIDRSpec", "cidrs:atomic"),
    ("networking.v1.ServiceCIDRStatus", "conditions=type"),
    ("node.v1.Scheduling", "nodeSelector:atomic tolerations:atomic"),
    ("policy.v1.PodDisruptionBudgetStatus", "conditions=type"),
    ("rbac.v1.AggregationRule", "clusterRoleSelectors:atomic"),
    ("rbac.v1.ClusterRole", "rules:atomic"),
    ("rbac.v1.ClusterRoleBinding", "subjects:atomic"),
    ("rbac.v1.PolicyRule", "apiGroups:atomic nonResourceURLs:atomic resourceNames:atomic resources:atomic verbs:atomic"),
    ("rbac.v1.Role", "rules:atomic"),
    ("rbac.v1.RoleBinding", "subjects:atomic"),
    ("rbac.v1.RoleRef", "*:atomic"),
    ("rbac.v1.Subject", "*:atomic"),
    ("resource.v1.AllocatedDeviceStatus", "conditions=type"),
    ("resource.v1.CapacityRequestPolicy", "validValues:atomic"),
    ("resource.v1.Device", "bindingConditions:atomic bindingFailureConditions:atomic consumesCounters:atomic taints:atomic"),
    ("resource.v1.DeviceAllocationConfiguration", "requests:atomic"),
    ("resource.v1.DeviceAllocationResult", "config:atomic results:atomic"),
    ("resource.v1.DeviceAttribute", "bools:atomic ints:atomic strings:atomic versions:atomic"),
    ("resource.v1.DeviceClaim", "config:atomic constraints:atomic requests:atomic"),
    ("resource.v1.DeviceClaimConfiguration", "requests:atomic"),
    ("resource.v1.DeviceClassSpec", "config:atomic selectors:atomic"),
    ("resource.v1.DeviceConstraint", "requests:atomic"),
    ("resource.v1.DeviceRequest", "firstAvailable:atomic"),
    ("resource.v1.DeviceRequestAllocationResult", "bindingConditions:atomic bindingFailureConditions:atomic tolerations:atomic"),
    ("resource.v1.DeviceSubRequest", "selectors:atomic tolerations:atomic"),
    ("resource.v1.ExactDeviceRequest", "selectors:atomic tolerations:atomic"),
    ("resource.v1.NetworkDeviceData", "ips:atomic"),
    ("resource.v1.ResourceClaimStatus", "devices=driver,device,pool,shareID reservedFor=uid"),
    ("resource.v1.ResourceSliceSpec", "devices:atomic sharedCounters:atomic"),
    ("storage.v1.CSIDriverSpec", "tokenRequests:atomic volumeLifecycleModes:set"),
    ("storage.v1.CSINodeDriver", "topologyKeys:atomic"),
    ("storage.v1.CSINodeSpec", "drivers=name"),
    ("storage.v1.StorageClass", "allowedTopologies:atomic mountOptions:atomic"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;
    use crate::schema::{Schema, tests::shared_definitions};

    #[test]
    fn the_table_is_sorted_and_its_keys_are_known() {
        assert!(LIST_TYPES.is_sorted_by(|a, b| a.0 < b.0));
        for (definition, row) in LIST_TYPES {
            for text in row.split(' ') {
                assert!(read_entry(text).is_some(), "{definition}: {text}");
            }
        }
    }

    #[test]
    fn lookups() {
        let pod = "io.k8s.api.core.v1.PodSpec";
        assert_eq!(list_type(pod, "containers"), ListType::Map(&["name"]));
        assert_eq!(list_type("io.k8s.api.core.v1.Container", "ports"), ListType::Map(&["containerPort", "protocol"]));
        assert_eq!(list_type(pod, "tolerations"), ListType::Atomic);
        assert_eq!(list_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "finalizers"), ListType::Set);
        assert!(is_atomic_map(pod, "nodeSelector", None));
        assert!(is_atomic_definition("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"));
        assert!(!is_atomic_definition(pod));
        let reference = Some("io.k8s.api.core.v1.ObjectReference");
        assert!(is_atomic_map("io.k8s.api.core.v1.EndpointAddress", "targetRef", reference));
        assert!(!is_atomic_map("io.k8s.api.core.v1.PersistentVolumeSpec", "claimRef", reference));
    }

    #[test]
    fn the_table_agrees_with_the_openapi_document() {
        let Some(definitions) = shared_definitions() else { return };
        for name in Schema::builtin().names() {
            let Some(definition) = definitions.get(name) else { continue };
            assert_eq!(is_atomic_definition(name), definition["x-kubernetes-map-type"] == "atomic", "{name}");
            for (field, property) in definition["properties"].as_object().into_iter().flatten() {
                assert_eq!(is_atomic_map(name, field, None), is_atomic(property), "{name}.{field}");
                let keys: Vec<&str> = property["x-kubernetes-list-map-keys"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|key| key.as_str())
                    .collect();
                match property["x-kubernetes-list-type"].as_str() {
                    Some("map") => assert!(
                        matches!(list_type(name, field), ListType::Map(known) if known == keys),
                        "{name}.{field}"
                    ),
                    Some("set") => assert_eq!(list_type(name, field), ListType::Set, "{name}.{field}"),
                    _ => assert_eq!(list_type(name, field), ListType::Atomic, "{name}.{field}"),
                }
            }
        }
    }

    fn is_atomic(property: &Value) -> bool {
        property["x-kubernetes-map-type"] == "atomic" || property["x-kubernetes-list-type"] == "atomic"
    }
}
