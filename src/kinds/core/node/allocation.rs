//! What the pods of a node ask for, and what part of the node that is.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kinds::{Describer, Lookup, age};
use crate::machinery::object::{Meta, Object, Reading};
use crate::machinery::quantity::{Format, Quantity};

/// Amounts by resource.
type Amounts = BTreeMap<String, Quantity>;

/// Writes the table of pods and the table of sums.
pub(super) fn describe(node: &Object, look: &dyn Lookup, out: &mut Describer) {
    let finished = |pod: &Object| matches!(pod.str("/status/phase"), "Succeeded" | "Failed");
    let mut pods = look.pods_on_node(node.name());
    pods.retain(|pod| !finished(pod));
    pods.sort_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
    let allocatable = match node.map("/status/allocatable") {
        Some(map) if !map.is_empty() => amounts(node, "/status/allocatable"),
        _ => amounts(node, "/status/capacity"),
    };
    out.line(0, format!("Non-terminated Pods:\t({} in total)", pods.len()));
    out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in &pods {
        let (asked, bound) = (pod_amounts(pod, "requests"), pod_amounts(pod, "limits"));
        let cells = [("cpu", &asked), ("cpu", &bound), ("memory", &asked), ("memory", &bound)]
            .map(|(name, map)| share(name, map, &allocatable));
        let who = format!("{}\t{}", pod.namespace(), pod.name());
        out.line(1, format!("{who}\t\t{}\t{}", cells.join("\t"), age(pod, look.now())));
        add_all(&mut requests, &asked);
        add_all(&mut limits, &bound);
    }
    out.line(0, "Allocated resources:");
    out.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    out.line(1, "Resource\tRequests\tLimits");
    out.line(1, "--------\t--------\t------");
    let huge = allocatable.keys().filter(|k| k.starts_with("hugepages-")).map(String::as_str);
    for name in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(huge) {
        let cells = [&requests, &limits].map(|map| share(name, map, &allocatable));
        out.line(1, format!("{name}\t{}", cells.join("\t")));
    }
    for name in allocatable.keys().filter(|k| is_extended(k)) {
        let cell = |map: &Amounts| map.get(name).copied().unwrap_or(Quantity::ZERO);
        out.line(1, format!("{name}\t{}\t{}", cell(&requests), cell(&limits)));
    }
}

fn is_extended(name: &str) -> bool {
    !name.starts_with("hugepages-") && !matches!(name, "cpu" | "memory" | "ephemeral-storage" | "pods")
}

/// An amount and what percentage of the node it is.
fn share(name: &str, map: &Amounts, allocatable: &Amounts) -> String {
    let amount = map.get(name).copied().unwrap_or(Quantity::ZERO);
    let number = |q: &Quantity| if name == "cpu" { q.milli_value() } else { q.value() } as f64;
    let all = allocatable.get(name).map_or(0.0, number);
    let percent = if all == 0.0 { 0 } else { (number(&amount) / all * 100.0) as i64 };
    format!("{amount} ({percent}%)")
}

fn amounts(object: &Value, pointer: &str) -> Amounts {
    let pairs = object.map(pointer).into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), Quantity::from_value(value).ok()?))).collect()
}

fn add_all(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let old = sum.get(name).copied();
        sum.insert(name.clone(), old.map_or(*amount, |old| old.add(amount)));
    }
}

fn raise_all(most: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        if most.get(name).is_none_or(|old| old < amount) {
            most.insert(name.clone(), *amount);
        }
    }
}

/// What a pod asks for: its containers together, or one init container if that is more; side cars run all the time;
/// amounts of the pod itself win; the overhead comes on top.
fn pod_amounts(pod: &Object, what: &str) -> Amounts {
    let of = |container: &Value| amounts(container, &format!("/resources/{what}"));
    let mut sum = Amounts::new();
    for container in pod.list("/spec/containers") {
        add_all(&mut sum, &of(container));
    }
    let (mut side_cars, mut init) = (Amounts::new(), Amounts::new());
    for container in pod.list("/spec/initContainers") {
        let mut need = of(container);
        if container.str("/restartPolicy") == "Always" {
            add_all(&mut sum, &need);
            add_all(&mut side_cars, &need);
            need = side_cars.clone();
        } else {
            add_all(&mut need, &side_cars);
        }
        raise_all(&mut init, &need);
    }
    raise_all(&mut sum, &init);
    for (name, amount) in amounts(pod, &format!("/spec/resources/{what}")) {
        sum.insert(name, amount);
    }
    for (name, amount) in amounts(pod, "/spec/overhead") {
        if what == "requests" || sum.get(&name).is_some_and(|q| !q.is_zero()) {
            let old = sum.get(&name).copied().unwrap_or(Quantity::new(0, Format::DecimalSi));
            sum.insert(name, old.add(&amount));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn init_containers_count_when_they_need_more() {
        let cpu = |amount: &str| json!({"resources": {"requests": {"cpu": amount}}});
        let mut side_car = cpu("200m");
        side_car["restartPolicy"] = "Always".into();
        let pod = json!({"spec": {"containers": [cpu("1"), cpu("500m")], "initContainers": [side_car, cpu("2")]}});
        let amounts = pod_amounts(&pod, "requests");
        assert_eq!(amounts["cpu"].to_string(), "2200m");
        let node = Amounts::from([("cpu".to_string(), "8".parse().expect("an amount"))]);
        assert_eq!(share("cpu", &amounts, &node), "2200m (27%)");
        assert_eq!(share("memory", &amounts, &node), "0 (0%)");
    }
}
