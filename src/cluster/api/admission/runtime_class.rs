//! RuntimeClass: adds the overhead and the scheduling constraints of the class to the pods that name it
//! (`plugin/pkg/admission/runtimeclass`).

use super::{Admission, Result};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;

/// Completes a new pod from its runtime class; rejects pods that contradict it.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.creates("pods") {
        return Ok(());
    }
    let name = admission.new.str("/spec/runtimeClassName").to_string();
    let class =
        match name.as_str() {
            "" => None,
            name => Some(admission.server.read("runtimeclasses.node.k8s.io", "", name)?.ok_or_else(|| {
                rejection(admission.new, &format!("pod rejected: RuntimeClass \"{name}\" not found"))
            })?),
        };
    let pod = &mut *admission.new;
    set_overhead(pod, class.as_ref().and_then(|class| class.at("/overhead")))?;
    match class.as_ref().and_then(|class| class.at("/scheduling")) {
        Some(scheduling) => set_scheduling(pod, scheduling),
        None => Ok(()),
    }
}

fn rejection(pod: &Object, detail: &str) -> Status {
    Status::forbidden("", "pods", pod.name_or_prefix(), detail)
}

/// Sets the overhead that the class defines; a pod may only repeat it.
fn set_overhead(pod: &mut Object, defined: Option<&Value>) -> Result<()> {
    let fixed = defined.map(|overhead| overhead.at("/podFixed").cloned().unwrap_or_default());
    match (pod.at("/spec/overhead"), fixed) {
        (None, None) => Ok(()),
        (None, Some(fixed)) => {
            pod.put("/spec/overhead", fixed);
            Ok(())
        }
        (Some(own), Some(fixed)) if *own == fixed => Ok(()),
        (Some(_), Some(_)) => {
            Err(rejection(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"))
        }
        (Some(_), None) => {
            let detail = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
            Err(rejection(pod, detail))
        }
    }
}

/// Adds the node selector and the tolerations of the class.
fn set_scheduling(pod: &mut Object, scheduling: &Value) -> Result<()> {
    let own = pod.strings("/spec/nodeSelector");
    for (key, value) in scheduling.strings("/nodeSelector") {
        match own.get(&key) {
            Some(other) if *other != value => {
                let detail = format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {other}"
                );
                return Err(rejection(pod, &detail));
            }
            _ => drop(pod.map_mut("/spec/nodeSelector").insert(key.as_str(), value.into())),
        }
    }
    let added = scheduling.list("/tolerations");
    if !added.is_empty() {
        let merged = merge_tolerations(pod.list("/spec/tolerations"), added);
        pod.put("/spec/tolerations", merged);
    }
    Ok(())
}

/// Joins two lists of tolerations without those that another one covers; of equal ones the first stays
/// (`MergeTolerations` in `pkg/util/tolerations`).
fn merge_tolerations(first: &[Value], second: &[Value]) -> Vec<Value> {
    let all: Vec<&Value> = first.iter().chain(second).collect();
    let mut merged: Vec<&Value> = Vec::new();
    for (index, toleration) in all.iter().enumerate() {
        let is_covered = merged.iter().any(|other| covers(other, toleration))
            || all[index + 1..].iter().any(|later| later != toleration && covers(later, toleration));
        if !is_covered {
            merged.push(toleration);
        }
    }
    merged.into_iter().cloned().collect()
}

/// Returns whether a toleration tolerates every taint that another one does (`isSuperset`).
fn covers(wide: &Value, narrow: &Value) -> bool {
    if wide == narrow {
        return true;
    }
    let same = |field: &str| wide.str(field) == narrow.str(field);
    let any_key = wide.str("/key").is_empty() && wide.str("/operator") == "Exists";
    if !(same("/key") || any_key) || !(same("/effect") || wide.str("/effect").is_empty()) {
        return false;
    }
    if wide.str("/effect") == "NoExecute"
        && let Some(longest) = wide.int("/tolerationSeconds")
        && narrow.int("/tolerationSeconds").is_none_or(|seconds| seconds > longest)
    {
        return false;
    }
    let is_equality = |toleration: &Value| matches!(toleration.str("/operator"), "" | "Equal");
    match wide.str("/operator") {
        "Exists" => true,
        _ => is_equality(wide) && is_equality(narrow) && same("/value"),
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn covered_tolerations_are_dropped() {
        let exists = |key: &str| json!({"key": key, "operator": "Exists"});
        let equal = |key: &str| json!({"key": key, "operator": "Equal", "value": "v"});
        let brief = json!({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5});
        let cases = [
            (vec![exists("a")], vec![exists("b")], vec![exists("a"), exists("b")]),
            (vec![exists("a")], vec![exists("a")], vec![exists("a")]),
            (vec![equal("a")], vec![exists("a")], vec![exists("a")]),
            (vec![exists("a")], vec![equal("a")], vec![exists("a")]),
            (vec![brief.clone()], vec![equal("a")], vec![brief.clone(), equal("a")]),
        ];
        for (first, second, want) in cases {
            assert_eq!(merge_tolerations(&first, &second), want);
        }
    }

    #[test]
    fn a_pod_must_not_contradict_its_class() {
        let pod = |spec: Value| json!({"metadata": {"name": "p"}, "spec": spec});
        let class = json!({"podFixed": {"cpu": "250m"}});
        let mut plain = pod(json!({}));
        set_overhead(&mut plain, Some(&class)).unwrap();
        assert_eq!(plain["spec"]["overhead"], json!({"cpu": "250m"}));
        set_overhead(&mut plain, Some(&class)).unwrap();
        assert!(set_overhead(&mut pod(json!({"overhead": {"cpu": "1"}})), Some(&class)).is_err());
        assert!(set_overhead(&mut pod(json!({"overhead": {"cpu": "1"}})), None).is_err());
        let scheduling = json!({"nodeSelector": {"zone": "a"}});
        let refused = set_scheduling(&mut pod(json!({"nodeSelector": {"zone": "b"}})), &scheduling).unwrap_err();
        let want = "pods \"p\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[zone] = a; pod.spec.nodeSelector[zone] = b";
        assert_eq!(refused.message, want);
    }
}
