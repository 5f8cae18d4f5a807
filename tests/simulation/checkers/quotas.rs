//! ResourceQuotas: their usage, counted again from all objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::quantity::Quantity;
use kctl_base::sim::{Duration, Time};

use super::{Objects, is_terminated, named, of_resource};

/// The status of a quota repeats its limits and counts what there is. Pods count until they terminate or their deletion is
/// overdue, which the quota notices a second later.
pub(crate) fn usage_is_what_there_is(objects: &Objects, now: Time) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, quota) in of_resource(objects, "resourcequotas") {
        if quota.at("/spec/hard") != quota.at("/status/hard") {
            problems.push(format!("{} has other limits in its status: {quota}", named(quota)));
        }
        for (name, used) in quota.strings("/status/used") {
            let counts = |at: Time| usage(objects, &key.namespace, quota, &name, at).canonical();
            let (first, last) = (counts(now), counts(now - Duration::from_secs(1)));
            if used != first && used != last {
                problems.push(format!("{} has used {used} of {name}, there are {first}", named(quota)));
            }
        }
    }
    problems
}

/// The usage of one key of a quota in a namespace.
fn usage(objects: &Objects, namespace: &str, quota: &Object, name: &str, now: Time) -> Quantity {
    let of = |resource| of_namespace(objects, resource, namespace);
    let count = |resource| of(resource).len() as i64;
    if let Some(resource) = name.strip_prefix("count/") {
        return whole(count(resource));
    }
    match name {
        "requests.storage" => sum(&of("persistentvolumeclaims"), "/spec/resources/requests/storage"),
        "pods" | "requests.cpu" | "requests.memory" => {
            let mut pods = of("pods");
            pods.retain(|pod| is_counted(pod, now) && is_in_scope(quota, pod));
            match name.strip_prefix("requests.") {
                None => whole(pods.len() as i64),
                Some(resource) => pods.iter().fold(Quantity::ZERO, |all, pod| all.add(&requested(pod, resource))),
            }
        }
        resource => whole(count(resource)),
    }
}

/// The objects of a resource in a namespace.
fn of_namespace<'a>(objects: &'a Objects, resource: &'a str, namespace: &str) -> Vec<&'a Arc<Object>> {
    let all = of_resource(objects, resource).filter(|(key, _)| key.namespace == namespace);
    all.map(|(_, object)| object).collect()
}

fn whole(count: i64) -> Quantity {
    Quantity::from_milli(count * 1000)
}

fn sum(objects: &[&Arc<Object>], pointer: &str) -> Quantity {
    objects.iter().fold(Quantity::ZERO, |all, object| all.add(&amount(object.at(pointer))))
}

fn amount(value: Option<&Value>) -> Quantity {
    value.and_then(|value| Quantity::from_value(value).ok()).unwrap_or(Quantity::ZERO)
}

fn is_counted(pod: &Object, now: Time) -> bool {
    let grace = Duration::from_secs(pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0));
    !is_terminated(pod) && pod.deletion_time().is_none_or(|at| at + grace >= now)
}

/// Returns true unless a quota is only for pods with requests or limits, and the pod has none.
fn is_in_scope(quota: &Object, pod: &Object) -> bool {
    let has_resources = |container: &Value| {
        ["requests", "limits"]
            .iter()
            .any(|kind| container.map(&format!("/resources/{kind}")).is_some_and(|m| !m.is_empty()))
    };
    let containers = ["/spec/containers", "/spec/initContainers"].map(|list| pod.list(list)).concat();
    quota.list("/spec/scopes").is_empty() || containers.iter().any(has_resources)
}

/// The request of a pod: the sum of its containers, or the largest of those that run before them.
fn requested(pod: &Object, resource: &str) -> Quantity {
    let requests = |list: &str| -> BTreeMap<usize, Quantity> {
        let of = |container: &Value| amount(container.at(&format!("/resources/requests/{resource}")));
        pod.list(list).iter().map(of).enumerate().collect()
    };
    let together = requests("/spec/containers").values().fold(Quantity::ZERO, |all, one| all.add(one));
    requests("/spec/initContainers").into_values().chain([together]).max().unwrap_or(Quantity::ZERO)
}
