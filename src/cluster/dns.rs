//! Names as the cluster's DNS answers them: services, the pods behind headless ones, pods by address, and back.
//!
//! Only the zone of the cluster is known; what lies outside is not asked for. Short names are completed with the search
//! list of a pod, so `web`, `web.shop` and `web.shop.svc` are understood.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::api::{Result, Server};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The domain of the cluster.
pub const ZONE: &str = "cluster.local";
/// How long clients may keep an answer, in seconds.
pub const TTL: u32 = 30;

const SLICES: &str = "endpointslices.discovery.k8s.io";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// The address of a name.
    A,
    /// The ports of a service.
    Srv,
    /// What a name stands for.
    Cname,
    /// The name of an address.
    Ptr,
}

impl RecordType {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordType::A => "A",
            RecordType::Srv => "SRV",
            RecordType::Cname => "CNAME",
            RecordType::Ptr => "PTR",
        }
    }

    /// Reads the word of a command line.
    pub fn parse(word: &str) -> Option<RecordType> {
        let all = [RecordType::A, RecordType::Srv, RecordType::Cname, RecordType::Ptr];
        all.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(word))
    }
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// Whose it is, with the final dot.
    pub name: String,
    /// `A`, `SRV`, `CNAME`, `PTR`.
    pub kind: &'static str,
    /// An address, `priority weight port target`, or a name with the final dot.
    pub data: String,
}

/// What the DNS answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The full name that was found, or the last one tried.
    pub name: String,
    /// Whether the name exists; it may have no records of the type all the same.
    pub exists: bool,
    /// The records, in order.
    pub records: Vec<Record>,
}

/// Resolves a name as a pod of the namespace `default` would.
///
/// # Errors
/// When the store can not be read.
pub fn resolve(server: &mut Server, name: &str, kind: RecordType) -> Result<Answer> {
    resolve_in(server, "default", name, kind)
}

/// Resolves a name as a pod of a namespace would. PTR takes an address or a name under `in-addr.arpa`.
///
/// # Errors
/// When the store can not be read.
pub fn resolve_in(server: &mut Server, namespace: &str, name: &str, kind: RecordType) -> Result<Answer> {
    if kind == RecordType::Ptr {
        return reverse(server, name);
    }
    let mut last = Answer { name: format!("{name}."), exists: false, records: Vec::new() };
    for full in candidates(name, namespace) {
        let exists = Question { server, full: &full, kind }.answer()?;
        last = Answer { name: format!("{full}."), exists: exists.is_some(), records: exists.unwrap_or_default() };
        if last.exists {
            break;
        }
    }
    Ok(last)
}

/// The full names that a resolver tries for a name, in order.
fn candidates(name: &str, namespace: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    if let Some(full) = name.strip_suffix('.') {
        return vec![full.to_string()];
    }
    if name == ZONE || name.ends_with(&format!(".{ZONE}")) {
        return vec![name];
    }
    let search = [format!("{namespace}.svc.{ZONE}"), format!("svc.{ZONE}"), ZONE.to_string()];
    let mut all: Vec<String> = search.iter().map(|domain| format!("{name}.{domain}")).collect();
    all.push(name);
    all
}

/// An address behind a service.
struct Endpoint {
    ip: String,
    /// Its name under the service's: the hostname of the pod, or its address with dashes.
    host: String,
    /// Name, protocol in lower case and number of its ports.
    ports: Vec<(String, String, i64)>,
}

/// A question about one full name; `None` answers that there is no such name.
struct Question<'a> {
    server: &'a mut Server,
    full: &'a str,
    kind: RecordType,
}

