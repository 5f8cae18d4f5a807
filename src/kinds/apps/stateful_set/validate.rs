//! Validation of StatefulSets (`ValidateStatefulSetSpec` in `pkg/apis/apps/validation/validation.go`).

use crate::shared::rules::{invalid_json, non_negative};
use crate::shared::workload::{Wording, validate_selector_and_template};
use kctl_base::field::{ErrorList, Path, forbidden, invalid, not_supported, required};
use kctl_base::intstr::IntOrPercent;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};

/// The fields of the spec that an update may change.
const MUTABLE: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

const WORDING: Wording = Wording { selector: "statefulset", template: "StatefulSet" };

pub(super) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), &object["spec"]);
    let policy = spec.str("/podManagementPolicy");
    match policy {
        "OrderedReady" | "Parallel" => {}
        "" => errors.push(required(&path.child("podManagementPolicy"), "")),
        other => {
            let why = "must be 'OrderedReady' or 'Parallel'";
            errors.push(invalid(&path.child("podManagementPolicy"), other, why));
        }
    }
    validate_strategy(&mut errors, &path.child("updateStrategy"), &spec["updateStrategy"]);
    validate_retention(&mut errors, &path.child("persistentVolumeClaimRetentionPolicy"), spec);
    non_negative(&mut errors, &path, spec, "replicas");
    non_negative(&mut errors, &path, spec, "minReadySeconds");
    if let Some(ordinals) = spec.at("/ordinals") {
        non_negative(&mut errors, &path.child("ordinals"), ordinals, "start");
    }
    validate_selector_and_template(&mut errors, spec, &with_claims(spec), &WORDING);
    errors
}

/// The pod template with a volume for each claim template, so that mounts can refer to claims.
fn with_claims(spec: &Value) -> Value {
    let mut template = spec["template"].clone();
    let has = |template: &Value, name: &str| template.list("/spec/volumes").iter().any(|v| v.str("/name") == name);
    for claim in spec.list("/volumeClaimTemplates") {
        let name = claim.str("/metadata/name");
        if !has(&template, name) {
            let volume = json!({"name": name, "persistentVolumeClaim": {"claimName": name}});
            kctl_base::object::ValueWrite::list_mut(&mut template, "/spec/volumes").push(volume);
        }
    }
    template
}

fn validate_strategy(errors: &mut ErrorList, path: &Path, strategy: &Value) {
    let rolling = strategy.at("/rollingUpdate");
    match (strategy.str("/type"), rolling) {
        ("", _) => errors.push(required(path, "")),
        ("OnDelete", Some(rolling)) => {
            let partition = rolling.int("/partition").unwrap_or(0);
            let shown = format!("{{\"Partition\":{partition},\"MaxUnavailable\":null}}");
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(invalid_json(&path.child("rollingUpdate"), &shown, why));
        }
        ("OnDelete", None) | ("RollingUpdate", None) => {}
        ("RollingUpdate", Some(rolling)) => validate_rolling(errors, &path.child("rollingUpdate"), rolling),
        (other, _) => {
            let shown = format!("{{\"Type\":{},\"RollingUpdate\":null}}", Value::from(other));
            errors.push(invalid_json(path, &shown, "must be 'RollingUpdate' or 'OnDelete'"));
        }
    }
}

fn validate_rolling(errors: &mut ErrorList, path: &Path, rolling: &Value) {
    non_negative(errors, path, rolling, "partition");
    let Some(raw) = rolling.at("/maxUnavailable") else { return };
    let Some(value) = IntOrPercent::from_value(raw) else { return };
    let here = path.child("maxUnavailable");
    if let Some(why) = value.non_negative_problem() {
        errors.push(invalid(&here, raw.clone(), why));
    }
    if value == IntOrPercent::Int(0) || value.percent() == Some(0) {
        errors.push(invalid(&here, raw.clone(), "cannot be 0"));
    }
    if let Some(why) = value.over_hundred_problem() {
        errors.push(invalid(&here, raw.clone(), why));
    }
}

fn validate_retention(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for field in ["whenDeleted", "whenScaled"] {
        let policy = spec.str(&format!("/persistentVolumeClaimRetentionPolicy/{field}"));
        if !["Retain", "Delete"].contains(&policy) {
            errors.push(not_supported(&path.child(field), policy, &["Retain", "Delete"]));
        }
    }
}

pub(super) fn validate_update(new: &Object, old: &Object) -> ErrorList {
    let frozen = |object: &Object| {
        let mut spec = object.map("/spec").cloned().unwrap_or_default();
        spec.retain(|field, _| !MUTABLE.contains(&field.as_str()));
        spec
    };
    if frozen(new) == frozen(old) {
        return ErrorList::new();
    }
    let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    vec![forbidden(&Path::new("spec"), why)]
}
