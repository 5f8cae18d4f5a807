//! What kube-proxy does: addresses of services become those of endpoints.

use std::net::Ipv4Addr;
use std::sync::Arc;

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_container::{Endpoint, NetworkError};

use crate::api::{Result, Server};

const SLICES: &str = "endpointslices.discovery.k8s.io";
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An address behind a port of a service.
struct Candidate {
    to: Endpoint,
    node: String,
    pod: String,
    is_ready: bool,
    /// It is going to end, but still serves.
    is_serving: bool,
}

/// Returns where a connection of a pod goes. `draw` chooses among endpoints.
pub(super) fn translate(
    server: &mut Server,
    pod: &Object,
    to: Endpoint,
    draw: u64,
) -> Result<std::result::Result<Endpoint, NetworkError>> {
    let text = to.address.to_string();
    let is_node = is_node(server, &text)?;
    let mut has_address = false;
    for service in server.read_all("services", None)? {
        let is_cluster_ip = service.str("/spec/clusterIP") == text;
        let is_external = external_addresses(&service).any(|address| address == text);
        has_address |= is_cluster_ip || is_external;
        let Some(port) = port_of(&service, to.port, is_cluster_ip || is_external, is_node) else { continue };
        let policy = if is_cluster_ip { "/spec/internalTrafficPolicy" } else { "/spec/externalTrafficPolicy" };
        // Traffic from pods to external addresses is not restricted to the node.
        let is_local = service.str(policy) == "Local" && (is_cluster_ip || is_node);
        let node = if is_node { node_of(server, &text)? } else { pod.str("/spec/nodeName").to_owned() };
        if is_own(&service) {
            // The API server itself is behind it, without pods.
            return Ok(Ok(to));
        }
        let mut candidates = candidates(server, &service, port)?;
        let has_any = !candidates.is_empty();
        candidates.retain(|candidate| !is_local || candidate.node == node);
        let chosen = choose(&service, pod, candidates, draw);
        let error = if has_any && is_local { NetworkError::TimedOut } else { NetworkError::Refused };
        return Ok(chosen.ok_or(error));
    }
    // The rules of a service are for its ports only.
    Ok(if has_address { Err(NetworkError::TimedOut) } else { Ok(to) })
}

/// Returns the addresses of the pods among which connections to an address are divided: the ready endpoints of a service, or
/// the address itself.
///
/// # Errors
/// A list that cannot be read.
pub(crate) fn endpoints(server: &mut Server, to: Endpoint) -> Result<Vec<Ipv4Addr>> {
    let text = to.address.to_string();
    let is_node = is_node(server, &text)?;
    for service in server.read_all("services", None)? {
        let is_address = service.str("/spec/clusterIP") == text || external_addresses(&service).any(|ip| ip == text);
        if let Some(port) = port_of(&service, to.port, is_address, is_node) {
            let ready = candidates(server, &service, port)?.into_iter().filter(|candidate| candidate.is_ready);
            return Ok(ready.map(|candidate| candidate.to.address).collect());
        }
    }
    Ok(vec![to.address])
}

/// Returns the pods behind a named port of a service that are ready, with the numbers of their ports, by address.
///
/// # Errors
/// A list that cannot be read.
pub(crate) fn ready_endpoints(server: &mut Server, service: &Object, port: &str) -> Result<Vec<(String, u16)>> {
    let value = format!("{}/{SERVICE_NAME}={}", service.namespace(), service.name());
    let slices = server.read_index_of("label", &value, SLICES, None)?;
    let mut found: Vec<Candidate> = slices.iter().flat_map(|slice| of_slice(slice, port)).collect();
    found.retain(|candidate| candidate.is_ready);
    found.order_by_key(|candidate| candidate.to.address);
    Ok(found.into_iter().map(|candidate| (candidate.pod, candidate.to.port)).collect())
}

/// Returns the address from which a connection to an address of a node arrives at an endpoint: the node puts its own in the place
/// of the client's, that of its network of pods towards a pod that it runs. `None` where the client's stays: for other
/// addresses, and where the policy of the service is local.
///
/// # Errors
/// A list that cannot be read.
pub(super) fn masquerade(server: &mut Server, to: Endpoint, endpoint: Endpoint) -> Result<Option<Ipv4Addr>> {
    let text = to.address.to_string();
    let Some(node) = node_at(server, &text)?.filter(|_| to != endpoint) else { return Ok(None) };
    for service in server.read_all("services", None)? {
        let Some(port) = port_of(&service, to.port, false, true) else { continue };
        if service.str("/spec/externalTrafficPolicy") == "Local" {
            return Ok(None);
        }
        let candidates = candidates(server, &service, port)?;
        let is_here = candidates.iter().any(|found| found.to == endpoint && found.node == node.name());
        return Ok(if is_here { gateway(&node) } else { Some(to.address) });
    }
    Ok(None)
}

/// Returns the first address of the pods of a node, which the node itself has.
fn gateway(node: &Object) -> Option<Ipv4Addr> {
    let network: Ipv4Addr = node.str("/spec/podCIDR").split('/').next()?.parse().ok()?;
    Some(Ipv4Addr::from(u32::from(network).wrapping_add(1)))
}

