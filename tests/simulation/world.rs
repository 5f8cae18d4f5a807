//! The cluster of a simulated life, and what is remembered of it: the last version of every object, faults on purpose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;
use kctl_base::status::{Reason, Status};
use kctl_cluster::api::{PatchType, Request};
use kctl_cluster::simulation::{Faults, MissingImages, PodFault, PodMetrics};
use kctl_cluster::store::{Change, ChangeKind, ObjectKey};
use kctl_cluster::{Cluster, OpenOptions};

/// How many steps a failure tells of.
const STORY: usize = 30;
/// Longer than the longest back-off of a container's restarts or of a pull.
const CALM: Duration = Duration::from_secs(1800);
/// The key of all taints that are put on purpose.
pub(super) const TAINT: &str = "dedicated";
/// The storage classes of the cluster.
pub(super) const STORAGE_CLASSES: [&str; 2] = ["at-once", "late"];

/// A cluster and what is remembered of its life.
pub(super) struct World {
    /// The cluster, in memory and in virtual time.
    pub(super) cluster: Cluster,
    /// Every object as it was after the changes that were looked at.
    pub(super) known: BTreeMap<ObjectKey, Arc<Object>>,
    /// The revision up to which changes were looked at.
    pub(super) seen: u64,
    /// Nodes whose kubelet is stopped.
    pub(super) stopped: BTreeSet<String>,
    /// Pods that are made unready on purpose.
    pub(super) unready: BTreeSet<String>,
    /// Workloads that were complete once and that nothing but their template's changes has disturbed since.
    pub(super) undisturbed: BTreeSet<ObjectKey>,
    /// Claims that a StatefulSet's policy, or somebody, has given up.
    pub(super) given_up: BTreeSet<String>,
    /// How often each kind of step was done, and how often refused.
    pub(super) done: BTreeMap<&'static str, (u64, u64)>,
    /// Breaches that were seen while a step was taken.
    pub(super) breaches: Vec<String>,
    digest: DefaultHasher,
    story: VecDeque<String>,
}

impl World {
    /// A new cluster.
    pub(super) fn new(seed: u64) -> World {
        let cluster = Cluster::open(OpenOptions::memory(seed)).expect("a cluster");
        let mut world = World {
            cluster,
            known: BTreeMap::new(),
            seen: 0,
            stopped: BTreeSet::new(),
            unready: BTreeSet::new(),
            undisturbed: BTreeSet::new(),
            given_up: BTreeSet::new(),
            done: BTreeMap::new(),
            breaches: Vec::new(),
            digest: DefaultHasher::new(),
            story: VecDeque::new(),
        };
        world.make_storage_classes();
        world.cluster.advance(Duration::from_secs(10)).expect("time passes");
        for change in world.news() {
            world.learn(&change);
        }
        world
    }

