//! Decides which pods of an old template an update replaces (`rollingUpdate` in `pkg/controller/daemon/update.go`).

use super::plan::Plan;
use super::view::{Daemon, Desired, Place};

/// Decides the next step of an update. Nodes with missing or surplus pods are left to [`plan`](super::plan).
pub(super) fn step(desired: &Desired, places: &[Place]) -> Plan {
    if desired.surge_max > 0 { surge(desired, places) } else { replace(desired, places) }
}

/// The pods of a node that have the current and another template.
struct Pair<'a> {
    new: Option<&'a Daemon>,
    old: Option<&'a Daemon>,
}

/// Returns the pods of a node that are not being deleted; `None` when there are several of one template
/// (`findUpdatedPodsOnNode`).
fn pair(place: &Place) -> Option<Pair<'_>> {
    let mut pair = Pair { new: None, old: None };
    for pod in place.pods.iter().filter(|p| !p.deleting) {
        let side = if pod.updated { &mut pair.new } else { &mut pair.old };
        if side.replace(pod).is_some() {
            return None;
        }
    }
    Some(pair)
}

fn occupied(places: &[Place]) -> impl Iterator<Item = &Place> {
    places.iter().filter(|p| !p.pods.is_empty())
}

/// Deletes old pods that are not available, and others as long as no more than `maxUnavailable` nodes are without an available
/// pod, those of the former included.
fn replace(desired: &Desired, places: &[Place]) -> Plan {
    let (mut unavailable, mut broken, mut candidates) = (0, Vec::new(), Vec::new());
    for place in occupied(places) {
        match pair(place) {
            Some(Pair { new: Some(new), old: None }) => unavailable += i64::from(!new.available),
            Some(Pair { new: None, old: Some(old) }) if old.available => candidates.push(old.name.clone()),
            Some(Pair { new: None, old: Some(old) }) => {
                broken.push(old.name.clone());
                unavailable += 1;
            }
            _ => unavailable += 1,
        }
    }
    let room = usize::try_from(desired.unavailable_max - unavailable).unwrap_or(0);
    candidates.truncate(room);
    broken.append(&mut candidates);
    Plan { delete: broken, ..Plan::default() }
}

/// Creates a second pod beside old ones that are not available, and beside others as long as no more than `maxSurge` nodes
/// have two. Deletes an old pod when the new one is available. Pods on nodes that no longer fit the set go as soon as more
/// nodes have an available pod than should have one.
fn surge(desired: &Desired, places: &[Place]) -> Plan {
    let (mut surging, mut broken, mut candidates, mut delete) = (0, Vec::new(), Vec::new(), Vec::new());
    let (mut available, mut misplaced) = (0, Vec::new());
    for place in occupied(places) {
        let pair = pair(place);
        let counted = pair.as_ref().and_then(|pair| pair.old.or(pair.new));
        available += usize::from(counted.is_some_and(|pod| pod.available));
        match pair {
            None => surging += 1,
            Some(Pair { old: None, .. }) => {}
            Some(Pair { new: None, old: Some(old) }) if !place.decision.should_run => {
                let list = if old.available { &mut misplaced } else { &mut delete };
                list.push(old.name.clone());
            }
            Some(Pair { new: None, old: Some(old) }) if old.available => candidates.push(place.node.clone()),
            Some(Pair { new: None, old: Some(_) }) => broken.push(place.node.clone()),
            Some(Pair { new: Some(new), old: Some(old) }) if !old.available || new.available => {
                delete.push(old.name.clone());
            }
            Some(Pair { .. }) => surging += 1,
        }
    }
    let wanted = places.iter().filter(|place| place.decision.should_run).count();
    delete.extend(misplaced.into_iter().take(available.saturating_sub(wanted)));
    let room = usize::try_from(desired.surge_max - surging).unwrap_or(0);
    candidates.truncate(room);
    broken.append(&mut candidates);
    Plan { create: broken, delete, ..Plan::default() }
}

#[cfg(test)]
mod tests {
    use super::super::plan::testing::{desired, places, words};
    use super::*;

    #[test]
    fn without_surge_one_pod_after_the_other_is_deleted() {
        let cases = [
            ("a old,b old", "-a-old"),
            ("a old-,b old", ""),
            ("a new!,b old", ""),
            ("a new,b old", "-b-old"),
            ("a new,b new", ""),
            ("a,b old", "-b-old"),
            // Unavailable old pods are deleted in any case, and count against the limit.
            ("a old!,b old", "-a-old!"),
            ("a old!,b old!,c old", "-a-old! -b-old!"),
            ("a old new,b old", ""),
        ];
        for (given, want) in cases {
            assert_eq!(words(&step(&desired(0), &places(given))), want, "{given}");
        }
        let wide = Desired { unavailable_max: 2, ..desired(0) };
        assert_eq!(words(&step(&wide, &places("a old,b old,c old"))), "-a-old -b-old");
        assert_eq!(words(&step(&wide, &places("a old!,b old,c old"))), "-a-old! -b-old");
    }

    #[test]
    fn with_surge_a_second_pod_is_created_first() {
        let cases = [
            ("a old,b old", "+a"),
            ("a old new!,b old", ""),
            ("a old new,b old", "+b -a-old"),
            ("a old! new!,b old", "+b -a-old!"),
            ("a old!,b old", "+a +b"),
            ("a~ old!,b old", "+b -a-old!"),
            ("a~ old,b new!", ""),
            ("a~ old,b old", "+b -a-old"),
            ("a new,b new", ""),
        ];
        for (given, want) in cases {
            assert_eq!(words(&step(&desired(1), &places(given))), want, "{given}");
        }
    }
}
