//! `create ingress`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_ingress.go`.

use clap::ArgMatches;

use super::generator::{self, Generator};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;

/// The `create ingress` verb.
pub(super) const VERB: Verb = Verb {
    name: "ingress",
    aliases: &["ing"],
    about: "Create an ingress with the specified name",
    long: "Create an ingress with the given name.",
    examples: &[
        (
            "Route one path to a service, with TLS",
            "create ingress simple --rule='shop.example.com/bar=svc1:8080,tls=my-cert'",
        ),
        (
            "Route all paths to a service, in the ingress class 'nginx'",
            "create ingress catch-all --class=nginx --rule='/path=svc:port'",
        ),
        (
            "Add annotations",
            "create ingress annotated --class=default --rule='shop.example.com/bar=svc:port' --annotation=team=web --annotation=level=gold",
        ),
        (
            "Route everything else to a default backend",
            "create ingress fallback --class=default --default-backend=svc:http --rule='shop.example.com/=svc:port'",
        ),
    ],
    usage: "NAME --rule=host/path=service:port[,tls[=secret]]",
    flags: |c| {
        generator::flags(c)
            .arg(args::text("class", "Ingress class."))
            .arg(args::each("rule", "Rule in the form host/path=service:port[,tls[=secret]]; a path that ends with * matches as a prefix. Can be repeated."))
            .arg(args::text("default-backend", "Backend for everything else, in the form service:port."))
            .arg(args::each("annotation", "Annotation in the form key=value; can be repeated."))
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create ingress", failed: "failed to create ingress: ", build };

fn build(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let (rules, default) = (matches.values("rule"), matches.string("default-backend"));
    if rules.is_empty() && default.is_empty() {
        return Err(CliError::new(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        ));
    }
    let mut ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": {},
        "status": {"loadBalancer": {}},
    });
    for annotation in matches.values("annotation") {
        let Some((key, value)) = annotation.split_once('=').filter(|(k, _)| !k.is_empty()) else {
            return Err(CliError::new(format!(
                "annotation {annotation} is invalid and should be in format key=[value]"
            )));
        };
        ingress.map_mut("/metadata/annotations").insert(key, value.into());
    }
    if let Some(class) = matches.value_of("class") {
        ingress.put("/spec/ingressClassName", class);
    }
    if !default.is_empty() {
        let (service, port) = default
            .split_once(':')
            .ok_or_else(|| CliError::new("default-backend should be in format servicename:serviceport"))?;
        ingress.put("/spec/defaultBackend", backend(service, port));
    }
    for text in &rules {
        add(&mut ingress, &Rule::read(text)?);
    }
    Ok(ingress)
}

/// A rule of the command line.
struct Rule {
    host: String,
    path: String,
    prefix: bool,
    backend: Value,
    /// The secret with the certificate; `Some("")` for TLS without a secret.
    tls: Option<String>,
}

impl Rule {
    fn read(text: &str) -> CliResult<Rule> {
        let bad = || {
            CliError::new(format!(
                "rule {text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            ))
        };
        let (rule, tls) = text.split_once(',').map_or((text, None), |(r, t)| (r, Some(t)));
        let (address, target) = rule.split_once('=').ok_or_else(bad)?;
        let (host, path) = address.split_once('/').ok_or_else(bad)?;
        let (service, port) = target.split_once(':').filter(|(s, p)| !s.is_empty() && !p.is_empty()).ok_or_else(bad)?;
        // kubectl splits at every colon and takes the first two parts.
        let port = port.split(':').next().unwrap_or(port);
        let tls = match tls {
            None => None,
            Some("tls") => Some(String::new()),
            Some(other) => Some(other.strip_prefix("tls=").ok_or_else(bad)?.to_string()),
        };
        let path = format!("/{path}");
        Ok(Rule {
            host: host.into(),
            prefix: path.ends_with('*'),
            path: path.trim_end_matches('*').into(),
            backend: backend(service, port),
            tls,
        })
    }
}

fn backend(service: &str, port: &str) -> Value {
    let port = port.parse::<u16>().map_or_else(|_| json!({"name": port}), |number| json!({"number": number}));
    json!({"service": {"name": service, "port": port}})
}

/// Adds a rule. Paths of one host are grouped, and so are hosts with the same certificate.
fn add(ingress: &mut Value, rule: &Rule) {
    let kind = if rule.prefix { "Prefix" } else { "Exact" };
    let path = json!({"backend": rule.backend, "path": rule.path, "pathType": kind});
    let rules = ingress.list_mut("/spec/rules");
    match rules.iter_mut().find(|r| r["host"].as_str().unwrap_or("") == rule.host) {
        Some(same) => same.list_mut("/http/paths").push(path),
        None => {
            let mut new = json!({"http": {"paths": [path]}});
            if !rule.host.is_empty() {
                new["host"] = rule.host.clone().into();
            }
            rules.push(new);
        }
    }
    let Some(secret) = &rule.tls else { return };
    let certificates = ingress.list_mut("/spec/tls");
    match certificates.iter_mut().find(|t| t["secretName"].as_str().unwrap_or("") == secret) {
        Some(same) => {
            let hosts = same.list_mut("/hosts");
            if !rule.host.is_empty() && !hosts.iter().any(|h| *h == rule.host) {
                hosts.push(rule.host.clone().into());
            }
        }
        None => {
            let mut new = json!({});
            if !rule.host.is_empty() {
                new["hosts"] = json!([rule.host]);
            }
            if !secret.is_empty() {
                new["secretName"] = secret.clone().into();
            }
            if new != json!({}) || certificates.is_empty() {
                certificates.push(new);
            }
        }
    }
}
