//! ServiceAccount: gives every pod a service account and mounts its token (`plugin/pkg/admission/serviceaccount`).

use std::sync::LazyLock;

use super::{Admission, Result};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;

/// The directory of the token in containers.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Annotation of mirror pods, which the kubelet creates for static pods; they get no token.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Sets the service account of a new pod, with its image pull secrets and its token volume.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.creates("pods") || admission.new.annotation(MIRROR).is_some() {
        return Ok(());
    }
    let pod = &mut *admission.new;
    if pod.str("/spec/serviceAccountName").is_empty() {
        pod.put("/spec/serviceAccountName", "default");
    }
    let account = pod.str("/spec/serviceAccountName").to_string();
    pod.put("/spec/serviceAccount", account.as_str());
    let namespace = pod.namespace().to_string();
    let Some(found) = admission.server.read("serviceaccounts", &namespace, &account)? else {
        let detail =
            format!("error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found");
        return Err(Status::forbidden("", "pods", pod.name(), &detail));
    };
    let secrets = found.list("/imagePullSecrets");
    if pod.list("/spec/imagePullSecrets").is_empty() && !secrets.is_empty() {
        pod.put("/spec/imagePullSecrets", secrets.to_vec());
    }
    let automount = pod.at("/spec/automountServiceAccountToken").or(found.at("/automountServiceAccountToken"));
    if automount.and_then(Value::as_bool).unwrap_or(true) {
        mount_token(admission)?;
    }
    Ok(())
}

/// Adds the projected token volume and mounts it in every container that mounts nothing at its path.
fn mount_token(admission: &mut Admission<'_>) -> Result<()> {
    let present = admission.new.list("/spec/volumes").iter().find(|v| v.str("/name").starts_with("kube-api-access-"));
    let name = match present {
        Some(volume) => volume.str("/name").to_string(),
        None => format!("kube-api-access-{}", suffix(admission)?),
    };
    let mut used = false;
    for list in ["/spec/initContainers", "/spec/containers"] {
        for container in admission.new.items_mut(list) {
            if container.list("/volumeMounts").iter().any(|m| m.str("/mountPath") == TOKEN_PATH) {
                continue;
            }
            used = true;
            container.list_mut("/volumeMounts").push(json!({"mountPath": TOKEN_PATH, "name": name, "readOnly": true}));
        }
    }
    let missing = !admission.new.list("/spec/volumes").iter().any(|v| v.str("/name") == name);
    if used && missing {
        admission.new.list_mut("/spec/volumes").push(token_volume(&name));
    }
    Ok(())
}

/// Returns the five random characters of the volume name. They depend on this pod alone, so that other pods do not change
/// them.
fn suffix(admission: &mut Admission<'_>) -> Result<String> {
    let owner = format!("{}/{}", admission.new.namespace(), admission.new.name());
    Ok(admission.server.ids().suffix("token-volume", uid_or(admission.new, &owner), 0, 5))
}

fn uid_or<'a>(pod: &'a Object, fallback: &'a str) -> &'a str {
    if pod.uid().is_empty() { fallback } else { pod.uid() }
}

/// Returns the volume with the token, the CA certificate of the cluster and the namespace.
fn token_volume(name: &str) -> Value {
    /// The content of the volume, which all pods share.
    static PROJECTED: LazyLock<Value> = LazyLock::new(|| {
        json!({"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
        ]})
    });
    json!({"name": name, "projected": *PROJECTED})
}
