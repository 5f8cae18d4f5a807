//! The sizes of a rolling update: how far the new set may grow and the old ones must or may shrink.

use super::view::{Desired, Resize, Set, Strategy, total};

/// The size of the new set, which has `current` of all the sets' `existing` replicas: it grows into what the bounds leave
/// free and shrinks to what is desired.
pub(super) fn new_size(desired: &Desired, existing: i64, current: i64) -> i64 {
    if current >= desired.replicas || desired.strategy == Strategy::Recreate {
        return desired.replicas;
    }
    let free = (desired.max_total() - existing).max(0);
    current + free.min(desired.replicas - current)
}

/// What the old sets give up: first the pods that are not available anyway, then so many as there are available ones
/// beyond the minimum; the oldest set first. `old` stands in the order of creation.
pub(super) fn shrink_old(desired: &Desired, new: &Set, old: &[Set]) -> Vec<Resize> {
    let mut old: Vec<Set> = old.iter().filter(|s| s.replicas > 0).cloned().collect();
    if old.is_empty() {
        return Vec::new();
    }
    let all = total(&old, |s| s.replicas) + new.replicas;
    let most = all - desired.min_available() - (new.replicas - new.available);
    if most <= 0 {
        return Vec::new();
    }
    let mut resizes = drop_unhealthy(&mut old, most);
    resizes.extend(drop_surplus(desired, new, &mut old));
    resizes
}

/// Gives up pods that are not available, `most` at most.
fn drop_unhealthy(old: &mut [Set], most: i64) -> Vec<Resize> {
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

/// Gives up available pods beyond the minimum.
fn drop_surplus(desired: &Desired, new: &Set, old: &mut [Set]) -> Vec<Resize> {
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
    fn the_new_set_grows_into_what_is_free() {
        // (replicas, surge, existing, current, want)
        let cases =
            [(5, 1, 5, 0, 1), (5, 1, 6, 1, 1), (5, 2, 5, 0, 2), (5, 9, 5, 0, 5), (5, 1, 0, 0, 5), (3, 0, 5, 5, 3)];
        for (replicas, surge, existing, current, want) in cases {
            let desired = desired(replicas, Strategy::Rolling { surge, unavailable: 0 });
            assert_eq!(new_size(&desired, existing, current), want, "{replicas} {surge} {existing} {current}");
        }
        assert_eq!(new_size(&desired(4, Strategy::Recreate), 9, 0), 4);
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
            // The oldest first.
            (0, 3, (0, 0), &[(2, 2), (3, 3)], &[(0, 0), (1, 2)]),
            (0, 1, (5, 4), &[(0, 0)], &[]),
        ];
        for (surge, unavailable, new, old, want) in cases {
            let desired = desired(5, Strategy::Rolling { surge: *surge, unavailable: *unavailable });
            let old: Vec<Set> = old.iter().enumerate().map(|(i, s)| set(&i.to_string(), s.0, s.1)).collect();
            let found = shrink_old(&desired, &set("new", new.0, new.1), &old);
            let want: Vec<Resize> = want.iter().map(|(i, to)| Resize { name: i.to_string(), to: *to }).collect();
            assert_eq!(found, want, "{old:?}");
        }
    }
}
