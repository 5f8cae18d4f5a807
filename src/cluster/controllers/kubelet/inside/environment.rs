//! The variables of a container (`makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`, `pkg/kubelet/envvars`).
//!
//! The kubelet keeps them in maps without an order. Here those of `envFrom` come first, by key, then those of `env` in the
//! order of the pod, then those of services, by name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_container::{Content, NodeKind, Tree};

use super::{PodPlace, fields};
use crate::api::Server;

/// Variables in order.
pub(in crate::controllers::kubelet) type Variables = Vec<(String, String)>;

/// What the variables of a container are made from.
pub(super) struct Sources<'a> {
    pub(super) server: &'a mut Server,
    pub(super) pod: &'a Object,
    pub(super) place: &'a PodPlace,
    /// The volumes, from which `fileKeyRef` reads.
    pub(super) trees: &'a BTreeMap<String, Tree>,
    /// When the container starts: services that are younger have no variables.
    pub(super) at: Time,
}

/// Returns whether variables of a container come from objects, whose later changes it does not see.
pub(super) fn refers_to_objects(container: &Value) -> bool {
    let from_objects = |variable: &Value| {
        ["/valueFrom/configMapKeyRef", "/valueFrom/secretKeyRef"].iter().any(|field| variable.at(field).is_some())
    };
    !container.list("/envFrom").is_empty() || container.list("/env").iter().any(from_objects)
}

/// Returns the variables that the pod declares for a container, with references expanded.
///
/// # Errors
/// An object that cannot be read.
pub(super) fn declared(sources: &mut Sources<'_>, container: &Value) -> Result<Variables, Status> {
    let services: BTreeMap<String, String> = service_variables(sources)?.into_iter().collect();
    let mut variables = Variables::new();
    for source in container.list("/envFrom") {
        for (key, value) in from_object(sources, source)? {
            set(&mut variables, format!("{}{key}", source.str("/prefix")), value);
        }
    }
    for variable in container.list("/env") {
        let literal = variable.str("/value");
        let value = match variable.at("/valueFrom") {
            Some(source) if literal.is_empty() => value_from(sources, container, source)?,
            _ => Some(expand(literal, |name| find(&variables, name).or_else(|| services.get(name).cloned()))),
        };
        if let Some(value) = value {
            set(&mut variables, variable.str("/name").to_owned(), value);
        }
    }
    Ok(variables)
}

/// Returns the variables of a container: the declared ones, and behind them those of the services that they do not replace.
///
/// # Errors
/// An object that cannot be read.
pub(super) fn complete(sources: &mut Sources<'_>, declared: &Variables) -> Result<Variables, Status> {
    let mut variables = declared.clone();
    for (name, value) in service_variables(sources)? {
        if find(declared, &name).is_none() {
            variables.push((name, value));
        }
    }
    Ok(variables)
}

