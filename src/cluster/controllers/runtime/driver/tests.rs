use kctl_base::json::{Value, json};
use kctl_base::object::ObjectMeta;

use super::*;
use crate::api::Request;
use crate::controllers::Watch;
use crate::controllers::runtime::{Failure, failures};
use crate::{Cluster, OpenOptions};

/// Both controllers fail as long as there is a ConfigMap `broken`; the first while it reconciles, the second while it maps.
static CONTROLLERS: &[Controller] = &[
    Controller { name: "reconciler", watches: &[Watch::primary("configmaps")], reconcile: copy_to_secret },
    Controller { name: "mapper", watches: &[Watch::mapped("configmaps", unless_broken)], reconcile: create_account },
];

fn must_not_be_broken(ctx: &mut Context<'_>) -> Result<()> {
    match ctx.get("configmaps", "default", "broken")? {
        Some(_) => Err(Status::internal("broken on purpose")),
        None => Ok(()),
    }
}

fn copy_to_secret(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if &*key.name == "kube-root-ca.crt" || &*key.name == "broken" {
        return Ok(Action::AwaitChange);
    }
    must_not_be_broken(ctx)?;
    ctx.create("secrets", named("Secret", &key.name))?;
    Ok(Action::AwaitChange)
}

fn unless_broken(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.object.name() == "broken" {
        return Ok(Vec::new());
    }
    must_not_be_broken(ctx)?;
    Ok(vec![Key::of(&change.object)])
}

fn create_account(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    ctx.create("serviceaccounts", named("ServiceAccount", &key.name))?;
    Ok(Action::AwaitChange)
}

fn named(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}})
}

/// A cluster with the two controllers above and the ConfigMaps `broken` and `web`.
fn broken_cluster() -> Cluster {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
    cluster.driver = Driver::new(CONTROLLERS, cluster.server().revision());
    for name in ["broken", "web"] {
        let request = Request::create("configmaps", "default", named("ConfigMap", name));
        cluster.handle(&request).expect("a failing controller does not fail the request");
    }
    cluster
}

fn repair(cluster: &mut Cluster) {
    cluster.handle(&Request::delete("configmaps", "default", "broken")).expect("deleted");
}

fn exists(cluster: &mut Cluster, resource: &str) -> bool {
    cluster.server().read(resource, "default", "web").expect("readable").is_some()
}

fn failure_of(cluster: &mut Cluster, controller: &str) -> Option<Failure> {
    failures(cluster.server()).expect("readable").into_iter().find(|failure| failure.controller == controller)
}

#[test]
fn retries_back_off_and_stop_growing() {
    assert_eq!(retry_delay(0), Duration::from_millis(5));
    assert_eq!(retry_delay(3), Duration::from_millis(40));
    assert_eq!(retry_delay(60), LAST_RETRY);
}

#[test]
fn a_failed_reconciliation_is_kept_and_retried_with_backoff() {
    let mut cluster = broken_cluster();
    let created = cluster.now();
    let failure = failure_of(&mut cluster, "reconciler").expect("a failure is kept");
    assert_eq!((&*failure.key, failure.count, failure.time), ("default/web", 1, created));
    assert!(failure.error.contains("broken on purpose"), "{}", failure.error);
    // Retries after 5, 10 and 20 ms.
    for (millis, count) in [(4, 1), (1, 2), (9, 2), (1, 3), (20, 4)] {
        cluster.advance(Duration::from_millis(millis)).expect("time passes");
        assert_eq!(failure_of(&mut cluster, "reconciler").expect("still failing").count, count);
    }
    repair(&mut cluster);
    assert!(!exists(&mut cluster, "secrets"), "no change of its own enqueues the key");
    cluster.advance(Duration::from_millis(40)).expect("time passes");
    assert!(exists(&mut cluster, "secrets"));
    assert_eq!(failure_of(&mut cluster, "reconciler"), None, "the failure is removed by the success");
}

#[test]
fn a_change_that_cannot_be_mapped_is_kept_and_mapped_again() {
    let mut cluster = broken_cluster();
    let failure = failure_of(&mut cluster, "mapper").expect("a failure is kept");
    assert!(failure.key.starts_with("@change/0/"), "{}", failure.key);
    assert!(failure.error.contains("broken on purpose"), "{}", failure.error);
    cluster.advance(Duration::from_millis(5)).expect("time passes");
    assert_eq!(failure_of(&mut cluster, "mapper").expect("still failing").count, 2);
    repair(&mut cluster);
    cluster.advance(Duration::from_millis(10)).expect("time passes");
    assert!(exists(&mut cluster, "serviceaccounts"));
    assert_eq!(failure_of(&mut cluster, "mapper"), None);
}

#[test]
fn a_failure_outlives_the_driver() {
    let mut cluster = broken_cluster();
    cluster.driver = Driver::new(CONTROLLERS, cluster.server().revision());
    repair(&mut cluster);
    cluster.advance(Duration::from_millis(5)).expect("time passes");
    assert_eq!(failures(cluster.server()).expect("readable"), []);
}
