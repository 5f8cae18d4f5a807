//! The lives of pods: the states that each went through, and when.

use std::collections::{BTreeMap, HashMap};

use super::owners::Owners;
use super::pod_state::{Span, remembered, state};
use super::{History, ObjectRef, PodState};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The life of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodLife {
    /// The namespace.
    pub namespace: String,
    /// The name, which a later pod can have, too.
    pub name: String,
    /// The UID.
    pub uid: String,
    /// The labels, as they were last.
    pub labels: BTreeMap<String, String>,
    /// The owners, the nearest first: a ReplicaSet, then its Deployment.
    pub owners: Vec<ObjectRef>,
    /// The revision of its template: that of its ReplicaSet or its ControllerRevision.
    pub revision: Option<i64>,
    /// The node; `None` if it was never assigned to one.
    pub node: Option<String>,
    /// The states one after the other, without gaps.
    pub spans: Vec<Span>,
    /// True if it is older than the history: the beginning is told by its own timestamps, as far as they tell it.
    pub is_open: bool,
    /// The time at which it was removed; `None` if it still exists.
    pub gone: Option<Time>,
    /// The number of restarts of its containers.
    pub restarts: i64,
}

impl PodLife {
    /// The time of its creation, or the first that is known of it.
    pub fn from(&self) -> Time {
        self.spans.first().map_or_else(Time::default, |span| span.from)
    }

    /// The state at a time; `None` before its creation and after its removal.
    pub fn state_at(&self, at: Time) -> Option<PodState> {
        let last = self.spans.last().filter(|span| self.gone.is_none() && span.to == at);
        self.spans.iter().find(|span| span.from <= at && at < span.to).or(last).map(|span| span.state)
    }
}

/// Returns the lives of all pods of a history, by namespace, name and creation.
pub(super) fn lives(history: &History, owners: &Owners) -> Vec<PodLife> {
    let start = history.changes.first().map_or(history.to, |change| change.cause.at);
    let mut lives: HashMap<String, PodLife> = HashMap::new();
    for pod in history.objects.iter().filter(|object| object.kind() == "Pod") {
        let mut life = born(pod, remembered(pod, start), true);
        life.enter(pod, start);
        lives.insert(pod.uid().into(), life);
    }
    for change in history.changes.iter().filter(|change| change.resource == "pods") {
        let Some(pod) = change.event.object() else { continue };
        let life = lives.entry(pod.uid().into()).or_insert_with(|| born(pod, Vec::new(), false));
        match change.event {
            crate::WatchEvent::Deleted(_) => life.end(change.cause.at),
            _ => life.enter(pod, change.cause.at),
        }
    }
    let latest: HashMap<&str, &Object> =
        history.versions().filter(|o| o.kind() == "Pod").map(|pod| (pod.uid(), &**pod)).collect();
    for life in lives.values_mut() {
        life.end_at_present(history.to);
        if let Some(pod) = latest.get(life.uid.as_str()) {
            life.owners = owners.chain(pod);
            life.revision = owners.revision_of_pod(pod);
        }
    }
    let mut lives: Vec<PodLife> = lives.into_values().collect();
    let key = |life: &PodLife| (life.namespace.clone(), life.name.clone(), life.from(), life.uid.clone());
    lives.sort_by_cached_key(key);
    lives
}

/// Returns the beginning of a life.
fn born(pod: &Object, spans: Vec<Span>, is_open: bool) -> PodLife {
    PodLife {
        namespace: pod.namespace().into(),
        name: pod.name().into(),
        uid: pod.uid().into(),
        labels: BTreeMap::new(),
        owners: Vec::new(),
        revision: None,
        node: None,
        spans,
        is_open,
        gone: None,
        restarts: 0,
    }
}

impl PodLife {
    /// Enters the state of a version of the pod.
    fn enter(&mut self, pod: &Object, at: Time) {
        let (state, detail) = state(pod);
        self.labels = pod.labels();
        self.node = self.node.take().or_else(|| Some(pod.str("/spec/nodeName").to_string()).filter(|n| !n.is_empty()));
        self.restarts = pod.list("/status/containerStatuses").iter().filter_map(|s| s.int("/restartCount")).sum();
        if let Some(last) = self.spans.last_mut() {
            last.to = at;
            if last.state == state && last.detail == detail {
                return;
            }
        }
        self.drop_instant();
        match self.spans.last() {
            // The states between were at one instant.
            Some(last) if last.state == state && last.detail == detail => {}
            _ => self.spans.push(Span { state, detail, from: at, to: at }),
        }
    }

    /// Drops the last state if it took no time.
    fn drop_instant(&mut self) {
        self.spans.pop_if(|last| last.from == last.to);
    }

    /// Ends the life.
    fn end(&mut self, at: Time) {
        self.gone = Some(at);
        if let Some(last) = self.spans.last_mut() {
            last.to = at;
        }
        if self.spans.len() > 1 {
            self.drop_instant();
        }
    }

    /// Extends the present state to the end of the history.
    fn end_at_present(&mut self, to: Time) {
        if self.gone.is_none()
            && let Some(last) = self.spans.last_mut()
        {
            last.to = to;
        }
    }
}
