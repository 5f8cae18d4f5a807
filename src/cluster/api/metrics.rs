//! The resource metrics API (`metrics.k8s.io/v1beta1`): PodMetrics and NodeMetrics.
//!
//! An aggregated API of the metrics server in a real cluster, and registered only where usage is measured; here, where it
//! has been declared for the simulation. The objects are computed for each request and not stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::read::Selection;
use super::{ObjectList, Payload, Request, Response, Result, Server, Verb};
use kctl_base::json::{SharedStr, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::{Format, Quantity};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::catalog::KindRef;

const GROUP: &str = "metrics.k8s.io";
const PODS: &str = "pods.metrics.k8s.io";
const NODES: &str = "nodes.metrics.k8s.io";
/// The window over which usage is averaged, as the metrics server reports it.
const WINDOW: &str = "15s";

/// Usage by resource name.
type Usage = BTreeMap<String, Quantity>;

/// Whether a resource belongs to the metrics API.
pub(super) fn serves(resource: &str) -> bool {
    resource == PODS || resource == NODES
}

impl Server {
    pub(super) fn metrics(&mut self, request: &Request, now: Time) -> Result<Response> {
        if !(self.backends.has_metrics)(self)? || !request.subresource.is_empty() {
            return Err(Status::no_resource());
        }
        match request.verb {
            Verb::Get => self.one_metric(request, now).map(|metrics| Response::of(metrics.into())),
            Verb::List => {
                let items = self.all_metrics(request, now)?;
                let list = ObjectList { items, resource_version: self.revision(), continue_token: String::new() };
                Ok(Response { payload: Payload::List(list), ..Response::default() })
            }
            _ => {
                let text = "the server does not allow this method on the requested resource";
                Err(Status::new(Reason::MethodNotAllowed, text))
            }
        }
    }

    fn one_metric(&mut self, request: &Request, now: Time) -> Result<Object> {
        let (kind, resource) = self.measured_kind(request)?;
        let missing = || match request.namespace.as_str() {
            "" => Status::not_found(GROUP, resource, &request.name),
            namespace => Status::not_found(GROUP, resource, &format!("{namespace}/{}", request.name)),
        };
        let object = self.read(&kind.names().resource(), &request.namespace, &request.name)?.ok_or_else(missing)?;
        self.metrics_of(&object, now)?.ok_or_else(missing)
    }

    fn all_metrics(&mut self, request: &Request, now: Time) -> Result<Vec<Arc<Object>>> {
        let (kind, _) = self.measured_kind(request)?;
        let selection = Selection::of(&*kind, request)?;
        let mut metrics = Vec::new();
        for object in self.select(&*kind, request, &selection)? {
            metrics.extend(self.metrics_of(&object, now)?.map(Arc::new));
        }
        Ok(metrics)
    }

    /// The kind that is measured, and the resource as errors of the metrics server name it.
    fn measured_kind(&self, request: &Request) -> Result<(KindRef, &'static str)> {
        let (measured, named) = match request.resource.as_str() {
            PODS => ("pods", "podmetrics"),
            _ => ("nodes", "nodemetrics"),
        };
        Ok((self.catalog.by_resource(measured).ok_or_else(Status::no_resource)?, named))
    }

    /// The metrics of a pod or node; `None` for a pod that does not run or is not measured.
    fn metrics_of(&mut self, object: &Object, now: Time) -> Result<Option<Object>> {
        match object.kind() {
            "Pod" => self.pod_metrics(object, now),
            _ => self.node_metrics(object, now).map(Some),
        }
    }

    fn pod_metrics(&mut self, pod: &Object, now: Time) -> Result<Option<Object>> {
        let usage = self.pod_usage(pod)?;
        if usage.is_empty() {
            return Ok(None);
        }
        let containers = pod.list("/spec/containers");
        let share = share_of(&usage, containers.len());
        let containers: Vec<Value> =
            containers.iter().map(|c| json!({"name": c.str("/name"), "usage": usage_value(&share)})).collect();
        let mut metrics = envelope("PodMetrics", pod, now);
        metrics.put("/metadata/namespace", pod.namespace());
        metrics.put("/containers", Value::from(containers));
        Ok(Some(metrics))
    }

    fn node_metrics(&mut self, node: &Object, now: Time) -> Result<Object> {
        let mut sum = Usage::from([("cpu".into(), Quantity::ZERO), ("memory".into(), Quantity::ZERO)]);
        for pod in self.read_index_of("node", node.name(), "pods", None)? {
            for (name, amount) in self.pod_usage(&pod)? {
                let total = sum.entry(name).or_insert(Quantity::ZERO);
                *total = total.add(&amount);
            }
        }
        let mut metrics = envelope("NodeMetrics", node, now);
        metrics.put("/usage", usage_value(&sum));
        Ok(metrics)
    }

    /// What a running pod uses of cpu and memory.
    fn pod_usage(&mut self, pod: &Object) -> Result<Usage> {
        if pod.str("/status/phase") != "Running" {
            return Ok(Usage::new());
        }
        let mut usage = (self.backends.pod_usage)(self, pod)?;
        usage.retain(|name, _| name == "cpu" || name == "memory");
        Ok(usage)
    }
}

/// Usage is declared for pods; their containers share it evenly.
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
