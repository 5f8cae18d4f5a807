//! Scaling: a change of `spec.replicas` goes to the only active set, or is shared by several in proportion to their sizes
//! (`scale` in `pkg/controller/deployment/sync.go`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::view::{Desired, ReplicaSet, Resize, Strategy, total};
use kctl_base::order::Order as _;

/// Returns `true` when `spec.replicas` has changed since the sets were last scaled (`isScalingEvent`).
pub(super) fn is_scaling_event<'a>(desired: &Desired, sets: impl IntoIterator<Item = &'a ReplicaSet>) -> bool {
    sets.into_iter().any(|s| s.replicas > 0 && s.desired_annotation.is_some_and(|note| note != desired.replicas))
}

/// Returns the sizes after a change of `spec.replicas`. A set may keep its size; then only its annotations are renewed. `old` is
/// in the order of creation, `reported` is `status.replicas`.
pub(super) fn plan(desired: &Desired, reported: i64, new: Option<&ReplicaSet>, old: &[ReplicaSet]) -> Vec<Resize> {
    if let Some(set) = only_active(new, old) {
        let is_annotated =
            set.desired_annotation == Some(desired.replicas) && set.max_annotation == Some(desired.max_total());
        let is_scaled = set.replicas == desired.replicas && is_annotated;
        return if is_scaled { Vec::new() } else { vec![Resize::new(set, desired.replicas)] };
    }
    if new.is_some_and(|new| is_saturated(desired, new)) {
        return old.iter().filter(|s| s.replicas > 0).map(|s| Resize::new(s, 0)).collect();
    }
    match desired.strategy {
        Strategy::Rolling { .. } => {
            scale_proportionally(desired, reported, old.iter().chain(new).filter(|s| s.replicas > 0).collect())
        }
        Strategy::Recreate => Vec::new(),
    }
}

/// Returns the only set with replicas, or the newest one where none has any (`FindActiveOrLatest`); `None` when several have
/// replicas.
fn only_active<'a>(new: Option<&'a ReplicaSet>, old: &'a [ReplicaSet]) -> Option<&'a ReplicaSet> {
    let mut active = old.iter().chain(new).filter(|s| s.replicas > 0);
    match (active.next(), active.next()) {
        (None, _) => new.or(old.last()),
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Returns `true` when the new set has all desired replicas available, so that the old ones are not needed (`IsSaturated`).
fn is_saturated(desired: &Desired, new: &ReplicaSet) -> bool {
    [new.replicas, new.desired_annotation.unwrap_or(-1), new.available].iter().all(|n| *n == desired.replicas)
}

/// Distributes the replicas to add or remove among the active sets in proportion to their sizes; the remainder goes to the
/// largest set.
fn scale_proportionally(desired: &Desired, reported: i64, mut active: Vec<&ReplicaSet>) -> Vec<Resize> {
    let allowed = if desired.replicas > 0 { desired.max_total() } else { 0 };
    let to_add = allowed - total(active.iter().copied(), |s| s.replicas);
    let age = |set: &ReplicaSet| (set.created, set.name.clone());
    if to_add > 0 {
        active.order_by_key(|s| (Reverse(s.replicas), Reverse(age(s))));
    } else if to_add < 0 {
        active.order_by_key(|s| (Reverse(s.replicas), age(s)));
    }
    let mut sizes: BTreeMap<&str, i64> = BTreeMap::new();
    let mut added = 0;
    for set in &active {
        let part = if to_add == 0 { 0 } else { proportion(desired, reported, set, to_add, added) };
        sizes.insert(&set.name, set.replicas + part);
        added += part;
    }
    if let Some(size) = active.first().and_then(|s| sizes.get_mut(&*s.name)) {
        *size = (*size + to_add - added).max(0);
    }
    active.iter().map(|s| Resize::new(s, sizes[&*s.name])).collect()
}

/// Returns the part of one set, at most what is left (`GetReplicaSetProportion`).
fn proportion(desired: &Desired, reported: i64, set: &ReplicaSet, to_add: i64, added: i64) -> i64 {
    if to_add == added {
        return 0;
    }
    let (part, left) = (fraction(desired, reported, set), to_add - added);
    if to_add > 0 { part.min(left) } else { part.max(left) }
}

/// Returns the change of a set that keeps its share of all replicas (`getReplicaSetFraction`).
fn fraction(desired: &Desired, reported: i64, set: &ReplicaSet) -> i64 {
    if desired.replicas == 0 {
        return -set.replicas;
    }
    let before = set.max_annotation.filter(|n| *n != 0).unwrap_or(reported);
    if before == 0 {
        return 0;
    }
    let size = (set.replicas * desired.max_total()) as f64 / before as f64;
    size.round() as i64 - set.replicas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::deployment::testing::{desired, set};

    fn sized(name: &str, replicas: i64, available: i64, annotated: (i64, i64)) -> ReplicaSet {
        ReplicaSet {
            desired_annotation: Some(annotated.0),
            max_annotation: Some(annotated.1),
            ..set(name, replicas, available)
        }
    }

    fn sizes(resizes: &[Resize]) -> Vec<(&str, i64)> {
        resizes.iter().map(|r| (r.name.as_str(), r.to)).collect()
    }

    #[test]
    fn the_only_active_set_is_scaled() {
        let desired = desired(5, Strategy::Rolling { surge: 1, unavailable: 0 });
        let old = [sized("old", 0, 0, (3, 4))];
        let new = sized("new", 3, 3, (3, 4));
        assert!(is_scaling_event(&desired, old.iter().chain([&new])));
        assert_eq!(sizes(&plan(&desired, 3, Some(&new), &old)), [("new", 5)]);
        let scaled = sized("new", 5, 5, (5, 6));
        assert!(!is_scaling_event(&desired, [&scaled]));
        assert_eq!(sizes(&plan(&desired, 5, Some(&scaled), &old)), []);
        assert_eq!(sizes(&plan(&desired, 5, None, &old)), [("old", 5)], "the newest where none is active");
    }

    #[test]
    fn a_rollout_in_progress_is_scaled_in_proportion() {
        // 5 replicas with surge 2 and one unavailable pod: 4 old and 3 new; 10 replicas with surge 3: 13 in total.
        let ten = desired(10, Strategy::Rolling { surge: 3, unavailable: 2 });
        let old = [sized("old", 4, 4, (5, 7))];
        let new = sized("new", 3, 0, (5, 7));
        assert_eq!(sizes(&plan(&ten, 7, Some(&new), &old)), [("old", 7), ("new", 6)]);
        let none = desired(0, Strategy::Rolling { surge: 3, unavailable: 0 });
        assert_eq!(sizes(&plan(&none, 7, Some(&new), &old)), [("old", 0), ("new", 0)]);
        let three = desired(3, Strategy::Rolling { surge: 1, unavailable: 0 });
        assert_eq!(sizes(&plan(&three, 7, Some(&new), &old)), [("old", 2), ("new", 2)]);
        assert_eq!(sizes(&plan(&desired(10, Strategy::Recreate), 7, Some(&new), &old)), []);
    }

    #[test]
    fn a_saturated_new_set_needs_no_old_ones() {
        let desired = desired(3, Strategy::Rolling { surge: 1, unavailable: 0 });
        let old = [sized("old", 2, 2, (3, 4))];
        let new = sized("new", 3, 3, (3, 4));
        assert_eq!(sizes(&plan(&desired, 5, Some(&new), &old)), [("old", 0)]);
    }
}
