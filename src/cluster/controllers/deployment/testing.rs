//! Short ways to the values that the decisions are tested with.

use super::view::{Desired, Set, Strategy};

/// A deployment that asks for so many replicas.
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

/// A set of a size whose pods are all there and some of them available.
pub(super) fn set(name: &str, replicas: i64, available: i64) -> Set {
    Set {
        name: name.into(),
        replicas,
        existing: replicas,
        ready: available,
        available,
        terminating: Some(0),
        is_observed: true,
        ..Set::default()
    }
}
