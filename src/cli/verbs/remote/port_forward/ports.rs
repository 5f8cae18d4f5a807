//! The ports and addresses of a command line.
//!
//! Upstream: `kubectl/pkg/cmd/portforward/portforward.go`, `kubectl/pkg/util/{service,pod}_port.go` and
//! `client-go/tools/portforward`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{CliError, CliResult};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A local port and the port of the pod that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    /// 0 for a free one.
    pub(super) local: u16,
    pub(super) remote: u16,
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ip: IpAddr,
    /// It is enough if one of the addresses with this mark can be used, as for `localhost`.
    pub(super) is_one_of: bool,
}

/// The object that the command line names, which decides what a remote port means.
pub(super) enum Target<'a> {
    /// A port of the pod.
    Pod,
    /// A port of the service, which leads to one of the pod.
    Service(&'a Object),
}

impl Target<'_> {
    /// Reads `[LOCAL:]REMOTE`, in which both are numbers, or `REMOTE` a name.
    ///
    /// # Errors
    /// There is no such port, or it is none of TCP.
    pub(super) fn ports(&self, text: &str, pod: &Object) -> CliResult<Ports> {
        let (local, remote) = split(text);
        let number = match self {
            Target::Pod => pod_port(pod, remote)?,
            Target::Service(service) => service_port(service, pod, remote)?,
        };
        let local = match (local.filter(|local| *local != remote), self) {
            // Without a local port, that of the service is used.
            (None, Target::Service(service)) => named_service_port(service, remote)?,
            (None, Target::Pod) => number.clone(),
            (Some(""), _) => "0".into(),
            (Some(local), _) => local.to_owned(),
        };
        parse(&local, &number, text)
    }
}

/// Splits a text at its colon; there is no local port without one.
fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((local, remote)) => (Some(local), remote),
        None => (None, text),
    }
}

fn parse(local: &str, remote: &str, text: &str) -> CliResult<Ports> {
    if remote.contains(':') {
        return Err(CliError::new(format!("invalid port format '{text}'")));
    }
    let number = |which: &str, text: &str| {
        text.parse::<u16>().map_err(|_| {
            let why = match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
                true => "value out of range",
                false => "invalid syntax",
            };
            let why = format!("strconv.ParseUint: parsing {}: {why}", quote(text));
            CliError::new(format!("error parsing {which} port '{text}': {why}"))
        })
    };
    let ports = Ports { local: number("local", local)?, remote: number("remote", remote)? };
    match ports.remote {
        0 => Err(CliError::new("remote port must be > 0")),
        _ => Ok(ports),
    }
}

/// Returns the number of a port of a pod, as text: that of a name, or the text itself.
fn pod_port(pod: &Object, port: &str) -> CliResult<String> {
    let number = match port.parse::<i64>() {
        Ok(_) => port.to_owned(),
        Err(_) => named_pod_port(pod, port)?,
    };
    let ports: Vec<&Value> = container_ports(pod).collect();
    check_protocol(&number, &udp_only(&ports, "/containerPort"), port)?;
    Ok(number)
}

fn named_pod_port(pod: &Object, name: &str) -> CliResult<String> {
    let found = container_ports(pod).find(|port| port.str("/name") == name);
    let number = found.and_then(|port| port.int("/containerPort"));
    let missing = || CliError::new(format!("Pod '{}' does not have a named port '{name}'", pod.name()));
    number.map(|number| number.to_string()).ok_or_else(missing)
}

fn container_ports(pod: &Object) -> impl Iterator<Item = &Value> {
    let sidecars = pod.list("/spec/initContainers").iter();
    let sidecars = sidecars.filter(|container| container.str("/restartPolicy") == "Always");
    pod.list("/spec/containers").iter().chain(sidecars).flat_map(|container| container.list("/ports"))
}

/// Returns the number of the port of the pod to which a port of a service leads.
fn service_port(service: &Object, pod: &Object, port: &str) -> CliResult<String> {
    let number = named_service_port(service, port)?;
    let ports: Vec<&Value> = service.list("/spec/ports").iter().collect();
    check_protocol(&number, &udp_only(&ports, "/port"), port)?;
    let is_it = |spec: &Value| spec.int("/port").is_some_and(|own| own.to_string() == number);
    let Some(spec) = ports.iter().find(|spec| is_it(spec)) else {
        let name = service.name();
        return Err(CliError::new(format!("Service {name} does not have a service port {number}")));
    };
    if service.str("/spec/clusterIP") == "None" {
        return Ok(number);
    }
    match (spec.int("/targetPort"), spec.str("/targetPort")) {
        (Some(0), _) | (None, "") => Ok(number),
        (Some(target), _) => Ok(target.to_string()),
        (None, name) => named_pod_port(pod, name),
    }
}

