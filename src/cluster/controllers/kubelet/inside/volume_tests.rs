//! Volumes of pods, alone and shared.

use super::tests::{advance, log, pod, sh, start, status, warnings};
use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// Returns a pod that runs a script once, with a volume at `/d`.
fn with_volume(name: &str, script: &str, volume: &Value) -> Value {
    let mut pod = pod(name, script);
    pod["spec"]["restartPolicy"] = "Never".into();
    pod["spec"]["volumes"] = json!([volume]);
    pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "d", "mountPath": "/d"}]);
    pod
}

fn shared() -> Value {
    json!({"name": "d", "nfs": {"server": "nfs.example.com", "path": "/exports"}})
}

fn phase(bench: &mut Bench, name: &str) -> String {
    bench.get("pods", name).str("/status/phase").to_owned()
}

#[test]
fn pods_see_what_others_write_in_the_order_of_time() {
    let mut bench = Bench::open();
    let script = |word: &str| format!("for i in 1 2 3; do echo {word}$i >> /d/log; sleep 2; done");
    bench.create("pods", with_volume("a", &script("a"), &shared()));
    advance(&mut bench, 1);
    bench.create("pods", with_volume("b", &script("b"), &shared()));
    advance(&mut bench, 30);
    start(&mut bench, with_volume("c", "cat /d/log", &shared()));
    assert_eq!(log(&mut bench, "c"), "a1\nb1\na2\nb2\na3\nb3\n");
}

#[test]
fn workers_share_a_queue_of_files() {
    let mut bench = Bench::open();
    start(
        &mut bench,
        with_volume("fill", "mkdir /d/todo /d/lock; for i in 1 2 3 4 5 6; do echo > /d/todo/$i; done", &shared()),
    );
    let worker = "while [ -n \"$(ls /d/todo)\" ]; do
        for f in $(ls /d/todo); do
            mkdir /d/lock/$f 2>/dev/null || continue
            sleep 5
            echo \"$f $HOSTNAME\" >> /d/done
            rm /d/todo/$f
        done
        sleep 1
    done";
    for name in ["w1", "w2", "w3"] {
        bench.create("pods", with_volume(name, worker, &shared()));
    }
    advance(&mut bench, 9);
    assert_eq!(phase(&mut bench, "w1"), "Running");
    advance(&mut bench, 8);
    for name in ["w1", "w2", "w3"] {
        assert_eq!(phase(&mut bench, name), "Succeeded", "{name}");
    }
    start(
        &mut bench,
        with_volume("show", "cut -c1 /d/done | sort | tr -d '\\n'; cut -c3- /d/done | sort | uniq -c", &shared()),
    );
    assert_eq!(log(&mut bench, "show"), "123456      2 w1\n      2 w2\n      2 w3\n");
}

#[test]
fn a_pod_that_waits_for_a_file_goes_on_when_it_is_there() {
    let mut bench = Bench::open();
    let waits = |file: &str| format!("until [ -e /d/{file} ]; do sleep 1; done; date +%s");
    for file in ["one", "two"] {
        bench.create("pods", with_volume(file, &waits(file), &shared()));
    }
    advance(&mut bench, 100);
    start(&mut bench, with_volume("writer", "sleep 30; touch /d/one; sleep 1000", &shared()));
    advance(&mut bench, 18);
    assert_eq!(phase(&mut bench, "one"), "Running");
    advance(&mut bench, 5);
    assert_eq!((phase(&mut bench, "one").as_str(), phase(&mut bench, "two").as_str()), ("Succeeded", "Running"));
    sh(&mut bench, "writer", "touch /d/two");
    advance(&mut bench, 3);
    assert_eq!(phase(&mut bench, "two"), "Succeeded");
}

#[test]
fn network_storage_is_there_for_all_pods() {
    let mut bench = Bench::open();
    let iscsi =
        json!({"name": "d", "iscsi": {"targetPortal": "10.0.0.1", "iqn": "iqn.2000-01.com.example:a", "lun": 0}});
    let other =
        json!({"name": "d", "iscsi": {"targetPortal": "10.0.0.1", "iqn": "iqn.2000-01.com.example:a", "lun": 1}});
    start(&mut bench, with_volume("writer", "echo kept > /d/file", &iscsi));
    start(&mut bench, with_volume("reader", "cat /d/file", &iscsi));
    start(&mut bench, with_volume("stranger", "ls /d", &other));
    assert_eq!((log(&mut bench, "reader").as_str(), log(&mut bench, "stranger").as_str()), ("kept\n", ""));
}

#[test]
fn volumes_in_memory_are_sticky() {
    let mut bench = Bench::open();
    bench.create("configmaps", json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}));
    bench.create("secrets", json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}}));
    let name = json!({"path": "name", "fieldRef": {"fieldPath": "metadata.name"}});
    for (kind, source, expected) in [
        ("emptydir", json!({"emptyDir": {}}), "777 /dev/vda1"),
        ("memory", json!({"emptyDir": {"medium": "Memory"}}), "1777 tmpfs"),
        ("configmap", json!({"configMap": {"name": "m"}}), "777 /dev/vda1"),
        ("secret", json!({"secret": {"secretName": "m"}}), "1777 tmpfs"),
        ("downwardapi", json!({"downwardAPI": {"items": [name]}}), "1777 tmpfs"),
        ("projected", json!({"projected": {"sources": [{"configMap": {"name": "m"}}]}}), "1777 tmpfs"),
    ] {
        let mut volume = source;
        volume["name"] = "d".into();
        start(&mut bench, with_volume(kind, "echo $(stat -c %a /d) $(mount | grep ' /d ' | cut -d' ' -f1)", &volume));
        assert_eq!(log(&mut bench, kind).trim_end(), expected, "{kind}");
    }
}

