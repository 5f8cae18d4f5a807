//! StatefulSets from end to end, over a cluster in memory.

use crate::api::Propagation;
use crate::controllers::shared::testing::{Bench, workload};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

fn bench() -> Bench {
    Bench::open()
}

fn set(name: &str, replicas: i64, changes: Value) -> Value {
    let mut set = workload("apps/v1", "StatefulSet", name, replicas, "nginx:1.25");
    set.put("/spec/serviceName", "peers");
    for (key, value) in changes.as_object().into_iter().flatten() {
        set["spec"][key] = value.clone();
    }
    set
}

/// Returns `name:image` of every pod that is not being deleted.
fn pods(bench: &mut Bench) -> Vec<String> {
    let pods = bench.list("pods");
    let pods = pods.iter().filter(|p| !p.is_deleting());
    pods.map(|p| format!("{}:{}", p.name(), p.str("/spec/containers/0/image").trim_start_matches("nginx:"))).collect()
}

fn set_image(bench: &mut Bench, name: &str, image: &str) {
    let container = json!([{"name": "c", "image": image}]);
    bench.patch("statefulsets.apps", name, json!({"spec": {"template": {"spec": {"containers": container}}}}));
}

#[test]
fn pods_are_created_one_by_one() {
    let mut bench = bench();
    bench.create("statefulsets.apps", set("web", 2, json!({})));
    assert_eq!(pods(&mut bench), ["web-0:1.25"], "the second waits");
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-0:1.25", "web-1:1.25"]);
    let web = bench.get("statefulsets.apps", "web");
    let revision = web.str("/status/updateRevision").to_string();
    assert_eq!(
        web["status"],
        json!({"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2,
               "currentReplicas": 2, "updatedReplicas": 2, "currentRevision": revision, "updateRevision": revision,
               "collisionCount": 0})
    );
    let pod = bench.get("pods", "web-1");
    assert_eq!((pod.str("/spec/hostname"), pod.str("/spec/subdomain")), ("web-1", "peers"));
    assert_eq!(pod.label("controller-revision-hash"), Some(revision.as_str()));
    let created = |name: &str| format!("SuccessfulCreate Create Pod {name} in StatefulSet web successful");
    assert_eq!(bench.events("web"), [created("web-0"), created("web-1")]);
}

#[test]
fn scaling_down_deletes_the_highest_ordinal_first() {
    let mut bench = bench();
    bench.create("statefulsets.apps", set("web", 3, json!({})));
    bench.settle();
    bench.patch("statefulsets.apps", "web", json!({"spec": {"replicas": 1}}));
    assert_eq!(pods(&mut bench).len(), 2, "one by one");
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-0:1.25"]);
    let deleted = |name: &str| format!("SuccessfulDelete Delete Pod {name} in StatefulSet web successful");
    assert_eq!(bench.events("web")[3..], [deleted("web-2"), deleted("web-1")]);
}

#[test]
fn updates_stop_at_the_partition_and_a_returning_template_is_renumbered() {
    let mut bench = bench();
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    bench.create("statefulsets.apps", set("web", 2, json!({"updateStrategy": strategy})));
    bench.settle();
    set_image(&mut bench, "web", "nginx:1.26");
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-0:1.25", "web-1:1.26"]);
    bench.delete("pods", "web-0", Propagation::Background);
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-0:1.25", "web-1:1.26"], "below the partition it comes back as it was");
    bench.patch("statefulsets.apps", "web", json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}));
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-0:1.26", "web-1:1.26"]);
    set_image(&mut bench, "web", "nginx:1.25");
    bench.settle();
    let numbers = |bench: &mut Bench| {
        let mut numbers: Vec<i64> =
            bench.list("controllerrevisions.apps").iter().filter_map(|r| r.int("/revision")).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&mut bench), [2, 3]);
    bench.patch("statefulsets.apps", "web", json!({"spec": {"revisionHistoryLimit": 0}}));
    bench.settle();
    assert_eq!(numbers(&mut bench), [3]);
}

#[test]
fn a_broken_update_goes_on_when_its_pod_is_deleted_by_hand() {
    let mut bench = bench();
    bench.create("statefulsets.apps", set("plain", 2, json!({})));
    bench.settle();
    set_image(&mut bench, "plain", "nginx:bad");
    bench.settle();
    assert_eq!(pods(&mut bench), ["plain-0:1.25", "plain-1:bad"]);
    set_image(&mut bench, "plain", "nginx:1.25");
    bench.settle();
    assert_eq!(pods(&mut bench), ["plain-0:1.25", "plain-1:bad"], "it stays stuck");
    bench.delete("pods", "plain-1", Propagation::Background);
    bench.settle();
    assert_eq!(pods(&mut bench), ["plain-0:1.25", "plain-1:1.25"]);
}

