//! Validation of IP families, their policy and cluster IPs (`ValidateServiceClusterIPsRelatedFields` in
//! `pkg/apis/core/validation/validation.go`).

use super::prepare::has_health_port;
use super::{has_cluster_ip, is_headless};
use crate::shared::formats::{NOT_AN_IP, is_ip};
use crate::shared::rules::one_of;
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
    let mut errors = first_address_errors(service, ips);
    for (index, family) in families.iter().enumerate() {
        let path = spec.child("ipFamilies").index(index);
        errors.extend(one_of(family.as_str().unwrap_or_default(), &path, &["IPv4", "IPv6"]));
        if families[..index].contains(family) {
            errors.push(field::duplicate(&path, family.clone()));
        }
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    if let Some(policy) = service.at("/spec/ipFamilyPolicy").and_then(Value::as_str) {
        errors.extend(one_of(policy, &spec.child("ipFamilyPolicy"), &policies));
    }
    let path = spec.child("clusterIPs");
    let invalid = ip_errors(ips, &path);
    let are_valid = invalid.is_empty();
    errors.extend(invalid);
    if ips.len() > 2 {
        errors.push(field::invalid(&path, json!(ips), "may only hold up to 2 values"));
    }
    if are_valid && ips.len() > 1 && !are_dual_stack(ips) {
        errors.push(field::invalid(&path, json!(ips), "may specify no more than one IP for each IP family"));
    }
    if errors.is_empty() && !is_headless(service) {
        errors.extend(mismatches(ips, families, &path));
    }
    errors
}

/// Refuses a `clusterIP` that is not the first of the `clusterIPs`.
fn first_address_errors(service: &Object, ips: &[Value]) -> ErrorList {
    let path = Path::new("spec").child("clusterIPs");
    match (service.str("/spec/clusterIP"), ips.first()) {
        ("", None) => vec![],
        ("", Some(_)) => vec![field::invalid(&path, json!(ips), "must be empty when `clusterIP` is not specified")],
        (_, None) => vec![field::required(&path, "")],
        (ip, Some(first)) if first != ip => {
            vec![field::invalid(&path, json!(ips), "first value must match `clusterIP`")]
        }
        _ => vec![],
    }
}

fn ip_errors(ips: &[Value], path: &Path) -> ErrorList {
    let error = |(index, ip): (usize, &Value)| match ip.as_str().unwrap_or_default() {
        "None" if index == 0 && ips.len() == 1 => None,
        "None" if index == 0 => Some(field::invalid(path, json!(ips), "'None' must be the first and only value")),
        ip if is_ip(ip) => None,
        ip => Some(field::invalid(&path.index(index), ip, NOT_AN_IP)),
    };
    ips.iter().enumerate().filter_map(error).collect()
}

fn family_of(ip: &Value) -> &'static str {
    if ip.as_str().is_some_and(|ip| ip.contains(':')) { "IPv6" } else { "IPv4" }
}

/// Returns whether there is an address of each family.
fn are_dual_stack(ips: &[Value]) -> bool {
    matches!(ips, [one, other] if family_of(one) != family_of(other))
}

/// Refuses addresses of other families than those at their places.
fn mismatches(ips: &[Value], families: &[Value], path: &Path) -> ErrorList {
    let pairs = ips.iter().zip(families).enumerate();
    let wrong = pairs.filter(|(_, (ip, family))| family.as_str() != Some(family_of(ip)));
    let why = |index, family: &Value| {
        format!("expected an {} value as indicated by `ipFamilies[{index}]`", family.as_str().unwrap_or_default())
    };
    wrong.map(|(index, (ip, family))| field::invalid(&path.index(index), ip.clone(), &why(index, family))).collect()
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
    let port = |o: &Object| o.int("/spec/healthCheckNodePort").unwrap_or(0);
    if has_health_port(new) && has_health_port(old) && port(new) != port(old) {
        errors.push(field::forbidden(&Path::new("spec").child("healthCheckNodePort"), "field is immutable"));
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