impl Question<'_> {
    fn answer(&mut self) -> Result<Option<Vec<Record>>> {
        let Some(inner) = self.full.strip_suffix(ZONE).map(|p| p.trim_end_matches('.').to_string()) else {
            return Ok(None);
        };
        let mut labels: Vec<&str> = inner.split('.').filter(|l| !l.is_empty()).collect();
        match labels.pop() {
            None => Ok(Some(Vec::new())),
            Some("svc") => self.service(&labels),
            Some("pod") => self.pod(&labels),
            Some(_) => Ok(None),
        }
    }

    /// What stands before `svc`: `[HOST | _PORT._PROTOCOL].SERVICE.NAMESPACE`.
    fn service(&mut self, labels: &[&str]) -> Result<Option<Vec<Record>>> {
        let (before, name, namespace) = match labels {
            [] => return Ok(Some(Vec::new())),
            [namespace] => {
                let known = self.server.read("namespaces", "", namespace)?.is_some();
                return Ok(known.then(Vec::new));
            }
            [before @ .., name, namespace] => (before, *name, *namespace),
        };
        let Some(service) = self.server.read("services", namespace, name)? else { return Ok(None) };
        if service.str("/spec/type") == "ExternalName" {
            let target = format!("{}.", service.str("/spec/externalName"));
            return Ok(before.is_empty().then(|| match self.kind {
                RecordType::Srv => Vec::new(),
                _ => vec![self.record("CNAME", target)],
            }));
        }
        match before {
            [] => self.whole(&service, None).map(Some),
            [port, protocol] if port.starts_with('_') && protocol.starts_with('_') => {
                let records = self.whole(&service, Some((&port[1..], &protocol[1..])))?;
                Ok((!records.is_empty()).then_some(records))
            }
            [host] => self.host(&service, host),
            _ => Ok(None),
        }
    }

    /// The service itself, or one port of it.
    fn whole(&mut self, service: &Object, port: Option<(&str, &str)>) -> Result<Vec<Record>> {
        let wanted =
            |name: &str, protocol: &str| port.is_none_or(|(n, p)| n == name && p.eq_ignore_ascii_case(protocol));
        let domain = format!("{}.{}.svc.{ZONE}.", service.name(), service.namespace());
        let mut records = Vec::new();
        if service.str("/spec/clusterIP") != "None" {
            let ports = service.list("/spec/ports").iter().filter(|p| wanted(p.str("/name"), p.str("/protocol")));
            let numbers: Vec<i64> = ports.filter_map(|p| p.int("/port")).collect();
            match self.kind {
                RecordType::A if port.is_none() || !numbers.is_empty() => {
                    records.push(self.record("A", service.str("/spec/clusterIP").to_string()));
                }
                RecordType::Srv => {
                    let weight = share(numbers.len());
                    records.extend(numbers.iter().map(|n| self.record("SRV", format!("0 {weight} {n} {domain}"))));
                }
                _ => {}
            }
            return Ok(records);
        }
        let endpoints = endpoints(self.server, service)?;
        match self.kind {
            RecordType::A => {
                let has = |e: &&Endpoint| port.is_none() || e.ports.iter().any(|(n, p, _)| wanted(n, p));
                let addresses: BTreeSet<&str> = endpoints.iter().filter(has).map(|e| e.ip.as_str()).collect();
                records.extend(addresses.into_iter().map(|ip| self.record("A", ip.to_string())));
            }
            RecordType::Srv => {
                let targets: Vec<(i64, &str)> = endpoints
                    .iter()
                    .flat_map(|e| e.ports.iter().map(move |p| (p, e.host.as_str())))
                    .filter(|((n, p, _), _)| wanted(n, p))
                    .map(|((_, _, number), host)| (*number, host))
                    .collect();
                let weight = share(targets.len());
                records.extend(
                    targets.iter().map(|(n, host)| self.record("SRV", format!("0 {weight} {n} {host}.{domain}"))),
                );
            }
            _ => {}
        }
        Ok(records)
    }

    /// One address behind a service, by its hostname or its address with dashes.
    fn host(&mut self, service: &Object, host: &str) -> Result<Option<Vec<Record>>> {
        let found: Vec<Endpoint> =
            endpoints(self.server, service)?.into_iter().filter(|e| e.host.eq_ignore_ascii_case(host)).collect();
        if found.is_empty() {
            return Ok(None);
        }
        let domain = format!("{}.{}.svc.{ZONE}.", service.name(), service.namespace());
        Ok(Some(match self.kind {
            RecordType::A => found.iter().map(|e| self.record("A", e.ip.clone())).collect(),
            RecordType::Srv => {
                let numbers: Vec<i64> = found.iter().flat_map(|e| e.ports.iter().map(|(_, _, n)| *n)).collect();
                let weight = share(numbers.len());
                numbers.iter().map(|n| self.record("SRV", format!("0 {weight} {n} {host}.{domain}"))).collect()
            }
            _ => Vec::new(),
        }))
    }

    /// What stands before `pod`: an address with dashes and a namespace. Whether there is such a pod is not asked.
    fn pod(&mut self, labels: &[&str]) -> Result<Option<Vec<Record>>> {
        let [dashed, namespace] = labels else { return Ok(labels.is_empty().then(Vec::new)) };
        let address: Option<Ipv4Addr> = dashed.replace('-', ".").parse().ok();
        if self.server.read("namespaces", "", namespace)?.is_none() {
            return Ok(None);
        }
        Ok(address.map(|a| match self.kind {
            RecordType::A => vec![self.record("A", a.to_string())],
            _ => Vec::new(),
        }))
    }

    fn record(&self, kind: &'static str, data: String) -> Record {
        Record { name: format!("{}.", self.full), kind, data }
    }
}

