//! Lookups: which records a name has, decided label by label from the right.

use std::collections::BTreeSet;

use super::ZONE;
use super::endpoints::{self, Endpoint, Port};
use super::names;
use super::records::{Answer, Record, RecordType, srv_data};
use crate::api::{Result, Server};
use kctl_base::object::{Object, ValueRead};

/// Looks up a name as a pod of a namespace would. For PTR the name is an address, or a name under `in-addr.arpa`.
///
/// # Errors
/// `InternalError` when the store cannot be read.
pub fn lookup(server: &mut Server, namespace: &str, name: &str, kind: RecordType) -> Result<Answer> {
    if kind == RecordType::Ptr {
        return reverse_lookup(server, name);
    }
    let mut answer = Answer { name: format!("{name}."), exists: false, records: Vec::new() };
    for candidate in names::candidates(name, namespace) {
        let records = Query { server, name: &candidate, kind }.run()?;
        answer =
            Answer { name: format!("{candidate}."), exists: records.is_some(), records: records.unwrap_or_default() };
        if answer.exists {
            break;
        }
    }
    Ok(answer)
}

/// The lookup of one full name, without the final dot. Its steps return `None` where the name does not exist.
struct Query<'a> {
    server: &'a mut Server,
    name: &'a str,
    kind: RecordType,
}

/// The port that a `_PORT._PROTOCOL` prefix names; empty for all ports.
type PortFilter<'a> = Option<(&'a str, &'a str)>;

fn selects(filter: PortFilter<'_>, name: &str, protocol: &str) -> bool {
    filter.is_none_or(|(n, p)| n == name && p.eq_ignore_ascii_case(protocol))
}

