//! The pods of each workload that a trial has started and ended, and how many were available meanwhile.

use crate::chronicle::{Chronicle, ObjectRef, PodLife, PodState, Workload};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// The fewest available pods of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fewest {
    /// The number of available pods.
    pub available: i64,
    /// The number of pods that there should have been at that time.
    pub desired: i64,
    /// The first time at which there were so few.
    pub at: Time,
}

/// A workload whose pods a trial has started or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadPods {
    /// The workload, the outermost owner of the pods; `None` for pods that have none.
    pub workload: Option<ObjectRef>,
    /// The fewest available pods, from the time on at which all of them were there first; `None` where that is not counted.
    pub fewest: Option<Fewest>,
    /// The pods in the order in which they were started or began to end.
    pub pods: Vec<PodChange>,
}

/// A pod that a trial has started or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodChange {
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The UID.
    pub uid: String,
    /// The node; `None` if it was never assigned to one.
    pub node: Option<String>,
    /// The revision of its template, if that has one.
    pub revision: Option<i64>,
    /// The time of its creation; `None` for a pod that is older.
    pub started: Option<Time>,
    /// The time at which it became ready first; `None` if it never did, or was before.
    pub ready: Option<Time>,
    /// The time at which it began to end; `None` if it did not.
    pub terminating: Option<Time>,
    /// The time at which it was removed; `None` if it still exists.
    pub gone: Option<Time>,
    /// Its last state.
    pub state: PodState,
    /// A reason for the state in the words of the API; empty for none.
    pub detail: String,
    /// The time at which it first entered its last state.
    pub since: Time,
}

impl PodChange {
    /// Describes a life; `None` for a pod to which nothing happened.
    fn of(life: &PodLife, from: Time) -> Option<PodChange> {
        let last = life.spans.last()?;
        let first =
            |state| life.spans.iter().find(|span| span.state == state && span.from >= from).map(|span| span.from);
        let is_untouched = life.is_open && life.gone.is_none() && last.from < from;
        // The state that an older pod has at the beginning is not a new one.
        let became_ready = first(PodState::Ready).filter(|at| !life.is_open || *at > from);
        let terminating = first(PodState::Terminating).or(life.gone);
        (!is_untouched).then(|| PodChange {
            name: life.name.clone(),
            namespace: life.namespace.clone(),
            uid: life.uid.clone(),
            node: life.node.clone(),
            revision: life.revision,
            started: (!life.is_open).then(|| life.from()),
            ready: became_ready,
            terminating,
            gone: life.gone,
            state: last.state,
            detail: last.detail.clone(),
            since: first(last.state).unwrap_or(last.from),
        })
    }

    /// The time by which it is ordered.
    fn at(&self) -> Time {
        self.started.or(self.terminating).unwrap_or(self.since)
    }

    /// The times at which it made progress. A state that it enters again is none: a crashing container starts for ever.
    pub(super) fn progress(&self) -> impl Iterator<Item = Time> {
        [self.started, self.ready, self.terminating, self.gone, Some(self.since)].into_iter().flatten()
    }
}

/// Returns the workloads with the pods that have started, ended or changed their state since a time.
pub(super) fn workload_pods(chronicle: &Chronicle, from: Time) -> Vec<WorkloadPods> {
    let mut found: Vec<WorkloadPods> = Vec::new();
    for life in &chronicle.pods {
        let Some(pod) = PodChange::of(life, from) else { continue };
        let workload = life.owners.last();
        match found.iter_mut().find(|known| known.workload.as_ref() == workload) {
            Some(known) => known.pods.push(pod),
            None => {
                let series = chronicle.workloads.iter().find(|series| Some(&series.object) == workload);
                let fewest = series.and_then(|series| fewest(series, from));
                found.push(WorkloadPods { workload: workload.cloned(), fewest, pods: vec![pod] });
            }
        }
    }
    for WorkloadPods { pods, .. } in &mut found {
        pods.order_by(|a, b| (a.at(), a.started.is_none(), &a.name).cmp(&(b.at(), b.started.is_none(), &b.name)));
    }
    found.order_by(|a, b| a.workload.cmp(&b.workload));
    found
}