/// The weight of each of so many equal targets.
fn share(count: usize) -> usize {
    100 / count.max(1)
}

/// The addresses behind a service that serve, by address.
fn endpoints(server: &mut Server, service: &Object) -> Result<Vec<Endpoint>> {
    let value = format!("{}/kubernetes.io/service-name={}", service.namespace(), service.name());
    let slices = server.read_index_of("label", &value, SLICES, None)?;
    let mut found: Vec<Endpoint> = slices.iter().flat_map(endpoints_of).collect();
    found.sort_by_key(|e| e.ip.parse::<Ipv4Addr>().ok());
    Ok(found)
}

fn endpoints_of(slice: &Arc<Object>) -> Vec<Endpoint> {
    let port = |p: &Value| Some((p.str("/name").to_string(), p.str("/protocol").to_lowercase(), p.int("/port")?));
    let ports: Vec<_> = slice.list("/ports").iter().filter_map(port).collect();
    let serving = slice.list("/endpoints").iter().filter(|e| e.at("/conditions/ready") != Some(&Value::Bool(false)));
    let each = |endpoint: &Value| -> Vec<Endpoint> {
        let addresses = endpoint.list("/addresses").iter().filter_map(Value::as_str);
        let host = |ip: &str| match endpoint.str("/hostname") {
            "" => ip.replace('.', "-"),
            name => name.to_string(),
        };
        addresses.map(|ip| Endpoint { ip: ip.into(), host: host(ip), ports: ports.clone() }).collect()
    };
    serving.flat_map(each).collect()
}

/// The names of an address.
fn reverse(server: &mut Server, name: &str) -> Result<Answer> {
    let Some(address) = address_of(name) else {
        return Ok(Answer { name: format!("{}.", name.trim_end_matches('.')), exists: false, records: Vec::new() });
    };
    let [a, b, c, d] = address.octets();
    let owner = format!("{d}.{c}.{b}.{a}.in-addr.arpa.");
    let text = address.to_string();
    let mut names = BTreeSet::new();
    for service in server.read_all("services", None)? {
        if service.str("/spec/clusterIP") == text {
            names.insert(format!("{}.{}.svc.{ZONE}.", service.name(), service.namespace()));
        }
    }
    if names.is_empty() {
        for slice in server.read_all(SLICES, None)? {
            let Some(service) = slice.label("kubernetes.io/service-name") else { continue };
            let hosts = endpoints_of(&slice).into_iter().filter(|e| e.ip == text).map(|e| e.host);
            names.extend(hosts.map(|host| format!("{host}.{service}.{}.svc.{ZONE}.", slice.namespace())));
        }
    }
    let records: Vec<Record> =
        names.into_iter().map(|data| Record { name: owner.clone(), kind: "PTR", data }).collect();
    Ok(Answer { name: owner, exists: !records.is_empty(), records })
}

