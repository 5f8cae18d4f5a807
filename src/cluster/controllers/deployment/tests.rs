//! Deployments from end to end, over a cluster in memory.

use crate::api::Propagation;
use crate::controllers::shared::testing::{Bench, workload};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

fn bench(replicas: i64, change: impl FnOnce(&mut Value)) -> Bench {
    let mut bench = Bench::open();
    let mut deployment = workload("apps/v1", "Deployment", "web", replicas, "nginx:1");
    change(&mut deployment);
    bench.create("deployments.apps", deployment);
    bench.settle();
    bench
}

fn image(bench: &mut Bench, image: &str) {
    let template = json!({"spec": {"containers": [{"name": "c", "image": image}]}});
    bench.patch("deployments.apps", "web", json!({"spec": {"template": template}}));
}

/// Returns revision, size and image of every set, by revision.
fn sets(bench: &mut Bench) -> Vec<String> {
    let line = |set: &Object| {
        let revision = set.annotation("deployment.kubernetes.io/revision").unwrap_or("?");
        format!("{revision} {} {}", set["spec"]["replicas"], set.str("/spec/template/spec/containers/0/image"))
    };
    let mut lines: Vec<String> = bench.list("replicasets.apps").iter().map(|s| line(s)).collect();
    lines.sort();
    lines
}

/// Returns the scaling events, with the images of the sets instead of their names.
fn scalings(bench: &mut Bench) -> Vec<String> {
    let names: Vec<(String, String)> = bench
        .list("replicasets.apps")
        .iter()
        .map(|s| (s.name().to_string(), s.str("/spec/template/spec/containers/0/image").to_string()))
        .collect();
    let events =
        bench.events("web").into_iter().filter_map(|e| e.strip_prefix("ScalingReplicaSet Scaled ").map(String::from));
    events.map(|e| names.iter().fold(e, |e, (name, image)| e.replace(&format!("replica set {name}"), image))).collect()
}

fn reason(bench: &mut Bench, kind: &str) -> String {
    let deployment = bench.get("deployments.apps", "web");
    condition(&deployment, kind).map(|c| format!("{} {}", c.str("/status"), c.str("/reason"))).unwrap_or_default()
}

#[test]
fn a_rolling_update_replaces_pod_by_pod() {
    let mut bench = bench(2, |_| {});
    let status = bench.get("deployments.apps", "web")["status"].clone();
    let mut numbers = status.clone();
    kctl_base::object::ValueWrite::remove_at(&mut numbers, "/conditions");
    assert_eq!(
        numbers,
        json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
               "terminatingReplicas": 0})
    );
    let types: Vec<&str> = status.list("/conditions").iter().map(|c| c.str("/type")).collect();
    assert_eq!(types, ["Available", "Progressing"]);
    image(&mut bench, "nginx:2");
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 0 nginx:1", "2 2 nginx:2"]);
    assert_eq!(
        scalings(&mut bench),
        [
            "up nginx:1 from 0 to 2",
            "up nginx:2 from 0 to 1",
            "down nginx:1 from 2 to 1",
            "up nginx:2 from 1 to 2",
            "down nginx:1 from 1 to 0",
        ]
    );
    assert_eq!(reason(&mut bench, "Progressing"), "True NewReplicaSetAvailable");
    let deployment = bench.get("deployments.apps", "web");
    assert_eq!(deployment.annotation("deployment.kubernetes.io/revision"), Some("2"));
    image(&mut bench, "nginx:1");
    bench.settle();
    assert_eq!(sets(&mut bench), ["2 0 nginx:2", "3 2 nginx:1"], "the old set comes back with a new number");
    let back = bench.list("replicasets.apps").into_iter().find(|s| s["spec"]["replicas"] == 2).unwrap();
    assert_eq!(back.annotation("deployment.kubernetes.io/revision-history"), Some("1"));
}

#[test]
fn a_bad_image_times_out_and_a_rollover_recovers() {
    let mut bench = bench(3, |d| d["spec"]["progressDeadlineSeconds"] = 30.into());
    image(&mut bench, "nginx:bad");
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 3 nginx:1", "2 1 nginx:bad"]);
    assert_eq!(reason(&mut bench, "Progressing"), "True ReplicaSetUpdated");
    bench.advance(40);
    assert_eq!(reason(&mut bench, "Progressing"), "False ProgressDeadlineExceeded");
    assert_eq!(reason(&mut bench, "Available"), "True MinimumReplicasAvailable");
    image(&mut bench, "nginx:3");
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 0 nginx:1", "2 0 nginx:bad", "3 3 nginx:3"]);
    assert_eq!(reason(&mut bench, "Progressing"), "True NewReplicaSetAvailable");
}

