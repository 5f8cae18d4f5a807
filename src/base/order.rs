//! Sorting of lists that are short or seldom sorted.
//!
//! The standard library's stable sort is compiled once for each type of item and way to compare, 6 KB each time. Here the sort of
//! places is compiled once, and the items follow. It takes longer: what is sorted for every object keeps to the standard one.

use std::cmp::Ordering;

/// Stable sorting with little code for each type.
pub trait Order<T> {
    /// As `sort_by`.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// As `sort_by_key`.
    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }

    /// As `sort`.
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }
}

impl<T> Order<T> for [T] {
    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut from = order(self.len(), &mut |a, b| compare(&self[a], &self[b]));
        arrange(&mut from, &mut |a, b| self.swap(a, b));
    }
}

/// Returns the places of the items in their order; nothing for a list that needs none.
fn order(length: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    if (1..length).all(|place| compare(place - 1, place).is_le()) {
        return Vec::new();
    }
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

/// Brings to each place the item from the place that is given for it. Afterwards, every place is given for itself.
fn arrange(from: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..from.len() {
        let mut place = start;
        while from[place] != start {
            let next = from[place];
            swap(place, next);
            from[place] = place;
            place = next;
        }
        from[place] = place;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_are_sorted_as_by_the_standard_library(list: Vec<(u8, u16)>) {
            let (mut want, mut got) = (list.clone(), list.clone());
            want.sort_by_key(|(key, _)| *key % 8);
            got.order_by_key(|(key, _)| *key % 8);
            prop_assert_eq!(&got, &want);
            want.sort();
            got.order();
            prop_assert_eq!(got, want);
        }
    }
}
