//! `resolve`: what the cluster's DNS answers, asked from a pod of the namespace.
//!
//! Names of services, of pods behind headless services and of addresses, forwards and backwards. Names outside of the cluster
//! are not looked up: there is no network.

use clap::{ArgMatches, Command};
use serde_json::Value;

use crate::api::Request;
use crate::cli::args::{self, Matches, groups};
use crate::cli::{CliError, CliResult, Ctx, Verb};
use crate::machinery::object::{Meta, Reading};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "resolve",
    aliases: &[],
    about: "Ask the cluster's DNS for a name or an address",
    args: flags,
    run,
    family: &[],
};

/// The domain of the cluster.
const DOMAIN: &str = "cluster.local";
/// How long an answer may be kept, in seconds.
const TTL: u32 = 30;

fn flags(command: Command) -> Command {
    groups::words(command).arg(args::text("type", "the type of records: A (default), SRV, CNAME or PTR"))
}

/// One record: name, type, value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record(String, &'static str, String);

/// What a name stands for.
enum Answer {
    /// There is no such name.
    Unknown,
    /// The name is there, with these records.
    Records(Vec<Record>),
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let [name] = words.as_slice() else {
        return Err(ctx.usage("resolve", "exactly one name or address is required"));
    };
    let reverse = name.parse::<std::net::Ipv4Addr>().ok();
    let kind = match matches.value("type").to_uppercase().as_str() {
        "" if reverse.is_some() => "PTR",
        "" | "A" => "A",
        "SRV" => "SRV",
        "CNAME" => "CNAME",
        "PTR" => "PTR",
        other => return Err(CliError::text(format!("unknown type {other}: use A, SRV, CNAME or PTR"))),
    };
    let names = match reverse {
        Some(address) => {
            let [a, b, c, d] = address.octets();
            vec![format!("{d}.{c}.{b}.{a}.in-addr.arpa")]
        }
        None => candidates(name, &ctx.namespace()),
    };
    for candidate in names {
        match lookup(ctx, &candidate)? {
            Answer::Unknown => {}
            Answer::Records(records) => {
                // An alias answers for every type.
                let found: Vec<&Record> = records.iter().filter(|r| r.1 == kind || r.1 == "CNAME").collect();
                if found.is_empty() {
                    return Err(CliError::text(format!("{candidate} has no records of type {kind}")));
                }
                for Record(name, kind, value) in found {
                    ctx.say(format!("{name}.\t{TTL}\tIN\t{kind}\t{value}"));
                }
                return Ok(());
            }
        }
    }
    Err(CliError::text(format!("{name}: NXDOMAIN, there is no such name in the cluster")))
}

/// The names that a pod's resolver tries, in order.
fn candidates(name: &str, namespace: &str) -> Vec<String> {
    if let Some(absolute) = name.strip_suffix('.') {
        return vec![absolute.to_lowercase()];
    }
    let name = name.to_lowercase();
    let searched = [format!("{namespace}.svc.{DOMAIN}"), format!("svc.{DOMAIN}"), DOMAIN.to_string()];
    let mut names: Vec<String> = searched.iter().map(|domain| format!("{name}.{domain}")).collect();
    // Five dots or more: first as it stands.
    let at = if name.matches('.').count() >= 5 { 0 } else { names.len() };
    names.insert(at, name);
    names
}

fn lookup(ctx: &mut Ctx, name: &str) -> CliResult<Answer> {
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa") {
        let address: Vec<&str> = reversed.split('.').rev().collect();
        return reverse(ctx, name, &address.join("."));
    }
    let Some(inner) = name.strip_suffix(&format!(".{DOMAIN}")) else { return Ok(Answer::Unknown) };
    let labels: Vec<&str> = inner.split('.').collect();
    match labels.as_slice() {
        [address, _, "pod"] => {
            let dotted = address.replace('-', ".");
            Ok(match dotted.parse::<std::net::Ipv4Addr>() {
                Ok(_) => Answer::Records(vec![Record(name.into(), "A", dotted)]),
                Err(_) => Answer::Unknown,
            })
        }
        [host @ .., service, namespace, "svc"] => {
            let Some(service) = ctx.cluster()?.server().read("services", namespace, service)? else {
                return Ok(Answer::Unknown);
            };
            let endpoints = endpoints(ctx, namespace, service.name())?;
            Ok(of_service(name, host, &service, &endpoints))
        }
        _ => Ok(Answer::Unknown),
    }
}

/// An address behind a service that takes traffic, with the ports it has.
#[derive(Clone, Debug)]
struct Endpoint {
    address: String,
    /// Its own name, or its address with dashes.
    host: String,
    /// Name, protocol in lower case, number.
    ports: Vec<(String, String, i64)>,
}

/// The ready addresses of a service.
fn endpoints(ctx: &mut Ctx, namespace: &str, service: &str) -> CliResult<Vec<Endpoint>> {
    let list = Request::list("endpointslices.discovery.k8s.io", namespace)
        .labels(&format!("kubernetes.io/service-name={service}"));
    let mut found = Vec::new();
    for slice in ctx.call(&list)?.items {
        for endpoint in
            slice.list("/endpoints").iter().filter(|e| e.pointer("/conditions/ready") != Some(&false.into()))
        {
            for address in endpoint.list("/addresses").iter().filter_map(Value::as_str) {
                let host = match endpoint.str("/hostname") {
                    "" => address.replace('.', "-"),
                    own => own.to_string(),
                };
                found.push(Endpoint { address: address.into(), host, ports: ports(slice.list("/ports")) });
            }
        }
    }
    Ok(found)
}

