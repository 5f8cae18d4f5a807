//! The pod template in the description of a workload and in `rollout history --revision`.

use std::collections::BTreeMap;

use super::containers::{Containers, describe_containers};
use super::metadata::{annotation_lines, label_lines};
use super::volumes::describe_volumes;
use crate::PrefixWriter;
use kctl_base::json::Value;
use kctl_base::labels::format_label_selector;
use kctl_base::object::ValueRead;
use kctl_base::order::Order as _;

/// Writes `Pod Template:` and its content; `None` is a missing template (`DescribePodTemplate`).
pub fn describe_template(template: Option<&Value>, out: &mut PrefixWriter) {
    out.line(0, "Pod Template:");
    let Some(template) = template.filter(|t| !t.is_null()) else {
        return out.write(1, "<unset>");
    };
    label_lines(0, "  Labels", &template.strings("/metadata/labels"), out);
    let annotations = template.strings("/metadata/annotations");
    if !annotations.is_empty() {
        annotation_lines(0, "  Annotations", &annotations, out);
    }
    let spec = template.get("spec").unwrap_or(&Value::Null);
    if !spec.str("/serviceAccountName").is_empty() {
        out.pair(1, "Service Account", spec.str("/serviceAccountName"));
    }
    if !spec.list("/initContainers").is_empty() {
        describe_containers(&Containers::of_template("Init Containers", spec.list("/initContainers")), out);
    }
    describe_containers(&Containers::of_template("Containers", spec.list("/containers")), out);
    describe_volumes(spec.list("/volumes"), "  ", out);
    describe_spread(spec, "  ", out);
    if !spec.str("/priorityClassName").is_empty() {
        out.pair(1, "Priority Class Name", spec.str("/priorityClassName"));
    }
    label_lines(0, "  Node-Selectors", &selector_of(spec), out);
    describe_tolerations("  Tolerations", spec, out);
}

/// The node selector of a pod spec.
pub(crate) fn selector_of(spec: &Value) -> BTreeMap<String, String> {
    spec.strings("/nodeSelector")
}

/// Writes the topology spread constraints; nothing when there are none.
pub(crate) fn describe_spread(spec: &Value, indent: &str, out: &mut PrefixWriter) {
    for (index, constraint) in spec.list("/topologySpreadConstraints").iter().enumerate() {
        let lead = if index == 0 { format!("{indent}Topology Spread Constraints:") } else { String::new() };
        let selector = match constraint.at("/labelSelector") {
            Some(selector) => format!(" for selector {}", format_label_selector(selector)),
            None => String::new(),
        };
        let (key, action) = (constraint.str("/topologyKey"), constraint.str("/whenUnsatisfiable"));
        let skew = constraint.int("/maxSkew").unwrap_or(0);
        out.line(0, format!("{lead}\t{key}:{action} when max skew {skew} is exceeded{selector}"));
    }
}

/// Writes the tolerations, sorted by key.
pub(crate) fn describe_tolerations(title: &str, spec: &Value, out: &mut PrefixWriter) {
    out.write(0, format!("{title}:\t"));
    let mut tolerations: Vec<&Value> = spec.list("/tolerations").iter().collect();
    if tolerations.is_empty() {
        return out.line(0, "<none>");
    }
    tolerations.order_by_key(|t| t.str("/key"));
    for (index, toleration) in tolerations.into_iter().enumerate() {
        let lead = if index == 0 { "" } else { "\t" };
        out.line(0, format!("{lead}{}", toleration_text(toleration)));
    }
}

fn toleration_text(toleration: &Value) -> String {
    let (key, value) = (toleration.str("/key"), toleration.str("/value"));
    let mut text = key.to_owned();
    if !value.is_empty() {
        text.push_str(&format!("={value}"));
    }
    if !toleration.str("/effect").is_empty() {
        text.push_str(&format!(":{}", toleration.str("/effect")));
    }
    if toleration.str("/operator") == "Exists" && value.is_empty() {
        text.push_str(if text.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    if let Some(seconds) = toleration.int("/tolerationSeconds") {
        text.push_str(&format!(" for {seconds}s"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn templates_contain_unaligned_tabs() {
        let template = json!({
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "c", "image": "postgres:17"}]}
        });
        let mut out = PrefixWriter::new();
        describe_template(Some(&template), &mut out);
        let want = "Pod Template:\n  Labels:\tapp=db\n  Containers:\n   c:\n    Image:\tpostgres:17\n    Port:\t<none>\n    Host Port:\t<none>\n    Environment:\t<none>\n    Mounts:\t<none>\n  Volumes:\t<none>\n  Node-Selectors:\t<none>\n  Tolerations:\t<none>\n";
        assert_eq!(out.text(), want);
    }

    #[test]
    fn tolerations_are_abbreviated() {
        for (toleration, want) in [
            (json!({"operator": "Exists"}), "op=Exists"),
            (json!({"key": "k", "operator": "Exists", "effect": "NoSchedule"}), "k:NoSchedule op=Exists"),
            (json!({"key": "k", "value": "v"}), "k=v"),
            (
                json!({"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
                "k:NoExecute op=Exists for 300s",
            ),
        ] {
            assert_eq!(toleration_text(&toleration), want);
        }
    }
}
