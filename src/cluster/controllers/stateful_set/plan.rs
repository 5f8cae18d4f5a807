//! Decides what happens to the pods of a StatefulSet (`updateStatefulSet` in
//! `pkg/controller/statefulset/stateful_set_control.go`).
//!
//! Unless the pod management policy is `Parallel`, pods wait for each other: nothing happens to a pod before all with lower
//! ordinals are available. Surplus pods are deleted only when all replicas are available, the highest ordinal first, and only
//! then are pods of an old revision replaced.

use std::collections::HashMap;

use super::view::{Desired, Replica, Revisions, Strategy};
use kctl_base::order::Order as _;

/// One step. Pods are named by their index among the given pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Create the pod with this ordinal, and its claims.
    Create { ordinal: i64, from: Version },
    /// Create the missing claims of a pending pod and correct the owners of its claims.
    Claims(usize),
    /// Correct the labels and volumes of a pod and the owners of its claims.
    Check(usize),
    /// Correct the owners of the claims of a surplus pod.
    Retain(usize),
    /// Delete the pod.
    Delete(usize),
}

/// The revision from which a pod is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The revision that was last rolled out completely.
    Current,
    /// The revision of the set's template.
    Update,
}

/// The next steps, in phases: a step that fails or is not possible ends its phase, and later phases wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The steps for the replicas.
    pub(super) replicas: Vec<Step>,
    /// The steps for surplus pods.
    pub(super) surplus: Vec<Step>,
    /// The pod of an old revision to delete, so that it is recreated.
    pub(super) update: Option<usize>,
}

/// Plans the next steps for the pods of a set. `current_replicas` is `status.currentReplicas`; at most `creatable` pods are
/// created, and steps that come after those wait.
pub(super) fn plan(
    desired: &Desired,
    revisions: Revisions<'_>,
    pods: &[Replica],
    current_replicas: i64,
    creatable: usize,
) -> Plan {
    let mut plan = Plan::default();
    if desired.deleting {
        return plan;
    }
    let by_ordinal: HashMap<i64, usize> = pods.iter().enumerate().rev().map(|(i, p)| (p.ordinal, i)).collect();
    let (mut replicas, mut created) = (Vec::new(), 0);
    for ordinal in desired.start..desired.start + desired.replicas {
        let found = by_ordinal.get(&ordinal).copied();
        created += usize::from(found.is_none());
        if created > creatable {
            return plan;
        }
        if !process_replica(desired, pods, ordinal, found, current_replicas, &mut plan.replicas) && !desired.parallel {
            return plan;
        }
        replicas.push(found);
    }
    let mut surplus: Vec<usize> = (0..pods.len()).filter(|i| !desired.contains(pods[*i].ordinal)).collect();
    surplus.order_by_key(|i| std::cmp::Reverse(pods[*i].ordinal));
    plan.surplus.extend(surplus.iter().map(|i| Step::Retain(*i)));
    if !process_condemned(desired, pods, &replicas, &surplus, &mut plan.surplus) {
        return plan;
    }
    plan.update = next_outdated(desired, revisions, pods, &replicas);
    plan
}

/// Plans the steps for one replica (`processReplica`); returns `false` when later replicas have to wait.
fn process_replica(
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
    if pod.is_terminal {
        // It is recreated when it is gone.
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

/// Returns the revision for a new pod (`newVersionedStatefulSetPod`). A pod below the partition gets the current one, and so
/// does a pod that a rolling update without partition has not reached yet.
fn version(desired: &Desired, ordinal: i64, current_replicas: i64) -> Version {
    let first_updated = match desired.strategy {
        Strategy::OnDelete => return Version::Update,
        Strategy::Rolling(None) => current_replicas,
        Strategy::Rolling(Some(partition)) => partition,
    };
    if ordinal < desired.start + first_updated { Version::Current } else { Version::Update }
}

/// Plans the deletion of surplus pods (`processCondemned`); returns `false` when the update has to wait.
fn process_condemned(
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

/// Returns the pod to replace next: that of the highest ordinal with another revision, unless a pod above it is not available.
fn next_outdated(
    desired: &Desired,
    revisions: Revisions<'_>,
    pods: &[Replica],
    replicas: &[Option<usize>],
) -> Option<usize> {
    let Strategy::Rolling(partition) = desired.strategy else { return None };
    let lowest = usize::try_from(partition.unwrap_or(0)).unwrap_or(0).min(replicas.len());
    for found in replicas[lowest..].iter().rev() {
        // A missing pod is about to be created and not available yet.
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

    /// Parses pods: `2o` is the available pod 2 of the old revision; `n` new revision, `p` pending, `d` being deleted, `f`
    /// failed, `u` not available.
    fn pods(text: &str) -> Vec<Replica> {
        let one = |word: &str| {
            let (number, flags) = word.split_at(word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len()));
            let has = |flag| flags.contains(flag);
            let available = !has('p') && !has('f') && !has('u');
            Replica {
                name: format!("web-{number}"),
                ordinal: number.parse().unwrap(),
                revision: if has('n') { "new" } else { "old" }.into(),
                is_terminal: has('f'),
                pending: has('p'),
                deleting: has('d'),
                ready: available,
                available,
            }
        };
        text.split_whitespace().map(one).collect()
    }

    /// Formats a plan: `+3n` creates pod 3 of the new revision, `-2` deletes, `~1` deletes for the update, `c0` creates claims.
    fn words(desired: &Desired, text: &str) -> String {
        let pods = pods(text);
        let current = i64::try_from(pods.iter().filter(|p| p.revision == "old").count()).unwrap();
        let plan = plan(desired, REVISIONS, &pods, current, 500);
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
            // Scaling up.
            (3, "", "+0n"),
            (3, "0pn", "c0"),
            (3, "0un", ""),
            (3, "0n", "+1n"),
            (3, "0n 1un 2n", ""),
            (3, "0n 2n", "+1n"),
            (3, "0n 1nd 2n", ""),
            (3, "0fn 1n 2n", "-0"),
            (3, "0fnd 1n 2n", ""),
            // Scaling down.
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
            // A pod that never becomes ready blocks its own update (a known issue upstream).
            (2, "0o 1uo", ""),
            (0, "", ""),
        ];
        for (replicas, given, want) in cases {
            assert_eq!(words(&desired(replicas, rolling), given), want, "{replicas} replicas, {given}");
        }
    }

    #[test]
    fn parallel_pods_do_not_wait() {
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
    fn the_strategy_decides_on_revision_and_pod() {
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
    fn ordinals_start_at_any_number_and_a_deleted_set_does_nothing() {
        let moved = Desired { start: 6, ..desired(2, Strategy::Rolling(Some(0))) };
        assert_eq!(words(&moved, "5n 6n"), "+7n");
        assert_eq!(words(&moved, "5n 6n 7n"), "-5");
        assert_eq!(words(&Desired { deleting: true, ..moved }, "6n"), "");
    }
}
