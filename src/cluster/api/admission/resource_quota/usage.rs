//! Quota evaluators: the usage of an object, the resource that a key of a quota counts, and scopes
//! (`pkg/quota/v1/evaluator/core`).

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::{Format, Quantity};
use kctl_base::sim::{Duration, Time};
use kctl_kinds::shared::pod_spec::qos::qos_class;
use kctl_kinds::shared::pod_spec::resources::{Amounts, amounts, of_pod};

/// Resources whose objects are counted by their plain name too, not only by `count/<resource>`.
const COUNTED: &[&str] =
    &["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"];
/// Compute resources whose requests are counted by their plain name too, not only by `requests.<name>`.
const PLAIN: &[&str] = &["cpu", "memory", "ephemeral-storage"];
/// The part of a key between the storage class and the resource: `gold.storageclass.storage.k8s.io/requests.storage`.
const CLASS_INFIX: &str = ".storageclass.storage.k8s.io/";

/// Returns the resource whose objects count towards a key of `spec.hard`.
pub(crate) fn counted_resource(key: &str) -> String {
    if let Some(resource) = key.strip_prefix("count/") {
        return resource.into();
    }
    match key {
        "requests.storage" => "persistentvolumeclaims".into(),
        "services.nodeports" | "services.loadbalancers" => "services".into(),
        class if class.contains(CLASS_INFIX) => "persistentvolumeclaims".into(),
        plain if COUNTED.contains(&plain) => plain.into(),
        _ => "pods".into(),
    }
}

/// Returns the usage of an object, by the keys of `spec.hard`.
pub(crate) fn of(resource: &str, object: &Object, now: Time) -> Amounts {
    let mut usage = Amounts::from([(format!("count/{resource}"), count_of(1))]);
    if COUNTED.contains(&resource) {
        usage.insert(resource.into(), count_of(1));
    }
    match resource {
        "pods" if is_counted(object, now) => add_pod(&mut usage, object),
        "services" => add_service(&mut usage, object),
        "persistentvolumeclaims" => add_claim(&mut usage, object),
        _ => {}
    }
    usage
}

fn count_of(count: i64) -> Quantity {
    Quantity::new(count, Format::DecimalSi)
}

/// Returns whether the resources of a pod count: not when it has terminated or its deletion is overdue (`QuotaV1Pod`).
fn is_counted(pod: &Object, now: Time) -> bool {
    !matches!(pod.str("/status/phase"), "Succeeded" | "Failed") && overdue_at(pod).is_none_or(|at| at >= now)
}

/// Returns the time from which the deletion of a pod is overdue, so that it no longer counts; `None` for a pod that is not
/// being deleted.
pub(crate) fn overdue_at(pod: &Object) -> Option<Time> {
    let grace = pod.int("/metadata/deletionGracePeriodSeconds")?;
    pod.deletion_time().map(|at| at + Duration::from_secs(grace))
}

/// Adds the usage of a pod: its requests and limits, and one pod.
fn add_pod(usage: &mut Amounts, pod: &Object) {
    usage.insert("pods".into(), count_of(1));
    for (name, amount) in of_pod(pod, "requests") {
        if PLAIN.contains(&name.as_str()) || name.starts_with("hugepages-") {
            usage.insert(name.clone(), amount);
        }
        usage.insert(format!("requests.{name}"), amount);
    }
    usage.extend(of_pod(pod, "limits").into_iter().map(|(name, amount)| (format!("limits.{name}"), amount)));
}

/// Adds the usage of a service: node ports and load balancers.
fn add_service(usage: &mut Amounts, service: &Object) {
    let ports = service.list("/spec/ports").len() as i64;
    let kind = service.str("/spec/type");
    let allocates = service.at("/spec/allocateLoadBalancerNodePorts") != Some(&Value::Bool(false));
    let explicit = service.list("/spec/ports").iter().filter(|p| p.int("/nodePort").unwrap_or(0) != 0).count() as i64;
    let node_ports = match kind {
        "NodePort" => ports,
        "LoadBalancer" if allocates => ports,
        "LoadBalancer" => explicit,
        _ => 0,
    };
    usage.insert("services.nodeports".into(), count_of(node_ports));
    usage.insert("services.loadbalancers".into(), count_of(i64::from(kind == "LoadBalancer")));
}

/// Adds the usage of a claim: storage, also by storage class.
fn add_claim(usage: &mut Amounts, claim: &Object) {
    let class = claim.annotation("volume.beta.kubernetes.io/storage-class");
    let class = class.unwrap_or_else(|| claim.str("/spec/storageClassName")).to_string();
    let requested = amounts(claim, "/spec/resources/requests").remove("storage");
    // Storage that an expansion has allocated counts even when the request has been reduced since.
    let allocated = amounts(claim, "/status/allocatedResources").remove("storage");
    let storage = requested.into_iter().chain(allocated).max();
    if let Some(storage) = storage {
        usage.insert("requests.storage".into(), storage);
    }
    if !class.is_empty() {
        usage.insert(format!("{class}{CLASS_INFIX}persistentvolumeclaims"), count_of(1));
        if let Some(storage) = storage {
            usage.insert(format!("{class}{CLASS_INFIX}requests.storage"), storage);
        }
    }
}

