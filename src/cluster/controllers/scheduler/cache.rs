//! The scheduler cache: nodes with the resources in use, affinity terms of assigned pods, nominated pods, counts of pods.
//!
//! Event handlers record changes as they happen; [`Cache::apply_events`] applies them at the beginning of the next scheduling
//! cycle. A binding of the scheduler itself is assumed at once ([`Cache::assume`]) and confirmed when its change arrives.
//! Everything is loaded on first use and lives as long as the process; only the nodes are kept in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::PENDING_INDEX;
use super::node_info::{self, NodeInfo};
use super::nodes::{CountByNode, Nodes, Slot};
use super::pod_info::{PodInfo, PodRequests, is_assigned, nominated_node, uses_other_resources};
use super::queue::Queue;
use super::ratings::Ratings;
use super::spread_selectors::SpreadSelectors;
use super::terms::{PodSet, PodTerms};
use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::core::pod::POD_AFFINITY_INDEX;

/// Maximum number of pod sets whose counts are kept.
const MAX_COUNTED_SETS: usize = 64;

/// A recorded change.
enum Event {
    /// An assigned pod was added (`old` is `None`), changed or removed (`new` is `None`).
    Pod { old: Option<Arc<Object>>, new: Option<Arc<Object>> },
    /// A node was added, changed or removed (`object` is `None`).
    Node { name: String, object: Option<Arc<Object>> },
}

/// Assigned pods that are in all of the sets, counted by node.
struct CountedSets {
    sets: Vec<PodSet>,
    /// Pods that are being deleted are not counted.
    skip_deleting: bool,
    counts: Arc<CountByNode>,
}

impl CountedSets {
    fn contains(&self, pod: &Object) -> bool {
        !(self.skip_deleting && pod.is_deleting()) && self.sets.iter().all(|set| set.contains(pod))
    }
}

/// Assigned pods with equal affinity terms, such as the replicas of a workload, counted by node.
struct TermsClass {
    terms: PodTerms,
    counts: CountByNode,
}

/// The cache and the queue of the scheduler.
#[derive(Default)]
pub(super) struct Cache {
    pub(super) queue: Queue,
    pub(super) spread_selectors: SpreadSelectors,
    /// What is known about the nodes for the pods that were scheduled last.
    pub(super) ratings: Ratings,
    /// A change may make any unschedulable pod schedulable.
    pub(super) retry_all: bool,
    /// A change may make unschedulable pods with affinity or spread constraints schedulable.
    pub(super) retry_pods_with_affinity: bool,
    events: Vec<Event>,
    /// All nodes; as long as `has_all_nodes` is false, those that have been needed.
    nodes: Nodes,
    has_all_nodes: bool,
    /// The nodes that differ from their rows.
    changed_nodes: BTreeSet<Slot>,
    counted_sets: Vec<CountedSets>,
    /// What follows has been loaded.
    is_loaded: bool,
    /// Class and node of each assigned pod with affinity terms.
    pods_with_affinity: BTreeMap<Key, (usize, Slot)>,
    classes: Vec<TermsClass>,
    nominated: BTreeMap<Key, Arc<Object>>,
    /// Uids of pods that were bound by the scheduler, and whose change has not arrived yet.
    assumed: BTreeSet<String>,
}

impl Cache {
    /// Records that an assigned pod was added, changed or removed.
    pub(super) fn pod_changed(&mut self, old: Option<Arc<Object>>, new: Option<Arc<Object>>) {
        self.events.push(Event::Pod { old, new });
    }

    /// Records a node that was added or changed, or removed (`None`).
    pub(super) fn node_changed(&mut self, name: &str, object: Option<Arc<Object>>) {
        self.events.push(Event::Node { name: name.into(), object });
    }

    /// Records a binding of the scheduler before its change arrives.
    pub(super) fn assume(&mut self, pod: Arc<Object>) {
        self.nominated.remove(&Key::of(&pod));
        self.assumed.insert(pod.uid().into());
        self.retry_pods_with_affinity = true;
        self.pod_changed(None, Some(pod));
    }

    /// Reports whether a change is an assumed binding, which is then no longer assumed.
    pub(super) fn confirm_assumed(&mut self, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) -> bool {
        let binds = old.zip(new).is_some_and(|(old, new)| !is_assigned(old) && is_assigned(new));
        binds && new.is_some_and(|pod| self.assumed.remove(pod.uid()))
    }

