//! Validation of Ingresses (`pkg/apis/networking/validation/validation.go`).

use crate::shared::formats::{dns_label_problems, dns_subdomain_problems, port_name_problems, port_problems};
use crate::shared::rules::check;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Sequences that a path must not contain, since they could be resolved to another path.
const BAD_SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];

/// Validates an Ingress.
pub(super) fn validate(object: &Object) -> ErrorList {
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

/// Refuses a new Ingress whose class and deprecated annotation disagree (`ValidateIngressCreate`).
pub(super) fn validate_create(object: &Object) -> ErrorList {
    const ANNOTATION: &str = "kubernetes.io/ingress.class";
    match (object.annotation(ANNOTATION), object.at("/spec/ingressClassName").and_then(Value::as_str)) {
        (Some(old), Some(class)) if old != class => {
            let why = "must match `ingressClassName` when both are specified";
            vec![field::invalid(&Path::new("annotations").child(ANNOTATION), old, why)]
        }
        _ => ErrorList::new(),
    }
}

fn backend_errors(backend: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (service, resource) = (backend.at("/service"), backend.at("/resource"));
    match (service, resource) {
        (Some(_), Some(_)) => {
            return vec![field::invalid(path, "", "cannot set both resource and service backends")];
        }
        (None, None) => return vec![field::invalid(path, "", "resource or service backend is required")],
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
    let backend_path = path;
    let path = path.child("service");
    match service.str("/name") {
        "" => errors.push(field::required(&path.child("name"), "")),
        name => errors.extend(check(dns_label_problems, name, &path.child("name"))),
    }
    let (name, number) = (service.str("/port/name"), service.int("/port/number").unwrap_or(0));
    let port = path.child("port");
    match (name, number) {
        ("", 0) => errors.push(field::required(backend_path, "port name or number is required")),
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
        "" => return vec![field::required(&at.child("pathType"), "pathType must be specified")],
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
