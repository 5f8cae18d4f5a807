//! The checks that the restricted level adds or tightens.

use std::collections::BTreeSet;

use super::{Pod, Violation, added_capabilities, named, seccomp, violation};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::ValueRead;

/// Missing or unconfined seccomp profiles (`check_seccompProfile_restricted.go`).
pub(super) fn seccomp_profile(pod: &Pod<'_>) -> Option<Violation> {
    const FIELD: &str = "/securityContext/seccompProfile/type";
    let found = seccomp(pod, |kind| !matches!(kind, "" | "RuntimeDefault" | "Localhost"));
    if found.is_some() || !pod.spec.str(FIELD).is_empty() {
        return found;
    }
    let containers = pod.containers_that(|c| c.str(FIELD).is_empty());
    let detail = || {
        let must = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
        format!("pod or {} {must}", named("container", &containers))
    };
    if containers.is_empty() { None } else { violation("seccompProfile", detail()) }
}

/// Containers that do not disable privilege escalation (`check_allowPrivilegeEscalation.go`).
pub(super) fn privilege_escalation(pod: &Pod<'_>) -> Option<Violation> {
    let may = |c: &Value| c.at("/securityContext/allowPrivilegeEscalation").and_then(Value::as_bool) != Some(false);
    let containers = pod.containers_that(may);
    let detail =
        || format!("{} must set securityContext.allowPrivilegeEscalation=false", named("container", &containers));
    if containers.is_empty() { None } else { violation("allowPrivilegeEscalation != false", detail()) }
}

/// Containers that do not drop all capabilities, or add others than `NET_BIND_SERVICE`
/// (`check_capabilities_restricted.go`).
pub(super) fn capabilities(pod: &Pod<'_>) -> Option<Violation> {
    let keeps = |c: &Value| !c.list("/securityContext/capabilities/drop").iter().any(|item| item == "ALL");
    let containers = pod.containers_that(keeps);
    let must = || format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named("container", &containers));
    let details: Vec<String> =
        (!containers.is_empty()).then(must).into_iter().chain(added_capabilities(pod, &["NET_BIND_SERVICE"])).collect();
    if details.is_empty() { None } else { violation("unrestricted capabilities", details.join("; ")) }
}

/// Volume types other than ephemeral ones and claims (`check_restrictedVolumes.go`).
pub(super) fn volume_types(pod: &Pod<'_>) -> Option<Violation> {
    let allowed = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let kind = |volume: &'_ Value| -> Option<String> {
        volume
            .as_object()?
            .keys()
            .find(|key| *key != "name" && !allowed.contains(&key.as_str()))
            .map(SharedStr::to_string)
    };
    let volumes: Vec<&Value> = pod.spec.list("/volumes").iter().filter(|v| kind(v).is_some()).collect();
    let names: Vec<&str> = volumes.iter().map(|v| v.str("/name")).collect();
    let kinds: BTreeSet<String> = volumes.iter().filter_map(|v| kind(v)).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let uses = if names.len() == 1 { "uses" } else { "use" };
    let detail = || format!("{} {uses} {}", named("volume", &names), named("restricted volume type", &kinds));
    if names.is_empty() { None } else { violation("restricted volume types", detail()) }
}

/// Containers that may run as root (`check_runAsNonRoot.go`).
pub(super) fn run_as_non_root(pod: &Pod<'_>) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    let setting = |value: &Value| value.at("/securityContext/runAsNonRoot").and_then(Value::as_bool);
    let setters = pod.setters(|context| context.at("/runAsNonRoot").and_then(Value::as_bool) == Some(false));
    if !setters.is_empty() {
        return violation(REASON, format!("{} must not set securityContext.runAsNonRoot=false", setters.join(" and ")));
    }
    let containers =
        if setting(pod.spec) == Some(true) { Vec::new() } else { pod.containers_that(|c| setting(c).is_none()) };
    let detail = || format!("pod or {} must set securityContext.runAsNonRoot=true", named("container", &containers));
    if containers.is_empty() { None } else { violation(REASON, detail()) }
}

/// An explicit user id of 0 (`check_runAsUser.go`).
pub(super) fn run_as_user(pod: &Pod<'_>) -> Option<Violation> {
    let setters = pod.setters(|context| context.int("/runAsUser") == Some(0));
    if setters.is_empty() {
        None
    } else {
        violation("runAsUser=0", format!("{} must not set runAsUser=0", setters.join(" and ")))
    }
}