#[test]
fn volumes_that_cannot_be_mounted_are_reported() {
    let mut bench = Bench::open();
    let csi = json!({"name": "d", "csi": {"driver": "inline.example.com"}});
    let cases = [
        (
            csi.clone(),
            "MountVolume.NewMounter initialization failed for volume \"d\" : volume mode \"Ephemeral\" not supported by driver inline.example.com (no CSIDriver object)",
        ),
        (
            json!({"name": "d", "persistentVolumeClaim": {"claimName": "none"}}),
            "Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: error processing PVC default/none: failed to fetch PVC from API server: persistentvolumeclaims \"none\" not found",
        ),
        (
            json!({"name": "d", "gitRepo": {"repository": "https://git.example.com/a.git"}}),
            "MountVolume.SetUp failed for volume \"d\" : git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`",
        ),
        (
            json!({"name": "d", "image": {"reference": "quay.io/crio/artifact:v2"}}),
            "MountVolume.SetUp failed for volume \"d\" : image volumes are not simulated: image \"quay.io/crio/artifact:v2\" is not downloaded, so that its files are not known",
        ),
    ];
    for (number, (volume, message)) in cases.into_iter().enumerate() {
        let name = format!("p{number}");
        let mut pod = with_volume(&name, "sleep 1000; true", &volume);
        pod["spec"]["nodeName"] = "k8s-node1".into();
        start(&mut bench, pod);
        let found = bench.get("pods", &name);
        assert_eq!(status(&found).str("/state/waiting/reason"), "ContainerCreating", "{message}");
        assert_eq!(warnings(&mut bench, &name, "FailedMount").first().map(String::as_str), Some(message));
    }
    bench.create(
        "csidrivers.storage.k8s.io",
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver",
        "metadata": {"name": "inline.example.com"}, "spec": {"volumeLifecycleModes": ["Ephemeral"]}}),
    );
    advance(&mut bench, 120);
    assert_eq!(phase(&mut bench, "p0"), "Pending");
    assert_eq!(
        warnings(&mut bench, "p0", "FailedMount").last().map(String::as_str),
        Some(
            "MountVolume.SetUp failed for volume \"d\" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name inline.example.com not found in the list of registered CSI drivers"
        )
    );
}

/// Creates a PersistentVolume on a directory, and a claim for it.
fn claim(bench: &mut Bench, volume: &str, claim: &str, policy: &str, path: &str) {
    bench.create(
        "persistentvolumes",
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": path},
            "persistentVolumeReclaimPolicy": policy}}),
    );
    bench.create(
        "persistentvolumeclaims",
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": volume,
            "resources": {"requests": {"storage": "1Gi"}}}}),
    );
    advance(bench, 5);
}

/// Runs a script in a new pod with a claim; returns what it prints.
fn run_with_claim(bench: &mut Bench, name: &str, claim: &str, script: &str) -> String {
    start(bench, with_volume(name, script, &json!({"name": "d", "persistentVolumeClaim": {"claimName": claim}})));
    let text = log(bench, name);
    bench.delete("pods", name, Propagation::Background);
    advance(bench, 40);
    text
}

#[test]
fn the_files_of_a_claim_are_retained_or_deleted_with_its_volume() {
    for (policy, expected) in
        [("Retain", "kept\n"), ("Delete", "cat: can't open '/d/file': No such file or directory\n")]
    {
        let mut bench = Bench::open();
        claim(&mut bench, "first", "one", policy, "/tmp/data");
        run_with_claim(&mut bench, "a", "one", "echo kept > /d/file");
        assert_eq!(run_with_claim(&mut bench, "b", "one", "cat /d/file"), "kept\n", "{policy}");
        bench.delete("persistentvolumeclaims", "one", Propagation::Background);
        advance(&mut bench, 20);
        let volume =
            |bench: &mut Bench| bench.cluster.server().read("persistentvolumes", "", "first").expect("readable");
        if policy == "Retain" {
            assert_eq!(volume(&mut bench).expect("the volume").str("/status/phase"), "Released");
            bench.delete("persistentvolumes", "first", Propagation::Background);
            advance(&mut bench, 5);
        }
        assert!(volume(&mut bench).is_none(), "{policy}");
        claim(&mut bench, "second", "two", policy, "/tmp/data");
        assert_eq!(run_with_claim(&mut bench, "c", "two", "cat /d/file"), expected, "{policy}");
        claim(&mut bench, "other", "three", policy, "/tmp/other");
        assert_eq!(run_with_claim(&mut bench, "d", "three", "ls /d"), "", "{policy}");
    }
}
