//! Updates of the resources of a pod in place (`podResizeStrategy` in `pkg/registry/core/pod/strategy.go`,
//! `ValidatePodResize` in `pkg/apis/core/validation/validation.go`).

use std::collections::BTreeSet;

use crate::shared::pod_spec::is_sidecar;
use crate::shared::pod_spec::qos::qos_class;
use kctl_base::field::{ErrorList, Path, forbidden, invalid};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;

/// Annotation of the pods that stand for static pods of a kubelet.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// The lists of containers whose resources can change.
const LISTS: [&str; 2] = ["containers", "initContainers"];
/// The fields of a container that a resize takes over.
const FIELDS: [&str; 2] = ["/resources", "/resizePolicy"];

/// Reduces an update to the resources of the pod and its containers. An update that adds, removes or renames containers stays as
/// it is, so that validation refuses it (`dropNonResizeUpdates`).
pub fn prepare_resize(new: &mut Object, old: &Object) {
    if LISTS.iter().any(|list| names(new, list) != names(old, list)) {
        return;
    }
    let mut kept = old.clone();
    kept.put("/metadata/resourceVersion", new.resource_version());
    for list in LISTS {
        let sent = new.list(&format!("/spec/{list}"));
        for (container, sent) in kept.items_mut(&format!("/spec/{list}")).zip(sent) {
            FIELDS.iter().for_each(|field| take(container, sent, field));
        }
    }
    take(&mut kept, new, "/spec/resources");
    if kept.get("spec") != old.get("spec") {
        kept.put("/metadata/generation", old.generation() + 1);
    }
    *new = kept;
}

fn names<'a>(pod: &'a Object, list: &str) -> Vec<&'a str> {
    pod.list(&format!("/spec/{list}")).iter().map(|container| container.str("/name")).collect()
}

/// Copies a field, or removes it where the source does not have it.
fn take(target: &mut Value, source: &Value, pointer: &str) {
    match source.at(pointer) {
        Some(value) => target.put(pointer, value.clone()),
        None => drop(target.remove_at(pointer)),
    }
}

/// Validates a prepared resize beyond the rules of pods: only CPU and memory may change, nothing may be removed, and the quality
/// of service stays.
pub fn validate_resize(new: &Object, old: &Object) -> ErrorList {
    let spec = Path::new("spec");
    // `field.NewPath("")` prints itself as an empty index.
    let nameless = Path::new("[]");
    if old.annotation(MIRROR).is_some() {
        return vec![forbidden(&nameless, "static pods cannot be resized")];
    }
    if old.str("/spec/os/name") == "windows" {
        return vec![forbidden(&nameless, "windows pods cannot be resized")];
    }
    let mut errors = ErrorList::new();
    validate_class(&mut errors, &spec, new, old);
    if !is_supported(old) {
        errors.push(forbidden(&spec, "Pod running on node without support for resize"));
    }
    validate_pod_level(&mut errors, &spec, new, old);
    if !old.list("/status/nodeAllocatableResourceClaimStatuses").is_empty() {
        errors.push(forbidden(&spec, "pods with node allocatable resource claims cannot be resized"));
    }
    let count = errors.len();
    LISTS.iter().for_each(|list| validate_order(&mut errors, &spec.child(list), list, new, old));
    if errors.len() > count {
        return errors;
    }
    validate_kept(&mut errors, &spec, new, old);
    validate_changes(&mut errors, &spec, new, old);
    errors
}

fn validate_class(errors: &mut ErrorList, spec: &Path, new: &Object, old: &Object) {
    let class_of = |pod: &Object| pod.at("/spec").map_or("BestEffort", qos_class);
    let class = Some(old.str("/status/qosClass")).filter(|class| !class.is_empty()).unwrap_or_else(|| class_of(old));
    if class != class_of(new) {
        let why = "Pod QOS Class may not change as a result of resizing";
        errors.push(invalid(spec, new.str("/status/qosClass"), why));
    }
}

/// Returns whether the node of a pod reports the resources of running containers (`isPodResizeRequestSupported`).
fn is_supported(pod: &Object) -> bool {
    let mut running = pod.list("/status/containerStatuses").iter().filter(|c| c.at("/state/running").is_some());
    running.next().is_none_or(|container| container.at("/resources").is_some())
}