fn named_service_port(service: &Object, port: &str) -> CliResult<String> {
    if port.parse::<i64>().is_ok() {
        return Ok(port.into());
    }
    let found = service.list("/spec/ports").iter().find(|spec| spec.str("/name") == port);
    let number = found.and_then(|spec| spec.int("/port"));
    let missing = || CliError::new(format!("Service '{}' does not have a named port '{port}'", service.name()));
    number.map(|number| number.to_string()).ok_or_else(missing)
}

/// Returns the numbers that only have ports of UDP.
fn udp_only(ports: &[&Value], field: &str) -> Vec<String> {
    let numbers = |is_udp: bool| {
        let of_kind = ports.iter().filter(move |port| (port.str("/protocol") == "UDP") == is_udp);
        of_kind.filter_map(|port| port.int(field)).map(|number| number.to_string()).collect::<Vec<_>>()
    };
    let others = numbers(false);
    numbers(true).into_iter().filter(|number| !others.contains(number)).collect()
}

fn check_protocol(number: &str, udp_only: &[String], written: &str) -> CliResult<()> {
    match udp_only.iter().any(|udp| udp == number) {
        true => Err(CliError::new(format!("UDP protocol is not supported for {written}"))),
        false => Ok(()),
    }
}

/// Reads `--address`, by default `localhost`, which is the loopback address of both families.
///
/// # Errors
/// A text that is no address.
pub(super) fn addresses(texts: &[String]) -> CliResult<Vec<Address>> {
    let mut addresses: Vec<Address> = Vec::new();
    let default = ["localhost".to_owned()];
    for text in if texts.is_empty() { &default[..] } else { texts } {
        let found = match text.as_str() {
            "localhost" => [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
                .map(|ip| Address { ip, is_one_of: true })
                .to_vec(),
            text => match text.parse() {
                Ok(ip) => vec![Address { ip, is_one_of: false }],
                Err(_) => return Err(CliError::new(format!("{text} is not a valid IP"))),
            },
        };
        for address in found {
            match addresses.iter_mut().find(|known| known.ip == address.ip) {
                Some(known) => known.is_one_of &= address.is_one_of,
                None => addresses.push(address),
            }
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn ports_are_numbers_or_names_of_the_pod_or_of_the_service() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {
            "containers": [{"ports": [{"name": "web", "containerPort": 8080},
                                      {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}],
            "initContainers": [{"restartPolicy": "Always", "ports": [{"name": "side", "containerPort": 9}]},
                               {"ports": [{"name": "init", "containerPort": 10}]}]}});
        let service = json!({"metadata": {"name": "s"}, "spec": {"clusterIP": "10.0.0.1", "ports": [
            {"name": "http", "port": 80, "targetPort": "web"}, {"name": "plain", "port": 81, "targetPort": 9000},
            {"name": "same", "port": 82}]}});
        let (pod, service) = (Object::from(pod), Object::from(service));
        let text = |target: &Target<'_>, text: &str| match target.ports(text, &pod) {
            Ok(Ports { local, remote }) => format!("{local} -> {remote}"),
            Err(error) => error.text(),
        };
        for (port, expected) in [
            ("8080", "8080 -> 8080"),
            ("80:8080", "80 -> 8080"),
            (":8080", "0 -> 8080"),
            ("web", "8080 -> 8080"),
            ("80:web", "80 -> 8080"),
            ("80:side", "80 -> 9"),
            ("80:init", "Pod 'p' does not have a named port 'init'"),
            ("80:dns", "UDP protocol is not supported for dns"),
            ("53", "UDP protocol is not supported for 53"),
            ("x:8080", "error parsing local port 'x': strconv.ParseUint: parsing \"x\": invalid syntax"),
            ("1:70000", "error parsing remote port '70000': strconv.ParseUint: parsing \"70000\": value out of range"),
            ("80:0", "remote port must be > 0"),
        ] {
            assert_eq!(text(&Target::Pod, port), expected, "{port}");
        }
        for (port, expected) in [
            ("8000:80", "8000 -> 8080"),
            ("80", "80 -> 8080"),
            ("http", "80 -> 8080"),
            (":plain", "0 -> 9000"),
            ("82", "82 -> 82"),
            ("83", "Service s does not have a service port 83"),
            ("1:none", "Service 's' does not have a named port 'none'"),
        ] {
            assert_eq!(text(&Target::Service(&service), port), expected, "{port}");
        }
    }

    #[test]
    fn the_local_host_has_an_address_of_each_family() {
        let texts = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
            addresses(&names).map(|all| all.iter().map(|a| format!("{} {}", a.ip, a.is_one_of)).collect::<Vec<_>>())
        };
        assert_eq!(texts(&[]).expect("addresses"), ["127.0.0.1 true", "::1 true"]);
        assert_eq!(
            texts(&["10.0.0.1", "localhost", "127.0.0.1"]).expect("addresses"),
            ["10.0.0.1 false", "127.0.0.1 false", "::1 true"]
        );
        assert_eq!(texts(&["web"]).map_err(|e| e.text()), Err("web is not a valid IP".into()));
    }
}
