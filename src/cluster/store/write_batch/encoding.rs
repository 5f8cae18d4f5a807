//! Encoding many rows at once.

use std::{panic, thread};

/// The number of rows from which on another thread saves more time than it takes to start it.
const PARALLEL_FROM: usize = 1_000;

/// Encodes items in their order, half of many on another thread. `encode` is given a buffer that it may use.
pub(in crate::store) fn encode_all<T: Sync>(
    items: &[T],
    encode: impl Fn(&mut Vec<u8>, &T) -> Vec<u8> + Sync,
) -> Vec<Vec<u8>> {
    let encode_some = |items: &[T]| -> Vec<Vec<u8>> {
        let mut buffer = Vec::new();
        items.iter().map(|item| encode(&mut buffer, item)).collect()
    };
    if items.len() < PARALLEL_FROM {
        return encode_some(items);
    }
    let (first, second) = items.split_at(items.len() / 2);
    thread::scope(|scope| {
        let others = thread::Builder::new().spawn_scoped(scope, || encode_some(second));
        let mut all = encode_some(first);
        match others.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(others)) => all.extend(others),
            Ok(Err(payload)) => panic::resume_unwind(payload),
            // A system that is out of threads only takes longer.
            Err(_) => all.extend(encode_some(second)),
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_items_are_encoded_in_their_order() {
        for count in [0, 1, PARALLEL_FROM - 1, PARALLEL_FROM, PARALLEL_FROM + 1] {
            let items: Vec<u32> = (0..).take(count).collect();
            let encode = |buffer: &mut Vec<u8>, item: &u32| {
                buffer.clear();
                buffer.extend(item.to_be_bytes());
                buffer.clone()
            };
            let wanted: Vec<Vec<u8>> = items.iter().map(|item| item.to_be_bytes().to_vec()).collect();
            assert_eq!(encode_all(&items, encode), wanted);
        }
    }
}