    /// Adds a pending pod to the nominated ones, if it has a nominated node, or removes it.
    pub(super) fn set_nominated(&mut self, pod: &Arc<Object>, is_pending: bool) {
        if is_pending && !nominated_node(pod).is_empty() {
            self.nominated.insert(Key::of(pod), pod.clone());
        } else {
            self.nominated.remove(&Key::of(pod));
        }
    }

    /// Drops everything that depends on the labels of namespaces.
    pub(super) fn namespaces_changed(&mut self) {
        self.is_loaded = false;
        self.counted_sets.clear();
    }

    /// Reports whether a scheduling cycle would have anything to do.
    pub(super) fn has_work(&self) -> bool {
        !self.events.is_empty() || !self.queue.is_empty() || self.retry_all || self.retry_pods_with_affinity
    }

    /// Applies the events recorded since the last call.
    pub(super) fn apply_events(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let events = std::mem::take(&mut self.events);
        // New rows are those after all events, and before there are rows nothing else has been loaded.
        if events.is_empty() || node_info::make_rows(ctx)? {
            return Ok(());
        }
        // Nodes first: the usage of a node that is new includes its pods.
        let mut counted = BTreeSet::new();
        for event in &events {
            if let Event::Node { name, object } = event {
                self.apply_node(ctx, name, object.as_ref(), &mut counted)?;
            }
        }
        for event in events {
            if let Event::Pod { old, new } = event {
                self.apply_pod(ctx, old.as_ref(), new.as_ref(), &counted)?;
            }
        }
        Ok(())
    }

    /// Applies the change of a node, and adds it to `counted` if its usage is counted anew.
    fn apply_node(
        &mut self,
        ctx: &mut Context<'_>,
        name: &str,
        object: Option<&Arc<Object>>,
        counted: &mut BTreeSet<Slot>,
    ) -> Result<()> {
        let known = self.find_node(ctx, name)?;
        let Some(object) = object else {
            self.nodes.remove(name);
            node_info::remove(ctx, name);
            return Ok(());
        };
        // The usage of an earlier node of the same name may include pods that are gone.
        let usage = known.and_then(|slot| self.nodes.get(slot)).filter(|node| node.uid == object.uid());
        let usage = usage.map(|node| node.usage.clone());
        let is_known = usage.is_some();
        let usage = usage.map_or_else(|| node_info::count_usage(ctx, name), Ok)?;
        let slot = self.nodes.insert(NodeInfo::new(object, usage));
        self.note_changed(slot);
        if !is_known {
            counted.insert(slot);
        }
        Ok(())
    }

    /// Notes that a node differs from what was known about it.
    fn note_changed(&mut self, slot: Slot) {
        self.changed_nodes.insert(slot);
        self.ratings.forget(slot);
    }

    /// Returns the slot of a node, which is loaded if it has not been; `None` if there is no such node.
    fn find_node(&mut self, ctx: &mut Context<'_>, name: &str) -> Result<Option<Slot>> {
        if let Some(node) = self.nodes.find(name) {
            return Ok(Some(node.slot));
        }
        let row = if self.has_all_nodes { None } else { node_info::read(ctx, name)? };
        Ok(row.map(|node| self.nodes.insert(node)))
    }

    /// Applies the change of an assigned pod. The usage of the nodes that have been `counted` includes it already.
    fn apply_pod(
        &mut self,
        ctx: &mut Context<'_>,
        old: Option<&Arc<Object>>,
        new: Option<&Arc<Object>>,
        counted: &BTreeSet<Slot>,
    ) -> Result<()> {
        let same_requests = old.zip(new).is_some_and(|(old, new)| !uses_other_resources(old, new));
        for (pod, by) in [(old, -1), (new, 1)] {
            let Some(pod) = pod else { continue };
            let name = pod.str("/spec/nodeName");
            if !same_requests
                && let Some(slot) = self.find_node(ctx, name)?.filter(|slot| !counted.contains(slot))
                && let Some(usage) = self.nodes.usage_mut(slot)
            {
                let requests = PodRequests::of(pod);
                if by > 0 {
                    usage.add(&requests)
                } else {
                    usage.remove(&requests)
                }
                self.note_changed(slot);
            }
            let slot = self.nodes.slot(name);
            for counted in self.counted_sets.iter_mut().filter(|c| c.contains(pod)) {
                Arc::make_mut(&mut counted.counts).add(slot, by);
            }
        }
        if self.is_loaded
            && let Some(pod) = new.or(old)
            && has_affinity(pod)
        {
            self.remove_pod_with_affinity(&Key::of(pod));
            if new.is_some() {
                self.add_pod_with_affinity(&read_pod(ctx, pod.clone())?);
            }
        }
        Ok(())
    }

