//! The work queue of the driver: first in, first out, with at most one entry a controller and key.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::Key;

/// Keys to reconcile, each with the index of its controller in the driver's list.
#[derive(Default)]
pub(super) struct WorkQueue {
    entries: VecDeque<(usize, Key)>,
    /// The same entries, to find one fast. Never iterated.
    queued: FxHashSet<(usize, Key)>,
}

impl WorkQueue {
    /// Appends an entry unless it is queued already.
    pub(super) fn push(&mut self, controller: usize, key: Key) {
        if self.queued.insert((controller, key.clone())) {
            self.entries.push_back((controller, key));
        }
    }

    /// Removes the oldest entry; `None` when the queue is empty.
    pub(super) fn pop(&mut self) -> Option<(usize, Key)> {
        let entry = self.entries.pop_front()?;
        self.queued.remove(&entry);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queued_key_is_not_queued_again() {
        let mut queue = WorkQueue::default();
        let (a, b) = (Key::new("ns", "a"), Key::new("ns", "b"));
        queue.push(0, a.clone());
        queue.push(0, b.clone());
        queue.push(0, a.clone());
        queue.push(1, a.clone());
        let order: Vec<(usize, Key)> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(0, a.clone()), (0, b), (1, a.clone())]);
        queue.push(0, a.clone());
        assert_eq!(queue.pop(), Some((0, a)), "a key that was taken out can be queued again");
    }
}
