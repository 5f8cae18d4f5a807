//! Lists as sets (`cel-go/ext/sets.go`).

use cel::Value;

use super::{Of, Overload, overload};

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(false, "sets.contains", [Of::List, Of::List] => Of::Bool, |args| {
        Ok(contains(items(args, 0), items(args, 1)).into())
    }),
    overload!(false, "sets.equivalent", [Of::List, Of::List] => Of::Bool, |args| {
        let (one, other) = (items(args, 0), items(args, 1));
        Ok((contains(one, other) && contains(other, one)).into())
    }),
    overload!(false, "sets.intersects", [Of::List, Of::List] => Of::Bool, |args| {
        let other = items(args, 1);
        Ok(items(args, 0).iter().any(|item| other.contains(item)).into())
    }),
];

fn items(args: &[Value], index: usize) -> &[Value] {
    match args.get(index) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// Returns whether all items of the other list are in the list.
fn contains(list: &[Value], other: &[Value]) -> bool {
    other.iter().all(|item| list.contains(item))
}
