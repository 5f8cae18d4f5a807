//! LimitRanger: sets default requests and limits of containers, and enforces the bounds of containers, pods and claims
//! (`plugin/pkg/admission/limitranger`).

use std::sync::Arc;

use super::{Admission, Result};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;
use kctl_kinds::shared::pod_spec::resources::{Amounts, amounts, of_pod};

/// Annotation of a pod that lists the defaults that were set.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Sets the defaults of the namespace in a new pod, or in one whose resources change.
pub(super) fn set_defaults(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.creates("pods") && !admission.resizes() {
        return Ok(());
    }
    for range in ranges(admission)? {
        let notes = default_containers(admission.new, &range);
        if !notes.is_empty() {
            let value = format!("LimitRanger plugin set: {}", notes.join("; "));
            admission.new.set_annotation(ANNOTATION, &value);
        }
    }
    Ok(())
}

/// Rejects a pod or claim that is out of the bounds of its namespace.
pub(super) fn validate(admission: &mut Admission<'_>) -> Result<()> {
    let resource = admission.kind.names().resource();
    let is_claim = resource == "persistentvolumeclaims";
    if !is_claim && !admission.creates("pods") && !admission.resizes() {
        return Ok(());
    }
    for range in ranges(admission)? {
        let mut problems: Vec<String> = Vec::new();
        for item in range.list("/spec/limits") {
            let found = if is_claim { claim_problems(admission.new, item) } else { pod_problems(admission.new, item) };
            problems.extend(found.into_iter().filter(|p| !problems.contains(p)).collect::<Vec<_>>());
        }
        if let Some(detail) = aggregate(&problems) {
            return Err(Status::forbidden("", &resource, admission.new.name_or_prefix(), &detail));
        }
    }
    Ok(())
}

/// Reads the LimitRanges of the namespace.
fn ranges(admission: &mut Admission<'_>) -> Result<Vec<Arc<Object>>> {
    let namespace = admission.new.namespace().to_string();
    admission.server.read_all("limitranges", Some(&namespace))
}

/// Joins problems as Go's `utilerrors.Aggregate` does, several in brackets; `None` without a problem.
fn aggregate(problems: &[String]) -> Option<String> {
    match problems {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

/// Sets the missing requests and limits of every container; returns a note for each group of values that was set:
/// `cpu, memory request for container web`.
fn default_containers(pod: &mut Object, range: &Object) -> Vec<String> {
    let mut notes = Vec::new();
    let items: Vec<&Value> = range.list("/spec/limits").iter().filter(|i| i.str("/type") == "Container").collect();
    for (list, noun) in [("/spec/containers", "container"), ("/spec/initContainers", "init container")] {
        for container in pod.items_mut(list) {
            let name = container.str("/name").to_string();
            for (map, defaults, what) in [("requests", "defaultRequest", "request"), ("limits", "default", "limit")] {
                let set = set_missing(container, map, &items, defaults);
                if !set.is_empty() {
                    notes.push(format!("{} {what} for {noun} {name}", set.join(", ")));
                }
            }
        }
    }
    notes
}

/// Sets the missing resources in the `requests` or `limits` of a container from `defaults` of the items; returns the names
/// of those set, sorted.
fn set_missing<'a>(container: &mut Value, map: &str, items: &[&'a Value], defaults: &str) -> Vec<&'a str> {
    let mut set = Vec::new();
    for (resource, amount) in items.iter().filter_map(|i| i.map(&format!("/{defaults}"))).flatten() {
        let own = container.map_mut("/resources").entry(map).or_insert_with(|| Value::Object(Default::default()));
        if own.get(resource).is_none() {
            own[resource.as_str()] = amount.clone();
            set.push(resource.as_str());
        }
    }
    set.sort_unstable();
    set
}

/// Returns the bounds of one item of a LimitRange that a pod or one of its containers violates.
fn pod_problems(pod: &Object, item: &Value) -> Vec<String> {
    match item.str("/type") {
        "Container" => {
            let containers = pod.list("/spec/containers").iter().chain(pod.list("/spec/initContainers"));
            let check =
                |c: &Value| bound_problems(item, &amounts(c, "/resources/requests"), &amounts(c, "/resources/limits"));
            containers.flat_map(check).collect()
        }
        "Pod" => bound_problems(item, &of_pod(pod, "requests"), &of_pod(pod, "limits")),
        _ => Vec::new(),
    }
}

/// Returns the bounds of one item of a LimitRange that a claim violates.
fn claim_problems(claim: &Object, item: &Value) -> Vec<String> {
    if item.str("/type") != "PersistentVolumeClaim" {
        return Vec::new();
    }
    let requests = amounts(claim, "/spec/resources/requests");
    let mut problems: Vec<String> = Vec::new();
    for (name, min) in amounts(item, "/min") {
        problems.extend(minimum_problem(item, &name, min, &requests, &Amounts::new()));
    }
    for (name, max) in amounts(item, "/max") {
        let head = format!("maximum {name} usage per PersistentVolumeClaim is {max}");
        match requests.get(&name) {
            None => problems.push(format!("{head}.  No request is specified")),
            Some(request) if *request > max => problems.push(format!("{head}, but request is {request}")),
            Some(_) => {}
        }
    }
    problems
}

