//! Validation of Jobs and job templates (`ValidateJob`, `ValidateJobSpec` in
//! `pkg/apis/batch/validation/validation.go`).

use super::failure_policy;
use crate::shared::formats::dns_label_problems;
use crate::shared::pod_spec::validate::validate_template;
use crate::shared::rules::{IMMUTABLE, domain_prefixed_path, immutable, invalid_json, non_negative};
use crate::shared::{go_struct, selector};
use kctl_base::field::{ErrorList, Path, invalid, not_supported, required, too_long};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition_is_true};

/// The highest parallelism of an Indexed Job.
const MAX_INDEXED_PARALLELISM: i64 = 100_000;

/// Length of the longest name of a managing controller in bytes.
const LONGEST_MANAGER: usize = 63;

/// Validates a Job.
pub(crate) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), &object["spec"]);
    validate_generated_selector(&mut errors, object);
    validate_job_spec(&mut errors, &path, spec);
    let wanted = spec.at("/selector");
    match wanted {
        None => errors.push(required(&path.child("selector"), "")),
        Some(wanted) => selector::validate(&mut errors, &path.child("selector"), wanted),
    }
    if let Some(read) = selector::read(wanted) {
        selector::validate_match(&mut errors, &path.child("template"), &read, &spec["template"]);
    }
    validate_host_names(&mut errors, object);
    errors
}

/// Refuses pod labels other than the generated ones when the selector is generated.
fn validate_generated_selector(errors: &mut ErrorList, object: &Object) {
    let spec = &object["spec"];
    if spec.flag("/manualSelector") || spec.at("/selector").is_none() {
        return;
    }
    let here = Path::new("spec").child("template").child("metadata").child("labels");
    let labels = spec.strings("/template/metadata/labels");
    for (key, want) in [
        ("controller-uid", object.uid()),
        ("job-name", object.name()),
        ("batch.kubernetes.io/controller-uid", object.uid()),
        ("batch.kubernetes.io/job-name", object.name()),
    ] {
        match labels.get(key) {
            None => errors.push(required(&here.key(key), &format!("must be '{want}'"))),
            Some(value) if value != want => {
                let shown = json!(labels);
                errors.push(invalid(&here, shown, &format!("must be '{want}'")));
            }
            Some(_) => {}
        }
    }
    let expected = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": object.uid()}});
    let old = json!({"matchLabels": {"controller-uid": object.uid()}});
    if spec["selector"] != expected && spec["selector"] != old {
        let shown = selector::to_json(&spec["selector"]);
        errors.push(invalid_json(&Path::new("spec").child("selector"), &shown, "`selector` not auto-generated"));
    }
}

/// Refuses names of Indexed Jobs that make invalid host names: those of the pods end in the index.
fn validate_host_names(errors: &mut ErrorList, object: &Object) {
    let last = object.int("/spec/completions").unwrap_or(0) - 1;
    if object.str("/spec/completionMode") == "Indexed" && last >= 0 {
        let host = format!("{}-{last}", object.name());
        if !dns_label_problems(&host).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {host}");
            errors.push(invalid(&Path::new("metadata").child("name"), object.name(), &why));
        }
    }
}

