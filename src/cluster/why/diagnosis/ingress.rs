//! Ingresses whose backends do not exist.

use super::Finding;
use super::reader::Reader;
use crate::api::Result;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Finds backends that lead nowhere, a missing class, and certificates that do not exist.
pub(super) fn diagnose(reader: &mut Reader<'_>, ingress: &Object) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let class = ingress.str("/spec/ingressClassName");
    if class.is_empty() {
        found.push(Finding::problem("names no ingress class, so no controller serves it"));
    } else if reader.get("ingressclasses.networking.k8s.io", "", class)?.is_none() {
        found.push(Finding::problem(format!("wants the ingress class {class}, which does not exist")));
    }
    for (place, backend) in backends(ingress) {
        found.extend(examine(reader, ingress, &place, backend)?);
    }
    for secret in ingress.list("/spec/tls").iter().map(|tls| tls.str("/secretName")).filter(|name| !name.is_empty()) {
        if reader.get("secrets", ingress.namespace(), secret)?.is_none() {
            found.push(Finding::problem(format!("wants the certificate of the secret {secret}, which does not exist")));
        }
    }
    Ok(found)
}

/// Returns the backends, each with the place that it serves.
fn backends(ingress: &Object) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    found.extend(ingress.at("/spec/defaultBackend").map(|backend| ("everything else".to_string(), backend)));
    for rule in ingress.list("/spec/rules") {
        let host = if rule.str("/host").is_empty() { "*" } else { rule.str("/host") };
        for path in rule.list("/http/paths") {
            found.extend(path.at("/backend").map(|backend| (format!("{host}{}", path.str("/path")), backend)));
        }
    }
    found
}

fn examine(reader: &mut Reader<'_>, ingress: &Object, place: &str, backend: &Value) -> Result<Option<Finding>> {
    let name = backend.str("/service/name");
    if name.is_empty() {
        return Ok(None);
    }
    let Some(service) = reader.get("services", ingress.namespace(), name)? else {
        return Ok(Some(Finding::problem(format!("{place} leads to the service {name}, which does not exist"))));
    };
    let (number, port_name) = (backend.int("/service/port/number"), backend.str("/service/port/name"));
    let has_port = service.list("/spec/ports").iter().any(|port| match number {
        Some(number) => port.int("/port") == Some(number),
        None => port.str("/name") == port_name,
    });
    if !has_port {
        let port = number.map_or_else(|| port_name.to_string(), |number| number.to_string());
        let sentence = format!("{place} leads to port {port} of the service {name}, which has no such port");
        return Ok(Some(Finding::problem(sentence)));
    }
    let causes = reader.follow("services", [&service])?;
    let is_broken = causes.iter().any(|cause| cause.weight == super::Weight::Problem);
    Ok(is_broken.then(|| {
        Finding::problem(format!("{place} leads to the service {name}, which is not as it should be")).because(causes)
    }))
}
