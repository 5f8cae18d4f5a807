//! Allocation of cluster IPs and node ports of services (`pkg/registry/core/service/ipallocator`,
//! `pkg/registry/core/service/portallocator`).

use std::collections::{BTreeMap, BTreeSet};

use super::{Result, Server};
use kctl_base::field::{self, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The first two bytes of every address in the service CIDR 10.96.0.0/16.
const SERVICE_PREFIX: &str = "10.96.";
/// The range of node ports.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// The range of the addresses, as errors show it.
const SERVICE_CIDR: &str = "10.96.0.0/16";
/// The address that a dry run shows in the place of one that would be drawn.
const DRY_ADDRESS: &str = "10.96.0.0";
/// The first of the node ports that a dry run shows in the place of those that would be drawn.
const DRY_PORT: i64 = 32_769;
/// Maximum number of random draws for an address or port.
const DRAWS_MAX: u64 = 4096;

/// The addresses and node ports allocated to other services.
#[derive(Default)]
struct Allocated {
    addresses: Vec<String>,
    ports: BTreeSet<i64>,
    /// The node ports of the service itself, in a dry run; such ports may be out of range. `None` for a write.
    dry_ports: Option<Vec<i64>>,
}

impl Allocated {
    fn is_dry(&self) -> bool {
        self.dry_ports.is_some()
    }

    fn take_port(&mut self, port: i64) {
        self.ports.insert(port);
        self.dry_ports.iter_mut().for_each(|taken| taken.push(port));
    }
}

impl Server {
    /// Allocates the cluster IP and node ports of a service; other kinds are left unchanged.
    ///
    /// # Errors
    /// Status 422 for requested values that are out of range or already allocated.
    pub(super) fn allocate(
        &mut self,
        kind: &dyn Kind,
        new: &mut Object,
        old: Option<&Object>,
        is_dry: bool,
    ) -> Result<()> {
        if kind.names().resource() != "services" {
            return Ok(());
        }
        let refuse = |new: &Object, errors: &ErrorList| Err(Status::invalid("", "Service", new.name(), errors));
        let errors = kind.init_allocated(new, old);
        if !errors.is_empty() {
            return refuse(new, &errors);
        }
        let mut allocated = self.allocated_to_others(new)?;
        allocated.dry_ports = is_dry.then(Vec::new);
        let error = match self.allocate_address(new, &allocated) {
            None => self.allocate_ports(new, old, &mut allocated),
            error => error,
        };
        match error {
            Some(error) => refuse(new, &vec![error]),
            None => self.allocate_health_port(new, old, &allocated),
        }
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
                allocated.ports.extend(port.int("/nodePort"));
            }
            allocated.ports.extend(other.int("/spec/healthCheckNodePort"));
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
        if allocated.is_dry() {
            return DRY_ADDRESS.into();
        }
        let owner = format!("{}/{}", service.namespace(), service.name());
        let draws = (0..DRAWS_MAX).map(|n| {
            let offset = 256 + self.ids.below("clusterIP", &owner, n, 65_534 - 256);
            format!("{SERVICE_PREFIX}{}.{}", offset / 256, offset % 256)
        });
        draws.into_iter().find(|a| !allocated.addresses.contains(a)).unwrap_or_default()
    }

    /// Sets the node ports that the type of the service needs (`allocNodePorts`, `updateNodePorts`); an update keeps those of
    /// the old version. Returns the first error.
    fn allocate_ports(
        &self,
        service: &mut Object,
        old: Option<&Object>,
        allocated: &mut Allocated,
    ) -> Option<FieldError> {
        let is_balancer = service.str("/spec/type") == "LoadBalancer";
        if !is_balancer && service.str("/spec/type") != "NodePort" {
            return None;
        }
        let fills = !is_balancer || service.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&json!(false));
        let kept: BTreeSet<i64> = old.iter().flat_map(|o| o.list("/spec/ports")).filter_map(requested).collect();
        // Two ports of the same number, of different protocols, share a node port.
        let mut own: BTreeMap<i64, i64> = BTreeMap::new();
        for index in 0..service.list("/spec/ports").len() {
            let ports = service.list("/spec/ports");
            let (number, given) = (ports[index].int("/port").unwrap_or(0), requested(&ports[index]));
            if given.is_none() && !fills {
                continue;
            }
            let same = ports.iter().filter(|p| p.int("/port").unwrap_or(0) == number);
            let wanted = given.filter(|_| old.is_some() || own.contains_key(&number));
            let wanted = wanted.or_else(|| own.get(&number).copied()).or_else(|| same.filter_map(requested).next());
            let node_port = match wanted {
                Some(port) => {
                    let is_own = own.get(&number) == Some(&port) || kept.contains(&port);
                    let path = Path::new("spec.ports").index(index).child("nodePort");
                    if !is_own && let Some(problem) = port_problem(port, allocated) {
                        return Some(field::invalid(&path, port, &problem));
                    }
                    port
                }
                None => self.free_port(service, allocated),
            };
            allocated.take_port(node_port);
            own.entry(number).or_insert(node_port);
            if given.is_none()
                && let Some(port) = service.items_mut("/spec/ports").nth(index)
            {
                port.put("/nodePort", node_port);
            }
        }
        None
    }

    /// Sets the port on which nodes answer the health checks of a load balancer, if it sends traffic to nodes with endpoints
    /// only (`allocHealthCheckNodePort`).
    fn allocate_health_port(&self, service: &mut Object, old: Option<&Object>, allocated: &Allocated) -> Result<()> {
        const FIELD: &str = "/spec/healthCheckNodePort";
        let needs =
            service.str("/spec/type") == "LoadBalancer" && service.str("/spec/externalTrafficPolicy") == "Local";
        let given = service.int(FIELD).filter(|port| *port != 0);
        if !needs || (given.is_some() && old.and_then(|old| old.int(FIELD)) == given) {
            return Ok(());
        }
        let Some(port) = given else {
            let port = self.free_port(service, allocated);
            service.put(FIELD, port);
            return Ok(());
        };
        match port_problem(port, allocated) {
            Some(problem) => {
                Err(Status::internal(format!("failed to allocate requested HealthCheck NodePort {port}: {problem}")))
            }
            None => Ok(()),
        }
    }

    /// Returns a node port that is not allocated (`PortAllocationOperation.AllocateNext`).
    fn free_port(&self, service: &Object, allocated: &Allocated) -> i64 {
        if let Some(taken) = &allocated.dry_ports {
            return taken.iter().max().map_or(DRY_PORT, |last| last + 1);
        }
        let owner = format!("{}/{}", service.namespace(), service.name());
        let span = (NODE_PORTS.end() - NODE_PORTS.start() + 1) as u64;
        let mut draws = (0..DRAWS_MAX).map(|n| NODE_PORTS.start() + self.ids.below("nodePort", &owner, n, span) as i64);
        draws.find(|port| !allocated.ports.contains(port)).unwrap_or(*NODE_PORTS.start())
    }
}

