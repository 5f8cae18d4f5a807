//! The objects that scenes create.

use kctl_base::json::json;
use kctl_base::object::Object;

/// A list of objects.
pub(crate) fn list(objects: impl IntoIterator<Item = Object>) -> Object {
    let items: Vec<Object> = objects.into_iter().collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// A Deployment with one container `c`.
pub(crate) fn deployment(name: &str, replicas: usize, image: &str) -> Object {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }})
}

/// A node with room for 500 pods.
pub(crate) fn node(index: usize) -> Object {
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "500"});
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{index}")},
           "status": {"capacity": room, "allocatable": room}})
}

/// A pod without controller.
pub(crate) fn pod(index: usize) -> Object {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{index}")},
           "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}})
}

/// A small ConfigMap.
pub(crate) fn config_map(index: usize) -> Object {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{index}")},
           "data": {"index": index.to_string()}})
}

/// A Service for the pods of the Deployment `web`.
pub(crate) fn service(index: usize) -> Object {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{index}")},
           "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
}

/// A CronJob with a schedule.
pub(crate) fn cron_job(name: &str, schedule: &str) -> Object {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["date"]}]});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": {
        "schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": pod}}}}})
}

/// A DaemonSet, a StatefulSet with claims, a Deployment with a Service, and a daily CronJob.
pub(crate) fn mixed() -> Object {
    let container = json!({"name": "c", "image": "nginx:1.25"});
    let template = |app: &str| json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}});
    let claim = json!({"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    list([
        deployment("web", 3, "nginx:1.25"),
        service(0),
        cron_job("daily", "@daily"),
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
               "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template("agent")}}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
            "template": template("db"), "volumeClaimTemplates": [claim]}}),
    ])
}
