//! The values that the decisions about a DaemonSet are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::placement::{GENERATION_LABEL, Verdict, node_of};
use crate::controllers::history::HASH_LABEL;
use crate::controllers::shared::pods;
use kctl_base::intstr::{Rounding, resolve};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// What a set asks for.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    pub(super) min_ready: i64,
    /// Whether pods of an old template are replaced by themselves.
    pub(super) rolls: bool,
    /// How many nodes may be without an available pod during an update.
    pub(super) unavailable_max: i64,
    /// How many nodes may have a second pod during an update.
    pub(super) surge_max: i64,
}

impl Desired {
    /// What the spec of a set asks for, with pods on so many nodes.
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
            rolls: set.str("/spec/updateStrategy/type") != "OnDelete",
            // Something must be possible.
            unavailable_max: if surge_max == 0 { unavailable_max.max(1) } else { unavailable_max },
            surge_max,
        }
    }
}

/// One pod of a set, as far as it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Daemon {
    pub(super) name: String,
    pub(super) created: Option<Time>,
    /// Whether it has its node already.
    pub(super) bound: bool,
    /// Whether it is of the present template.
    pub(super) updated: bool,
    pub(super) failed: bool,
    pub(super) succeeded: bool,
    pub(super) deleting: bool,
    pub(super) ready: bool,
    pub(super) available: bool,
}

impl Daemon {
    fn of(pod: &Object, stamp: &Stamp<'_>, min_ready: i64, now: Time) -> Daemon {
        let phase = pod.str("/status/phase");
        Daemon {
            name: pod.name().into(),
            created: pod.creation_time(),
            bound: !pod.str("/spec/nodeName").is_empty(),
            updated: stamp.is_on(pod),
            failed: phase == "Failed",
            succeeded: phase == "Succeeded",
            deleting: pod.is_deleting(),
            ready: pods::is_ready(pod),
            available: pods::is_available(pod, min_ready, now),
        }
    }
}

/// By what pods of the present template are known: the hash of its revision, or its number.
pub(super) struct Stamp<'a> {
    pub(super) hash: &'a str,
    pub(super) generation: Option<i64>,
}

impl Stamp<'_> {
    fn is_on(&self, pod: &Object) -> bool {
        let number = self.generation.map(|g| g.to_string());
        pod.label(HASH_LABEL) == Some(self.hash)
            || number.is_some_and(|number| pod.label(GENERATION_LABEL) == Some(number.as_str()))
    }
}

/// One node, its pods with the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) node: String,
    pub(super) verdict: Verdict,
    pub(super) pods: Vec<Daemon>,
}

/// The pods of a set by node. Those that have ended and are going already are nobody's business any more.
pub(super) fn by_node(
    pods: &[Arc<Object>],
    stamp: &Stamp<'_>,
    min_ready: i64,
    now: Time,
) -> BTreeMap<String, Vec<Daemon>> {
    let mut places: BTreeMap<String, Vec<Daemon>> = BTreeMap::new();
    for pod in pods.iter().filter(|p| !(pods::is_terminal(p) && p.is_deleting())) {
        let daemon = Daemon::of(pod, stamp, min_ready, now);
        places.entry(node_of(pod).to_string()).or_default().push(daemon);
    }
    for daemons in places.values_mut() {
        daemons.sort_by(|a, b| (!a.bound, a.created, &a.name).cmp(&(!b.bound, b.created, &b.name)));
    }
    places
}