/// Returns the node port that a service port names.
fn requested(port: &Value) -> Option<i64> {
    port.int("/nodePort").filter(|number| *number != 0)
}

/// Returns the reason for which a requested address cannot be allocated. A dry run looks at the range only.
fn address_problem(address: &str, allocated: &Allocated) -> Option<String> {
    let is_elsewhere = !address.starts_with(SERVICE_PREFIX);
    if is_elsewhere && !allocated.is_dry() {
        return Some("the provided network does not match the current range".into());
    }
    if is_elsewhere || ["10.96.0.0", "10.96.255.255"].contains(&address) {
        let range = format!("The range of valid IPs is {SERVICE_CIDR}");
        return Some(format!("the provided IP ({address}) is not in the valid range. {range}"));
    }
    if allocated.is_dry() {
        return None;
    }
    allocated.addresses.iter().any(|a| a == address).then(|| "provided IP is already allocated".into())
}

/// Returns the reason for which a requested node port cannot be allocated.
fn port_problem(port: i64, allocated: &Allocated) -> Option<String> {
    if !NODE_PORTS.contains(&port) && !allocated.is_dry() {
        let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
        return Some(format!("provided port is not in the valid range. The range of valid ports is {range}"));
    }
    allocated.ports.contains(&port).then(|| "provided port is already allocated".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Request;
    use crate::{Cluster, OpenOptions};

    fn service(spec: Value) -> Object {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec})
    }

    #[test]
    fn a_dry_run_draws_neither_addresses_nor_ports() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let mut create = |spec: Value| {
            let mut request = Request::create("services", "default", service(spec));
            request.options.dry_run = true;
            cluster.handle(&request).map(|response| (*response.into_object()).clone())
        };
        let ports = json!([{"name": "a", "port": 80}, {"name": "b", "port": 81}]);
        let balanced = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": ports});
        let shown = create(balanced).expect("a service");
        assert_eq!(shown.str("/spec/clusterIP"), "10.96.0.0");
        let numbers: Vec<i64> = shown.list("/spec/ports").iter().filter_map(requested).collect();
        assert_eq!((numbers, shown.int("/spec/healthCheckNodePort")), (vec![32_769, 32_770], Some(32_771)));
        let elsewhere = create(json!({"clusterIP": "11.0.0.1", "ports": ports})).expect_err("out of range");
        let why = "the provided IP (11.0.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16";
        assert!(elsewhere.message.ends_with(why), "{}", elsewhere.message);
    }
}