#[test]
fn on_delete_and_moved_ordinals_and_availability() {
    let mut bench = bench();
    bench.create("statefulsets.apps", set("manual", 2, json!({"updateStrategy": {"type": "OnDelete"}})));
    bench.settle();
    set_image(&mut bench, "manual", "nginx:1.26");
    bench.settle();
    assert_eq!(bench.get("statefulsets.apps", "manual").int("/status/updatedReplicas"), None);
    bench.delete("pods", "manual-0", Propagation::Background);
    bench.settle();
    assert_eq!(pods(&mut bench), ["manual-0:1.26", "manual-1:1.25"]);
    bench.delete("statefulsets.apps", "manual", Propagation::Background);
    bench.settle();
    assert_eq!(pods(&mut bench), [""; 0]);

    let numbered = json!({"ordinals": {"start": 5}, "podManagementPolicy": "Parallel", "minReadySeconds": 20});
    bench.create("statefulsets.apps", set("numbered", 2, numbered));
    assert_eq!(pods(&mut bench), ["numbered-5:1.25", "numbered-6:1.25"], "both at once");
    bench.advance(5);
    let status = bench.get("statefulsets.apps", "numbered")["status"].clone();
    assert_eq!((status.int("/readyReplicas"), status.int("/availableReplicas")), (Some(2), Some(0)));
    bench.advance(20);
    assert_eq!(bench.get("statefulsets.apps", "numbered").int("/status/availableReplicas"), Some(2));
    bench.patch("statefulsets.apps", "numbered", json!({"spec": {"ordinals": {"start": 6}}}));
    bench.settle();
    assert_eq!(pods(&mut bench), ["numbered-6:1.25", "numbered-7:1.25"]);
}

#[test]
fn orphans_are_adopted_with_their_history() {
    let mut bench = bench();
    bench.create("statefulsets.apps", set("web", 2, json!({})));
    bench.settle();
    let uid = bench.get("pods", "web-1").uid().to_string();
    bench.delete("statefulsets.apps", "web", Propagation::Orphan);
    bench.settle();
    bench.delete("pods", "web-0", Propagation::Background);
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-1:1.25"]);
    bench.create("statefulsets.apps", set("web", 2, json!({})));
    bench.settle();
    assert_eq!(pods(&mut bench), ["web-0:1.25", "web-1:1.25"]);
    assert_eq!(bench.get("pods", "web-1").uid(), uid, "the same template: it stays");
    assert_eq!(bench.list("controllerrevisions.apps").len(), 1);
}

#[test]
fn claims_are_created_kept_and_owned_by_policy() {
    let mut bench = bench();
    let claims = json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                         "resources": {"requests": {"storage": "1Gi"}}}}]);
    bench.create("statefulsets.apps", set("keep", 1, json!({"volumeClaimTemplates": claims})));
    let claim = bench.get("persistentvolumeclaims", "data-keep-0");
    assert_eq!(claim["metadata"]["labels"], json!({"app": "keep"}));
    assert_eq!(claim.owners(), []);
    assert_eq!(
        bench.get("pods", "keep-0").at("/spec/volumes/0"),
        Some(&json!({"name": "data", "persistentVolumeClaim": {"claimName": "data-keep-0"}}))
    );
    assert_eq!(
        bench.events("keep")[0],
        "SuccessfulCreate Create Claim data-keep-0 Pod keep-0 in StatefulSet keep success"
    );
    bench.delete("statefulsets.apps", "keep", Propagation::Background);
    bench.settle();
    assert!(bench.find("persistentvolumeclaims", "data-keep-0").is_some(), "claims outlive their set");

    let policy = json!({"whenScaled": "Retain", "whenDeleted": "Delete"});
    let changes = json!({"volumeClaimTemplates": claims, "persistentVolumeClaimRetentionPolicy": policy});
    bench.create("statefulsets.apps", set("drop", 1, changes));
    let owners = bench.get("persistentvolumeclaims", "data-drop-0").owners();
    assert_eq!(owners.iter().map(|o| o.kind.as_str()).collect::<Vec<_>>(), ["StatefulSet"]);
    bench.delete("statefulsets.apps", "drop", Propagation::Background);
    bench.settle();
    // Its protection may outlast this test.
    assert!(bench.find("persistentvolumeclaims", "data-drop-0").is_none_or(|c| c.is_deleting()));
}

#[test]
fn a_parallel_set_of_any_size_grows_by_a_burst_a_second() {
    let mut set = workload("apps/v1", "StatefulSet", "web", i32::MAX.into(), "nginx:1.25");
    set.put("/spec/podManagementPolicy", "Parallel");
    let mut bench = Bench::open();
    bench.create("statefulsets.apps", set);
    assert_eq!(bench.list("pods").len(), 500);
    bench.advance(1);
    assert_eq!(bench.list("pods").len(), 1_000);
}
