//! Values for the tests of the decisions.

use super::view::{Desired, ReplicaSet, Strategy};

/// Returns a Deployment with this number of replicas.
pub(super) fn desired(replicas: i64, strategy: Strategy) -> Desired {
    Desired {
        name: "web".into(),
        replicas,
        strategy,
        paused: false,
        min_ready: 0,
        deadline: Some(600),
        history_limit: Some(10),
        generation: 1,
    }
}

/// Returns a set whose pods all exist, and of which some are available.
pub(super) fn set(name: &str, replicas: i64, available: i64) -> ReplicaSet {
    ReplicaSet {
        name: name.into(),
        replicas,
        existing: replicas,
        ready: available,
        available,
        terminating: Some(0),
        is_observed: true,
        ..ReplicaSet::default()
    }
}
