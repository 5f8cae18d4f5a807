//! Random objects: workloads of all kinds, services, disruption budgets and autoscalers.

use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta as _, ValueRead as _};

use super::super::world::{STORAGE_CLASSES, TAINT, World};
use super::Action;
use super::choose::{SCALED, any, names};
use crate::harness::random::Random;

/// The maximum number of objects that the simulation creates.
const OBJECTS_MAX: usize = 16;
pub(super) const IMAGES: &[&str] = &["nginx:1.24", "nginx:1.25", "nginx:1.26", "httpd:2.4"];

/// The resources that are created and deleted.
pub(super) const RESOURCES: &[&str] = &[
    "deployments.apps",
    "replicasets.apps",
    "replicationcontrollers",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "pods",
    "services",
    "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling",
    "resourcequotas",
];

/// Chooses a new object.
pub(super) fn create(random: &mut Random, world: &World) -> Option<Action> {
    if names(world, RESOURCES).len() >= OBJECTS_MAX {
        return None;
    }
    // Deployments and StatefulSets have the most rules, so they are created more often.
    let often = ["deployments.apps", "statefulsets.apps"];
    let resource = if random.once_in(4) { random.pick(&often) } else { random.pick(RESOURCES) };
    // The revision makes the name unique: every creation has another one.
    let name = format!("w{}", world.revision);
    let (api_version, kind, spec) = spec(random, world, resource, &name)?;
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": {"app": name}}, "spec": spec});
    Some(Action::Create(resource, object))
}

/// The apiVersion, kind and spec of a new object; `None` if it has no target.
fn spec(random: &mut Random, world: &World, resource: &str, name: &str) -> Option<(&'static str, &'static str, Value)> {
    let template = template(random, name);
    let base = json!({"selector": {"matchLabels": {"app": name}}, "template": template});
    Some(match resource {
        "deployments.apps" => ("apps/v1", "Deployment", deployment(random, base)),
        "replicasets.apps" => ("apps/v1", "ReplicaSet", with(base, json!({"replicas": random.below(6)}))),
        "replicationcontrollers" => {
            let spec = json!({"replicas": random.below(6), "selector": {"app": name}, "template": template});
            ("v1", "ReplicationController", spec)
        }
        "statefulsets.apps" => ("apps/v1", "StatefulSet", stateful_set(random, name, base)),
        "daemonsets.apps" => ("apps/v1", "DaemonSet", daemon_set(random, base)),
        "jobs.batch" => ("batch/v1", "Job", job(random)),
        "cronjobs.batch" => {
            let policy = *random.pick(&["Allow", "Forbid", "Replace"]);
            let job = json!({"spec": job(random)});
            ("batch/v1", "CronJob", json!({"schedule": "*/2 * * * *", "concurrencyPolicy": policy, "jobTemplate": job}))
        }
        "pods" => ("v1", "Pod", template["spec"].clone()),
        "services" => {
            let (_, app) = any_app(random, world)?;
            ("v1", "Service", json!({"selector": {"app": app}, "ports": [{"port": 80}]}))
        }
        "poddisruptionbudgets.policy" => ("policy/v1", "PodDisruptionBudget", budget(random, world)?),
        "resourcequotas" => ("v1", "ResourceQuota", quota(random)),
        _ => ("autoscaling/v2", "HorizontalPodAutoscaler", autoscaler(random, world)?),
    })
}

/// Adds fields to a spec.
fn with(mut spec: Value, more: Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key.as_str()] = value.clone();
    }
    spec
}

/// Chooses the resource and the name of a scalable workload, which is also the value of the label `app` of its pods.
fn any_app(random: &mut Random, world: &World) -> Option<(&'static str, String)> {
    any(random, &names(world, SCALED))
}

fn deployment(random: &mut Random, base: Value) -> Value {
    let rolling = |limits: Value| json!({"type": "RollingUpdate", "rollingUpdate": limits});
    let strategies = [
        json!({"type": "RollingUpdate"}),
        rolling(json!({"maxSurge": 1, "maxUnavailable": 0})),
        rolling(json!({"maxSurge": 0, "maxUnavailable": 1})),
        rolling(json!({"maxSurge": "50%", "maxUnavailable": "50%"})),
        json!({"type": "Recreate"}),
    ];
    let strategy = random.pick(&strategies).clone();
    let wait = random.below(2) * 3;
    with(base, json!({"replicas": random.below(6), "strategy": strategy, "minReadySeconds": wait}))
}

