//! The order in which surplus pods are deleted (`ActivePodsWithRanks` in `pkg/controller/controller_utils.go`).
//!
//! The first rule that distinguishes two pods decides which is deleted first: not assigned to a node; pending before unknown
//! before running; not ready; a lower deletion cost; more related pods on the same node; ready for a shorter time; more
//! restarts; younger. Times are compared by the logarithm of the ages (KEP-2185), and where those are equal by uid, so that
//! the youngest pod is not always the one that is deleted.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::pods::{is_active, is_ready, ready_since};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// The annotation with the cost of deleting a pod compared with the other pods of its owner (KEP-2255).
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Returns the `count` pods to delete (`getPodsToDelete`). `related` are the pods that count as neighbours on a node: those of
/// all sets with the same controller.
pub(crate) fn pods_to_delete(
    pods: &[Arc<Object>],
    related: &[Arc<Object>],
    count: usize,
    now: Time,
) -> Vec<Arc<Object>> {
    let mut chosen = pods.to_vec();
    if count < chosen.len() {
        let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
        for pod in related.iter().filter(|p| is_active(p)) {
            *on_node.entry(pod.str("/spec/nodeName")).or_default() += 1;
        }
        let rank = |pod: &Object| on_node.get(pod.str("/spec/nodeName")).copied().unwrap_or(0);
        let (ready, created) = (Ages::of(pods, ready_since, now), Ages::of(pods, Object::creation_time, now));
        chosen.order_by(|a, b| compare(a, rank(a), b, rank(b), (&ready, &created)));
    }
    chosen.truncate(count);
    chosen
}

/// Orders two pods; the lesser is deleted first. A rank is the number of related pods on the pod's node; the ages are those of
/// being ready and of the pods.
fn compare(a: &Object, rank_a: usize, b: &Object, rank_b: usize, (ready, created): (&Ages, &Ages)) -> Ordering {
    let assigned = |pod: &Object| !pod.str("/spec/nodeName").is_empty();
    assigned(a)
        .cmp(&assigned(b))
        .then_with(|| phase_order(a).cmp(&phase_order(b)))
        .then_with(|| is_ready(a).cmp(&is_ready(b)))
        .then_with(|| deletion_cost(a).cmp(&deletion_cost(b)))
        .then_with(|| rank_b.cmp(&rank_a))
        .then_with(|| ready.rank(ready_since(a)).cmp(&ready.rank(ready_since(b))))
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| created.rank(a.creation_time()).cmp(&created.rank(b.creation_time())))
}

fn phase_order(pod: &Object) -> u8 {
    match pod.str("/status/phase") {
        "Unknown" => 1,
        "Running" => 2,
        _ => 0,
    }
}

fn deletion_cost(pod: &Object) -> i32 {
    pod.annotation(DELETION_COST).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Returns the highest number of restarts among the containers, and among the sidecars.
fn restarts(pod: &Object) -> (i64, i64) {
    let most = |pointer: &str, counts: &dyn Fn(&str) -> bool| {
        let statuses = pod.list(pointer).iter().filter(|s| counts(s.str("/name")));
        statuses.filter_map(|s| s.int("/restartCount")).max().unwrap_or(0)
    };
    let sidecar = |name: &str| {
        pod.list("/spec/initContainers").iter().any(|c| c.str("/name") == name && c.str("/restartPolicy") == "Always")
    };
    (most("/status/containerStatuses", &|_| true), most("/status/initContainerStatuses", &sidecar))
}

/// The ages of pods by one of their instants, such as the one at which they became ready.
///
/// Upstream compares ages of the same magnitude by the uids of the two pods, but not equal ages, which is no order: of three
/// pods, two of the same age, each may precede the next one. Here the least uid of all pods of an age stands for them.
struct Ages<'a> {
    uids: BTreeMap<Time, &'a str>,
    now: Time,
}

