//! The active queue of pending pods, ordered as by the PrioritySort plugin and within one age by arrival.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::pod_info::priority;
use crate::controllers::Key;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;

/// Pods that wait for a scheduling cycle; each is queued at most once.
#[derive(Default)]
pub(super) struct Queue {
    entries: BTreeSet<Entry>,
    queued: BTreeSet<Key>,
    arrivals: u64,
}

/// Order of the fields is the order of the queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    priority: Reverse<i64>,
    created: Option<Time>,
    arrival: u64,
    key: Key,
}

impl Queue {
    /// Queues a pod unless it is queued already.
    pub(super) fn push(&mut self, pod: &Object) {
        let key = Key::of(pod);
        if self.queued.insert(key.clone()) {
            self.arrivals += 1;
            let (priority, created) = (Reverse(priority(pod)), pod.creation_time());
            self.entries.insert(Entry { priority, created, arrival: self.arrivals, key });
        }
    }

    /// Removes the first pod.
    pub(super) fn pop(&mut self) -> Option<Key> {
        let entry = self.entries.pop_first()?;
        self.queued.remove(&entry.key);
        Some(entry.key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn pods_are_ordered_by_priority_age_and_arrival() {
        let pod = |name: &str, priority: i64, created: &str| json!({"metadata": {"name": name, "creationTimestamp": created}, "spec": {"priority": priority}});
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
        let mut queue = Queue::default();
        for pod in [pod("d", 0, late), pod("b", 0, early), pod("c", 0, early), pod("a", 9, late), pod("b", 0, early)] {
            queue.push(&pod);
        }
        let names: Vec<String> = std::iter::from_fn(|| queue.pop()).map(|key| key.name.to_string()).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        assert!(queue.is_empty());
    }
}