fn stateful_set(random: &mut Random, name: &str, base: Value) -> Value {
    let strategies = [
        json!({"type": "RollingUpdate"}),
        json!({"type": "RollingUpdate"}),
        json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1 + random.below(2)}}),
        json!({"type": "OnDelete"}),
    ];
    let mut more = json!({"replicas": random.below(6), "serviceName": name,
        "podManagementPolicy": random.pick(&["OrderedReady", "Parallel"]), "updateStrategy": random.pick(&strategies)});
    if random.once_in(2) {
        let class = random.pick(&STORAGE_CLASSES);
        more["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {"storageClassName": class,
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]);
        let when = ["Retain", "Delete"];
        more["persistentVolumeClaimRetentionPolicy"] =
            json!({"whenScaled": random.pick(&when), "whenDeleted": random.pick(&when)});
    }
    if random.once_in(5) {
        more["ordinals"] = json!({"start": 3});
    }
    if random.once_in(4) {
        more["minReadySeconds"] = json!(5);
    }
    with(base, more)
}

fn daemon_set(random: &mut Random, base: Value) -> Value {
    let rolling = |limits: Value| json!({"type": "RollingUpdate", "rollingUpdate": limits});
    let strategies = [
        json!({"type": "RollingUpdate"}),
        rolling(json!({"maxUnavailable": 2})),
        rolling(json!({"maxSurge": 1, "maxUnavailable": 0})),
        json!({"type": "OnDelete"}),
    ];
    with(base, json!({"updateStrategy": random.pick(&strategies)}))
}

fn budget(random: &mut Random, world: &World) -> Option<Value> {
    let (_, app) = any_app(random, world)?;
    let limit = *random.pick(&["minAvailable", "maxUnavailable"]);
    let amount = random.pick(&[json!(1), json!(2), json!("50%")]).clone();
    let mut spec = json!({"selector": {"matchLabels": {"app": app}}, limit: amount});
    if random.once_in(3) {
        spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow".into();
    }
    Some(spec)
}

fn autoscaler(random: &mut Random, world: &World) -> Option<Value> {
    let (resource, name) = any_app(random, world)?;
    let target = world.get(resource, &name)?;
    let least = 1 + random.below(2);
    let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}});
    Some(json!({"minReplicas": least, "maxReplicas": least + random.below(5), "metrics": [metric],
        "scaleTargetRef": {"apiVersion": target.api_version(), "kind": target.str("/kind"), "name": name}}))
}

/// A quota that is far away for what controllers create, and now and then near for what users do.
fn quota(random: &mut Random) -> Value {
    if random.once_in(2) {
        let hard = json!({"pods": "1000", "requests.cpu": "10k", "requests.memory": "1000Gi"});
        return json!({"scopes": ["NotBestEffort"], "hard": hard});
    }
    let mut hard = json!({"pods": "1000", "count/pods": "2k", "persistentvolumeclaims": "1000", "requests.storage": "10Ti",
        "configmaps": "50", "count/replicasets.apps": "1000", "count/jobs.batch": "1000"});
    for resource in ["services", "count/deployments.apps", "count/statefulsets.apps", "resourcequotas"] {
        hard[resource] = (2 + random.below(8)).to_string().into();
    }
    json!({"hard": hard})
}

/// A pod template with or without requests, probes, a second container, a node selector, tolerations and a script of its
/// life.
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
        // The same requests, because a quota may ask for them of all containers or none.
        let resources = &spec["containers"][0]["resources"];
        let second = json!({"name": "d", "image": "busybox", "resources": resources});
        spec["containers"] = json!([spec["containers"][0], second]);
    }
    if random.once_in(6) {
        let resources = &spec["containers"][0]["resources"];
        let command = ["sh", "-c", "sleep 3"];
        spec["initContainers"] = json!([{"name": "i", "image": "busybox", "command": command, "resources": resources}]);
    }
    if random.once_in(6) {
        spec["nodeSelector"] = json!({"kubernetes.io/hostname": "k8s-node1"});
    }
    if random.once_in(6) {
        spec["tolerations"] = json!([{"operator": "Exists"}]);
    } else if random.once_in(6) {
        let toleration = json!({"key": TAINT, "value": "x", "effect": "NoExecute", "tolerationSeconds": 20});
        spec["tolerations"] = json!([toleration]);
    }
    let mut template = json!({"metadata": {"labels": {"app": app}}, "spec": spec});
    if random.once_in(10) {
        let life = *random.pick(&["run=30s exit=1 times=2", "ready=10s", "start=4s pull=3s"]);
        template["metadata"]["annotations"] = json!({"kctl.dev/life.c": life});
    }
    template
}

/// A Job with a few short tasks, some of which fail.
fn job(random: &mut Random) -> Value {
    let command = *random.pick(&["sleep 2", "sleep 20", "sleep 150", "true", "exit 1"]);
    let mut spec = json!({"completions": 1 + random.below(3), "parallelism": 1 + random.below(3), "backoffLimit": random.below(3), "template": {
        "spec": {"restartPolicy": *random.pick(&["Never", "OnFailure"]),
                 "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", command]}]}}});
    if random.once_in(3) {
        spec["completionMode"] = "Indexed".into();
    }
    if random.once_in(4) {
        spec["ttlSecondsAfterFinished"] = json!(30);
    }
    spec
}
