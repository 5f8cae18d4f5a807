//! StatefulSets and their pods as the plain values that the decisions take.

use std::sync::Arc;

use super::identity::ordinal;
use crate::controllers::history::HASH_LABEL;
use crate::controllers::shared::pods;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The update strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// A pod is replaced when somebody deletes it.
    OnDelete,
    /// Pods are replaced one by one, the highest ordinal first, down to the partition where there is one.
    Rolling(Option<i64>),
}

/// The relevant part of the set's spec.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    pub(super) replicas: i64,
    /// The first ordinal (`spec.ordinals.start`).
    pub(super) start: i64,
    /// `true` for the pod management policy `Parallel`: pods do not wait for each other.
    pub(super) parallel: bool,
    pub(super) min_ready: i64,
    pub(super) strategy: Strategy,
    pub(super) deleting: bool,
}

impl Desired {
    /// Reads the spec of a set.
    pub(super) fn of(set: &Object) -> Desired {
        let strategy = match set.str("/spec/updateStrategy/type") {
            "OnDelete" => Strategy::OnDelete,
            _ => Strategy::Rolling(
                set.at("/spec/updateStrategy/rollingUpdate").map(|r| r.int("/partition").unwrap_or(0)),
            ),
        };
        Desired {
            replicas: set.int("/spec/replicas").unwrap_or(1).max(0),
            start: set.int("/spec/ordinals/start").unwrap_or(0),
            parallel: set.str("/spec/podManagementPolicy") == "Parallel",
            min_ready: set.int("/spec/minReadySeconds").unwrap_or(0),
            strategy,
            deleting: set.is_deleting(),
        }
    }

    /// Returns `true` when a pod with this ordinal is one of the replicas.
    pub(super) fn contains(&self, ordinal: i64) -> bool {
        (self.start..self.start + self.replicas).contains(&ordinal)
    }
}

/// The relevant part of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) ordinal: i64,
    /// The name of its revision.
    pub(super) revision: String,
    /// Succeeded or failed.
    pub(super) is_terminal: bool,
    pub(super) pending: bool,
    pub(super) deleting: bool,
    /// Running and ready (`isRunningAndReady`).
    pub(super) ready: bool,
    /// Ready for `spec.minReadySeconds` (`isRunningAndAvailable`).
    pub(super) available: bool,
}

impl Replica {
    /// Reads a pod; `None` when its name has no ordinal.
    pub(super) fn of(pod: &Arc<Object>, min_ready: i64, now: Time) -> Option<Replica> {
        let ready = pod.str("/status/phase") == "Running" && pods::is_ready(pod);
        Some(Replica {
            name: pod.name().into(),
            ordinal: ordinal(pod)?,
            revision: pod.label(HASH_LABEL).unwrap_or("").into(),
            is_terminal: pods::is_terminal(pod),
            pending: pod.str("/status/phase") == "Pending",
            deleting: pod.is_deleting(),
            ready,
            available: ready && pods::is_available(pod, min_ready, now),
        })
    }

    /// Returns `true` when the pod is not available or is being deleted (`isUnavailable`).
    pub(super) fn is_unavailable(&self) -> bool {
        !self.available || self.deleting
    }
}

/// The names of the two revisions that pods may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Revisions<'a> {
    /// The revision that was last rolled out completely (`status.currentRevision`).
    pub(super) current: &'a str,
    /// The revision of the set's template (`status.updateRevision`).
    pub(super) update: &'a str,
}
