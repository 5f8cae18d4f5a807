//! Requests and limits: canonical form, defaults, sums and validation.

use std::collections::{BTreeMap, BTreeSet};

use super::effective::{Effective, ResourceList};
use super::is_sidecar;
use crate::shared::rules::{NOT_NEGATIVE, refuse};
use kctl_base::field::{ErrorList, Path, duplicate, forbidden, invalid, not_found, required};
use kctl_base::json::{Map, Value};
use kctl_base::labels;
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;

/// Quantities by resource name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Converts all quantities of a resource list to canonical form, rounded up to milli-units.
pub(crate) fn normalize(list: Option<&mut Value>) {
    for value in list.and_then(Value::as_object_mut).into_iter().flat_map(|m| m.values_mut()) {
        if value.is_null() {
            *value = "0".into();
        }
        if let Ok(quantity) = Quantity::from_value(value) {
            *value = quantity.round_up(-3).canonical().into();
        }
    }
}

/// Converts one quantity to canonical form.
pub(crate) fn normalize_one(value: &mut Value) {
    if let Ok(quantity) = Quantity::from_value(value) {
        *value = quantity.canonical().into();
    }
}

/// Reads the quantities of the resource list at a JSON pointer; skips values that are not quantities.
pub fn amounts(object: &Value, pointer: &str) -> Amounts {
    let list = object.map(pointer).into_iter().flatten();
    list.filter_map(|(name, value)| Some((name.to_string(), Quantity::from_value(value).ok()?))).collect()
}

/// Sets missing requests to the limits. For pods only, not for pod templates (`SetDefaults_Pod` in
/// `pkg/apis/core/v1/defaults.go`).
pub(crate) fn default_requests(spec: &mut Value) {
    for field in ["/initContainers", "/containers"] {
        for container in spec.items_mut(field) {
            let limits: Map = container.map("/resources/limits").cloned().unwrap_or_default();
            for (name, limit) in limits {
                container.map_mut("/resources/requests").entry(name).or_insert(limit);
            }
        }
    }
    if spec.at("/resources").is_some() {
        default_pod_requests(spec);
    }
}

/// Sets missing pod-level requests: to the sum over the containers, else to the pod-level limits (KEP-2837).
fn default_pod_requests(spec: &mut Value) {
    let supported = |name: &str| ["cpu", "memory"].contains(&name) || name.starts_with("hugepages-");
    for (name, amount) in requests_of_containers(spec) {
        if supported(&name) {
            spec.map_mut("/resources/requests").entry(name).or_insert(amount.canonical().into());
        }
    }
    for (name, limit) in spec.map("/resources/limits").cloned().unwrap_or_default() {
        if supported(&name) {
            spec.map_mut("/resources/requests").entry(name).or_insert(limit);
        }
    }
}

/// Returns the limit that bounds a container: its own, or else the pod-level one, of which the containers of the pod share what
/// they do not limit themselves
/// (<https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/>).
pub fn limit_of<'a>(pod: &'a Value, container: &'a Value, resource: &str) -> Option<&'a Value> {
    let own = container.at(&format!("/resources/limits/{resource}"));
    own.or_else(|| pod.at(&format!("/spec/resources/limits/{resource}")))
}

/// The requests of all containers of a pod spec. See [`of_pod`] for the way init containers count.
pub(crate) fn requests_of_containers(spec: &Value) -> Amounts {
    of_containers(spec, |container| amounts(container, "/resources/requests"))
}

/// The `requests` or `limits` of a pod, as `list` says, overhead included (`PodRequests` and `PodLimits` in
/// `k8s.io/component-helpers/resource/helpers.go`).
///
/// Pod-level resources replace the sum over the containers, which is: all containers and sidecars together, or the
/// largest init container with the sidecars started before it, whichever is more. While a resize is not complete, the
/// larger of the desired and the present resources count.
pub fn of_pod(pod: &Value, what: &str) -> Amounts {
    effective_amounts(pod, what, &Effective::of(pod))
}

/// The requests that the node of a pod has granted, which a resize that waits does not change.
pub fn allocated_requests(pod: &Value) -> Amounts {
    effective_amounts(pod, "requests", &Effective::allocated(pod))
}

