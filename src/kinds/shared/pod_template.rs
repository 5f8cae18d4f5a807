//! Pod templates of workloads: their paths, and the rules that they add to those of a pod spec
//! (`ValidatePodTemplateSpecForReplicaSet` in `pkg/apis/apps/validation/validation.go`).

use super::pod_spec::validate::validate_template;
use super::selector;
use kctl_base::field::{ErrorList, Path, forbidden, not_supported};
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::ValueRead;

/// Validates the template of a workload that keeps its pods running: it matches the selector and always restarts
/// containers. `kind` appears in a message, such as `ReplicaSet`.
pub(crate) fn validate_for_controller(
    errors: &mut ErrorList,
    path: &Path,
    template: &Value,
    selector: &Selector,
    kind: &str,
) {
    selector::validate_match(errors, path, selector, template);
    validate_template(errors, path, template);
    validate_long_running(errors, path, template, kind);
}

/// Refuses a restart policy other than `Always` and a deadline.
pub(crate) fn validate_long_running(errors: &mut ErrorList, path: &Path, template: &Value, kind: &str) {
    let spec = path.child("spec");
    let policy = template.str("/spec/restartPolicy");
    if policy != "Always" {
        errors.push(not_supported(&spec.child("restartPolicy"), policy, &["Always"]));
    }
    if template.at("/spec/activeDeadlineSeconds").is_some() {
        let why = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(forbidden(&spec.child("activeDeadlineSeconds"), &why));
    }
}

/// The JSON pointer to the pod spec of a built-in kind, such as `/spec/template/spec`; `None` for kinds that neither are nor
/// create pods.
pub fn pod_spec_path(group: &str, kind: &str) -> Option<&'static str> {
    match (group, kind) {
        ("", "Pod") => Some("/spec"),
        ("", "PodTemplate") => Some("/template/spec"),
        ("", "ReplicationController") | ("apps", "StatefulSet") | ("batch", "Job") => Some("/spec/template/spec"),
        // Local files may still name the group in which these kinds were first served.
        ("apps" | "extensions", "DaemonSet" | "Deployment" | "ReplicaSet") => Some("/spec/template/spec"),
        ("batch", "CronJob") => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    }
}

/// The JSON pointer to the pod template of a built-in kind, such as `/spec/template`; `None` for kinds without one, Pod
/// included.
pub fn pod_template_path(group: &str, kind: &str) -> Option<&'static str> {
    let template = pod_spec_path(group, kind)?.strip_suffix("/spec")?;
    (!template.is_empty()).then_some(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_group_and_kind() {
        assert_eq!(pod_template_path("apps", "Deployment"), Some("/spec/template"));
        assert_eq!(pod_template_path("batch", "CronJob"), Some("/spec/jobTemplate/spec/template"));
        assert_eq!(pod_template_path("", "PodTemplate"), Some("/template"));
        assert_eq!(pod_template_path("", "Pod"), None);
        assert_eq!(pod_template_path("batch.example.com", "Job"), None);
        assert_eq!(pod_spec_path("", "Pod"), Some("/spec"));
    }
}
