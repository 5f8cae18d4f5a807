//! The pods behind a Service, their states, and their ports that the Service refers to.

use std::sync::Arc;

use crate::controllers::runtime::Result;
use crate::controllers::shared::pods::{is_ready, is_terminal};
use crate::controllers::{Context, Key};
use crate::store::{Change, ChangeKind};
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;

/// A port of a pod that a Service refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Port {
    /// The name of the Service's port; empty for none.
    pub name: String,
    /// The port number on the pod.
    pub number: i64,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// The application protocol, if the Service names one.
    pub app_protocol: Option<String>,
}

impl Port {
    /// Returns the port as in Endpoints, where an empty name is omitted.
    pub(crate) fn to_value(&self) -> Value {
        let mut port = json!({"port": self.number, "protocol": self.protocol});
        if !self.name.is_empty() {
            port["name"] = self.name.as_str().into();
        }
        if let Some(protocol) = &self.app_protocol {
            port["appProtocol"] = protocol.as_str().into();
        }
        port
    }
}

/// A pod behind a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    /// The IP address of the pod.
    pub ip: String,
    /// The name of its node.
    pub node: String,
    /// The name of the pod.
    pub pod: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
    /// Its host name, if its subdomain is the name of the Service.
    pub hostname: Option<String>,
    /// The condition Ready is True.
    pub is_ready: bool,
    /// It is being deleted.
    pub is_terminating: bool,
    /// The ports of the Service on this pod; `None` when the Service has ports and the pod has none of them.
    pub ports: Option<Vec<Port>>,
}

impl Backend {
    /// Returns the reference to the pod.
    pub(crate) fn target(&self) -> Value {
        json!({"kind": "Pod", "name": self.pod, "namespace": self.namespace, "uid": self.uid})
    }

    /// Returns the pod as an address in Endpoints.
    pub(crate) fn address(&self) -> Value {
        let mut address = json!({"ip": self.ip, "nodeName": self.node, "targetRef": self.target()});
        if let Some(hostname) = &self.hostname {
            address["hostname"] = hostname.as_str().into();
        }
        address
    }
}

/// Returns `true` when the addresses of a Service are those of the pods that it selects.
pub(crate) fn has_selector(service: &Object) -> bool {
    service.map("/spec/selector").is_some_and(|m| !m.is_empty()) && service.str("/spec/type") != "ExternalName"
}

/// Returns `true` when a Service has no cluster IP.
pub(crate) fn is_headless(service: &Object) -> bool {
    service.str("/spec/clusterIP") == "None"
}

/// Maps a change of a pod to the Services that select it, if it affects their endpoints (`GetPodServiceMemberships` in
/// `k8s.io/endpointslice/util`).
pub(crate) fn services_of_pod(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let pods = [Some(&change.object), change.old.as_ref()];
    let few = ctx.server().list_if_small("services", change.object.namespace())?;
    if few.is_some_and(|few| !few.iter().any(|service| has_selector(service))) {
        return Ok(Vec::new());
    }
    if change.kind == ChangeKind::Modified
        && change.old.as_ref().is_some_and(|old| have_same_endpoints(old, &change.object))
    {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    for pod in pods.into_iter().flatten() {
        for service in candidates(ctx, pod)? {
            let key = Key::of(&service);
            if selector(&service).matches_object(pod) && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// Lists the Services that may select a pod: all of its namespace when they are few, or else those that select one of its labels.
fn candidates(ctx: &mut Context<'_>, pod: &Object) -> Result<Vec<Arc<Object>>> {
    if let Some(few) = ctx.server().list_if_small("services", pod.namespace())? {
        return Ok(few.into_iter().filter(|service| has_selector(service)).collect());
    }
    let mut services = Vec::new();
    for (key, value) in pod.map("/metadata/labels").into_iter().flatten() {
        let pair = format!("{}/{key}={}", pod.namespace(), value.as_str().unwrap_or_default());
        services.extend(ctx.indexed("services", "selector", &pair)?);
    }
    Ok(services)
}

/// Returns `true` when two versions of a pod give the same endpoints (`podEndpointsChanged`, negated).
fn have_same_endpoints(old: &Object, new: &Object) -> bool {
    ["/metadata/labels", "/status/podIP", "/metadata/uid"].iter().all(|field| old.at(field) == new.at(field))
        && (is_ready(old), is_terminal(old), old.is_deleting()) == (is_ready(new), is_terminal(new), new.is_deleting())
}

fn selector(service: &Object) -> Selector {
    service.map("/spec/selector").map_or(Selector::Nothing, Selector::from_map)
}

/// Lists the pods behind a Service that have an address and are not terminal, by name.
pub(crate) fn of(ctx: &mut Context<'_>, service: &Object) -> Result<Vec<Backend>> {
    let mut pods = ctx.pods_matching(service.namespace(), &selector(service))?;
    pods.retain(|p| !is_terminal(p) && !p.str("/status/podIP").is_empty());
    pods.order_by(|a, b| a.name().cmp(b.name()));
    Ok(pods.iter().map(|p| backend(service, p)).collect())
}

fn backend(service: &Object, pod: &Object) -> Backend {
    let hostname = pod.str("/spec/hostname");
    let named = !hostname.is_empty() && pod.str("/spec/subdomain") == service.name();
    Backend {
        ip: pod.str("/status/podIP").into(),
        node: pod.str("/spec/nodeName").into(),
        pod: pod.name().into(),
        namespace: pod.namespace().into(),
        uid: pod.uid().into(),
        hostname: named.then(|| hostname.into()),
        is_ready: is_ready(pod),
        is_terminating: pod.is_deleting(),
        ports: ports(service, pod),
    }
}

fn ports(service: &Object, pod: &Object) -> Option<Vec<Port>> {
    let wanted = service.list("/spec/ports");
    let found: Vec<Port> = wanted.iter().filter_map(|p| port(p, pod)).collect();
    (wanted.is_empty() || !found.is_empty()).then_some(found)
}

/// Returns a port of the Service on a pod: by number, or by the name of a port of a container or sidecar (`FindPort`).
fn port(wanted: &Value, pod: &Object) -> Option<Port> {
    let protocol = protocol_of(wanted);
    let number = match wanted.at("/targetPort") {
        Some(Value::String(name)) => named_port(pod, name, protocol)?,
        Some(number) => number.as_i64()?,
        None => wanted.int("/port")?,
    };
    Some(Port {
        name: wanted.str("/name").into(),
        number,
        protocol: protocol.into(),
        app_protocol: wanted.at("/appProtocol").and_then(Value::as_str).map(String::from),
    })
}

fn named_port(pod: &Object, name: &str, protocol: &str) -> Option<i64> {
    let sidecars = pod.list("/spec/initContainers").iter().filter(|c| c.str("/restartPolicy") == "Always");
    let mut ports = pod.list("/spec/containers").iter().chain(sidecars).flat_map(|c| c.list("/ports"));
    let same = |p: &&Value| p.str("/name") == name && protocol_of(p) == protocol;
    ports.find(same).and_then(|p| p.int("/containerPort"))
}

fn protocol_of(port: &Value) -> &str {
    match port.str("/protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}
