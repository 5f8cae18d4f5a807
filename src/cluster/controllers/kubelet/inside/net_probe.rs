//! Probes that ask a server in the inside of a pod: `httpGet`, `tcpSocket` and `grpc` (`pkg/probe/http`, `pkg/probe/tcp`,
//! `pkg/probe/grpc`).
//!
//! Only where it is known what answers: a program that is not simulated is taken for healthy.

use std::net::Ipv4Addr;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_container::{Health, Image, NetworkError, Request};

use super::{Inside, config, is_simulated};
use crate::api::Server;
use crate::controllers::kubelet::container_spec::ContainerSpec;
use crate::controllers::kubelet::host_ip;
use crate::controllers::kubelet::probes::{DueProbe, ProbeOutcome};

/// The time after which a server that answers the same is expected to go on so.
const STEADY: Duration = Duration::from_secs(600);

/// The end of the error of a client that expects TLS.
pub(super) const NOT_TLS: &str = "http: server gave HTTP response to HTTPS client";

/// The output of a `grpc` probe of a server that is not healthy.
const UNHEALTHY: &str = "service unhealthy (responded with \"NOT_SERVING\")";

/// Reports whether a probe asks a server.
pub(super) fn is_it(probe: &Value) -> bool {
    ["/httpGet", "/tcpSocket", "/grpc"].iter().any(|handler| probe.at(handler).is_some())
}

/// Reports whether it is known what answers in a container.
pub(super) fn is_known(pod: &Object, spec: ContainerSpec<'_>) -> bool {
    let command = spec.spec.list("/command").first().and_then(Value::as_str);
    let image = spec.spec.str("/image");
    config::declares_http(pod, spec.name())
        || command.map_or_else(|| Image::is_known(image), |program| is_simulated(image, program))
}

/// A pod that is probed.
pub(super) struct Target<'a> {
    pub(super) pod: &'a Object,
    /// Its address.
    pub(super) ip: &'a str,
    /// The address of its node, from which the kubelet asks.
    pub(super) node: Ipv4Addr,
    pub(super) now: Time,
}

impl<'a> Target<'a> {
    /// Finds out from where a pod is asked.
    pub(super) fn of(server: &mut Server, pod: &'a Object, ip: &'a str, now: Time) -> Result<Target<'a>, Status> {
        let node = server.read("nodes", "", pod.str("/spec/nodeName"))?.map(|node| host_ip(&node)).unwrap_or_default();
        Ok(Target { pod, ip, node: node.parse().unwrap_or(Ipv4Addr::LOCALHOST), now })
    }
}

impl Inside {
    /// Reports whether it is known what the servers of a container answer.
    pub(super) fn knows(&self, pod: &Object, spec: ContainerSpec<'_>) -> bool {
        config::declares_http(pod, spec.name()) || self.world.knows_main(spec.name())
    }

    /// Asks a server; `None` if it is not known what it answers.
    pub(super) fn ask(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        probe: &DueProbe<'_>,
    ) -> Option<ProbeOutcome> {
        if !self.knows(target.pod, spec) {
            return None;
        }
        let failure = self.failure_of(server, target, spec, probe)?;
        let next_change = match &failure {
            Some(_) => None,
            None => {
                // Some servers answer by the time.
                let mut later = self.clone();
                later.is_forecast = true;
                let outcome = later.run(server, target.pod, target.now + STEADY);
                let is_steady = later.failure_of(server, target, spec, probe) == Some(None);
                outcome.next.filter(|_| !is_steady).or((!is_steady).then_some(target.now))
            }
        };
        Some(ProbeOutcome { failure, next_change })
    }

    /// Returns the output of a failed probe: `Some(None)` for a success, `None` for an answer that is not known.
    fn failure_of(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        probe: &DueProbe<'_>,
    ) -> Option<Option<String>> {
        if let Some(handler) = probe.spec.at("/grpc") {
            return self.grpc_failure(server, target, spec, handler, probe.timeout);
        }
        if let Some(handler) = probe.spec.at("/tcpSocket") {
            let port = port(spec.spec, handler.at("/port")?)?;
            return Some((!self.world.listens(port)).then(|| refused(target.ip, port)));
        }
        match self.get(server, target, spec, probe.spec.at("/httpGet")?)? {
            Ok(status) if (200..400).contains(&status) => Some(None),
            Ok(status) => Some(Some(format!("HTTP probe failed with statuscode: {status}"))),
            Err(error) => Some(Some(error)),
        }
    }

