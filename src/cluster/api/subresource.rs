//! Subresources that are not the object itself: scale, eviction, binding.

use super::{Body, PatchType, Request, Response, Result, Server, Verb, decode};
use kctl_base::field::{self, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::patch;
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::{Kind, ScalePaths};

impl Server {
    pub(super) fn subresource(
        &mut self,
        kind: &dyn Kind,
        subresource: &str,
        request: &Request,
        now: Time,
    ) -> Result<Response> {
        let resource = kind.names().resource();
        match (subresource, request.verb) {
            ("status", Verb::Get) if kind.has_status() => self.get(kind, request),
            ("scale", _) => match kind.scale() {
                Some(paths) => self.scale(kind, paths, request, now),
                None => Err(Status::no_resource()),
            },
            ("eviction", Verb::Create) if resource == "pods" => self.evict(kind, request, now),
            ("binding", Verb::Create) if resource == "pods" => self.bind(kind, request, now),
            ("ephemeralcontainers" | "resize", Verb::Update | Verb::Patch) if resource == "pods" => Err(Status::new(
                Reason::MethodNotAllowed,
                format!("the {subresource} subresource of pods is not simulated"),
            )),
            _ => Err(Status::no_resource()),
        }
    }

    fn scale(&mut self, kind: &dyn Kind, paths: ScalePaths, request: &Request, now: Time) -> Result<Response> {
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let shown = scale_of(&old, paths);
        let wanted = match (&request.body, request.verb) {
            (_, Verb::Get) => return Ok(Response::of(shown.into())),
            (Body::Object(wanted), Verb::Update) => wanted.clone(),
            (Body::Patch(format, text), Verb::Patch) => patched_scale(&shown, *format, text)?,
            _ => return Err(Status::bad_request("the body of the request was in an unknown format")),
        };
        let names = kind.names();
        let sent = wanted.resource_version();
        if !sent.is_empty() && sent != old.resource_version() {
            return Err(Status::modified(names.group, names.plural, old.name()));
        }
        let replicas = wanted.int("/spec/replicas").unwrap_or(0);
        if replicas < 0 {
            let path = Path::new("spec.replicas");
            let errors = vec![field::invalid(&path, replicas, "must be greater than or equal to 0")];
            return Err(Status::invalid("autoscaling", "Scale", old.name(), &errors));
        }
        let mut new = (*old).clone();
        new.put(paths.spec_replicas, replicas);
        let mut as_update = request.clone();
        as_update.subresource = String::new();
        as_update.options.trusted = true;
        let mut inner = Request { verb: Verb::Update, body: Body::None, ..as_update };
        inner.subresource = "scale".into();
        let done = self.replace(kind, old, new, &inner, now, Vec::new())?;
        Ok(Response { object: scale_of(&done.object, paths).into(), ..done })
    }

    /// Deletes a pod if the disruption budgets that select it allow one more disruption.
    fn evict(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let pod = self.must_read(kind, &request.namespace, &request.name)?;
        let Body::Object(eviction) = &request.body else {
            return Err(Status::bad_request("the body of the request was in an unknown format"));
        };
        let mut delete = Request::delete("pods", &request.namespace, &request.name);
        delete.options.grace = eviction.int("/deleteOptions/gracePeriodSeconds");
        delete.options.dry_run = request.options.dry_run;
        let settled = ["Succeeded", "Failed", "Pending"].contains(&pod.str("/status/phase"));
        if settled || pod.is_deleting() {
            return self.delete(kind, &delete, now);
        }
        let mut budgets = Vec::new();
        for budget in self.read_all("poddisruptionbudgets.policy", Some(&request.namespace))? {
            if budget
                .at("/spec/selector")
                .is_some_and(|s| labels::Selector::from_object(s).is_ok_and(|s| s.matches_object(&pod)))
            {
                budgets.push(budget);
            }
        }
        if budgets.len() > 1 {
            return Err(Status::internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
        if let Some(budget) = budgets.first() {
            let ready = kctl_base::object::condition_is_true(&pod, "Ready");
            let always = budget.str("/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
            let healthy_enough = budget.int("/status/currentHealthy") >= budget.int("/status/desiredHealthy")
                && budget.int("/status/desiredHealthy").unwrap_or(0) > 0;
            if ready || !(always || healthy_enough) {
                self.spend_budget(budget, &pod, request, now)?;
            }
        }
        self.delete(kind, &delete, now)
    }

    /// Takes one from a budget's allowed disruptions, or refuses the eviction.
    fn spend_budget(&mut self, budget: &Object, pod: &Object, request: &Request, now: Time) -> Result<()> {
        let allowed = budget.int("/status/disruptionsAllowed").unwrap_or(0);
        let observed = budget.int("/status/observedGeneration").unwrap_or(0);
        if observed < budget.generation() || allowed <= 0 {
            let status = Status::new(
                Reason::TooManyRequests,
                "Cannot evict pod as it would violate the pod's disruption budget.",
            );
            let (name, healthy, desired) = (
                budget.name(),
                budget.int("/status/currentHealthy").unwrap_or(0),
                budget.int("/status/desiredHealthy").unwrap_or(0),
            );
            return Err(status.with_cause(kctl_base::status::StatusCause {
                reason: "DisruptionBudget".into(),
                message: format!(
                    "The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
                ),
                field: String::new(),
            }));
        }
        if request.options.dry_run {
            return Ok(());
        }
        let mut new = budget.clone();
        new.put("/status/disruptionsAllowed", allowed - 1);
        new.map_mut("/status/disruptedPods").insert(pod.name(), now.rfc3339().into());
        let update = Request::update("poddisruptionbudgets.policy", budget.namespace(), budget.name(), new)
            .subresource("status")
            .manager("kube-apiserver")
            .trusted();
        self.handle(&update, now).map(drop)
    }

    /// Assigns a pod to a node, once.
    fn bind(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let Body::Object(binding) = &request.body else {
            return Err(Status::bad_request("the body of the request was in an unknown format"));
        };
        let names = kind.names();
        if old.is_deleting() {
            let why = format!("pod {} is being deleted, cannot be assigned to a host", old.name());
            return Err(Status::conflict(names.group, "pods/binding", old.name(), &why));
        }
        if !old.str("/spec/nodeName").is_empty() {
            let why = format!("pod {} is already assigned to node \"{}\"", old.name(), old.str("/spec/nodeName"));
            return Err(Status::conflict(names.group, "pods/binding", old.name(), &why));
        }
        let mut new = (*old).clone();
        new.put("/spec/nodeName", binding.str("/target/name"));
        new.remove_at("/status/nominatedNodeName");
        set_scheduled(&mut new, now);
        let update =
            Request { verb: Verb::Update, body: Body::None, ..request.clone() }.subresource("binding").trusted();
        self.replace(kind, old, new, &update, now, Vec::new())
    }
}

/// Adds the condition PodScheduled=True, as the binding registry does in the same write.
fn set_scheduled(pod: &mut Object, now: Time) {
    let generation = pod.generation();
    let conditions = pod.list_mut("/status/conditions");
    conditions.retain(|c| c.str("/type") != "PodScheduled");
    let mut condition =
        json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now.rfc3339()});
    if generation > 0 {
        condition["observedGeneration"] = generation.into();
    }
    conditions.push(condition);
}

/// The `autoscaling/v1 Scale` of an object.
fn scale_of(object: &Object, paths: ScalePaths) -> Object {
    let mut scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {}, "spec": {}, "status": {"replicas": object.int(paths.status_replicas).unwrap_or(0)}});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            scale["metadata"][field] = value.clone();
        }
    }
    if let Some(replicas) = object.int(paths.spec_replicas) {
        scale["spec"]["replicas"] = replicas.into();
    }
    let selector = object.pointer(paths.selector).filter(|_| !paths.selector.is_empty());
    if let Some(text) = selector
        .and_then(|s| if s.is_string() { s.as_str().map(String::from) } else { Some(labels::format_label_selector(s)) })
    {
        scale["status"]["selector"] = text.into();
    }
    scale
}

fn patched_scale(shown: &Object, format: PatchType, text: &str) -> Result<Object> {
    let parsed: Value = serde_json::from_str(text).map_err(|e| Status::bad_request(decode::go_json_error(text, &e)))?;
    match format {
        PatchType::Json => patch::json::apply(shown, &parsed).map_err(|_| {
            Status::new(Reason::Invalid, "the server rejected our request due to an error in our request")
        }),
        _ => Ok(patch::merge::apply(shown, &parsed)),
    }
}
