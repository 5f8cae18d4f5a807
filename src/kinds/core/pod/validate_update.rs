//! Validation of pod updates: images, shorter deadlines, more tolerations, fewer scheduling gates and little else may
//! change (`ValidatePodUpdate` in `pkg/apis/core/validation/validation.go`).

use crate::shared::formats::inclusive_range;
use crate::shared::{diff, go_struct};
use kctl_base::field::{ErrorList, Path, forbidden, invalid, invalid_json};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The mutable fields, as the error lists them.
const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate_update(new: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let (new_spec, old_spec) = (spec_of(new), spec_of(old));
    for field in ["containers", "initContainers"] {
        if !validate_containers(&mut errors, &path.child(field), new_spec, old_spec, field) {
            return errors;
        }
    }
    if !validate_deadline(&mut errors, &path.child("activeDeadlineSeconds"), new_spec, old_spec) {
        return errors;
    }
    validate_tolerations(&mut errors, &path.child("tolerations"), new_spec, old_spec);
    validate_gates(&mut errors, &path.child("schedulingGates"), new_spec, old_spec);
    let munged = munge(&mut errors, &path, new_spec, old_spec);
    if munged != *old_spec {
        let diff = diff::of_structs("PodSpec", old_spec, &munged);
        let why = format!("pod updates may not change fields other than {UPDATABLE}\n{diff}");
        errors.push(forbidden(&path, &why));
    }
    errors
}

fn spec_of(pod: &Object) -> &Value {
    pod.get("spec").unwrap_or(&Value::Null)
}

/// Refuses added or removed containers. Returns false when validation must stop.
fn validate_containers(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value, field: &str) -> bool {
    let list = |spec: &Value| spec.list(&format!("/{field}")).len();
    if list(new) != list(old) {
        errors.push(forbidden(path, "pod updates may not add or remove containers"));
        return false;
    }
    true
}

/// Refuses a longer or removed deadline. Returns false when validation must stop.
fn validate_deadline(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) -> bool {
    match (new.int("/activeDeadlineSeconds"), old.int("/activeDeadlineSeconds")) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.push(invalid(path, new, &inclusive_range(0, i64::from(i32::MAX))));
            return false;
        }
        (Some(new), Some(old)) if old < new => {
            errors.push(invalid(path, new, "must be less than or equal to previous value"));
            return false;
        }
        (None, Some(_)) => {
            errors.push(invalid(path, Value::Null, "must not update from a positive integer to nil value"));
        }
        _ => {}
    }
    true
}

/// Refuses removed or changed tolerations, except for the duration of `NoExecute` tolerations.
fn validate_tolerations(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    let same_but_time = |left: &Value, right: &Value| {
        ["/key", "/operator", "/value", "/effect"].iter().all(|field| left.str(field) == right.str(field))
    };
    let (new, old) = (new.list("/tolerations"), old.list("/tolerations"));
    let kept = |had: &Value| match had.str("/effect") {
        "NoExecute" => new.iter().any(|toleration| same_but_time(toleration, had)),
        _ => new.contains(had),
    };
    if !old.iter().all(kept) {
        errors.push(forbidden(path, "existing toleration can not be modified except its tolerationSeconds"));
    }
}

/// Refuses new scheduling gates.
fn validate_gates(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    let old = old.list("/schedulingGates");
    for gate in new.list("/schedulingGates").iter().filter(|gate| !old.contains(gate)) {
        let why = format!("only deletion is allowed, but found new scheduling gate '{}'", gate.str("/name"));
        errors.push(forbidden(path, &why));
    }
}

/// The new spec with all mutable fields as in the old one.
fn munge(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) -> Value {
    let mut munged = new.clone();
    for field in ["containers", "initContainers"] {
        for (index, container) in munged.items_mut(&format!("/{field}")).enumerate() {
            match old.at(&format!("/{field}/{index}/image")) {
                Some(image) => container.put("/image", image.clone()),
                None => drop(container.remove_at("/image")),
            }
        }
    }
    for field in ["/activeDeadlineSeconds", "/schedulingGates", "/tolerations"] {
        restore(&mut munged, old, field);
    }
    let grace = "/terminationGracePeriodSeconds";
    if old.int(grace).is_some_and(|s| s < 0) && new.int(grace) == Some(1) {
        restore(&mut munged, old, grace);
    }
    if !old.list("/schedulingGates").is_empty() {
        validate_gated(errors, path, &munged, old);
        restore(&mut munged, old, "/nodeSelector");
        restore(&mut munged, old, "/affinity/nodeAffinity");
        if munged.map("/affinity").is_some_and(|a| a.is_empty()) && old.at("/affinity").is_none() {
            munged.remove_at("/affinity");
        }
    }
    munged
}

