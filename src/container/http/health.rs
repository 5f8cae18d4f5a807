//! gRPC servers, of which only the health service is simulated (`grpc.health.v1.Health`).

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use super::{App, Server};
use crate::network::{Health, NetworkError, Service};
use crate::world::World;

/// A gRPC server with one service, as `agnhost grpc-health-checking` is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HealthServer {
    /// The name of the service; empty for the server as a whole.
    pub(crate) service: String,
    /// The time from the start after which it is not healthy any more.
    pub(crate) healthy_for: Option<Duration>,
    /// What it was set to by a request.
    pub(crate) forced: Option<bool>,
}

impl HealthServer {
    fn check(&self, service: &str, started: Time, now: Time) -> Health {
        let has_expired = self.healthy_for.is_some_and(|after| now - started >= after);
        match self.forced {
            _ if service != self.service => Health::UnknownService,
            Some(false) => Health::NotServing,
            // Being set to healthy does not prolong the time.
            _ if has_expired => Health::NotServing,
            _ => Health::Serving,
        }
    }
}

impl World {
    /// Asks the health service of the gRPC server on a port about a service; an empty name stands for the whole server.
    ///
    /// # Errors
    /// [`NetworkError::Refused`] when nothing listens; [`NetworkError::TimedOut`] from a server that does not speak gRPC, which
    /// never completes the connection.
    pub fn check_health(&self, port: u16, service: &str) -> Result<Health, NetworkError> {
        let (container, pid) = self.listener(port).ok_or(NetworkError::Refused)?;
        let process = &self.containers[&container].processes[&pid];
        let listener = process.listeners.iter().find(|listener| listener.port == port);
        match listener.map(|listener| &listener.service) {
            Some(Service::Grpc(server)) => Ok(server.check(service, process.started, self.now)),
            Some(Service::Http(server)) if matches!(**server, Server::App(App::Etcd)) => {
                Ok(if service.is_empty() { Health::Serving } else { Health::UnknownService })
            }
            _ => Err(NetworkError::TimedOut),
        }
    }

    /// Reports whether the server on a port expects TLS.
    #[must_use]
    pub fn expects_tls(&self, port: u16) -> bool {
        let Some((container, pid)) = self.listener(port) else { return false };
        let listeners = &self.containers[&container].processes[&pid].listeners;
        listeners.iter().filter(|listener| listener.port == port).any(|listener| match &listener.service {
            Service::Http(server) => matches!(&**server, Server::Nginx(nginx) if nginx.expects_tls(port)),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_healthy_for_its_time_unless_a_request_has_set_it() {
        let start = Time::from_secs(100);
        let mut server = HealthServer { service: "a".into(), healthy_for: Some(Duration::from_secs(10)), forced: None };
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(server.check("a", start, at(9)), Health::Serving);
        assert_eq!(server.check("a", start, at(10)), Health::NotServing);
        assert_eq!(server.check("", start, at(0)), Health::UnknownService);
        server.forced = Some(false);
        assert_eq!(server.check("a", start, at(0)), Health::NotServing);
        server.forced = Some(true);
        assert_eq!(
            (server.check("a", start, at(0)), server.check("a", start, at(10))),
            (Health::Serving, Health::NotServing)
        );
    }
}
