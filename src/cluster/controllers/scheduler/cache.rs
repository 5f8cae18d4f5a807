//! What the scheduler knows without asking: nodes and what is taken of them, who waits, who stands near whom.
//!
//! The cache lives in the server's scratch. Changes are noted as they happen ([`Cache::note_pod`] and its siblings, called
//! by the wakes) and worked in at the beginning of the next round ([`Cache::work_in`]); a binding of our own is worked in at once. What is taken of a node is also kept
//! in a row of the scheduler's memory, changed together with the pods it counts, so that a command which schedules one pod
//! reads no other. A row that is missing, or is of an earlier node of that name, is counted anew from the index of pods by
//! node. Everything else is read on first use.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::terms::{PodSet, PodTerms};
use super::view::{Node, Pod, Share, Usage, priority, takes_room};
use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use kctl_base::json::SharedStr;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// Counts of more sets of pods than this are not kept.
const GROUPS_MAX: usize = 64;

/// Pods of one set by node.
pub(super) type ByNode = BTreeMap<String, i64>;

/// Something that happened.
enum News {
    /// A bound pod came, went or changed.
    Pod { old: Option<Arc<Object>>, new: Option<Arc<Object>> },
    /// A node came, went or changed.
    Node { name: String, object: Option<Arc<Object>> },
}

/// The place of a pod in the queue: priority first, then age, then arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    priority: Reverse<i64>,
    created: Option<Time>,
    arrival: u64,
    key: Key,
}

/// The pods that are in all of these sets, counted by node.
struct Group {
    sets: Vec<PodSet>,
    /// Pods that are being deleted do not count.
    alive: bool,
    counts: Arc<ByNode>,
}

/// Bound pods that have the same terms about others, as replicas do, by node.
struct Class {
    terms: PodTerms,
    counts: ByNode,
}

impl Group {
    fn has(&self, pod: &Object) -> bool {
        !(self.alive && pod.is_deleting()) && self.sets.iter().all(|set| set.contains(pod))
    }
}

/// What the scheduler knows.
#[derive(Default)]
pub(super) struct Cache {
    news: Vec<News>,
    loaded: bool,
    nodes: BTreeMap<String, Arc<Node>>,
    queue: BTreeSet<Rank>,
    queued: BTreeSet<Key>,
    arrivals: u64,
    groups: Vec<Group>,
    /// The bound pods that have terms about others: their classes and nodes.
    social: BTreeMap<Key, (usize, String)>,
    classes: Vec<Class>,
    nominated: BTreeMap<Key, Arc<Object>>,
    /// Uids of pods whose binding has been noted, and whose change has not been seen yet.
    bound: BTreeSet<String>,
    spread_selectors: BTreeMap<(SharedStr, SharedStr), Selector>,
    /// Something happened that may let waiting pods go.
    pub(super) moved: bool,
    /// Something happened that may let those go that care for pods near them.
    pub(super) joined: bool,
}

impl Cache {
    /// Notes that a bound pod came, went or changed.
    pub(super) fn note_pod(&mut self, old: Option<Arc<Object>>, new: Option<Arc<Object>>) {
        self.news.push(News::Pod { old, new });
    }

    /// Notes a binding of our own before the change says so.
    pub(super) fn note_binding(&mut self, pod: Arc<Object>) {
        self.nominated.remove(&Key::of(&pod));
        self.bound.insert(pod.uid().into());
        self.joined = true;
        self.note_pod(None, Some(pod));
    }

    /// Whether a change is a binding that has been noted; asked once for each.
    pub(super) fn is_own_binding(&mut self, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) -> bool {
        let binds = old.zip(new).is_some_and(|(old, new)| !takes_room(old) && takes_room(new));
        binds && new.is_some_and(|pod| self.bound.remove(pod.uid()))
    }

    /// Notes that a node came, changed, or went (`None`).
    pub(super) fn note_node(&mut self, name: &str, object: Option<Arc<Object>>) {
        self.news.push(News::Node { name: name.into(), object });
    }

