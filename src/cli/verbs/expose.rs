//! `expose`: creates a service for a workload or another service.
//!
//! Upstream: `kubectl/pkg/cmd/expose/expose.go`.

use std::collections::BTreeMap;

use clap::{ArgMatches, Command};

use super::creation::{self, Creation};
use super::overrides;
use super::targets::{self, Source};
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::field::quote;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

/// The `expose` verb.
pub(super) const VERB: Verb = Verb {
    name: "expose",
    aliases: &[],
    about: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    long: "Expose a workload or a service as a new service.

 The selector of a deployment, service, replica set, replication controller or pod becomes the selector of the \
    new service. A deployment or replica set can be exposed only if its selector has labels alone. Without --port \
    the ports of the workload are used, and without --labels its labels.

 Possible types include (case insensitive): pod (po), service (svc), replicationcontroller (rc), deployment \
    (deploy), replicaset (rs).",
    examples: &[
        (
            "Serve a deployment on port 80 and connect to port 8000 of its containers",
            "expose deployment web --port=80 --target-port=8000",
        ),
        ("Create a service for a pod under another name", "expose pod web-0 --port=444 --name=front"),
        (
            "Create a second service in front of a service",
            "expose service web --port=443 --target-port=8443 --name=web-https",
        ),
        ("Create a service for UDP", "expose deployment stream --port=4100 --protocol=UDP --name=video"),
    ],
    usage: "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = overrides::flags(groups::record(groups::files(creation::flags(command, "kubectl-expose"))));
    command
        .arg(args::text("port", "Port of the service. Defaults to the ports of the exposed object."))
        .arg(args::text("target-port", "Name or number of the container port to direct traffic to."))
        .arg(args::text("protocol", "Protocol of the service. One of: (TCP, UDP, SCTP). Defaults to TCP."))
        .arg(args::text(
            "type",
            "Type of the service. One of: (ClusterIP, NodePort, LoadBalancer, ExternalName). Defaults to ClusterIP.",
        ))
        .arg(args::text("name", "Name of the service. Defaults to the name of the exposed object."))
        .arg(args::text("selector", "Label selector of the service. Defaults to the one of the exposed object."))
        .arg(
            args::text(
                "labels",
                "Labels of the service, key=value separated by commas. Defaults to those of the exposed object.",
            )
            .short('l'),
        )
        .arg(args::text("external-ip", "External IP address of the service."))
        .arg(args::text("load-balancer-ip", "IP address of the load balancer."))
        .arg(args::text("cluster-ip", "IP address of the service in the cluster; None creates a headless service."))
        .arg(args::text("session-affinity", "Session affinity of the service. One of: (None, ClientIP)."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_typed_report(matches)?;
    // Here --selector is the selector of the new service, not a filter of objects.
    let selection = Selection { labels: String::new(), typed: true, ..Selection::from_matches(ctx, matches) };
    let resolved = resolve(ctx, &selection)?;
    let (targets, mut errors) = targets::load_typed(ctx, resolved, Source::Files);
    let manager = groups::read_manager(matches, "kubectl-expose");
    let creation = Creation { manager: &manager, dry_run, save_config: matches.flag("save-config"), validation: None };
    let mut derived = Derived::read(matches);
    for target in &targets {
        let made = derived.service(matches, &target.object).and_then(|s| overrides::apply(s, matches)).and_then(
            |mut service| {
                record::annotate(&mut service, cause.as_deref());
                creation.create(ctx, service)
            },
        );
        let result = made.and_then(|s| output.report(ctx, &s, &targets::label_of(&s), "exposed", dry_run));
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// The values of flags that default to those of an object. As in kubectl, those of the first object are used for the others,
/// too.
#[derive(Default)]
struct Derived {
    selector: String,
    /// A port, or several separated by commas.
    port: String,
    /// The ports of an object that has several; they take precedence.
    ports: String,
    labels: String,
}

impl Derived {
    /// Reads the flags.
    fn read(matches: &ArgMatches) -> Derived {
        let flag = |name: &str| matches.string(name).to_string();
        Derived { selector: flag("selector"), port: flag("port"), ports: String::new(), labels: flag("labels") }
    }

    /// Builds the service of an object.
    fn service(&mut self, matches: &ArgMatches, object: &Value) -> CliResult<Value> {
        let kind = object.kind();
        if !["Deployment", "Pod", "ReplicaSet", "ReplicationController", "Service"].contains(&kind) {
            let (group, _) = split_api_version(object.api_version());
            let kind = if group.is_empty() { kind.to_string() } else { format!("{kind}.{group}") };
            return Err(CliError::new(format!("cannot expose a {kind}")));
        }
        self.complete(object, matches.string("cluster-ip") == "None")?;
        let selector = pairs(&self.selector)?;
        let labels = if self.labels.is_empty() { BTreeMap::new() } else { pairs(&self.labels)? };
        let name = match matches.string("name") {
            "" => object.name().chars().take(NAME_LENGTH).collect(),
            name => name.to_string(),
        };
        let ports = if self.ports.is_empty() { &self.port } else { &self.ports };
        let mut service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": selector},
        });
        if !labels.is_empty() {
            service.put("/metadata/labels", json!(labels));
        }
        if !ports.is_empty() {
            service.put("/spec/ports", service_ports(matches, &protocols_of(object), ports)?);
        }
        put_flags(matches, &mut service)?;
        Ok(service)
    }

    /// Takes from an object what no flag says.
    fn complete(&mut self, object: &Value, headless: bool) -> CliResult<()> {
        let join = |map: BTreeMap<String, String>| {
            map.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
        };
        if self.selector.is_empty() {
            let selector = selector_of(object).map_err(|why| {
                CliError::new(format!("couldn't retrieve selectors via --selector flag or introspection: {why}"))
            })?;
            self.selector = join(selector);
        }
        if self.port.is_empty() {
            let mut ports: Vec<String> = Vec::new();
            for (port, _) in protocols_of(object) {
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
            match ports.as_slice() {
                [] if headless => {}
                [] => return Err(CliError::new("couldn't find port via --port flag or introspection")),
                [port] => self.port.clone_from(port),
                several => self.ports = several.join(","),
            }
        }
        if self.labels.is_empty() {
            self.labels = join(object.labels());
        }
        Ok(())
    }
}

/// The length to which the name of an object is cut for its service.
const NAME_LENGTH: usize = 63;

/// Writes the flags about the service itself.
fn put_flags(matches: &ArgMatches, service: &mut Value) -> CliResult<()> {
    let given = |name: &str| Some(matches.string(name)).filter(|value| !value.is_empty());
    if let Some(address) = given("external-ip") {
        service.put("/spec/externalIPs", json!([address]));
    }
    if let Some(affinity) = given("session-affinity").filter(|affinity| !["None", "ClientIP"].contains(affinity)) {
        return Err(CliError::new(format!("unknown session affinity: {affinity}")));
    }
    let load_balancer_ip = given("load-balancer-ip").filter(|_| given("type") == Some("LoadBalancer"));
    for (value, field) in [
        (given("type"), "/spec/type"),
        (load_balancer_ip, "/spec/loadBalancerIP"),
        (given("cluster-ip"), "/spec/clusterIP"),
        (given("session-affinity"), "/spec/sessionAffinity"),
    ] {
        if let Some(value) = value {
            service.put(field, value);
        }
    }
    Ok(())
}

/// Parses `a=b,c=d`.
fn pairs(text: &str) -> CliResult<BTreeMap<String, String>> {
    let pair = |part: &str| match part.split('=').collect::<Vec<_>>().as_slice() {
        ["", _] => Err(CliError::new("unexpected empty label key")),
        [key, value] => Ok((key.to_string(), value.to_string())),
        _ => Err(CliError::new(format!("unexpected label spec: {part}"))),
    };
    text.split(',').map(pair).collect()
}

/// The labels that select the pods of an object.
fn selector_of(object: &Value) -> Result<BTreeMap<String, String>, String> {
    let (found, nothing) = match object.kind() {
        "Pod" => (object.labels(), "the pod has no labels and cannot be exposed"),
        "Service" => (object.strings("/spec/selector"), "the service has no pod selector set"),
        "ReplicationController" => {
            (object.strings("/spec/selector"), "the replication controller has no pod selector set")
        }
        _ => {
            if !object.list("/spec/selector/matchExpressions").is_empty() {
                let expressions = kctl_base::json::to_compact(&object["spec"]["selector"]["matchExpressions"]);
                return Err(format!(
                    "couldn't convert expressions - {} to map-based selector format",
                    quote(&expressions)
                ));
            }
            (
                object.strings("/spec/selector/matchLabels"),
                "invalid deployment: no selectors, therefore cannot be exposed",
            )
        }
    };
    if found.is_empty() { Err(nothing.into()) } else { Ok(found) }
}

/// The ports of an object's containers or of a service: number and protocol.
fn protocols_of(object: &Value) -> Vec<(String, String)> {
    let protocol = |port: &Value| match port.str("/protocol") {
        "" => "TCP".to_string(),
        other => other.to_string(),
    };
    let number = |port: &Value, field: &str| port.int(field).unwrap_or(0).to_string();
    if object.kind() == "Service" {
        return object.list("/spec/ports").iter().map(|p| (number(p, "/port"), protocol(p))).collect();
    }
    let spec = if object.kind() == "Pod" { "/spec" } else { "/spec/template/spec" };
    let containers = object.list(&format!("{spec}/containers")).iter();
    containers.flat_map(|c| c.list("/ports")).map(|p| (number(p, "/containerPort"), protocol(p))).collect()
}

/// Builds the ports of a service. A port has the protocols that the object has for it, unless a flag names one.
fn service_ports(matches: &ArgMatches, own: &[(String, String)], ports: &str) -> CliResult<Vec<Value>> {
    let ports: Vec<&str> = ports.split(',').collect();
    let mut entries = Vec::new();
    for (index, text) in ports.iter().enumerate() {
        let port: i64 = text
            .parse()
            .map_err(|_| CliError::new(format!("strconv.Atoi: parsing {}: invalid syntax", quote(text))))?;
        let target: Value = match matches.string("target-port") {
            "" => port.into(),
            target => target.parse::<i64>().map_or_else(|_| target.into(), Value::from),
        };
        let known: Vec<&str> = own.iter().filter(|(p, _)| p == text).map(|(_, protocol)| protocol.as_str()).collect();
        let protocols = match (matches.string("protocol"), known.as_slice()) {
            ("", []) => vec!["TCP"],
            ("", known) => known.to_vec(),
            (given, _) => vec![given],
        };
        for protocol in &protocols {
            let mut entry = json!({"port": port, "protocol": protocol, "targetPort": target.clone()});
            if protocols.len() > 1 {
                entry["name"] = format!("port-{}-{}", index + 1, protocol.to_lowercase()).into();
            } else if ports.len() > 1 {
                entry["name"] = format!("port-{}", index + 1).into();
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_and_ports_come_from_the_object() {
        let deployment = json!({"kind": "Deployment", "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]}]}},
        }});
        assert_eq!(selector_of(&deployment), Ok(BTreeMap::from([("app".to_string(), "web".to_string())])));
        let expected = [("80".to_string(), "TCP".to_string()), ("53".to_string(), "UDP".to_string())];
        assert_eq!(protocols_of(&deployment), expected);
        assert!(selector_of(&json!({"kind": "Pod", "metadata": {}})).is_err());
    }
}