/// Validates pod-level resources (`validatePodLevelResourcesResize`).
fn validate_pod_level(errors: &mut ErrorList, spec: &Path, new: &Object, old: &Object) {
    let here = spec.child("resources");
    let (now, before) = (new.at("/spec/resources"), old.at("/spec/resources"));
    if now.is_none() && before.is_some() {
        return errors.push(forbidden(&here, "pod-level resources cannot be removed"));
    }
    let (now, before) = (now.unwrap_or(&Value::Null), before.unwrap_or(&Value::Null));
    for list in ["requests", "limits"] {
        if removes(now, before, list) {
            errors.push(forbidden(&here.child(list), &format!("pod-level resource {list} cannot be removed")));
        }
    }
    if differs_in_others(now, before) || now.list("/claims") != before.list("/claims") {
        errors.push(forbidden(spec, "only cpu and memory resources are mutable at pod-level"));
    }
}

/// Refuses other containers than before (`validatePodResizeContainerOrdering`).
fn validate_order(errors: &mut ErrorList, path: &Path, list: &str, new: &Object, old: &Object) {
    let (now, before) = (names(new, list), names(old, list));
    if now.len() != before.len() {
        return errors.push(forbidden(path, &format!("{list} may not be added or removed on resize")));
    }
    for (index, _) in now.iter().zip(&before).enumerate().filter(|(_, (now, before))| now != before) {
        let why = format!("{list} may not be renamed or reordered on resize");
        errors.push(forbidden(&path.index(index).child("name"), &why));
    }
}

/// Pairs the containers of both versions, with their paths.
fn pairs<'a>(spec: &Path, list: &str, new: &'a Object, old: &'a Object) -> Vec<(Path, &'a Value, &'a Value)> {
    let pointer = format!("/spec/{list}");
    let both = new.list(&pointer).iter().zip(old.list(&pointer)).enumerate();
    both.map(|(index, (now, before))| (spec.child(list).index(index), now, before)).collect()
}

/// Refuses requests and limits that are gone (`validateContainerResize`).
fn validate_kept(errors: &mut ErrorList, spec: &Path, new: &Object, old: &Object) {
    for list in ["initContainers", "containers"] {
        for (path, now, before) in pairs(spec, list, new, old) {
            let (now, before) = (now.at("/resources"), before.at("/resources"));
            let (now, before) = (now.unwrap_or(&Value::Null), before.unwrap_or(&Value::Null));
            for kind in ["requests", "limits"].into_iter().filter(|kind| removes(now, before, kind)) {
                let here = path.child("resources").child(kind);
                errors.push(forbidden(&here, &format!("resource {kind} cannot be removed")));
            }
        }
    }
}

/// Refuses changes of anything but CPU and memory, and of init containers that would have to be restarted.
fn validate_changes(errors: &mut ErrorList, spec: &Path, new: &Object, old: &Object) {
    for (_, now, before) in pairs(spec, "containers", new, old) {
        if changes_others(now, before) {
            errors.push(forbidden(spec, "only cpu and memory resources are mutable"));
        }
    }
    for (path, now, before) in pairs(spec, "initContainers", new, old) {
        if changes_others(now, before) {
            let why = "only cpu and memory resources for init or sidecar containers are mutable";
            errors.push(forbidden(&path, why));
        }
        if now == before || is_sidecar(now) {
            continue;
        }
        for _ in now.list("/resizePolicy").iter().filter(|policy| policy.str("/restartPolicy") == "RestartContainer") {
            let why = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
            errors.push(forbidden(&path, why));
        }
    }
}

/// Returns whether a container changes in anything but CPU and memory. Claims count as changed because the masked resources
/// upstream have none (`dropCPUMemoryResourcesFromContainer`).
fn changes_others(now: &Value, before: &Value) -> bool {
    let resources = |container: &Value| container.at("/resources").cloned().unwrap_or_default();
    now.list("/resizePolicy") != before.list("/resizePolicy")
        || !before.list("/resources/claims").is_empty()
        || differs_in_others(&resources(now), &resources(before))
}

/// Returns whether resources other than CPU and memory differ.
fn differs_in_others(now: &Value, before: &Value) -> bool {
    let others = |resources: &Value, kind: &str| -> Vec<(String, Value)> {
        let all = resources.map(&format!("/{kind}")).into_iter().flatten();
        let others = all.filter(|(name, _)| !["cpu", "memory"].contains(&name.as_str()));
        let mut others: Vec<_> = others.map(|(name, amount)| (name.to_string(), amount.clone())).collect();
        others.order_by(|left, right| left.0.cmp(&right.0));
        others
    };
    ["requests", "limits"].iter().any(|kind| others(now, kind) != others(before, kind))
}

