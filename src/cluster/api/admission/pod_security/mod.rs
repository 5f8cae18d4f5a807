//! PodSecurity: enforces the Pod Security Standards that the labels of a namespace select (`k8s.io/pod-security-admission`,
//! <https://kubernetes.io/docs/concepts/security/pod-security-admission/>).
//!
//! There are no exemptions, and the mode `audit` has no effect, because there is no audit log.

mod checks;
mod policy;

pub(crate) use checks::SAFE_SYSCTLS;

use std::sync::Arc;

use checks::{Violation, violations};
use policy::{Level, Policy, Standard};

use super::{Admission, Operation, Result};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::status::Status;
use kctl_kinds::pod_template_path;

/// Rejects pods that violate the enforced level, and warns about pods and pod templates that violate the warning level.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let resource = admission.kind.names().resource();
    match resource.as_str() {
        "namespaces" => admit_namespace(admission),
        "pods" => admit_pod(admission),
        _ => match pod_template_path(admission.kind.names().group, admission.kind.names().kind) {
            Some(pointer) => warn_about_template(admission, pointer),
            None => Ok(()),
        },
    }
}

/// Returns the policy of the namespace that the object is in.
fn policy(admission: &mut Admission<'_>) -> Result<Policy> {
    let namespace = admission.server.read("namespaces", "", admission.new.namespace())?;
    Ok(namespace.map(|namespace| Policy::of(&namespace)).unwrap_or_default())
}

/// Rejects a pod that violates the enforced level, or warns about it. Updates that change no image are not evaluated.
fn admit_pod(admission: &mut Admission<'_>) -> Result<()> {
    let policy = policy(admission)?;
    if policy == Policy::default() || admission.old.is_some_and(|old| images(old) == images(admission.new)) {
        return Ok(());
    }
    let new = &*admission.new;
    let found = violations(policy.enforce, new);
    if !found.is_empty() {
        let detail = format!("violates PodSecurity {:?}: {}", policy.enforce.to_string(), with_details(&found));
        return Err(Status::forbidden("", "pods", new.name_or_prefix(), &detail));
    }
    warn(admission, &policy, None);
    Ok(())
}

/// Returns the images of all containers of a pod, in order.
fn images(pod: &Object) -> Vec<&str> {
    let lists = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"];
    lists.iter().flat_map(|list| pod.list(list)).map(|container| container.str("/image")).collect()
}

/// Warns about a workload object with a changed pod template; only its pods can be rejected.
fn warn_about_template(admission: &mut Admission<'_>, pointer: &str) -> Result<()> {
    let policy = policy(admission)?;
    let template = admission.new.pointer(pointer).cloned();
    if admission.old.is_none_or(|old| old.pointer(pointer) != template.as_ref()) {
        warn(admission, &policy, template.as_ref());
    }
    Ok(())
}

/// Adds a warning when a pod or pod template violates the warning level.
fn warn(admission: &mut Admission<'_>, policy: &Policy, template: Option<&Object>) {
    let found = violations(policy.warn, template.unwrap_or(admission.new));
    if !found.is_empty() {
        let warning = format!("would violate PodSecurity {:?}: {}", policy.warn.to_string(), with_details(&found));
        admission.warnings.push(warning);
    }
}

/// Validates the labels of a namespace, and warns about the existing pods that a stricter enforced level would reject.
fn admit_namespace(admission: &mut Admission<'_>) -> Result<()> {
    let new = &*admission.new;
    let errors = policy::label_errors(new);
    if !errors.is_empty() && admission.old.is_none_or(|old| policy::label_errors(old) != errors) {
        return Err(Status::invalid("", "Namespace", new.name(), &errors));
    }
    let Some(old) = admission.old.filter(|_| admission.operation == Operation::Update) else { return Ok(()) };
    let (before, after) = (Policy::of(old).enforce, Policy::of(new).enforce);
    if before == after
        || after.level == Level::Privileged
        || (before.level >= after.level && before.has_version_of(&after))
    {
        return Ok(());
    }
    let namespace = new.name().to_string();
    let pods = admission.server.read_all("pods", Some(&namespace))?;
    let lines = violating_pods(after, &pods);
    if !lines.is_empty() {
        admission.warnings.push(format!(
            "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level {:?}",
            after.to_string()
        ));
        admission.warnings.extend(lines);
    }
    Ok(())
}

/// Returns one sorted line for each set of reasons for which pods violate a level: `a (and 1 other pod): privileged`.
fn violating_pods(standard: Standard, pods: &[Arc<Object>]) -> Vec<String> {
    let mut by_reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for pod in pods {
        let found = violations(standard, pod);
        if found.is_empty() {
            continue;
        }
        let reasons = reasons(&found);
        match by_reasons.iter_mut().find(|(known, _)| *known == reasons) {
            Some((_, names)) => names.push(pod.name()),
            None => by_reasons.push((reasons, vec![pod.name()])),
        }
    }
    let mut lines: Vec<String> =
        by_reasons.iter().map(|(reasons, names)| format!("{}: {reasons}", abbreviated(names))).collect();
    lines.order();
    lines
}

/// Abbreviates names of pods: `a`, `a (and 1 other pod)`, `a (and 2 other pods)`.
fn abbreviated(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [name, _] => format!("{name} (and 1 other pod)"),
        [name, others @ ..] => format!("{name} (and {} other pods)", others.len()),
    }
}

/// Formats violations with their details: `privileged (container "a" must not ...), seccompProfile (...)`.
fn with_details(violations: &[Violation]) -> String {
    violations.iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect::<Vec<_>>().join(", ")
}

/// Formats the reasons of violations: `privileged, seccompProfile`.
fn reasons(violations: &[Violation]) -> String {
    violations.iter().map(|v| v.reason.as_str()).collect::<Vec<_>>().join(", ")
}
