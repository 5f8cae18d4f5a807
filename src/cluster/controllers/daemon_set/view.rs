//! DaemonSets, nodes and pods as the plain values that the decisions take.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::placement::{GENERATION_LABEL, NodeDecision, node_of};
use crate::controllers::history::HASH_LABEL;
use crate::controllers::shared::pods;
use kctl_base::intstr::{Rounding, resolve};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// The relevant part of the set's spec.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    /// `spec.minReadySeconds`.
    pub(super) min_ready: i64,
    /// `true` for the update strategy `RollingUpdate`, `false` for `OnDelete`.
    pub(super) is_rolling: bool,
    /// The number of nodes that may be without an available pod during an update (`maxUnavailable`).
    pub(super) unavailable_max: i64,
    /// The number of nodes that may have a second pod during an update (`maxSurge`).
    pub(super) surge_max: i64,
}

impl Desired {
    /// Reads the spec of a set that should have pods on `nodes` nodes.
    pub(super) fn of(set: &Object, nodes: usize) -> Desired {
        let nodes = i64::try_from(nodes).unwrap_or(i64::MAX);
        let share = |field: &str| {
            let value = set.at(&format!("/spec/updateStrategy/rollingUpdate/{field}"));
            value.and_then(|v| resolve(v, nodes, Rounding::Up).ok())
        };
        let surge_max = share("maxSurge").unwrap_or(0);
        let unavailable_max = share("maxUnavailable").unwrap_or(1);
        Desired {
            min_ready: set.int("/spec/minReadySeconds").unwrap_or(0),
            is_rolling: set.str("/spec/updateStrategy/type") != "OnDelete",
            // With neither surge nor unavailable nodes no update would be possible.
            unavailable_max: if surge_max == 0 { unavailable_max.max(1) } else { unavailable_max },
            surge_max,
        }
    }
}

/// The relevant part of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Daemon {
    pub(super) name: String,
    pub(super) created: Option<Time>,
    /// The pod has been bound to its node.
    pub(super) bound: bool,
    /// The pod has the current template.
    pub(super) updated: bool,
    pub(super) failed: bool,
    pub(super) succeeded: bool,
    pub(super) deleting: bool,
    pub(super) ready: bool,
    pub(super) available: bool,
}

impl Daemon {
    fn of(pod: &Object, mark: &TemplateMark<'_>, min_ready: i64, now: Time) -> Daemon {
        let phase = pod.str("/status/phase");
        Daemon {
            name: pod.name().into(),
            created: pod.creation_time(),
            bound: !pod.str("/spec/nodeName").is_empty(),
            updated: mark.is_on(pod),
            failed: phase == "Failed",
            succeeded: phase == "Succeeded",
            deleting: pod.is_deleting(),
            ready: pods::is_ready(pod),
            available: pods::is_available(pod, min_ready, now),
        }
    }
}

/// The marks of pods that have the current template (`IsPodUpdated`): the hash of its revision, or its generation.
pub(super) struct TemplateMark<'a> {
    pub(super) hash: &'a str,
    pub(super) generation: Option<i64>,
}

impl TemplateMark<'_> {
    fn is_on(&self, pod: &Object) -> bool {
        let number = self.generation.map(|g| g.to_string());
        pod.label(HASH_LABEL) == Some(self.hash)
            || number.is_some_and(|number| pod.label(GENERATION_LABEL) == Some(number.as_str()))
    }
}

/// A node and its pods, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) node: String,
    pub(super) decision: NodeDecision,
    pub(super) pods: Vec<Daemon>,
}

/// Groups the pods of a set by node (`getNodesToDaemonPods`). Terminal pods that are being deleted do not count any more.
pub(super) fn by_node(
    pods: &[Arc<Object>],
    mark: &TemplateMark<'_>,
    min_ready: i64,
    now: Time,
) -> BTreeMap<String, Vec<Daemon>> {
    let mut places: BTreeMap<String, Vec<Daemon>> = BTreeMap::new();
    for pod in pods.iter().filter(|p| !(pods::is_terminal(p) && p.is_deleting())) {
        let daemon = Daemon::of(pod, mark, min_ready, now);
        places.entry(node_of(pod).to_string()).or_default().push(daemon);
    }
    for daemons in places.values_mut() {
        daemons.order_by(|a, b| (!a.bound, a.created, &a.name).cmp(&(!b.bound, b.created, &b.name)));
    }
    places
}
