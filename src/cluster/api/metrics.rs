//! The resource metrics API (`metrics.k8s.io/v1beta1`): PodMetrics and NodeMetrics.
//!
//! In a real cluster, the metrics server serves this API by aggregation; here it is registered when there is one, or when usage
//! has been declared for the simulation. The objects are computed for each request and not stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::read::Selection;
use super::{ObjectList, Payload, PodUsage, Request, Response, Result, Server, Verb};
use kctl_base::json::{SharedStr, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::{Format, Quantity};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Kind;

const GROUP: &str = "metrics.k8s.io";
const PODS: &str = "pods.metrics.k8s.io";
const NODES: &str = "nodes.metrics.k8s.io";
/// The window over which usage is averaged, as the metrics server reports it.
const WINDOW: &str = "15s";

/// Usage by resource name.
type Usage = BTreeMap<String, Quantity>;

/// Returns whether a resource belongs to the metrics API.
pub(super) fn serves(resource: &str) -> bool {
    resource == PODS || resource == NODES
}

impl Server {
    /// Serves a request of the metrics API.
    pub(super) fn metrics(&mut self, request: &Request, now: Time) -> Result<Response> {
        let usage = (self.backends.pod_usage)(self, now)?.ok_or_else(Status::no_resource)?;
        let kind = self.catalog.by_resource(measured(request)).ok_or_else(Status::no_resource)?;
        match (request.verb, request.subresource.as_str()) {
            (Verb::Get, "") => self.one_metric(&*kind, request, &usage, now).map(|m| Response::of(m.into())),
            (Verb::List, "") => {
                let items = self.all_metrics(&*kind, request, &usage, now)?;
                let list = ObjectList { items, resource_version: self.revision(), continue_token: String::new() };
                Ok(Response { payload: Payload::List(list), ..Response::default() })
            }
            _ => {
                let text = "the server does not allow this method on the requested resource";
                Err(Status::new(Reason::MethodNotAllowed, text))
            }
        }
    }

    /// Returns the metrics of an object. An object that does not exist is missing from the lists of the metrics server, whose
    /// names are those of the error; one that is not measured has no metrics (`pkg/api/pod.go` and `node.go` of the metrics
    /// server).
    fn one_metric(&mut self, kind: &dyn Kind, request: &Request, usage: &PodUsage, now: Time) -> Result<Object> {
        let is_pod = request.resource == PODS;
        let object = self.read(&kind.names().resource(), &request.namespace, &request.name)?;
        let object =
            object.ok_or_else(|| Status::not_found("", if is_pod { "pods" } else { "node" }, &request.name))?;
        self.metrics_of(&object, usage, now)?.ok_or_else(|| match is_pod {
            true => Status::not_found(GROUP, "podmetrics", &format!("{}/{}", request.namespace, request.name)),
            false => Status::not_found(GROUP, "nodemetrics", &request.name),
        })
    }

    fn all_metrics(
        &mut self,
        kind: &dyn Kind,
        request: &Request,
        usage: &PodUsage,
        now: Time,
    ) -> Result<Vec<Arc<Object>>> {
        let selection = Selection::of(kind, request)?;
        let mut metrics = Vec::new();
        for object in self.select(kind, request, &selection)? {
            metrics.extend(self.metrics_of(&object, usage, now)?.map(Arc::new));
        }
        Ok(metrics)
    }

    /// Returns the metrics of a pod or node; `None` for a pod that is not running or not measured.
    fn metrics_of(&mut self, object: &Object, usage: &PodUsage, now: Time) -> Result<Option<Object>> {
        match object.kind() {
            "Pod" => Ok(pod_metrics(object, usage, now)),
            _ => self.node_metrics(object, usage, now).map(Some),
        }
    }

    /// Returns the usage of a node: the sum over its pods.
    fn node_metrics(&mut self, node: &Object, usage: &PodUsage, now: Time) -> Result<Object> {
        let mut sum = Usage::from([("cpu".into(), Quantity::ZERO), ("memory".into(), Quantity::ZERO)]);
        for pod in self.read_index_of("node", node.name(), "pods", None)? {
            for (name, amount) in usage_of(&pod, usage) {
                let total = sum.entry(name).or_insert(Quantity::ZERO);
                *total = total.add(&amount);
            }
        }
        let mut metrics = envelope("NodeMetrics", node, now);
        metrics.put("/usage", usage_value(&sum));
        Ok(metrics)
    }
}

/// Returns the resource that a request of the metrics API measures.
fn measured(request: &Request) -> &'static str {
    if request.resource == PODS { "pods" } else { "nodes" }
}

fn pod_metrics(pod: &Object, usage: &PodUsage, now: Time) -> Option<Object> {
    let usage = usage_of(pod, usage);
    if usage.is_empty() {
        return None;
    }
    let containers = pod.list("/spec/containers");
    let share = share_of(&usage, containers.len());
    let containers: Vec<Value> =
        containers.iter().map(|c| json!({"name": c.str("/name"), "usage": usage_value(&share)})).collect();
    let mut metrics = envelope("PodMetrics", pod, now);
    metrics.put("/metadata/namespace", pod.namespace());
    metrics.put("/containers", Value::from(containers));
    Some(metrics)
}

/// Returns the cpu and memory that a running pod uses; none for other pods.
fn usage_of(pod: &Object, usage: &PodUsage) -> Usage {
    if pod.str("/status/phase") != "Running" {
        return Usage::new();
    }
    let mut usage = usage(pod);
    usage.retain(|name, _| name == "cpu" || name == "memory");
    usage
}

/// Divides the usage of a pod evenly among its containers.
fn share_of(usage: &Usage, containers: usize) -> Usage {
    let count = i64::try_from(containers).unwrap_or(1).max(1);
    let part = |(name, amount): (&String, &Quantity)| {
        let share = match name.as_str() {
            "cpu" => Quantity::from_milli(amount.milli_value() / count),
            _ => Quantity::new(amount.value() / count, Format::BinarySi),
        };
        (name.clone(), share)
    };
    usage.iter().map(part).collect()
}

fn usage_value(usage: &Usage) -> Value {
    let entry =
        |(name, amount): (&String, &Quantity)| (SharedStr::from(name.as_str()), Value::from(amount.to_string()));
    Value::Object(usage.iter().map(entry).collect())
}

/// Returns the metadata and window that PodMetrics and NodeMetrics share.
fn envelope(kind: &str, object: &Object, now: Time) -> Object {
    let mut metrics = json!({
        "kind": kind, "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {"name": object.name(), "creationTimestamp": now.rfc3339()},
        "timestamp": now.rfc3339(), "window": WINDOW,
    });
    if let Some(labels) = object.pointer("/metadata/labels") {
        metrics.put("/metadata/labels", labels.clone());
    }
    metrics
}
