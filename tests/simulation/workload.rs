//! The steps of a simulated life: what a person, or bad luck, may do to a cluster.

use kctl::api::{PatchType, Propagation, Request};
use kctl::machinery::object::{Meta as _, Reading as _};
use kctl::sim::Duration;
use serde_json::{Value, json};

use super::world::World;
use crate::harness::random::Random;

/// More workloads than this are not made.
const MOST: usize = 14;
const IMAGES: &[&str] = &["nginx:1.24", "nginx:1.25", "nginx:1.26", "httpd:2.4"];
const BAD_IMAGE: &str = "nginx:does-not-exist";

/// Kinds of workloads: resource, the controller that has to be there.
const WORKLOADS: &[(&str, &str)] = &[
    ("deployments.apps", "deployment-controller"),
    ("deployments.apps", "deployment-controller"),
    ("replicasets.apps", "replicaset-controller"),
    ("statefulsets.apps", "statefulset-controller"),
    ("daemonsets.apps", "daemonset-controller"),
    ("jobs.batch", "job-controller"),
    ("cronjobs.batch", "cronjob-controller"),
    ("pods", "kubelet"),
    ("poddisruptionbudgets.policy", "disruption-controller"),
];

/// One step.
#[derive(Debug)]
pub(super) enum Action {
    /// A new object.
    Create(&'static str, Value),
    /// Another number of replicas.
    Scale(&'static str, String, u64),
    /// Another image in the template.
    Image(&'static str, String, &'static str),
    /// An older template of a Deployment.
    Undo(String, Value),
    /// Pause or resume a Deployment.
    Pause(String, bool),
    /// Delete an object.
    Delete(&'static str, String, Option<Propagation>),
    /// Evict a pod.
    Evict(String),
    /// Stop or start the kubelet of a node.
    Stop(String, bool),
    /// Cordon or uncordon a node.
    Cordon(String, bool),
    /// Nothing but time.
    Wait(Duration),
}

impl Action {
    /// Chooses a step that makes sense in this world.
    pub(super) fn choose(random: &mut Random, world: &World) -> Action {
        let action = match random.below(100) {
            0..16 => create(random, world),
            16..27 => scale(random, world),
            27..39 => image(random, world, false),
            39..43 => image(random, world, true),
            43..47 => undo(random, world),
            47..51 => pause(random, world),
            51..58 => delete_workload(random, world),
            58..62 => delete_pod(random, world),
            62..66 => evict(random, world),
            66..69 => stop(random, world),
            69..72 => cordon(random, world),
            _ => None,
        };
        action.unwrap_or_else(|| Action::Wait(Duration::from_millis(random.below(20_000) as i64)))
    }

    /// Does it. A refusal is an answer too; nothing here depends on it.
    pub(super) fn take(self, world: &mut World) {
        let done = match self {
            Action::Create(resource, object) => world.ask(Request::create(resource, "default", object)),
            Action::Scale(resource, name, replicas) => {
                world.undisturbed.remove(&name);
                let patch = json!({"spec": {"replicas": replicas}}).to_string();
                let request = Request::patch(resource, "default", &name, PatchType::Merge, patch);
                world.ask(request.subresource("scale"))
            }
            Action::Image(resource, name, image) => {
                remember_template(world, resource, &name);
                let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}});
                world.ask(Request::patch(resource, "default", &name, PatchType::Strategic, patch.to_string()))
            }
            Action::Undo(name, template) => {
                let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
                world.ask(Request::patch("deployments.apps", "default", &name, PatchType::Json, patch.to_string()))
            }
            Action::Pause(name, paused) => world.patch("deployments.apps", &name, &json!({"spec": {"paused": paused}})),
            Action::Delete(resource, name, propagation) => {
                if resource == "pods" {
                    world.undisturbed.clear();
                }
                let mut request = Request::delete(resource, "default", &name);
                request.options.propagation = propagation;
                world.ask(request)
            }
            Action::Evict(pod) => {
                world.undisturbed.clear();
                let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": "default"}});
                let mut request = Request::create("pods", "default", body).subresource("eviction");
                request.name = pod;
                world.ask(request)
            }
            Action::Stop(node, stop) => {
                world.undisturbed.clear();
                world.set_stopped(&node, stop);
                Ok(())
            }
            Action::Cordon(node, cordon) => {
                let patch = json!({"spec": {"unschedulable": cordon}}).to_string();
                world.ask(Request::patch("nodes", "", &node, PatchType::Merge, patch))
            }
            Action::Wait(span) => {
                world.cluster.advance(span).expect("time passes");
                Ok(())
            }
        };
        // Refused requests have been noted; the rules must hold after them too.
        drop(done);
    }
}

