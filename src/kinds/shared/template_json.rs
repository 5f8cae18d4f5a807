//! Pod templates as Go serialises the internal types, in errors that print a whole template: Go's field names in the
//! order of the struct, missing values included.
//!
//! Covers the template, its spec and its containers; deeper values keep the order of their keys.

use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// The JSON of a missing field of a Go struct.
#[derive(Clone, Copy)]
enum Zero {
    Null,
    Text,
    Number,
    False,
}

/// A field: its Go name, its API name, and its value when it is missing.
type Field = (&'static str, &'static str, Zero);

use Zero::{False, Null, Number, Text};

const POD_SPEC: &[Field] = &[
    ("Volumes", "volumes", Null),
    ("InitContainers", "initContainers", Null),
    ("Containers", "containers", Null),
    ("EphemeralContainers", "ephemeralContainers", Null),
    ("RestartPolicy", "restartPolicy", Text),
    ("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", Null),
    ("ActiveDeadlineSeconds", "activeDeadlineSeconds", Null),
    ("DNSPolicy", "dnsPolicy", Text),
    ("NodeSelector", "nodeSelector", Null),
    ("ServiceAccountName", "serviceAccountName", Text),
    ("AutomountServiceAccountToken", "automountServiceAccountToken", Null),
    ("NodeName", "nodeName", Text),
    ("SecurityContext", "securityContext", Null),
    ("ImagePullSecrets", "imagePullSecrets", Null),
    ("Hostname", "hostname", Text),
    ("Subdomain", "subdomain", Text),
    ("SetHostnameAsFQDN", "setHostnameAsFQDN", Null),
    ("Affinity", "affinity", Null),
    ("SchedulerName", "schedulerName", Text),
    ("Tolerations", "tolerations", Null),
    ("HostAliases", "hostAliases", Null),
    ("PriorityClassName", "priorityClassName", Text),
    ("Priority", "priority", Null),
    ("PreemptionPolicy", "preemptionPolicy", Null),
    ("DNSConfig", "dnsConfig", Null),
    ("ReadinessGates", "readinessGates", Null),
    ("RuntimeClassName", "runtimeClassName", Null),
    ("Overhead", "overhead", Null),
    ("EnableServiceLinks", "enableServiceLinks", Null),
    ("TopologySpreadConstraints", "topologySpreadConstraints", Null),
    ("OS", "os", Null),
    ("SchedulingGates", "schedulingGates", Null),
    ("ResourceClaims", "resourceClaims", Null),
    ("Resources", "resources", Null),
    ("HostnameOverride", "hostnameOverride", Null),
    ("SchedulingGroup", "schedulingGroup", Null),
];

const CONTAINER: &[Field] = &[
    ("Name", "name", Text),
    ("Image", "image", Text),
    ("Command", "command", Null),
    ("Args", "args", Null),
    ("WorkingDir", "workingDir", Text),
    ("Ports", "ports", Null),
    ("EnvFrom", "envFrom", Null),
    ("Env", "env", Null),
    ("Resources", "resources", Null),
    ("ResizePolicy", "resizePolicy", Null),
    ("RestartPolicy", "restartPolicy", Null),
    ("RestartPolicyRules", "restartPolicyRules", Null),
    ("VolumeMounts", "volumeMounts", Null),
    ("VolumeDevices", "volumeDevices", Null),
    ("LivenessProbe", "livenessProbe", Null),
    ("ReadinessProbe", "readinessProbe", Null),
    ("StartupProbe", "startupProbe", Null),
    ("Lifecycle", "lifecycle", Null),
    ("TerminationMessagePath", "terminationMessagePath", Text),
    ("TerminationMessagePolicy", "terminationMessagePolicy", Text),
    ("ImagePullPolicy", "imagePullPolicy", Text),
    ("SecurityContext", "securityContext", Null),
    ("Stdin", "stdin", False),
    ("StdinOnce", "stdinOnce", False),
    ("TTY", "tty", False),
];

const PORT: &[Field] = &[
    ("Name", "name", Text),
    ("HostPort", "hostPort", Number),
    ("ContainerPort", "containerPort", Number),
    ("Protocol", "protocol", Text),
    ("HostIP", "hostIP", Text),
];

const VARIABLE: &[Field] = &[("Name", "name", Text), ("Value", "value", Text), ("ValueFrom", "valueFrom", Null)];

const RESOURCES: &[Field] = &[("Limits", "limits", Null), ("Requests", "requests", Null), ("Claims", "claims", Null)];

const MOUNT: &[Field] = &[
    ("Name", "name", Text),
    ("ReadOnly", "readOnly", False),
    ("RecursiveReadOnly", "recursiveReadOnly", Null),
    ("MountPath", "mountPath", Text),
    ("SubPath", "subPath", Text),
    ("MountPropagation", "mountPropagation", Null),
    ("SubPathExpr", "subPathExpr", Text),
];