/// Returns the fewest available pods since a time. For a new workload, or one that gets more pods, those count from the time
/// on at which as many as desired were available; `None` if they never were, and for Jobs, whose pods end.
fn fewest(workload: &Workload, from: Time) -> Option<Fewest> {
    if workload.object.kind == "Job" {
        return None;
    }
    let before = workload.replicas.iter().rposition(|step| step.at <= from);
    let steps = &workload.replicas[before.filter(|_| workload.is_open).unwrap_or(0)..];
    let complete = steps.iter().position(|step| step.available >= step.desired);
    let at_start = steps.first().filter(|_| workload.is_open);
    let counted = match (complete, at_start) {
        (Some(at), None) => &steps[at..],
        (_, Some(_)) => steps,
        (None, None) => return None,
    };
    let least = counted.iter().min_by_key(|step| (step.available, step.at))?;
    Some(Fewest { available: least.available, desired: least.desired, at: least.at.max(from) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chronicle::{Replicas, Span};

    const START: Time = Time::from_secs(100);

    fn at(seconds: i64) -> Time {
        Time::from_secs(100 + seconds)
    }

    /// The fewest pods of a series of (second, desired, available).
    fn told(is_open: bool, steps: &[(i64, i64, i64)]) -> Option<(i64, i64, i64)> {
        let step = |&(second, desired, available): &(i64, i64, i64)| Replicas {
            at: at(second),
            desired,
            ready: available,
            available,
        };
        let object = ObjectRef { kind: "Deployment".into(), ..ObjectRef::default() };
        let replicas = steps.iter().map(step).collect();
        let workload = Workload { object, owners: Vec::new(), revision: None, replicas, is_open, gone: None };
        fewest(&workload, START).map(|fewest| (fewest.available, fewest.desired, (fewest.at - START).secs()))
    }

    #[test]
    fn the_fewest_pods_are_those_of_the_trial() {
        // What was before the trial does not count, except for the last of it.
        assert_eq!(told(true, &[(-60, 3, 0), (-30, 3, 3), (5, 3, 2), (9, 3, 3), (12, 3, 2)]), Some((2, 3, 5)));
        assert_eq!(told(true, &[(-30, 3, 3)]), Some((3, 3, 0)));
        assert_eq!(told(true, &[(0, 5, 3), (4, 5, 5)]), Some((3, 5, 0)), "more are wanted");
        // A new workload has none at first.
        assert_eq!(told(false, &[(0, 3, 0), (2, 3, 1), (3, 3, 3), (7, 3, 2)]), Some((2, 3, 7)));
        assert_eq!(told(false, &[(0, 3, 0), (2, 3, 1)]), None);
    }

    fn life(is_open: bool, spans: &[(i64, PodState)], gone: Option<i64>) -> PodLife {
        let span = |(index, &(second, state)): (usize, &(i64, PodState))| Span {
            state,
            detail: String::new(),
            from: at(second),
            to: spans.get(index + 1).map(|next| at(next.0)).or(gone.map(at)).unwrap_or(at(60)),
        };
        PodLife {
            namespace: "default".into(),
            name: "web".into(),
            uid: "1".into(),
            labels: std::collections::BTreeMap::new(),
            owners: Vec::new(),
            revision: None,
            node: None,
            spans: spans.iter().enumerate().map(span).collect(),
            is_open,
            gone: gone.map(at),
            restarts: 0,
        }
    }

    #[test]
    fn pods_are_told_by_what_the_trial_did_to_them() {
        use PodState::{Failed, Ready, Starting, Terminating};
        let told = |life: PodLife| {
            let pod = PodChange::of(&life, START)?;
            let seconds = |time: Option<Time>| time.map(|time| (time - START).secs());
            Some((seconds(pod.started), seconds(pod.ready), seconds(pod.terminating), seconds(pod.gone)))
        };
        assert_eq!(told(life(true, &[(-60, Ready)], None)), None, "untouched");
        assert_eq!(
            told(life(true, &[(-60, Starting), (0, Ready), (3, Terminating)], Some(4))),
            Some((None, None, Some(3), Some(4)))
        );
        assert_eq!(told(life(false, &[(1, Starting), (2, Ready)], None)), Some((Some(1), Some(2), None, None)));
        assert_eq!(told(life(true, &[(-60, Ready)], Some(5))), Some((None, None, Some(5), Some(5))), "removed at once");
        // A crash that happens again is no progress.
        let crashing = life(false, &[(1, Starting), (2, Failed), (9, Ready), (10, Failed)], None);
        let pod = PodChange::of(&crashing, START).expect("a change");
        assert_eq!((pod.progress().max(), pod.since), (Some(at(9)), at(2)));
    }
}