#[test]
fn a_paused_rollout_can_be_scaled() {
    let mut bench =
        bench(5, |d| d["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}));
    image(&mut bench, "nginx:2");
    bench.patch("deployments.apps", "web", json!({"spec": {"paused": true}}));
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 5 nginx:1", "2 1 nginx:2"]);
    assert_eq!(reason(&mut bench, "Progressing"), "Unknown DeploymentPaused");
    image(&mut bench, "nginx:3");
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 5 nginx:1", "2 1 nginx:2"], "nothing new while paused");
    bench.patch("deployments.apps", "web", json!({"spec": {"replicas": 10}}));
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 9 nginx:1", "2 2 nginx:2"], "in proportion");
    bench.patch("deployments.apps", "web", json!({"spec": {"paused": false}}));
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 0 nginx:1", "2 0 nginx:2", "3 10 nginx:3"]);
}

#[test]
fn recreation_waits_until_the_old_pods_are_gone() {
    let mut bench = bench(2, |d| d["spec"]["strategy"] = json!({"type": "Recreate"}));
    image(&mut bench, "nginx:2");
    assert_eq!(sets(&mut bench), ["1 0 nginx:1"], "no new set while old pods are there");
    bench.settle();
    assert_eq!(sets(&mut bench), ["1 0 nginx:1", "2 2 nginx:2"]);
    assert_eq!(scalings(&mut bench), ["up nginx:1 from 0 to 2", "down nginx:1 from 2 to 0", "up nginx:2 from 0 to 2"]);
    assert_eq!(reason(&mut bench, "Progressing"), "True NewReplicaSetAvailable");
}

#[test]
fn the_history_is_limited_and_keeps_change_causes() {
    let mut bench = bench(1, |d| d["spec"]["revisionHistoryLimit"] = 2.into());
    for n in 2..6 {
        let cause = json!({"kubernetes.io/change-cause": format!("to {n}")});
        bench.patch("deployments.apps", "web", json!({"metadata": {"annotations": cause}}));
        image(&mut bench, &format!("nginx:{n}"));
        bench.settle();
    }
    assert_eq!(sets(&mut bench), ["3 0 nginx:3", "4 0 nginx:4", "5 1 nginx:5"]);
    // An annotation set before the template changes is copied to the existing set too.
    let causes: Vec<Option<String>> = bench
        .list("replicasets.apps")
        .iter()
        .map(|s| s.annotation("kubernetes.io/change-cause").map(String::from))
        .collect();
    assert!(causes.contains(&Some("to 5".into())), "{causes:?}");
}

#[test]
fn a_taken_name_is_a_collision() {
    let mut first = bench(1, |_| {});
    let taken = first.list("replicasets.apps")[0].name().to_string();
    let mut bench = Bench::open();
    let mut stranger = workload("apps/v1", "ReplicaSet", &taken, 0, "other:1");
    stranger["spec"]["selector"] = json!({"matchLabels": {"app": "stranger"}});
    stranger["spec"]["template"]["metadata"]["labels"] = json!({"app": "stranger"});
    bench.create("replicasets.apps", stranger);
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 1, "nginx:1"));
    bench.settle();
    bench.advance(1);
    bench.settle();
    let deployment = bench.get("deployments.apps", "web");
    assert_eq!(deployment.int("/status/collisionCount"), Some(1));
    assert_eq!(deployment.int("/status/availableReplicas"), Some(1));
    assert_eq!(bench.list("replicasets.apps").len(), 2);
}

#[test]
fn the_status_is_written_only_when_it_changes() {
    let mut bench = bench(2, |_| {});
    let before = bench.cluster.server().revision();
    image(&mut bench, "nginx:2");
    bench.settle();
    let changes = bench.cluster.server().changes_since(before).unwrap();
    let shown = |o: &Object| {
        let number = |field: &str| o.int(&format!("/status/{field}")).unwrap_or(0);
        format!("{} {} {}", number("readyReplicas"), number("updatedReplicas"), number("availableReplicas"))
    };
    let mut rows: Vec<String> =
        changes.iter().filter(|c| c.key.resource == "deployments.apps").map(|c| shown(&c.object)).collect();
    assert!(rows.len() < 20, "{rows:?}");
    rows.dedup();
    assert_eq!(rows, ["2 2 2", "2 0 2", "2 1 2", "3 1 3", "2 1 2", "2 2 2", "3 2 3", "2 2 2"]);
}

#[test]
fn orphaned_sets_are_adopted_again() {
    let mut bench = bench(1, |_| {});
    bench.delete("deployments.apps", "web", Propagation::Orphan);
    bench.settle();
    assert!(bench.list("replicasets.apps")[0].owners().is_empty());
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 1, "nginx:1"));
    bench.settle();
    let sets = bench.list("replicasets.apps");
    assert_eq!(sets.len(), 1);
    assert!(sets[0].is_managed());
    assert_eq!(bench.list("pods").len(), 1);
}