/// Returns whether an object is in all scopes of a quota. Only pods can be in a scope.
pub(crate) fn in_scope(quota: &Object, resource: &str, object: &Object) -> bool {
    let plain = quota.list("/spec/scopes");
    let selected = quota.list("/spec/scopeSelector/matchExpressions");
    if plain.is_empty() && selected.is_empty() {
        return true;
    }
    resource == "pods"
        && plain.iter().all(|s| has_scope(object, s.as_str().unwrap_or(""), "Exists", &[]))
        && selected.iter().all(|e| has_scope(object, e.str("/scopeName"), e.str("/operator"), e.list("/values")))
}

/// Returns whether a pod is in a scope; `operator` and `values` are those of a scope selector.
fn has_scope(pod: &Object, scope: &str, operator: &str, values: &[Value]) -> bool {
    let is_best_effort = || pod.at("/spec").is_some_and(|spec| qos_class(spec) == "BestEffort");
    let is_terminating = pod.int("/spec/activeDeadlineSeconds").is_some();
    match scope {
        "BestEffort" => is_best_effort(),
        "NotBestEffort" => !is_best_effort(),
        "Terminating" => is_terminating,
        "NotTerminating" => !is_terminating,
        "CrossNamespacePodAffinity" => has_cross_namespace_affinity(pod),
        "PriorityClass" => {
            let class = pod.str("/spec/priorityClassName");
            let listed = values.iter().any(|v| v == class);
            match operator {
                "In" => listed,
                "NotIn" => !listed,
                "DoesNotExist" => class.is_empty(),
                _ => !class.is_empty(),
            }
        }
        _ => false,
    }
}

/// Returns whether an affinity term of a pod selects pods of other namespaces.
fn has_cross_namespace_affinity(pod: &Object) -> bool {
    let crosses = |term: &Value| !term.list("/namespaces").is_empty() || term.at("/namespaceSelector").is_some();
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let of = |rule: &str| pod.list(&format!("/spec/affinity/{kind}/{rule}"));
        of("requiredDuringSchedulingIgnoredDuringExecution").iter().any(crosses)
            || of("preferredDuringSchedulingIgnoredDuringExecution")
                .iter()
                .filter_map(|w| w.at("/podAffinityTerm"))
                .any(crosses)
    })
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn keys_name_the_resource_that_they_count() {
        for (key, want) in [
            ("pods", "pods"),
            ("requests.cpu", "pods"),
            ("requests.nvidia.com/gpu", "pods"),
            ("count/deployments.apps", "deployments.apps"),
            ("services.nodeports", "services"),
            ("gold.storageclass.storage.k8s.io/requests.storage", "persistentvolumeclaims"),
            ("configmaps", "configmaps"),
        ] {
            assert_eq!(counted_resource(key), want, "{key}");
        }
    }

    #[test]
    fn usage_follows_from_the_spec() {
        let text =
            |usage: Amounts| -> String { usage.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",") };
        let now = Time::from_secs(0);
        let pod = json!({"spec": {"containers": [{"resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}}]}});
        let claim = json!({"spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "2Gi"}}}});
        let service = json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 81}]}});
        let cases = [
            ("pods", pod, "count/pods=1,cpu=100m,limits.memory=1Gi,pods=1,requests.cpu=100m"),
            ("pods", json!({"status": {"phase": "Failed"}}), "count/pods=1"),
            ("services", service, "count/services=1,services=1,services.loadbalancers=1,services.nodeports=2"),
            (
                "persistentvolumeclaims",
                claim,
                "count/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,\
                 gold.storageclass.storage.k8s.io/requests.storage=2Gi,persistentvolumeclaims=1,requests.storage=2Gi",
            ),
            ("deployments.apps", json!({}), "count/deployments.apps=1"),
        ];
        for (resource, object, want) in cases {
            assert_eq!(text(of(resource, &object, now)), want, "{resource}");
        }
    }

    #[test]
    fn scopes_select_pods() {
        let quota = |scopes: Value, selector: Value| json!({"spec": {"scopes": scopes, "scopeSelector": {"matchExpressions": selector}}});
        let pod = json!({"spec": {"containers": [{"name": "c"}], "priorityClassName": "high"}});
        let by_class =
            |operator: &str| json!([{"scopeName": "PriorityClass", "operator": operator, "values": ["high"]}]);
        let cases = [
            (quota(json!([]), json!([])), true),
            (quota(json!(["BestEffort"]), json!([])), true),
            (quota(json!(["NotBestEffort"]), json!([])), false),
            (quota(json!(["Terminating"]), json!([])), false),
            (quota(json!([]), by_class("In")), true),
            (quota(json!([]), by_class("NotIn")), false),
            (quota(json!(["CrossNamespacePodAffinity"]), json!([])), false),
        ];
        for (quota, want) in cases {
            assert_eq!(in_scope(&quota, "pods", &pod), want, "{quota}");
        }
        assert!(!in_scope(&quota(json!(["BestEffort"]), json!([])), "services", &json!({})));
    }
}