    /// Notes that a waiting pod has or has no longer a node that it waits for.
    pub(super) fn note_nomination(&mut self, pod: &Arc<Object>, waits: bool) {
        if waits && !pod.str("/status/nominatedNodeName").is_empty() {
            self.nominated.insert(Key::of(pod), pod.clone());
        } else {
            self.nominated.remove(&Key::of(pod));
        }
    }

    /// Forgets what depends on labels of namespaces.
    pub(super) fn forget_namespaces(&mut self) {
        self.loaded = false;
        self.groups.clear();
    }

    /// Forgets which services and workloads select which pods.
    pub(super) fn forget_selectors(&mut self) {
        self.spread_selectors.clear();
    }

    /// Puts a pod into the queue unless it is there.
    pub(super) fn enqueue(&mut self, pod: &Object) {
        let key = Key::of(pod);
        if self.queued.insert(key.clone()) {
            self.arrivals += 1;
            let (priority, created) = (Reverse(priority(pod)), pod.creation_time());
            self.queue.insert(Rank { priority, created, arrival: self.arrivals, key });
        }
    }

    /// Takes the first pod out of the queue.
    pub(super) fn pop(&mut self) -> Option<Key> {
        let rank = self.queue.pop_first()?;
        self.queued.remove(&rank.key);
        Some(rank.key)
    }

    /// Whether there is something to do.
    pub(super) fn has_work(&self) -> bool {
        !self.news.is_empty() || !self.queue.is_empty() || self.moved || self.joined
    }

    /// Works in what has happened since the last time.
    pub(super) fn work_in(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let news = std::mem::take(&mut self.news);
        let mut usages = Usages::default();
        for one in &news {
            if let News::Node { name, object } = one {
                self.work_in_node(ctx, &mut usages, name, object.as_ref())?;
            }
        }
        for one in news {
            if let News::Pod { old, new } = one {
                self.work_in_pod(ctx, &mut usages, old.as_ref(), new.as_ref())?;
            }
        }
        usages.save(ctx);
        for (name, usage) in usages.known {
            if let (Some(node), Some(usage)) = (self.nodes.get_mut(&name), usage) {
                Arc::make_mut(node).usage = usage;
            }
        }
        Ok(())
    }

    fn work_in_node(
        &mut self,
        ctx: &mut Context<'_>,
        usages: &mut Usages,
        name: &str,
        object: Option<&Arc<Object>>,
    ) -> Result<()> {
        let Some(object) = object else {
            usages.forget(name);
            self.nodes.remove(name);
            return Ok(());
        };
        let usage = usages.of(ctx, self, object)?;
        if self.loaded {
            self.nodes.insert(name.into(), Arc::new(Node::new(object.clone(), usage)));
        }
        Ok(())
    }

    fn work_in_pod(
        &mut self,
        ctx: &mut Context<'_>,
        usages: &mut Usages,
        old: Option<&Arc<Object>>,
        new: Option<&Arc<Object>>,
    ) -> Result<()> {
        let same_share = old.zip(new).is_some_and(|(a, b)| a["spec"] == b["spec"]);
        for (pod, sign) in [(old, -1), (new, 1)] {
            let Some(pod) = pod else { continue };
            let node = pod.str("/spec/nodeName");
            if !same_share {
                usages.change(ctx, self, node, &Share::of(pod), sign)?;
            }
            for group in self.groups.iter_mut().filter(|g| g.has(pod)) {
                *Arc::make_mut(&mut group.counts).entry(node.into()).or_default() += sign;
            }
        }
        if self.loaded
            && let Some(pod) = new.or(old)
            && has_terms(pod)
        {
            self.leave(&Key::of(pod));
            if new.is_some() {
                self.join(&read_pod(ctx, pod.clone())?);
            }
        }
        Ok(())
    }

    /// Counts a bound pod in its class.
    fn join(&mut self, pod: &Pod) {
        let class = match self.classes.iter().position(|c| c.terms == pod.terms) {
            Some(class) => class,
            None => {
                self.classes.push(Class { terms: pod.terms.clone(), counts: ByNode::new() });
                self.classes.len() - 1
            }
        };
        let node = pod.object.str("/spec/nodeName").to_string();
        *self.classes[class].counts.entry(node.clone()).or_default() += 1;
        self.social.insert(pod.key(), (class, node));
    }

