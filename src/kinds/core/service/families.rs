//! IP families and their policy, which a Service gets before its addresses are allocated (`initIPFamilyFields` in
//! `pkg/registry/core/service/storage/alloc.go`). The cluster has one family, IPv4.

use super::validate_ips::address_errors;
use super::{has_cluster_ip, is_headless};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ValueRead, ValueWrite};

const CONFIGURED: &str = "IPv4";
const POLICY: &str = "/spec/ipFamilyPolicy";
const FAMILIES: &str = "/spec/ipFamilies";
const ADDRESSES: &str = "/spec/clusterIPs";

/// Sets the families and the policy that the client left out, and refuses those that the cluster does not have.
pub(super) fn init(new: &mut Object, old: Option<&Object>) -> ErrorList {
    if new.str("/spec/type") == "ExternalName" || old.is_some_and(|old| is_same_preferring_dual(new, old)) {
        return ErrorList::new();
    }
    let is_free = is_headless(new) && new.map("/spec/selector").is_none_or(|m| m.is_empty());
    if new.str(POLICY).is_empty() {
        let before = old.map(|old| old.str(POLICY)).filter(|policy| !policy.is_empty());
        new.put(POLICY, before.unwrap_or(if is_free { "RequireDualStack" } else { "SingleStack" }));
    }
    let mut errors = address_errors(new);
    if !errors.is_empty() {
        return errors;
    }
    errors.extend(old.map(|old| release_secondary(new, old)).unwrap_or_default());
    errors.extend(single_stack_errors(new));
    errors.extend(infer_families(new));
    if !errors.is_empty() {
        return errors;
    }
    if is_free {
        default_free_families(new);
        return errors;
    }
    errors.extend(unconfigured_errors(new));
    if errors.is_empty() && new.list(FAMILIES).is_empty() {
        new.put(FAMILIES, json!([CONFIGURED]));
    }
    errors
}

/// Returns whether a Service that prefers two families keeps its type, addresses and families
/// (`isMatchingPreferDualStackClusterIPFields`).
fn is_same_preferring_dual(new: &Object, old: &Object) -> bool {
    let prefers_dual = |service: &Object| service.str(POLICY) == "PreferDualStack";
    let is_same = |pointer: &str| new.at(pointer) == old.at(pointer);
    has_cluster_ip(new.str("/spec/type"))
        && prefers_dual(new)
        && prefers_dual(old)
        && ["/spec/type", ADDRESSES, FAMILIES].iter().all(|pointer| is_same(pointer))
}

/// Removes the second address and family when the policy becomes that of a single stack; any other policy must keep them.
fn release_secondary(new: &mut Object, old: &Object) -> ErrorList {
    if new.str(POLICY) == "SingleStack" {
        for pointer in [ADDRESSES, FAMILIES] {
            if new.list(pointer) == old.list(pointer) && new.list(pointer).len() > 1 {
                new.list_mut(pointer).truncate(1);
            }
        }
        return ErrorList::new();
    }
    let is_reduced = |pointer: &str| !new.list(pointer).is_empty() && new.list(pointer).len() < old.list(pointer).len();
    let released = [(ADDRESSES, "cluster IP"), (FAMILIES, "IP family")].into_iter().filter(|(p, _)| is_reduced(p));
    released
        .map(|(_, what)| policy_error(new, &format!("must be 'SingleStack' to release the secondary {what}")))
        .collect()
}

fn policy_error(service: &Object, why: &str) -> field::FieldError {
    field::invalid(&Path::new("spec").child("ipFamilyPolicy"), service.str(POLICY), why)
}

/// Refuses a single stack with two addresses or families.
fn single_stack_errors(service: &Object) -> ErrorList {
    let is_single = service.str(POLICY) == "SingleStack";
    let doubled = [(ADDRESSES, "cluster IPs"), (FAMILIES, "IP families")];
    let doubled = doubled.into_iter().filter(|(pointer, _)| is_single && service.list(pointer).len() == 2);
    let why = |what| format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
    doubled.map(|(_, what)| policy_error(service, &why(what))).collect()
}

/// Adds the families of the addresses beyond the families that the client names.
fn infer_families(service: &mut Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let addresses = service.list(ADDRESSES).to_vec();
    if is_headless(service) {
        return errors;
    }
    for (index, address) in addresses.iter().enumerate().skip(service.list(FAMILIES).len()) {
        let family = if address.as_str().is_some_and(|a| a.contains(':')) { "IPv6" } else { "IPv4" };
        if family == CONFIGURED {
            service.list_mut(FAMILIES).push(family.into());
        } else {
            let path = Path::new("spec").child("clusterIPs").index(index);
            errors.push(field::invalid(
                &path,
                json!(addresses),
                &format!("{family} is not configured on this cluster"),
            ));
        }
    }
    errors
}

