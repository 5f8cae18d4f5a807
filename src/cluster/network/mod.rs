//! The network of the cluster: where a connection goes, and whether it may.
//!
//! An address is first translated as kube-proxy does it ([`services`]): that of a service to an endpoint. Then policies decide
//! ([`policy`]), and what lies at the address answers: a process in a pod, the API server ([`api_server`]), or nothing. Names are
//! looked up in the cluster's DNS ([`crate::dns`]), at its usual address.

mod api_server;
mod ended;
mod policy;
mod services;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::sync::Arc;

use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_container::{Answer, Endpoint, NetworkError, Record, RecordKind, Request, Response};

use crate::api::{Result, Server};
use crate::dns::{self, RecordType};
use crate::profile::Cidr;
use policy::{Party, Traffic};
pub(crate) use services::{endpoints, ready_endpoints};

/// The number of the DNS server's address in the range of services.
const DNS_NUMBER: u64 = 10;
/// The range of the addresses of pods, unless another one was asked for.
const POD_RANGE: Cidr = Cidr::around(Ipv4Addr::new(10, 244, 0, 0), 16);
/// The port of the DNS server.
const DNS_PORT: u16 = 53;
/// Pods that one request passes at most: proxies may send it round in a circle.
pub(crate) const MAX_HOPS: u8 = 4;

