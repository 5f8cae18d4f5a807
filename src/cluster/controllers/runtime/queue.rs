//! The work queues of the driver: one a controller, first in, first out, with at most one entry a key.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::Key;
use crate::store::Trigger;

/// A key to reconcile, and what woke the controller.
struct Entry {
    /// The number of entries that were queued before this one, of any controller.
    arrival: u64,
    key: Key,
    trigger: Option<Trigger>,
}

/// Keys to reconcile, by the index of their controller in the driver's list.
#[derive(Default)]
pub(super) struct WorkQueue {
    queues: Vec<VecDeque<Entry>>,
    arrivals: u64,
    /// The same keys, to find one fast. Never iterated.
    queued: FxHashSet<(usize, Key)>,
}

impl WorkQueue {
    /// Appends a key, with what woke the controller, unless it is queued already.
    pub(super) fn push(&mut self, controller: usize, key: Key, trigger: Option<Trigger>) {
        if !self.queued.insert((controller, key.clone())) {
            return;
        }
        if self.queues.len() <= controller {
            self.queues.resize_with(controller + 1, VecDeque::new);
        }
        self.queues[controller].push_back(Entry { arrival: self.arrivals, key, trigger });
        self.arrivals += 1;
    }

    /// Removes the oldest key of all controllers; `None` when the queues are empty.
    pub(super) fn pop(&mut self) -> Option<(usize, Key, Option<Trigger>)> {
        let first = |queue: &VecDeque<Entry>| queue.front().map(|entry| entry.arrival);
        let oldest = self.queues.iter().enumerate().filter_map(|(index, queue)| Some((first(queue)?, index))).min()?;
        self.pop_of(oldest.1)
    }

    /// Removes the oldest key of the controller that `choose` selects by its index among those that have any.
    pub(super) fn pop_by(&mut self, choose: impl FnOnce(usize) -> usize) -> Option<(usize, Key, Option<Trigger>)> {
        let busy: Vec<usize> = (0..self.queues.len()).filter(|index| !self.queues[*index].is_empty()).collect();
        let index = *busy.get(choose(busy.len()))?;
        self.pop_of(index)
    }

    fn pop_of(&mut self, controller: usize) -> Option<(usize, Key, Option<Trigger>)> {
        let Entry { key, trigger, .. } = self.queues[controller].pop_front()?;
        let entry = (controller, key);
        self.queued.remove(&entry);
        Some((controller, entry.1, trigger))
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

    #[test]
    fn the_keys_of_one_controller_keep_their_order() {
        let mut queue = WorkQueue::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| Key::new("ns", name));
        queue.push(2, a.clone(), None);
        queue.push(0, b.clone(), None);
        queue.push(2, c.clone(), None);
        let last = |count: usize| count - 1;
        let order: Vec<_> = std::iter::from_fn(|| queue.pop_by(|count| last(count.max(1)))).collect();
        assert_eq!(order, [(2, a, None), (2, c, None), (0, b, None)]);
    }
}
