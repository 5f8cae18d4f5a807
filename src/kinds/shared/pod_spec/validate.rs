//! Validation of a pod spec (`ValidatePodSpec` in `pkg/apis/core/validation/validation.go`); errors come in the order
//! of the API server.

use std::collections::BTreeSet;

use super::volumes::Volumes;
use super::{containers, network, resources, scheduling, security, volumes};
use crate::shared::formats::{dns_label_problems, dns_subdomain_problems, inclusive_range};
use crate::shared::go_struct;
use crate::shared::rules::{label_map, refuse};
use kctl_base::field::{ErrorList, Path, duplicate, forbidden, invalid, invalid_json, not_supported, required};
use kctl_base::json::Value;
use kctl_base::labels;
use kctl_base::object::ValueRead;

/// Facts about the whole pod spec that the validation of its parts needs.
#[derive(Debug)]
pub(crate) struct PodFacts<'a> {
    /// The valid volumes, which mounts may refer to.
    pub volumes: Volumes<'a>,
    /// The names in `spec.resourceClaims`.
    pub claims: Vec<&'a str>,
    /// Termination grace period in seconds.
    pub grace_period: i64,
    /// The restart policy of the pod.
    pub restart_policy: &'a str,
    /// True when the pod shares the user namespace of the host.
    pub host_users: bool,
}

/// Validates a pod spec.
pub(crate) fn validate_spec(errors: &mut ErrorList, path: &Path, spec: &Value) {
    let volumes = volumes::validate(errors, &path.child("volumes"), spec.list("/volumes"));
    let facts = PodFacts {
        volumes,
        claims: spec.list("/resourceClaims").iter().map(|c| c.str("/name")).collect(),
        grace_period: spec.int("/terminationGracePeriodSeconds").unwrap_or(0),
        restart_policy: spec.str("/restartPolicy"),
        host_users: spec.at("/hostUsers").is_none_or(|v| v != false),
    };
    validate_resource_claims(errors, &path.child("resourceClaims"), spec);
    containers::validate_containers(errors, path, spec, &facts);
    if let Some(whole) = spec.at("/resources") {
        validate_pod_resources(errors, &path.child("resources"), spec, whole, &facts);
    }
    network::validate_host_ports(errors, &path.child("containers"), spec);
    validate_choice(errors, path, spec, "restartPolicy", &["Always", "OnFailure", "Never"]);
    validate_choice(errors, path, spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    label_map(errors, &path.child("nodeSelector"), spec.get("nodeSelector"));
    security::validate_host_users(errors, path, spec);
    security::validate_pod(errors, &path.child("securityContext"), spec);
    scheduling::validate_affinity(errors, &path.child("affinity"), spec.at("/affinity"));
    network::validate_dns_config(errors, &path.child("dnsConfig"), spec);
    validate_gates(errors, path, spec);
    let spread = spec.list("/topologySpreadConstraints");
    scheduling::validate_spread(errors, &path.child("topologySpreadConstraints"), spread);
    validate_names(errors, path, spec);
    scheduling::validate_tolerations(errors, &path.child("tolerations"), spec.list("/tolerations"));
    network::validate_host_aliases(errors, &path.child("hostAliases"), spec.list("/hostAliases"));
    validate_classes(errors, path, spec);
}

fn validate_choice(errors: &mut ErrorList, path: &Path, spec: &Value, field: &str, choices: &[&str]) {
    match spec.get(field).and_then(Value::as_str).unwrap_or_default() {
        "" => errors.push(required(&path.child(field), "")),
        value if !choices.contains(&value) => errors.push(not_supported(&path.child(field), value, choices)),
        _ => {}
    }
}

fn validate_resource_claims(errors: &mut ErrorList, path: &Path, spec: &Value) {
    let mut seen = BTreeSet::new();
    for (index, claim) in spec.list("/resourceClaims").iter().enumerate() {
        let here = path.index(index);
        let name = claim.str("/name");
        if name.is_empty() {
            errors.push(required(&here.child("name"), ""));
        } else if seen.contains(&name) {
            errors.push(duplicate(&here.child("name"), name));
        } else {
            refuse(errors, &here.child("name"), name, dns_label_problems(name));
        }
        seen.insert(name);
        match (claim.at("/resourceClaimName").is_some(), claim.at("/resourceClaimTemplateName").is_some()) {
            (true, true) => {
                let why = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                errors.push(invalid_json(&here, &go_struct::to_json("PodResourceClaim", claim), why));
            }
            (false, false) => {
                let why = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.push(invalid_json(&here, &go_struct::to_json("PodResourceClaim", claim), why));
            }
            _ => {}
        }
    }
}

/// Validates pod-level resources, which may be CPU, memory and huge pages only (KEP-2837).
fn validate_pod_resources(errors: &mut ErrorList, path: &Path, spec: &Value, whole: &Value, facts: &PodFacts) {
    for field in ["limits", "requests"] {
        for name in whole.get(field).and_then(Value::as_object).into_iter().flat_map(|m| m.keys()) {
            if !["cpu", "memory"].contains(&name.as_str()) && !name.starts_with("hugepages-") {
                let here = path.child(field).key(name);
                errors.push(not_supported(&here, name.as_str(), &["cpu", "hugepages-", "memory"]));
            }
        }
    }
    resources::validate(errors, path, whole, &facts.claims);
    validate_shares(errors, path, spec, whole);
}

/// Refuses containers that together request, or alone may use, more than their pod (`validatePodResourceConsistency`).
fn validate_shares(errors: &mut ErrorList, path: &Path, spec: &Value, whole: &Value) {
    let (requests, limits) = (resources::amounts(whole, "/requests"), resources::amounts(whole, "/limits"));
    for (name, sum) in resources::requests_of_containers(spec) {
        if let Some(request) = requests.get(&name).filter(|request| **request < sum) {
            let why = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.push(invalid(&path.child("requests").key(&name), request.canonical(), &why));
        }
    }
    for (index, container) in spec.list("/containers").iter().enumerate() {
        for (name, limit) in resources::amounts(container, "/resources/limits") {
            if let Some(most) = limits.get(&name).filter(|most| limit > **most) {
                let here = path.child("containers").index(index).key(&name).child("limits");
                let why = format!("must be less than or equal to pod limits of {most}");
                errors.push(invalid(&here, limit.canonical(), &why));
            }
        }
    }
}

fn validate_gates(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for (index, gate) in spec.list("/readinessGates").iter().enumerate() {
        let kind = gate.str("/conditionType");
        let here = path.child("readinessGates").index(index).child("conditionType");
        refuse(errors, &here, kind, labels::key_problems(kind));
    }
    let mut seen = BTreeSet::new();
    for (index, gate) in spec.list("/schedulingGates").iter().enumerate() {
        let name = gate.str("/name");
        let here = path.child("schedulingGates").index(index);
        refuse(errors, &here, name, labels::key_problems(name));
        if seen.contains(&name) {
            errors.push(duplicate(&here, name));
        }
        seen.insert(name);
    }
}

fn validate_names(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for (index, secret) in spec.list("/imagePullSecrets").iter().enumerate() {
        if let Some(name) = secret.get("name").filter(|n| !n.is_null() && !n.is_string()) {
            errors.push(invalid(&path.child("imagePullSecrets").index(index).child("name"), name.clone(), ""));
        }
    }
    for (field, rule) in [
        ("serviceAccountName", dns_subdomain_problems as fn(&str) -> Vec<String>),
        ("nodeName", dns_subdomain_problems),
    ] {
        let name = spec.get(field).and_then(Value::as_str).unwrap_or_default();
        if !name.is_empty() {
            refuse(errors, &path.child(field), name, rule(name));
        }
    }
    if let Some(seconds) = spec.int("/activeDeadlineSeconds")
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let why = inclusive_range(1, i64::from(i32::MAX));
        errors.push(invalid(&path.child("activeDeadlineSeconds"), seconds, &why));
    }
    for field in ["hostname", "subdomain"] {
        let name = spec.get(field).and_then(Value::as_str).unwrap_or_default();
        if !name.is_empty() {
            refuse(errors, &path.child(field), name, dns_label_problems(name));
        }
    }
}

