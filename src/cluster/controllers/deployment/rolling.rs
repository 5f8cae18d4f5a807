//! The sizes of the sets during a rolling update (`pkg/controller/deployment/rolling.go`).

use super::view::{Desired, ReplicaSet, Resize, Strategy, total};

/// Returns the size of the new set (`NewRSNewReplicas`), which has `current` of the `existing` replicas of all sets: it grows as
/// far as the surge allows, and shrinks to the desired size.
pub(super) fn new_replica_set_size(desired: &Desired, existing: i64, current: i64) -> i64 {
    if current >= desired.replicas || desired.strategy == Strategy::Recreate {
        return desired.replicas;
    }
    let free = (desired.max_total() - existing).max(0);
    current + free.min(desired.replicas - current)
}

/// Scales the old sets down, the oldest first (`reconcileOldReplicaSets`): first by pods that are not available, then by as many
/// as there are available pods above the minimum. `old` is in the order of creation.
pub(super) fn reconcile_old_replica_sets(desired: &Desired, new: &ReplicaSet, old: &[ReplicaSet]) -> Vec<Resize> {
    let mut old: Vec<ReplicaSet> = old.iter().filter(|s| s.replicas > 0).cloned().collect();
    if old.is_empty() {
        return Vec::new();
    }
    let all = total(&old, |s| s.replicas) + new.replicas;
    let most = all - desired.min_available() - (new.replicas - new.available);
    if most <= 0 {
        return Vec::new();
    }
    let mut resizes = cleanup_unhealthy_replicas(&mut old, most);
    resizes.extend(scale_down_available(desired, new, &mut old));
    resizes
}

/// Scales sets down by pods that are not available, at most `most` (`cleanupUnhealthyReplicas`).
fn cleanup_unhealthy_replicas(old: &mut [ReplicaSet], most: i64) -> Vec<Resize> {
    let mut left = most;
    let mut resizes = Vec::new();
    for set in old {
        let unhealthy = (set.replicas - set.available).min(left);
        if unhealthy > 0 {
            left -= unhealthy;
            set.replicas -= unhealthy;
            resizes.push(Resize::new(set, set.replicas));
        }
    }
    resizes
}

/// Scales sets down by available pods above the minimum (`scaleDownOldReplicaSetsForRollingUpdate`).
fn scale_down_available(desired: &Desired, new: &ReplicaSet, old: &mut [ReplicaSet]) -> Vec<Resize> {
    let available = total(&*old, |s| s.available) + new.available;
    let mut left = available - desired.min_available();
    let mut resizes = Vec::new();
    for set in old {
        let given = set.replicas.min(left);
        if given > 0 {
            left -= given;
            set.replicas -= given;
            resizes.push(Resize::new(set, set.replicas));
        }
    }
    resizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::deployment::testing::{desired, set};

    #[test]
    fn the_new_set_grows_as_far_as_the_surge_allows() {
        // (replicas, surge, existing, current, want)
        let cases =
            [(5, 1, 5, 0, 1), (5, 1, 6, 1, 1), (5, 2, 5, 0, 2), (5, 9, 5, 0, 5), (5, 1, 0, 0, 5), (3, 0, 5, 5, 3)];
        for (replicas, surge, existing, current, want) in cases {
            let desired = desired(replicas, Strategy::Rolling { surge, unavailable: 0 });
            assert_eq!(
                new_replica_set_size(&desired, existing, current),
                want,
                "{replicas} {surge} {existing} {current}"
            );
        }
        assert_eq!(new_replica_set_size(&desired(4, Strategy::Recreate), 9, 0), 4);
    }

    #[test]
    fn old_sets_shrink_within_bounds() {
        // (surge, unavailable, new (size, available), old (size, available), want)
        type Sizes = (i64, i64);
        type Case = (i64, i64, Sizes, &'static [Sizes], &'static [(usize, i64)]);
        let cases: &[Case] = &[
            (1, 0, (1, 0), &[(5, 5)], &[]),
            (1, 0, (1, 1), &[(5, 5)], &[(0, 4)]),
            (0, 2, (0, 0), &[(5, 5)], &[(0, 3)]),
            // A rollover: the unhealthy pods of the second go before healthy ones of the first.
            (1, 1, (0, 0), &[(4, 4), (2, 0)], &[(1, 0)]),
            (1, 1, (1, 1), &[(4, 4), (1, 0)], &[(1, 0), (0, 3)]),
            // The oldest set first.
            (0, 3, (0, 0), &[(2, 2), (3, 3)], &[(0, 0), (1, 2)]),
            (0, 1, (5, 4), &[(0, 0)], &[]),
        ];
        for (surge, unavailable, new, old, want) in cases {
            let desired = desired(5, Strategy::Rolling { surge: *surge, unavailable: *unavailable });
            let old: Vec<ReplicaSet> = old.iter().enumerate().map(|(i, s)| set(&i.to_string(), s.0, s.1)).collect();
            let found = reconcile_old_replica_sets(&desired, &set("new", new.0, new.1), &old);
            let want: Vec<Resize> = want.iter().map(|(i, to)| Resize { name: i.to_string(), to: *to }).collect();
            assert_eq!(found, want, "{old:?}");
        }
    }
}
