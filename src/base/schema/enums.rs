//! Named string types: their Go names, and the values that the API lists for them.
//!
//! The values serve documentation and completion. The decoder accepts any string, and validation decides.

use super::{short_name, table_name};

/// Returns the Go type of a string field or of the items of its list; `string` if it has no named type.
pub(crate) fn go_type(definition: &str, field: &str) -> &'static str {
    row(definition, field).map_or("string", |row| row.2)
}

/// Returns the enum values of a field or of the items of its list, sorted; empty if there are none.
pub fn values(definition: &str, field: &str) -> &'static [&'static str] {
    row(definition, field).map_or(&[], |row| row.3)
}

/// Returns whether a Go type has an enum value.
#[cfg(test)]
pub(super) fn is_value(go_type: &str, value: &str) -> bool {
    NAMED.iter().any(|row| row.2 == go_type && row.3.contains(&value))
}

/// Returns the Go type of a definition, such as `v1.Container`.
pub(crate) fn go_struct(definition: &str) -> String {
    let version = table_name(definition).split('.').nth(1).unwrap_or_default();
    format!("{version}.{}", short_name(definition))
}

type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

fn row(definition: &str, field: &str) -> Option<&'static Row> {
    let key = (table_name(definition), field);
    let at = NAMED.binary_search_by(|row| (row.0, row.1).cmp(&key)).ok()?;
    NAMED.get(at)
}

