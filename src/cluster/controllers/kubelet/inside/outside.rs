//! The network as the containers of a pod see it.

use std::net::Ipv4Addr;

use kctl_container::{Answer, Endpoint, NetworkError, Record, RecordKind, Request, Response, Surroundings};

use crate::api::Server;
use crate::dns::{self, RecordType};

/// What lies outside of a pod.
pub(super) struct Outside<'a> {
    pub(super) server: &'a mut Server,
    /// The pod, which draws its own random numbers.
    pub(super) uid: &'a str,
    /// The number of the next draw.
    pub(super) draws: u64,
}

impl Surroundings for Outside<'_> {
    fn query(&mut self, name: &str, kind: RecordKind) -> Answer {
        let kind = match kind {
            RecordKind::A => RecordType::A,
            RecordKind::Srv => RecordType::Srv,
            RecordKind::Cname => RecordType::Cname,
            RecordKind::Ptr => RecordType::Ptr,
            RecordKind::Aaaa => return Answer { exists: self.query(name, RecordKind::A).exists, records: Vec::new() },
        };
        let Ok(found) = dns::lookup(self.server, "", &format!("{name}."), kind) else { return Answer::default() };
        let record = |record: dns::Record| Record { name: record.name, kind: record.kind, data: record.data };
        Answer { exists: found.exists, records: found.records.into_iter().map(record).collect() }
    }

    fn connect(&mut self, _: Endpoint) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
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