    /// Counts a pod out of its class.
    fn leave(&mut self, pod: &Key) {
        if let Some((class, node)) = self.social.remove(pod)
            && let Some(count) = self.classes[class].counts.get_mut(&node)
        {
            *count -= 1;
            if *count == 0 {
                self.classes[class].counts.remove(&node);
            }
        }
    }

    /// Reads everything that has not been read yet. To be called after [`Cache::work_in`].
    pub(super) fn load(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.loaded {
            return Ok(());
        }
        let mut usages = Usages::default();
        self.nodes.clear();
        for object in ctx.list("nodes", None)? {
            let usage = usages.of(ctx, self, &object)?;
            self.nodes.insert(object.name().into(), Arc::new(Node::new(object, usage)));
        }
        usages.save(ctx);
        self.social.clear();
        self.classes.clear();
        for pod in ctx.indexed("pods", "social", "")?.into_iter().filter(|p| takes_room(p)) {
            self.join(&read_pod(ctx, pod)?);
        }
        for pod in ctx.indexed("pods", "unscheduled", ctx.controller)? {
            self.note_nomination(&pod, true);
        }
        self.loaded = true;
        Ok(())
    }

    /// The nodes by name.
    pub(super) fn nodes(&self) -> &BTreeMap<String, Arc<Node>> {
        &self.nodes
    }

    /// The terms of bound pods about other pods, and how many pods have them by node.
    pub(super) fn social(&self) -> impl Iterator<Item = (&PodTerms, &ByNode)> {
        self.classes.iter().filter(|c| !c.counts.is_empty()).map(|c| (&c.terms, &c.counts))
    }

    /// The waiting pods that have a node in view.
    pub(super) fn nominated(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.nominated.values()
    }

    /// The bound pods that are in all of some sets, by node; with `alive` without those that are being deleted.
    pub(super) fn count(&mut self, ctx: &mut Context<'_>, sets: &[PodSet], alive: bool) -> Result<Arc<ByNode>> {
        if let Some(known) = self.groups.iter().find(|g| g.alive == alive && g.sets == sets) {
            return Ok(known.counts.clone());
        }
        let mut group = Group { sets: sets.to_vec(), alive, counts: Arc::default() };
        let Some(first) = sets.first() else { return Ok(group.counts) };
        let mut counts = ByNode::new();
        let namespaces: Vec<String> = match first.is_everywhere() {
            true => ctx.list("namespaces", None)?.iter().map(|n| n.name().to_string()).collect(),
            false => first.namespaces.iter().cloned().collect(),
        };
        for namespace in namespaces {
            for pod in ctx.pods_matching(&namespace, &first.selector)? {
                if takes_room(&pod) && group.has(&pod) {
                    *counts.entry(pod.str("/spec/nodeName").into()).or_default() += 1;
                }
            }
        }
        if self.groups.len() >= GROUPS_MAX {
            self.groups.clear();
        }
        group.counts = Arc::new(counts);
        let counts = group.counts.clone();
        self.groups.push(group);
        Ok(counts)
    }

    /// The selector by which the services and the owner of a pod know it; nothing when there are none.
    pub(super) fn spread_selector(&mut self, ctx: &mut Context<'_>, pod: &Object) -> Result<Selector> {
        let owner = pod.controller_of();
        let memo = (SharedStr::new(pod.namespace()), owner.as_ref().map_or(SharedStr::default(), |o| o.uid.clone()));
        if owner.is_some()
            && let Some(known) = self.spread_selectors.get(&memo)
        {
            return Ok(known.clone());
        }
        let mut found: Option<Selector> = None;
        for service in ctx.list("services", Some(pod.namespace()))? {
            let Some(labels) = service.map("/spec/selector").filter(|m| !m.is_empty()) else { continue };
            let selector = Selector::from_map(labels);
            if selector.matches_object(pod) {
                found = Some(found.map_or(selector.clone(), |f| f.and(selector)));
            }
        }
        if let Some(owner) = &owner
            && let Some(selector) = owner_selector(ctx, pod.namespace(), &owner.kind, &owner.name)?
        {
            found = Some(found.map_or(selector.clone(), |f| f.and(selector)));
        }
        let selector = found.unwrap_or(Selector::Nothing);
        if owner.is_some() {
            self.spread_selectors.insert(memo, selector.clone());
        }
        Ok(selector)
    }
}