fn ports(list: &[Value]) -> Vec<(String, String, i64)> {
    let port = |p: &Value| (p.str("/name").into(), p.str("/protocol").to_lowercase(), p.int("/port").unwrap_or(0));
    list.iter().map(port).collect()
}

/// The records of a service, or of the host or port that stands before its name.
fn of_service(name: &str, host: &[&str], service: &Value, endpoints: &[Endpoint]) -> Answer {
    let own = format!("{}.{}.svc.{DOMAIN}", service.name(), service.namespace());
    let record = |kind, value: String| Record(name.to_string(), kind, value);
    let external = service.str("/spec/externalName");
    if service.str("/spec/type") == "ExternalName" && host.is_empty() {
        return Answer::Records(vec![record("CNAME", format!("{external}."))]);
    }
    let address = service.str("/spec/clusterIP");
    let headless = address == "None";
    let records: Vec<Record> = match host {
        [] if headless => endpoints.iter().map(|e| record("A", e.address.clone())).collect(),
        [] => vec![record("A", address.to_string())],
        [port, protocol] if port.starts_with('_') && protocol.starts_with('_') => {
            let is = |p: &&(String, String, i64)| p.0 == port[1..] && p.1 == protocol[1..];
            let own_ports = ports(service.list("/spec/ports"));
            let targets: Vec<(i64, String)> = match headless {
                true => endpoints
                    .iter()
                    .filter_map(|e| Some((e.ports.iter().find(is)?.2, format!("{}.{own}.", e.host))))
                    .collect(),
                false => own_ports.iter().filter(is).map(|p| (p.2, format!("{own}."))).collect(),
            };
            let weight = 100 / i64::try_from(targets.len()).unwrap_or(1).max(1);
            targets.into_iter().map(|(port, target)| record("SRV", format!("0 {weight} {port} {target}"))).collect()
        }
        [one] if headless => {
            endpoints.iter().filter(|e| e.host == *one).map(|e| record("A", e.address.clone())).collect()
        }
        _ => Vec::new(),
    };
    match records.is_empty() {
        // A headless service without pods has no addresses and no name.
        true => Answer::Unknown,
        false => Answer::Records(records),
    }
}

/// The names of an address.
fn reverse(ctx: &mut Ctx, name: &str, address: &str) -> CliResult<Answer> {
    let mut names = Vec::new();
    for service in ctx.cluster()?.server().read_all("services", None)? {
        let own = format!("{}.{}.svc.{DOMAIN}.", service.name(), service.namespace());
        if service.str("/spec/clusterIP") == address {
            names.push(own);
            continue;
        }
        for endpoint in endpoints(ctx, service.namespace(), service.name())? {
            if endpoint.address == address {
                names.push(format!("{}.{own}", endpoint.host));
            }
        }
    }
    Ok(match names.is_empty() {
        true => Answer::Unknown,
        false => Answer::Records(names.into_iter().map(|n| Record(name.into(), "PTR", n)).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(host: &[&str], service: &Value) -> String {
        let web = |host: &str, address: &str| Endpoint {
            address: address.into(),
            host: host.into(),
            ports: vec![("http".into(), "tcp".into(), 8080)],
        };
        let endpoints = [web("web-0", "10.244.1.2"), web("10-244-2-3", "10.244.2.3")];
        match of_service("q", host, service, &endpoints) {
            Answer::Unknown => "NXDOMAIN".into(),
            Answer::Records(records) => {
                records.iter().map(|r| format!("{} {}", r.1, r.2)).collect::<Vec<_>>().join(", ")
            }
        }
    }

    #[test]
    fn services_have_names() {
        let service = |spec: Value| json!({"metadata": {"name": "web", "namespace": "x"}, "spec": spec});
        let ports = json!([{"name": "http", "protocol": "TCP", "port": 80}]);
        let plain = service(json!({"clusterIP": "10.96.0.7", "ports": ports}));
        let headless = service(json!({"clusterIP": "None", "ports": ports}));
        let external = service(json!({"type": "ExternalName", "externalName": "example.com"}));
        let cases = [
            (vec![], &plain, "A 10.96.0.7"),
            (vec!["_http", "_tcp"], &plain, "SRV 0 100 80 web.x.svc.cluster.local."),
            (vec!["web-0"], &plain, "NXDOMAIN"),
            (vec![], &headless, "A 10.244.1.2, A 10.244.2.3"),
            (vec!["web-0"], &headless, "A 10.244.1.2"),
            (
                vec!["_http", "_tcp"],
                &headless,
                "SRV 0 50 8080 web-0.web.x.svc.cluster.local., SRV 0 50 8080 10-244-2-3.web.x.svc.cluster.local.",
            ),
            (vec![], &external, "CNAME example.com."),
        ];
        for (host, service, expected) in cases {
            assert_eq!(answer(&host, service), expected);
        }
    }

    #[test]
    fn short_names_are_searched_for() {
        assert_eq!(candidates("web", "x")[0], "web.x.svc.cluster.local");
        assert_eq!(candidates("Web.x.svc.cluster.local.", "y"), ["web.x.svc.cluster.local"]);
    }
}
