//! The simulated cluster and its recorded history: the last version of every object, the injected faults, a log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;
use kctl_base::status::{Reason, Status};

use super::checkers::{self, Objects};
use crate::harness::cluster::{
    self, Change, Cluster, Faults, MissingImages, ObjectKey, PatchType, PodFault, PodMetrics, Request, SimulatedDisk,
};

/// The number of log lines that a failure prints.
const LOG_LINES: usize = 30;
/// Longer than the longest back-off of a container restart or an image pull.
const REST_TIME: Duration = Duration::from_secs(1800);
/// The field manager of all operations.
pub(super) const MANAGER: &str = "simulation";
/// The key of injected taints.
pub(super) const TAINT: &str = "dedicated";
/// The storage classes of the cluster, with immediate and with delayed binding.
pub(super) const STORAGE_CLASSES: [&str; 2] = ["immediate", "delayed"];

/// A cluster and its recorded history.
pub(super) struct World {
    /// The cluster, with a virtual clock.
    pub(super) cluster: Cluster,
    /// The disk that the cluster is on.
    pub(super) disk: SimulatedDisk,
    /// The seed of the cluster.
    pub(super) seed: u64,
    /// The objects after the changes that have been checked.
    pub(super) objects: Objects,
    /// The revision up to which changes have been read.
    pub(super) revision: u64,
    /// Nodes whose kubelet is stopped.
    pub(super) stopped: BTreeSet<String>,
    /// Pods that are forced to be unready.
    pub(super) unready: BTreeSet<String>,
    /// Workloads that were complete once, and of which only the template has changed since.
    pub(super) undisturbed: BTreeSet<ObjectKey>,
    /// Claims that may be deleted, by the policy of a StatefulSet or by an operation.
    pub(super) released_claims: BTreeSet<String>,
    /// The number of times that each kind of operation succeeded and was rejected.
    pub(super) performed: BTreeMap<&'static str, (u64, u64)>,
    /// The objects that have changed during the current step.
    pub(super) changed: BTreeSet<ObjectKey>,
    /// Violations that were found during the current step.
    pub(super) violations: Vec<String>,
    digest: DefaultHasher,
    log: VecDeque<String>,
}

impl World {
    /// Creates a cluster.
    pub(super) fn new(seed: u64, chance: bool) -> World {
        let disk = SimulatedDisk::default();
        let mut world = World {
            cluster: cluster::create_on_disk(&disk, seed, chance),
            disk,
            seed,
            objects: BTreeMap::new(),
            revision: 1,
            stopped: BTreeSet::new(),
            unready: BTreeSet::new(),
            undisturbed: BTreeSet::new(),
            released_claims: BTreeSet::new(),
            performed: BTreeMap::new(),
            changed: BTreeSet::new(),
            violations: Vec::new(),
            digest: DefaultHasher::new(),
            log: VecDeque::new(),
        };
        world.create_storage_classes();
        world.cluster.advance(Duration::from_secs(10)).expect("time passes");
        for change in world.new_changes() {
            world.record(&change);
        }
        world.commit();
        world
    }

