//! The built-in field specs of the transformers (`api/internal/konfig/builtinpluginconsts`).

use super::config::{NameBackReferences, TransformerConfig};
use super::field_spec::FieldSpec;
use super::res_id::Gvk;

/// Kinds with the path of their pod spec.
const POD_SPECS: &[(&str, &str)] = &[
    ("Pod", "spec"),
    ("PodTemplate", "template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
];

/// The kinds with a pod spec as the later entries of the upstream tables list them: with ReplicationController, without
/// ReplicaSet and PodTemplate.
const SOME_POD_SPECS: &[(&str, &str)] = &[
    ("Pod", "spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
];

/// Fields of a pod spec that name a ConfigMap.
const CONFIG_MAP_IN_POD: &[&str] = &[
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];

/// Fields of a pod spec that name a Secret.
const SECRET_IN_POD: &[&str] = &[
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

/// Fields of a pod spec in which vars are substituted.
const VARS_IN_POD: &[&str] = &[
    "containers/args",
    "containers/command",
    "containers/env/value",
    "containers/volumeMounts/mountPath",
    "initContainers/args",
    "initContainers/command",
    "initContainers/env/value",
    "initContainers/volumeMounts/mountPath",
    "volumes/nfs/server",
];

/// Label selectors in a pod spec. They are not created.
const SELECTORS_IN_POD: &[&str] = &[
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];

/// Metadata of templates: group, version, kind, path. They get labels and annotations.
const TEMPLATES: &[(&str, &str, &str, &str)] = &[
    ("", "v1", "ReplicationController", "spec/template/metadata"),
    ("", "", "Deployment", "spec/template/metadata"),
    ("", "", "ReplicaSet", "spec/template/metadata"),
    ("", "", "DaemonSet", "spec/template/metadata"),
    ("apps", "", "StatefulSet", "spec/template/metadata"),
    ("batch", "", "Job", "spec/template/metadata"),
    ("batch", "", "CronJob", "spec/jobTemplate/metadata"),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata"),
];

/// Label selectors: group, version, kind, path, `create`.
const SELECTORS: &[(&str, &str, &str, &str, bool)] = &[
    ("", "v1", "Service", "spec/selector", true),
    ("", "v1", "ReplicationController", "spec/selector", true),
    ("", "", "Deployment", "spec/selector/matchLabels", true),
    ("", "", "ReplicaSet", "spec/selector/matchLabels", true),
    ("", "", "DaemonSet", "spec/selector/matchLabels", true),
    ("apps", "", "StatefulSet", "spec/selector/matchLabels", true),
    ("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    ("batch", "", "Job", "spec/selector/matchLabels", false),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    ("policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", false),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/podSelector/matchLabels", false),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false),
];

fn gvk(group: &str, version: &str, kind: &str) -> Gvk {
    Gvk { group: group.into(), version: version.into(), kind: kind.into() }
}

fn spec(group: &str, version: &str, kind: &str, path: &str, create: bool) -> FieldSpec {
    FieldSpec { gvk: gvk(group, version, kind), path: path.into(), create }
}

/// Creates specs of fields, by kind and path, that are not created.
fn existing(fields: &[(&str, &str)]) -> Vec<FieldSpec> {
    fields.iter().map(|(kind, path)| spec("", "", kind, path, false)).collect()
}

/// Creates specs of fields of the pod specs of kinds.
fn in_pods(pod_specs: &[(&str, &str)], fields: &[&str]) -> Vec<FieldSpec> {
    let all =
        pod_specs.iter().flat_map(|(kind, prefix)| fields.iter().map(move |field| (kind, format!("{prefix}/{field}"))));
    all.map(|(kind, path)| spec("", "", kind, &path, false)).collect()
}

/// Creates specs of a metadata field of all templates.
fn templates(field: &str) -> Vec<FieldSpec> {
    TEMPLATES
        .iter()
        .map(|(group, version, kind, path)| spec(group, version, kind, &format!("{path}/{field}"), true))
        .collect()
}

/// Returns the built-in configuration.
pub(super) fn config() -> TransformerConfig {
    let mut config = TransformerConfig::default();
    let built_in = TransformerConfig {
        name_prefix: vec![FieldSpec::everywhere("metadata/name", false)],
        name_suffix: vec![FieldSpec::everywhere("metadata/name", false)],
        namespace: namespaces(),
        common_labels: selectors().into_iter().chain(labels()).collect(),
        labels: Vec::new(),
        template_labels: template_labels(),
        common_annotations: annotations(),
        name_reference: references(),
        var_reference: vars(),
        images: images(),
        replicas: ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
            .map(|kind| spec("", "", kind, "spec/replicas", true))
            .to_vec(),
    };
    // Merging sorts the specs. It cannot fail: no two entries of the tables conflict.
    if let Err(error) = config.merge(built_in) {
        unreachable!("built-in field specs: {error}");
    }
    config
}

fn namespaces() -> Vec<FieldSpec> {
    vec![
        spec("", "", "Namespace", "metadata/name", true),
        spec("apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true),
        spec(
            "apiextensions.k8s.io",
            "",
            "CustomResourceDefinition",
            "spec/conversion/webhook/clientConfig/service/namespace",
            false,
        ),
    ]
}

fn labels() -> Vec<FieldSpec> {
    let mut specs = vec![FieldSpec::everywhere("metadata/labels", true)];
    specs.extend(templates("labels"));
    specs
}

fn template_labels() -> Vec<FieldSpec> {
    let claims = spec("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true);
    templates("labels").into_iter().chain([claims]).collect()
}

fn annotations() -> Vec<FieldSpec> {
    let mut specs = vec![FieldSpec::everywhere("metadata/annotations", true)];
    specs.extend(templates("annotations"));
    specs
}

fn selectors() -> Vec<FieldSpec> {
    let fixed = SELECTORS.iter().map(|(group, version, kind, path, create)| spec(group, version, kind, path, *create));
    let in_pods = ["Deployment", "StatefulSet"].into_iter().flat_map(|kind| {
        SELECTORS_IN_POD.iter().map(move |path| spec("apps", "", kind, &format!("spec/template/spec/{path}"), false))
    });
    fixed.chain(in_pods).collect()
}

fn images() -> Vec<FieldSpec> {
    ["spec", "spec/template/spec"]
        .iter()
        .flat_map(|pod| ["containers", "initContainers"].map(|list| format!("{pod}/{list}[]/image")))
        .map(|path| FieldSpec::everywhere(&path, true))
        .collect()
}

fn vars() -> Vec<FieldSpec> {
    let pods: Vec<(&str, &str)> = POD_SPECS.iter().filter(|(kind, _)| *kind != "PodTemplate").copied().collect();
    let mut specs = in_pods(&pods, VARS_IN_POD);
    specs.retain(|s| !(s.gvk.kind == "StatefulSet" && s.path.ends_with("nfs/server")));
    specs.extend(existing(&[
        ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
        ("Ingress", "spec/rules/host"),
        ("Ingress", "spec/tls/hosts"),
        ("Ingress", "spec/tls/secretName"),
        ("Service", "spec/ports/port"),
        ("Service", "spec/ports/targetPort"),
        ("PersistentVolume", "spec/nfs/server"),
    ]));
    specs.push(FieldSpec::everywhere("metadata/labels", false));
    specs.push(FieldSpec::everywhere("metadata/annotations", false));
    specs
}

fn references() -> Vec<NameBackReferences> {
    let mut all: Vec<NameBackReferences> = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
        .iter()
        .map(|kind| NameBackReferences {
            target: gvk("", "", kind),
            field_specs: existing(&[("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
        })
        .collect();
    let mut add = |group: &str, version: &str, kind: &str, field_specs: Vec<FieldSpec>| {
        all.push(NameBackReferences { target: gvk(group, version, kind), field_specs });
    };
    add("", "v1", "ConfigMap", config_maps());
    add("", "v1", "Secret", secrets());
    add("", "v1", "Service", services());
    let rbac = "rbac.authorization.k8s.io";
    let roles = |kinds: &[&str]| kinds.iter().map(|kind| spec(rbac, "", kind, "roleRef/name", false)).collect();
    add(rbac, "", "Role", roles(&["RoleBinding"]));
    add(rbac, "", "ClusterRole", roles(&["RoleBinding", "ClusterRoleBinding"]));
    let mut accounts: Vec<FieldSpec> =
        ["RoleBinding", "ClusterRoleBinding"].iter().map(|kind| spec(rbac, "", kind, "subjects", false)).collect();
    accounts.extend(in_pods(SOME_POD_SPECS, &["serviceAccountName"]));
    add("", "v1", "ServiceAccount", accounts);
    add("", "v1", "PersistentVolumeClaim", in_pods(SOME_POD_SPECS, &["volumes/persistentVolumeClaim/claimName"]));
    add(
        "",
        "v1",
        "PersistentVolume",
        existing(&[("PersistentVolumeClaim", "spec/volumeName"), ("ClusterRole", "rules/resourceNames")]),
    );
    add(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        existing(&[
            ("PersistentVolume", "spec/storageClassName"),
            ("PersistentVolumeClaim", "spec/storageClassName"),
            ("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ]),
    );
    add("scheduling.k8s.io", "v1", "PriorityClass", in_pods(SOME_POD_SPECS, &["priorityClassName"]));
    all
}

fn config_maps() -> Vec<FieldSpec> {
    let mut specs = in_pods(POD_SPECS, CONFIG_MAP_IN_POD);
    specs.extend(existing(&[
        ("Node", "spec/configSource/configMap"),
        ("Role", "rules/resourceNames"),
        ("ClusterRole", "rules/resourceNames"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
    ]));
    specs
}

fn secrets() -> Vec<FieldSpec> {
    let mut specs = in_pods(POD_SPECS, SECRET_IN_POD);
    specs.extend(existing(&[
        ("Ingress", "spec/tls/secretName"),
        ("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
        ("ServiceAccount", "imagePullSecrets/name"),
        ("StorageClass", "parameters/secretName"),
        ("StorageClass", "parameters/adminSecretName"),
        ("StorageClass", "parameters/userSecretName"),
        ("StorageClass", "parameters/secretRef"),
        ("Role", "rules/resourceNames"),
        ("ClusterRole", "rules/resourceNames"),
        ("PersistentVolume", "spec/azureFile/secretName"),
    ]));
    let knative = "spec/template/spec/containers/env/valueFrom/secretKeyRef/name";
    specs.push(spec("serving.knative.dev", "v1", "Service", knative, false));
    specs
}

fn services() -> Vec<FieldSpec> {
    let mut specs = existing(&[
        ("Ingress", "spec/rules/http/paths/backend/serviceName"),
        ("Ingress", "spec/backend/serviceName"),
        ("Ingress", "spec/rules/http/paths/backend/service/name"),
        ("Ingress", "spec/defaultBackend/service/name"),
    ]);
    specs.push(spec("apps", "", "StatefulSet", "spec/serviceName", false));
    specs.push(spec("apiregistration.k8s.io", "", "APIService", "spec/service/name", false));
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        specs.push(spec("admissionregistration.k8s.io", "", kind, "webhooks/clientConfig/service", false));
    }
    specs
}
