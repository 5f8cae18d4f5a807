//! `create service clusterip|nodeport|loadbalancer|externalname`.

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use super::generator::{self, Generator};
use crate::cli::args::{self, Matches};
use crate::cli::{CliError, CliResult, Verb, help};
use crate::machinery::object::Writing;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "service",
    aliases: &["svc"],
    about: "Create a service using a specified subcommand",
    args: |c| c,
    run: |ctx, _| {
        Err(help::family(ctx, "create service", "Create a service using a specified subcommand.", VERB.family))
    },
    family: &[
        Verb {
            name: "clusterip",
            aliases: &[],
            about: "Create a ClusterIP service",
            args: |c| tcp(generator::flags(c)).arg(args::text("clusterip", "an address to ask for, or None")),
            run: |ctx, matches| generator::run(ctx, matches, &CLUSTER_IP),
            family: &[],
        },
        Verb {
            name: "externalname",
            aliases: &[],
            about: "Create an ExternalName service",
            args: |c| tcp(generator::flags(c)).arg(args::text("external-name", "the name outside of the cluster")),
            run: |ctx, matches| generator::run(ctx, matches, &EXTERNAL_NAME),
            family: &[],
        },
        Verb {
            name: "loadbalancer",
            aliases: &[],
            about: "Create a LoadBalancer service",
            args: |c| tcp(generator::flags(c)),
            run: |ctx, matches| generator::run(ctx, matches, &LOAD_BALANCER),
            family: &[],
        },
        Verb {
            name: "nodeport",
            aliases: &[],
            about: "Create a NodePort service",
            args: |c| tcp(generator::flags(c)).arg(args::number("node-port", "the port on every node")),
            run: |ctx, matches| generator::run(ctx, matches, &NODE_PORT),
            family: &[],
        },
    ],
};

const CLUSTER_IP: Generator = Generator {
    path: "create service clusterip",
    failed: "failed to create ClusterIP service: ",
    build: |_, matches, name| {
        let mut ports = ports(matches)?;
        let address = matches.value("clusterip");
        if ports.is_empty() && address != "None" {
            return Err(no_ports());
        }
        let mut service = service(name, "ClusterIP", std::mem::take(&mut ports));
        if !address.is_empty() {
            service.put("/spec/clusterIP", address);
        }
        Ok(service)
    },
};

const NODE_PORT: Generator = Generator {
    path: "create service nodeport",
    failed: "failed to create NodePort service: ",
    build: |_, matches, name| {
        let mut ports = ports(matches)?;
        if ports.is_empty() {
            return Err(no_ports());
        }
        if let Some(port) = matches.int("node-port").filter(|p| *p != 0) {
            for entry in &mut ports {
                entry.put("/nodePort", port);
            }
        }
        Ok(service(name, "NodePort", ports))
    },
};

const LOAD_BALANCER: Generator = Generator {
    path: "create service loadbalancer",
    failed: "failed to create LoadBalancer service: ",
    build: |_, matches, name| {
        let ports = ports(matches)?;
        if ports.is_empty() {
            return Err(no_ports());
        }
        Ok(service(name, "LoadBalancer", ports))
    },
};

const EXTERNAL_NAME: Generator = Generator {
    path: "create service externalname",
    failed: "failed to create ExternalName service: ",
    build: |_, matches, name| {
        generator::required(matches, &["external-name"])?;
        let mut service = service(name, "ExternalName", ports(matches)?);
        service.put("/spec/externalName", matches.value("external-name"));
        Ok(service)
    },
};

fn tcp(command: Command) -> Command {
    command.arg(args::list("tcp", "a port, or PORT:TARGETPORT"))
}

fn no_ports() -> CliError {
    CliError::text("at least one tcp port specifier must be provided")
}

fn service(name: &str, kind: &str, ports: Vec<Value>) -> Value {
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"labels": {"app": name}, "name": name},
        "spec": {"selector": {"app": name}, "type": kind},
        "status": {"loadBalancer": {}},
    });
    if !ports.is_empty() {
        service.put("/spec/ports", ports);
    }
    service
}

fn ports(matches: &ArgMatches) -> CliResult<Vec<Value>> {
    matches.values("tcp").iter().map(|text| port(text)).collect()
}

/// `80`, `80:8080`, `80:http`.
fn port(text: &str) -> CliResult<Value> {
    let (port, target) = text.split_once(':').map_or((text, None), |(p, t)| (p, Some(t)));
    let number = whole(port)?;
    let target: Value = match target {
        None => number.into(),
        Some(t) if t.bytes().all(|c| c.is_ascii_digit()) => whole(t)?.into(),
        Some(t) => t.into(),
    };
    Ok(json!({"name": text.replace(':', "-"), "port": number, "protocol": "TCP", "targetPort": target}))
}

fn whole(text: &str) -> CliResult<u32> {
    let quoted = crate::machinery::field::quote(text);
    match text.parse::<u64>() {
        Ok(number @ 0..=0x7fff_ffff) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        Ok(_) => Err(CliError::text(format!("strconv.ParseUint: parsing {quoted}: value out of range"))),
        Err(_) => Err(CliError::text(format!("strconv.ParseUint: parsing {quoted}: invalid syntax"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_named_after_themselves() {
        assert_eq!(port("443").ok(), Some(json!({"name": "443", "port": 443, "protocol": "TCP", "targetPort": 443})));
        assert_eq!(
            port("80:web").ok(),
            Some(json!({"name": "80-web", "port": 80, "protocol": "TCP", "targetPort": "web"}))
        );
        let error = port("http:80").map_err(|e| e.message(""));
        assert_eq!(error, Err("error: strconv.ParseUint: parsing \"http\": invalid syntax\n".into()));
    }
}
