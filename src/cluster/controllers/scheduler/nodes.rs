//! The nodes that the scheduler knows, in the order of their names, and what is derived from all of them (`Snapshot`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::node_info::NodeInfo;
use super::node_usage::NodeUsage;
use kctl_base::json::SharedStr;

/// The number of a node name. It stays the same for the life of the process, even while no node has the name.
pub(super) type Slot = usize;

/// Nodes by name and by slot.
#[derive(Default)]
pub(super) struct Nodes {
    /// The nodes by slot; `None` for a name without a node.
    infos: Vec<Option<NodeInfo>>,
    slots: FxHashMap<SharedStr, Slot>,
    /// The slots of the nodes, in the order of their names.
    order: Vec<Slot>,
    /// Number of nodes that have an image, by the name of the image.
    images: FxHashMap<String, usize>,
    /// The topologies that have been asked for since the last change of a node.
    topologies: RefCell<BTreeMap<String, Rc<Topology>>>,
}

impl Nodes {
    /// Returns the number of nodes.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns the slot of a name.
    pub(super) fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        self.infos.push(None);
        self.slots.insert(name.into(), self.infos.len() - 1);
        self.infos.len() - 1
    }

    /// Returns a node by name.
    pub(super) fn find(&self, name: &str) -> Option<&NodeInfo> {
        self.get(*self.slots.get(name)?)
    }

    /// Returns the node of a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<&NodeInfo> {
        self.infos.get(slot)?.as_ref()
    }

    /// Returns the usage of the node of a slot for changing it. Nothing is derived from the usage.
    pub(super) fn usage_mut(&mut self, slot: Slot) -> Option<&mut NodeUsage> {
        self.infos.get_mut(slot)?.as_mut().map(|node| &mut node.usage)
    }

    /// Returns the nodes of the slots, without those that no longer exist.
    pub(super) fn select(&self, slots: &[Slot]) -> Vec<&NodeInfo> {
        slots.iter().filter_map(|slot| self.get(*slot)).collect()
    }

    /// Iterates over the nodes in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &NodeInfo> {
        self.order.iter().filter_map(|slot| self.get(*slot))
    }

    /// Iterates over all nodes in the order of their names, beginning with that at a position, and ending with that before it.
    pub(super) fn iter_from(&self, start: usize) -> impl Iterator<Item = &NodeInfo> {
        let (before, after) = self.order.split_at(start.min(self.order.len()));
        after.iter().chain(before).filter_map(|slot| self.get(*slot))
    }

    /// Adds or replaces a node; returns its slot.
    pub(super) fn insert(&mut self, mut node: NodeInfo) -> Slot {
        self.remove(&node.name);
        let slot = self.slot(&node.name);
        node.slot = slot;
        node.images.keys().for_each(|image| *self.images.entry(image.clone()).or_default() += 1);
        let at = self.position(&node.name);
        self.infos[slot] = Some(node);
        self.order.insert(at, slot);
        self.topologies.borrow_mut().clear();
        slot
    }

    /// Removes a node.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(slot) = self.slots.get(name).copied() else { return };
        if self.infos[slot].is_none() {
            return;
        }
        self.order.remove(self.position(name));
        let node = self.infos[slot].take();
        for image in node.iter().flat_map(|node| node.images.keys()) {
            if let Some(count) = self.images.get_mut(image) {
                *count -= 1;
            }
        }
        self.topologies.borrow_mut().clear();
    }

    /// Returns the position of a name in the order, or the one to insert it at.
    fn position(&self, name: &str) -> usize {
        let precedes = |slot: &Slot| self.get(*slot).is_some_and(|node| node.name.as_str() < name);
        // Nodes are loaded in order.
        if self.order.last().is_none_or(precedes) { self.order.len() } else { self.order.partition_point(precedes) }
    }

    /// Returns the number of nodes that have an image.
    pub(super) fn with_image(&self, image: &str) -> usize {
        self.images.get(image).copied().unwrap_or(0)
    }

    /// Returns the domains of a label of nodes.
    pub(super) fn topology(&self, key: &str) -> Rc<Topology> {
        let mut topologies = self.topologies.borrow_mut();
        if let Some(known) = topologies.get(key) {
            return known.clone();
        }
        let topology = Rc::new(Topology::new(key, &self.infos));
        topologies.insert(key.into(), topology.clone());
        topology
    }
}

impl FromIterator<NodeInfo> for Nodes {
    fn from_iter<I: IntoIterator<Item = NodeInfo>>(nodes: I) -> Nodes {
        let mut all = Nodes::default();
        for node in nodes {
            all.insert(node);
        }
        all
    }
}

/// The number of a topology domain: the nodes with one value of a label. [`NO_VALUE`] is that of the empty value.
pub(super) type Domain = usize;

