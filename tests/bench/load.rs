//! Fills a store with many pods, past the API server: they are copies of the objects that the controllers created for one
//! Deployment, so that the controllers find nothing to do.

use std::path::Path;
use std::sync::Arc;

use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta as _, ValueWrite as _};
use kctl_base::sim::{ClockMode, Duration, Ids};
use kctl_cluster::transport::{Request, Transport as _};
use kctl_cluster::{Cluster, OpenOptions, maintenance};

use crate::manifests::{deployment, node};

/// The number of pods of each ReplicaSet.
const PODS_PER_SET: usize = 50;
/// The number of pods in each namespace.
const PODS_PER_NAMESPACE: usize = 1_000;
/// The number of pods on each node.
const PODS_PER_NODE: usize = 100;
/// The number of pods in each commit, which limits the memory that staged writes take.
const PODS_PER_COMMIT: usize = 5_000;
/// The wait for the lock of the store.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates a store with a Deployment `web` of three pods in the namespace default, and `pods` other pods in other namespaces.
pub(crate) fn fill(store: &Path, pods: usize) {
    let mut cluster = open(store);
    for index in 0..pods.div_ceil(PODS_PER_NODE) {
        cluster.handle(&Request::create("nodes", "", node(index))).expect("a node");
    }
    cluster
        .handle(&Request::create("deployments.apps", "default", deployment("web", 3, "nginx:1.25")))
        .expect("a Deployment");
    cluster.advance(Duration::from_secs(30)).expect("time passes");
    let first = |cluster: &mut Cluster, resource: &str| -> Arc<Object> {
        cluster.send(Request::list(resource, "default")).expect("a readable store").into_items().remove(0)
    };
    let (set, pod) = (first(&mut cluster, "replicasets.apps"), first(&mut cluster, "pods"));
    for index in 0..pods.div_ceil(PODS_PER_NAMESPACE) {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(index)}});
        cluster.handle(&Request::create("namespaces", "", body)).expect("a namespace");
    }
    cluster.commit().expect("a commit");
    drop(cluster);
    let mut copier = Copier { set, pod, owner: Arc::default(), copies: 0 };
    for from in (0..pods).step_by(PODS_PER_COMMIT) {
        let copies: Vec<_> = (from..pods.min(from + PODS_PER_COMMIT)).flat_map(|index| copier.copy(index)).collect();
        maintenance::import(store, LOCK_TIMEOUT, copies).expect("an import");
    }
}

/// The name of a namespace.
fn namespace(index: usize) -> String {
    format!("team-{index}")
}

fn open(store: &Path) -> Cluster {
    let at = OpenOptions::at(store.to_path_buf());
    Cluster::open(OpenOptions { clock: Some(ClockMode::Virtual), seed: Some(1), ..at }).expect("a store")
}

/// Copies a ReplicaSet and its pod.
struct Copier {
    /// The ReplicaSet that the controllers created.
    set: Arc<Object>,
    /// One of its pods.
    pod: Arc<Object>,
    /// The copied ReplicaSet that owns the next pod.
    owner: Arc<Object>,
    /// The number of copies, for their uids.
    copies: u64,
}

impl Copier {
    /// Returns the copy with an index, preceded by a new ReplicaSet if it is the first pod of one.
    fn copy(&mut self, index: usize) -> Vec<(&'static str, Object)> {
        let namespace = namespace(index / PODS_PER_NAMESPACE);
        let mut copies = Vec::new();
        if index.is_multiple_of(PODS_PER_SET) {
            let name = format!("app{}", index / PODS_PER_SET);
            let mut set = self.renamed(&self.set.clone(), &namespace, &name);
            set.put("/spec/replicas", PODS_PER_SET);
            ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"]
                .iter()
                .for_each(|count| set.put(&format!("/status/{count}"), PODS_PER_SET));
            ["/spec/selector/matchLabels/app", "/spec/template/metadata/labels/app"]
                .iter()
                .for_each(|label| set.put(label, &*name));
            set.remove_at("/metadata/ownerReferences");
            self.owner = Arc::new(set.clone());
            copies.push(("replicasets.apps", set));
        }
        let owner = self.owner.clone();
        let mut pod = self.renamed(&self.pod.clone(), &namespace, &format!("{}-{index}", owner.name()));
        pod.put("/metadata/ownerReferences/0/uid", owner.uid());
        pod.put("/metadata/ownerReferences/0/name", owner.name());
        pod.put("/metadata/labels/app", owner.name());
        pod.put("/spec/nodeName", format!("n{}", index / PODS_PER_NODE));
        copies.push(("pods", pod));
        copies
    }

    /// Copies an object under another name and with another uid.
    fn renamed(&mut self, object: &Object, namespace: &str, name: &str) -> Object {
        self.copies += 1;
        let mut copy = object.clone();
        copy.put("/metadata/namespace", namespace);
        copy.put("/metadata/name", name);
        copy.put("/metadata/uid", Ids::new(1).uid("bench", "", self.copies));
        copy
    }
}
