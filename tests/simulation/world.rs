//! The cluster of a simulated life, and what is remembered of it: the last version of every object, faults on purpose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use kctl::api::{PatchType, Request};
use kctl::cluster::{Cluster, OpenOptions};
use kctl::controllers::CONTROLLERS;
use kctl::machinery::object::{Meta as _, Object, Reading as _};
use kctl::machinery::status::{Reason, Status};
use kctl::sim::Duration;
use kctl::store::{Change, ObjectKey};
use serde_json::{Value, json};

/// How many steps a failure tells of.
const STORY: usize = 30;
/// Longer than the longest back-off of a container's restarts or of a pull.
const CALM: Duration = Duration::from_secs(1800);

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
    /// Deployments that were complete once and that nothing but their template's changes has disturbed since.
    pub(super) undisturbed: BTreeSet<String>,
    /// Templates that Deployments had, for going back.
    pub(super) templates: BTreeMap<String, Vec<Value>>,
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
            undisturbed: BTreeSet::new(),
            templates: BTreeMap::new(),
            story: VecDeque::new(),
        };
        world.cluster.advance(Duration::from_secs(10)).expect("time passes");
        for change in world.news() {
            world.learn(&change);
        }
        world
    }

    /// Whether this build has a controller; without it what it looks after is left out.
    pub(super) fn has_controller(name: &str) -> bool {
        CONTROLLERS.iter().any(|c| c.name == name)
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
        match change.kind {
            kctl::store::ChangeKind::Deleted => drop(self.known.remove(&change.key)),
            _ => drop(self.known.insert(change.key.clone(), change.object.clone())),
        }
    }

    /// The objects of a resource that are known.
    pub(super) fn all(&self, resource: &str) -> Vec<Arc<Object>> {
        self.known.iter().filter(|(key, _)| key.resource == resource).map(|(_, object)| object.clone()).collect()
    }

    /// Objects of namespace default only.
    pub(super) fn own(&self, resource: &str) -> Vec<Arc<Object>> {
        self.all(resource).into_iter().filter(|o| o.namespace() == "default").collect()
    }

    /// A request that may be refused as Kubernetes refuses; anything internal is a defect.
    pub(super) fn ask(&mut self, request: Request) -> Result<(), Status> {
        let request = request.manager("simulation");
        match self.cluster.handle(&request) {
            Ok(_) => Ok(()),
            Err(status) => {
                assert!(status.reason != Reason::InternalError, "{}\n{request:?}\n{status:?}", self.story());
                self.note(format!("        refused: {}", status.message));
                Err(status)
            }
        }
    }

    /// A merge patch.
    pub(super) fn patch(&mut self, resource: &str, name: &str, patch: &Value) -> Result<(), Status> {
        self.ask(Request::patch(resource, "default", name, PatchType::Merge, patch.to_string()))
    }

    /// Stops or starts the kubelet of a node.
    pub(super) fn set_stopped(&mut self, node: &str, stop: bool) {
        if stop {
            self.stopped.insert(node.into())
        } else {
            self.stopped.remove(node)
        };
        let row = (!self.stopped.is_empty()).then(|| json!(self.stopped));
        self.cluster.server().set_row("setting/node-stopped", row);
        for pod in self.cluster.server().read_index("node", node).expect("readable") {
            self.cluster.wake("kubelet", &format!("{}/{}", pod.namespace(), pod.name())).expect("a reaction");
        }
        self.cluster.wake("node-lifecycle-controller", &format!("/{node}")).expect("a reaction");
    }

    /// Heals all faults and lets time pass until everything should be as it was asked for.
    pub(super) fn calm_down(&mut self) {
        for node in self.stopped.clone() {
            self.set_stopped(&node, false);
        }
        for node in self.all("nodes") {
            if node.flag("/spec/unschedulable") {
                let patch = Request::patch(
                    "nodes",
                    "",
                    node.name(),
                    PatchType::Merge,
                    json!({"spec": {"unschedulable": null}}).to_string(),
                );
                self.ask(patch).expect("a node can be uncordoned");
            }
        }
        self.cluster.advance(CALM).expect("time passes");
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