fn owner_selector(ctx: &mut Context<'_>, namespace: &str, kind: &str, name: &str) -> Result<Option<Selector>> {
    let resource = match kind {
        "ReplicaSet" => "replicasets.apps",
        "StatefulSet" => "statefulsets.apps",
        "ReplicationController" => "replicationcontrollers",
        _ => return Ok(None),
    };
    let Some(owner) = ctx.get(resource, namespace, name)? else { return Ok(None) };
    Ok(match kind {
        "ReplicationController" => owner.map("/spec/selector").map(Selector::from_map),
        _ => owner.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()),
    })
}

fn has_terms(pod: &Object) -> bool {
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| pod.at(&format!("/spec/affinity/{kind}")).is_some())
}

/// Reads a pod and the namespaces that its terms mean.
pub(super) fn read_pod(ctx: &mut Context<'_>, object: Arc<Object>) -> Result<Pod> {
    let mut pod = Pod::new(object);
    if pod.terms.needs_namespaces() {
        let namespaces = ctx.list("namespaces", None)?;
        pod.terms.resolve(&namespaces);
    }
    Ok(pod)
}

/// The usages of nodes that one round looks at: rows of the memory and their changes.
#[derive(Default)]
struct Usages {
    /// By node; `None` for a node that is not there, or whose row has to be counted anew when it is needed.
    known: BTreeMap<String, Option<Usage>>,
    /// Nodes whose pods were counted in this round: their counts hold all news already.
    counted: BTreeSet<String>,
    dirty: BTreeSet<String>,
}

impl Usages {
    /// The usage of a node, counted when there is no good row.
    fn of(&mut self, ctx: &mut Context<'_>, cache: &Cache, node: &Object) -> Result<Usage> {
        let name = node.name();
        self.read(ctx, cache, name)?;
        if let Some(Some(usage)) = self.known.get(name)
            && usage.uid == node.uid()
        {
            return Ok(usage.clone());
        }
        let pods = ctx.indexed("pods", "node", name)?;
        let usage = Usage::count(node.uid(), pods.iter().map(|p| &**p));
        self.known.insert(name.into(), Some(usage.clone()));
        self.counted.insert(name.into());
        self.dirty.insert(name.into());
        Ok(usage)
    }

    fn read(&mut self, ctx: &mut Context<'_>, cache: &Cache, name: &str) -> Result<()> {
        if !self.known.contains_key(name) {
            let usage = match cache.nodes.get(name) {
                Some(node) => Some(node.usage.clone()),
                None => ctx.state(&row(name))?,
            };
            self.known.insert(name.into(), usage);
        }
        Ok(())
    }

    fn change(&mut self, ctx: &mut Context<'_>, cache: &Cache, node: &str, share: &Share, sign: i64) -> Result<()> {
        self.read(ctx, cache, node)?;
        if self.counted.contains(node) {
            return Ok(());
        }
        if let Some(Some(usage)) = self.known.get_mut(node) {
            if sign > 0 {
                usage.add(share)
            } else {
                usage.remove(share)
            }
            self.dirty.insert(node.into());
        }
        Ok(())
    }

    fn forget(&mut self, name: &str) {
        self.known.insert(name.into(), None);
        self.dirty.insert(name.into());
    }

    fn save(&self, ctx: &mut Context<'_>) {
        for name in &self.dirty {
            match self.known.get(name) {
                Some(Some(usage)) => ctx.set_state(&row(name), usage.clone()),
                _ => ctx.clear_state(&row(name)),
            }
        }
    }
}

fn row(node: &str) -> String {
    format!("node/{node}")
}