impl Query<'_> {
    fn run(&mut self) -> Result<Option<Vec<Record>>> {
        let Some(prefix) = self.name.strip_suffix(ZONE).map(|p| p.trim_end_matches('.').to_string()) else {
            return Ok(None);
        };
        let mut labels: Vec<&str> = prefix.split('.').filter(|l| !l.is_empty()).collect();
        match labels.pop() {
            None => Ok(Some(Vec::new())),
            Some("svc") => self.service(&labels),
            Some("pod") => self.pod(&labels),
            Some(_) => Ok(None),
        }
    }

    /// Below `svc`: `[HOSTNAME | _PORT._PROTOCOL].SERVICE.NAMESPACE`.
    fn service(&mut self, labels: &[&str]) -> Result<Option<Vec<Record>>> {
        let (prefix, name, namespace) = match labels {
            [] => return Ok(Some(Vec::new())),
            [namespace] => return Ok(self.has_namespace(namespace)?.then(Vec::new)),
            [prefix @ .., name, namespace] => (prefix, *name, *namespace),
        };
        let Some(service) = self.server.read("services", namespace, name)? else { return Ok(None) };
        if service.str("/spec/type") == "ExternalName" {
            return Ok(prefix.is_empty().then(|| self.external_name(&service)));
        }
        match prefix {
            [] => self.ports(&service, None).map(Some),
            [port, protocol] if port.starts_with('_') && protocol.starts_with('_') => {
                let records = self.ports(&service, Some((&port[1..], &protocol[1..])))?;
                Ok((!records.is_empty()).then_some(records))
            }
            [hostname] => self.hostname(&service, hostname),
            _ => Ok(None),
        }
    }

    fn has_namespace(&mut self, name: &str) -> Result<bool> {
        Ok(self.server.read("namespaces", "", name)?.is_some())
    }

    fn external_name(&self, service: &Object) -> Vec<Record> {
        match self.kind {
            RecordType::Srv => Vec::new(),
            _ => vec![self.record("CNAME", format!("{}.", service.str("/spec/externalName")))],
        }
    }

    /// Records of a service, of all its ports or of the one that the filter names.
    fn ports(&mut self, service: &Object, filter: PortFilter<'_>) -> Result<Vec<Record>> {
        if service.str("/spec/clusterIP") == "None" {
            let endpoints = endpoints::of_service(self.server, service)?;
            return Ok(self.headless(service, &endpoints, filter));
        }
        Ok(self.cluster_ip(service, filter))
    }

    fn cluster_ip(&self, service: &Object, filter: PortFilter<'_>) -> Vec<Record> {
        let ports = service.list("/spec/ports").iter().filter(|p| selects(filter, p.str("/name"), p.str("/protocol")));
        let numbers: Vec<i64> = ports.filter_map(|p| p.int("/port")).collect();
        match self.kind {
            RecordType::A if filter.is_none() || !numbers.is_empty() => {
                vec![self.record("A", service.str("/spec/clusterIP").to_string())]
            }
            RecordType::Srv => {
                let target = names::of_service_object(service);
                self.srv(numbers.into_iter().map(|number| (number, target.clone())).collect())
            }
            _ => Vec::new(),
        }
    }

    fn headless(&self, service: &Object, endpoints: &[Endpoint], filter: PortFilter<'_>) -> Vec<Record> {
        let selected = |port: &&Port| selects(filter, &port.name, &port.protocol);
        match self.kind {
            RecordType::A => {
                let serves = |e: &&Endpoint| filter.is_none() || e.ports.iter().any(|port| selected(&port));
                let addresses: BTreeSet<&str> = endpoints.iter().filter(serves).map(|e| e.ip.as_str()).collect();
                addresses.into_iter().map(|ip| self.record("A", ip.to_string())).collect()
            }
            RecordType::Srv => {
                let domain = names::of_service_object(service);
                let target = |e: &Endpoint| format!("{}.{domain}", e.hostname);
                let targets = endpoints
                    .iter()
                    .flat_map(|e| e.ports.iter().filter(selected).map(move |port| (port.number, target(e))));
                self.srv(targets.collect())
            }
            _ => Vec::new(),
        }
    }

    /// Records of one endpoint, by its hostname or its address with dashes.
    fn hostname(&mut self, service: &Object, hostname: &str) -> Result<Option<Vec<Record>>> {
        let mut endpoints = endpoints::of_service(self.server, service)?;
        endpoints.retain(|e| e.hostname.eq_ignore_ascii_case(hostname));
        if endpoints.is_empty() {
            return Ok(None);
        }
        Ok(Some(match self.kind {
            RecordType::A => endpoints.iter().map(|e| self.record("A", e.ip.clone())).collect(),
            RecordType::Srv => {
                let target = format!("{hostname}.{}", names::of_service_object(service));
                let ports = endpoints.iter().flat_map(|e| &e.ports);
                self.srv(ports.map(|port| (port.number, target.clone())).collect())
            }
            _ => Vec::new(),
        }))
    }

    /// Below `pod`: `ADDRESS-WITH-DASHES.NAMESPACE`. Like CoreDNS with `pods insecure`, it does not check that the pod exists.
    fn pod(&mut self, labels: &[&str]) -> Result<Option<Vec<Record>>> {
        let [dashed, namespace] = labels else { return Ok(labels.is_empty().then(Vec::new)) };
        if !self.has_namespace(namespace)? {
            return Ok(None);
        }
        Ok(names::parse_dashed(dashed).map(|address| match self.kind {
            RecordType::A => vec![self.record("A", address.to_string())],
            _ => Vec::new(),
        }))
    }

    fn srv(&self, targets: Vec<(i64, String)>) -> Vec<Record> {
        srv_data(&targets).map(|data| self.record("SRV", data)).collect()
    }

    fn record(&self, kind: &'static str, data: String) -> Record {
        Record { name: format!("{}.", self.name), kind, data }
    }
}

/// Returns the names of an address: of the service with this cluster IP, else of the endpoints.
fn reverse_lookup(server: &mut Server, name: &str) -> Result<Answer> {
    let Some(address) = names::parse_address(name) else {
        return Ok(Answer { name: format!("{}.", name.trim_end_matches('.')), exists: false, records: Vec::new() });
    };
    let (owner, ip) = (names::reverse(address), address.to_string());
    let services = server.read_all("services", None)?;
    let services = services.iter().filter(|service| service.str("/spec/clusterIP") == ip);
    let mut targets: BTreeSet<String> = services.map(|service| names::of_service_object(service)).collect();
    if targets.is_empty() {
        let endpoints = endpoints::with_address(server, &ip)?.into_iter();
        targets.extend(
            endpoints.map(|(hostname, service, namespace)| {
                format!("{hostname}.{}", names::of_service(&service, &namespace))
            }),
        );
    }
    let records: Vec<Record> =
        targets.into_iter().map(|data| Record { name: owner.clone(), kind: "PTR", data }).collect();
    Ok(Answer { name: owner, exists: !records.is_empty(), records })
}