    /// Sends the request of an `httpGet` handler; returns the status code of the answer or the error of the client, and `None`
    /// for an answer that is not known.
    pub(super) fn get(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        handler: &Value,
    ) -> Option<Result<u16, String>> {
        let port = port(spec.spec, handler.at("/port")?)?;
        let request = request(handler, target.ip, port);
        let is_tls = handler.str("/scheme") == "HTTPS";
        let url = format!("http{}://{}:{port}{}", if is_tls { "s" } else { "" }, target.ip, request.target);
        let error = |text: &str| Some(Err(format!("Get \"{url}\": {text}")));
        // A declared answer is that of both schemes.
        let is_declared = config::declares_http(target.pod, spec.name());
        let is_plain = is_tls && !is_declared && !self.world.expects_tls(port);
        // The client leaves off before it has sent the request.
        let mut copy = is_plain.then(|| self.clone());
        let inside = copy.as_mut().unwrap_or(self);
        let answer = inside.outside(server, target.pod, |world, outside| match is_tls && !is_plain {
            true => world.serve_tls(outside, port, &request, target.node),
            false => world.serve(outside, port, &request, target.node),
        });
        match answer {
            Ok(_) if is_plain => error(NOT_TLS),
            Ok(response) => Some(Ok(response.status)),
            Err(NetworkError::Refused) => error(&refused(target.ip, port)),
            Err(NetworkError::Closed) => error("EOF"),
            Err(_) => None,
        }
    }

    /// Returns the output of a failed `grpc` probe, as [`Inside::failure_of`].
    fn grpc_failure(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        handler: &Value,
        timeout: Duration,
    ) -> Option<Option<String>> {
        let port = u16::try_from(handler.int("/port")?).ok()?;
        if config::declares_http(target.pod, spec.name()) {
            let answer = self.get(server, target, spec, &json!({"port": port}))?;
            return Some((!answer.is_ok_and(|status| (200..400).contains(&status))).then(|| UNHEALTHY.to_owned()));
        }
        Some(match self.world.check_health(port, handler.str("/service")) {
            Ok(Health::Serving) => None,
            Ok(Health::NotServing) => Some(UNHEALTHY.to_owned()),
            Ok(Health::UnknownService) => {
                Some("error: health rpc probe failed: rpc error: code = NotFound desc = unknown service".to_owned())
            }
            // The client goes on trying to connect for as long as it may.
            Err(_) => Some(format!(
                "timeout: failed to connect service \"{}:{port}\" within {timeout}: context deadline exceeded",
                target.ip
            )),
        })
    }
}

fn refused(ip: &str, port: u16) -> String {
    format!("dial tcp {ip}:{port}: connect: connection refused")
}

/// Returns the number of a port, which may be the name of one of the container.
fn port(container: &Value, port: &Value) -> Option<u16> {
    let number = match port.as_str() {
        None => port.as_i64()?,
        Some(text) => match text.parse() {
            Ok(number) => number,
            Err(_) => container.list("/ports").iter().find(|p| p.str("/name") == text)?.int("/containerPort")?,
        },
    };
    u16::try_from(number).ok()
}

/// Creates the request of a probe (`NewRequestForHTTPGetAction`).
fn request(handler: &Value, ip: &str, port: u16) -> Request {
    let own: Vec<(String, String)> =
        handler.list("/httpHeaders").iter().map(|h| (h.str("/name").to_owned(), h.str("/value").to_owned())).collect();
    let mut headers = vec![("Host".to_owned(), format!("{ip}:{port}"))];
    for (name, value) in [("User-Agent", "kube-probe/1.36"), ("Accept", "*/*"), ("Connection", "close")] {
        if !own.iter().any(|(set, _)| set.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    headers.retain(|(name, _)| !own.iter().any(|(set, _)| set.eq_ignore_ascii_case(name)));
    headers.extend(own);
    let path = handler.str("/path");
    let target = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Request { method: "GET".into(), target, headers, body: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_or_names() {
        let container = json!({"ports": [{"name": "http", "containerPort": 8080}]});
        for (given, expected) in
            [(json!(80), Some(80)), (json!("http"), Some(8080)), (json!("90"), Some(90)), (json!("x"), None)]
        {
            assert_eq!(port(&container, &given), expected, "{given:?}");
        }
    }

    #[test]
    fn headers_of_the_probe_replace_the_usual_ones() {
        let handler =
            json!({"path": "healthz", "httpHeaders": [{"name": "Host", "value": "me"}, {"name": "X", "value": "y"}]});
        let request = request(&handler, "10.0.0.1", 80);
        assert_eq!(request.target, "/healthz");
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["User-Agent", "Accept", "Connection", "Host", "X"]);
    }
}
