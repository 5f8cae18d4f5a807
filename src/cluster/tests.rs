//! The whole control plane: the effects of a request, and the refusal of damaged stores.

use crate::api::Request;
use crate::store::{Store, StoreDir};
use crate::{Cluster, OpenOptions, maintenance};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": "k8s-node1", "containers": [{"name": "c", "image": "nginx:1.25"}]}})
}

#[test]
fn a_bound_pod_runs_once_its_image_is_pulled() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    cluster.handle(&Request::create("pods", "default", pod("web"))).expect("created");
    let phase = |c: &mut Cluster| {
        c.server().read("pods", "default", "web").expect("readable").expect("there").str("/status/phase").to_string()
    };
    assert_eq!(phase(&mut cluster), "Pending");
    cluster.advance(Duration::from_secs(2)).expect("time passes");
    assert_eq!(phase(&mut cluster), "Running");
    cluster.handle(&Request::delete("pods", "default", "web")).expect("deleted");
    cluster.advance(Duration::from_secs(1)).expect("time passes");
    assert!(cluster.server().read("pods", "default", "web").expect("readable").is_none());
    let events = cluster.server().read_all("events", Some("default")).expect("events");
    let reasons: Vec<&str> =
        events.iter().filter(|e| e.str("/involvedObject/name") == "web").map(|e| e.str("/reason")).collect();
    assert_eq!(
        reasons,
        ["Pulling", "Pulled", "Created", "Started", "Killing"],
        "{:?}",
        events.iter().map(|e| e.name()).collect::<Vec<_>>()
    );
}

/// Commits a change to the rows of a store directory, past the cluster in it.
fn damage(dir: &std::path::Path, change: impl FnOnce(&mut Store)) {
    let mut locked =
        StoreDir::open(dir).and_then(|d| d.lock(std::time::Duration::from_secs(10), &mut || {})).expect("the lock");
    let engine = locked.engine().expect("an engine");
    let mut store = Store::new(Box::new(engine), crate::api::index_entries).expect("a store");
    change(&mut store);
    store.commit(kctl_base::sim::clock::DEFAULT_EPOCH).expect("a commit");
}

#[test]
fn unreadable_objects_do_not_keep_others_from_being_used_and_can_be_removed() {
    const CRDS: &str = "customresourcedefinitions.apiextensions.k8s.io";
    let dir = tempfile::tempdir().expect("a directory");
    let options = OpenOptions { clock: OpenOptions::memory(1).clock, ..OpenOptions::at(dir.path().to_path_buf()) };
    let open = || Cluster::open(options.clone()).expect("a cluster");
    let mut cluster = open();
    let bad = [
        (CRDS, "", "bads.x.io"),
        ("configmaps", "default", "bad"),
        ("pods", "default", "bad"),
        ("deployments.apps", "default", "bad"),
        ("services", "default", "bad"),
    ];
    cluster.commit().expect("a commit");
    drop(cluster);
    let key = |(resource, namespace, name): (&'static str, &'static str, &'static str)| {
        crate::store::ObjectKey::new(resource, namespace, name)
    };
    damage(dir.path(), |store| bad.iter().for_each(|object| store.write_bytes(&key(*object), b"{\"a\":")));
    let mut cluster = open();
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "good"}});
    cluster.handle(&Request::create("configmaps", "default", config)).expect("created");
    cluster.handle(&Request::create("pods", "default", pod("web"))).expect("created");
    cluster.handle(&Request::get("configmaps", "default", "good")).expect("readable");
    cluster.handle(&Request::list("secrets", "")).expect("a list");
    cluster.advance(Duration::from_secs(60)).expect("time passes");
    for (resource, namespace, name) in bad {
        let named = format!("object {} cannot be read", key((resource, namespace, name)));
        for request in [Request::list(resource, ""), Request::get(resource, namespace, name)] {
            let error = cluster.handle(&request).expect_err("damage");
            assert!(error.message.contains(&named), "{error:?}");
        }
    }
    let mut console = cluster.console(&crate::User::admin()).expect("a console");
    let problems = console.check_store().expect("a check").problems;
    assert_eq!(problems.iter().filter(|p| p.contains("cannot be read")).count(), bad.len(), "{problems:#?}");
    let mut kept = Vec::new();
    let repaired = console.repair_store(|name, bytes| {
        kept.push((name.to_owned(), bytes.to_vec()));
        Ok::<(), crate::ClusterError>(())
    });
    repaired.expect("a repair");
    assert_eq!(kept.len(), bad.len());
    assert!(kept.iter().all(|(_, bytes)| bytes == b"{\"a\":"), "{kept:?}");
    assert_eq!(console.check_store().expect("a check").problems, Vec::<String>::new());
    for (resource, ..) in bad {
        cluster.handle(&Request::list(resource, "")).expect("a list");
    }
}

#[test]
fn a_store_with_a_damaged_clock_or_origin_is_refused_and_the_check_names_the_row() {
    let cases = [
        ("clock", Some(json!({"mode": "lunar", "now": "noon"})), "row clock cannot be read: unknown variant"),
        ("clock", None, "row clock is missing"),
        ("origin", Some(json!({"seed": "seven", "created": ""})), "row origin cannot be read: invalid digit"),
        ("origin", Some(json!(7)), "row origin cannot be read: invalid type"),
        ("origin", None, "row origin is missing"),
    ];
    for (row, value, message) in cases {
        let dir = tempfile::tempdir().expect("a directory");
        let options = OpenOptions { clock: OpenOptions::memory(1).clock, ..OpenOptions::at(dir.path().to_path_buf()) };
        let open = || Cluster::open(options.clone());
        open().expect("a new cluster").commit().expect("a commit");
        let timeout = Duration::from_secs(10);
        let problems = || maintenance::check(dir.path(), timeout).expect("a check").problems;
        assert_eq!(problems(), Vec::<String>::new());
        damage(dir.path(), |store| store.set_row(row, value));
        let error = open().err().expect("refused").to_string();
        let want = format!("the store {} is damaged: {message}", dir.path().display());
        assert!(error.starts_with(&want), "{error}");
        let found = problems();
        assert!(found.len() == 1 && found[0].starts_with(message), "{found:?}");
    }
}