/// The address that a reverse question is about.
fn address_of(name: &str) -> Option<Ipv4Addr> {
    let name = name.trim_end_matches('.');
    match name.strip_suffix(".in-addr.arpa") {
        None => name.parse().ok(),
        Some(turned) => {
            let address: Ipv4Addr = turned.parse().ok()?;
            let [a, b, c, d] = address.octets();
            Some(Ipv4Addr::new(d, c, b, a))
        }
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::api::Request;
    use crate::{Cluster, OpenOptions};
    use kctl_base::sim::Duration;

    fn cluster() -> Cluster {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
        let pod = |name: &str| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
                "spec": {"nodeName": "k8s-node1", "hostname": name, "subdomain": "peers",
                         "containers": [{"name": "c", "image": "nginx:1.25"}]}})
        };
        let service = |name: &str, more: Value| {
            let mut spec =
                json!({"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]});
            for (key, value) in more.as_object().into_iter().flatten() {
                spec[key.as_str()] = value.clone();
            }
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
        };
        let objects = [
            ("pods", pod("web-0")),
            ("pods", pod("web-1")),
            ("services", service("peers", json!({"clusterIP": "None"}))),
            ("services", service("front", json!({"clusterIP": "10.96.7.7"}))),
            ("services", service("outside", json!({"type": "ExternalName", "externalName": "db.example.com"}))),
        ];
        for (resource, object) in objects {
            cluster.handle(&Request::create(resource, "default", object)).expect("created");
        }
        cluster.advance(Duration::from_secs(5)).expect("time passes");
        cluster
    }

    #[test]
    fn names_are_answered() {
        use RecordType::{A, Cname, Ptr, Srv};
        let mut cluster = cluster();
        let cases: &[(&str, RecordType, bool, &[&str])] = &[
            ("front", A, true, &["10.96.7.7"]),
            ("front.default", A, true, &["10.96.7.7"]),
            ("front.default.svc", A, true, &["10.96.7.7"]),
            ("FRONT.default.svc.cluster.local.", A, true, &["10.96.7.7"]),
            ("front.", A, false, &[]),
            ("kubernetes", A, true, &["10.96.0.1"]),
            ("peers", A, true, &["10.244.1.2", "10.244.1.3"]),
            ("web-1.peers", A, true, &["10.244.1.3"]),
            ("web-1.front", A, false, &[]),
            ("10-244-1-2.front", A, true, &["10.244.1.2"]),
            ("web-9.peers", A, false, &[]),
            ("nothing", A, false, &[]),
            ("example.com", A, false, &[]),
            ("default.svc.cluster.local", A, true, &[]),
            ("outside", A, true, &["db.example.com."]),
            ("outside", Cname, true, &["db.example.com."]),
            ("front", Cname, true, &[]),
            ("_http._tcp.front", Srv, true, &["0 100 80 front.default.svc.cluster.local."]),
            ("_nope._tcp.front", Srv, false, &[]),
            (
                "_http._tcp.peers",
                Srv,
                true,
                &[
                    "0 50 8080 web-0.peers.default.svc.cluster.local.",
                    "0 50 8080 web-1.peers.default.svc.cluster.local.",
                ],
            ),
            ("10-1-2-3.default.pod", A, true, &["10.1.2.3"]),
            ("10-1-2-3.nowhere.pod", A, false, &[]),
            ("10.96.7.7", Ptr, true, &["front.default.svc.cluster.local."]),
            (
                "2.1.244.10.in-addr.arpa",
                Ptr,
                true,
                &["10-244-1-2.front.default.svc.cluster.local.", "web-0.peers.default.svc.cluster.local."],
            ),
            ("10.0.0.99", Ptr, false, &[]),
        ];
        for (name, kind, exists, want) in cases {
            let answer = resolve(cluster.server(), name, *kind).expect("the store answers");
            let data: Vec<&str> = answer.records.iter().map(|r| r.data.as_str()).collect();
            assert_eq!((answer.exists, &data[..]), (*exists, *want), "{name} {kind:?}");
        }
        let other = resolve_in(cluster.server(), "kube-system", "front", A).expect("the store answers");
        assert!(!other.exists, "a short name means the own namespace");
    }
}