/// The signals of Linux and Windows.
const SIGNALS: &[&str] = &[
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMAX-1",
    "SIGRTMAX-10",
    "SIGRTMAX-11",
    "SIGRTMAX-12",
    "SIGRTMAX-13",
    "SIGRTMAX-14",
    "SIGRTMAX-2",
    "SIGRTMAX-3",
    "SIGRTMAX-4",
    "SIGRTMAX-5",
    "SIGRTMAX-6",
    "SIGRTMAX-7",
    "SIGRTMAX-8",
    "SIGRTMAX-9",
    "SIGRTMIN",
    "SIGRTMIN+1",
    "SIGRTMIN+10",
    "SIGRTMIN+11",
    "SIGRTMIN+12",
    "SIGRTMIN+13",
    "SIGRTMIN+14",
    "SIGRTMIN+15",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+4",
    "SIGRTMIN+5",
    "SIGRTMIN+6",
    "SIGRTMIN+7",
    "SIGRTMIN+8",
    "SIGRTMIN+9",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

/// Definition, field, Go type, values. Sorted.
#[rustfmt::skip]
const NAMED: &[Row] = &[
    ("admissionregistration.v1.MatchResources", "matchPolicy", "v1.MatchPolicyType", &["Equivalent", "Exact"]),
    ("admissionregistration.v1.MutatingAdmissionPolicySpec", "failurePolicy", "v1.FailurePolicyType", &["Fail", "Ignore"]),
    ("admissionregistration.v1.MutatingAdmissionPolicySpec", "reinvocationPolicy", "v1.ReinvocationPolicyType", &["IfNeeded", "Never"]),
    ("admissionregistration.v1.MutatingWebhook", "failurePolicy", "v1.FailurePolicyType", &["Fail", "Ignore"]),
    ("admissionregistration.v1.MutatingWebhook", "matchPolicy", "v1.MatchPolicyType", &["Equivalent", "Exact"]),
    ("admissionregistration.v1.MutatingWebhook", "reinvocationPolicy", "v1.ReinvocationPolicyType", &["IfNeeded", "Never"]),
    ("admissionregistration.v1.MutatingWebhook", "sideEffects", "v1.SideEffectClass", &["None", "NoneOnDryRun", "Some", "Unknown"]),
    ("admissionregistration.v1.Mutation", "patchType", "v1.PatchType", &["ApplyConfiguration", "JSONPatch"]),
    ("admissionregistration.v1.NamedRuleWithOperations", "operations", "v1.OperationType", &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]),
    ("admissionregistration.v1.NamedRuleWithOperations", "scope", "v1.ScopeType", &["*", "Cluster", "Namespaced"]),
    ("admissionregistration.v1.ParamRef", "parameterNotFoundAction", "v1.ParameterNotFoundActionType", &[]),
    ("admissionregistration.v1.RuleWithOperations", "operations", "v1.OperationType", &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]),
    ("admissionregistration.v1.RuleWithOperations", "scope", "v1.ScopeType", &["*", "Cluster", "Namespaced"]),
    ("admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec", "validationActions", "v1.ValidationAction", &["Audit", "Deny", "Warn"]),
    ("admissionregistration.v1.ValidatingAdmissionPolicySpec", "failurePolicy", "v1.FailurePolicyType", &["Fail", "Ignore"]),
    ("admissionregistration.v1.ValidatingWebhook", "failurePolicy", "v1.FailurePolicyType", &["Fail", "Ignore"]),
    ("admissionregistration.v1.ValidatingWebhook", "matchPolicy", "v1.MatchPolicyType", &["Equivalent", "Exact"]),
    ("admissionregistration.v1.ValidatingWebhook", "sideEffects", "v1.SideEffectClass", &["None", "NoneOnDryRun", "Some", "Unknown"]),
    ("admissionregistration.v1.Validation", "reason", "v1.StatusReason", &[]),
    ("apiextensions.v1.CustomResourceConversion", "strategy", "v1.ConversionStrategyType", &[]),
    ("apiextensions.v1.CustomResourceDefinitionSpec", "scope", "v1.ResourceScope", &[]),
    ("apiextensions.v1.ValidationRule", "reason", "v1.FieldValueErrorReason", &["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]),
    ("apps.v1.DaemonSetUpdateStrategy", "type", "v1.DaemonSetUpdateStrategyType", &["OnDelete", "RollingUpdate"]),
    ("apps.v1.DeploymentStrategy", "type", "v1.DeploymentStrategyType", &["Recreate", "RollingUpdate"]),
    ("apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted", "v1.PersistentVolumeClaimRetentionPolicyType", &[]),
    ("apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled", "v1.PersistentVolumeClaimRetentionPolicyType", &[]),
    ("apps.v1.StatefulSetSpec", "podManagementPolicy", "v1.PodManagementPolicyType", &["OrderedReady", "Parallel"]),
    ("apps.v1.StatefulSetUpdateStrategy", "type", "v1.StatefulSetUpdateStrategyType", &["OnDelete", "RollingUpdate"]),
    ("autoscaling.v2.HPAScalingPolicy", "type", "v2.HPAScalingPolicyType", &[]),
    ("autoscaling.v2.HPAScalingRules", "selectPolicy", "v2.ScalingPolicySelect", &[]),
    ("autoscaling.v2.MetricSpec", "type", "v2.MetricSourceType", &[]),
    ("autoscaling.v2.MetricTarget", "type", "v2.MetricTargetType", &[]),
    ("batch.v1.CronJobSpec", "concurrencyPolicy", "v1.ConcurrencyPolicy", &["Allow", "Forbid", "Replace"]),
    ("batch.v1.JobSpec", "completionMode", "v1.CompletionMode", &["Indexed", "NonIndexed"]),
    ("batch.v1.JobSpec", "podReplacementPolicy", "v1.PodReplacementPolicy", &["Failed", "TerminatingOrFailed"]),
    ("batch.v1.PodFailurePolicyOnExitCodesRequirement", "operator", "v1.PodFailurePolicyOnExitCodesOperator", &["In", "NotIn"]),
    ("batch.v1.PodFailurePolicyRule", "action", "v1.PodFailurePolicyAction", &["Count", "FailIndex", "FailJob", "Ignore"]),
    ("certificates.v1.CertificateSigningRequestSpec", "usages", "v1.KeyUsage", &["any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"]),
    ("core.v1.AppArmorProfile", "type", "v1.AppArmorProfileType", &["Localhost", "RuntimeDefault", "Unconfined"]),
    ("core.v1.AzureDiskVolumeSource", "cachingMode", "v1.AzureDataDiskCachingMode", &["None", "ReadOnly", "ReadWrite"]),
    ("core.v1.AzureDiskVolumeSource", "kind", "v1.AzureDataDiskKind", &["Dedicated", "Managed", "Shared"]),
    ("core.v1.Capabilities", "add", "v1.Capability", &[]),
    ("core.v1.Capabilities", "drop", "v1.Capability", &[]),
    ("core.v1.Container", "imagePullPolicy", "v1.PullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("core.v1.Container", "restartPolicy", "v1.ContainerRestartPolicy", &[]),
    ("core.v1.Container", "terminationMessagePolicy", "v1.TerminationMessagePolicy", &["FallbackToLogsOnError", "File"]),
    ("core.v1.ContainerPort", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("core.v1.ContainerResizePolicy", "resourceName", "v1.ResourceName", &[]),
    ("core.v1.ContainerResizePolicy", "restartPolicy", "v1.ResourceResizeRestartPolicy", &[]),
    ("core.v1.ContainerStatus", "stopSignal", "v1.Signal", SIGNALS),
    ("core.v1.EmptyDirVolumeSource", "medium", "v1.StorageMedium", &[]),
    ("core.v1.EndpointPort", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("core.v1.EphemeralContainer", "imagePullPolicy", "v1.PullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("core.v1.EphemeralContainer", "restartPolicy", "v1.ContainerRestartPolicy", &[]),
    ("core.v1.EphemeralContainer", "terminationMessagePolicy", "v1.TerminationMessagePolicy", &["FallbackToLogsOnError", "File"]),
    ("core.v1.HTTPGetAction", "scheme", "v1.URIScheme", &["HTTP", "HTTPS"]),
    ("core.v1.HostPathVolumeSource", "type", "v1.HostPathType", &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"]),
    ("core.v1.ImageVolumeSource", "pullPolicy", "v1.PullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("core.v1.Lifecycle", "stopSignal", "v1.Signal", SIGNALS),
    ("core.v1.LimitRangeItem", "type", "v1.LimitType", &[]),
    ("core.v1.ModifyVolumeStatus", "status", "v1.PersistentVolumeClaimModifyVolumeStatus", &["InProgress", "Infeasible", "Pending"]),
    ("core.v1.NamespaceSpec", "finalizers", "v1.FinalizerName", &[]),
    ("core.v1.NamespaceStatus", "phase", "v1.NamespacePhase", &["Active", "Terminating"]),
    ("core.v1.NodeAddress", "type", "v1.NodeAddressType", &[]),
    ("core.v1.NodeCondition", "status", "v1.ConditionStatus", &[]),
    ("core.v1.NodeCondition", "type", "v1.NodeConditionType", &[]),
    ("core.v1.NodeSelectorRequirement", "operator", "v1.NodeSelectorOperator", &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"]),
    ("core.v1.NodeStatus", "phase", "v1.NodePhase", &["Pending", "Running", "Terminated"]),
    ("core.v1.ObjectReference", "uid", "types.UID", &[]),
    ("core.v1.PersistentVolumeClaimSpec", "accessModes", "v1.PersistentVolumeAccessMode", &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]),
    ("core.v1.PersistentVolumeClaimSpec", "volumeMode", "v1.PersistentVolumeMode", &["Block", "Filesystem"]),
    ("core.v1.PersistentVolumeClaimStatus", "accessModes", "v1.PersistentVolumeAccessMode", &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]),
    ("core.v1.PersistentVolumeClaimStatus", "phase", "v1.PersistentVolumeClaimPhase", &["Bound", "Lost", "Pending"]),
    ("core.v1.PersistentVolumeSpec", "accessModes", "v1.PersistentVolumeAccessMode", &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]),
    ("core.v1.PersistentVolumeSpec", "persistentVolumeReclaimPolicy", "v1.PersistentVolumeReclaimPolicy", &["Delete", "Recycle", "Retain"]),
    ("core.v1.PersistentVolumeSpec", "volumeMode", "v1.PersistentVolumeMode", &["Block", "Filesystem"]),
    ("core.v1.PersistentVolumeStatus", "phase", "v1.PersistentVolumePhase", &["Available", "Bound", "Failed", "Pending", "Released"]),
    ("core.v1.PodCondition", "status", "v1.ConditionStatus", &[]),
    ("core.v1.PodCondition", "type", "v1.PodConditionType", &[]),
    ("core.v1.PodOS", "name", "v1.OSName", &[]),
    ("core.v1.PodReadinessGate", "conditionType", "v1.PodConditionType", &[]),
    ("core.v1.PodSecurityContext", "fsGroupChangePolicy", "v1.PodFSGroupChangePolicy", &["Always", "OnRootMismatch"]),
    ("core.v1.PodSecurityContext", "seLinuxChangePolicy", "v1.PodSELinuxChangePolicy", &[]),
    ("core.v1.PodSecurityContext", "supplementalGroupsPolicy", "v1.SupplementalGroupsPolicy", &["Merge", "Strict"]),
    ("core.v1.PodSpec", "dnsPolicy", "v1.DNSPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("core.v1.PodSpec", "preemptionPolicy", "v1.PreemptionPolicy", &["Never", "PreemptLowerPriority"]),
    ("core.v1.PodSpec", "restartPolicy", "v1.RestartPolicy", &["Always", "Never", "OnFailure"]),
    ("core.v1.PodStatus", "phase", "v1.PodPhase", &["Failed", "Pending", "Running", "Succeeded", "Unknown"]),
    ("core.v1.PodStatus", "qosClass", "v1.PodQOSClass", &["BestEffort", "Burstable", "Guaranteed"]),
    ("core.v1.PortStatus", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("core.v1.ResourceQuotaSpec", "scopes", "v1.ResourceQuotaScope", &["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass"]),
    ("core.v1.ScopedResourceSelectorRequirement", "operator", "v1.ScopeSelectorOperator", &["DoesNotExist", "Exists", "In", "NotIn"]),
    ("core.v1.ScopedResourceSelectorRequirement", "scopeName", "v1.ResourceQuotaScope", &["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass"]),
    ("core.v1.SeccompProfile", "type", "v1.SeccompProfileType", &["Localhost", "RuntimeDefault", "Unconfined"]),
    ("core.v1.Secret", "type", "v1.SecretType", &[]),
    ("core.v1.SecurityContext", "procMount", "v1.ProcMountType", &["Default", "Unmasked"]),
    ("core.v1.ServicePort", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("core.v1.ServiceSpec", "externalTrafficPolicy", "v1.ServiceExternalTrafficPolicy", &["Cluster", "Local"]),
    ("core.v1.ServiceSpec", "internalTrafficPolicy", "v1.ServiceInternalTrafficPolicy", &["Cluster", "Local"]),
    ("core.v1.ServiceSpec", "ipFamilies", "v1.IPFamily", &["", "IPv4", "IPv6"]),
    ("core.v1.ServiceSpec", "ipFamilyPolicy", "v1.IPFamilyPolicy", &["PreferDualStack", "RequireDualStack", "SingleStack"]),
    ("core.v1.ServiceSpec", "sessionAffinity", "v1.ServiceAffinity", &["ClientIP", "None"]),
    ("core.v1.ServiceSpec", "type", "v1.ServiceType", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ("core.v1.Taint", "effect", "v1.TaintEffect", &["NoExecute", "NoSchedule", "PreferNoSchedule"]),
    ("core.v1.Toleration", "effect", "v1.TaintEffect", &["NoExecute", "NoSchedule", "PreferNoSchedule"]),
    ("core.v1.Toleration", "operator", "v1.TolerationOperator", &["Equal", "Exists", "Gt", "Lt"]),
    ("core.v1.TopologySpreadConstraint", "nodeAffinityPolicy", "v1.NodeInclusionPolicy", &["Honor", "Ignore"]),
    ("core.v1.TopologySpreadConstraint", "nodeTaintsPolicy", "v1.NodeInclusionPolicy", &["Honor", "Ignore"]),
    ("core.v1.TopologySpreadConstraint", "whenUnsatisfiable", "v1.UnsatisfiableConstraintAction", &["DoNotSchedule", "ScheduleAnyway"]),
    ("core.v1.VolumeMount", "mountPropagation", "v1.MountPropagationMode", &["Bidirectional", "HostToContainer", "None"]),
    ("core.v1.VolumeMount", "recursiveReadOnly", "v1.RecursiveReadOnlyMode", &[]),
    ("core.v1.VolumeMountStatus", "recursiveReadOnly", "v1.RecursiveReadOnlyMode", &[]),
    ("discovery.v1.EndpointPort", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("discovery.v1.EndpointSlice", "addressType", "v1.AddressType", &["FQDN", "IPv4", "IPv6"]),
    ("meta.v1.DeleteOptions", "propagationPolicy", "v1.DeletionPropagation", &[]),
    ("meta.v1.LabelSelectorRequirement", "operator", "v1.LabelSelectorOperator", &[]),
    ("meta.v1.ManagedFieldsEntry", "operation", "v1.ManagedFieldsOperationType", &[]),
    ("meta.v1.ObjectMeta", "uid", "types.UID", &[]),
    ("meta.v1.OwnerReference", "uid", "types.UID", &[]),
    ("meta.v1.Preconditions", "uid", "types.UID", &[]),
    ("networking.v1.HTTPIngressPath", "pathType", "v1.PathType", &["Exact", "ImplementationSpecific", "Prefix"]),
    ("networking.v1.IngressPortStatus", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("networking.v1.NetworkPolicyPort", "protocol", "v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("networking.v1.NetworkPolicySpec", "policyTypes", "v1.PolicyType", &["Egress", "Ingress"]),
    ("policy.v1.PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy", "v1.UnhealthyPodEvictionPolicyType", &["AlwaysAllow", "IfHealthyBudget"]),
    ("resource.v1.DeviceAllocationConfiguration", "source", "v1.AllocationConfigSource", &["FromClaim", "FromClass"]),
    ("resource.v1.DeviceSubRequest", "allocationMode", "v1.DeviceAllocationMode", &["All", "ExactCount"]),
    ("resource.v1.DeviceTaint", "effect", "v1.DeviceTaintEffect", &["NoExecute", "NoSchedule", "None"]),
    ("resource.v1.DeviceToleration", "effect", "v1.DeviceTaintEffect", &["NoExecute", "NoSchedule", "None"]),
    ("resource.v1.DeviceToleration", "operator", "v1.DeviceTolerationOperator", &["Equal", "Exists"]),
    ("resource.v1.ExactDeviceRequest", "allocationMode", "v1.DeviceAllocationMode", &["All", "ExactCount"]),
    ("scheduling.v1.PriorityClass", "preemptionPolicy", "v1.PreemptionPolicy", &["Never", "PreemptLowerPriority"]),
    ("storage.v1.CSIDriverSpec", "fsGroupPolicy", "v1.FSGroupPolicy", &[]),
    ("storage.v1.CSIDriverSpec", "volumeLifecycleModes", "v1.VolumeLifecycleMode", &[]),
    ("storage.v1.StorageClass", "reclaimPolicy", "v1.PersistentVolumeReclaimPolicy", &["Delete", "Recycle", "Retain"]),
    ("storage.v1.StorageClass", "volumeBindingMode", "v1.VolumeBindingMode", &["Immediate", "WaitForFirstConsumer"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMED.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn names_of_go_types() {
        let container = "io.k8s.api.core.v1.Container";
        assert_eq!(go_type(container, "imagePullPolicy"), "v1.PullPolicy");
        assert_eq!(go_type(container, "image"), "string");
        assert_eq!(go_struct(container), "v1.Container");
        assert_eq!(go_struct("io.k8s.api.autoscaling.v2.MetricSpec"), "v2.MetricSpec");
    }
}