const SECURITY: &[Field] = &[
    ("HostNetwork", "hostNetwork", False),
    ("HostPID", "hostPID", False),
    ("HostIPC", "hostIPC", False),
    ("ShareProcessNamespace", "shareProcessNamespace", Null),
    ("HostUsers", "hostUsers", Null),
    ("SELinuxOptions", "seLinuxOptions", Null),
    ("WindowsOptions", "windowsOptions", Null),
    ("RunAsUser", "runAsUser", Null),
    ("RunAsGroup", "runAsGroup", Null),
    ("RunAsNonRoot", "runAsNonRoot", Null),
    ("SupplementalGroups", "supplementalGroups", Null),
    ("SupplementalGroupsPolicy", "supplementalGroupsPolicy", Null),
    ("FSGroup", "fsGroup", Null),
    ("FSGroupChangePolicy", "fsGroupChangePolicy", Null),
    ("Sysctls", "sysctls", Null),
    ("SeccompProfile", "seccompProfile", Null),
    ("AppArmorProfile", "appArmorProfile", Null),
    ("SELinuxChangePolicy", "seLinuxChangePolicy", Null),
];

/// Fields of the metadata, which keep their API names, in the order of the struct.
const METADATA: &[&str] = &["name", "generateName", "namespace", "labels", "annotations", "finalizers"];

/// Serialises a pod template as the errors of the API server print it.
pub(crate) fn to_json(template: &Value) -> String {
    let metadata = METADATA.iter().filter_map(|field| {
        let value = template.pointer(&format!("/metadata/{field}"))?;
        Some(format!("\"{field}\":{value}"))
    });
    let parts: Vec<String> = metadata.chain([format!("\"Spec\":{}", pod_spec(&template["spec"]))]).collect();
    format!("{{{}}}", parts.join(","))
}

/// Serialises a pod spec like [`to_json`].
pub(crate) fn pod_spec(spec: &Value) -> String {
    structure(spec, POD_SPEC, |field, value| match field {
        "initContainers" | "containers" => list(value, |c| structure(c, CONTAINER, container_part)),
        "securityContext" => structure(&security(spec), SECURITY, |_, value| generic(value)),
        "nodeSelector" => value.to_string(),
        _ => generic(value),
    })
}

/// The fields that the API has in the pod spec but the internal type in the security context.
fn security(spec: &Value) -> Value {
    let mut context = spec.map("/securityContext").cloned().unwrap_or_default();
    for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"] {
        if let Some(value) = spec.get(field) {
            context.insert(field, value.clone());
        }
    }
    Value::Object(context)
}

fn container_part(field: &str, value: &Value) -> String {
    match field {
        "ports" => list(value, |port| structure(port, PORT, |_, v| v.to_string())),
        "env" => list(value, |variable| structure(variable, VARIABLE, |_, v| generic(v))),
        "resources" => structure(value, RESOURCES, |_, v| v.to_string()),
        "volumeMounts" => list(value, |mount| structure(mount, MOUNT, |_, v| v.to_string())),
        _ => generic(value),
    }
}

fn structure(value: &Value, fields: &[Field], part: impl Fn(&str, &Value) -> String) -> String {
    let texts: Vec<String> = fields
        .iter()
        .map(|(go, name, zero)| {
            let text = match (value.get(*name).filter(|v| !v.is_null()), zero) {
                (Some(value), _) => part(name, value),
                (None, Text) => "\"\"".into(),
                (None, Number) => "0".into(),
                (None, False) => "false".into(),
                (None, Null) => "null".into(),
            };
            format!("\"{go}\":{text}")
        })
        .collect();
    format!("{{{}}}", texts.join(","))
}

fn list(value: &Value, item: impl Fn(&Value) -> String) -> String {
    let items: Vec<String> = value.as_array().into_iter().flatten().map(item).collect();
    format!("[{}]", items.join(","))
}

/// Serialises any other value with capitalised keys.
fn generic(value: &Value) -> String {
    fn capitals(value: &Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (capital(k), capitals(v))).collect()),
            Value::Array(items) => items.iter().map(capitals).collect(),
            other => json!(other),
        }
    }
    capitals(value).to_string()
}

fn capital(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_comes_first_and_missing_fields_are_printed() {
        let text = to_json(&json!({
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
        }));
        let start = r#"{"labels":{"a":"b"},"Spec":{"Volumes":null,"InitContainers":null,"Containers":[{"Name":"c","Image":"i","Command":null,"#;
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains(r#""RestartPolicy":"Never","TerminationGracePeriodSeconds":null"#), "{text}");
    }
}
