//! Allocation of cluster IPs and node ports of services (`pkg/registry/core/service/ipallocator`,
//! `pkg/registry/core/service/portallocator`).

use super::{Result, Server};
use kctl_base::field::{self, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The service CIDR, a /16.
const SERVICE_RANGE: &str = "10.96.0.0/16";
/// The first two bytes of every address in the service CIDR.
const SERVICE_PREFIX: &str = "10.96.";
/// The range of node ports.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// Maximum number of random draws for an address or port.
const DRAWS_MAX: u64 = 4096;

/// The addresses and node ports allocated to other services.
#[derive(Default)]
struct Allocated {
    addresses: Vec<String>,
    /// Ports with their protocol: a port can be allocated once for each.
    ports: Vec<(i64, String)>,
}

impl Server {
    /// Allocates the cluster IP and node ports of a service; other kinds are left unchanged.
    ///
    /// # Errors
    /// Status 422 for requested values that are out of range or already allocated.
    pub(super) fn allocate(&mut self, kind: &dyn Kind, new: &mut Object, old: Option<&Object>) -> Result<()> {
        if kind.names().resource() != "services" {
            return Ok(());
        }
        let allocated = self.allocated_to_others(new)?;
        let mut errors = ErrorList::new();
        errors.extend(self.allocate_address(new, &allocated));
        errors.extend(self.allocate_ports(new, old, &allocated));
        if errors.is_empty() {
            return Ok(());
        }
        Err(Status::invalid("", "Service", new.name(), &errors))
    }

    /// Reads the addresses and ports of all other services.
    fn allocated_to_others(&mut self, service: &Object) -> Result<Allocated> {
        let mut allocated = Allocated::default();
        for other in self.read_all("services", None)? {
            if other.uid() == service.uid() {
                continue;
            }
            allocated
                .addresses
                .extend(other.list("/spec/clusterIPs").iter().filter_map(Value::as_str).map(String::from));
            for port in other.list("/spec/ports") {
                allocated.ports.extend(port.int("/nodePort").map(|p| (p, protocol(port))));
            }
            allocated.ports.extend(other.int("/spec/healthCheckNodePort").map(|p| (p, "TCP".into())));
        }
        Ok(allocated)
    }

    /// Sets the cluster IP; returns the error of a requested address.
    fn allocate_address(&mut self, service: &mut Object, allocated: &Allocated) -> Option<FieldError> {
        if service.str("/spec/type") == "ExternalName" {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                service.remove_at(&format!("/spec/{field}"));
            }
            return None;
        }
        let requested = service.str("/spec/clusterIP").to_string();
        service.put_default("/spec/ipFamilies", json!(["IPv4"]));
        service.put_default("/spec/ipFamilyPolicy", "SingleStack");
        let address = match requested.as_str() {
            "None" => "None".into(),
            "" => self.free_address(service, allocated),
            given => {
                if let Some(detail) = address_problem(given, allocated) {
                    let path = Path::new("spec.clusterIPs");
                    return Some(field::invalid(
                        &path,
                        json!([given]),
                        &format!("failed to allocate IP {given}: {detail}"),
                    ));
                }
                requested
            }
        };
        service.put("/spec/clusterIP", address.as_str());
        service.put("/spec/clusterIPs", json!([address]));
        None
    }

    /// Returns a free address from the upper part of the CIDR: Kubernetes keeps the lower 256 addresses for requested ones
    /// (KEP-3070).
    fn free_address(&self, service: &Object, allocated: &Allocated) -> String {
        let owner = format!("{}/{}", service.namespace(), service.name());
        let draws = (0..DRAWS_MAX).map(|n| {
            let offset = 256 + self.ids.below("clusterIP", &owner, n, 65_534 - 256);
            format!("{SERVICE_PREFIX}{}.{}", offset / 256, offset % 256)
        });
        draws.into_iter().find(|a| !allocated.addresses.contains(a)).unwrap_or_default()
    }

    /// Sets the node ports that the type of the service needs; an update keeps those of the old version.
    fn allocate_ports(&mut self, service: &mut Object, old: Option<&Object>, allocated: &Allocated) -> ErrorList {
        let mut errors = ErrorList::new();
        let kind = service.str("/spec/type").to_string();
        let is_balanced =
            kind == "LoadBalancer" && service.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&json!(false));
        let needs_ports = kind == "NodePort" || is_balanced;
        let owner = format!("{}/{}", service.namespace(), service.name());
        let mut own: Vec<(i64, String)> = Vec::new();
        let count = service.list("/spec/ports").len();
        for index in 0..count {
            let pointer = format!("/spec/ports/{index}/nodePort");
            let port = &service.list("/spec/ports")[index];
            let (given, protocol) = (port.int("/nodePort").filter(|p| *p != 0), protocol(port));
            let kept = old.and_then(|o| o.pointer(&pointer)).and_then(Value::as_i64);
            match given {
                Some(number) if needs_ports => {
                    let path = Path::new("spec.ports").index(index).child("nodePort");
                    errors.extend(port_problem(&path, number, &protocol, allocated));
                    own.push((number, protocol));
                }
                None if needs_ports => {
                    let number = kept.unwrap_or_else(|| self.free_port(&owner, &protocol, allocated, &own));
                    if let Some(port) = service.items_mut("/spec/ports").nth(index) {
                        port.put("/nodePort", number);
                    }
                    own.push((number, protocol));
                }
                _ => {}
            }
        }
        errors
    }

    /// Returns a free node port for a protocol; `own` are the ports allocated to the same service so far.
    fn free_port(&self, owner: &str, protocol: &str, allocated: &Allocated, own: &[(i64, String)]) -> i64 {
        let span = (NODE_PORTS.end() - NODE_PORTS.start() + 1) as u64;
        let draws = (0..DRAWS_MAX).map(|n| NODE_PORTS.start() + self.ids.below("nodePort", owner, n, span) as i64);
        let is_allocated =
            |port: i64| allocated.ports.iter().chain(own).any(|(p, proto)| *p == port && proto == protocol);
        draws.into_iter().find(|p| !is_allocated(*p)).unwrap_or(*NODE_PORTS.start())
    }
}

/// Returns the protocol of a service port, TCP by default.
fn protocol(port: &Value) -> String {
    let protocol = port.str("/protocol");
    if protocol.is_empty() { "TCP".into() } else { protocol.into() }
}

/// Returns the reason for which a requested address cannot be allocated.
fn address_problem(address: &str, allocated: &Allocated) -> Option<String> {
    if !address.starts_with(SERVICE_PREFIX) {
        return Some(format!(
            "the provided IP ({address}) is not in the valid range. The range of valid IPs is {SERVICE_RANGE}"
        ));
    }
    allocated.addresses.iter().any(|a| a == address).then(|| "provided IP is already allocated".into())
}

/// Returns the error of a requested node port that cannot be allocated.
fn port_problem(path: &Path, port: i64, protocol: &str, allocated: &Allocated) -> Option<FieldError> {
    if !NODE_PORTS.contains(&port) {
        let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
        let detail = format!("provided port is not in the valid range. The range of valid ports is {range}");
        return Some(field::invalid(path, port, &detail));
    }
    let is_allocated = allocated.ports.iter().any(|(p, proto)| *p == port && proto == protocol);
    is_allocated.then(|| field::invalid(path, port, "provided port is already allocated"))
}