/// The template that a Deployment has now can be gone back to.
fn remember_template(world: &mut World, resource: &str, name: &str) {
    if resource != "deployments.apps" {
        return;
    }
    let now = world.own(resource).into_iter().find(|o| o.name() == name);
    if let Some(template) = now.and_then(|o| o.at("/spec/template").cloned()) {
        world.templates.entry(name.into()).or_default().push(template);
    }
}

/// Names of the workloads of some resources that nobody owns and nobody deletes.
fn names(world: &World, resources: &[&'static str]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for resource in resources {
        for object in world.own(resource) {
            if object.controller_of().is_none() && !object.is_deleting() {
                found.push((*resource, object.name().to_string()));
            }
        }
    }
    found
}

fn any<T: Clone>(random: &mut Random, from: &[T]) -> Option<T> {
    (!from.is_empty()).then(|| random.pick(from).clone())
}

fn create(random: &mut Random, world: &World) -> Option<Action> {
    let mut resources: Vec<&'static str> = WORKLOADS.iter().map(|(resource, _)| *resource).collect();
    resources.sort_unstable();
    resources.dedup();
    if names(world, &resources).len() >= MOST {
        return None;
    }
    let (resource, controller) = *random.pick(WORKLOADS);
    if !World::has_controller(controller) {
        return None;
    }
    // Names come from the revision, which no two creations share.
    let name = format!("w{}", world.seen);
    let template = template(random, &name);
    let selector = json!({"matchLabels": {"app": name}});
    let replicas = random.below(6);
    let (api_version, kind, spec) = match resource {
        "deployments.apps" => {
            let strategies = [
                json!({"type": "RollingUpdate"}),
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}),
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}),
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "50%"}}),
                json!({"type": "Recreate"}),
            ];
            let strategy = random.pick(&strategies).clone();
            let wait = random.below(2) * 3;
            (
                "apps/v1",
                "Deployment",
                json!({"replicas": replicas, "selector": selector, "template": template, "strategy": strategy, "minReadySeconds": wait}),
            )
        }
        "replicasets.apps" => {
            ("apps/v1", "ReplicaSet", json!({"replicas": replicas, "selector": selector, "template": template}))
        }
        "statefulsets.apps" => {
            let policy = *random.pick(&["OrderedReady", "Parallel"]);
            let claims = json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]);
            let mut spec = json!({"replicas": replicas, "selector": selector, "template": template, "podManagementPolicy": policy, "serviceName": name});
            if random.once_in(2) && World::has_controller("persistentvolume-binder") {
                spec["volumeClaimTemplates"] = claims;
            }
            ("apps/v1", "StatefulSet", spec)
        }
        "daemonsets.apps" => ("apps/v1", "DaemonSet", json!({"selector": selector, "template": template})),
        "jobs.batch" => ("batch/v1", "Job", job(random)),
        "cronjobs.batch" => {
            let policy = *random.pick(&["Allow", "Forbid", "Replace"]);
            (
                "batch/v1",
                "CronJob",
                json!({"schedule": "*/2 * * * *", "concurrencyPolicy": policy, "jobTemplate": {"spec": job(random)}}),
            )
        }
        "pods" => ("v1", "Pod", template["spec"].clone()),
        _ => {
            let workloads = names(world, &["deployments.apps", "replicasets.apps", "statefulsets.apps"]);
            let (_, app) = any(random, &workloads)?;
            let limit = *random.pick(&["minAvailable", "maxUnavailable"]);
            (
                "policy/v1",
                "PodDisruptionBudget",
                json!({"selector": {"matchLabels": {"app": app}}, limit: 1 + random.below(2)}),
            )
        }
    };
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": {"app": name}}, "spec": spec});
    Some(Action::Create(resource, object))
}

