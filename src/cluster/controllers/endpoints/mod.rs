//! Endpoints: the addresses behind every Service that selects pods, in the API that EndpointSlices have replaced
//! (`pkg/controller/endpoint`).

pub(super) mod backends;

use std::collections::BTreeMap;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use backends::{Backend, Port};
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;

/// The Endpoints controller; its keys are Services.
pub(super) const CONTROLLER: Controller = Controller {
    name: "endpoint-controller",
    watches: &[
        Watch::primary("services"),
        Watch::primary("endpoints"),
        Watch::mapped("pods", backends::services_of_pod),
    ],
    reconcile,
};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
/// The label of endpoints of a headless Service.
pub(super) const HEADLESS: &str = "service.kubernetes.io/headless";
/// The annotation with the instant of the last change of a pod or Service.
pub(super) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// The maximum number of addresses (`maxCapacity`).
const ADDRESSES_MAX: usize = 1000;
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let present = ctx.get_key("endpoints", key)?;
    let Some(service) = ctx.get_key("services", key)? else {
        if let Some(endpoints) = present.filter(|e| !e.is_deleting()) {
            ctx.delete("endpoints", &endpoints)?;
        }
        return Ok(Action::AwaitChange);
    };
    if !backends::has_selector(&service) || service.is_deleting() {
        return Ok(Action::AwaitChange);
    }
    let found = backends::of(ctx, &service)?;
    let now = ctx.now.rfc3339();
    match present {
        None => {
            let mut new = json!({"apiVersion": "v1", "kind": "Endpoints",
                "metadata": {"name": key.name, "namespace": key.namespace}});
            fill(&mut new, &service, &found, &now);
            ctx.create("endpoints", new)?;
        }
        Some(old) => {
            let mut new = (*old).clone();
            fill(&mut new, &service, &found, &now);
            let content = |o: &Object| (o.get("subsets").cloned(), o.labels());
            if content(&new) != content(&old) {
                ctx.update("endpoints", new)?;
            }
        }
    }
    Ok(Action::AwaitChange)
}

/// Fills in the labels, annotations and addresses for a Service and its pods (`syncService`).
fn fill(endpoints: &mut Object, service: &Object, found: &[Backend], now: &str) {
    let mut labels: Map = service.labels().into_iter().map(|(key, value)| (key, value.into())).collect();
    labels.insert(MANAGED_BY, "endpoint-controller".into());
    if backends::is_headless(service) {
        labels.insert(HEADLESS, "".into());
    }
    endpoints.put("/metadata/labels", labels);
    endpoints.set_annotation(TRIGGER_TIME, now);
    let publishes = service.flag("/spec/publishNotReadyAddresses");
    let listed: Vec<&Backend> = found.iter().filter(|b| publishes || !b.is_terminating).collect();
    if listed.len() > ADDRESSES_MAX {
        endpoints.set_annotation(OVER_CAPACITY, "truncated");
    } else {
        endpoints.map_mut("/metadata/annotations").remove(OVER_CAPACITY);
    }
    match subsets(&listed, publishes) {
        list if list.is_empty() => drop(endpoints.remove_at("/subsets")),
        list => endpoints.put("/subsets", list),
    }
}

/// Returns the subsets: one for each set of ports, with ready addresses separate from others (`RepackSubsets`).
fn subsets(found: &[&Backend], publishes: bool) -> Vec<Value> {
    let mut groups: BTreeMap<String, (&[Port], Vec<&Backend>)> = BTreeMap::new();
    for backend in found.iter().take(ADDRESSES_MAX) {
        // A Service without ports has all pods; one with ports has only pods with at least one of them.
        if let Some(ports) = &backend.ports {
            groups.entry(format!("{ports:?}")).or_insert((ports, Vec::new())).1.push(backend);
        }
    }
    groups
        .into_values()
        .map(|(ports, mut backends)| {
            backends.order_by(|a, b| a.ip.cmp(&b.ip));
            let (ready, other): (Vec<&Backend>, Vec<&Backend>) =
                backends.into_iter().partition(|b| publishes || b.is_ready);
            let mut subset = json!({});
            for (field, list) in [("addresses", ready), ("notReadyAddresses", other)] {
                if !list.is_empty() {
                    subset[field] = list.iter().map(|b| b.address()).collect();
                }
            }
            if !ports.is_empty() {
                subset["ports"] = ports.iter().map(Port::to_value).collect();
            }
            subset
        })
        .collect()
}

#[cfg(test)]
mod tests;