fn restore(munged: &mut Value, old: &Value, pointer: &str) {
    match old.at(pointer) {
        Some(value) => munged.put(pointer, value.clone()),
        None => drop(munged.remove_at(pointer)),
    }
}

/// Refuses changes of a gated pod other than a narrower node selector and a first node affinity (KEP-3838).
fn validate_gated(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    let here = path.child("nodeSelector");
    let wanted = new.strings("/nodeSelector");
    for (key, value) in old.strings("/nodeSelector") {
        if wanted.get(&key) != Some(&value) {
            let shown = json!(wanted);
            errors.push(invalid(
                &here,
                shown,
                "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
            ));
            break;
        }
    }
    validate_node_affinity(errors, &path.child("affinity").child("nodeAffinity"), new, old);
}

/// Refuses node affinity that would let a gated pod run on more nodes: other terms, or terms without an old requirement.
fn validate_node_affinity(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    const NEEDED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let pointer = format!("/affinity/nodeAffinity/{NEEDED}/nodeSelectorTerms");
    let (now, before) = (new.list(&pointer), old.list(&pointer));
    let path = path.child(NEEDED).child("nodeSelectorTerms");
    if before.is_empty() {
        return;
    }
    let shown = |term: &Value| go_struct::to_json("NodeSelectorTerm", term);
    if now.len() != before.len() {
        let terms: Vec<String> = now.iter().map(shown).collect();
        let terms = if now.is_empty() { "null".into() } else { format!("[{}]", terms.join(",")) };
        let why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.push(invalid_json(&path, &terms, why));
        return;
    }
    for (index, (now, before)) in now.iter().zip(before).enumerate() {
        if !only_adds(now, before) {
            let why = "only additions are allowed (no mutations or deletions)";
            errors.push(invalid_json(&path.index(index), &shown(now), why));
        }
    }
}

/// Returns whether a node selector term keeps the requirements that it had at their places
/// (`validateNodeSelectorTermHasOnlyAdditions`). An empty term matches nothing, so that it must not get any.
fn only_adds(now: &Value, before: &Value) -> bool {
    let fields = ["/matchExpressions", "/matchFields"];
    if fields.iter().all(|field| before.list(field).is_empty()) {
        return fields.iter().all(|field| now.list(field).is_empty());
    }
    fields.iter().all(|field| now.list(field).starts_with(before.list(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(mut spec: Value) -> Object {
        spec.put_default("/containers", json!([{"name": "c", "image": "i"}]));
        json!({"metadata": {"name": "p"}, "spec": spec})
    }

    fn errors(new: &Object, old: &Object) -> Vec<String> {
        validate_update(new, old).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_refused_change_is_shown_as_a_diff_of_the_internal_type() {
        let old = pod(json!({"restartPolicy": "Always", "terminationGracePeriodSeconds": 5}));
        let new = pod(json!({"restartPolicy": "Always", "terminationGracePeriodSeconds": 1}));
        let got = errors(&new, &old);
        let (_, hunk) = got[0].split_once('\n').expect("a diff");
        let want = " ],\n  \"EphemeralContainers\": null,\n  \"RestartPolicy\": \"Always\",\n- \"TerminationGracePeriodSeconds\": 5,\n\
                    + \"TerminationGracePeriodSeconds\": 1,\n  \"ActiveDeadlineSeconds\": null,\n  \"DNSPolicy\": \"\",\n  \
                    \"NodeSelector\": null,\n";
        assert_eq!(hunk, format!("@@ -36,7 +36,7 @@\n {want}"));
    }

    #[test]
    fn a_gated_pod_takes_more_requirements_but_no_other_terms() {
        let term = |keys: &[&str]| {
            let rules: Vec<Value> = keys.iter().map(|key| json!({"key": key, "operator": "Exists"})).collect();
            json!({"matchExpressions": rules})
        };
        let gated = |terms: &[Value]| {
            let needed = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
            pod(json!({"schedulingGates": [{"name": "g"}], "affinity": {"nodeAffinity": needed}}))
        };
        let old = gated(&[term(&["a"])]);
        assert_eq!(errors(&gated(&[term(&["a", "b"])]), &old), [""; 0]);
        let place = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
        let shown = r#"{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}"#;
        let want =
            format!("{place}[0]: Invalid value: {shown}: only additions are allowed (no mutations or deletions)");
        assert_eq!(errors(&gated(&[term(&["b"])]), &old), [want]);
        let want = format!(
            "{place}: Invalid value: [{shown}, {shown}]: no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        );
        assert_eq!(errors(&gated(&[term(&["b"]), term(&["b"])]), &old), [want.replace("}, {", "},{")]);
        let ungated = pod(json!({"schedulingGates": [{"name": "g"}]}));
        assert_eq!(errors(&old, &ungated), [""; 0], "the first affinity");
    }
}