/// Validates the spec of a Job or job template, its selector apart.
pub(crate) fn validate_job_spec(errors: &mut ErrorList, path: &Path, spec: &Value) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        non_negative(errors, path, spec, field);
    }
    if let Some(manager) = spec.at("/managedBy").and_then(Value::as_str) {
        errors.extend(domain_prefixed_path(manager, &path.child("managedBy")));
        if manager.len() > LONGEST_MANAGER {
            errors.push(too_long(&path.child("managedBy"), LONGEST_MANAGER));
        }
    }
    let mode = spec.str("/completionMode");
    if !["", "NonIndexed", "Indexed"].contains(&mode) {
        errors.push(not_supported(&path.child("completionMode"), mode, &["NonIndexed", "Indexed"]));
    }
    validate_indexes(errors, path, spec, mode == "Indexed");
    failure_policy::validate(errors, &path.child("podFailurePolicy"), spec);
    if let Some(policy) = spec.at("/successPolicy").filter(|_| mode != "Indexed") {
        let shown = go_struct::to_json("SuccessPolicy", policy);
        errors.push(invalid_json(&path.child("successPolicy"), &shown, "requires indexed completion mode"));
    }
    if let Some(policy) = spec.at("/podReplacementPolicy").and_then(Value::as_str) {
        validate_replacement(errors, &path.child("podReplacementPolicy"), policy, spec);
    }
    validate_template(errors, &path.child("template"), &spec["template"]);
    let here = path.child("template").child("spec").child("restartPolicy");
    match spec.str("/template/spec/restartPolicy") {
        "Always" | "" => errors.push(required(&here, "valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if spec.at("/podFailurePolicy").is_some() => {
            errors.push(invalid(&here, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified"));
        }
        "OnFailure" | "Never" => {}
        other => errors.push(not_supported(&here, other, &["OnFailure", "Never"])),
    }
}

fn validate_indexes(errors: &mut ErrorList, path: &Path, spec: &Value, indexed: bool) {
    if indexed {
        if spec.at("/completions").is_none() {
            errors.push(required(&path.child("completions"), "when completion mode is Indexed"));
        }
        let parallelism = spec.int("/parallelism").unwrap_or(0);
        if parallelism > MAX_INDEXED_PARALLELISM {
            let why =
                format!("must be less than or equal to {MAX_INDEXED_PARALLELISM} when completion mode is Indexed");
            errors.push(invalid(&path.child("parallelism"), parallelism, &why));
        }
        if let (Some(failed), Some(all)) = (spec.int("/maxFailedIndexes"), spec.int("/completions"))
            && failed > all
        {
            errors.push(invalid(&path.child("maxFailedIndexes"), failed, "must be less than or equal to completions"));
        }
        if spec.at("/maxFailedIndexes").is_some() && spec.at("/backoffLimitPerIndex").is_none() {
            errors.push(required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
        }
        return;
    }
    for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        if let Some(value) = spec.get(field).filter(|v| !v.is_null()) {
            errors.push(invalid(&path.child(field), value.clone(), "requires indexed completion mode"));
        }
    }
}

fn validate_replacement(errors: &mut ErrorList, path: &Path, policy: &str, spec: &Value) {
    let supported: &[&str] =
        if spec.at("/podFailurePolicy").is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    if !supported.contains(&policy) {
        errors.push(not_supported(path, policy, supported));
    }
}

/// Refuses changes of immutable fields.
pub(crate) fn validate_update(new: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let (now, before) = (&new["spec"], &old["spec"]);
    validate_completions(&mut errors, &path.child("completions"), now, before);
    if now.at("/selector") != before.at("/selector") {
        let shown = now.at("/selector").map_or_else(|| "null".into(), selector::to_json);
        errors.push(invalid_json(&path.child("selector"), &shown, IMMUTABLE));
    }
    validate_template_update(&mut errors, old, &now["template"], &before["template"]);
    immutable(&mut errors, &path.child("completionMode"), now.get("completionMode"), before.get("completionMode"));
    immutable_policy(&mut errors, &path, (now, before), "podFailurePolicy", "PodFailurePolicy");
    for field in ["backoffLimitPerIndex", "managedBy"] {
        immutable(&mut errors, &path.child(field), now.get(field), before.get(field));
    }
    immutable_policy(&mut errors, &path, (now, before), "successPolicy", "SuccessPolicy");
    errors
}

/// Refuses a change of a policy, which is printed as the struct.
fn immutable_policy(errors: &mut ErrorList, path: &Path, (now, before): (&Value, &Value), field: &str, of: &str) {
    let (new, old) = (now.at(&format!("/{field}")), before.at(&format!("/{field}")));
    if new != old {
        errors.push(invalid_json(&path.child(field), &go_struct::optional_json(of, new), IMMUTABLE));
    }
}

/// Refuses a change of the completions, except together with the parallelism of an Indexed Job (elastic Indexed Jobs,
/// KEP-3715).
fn validate_completions(errors: &mut ErrorList, path: &Path, now: &Value, before: &Value) {
    let (new, old) = (now.get("completions"), before.get("completions"));
    if before.str("/completionMode") != "Indexed" || new.is_none() || old.is_none() {
        return immutable(errors, path, new, old);
    }
    if new != old && (new != now.get("parallelism") || old != before.get("parallelism")) {
        let shown = new.cloned().unwrap_or_default();
        errors.push(invalid(path, shown, "can only be modified in tandem with spec.parallelism"));
    }
}

/// Returns whether the template of a Job may change in its mutable parts: the Job is suspended and has no pods left
/// (`shouldAllowMutablePodTemplate` in `pkg/registry/batch/job/strategy.go`).
fn has_mutable_template(old: &Object) -> bool {
    let has_stopped = old.at("/status/startTime").is_none() || condition_is_true(old, "Suspended");
    old.flag("/spec/suspend") && has_stopped && old.int("/status/active").unwrap_or(0) == 0
}

/// Refuses a change of the template, except for the scheduling directives and the resources of a suspended Job (KEP-2926,
/// KEP-5440).
fn validate_template_update(errors: &mut ErrorList, old: &Object, now: &Value, before: &Value) {
    let path = Path::new("spec").child("template");
    if !has_mutable_template(old) {
        if now != before {
            errors.push(invalid_json(&path, &go_struct::to_json("PodTemplateSpec", now), IMMUTABLE));
        }
        return;
    }
    if now["spec"] != with_mutable_fields(&now["spec"], &before["spec"]) {
        errors.push(invalid_json(&path.child("spec"), &go_struct::to_json("PodSpec", &now["spec"]), IMMUTABLE));
    }
}

/// The old pod spec with those fields of the new one that may change.
fn with_mutable_fields(now: &Value, before: &Value) -> Value {
    let mut spec = before.clone();
    copy_fields(&mut spec, now, &["/nodeSelector", "/tolerations", "/schedulingGates"]);
    let has_other = |spec: &Value| {
        spec.map("/affinity").is_some_and(|affinity| affinity.keys().any(|field| field != "nodeAffinity"))
    };
    if !has_other(now) && !has_other(before) {
        copy_fields(&mut spec, now, &["/affinity"]);
    } else {
        copy_fields(&mut spec, now, &["/affinity/nodeAffinity"]);
    }
    for list in ["/containers", "/initContainers"] {
        for (container, changed) in spec.items_mut(list).zip(now.list(list)) {
            copy_fields(container, changed, &["/resources"]);
        }
    }
    spec
}

fn copy_fields(to: &mut Value, from: &Value, pointers: &[&str]) {
    for pointer in pointers {
        match from.at(pointer) {
            Some(value) => to.put(pointer, value.clone()),
            None => drop(to.remove_at(pointer)),
        }
    }
}
