//! Service CIDRs: a range that somebody has added is ready at once, and is kept while services have addresses that no other range
//! contains (`pkg/controller/servicecidrs`).

use std::net::Ipv4Addr;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::profile::Cidr;
use crate::store::{Change, ChangeKind};
use kctl_base::condition::{self, Condition};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};

const RANGES: &str = "servicecidrs.networking.k8s.io";
const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
/// The range that the API server keeps itself.
const DEFAULT: &str = "kubernetes";
/// How long a deleted range stays after the last address, so that all allocators know (`deletionGracePeriod`).
const GRACE: Duration = Duration::from_secs(10);

/// The controller; its keys are ranges.
pub(super) const CONTROLLER: Controller = Controller {
    name: "service-cidr-controller",
    watches: &[Watch::primary(RANGES), Watch::mapped("services", ranges_waiting)],
    reconcile,
};

/// Maps a deleted service to the deleted ranges, which may wait for its address.
fn ranges_waiting(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.kind != ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let ranges = ctx.list(RANGES, None)?;
    Ok(ranges.iter().filter(|range| range.is_deleting()).map(|range| Key::of(range)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(range) = ctx.get_key(RANGES, key)?.filter(|range| range.name() != DEFAULT) else {
        return Ok(Action::AwaitChange);
    };
    if !range.is_deleting() {
        if !range.has_finalizer(FINALIZER) {
            let mut new = (*range).clone();
            new.add_finalizer(FINALIZER);
            ctx.update(RANGES, new)?;
            return Ok(Action::AwaitChange);
        }
        return report(ctx, &range, true, "", "Kubernetes Service CIDR is ready");
    }
    if !range.has_finalizer(FINALIZER) {
        return Ok(Action::AwaitChange);
    }
    if is_needed(ctx, &range)? {
        let message =
            "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";
        return report(ctx, &range, false, "Terminating", message);
    }
    let since = Time::parse(range.str("/metadata/deletionTimestamp")).unwrap_or(ctx.now);
    if since + GRACE > ctx.now {
        return Ok(Action::RequeueAt(since + GRACE));
    }
    let mut new = (*range).clone();
    new.remove_finalizer(FINALIZER);
    ctx.update(RANGES, new)?;
    Ok(Action::AwaitChange)
}

/// Returns whether a service has an address of a range that no other range contains.
fn is_needed(ctx: &mut Context<'_>, range: &Object) -> Result<bool> {
    let own = networks(range);
    let mut others = vec![ctx.server().settings().installation.service_cidr];
    for other in ctx.list(RANGES, None)?.iter().filter(|other| other.uid() != range.uid() && !other.is_deleting()) {
        others.extend(networks(other));
    }
    let is_own_only = |address: Ipv4Addr| {
        own.iter().any(|network| network.contains(address)) && !others.iter().any(|network| network.contains(address))
    };
    let services = ctx.list("services", None)?;
    let mut addresses = services.iter().flat_map(|service| service.list("/spec/clusterIPs"));
    Ok(addresses.any(|address| address.as_str().and_then(|text| text.parse().ok()).is_some_and(is_own_only)))
}

/// Returns the IPv4 networks of a range.
fn networks(range: &Object) -> Vec<Cidr> {
    let texts = range.list("/spec/cidrs").iter().filter_map(Value::as_str);
    texts.filter_map(|text| Cidr::parse(text).ok()).collect()
}

/// Writes the condition `Ready`.
fn report(ctx: &mut Context<'_>, range: &Object, is_ready: bool, reason: &str, message: &str) -> Result<Action> {
    let ready = Condition { type_: "Ready", status: is_ready.into(), reason, message, observed_generation: None };
    let mut new = range.clone();
    let mut status = new.get("status").cloned().unwrap_or_else(|| json!({}));
    if condition::set(&mut status, ready, ctx.now) {
        new["status"] = status;
        ctx.update_status(RANGES, new)?;
    }
    Ok(Action::AwaitChange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Propagation, Request};
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn a_range_gives_addresses_and_is_kept_while_they_are_in_use() {
        let mut bench = Bench::open();
        let range = json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
            "metadata": {"name": "more"}, "spec": {"cidrs": ["10.200.0.0/24"]}});
        bench.cluster.handle(&Request::create(RANGES, "", range)).expect("a range");
        let ports = json!([{"port": 80}]);
        bench.create(
            "services",
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                "spec": {"clusterIP": "10.200.0.9", "ports": ports}}),
        );
        let read = |bench: &mut Bench| bench.cluster.server().read(RANGES, "", "more").expect("a store");
        let found = read(&mut bench).expect("a range");
        assert_eq!(found.str("/status/conditions/0/status"), "True");
        assert_eq!(found.str("/metadata/finalizers/0"), FINALIZER);
        let listed = bench.cluster.handle(&Request::get("ipaddresses.networking.k8s.io", "", "10.200.0.9"));
        assert_eq!(listed.expect("an address").into_object().str("/spec/parentRef/name"), "web");
        bench.cluster.handle(&Request::delete(RANGES, "", "more")).expect("a deletion");
        bench.advance(60);
        let found = read(&mut bench).expect("it is in use");
        assert_eq!(found.str("/status/conditions/0/reason"), "Terminating");
        bench.delete("services", "web", Propagation::Background);
        bench.advance(60);
        assert_eq!(read(&mut bench), None);
    }
}