    /// One class whose volumes are made at once, one whose volumes wait for a pod.
    fn make_storage_classes(&mut self) {
        for (name, mode) in STORAGE_CLASSES.iter().zip(["Immediate", "WaitForFirstConsumer"]) {
            let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
                "provisioner": "example.com/disks", "volumeBindingMode": mode});
            self.ask(Request::create("storageclasses.storage.k8s.io", "", class)).expect("a storage class");
        }
    }

    /// The changes since the last time.
    pub(super) fn news(&mut self) -> Vec<Change> {
        let changes =
            self.cluster.server().changes_since(self.seen.max(1)).expect("the log reaches back to the last step");
        self.seen = self.cluster.server().revision();
        changes
    }

    /// Remembers what a change made.
    pub(super) fn learn(&mut self, change: &Change) {
        (change.revision, change.object.to_string()).hash(&mut self.digest);
        match change.kind {
            ChangeKind::Deleted => drop(self.known.remove(&change.key)),
            _ => drop(self.known.insert(change.key.clone(), change.object.clone())),
        }
    }

    /// A number that two lives share only when every change of theirs was the same.
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The objects of a resource that are known.
    pub(super) fn all(&self, resource: &str) -> Vec<Arc<Object>> {
        let from = self.known.range(ObjectKey::new(resource, "", "")..);
        from.take_while(|(key, _)| key.resource == resource).map(|(_, object)| object.clone()).collect()
    }

    /// Objects of namespace default only.
    pub(super) fn own(&self, resource: &str) -> Vec<Arc<Object>> {
        self.all(resource).into_iter().filter(|o| o.namespace() == "default").collect()
    }

    /// An object of namespace default.
    pub(super) fn find(&self, resource: &str, name: &str) -> Option<Arc<Object>> {
        self.known.get(&ObjectKey::new(resource, "default", name)).cloned()
    }

    /// The pods that an object controls, ended ones included.
    pub(super) fn pods_of(&self, owner: &Object) -> Vec<Arc<Object>> {
        let mut pods = self.own("pods");
        pods.retain(|p| p.is_controlled_by(owner.uid()));
        pods
    }

    /// A request that may be refused as Kubernetes refuses; anything internal is a defect.
    pub(super) fn ask(&mut self, request: Request) -> Result<(), Status> {
        let request = request.manager("simulation");
        match self.cluster.handle(&request) {
            Ok(_) => Ok(()),
            Err(status) => {
                // What Kubernetes calls an internal error too.
                let expected = request.subresource == "eviction" && status.message.contains("does not support");
                let sound = status.reason != Reason::InternalError || expected;
                assert!(sound, "{}\n{request:?}\n{status:?}", self.story());
                self.note(format!("        refused: {}", status.message));
                Err(status)
            }
        }
    }

    /// A merge patch; nodes have no namespace.
    pub(super) fn patch(&mut self, resource: &str, name: &str, patch: &Value) -> Result<(), Status> {
        let namespace = if resource == "nodes" { "" } else { "default" };
        self.ask(Request::patch(resource, namespace, name, PatchType::Merge, patch.clone()))
    }

    /// Stops or starts the kubelet of a node.
    pub(super) fn set_stopped(&mut self, node: &str, stop: bool) {
        match stop {
            true => self.stopped.insert(node.into()),
            false => self.stopped.remove(node),
        };
        let stopped = self.stopped.clone();
        self.inject(|faults| faults.stopped_nodes = stopped);
    }

    /// Changes the injected faults.
    fn inject(&mut self, change: impl FnOnce(&mut Faults)) {
        let mut faults = self.cluster.faults().expect("readable faults");
        change(&mut faults);
        self.cluster.set_faults(&faults).expect("the controllers run");
    }

    /// Makes images missing beside those that always are.
    pub(super) fn set_missing(&mut self, images: &[&str]) {
        self.inject(|faults| {
            faults.missing_images = MissingImages::default();
            images.iter().for_each(|image| faults.missing_images.insert(image));
        });
    }

    /// Sets the fault of a pod, or removes it.
    pub(super) fn set_fault(&mut self, pod: &str, fault: Option<PodFault>) {
        let key = format!("default/{pod}");
        self.inject(|faults| {
            match fault {
                Some(fault) => faults.pods.insert(key, fault),
                None => faults.pods.remove(&key),
            };
        });
    }

    /// Replaces the CPU usage of all pods, by pod name.
    pub(super) fn set_metrics(&mut self, used: &BTreeMap<String, String>) {
        self.inject(|faults| {
            faults.metrics = PodMetrics::default();
            for (pod, cpu) in used {
                let usage = [("cpu".to_string(), cpu.parse().expect("a quantity"))];
                faults.metrics.set(&format!("default/{pod}"), usage.into());
            }
        });
    }

    /// Whether anything is broken on purpose that can make a running pod go or be unready.
    pub(super) fn has_faults(&self) -> bool {
        let tainted = |node: &Arc<Object>| node.list("/spec/taints").iter().any(|t| t.str("/effect") == "NoExecute");
        !self.stopped.is_empty() || !self.unready.is_empty() || self.all("nodes").iter().any(tainted)
    }

    /// Heals all faults and lets time pass until everything should be as it was asked for.
    pub(super) fn calm_down(&mut self) {
        for node in self.stopped.clone() {
            self.set_stopped(&node, false);
        }
        for node in self.all("nodes") {
            let mut taints = node.list("/spec/taints").to_vec();
            taints.retain(|t| t.str("/key") != TAINT && t.str("/key") != "node.kubernetes.io/unschedulable");
            let healed = json!({"spec": {"unschedulable": null, "taints": taints}});
            self.patch("nodes", node.name(), &healed).expect("a node can be healed");
        }
        for pod in std::mem::take(&mut self.unready) {
            self.set_fault(&pod, None);
        }
        self.set_missing(&[]);
        self.cluster.advance(CALM).expect("time passes");
    }

    /// Gives an object a new version without changing what it asks for.
    pub(super) fn touch(&mut self, resource: &str, name: &str) {
        let touched = json!({"metadata": {"annotations": {"touched": self.seen.to_string()}}});
        self.patch(resource, name, &touched).expect("it can be annotated");
    }

    /// Adds a line to the story.
    pub(super) fn note(&mut self, line: String) {
        if self.story.len() >= STORY {
            self.story.pop_front();
        }
        self.story.push_back(format!("{} {line}", self.cluster.now().rfc3339()));
    }

    /// What happened last.
    pub(super) fn story(&self) -> String {
        let lines: Vec<&str> = self.story.iter().map(String::as_str).collect();
        format!("the last steps:\n{}", lines.join("\n"))
    }
}
