//! What a container sees of the network, and how it is seen from there.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

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
}

/// What lies outside of the pod. The control plane implements it.
pub trait Surroundings {
    /// Asks the DNS server of the cluster for one full name, without a final dot; search domains are not its business.
    fn query(&mut self, name: &str, kind: RecordKind) -> Answer;

    /// Tries to open a TCP connection.
    ///
    /// # Errors
    /// Why there is none.
    fn connect(&mut self, to: Endpoint) -> Result<(), NetworkError>;

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
}

/// A TCP port on which a process listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listener {
    /// The port.
    pub(crate) port: u16,
    /// What answers.
    pub(crate) service: Service,
}

/// What answers on a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Service {
    /// Accepts connections and closes them.
    Silent,
    /// An HTTP server that the image brings, by the name of its program.
    Http(String),
}
