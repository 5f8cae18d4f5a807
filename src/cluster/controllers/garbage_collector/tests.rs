use kctl_base::json::{Value, json};

use super::*;
use crate::controllers::shared::testing::{Bench, workload};
use crate::store::ObjectKey;

#[test]
fn one_solid_owner_keeps_an_object() {
    use Owner::{Dangling, Solid, Unknown, Waiting};
    let gone = |policy| Decision::Delete(policy);
    let lost = |uids: &[&str]| Decision::RemoveOwners(uids.iter().map(|u| (*u).into()).collect());
    let cases: &[(&[Owner], bool, Decision)] = &[
        (&[], false, Decision::Keep),
        (&[Solid], false, Decision::Keep),
        (&[Solid, Dangling, Waiting], false, lost(&["1", "2"])),
        (&[Dangling], true, gone(Propagation::Background)),
        (&[Waiting], false, gone(Propagation::Background)),
        (&[Waiting, Dangling], true, gone(Propagation::Foreground)),
        (&[Dangling, Unknown], false, Decision::Keep),
    ];
    for (owners, has_dependents, want) in cases {
        let owners: Vec<(SharedStr, Owner)> =
            owners.iter().enumerate().map(|(i, o)| (i.to_string().into(), *o)).collect();
        assert_eq!(decide(&json!({}), &owners, *has_dependents), *want, "{owners:?}");
    }
    let orphaning = json!({"metadata": {"finalizers": [ORPHAN]}});
    assert_eq!(decide(&orphaning, &[("0".into(), Dangling)], true), gone(Propagation::Orphan));
}

fn config_map(bench: &mut Bench, name: &str, owners: &[(&str, &str, bool)]) -> String {
    let reference = |(name, uid, block): &(&str, &str, bool)| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": block});
    let owners: Vec<Value> = owners.iter().map(reference).collect();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": owners}});
    bench.create("configmaps", map).uid().to_string()
}

fn exists(bench: &mut Bench, name: &str) -> bool {
    bench.find("configmaps", name).is_some()
}

#[test]
fn dependents_are_deleted_with_their_last_owner() {
    let mut bench = Bench::open();
    let (a, b) = (config_map(&mut bench, "a", &[]), config_map(&mut bench, "b", &[]));
    let both = config_map(&mut bench, "both", &[("a", &a, false), ("b", &b, false)]);
    config_map(&mut bench, "deep", &[("both", &both, false)]);
    bench.delete("configmaps", "a", Propagation::Background);
    assert_eq!(bench.get("configmaps", "both").owners().len(), 1, "the reference to the deleted owner is removed");
    bench.delete("configmaps", "b", Propagation::Background);
    assert!(!exists(&mut bench, "both") && !exists(&mut bench, "deep"));
}

#[test]
fn the_dependents_of_a_deleted_owner_cost_no_look_at_all_objects_of_its_kind() {
    let mut bench = Bench::open();
    let owner = config_map(&mut bench, "owner", &[]);
    config_map(&mut bench, "child", &[("owner", &owner, false)]);
    // Whoever reads all ConfigMaps fails on this one.
    bench.cluster.server().store().write_bytes(&ObjectKey::new("configmaps", "elsewhere", "broken"), b"{");
    bench.delete("configmaps", "owner", Propagation::Background);
    assert!(!exists(&mut bench, "child"));
}

#[test]
fn events_are_not_collected() {
    let mut bench = Bench::open();
    let event = json!({"apiVersion": "v1", "kind": "Event",
        "metadata": {"name": "told", "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "1"}]},
        "involvedObject": {"kind": "ConfigMap", "name": "told", "namespace": "default"}});
    bench.create("events", event);
    assert!(bench.find("events", "told").is_some());
}

#[test]
fn a_namespaced_owner_of_an_object_without_namespace_is_reported() {
    let mut bench = Bench::open();
    let owner = config_map(&mut bench, "parent", &[]);
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "parent", "uid": owner});
    bench.create(
        "namespaces",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "child", "ownerReferences": [reference]}}),
    );
    let events = bench.cluster.server().read_all("events", Some("default")).unwrap();
    let texts: Vec<&str> =
        events.iter().filter(|e| e.str("/reason") == "OwnerRefInvalidNamespace").map(|e| e.str("/message")).collect();
    let want =
        format!("ownerRef [v1/ConfigMap, namespace: , name: parent, uid: {owner}] does not exist in namespace \"\"");
    assert_eq!(texts, [want]);
    assert!(bench.cluster.server().read("namespaces", "", "child").unwrap().is_some());
}

#[test]
fn owners_that_never_existed_do_not_count() {
    let mut bench = Bench::open();
    config_map(&mut bench, "stray", &[("ghost", "11111111-2222-3333-4444-555555555555", false)]);
    assert!(!exists(&mut bench, "stray"));
    config_map(&mut bench, "boss", &[]);
    config_map(&mut bench, "namesake", &[("boss", "11111111-2222-3333-4444-555555555555", false)]);
    assert!(!exists(&mut bench, "namesake"), "the name alone is no owner");
    let unknown = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd", "ownerReferences": [
        {"apiVersion": "example.com/v1", "kind": "Unheard", "name": "x", "uid": "u"}]}});
    bench.create("configmaps", unknown);
    assert!(exists(&mut bench, "odd"), "an owner of an unknown kind may exist");
}

#[test]
fn foreground_deletion_waits_for_blocking_dependents() {
    let mut bench = Bench::open();
    let boss = config_map(&mut bench, "boss", &[]);
    config_map(&mut bench, "held", &[("boss", &boss, true)]);
    config_map(&mut bench, "free", &[("boss", &boss, false)]);
    for name in ["held", "free"] {
        bench.patch("configmaps", name, json!({"metadata": {"finalizers": ["example.com/keep"]}}));
    }
    bench.delete("configmaps", "boss", Propagation::Foreground);
    assert!(exists(&mut bench, "boss") && bench.get("configmaps", "held").is_deleting());
    bench.patch("configmaps", "held", json!({"metadata": {"finalizers": null}}));
    assert!(!exists(&mut bench, "boss") && !exists(&mut bench, "held"));
    assert!(exists(&mut bench, "free"), "its own finalizer still holds it");
}

#[test]
fn orphans_lose_their_owner_and_stay() {
    let mut bench = Bench::open();
    let boss = config_map(&mut bench, "boss", &[]);
    config_map(&mut bench, "one", &[("boss", &boss, true)]);
    bench.delete("configmaps", "boss", Propagation::Orphan);
    assert!(!exists(&mut bench, "boss"));
    assert!(bench.get("configmaps", "one").owners().is_empty());
}

#[test]
fn a_workload_is_deleted_with_its_pods() {
    let mut bench = Bench::open();
    for policy in [Propagation::Background, Propagation::Foreground] {
        bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 2, "nginx:1"));
        bench.settle();
        bench.delete("deployments.apps", "web", policy);
        assert_eq!(bench.list("pods").iter().filter(|p| p.is_deleting()).count(), 2, "pods keep their grace");
        let waits = policy == Propagation::Foreground;
        assert_eq!(bench.find("deployments.apps", "web").is_some(), waits);
        bench.settle();
        for resource in ["pods", "replicasets.apps", "deployments.apps"] {
            assert_eq!(bench.list(resource).len(), 0, "{resource} after {policy:?}");
        }
    }
}
