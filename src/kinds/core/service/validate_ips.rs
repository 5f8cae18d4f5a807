//! Validation of IP families, their policy and cluster IPs (`ValidateServiceClusterIPsRelatedFields` in
//! `pkg/apis/core/validation/validation.go`).

use super::{has_cluster_ip, is_headless};
use crate::shared::formats::{NOT_AN_IP, is_ip};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};

/// Validates the addresses of a Service.
pub(super) fn address_errors(service: &Object) -> ErrorList {
    if service.str("/spec/type") == "ExternalName" {
        return ErrorList::new();
    }
    let spec = Path::new("spec");
    let ips = service.list("/spec/clusterIPs");
    let families = service.list("/spec/ipFamilies");
    let mut errors = ErrorList::new();
    if ips.is_empty() && !service.str("/spec/clusterIP").is_empty() {
        errors.push(field::required(&spec.child("clusterIPs"), ""));
    }
    if let Some(first) = ips.first()
        && first.as_str() != Some(service.str("/spec/clusterIP"))
    {
        errors.push(field::invalid(&spec.child("clusterIPs"), json!(ips), "first value must match `clusterIP`"));
    }
    for (index, family) in families.iter().enumerate() {
        let path = spec.child("ipFamilies").index(index);
        match family.as_str().unwrap_or("") {
            "IPv4" | "IPv6" if families[..index].contains(family) => {
                errors.push(field::duplicate(&path, family.clone()))
            }
            "IPv4" | "IPv6" => {}
            other => errors.push(field::invalid(&path, other, "must be one of IPv4, IPv6")),
        }
    }
    errors.extend(policy_errors(service, ips));
    for (index, ip) in ips.iter().enumerate() {
        errors.extend(one_address(ips, families, index, ip.as_str().unwrap_or("")));
    }
    errors
}

fn policy_errors(service: &Object, ips: &[Value]) -> ErrorList {
    let path = Path::new("spec").child("ipFamilyPolicy");
    match service.str("/spec/ipFamilyPolicy") {
        "" | "SingleStack" | "PreferDualStack" => ErrorList::new(),
        "RequireDualStack" => {
            let both = is_headless(service) && service.map("/spec/selector").is_none_or(|m| m.is_empty());
            if both || ips.len() == 2 {
                return ErrorList::new();
            }
            let text = "this cluster is not configured for dual-stack services";
            vec![field::invalid(&path, "RequireDualStack", text)]
        }
        other => vec![field::not_supported(&path, other, &["PreferDualStack", "RequireDualStack", "SingleStack"])],
    }
}

fn one_address(ips: &[Value], families: &[Value], index: usize, ip: &str) -> ErrorList {
    let path = Path::new("spec").child("clusterIPs").index(index);
    if ip == "None" {
        let text = "'None' must be the first and only value";
        return if ips.len() > 1 { vec![field::invalid(&path, json!(ips), text)] } else { vec![] };
    }
    if !is_ip(ip) {
        return vec![field::invalid(&path, ip, NOT_AN_IP)];
    }
    let family = if ip.contains(':') { "IPv6" } else { "IPv4" };
    match families.get(index).and_then(Value::as_str) {
        Some(wanted) if wanted != family => {
            vec![field::invalid(
                &path,
                ip,
                &format!("expected an {wanted} value as indicated by `ipFamilies[{index}]`"),
            )]
        }
        _ => vec![],
    }
}

/// Refuses changes of addresses and families while the Service keeps a type with cluster IPs.
pub(super) fn update_errors(new: &Object, old: &Object) -> ErrorList {
    let both = |o: &Object| has_cluster_ip(o.str("/spec/type"));
    if !both(new) || !both(old) {
        return ErrorList::new();
    }
    let mut errors = ErrorList::new();
    if !(is_headless(new) && is_headless(old)) {
        errors.extend(list_errors(new, old, "clusterIPs", "primary clusterIP can not be unset"));
        errors.extend(list_errors(new, old, "ipFamilies", "primary ipFamily can not be unset"));
    }
    let class = |o: &Object| o.at("/spec/loadBalancerClass").cloned();
    let balanced = |o: &Object| o.str("/spec/type") == "LoadBalancer";
    if balanced(new) && balanced(old) && class(new) != class(old) {
        let path = Path::new("spec").child("loadBalancerClass");
        errors.push(field::invalid(&path, class(new).unwrap_or(Value::Null), "may not change once set"));
    }
    errors
}

fn list_errors(new: &Object, old: &Object, name: &str, unset: &str) -> ErrorList {
    let pointer = format!("/spec/{name}");
    let (new, old) = (new.list(&pointer), old.list(&pointer));
    let path = Path::new("spec").child(name);
    if !old.is_empty() && new.is_empty() {
        return vec![field::invalid(&path.index(0), json!(new), unset)];
    }
    let changed = (0..new.len().min(old.len())).filter(|&i| new[i] != old[i]);
    changed.map(|i| field::invalid(&path.index(i), json!(new), "may not change once set")).collect()
}
