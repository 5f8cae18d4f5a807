//! The quality of service class of a pod (`pkg/apis/core/v1/helper/qos/qos.go`).

use super::resources::{Amounts, amounts};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::quantity::Quantity;

/// Computes the class of a pod spec: `Guaranteed` when every container limits CPU and memory and its requests equal the
/// limits, `BestEffort` when no container has requests or limits, else `Burstable`.
pub fn qos_class(spec: &Value) -> &'static str {
    if spec.at("/resources").is_some() {
        let (requests, limits) = compute(spec, "/resources");
        if !requests.is_empty() || !limits.is_empty() {
            return class(&[(requests, limits)]);
        }
    }
    let containers = spec.list("/containers").iter().chain(spec.list("/initContainers"));
    class(&containers.map(|c| compute(c, "/resources")).collect::<Vec<_>>())
}

/// The non-zero requests and limits of CPU and memory at a JSON pointer.
fn compute(object: &Value, pointer: &str) -> (Amounts, Amounts) {
    let of = |field: &str| -> Amounts {
        let all = amounts(object, &format!("{pointer}/{field}")).into_iter();
        all.filter(|(name, amount)| (name == "cpu" || name == "memory") && *amount > Quantity::ZERO).collect()
    };
    (of("requests"), of("limits"))
}

fn class(parts: &[(Amounts, Amounts)]) -> &'static str {
    if parts.iter().all(|(requests, limits)| requests.is_empty() && limits.is_empty()) {
        "BestEffort"
    } else if parts.iter().all(|(requests, limits)| limits.len() == 2 && requests == limits) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn classes_follow_requests_and_limits() {
        let full = json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}});
        let half = json!({"requests": {"memory": "1Gi"}});
        for (containers, want) in [
            (json!([{}]), "BestEffort"),
            (json!([{"resources": full}]), "Guaranteed"),
            (json!([{"resources": full}, {}]), "Burstable"),
            (json!([{"resources": half}]), "Burstable"),
        ] {
            assert_eq!(qos_class(&json!({"containers": containers})), want);
        }
    }
}