/// Returns whether a resource is missing that was there before (`resourcesRemoved`).
fn removes(now: &Value, before: &Value, kind: &str) -> bool {
    let keys = |resources: &Value| -> BTreeSet<String> {
        resources.map(&format!("/{kind}")).into_iter().flatten().map(|(name, _)| name.to_string()).collect()
    };
    !keys(before).is_subset(&keys(now))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn pod(resources: Value) -> Value {
        json!({
            "metadata": {"name": "p", "generation": 1},
            "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
            "status": {"qosClass": "Burstable"},
        })
    }

    fn errors(new: Value, old: &Value) -> Vec<String> {
        let mut new = new;
        prepare_resize(&mut new, old);
        validate_resize(&new, old).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_resources_are_taken_over_and_raise_the_generation() {
        let old = pod(json!({"requests": {"cpu": "1"}}));
        let mut new = pod(json!({"requests": {"cpu": "2"}}));
        new["spec"]["containers"][0]["image"] = "other".into();
        new["metadata"]["labels"] = json!({"a": "b"});
        prepare_resize(&mut new, &old);
        let mut want = pod(json!({"requests": {"cpu": "2"}}));
        want["metadata"]["generation"] = 2.into();
        want["metadata"]["resourceVersion"] = "".into();
        assert_eq!(new, want);
    }

    #[test]
    fn cpu_and_memory_alone_may_change() {
        let old = pod(json!({"requests": {"cpu": "1", "ephemeral-storage": "1Gi"}, "limits": {"cpu": "2"}}));
        let new = |resources: Value| errors(pod(resources), &old);
        let storage = |cpu: &str, storage: &str| json!({"cpu": cpu, "ephemeral-storage": storage});
        assert!(new(json!({"requests": storage("2", "1Gi"), "limits": {"cpu": "3", "memory": "1Gi"}})).is_empty());
        assert_eq!(
            new(json!({"requests": storage("1", "2Gi"), "limits": {"cpu": "2"}})),
            ["spec: Forbidden: only cpu and memory resources are mutable"]
        );
        assert_eq!(
            new(json!({"requests": storage("1", "1Gi")})),
            ["spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"]
        );
        assert_eq!(
            new(json!({"requests": {"ephemeral-storage": "1Gi"}, "limits": {"cpu": "2"}})),
            ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"]
        );
        let mut policy = old.clone();
        policy["spec"]["containers"][0]["resizePolicy"] =
            json!([{"resourceName": "cpu", "restartPolicy": "NotRequired"}]);
        assert_eq!(errors(policy, &old), ["spec: Forbidden: only cpu and memory resources are mutable"]);
    }

    #[test]
    fn the_class_the_containers_and_some_pods_stay_as_they_are() {
        let old = pod(json!({"requests": {"cpu": "1"}}));
        let full = json!({"cpu": "1", "memory": "1"});
        assert_eq!(
            errors(pod(json!({"requests": full, "limits": full})), &old),
            ["spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing"]
        );
        let mut renamed = old.clone();
        renamed["spec"]["containers"][0]["name"] = "d".into();
        assert_eq!(
            errors(renamed, &old),
            ["spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize"]
        );
        let mut windows = old.clone();
        windows["spec"]["os"] = json!({"name": "windows"});
        assert_eq!(errors(windows.clone(), &windows), ["[]: Forbidden: windows pods cannot be resized"]);
        let mut fixed = old.clone();
        fixed["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
        assert_eq!(errors(fixed.clone(), &fixed), ["[]: Forbidden: static pods cannot be resized"]);
    }

    #[test]
    fn init_containers_are_resized_without_a_restart_and_pods_as_a_whole() {
        let init = |cpu: &str, policy: &str| {
            let mut pod = pod(json!({"requests": {"cpu": "1"}}));
            let policy = json!([{"resourceName": "cpu", "restartPolicy": policy}]);
            pod["spec"]["initContainers"] =
                json!([{"name": "i", "resources": {"requests": {"cpu": cpu}}, "resizePolicy": policy}]);
            pod
        };
        assert!(errors(init("2", "NotRequired"), &init("1", "NotRequired")).is_empty());
        assert_eq!(
            errors(init("2", "RestartContainer"), &init("1", "RestartContainer")),
            [
                "spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            ]
        );
        let whole = |resources: Value| {
            let mut pod = pod(json!({}));
            pod["spec"]["resources"] = resources;
            pod
        };
        let old = whole(json!({"requests": {"cpu": "1", "hugepages-2Mi": "2Mi"}, "limits": {"cpu": "2"}}));
        let mut new = old.clone();
        new["spec"]["resources"]["requests"]["cpu"] = "1500m".into();
        assert!(errors(new, &old).is_empty());
        assert_eq!(
            errors(whole(json!({"requests": {"cpu": "1", "hugepages-2Mi": "4Mi"}})), &old),
            [
                "spec.resources.limits: Forbidden: pod-level resource limits cannot be removed",
                "spec: Forbidden: only cpu and memory resources are mutable at pod-level",
            ]
        );
    }
}