/// The domain of the nodes whose label has the empty value.
pub(super) const NO_VALUE: Domain = 0;

/// The domains of a label.
pub(super) struct Topology {
    /// By slot; `None` for a node without the label.
    domains: Vec<Option<Domain>>,
    /// Number of domains, with [`NO_VALUE`] even if no node is in it.
    len: usize,
}

impl Topology {
    fn new(key: &str, nodes: &[Option<NodeInfo>]) -> Topology {
        let mut numbers = FxHashMap::from_iter([("", NO_VALUE)]);
        let values = nodes.iter().map(|node| node.as_ref()?.label(key));
        let domains = values.map(|value| {
            let next = numbers.len();
            value.map(|value| *numbers.entry(value).or_insert(next))
        });
        let domains = domains.collect();
        Topology { domains, len: numbers.len() }
    }

    /// Returns the domain of a node; `None` if it does not have the label.
    pub(super) fn domain(&self, node: &NodeInfo) -> Option<Domain> {
        self.domains.get(node.slot).copied().flatten()
    }

    /// Returns the number above all domains.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Number of pods by slot of their node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CountByNode {
    counts: Vec<i64>,
    /// Number of counts that are not zero.
    nonzero: usize,
}

impl CountByNode {
    /// Returns the number of pods on a node.
    pub(super) fn get(&self, slot: Slot) -> i64 {
        self.counts.get(slot).copied().unwrap_or(0)
    }

    /// Adds a number of pods, which may be negative.
    pub(super) fn add(&mut self, slot: Slot, by: i64) {
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        let count = &mut self.counts[slot];
        self.nonzero -= usize::from(*count != 0);
        *count += by;
        self.nonzero += usize::from(*count != 0);
    }

    /// Reports whether there are no pods.
    pub(super) fn is_empty(&self) -> bool {
        self.nonzero == 0
    }

    /// Iterates over the nodes with pods.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, i64)> {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count != 0)
            .map(|(slot, count)| (slot, *count))
            .take(self.nonzero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn node(name: &str, zone: Option<&str>) -> NodeInfo {
        let labels = zone.map_or(json!({}), |zone| json!({"zone": zone}));
        let images = json!([{"names": ["nginx:1"], "sizeBytes": 5}]);
        let object = json!({"metadata": {"name": name, "labels": labels}, "status": {"images": images}});
        NodeInfo::new(&object, NodeUsage::default())
    }

    fn names(nodes: &Nodes) -> Vec<&str> {
        nodes.iter().map(|node| node.name.as_str()).collect()
    }

    #[test]
    fn nodes_are_in_the_order_of_their_names() {
        let mut nodes = Nodes::from_iter(["b", "d", "a"].map(|name| node(name, None)));
        let slot = nodes.slot("c");
        assert!((nodes.len(), nodes.get(slot).is_none(), nodes.find("c").is_none()) == (3, true, true));
        assert_eq!((nodes.insert(node("c", None)), names(&nodes)), (slot, vec!["a", "b", "c", "d"]));
        let from: Vec<&str> = nodes.iter_from(2).map(|node| node.name.as_str()).collect();
        assert_eq!(from, ["c", "d", "a", "b"]);
        nodes.insert(node("b", None));
        nodes.remove("a");
        nodes.remove("a");
        assert_eq!((names(&nodes), nodes.with_image("nginx:1"), nodes.with_image("x")), (vec!["b", "c", "d"], 3, 0));
        assert_eq!(nodes.slot("c"), slot, "a name keeps its slot");
    }

    #[test]
    fn nodes_with_one_value_of_a_label_are_a_domain() {
        let mut nodes =
            Nodes::from_iter([node("a", Some("x")), node("b", Some("x")), node("c", Some("")), node("d", None)]);
        let domains = |nodes: &Nodes| {
            let topology = nodes.topology("zone");
            (nodes.iter().map(|node| topology.domain(node)).collect::<Vec<_>>(), topology.len())
        };
        assert_eq!(domains(&nodes), (vec![Some(1), Some(1), Some(NO_VALUE), None], 2));
        nodes.insert(node("b", Some("y")));
        assert_eq!(domains(&nodes), (vec![Some(1), Some(2), Some(NO_VALUE), None], 3));
    }

    #[test]
    fn counts_that_cancel_out_are_no_pods() {
        let mut counts = CountByNode::default();
        counts.add(3, 2);
        counts.add(1, 1);
        assert_eq!((counts.iter().collect::<Vec<_>>(), counts.get(3), counts.get(9)), (vec![(1, 1), (3, 2)], 2, 0));
        counts.add(3, -2);
        counts.add(1, -1);
        assert!(counts.is_empty() && counts.iter().next().is_none());
    }
}
