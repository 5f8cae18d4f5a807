//! The subresource `proxy` of pods and services: the API server passes an HTTP request on to a port
//! (`pkg/registry/core/pod/strategy.go`, `pkg/registry/core/service/storage`).

use std::sync::Arc;

use super::{Forwarded, Payload, Request, Response, Result, Server, SessionCall};
use crate::network;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_container::NetworkError;
use kctl_kinds::Kind;

/// The port without a number.
const HTTP: u16 = 80;

/// What the name in a path says: `[SCHEME:]NAME[:PORT]` (`SplitSchemeNamePort`).
struct Target<'a> {
    scheme: &'a str,
    name: &'a str,
    port: &'a str,
}

impl<'a> Target<'a> {
    fn parse(text: &'a str) -> Option<Target<'a>> {
        let parts: Vec<&str> = text.split(':').collect();
        match *parts.as_slice() {
            [name] => Some(Target { scheme: "", name, port: "" }),
            [name, port] => Some(Target { scheme: "", name, port }),
            [scheme @ ("http" | "https"), name, port] => Some(Target { scheme, name, port }),
            _ => None,
        }
        .filter(|target| !target.name.is_empty())
    }
}

impl Server {
    /// Passes on an HTTP request.
    pub(super) fn proxy(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let Some(SessionCall::Forward(_, mut http)) = request.options.session.take().map(|call| *call) else {
            return Err(Status::bad_request("the request to pass on is missing"));
        };
        let what = if request.resource == "pods" { "pod" } else { "service" };
        let target = Target::parse(&request.name).ok_or_else(|| {
            Status::bad_request(format!("invalid {what} request {}", kctl_base::go::quote(&request.name)))
        })?;
        if target.scheme == "https" {
            return Err(Status::new(Reason::MethodNotAllowed, "a proxy over TLS is not simulated"));
        }
        let found = self.must_read(kind, &request.namespace, target.name)?;
        let (pod, port) = match what {
            "pod" => (found.clone(), pod_port(&found, target.port)),
            _ => self.endpoint(&found, target.port)?,
        };
        let address = pod.str("/status/podIP").to_owned();
        if address.is_empty() {
            return Err(Status::bad_request("address not allowed"));
        }
        http.headers.insert(0, ("Host".into(), format!("{address}:{port}")));
        let client = self.settings.installation.profile.node_address(0);
        let forward = self.backends.forward;
        let answer = match forward(self, &pod, port, &http, client, now)? {
            Ok(answer) => answer,
            Err(error) => return Err(unreachable(&address, port, error)),
        };
        Ok(Response { payload: Payload::Forwarded(Forwarded::Ok(answer)), ..Response::default() })
    }

    /// Returns a pod behind a port of a service, which is named or numbered, and the port of the pod.
    fn endpoint(&mut self, service: &Object, port: &str) -> Result<(Arc<Object>, u16)> {
        let name = service.name();
        let unavailable = |why: String| Status::new(Reason::ServiceUnavailable, why);
        let ports = service.list("/spec/ports");
        let port = match port.parse::<i64>() {
            Ok(number) => {
                let found = ports.iter().find(|port| port.int("/port") == Some(number));
                let missing = || unavailable(format!("no service port {number} found for service \"{name}\""));
                found.ok_or_else(missing)?.str("/name").to_owned()
            }
            Err(_) => port.to_owned(),
        };
        let ready = network::ready_endpoints(self, service, &port)?;
        let draw = self.ids.below("service proxy", service.uid(), self.revision(), u64::MAX);
        let count = u64::try_from(ready.len()).unwrap_or(u64::MAX).max(1);
        let chosen = usize::try_from(draw % count).ok().and_then(|index| ready.get(index));
        let none = || unavailable(format!("no endpoints available for service \"{name}\""));
        let (pod, port) = chosen.ok_or_else(none)?;
        let pod = self.read("pods", service.namespace(), pod)?.ok_or_else(none)?;
        Ok((pod, *port))
    }
}

/// Returns the port of a pod that a path names, or else the first one that its containers declare.
fn pod_port(pod: &Object, port: &str) -> u16 {
    let mut declared =
        pod.list("/spec/containers").iter().filter_map(|container| container.int("/ports/0/containerPort"));
    port.parse().ok().or_else(|| u16::try_from(declared.next()?).ok()).unwrap_or(HTTP)
}

/// The error of a connection that is not made (`proxyRoundTripper`).
fn unreachable(address: &str, port: u16, error: NetworkError) -> Status {
    let why = match error {
        NetworkError::Refused => format!("dial tcp {address}:{port}: connect: connection refused"),
        NetworkError::TimedOut => format!("dial tcp {address}:{port}: i/o timeout"),
        NetworkError::Unreachable => format!("dial tcp {address}:{port}: connect: no route to host"),
        NetworkError::Closed => "EOF".into(),
    };
    Status::new(Reason::ServiceUnavailable, format!("error trying to reach service: {why}"))
}
