//! `--sort-by`: orders objects by the value of a field.
//!
//! Upstream: `kubectl/pkg/cmd/get/sorter.go`.

use std::cmp::Ordering;

use super::{CliError, Ctx};
use crate::klog::{self, Site};
use kctl_base::json::Value;
use kctl_base::jsonpath::{JsonPath, relaxed};
use kctl_base::order::Order as _;
use kctl_base::quantity::Quantity;

/// The length up to which Go's `sort.Sort` is an insertion sort. Its result differs from that of other algorithms where
/// the order contradicts itself.
const INSERTION_MAX: usize = 12;

/// The reason why objects were not sorted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unsorted {
    /// The path is invalid, or no object has the field: the message.
    Path(String),
    /// Two values cannot be compared: the path, and the reason.
    Values(String, String),
}

impl Unsorted {
    /// Returns the error of the command. Values that cannot be compared end kubectl by a log statement, which names the
    /// Go type that is sorted.
    pub(crate) fn into_error(self, ctx: &mut Ctx, site: Site, go_type: &str) -> CliError {
        let (path, reason) = match self {
            Unsorted::Path(message) => return CliError::new(message),
            Unsorted::Values(path, reason) => (path, reason),
        };
        let message = format!("Field {path} in {go_type} is an unsortable type: interface, err: {reason}");
        match ctx.now() {
            Ok(now) => CliError::line(klog::line(now, site, &message)),
            Err(error) => error,
        }
    }
}

/// Sorts items by a field of their objects. Objects without the field come first.
///
/// # Errors
/// The path is invalid, no object has the field, or its values cannot be compared.
pub(crate) fn sort_by<T>(things: &mut [T], object: impl Fn(&T) -> &Value, field: &str) -> Result<(), Unsorted> {
    let path = relaxed(field).map_err(|e| Unsorted::Path(e.to_string()))?;
    let parsed = JsonPath::parse(&path).map_err(|e| Unsorted::Path(e.to_string()))?;
    if things.is_empty() {
        return Ok(());
    }
    let mut keys = Vec::with_capacity(things.len());
    for thing in things.iter() {
        let found = parsed.find(object(thing)).map_err(|e| Unsorted::Path(e.to_string()))?;
        keys.push(found.into_iter().next().and_then(|group| group.into_iter().next()));
    }
    if keys.iter().all(Option::is_none) {
        return Err(Unsorted::Path(format!("couldn't find any field with path \"{path}\" in the list of objects")));
    }
    let order = order_of(&keys).map_err(|reason| Unsorted::Values(path, reason))?;
    permute(things, order);
    Ok(())
}

/// Returns the indices of keys in their order.
///
/// # Errors
/// The reason why two keys cannot be compared.
fn order_of(keys: &[Option<Value>]) -> Result<Vec<usize>, String> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    if keys.len() <= INSERTION_MAX {
        for end in 1..order.len() {
            let mut at = end;
            while at > 0 && precedes(&keys[order[at]], &keys[order[at - 1]])? {
                order.swap(at, at - 1);
                at -= 1;
            }
        }
        return Ok(order);
    }
    let mut failed = None;
    order.order_by(|a, b| match (&keys[*a], &keys[*b]) {
        (Some(a), Some(b)) => compare(a, b).unwrap_or_else(|reason| {
            failed = Some(reason);
            Ordering::Equal
        }),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    failed.map_or(Ok(order), Err)
}

/// Returns whether a key precedes another one. A missing one precedes everything, other missing ones too.
fn precedes(a: &Option<Value>, b: &Option<Value>) -> Result<bool, String> {
    match (a, b) {
        (None, _) => Ok(true),
        (Some(_), None) => Ok(false),
        (Some(a), Some(b)) => compare(a, b).map(Ordering::is_lt),
    }
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

/// Compares two values of a field: numbers and quantities by amount, other strings in natural order.
///
/// # Errors
/// The Go type of a value that has no order, or the values have different types.
fn compare(a: &Value, b: &Value) -> Result<Ordering, String> {
    match (a, b) {
        (Value::Null, Value::Null) => Ok(Ordering::Equal),
        (Value::Null, _) => Ok(Ordering::Less),
        (_, Value::Null) => Ok(Ordering::Greater),
        (Value::Number(x), Value::Number(y)) => Ok(match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().partial_cmp(&y.as_f64()).unwrap_or(Ordering::Equal),
        }),
        (Value::String(x), Value::String(y)) => Ok(match (quantity(a), quantity(b)) {
            (Some(x), Some(y)) => x.sub(&y).signum().cmp(&0),
            _ => natural(x, y),
        }),
        (Value::Bool(_), _) => Err("unsortable type: bool".into()),
        (Value::Array(_), _) => Err("unsortable type: []interface {}".into()),
        (Value::Object(_), _) => Err("unsortable type: map[string]interface {}".into()),
        _ => Err("unsortable interface: interface".into()),
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
            Err(Unsorted::Path(message)) => message,
            Err(Unsorted::Values(path, reason)) => format!("{path}: {reason}"),
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
        ];
        for (values, expected) in cases {
            assert_eq!(sorted(values, "v"), expected);
        }
    }

    #[test]
    fn a_field_that_nobody_has_is_an_error() {
        let error = "couldn't find any field with path \"{.a.b}\" in the list of objects";
        assert_eq!(sorted(vec![json!(1)], ".a.b"), error);
    }

    #[test]
    fn values_without_an_order_are_errors() {
        let pairs = [
            (json!(true), json!(false), "bool"),
            (json!([1]), json!([2]), "[]interface {}"),
            (json!({"a": 1}), json!({"a": 2}), "map[string]interface {}"),
        ];
        for (a, b, go_type) in pairs {
            assert_eq!(sorted(vec![a.clone(), b], "v"), format!("{{.v}}: unsortable type: {go_type}"));
            assert_eq!(sorted(vec![a.clone()], "v"), a.to_string(), "a single value is not compared");
        }
        assert_eq!(sorted(vec![json!(1), json!("a")], "v"), "{.v}: unsortable interface: interface");
    }

    #[test]
    fn objects_without_the_field_are_turned_round() {
        let mut objects = [json!({"n": "a"}), json!({"n": "b", "v": 1}), json!({"n": "c"})];
        assert_eq!(sort_by(&mut objects, |o| o, "v"), Ok(()));
        assert_eq!(objects.map(|o| o["n"].as_str().unwrap_or_default().to_owned()), ["c", "a", "b"]);
    }

    #[test]
    fn all_orders_can_be_made() {
        let mut letters = ['a', 'b', 'c', 'd', 'e'];
        permute(&mut letters, vec![3, 0, 4, 1, 2]);
        assert_eq!(letters, ['d', 'a', 'e', 'b', 'c']);
    }
}