/// Returns the bounds of one item that requests and limits violate.
fn bound_problems(item: &Value, requests: &Amounts, limits: &Amounts) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    for (name, min) in amounts(item, "/min") {
        problems.extend(minimum_problem(item, &name, min, requests, limits));
    }
    for (name, max) in amounts(item, "/max") {
        problems.extend(maximum_problem(item, &name, max, requests, limits));
    }
    for (name, ratio) in amounts(item, "/maxLimitRequestRatio") {
        problems.extend(ratio_problem(item, &name, ratio, requests, limits));
    }
    problems
}

fn minimum_problem(item: &Value, name: &str, min: Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
    let head = format!("minimum {name} usage per {} is {min}", item.str("/type"));
    let Some(request) = requests.get(name) else { return Some(format!("{head}.  No request is specified")) };
    if *request < min {
        return Some(format!("{head}, but request is {request}"));
    }
    let limit = limits.get(name).filter(|l| **l < min)?;
    Some(format!("{head}, but limit is {limit}"))
}

fn maximum_problem(item: &Value, name: &str, max: Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
    let head = format!("maximum {name} usage per {} is {max}", item.str("/type"));
    let Some(limit) = limits.get(name) else { return Some(format!("{head}.  No limit is specified")) };
    if *limit > max {
        return Some(format!("{head}, but limit is {limit}"));
    }
    let request = requests.get(name).filter(|r| **r > max)?;
    Some(format!("{head}, but request is {request}"))
}

fn ratio_problem(item: &Value, name: &str, max: Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
    let head = format!("{name} max limit to request ratio per {} is {max}", item.str("/type"));
    let Some(request) = requests.get(name).filter(|r| !r.is_zero()) else {
        return Some(format!("{head}, but no request is specified or request is 0"));
    };
    let Some(limit) = limits.get(name).filter(|l| !l.is_zero()) else {
        return Some(format!("{head}, but no limit is specified or limit is 0"));
    };
    let ratio = limit.as_f64() / request.as_f64();
    (ratio > max.as_f64()).then(|| format!("{head}, but provided ratio is {ratio:.6}"))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn range() -> Value {
        json!({"spec": {"limits": [
            {"type": "Container", "default": {"cpu": "300m", "memory": "256Mi"},
             "defaultRequest": {"cpu": "200m", "memory": "256Mi"}, "max": {"cpu": "800m"}, "min": {"cpu": "50m"}},
            {"type": "PersistentVolumeClaim", "max": {"storage": "5Gi"}},
        ]}})
    }

    #[test]
    fn defaults_set_missing_values_and_are_noted() {
        let mut pod = json!({"spec": {"containers": [{"name": "one", "resources": {}},
            {"name": "two", "resources": {"requests": {"cpu": "1m", "memory": "1"}, "limits": {"memory": "2"}}}]}});
        let notes = default_containers(&mut pod, &range());
        assert_eq!(
            notes,
            [
                "cpu, memory request for container one",
                "cpu, memory limit for container one",
                "cpu limit for container two"
            ]
        );
        let want =
            json!({"limits": {"cpu": "300m", "memory": "256Mi"}, "requests": {"cpu": "200m", "memory": "256Mi"}});
        assert_eq!(pod["spec"]["containers"][0]["resources"], want);
    }

    #[test]
    fn bounds_are_enforced() {
        let pod = |request: &str, limit: &str| json!({"spec": {"containers": [{"resources": {"requests": {"cpu": request}, "limits": {"cpu": limit}}}]}});
        let item = &range()["spec"]["limits"][0];
        let whole = json!({"type": "Pod", "max": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "2"}});
        let cases = [
            (pod("1", "1"), item, vec!["maximum cpu usage per Container is 800m, but limit is 1"]),
            (pod("10m", "300m"), item, vec!["minimum cpu usage per Container is 50m, but request is 10m"]),
            (pod("100m", "300m"), item, vec![]),
            (
                json!({"spec": {"containers": [{}]}}),
                item,
                vec![
                    "minimum cpu usage per Container is 50m.  No request is specified",
                    "maximum cpu usage per Container is 800m.  No limit is specified",
                ],
            ),
            (
                pod("100m", "300m"),
                &whole,
                vec!["cpu max limit to request ratio per Pod is 2, but provided ratio is 3.000000"],
            ),
        ];
        for (pod, item, want) in cases {
            assert_eq!(pod_problems(&pod, item), want, "{pod}");
        }
        let claim = json!({"spec": {"resources": {"requests": {"storage": "6Gi"}}}});
        assert_eq!(
            claim_problems(&claim, &range()["spec"]["limits"][1]),
            ["maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi"]
        );
        assert_eq!(aggregate(&["a".into(), "b".into()]).as_deref(), Some("[a, b]"));
    }
}
