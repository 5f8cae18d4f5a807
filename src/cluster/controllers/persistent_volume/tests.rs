//! Storage with the whole control plane: binding, release, provisioning, resizing, protection.

use std::sync::Arc;

use crate::api::{PatchType, Propagation, Request};
use crate::client::{WaitFor, WaitOutcome};
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

const CLAIMS: &str = "persistentvolumeclaims";
const VOLUMES: &str = "persistentvolumes";

fn bench() -> Bench {
    Bench::open()
}

fn volume(name: &str, size: &str, modes: &[&str], policy: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
        "capacity": {"storage": size}, "accessModes": modes, "persistentVolumeReclaimPolicy": policy,
        "hostPath": {"path": format!("/tmp/{name}")}}})
}

fn claim(name: &str, size: &str, class: Option<&str>) -> Value {
    let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}});
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = class.into();
    }
    claim
}

fn class(name: &str, provisioner: &str, mode: &str) -> Value {
    json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
        "provisioner": provisioner, "volumeBindingMode": mode, "allowVolumeExpansion": true})
}

fn pod(name: &str, claim: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": "k8s-node1",
        "containers": [{"name": "c", "image": "nginx:1.25"}],
        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": claim}}]}})
}

fn make_volume(bench: &mut Bench, volume: Value) {
    bench.cluster.handle(&Request::create(VOLUMES, "", volume)).expect("created");
}

fn find_volume(bench: &mut Bench, name: &str) -> Option<Arc<Object>> {
    bench.cluster.server().read(VOLUMES, "", name).expect("readable")
}

fn phase(bench: &mut Bench, volume: &str) -> String {
    find_volume(bench, volume).map_or_else(|| "gone".into(), |v| v.str("/status/phase").to_string())
}

#[test]
fn a_claim_is_bound_and_its_volume_released() {
    let mut bench = bench();
    make_volume(&mut bench, volume("small", "1Gi", &["ReadWriteOnce"], "Retain"));
    make_volume(&mut bench, volume("large", "9Gi", &["ReadWriteOnce"], "Delete"));
    assert_eq!(phase(&mut bench, "small"), "Available");
    bench.create(CLAIMS, claim("c", "1Gi", None));
    let bound = bench.get(CLAIMS, "c");
    assert_eq!((bound.str("/spec/volumeName"), bound.str("/status/phase")), ("small", "Bound"));
    assert_eq!(bound.str("/status/capacity/storage"), "1Gi");
    for key in ["pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"] {
        assert_eq!(bound.annotation(key), Some("yes"), "{key}");
    }
    bench.create(CLAIMS, claim("d", "2Gi", None));
    assert_eq!(phase(&mut bench, "large"), "Bound");
    bench.create("pods", pod("user", "c"));
    bench.delete(CLAIMS, "c", Propagation::Background);
    assert!(bench.get(CLAIMS, "c").is_deleting(), "a pod uses it");
    bench.delete("pods", "user", Propagation::Background);
    bench.cluster.advance(Duration::from_secs(3)).expect("time passes");
    assert!(bench.find(CLAIMS, "c").is_none());
    assert_eq!(phase(&mut bench, "small"), "Released");
    bench.delete(CLAIMS, "d", Propagation::Background);
    assert_eq!(phase(&mut bench, "large"), "gone");
    bench.create(CLAIMS, claim("e", "1Gi", None));
    let patch = json!({"spec": {"claimRef": null}});
    bench.cluster.handle(&Request::patch(VOLUMES, "", "small", PatchType::Merge, patch)).expect("patched");
    assert_eq!(bench.get(CLAIMS, "e").str("/spec/volumeName"), "", "claims wait for the resync");
    while bench.cluster.wait(None, WaitFor::Work).expect("time passes") == WaitOutcome::Progress {}
    assert_eq!(bench.get(CLAIMS, "e").str("/spec/volumeName"), "small", "what is free again is taken");
}

