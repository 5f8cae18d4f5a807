//! What a container sees of the network, and how it is seen from there.

use std::net::Ipv4Addr;

use kctl_base::sim::Duration;
use serde::{Deserialize, Serialize};

use crate::http::{HealthServer, Server};
use crate::programs::net::{Cassandra, Store, ZooKeeper};

/// An address and a TCP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address of a pod, node, Service or of the outside world.
    pub address: Ipv4Addr,
    /// TCP port.
    pub port: u16,
}

/// Why a connection was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// Nothing listens on the port (`ECONNREFUSED`).
    Refused,
    /// Nobody answers: a policy forbids it, or the address belongs to nobody.
    TimedOut,
    /// There is no route (`EHOSTUNREACH`, `ENETUNREACH`): the outside world.
    Unreachable,
    /// The other side has closed the connection without an answer.
    Closed,
}

/// Type of a DNS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the records")]
pub enum RecordKind {
    A,
    Aaaa,
    Cname,
    Srv,
    Ptr,
}

impl RecordKind {
    /// Parses the mnemonic of a type, in either case; `None` for types that are not simulated.
    pub(crate) fn parse(text: &str) -> Option<RecordKind> {
        let all = [RecordKind::A, RecordKind::Aaaa, RecordKind::Cname, RecordKind::Srv, RecordKind::Ptr];
        all.into_iter().find(|kind| kind.mnemonic().eq_ignore_ascii_case(text))
    }

    /// Returns the mnemonic of the type.
    pub(crate) fn mnemonic(self) -> &'static str {
        match self {
            RecordKind::A => "A",
            RecordKind::Aaaa => "AAAA",
            RecordKind::Cname => "CNAME",
            RecordKind::Srv => "SRV",
            RecordKind::Ptr => "PTR",
        }
    }
}

/// A DNS record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Owner name with a final dot.
    pub name: String,
    /// Type: `A`, `CNAME`, `SRV`, `PTR`.
    pub kind: &'static str,
    /// Data as `dig` prints it.
    pub data: String,
}

/// The answer to a DNS query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// False is NXDOMAIN.
    pub exists: bool,
    /// The records; empty with `exists` is NODATA.
    pub records: Vec<Record>,
}

/// An HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Method, for instance `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers in order; `Host` is one of them.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// Creates a request without a body, as for a host and port.
    #[must_use]
    pub fn new(method: &str, target: &str, host: &str) -> Request {
        let headers = vec![("Host".to_owned(), host.to_owned())];
        Request { method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() }
    }

    /// Returns the value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

impl Response {
    /// Returns the value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

fn find_header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// The server speaks HTTP/1.0.
    #[serde(default)]
    pub is_http_1_0: bool,
    /// Certificates in PEM that a server has shown when the connection was made, its own first; `None` where nobody looks at
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<String>,
    /// How long the server computes before it answers, in processor time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub took: Duration,
}

fn is_zero(duration: &Duration) -> bool {
    *duration == Duration::ZERO
}

/// What the health service of a gRPC server answers (`grpc.health.v1.Health/Check`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// `SERVING`.
    Serving,
    /// `NOT_SERVING`.
    NotServing,
    /// The status `NOT_FOUND`: the server has no service of that name.
    UnknownService,
}

/// The surroundings of a pod. The control plane implements them.
pub trait Surroundings {
    /// Asks a DNS server for one full name, without a final dot; search domains are not its business.
    ///
    /// # Errors
    /// [`NetworkError::TimedOut`] when the server does not answer.
    fn query(&mut self, server: Ipv4Addr, name: &str, kind: RecordKind) -> Result<Answer, NetworkError>;

    /// Returns where a connection goes: the address of a service stands for one of its pods. All other methods take addresses
    /// that have been translated.
    ///
    /// # Errors
    /// A service without a pod that is ready refuses.
    fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError>;

    /// Tries to open a TCP connection.
    ///
    /// # Errors
    /// Why there is none.
    fn connect(&mut self, to: Endpoint) -> Result<(), NetworkError>;

    /// Sends bytes over a new TCP connection and returns those that come back before either side closes it.
    ///
    /// # Errors
    /// Why there is no connection or answer.
    fn exchange(&mut self, to: Endpoint, bytes: &[u8]) -> Result<Vec<u8>, NetworkError>;

    /// Sends an HTTP request over a new connection, with TLS if `is_tls`.
    ///
    /// # Errors
    /// Why there is no connection or answer.
    fn http(&mut self, to: Endpoint, is_tls: bool, request: &Request) -> Result<Response, NetworkError>;

    /// Sends an ICMP echo request.
    ///
    /// # Errors
    /// Why there is no answer.
    fn ping(&mut self, to: Ipv4Addr) -> Result<(), NetworkError>;

    /// Returns a random number that follows from the seed of the cluster.
    fn random(&mut self) -> u64;

    /// Reports whether the world has to be left as it is now, because what was asked last has no answer yet.
    fn is_over(&self) -> bool {
        false
    }
}

/// Surroundings that count what they are asked.
pub(crate) struct Counted<'a> {
    pub(crate) surroundings: &'a mut dyn Surroundings,
    pub(crate) asked: u64,
    /// Exchanges since they were last counted, each of which takes work in another pod.
    pub(crate) exchanged: u64,
}

impl Counted<'_> {
    fn ask(&mut self) -> &mut dyn Surroundings {
        self.asked += 1;
        self.surroundings
    }
}

impl Surroundings for Counted<'_> {
    fn is_over(&self) -> bool {
        self.surroundings.is_over()
    }

    fn query(&mut self, server: Ipv4Addr, name: &str, kind: RecordKind) -> Result<Answer, NetworkError> {
        self.ask().query(server, name, kind)
    }

    fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError> {
        self.ask().translate(to)
    }

    fn connect(&mut self, to: Endpoint) -> Result<(), NetworkError> {
        self.ask().connect(to)
    }

    fn exchange(&mut self, to: Endpoint, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
        self.exchanged += 1;
        self.ask().exchange(to, bytes)
    }

    fn http(&mut self, to: Endpoint, is_tls: bool, request: &Request) -> Result<Response, NetworkError> {
        self.ask().http(to, is_tls, request)
    }

    fn ping(&mut self, to: Ipv4Addr) -> Result<(), NetworkError> {
        self.ask().ping(to)
    }

    fn random(&mut self) -> u64 {
        self.ask().random()
    }
}

/// A TCP port on which a process listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listener {
    /// The port.
    pub(crate) port: u16,
    /// The service that answers.
    pub(crate) service: Service,
}

/// A service on a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Service {
    /// Accepts connections and closes them.
    Silent,
    /// An HTTP server.
    Http(Box<Server>),
    /// A gRPC server.
    Grpc(HealthServer),
    /// A key-value store.
    Redis(Box<Store>),
    /// A member of an ensemble of ZooKeeper servers.
    ZooKeeper(Box<ZooKeeper>),
    /// A node of a ring of Cassandra.
    Cassandra(Box<Cassandra>),
}