/// Returns the TCP port of a service that a connection is for: by its number, or on a node by its node port.
fn port_of(service: &Object, number: u16, is_address: bool, is_node: bool) -> Option<&Value> {
    let field = match (is_address, is_node) {
        (true, _) => "/port",
        (false, true) => "/nodePort",
        (false, false) => return None,
    };
    let is_tcp = |port: &&Value| matches!(port.str("/protocol"), "TCP" | "");
    service.list("/spec/ports").iter().filter(is_tcp).find(|port| port.int(field) == Some(i64::from(number)))
}

/// Reports whether a service is that of the API server.
fn is_own(service: &Object) -> bool {
    service.namespace() == "default" && service.name() == "kubernetes"
}

fn external_addresses(service: &Object) -> impl Iterator<Item = &str> {
    let external = service.list("/spec/externalIPs").iter().filter_map(Value::as_str);
    let balancers = service.list("/status/loadBalancer/ingress").iter().map(|ingress| ingress.str("/ip"));
    external.chain(balancers)
}

/// Returns the endpoints of a port of a service, from its slices.
fn candidates(server: &mut Server, service: &Object, port: &Value) -> Result<Vec<Candidate>> {
    let value = format!("{}/{SERVICE_NAME}={}", service.namespace(), service.name());
    let slices = server.read_index_of("label", &value, SLICES, None)?;
    let mut found: Vec<Candidate> = slices.iter().flat_map(|slice| of_slice(slice, port.str("/name"))).collect();
    found.order_by_key(|candidate| candidate.to.address);
    Ok(found)
}

fn of_slice(slice: &Arc<Object>, name: &str) -> Vec<Candidate> {
    let port = slice.list("/ports").iter().find(|port| port.str("/name") == name);
    let Some(number) = port.and_then(|port| port.int("/port")).and_then(|port| u16::try_from(port).ok()) else {
        return Vec::new();
    };
    // A condition that is not set means ready (discovery.k8s.io/v1 EndpointConditions).
    let is_not = |endpoint: &Value, condition: &str| endpoint.at(condition) == Some(&Value::Bool(false));
    let candidates = slice.list("/endpoints").iter().filter_map(|endpoint| {
        let address: Ipv4Addr = endpoint.str("/addresses/0").parse().ok()?;
        Some(Candidate {
            to: Endpoint { address, port: number },
            node: endpoint.str("/nodeName").to_owned(),
            pod: endpoint.str("/targetRef/name").to_owned(),
            is_ready: !is_not(endpoint, "/conditions/ready"),
            is_serving: endpoint.flag("/conditions/serving") && endpoint.flag("/conditions/terminating"),
        })
    });
    candidates.collect()
}

/// Chooses an endpoint: a ready one, else one that still serves while it ends. With session affinity a client always gets the
/// same of the same endpoints.
fn choose(service: &Object, pod: &Object, candidates: Vec<Candidate>, draw: u64) -> Option<Endpoint> {
    let has_ready = candidates.iter().any(|candidate| candidate.is_ready);
    let usable: Vec<Endpoint> = candidates
        .into_iter()
        .filter(|candidate| if has_ready { candidate.is_ready } else { candidate.is_serving })
        .map(|candidate| candidate.to)
        .collect();
    let draw = match service.str("/spec/sessionAffinity") {
        "ClientIP" => pod.str("/status/podIP").bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)),
        _ => draw,
    };
    let count = u64::try_from(usable.len()).unwrap_or(u64::MAX);
    (count > 0).then(|| usable[usize::try_from(draw % count).unwrap_or(0)])
}

/// Reports whether an endpoint is the API server: its address on the control plane node.
pub(super) fn is_api_server(server: &mut Server, to: Endpoint) -> Result<bool> {
    let Some(service) = server.read("services", "default", "kubernetes")? else { return Ok(false) };
    let is_cluster_ip = service.str("/spec/clusterIP") == to.address.to_string();
    let slices = server.read_index_of("label", "default/kubernetes.io/service-name=kubernetes", SLICES, None)?;
    let mut endpoints = slices.iter().flat_map(|slice| of_slice(slice, "https"));
    Ok(is_cluster_ip && to.port == 443 || endpoints.any(|candidate| candidate.to == to))
}

/// Reports whether an address is that of a node.
pub(super) fn is_node(server: &mut Server, address: &str) -> Result<bool> {
    Ok(!node_of(server, address)?.is_empty())
}

/// Returns the name of the node with an address; empty if there is none.
fn node_of(server: &mut Server, address: &str) -> Result<String> {
    Ok(node_at(server, address)?.map(|node| node.name().to_owned()).unwrap_or_default())
}

/// Returns the node with an address.
fn node_at(server: &mut Server, address: &str) -> Result<Option<Arc<Object>>> {
    let has_address = |node: &Arc<Object>| node.list("/status/addresses").iter().any(|a| a.str("/address") == address);
    Ok(server.read_all("nodes", None)?.into_iter().find(has_address))
}

/// Reports whether an address is that of a service.
pub(super) fn is_service(server: &mut Server, address: &str) -> Result<bool> {
    let has_address = |service: &Arc<Object>| {
        service.str("/spec/clusterIP") == address || external_addresses(service).any(|external| external == address)
    };
    Ok(server.read_all("services", None)?.iter().any(has_address))
}
