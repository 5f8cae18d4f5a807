//! The network as the containers of a pod see it.

use std::net::Ipv4Addr;

use kctl_container::{Answer, Endpoint, NetworkError, Record, RecordKind, Request, Response, Surroundings};

use crate::api::Server;
use crate::dns::{self, RecordType};

/// The address of the DNS server of the cluster.
const DNS_SERVER: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

/// What lies outside of a pod.
pub(super) struct Outside<'a> {
    pub(super) server: &'a mut Server,
    /// The pod, which draws its own random numbers.
    pub(super) uid: &'a str,
    /// The number of the next draw.
    pub(super) draws: u64,
}

impl Surroundings for Outside<'_> {
    fn query(&mut self, server: Ipv4Addr, name: &str, kind: RecordKind) -> Result<Answer, NetworkError> {
        if server != DNS_SERVER {
            return Err(NetworkError::TimedOut);
        }
        let kind = match kind {
            RecordKind::A => RecordType::A,
            RecordKind::Srv => RecordType::Srv,
            RecordKind::Cname => RecordType::Cname,
            RecordKind::Ptr => RecordType::Ptr,
            RecordKind::Aaaa => {
                return Ok(Answer { exists: self.query(server, name, RecordKind::A)?.exists, records: Vec::new() });
            }
        };
        let found = dns::lookup(self.server, "", &format!("{name}."), kind).map_err(|_| NetworkError::TimedOut)?;
        let record = |record: dns::Record| Record { name: record.name, kind: record.kind, data: record.data };
        Ok(Answer { exists: found.exists, records: found.records.into_iter().map(record).collect() })
    }

    fn connect(&mut self, _: Endpoint) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn exchange(&mut self, to: Endpoint, _: &[u8]) -> Result<Vec<u8>, NetworkError> {
        self.connect(to).and(Err(NetworkError::Closed))
    }

    fn http(&mut self, to: Endpoint, _: bool, _: &Request) -> Result<Response, NetworkError> {
        self.connect(to).and(Err(NetworkError::Closed))
    }

    fn ping(&mut self, _: Ipv4Addr) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn random(&mut self) -> u64 {
        self.draws += 1;
        self.server.ids().below("inside", self.uid, self.draws, u64::MAX)
    }
}
