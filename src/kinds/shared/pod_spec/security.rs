//! Validation of security contexts (`ValidatePodSecurityContext`, `ValidateSecurityContext` in
//! `pkg/apis/core/validation/validation.go`).

use std::collections::BTreeSet;

use super::all_containers;
use crate::shared::formats::inclusive_range;
use kctl_base::field::{ErrorList, Path, forbidden, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

fn validate_id(errors: &mut ErrorList, path: &Path, id: Option<i64>) {
    if let Some(id) = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id)) {
        errors.push(invalid(path, id, &inclusive_range(0, i64::from(i32::MAX))));
    }
}

/// Refuses host namespaces in a pod with a user namespace (`validateHostUsers`).
pub(crate) fn validate_host_users(errors: &mut ErrorList, path: &Path, spec: &Value) {
    if spec.at("/hostUsers").is_none_or(|users| *users != false) {
        return;
    }
    // Two of the paths are spelt like the fields of the internal type.
    for (field, shown) in [("/hostNetwork", "hostNetwork"), ("/hostPID", "HostPID"), ("/hostIPC", "HostIPC")] {
        if spec.flag(field) {
            errors.push(forbidden(&path.child(shown), "when `hostUsers` is false"));
        }
    }
}

/// Refuses the options of Windows in a pod for Linux (`validateLinux`).
pub(crate) fn validate_linux(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for (here, holder) in [(path.clone(), spec)].into_iter().chain(all_containers(spec, path)) {
        if holder.at("/securityContext/windowsOptions").is_some() {
            let here = here.child("securityContext").child("windowsOptions");
            errors.push(forbidden(&here, "windows options cannot be set for a linux pod"));
        }
    }
}

/// Refuses the fields that only Linux knows in a pod for Windows (`validateWindows`).
pub(crate) fn validate_windows(errors: &mut ErrorList, path: &Path, spec: &Value) {
    const OF_POD: &[&str] = &[
        "securityContext.appArmorProfile",
        "securityContext.seLinuxOptions",
        "hostUsers",
        "hostPID",
        "hostIPC",
        "securityContext.seccompProfile",
        "securityContext.fsGroup",
        "securityContext.fsGroupChangePolicy",
        "securityContext.sysctls",
        "shareProcessNamespace",
        "securityContext.runAsUser",
        "securityContext.runAsGroup",
        "securityContext.supplementalGroups",
        "securityContext.supplementalGroupsPolicy",
    ];
    const OF_CONTAINER: &[&str] = &[
        "securityContext.appArmorProfile",
        "securityContext.seLinuxOptions",
        "securityContext.seccompProfile",
        "securityContext.capabilities",
        "securityContext.readOnlyRootFilesystem",
        "securityContext.privileged",
        "securityContext.allowPrivilegeEscalation",
        "securityContext.procMount",
        "securityContext.runAsUser",
        "securityContext.runAsGroup",
    ];
    let mut refuse = |path: &Path, holder: &Value, fields: &[&str]| {
        for field in fields {
            // Booleans outside of the contexts and empty lists of the pod cannot be told from missing ones.
            let is_set = |value: &Value| match value {
                Value::Bool(set) => *set || !matches!(*field, "hostPID" | "hostIPC"),
                Value::Array(list) => !list.is_empty() || *field != "securityContext.sysctls",
                _ => true,
            };
            if holder.at(&format!("/{}", field.replace('.', "/"))).is_some_and(is_set) {
                errors.push(forbidden(&path.child(field), "cannot be set for a windows pod"));
            }
        }
    };
    refuse(path, spec, OF_POD);
    for (here, container) in all_containers(spec, path) {
        refuse(&here, container, OF_CONTAINER);
    }
}

/// Validates the security context of a pod.
pub(crate) fn validate_pod(errors: &mut ErrorList, path: &Path, spec: &Value) {
    let Some(context) = spec.at("/securityContext") else { return };
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        validate_id(errors, &path.child(field), context.get(field).and_then(Value::as_i64));
    }
    for (index, group) in context.list("/supplementalGroups").iter().enumerate() {
        validate_id(errors, &path.child("supplementalGroups").index(index), group.as_i64());
    }
    if spec.flag("/shareProcessNamespace") && spec.flag("/hostPID") {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(invalid(&path.child("shareProcessNamespace"), true, why));
    }
    validate_sysctls(errors, &path.child("sysctls"), context.list("/sysctls"));
    validate_policy(errors, path, context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"]);
    validate_profiles(errors, path, context);
    validate_policy(errors, path, context, "supplementalGroupsPolicy", &["Merge", "Strict"]);
    validate_policy(errors, path, context, "seLinuxChangePolicy", &["MountOption", "Recursive"]);
}

/// Refuses a policy that is not among those that are supported.
fn validate_policy(errors: &mut ErrorList, path: &Path, context: &Value, field: &str, supported: &[&str]) {
    let policy = context.get(field).and_then(Value::as_str);
    if let Some(policy) = policy.filter(|policy| !supported.contains(policy)) {
        errors.push(not_supported(&path.child(field), policy, supported));
    }
}

