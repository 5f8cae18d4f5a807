//! Validation of Pods beyond that of pod specs (`ValidatePodCreate` in `pkg/apis/core/validation/validation.go`).

use crate::shared::pod_spec::containers::validate_image_whitespace;
use crate::shared::pod_spec::validate::validate_spec;
use kctl_base::field::{ErrorList, Path, forbidden, invalid, required};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

pub(super) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), object.get("spec").unwrap_or(&Value::Null));
    validate_deletion_cost(&mut errors, object);
    validate_spec(&mut errors, &path, spec);
    if spec.str("/serviceAccountName").is_empty() {
        forbid_tokens(&mut errors, &path.child("volumes"), spec.list("/volumes"));
    }
    validate_image_whitespace(&mut errors, &path, spec);
    require_images(&mut errors, &path.child("volumes"), spec.list("/volumes"));
    // Ephemeral containers can only be added to a stored pod, through their subresource.
    if !spec.list("/ephemeralContainers").is_empty() && object.resource_version().is_empty() {
        errors.push(forbidden(&path.child("ephemeralContainers"), "cannot be set on create"));
    }
    if !spec.str("/nodeName").is_empty() && !spec.list("/schedulingGates").is_empty() {
        let why = "cannot be set until all schedulingGates have been cleared";
        errors.push(forbidden(&path.child("nodeName"), why));
    }
    errors
}

/// Refuses a deletion cost that is no plain number (`GetDeletionCostFromPodAnnotations`).
fn validate_deletion_cost(errors: &mut ErrorList, pod: &Object) {
    const ANNOTATION: &str = "controller.kubernetes.io/pod-deletion-cost";
    let Some(cost) = pod.annotation(ANNOTATION) else { return };
    let digits = cost.strip_prefix('-').unwrap_or(cost);
    let is_plain = cost == "0" || digits.starts_with(|c: char| ('1'..='9').contains(&c));
    if !is_plain || cost.parse::<i32>().is_err() {
        let path = Path::new("metadata").child("annotations").key(ANNOTATION);
        errors.push(invalid(&path, cost, "must be a 32bit integer"));
    }
}

/// Requires the reference of image volumes, which pod templates may leave out (`validateImageVolumeSource`).
fn require_images(errors: &mut ErrorList, path: &Path, volumes: &[Value]) {
    for (index, volume) in volumes.iter().enumerate() {
        if volume.at("/image").is_some() && volume.str("/image/reference").is_empty() {
            errors.push(required(&path.index(index).child("image").child("reference"), ""));
        }
    }
}

/// Refuses projected service account tokens in a pod without a service account.
fn forbid_tokens(errors: &mut ErrorList, path: &Path, volumes: &[Value]) {
    for (index, volume) in volumes.iter().enumerate() {
        for (number, source) in volume.list("/projected/sources").iter().enumerate() {
            if source.at("/serviceAccountToken").is_some() {
                let here = path.index(index).child("projected").child("sources").index(number);
                let why = "must not be specified when serviceAccountName is not set";
                errors.push(forbidden(&here.child("serviceAccountToken"), why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn deletion_costs_and_restart_rules_are_checked() {
        let pod = |cost: &str| {
            json!({
                "metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": cost}},
                "spec": {"hostUsers": false, "hostPID": true, "containers": [{
                    "name": "c", "image": "i", "terminationMessagePolicy": "File", "imagePullPolicy": "Always",
                    "restartPolicyRules": [{"action": "Stop", "exitCodes": {"operator": "Is"}}, {"action": "Restart"}],
                }], "restartPolicy": "Always", "dnsPolicy": "Default"},
            })
        };
        let errors: Vec<String> = validate(&pod("+5")).iter().map(ToString::to_string).collect();
        for want in [
            "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"+5\": must be a 32bit integer",
            "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
            "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"Stop\": supported values: \"Restart\", \"RestartAllContainers\"",
            "spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: \"Is\": supported values: \"In\", \"NotIn\"",
            "spec.containers[0].restartPolicyRules[1].exitCodes: Required value: must be specified",
            "spec.HostPID: Forbidden: when `hostUsers` is false",
        ] {
            assert!(errors.iter().any(|error| error == want), "{want}: {errors:#?}");
        }
        assert!(!validate(&pod("-5")).iter().any(|error| error.field.starts_with("metadata")));
    }

    #[test]
    fn containers_of_pods_that_end_and_init_containers_are_not_restarted_by_a_resize() {
        let policy = json!([{"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
        let container = json!({"name": "c", "image": "i", "terminationMessagePolicy": "File",
            "imagePullPolicy": "Always", "resizePolicy": policy});
        let mut init = container.clone();
        init["name"] = "i".into();
        let pod = |restart: &str| {
            json!({"metadata": {}, "spec": {"containers": [container], "initContainers": [init],
                "restartPolicy": restart, "dnsPolicy": "Default"}})
        };
        let errors = |restart: &str| -> Vec<String> {
            let all = validate(&pod(restart)).into_iter().map(|error| error.to_string());
            all.filter(|error| error.contains("resizePolicy")).collect()
        };
        let init = "spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must not be set to 'RestartContainer' for non-sidecar initContainers";
        assert_eq!(errors("Always"), [init]);
        let never = |list: &str| {
            format!(
                "spec.{list}[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'"
            )
        };
        assert_eq!(errors("Never"), [never("containers"), never("initContainers"), init.to_string()]);
    }
}
