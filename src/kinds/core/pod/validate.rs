//! Validation of Pods beyond that of pod specs (`ValidatePodCreate` in `pkg/apis/core/validation/validation.go`).

use crate::shared::pod_spec::containers::validate_image_whitespace;
use crate::shared::pod_spec::validate::validate_spec;
use kctl_base::field::{ErrorList, Path, forbidden};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

pub(super) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), object.get("spec").unwrap_or(&Value::Null));
    validate_spec(&mut errors, &path, spec);
    if spec.str("/serviceAccountName").is_empty() {
        forbid_tokens(&mut errors, &path.child("volumes"), spec.list("/volumes"));
    }
    validate_image_whitespace(&mut errors, &path, spec);
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
