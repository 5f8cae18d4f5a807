//! Which pods of a DaemonSet come and go, out of plain values. Updates are decided in [`rolling`](super::rolling).

use super::view::{Daemon, Desired, Place};

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Nodes that need a pod.
    pub(super) create: Vec<String>,
    /// Names of pods that have to go.
    pub(super) delete: Vec<String>,
    /// Pods that go because they have ended; they are among those to be deleted.
    pub(super) ended: Vec<Ended>,
    /// Nodes whose failed pod is replaced later.
    pub(super) waiting: Vec<String>,
}

impl Plan {
    /// Whether no pod comes and none goes.
    pub(super) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty()
    }
}

/// A pod that has ended on a node where it should run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) pod: String,
    pub(super) node: String,
    pub(super) failed: bool,
}

/// What the nodes need. `is_backing_off` says whether it is too early to replace a failed pod on a node.
pub(super) fn plan(desired: &Desired, places: &[Place], is_backing_off: impl Fn(&str) -> bool) -> Plan {
    let mut plan = Plan::default();
    for place in places {
        if place.verdict.runs && place.pods.is_empty() {
            plan.create.push(place.node.clone());
        } else if place.verdict.stays {
            keep(desired, place, &is_backing_off, &mut plan);
        } else {
            let staying = place.pods.iter().filter(|p| !p.deleting);
            plan.delete.extend(staying.map(|p| p.name.clone()));
        }
    }
    plan
}

/// Removes what has ended and what is too much on one node.
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
        // A surging set does not wait until the old pod is gone.
        plan.create.extend(place.verdict.runs.then(|| place.node.clone()));
    } else {
        plan.delete.extend(surplus(&running));
    }
}

/// Of several pods on a node the oldest of the present template and the oldest of another one stay, the latter until it is
/// of no use or no longer needed.
fn surplus(running: &[&Daemon]) -> Vec<String> {
    let oldest = |updated: bool| running.iter().position(|p| p.updated == updated);
    let (new, old) = (oldest(true), oldest(false));
    let old_goes = new.zip(old).is_some_and(|(new, old)| !running[old].ready || running[new].available);
    let goes = |index: usize| match Some(index) {
        kept if kept == new => false,
        kept if kept == old => old_goes,
        _ => true,
    };
    (0..running.len()).filter(|index| goes(*index)).map(|index| running[index].name.clone()).collect()
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::controllers::daemon_set::placement::Verdict;

    /// A set without or with surge.
    pub(in super::super) fn desired(surge_max: i64) -> Desired {
        Desired { min_ready: 0, rolls: true, unavailable_max: i64::from(surge_max == 0), surge_max }
    }

    /// `n1 new old!`: a node and its pods; `!` not available, `-` deleting, `f` failed, `s` succeeded, `#` no pod belongs
    /// here, `~` none comes but it may stay.
    pub(in super::super) fn places(text: &str) -> Vec<Place> {
        let place = |line: &str| {
            let mut words = line.split_whitespace();
            let node = words.next().unwrap();
            let name = node.trim_end_matches(['#', '~']);
            let verdict = Verdict { runs: node == name, stays: !node.ends_with('#') };
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
            Place { node: name.into(), verdict, pods: pods.collect() }
        };
        text.split(',').map(place).collect()
    }

    /// `+n1 -n2-old`
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
    fn every_node_that_takes_it_has_one_pod() {
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
    fn with_surge_two_may_stand_side_by_side() {
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
