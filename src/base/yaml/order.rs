//! The order of the keys of a mapping (go-yaml v2, `sorter.go`).

use std::cmp::Ordering;

use crate::json::{Map, SharedStr};

/// Returns the keys in go-yaml's order (`keyList.Less`): numbers in them by value, letters after other characters.
///
/// That order is not total for some keys, for which `sort_by` may panic; hence the insertion sort, which is cheap
/// because the keys are already sorted by their bytes.
pub(super) fn natural_order(fields: &Map) -> Vec<&SharedStr> {
    let mut keys: Vec<&SharedStr> = Vec::with_capacity(fields.len());
    for key in fields.keys() {
        let mut at = keys.len();
        while at > 0 && compare_keys(key, keys[at - 1]) == Ordering::Less {
            at -= 1;
        }
        keys.insert(at, key);
    }
    keys
}

fn compare_keys(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => a[at].cmp(&b[at]),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let zero_inside_number = (a[at] == '0' || b[at] == '0')
                && a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|&c| c != '0');
            let start = i64::from(zero_inside_number);
            let (a_value, a_end) = number_at(&a, at, start);
            let (b_value, b_end) = number_at(&b, at, start);
            a_value.cmp(&b_value).then(a_end.cmp(&b_end)).then(a[at].cmp(&b[at]))
        }
    }
}

fn number_at(chars: &[char], at: usize, start: i64) -> (i64, usize) {
    let digits = chars[at..].iter().map_while(|c| c.to_digit(10));
    digits.fold((start, at), |(value, end), digit| (value.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1))
}
