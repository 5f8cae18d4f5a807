//! Probes that ask a server in the inside of a pod: `httpGet` and `tcpSocket` (`pkg/probe/http`, `pkg/probe/tcp`).
//!
//! Only where it is known what answers: a program that is not simulated is taken for healthy.

use std::net::Ipv4Addr;

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_container::{Image, NetworkError, Request, is_shell, simulates};

use super::{Inside, config};
use crate::api::Server;
use crate::controllers::kubelet::container_spec::ContainerSpec;
use crate::controllers::kubelet::probes::{DueProbe, ProbeOutcome};

/// The time after which a server that answers the same is expected to go on so.
const STEADY: Duration = Duration::from_secs(600);

/// Reports whether a probe asks a server.
pub(super) fn is_it(probe: &Value) -> bool {
    probe.at("/httpGet").is_some() || probe.at("/tcpSocket").is_some()
}

/// Reports whether it is known what answers in a container.
pub(super) fn is_known(pod: &Object, spec: ContainerSpec<'_>) -> bool {
    let command = spec.spec.list("/command").first().and_then(Value::as_str);
    let runs_simulated = |program: &str| {
        let name = program.rsplit('/').next().unwrap_or_default();
        is_shell(name) || simulates(name)
    };
    config::declares_http(pod, spec.name())
        || command.map_or_else(|| Image::is_known(spec.spec.str("/image")), runs_simulated)
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

impl Inside {
    /// Asks a server; `None` if it is not known what it answers.
    pub(super) fn ask(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        probe: &DueProbe<'_>,
    ) -> Option<ProbeOutcome> {
        if !config::declares_http(target.pod, spec.name()) && !self.world.knows_main(spec.name()) {
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
        let handler = probe.spec.at("/httpGet").or_else(|| probe.spec.at("/tcpSocket"))?;
        let port = port(spec.spec, handler.at("/port")?)?;
        let dial = format!("dial tcp {}:{port}: connect: connection refused", target.ip);
        if probe.spec.at("/httpGet").is_none() {
            return Some((!self.world.listens(port)).then_some(dial));
        }
        let request = request(handler, target.ip, port);
        let scheme = if handler.str("/scheme") == "HTTPS" { "https" } else { "http" };
        if scheme == "https" {
            return None;
        }
        let url = format!("{scheme}://{}:{port}{}", target.ip, request.target);
        let answer =
            self.outside(server, target.pod, |world, outside| world.serve(outside, port, &request, target.node));
        match answer {
            Ok(response) if (200..400).contains(&response.status) => Some(None),
            Ok(response) => Some(Some(format!("HTTP probe failed with statuscode: {}", response.status))),
            Err(NetworkError::Refused) => Some(Some(format!("Get \"{url}\": {dial}"))),
            Err(NetworkError::Closed) => Some(Some(format!("Get \"{url}\": EOF"))),
            Err(_) => None,
        }
    }
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
    use kctl_base::json::json;

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