    fn create_storage_classes(&mut self) {
        for (name, mode) in STORAGE_CLASSES.iter().zip(["Immediate", "WaitForFirstConsumer"]) {
            let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
                "provisioner": "example.com/disks", "volumeBindingMode": mode});
            self.request(Request::create("storageclasses.storage.k8s.io", "", class)).expect("a storage class");
        }
    }

    /// Returns the changes since the last call.
    pub(super) fn new_changes(&mut self) -> Vec<Change> {
        let changes = cluster::changes_since(&mut self.cluster, self.revision);
        self.revision = cluster::revision(&mut self.cluster);
        changes
    }

    /// Records a change and returns the previous version of the object; `None` for a new one.
    pub(super) fn record(&mut self, change: &Change) -> Option<Arc<Object>> {
        (change.revision, change.object.to_string()).hash(&mut self.digest);
        let old = self.objects.get(&change.key).cloned();
        self.violations.extend(checkers::record_recomputed(&mut self.objects, change));
        old
    }

    /// The version of an object before a change that has not been recorded yet; `None` for a new object.
    pub(super) fn before(&self, change: &Change) -> Option<&Arc<Object>> {
        self.objects.get(&change.key)
    }

    /// A digest of all recorded changes.
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The recorded objects of a resource, in all namespaces.
    pub(super) fn all(&self, resource: &str) -> Vec<Arc<Object>> {
        let from = self.objects.range(ObjectKey::new(resource, "", "")..);
        from.take_while(|(key, _)| key.resource == resource).map(|(_, object)| object.clone()).collect()
    }

    /// The recorded objects of a resource in the namespace default.
    pub(super) fn list(&self, resource: &str) -> Vec<Arc<Object>> {
        self.all(resource).into_iter().filter(|o| o.namespace() == "default").collect()
    }

    /// A recorded object in the namespace default.
    pub(super) fn get(&self, resource: &str, name: &str) -> Option<Arc<Object>> {
        self.objects.get(&ObjectKey::new(resource, "default", name)).cloned()
    }

    /// The pods that an object controls, including terminated ones.
    pub(super) fn pods_of(&self, owner: &Object) -> Vec<Arc<Object>> {
        let mut pods = self.list("pods");
        pods.retain(|p| p.is_controlled_by(owner.uid()));
        pods
    }

    /// Sends a request. It may be rejected as Kubernetes would reject it; an internal error fails the test.
    pub(super) fn request(&mut self, request: Request) -> Result<(), Status> {
        let request = request.manager(MANAGER);
        match self.cluster.handle(&request) {
            Ok(_) => Ok(()),
            Err(status) => {
                // Kubernetes reports this one as an internal error too.
                let expected = request.subresource == "eviction" && status.message.contains("does not support");
                let valid = status.reason != Reason::InternalError || expected;
                assert!(valid, "{}\n{request:?}\n{status:?}", self.recent_log());
                self.log(format!("        rejected: {}", status.message));
                Err(status)
            }
        }
    }

    /// Sends a merge patch for an object in the namespace default, or for a node.
    pub(super) fn patch(&mut self, resource: &str, name: &str, patch: &Value) -> Result<(), Status> {
        let namespace = if resource == "nodes" { "" } else { "default" };
        self.request(Request::patch(resource, namespace, name, PatchType::Merge, patch.clone()))
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
        self.cluster.set_faults(&faults).expect("a successful reconciliation");
    }

    /// Sets the images that cannot be pulled, in addition to those that never can.
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
    pub(super) fn set_metrics(&mut self, usage: &BTreeMap<String, String>) {
        self.inject(|faults| {
            faults.metrics = PodMetrics::default();
            for (pod, cpu) in usage {
                let used = [("cpu".to_string(), cpu.parse().expect("a quantity"))];
                faults.metrics.set(&format!("default/{pod}"), used.into());
            }
        });
    }

    /// Returns true if an injected fault can delete a running pod or make it unready.
    pub(super) fn has_faults(&self) -> bool {
        let tainted = |node: &Arc<Object>| node.list("/spec/taints").iter().any(|t| t.str("/effect") == "NoExecute");
        !self.stopped.is_empty() || !self.unready.is_empty() || self.all("nodes").iter().any(tainted)
    }

    /// Heals all faults and advances the clock until the cluster should have converged.
    pub(super) fn heal_and_rest(&mut self) {
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
        self.cluster.advance(REST_TIME).expect("time passes");
    }

    /// Annotates an object, so that its controller observes a change.
    pub(super) fn touch(&mut self, resource: &str, name: &str) {
        let touched = json!({"metadata": {"annotations": {"touched": self.revision.to_string()}}});
        self.patch(resource, name, &touched).expect("an annotation");
    }

    /// Adds a line to the log.
    pub(super) fn log(&mut self, line: String) {
        if self.log.len() >= LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(format!("{} {line}", self.cluster.now().rfc3339()));
    }

    /// The last lines of the log.
    pub(super) fn recent_log(&self) -> String {
        let lines: Vec<&str> = self.log.iter().map(String::as_str).collect();
        format!("the last steps:\n{}", lines.join("\n"))
    }
}
