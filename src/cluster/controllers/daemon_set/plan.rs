//! Decides which pods of a DaemonSet to create and delete (`podsShouldBeOnNode`). Updates are decided by
//! [`rolling`](super::rolling).

use super::view::{Daemon, Desired, Place};

/// The next step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The nodes on which to create a pod.
    pub(super) create: Vec<String>,
    /// The names of the pods to delete.
    pub(super) delete: Vec<String>,
    /// Those of the pods to delete that are terminal, for their events.
    pub(super) ended: Vec<Ended>,
    /// The nodes whose failed pod is replaced after its backoff.
    pub(super) waiting: Vec<String>,
}

impl Plan {
    /// Returns `true` when no pod is created or deleted.
    pub(super) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty()
    }
}

/// A terminal pod on a node where one should run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) pod: String,
    pub(super) node: String,
    pub(super) failed: bool,
}

/// Decides which pods to create and delete. `is_backing_off` returns `true` for a node whose failed pod must not be replaced
/// yet.
pub(super) fn plan(desired: &Desired, places: &[Place], is_backing_off: impl Fn(&str) -> bool) -> Plan {
    let mut plan = Plan::default();
    for place in places {
        if place.decision.should_run && place.pods.is_empty() {
            plan.create.push(place.node.clone());
        } else if place.decision.should_continue_running {
            keep(desired, place, &is_backing_off, &mut plan);
        } else {
            let staying = place.pods.iter().filter(|p| !p.deleting);
            plan.delete.extend(staying.map(|p| p.name.clone()));
        }
    }
    plan
}

/// Deletes terminal and surplus pods of one node.
fn keep(desired: &Desired, place: &Place, is_backing_off: &impl Fn(&str) -> bool, plan: &mut Plan) {
    let mut running = Vec::new();
    for pod in place.pods.iter().filter(|p| !p.deleting) {
        if pod.failed && is_backing_off(&place.node) {
            plan.waiting.push(place.node.clone());
        } else if pod.failed || pod.succeeded {
            plan.delete.push(pod.name.clone());
            plan.ended.push(Ended { pod: pod.name.clone(), node: place.node.clone(), failed: pod.failed });
        } else {
            running.push(pod);
        }
    }
    if desired.surge_max == 0 {
        plan.delete.extend(running.iter().skip(1).map(|p| p.name.clone()));
    } else if running.is_empty() {
        // With surge a new pod need not wait until the old one is gone.
        plan.create.extend(place.decision.should_run.then(|| place.node.clone()));
    } else {
        plan.delete.extend(surplus(&running));
    }
}

/// Returns the names of the pods to delete among several on a node. The oldest one of the current template stays, and so does
/// the oldest one of another template while it is ready and the new one is not available.
fn surplus(running: &[&Daemon]) -> Vec<String> {
    let oldest = |updated: bool| running.iter().position(|p| p.updated == updated);
    let (new, old) = (oldest(true), oldest(false));
    let is_old_surplus = new.zip(old).is_some_and(|(new, old)| !running[old].ready || running[new].available);
    let is_surplus = |index: usize| match Some(index) {
        kept if kept == new => false,
        kept if kept == old => is_old_surplus,
        _ => true,
    };
    (0..running.len()).filter(|index| is_surplus(*index)).map(|index| running[index].name.clone()).collect()
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::controllers::daemon_set::placement::NodeDecision;

    /// Returns the spec of a set with this surge; without surge one node may be unavailable.
    pub(in super::super) fn desired(surge_max: i64) -> Desired {
        Desired { min_ready: 0, is_rolling: true, unavailable_max: i64::from(surge_max == 0), surge_max }
    }

    /// Parses nodes and their pods, `n1 new old!,n2#`. Marks of pods: `!` not available, `-` being deleted, `f` failed, `s`
    /// succeeded. Marks of nodes: `#` neither creates nor keeps a pod, `~` keeps one.
    pub(in super::super) fn places(text: &str) -> Vec<Place> {
        let place = |line: &str| {
            let mut words = line.split_whitespace();
            let node = words.next().unwrap();
            let name = node.trim_end_matches(['#', '~']);
            let decision = NodeDecision { should_run: node == name, should_continue_running: !node.ends_with('#') };
            let pods = words.map(|word| {
                let has = |flag| word[3..].contains(flag);
                let ready = !has('!') && !has('f') && !has('s');
                Daemon {
                    name: format!("{name}-{word}"),
                    bound: true,
                    updated: word.starts_with("new"),
                    failed: has('f'),
                    succeeded: has('s'),
                    deleting: has('-'),
                    ready,
                    available: ready,
                    ..Daemon::default()
                }
            });
            Place { node: name.into(), decision, pods: pods.collect() }
        };
        text.split(',').map(place).collect()
    }

    /// Formats a plan: `+n1 -n2-old`.
    pub(in super::super) fn words(plan: &Plan) -> String {
        let created = plan.create.iter().map(|n| format!("+{n}"));
        let deleted = plan.delete.iter().map(|p| format!("-{p}"));
        created.chain(deleted).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{desired, places, words};
    use super::*;

    #[test]
    fn every_eligible_node_has_one_pod() {
        let cases = [
            ("a,b,c#,d~", "+a +b"),
            ("a new,b old", ""),
            ("a# new,b~ new", "-a-new"),
            ("a# new-", ""),
            ("a new new!", "-a-new!"),
            ("a new-", ""),
            ("a newf", "-a-newf"),
            ("a news", "-a-news"),
            ("a newf-", ""),
        ];
        for (given, want) in cases {
            assert_eq!(words(&plan(&desired(0), &places(given), |_| false)), want, "{given}");
        }
        let waiting = plan(&desired(0), &places("a newf,b news"), |_| true);
        assert_eq!((words(&waiting).as_str(), waiting.waiting), ("-b-news", vec!["a".to_string()]));
    }

    #[test]
    fn with_surge_a_node_may_have_two_pods() {
        let cases = [
            ("a old new!", ""),
            ("a old new", "-a-old"),
            ("a old! new!", "-a-old!"),
            ("a old new! new!!", "-a-new!!"),
            ("a old-", "+a"),
            ("a~ old-", ""),
        ];
        for (given, want) in cases {
            assert_eq!(words(&plan(&desired(1), &places(given), |_| false)), want, "{given}");
        }
    }
}
