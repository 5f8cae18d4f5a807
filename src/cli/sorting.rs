//! `--sort-by`: orders objects by the value of a field.
//!
//! Upstream: `kubectl/pkg/cmd/get/sorter.go`.

use std::cmp::Ordering;

use super::{CliError, CliResult};
use kctl_base::json::Value;
use kctl_base::jsonpath::{JsonPath, relaxed};
use kctl_base::quantity::Quantity;

/// Sorts items by a field of their objects. Objects without the field come first.
///
/// # Errors
/// The path is invalid, or no object has the field.
pub(crate) fn sort_by<T>(things: &mut [T], object: impl Fn(&T) -> &Value, field: &str) -> CliResult<()> {
    let path = relaxed(field).map_err(CliError::new)?;
    let parsed = JsonPath::parse(&path).map_err(CliError::new)?;
    if things.is_empty() {
        return Ok(());
    }
    let mut keys = Vec::with_capacity(things.len());
    for thing in things.iter() {
        let found = parsed.find(object(thing)).map_err(CliError::new)?;
        keys.push(found.into_iter().next().and_then(|group| group.into_iter().next()));
    }
    if keys.iter().all(Option::is_none) {
        return Err(CliError::new(format!("couldn't find any field with path \"{path}\" in the list of objects")));
    }
    let mut order: Vec<usize> = (0..things.len()).collect();
    order.sort_by(|a, b| match (&keys[*a], &keys[*b]) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    permute(things, order);
    Ok(())
}

/// Permutes `things` into the order `order[0], order[1], ...` in place.
fn permute<T>(things: &mut [T], order: Vec<usize>) {
    let mut at: Vec<usize> = (0..things.len()).collect();
    let mut of: Vec<usize> = at.clone();
    for (target, wanted) in order.into_iter().enumerate() {
        let from = at[wanted];
        things.swap(target, from);
        let moved = of[target];
        (of[target], of[from]) = (wanted, moved);
        (at[wanted], at[moved]) = (target, from);
    }
}

/// Compares two values of a field: numbers and quantities by amount, other strings in natural order, lists item by item.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().partial_cmp(&y.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::String(x), Value::String(y)) => match (quantity(a), quantity(b)) {
            (Some(x), Some(y)) => x.sub(&y).signum().cmp(&0),
            _ => natural(x, y),
        },
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => {
            let differs = x.iter().zip(y).map(|(x, y)| compare(x, y)).find(|o| o.is_ne());
            differs.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        _ => Ordering::Equal,
    }
}

fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::from_value(value).ok()
}

/// Natural order of strings, in which digits count as numbers: `a2` precedes `a10`.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(p), Some(q)) = (x.first(), y.first()) else { return x.len().cmp(&y.len()).then_with(|| a.cmp(b)) };
        if p.is_ascii_digit() && q.is_ascii_digit() {
            let (m, n) = (digits(x), digits(y));
            let (v, w) = (zeroless(&x[..m]), zeroless(&y[..n]));
            let order = v.len().cmp(&w.len()).then_with(|| v.cmp(w));
            if order.is_ne() {
                return order;
            }
            (x, y) = (&x[m..], &y[n..]);
        } else if p == q {
            (x, y) = (&x[1..], &y[1..]);
        } else {
            return p.cmp(q);
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|c| c.is_ascii_digit()).count()
}

fn zeroless(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|c| **c == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn sorted(values: Vec<Value>, field: &str) -> String {
        let mut objects: Vec<Value> = values.into_iter().map(|v| json!({"v": v, "n": [{"v": 1}]})).collect();
        match sort_by(&mut objects, |o| o, field) {
            Ok(()) => objects.iter().map(|o| o["v"].to_string()).collect::<Vec<_>>().join(" "),
            Err(error) => error.message(),
        }
    }

    #[test]
    fn values_sort_as_in_kubectl() {
        let cases = [
            (vec![json!(10), json!(9), json!(-1)], "-1 9 10"),
            (vec![json!("web-10"), json!("web-2")], "\"web-2\" \"web-10\""),
            (vec![json!("1Gi"), json!("500Mi"), json!("2")], "\"2\" \"500Mi\" \"1Gi\""),
            (
                vec![json!("2026-01-02T00:00:00Z"), json!("2025-12-31T00:00:00Z")],
                "\"2025-12-31T00:00:00Z\" \"2026-01-02T00:00:00Z\"",
            ),
            (vec![json!(true), json!(false)], "false true"),
        ];
        for (values, expected) in cases {
            assert_eq!(sorted(values, "v"), expected);
        }
    }

    #[test]
    fn a_field_that_nobody_has_is_an_error() {
        let error = "error: couldn't find any field with path \"{.a.b}\" in the list of objects\n";
        assert_eq!(sorted(vec![json!(1)], ".a.b"), error);
    }

    #[test]
    fn all_orders_can_be_made() {
        let mut letters = ['a', 'b', 'c', 'd', 'e'];
        permute(&mut letters, vec![3, 0, 4, 1, 2]);
        assert_eq!(letters, ['d', 'a', 'e', 'b', 'c']);
    }
}
