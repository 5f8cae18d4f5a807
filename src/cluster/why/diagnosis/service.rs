//! Services without endpoints: the selector against the labels of pods, their readiness, and the names of ports.

use std::sync::Arc;

use super::reader::Reader;
use super::{Finding, words};
use crate::api::Result;
use crate::controllers::pods;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Finds why a service leads to no pod, or to fewer than it selects.
pub(super) fn diagnose(reader: &mut Reader<'_>, service: &Object) -> Result<Vec<Finding>> {
    if service.str("/spec/type") == "ExternalName" {
        let name = service.str("/spec/externalName");
        return Ok(vec![Finding::remark(format!("has no endpoints of its own: its name stands for {name}"))]);
    }
    let mut found = Vec::new();
    match service.map("/spec/selector").filter(|selector| !selector.is_empty()) {
        None => found.extend(without_selector(reader, service)?),
        Some(selector) => found.extend(selected(reader, service, &Selector::from_map(selector))?),
    }
    if service.str("/spec/type") == "LoadBalancer" && service.list("/status/loadBalancer/ingress").is_empty() {
        let sentence = "has no address for the world outside: this cluster has no load balancers, so it stays pending";
        found.push(Finding::remark(sentence));
    }
    Ok(found)
}

/// Looks for endpoints that somebody else maintains.
fn without_selector(reader: &mut Reader<'_>, service: &Object) -> Result<Option<Finding>> {
    let slices = reader.list("endpointslices.discovery.k8s.io", service.namespace())?;
    let of_service = |slice: &&Arc<Object>| slice.label("kubernetes.io/service-name") == Some(service.name());
    if slices.iter().filter(of_service).any(|slice| !slice.list("/endpoints").is_empty()) {
        return Ok(None);
    }
    let sentence = "has no endpoints: it has no selector, so somebody has to create an EndpointSlice for it";
    Ok(Some(Finding::problem(sentence)))
}

fn selected(reader: &mut Reader<'_>, service: &Object, selector: &Selector) -> Result<Vec<Finding>> {
    let all = reader.list("pods", service.namespace())?;
    let selected: Vec<Arc<Object>> =
        all.iter().filter(|pod| selector.matches_object(pod) && !pods::is_terminal(pod)).cloned().collect();
    if selected.is_empty() {
        return Ok(vec![no_match(service, &all)]);
    }
    let ready: Vec<&Arc<Object>> = selected.iter().filter(|pod| pods::is_ready(pod)).collect();
    let total = words::count(selected.len() as i64, "pod");
    let mut found = Vec::new();
    let tolerates = service.flag("/spec/publishNotReadyAddresses");
    if ready.len() < selected.len() && !tolerates {
        let causes = reader.follow("pods", selected.iter().filter(|pod| !pods::is_ready(pod)))?;
        let sentence = match ready.len() {
            0 => format!("has no endpoints: {total} {} selected, but none is ready", words::are(selected.len() as i64)),
            ready => format!("leads to {ready} of the {total} that it selects: the others are not ready"),
        };
        found.push(Finding::problem(sentence).because(causes));
    }
    found.extend(missing_ports(service, &selected));
    Ok(found)
}

/// Tells which labels of the nearest pod differ from the selector.
fn no_match(service: &Object, pods: &[Arc<Object>]) -> Finding {
    let wanted = service.strings("/spec/selector");
    let pairs = words::pairs(wanted.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let finding = Finding::problem(format!("has no endpoints: no pod has the labels that it selects ({pairs})"));
    let matching = |pod: &&Arc<Object>| {
        let labels = pod.labels();
        wanted.iter().filter(|(key, value)| labels.get(*key) == Some(*value)).count()
            + wanted.keys().filter(|key| labels.contains_key(*key)).count()
    };
    let nearest =
        pods.iter().filter(|pod| !pods::is_terminal(pod)).rev().max_by_key(matching).filter(|pod| matching(pod) > 0);
    let Some(nearest) = nearest else {
        return finding.shown_by(format!(
            "of {} in the namespace, none has any of these labels",
            words::count(pods.len() as i64, "pod")
        ));
    };
    let labels = nearest.labels();
    let differing: Vec<String> = wanted
        .iter()
        .filter_map(|(key, value)| match labels.get(key) {
            Some(other) if other == value => None,
            Some(other) => Some(format!("{key}={other} instead of {key}={value}")),
            None => Some(format!("no label {key}")),
        })
        .collect();
    finding.shown_by(format!("the nearest is pod/{}, which has {}", nearest.name(), differing.join(" and ")))
}

/// Finds target ports that are named, and that no container of a pod names.
fn missing_ports(service: &Object, selected: &[Arc<Object>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for port in service.list("/spec/ports") {
        let Some(Value::String(name)) = port.at("/targetPort") else { continue };
        let lacks = |pod: &&Arc<Object>| !port_names(pod).iter().any(|known| known == &name.to_string());
        let lacking: Vec<&Arc<Object>> = selected.iter().filter(lacks).collect();
        if let Some(first) = lacking.first() {
            let number = port.int("/port").unwrap_or(0);
            let sentence = format!(
                "leads nowhere on port {number} for {} of {}: no container names a port {name}",
                lacking.len(),
                words::count(selected.len() as i64, "pod")
            );
            let names = port_names(first).join(", ");
            let names = if names.is_empty() { "none".into() } else { names };
            found.push(Finding::problem(sentence).shown_by(format!("named ports of pod/{}: {names}", first.name())));
        }
    }
    found
}

fn port_names(pod: &Object) -> Vec<String> {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let ports = lists.iter().flat_map(|list| pod.list(list)).flat_map(|container| container.list("/ports"));
    ports.map(|port| port.str("/name").to_string()).filter(|name| !name.is_empty()).collect()
}
