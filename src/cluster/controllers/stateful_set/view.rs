//! The values that the decisions about a StatefulSet are made of.

use std::sync::Arc;

use super::identity::ordinal;
use crate::controllers::history::HASH_LABEL;
use crate::controllers::shared::pods;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// How pods of an old template are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// When somebody deletes them.
    OnDelete,
    /// One by one, the highest ordinal first, down to the partition where one is given.
    Rolling(Option<i64>),
}

/// What a set asks for.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    pub(super) replicas: i64,
    /// The first ordinal.
    pub(super) start: i64,
    /// Whether pods need not wait for each other.
    pub(super) parallel: bool,
    pub(super) min_ready: i64,
    pub(super) strategy: Strategy,
    pub(super) deleting: bool,
}

impl Desired {
    /// What the spec of a set asks for.
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

    /// Whether a pod with this ordinal is one of the replicas.
    pub(super) fn contains(&self, ordinal: i64) -> bool {
        (self.start..self.start + self.replicas).contains(&ordinal)
    }
}

/// One pod of a set, as far as it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) ordinal: i64,
    /// The name of its revision.
    pub(super) revision: String,
    /// Whether it has ended for good.
    pub(super) ended: bool,
    pub(super) pending: bool,
    pub(super) deleting: bool,
    /// Running and ready.
    pub(super) ready: bool,
    /// Ready for long enough.
    pub(super) available: bool,
}

impl Replica {
    /// Reads a pod; nothing where its name has no ordinal.
    pub(super) fn of(pod: &Arc<Object>, min_ready: i64, now: Time) -> Option<Replica> {
        let ready = pod.str("/status/phase") == "Running" && pods::is_ready(pod);
        Some(Replica {
            name: pod.name().into(),
            ordinal: ordinal(pod)?,
            revision: pod.label(HASH_LABEL).unwrap_or("").into(),
            ended: pods::is_terminal(pod),
            pending: pod.str("/status/phase") == "Pending",
            deleting: pod.is_deleting(),
            ready,
            available: ready && pods::is_available(pod, min_ready, now),
        })
    }

    /// Whether it can not be counted on.
    pub(super) fn is_unavailable(&self) -> bool {
        !self.available || self.deleting
    }
}

/// The names of the two revisions that pods may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Revisions<'a> {
    /// The one that was last rolled out completely.
    pub(super) current: &'a str,
    /// The one of the present template.
    pub(super) update: &'a str,
}
