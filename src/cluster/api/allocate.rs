//! Allocation of cluster IPs and node ports of services (`pkg/registry/core/service/ipallocator`,
//! `pkg/registry/core/service/portallocator`).

use std::collections::{BTreeMap, BTreeSet};

use super::{Result, Server};
use kctl_base::field::{self, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::Kind;

use crate::profile::Cidr;

/// The resource whose objects have addresses and ports allocated.
const SERVICES: &str = "services";
/// The resource whose objects add ranges of cluster IPs.
const RANGES: &str = "servicecidrs.networking.k8s.io";
/// The range of node ports.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// The first of the node ports that a dry run shows in the place of those that would be drawn.
const DRY_PORT: i64 = 32_769;
/// Maximum number of random draws for an address or port.
const DRAWS_MAX: u64 = 4096;

/// The index of Services by their cluster IPs.
const ADDRESSES: &str = kctl_kinds::core::service::CLUSTER_IPS;
/// The index of Services by their node ports.
const PORTS: &str = kctl_kinds::core::service::NODE_PORTS;

/// The addresses and ports that a request has allocated to its service so far.
#[derive(Default)]
struct Allocated {
    ports: BTreeSet<i64>,
    /// The node ports in a dry run; such ports may be out of range. `None` for a write.
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
        if kind.names().resource() != SERVICES {
            return Ok(());
        }
        let refuse = |new: &Object, errors: &ErrorList| Err(Status::invalid("", "Service", new.name(), errors));
        let errors = kind.init_allocated(new, old);
        if !errors.is_empty() {
            return refuse(new, &errors);
        }
        let mut allocated = Allocated { dry_ports: is_dry.then(Vec::new), ..Allocated::default() };
        let error = match self.allocate_address(new, is_dry)? {
            None => self.allocate_ports(new, old, &mut allocated)?,
            error => error,
        };
        match error {
            Some(error) => refuse(new, &vec![error]),
            None => self.allocate_health_port(new, old, &allocated),
        }
    }

    /// Returns whether another service has a value in an index of allocated values.
    fn is_taken(&mut self, index: &str, value: &str, service: &Object) -> Result<bool> {
        let having = self.read_index_of(index, value, SERVICES, None)?;
        Ok(having.iter().any(|other| other.uid() != service.uid()))
    }

    fn is_port_taken(&mut self, port: i64, service: &Object, allocated: &Allocated) -> Result<bool> {
        Ok(allocated.ports.contains(&port) || self.is_taken(PORTS, &port.to_string(), service)?)
    }

    /// Sets the cluster IP; returns the error of a requested address.
    fn allocate_address(&mut self, service: &mut Object, is_dry: bool) -> Result<Option<FieldError>> {
        if service.str("/spec/type") == "ExternalName" {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                service.remove_at(&format!("/spec/{field}"));
            }
            return Ok(None);
        }
        let requested = service.str("/spec/clusterIP").to_string();
        let address = match requested.as_str() {
            "None" => "None".into(),
            // A dry run shows it in the place of one that would be drawn.
            "" if is_dry => self.settings.installation.service_cidr.address(0).to_string(),
            "" => self.free_address(service)?,
            given => {
                if let Some(detail) = self.address_problem(given, service, is_dry)? {
                    let path = Path::new("spec.clusterIPs");
                    let detail = format!("failed to allocate IP {given}: {detail}");
                    return Ok(Some(field::invalid(&path, json!([given]), &detail)));
                }
                requested
            }
        };
        service.put("/spec/clusterIP", address.as_str());
        service.put("/spec/clusterIPs", json!([address]));
        Ok(None)
    }

    /// Returns the ranges of cluster IPs: that of the cluster, and those that have been added by ServiceCIDRs (KEP-1880).
    fn service_ranges(&mut self) -> Result<Vec<Cidr>> {
        let mut ranges = vec![self.settings.installation.service_cidr];
        for added in self.read_all(RANGES, None)?.iter().filter(|range| !range.is_deleting()) {
            let texts = added.list("/spec/cidrs").iter().filter_map(Value::as_str);
            ranges.extend(texts.filter_map(|text| Cidr::parse(text).ok()));
        }
        Ok(ranges)
    }

    /// Returns a free address.
    fn free_address(&mut self, service: &Object) -> Result<String> {
        for range in self.service_ranges()? {
            if let Some(address) = self.free_address_of(range, service)? {
                return Ok(address);
            }
        }
        Err(Status::internal("failed to allocate a serviceIP: range is full"))
    }

    /// Returns a free address from the upper part of a range: Kubernetes keeps the lower one for requested addresses
    /// (KEP-3070), a sixteenth of the addresses, but at least 16, if there are more, and at most 256.
    fn free_address_of(&mut self, range: Cidr, service: &Object) -> Result<Option<String>> {
        let kept = if range.size() > 16 { (range.size() / 16).clamp(16, 256) } else { 1 };
        let owner = format!("{}/{}", service.namespace(), service.name());
        let drawn = if range.size() > kept + 2 { DRAWS_MAX } else { 0 };
        for draw in 0..drawn {
            let number = kept + self.ids.below("clusterIP", &owner, draw, range.size() - 2 - kept);
            let address = range.address(number).to_string();
            if !self.is_taken(ADDRESSES, &address, service)? {
                return Ok(Some(address));
            }
        }
        // The upper part is in use, as far as one can tell; the lower one comes first now.
        for number in 1..range.size() - 1 {
            let address = range.address(number).to_string();
            if !self.is_taken(ADDRESSES, &address, service)? {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// Returns the reason for which a requested address cannot be allocated. A dry run looks at the range only.
    fn address_problem(&mut self, address: &str, service: &Object, is_dry: bool) -> Result<Option<String>> {
        // Validation has refused what is not an address; those of IPv6 are not in a range.
        let parsed = address.parse().ok();
        let ranges = self.service_ranges()?;
        let found = ranges.iter().find(|range| parsed.is_some_and(|address| range.contains(address)));
        let (range, is_elsewhere) = (*found.unwrap_or(&ranges[0]), found.is_none());
        if is_elsewhere && !is_dry {
            return Ok(Some("the provided network does not match the current range".into()));
        }
        if is_elsewhere || [0, range.size() - 1].iter().any(|number| parsed == Some(range.address(*number))) {
            let range = format!("The range of valid IPs is {range}");
            return Ok(Some(format!("the provided IP ({address}) is not in the valid range. {range}")));
        }
        let is_taken = !is_dry && self.is_taken(ADDRESSES, address, service)?;
        Ok(is_taken.then(|| "provided IP is already allocated".into()))
    }

    /// Sets the node ports that the type of the service needs (`allocNodePorts`, `updateNodePorts`); an update keeps those of
    /// the old version. Returns the first error.
    fn allocate_ports(
        &mut self,
        service: &mut Object,
        old: Option<&Object>,
        allocated: &mut Allocated,
    ) -> Result<Option<FieldError>> {
        let is_balancer = service.str("/spec/type") == "LoadBalancer";
        if !is_balancer && service.str("/spec/type") != "NodePort" {
            return Ok(None);
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
                    if !is_own && let Some(problem) = self.port_problem(port, service, allocated)? {
                        return Ok(Some(field::invalid(&path, port, &problem)));
                    }
                    port
                }
                None => self.free_port(service, allocated)?,
            };
            allocated.take_port(node_port);
            own.entry(number).or_insert(node_port);
            if given.is_none()
                && let Some(port) = service.items_mut("/spec/ports").nth(index)
            {
                port.put("/nodePort", node_port);
            }
        }
        Ok(None)
    }

    /// Sets the port on which nodes answer the health checks of a load balancer, if it sends traffic to nodes with endpoints
    /// only (`allocHealthCheckNodePort`).
    fn allocate_health_port(
        &mut self,
        service: &mut Object,
        old: Option<&Object>,
        allocated: &Allocated,
    ) -> Result<()> {
        const FIELD: &str = "/spec/healthCheckNodePort";
        let needs =
            service.str("/spec/type") == "LoadBalancer" && service.str("/spec/externalTrafficPolicy") == "Local";
        let given = service.int(FIELD).filter(|port| *port != 0);
        if !needs || (given.is_some() && old.and_then(|old| old.int(FIELD)) == given) {
            return Ok(());
        }
        let Some(port) = given else {
            let port = self.free_port(service, allocated)?;
            service.put(FIELD, port);
            return Ok(());
        };
        match self.port_problem(port, service, allocated)? {
            Some(problem) => {
                Err(Status::internal(format!("failed to allocate requested HealthCheck NodePort {port}: {problem}")))
            }
            None => Ok(()),
        }
    }

    /// Returns a node port that is not allocated (`PortAllocationOperation.AllocateNext`).
    fn free_port(&mut self, service: &Object, allocated: &Allocated) -> Result<i64> {
        if let Some(taken) = &allocated.dry_ports {
            return Ok(taken.iter().max().map_or(DRY_PORT, |last| last + 1));
        }
        let owner = format!("{}/{}", service.namespace(), service.name());
        let span = (NODE_PORTS.end() - NODE_PORTS.start() + 1) as u64;
        for draw in 0..DRAWS_MAX {
            let port = NODE_PORTS.start() + self.ids.below("nodePort", &owner, draw, span) as i64;
            if !self.is_port_taken(port, service, allocated)? {
                return Ok(port);
            }
        }
        Ok(*NODE_PORTS.start())
    }

    /// Returns the reason for which a requested node port cannot be allocated.
    fn port_problem(&mut self, port: i64, service: &Object, allocated: &Allocated) -> Result<Option<String>> {
        if !NODE_PORTS.contains(&port) && !allocated.is_dry() {
            let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
            return Ok(Some(format!("provided port is not in the valid range. The range of valid ports is {range}")));
        }
        let is_taken = self.is_port_taken(port, service, allocated)?;
        Ok(is_taken.then(|| "provided port is already allocated".into()))
    }
}

