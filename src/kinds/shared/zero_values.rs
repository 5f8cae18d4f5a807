//! Leaving out what Go leaves out: fields that hold their zero value and are not pointers do not survive a round through the API server.
//!
//! Fields that are pointers keep their zero (`replicas: 0`, `runAsUser: 0`, `privileged: false`); the lists below name those that do not.

use kctl_base::json::{Map, Value};

/// Maps with keys of the user's choice: kept as they are, dropped when empty.
const MAPS: &[&str] = &[
    "annotations",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "options",
    "overhead",
    "requests",
    "volumeAttributes",
];

/// Booleans that are dropped when false.
const BOOLEANS: &[&str] =
    &["hostIPC", "hostNetwork", "hostPID", "paused", "readOnly", "stdin", "stdinOnce", "tls", "tty"];

/// Numbers that are dropped when zero.
const NUMBERS: &[&str] = &[
    "failureThreshold",
    "hostPort",
    "initialDelaySeconds",
    "minReadySeconds",
    "periodSeconds",
    "successThreshold",
    "timeoutSeconds",
];

/// Texts that are dropped when empty.
const TEXTS: &[&str] = &[
    "concurrencyPolicy",
    "containerName",
    "dnsPolicy",
    "effect",
    "fsType",
    "generateName",
    "host",
    "hostIP",
    "hostname",
    "image",
    "imagePullPolicy",
    "level",
    "medium",
    "namespace",
    "nodeName",
    "podManagementPolicy",
    "prefix",
    "priorityClassName",
    "protocol",
    "restartPolicy",
    "role",
    "schedulerName",
    "scheme",
    "secretName",
    "serviceAccount",
    "serviceAccountName",
    "subPath",
    "subPathExpr",
    "subdomain",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "uid",
    "user",
    "value",
    "volumeName",
    "workingDir",
];

/// Texts that are dropped when empty in one place only, as (place, field).
const TEXTS_IN: &[(&str, &str)] = &[
    ("configMap", "name"),
    ("configMapKeyRef", "name"),
    ("configMapRef", "name"),
    ("httpGet", "path"),
    ("imagePullSecrets", "name"),
    ("metadata", "name"),
    ("secret", "name"),
    ("secretKeyRef", "name"),
    ("secretRef", "name"),
    ("tolerations", "key"),
    ("tolerations", "operator"),
    ("updateStrategy", "type"),
    ("strategy", "type"),
];

/// Lists of texts, in which a null is an empty text.
const TEXT_LISTS: &[&str] = &["accessModes", "args", "command", "finalizers", "values"];

/// Drops nulls, empty lists and the zero values of fields that are no pointers, all the way down.
pub fn drop_zero_values(value: &mut Value) {
    prune(value, "");
}

fn prune(value: &mut Value, place: &str) {
    match value {
        Value::Object(map) => prune_map(map, place),
        Value::Array(list) => {
            for item in list {
                // A null among texts reads as an empty text.
                if item.is_null() && TEXT_LISTS.contains(&place) {
                    *item = Value::from("");
                }
                prune(item, place);
            }
        }
        _ => {}
    }
}

fn prune_map(map: &mut Map, place: &str) {
    map.retain(|key, value| {
        if MAPS.contains(&key.as_str()) {
            return value.as_object().is_none_or(|m| !m.is_empty()) && !value.is_null();
        }
        prune(value, key);
        !is_dropped(place, key, value)
    });
}

fn is_dropped(place: &str, key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Bool(false) => BOOLEANS.contains(&key) && place != "csi",
        Value::Number(number) if number.as_i64() == Some(0) => {
            NUMBERS.contains(&key)
                || (key == "partition" && ["awsElasticBlockStore", "gcePersistentDisk"].contains(&place))
        }
        Value::String(text) if text.is_empty() => TEXTS.contains(&key) || TEXTS_IN.contains(&(place, key)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn only_zeros_of_plain_fields_go() {
        let mut spec = json!({
            "hostNetwork": false, "tolerations": [], "nodeSelector": {}, "replicas": 0, "minReadySeconds": 0,
            "containers": [{"name": "", "tty": false, "env": [{"name": "A", "value": ""}], "securityContext": {"privileged": false}}],
            "volumes": [{"name": "v", "emptyDir": {}}], "metadata": {"labels": {"a": ""}, "creationTimestamp": null}
        });
        drop_zero_values(&mut spec);
        assert_eq!(
            spec,
            json!({
                "replicas": 0,
                "containers": [{"name": "", "env": [{"name": "A"}], "securityContext": {"privileged": false}}],
                "volumes": [{"name": "v", "emptyDir": {}}], "metadata": {"labels": {"a": ""}}
            })
        );
    }
}
