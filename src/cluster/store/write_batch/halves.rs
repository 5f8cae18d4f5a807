//! The same work on many rows, half of it on another thread.

use std::{panic, thread};

/// Returns the results for items in their order. From `parallel_from` items on, which is where that saves more time than it
/// takes to start a thread, another thread does half of them. `work` is given the state of its half, which it may use.
pub(in crate::store) fn map_all<S: Send, T: Sync, R: Send>(
    states: &mut [S; 2],
    items: &[T],
    parallel_from: usize,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let map_some = |state: &mut S, items: &[T]| -> Vec<R> { items.iter().map(|item| work(state, item)).collect() };
    let [one, other] = states;
    if items.len() < parallel_from {
        return map_some(one, items);
    }
    let (first, second) = items.split_at(items.len() / 2);
    thread::scope(|scope| {
        let others = thread::Builder::new().spawn_scoped(scope, || map_some(other, second));
        let mut all = map_some(one, first);
        match others.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(others)) => all.extend(others),
            Ok(Err(payload)) => panic::resume_unwind(payload),
            // A system that is out of threads only takes longer.
            Err(_) => all.extend(map_some(one, second)),
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_items_are_worked_on_in_their_order() {
        for count in [0, 1, 99, 100, 101] {
            let items: Vec<u32> = (0..).take(count).collect();
            let mut seen = [0, 0];
            let doubled = map_all(&mut seen, &items, 100, |seen, item| {
                *seen += 1;
                2 * item
            });
            assert_eq!(doubled, items.iter().map(|item| 2 * item).collect::<Vec<u32>>());
            assert_eq!(seen, if count < 100 { [count, 0] } else { [count / 2, count.div_ceil(2)] });
        }
    }
}
