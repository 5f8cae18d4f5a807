//! Resources in use on a node.
//!
//! The use of each node is also a row of the scheduler's state, written together with the pods that it sums up, so that a
//! command that schedules one pod reads no other pods. A row that is missing, or belongs to an earlier node of the same name,
//! is computed from the index of pods by node.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::node_info::NodeInfo;
use super::pod_info::{HostPort, PodRequests, is_assigned};
use super::resources::{NonZeroRequests, Resource};
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::object::{Object, ObjectMeta};

/// Sum of the requests of all pods of a node. The serialised names are those of rows in existing stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeUsage {
    /// Uid of the node.
    pub(super) uid: String,
    /// Number of pods.
    pub(super) pods: i64,
    #[serde(default, rename = "requests")]
    pub(super) requested: Resource,
    #[serde(rename = "assumed")]
    pub(super) non_zero_requested: NonZeroRequests,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<HostPort>,
    /// Number of pods by priority.
    pub(super) priorities: BTreeMap<i64, i64>,
}

impl NodeUsage {
    /// Sums up the pods of a node.
    pub(super) fn count<'a>(uid: &str, pods: impl IntoIterator<Item = &'a Object>) -> NodeUsage {
        let mut usage = NodeUsage { uid: uid.into(), ..NodeUsage::default() };
        pods.into_iter().filter(|p| is_assigned(p)).for_each(|p| usage.add(&PodRequests::of(p)));
        usage
    }

    pub(super) fn add(&mut self, pod: &PodRequests) {
        self.pods += 1;
        self.requested.add(&pod.resources);
        let (cpu, memory) = pod.non_zero;
        self.non_zero_requested = (self.non_zero_requested.0 + cpu, self.non_zero_requested.1 + memory);
        self.ports.extend(pod.ports.iter().cloned());
        *self.priorities.entry(pod.priority).or_default() += 1;
    }

    pub(super) fn remove(&mut self, pod: &PodRequests) {
        self.pods -= 1;
        self.requested.subtract(&pod.resources);
        let (cpu, memory) = pod.non_zero;
        self.non_zero_requested = (self.non_zero_requested.0 - cpu, self.non_zero_requested.1 - memory);
        for port in &pod.ports {
            if let Some(index) = self.ports.iter().position(|p| p == port) {
                self.ports.remove(index);
            }
        }
        let of_priority = self.priorities.entry(pod.priority).or_default();
        *of_priority -= 1;
        if *of_priority == 0 {
            self.priorities.remove(&pod.priority);
        }
    }

    /// Reports whether one of the ports cannot be bound.
    pub(super) fn conflicts_with(&self, ports: &[HostPort]) -> bool {
        ports.iter().any(|port| self.ports.iter().any(|used| used.conflicts_with(port)))
    }

    /// Reports whether there are pods of a lower priority.
    pub(super) fn has_pod_below(&self, priority: i64) -> bool {
        self.priorities.keys().next().is_some_and(|lowest| *lowest < priority)
    }
}

/// The rows that one update of the cache reads and changes.
#[derive(Default)]
pub(super) struct UsageRows {
    /// By node; `None` for a node that does not exist or whose row has to be computed.
    rows: BTreeMap<String, Option<NodeUsage>>,
    /// Nodes whose row was computed by this update: it includes all pending events already.
    computed: BTreeSet<String>,
    dirty: BTreeSet<String>,
}

/// The nodes in the cache, whose usage is up to date.
type Nodes = BTreeMap<String, std::sync::Arc<NodeInfo>>;

impl UsageRows {
    /// Returns the usage of a node, computed if there is no valid row.
    pub(super) fn get(&mut self, ctx: &mut Context<'_>, nodes: &Nodes, node: &Object) -> Result<NodeUsage> {
        let name = node.name();
        self.read(ctx, nodes, name)?;
        if let Some(Some(usage)) = self.rows.get(name)
            && usage.uid == node.uid()
        {
            return Ok(usage.clone());
        }
        let pods = ctx.indexed("pods", "node", name)?;
        let usage = NodeUsage::count(node.uid(), pods.iter().map(|p| &**p));
        self.rows.insert(name.into(), Some(usage.clone()));
        self.computed.insert(name.into());
        self.dirty.insert(name.into());
        Ok(usage)
    }

    fn read(&mut self, ctx: &mut Context<'_>, nodes: &Nodes, name: &str) -> Result<()> {
        if !self.rows.contains_key(name) {
            let usage = match nodes.get(name) {
                Some(node) => Some(node.usage.clone()),
                None => ctx.state(&row(name))?,
            };
            self.rows.insert(name.into(), usage);
        }
        Ok(())
    }

    /// Adds (`by` = 1) or removes (-1) a pod of a node.
    pub(super) fn update(
        &mut self,
        ctx: &mut Context<'_>,
        nodes: &Nodes,
        node: &str,
        pod: &PodRequests,
        by: i64,
    ) -> Result<()> {
        self.read(ctx, nodes, node)?;
        if self.computed.contains(node) {
            return Ok(());
        }
        if let Some(Some(usage)) = self.rows.get_mut(node) {
            if by > 0 {
                usage.add(pod)
            } else {
                usage.remove(pod)
            }
            self.dirty.insert(node.into());
        }
        Ok(())
    }

    /// Removes the row of a deleted node.
    pub(super) fn remove(&mut self, name: &str) {
        self.rows.insert(name.into(), None);
        self.dirty.insert(name.into());
    }

    /// Writes the changed rows; returns the usage of every existing node that was read.
    pub(super) fn save(self, ctx: &mut Context<'_>) -> impl Iterator<Item = (String, NodeUsage)> {
        for name in &self.dirty {
            match self.rows.get(name).and_then(Option::as_ref) {
                Some(usage) => ctx.set_state(&row(name), usage.clone()),
                None => ctx.clear_state(&row(name)),
            }
        }
        self.rows.into_iter().filter_map(|(name, usage)| Some((name, usage?)))
    }
}

fn row(node: &str) -> String {
    format!("node/{node}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn pod(priority: i64, port: i64, ip: &str) -> Object {
        json!({
            "metadata": {"name": "p"}, "spec": {
                "nodeName": "n", "priority": priority,
                "containers": [{"resources": {"requests": {"cpu": "1"}}, "ports": [{"hostPort": port, "hostIP": ip}]}],
            },
        })
    }

    #[test]
    fn usage_is_the_sum_of_the_assigned_pods() {
        let (low, high) = (pod(0, 80, ""), pod(10, 80, "10.0.0.1"));
        let mut ended = pod(0, 90, "");
        ended["status"]["phase"] = "Succeeded".into();
        let mut usage = NodeUsage::count("u", [&low, &high, &ended]);
        assert_eq!((usage.pods, usage.requested.cpu, usage.ports.len()), (2, 2000, 2));
        assert!(usage.has_pod_below(10) && !usage.has_pod_below(0));
        assert!(!usage.conflicts_with(&PodRequests::of(&ended).ports));
        usage.remove(&PodRequests::of(&low));
        assert!(
            usage.conflicts_with(&PodRequests::of(&pod(0, 80, "")).ports),
            "a wildcard address conflicts with every address"
        );
        assert!(!usage.conflicts_with(&PodRequests::of(&pod(0, 80, "10.0.0.2")).ports));
        usage.remove(&PodRequests::of(&high));
        assert_eq!(usage, NodeUsage { uid: "u".into(), ..NodeUsage::default() });
    }
}
