//! Cluster addresses and node ports of services: what the server hands out from its ranges.

use super::{Result, Server};
use kctl_base::field::{self, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The range of cluster addresses, a /16.
const SERVICE_RANGE: &str = "10.96.0.0/16";
/// The first two bytes of every address in it.
const SERVICE_PREFIX: &str = "10.96.";
/// The range of node ports.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// How many random draws are made before giving up.
const DRAWS: u64 = 4096;

/// Addresses and ports that other services hold.
#[derive(Default)]
struct Taken {
    addresses: Vec<String>,
    ports: Vec<(i64, String)>,
}

impl Server {
    /// Gives a service the address and the ports that it needs; other kinds pass.
    pub(super) fn allocate(&mut self, kind: &dyn Kind, new: &mut Object, old: Option<&Object>) -> Result<()> {
        if kind.names().resource() != "services" {
            return Ok(());
        }
        let taken = self.taken_by_others(new)?;
        let mut errors = ErrorList::new();
        errors.extend(self.allocate_address(new, &taken));
        errors.extend(self.allocate_ports(new, old, &taken));
        if errors.is_empty() {
            return Ok(());
        }
        Err(Status::invalid("", "Service", new.name(), &errors))
    }

    fn taken_by_others(&mut self, service: &Object) -> Result<Taken> {
        let mut taken = Taken::default();
        for other in self.read_all("services", None)? {
            if other.uid() == service.uid() {
                continue;
            }
            taken.addresses.extend(other.list("/spec/clusterIPs").iter().filter_map(Value::as_str).map(String::from));
            for port in other.list("/spec/ports") {
                taken.ports.extend(port.int("/nodePort").map(|p| (p, protocol(port))));
            }
            taken.ports.extend(other.int("/spec/healthCheckNodePort").map(|p| (p, "TCP".into())));
        }
        Ok(taken)
    }

    fn allocate_address(&mut self, service: &mut Object, taken: &Taken) -> Option<FieldError> {
        if service.str("/spec/type") == "ExternalName" {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                service.remove_at(&format!("/spec/{field}"));
            }
            return None;
        }
        let asked = service.str("/spec/clusterIP").to_string();
        service.put_default("/spec/ipFamilies", json!(["IPv4"]));
        service.put_default("/spec/ipFamilyPolicy", "SingleStack");
        let address = match asked.as_str() {
            "None" => "None".into(),
            "" => self.free_address(service, taken),
            given => {
                if let Some(why) = refuse_address(given, taken) {
                    let path = Path::new("spec.clusterIPs");
                    return Some(field::invalid(
                        &path,
                        json!([given]),
                        &format!("failed to allocate IP {given}: {why}"),
                    ));
                }
                asked
            }
        };
        service.put("/spec/clusterIP", address.as_str());
        service.put("/spec/clusterIPs", json!([address]));
        None
    }

    /// An address nobody has, out of the upper part of the range, which Kubernetes prefers for such.
    fn free_address(&self, service: &Object, taken: &Taken) -> String {
        let owner = format!("{}/{}", service.namespace(), service.name());
        let draws = (0..DRAWS).map(|n| {
            let number = 256 + self.ids.below("clusterIP", &owner, n, 65_534 - 256);
            format!("{SERVICE_PREFIX}{}.{}", number / 256, number % 256)
        });
        draws.into_iter().find(|a| !taken.addresses.contains(a)).unwrap_or_default()
    }

    fn allocate_ports(&mut self, service: &mut Object, old: Option<&Object>, taken: &Taken) -> ErrorList {
        let mut errors = ErrorList::new();
        let kind = service.str("/spec/type").to_string();
        let balanced =
            kind == "LoadBalancer" && service.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&json!(false));
        let wanted = kind == "NodePort" || balanced;
        let owner = format!("{}/{}", service.namespace(), service.name());
        let mut mine: Vec<(i64, String)> = Vec::new();
        let count = service.list("/spec/ports").len();
        for index in 0..count {
            let pointer = format!("/spec/ports/{index}/nodePort");
            let port = &service.list("/spec/ports")[index];
            let (given, protocol) = (port.int("/nodePort").filter(|p| *p != 0), protocol(port));
            let kept = old.and_then(|o| o.pointer(&pointer)).and_then(Value::as_i64);
            match given {
                Some(number) if wanted => {
                    let path = Path::new("spec.ports").index(index).child("nodePort");
                    errors.extend(refuse_port(&path, number, &protocol, taken));
                    mine.push((number, protocol));
                }
                None if wanted => {
                    let number = kept.unwrap_or_else(|| self.free_port(&owner, &protocol, taken, &mine));
                    if let Some(port) = service.items_mut("/spec/ports").nth(index) {
                        port.put("/nodePort", number);
                    }
                    mine.push((number, protocol));
                }
                _ => {}
            }
        }
        errors
    }

    fn free_port(&self, owner: &str, protocol: &str, taken: &Taken, mine: &[(i64, String)]) -> i64 {
        let span = (NODE_PORTS.end() - NODE_PORTS.start() + 1) as u64;
        let draws = (0..DRAWS).map(|n| NODE_PORTS.start() + self.ids.below("nodePort", owner, n, span) as i64);
        let busy = |port: i64| taken.ports.iter().chain(mine).any(|(p, proto)| *p == port && proto == protocol);
        draws.into_iter().find(|p| !busy(*p)).unwrap_or(*NODE_PORTS.start())
    }
}

fn protocol(port: &Value) -> String {
    let protocol = port.str("/protocol");
    if protocol.is_empty() { "TCP".into() } else { protocol.into() }
}

fn refuse_address(address: &str, taken: &Taken) -> Option<String> {
    if !address.starts_with(SERVICE_PREFIX) {
        return Some(format!(
            "the provided IP ({address}) is not in the valid range. The range of valid IPs is {SERVICE_RANGE}"
        ));
    }
    taken.addresses.iter().any(|a| a == address).then(|| "provided IP is already allocated".into())
}

fn refuse_port(path: &Path, port: i64, protocol: &str, taken: &Taken) -> Option<FieldError> {
    if !NODE_PORTS.contains(&port) {
        let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
        let detail = format!("provided port is not in the valid range. The range of valid ports is {range}");
        return Some(field::invalid(path, port, &detail));
    }
    let busy = taken.ports.iter().any(|(p, proto)| *p == port && proto == protocol);
    busy.then(|| field::invalid(path, port, "provided port is already allocated"))
}