/// Expands `$(NAME)` as far as the name is known; `$$` is an escaped dollar sign (`third_party/forked/golang/expansion`).
pub(super) fn expand(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match (rest.strip_prefix('$'), name) {
            (Some(after), _) => {
                expanded.push('$');
                rest = after;
            }
            (None, Some((name, after))) => {
                match value_of(name) {
                    Some(value) => expanded.push_str(&value),
                    None => expanded.push_str(&format!("$({name})")),
                }
                rest = after;
            }
            (None, None) => expanded.push('$'),
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Returns the value of a variable.
pub(super) fn find(variables: &Variables, name: &str) -> Option<String> {
    variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
}

fn set(variables: &mut Variables, name: String, value: String) {
    match variables.iter_mut().find(|(n, _)| *n == name) {
        Some((_, old)) => *old = value,
        None => variables.push((name, value)),
    }
}

/// Returns the entries of the object of an `envFrom` source; none for an optional one that does not exist. Names with an equals
/// sign cannot be variables.
fn from_object(sources: &mut Sources<'_>, source: &Value) -> Result<BTreeMap<String, String>, Status> {
    let (resource, reference) = match source.at("/configMapRef") {
        Some(reference) => ("configmaps", Some(reference)),
        None => ("secrets", source.at("/secretRef")),
    };
    let Some(name) = reference.map(|reference| reference.str("/name")) else { return Ok(BTreeMap::new()) };
    let Some(object) = sources.server.read(resource, sources.pod.namespace(), name)? else {
        return Ok(BTreeMap::new());
    };
    let keys = object.strings("/data");
    let entries = keys.keys().filter(|key| !key.contains('='));
    Ok(entries.filter_map(|key| Some((key.clone(), text(resource, &object, key)?))).collect())
}

/// Returns the value behind a key of a ConfigMap or Secret as text.
fn text(resource: &str, object: &Object, key: &str) -> Option<String> {
    let value = object.map("/data")?.get(key)?.as_str()?;
    match resource {
        "secrets" => STANDARD.decode(value).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        _ => Some(value.to_owned()),
    }
}

/// Returns the value of a `valueFrom`; `None` if an optional key does not exist.
fn value_from(sources: &mut Sources<'_>, container: &Value, source: &Value) -> Result<Option<String>, Status> {
    if let Some(field) = source.at("/fieldRef") {
        return Ok(fields::field(sources.pod, sources.place, field.str("/fieldPath")));
    }
    if let Some(reference) = source.at("/resourceFieldRef") {
        return Ok(Some(fields::resource(sources.pod, sources.place, container, reference)));
    }
    if let Some(file) = source.at("/fileKeyRef") {
        return Ok(from_file(sources.trees, file));
    }
    for (field, resource) in [("/configMapKeyRef", "configmaps"), ("/secretKeyRef", "secrets")] {
        if let Some(reference) = source.at(field) {
            let object = sources.server.read(resource, sources.pod.namespace(), reference.str("/name"))?;
            return Ok(object.and_then(|object| text(resource, &object, reference.str("/key"))));
        }
    }
    Ok(None)
}

/// Reads a variable from a file of a volume: lines `NAME='value'` (KEP-3721).
fn from_file(trees: &BTreeMap<String, Tree>, reference: &Value) -> Option<String> {
    let tree = trees.get(&super::volumes::key(reference.str("/volumeName")))?;
    let mut at = tree.root();
    for part in reference.str("/path").split('/').filter(|part| !part.is_empty()) {
        at = tree.entry(at, part).ok()?;
    }
    let content = match &tree.node(at).ok()?.kind {
        NodeKind::File(content) => String::from_utf8_lossy(Content::as_slice(content)).into_owned(),
        _ => return None,
    };
    content.lines().find_map(|line| {
        let (name, value) = line.trim().split_once('=')?;
        let value = value.trim();
        let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        (name.trim() == reference.str("/key")).then(|| quoted.unwrap_or(value).to_owned())
    })
}

/// Returns the variables of the services that the pod is to see: those of its namespace, unless `enableServiceLinks` is
/// false, and the API server.
fn service_variables(sources: &mut Sources<'_>) -> Result<Variables, Status> {
    let mut services = BTreeMap::new();
    if let Some(master) = sources.server.read("services", "default", "kubernetes")? {
        services.insert("kubernetes".to_owned(), master);
    }
    if sources.pod.pointer("/spec/enableServiceLinks").and_then(Value::as_bool) != Some(false) {
        for service in sources.server.read_all("services", Some(sources.pod.namespace()))? {
            services.insert(service.name().to_owned(), service);
        }
    }
    let has_address = |service: &Object| !["", "None"].contains(&service.str("/spec/clusterIP"));
    let is_older = |service: &Object| service.creation_time().is_none_or(|created| created <= sources.at);
    let seen = services.values().filter(|service| has_address(service) && is_older(service));
    Ok(seen.flat_map(|service| of_service(service)).collect())
}

/// Returns the variables of a service (`FromServices`).
fn of_service(service: &Object) -> Variables {
    let name = variable_name(service.name());
    let address = service.str("/spec/clusterIP");
    let ports = service.list("/spec/ports");
    let Some(first) = ports.first() else { return Variables::new() };
    let number = |port: &Value| port.int("/port").unwrap_or(0).to_string();
    let mut variables =
        vec![(format!("{name}_SERVICE_HOST"), address.to_owned()), (format!("{name}_SERVICE_PORT"), number(first))];
    for port in ports.iter().filter(|port| !port.str("/name").is_empty()) {
        variables.push((format!("{name}_SERVICE_PORT_{}", variable_name(port.str("/name"))), number(port)));
    }
    for (index, port) in ports.iter().enumerate() {
        let protocol = match port.str("/protocol") {
            "" => "TCP",
            protocol => protocol,
        };
        let (lower, number) = (protocol.to_lowercase(), number(port));
        let url = format!("{lower}://{address}:{number}");
        if index == 0 {
            variables.push((format!("{name}_PORT"), url.clone()));
        }
        let prefix = format!("{name}_PORT_{number}_{}", protocol.to_uppercase());
        variables.push((prefix.clone(), url));
        variables.push((format!("{prefix}_PROTO"), lower));
        variables.push((format!("{prefix}_PORT"), number));
        variables.push((format!("{prefix}_ADDR"), address.to_owned()));
    }
    variables
}

fn variable_name(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn references_are_expanded_and_dollar_signs_escaped() {
        let value_of = |name: &str| (name == "A").then(|| "1".to_owned());
        for (text, expected) in [
            ("$(A)", "1"),
            ("x$(A)y$(B)", "x1y$(B)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$A $ $(A", "$A $ $(A"),
            ("$", "$"),
        ] {
            assert_eq!(expand(text, value_of), expected, "{text}");
        }
    }

    #[test]
    fn services_have_the_variables_of_docker_links() {
        let service = json!({"metadata": {"name": "redis-primary"}, "spec": {"clusterIP": "10.0.0.11",
            "ports": [{"port": 6379, "protocol": "TCP", "name": "redis"}]}});
        let variables: Vec<String> =
            of_service(&service).iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            variables,
            [
                "REDIS_PRIMARY_SERVICE_HOST=10.0.0.11",
                "REDIS_PRIMARY_SERVICE_PORT=6379",
                "REDIS_PRIMARY_SERVICE_PORT_REDIS=6379",
                "REDIS_PRIMARY_PORT=tcp://10.0.0.11:6379",
                "REDIS_PRIMARY_PORT_6379_TCP=tcp://10.0.0.11:6379",
                "REDIS_PRIMARY_PORT_6379_TCP_PROTO=tcp",
                "REDIS_PRIMARY_PORT_6379_TCP_PORT=6379",
                "REDIS_PRIMARY_PORT_6379_TCP_ADDR=10.0.0.11",
            ]
        );
    }
}
