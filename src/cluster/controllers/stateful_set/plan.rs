//! What happens to the pods of a StatefulSet, out of plain values.
//!
//! In order, pods wait for each other: the first that is not as it should be is the last that is looked at. Surplus pods go
//! only when all replicas are available, the highest ordinal first, and only then are pods of an old revision replaced.

use super::view::{Desired, Replica, Revisions, Strategy};

/// One thing to do. Pods are meant by their index among the pods that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Make the pod with this ordinal and its claims.
    Create { ordinal: i64, from: Version },
    /// Make the claims that a pending pod misses, and compare their owners with what they should be.
    Claims(usize),
    /// Compare identity, volumes and owners of claims with what they should be.
    Check(usize),
    /// Compare the owners of the claims of a pod that is going to go.
    Retain(usize),
    /// Delete the pod.
    Delete(usize),
}

/// Out of which template a pod is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The one that was last rolled out completely.
    Current,
    /// The present one.
    Update,
}

/// Everything to do now, in phases: a failure or an obstacle in one lets the later ones wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) replicas: Vec<Step>,
    pub(super) surplus: Vec<Step>,
    /// The pod that makes way for its successor.
    pub(super) update: Option<usize>,
}

/// What is to be done about these pods of a set. `current_replicas` is the number in its status.
pub(super) fn plan(desired: &Desired, revisions: Revisions<'_>, pods: &[Replica], current_replicas: i64) -> Plan {
    let mut plan = Plan::default();
    if desired.deleting {
        return plan;
    }
    let replicas: Vec<Option<usize>> = (desired.start..desired.start + desired.replicas)
        .map(|ordinal| pods.iter().position(|p| p.ordinal == ordinal))
        .collect();
    let mut surplus: Vec<usize> = (0..pods.len()).filter(|i| !desired.contains(pods[*i].ordinal)).collect();
    surplus.sort_by_key(|i| std::cmp::Reverse(pods[*i].ordinal));
    for (offset, found) in (0..).zip(&replicas) {
        let ordinal = desired.start + offset;
        if !look_at(desired, pods, ordinal, *found, current_replicas, &mut plan.replicas) && !desired.parallel {
            return plan;
        }
    }
    plan.surplus.extend(surplus.iter().map(|i| Step::Retain(*i)));
    if !shrink(desired, pods, &replicas, &surplus, &mut plan.surplus) {
        return plan;
    }
    plan.update = outdated(desired, revisions, pods, &replicas);
    plan
}

/// What one replica needs; answers whether the next ones may be looked at.
fn look_at(
    desired: &Desired,
    pods: &[Replica],
    ordinal: i64,
    found: Option<usize>,
    current_replicas: i64,
    steps: &mut Vec<Step>,
) -> bool {
    let Some(index) = found else {
        steps.push(Step::Create { ordinal, from: version(desired, ordinal, current_replicas) });
        return false;
    };
    let pod = &pods[index];
    if pod.ended {
        // It is made again when it is gone.
        if !pod.deleting {
            steps.push(Step::Delete(index));
        }
        return false;
    }
    if pod.pending {
        steps.push(Step::Claims(index));
    }
    if !desired.parallel && pod.is_unavailable() {
        return false;
    }
    steps.push(Step::Check(index));
    true
}

/// A pod below the partition comes back as it was; so does one of a rolling update without partition that has not been
/// reached yet.
fn version(desired: &Desired, ordinal: i64, current_replicas: i64) -> Version {
    let first_updated = match desired.strategy {
        Strategy::OnDelete => return Version::Update,
        Strategy::Rolling(None) => current_replicas,
        Strategy::Rolling(Some(partition)) => partition,
    };
    if ordinal < desired.start + first_updated { Version::Current } else { Version::Update }
}

/// Deletes surplus pods; answers whether the update may go on.
fn shrink(
    desired: &Desired,
    pods: &[Replica],
    replicas: &[Option<usize>],
    surplus: &[usize],
    steps: &mut Vec<Step>,
) -> bool {
    if desired.parallel {
        steps.extend(surplus.iter().filter(|i| !pods[**i].deleting).map(|i| Step::Delete(*i)));
        return true;
    }
    let Some(first) = surplus.first() else { return true };
    let first_unavailable =
        replicas.iter().flatten().chain(surplus.iter().rev()).find(|index| pods[**index].is_unavailable());
    let pod = &pods[*first];
    if !pod.deleting && (pod.available || first_unavailable == Some(first)) {
        steps.push(Step::Delete(*first));
    }
    false
}