fn validate_classes(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for field in ["priorityClassName", "runtimeClassName"] {
        let name = spec.get(field).and_then(Value::as_str).unwrap_or_default();
        if !name.is_empty() {
            refuse(errors, &path.child(field), name, dns_subdomain_problems(name));
        }
    }
    if let Some(policy) = spec.at("/preemptionPolicy").and_then(Value::as_str)
        && !["PreemptLowerPriority", "Never"].contains(&policy)
    {
        let here = path.child("preemptionPolicy");
        errors.push(not_supported(&here, policy, &["PreemptLowerPriority", "Never"]));
    }
    if let Some(os) = spec.at("/os") {
        match os.str("/name") {
            "" => errors.push(required(&path.child("os").child("name"), "cannot be empty")),
            "linux" => security::validate_linux(errors, path, spec),
            "windows" => security::validate_windows(errors, path, spec),
            other => errors.push(not_supported(&path.child("os"), other, &["linux", "windows"])),
        }
    }
}

/// Validates a pod template: labels, annotations and spec.
pub(crate) fn validate_template(errors: &mut ErrorList, path: &Path, template: &Value) {
    label_map(errors, &path.child("labels"), template.pointer("/metadata/labels"));
    let annotations = template.pointer("/metadata/annotations");
    crate::shared::rules::annotation_map(errors, &path.child("annotations"), annotations);
    let spec = template.get("spec").unwrap_or(&Value::Null);
    validate_spec(errors, &path.child("spec"), spec);
    if !spec.list("/ephemeralContainers").is_empty() {
        let here = path.child("spec").child("ephemeralContainers");
        errors.push(forbidden(&here, "ephemeral containers not allowed in pod template"));
    }
}
