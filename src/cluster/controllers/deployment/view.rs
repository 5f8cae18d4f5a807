//! Deployments and their ReplicaSets as the plain values that the decisions take.

use kctl_base::intstr::{self, Rounding};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The annotation of a set with `spec.replicas` of the Deployment when the set was last scaled.
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The annotation of a set with that number plus the surge.
pub(super) const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// The annotation with the number of a revision.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// The strategy of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// All old pods are deleted before new ones are created.
    Recreate,
    /// Old pods are replaced gradually.
    Rolling {
        /// Maximum number of pods above `spec.replicas`.
        surge: i64,
        /// Maximum number of unavailable pods.
        unavailable: i64,
    },
}

/// The relevant part of a Deployment's spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Desired {
    pub(super) name: String,
    pub(super) replicas: i64,
    pub(super) strategy: Strategy,
    pub(super) paused: bool,
    /// `spec.minReadySeconds`.
    pub(super) min_ready: i64,
    /// Seconds without progress after which a rollout has failed; `None` when unlimited.
    pub(super) deadline: Option<i64>,
    /// The number of old sets to keep; `None` when unlimited.
    pub(super) history_limit: Option<i64>,
    pub(super) generation: i64,
}

impl Desired {
    pub(super) fn of(deployment: &Object) -> Desired {
        let replicas = deployment.int("/spec/replicas").unwrap_or(1);
        // `i32::MAX` means unlimited.
        let limit = |pointer: &str| deployment.int(pointer).filter(|n| *n != i64::from(i32::MAX));
        Desired {
            name: deployment.name().into(),
            replicas,
            strategy: Strategy::of(deployment, replicas),
            paused: deployment.flag("/spec/paused"),
            min_ready: deployment.int("/spec/minReadySeconds").unwrap_or(0),
            deadline: limit("/spec/progressDeadlineSeconds"),
            history_limit: limit("/spec/revisionHistoryLimit"),
            generation: deployment.generation(),
        }
    }

    /// Returns the maximum number of pods during a rollout.
    pub(super) fn max_total(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => self.replicas,
            Strategy::Rolling { surge, .. } => self.replicas + surge,
        }
    }

    /// Returns the minimum number of available pods during a rollout (`MinAvailable`).
    pub(super) fn min_available(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => self.replicas,
            Strategy::Rolling { unavailable, .. } => self.replicas - unavailable.min(self.replicas),
        }
    }
}

impl Strategy {
    /// Resolves percentages, up for the surge and down for unavailable pods. Where both are zero, one pod may be unavailable, or
    /// the rollout could never begin (`ResolveFenceposts`).
    fn of(deployment: &Object, replicas: i64) -> Strategy {
        if deployment.str("/spec/strategy/type") == "Recreate" {
            return Strategy::Recreate;
        }
        let share = |field: &str, rounding| {
            let value = deployment.at(&format!("/spec/strategy/rollingUpdate/{field}"));
            value.and_then(|v| intstr::resolve(v, replicas, rounding).ok()).unwrap_or(0).max(0)
        };
        let surge = share("maxSurge", Rounding::Up);
        let unavailable = share("maxUnavailable", Rounding::Down);
        Strategy::Rolling { surge, unavailable: if surge == 0 && unavailable == 0 { 1 } else { unavailable } }
    }
}

/// The relevant part of a ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReplicaSet {
    pub(super) name: String,
    pub(super) created: Option<Time>,
    pub(super) revision: i64,
    /// `spec.replicas`.
    pub(super) replicas: i64,
    /// `status.replicas`.
    pub(super) existing: i64,
    pub(super) ready: i64,
    pub(super) available: i64,
    pub(super) terminating: Option<i64>,
    pub(super) desired_annotation: Option<i64>,
    pub(super) max_annotation: Option<i64>,
    pub(super) is_deleting: bool,
    /// Its controller has observed the current spec.
    pub(super) is_observed: bool,
}

impl ReplicaSet {
    pub(super) fn of(set: &Object) -> ReplicaSet {
        let number = |annotation: &str| set.annotation(annotation).and_then(|text| text.parse().ok());
        let status = |field: &str| set.int(&format!("/status/{field}"));
        ReplicaSet {
            name: set.name().into(),
            created: set.creation_time(),
            revision: number(REVISION).unwrap_or(0),
            replicas: set.int("/spec/replicas").unwrap_or(1),
            existing: status("replicas").unwrap_or(0),
            ready: status("readyReplicas").unwrap_or(0),
            available: status("availableReplicas").unwrap_or(0),
            terminating: status("terminatingReplicas"),
            desired_annotation: number(DESIRED),
            max_annotation: number(MAX),
            is_deleting: set.is_deleting(),
            is_observed: set.generation() <= status("observedGeneration").unwrap_or(0),
        }
    }
}

/// Returns the sum of a number over sets.
pub(super) fn total<'a>(sets: impl IntoIterator<Item = &'a ReplicaSet>, number: fn(&ReplicaSet) -> i64) -> i64 {
    sets.into_iter().map(number).sum()
}

/// A new size for a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resize {
    pub(super) name: String,
    pub(super) to: i64,
}

impl Resize {
    pub(super) fn new(set: &ReplicaSet, to: i64) -> Resize {
        Resize { name: set.name.clone(), to }
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;

    #[test]
    fn surge_and_unavailable_pods_are_resolved() {
        // (replicas, maxSurge, maxUnavailable, maximum in total, minimum available)
        let cases: [(i64, Value, Value, i64, i64); 7] = [
            (3, json!(1), json!(0), 4, 3),
            (2, json!("25%"), json!("25%"), 3, 2),
            (10, json!("25%"), json!("25%"), 13, 8),
            (4, json!("30%"), json!("50%"), 6, 2),
            (3, json!("0%"), json!("10%"), 3, 2),
            (3, json!(0), json!(9), 3, 0),
            (0, json!(1), json!(1), 1, 0),
        ];
        for (replicas, surge, unavailable, most, least) in cases {
            let deployment = json!({"spec": {"replicas": replicas, "strategy": {
                "type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}});
            let desired = Desired::of(&deployment);
            assert_eq!((desired.max_total(), desired.min_available()), (most, least), "{deployment}");
        }
        let recreate = Desired::of(&json!({"spec": {"replicas": 3, "strategy": {"type": "Recreate"}}}));
        assert_eq!((recreate.max_total(), recreate.min_available()), (3, 3));
    }
}
