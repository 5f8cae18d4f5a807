//! ResourceQuota: rejects objects that exceed a quota of their namespace, and charges the others to it
//! (`plugin/pkg/admission/resourcequota`).
//!
//! The quota controller recalculates the usage when objects come and go. Charging at admission keeps the objects that are
//! created between two recalculations within the quota.

pub(crate) mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Admission, Result};
use crate::api::Request;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;
use kctl_kinds::shared::pod_spec::resources::{Amounts, add, amounts};

/// Resources that every container of a pod must specify when a quota limits them.
const REQUIRED: &[&str] = &["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// Checks an object against the quotas of its namespace, and writes their new usage.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let names = *admission.kind.names();
    let resource = names.resource();
    if !names.namespaced || resource.starts_with("events") {
        return Ok(());
    }
    let namespace = admission.new.namespace().to_string();
    let quotas = admission.server.read_all("resourcequotas", Some(&namespace))?;
    if quotas.is_empty() {
        return Ok(());
    }
    let delta = delta(&resource, admission);
    let mut charged: Vec<Object> = Vec::new();
    for quota in quotas.iter().filter(|q| usage::in_scope(q, &resource, admission.new)) {
        let forbidden =
            |detail: String| Status::forbidden(names.group, names.plural, admission.new.name_or_prefix(), &detail);
        let hard = hard_limits(quota);
        if (admission.creates("pods") || admission.resizes())
            && let Some(missing) = unspecified(admission.new, &hard)
        {
            return Err(forbidden(format!("failed quota: {}: must specify {missing}", quota.name())));
        }
        charged.extend(charge(quota, &hard, &delta).map_err(forbidden)?);
    }
    if !admission.request.options.dry_run {
        for quota in charged {
            let name = quota.name().to_string();
            let update = Request::update("resourcequotas", &namespace, &name, quota);
            admission
                .server
                .handle(update.subresource("status").manager("kube-apiserver").by_control_plane(), admission.now)?;
        }
    }
    Ok(())
}

/// Returns the resources by which the request increases the usage.
fn delta(resource: &str, admission: &Admission<'_>) -> Amounts {
    let mut delta = usage::of(resource, admission.new, admission.now);
    if let Some(old) = admission.old {
        let before = usage::of(resource, old, admission.now);
        let negative: Amounts = before.into_iter().map(|(name, amount)| (name, amount.neg())).collect();
        add(&mut delta, &negative);
    }
    delta.retain(|_, amount| amount.signum() > 0);
    delta
}

/// Returns the limits of a quota.
fn hard_limits(quota: &Arc<Object>) -> Amounts {
    amounts(quota, "/spec/hard")
}

/// Returns the quota with the request charged to it; `None` when the quota limits nothing that the request uses.
///
/// # Errors
/// The message of a rejection: the quota is exceeded, or its usage has not been calculated yet.
fn charge(quota: &Object, hard: &Amounts, delta: &Amounts) -> std::result::Result<Option<Object>, String> {
    let requested: Amounts =
        delta.iter().filter(|(name, _)| hard.contains_key(*name)).map(|(n, a)| (n.clone(), *a)).collect();
    if requested.is_empty() {
        return Ok(None);
    }
    let used = amounts(quota, "/status/used");
    let unknown: Vec<&str> = requested.keys().filter(|n| !used.contains_key(*n)).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(format!("status unknown for quota: {}, resources: {}", quota.name(), unknown.join(",")));
    }
    let mut after = used.clone();
    add(&mut after, &requested);
    let exceeded: Vec<&String> = requested.keys().filter(|n| after[*n] > hard[*n]).collect();
    if !exceeded.is_empty() {
        let list = |amounts: &Amounts| format_amounts(amounts, &exceeded);
        return Err(format!(
            "exceeded quota: {}, requested: {}, used: {}, limited: {}",
            quota.name(),
            list(&requested),
            list(&used),
            list(hard)
        ));
    }
    let mut new = quota.clone();
    let shown: BTreeMap<&String, String> = after.iter().map(|(name, amount)| (name, amount.canonical())).collect();
    new.put("/status/used", json!(shown));
    Ok(Some(new))
}