/// The pod that is replaced next: the one of the highest ordinal that has another revision, unless one above it is still on
/// its way.
fn outdated(
    desired: &Desired,
    revisions: Revisions<'_>,
    pods: &[Replica],
    replicas: &[Option<usize>],
) -> Option<usize> {
    let Strategy::Rolling(partition) = desired.strategy else { return None };
    let lowest = usize::try_from(partition.unwrap_or(0)).unwrap_or(0).min(replicas.len());
    for found in replicas[lowest..].iter().rev() {
        // A pod that is only just being made is new and not available.
        let index = (*found)?;
        let pod = &pods[index];
        if pod.revision != revisions.update && !pod.deleting {
            return Some(index);
        }
        if pod.is_unavailable() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISIONS: Revisions<'static> = Revisions { current: "old", update: "new" };

    fn desired(replicas: i64, strategy: Strategy) -> Desired {
        Desired { replicas, start: 0, parallel: false, min_ready: 0, strategy, deleting: false }
    }

    /// `2o` is the available pod 2 of the old revision; `n` new, `p` pending, `d` deleting, `f` failed, `u` not available.
    fn pods(text: &str) -> Vec<Replica> {
        let one = |word: &str| {
            let (number, flags) = word.split_at(word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len()));
            let has = |flag| flags.contains(flag);
            let available = !has('p') && !has('f') && !has('u');
            Replica {
                name: format!("web-{number}"),
                ordinal: number.parse().unwrap(),
                revision: if has('n') { "new" } else { "old" }.into(),
                ended: has('f'),
                pending: has('p'),
                deleting: has('d'),
                ready: available,
                available,
            }
        };
        text.split_whitespace().map(one).collect()
    }

    /// The plan in words: `+3n` makes pod 3 out of the new template, `-2` deletes, `~1` makes way, `c0` makes claims.
    fn words(desired: &Desired, text: &str) -> String {
        let pods = pods(text);
        let current = i64::try_from(pods.iter().filter(|p| p.revision == "old").count()).unwrap();
        let plan = plan(desired, REVISIONS, &pods, current);
        let word = |step: &Step| match step {
            Step::Create { ordinal, from } => {
                Some(format!("+{ordinal}{}", if *from == Version::Update { "n" } else { "o" }))
            }
            Step::Claims(index) => Some(format!("c{}", pods[*index].ordinal)),
            Step::Delete(index) => Some(format!("-{}", pods[*index].ordinal)),
            Step::Check(_) | Step::Retain(_) => None,
        };
        let update = plan.update.map(|index| format!("~{}", pods[index].ordinal));
        let words: Vec<String> = plan.replicas.iter().chain(&plan.surplus).filter_map(word).chain(update).collect();
        words.join(" ")
    }

    #[test]
    fn pods_wait_for_each_other() {
        let rolling = Strategy::Rolling(Some(0));
        let cases = [
            // Growing.
            (3, "", "+0n"),
            (3, "0pn", "c0"),
            (3, "0un", ""),
            (3, "0n", "+1n"),
            (3, "0n 1un 2n", ""),
            (3, "0n 2n", "+1n"),
            (3, "0n 1nd 2n", ""),
            (3, "0fn 1n 2n", "-0"),
            (3, "0fnd 1n 2n", ""),
            // Shrinking.
            (1, "0n 1n 2n", "-2"),
            (1, "0n 1n 2nd", ""),
            (1, "0un 1n 2n", ""),
            (1, "0n 1n 2un", "-2"),
            (1, "0n 1un 2n", "-2"),
            (1, "0n 1un 2un", ""),
            // Updating.
            (3, "0o 1o 2o", "~2"),
            (3, "0o 1o 2od", ""),
            (3, "0o 1o", "+2n"),
            (3, "0o 1o 2n", "~1"),
            (3, "0o 1o 2un", ""),
            // A pod that never gets ready is in the way of its own repair.
            (2, "0o 1uo", ""),
            (0, "", ""),
        ];
        for (replicas, given, want) in cases {
            assert_eq!(words(&desired(replicas, rolling), given), want, "{replicas} replicas, {given}");
        }
    }

    #[test]
    fn in_parallel_nobody_waits() {
        let cases = [
            (3, "", "+0n +1n +2n"),
            (3, "0pn 1un", "c0 +2n"),
            (1, "0un 1n 2n", "-2 -1"),
            (3, "0o 1o 2uo", "~2"),
            (3, "0o 1o 2un", ""),
        ];
        for (replicas, given, want) in cases {
            let desired = Desired { parallel: true, ..desired(replicas, Strategy::Rolling(Some(0))) };
            assert_eq!(words(&desired, given), want, "{replicas} replicas, {given}");
        }
    }

    #[test]
    fn strategies_say_which_template_and_which_pod() {
        let cases = [
            (Strategy::Rolling(Some(2)), "0o 1o 2o", "~2"),
            (Strategy::Rolling(Some(2)), "0o 1o 2n", ""),
            (Strategy::Rolling(Some(2)), "0o 2n", "+1o"),
            (Strategy::Rolling(Some(5)), "0o 1o 2o", ""),
            (Strategy::Rolling(None), "0o 1o 2o", "~2"),
            (Strategy::Rolling(None), "0o 1o", "+2n"),
            (Strategy::OnDelete, "0o 1o 2o", ""),
            (Strategy::OnDelete, "0o 1o", "+2n"),
        ];
        for (strategy, given, want) in cases {
            assert_eq!(words(&desired(3, strategy), given), want, "{strategy:?}, {given}");
        }
    }

    #[test]
    fn ordinals_may_start_anywhere_and_a_deleted_set_does_nothing() {
        let moved = Desired { start: 6, ..desired(2, Strategy::Rolling(Some(0))) };
        assert_eq!(words(&moved, "5n 6n"), "+7n");
        assert_eq!(words(&moved, "5n 6n 7n"), "-5");
        assert_eq!(words(&Desired { deleting: true, ..moved }, "6n"), "");
    }
}
