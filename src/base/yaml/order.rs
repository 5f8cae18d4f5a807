//! The order of the keys of a mapping (go-yaml v2, `sorter.go`).

use std::cmp::Ordering;

use crate::json::{Map, SharedStr, Value};

/// An entry of a mapping.
type Entry<'a> = (&'a SharedStr, &'a Value);

/// Returns the entries in go-yaml's order (`keyList.Less`): numbers in keys by value, letters after other characters.
///
/// That order is not total for some keys, for which `sort_by` may panic; hence the insertion sort, which is cheap
/// because the keys are already sorted by their bytes.
pub(super) fn natural_order(fields: &Map) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        let mut at = entries.len();
        while at > 0 && compare_keys(key, entries[at - 1].0) == Ordering::Less {
            at -= 1;
        }
        entries.insert(at, (key, value));
    }
    entries
}

fn compare_keys(a: &str, b: &str) -> Ordering {
    let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).map(|(x, _)| x.len_utf8()).sum();
    let (before, a, b) = (&a[..same], &a[same..], &b[same..]);
    let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => x.cmp(&y),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let zero_inside_number =
                (x == '0' || y == '0') && before.chars().rev().take_while(char::is_ascii_digit).any(|c| c != '0');
            let start = i64::from(zero_inside_number);
            number_at(a, start).cmp(&number_at(b, start)).then(x.cmp(&y))
        }
    }
}

/// Returns the number at the beginning of a text, whose digits follow those of `start`, and how many these are.
fn number_at(text: &str, start: i64) -> (i64, usize) {
    let digits = text.chars().map_while(|c| c.to_digit(10));
    digits.fold((start, 0), |(value, end), digit| (value.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1))
}