fn effective_amounts(pod: &Value, what: &str, effective: &Effective<'_>) -> Amounts {
    let Some(spec) = pod.at("/spec") else { return Amounts::new() };
    let mut sum = of_containers(spec, |container| largest_of(effective.of_container(container, what)));
    sum.extend(largest_of(effective.of_whole(what)));
    for (name, amount) in amounts(spec, "/overhead") {
        if what == "requests" || sum.get(&name).is_some_and(|q| !q.is_zero()) {
            add(&mut sum, &Amounts::from([(name, amount)]));
        }
    }
    sum
}

/// Returns the largest amount of each resource in the lists.
fn largest_of(lists: Vec<ResourceList<'_>>) -> Amounts {
    let mut largest = Amounts::new();
    for (object, pointer) in lists {
        max_amounts(&mut largest, &amounts(object, pointer));
    }
    largest
}

fn of_containers<'a>(spec: &'a Value, of: impl Fn(&'a Value) -> Amounts) -> Amounts {
    let mut sum = Amounts::new();
    for container in spec.list("/containers") {
        add(&mut sum, &of(container));
    }
    let (mut sidecars, mut largest) = (Amounts::new(), Amounts::new());
    for container in spec.list("/initContainers") {
        let mut need = of(container);
        if is_sidecar(container) {
            add(&mut sum, &need);
            add(&mut sidecars, &need);
            need = sidecars.clone();
        } else {
            add(&mut need, &sidecars);
        }
        max_amounts(&mut largest, &need);
    }
    max_amounts(&mut sum, &largest);
    sum
}

/// Adds quantities to a sum.
pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let total = sum.get(name).map_or(*amount, |old| old.add(amount));
        sum.insert(name.clone(), total);
    }
}

fn max_amounts(sum: &mut Amounts, least: &Amounts) {
    for (name, amount) in least {
        if sum.get(name).is_none_or(|old| old < amount) {
            sum.insert(name.clone(), *amount);
        }
    }
}

/// Validates the resources of a container. `claims` are the names in `spec.resourceClaims`.
pub(crate) fn validate(errors: &mut ErrorList, path: &Path, resources: &Value, claims: &[&str]) {
    let (limits, requests) = (amounts(resources, "/limits"), amounts(resources, "/requests"));
    let limits_path = path.child("limits");
    let requests_path = path.child("requests");
    for (name, amount) in &limits {
        validate_amount(errors, &limits_path.key(name), name, amount);
    }
    for (name, amount) in &requests {
        validate_amount(errors, &requests_path.key(name), name, amount);
        match limits.get(name) {
            Some(limit) if amount != limit && !may_overcommit(name) => {
                let why = format!("must be equal to {name} limit of {limit}");
                errors.push(invalid(&requests_path, amount.canonical(), &why));
            }
            Some(limit) if amount > limit => {
                let why = format!("must be less than or equal to {name} limit of {limit}");
                errors.push(invalid(&requests_path, amount.canonical(), &why));
            }
            None if !may_overcommit(name) => {
                errors.push(required(&limits_path, "Limit must be set for non overcommitable resources"));
            }
            _ => {}
        }
    }
    let has = |wanted: fn(&str) -> bool| limits.keys().chain(requests.keys()).any(|name| wanted(name));
    if has(|n| n.starts_with("hugepages-")) && !has(|n| n == "cpu" || n == "memory") {
        errors.push(forbidden(path, "HugePages require cpu or memory"));
    }
    validate_claims(errors, path, resources, claims);
}

fn validate_claims(errors: &mut ErrorList, path: &Path, resources: &Value, claims: &[&str]) {
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (index, claim) in resources.list("/claims").iter().enumerate() {
        let here = path.child("claims").index(index);
        let (name, request) = (claim.str("/name"), claim.str("/request"));
        if name.is_empty() {
            errors.push(required(&here, ""));
        } else if seen.contains(&(name, request)) {
            errors.push(duplicate(&here, name));
        } else if !claims.contains(&name) {
            let mut error = not_found(&here, name);
            let mut known = claims.to_vec();
            known.sort_unstable();
            let known = if known.is_empty() { " which is empty".into() } else { format!(": {}", known.join(", ")) };
            error.body.push_str(&format!(": must be one of the names in pod.spec.resourceClaims{known}"));
            errors.push(error);
        }
        seen.insert((name, request));
    }
}

