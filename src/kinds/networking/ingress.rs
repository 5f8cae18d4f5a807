//! Ingresses: routes from outside to Services, by host and path.

use super::GROUP;
use crate::core::service::{slice_addresses, slices_of};
use crate::shared::describe::{annotations, describe_events, joined, labels, non_empty_or};
use crate::shared::formats::{dns_label_problems, dns_subdomain_problems, port_name_problems, port_problems};
use crate::shared::rules::check;
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The Ingress kind (`pkg/registry/networking/ingress/strategy.go`).
pub(crate) struct Ingress;

static NAMES: Names = Names::namespaced(GROUP, "Ingress", "ingresses", "ingress").short(&["ing"]);

/// The annotation that `ingressClassName` has replaced.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// The width in characters to which a table shortens addresses.
const MAX_ADDRESS: usize = 16;

/// Sequences that a path must not contain, since they could be resolved to another path.
const BAD_SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];

impl Kind for Ingress {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({"loadBalancer": {}}))
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let spec = Path::new("spec");
        let mut errors = ErrorList::new();
        if object.list("/spec/rules").is_empty() && object.at("/spec/defaultBackend").is_none() {
            let text = "either `defaultBackend` or `rules` must be specified";
            errors.push(field::invalid(&spec, object.at("/spec/rules").cloned().unwrap_or(Value::Null), text));
        }
        if let Some(backend) = object.at("/spec/defaultBackend") {
            errors.extend(backend_errors(backend, &spec.child("defaultBackend")));
        }
        for (index, rule) in object.list("/spec/rules").iter().enumerate() {
            errors.extend(rule_errors(rule, &spec.child("rules").index(index)));
        }
        for (index, tls) in object.list("/spec/tls").iter().enumerate() {
            errors.extend(tls_errors(tls, &spec.child("tls").index(index)));
        }
        if let Some(class) = object.at("/spec/ingressClassName").and_then(Value::as_str) {
            errors.extend(check(dns_subdomain_problems, class, &spec.child("ingressClassName")));
        }
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let has = |o: &Object| o.annotation(CLASS_ANNOTATION).is_some();
        if has(new) && !old.is_some_and(has) {
            let text =
                format!("annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead");
            return vec![text];
        }
        Vec::new()
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Class", "Hosts", "Address", "Ports", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let mut address = addresses(object);
        if address.len() > MAX_ADDRESS {
            address = format!("{}...", &address.chars().take(MAX_ADDRESS - 3).collect::<String>());
        }
        let ports = if object.list("/spec/tls").is_empty() { "80" } else { "80, 443" };
        vec![
            object.name().into(),
            non_empty_or(object.str("/spec/ingressClassName"), "<none>").into(),
            hosts(object),
            address,
            ports.into(),
            age(object, now),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

/// The HOSTS column, which shows three hosts.
fn hosts(ingress: &Object) -> String {
    let all: Vec<&str> = ingress.list("/spec/rules").iter().map(|r| r.str("/host")).filter(|h| !h.is_empty()).collect();
    match all.len() {
        0 => "*".into(),
        1..=3 => all.join(","),
        more => format!("{} + {} more...", all[..3].join(","), more - 3),
    }
}

/// The ADDRESS column: the addresses of the load balancer.
fn addresses(ingress: &Object) -> String {
    let list = ingress.list("/status/loadBalancer/ingress").iter();
    list.map(|i| non_empty_or(i.str("/ip"), i.str("/hostname"))).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(",")
}

fn describe(ingress: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", ingress.name());
    labels(ingress, out);
    out.pair(0, "Namespace", ingress.namespace());
    out.pair(0, "Address", addresses(ingress));
    out.pair(0, "Ingress Class", non_empty_or(ingress.str("/spec/ingressClassName"), "<none>"));
    let backend = |b: &Value| backend_text(b, ingress.namespace(), lookup);
    let default = ingress.at("/spec/defaultBackend").map_or_else(|| "<default>".into(), backend);
    out.pair(0, "Default backend", &default);
    if !ingress.list("/spec/tls").is_empty() {
        out.line(0, "TLS:");
    }
    for tls in ingress.list("/spec/tls") {
        let hosts = joined(tls.list("/hosts"), ",");
        match tls.str("/secretName") {
            "" => out.line(1, format!("SNI routes {hosts}")),
            secret => out.line(1, format!("{secret} terminates {hosts}")),
        }
    }
    out.line(0, "Rules:");
    out.line(1, "Host\tPath\tBackends");
    out.line(1, "----\t----\t--------");
    let rules: Vec<&Value> = ingress.list("/spec/rules").iter().filter(|r| r.at("/http").is_some()).collect();
    for rule in &rules {
        out.line(1, format!("{}\t", non_empty_or(rule.str("/host"), "*")));
        for path in rule.list("/http/paths") {
            out.line(2, format!("\t{} \t{}", path.str("/path"), backend(&path["backend"])));
        }
    }
    if rules.is_empty() {
        out.line(1, format!("*\t*\t{default}"));
    }
    annotations(ingress, out);
    describe_events(lookup, ingress, out);
}

/// Formats a backend with its endpoints: `web:80 (10.244.1.2:80)`.
fn backend_text(backend: &Value, namespace: &str, lookup: &dyn Lookup) -> String {
    let Some(service) = backend.at("/service") else {
        let Some(resource) = backend.at("/resource") else { return String::new() };
        let group = non_empty_or(resource.str("/apiGroup"), "<none>");
        return format!("APIGroup: {group}, Kind: {}, Name: {}", resource.str("/kind"), resource.str("/name"));
    };
    let (name, number) = (service.str("/name"), service.int("/port/number").unwrap_or(0));
    let wanted = service.str("/port/name");
    let shown = if number == 0 { format!("{name}:{wanted}") } else { format!("{name}:{number}") };
    let Some(found) = lookup.get("services", namespace, name) else {
        return format!("{shown} (<error: services \"{name}\" not found>)");
    };
    let matches = |p: &&Value| {
        (number != 0 && p.int("/port") == Some(number)) || (!wanted.is_empty() && p.str("/name") == wanted)
    };
    let port = found.list("/spec/ports").iter().rfind(matches).map_or("", |p| p.str("/name"));
    format!("{shown} ({})", slice_addresses(&slices_of(lookup, namespace, name), port))
}

fn backend_errors(backend: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (service, resource) = (backend.at("/service"), backend.at("/resource"));
    match (service, resource) {
        (Some(_), Some(_)) => {
            return vec![field::invalid(path, "", "cannot set both resource and service backends")];
        }
        (None, None) => return vec![field::required(path, "resource or service backend is required")],
        _ => {}
    }
    if let Some(resource) = resource {
        for name in ["kind", "name"] {
            if resource.str(&format!("/{name}")).is_empty() {
                errors.push(field::required(&path.child("resource").child(name), ""));
            }
        }
    }
    let Some(service) = service else { return errors };
    let path = path.child("service");
    match service.str("/name") {
        "" => errors.push(field::required(&path.child("name"), "")),
        name => errors.extend(check(dns_label_problems, name, &path.child("name"))),
    }
    let (name, number) = (service.str("/port/name"), service.int("/port/number").unwrap_or(0));
    let port = path.child("port");
    match (name, number) {
        ("", 0) => errors.push(field::required(&path, "port name or number is required")),
        ("", number) => {
            errors.extend(port_problems(number).iter().map(|p| field::invalid(&port.child("number"), number, p)));
        }
        (_, number) if number != 0 => errors.push(field::invalid(&path, "", "cannot set both port name & port number")),
        (name, _) => errors.extend(check(port_name_problems, name, &port.child("name"))),
    }
    errors
}

fn rule_errors(rule: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (host, at) = (rule.str("/host"), path.child("host"));
    if !host.is_empty() {
        if host.parse::<std::net::IpAddr>().is_ok() {
            errors.push(field::invalid(&at, host, "must be a DNS name, not an IP address"));
        } else if host.contains('*') {
            errors.extend(wildcard_problem(host).map(|p| field::invalid(&at, host, &p)));
        } else {
            errors.extend(check(dns_subdomain_problems, host, &at));
        }
    }
    if rule.at("/http").is_none() {
        return errors;
    }
    let paths = rule.list("/http/paths");
    let at = path.child("http").child("paths");
    if paths.is_empty() {
        errors.push(field::required(&at, ""));
    }
    for (index, item) in paths.iter().enumerate() {
        errors.extend(path_errors(item, &at.index(index)));
    }
    errors
}

fn path_errors(item: &Value, at: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, place) = (item.str("/path"), at.child("path"));
    match item.str("/pathType") {
        "" => errors.push(field::required(&at.child("pathType"), "pathType must be specified")),
        "Exact" | "Prefix" => {
            if !path.starts_with('/') {
                errors.push(field::invalid(&place, path, "must be an absolute path"));
            }
            for bad in BAD_SEQUENCES.iter().filter(|b| path.contains(**b)) {
                errors.push(field::invalid(&place, path, &format!("must not contain '{bad}'")));
            }
            for bad in ["/..", "/."].iter().filter(|b| path.ends_with(**b)) {
                errors.push(field::invalid(&place, path, &format!("cannot end with '{bad}'")));
            }
        }
        "ImplementationSpecific" => {
            if !path.is_empty() && !path.starts_with('/') {
                errors.push(field::invalid(&place, path, "must be an absolute path"));
            }
        }
        other => errors.push(field::not_supported(
            &at.child("pathType"),
            other,
            &["Exact", "ImplementationSpecific", "Prefix"],
        )),
    }
    errors.extend(backend_errors(&item["backend"], &at.child("backend")));
    errors
}

