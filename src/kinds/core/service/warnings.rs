//! Warnings about fields of Services that are deprecated or have no effect (`pkg/api/service/warnings.go`).

use super::is_headless;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns the warnings about a Service.
pub(super) fn of(service: &Object) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if service.annotation("service.kubernetes.io/topology-aware-hints").is_some() {
        out.push(
            "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead"
                .into(),
        );
    }
    let kind = service.str("/spec/type");
    let has_external_ips = !service.list("/spec/externalIPs").is_empty();
    if has_external_ips {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".into());
    }
    if kind == "ExternalName" && has_external_ips {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".into());
    }
    if kind != "ExternalName" && !service.str("/spec/externalName").is_empty() {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".into());
    }
    if service.str("/spec/trafficDistribution") == "PreferClose" {
        out.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".into());
    }
    if kind == "ClusterIP" && is_headless(service) {
        let ignored = [
            ("spec.loadBalancerIP", !service.str("/spec/loadBalancerIP").is_empty()),
            ("spec.externalIPs", has_external_ips),
            ("spec.SessionAffinity", service.str("/spec/sessionAffinity") == "ClientIP"),
        ];
        let set = ignored.iter().filter(|(_, is_set)| *is_set);
        out.extend(set.map(|(field, _)| format!("{field} is ignored for headless services")));
    }
    out
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn fields_without_effect_are_warned_about() {
        let cases = [
            (json!({"type": "ClusterIP", "clusterIP": "10.96.0.9"}), ""),
            (
                json!({"type": "ClusterIP", "externalName": "a.b"}),
                "spec.externalName is ignored when spec.type is not \"ExternalName\"",
            ),
            (
                json!({"type": "ClusterIP", "clusterIP": "None", "externalIPs": ["192.0.2.1"]}),
                "spec.externalIPs is deprecated and may no longer be implemented in some clusters|spec.externalIPs is ignored for headless services",
            ),
            (
                json!({"trafficDistribution": "PreferClose"}),
                "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
            ),
        ];
        for (spec, want) in cases {
            assert_eq!(of(&json!({"spec": spec})).join("|"), want);
        }
    }
}
