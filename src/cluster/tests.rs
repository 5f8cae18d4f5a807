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
fn damage(dir: &std::path::Path, name: &str, value: Option<Value>) {
    let mut locked =
        StoreDir::open(dir).and_then(|d| d.lock(std::time::Duration::from_secs(10), &mut || {})).expect("the lock");
    let engine = locked.engine().expect("an engine");
    let mut store = Store::new(Box::new(engine), crate::api::index_entries).expect("a store");
    store.set_row(name, value);
    store.commit(kctl_base::sim::clock::DEFAULT_EPOCH).expect("a commit");
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
        damage(dir.path(), row, value);
        let error = open().err().expect("refused").to_string();
        let want = format!("the store {} is damaged: {message}", dir.path().display());
        assert!(error.starts_with(&want), "{error}");
        let found = problems();
        assert!(found.len() == 1 && found[0].starts_with(message), "{found:?}");
    }
}