/// Sets the families of a headless Service without a selector, which may have those that the cluster has not.
fn default_free_families(service: &mut Object) {
    if service.list(FAMILIES).is_empty() {
        service.put(FAMILIES, json!([CONFIGURED]));
    }
    if service.str(POLICY) != "SingleStack" && service.list(FAMILIES).len() == 1 {
        let other = if service.list(FAMILIES)[0] == "IPv4" { "IPv6" } else { "IPv4" };
        service.list_mut(FAMILIES).push(other.into());
    }
}

/// Refuses families that the cluster does not have.
fn unconfigured_errors(service: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    if service.str(POLICY) == "RequireDualStack" {
        errors.push(policy_error(service, "this cluster is not configured for dual-stack services"));
    }
    for (index, family) in service.list(FAMILIES).iter().enumerate() {
        if family != CONFIGURED {
            let path = Path::new("spec").child("ipFamilies").index(index);
            errors.push(field::invalid(&path, family.clone(), "not configured on this cluster"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::Value;

    fn init_new(spec: Value) -> (Object, Vec<String>) {
        let mut service = json!({"spec": spec});
        service.put_default("/spec/type", "ClusterIP");
        let errors = init(&mut service, None);
        (service, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn families_and_policy_are_completed() {
        let cases = [
            (json!({}), json!(["IPv4"]), "SingleStack"),
            (json!({"ipFamilyPolicy": "PreferDualStack"}), json!(["IPv4"]), "PreferDualStack"),
            (json!({"clusterIP": "None", "clusterIPs": ["None"]}), json!(["IPv4", "IPv6"]), "RequireDualStack"),
            (
                json!({"clusterIP": "None", "clusterIPs": ["None"], "ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}),
                json!(["IPv6"]),
                "SingleStack",
            ),
            (
                json!({"clusterIP": "None", "clusterIPs": ["None"], "selector": {"a": "b"}}),
                json!(["IPv4"]),
                "SingleStack",
            ),
        ];
        for (spec, families, policy) in cases {
            let (service, errors) = init_new(spec.clone());
            assert_eq!(
                (errors, service.at(FAMILIES), service.str(POLICY)),
                (vec![], Some(&families), policy),
                "{spec}"
            );
        }
    }

    #[test]
    fn families_of_other_clusters_are_refused() {
        let policy = |value: &str, why: &str| format!("spec.ipFamilyPolicy: Invalid value: \"{value}\": {why}");
        let two = |what: &str| {
            policy(
                "SingleStack",
                &format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"),
            )
        };
        let other =
            |index: usize| format!("spec.ipFamilies[{index}]: Invalid value: \"IPv6\": not configured on this cluster");
        let required = policy("RequireDualStack", "this cluster is not configured for dual-stack services");
        let ips = json!(["10.96.0.9", "fd00::1"]);
        let cases = [
            (json!({"ipFamilies": ["IPv6"]}), vec![other(0)]),
            (json!({"ipFamilies": ["IPv4", "IPv6"]}), vec![two("IP families")]),
            (json!({"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack"}), vec![other(1)]),
            (
                json!({"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}),
                vec![required.clone(), other(1)],
            ),
            (json!({"ipFamilyPolicy": "RequireDualStack"}), vec![required]),
            (
                json!({"clusterIP": "10.96.0.9", "clusterIPs": ips}),
                vec![
                    two("cluster IPs"),
                    format!("spec.clusterIPs[1]: Invalid value: {ips}: IPv6 is not configured on this cluster"),
                ],
            ),
            (
                json!({"ipFamilies": ["IPv5", "IPv4", "IPv4"]}),
                vec![
                    "spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\"".into(),
                    "spec.ipFamilies[2]: Duplicate value: \"IPv4\"".into(),
                ],
            ),
        ];
        for (spec, want) in cases {
            assert_eq!(init_new(spec.clone()).1, want, "{spec}");
        }
    }

    #[test]
    fn a_policy_of_one_family_releases_the_second() {
        let spec = json!({"type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"], "ipFamilies": ["IPv4", "IPv6"],
            "ipFamilyPolicy": "RequireDualStack"});
        let old = json!({"spec": spec});
        let mut single = old.clone();
        single.put(POLICY, "SingleStack");
        assert_eq!(init(&mut single, Some(&old)), vec![]);
        assert_eq!(single.at(FAMILIES), Some(&json!(["IPv4"])));
        let mut reduced = old.clone();
        reduced.put(FAMILIES, json!(["IPv4"]));
        let errors = init(&mut reduced, Some(&old));
        assert!(errors[0].to_string().ends_with("must be 'SingleStack' to release the secondary IP family"));
    }
}
