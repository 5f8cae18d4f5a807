//! `create service clusterip`, `nodeport`, `loadbalancer` and `externalname`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_service.go`.

use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Stream, Verb};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;
use kctl_kinds::shared::formats;

/// The `create service` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "service",
    aliases: &["svc"],
    about: "Create a service using a specified subcommand",
    long: "Create a service using a specified subcommand.",
    examples: &[],
    usage: "[flags]",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[
        Verb {
            name: "clusterip",
            aliases: &[],
            about: "Create a ClusterIP service",
            long: "Create a ClusterIP service with the given name.",
            examples: &[
                ("Create a ClusterIP service", "create service clusterip web --tcp=5678:8080"),
                ("Create a headless service", "create service clusterip peers --clusterip=\"None\""),
            ],
            usage: "NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]",
            flags: |c| {
                tcp(generator::flags(c)).arg(args::text(
                    "clusterip",
                    "IP address of the service in the cluster; empty chooses one, None creates a headless service.",
                ))
            },
            run: |ctx, matches| generator::run(ctx, matches, &CLUSTER_IP),
            family: &[],
        },
        Verb {
            name: "externalname",
            aliases: &[],
            about: "Create an ExternalName service",
            long: "Create an ExternalName service with the given name.

 Such a service refers to a DNS name instead of pods, so that clients in the cluster need not know that something \
    runs outside.",
            examples: &[(
                "Create an ExternalName service",
                "create service externalname db --external-name db.example.com",
            )],
            usage: "NAME --external-name external.name [--dry-run=server|client|none]",
            flags: |c| {
                tcp(generator::flags(c))
                    .arg(args::text("external-name", "DNS name that the service refers to.").required(true))
            },
            run: |ctx, matches| generator::run(ctx, matches, &EXTERNAL_NAME),
            family: &[],
        },
        Verb {
            name: "loadbalancer",
            aliases: &[],
            about: "Create a LoadBalancer service",
            long: "Create a LoadBalancer service with the given name.",
            examples: &[("Create a LoadBalancer service", "create service loadbalancer shop --tcp=5678:8080")],
            usage: "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]",
            flags: |c| tcp(generator::flags(c)),
            run: |ctx, matches| generator::run(ctx, matches, &LOAD_BALANCER),
            family: &[],
        },
        Verb {
            name: "nodeport",
            aliases: &[],
            about: "Create a NodePort service",
            long: "Create a NodePort service with the given name.",
            examples: &[("Create a NodePort service", "create service nodeport front --tcp=5678:8080")],
            usage: "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]",
            flags: |c| tcp(generator::flags(c)).arg(args::number("node-port", "Port of the service on every node.")),
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
        let address = matches.string("clusterip");
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
        let outside = matches.string("external-name");
        if !formats::dns_subdomain_problems(outside).is_empty() {
            return Err(CliError::new(format!("invalid service external name {outside}")));
        }
        let mut service = service(name, "ExternalName", ports(matches)?);
        service.put("/spec/externalName", matches.string("external-name"));
        Ok(service)
    },
};

fn tcp(command: Command) -> Command {
    command.arg(args::list("tcp", "Port pair in the form <port>:<targetPort>; can be repeated."))
}

fn no_ports() -> CliError {
    CliError::new("at least one tcp port specifier must be provided")
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

/// Parses `80`, `80:8080` or `80:http`. Text after a second colon only becomes part of the name of the port.
fn port(text: &str) -> CliResult<Value> {
    let mut parts = text.split(':');
    let number = source_port(parts.next().unwrap_or_default())?;
    let target = parts.next().map_or(Ok(number.into()), target_port)?;
    Ok(json!({"name": text.replace(':', "-"), "port": number, "protocol": "TCP", "targetPort": target}))
}

/// Parses a port number of 16 bits.
fn source_port(text: &str) -> CliResult<u16> {
    let wrong = |why: &str| CliError::new(format!("strconv.ParseUint: parsing {}: {why}", quote(text)));
    match text.parse::<u128>() {
        Ok(number) => u16::try_from(number).map_err(|_| wrong("value out of range")),
        Err(_) => Err(wrong("invalid syntax")),
    }
}

/// Parses the number or the name of a container port.
fn target_port(text: &str) -> CliResult<Value> {
    let problems = match text.parse::<i64>() {
        Ok(number) => formats::port_problems(number),
        Err(_) => formats::port_name_problems(text),
    };
    match problems.is_empty() {
        true => Ok(text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)),
        false => Err(CliError::new(problems.join(","))),
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
        let error = port("http:80").map_err(|e| e.message());
        assert_eq!(error, Err("error: strconv.ParseUint: parsing \"http\": invalid syntax\n".into()));
        let error = |text: &str| port(text).map_err(|e| e.message()).err().unwrap_or_default();
        assert_eq!(error("70000"), "error: strconv.ParseUint: parsing \"70000\": value out of range\n");
        assert_eq!(error("80:70000"), "error: must be between 1 and 65535, inclusive\n");
        assert!(error("80:WEB").starts_with("error: must contain only alpha-numeric characters"));
        assert_eq!(port("80:90:7").ok().map(|p| p["targetPort"].clone()), Some(json!(90)));
    }
}
