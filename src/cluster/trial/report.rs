//! The report of a trial: what it changed, what its pods went through, what got in the way, and how it ended.

use std::collections::HashMap;

use super::effects::{self, ObjectEffect};
use super::obstacles::{self, Obstacle};
use super::pods::{self, PodChange, WorkloadPods};
use super::record::TrialRecord;
use super::unfinished::{self, Unfinished};
use crate::WatchEvent;
use crate::chronicle::{Chronicle, History, ObjectRef};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// What happened in a trial.
#[derive(Clone, Debug)]
pub struct Report {
    /// The time at which it began.
    pub started: Time,
    /// The time at which it ended.
    pub ended: Time,
    /// The time of the last step forward: of an object that got another specification, or of a pod that got into a state for
    /// the first time; the beginning without one.
    pub progressed: Time,
    /// The objects that are not what they were.
    pub objects: Vec<ObjectEffect>,
    /// The workloads whose pods were started, ended or changed their state.
    pub workloads: Vec<WorkloadPods>,
    /// What got in the way.
    pub obstacles: Vec<Obstacle>,
    /// What is not as it should be, other than what was so before.
    pub unfinished: Vec<Unfinished>,
}

impl Report {
    /// Tells what happened in a trial.
    pub fn of(record: &TrialRecord) -> Report {
        let chronicle = Chronicle::of(&record.history());
        let objects = effects::effects(&record.changes);
        let workloads = pods::workload_pods(&chronicle, record.started);
        let progress = workloads.iter().flat_map(|workload| &workload.pods).flat_map(PodChange::progress);
        let progressed = progress.chain(last_steps(record)).max().unwrap_or(record.started);
        let obstacles = obstacles::obstacles(record, &chronicle);
        Report {
            started: record.started,
            ended: record.ended,
            progressed: progressed.max(record.started),
            unfinished: find_unfinished(record, &workloads, &obstacles),
            obstacles,
            objects,
            workloads,
        }
    }

    /// Returns whether nothing happened that anybody would count.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.workloads.is_empty() && self.obstacles.is_empty()
    }
}

impl TrialRecord {
    /// Returns the record as a history, of which a chronicle can tell.
    pub fn history(&self) -> History {
        self.history_until(self.ended)
    }

    /// Returns the record up to a time as a history.
    pub fn history_until(&self, end: Time) -> History {
        let changes = self.changes.iter().take_while(|change| change.cause.at <= end).cloned().collect();
        History::until(self.present.clone(), changes, end)
    }
}

/// The times at which objects other than pods were created, deleted or got another specification.
fn last_steps(record: &TrialRecord) -> impl Iterator<Item = Time> {
    let is_step = |change: &&crate::inspection::Change| {
        let is_counted = !["pods", "events", "events.events.k8s.io"].contains(&change.resource.as_str());
        is_counted
            && match (&change.event, &change.old) {
                (WatchEvent::Modified(new), Some(old)) => new.generation() != old.generation(),
                _ => true,
            }
    };
    record.changes.iter().filter(is_step).map(|change| change.cause.at)
}

/// The first and the last version of each object of the changes; `None` where there is none.
struct Versions<'a> {
    resource: &'a str,
    first: Option<&'a Object>,
    last: Option<&'a Object>,
}

/// Returns what is not as it should be at the end. An object that was so before counts only if it has been given another
/// specification.
fn find_unfinished(record: &TrialRecord, workloads: &[WorkloadPods], obstacles: &[Obstacle]) -> Vec<Unfinished> {
    let mut versions: HashMap<&str, Versions<'_>> = HashMap::new();
    for change in record.changes.iter().filter(|change| change.resource != "events") {
        let Some(object) = change.event.object() else { continue };
        let entry = versions.entry(object.uid());
        let entry = entry.or_insert(Versions { resource: &change.resource, first: change.old.as_deref(), last: None });
        entry.last = Some(&**object).filter(|_| !matches!(change.event, WatchEvent::Deleted(_)));
    }
    let last = |uid: &str| versions.get(uid).and_then(|versions| versions.last);
    let mut found: Vec<Unfinished> = Vec::new();
    for Versions { resource, first, last: object } in versions.values() {
        let Some(object) = object else { continue };
        let Some(state) = unfinished::state(object) else { continue };
        let is_old = first.is_some_and(|first| {
            first.generation() == object.generation() && unfinished::state(first).is_some_and(|before| before == state)
        });
        // Pods of workloads that are ending are told with these.
        if is_old || (object.kind() == "Pod" && object.is_managed()) {
            continue;
        }
        let own = workloads.iter().find(|known| known.workload.as_ref().is_some_and(|own| own.uid == object.uid()));
        let pod = |pod: &PodChange| last(pod.uid.as_str());
        let mut causes = own.map(|workload| unfinished::causes(workload, pod)).unwrap_or_default();
        causes.extend(unfinished::own_causes(object));
        if causes.is_empty() {
            let met = obstacles.iter().filter(|obstacle| obstacle.object.uid == object.uid());
            causes.extend(met.map(|obstacle| obstacle.message.clone()));
        }
        found.push(Unfinished { resource: (*resource).into(), object: ObjectRef::of(object), state, causes });
    }
    found.order_by(|a, b| a.object.cmp(&b.object));
    found
}
