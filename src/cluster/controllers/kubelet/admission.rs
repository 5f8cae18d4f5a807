//! Pods that a node rejects (`canAdmitPod` and `rejectPod` of the kubelet). What a pod asks for beyond the resources of the
//! node is the scheduler's business here.

use super::Event;
use super::cri::Cri;
use super::profiles;
use crate::api::admission::SAFE_SYSCTLS;
use crate::controllers::Context;
use kctl_base::field::quote;
use kctl_base::object::{Object, ValueRead};
use kctl_base::status::Status;

/// Why a pod is rejected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    reason: &'static str,
    message: String,
}

/// Returns why a node rejects a pod; `None` if it does not.
pub(super) fn rejection(pod: &Object, cri: Cri) -> Option<Rejection> {
    sysctl_rejection(pod).or_else(|| groups_rejection(pod, cri)).or_else(|| app_armor_rejection(pod, cri))
}

/// Rejects a pod that AppArmor is to confine on a node without it (`appArmorAdmitHandler`). The kernel of minikube, which alone has
/// Docker, is built without (<https://github.com/kubernetes/minikube/issues/8299>).
fn app_armor_rejection(pod: &Object, cri: Cri) -> Option<Rejection> {
    (cri == Cri::Docker && profiles::needs_app_armor(pod)).then(|| Rejection {
        reason: "AppArmor",
        message: "Cannot enforce AppArmor: AppArmor is not enabled on the host".to_owned(),
    })
}

/// Rejects a pod whose groups the node cannot keep from being merged with those of the image
/// (`rejectPodAdmissionBasedOnSupplementalGroupsPolicy` in `pkg/kubelet/lifecycle/predicate.go`).
fn groups_rejection(pod: &Object, cri: Cri) -> Option<Rejection> {
    let is_strict = pod.str("/spec/securityContext/supplementalGroupsPolicy") == "Strict";
    (is_strict && cri == Cri::Docker).then(|| Rejection {
        reason: "SupplementalGroupsPolicyNotSupported",
        message: "SupplementalGroupsPolicy=Strict is not supported in this node".to_owned(),
    })
}

fn sysctl_rejection(pod: &Object) -> Option<Rejection> {
    let names = pod.list("/spec/securityContext/sysctls").iter().map(|sysctl| sysctl.str("/name").replace('/', "."));
    let error = names.filter_map(|name| sysctl_error(pod, &name)).next()?;
    Some(Rejection { reason: "SysctlForbidden", message: format!("forbidden sysctl: {error}") })
}

/// Returns why a sysctl cannot be set: it is not safe, or would be that of the node (`pkg/kubelet/sysctl`).
fn sysctl_error(pod: &Object, name: &str) -> Option<String> {
    if !SAFE_SYSCTLS.contains(&name) {
        return Some(format!("{} not allowlisted", quote(name)));
    }
    let (namespace, is_shared) = match name.starts_with("net.") {
        true => ("Net", pod.flag("/spec/hostNetwork")),
        false => ("IPC", pod.flag("/spec/hostIPC")),
    };
    is_shared.then(|| format!("{} not allowed with host {namespace} enabled", quote(name)))
}

/// Lets a pod fail that the node rejects.
///
/// # Errors
/// The status cannot be written.
pub(super) fn reject(ctx: &mut Context<'_>, pod: &Object, node: &str, rejection: &Rejection) -> Result<(), Status> {
    let Rejection { reason, message } = rejection;
    ctx.record(pod, &Event { event_type: "Warning", reason, message, field_path: "", host: node });
    let mut rejected = pod.clone();
    rejected["status"]["phase"] = "Failed".into();
    rejected["status"]["reason"] = (*reason).into();
    rejected["status"]["message"] = format!("Pod was rejected: {message}").into();
    rejected["status"]["startTime"] = ctx.now.rfc3339().into();
    match ctx.update_status("pods", rejected) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn sysctls_have_to_be_safe_and_of_the_pod() {
        let message = |spec| rejection(&json!({"spec": spec}), Cri::Plain).map(|rejection| rejection.message);
        let sysctl = |name: &str| json!({"sysctls": [{"name": name, "value": "1"}]});
        assert_eq!(message(json!({"securityContext": sysctl("kernel.shm_rmid_forced")})), None);
        assert_eq!(
            message(json!({"securityContext": sysctl("kernel.msgmax")})).as_deref(),
            Some("forbidden sysctl: \"kernel.msgmax\" not allowlisted")
        );
        assert_eq!(
            message(json!({"hostNetwork": true, "securityContext": sysctl("net.ipv4.tcp_syncookies")})).as_deref(),
            Some("forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host Net enabled")
        );
    }

    #[test]
    fn strict_groups_need_a_runtime_that_obeys_them() {
        let pod = |policy: &str| json!({"spec": {"securityContext": {"supplementalGroupsPolicy": policy}}});
        let reason = |policy, runtime| rejection(&pod(policy), runtime).map(|rejection| rejection.reason);
        assert_eq!(reason("Strict", Cri::Docker), Some("SupplementalGroupsPolicyNotSupported"));
        assert_eq!(reason("Strict", Cri::Containerd), None);
        assert_eq!(reason("Merge", Cri::Docker), None);
    }
}
