//! Profiles of seccomp and AppArmor that pods ask for and nodes do not have.

use super::container_spec::containers;
use super::cri::Cri;
use super::inside::volumes::shared;
use crate::api::Server;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;

/// Where the kubelet looks for seccomp profiles.
const SECCOMP: &str = "/var/lib/kubelet/seccomp";
/// Begins the annotation that names the AppArmor profile of a container, which a field has replaced.
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
/// Begins the value of the annotation for a profile of the node.
const LOCALHOST: &str = "localhost/";
/// The AppArmor profile that containerd loads itself, the only one that a node has: no other program loads any.
const DEFAULT: &str = "cri-containerd.apparmor.d";

/// Reports whether a pod needs a node with AppArmor (`isRequired` in `pkg/security/apparmor`).
pub(super) fn needs_app_armor(pod: &Object) -> bool {
    let confines = |context: Option<&Value>| {
        context.is_some_and(|context| !["", "Unconfined"].contains(&context.str("/appArmorProfile/type")))
    };
    let annotations = pod.map("/metadata/annotations").into_iter().flatten();
    let mut old = annotations.filter(|(key, _)| key.starts_with(ANNOTATION)).map(|(_, value)| value.as_str());
    confines(pod.at("/spec/securityContext"))
        || containers(pod).any(|container| confines(container.spec.at("/securityContext")))
        || old.any(|value| value != Some("unconfined"))
}

/// Returns why the container runtime of a node does not create a container; `None` if it does.
///
/// # Errors
/// A row that cannot be read.
pub(super) fn error(server: &mut Server, pod: &Object, container: &Value) -> Result<Option<String>, Status> {
    if let Some(profile) = app_armor(pod, container).filter(|profile| *profile != DEFAULT) {
        // `buildContainerSpec` in containerd. Docker does not get here: its nodes have no AppArmor.
        return Ok(Some(format!(
            "failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found {profile}"
        )));
    }
    let Some(profile) = seccomp(pod, container) else { return Ok(None) };
    let (path, node) = (format!("{SECCOMP}/{profile}"), pod.str("/spec/nodeName"));
    if shared::has_file(server, node, &path)? {
        return Ok(None);
    }
    let missing = format!("cannot load seccomp profile \"{path}\": open {path}: no such file or directory");
    let host = server.read("nodes", "", node)?;
    Ok(Some(match Cri::of(server.settings().installation.profile, host.as_deref()) {
        Cri::Plain | Cri::Containerd => format!("failed to create containerd container: {missing}"),
        Cri::Docker => format!(
            "failed to generate security options for container \"{}\": failed to generate seccomp security options for container: {missing}",
            container.str("/name")
        ),
    }))
}

/// Returns the name of the AppArmor profile of the node that a container is to have (`GetProfile` in `pkg/security/apparmor`).
fn app_armor<'a>(pod: &'a Object, container: &'a Value) -> Option<&'a str> {
    if let Some(profile) = container.at("/securityContext/appArmorProfile") {
        return local(profile);
    }
    match pod.annotation(&format!("{ANNOTATION}{}", container.str("/name"))) {
        Some(old) => old.strip_prefix(LOCALHOST),
        None => pod.at("/spec/securityContext/appArmorProfile").and_then(local),
    }
}

/// Returns the path of the seccomp profile that a container is to have, below the directory of all. One that is privileged runs
/// without any.
fn seccomp<'a>(pod: &'a Object, container: &'a Value) -> Option<&'a str> {
    let own = container.at("/securityContext/seccompProfile");
    let profile = own.or_else(|| pod.at("/spec/securityContext/seccompProfile"));
    profile.filter(|_| !container.flag("/securityContext/privileged")).and_then(local)
}

/// Returns the profile of the node that a field names, if its type is `Localhost`.
fn local(profile: &Value) -> Option<&str> {
    (profile.str("/type") == "Localhost").then(|| profile.str("/localhostProfile"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn pod(annotations: Value, context: Value, own: Value) -> Object {
        json!({"metadata": {"annotations": annotations}, "spec": {"securityContext": context,
            "containers": [{"name": "a", "securityContext": own}]}})
    }

    #[test]
    fn the_container_the_annotation_and_the_pod_name_an_app_armor_profile() {
        let local = |name: &str| json!({"appArmorProfile": {"type": "Localhost", "localhostProfile": name}});
        let typed = |kind: &str| json!({"appArmorProfile": {"type": kind}});
        let old = |value: &str| json!({"container.apparmor.security.beta.kubernetes.io/a": value});
        for (annotations, context, own, is_needed, expected) in [
            (json!({}), json!({}), json!({}), false, None),
            (json!({}), typed("Unconfined"), json!({}), false, None),
            (json!({}), typed("RuntimeDefault"), json!({}), true, None),
            (json!({}), local("pod"), json!({}), true, Some("pod")),
            (json!({}), local("pod"), local("own"), true, Some("own")),
            (json!({}), local("pod"), typed("RuntimeDefault"), true, None),
            (old("localhost/old"), local("pod"), json!({}), true, Some("old")),
            (old("unconfined"), json!({}), json!({}), false, None),
        ] {
            let pod = pod(annotations, context, own);
            assert_eq!(needs_app_armor(&pod), is_needed, "{pod}");
            assert_eq!(app_armor(&pod, &pod["spec"]["containers"][0]), expected, "{pod}");
        }
    }

    #[test]
    fn the_container_and_the_pod_name_a_seccomp_profile() {
        let local = |name: &str| json!({"seccompProfile": {"type": "Localhost", "localhostProfile": name}});
        let default = json!({"seccompProfile": {"type": "RuntimeDefault"}});
        let mut privileged = local("own");
        privileged["privileged"] = true.into();
        for (context, own, expected) in [
            (json!({}), json!({}), None),
            (local("pod"), json!({}), Some("pod")),
            (local("pod"), local("own"), Some("own")),
            (local("pod"), default, None),
            (local("pod"), privileged, None),
        ] {
            let pod = pod(json!({}), context, own);
            assert_eq!(seccomp(&pod, &pod["spec"]["containers"][0]), expected, "{pod}");
        }
    }
}
