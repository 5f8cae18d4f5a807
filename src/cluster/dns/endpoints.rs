//! Addresses behind services, read from EndpointSlices.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::api::{Result, Server};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;

const SLICES: &str = "endpointslices.discovery.k8s.io";
/// Label of a slice with the name of its service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An address behind a service.
pub(super) struct Endpoint {
    pub(super) ip: String,
    /// Its label below the name of the service: the hostname of the pod, or its address with dashes.
    pub(super) hostname: String,
    pub(super) ports: Vec<Port>,
}

/// A port of an endpoint.
#[derive(Clone)]
pub(super) struct Port {
    pub(super) name: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: String,
    pub(super) number: i64,
}

/// Returns the ready endpoints of a service, by address.
pub(super) fn of_service(server: &mut Server, service: &Object) -> Result<Vec<Endpoint>> {
    let value = format!("{}/{SERVICE_NAME}={}", service.namespace(), service.name());
    let slices = server.read_index_of("label", &value, SLICES, None)?;
    let mut endpoints: Vec<Endpoint> = slices.iter().flat_map(of_slice).collect();
    endpoints.order_by_key(|e| e.ip.parse::<Ipv4Addr>().ok());
    Ok(endpoints)
}

/// Returns hostname, service and namespace of every ready endpoint with an address. Reads all slices of the cluster.
pub(super) fn with_address(server: &mut Server, ip: &str) -> Result<Vec<(String, String, String)>> {
    let mut found = Vec::new();
    for slice in server.read_all(SLICES, None)? {
        let Some(service) = slice.label(SERVICE_NAME) else { continue };
        let matching = of_slice(&slice).into_iter().filter(|e| e.ip == ip);
        found.extend(matching.map(|e| (e.hostname, service.to_string(), slice.namespace().to_string())));
    }
    Ok(found)
}

fn of_slice(slice: &Arc<Object>) -> Vec<Endpoint> {
    let port = |p: &Value| {
        Some(Port { name: p.str("/name").into(), protocol: p.str("/protocol").into(), number: p.int("/port")? })
    };
    let ports: Vec<Port> = slice.list("/ports").iter().filter_map(port).collect();
    // A condition that is not set means ready (discovery.k8s.io/v1 EndpointConditions).
    let ready = slice.list("/endpoints").iter().filter(|e| e.at("/conditions/ready") != Some(&Value::Bool(false)));
    let addresses = |endpoint: &Value| -> Vec<Endpoint> {
        let ips = endpoint.list("/addresses").iter().filter_map(Value::as_str);
        let hostname = |ip: &str| match endpoint.str("/hostname") {
            "" => ip.replace('.', "-"),
            hostname => hostname.to_string(),
        };
        ips.map(|ip| Endpoint { ip: ip.into(), hostname: hostname(ip), ports: ports.clone() }).collect()
    };
    ready.flat_map(addresses).collect()
}
