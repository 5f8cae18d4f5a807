//! The group node.k8s.io. The kind Node is in [`crate::core::node`].

use crate::shared::formats::dns_label_problems;
use crate::shared::pod_spec::{resources, scheduling};
use crate::shared::rules::{check, immutable_at, label_map};
use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A RuntimeClass: a container runtime configuration that pods can select.
pub(crate) static RUNTIME_CLASS: TableKind =
    TableKind::new(Names::cluster_scoped(("node.k8s.io", "v1"), "RuntimeClass", "runtimeclasses", "runtimeclass"))
        .validate(validate)
        .validate_update(|new, old| immutable_at(new, old, "/handler", &Path::new("handler")))
        .table(&["Name", "Handler", "Age"], |class, now| {
            vec![class.name().into(), class.str("/handler").into(), age(class, now)]
        });

/// Validates a RuntimeClass (`pkg/apis/node/validation/validation.go`).
fn validate(class: &Object) -> ErrorList {
    let mut errors = check(dns_label_problems, class.str("/handler"), &Path::new("handler"));
    if let Some(overhead) = class.at("/overhead") {
        // The server checks the overhead as if it were the limits of a container.
        let limits = json!({"limits": overhead.get("podFixed").cloned().unwrap_or(Value::Null)});
        resources::validate(&mut errors, &Path::new("overhead"), &limits, &[]);
    }
    let path = Path::new("scheduling");
    label_map(&mut errors, &path.child("nodeSelector"), class.at("/scheduling/nodeSelector"));
    scheduling::validate_tolerations(&mut errors, &path.child("tolerations"), class.list("/scheduling/tolerations"));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overhead_and_scheduling_are_validated() {
        let class = json!({"handler": "runc", "overhead": {"podFixed": {"cpu": "-1"}}, "scheduling": {
            "nodeSelector": {"a": "b c"}, "tolerations": [{"key": "k", "operator": "Is"}]}});
        let errors: Vec<String> = validate(&class).iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 3, "{errors:#?}");
        assert_eq!(errors[0], "overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0");
        assert!(
            errors[1].starts_with("scheduling.nodeSelector: Invalid value: \"b c\": a valid label"),
            "{}",
            errors[1]
        );
        assert!(
            errors[2].starts_with("scheduling.tolerations[0].operator: Unsupported value: \"Is\""),
            "{}",
            errors[2]
        );
    }
}
