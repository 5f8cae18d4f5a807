//! Deployments and their ReplicaSets as plain values: what the decisions are made of.

use kctl_base::intstr::{self, Rounding};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The annotation with the number of replicas that the deployment asked for when it last sized the set.
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The annotation with that number and the surge.
pub(super) const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// The annotation with the number of a revision.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// How new pods take the place of old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// All old ones go before the first new one comes.
    Recreate,
    /// Bit by bit, within bounds.
    Rolling {
        /// So many pods more than desired.
        surge: i64,
        /// So many fewer available than desired.
        unavailable: i64,
    },
}

/// What a Deployment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Desired {
    pub(super) name: String,
    pub(super) replicas: i64,
    pub(super) strategy: Strategy,
    pub(super) paused: bool,
    pub(super) min_ready: i64,
    /// Seconds without progress after which a rollout counts as failed.
    pub(super) deadline: Option<i64>,
    /// How many old sets are kept.
    pub(super) history_limit: Option<i64>,
    pub(super) generation: i64,
}

impl Desired {
    pub(super) fn of(deployment: &Object) -> Desired {
        let replicas = deployment.int("/spec/replicas").unwrap_or(1);
        // The largest number stands for none at all.
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

    /// How many pods there may be at most.
    pub(super) fn max_total(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => self.replicas,
            Strategy::Rolling { surge, .. } => self.replicas + surge,
        }
    }

    /// How many pods must be available at least.
    pub(super) fn min_available(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => self.replicas,
            Strategy::Rolling { unavailable, .. } => self.replicas - unavailable.min(self.replicas),
        }
    }
}

impl Strategy {
    /// Shares are rounded up for the surge and down for what may be missing; both zero would never move, so that one may
    /// be missing then.
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

/// A ReplicaSet of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) created: Option<Time>,
    pub(super) revision: i64,
    /// The size it is asked to have.
    pub(super) replicas: i64,
    /// The pods it has.
    pub(super) existing: i64,
    pub(super) ready: i64,
    pub(super) available: i64,
    pub(super) terminating: Option<i64>,
    pub(super) desired_note: Option<i64>,
    pub(super) max_note: Option<i64>,
    pub(super) is_deleting: bool,
    /// Whether its controller has seen its present spec.
    pub(super) is_observed: bool,
}

impl Set {
    pub(super) fn of(set: &Object) -> Set {
        let number = |annotation: &str| set.annotation(annotation).and_then(|text| text.parse().ok());
        let status = |field: &str| set.int(&format!("/status/{field}"));
        Set {
            name: set.name().into(),
            created: set.creation_time(),
            revision: number(REVISION).unwrap_or(0),
            replicas: set.int("/spec/replicas").unwrap_or(1),
            existing: status("replicas").unwrap_or(0),
            ready: status("readyReplicas").unwrap_or(0),
            available: status("availableReplicas").unwrap_or(0),
            terminating: status("terminatingReplicas"),
            desired_note: number(DESIRED),
            max_note: number(MAX),
            is_deleting: set.is_deleting(),
            is_observed: set.generation() <= status("observedGeneration").unwrap_or(0),
        }
    }
}

/// The sum of one number over sets.
pub(super) fn total<'a>(sets: impl IntoIterator<Item = &'a Set>, number: fn(&Set) -> i64) -> i64 {
    sets.into_iter().map(number).sum()
}

/// A set gets another size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resize {
    pub(super) name: String,
    pub(super) to: i64,
}

impl Resize {
    pub(super) fn new(set: &Set, to: i64) -> Resize {
        Resize { name: set.name.clone(), to }
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;

    #[test]
    fn bounds_are_resolved() {
        // (replicas, maxSurge, maxUnavailable, at most, available at least)
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
