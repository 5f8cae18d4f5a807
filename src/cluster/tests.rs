//! The whole control plane: the effects of a request, and the refusal of damaged stores.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api::Request;
use crate::location::Location;
use crate::store::{Engine, MemoryEngine, Store, StoreDir, StoreError};
use crate::{Cluster, OpenOptions, inspection, maintenance};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::{ClockMode, Duration};

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

#[test]
fn every_change_leads_back_to_the_command_that_caused_it() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let before = inspection::revision(&cluster);
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}}
    });
    cluster.handle(&Request::create("deployments.apps", "default", deployment)).expect("created");
    cluster.advance(Duration::from_secs(10)).expect("time passes");
    let changes = inspection::changes_since(&mut cluster, before).expect("the changes");
    let of = |revision: u64| changes.iter().find(|change| change.revision == revision).expect("a change");
    let ready = changes.iter().rev().find(|change| change.resource == "pods").expect("a change of the pod");
    let mut chain = vec![ready];
    while let Some(trigger) = chain[chain.len() - 1].cause.trigger {
        chain.push(of(trigger.revision()));
    }
    let told = |change: &&inspection::Change| {
        let by = change.cause.controller.as_deref().unwrap_or("command");
        format!("{} {by}", change.resource)
    };
    let told: Vec<String> = chain.iter().map(told).collect();
    let want = [
        "pods kubelet",
        "pods default-scheduler",
        "pods replicaset-controller",
        "replicasets.apps deployment-controller",
        "deployments.apps command",
    ];
    assert_eq!(told, want);
    assert!(ready.cause.at > chain[1].cause.at, "the pod became ready later than it was bound");
    let later = changes.iter().filter(|change| change.cause.controller.is_some() && change.cause.trigger.is_none());
    assert_eq!(later.map(|change| change.resource.clone()).collect::<Vec<_>>(), Vec::<String>::new());
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

#[test]
fn a_long_advance_is_committed_in_portions_that_an_interruption_keeps() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}});
    let job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"},
        "spec": {"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": template}}}});
    cluster.handle(&Request::create("cronjobs.batch", "default", job)).expect("created");
    cluster.advance(Duration::from_secs(5 * 3600)).expect("time passes");
    cluster.commit().expect("a commit");
    let jobs = |cluster: &mut Cluster| {
        let jobs = cluster.server().read_all("jobs.batch", Some("default")).expect("jobs");
        jobs.iter().map(|job| job.name().to_string()).collect::<Vec<_>>()
    };
    let (before, now) = (jobs(&mut cluster), cluster.now());
    cluster.advance(Duration::from_secs(3600)).expect("time passes");
    cluster.discard();
    assert_eq!(jobs(&mut cluster), before, "a short one is committed at its end");
    cluster.clock.now = now;
    // As if every instant took long.
    cluster.commit_work = 0;
    cluster.advance(Duration::from_secs(3 * 3600)).expect("time passes");
    cluster.discard();
    assert_ne!(jobs(&mut cluster), before);
}

/// An engine on a disk that is full.
struct FullEngine(MemoryEngine, Arc<AtomicBool>);

impl Engine for FullEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.0.scan(from, to, each)
    }

    fn apply(&mut self, batch: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), StoreError> {
        match self.1.load(Ordering::Relaxed) {
            true => Err(StoreError::from_io(Path::new("/s"), std::io::ErrorKind::StorageFull.into())),
            false => self.0.apply(batch),
        }
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[test]
fn a_full_disk_can_be_read_and_what_time_does_is_done_again() {
    let is_full = Arc::new(AtomicBool::new(false));
    let engine = FullEngine(MemoryEngine::new(), is_full.clone());
    let store = Store::new(Box::new(engine), crate::api::index_entries).expect("a store");
    let location = Location::new(OpenOptions::memory(7)).expect("memory");
    let mut cluster = Cluster::start(location, store).expect("a cluster");
    cluster.handle(&Request::create("pods", "default", pod("web"))).expect("created");
    cluster.commit().expect("a commit");
    is_full.store(true, Ordering::Relaxed);
    cluster.catch_up(cluster.now() + Duration::from_secs(5)).expect("time passes");
    assert_eq!(
        cluster.server().read("pods", "default", "web").expect("readable").expect("there").str("/status/phase"),
        "Running"
    );
    cluster.commit().expect("nothing that needs to be kept");
    cluster.handle(&Request::create("pods", "default", pod("more"))).expect("created");
    assert!(matches!(cluster.commit(), Err(StoreError::Full { .. })));
    is_full.store(false, Ordering::Relaxed);
    cluster.commit().expect("everything is still staged");
}

#[test]
fn a_clock_that_becomes_real_goes_on_from_its_time() {
    let epoch = kctl_base::sim::Time::parse("2300-01-01T00:00:00Z");
    let mut cluster = Cluster::open(OpenOptions { epoch, ..OpenOptions::memory(7) }).expect("a cluster");
    let before = cluster.now();
    cluster.set_mode(ClockMode::Real).expect("real");
    let first = cluster.clock.present();
    while cluster.clock.present() == first {}
    assert!(first >= before && cluster.clock.present() < before + Duration::from_secs(3600));
    cluster.set_mode(ClockMode::Virtual).expect("virtual");
    assert_eq!(cluster.clock.ahead, Duration::ZERO);
}
