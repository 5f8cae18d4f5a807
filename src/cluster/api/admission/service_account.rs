//! ServiceAccount: gives every pod a service account and mounts its token (`plugin/pkg/admission/serviceaccount`).

use std::sync::LazyLock;

use super::{Admission, Result};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Ids;
use kctl_base::status::Status;

/// The directory of the token in containers.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The beginning of the name of the token volume.
const PREFIX: &str = "kube-api-access-";

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
    let present = admission.new.list("/spec/volumes").iter().find(|v| v.str("/name").starts_with(PREFIX));
    let name = match present {
        Some(volume) => volume.str("/name").to_string(),
        None => token_volume_name(admission.server.ids(), admission.new),
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
    if used && !has_volume(admission.new, &name) {
        admission.new.list_mut("/spec/volumes").push(token_volume(&name));
    }
    Ok(())
}

/// Returns the name of the volume, with five random characters. They depend on this pod alone, so that other pods do not change
/// them.
pub(in crate::api) fn token_volume_name(ids: Ids, pod: &Object) -> String {
    let owner = [pod.namespace(), "/", pod.name()].concat();
    format!("{PREFIX}{}", ids.suffix("token-volume", uid_or(pod, &owner), 0, 5))
}

/// Returns whether a pod has a volume of a name.
pub(in crate::api) fn has_volume(pod: &Object, name: &str) -> bool {
    pod.list("/spec/volumes").iter().any(|volume| volume.str("/name") == name)
}

/// Renames the token volume in a copy of another pod.
pub(in crate::api) fn rename_token_volume(pod: &mut Object, from: &str, to: &str) {
    let rename = |item: &mut Value| {
        if item.str("/name") == from {
            item["name"] = to.into();
        }
    };
    for list in ["/spec/initContainers", "/spec/containers"] {
        pod.items_mut(list).flat_map(|container| container.items_mut("/volumeMounts")).for_each(rename);
    }
    pod.items_mut("/spec/volumes").for_each(rename);
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