/// The problem of a host that begins with `*.`.
fn wildcard_problem(host: &str) -> Option<String> {
    let right = host.strip_prefix("*.").is_some_and(|rest| dns_subdomain_problems(rest).is_empty());
    (!right).then(|| {
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower \
         case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used \
         for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            .into()
    })
}

fn tls_errors(tls: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, host) in tls.list("/hosts").iter().enumerate() {
        let (text, at) = (host.as_str().unwrap_or(""), path.child("hosts").index(index));
        if text.contains('*') {
            errors.extend(wildcard_problem(text).map(|p| field::invalid(&at, text, &p)));
        } else {
            errors.extend(check(dns_subdomain_problems, text, &at));
        }
    }
    if !tls.str("/secretName").is_empty() {
        errors.extend(check(dns_subdomain_problems, tls.str("/secretName"), &path.child("secretName")));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_errors() {
        let ingress = json!({"metadata": {"name": "shop"}, "spec": {
            "ingressClassName": "nginx", "tls": [{"hosts": ["a.example.com"]}],
            "rules": [{"host": "a.example.com", "http": {"paths": [{"path": "x", "pathType": "Prefix", "backend": {}}]}}],
        }});
        assert_eq!(Ingress.row(&ingress, Time::default())[..5], ["shop", "nginx", "a.example.com", "", "80, 443"]);
        let errors: Vec<String> = Ingress.validate(&ingress).iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path",
                "spec.rules[0].http.paths[0].backend: Required value: resource or service backend is required",
            ]
        );
    }
}