/// Returns the node port that a service port names.
fn requested(port: &Value) -> Option<i64> {
    port.int("/nodePort").filter(|number| *number != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Body, Request};
    use crate::profile::{Cidr, ClusterPlan};
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

    #[test]
    fn small_ranges_are_used_up() {
        let plan = ClusterPlan { service_cidr: Cidr::parse("10.32.0.0/27").ok(), ..ClusterPlan::default() };
        let mut cluster =
            Cluster::open(OpenOptions { plan, ..OpenOptions::memory(7) }).expect("a cluster in memory opens");
        let mut create = |number: u8| {
            let mut object = service(json!({"ports": [{"port": 80}]}));
            object.put("/metadata/name", format!("s{number}"));
            let created = cluster.handle(&Request::create("services", "default", object))?;
            Ok::<String, Status>(created.into_object().str("/spec/clusterIP").into())
        };
        // The first of 30 addresses is that of the API server; the upper part comes first.
        let mut addresses: Vec<String> = (1..30).map(|number| create(number).expect("an address")).collect();
        assert!(addresses[..14].iter().all(|address| ("10.32.0.16"..="10.32.0.30").contains(&address.as_str())));
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 29);
        assert!(create(30).expect_err("no address").message.ends_with("failed to allocate a serviceIP: range is full"));
    }

    #[test]
    fn what_another_service_has_is_taken_until_it_is_deleted() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let named = |name: &str, port: Value| {
            let mut object = service(json!({"type": "NodePort", "clusterIP": "10.96.0.77", "ports": [port]}));
            object.put("/metadata/name", name);
            Request::create("services", "default", object)
        };
        let (port, other) = (json!({"port": 80, "nodePort": 30_080}), json!({"port": 80, "nodePort": 30_081}));
        let first = cluster.handle(&named("a", port.clone())).expect("a service").into_object();
        let mut refused = |request: &Request| cluster.handle(request).expect_err("taken").message;
        assert!(refused(&named("b", other.clone())).ends_with("10.96.0.77: provided IP is already allocated"));
        let mut elsewhere = named("b", port);
        if let Body::Object(object) = &mut elsewhere.body {
            object.remove_at("/spec/clusterIP");
        }
        assert!(refused(&elsewhere).ends_with("provided port is already allocated"));
        cluster.handle(&Request::update("services", "default", "a", (*first).clone())).expect("its own");
        cluster.handle(&Request::delete("services", "default", "a")).expect("deleted");
        cluster.handle(&named("b", other)).expect("free again");
    }
}
