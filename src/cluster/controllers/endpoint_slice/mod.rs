//! EndpointSlices: the addresses behind every Service that selects pods, at most 100 in a slice
//! (`pkg/controller/endpointslice`). [`mirror`] makes the slices of Endpoints that are written by hand.

mod distribute;
pub(super) mod mirror;
mod ports;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::endpoints::backends::{self, Backend};
use super::endpoints::{HEADLESS, TRIGGER_TIME};
use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::Change;
use distribute::{Slice, Write};
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};

/// The EndpointSlice controller; its keys are Services.
pub(super) const CONTROLLER: Controller = Controller {
    name: "endpoint-slice-controller",
    watches: &[
        Watch::primary("services"),
        Watch::mapped("pods", backends::services_of_pod),
        Watch::mapped(SLICES, service_of_slice),
    ],
    reconcile,
};

const SLICES: &str = "endpointslices.discovery.k8s.io";
/// The label with the Service of a slice.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The label with the controller that manages a slice.
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";

/// Maps a slice that this controller manages to its Service.
fn service_of_slice(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let slice = &change.object;
    let name = slice.label(SERVICE_NAME).filter(|_| slice.label(MANAGED_BY) == Some(MANAGER));
    Ok(name.map(|n| Key::new(slice.namespace(), n)).into_iter().collect())
}

/// Lists the slices of a Service that one controller manages, by name.
fn slices_of(ctx: &mut Context<'_>, key: &Key, manager: &str) -> Result<Vec<Arc<Object>>> {
    let mut slices = ctx.indexed(SLICES, "label", &format!("{}/{SERVICE_NAME}={}", key.namespace, key.name))?;
    slices.retain(|s| s.label(MANAGED_BY) == Some(manager) && !s.is_deleting());
    Ok(slices)
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let present = slices_of(ctx, key, MANAGER)?;
    let service = ctx.get_key("services", key)?;
    let Some(service) = service.filter(|s| backends::has_selector(s)) else {
        for slice in present {
            ctx.delete(SLICES, &slice)?;
        }
        return Ok(Action::AwaitChange);
    };
    if service.is_deleting() {
        return Ok(Action::AwaitChange);
    }
    let found = backends::of(ctx, &service)?;
    let zones = zones(ctx, &found)?;
    let mut groups = group(&service, &found, &zones);
    if groups.is_empty() {
        // A Service without pods has one empty slice.
        groups.push((Value::Null, Vec::new()));
    }
    let owner = OwnerReference::controller(&service);
    let template =
        SliceTemplate { labels: labels(&service), owner, namespace: service.namespace(), name: service.name() };
    apply(ctx, &template, &present, groups)?;
    Ok(Action::AwaitChange)
}

/// The metadata that all slices of a Service, or of mirrored Endpoints, have.
struct SliceTemplate<'a> {
    labels: Map,
    owner: OwnerReference,
    namespace: &'a str,
    /// The prefix of their generated names, without the dash.
    name: &'a str,
}

/// Distributes endpoints to slices and writes those that are new or changed.
fn apply(
    ctx: &mut Context<'_>,
    template: &SliceTemplate<'_>,
    present: &[Arc<Object>],
    groups: Vec<(Value, Vec<Value>)>,
) -> Result<()> {
    let slices: Vec<Slice> = present.iter().map(|s| Slice::of(s)).collect();
    let now = ctx.now.rfc3339();
    for write in distribute::plan(&slices, groups) {
        match write {
            Write::Keep(index, slice) => {
                let old = &present[index];
                let mut new = (**old).clone();
                new.put("/metadata/labels", template.labels.clone());
                slice.put_into(&mut new);
                if new != **old {
                    new.set_annotation(TRIGGER_TIME, &now);
                    ctx.update(SLICES, new)?;
                }
            }
            Write::Create(slice) => {
                let mut new = json!({
                    "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                    "metadata": {"generateName": format!("{}-", template.name), "labels": template.labels,
                                 "namespace": template.namespace, "annotations": {TRIGGER_TIME: now},
                                 "ownerReferences": [template.owner.to_value()]},
                });
                slice.put_into(&mut new);
                ctx.create(SLICES, new)?;
            }
            Write::Delete(index) => ctx.delete(SLICES, &present[index])?,
        }
    }
    Ok(())
}

/// Returns the zone of every node with a backend; empty for a node without zone.
fn zones(ctx: &mut Context<'_>, found: &[Backend]) -> Result<BTreeMap<String, String>> {
    let mut zones = BTreeMap::new();
    for backend in found {
        if zones.contains_key(&backend.node) {
            continue;
        }
        let node = ctx.get("nodes", "", &backend.node)?;
        let zone = node.as_ref().and_then(|n| n.label("topology.kubernetes.io/zone")).unwrap_or_default();
        zones.insert(backend.node.clone(), zone.to_string());
    }
    Ok(zones)
}

fn labels(service: &Object) -> Map {
    let mut labels: Map = service.labels().into_iter().map(|(k, v)| (k, v.into())).collect();
    labels.insert(SERVICE_NAME, service.name().into());
    labels.insert(MANAGED_BY, MANAGER.into());
    match backends::is_headless(service) {
        true => drop(labels.insert(HEADLESS, "".into())),
        false => drop(labels.remove(HEADLESS)),
    }
    labels
}

/// Groups the endpoints by their ports.
fn group(service: &Object, found: &[Backend], zones: &BTreeMap<String, String>) -> Vec<(Value, Vec<Value>)> {
    let publishes = service.flag("/spec/publishNotReadyAddresses");
    let mut groups: BTreeMap<String, (Value, Vec<Value>)> = BTreeMap::new();
    for backend in found {
        // Unlike Endpoints, slices also contain pods that have none of the ports.
        let ports = backend.ports.clone().unwrap_or_default();
        let port_values: Vec<Value> = ports
            .iter()
            .map(|p| {
                let mut port = p.to_value();
                port.put_default("/name", "");
                port
            })
            .collect();
        let entry = groups.entry(format!("{ports:?}")).or_insert((ports::sorted(port_values), Vec::new()));
        entry.1.push(endpoint(backend, publishes, zones.get(&backend.node).map_or("", String::as_str)));
    }
    groups.into_values().collect()
}

fn endpoint(backend: &Backend, publishes: bool, zone: &str) -> Value {
    let ready = publishes || backend.is_ready && !backend.is_terminating;
    let mut endpoint = json!({
        "addresses": [backend.ip],
        "conditions": {"ready": ready, "serving": backend.is_ready, "terminating": backend.is_terminating},
        "targetRef": backend.target(),
    });
    let hostname = backend.hostname.as_deref().unwrap_or("");
    for (field, text) in [("nodeName", backend.node.as_str()), ("zone", zone), ("hostname", hostname)] {
        if !text.is_empty() {
            endpoint[field] = text.into();
        }
    }
    endpoint
}

#[cfg(test)]
mod tests;
