//! Pod templates inside workloads: the rules that ReplicaSets, Deployments, StatefulSets and the like add to those of a pod spec.

use super::pod_spec::validate::validate_template;
use super::selector;
use kctl_base::field::{ErrorList, Path, forbidden, not_supported};
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::ValueRead;

/// Checks the template of a workload whose pods run for ever: its labels match, and its pods are restarted always.
/// `kind` is the word that the refusal of a deadline has.
pub fn validate_for_controller(errors: &mut ErrorList, path: &Path, template: &Value, selector: &Selector, kind: &str) {
    selector::validate_match(errors, path, selector, template);
    validate_template(errors, path, template);
    validate_long_running(errors, path, template, kind);
}

/// Checks that pods are restarted always and have no deadline.
pub fn validate_long_running(errors: &mut ErrorList, path: &Path, template: &Value, kind: &str) {
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
