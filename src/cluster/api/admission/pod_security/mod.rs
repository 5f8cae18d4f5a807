//! PodSecurity: holds pods to the Pod Security Standards that the labels of their namespace ask for
//! (<https://kubernetes.io/docs/concepts/security/pod-security-admission/>).
//!
//! Nobody is exempt, and nothing is audited: there is no audit log.

mod checks;
mod policy;

use checks::{Violation, violations};
use policy::{Level, Policy};

use super::{Admission, Operation, Result};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;
use kctl_kinds::pod_template_path;

pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let resource = admission.kind.names().resource();
    match resource.as_str() {
        "namespaces" => admit_namespace(admission),
        "pods" => admit_pod(admission),
        _ => match pod_template_path(admission.kind.names().group, admission.kind.names().kind) {
            Some(pointer) => warn_of_template(admission, pointer),
            None => Ok(()),
        },
    }
}

/// The policy of the namespace of what is admitted.
fn policy(admission: &mut Admission<'_>) -> Result<Policy> {
    let namespace = admission.server.read("namespaces", "", admission.new.namespace())?;
    Ok(namespace.map(|namespace| Policy::of(&namespace)).unwrap_or_default())
}

/// Pods are refused, or warned of. An update counts when it brings another image.
fn admit_pod(admission: &mut Admission<'_>) -> Result<()> {
    let policy = policy(admission)?;
    if policy == Policy::default() || admission.old.is_some_and(|old| images(old) == images(admission.new)) {
        return Ok(());
    }
    let new = &*admission.new;
    let broken = violations(policy.enforce.level, new);
    if !broken.is_empty() {
        let why = format!("violates PodSecurity {:?}: {}", policy.enforce.to_string(), in_full(&broken));
        return Err(Status::forbidden("", "pods", new.name_or_prefix(), &why));
    }
    warn(admission, &policy, None);
    Ok(())
}

fn images(pod: &Object) -> Vec<&str> {
    let lists = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"];
    lists.iter().flat_map(|list| pod.list(list)).map(|container| container.str("/image")).collect()
}

/// What makes pods is warned of only: the pods are what is refused.
fn warn_of_template(admission: &mut Admission<'_>, pointer: &str) -> Result<()> {
    let policy = policy(admission)?;
    let template = admission.new.pointer(pointer).cloned();
    if admission.old.is_none_or(|old| old.pointer(pointer) != template.as_ref()) {
        warn(admission, &policy, template.as_ref());
    }
    Ok(())
}

fn warn(admission: &mut Admission<'_>, policy: &Policy, template: Option<&Object>) {
    let broken = violations(policy.warn.level, template.unwrap_or(admission.new));
    if !broken.is_empty() {
        let text = format!("would violate PodSecurity {:?}: {}", policy.warn.to_string(), in_full(&broken));
        admission.warnings.push(text);
    }
}

/// Labels have to make sense; who enforces more than before is told which pods would not be admitted any more.
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
        || (before.level >= after.level && before.is_as_old_as(&after))
    {
        return Ok(());
    }
    let namespace = new.name().to_string();
    let pods = admission.server.read_all("pods", Some(&namespace))?;
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for pod in &pods {
        let broken = violations(after.level, pod);
        if broken.is_empty() {
            continue;
        }
        let reasons = in_short(&broken);
        match found.iter_mut().find(|(known, _)| *known == reasons) {
            Some((_, names)) => names.push(pod.name()),
            None => found.push((reasons, vec![pod.name()])),
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let head = format!(
        "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level {:?}",
        after.to_string()
    );
    let lines = found.iter().map(|(reasons, names)| format!("{}: {reasons}", first_of(names)));
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    admission.warnings.push(head);
    admission.warnings.extend(lines);
    Ok(())
}

/// `a`, `a (and 1 other pod)`, `a (and 2 other pods)`.
fn first_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [name, _] => format!("{name} (and 1 other pod)"),
        [name, others @ ..] => format!("{name} (and {} other pods)", others.len()),
    }
}

/// `privileged (container "a" must not ...), seccompProfile (...)`.
fn in_full(broken: &[Violation]) -> String {
    broken.iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect::<Vec<_>>().join(", ")
}

/// `privileged, seccompProfile`.
fn in_short(broken: &[Violation]) -> String {
    broken.iter().map(|v| v.reason.as_str()).collect::<Vec<_>>().join(", ")
}