    /// Writes the rows of the nodes that have changed.
    pub(super) fn save_nodes(&mut self, ctx: &mut Context<'_>) {
        let changed = std::mem::take(&mut self.changed_nodes);
        changed.iter().filter_map(|slot| self.nodes.get(*slot)).for_each(|node| node_info::save(ctx, node.clone()));
    }

    fn add_pod_with_affinity(&mut self, pod: &PodInfo) {
        let class = match self.classes.iter().position(|c| c.terms == pod.terms) {
            Some(class) => class,
            None => {
                self.classes.push(TermsClass { terms: pod.terms.clone(), counts: CountByNode::default() });
                self.classes.len() - 1
            }
        };
        let node = self.nodes.slot(pod.object.str("/spec/nodeName"));
        self.classes[class].counts.add(node, 1);
        self.pods_with_affinity.insert(pod.key(), (class, node));
    }

    fn remove_pod_with_affinity(&mut self, pod: &Key) {
        if let Some((class, node)) = self.pods_with_affinity.remove(pod) {
            self.classes[class].counts.add(node, -1);
        }
    }

    /// Loads what has not been loaded yet. Call [`Cache::apply_events`] first.
    pub(super) fn load(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if !self.has_all_nodes {
            node_info::make_rows(ctx)?;
            for node in node_info::read_all(ctx)? {
                if self.nodes.find(&node.name).is_none() {
                    self.nodes.insert(node);
                }
            }
            self.has_all_nodes = true;
        }
        if self.is_loaded {
            return Ok(());
        }
        self.pods_with_affinity.clear();
        self.classes.clear();
        for pod in ctx.indexed("pods", POD_AFFINITY_INDEX, "")?.into_iter().filter(|p| is_assigned(p)) {
            self.add_pod_with_affinity(&read_pod(ctx, pod)?);
        }
        for pod in ctx.indexed("pods", PENDING_INDEX, ctx.controller)? {
            self.set_nominated(&pod, true);
        }
        self.is_loaded = true;
        Ok(())
    }

    /// Returns the nodes.
    pub(super) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// The affinity terms of assigned pods, each with the number of pods that have it.
    pub(super) fn pods_with_affinity(&self) -> impl Iterator<Item = (&PodTerms, &CountByNode)> {
        self.classes.iter().filter(|c| !c.counts.is_empty()).map(|c| (&c.terms, &c.counts))
    }

    /// The pending pods with a nominated node.
    pub(super) fn nominated(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.nominated.values()
    }

    /// Counts the assigned pods that are in all sets, by node. The counts are kept up to date from then on.
    pub(super) fn count(
        &mut self,
        ctx: &mut Context<'_>,
        sets: &[PodSet],
        skip_deleting: bool,
    ) -> Result<Arc<CountByNode>> {
        if let Some(known) = self.counted_sets.iter().find(|c| c.skip_deleting == skip_deleting && c.sets == sets) {
            return Ok(known.counts.clone());
        }
        let mut counted = CountedSets { sets: sets.to_vec(), skip_deleting, counts: Arc::default() };
        let Some(first) = sets.first() else { return Ok(counted.counts) };
        let mut counts = CountByNode::default();
        let namespaces: Vec<String> = match first.is_every_namespace() {
            true => ctx.list("namespaces", None)?.iter().map(|n| n.name().to_string()).collect(),
            false => first.namespaces.iter().cloned().collect(),
        };
        for namespace in namespaces {
            for pod in ctx.pods_matching(&namespace, &first.selector)? {
                if is_assigned(&pod) && counted.contains(&pod) {
                    counts.add(self.nodes.slot(pod.str("/spec/nodeName")), 1);
                }
            }
        }
        if self.counted_sets.len() >= MAX_COUNTED_SETS {
            self.counted_sets.clear();
        }
        counted.counts = Arc::new(counts);
        let counts = counted.counts.clone();
        self.counted_sets.push(counted);
        Ok(counts)
    }
}

fn has_affinity(pod: &Object) -> bool {
    let affinity = pod.at("/spec/affinity");
    affinity.is_some_and(|affinity| ["/podAffinity", "/podAntiAffinity"].iter().any(|kind| affinity.at(kind).is_some()))
}

/// Parses a pod, and resolves the namespace selectors of its affinity terms.
pub(super) fn read_pod(ctx: &mut Context<'_>, object: Arc<Object>) -> Result<PodInfo> {
    let mut pod = PodInfo::new(object);
    if pod.terms.needs_namespaces() {
        let namespaces = ctx.list("namespaces", None)?;
        pod.terms.resolve_namespaces(&namespaces);
    }
    Ok(pod)
}