fn validate_sysctls(errors: &mut ErrorList, path: &Path, sysctls: &[Value]) {
    let mut seen = BTreeSet::new();
    for (index, sysctl) in sysctls.iter().enumerate() {
        let name = sysctl.str("/name");
        let here = path.index(index).child("name");
        let good = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
        };
        if name.is_empty() {
            errors.push(required(&here, ""));
        } else if !name.split(['.', '/']).all(good) {
            let why = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.push(invalid(&here, name, why));
        } else if seen.contains(&name) {
            errors.push(kctl_base::field::duplicate(&here, name));
        }
        seen.insert(name);
    }
}

/// Validates the security context of a container. `host_users` is false in a pod with a user namespace.
pub(crate) fn validate_container(errors: &mut ErrorList, path: &Path, context: Option<&Value>, host_users: bool) {
    let Some(context) = context else { return };
    for field in ["runAsUser", "runAsGroup"] {
        validate_id(errors, &path.child(field), context.get(field).and_then(Value::as_i64));
    }
    if let Some(mount) = context.at("/procMount").and_then(Value::as_str) {
        if !["Default", "Unmasked"].contains(&mount) {
            errors.push(not_supported(&path.child("procMount"), mount, &["Default", "Unmasked"]));
        }
        if host_users && mount == "Unmasked" {
            let why = "`hostUsers` must be false to use `Unmasked`";
            errors.push(invalid(&path.child("procMount"), mount, why));
        }
    }
    if context.at("/allowPrivilegeEscalation") == Some(&Value::Bool(false)) {
        if context.flag("/privileged") {
            let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.push(invalid(path, context.clone(), why));
        }
        if context.list("/capabilities/add").iter().any(|c| c == "CAP_SYS_ADMIN") {
            let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.push(invalid(path, context.clone(), why));
        }
    }
    validate_profiles(errors, path, context);
}

/// Validates seccomp and AppArmor profiles.
fn validate_profiles(errors: &mut ErrorList, path: &Path, context: &Value) {
    for field in ["seccompProfile", "appArmorProfile"] {
        let Some(profile) = context.get(field).filter(|p| !p.is_null()) else { continue };
        let here = path.child(field);
        let local = profile.str("/localhostProfile");
        match profile.str("/type") {
            "Localhost" if local.is_empty() => {
                let name = if field == "seccompProfile" { "seccomp" } else { "AppArmor" };
                let why = match name {
                    "seccomp" => "must be set when seccomp type is Localhost",
                    _ => "must be set when AppArmor type is Localhost",
                };
                errors.push(required(&here.child("localhostProfile"), why));
            }
            "Localhost" if field == "seccompProfile" && (local.starts_with('/') || local.contains("..")) => {
                let why = if local.starts_with('/') { "must be a relative path" } else { "must not contain '..'" };
                errors.push(invalid(&here.child("localhostProfile"), local, why));
            }
            "Localhost" => {}
            "RuntimeDefault" | "Unconfined" => {
                if profile.at("/localhostProfile").is_some() {
                    let why = match field {
                        "seccompProfile" => "can only be set when seccomp type is Localhost",
                        _ => "can only be set when AppArmor type is Localhost",
                    };
                    errors.push(match field {
                        "seccompProfile" => invalid(&here.child("localhostProfile"), local, why),
                        _ => forbidden(&here.child("localhostProfile"), why),
                    });
                }
            }
            "" => errors.push(required(&here.child("type"), "type is required when seccompProfile is set")),
            other => {
                let supported = ["Localhost", "RuntimeDefault", "Unconfined"];
                errors.push(not_supported(&here.child("type"), other, &supported));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn policies_of_a_pod_are_known_ones() {
        let texts = |context: Value| {
            let mut errors = ErrorList::new();
            validate_pod(&mut errors, &Path::new("spec"), &json!({"securityContext": context}));
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let known = json!({"fsGroupChangePolicy": "Always", "supplementalGroupsPolicy": "Strict",
            "seLinuxChangePolicy": "MountOption"});
        assert!(texts(known).is_empty());
        let unknown = json!({"fsGroupChangePolicy": "A", "supplementalGroupsPolicy": "B", "seLinuxChangePolicy": "C"});
        assert_eq!(
            texts(unknown),
            [
                "spec.fsGroupChangePolicy: Unsupported value: \"A\": supported values: \"Always\", \"OnRootMismatch\"",
                "spec.supplementalGroupsPolicy: Unsupported value: \"B\": supported values: \"Merge\", \"Strict\"",
                "spec.seLinuxChangePolicy: Unsupported value: \"C\": supported values: \"MountOption\", \"Recursive\"",
            ]
        );
    }

    #[test]
    fn windows_pods_cannot_have_fields_of_linux() {
        let spec = json!({"hostPID": false, "securityContext": {"fsGroup": 1, "runAsUser": 2, "windowsOptions": {}},
            "containers": [{"securityContext": {"privileged": false}}]});
        let mut errors = ErrorList::new();
        validate_windows(&mut errors, &Path::new("spec"), &spec);
        validate_linux(&mut errors, &Path::new("spec"), &spec);
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
                "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
                "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
                "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
            ]
        );
    }
}