/// A pod template of one container, with or without requests, a probe, a node selector.
fn template(random: &mut Random, app: &str) -> Value {
    let mut container = json!({"name": "c", "image": random.pick(IMAGES)});
    if random.once_in(2) {
        let cpu = format!("{}m", 100 * (1 + random.below(20)));
        container["resources"] = json!({"requests": {"cpu": cpu, "memory": "64Mi"}});
    }
    if random.once_in(3) {
        container["readinessProbe"] = json!({"tcpSocket": {"port": 80}, "initialDelaySeconds": 2, "periodSeconds": 3});
    }
    let mut spec = json!({"containers": [container]});
    if random.once_in(6) {
        spec["nodeSelector"] = json!({"kubernetes.io/hostname": "k8s-node1"});
    }
    if random.once_in(6) {
        spec["tolerations"] = json!([{"operator": "Exists"}]);
    }
    json!({"metadata": {"labels": {"app": app}}, "spec": spec})
}

/// A Job of a few short tasks; some fail.
fn job(random: &mut Random) -> Value {
    let command = *random.pick(&["sleep 2", "sleep 20", "true", "exit 1"]);
    json!({"completions": 1 + random.below(3), "parallelism": 1 + random.below(3), "backoffLimit": random.below(3), "template": {
        "spec": {"restartPolicy": *random.pick(&["Never", "OnFailure"]),
                 "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", command]}]}}})
}

fn scale(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, &["deployments.apps", "replicasets.apps", "statefulsets.apps"]))?;
    Some(Action::Scale(resource, name, random.below(9)))
}

fn image(random: &mut Random, world: &World, bad: bool) -> Option<Action> {
    let (resource, name) = any(random, &names(world, &["deployments.apps", "statefulsets.apps", "daemonsets.apps"]))?;
    Some(Action::Image(resource, name, if bad { BAD_IMAGE } else { random.pick::<&str>(IMAGES) }))
}

fn undo(random: &mut Random, world: &World) -> Option<Action> {
    let (_, name) = any(random, &names(world, &["deployments.apps"]))?;
    let template = any(random, world.templates.get(&name)?)?;
    Some(Action::Undo(name, template))
}

fn pause(random: &mut Random, world: &World) -> Option<Action> {
    let (_, name) = any(random, &names(world, &["deployments.apps"]))?;
    let now = world.own("deployments.apps").into_iter().find(|d| d.name() == name)?;
    Some(Action::Pause(name, !now.flag("/spec/paused")))
}

fn delete_workload(random: &mut Random, world: &World) -> Option<Action> {
    let mut resources: Vec<&'static str> = WORKLOADS.iter().map(|(resource, _)| *resource).collect();
    resources.sort_unstable();
    resources.dedup();
    let (resource, name) = any(random, &names(world, &resources))?;
    let policies =
        [None, None, Some(Propagation::Background), Some(Propagation::Foreground), Some(Propagation::Orphan)];
    Some(Action::Delete(resource, name, *random.pick(&policies)))
}

fn delete_pod(random: &mut Random, world: &World) -> Option<Action> {
    let pod = any(random, &world.own("pods"))?;
    Some(Action::Delete("pods", pod.name().into(), None))
}

fn evict(random: &mut Random, world: &World) -> Option<Action> {
    any(random, &world.own("pods")).map(|pod| Action::Evict(pod.name().into()))
}

fn stop(random: &mut Random, world: &World) -> Option<Action> {
    let node = any(random, &world.all("nodes"))?.name().to_string();
    let stop = !world.stopped.contains(&node);
    Some(Action::Stop(node, stop))
}

fn cordon(random: &mut Random, world: &World) -> Option<Action> {
    let node = any(random, &world.all("nodes"))?;
    Some(Action::Cordon(node.name().into(), !node.flag("/spec/unschedulable")))
}