/// Formats the amounts of some resources: `pods=1,requests.cpu=500m`.
fn format_amounts(amounts: &Amounts, names: &[&String]) -> String {
    let amount = |name: &String| amounts.get(name).copied().unwrap_or(Quantity::ZERO);
    names.iter().map(|n| format!("{n}={}", amount(n))).collect::<Vec<_>>().join(",")
}

/// Lists the limited resources that containers of a pod do not specify: `limits.memory for: a,b; requests.cpu for: a`;
/// `None` when all are specified.
fn unspecified(pod: &Object, hard: &Amounts) -> Option<String> {
    let required: Vec<&str> = REQUIRED.iter().copied().filter(|r| hard.contains_key(*r)).collect();
    let containers = || pod.list("/spec/containers").iter().chain(pod.list("/spec/initContainers"));
    let pointer = |name: &str| match name.split_once('.') {
        Some((list, resource)) => format!("/resources/{list}/{resource}"),
        None => format!("/resources/requests/{name}"),
    };
    let mut missing = Vec::new();
    for name in required {
        if pod.at(&format!("/spec{}", pointer(name))).is_some() {
            continue;
        }
        let mut lacking: Vec<&str> =
            containers().filter(|c| c.at(&pointer(name)).is_none()).map(|c| c.str("/name")).collect();
        lacking.sort_unstable();
        if !lacking.is_empty() {
            missing.push(format!("{name} for: {}", lacking.join(",")));
        }
    }
    (!missing.is_empty()).then(|| missing.join("; "))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;

    #[test]
    fn a_quota_is_charged_until_it_is_full() {
        let quota = |used: &str| {
            Arc::new(json!({"metadata": {"name": "purse"}, "spec": {"hard": {"pods": "3", "requests.cpu": "1"}},
                "status": {"used": {"pods": used, "requests.cpu": "500m"}}}))
        };
        let pod = json!({"spec": {"containers": [{"resources": {"requests": {"cpu": "500m"}}}]}});
        let delta = usage::of("pods", &pod, kctl_base::sim::Time::from_secs(0));
        let charged = |q: &Arc<Object>| charge(q, &hard_limits(q), &delta);
        let after = charged(&quota("2")).unwrap().unwrap();
        assert_eq!(after["status"]["used"], json!({"pods": "3", "requests.cpu": "1"}));
        assert_eq!(
            charged(&quota("3")).unwrap_err(),
            "exceeded quota: purse, requested: pods=1, used: pods=3, limited: pods=3"
        );
        let new = Arc::new(json!({"metadata": {"name": "purse"}, "spec": {"hard": {"pods": "3"}}}));
        assert_eq!(charged(&new).unwrap_err(), "status unknown for quota: purse, resources: pods");
        let other = Arc::new(json!({"spec": {"hard": {"secrets": "3"}}}));
        assert_eq!(charged(&other), Ok(None));
    }

    #[test]
    fn containers_must_specify_limited_resources() {
        let hard: Amounts = ["limits.memory", "requests.cpu", "pods"].map(|n| (n.to_string(), Quantity::ZERO)).into();
        let pod =
            |resources: Value| json!({"spec": {"containers": [{"name": "b", "resources": resources}, {"name": "a"}]}});
        assert_eq!(
            unspecified(&pod(json!({"requests": {"cpu": "1"}})), &hard).as_deref(),
            Some("limits.memory for: a,b; requests.cpu for: a")
        );
        let mut whole = pod(json!({}));
        whole["spec"]["resources"] = json!({"limits": {"memory": "1Gi"}, "requests": {"cpu": "1"}});
        assert_eq!(unspecified(&whole, &hard), None);
    }
}
