//! Validation of containers (`validateContainers` and `validateInitContainers` in
//! `pkg/apis/core/validation/validation.go`).

use std::collections::BTreeSet;

use super::validate::PodFacts;
use super::{env, ephemeral, handlers, is_sidecar, resources, security, volumes};
use crate::shared::formats::{dns_label_problems, port_name_problems, port_problems};
use crate::shared::rules::refuse;
use kctl_base::field::{ErrorList, Path, duplicate, forbidden, invalid, not_supported, required, too_many};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The highest number of restart rules of a container.
const MAX_RESTART_RULES: usize = 20;
/// The highest number of exit codes in a restart rule.
const MAX_EXIT_CODES: usize = 255;

/// Validates containers and init containers.
pub(crate) fn validate_containers(errors: &mut ErrorList, path: &Path, spec: &Value, facts: &PodFacts) {
    let (regular, init) = (spec.list("/containers"), spec.list("/initContainers"));
    validate_regular(errors, &path.child("containers"), regular, facts);
    validate_init(errors, &path.child("initContainers"), init, regular, facts);
    let others: Vec<&str> = regular.iter().chain(init).map(|container| container.str("/name")).collect();
    ephemeral::validate(errors, &path.child("ephemeralContainers"), spec, &others, facts);
}

fn validate_regular(errors: &mut ErrorList, path: &Path, list: &[Value], facts: &PodFacts) {
    if list.is_empty() {
        return errors.push(required(path, ""));
    }
    let mut names = BTreeSet::new();
    for (index, container) in list.iter().enumerate() {
        let here = path.index(index);
        validate_common(errors, &here, container, facts);
        let name = container.str("/name");
        if names.contains(&name) {
            errors.push(duplicate(&here.child("name"), name));
        }
        names.insert(name);
        handlers::validate(errors, &here, container, facts.grace_period);
        let policy = container.str("/restartPolicy");
        if !policy.is_empty() && !["Always", "Never", "OnFailure"].contains(&policy) {
            let supported = ["Always", "Never", "OnFailure"];
            errors.push(not_supported(&here.child("restartPolicy"), policy, &supported));
        }
        validate_restart_rules(errors, &here, container);
    }
    let all: Vec<(usize, &Value)> = list.iter().enumerate().collect();
    validate_host_port_conflicts(errors, path, &all);
}

/// Validates the rules about exit codes that override the restart policy (`validateContainerRestartPolicy`).
fn validate_restart_rules(errors: &mut ErrorList, path: &Path, container: &Value) {
    let rules = container.list("/restartPolicyRules");
    if !rules.is_empty() && container.str("/restartPolicy").is_empty() {
        let why = "must specify restartPolicy when restart rules are used";
        errors.push(required(&path.child("restartPolicy"), why));
    }
    if rules.len() > MAX_RESTART_RULES {
        errors.push(too_many(&path.child("restartPolicyRules"), rules.len(), MAX_RESTART_RULES));
    }
    for (index, rule) in rules.iter().enumerate() {
        let here = path.child("restartPolicyRules").index(index);
        let action = rule.str("/action");
        if !["Restart", "RestartAllContainers"].contains(&action) {
            errors.push(not_supported(&here.child("action"), action, &["Restart", "RestartAllContainers"]));
        }
        let here = here.child("exitCodes");
        let Some(codes) = rule.at("/exitCodes") else {
            errors.push(required(&here, "must be specified"));
            continue;
        };
        let operator = codes.str("/operator");
        if !["In", "NotIn"].contains(&operator) {
            errors.push(not_supported(&here.child("operator"), operator, &["In", "NotIn"]));
        }
        if codes.list("/values").len() > MAX_EXIT_CODES {
            errors.push(too_many(&here.child("values"), codes.list("/values").len(), MAX_EXIT_CODES));
        }
    }
}

fn validate_init(errors: &mut ErrorList, path: &Path, list: &[Value], regular: &[Value], facts: &PodFacts) {
    let mut names: BTreeSet<&str> = regular.iter().map(|c| c.str("/name")).collect();
    for (index, container) in list.iter().enumerate() {
        let here = path.index(index);
        validate_common(errors, &here, container, facts);
        let name = container.str("/name");
        if names.contains(&name) {
            errors.push(duplicate(&here.child("name"), name));
        } else if !name.is_empty() {
            names.insert(name);
        }
        validate_host_port_conflicts(errors, path, &[(index, container)]);
        if is_sidecar(container) {
            handlers::validate(errors, &here, container, facts.grace_period);
            continue;
        }
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if container.get(field).is_some_and(|v| !v.is_null()) {
                let why = "may not be set for init containers without restartPolicy=Always";
                errors.push(forbidden(&here.child(field), why));
            }
        }
        for (number, policy) in container.list("/resizePolicy").iter().enumerate() {
            let restart = policy.str("/restartPolicy");
            if restart == "RestartContainer" {
                let place = here.child("resizePolicy").index(number).child("restartPolicy");
                let why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                errors.push(invalid(&place, restart, why));
            }
        }
    }
}

