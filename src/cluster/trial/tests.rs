//! Trials of a simulated cluster.

use super::*;
use crate::api::{PatchType, Request};
use crate::client::{WaitFor, WaitOutcome};
use kctl_base::json::{Value, json};
use kctl_kinds::catalog::KindRef;

const HOUR: Duration = Duration::from_secs(3600);

/// A cluster with a Deployment of three pods that are ready.
fn cluster() -> Cluster {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let web = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}}
    });
    cluster.handle(&Request::create("deployments.apps", "default", web)).expect("created");
    cluster.advance(Duration::from_secs(10)).expect("time passes");
    cluster.commit().expect("committed");
    cluster
}

/// Ends a trial and returns its record.
fn end(cluster: &mut Cluster) -> TrialRecord {
    let record = cluster.take_trial_record().expect("a readable store").expect("a record");
    cluster.end_trial().expect("the end");
    record
}

fn set_image(cluster: &mut Cluster, image: &str) {
    let containers = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}});
    let patch = Request::patch("deployments.apps", "default", "web", PatchType::Strategic, containers);
    cluster.handle(&patch).expect("patched");
}

fn settle(cluster: &mut Cluster) {
    while cluster.wait(None, WaitFor::Work).expect("time passes") == WaitOutcome::Progress {}
}

fn export(cluster: &mut Cluster) -> (Time, Vec<Value>) {
    let kinds: Vec<KindRef> = cluster.server.catalog().iter().collect();
    let mut objects = Vec::new();
    for kind in kinds {
        let found = cluster.server.read_all(&kind.names().resource(), None).expect("a list");
        objects.extend(found.iter().map(|object| (**object).clone()));
    }
    (cluster.now(), objects)
}

#[test]
fn a_trial_leaves_the_cluster_as_it_was() {
    let mut cluster = cluster();
    let before = export(&mut cluster);
    cluster.begin_trial(HOUR).expect("a trial");
    set_image(&mut cluster, "nginx:1.26");
    cluster.commit().expect("committed");
    settle(&mut cluster);
    assert_ne!(export(&mut cluster).1, before.1);
    let record = end(&mut cluster);
    assert!(!record.changes.is_empty());
    assert_eq!(export(&mut cluster), before);
    assert_eq!(cluster.server.store().check().expect("a check"), Vec::<String>::new());
    assert!(cluster.take_trial_record().expect("nothing").is_none());
}

#[test]
fn the_same_future_follows_after_a_trial() {
    let future = |is_tried: bool| {
        let mut cluster = cluster();
        if is_tried {
            cluster.begin_trial(HOUR).expect("a trial");
            set_image(&mut cluster, "nginx:1.26");
            settle(&mut cluster);
            cluster.end_trial().expect("the end");
        }
        set_image(&mut cluster, "nginx:1.26");
        settle(&mut cluster);
        export(&mut cluster)
    };
    assert_eq!(future(true), future(false));
}

#[test]
fn a_rollout_is_reported() {
    let mut cluster = cluster();
    cluster.begin_trial(HOUR).expect("a trial");
    set_image(&mut cluster, "nginx:1.26");
    settle(&mut cluster);
    let report = Report::of(&end(&mut cluster));
    let objects: Vec<String> =
        report.objects.iter().map(|o| format!("{} {}", o.effect.as_str(), o.object.kind)).collect();
    assert_eq!(objects, ["changed Deployment", "created ReplicaSet", "changed ReplicaSet"]);
    let paths: Vec<&str> = report.objects[0].fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["spec.template.spec.containers[c].image"]);
    let [web] = report.workloads.as_slice() else { panic!("{:?}", report.workloads) };
    assert_eq!(web.workload.as_ref().map(ToString::to_string).as_deref(), Some("deployment/web"));
    assert_eq!(web.fewest.map(|fewest| (fewest.available, fewest.desired)), Some((3, 3)));
    let (new, old): (Vec<_>, Vec<_>) = web.pods.iter().partition(|pod| pod.started.is_some());
    assert!(new.len() == 3 && new.iter().all(|pod| pod.ready > pod.started && pod.gone.is_none()));
    assert!(old.len() == 3 && old.iter().all(|pod| pod.gone > pod.terminating));
    assert_eq!(report.progressed, old.iter().filter_map(|pod| pod.gone).max().expect("an end"));
    assert_eq!((report.unfinished, report.obstacles), (vec![], vec![]));
}

#[test]
fn an_image_that_is_missing_is_the_cause() {
    let mut cluster = cluster();
    cluster.begin_trial(HOUR).expect("a trial");
    set_image(&mut cluster, "nginx:notfound");
    settle(&mut cluster);
    let report = Report::of(&end(&mut cluster));
    let [web] = report.unfinished.as_slice() else { panic!("{:?}", report.unfinished) };
    assert_eq!((web.object.to_string().as_str(), web.state.as_str()), ("deployment/web", "1 of 3 pods are updated"));
    assert!(web.causes[0].contains("failed (ImagePullBackOff)"), "{:?}", web.causes);
    assert!(report.obstacles.iter().any(|obstacle| obstacle.kind == ObstacleKind::Image && obstacle.count > 1));
    assert!(report.ended - report.progressed > Duration::from_secs(60), "nothing goes on");
}

#[test]
fn nothing_passes_the_end_of_a_trial() {
    let mut cluster = cluster();
    cluster.begin_trial(Duration::from_secs(2)).expect("a trial");
    let end = cluster.now() + Duration::from_secs(2);
    set_image(&mut cluster, "nginx:1.26");
    let over = std::iter::from_fn(|| Some(cluster.wait(None, WaitFor::Work))).find_map(std::result::Result::err);
    assert!(matches!(over, Some(ClusterError::TrialOver)), "{over:?}");
    assert_eq!(cluster.now(), end);
    assert!(matches!(cluster.wait(Some(end + HOUR), WaitFor::AnyChange), Err(ClusterError::TrialOver)));
    assert_eq!(cluster.wait(Some(end), WaitFor::AnyChange).expect("the last instant"), WaitOutcome::Deadline);
}