fn validate_amount(errors: &mut ErrorList, path: &Path, name: &str, amount: &Quantity) {
    validate_name(errors, path, name);
    if amount.signum() < 0 {
        errors.push(invalid(path, amount.canonical(), NOT_NEGATIVE));
    }
    if is_whole(name) && amount.milli_value() % 1000 != 0 {
        errors.push(invalid(path, amount.canonical(), "must be an integer"));
    }
}

/// Returns whether a resource can be requested in whole units only.
fn is_whole(name: &str) -> bool {
    const WHOLE: &[&str] = &["pods", "persistentvolumeclaims", "secrets", "configmaps", "services"];
    WHOLE.contains(&name) || is_extended(name)
}

/// Returns whether a resource is an extended resource, such as `example.com/device`.
fn is_extended(name: &str) -> bool {
    name.split_once('/').is_some_and(|(domain, _)| {
        !domain.ends_with("kubernetes.io") && !name.starts_with("requests.") && !domain.is_empty()
    })
}

/// Returns whether limits of a resource may exceed requests.
fn may_overcommit(name: &str) -> bool {
    (!name.contains('/') || name.contains("kubernetes.io/")) && !name.starts_with("hugepages-")
}

fn validate_name(errors: &mut ErrorList, path: &Path, name: &str) {
    let problems = labels::key_problems(name);
    if !problems.is_empty() {
        return refuse(errors, path, name, problems);
    }
    if !name.contains('/') {
        let of_containers = ["cpu", "memory", "ephemeral-storage"].contains(&name) || name.starts_with("hugepages-");
        if !of_containers && !is_standard(name) {
            errors.push(invalid(path, name, "must be a standard resource type or fully qualified"));
        }
        if !of_containers {
            errors.push(invalid(path, name, "must be a standard resource for containers"));
        }
    } else if !name.contains("kubernetes.io/") && !is_extended(name) {
        errors.push(invalid(path, name, "doesn't follow extended resource name standard"));
    }
}

/// Returns whether a name without a domain is a standard resource, be it of containers or of quotas.
fn is_standard(name: &str) -> bool {
    const OF_QUOTAS: &[&str] = &[
        "configmaps",
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
        "requests.storage",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
        "storage",
    ];
    OF_QUOTAS.contains(&name) || name.starts_with("requests.hugepages-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_limit_of_the_pod_bounds_containers_without_one() {
        let pod = json!({"spec": {"resources": {"limits": {"memory": "200Mi"}}}});
        let own = json!({"resources": {"limits": {"memory": "100Mi"}}});
        let limit = |container: &Value, resource: &str| limit_of(&pod, container, resource).cloned();
        assert_eq!(limit(&own, "memory"), Some("100Mi".into()));
        assert_eq!(limit(&json!({}), "memory"), Some("200Mi".into()));
        assert_eq!(limit(&json!({}), "cpu"), None);
    }

    #[test]
    fn errors_have_the_order_of_the_api_server() {
        let resources = json!({"limits": {"cpu": "1", "memory": "-1"}, "requests": {"cpu": "2", "memory": "-1"}});
        let mut errors = ErrorList::new();
        validate(&mut errors, &Path::new("r"), &resources, &[]);
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "r.limits[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
                "r.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
                "r.requests[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
            ]
        );
    }

    #[test]
    fn pods_request_at_least_their_largest_init_container() {
        let spec = json!({
            "containers": [{"resources": {"requests": {"cpu": "100m"}}}, {"resources": {"requests": {"cpu": "200m"}}}],
            "initContainers": [
                {"restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
                {"resources": {"requests": {"cpu": "1"}}}
            ]
        });
        assert_eq!(requests_of_containers(&spec)["cpu"].canonical(), "1050m");
    }
}
