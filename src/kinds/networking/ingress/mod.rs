//! Ingresses: routes from outside to Services, by host and path.

mod validate;

use super::GROUP;
use crate::core::service::{slice_addresses, slices_of};
use crate::shared::describe::{annotations, joined, labels, non_empty_or, read_events, write_events};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::ErrorList;
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
        validate::validate(object)
    }

    fn validate_create(&self, new: &Object) -> ErrorList {
        validate::validate_create(new)
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
    let events = read_events(lookup, ingress);
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
    write_events(lookup, events, out);
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
    let slices = slices_of(lookup, namespace, name);
    let Some(found) = lookup.get("services", namespace, name) else {
        return format!("{shown} (<error: services \"{name}\" not found>)");
    };
    let matches = |p: &&Value| {
        (number != 0 && p.int("/port") == Some(number)) || (!wanted.is_empty() && p.str("/name") == wanted)
    };
    let port = found.list("/spec/ports").iter().rfind(matches).map_or("", |p| p.str("/name"));
    format!("{shown} ({})", slice_addresses(&slices, port))
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
                "spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required",
            ]
        );
    }
}