/// What is sent to a pod.
#[derive(Clone, Copy)]
pub(crate) enum Message<'a> {
    /// Nothing: a connection is opened.
    Connect,
    /// An HTTP request.
    Http(&'a Request),
    /// An HTTP request over TLS.
    Tls(&'a Request),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// What comes back.
pub(crate) enum Reply {
    /// The connection was accepted.
    Connected,
    /// An HTTP response.
    Http(Response),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// How a message gets into a pod.
#[derive(Clone, Copy)]
pub(crate) struct Delivery<'a> {
    /// The TCP port of the pod.
    pub(crate) port: u16,
    /// Address that it comes from.
    pub(crate) client: Ipv4Addr,
    /// What is sent.
    pub(crate) message: Message<'a>,
    /// Pods that it has passed already.
    pub(crate) hops: u8,
    /// Nothing is kept of it: it belongs to a forecast.
    pub(crate) is_forecast: bool,
    /// The present.
    pub(crate) now: Time,
}

/// Delivers to a pod. The kubelet does it.
pub(crate) type Deliver = fn(&mut Server, &Object, &Delivery<'_>) -> Result<std::result::Result<Reply, NetworkError>>;

/// The network as one pod sees it.
pub(crate) struct Network<'a> {
    pub(crate) server: &'a mut Server,
    /// The pod.
    pub(crate) pod: &'a Object,
    pub(crate) now: Time,
    pub(crate) hops: u8,
    pub(crate) is_forecast: bool,
    /// The address in the place of the pod's, where a node passes the connection on.
    pub(crate) source: Option<Ipv4Addr>,
    pub(crate) deliver: Deliver,
    /// The first failure of the store. To the pod it is a time-out.
    pub(crate) failure: &'a mut Option<Status>,
}

/// What lies at an address.
enum Place {
    /// A pod that runs, or has just ended.
    Pod(Arc<Object>),
    /// The API server.
    Api,
    /// The DNS server.
    Dns,
    /// A node.
    Node,
    /// Nobody, but the address is one of the cluster's.
    Nobody,
    /// The outside world.
    Outside,
}

impl Network<'_> {
    /// Asks a DNS server.
    ///
    /// # Errors
    /// [`NetworkError::TimedOut`] from anything but the cluster's server, and when a policy forbids to ask it.
    pub(crate) fn query(
        &mut self,
        server: Ipv4Addr,
        name: &str,
        kind: RecordKind,
    ) -> std::result::Result<Answer, NetworkError> {
        let is_node_resolver = self.node_resolver() == Some(server);
        if server != dns_server(self.server) && !is_node_resolver || !self.may_ask_dns(server) {
            return Err(NetworkError::TimedOut);
        }
        if is_node_resolver {
            // It serves the outside world, of which nothing is known here.
            return Ok(Answer::default());
        }
        let kind = match kind {
            RecordKind::A => RecordType::A,
            RecordKind::Srv => RecordType::Srv,
            RecordKind::Cname => RecordType::Cname,
            RecordKind::Ptr => RecordType::Ptr,
            RecordKind::Aaaa => {
                let mut answer = self.query(server, name, RecordKind::A)?;
                answer.records.retain(|record| record.kind == "CNAME");
                return Ok(answer);
            }
        };
        let found = dns::lookup(self.server, "", &format!("{name}."), kind);
        let found = self.settle(found)?;
        if !found.exists && matches!(kind, RecordType::A) {
            let ended = ended::address(self.server, &found.name, self.now);
            if let Some(record) = self.settle(ended)? {
                return Ok(Answer { exists: true, records: vec![record] });
            }
        }
        let record = |record: dns::Record| Record { name: record.name, kind: record.kind, data: record.data };
        Ok(Answer { exists: found.exists, records: found.records.into_iter().map(record).collect() })
    }

    /// Returns the endpoint that a connection to an address goes to: for a service it is one of its pods. `draw` chooses.
    ///
    /// # Errors
    /// A service without endpoints refuses, an address of a service without the port does not answer.
    pub(crate) fn translate(&mut self, to: Endpoint, draw: u64) -> std::result::Result<Endpoint, NetworkError> {
        let translated = services::translate(self.server, self.pod, to, draw);
        self.settle(translated)?
    }

    /// Returns the address of the node that a translated connection comes from, where it is not that of the pod.
    ///
    /// # Errors
    /// [`NetworkError::TimedOut`] when the cluster cannot be read.
    pub(crate) fn masquerade(
        &mut self,
        to: Endpoint,
        endpoint: Endpoint,
    ) -> std::result::Result<Option<Ipv4Addr>, NetworkError> {
        let address = services::masquerade(self.server, to, endpoint);
        self.settle(address)
    }

    /// Sends a message to an endpoint that has been translated.
    ///
    /// # Errors
    /// Why there is no connection or answer.
    pub(crate) fn send(&mut self, to: Endpoint, message: Message<'_>) -> std::result::Result<Reply, NetworkError> {
        let sent = self.try_send(to, message);
        self.settle(sent)?
    }

    /// Sends an HTTP request over TLS.
    ///
    /// # Errors
    /// As [`Network::send`]; only the API server speaks TLS, others close the connection.
    pub(crate) fn send_tls(&mut self, to: Endpoint, request: &Request) -> std::result::Result<Response, NetworkError> {
        let place = self.place(to);
        match self.settle(place)? {
            Place::Api => {
                self.check(to.address, None, Traffic::Tcp(to.port))?;
                Ok(api_server::answer(self.server, request, self.now))
            }
            Place::Pod(_) => match self.send(to, Message::Tls(request))? {
                Reply::Http(response) => Ok(response),
                Reply::Connected | Reply::Bytes(_) => Err(NetworkError::Closed),
            },
            _ => self.send(to, Message::Connect).and(Err(NetworkError::Closed)),
        }
    }

    /// Sends an ICMP echo.
    ///
    /// # Errors
    /// [`NetworkError::TimedOut`] when nobody answers; addresses of services do not.
    pub(crate) fn ping(&mut self, to: Ipv4Addr) -> std::result::Result<(), NetworkError> {
        let place = self.place(Endpoint { address: to, port: 0 });
        match self.settle(place)? {
            Place::Pod(pod) => self.check(to, Some(pod), Traffic::Icmp),
            Place::Node | Place::Api => self.check(to, None, Traffic::Icmp),
            Place::Outside => Err(NetworkError::Unreachable),
            Place::Dns | Place::Nobody => Err(NetworkError::TimedOut),
        }
    }

    /// Turns what keeps the cluster from an answer into a time-out, and notes a failure of the store.
    fn settle<T>(&mut self, result: Result<T>) -> std::result::Result<T, NetworkError> {
        result.map_err(|status| {
            if status.reason == Reason::InternalError {
                self.failure.get_or_insert(status);
            }
            NetworkError::TimedOut
        })
    }

    fn try_send(&mut self, to: Endpoint, message: Message<'_>) -> Result<std::result::Result<Reply, NetworkError>> {
        let place = self.place(to)?;
        let target = match &place {
            Place::Pod(pod) => Some(pod.clone()),
            _ => None,
        };
        if !matches!(place, Place::Outside | Place::Nobody)
            && let Err(error) = self.check(to.address, target, Traffic::Tcp(to.port))
        {
            return Ok(Err(error));
        }
        Ok(match (place, message) {
            (Place::Pod(_), _) if self.hops >= MAX_HOPS => Err(NetworkError::TimedOut),
            (Place::Pod(pod), message) => {
                let delivery = Delivery {
                    port: to.port,
                    client: self.source.or_else(|| address_of(self.pod)).unwrap_or(Ipv4Addr::UNSPECIFIED),
                    message,
                    hops: self.hops + 1,
                    is_forecast: self.is_forecast,
                    now: self.now,
                };
                return (self.deliver)(self.server, &pod, &delivery);
            }
            (Place::Api | Place::Dns, Message::Connect) => Ok(Reply::Connected),
            (Place::Api, Message::Http(_)) => Ok(Reply::Http(api_server::plain_http())),
            (Place::Api | Place::Dns, _) => Err(NetworkError::Closed),
            (Place::Node, _) => Err(NetworkError::Refused),
            (Place::Nobody, _) => Err(NetworkError::TimedOut),
            (Place::Outside, _) => Err(NetworkError::Unreachable),
        })
    }

    /// Finds what lies at an address.
    fn place(&mut self, to: Endpoint) -> Result<Place> {
        if to.address == dns_server(self.server) {
            return Ok(if to.port == DNS_PORT { Place::Dns } else { Place::Nobody });
        }
        if services::is_api_server(self.server, to)? {
            return Ok(Place::Api);
        }
        let text = to.address.to_string();
        let pods = self.server.read_all("pods", None)?;
        let is_here = |pod: &Arc<Object>| pod.str("/status/podIP") == text && ended::is_found(pod, self.now);
        if let Some(pod) = pods.into_iter().find(is_here) {
            if !pod.flag("/spec/hostNetwork") {
                return Ok(Place::Pod(pod));
            }
            return self.host_pod(&text, to.port);
        }
        if services::is_node(self.server, &text)? {
            return Ok(Place::Node);
        }
        let installation = self.server.settings().installation;
        let ranges = [installation.service_cidr, installation.pod_cidr.unwrap_or(POD_RANGE)];
        let is_own = services::is_service(self.server, &text)? || ranges.iter().any(|range| range.contains(to.address));
        Ok(if is_own { Place::Nobody } else { Place::Outside })
    }

    /// Finds the pod on the network of a node that declares a port there.
    fn host_pod(&mut self, address: &str, port: u16) -> Result<Place> {
        let declares = |pod: &Arc<Object>| {
            let mut ports = pod.list("/spec/containers").iter().flat_map(|container| container.list("/ports"));
            let is_there = pod.str("/status/podIP") == address && pod.flag("/spec/hostNetwork");
            is_there && ports.any(|p| p.int("/containerPort") == Some(i64::from(port)))
        };
        let found = self.server.read_all("pods", None)?.into_iter().find(declares);
        Ok(found.map_or(Place::Node, Place::Pod))
    }

    /// Lets the policies of both sides decide.
    fn check(
        &mut self,
        address: Ipv4Addr,
        target: Option<Arc<Object>>,
        traffic: Traffic,
    ) -> std::result::Result<(), NetworkError> {
        let permitted = self.is_permitted(address, target, traffic);
        match self.settle(permitted)? {
            true => Ok(()),
            // Packets are dropped without an answer.
            false => Err(NetworkError::TimedOut),
        }
    }

    fn is_permitted(&mut self, address: Ipv4Addr, target: Option<Arc<Object>>, traffic: Traffic) -> Result<bool> {
        let own = address_of(self.pod).unwrap_or(Ipv4Addr::UNSPECIFIED);
        let source = self.party(own, Some(Arc::new(self.pod.clone())))?;
        let target = self.party(address, target)?;
        let mut policies = Vec::new();
        let mut namespaces: Vec<&str> =
            [&source, &target].iter().filter_map(|p| p.pod.as_ref()).map(|p| p.namespace()).collect();
        namespaces.dedup();
        for namespace in namespaces {
            policies.extend(self.server.read_all("networkpolicies.networking.k8s.io", Some(namespace))?);
        }
        Ok(policy::permits(&policies, &source, &target, traffic))
    }

    fn party(&mut self, address: Ipv4Addr, pod: Option<Arc<Object>>) -> Result<Party> {
        let pod = pod.filter(|pod| !pod.flag("/spec/hostNetwork"));
        let namespace = match &pod {
            Some(pod) => self.server.read("namespaces", "", pod.namespace())?,
            None => None,
        };
        let namespace_labels = namespace.and_then(|n| n.at("/metadata/labels").cloned()).unwrap_or_else(|| json!({}));
        Ok(Party { address, pod, namespace_labels })
    }

    /// Returns the address of the resolver that the node of the pod uses.
    fn node_resolver(&mut self) -> Option<Ipv4Addr> {
        let [a, b, c, _] = self.pod.str("/status/hostIP").parse::<Ipv4Addr>().ok()?.octets();
        Some(Ipv4Addr::new(a, b, c, 1))
    }

    /// Reports whether the egress policies of the pod permit DNS. The pods of the DNS server are not objects of this cluster;
    /// policies see them as those of a usual installation.
    fn may_ask_dns(&mut self, server: Ipv4Addr) -> bool {
        let pod = json!({"metadata": {"namespace": "kube-system", "name": "coredns", "labels": {"k8s-app": "kube-dns"}},
            "spec": {"containers": [{"ports": [{"name": "dns", "protocol": "UDP", "containerPort": 53},
                {"name": "dns-tcp", "protocol": "TCP", "containerPort": 53}]}]}});
        let target = (server == dns_server(self.server)).then(|| Arc::new(pod));
        self.check(server, target, Traffic::Udp(DNS_PORT)).is_ok()
    }
}

/// Returns the address of a pod.
fn address_of(pod: &Object) -> Option<Ipv4Addr> {
    pod.str("/status/podIP").parse().ok()
}

/// Returns the address of the DNS server.
pub(crate) fn dns_server(server: &Server) -> Ipv4Addr {
    server.settings().installation.service_cidr.address(DNS_NUMBER)
}