impl<'a> Ages<'a> {
    fn of(pods: &'a [Arc<Object>], instant: fn(&Object) -> Option<Time>, now: Time) -> Ages<'a> {
        let mut uids: BTreeMap<Time, &str> = BTreeMap::new();
        for pod in pods {
            if let Some(time) = instant(pod) {
                let least = uids.entry(time).or_insert(pod.uid());
                *least = pod.uid().min(least);
            }
        }
        Ages { uids, now }
    }

    /// Returns the rank of an instant: the younger first, and a missing one before all. The rank is the magnitude of the age,
    /// and where that is equal a uid, so that the youngest pod is not always the one that is deleted.
    fn rank(&self, instant: Option<Time>) -> Option<(i64, &str)> {
        let uid = |time: &Time| self.uids.get(time).copied().unwrap_or_default();
        instant.map(|time| (logarithmic_rank(time, self.now), uid(&time)))
    }
}

/// Returns the base 2 logarithm of an age in nanoseconds, rounded down; -1 for an instant that is not past (`logarithmicRank`).
fn logarithmic_rank(then: Time, now: Time) -> i64 {
    let nanos = (now - then).micros().saturating_mul(1000);
    if nanos > 0 { i64::from(nanos.ilog2()) } else { -1 }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;
    use kctl_base::object::ValueWrite;

    fn pod(name: &str, changes: &[(&str, Value)]) -> Arc<Object> {
        let mut pod = json!({
            "metadata": {"name": name, "uid": name, "creationTimestamp": Time::from_secs(100).rfc3339()},
            "spec": {"nodeName": "n1"},
            "status": {"phase": "Running", "containerStatuses": [{"name": "c", "restartCount": 0}],
                       "conditions": [{"type": "Ready", "status": "True",
                                       "lastTransitionTime": Time::from_secs(100).rfc3339()}]},
        });
        for (pointer, value) in changes {
            pod.put(pointer, value.clone());
        }
        Arc::new(pod)
    }

    fn ready_at(seconds: i64) -> Value {
        json!([{"type": "Ready", "status": "True", "lastTransitionTime": Time::from_secs(seconds).rfc3339()}])
    }

    #[test]
    fn each_rule_decides_where_earlier_ones_do_not() {
        let good = pod("good", &[]);
        let cost = |cost: &str| ("/metadata/annotations", json!({DELETION_COST: cost}));
        let cases = [
            ("not assigned", pod("x", &[("/spec/nodeName", "".into())])),
            ("pending", pod("x", &[("/status/phase", "Pending".into())])),
            ("unknown", pod("x", &[("/status/phase", "Unknown".into())])),
            ("not ready", pod("x", &[("/status/conditions", json!([]))])),
            ("cheaper", pod("x", &[cost("-5")])),
            ("ready for a shorter time", pod("x", &[("/status/conditions", ready_at(190))])),
            ("more restarts", pod("x", &[("/status/containerStatuses", json!([{"name": "c", "restartCount": 3}]))])),
            ("younger", pod("x", &[("/metadata/creationTimestamp", Time::from_secs(190).rfc3339().into())])),
        ];
        for (why, first) in cases {
            for pods in [[good.clone(), first.clone()], [first.clone(), good.clone()]] {
                let chosen = pods_to_delete(&pods, &[], 1, Time::from_secs(200));
                assert_eq!(chosen[0].name(), "x", "{why}");
            }
        }
    }

    #[test]
    fn pods_on_crowded_nodes_are_deleted_first() {
        let pods = [pod("a", &[]), pod("b", &[("/spec/nodeName", "n2".into())]), pod("c", &[])];
        assert_eq!(pods_to_delete(&pods[1..], &pods, 1, Time::from_secs(200))[0].name(), "c");
        assert_eq!(pods_to_delete(&pods, &pods, 3, Time::from_secs(200)).len(), 3);
    }

    #[test]
    fn ages_of_the_same_magnitude_are_decided_by_uid() {
        let older = pod("a", &[("/status/conditions", ready_at(100))]);
        let younger = pod("b", &[("/status/conditions", ready_at(101))]);
        let chosen = pods_to_delete(&[younger.clone(), older.clone()], &[], 1, Time::from_secs(200));
        assert_eq!(chosen[0].name(), "a", "the uid decides");
        let chosen = pods_to_delete(&[younger, older], &[], 1, Time::from_secs(102));
        assert_eq!(chosen[0].name(), "b");
    }

    #[test]
    fn many_pods_of_few_ages_are_in_one_order() {
        let ready = |n: i64| pod(&format!("{:02}", n * 37 % 100), &[("/status/conditions", ready_at(100 + n % 3))]);
        let pods: Vec<Arc<Object>> = (0..100).map(ready).collect();
        let chosen = pods_to_delete(&pods, &[], 99, Time::from_secs(200));
        let ages: Vec<Option<Time>> = chosen.iter().map(|pod| ready_since(pod)).collect();
        assert_eq!(ages.chunk_by(|one, next| one == next).count(), 3, "pods of one age stay together");
    }
}
