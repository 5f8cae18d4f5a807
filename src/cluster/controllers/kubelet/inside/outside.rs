//! The network as the containers of a pod see it, and as it reaches them.

use std::net::Ipv4Addr;

use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_container::{Answer, Endpoint, NetworkError, RecordKind, Request, Response, Surroundings};

use super::{Inside, keep};
use crate::api::Server;
use crate::controllers::kubelet::runtime::PodRuntime;
use crate::network::{Delivery, Message, Network, Reply};

/// What lies outside of a pod.
pub(super) struct Outside<'a> {
    pub(super) server: &'a mut Server,
    pub(super) pod: &'a Object,
    /// The number of the next draw of a random number: every pod draws its own.
    pub(super) draws: u64,
    /// The present.
    pub(super) now: Time,
    /// Pods through which what happens now was caused.
    pub(super) hops: u8,
    /// What happens is a forecast.
    pub(super) is_forecast: bool,
    /// Where the last connection goes, and the address from which it comes, if that is not the pod's.
    pub(super) masqueraded: Option<(Endpoint, Ipv4Addr)>,
    /// The first failure of the store.
    pub(super) failure: Option<Status>,
}

impl Outside<'_> {
    /// Sends to an endpoint that has been translated.
    fn send(&mut self, to: Endpoint, message: Message<'_>) -> Result<Reply, NetworkError> {
        let source = self.masqueraded.filter(|(endpoint, _)| *endpoint == to).map(|(_, source)| source);
        Network { source, ..self.network() }.send(to, message)
    }

    fn network(&mut self) -> Network<'_> {
        Network {
            server: self.server,
            pod: self.pod,
            now: self.now,
            hops: self.hops,
            is_forecast: self.is_forecast,
            source: None,
            deliver,
            failure: &mut self.failure,
        }
    }
}

impl Surroundings for Outside<'_> {
    fn query(&mut self, server: Ipv4Addr, name: &str, kind: RecordKind) -> Result<Answer, NetworkError> {
        self.network().query(server, name, kind)
    }

    fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError> {
        let draw = self.random();
        let endpoint = self.network().translate(to, draw)?;
        self.masqueraded = self.network().masquerade(to, endpoint)?.map(|source| (endpoint, source));
        Ok(endpoint)
    }

    fn connect(&mut self, to: Endpoint) -> Result<(), NetworkError> {
        self.send(to, Message::Connect).map(drop)
    }

    fn exchange(&mut self, to: Endpoint, bytes: &[u8]) -> Result<Vec<u8>, NetworkError> {
        match self.send(to, Message::Bytes(bytes))? {
            Reply::Bytes(bytes) => Ok(bytes),
            Reply::Connected | Reply::Http(_) => Err(NetworkError::Closed),
        }
    }

    fn http(&mut self, to: Endpoint, is_tls: bool, request: &Request) -> Result<Response, NetworkError> {
        if is_tls {
            return self.network().send_tls(to, request);
        }
        match self.send(to, Message::Http(request))? {
            Reply::Http(response) => Ok(response),
            Reply::Connected | Reply::Bytes(_) => Err(NetworkError::Closed),
        }
    }

    fn ping(&mut self, to: Ipv4Addr) -> Result<(), NetworkError> {
        self.network().ping(to)
    }

    fn random(&mut self) -> u64 {
        self.draws += 1;
        self.server.ids().below("inside", self.pod.uid(), self.draws, u64::MAX)
    }
}

/// Lets a process of a pod answer what arrives on one of its ports.
///
/// # Errors
/// A volume that is not simulated, or an object that cannot be read.
pub(super) fn deliver(
    server: &mut Server,
    pod: &Object,
    delivery: &Delivery<'_>,
) -> Result<Result<Reply, NetworkError>, Status> {
    let Some(runtime) = PodRuntime::load(server, pod)? else { return Ok(Err(NetworkError::TimedOut)) };
    let Delivery { port, client, message, hops, is_forecast, now } = *delivery;
    let mut inside = Inside::load(server, pod, &runtime)?;
    (inside.hops, inside.is_forecast) = (hops, is_forecast);
    inside.advance(server, pod, &runtime, now)?;
    if let Message::Connect = message {
        return Ok(if inside.world.listens(port) { Ok(Reply::Connected) } else { Err(NetworkError::Refused) });
    }
    let reply = inside.outside(server, pod, |world, outside| match message {
        Message::Http(request) => world.serve(outside, port, request, client).map(Reply::Http),
        Message::Tls(request) => world.serve_tls(outside, port, request, client).map(Reply::Http),
        Message::Bytes(bytes) => world.exchange(outside, port, bytes, client).map(Reply::Bytes),
        Message::Connect => Ok(Reply::Connected),
    });
    inside.check()?;
    if !is_forecast && reply.is_ok() {
        let is_new = !runtime.has_inside;
        keep(server, pod, runtime, inside, is_new.then_some(now))?;
    }
    Ok(reply)
}
