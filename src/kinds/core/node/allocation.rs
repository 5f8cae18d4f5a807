//! The resources that the pods of a node request, and their share of the node (`describeNodeResource` in
//! `kubectl/pkg/describe/describe.go`).

use std::sync::Arc;

use crate::shared::pod_spec::resources::{Amounts, add, amounts, of_pod};
use crate::{Lookup, PrefixWriter, age};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;

/// Returns the pods on a node that have not ended, by namespace and name.
pub(super) fn pods(node: &Object, lookup: &dyn Lookup) -> Vec<Arc<Object>> {
    let fields = format!("spec.nodeName={},status.phase!=Succeeded,status.phase!=Failed", node.name());
    let mut pods = lookup.list_by_fields("pods", &fields);
    pods.order_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
    pods
}

/// Writes the table of pods and the table of totals.
pub(super) fn describe(node: &Object, pods: &[Arc<Object>], now: Time, out: &mut PrefixWriter) {
    let allocatable = match node.map("/status/allocatable") {
        Some(map) if !map.is_empty() => amounts(node, "/status/allocatable"),
        _ => amounts(node, "/status/capacity"),
    };
    out.line(0, format!("Non-terminated Pods:\t({} in total)", pods.len()));
    out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in pods {
        let (asked, bound) = (of_pod(pod, "requests"), of_pod(pod, "limits"));
        let cells = [("cpu", &asked), ("cpu", &bound), ("memory", &asked), ("memory", &bound)]
            .map(|(name, map)| with_percentage(name, map, &allocatable));
        let who = format!("{}\t{}", pod.namespace(), pod.name());
        out.line(1, format!("{who}\t\t{}\t{}", cells.join("\t"), age(pod, now)));
        add(&mut requests, &asked);
        add(&mut limits, &bound);
    }
    out.line(0, "Allocated resources:");
    out.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    out.line(1, "Resource\tRequests\tLimits");
    out.line(1, "--------\t--------\t------");
    let huge = allocatable.keys().filter(|k| k.starts_with("hugepages-")).map(String::as_str);
    for name in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(huge) {
        let cells = [&requests, &limits].map(|map| with_percentage(name, map, &allocatable));
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

/// Formats a quantity and its percentage of what is allocatable: `200m (10%)`.
fn with_percentage(name: &str, map: &Amounts, allocatable: &Amounts) -> String {
    let amount = map.get(name).copied().unwrap_or(Quantity::ZERO);
    let number = |q: &Quantity| if name == "cpu" { q.milli_value() } else { q.value() } as f64;
    let all = allocatable.get(name).map_or(0.0, number);
    let percent = if all == 0.0 { 0 } else { (number(&amount) / all * 100.0) as i64 };
    format!("{amount} ({percent}%)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn init_containers_count_when_they_need_more() {
        let cpu = |amount: &str| json!({"resources": {"requests": {"cpu": amount}}});
        let mut side_car = cpu("200m");
        side_car["restartPolicy"] = "Always".into();
        let pod = json!({"spec": {"containers": [cpu("1"), cpu("500m")], "initContainers": [side_car, cpu("2")]}});
        let amounts = of_pod(&pod, "requests");
        assert_eq!(amounts["cpu"].to_string(), "2200m");
        let node = Amounts::from([("cpu".to_string(), "8".parse().expect("an amount"))]);
        assert_eq!(with_percentage("cpu", &amounts, &node), "2200m (27%)");
        assert_eq!(with_percentage("memory", &amounts, &node), "0 (0%)");
    }
}