#[test]
fn pending_claims_report_the_reason() {
    let mut bench = bench();
    bench
        .create("storageclasses.storage.k8s.io", class("late", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"));
    let none = "FailedBinding no persistent volumes available for this claim and no storage class is set";
    let cases = [
        ("plain", None, none),
        ("gold", Some("gold"), "ProvisioningFailed storageclass.storage.k8s.io \"gold\" not found"),
        ("late", Some("late"), "WaitForFirstConsumer waiting for first consumer to be created before binding"),
    ];
    for (name, class, want) in cases {
        bench.create(CLAIMS, claim(name, "1Gi", class));
        assert_eq!(bench.events(name), [want]);
        assert_eq!(bench.get(CLAIMS, name).str("/status/phase"), "Pending");
    }
}

#[test]
fn claims_without_a_class_get_the_default_once_there_is_one() {
    let mut bench = bench();
    bench.create(CLAIMS, claim("open", "1Gi", None));
    bench.create(CLAIMS, claim("empty", "1Gi", Some("")));
    let mut default = class("d1", "kubernetes.io/no-provisioner", "WaitForFirstConsumer");
    default["metadata"]["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    bench.create("storageclasses.storage.k8s.io", default);
    bench.advance(20);
    assert_eq!(bench.get(CLAIMS, "open").str("/spec/storageClassName"), "d1");
    assert_eq!(bench.get(CLAIMS, "empty").at("/spec/storageClassName"), Some(&json!("")), "asks for no class");
}

#[test]
fn ingresses_without_a_class_get_the_default_when_they_are_created() {
    let mut bench = bench();
    let ingress = |name: &str, annotations: Value| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}})
    };
    const INGRESSES: &str = "ingresses.networking.k8s.io";
    bench.create(INGRESSES, ingress("early", json!({})));
    bench.create(
        "ingressclasses.networking.k8s.io",
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "main",
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}, "spec": {"controller": "a.b/c"}}),
    );
    bench.create(INGRESSES, ingress("late", json!({})));
    bench.create(INGRESSES, ingress("old", json!({"kubernetes.io/ingress.class": "nginx"})));
    bench.advance(20);
    let class = |bench: &mut Bench, name: &str| bench.get(INGRESSES, name).str("/spec/ingressClassName").to_string();
    assert_eq!(["early", "late", "old"].map(|name| class(&mut bench, name)), ["", "main", ""]);
}

#[test]
fn a_delayed_claim_is_bound_to_a_reserved_volume() {
    let mut bench = bench();
    bench
        .create("storageclasses.storage.k8s.io", class("late", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"));
    let mut local = volume("local", "1Gi", &["ReadWriteOnce"], "Retain");
    local["spec"]["storageClassName"] = "late".into();
    make_volume(&mut bench, local);
    bench.create(CLAIMS, claim("c", "1Gi", Some("late")));
    assert_eq!(bench.get(CLAIMS, "c").str("/status/phase"), "Pending");
    let uid = bench.get(CLAIMS, "c").uid().to_string();
    let patch = json!({"spec": {"claimRef": {"namespace": "default", "name": "c", "uid": uid}}});
    bench.cluster.handle(&Request::patch(VOLUMES, "", "local", PatchType::Merge, patch)).expect("patched");
    assert_eq!(bench.get(CLAIMS, "c").str("/spec/volumeName"), "local");
    assert_eq!(phase(&mut bench, "local"), "Bound");
}

#[test]
fn a_class_provisions_and_resizes_volumes() {
    let mut bench = bench();
    bench.create("storageclasses.storage.k8s.io", class("fast", "example.com/disk", "Immediate"));
    bench.create(CLAIMS, claim("c", "1Gi", Some("fast")));
    bench.cluster.advance(Duration::from_secs(2)).expect("time passes");
    let bound = bench.get(CLAIMS, "c");
    let name = format!("pvc-{}", bound.uid());
    assert_eq!((bound.str("/spec/volumeName"), bound.str("/status/phase")), (name.as_str(), "Bound"));
    let reasons: Vec<String> =
        bench.events("c").iter().map(|e| e.split(' ').next().unwrap_or_default().to_string()).collect();
    assert_eq!(reasons, ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"]);
    bench.patch(CLAIMS, "c", json!({"spec": {"resources": {"requests": {"storage": "5Gi"}}}}));
    bench.cluster.advance(Duration::from_secs(2)).expect("time passes");
    assert_eq!(bench.get(CLAIMS, "c").str("/status/capacity/storage"), "5Gi");
    let volume = find_volume(&mut bench, &name).expect("there");
    assert_eq!(volume.str("/spec/capacity/storage"), "5Gi");
    bench.delete(CLAIMS, "c", Propagation::Background);
    assert_eq!(phase(&mut bench, &name), "gone");
}

#[test]
fn a_claim_without_its_volume_is_lost() {
    let mut bench = bench();
    make_volume(&mut bench, volume("v", "1Gi", &["ReadWriteOnce"], "Retain"));
    bench.create(CLAIMS, claim("c", "1Gi", None));
    bench.cluster.handle(&Request::delete(VOLUMES, "", "v")).expect("deleted");
    assert!(find_volume(&mut bench, "v").expect("protected").is_deleting());
    bench.delete(CLAIMS, "c", Propagation::Background);
    assert_eq!(phase(&mut bench, "v"), "gone");
}
