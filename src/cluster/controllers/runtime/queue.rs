//! The work queue of the driver: first in, first out, with at most one entry a controller and key.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::Key;
use crate::store::Trigger;

/// Keys to reconcile, each with the index of its controller in the driver's list.
#[derive(Default)]
pub(super) struct WorkQueue {
    entries: VecDeque<(usize, Key, Option<Trigger>)>,
    /// The same entries without their triggers, to find one fast. Never iterated.
    queued: FxHashSet<(usize, Key)>,
}

impl WorkQueue {
    /// Appends an entry, with what woke the controller, unless it is queued already.
    pub(super) fn push(&mut self, controller: usize, key: Key, trigger: Option<Trigger>) {
        if self.queued.insert((controller, key.clone())) {
            self.entries.push_back((controller, key, trigger));
        }
    }

    /// Removes the oldest entry; `None` when the queue is empty.
    pub(super) fn pop(&mut self) -> Option<(usize, Key, Option<Trigger>)> {
        let (controller, key, trigger) = self.entries.pop_front()?;
        let entry = (controller, key);
        self.queued.remove(&entry);
        Some((entry.0, entry.1, trigger))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queued_key_is_not_queued_again() {
        let mut queue = WorkQueue::default();
        let (a, b) = (Key::new("ns", "a"), Key::new("ns", "b"));
        let first = Some(Trigger::Change(7));
        queue.push(0, a.clone(), first);
        queue.push(0, b.clone(), None);
        queue.push(0, a.clone(), Some(Trigger::Change(8)));
        queue.push(1, a.clone(), None);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(0, a.clone(), first), (0, b, None), (1, a.clone(), None)], "the first trigger counts");
        queue.push(0, a.clone(), None);
        assert_eq!(queue.pop(), Some((0, a, None)), "a key that was taken out can be queued again");
    }
}