/// Validates what all kinds of containers have in common (`validateContainerCommon`).
pub(super) fn validate_common(errors: &mut ErrorList, path: &Path, container: &Value, facts: &PodFacts) {
    let name = container.str("/name");
    if name.is_empty() {
        errors.push(required(&path.child("name"), ""));
    } else {
        refuse(errors, &path.child("name"), name, dns_label_problems(name));
    }
    if container.str("/image").is_empty() {
        errors.push(required(&path.child("image"), ""));
    }
    let policy = container.str("/terminationMessagePolicy");
    let here = path.child("terminationMessagePolicy");
    match policy {
        "File" | "FallbackToLogsOnError" => {}
        "" => errors.push(required(&here, "")),
        other => errors.push(not_supported(&here, other, &["File", "FallbackToLogsOnError"])),
    }
    validate_ports(errors, &path.child("ports"), container.list("/ports"));
    env::validate_env(errors, &path.child("env"), container.list("/env"));
    env::validate_env_from(errors, &path.child("envFrom"), container.list("/envFrom"));
    volumes::validate_mounts(errors, path, container, &facts.volumes);
    validate_pull_policy(errors, &path.child("imagePullPolicy"), container.str("/imagePullPolicy"));
    let none = Value::Null;
    let wants = container.get("resources").unwrap_or(&none);
    resources::validate(errors, &path.child("resources"), wants, &facts.claims);
    validate_resize_policy(errors, &path.child("resizePolicy"), container.list("/resizePolicy"), facts.restart_policy);
    let here = path.child("securityContext");
    security::validate_container(errors, &here, container.at("/securityContext"), facts.host_users);
}

/// Validates when an image is pulled.
pub(super) fn validate_pull_policy(errors: &mut ErrorList, path: &Path, policy: &str) {
    match policy {
        "Always" | "IfNotPresent" | "Never" => {}
        "" => errors.push(required(path, "")),
        other => errors.push(not_supported(path, other, &["Always", "IfNotPresent", "Never"])),
    }
}

fn validate_ports(errors: &mut ErrorList, path: &Path, ports: &[Value]) {
    let mut names = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let here = path.index(index);
        let name = port.str("/name");
        if !name.is_empty() {
            let problems = port_name_problems(name);
            if !problems.is_empty() {
                refuse(errors, &here.child("name"), name, problems);
            } else if names.contains(&name) {
                errors.push(duplicate(&here.child("name"), name));
            } else {
                names.insert(name);
            }
        }
        match port.int("/containerPort").unwrap_or(0) {
            0 => errors.push(required(&here.child("containerPort"), "")),
            number => {
                errors
                    .extend(port_problems(number).iter().map(|why| invalid(&here.child("containerPort"), number, why)));
            }
        }
        if let Some(number) = port.int("/hostPort").filter(|n| *n != 0) {
            errors.extend(port_problems(number).iter().map(|why| invalid(&here.child("hostPort"), number, why)));
        }
        match port.str("/protocol") {
            "TCP" | "UDP" | "SCTP" => {}
            "" => errors.push(required(&here.child("protocol"), "")),
            other => errors.push(not_supported(&here.child("protocol"), other, &["SCTP", "TCP", "UDP"])),
        }
    }
}

/// Refuses two containers that use the same port of the host.
fn validate_host_port_conflicts(errors: &mut ErrorList, path: &Path, containers: &[(usize, &Value)]) {
    let mut taken = BTreeSet::new();
    for (index, container) in containers {
        for (number, port) in container.list("/ports").iter().enumerate() {
            let Some(host_port) = port.int("/hostPort").filter(|n| *n != 0) else { continue };
            let key = format!("{}/{}/{host_port}", port.str("/protocol"), port.str("/hostIP"));
            if taken.contains(&key) {
                let here = path.index(*index).child("ports").index(number).child("hostPort");
                errors.push(duplicate(&here, key));
            } else {
                taken.insert(key);
            }
        }
    }
}

fn validate_resize_policy(errors: &mut ErrorList, path: &Path, policies: &[Value], pod_policy: &str) {
    let mut seen = BTreeSet::new();
    for (index, policy) in policies.iter().enumerate() {
        let name = policy.str("/resourceName");
        if seen.contains(&name) {
            errors.push(duplicate(&path.index(index), name));
        }
        seen.insert(name);
        match name {
            "cpu" | "memory" => {}
            "" => errors.push(required(path, "")),
            other => errors.push(not_supported(path, other, &["cpu", "memory"])),
        }
        match policy.str("/restartPolicy") {
            "NotRequired" | "RestartContainer" => {}
            "" => errors.push(required(path, "")),
            other => errors.push(not_supported(path, other, &["NotRequired", "RestartContainer"])),
        }
        let restart = policy.str("/restartPolicy");
        if pod_policy == "Never" && restart != "NotRequired" {
            errors.push(invalid(path, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
        }
    }
}

/// Refuses whitespace around image names. Upstream validates this for pods only, not for pod templates.
pub(crate) fn validate_image_whitespace(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for field in ["containers", "initContainers"] {
        let list = spec.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, container) in list.iter().enumerate() {
            let image = container.str("/image");
            if image.trim() != image {
                let here = path.child(field).index(index).child("image");
                errors.push(invalid(&here, image, "must not have leading or trailing whitespace"));
            }
        }
    }
}
