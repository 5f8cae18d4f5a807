//! Distributes endpoints to slices: existing ones stay in their slices, new ones first fill slices that have room
//! (`reconcileByPortMapping` in `k8s.io/endpointslice/reconciler.go`).

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The maximum number of endpoints in a slice (`--max-endpoints-per-slice`).
const ENDPOINTS_MAX: usize = 100;

/// The content of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// The ports of all its endpoints; null for none.
    pub(super) ports: Value,
    /// The endpoints.
    pub(super) endpoints: Vec<Value>,
}

impl Slice {
    /// Reads the content of an EndpointSlice.
    pub(super) fn of(object: &Object) -> Slice {
        let ports = object.get("ports").cloned().unwrap_or(Value::Null);
        Slice { ports, endpoints: object.list("/endpoints").to_vec() }
    }

    /// Writes the content to an EndpointSlice.
    pub(super) fn put_into(self, object: &mut Object) {
        object.put("/ports", self.ports);
        object.put("/endpoints", if self.endpoints.is_empty() { Value::Null } else { Value::from(self.endpoints) });
    }
}

/// A write of a slice; numbers are indices in the list of existing slices.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// Update the slice to this content, unless it has it already.
    Keep(usize, Slice),
    /// Create a slice.
    Create(Slice),
    /// Delete the slice.
    Delete(usize),
}

/// Distributes groups of endpoints with the same ports to existing and new slices.
pub(super) fn plan(present: &[Slice], groups: Vec<(Value, Vec<Value>)>) -> Vec<Write> {
    let mut used = vec![false; present.len()];
    let mut writes = Vec::new();
    let mut new = Vec::new();
    for (ports, mut endpoints) in groups {
        let own = present.iter().enumerate().filter(|(_, s)| s.ports == ports);
        let mut kept: Vec<(usize, Vec<Value>)> = own
            .map(|(index, slice)| {
                let keep = |old: &Value| {
                    let place = endpoints.iter().position(|e| is_same(e, old))?;
                    Some(endpoints.remove(place))
                };
                (index, slice.endpoints.iter().filter_map(keep).collect())
            })
            .collect();
        for (_, list) in kept.iter_mut().rev().filter(|(_, list)| !list.is_empty()) {
            let room = ENDPOINTS_MAX.saturating_sub(list.len()).min(endpoints.len());
            list.extend(endpoints.drain(..room));
        }
        for (index, endpoints) in kept.into_iter().filter(|(_, list)| !list.is_empty()) {
            used[index] = true;
            writes.push(Write::Keep(index, Slice { ports: ports.clone(), endpoints }));
        }
        while !endpoints.is_empty() {
            let rest = endpoints.split_off(endpoints.len().min(ENDPOINTS_MAX));
            new.push(Slice { ports: ports.clone(), endpoints: std::mem::replace(&mut endpoints, rest) });
        }
        if ports.is_null() && writes.is_empty() && new.is_empty() {
            new.push(Slice { ports, endpoints: Vec::new() });
        }
    }
    // A slice that would be deleted is reused for content that would need a new one.
    let mut new = new.into_iter();
    for index in (0..present.len()).filter(|i| !used[*i]) {
        writes.push(match new.next() {
            Some(slice) => Write::Keep(index, slice),
            None => Write::Delete(index),
        });
    }
    writes.extend(new.map(Write::Create));
    writes
}

/// Returns `true` when two endpoints are the same backend.
fn is_same(a: &Value, b: &Value) -> bool {
    a["addresses"] == b["addresses"] && a.str("/targetRef/uid") == b.str("/targetRef/uid")
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn endpoints(range: std::ops::Range<usize>) -> Vec<Value> {
        range.map(|n| json!({"addresses": [n.to_string()]})).collect()
    }

    fn slice(port: i64, range: std::ops::Range<usize>) -> Slice {
        Slice { ports: json!([{"port": port}]), endpoints: endpoints(range) }
    }

    #[test]
    fn endpoints_keep_their_slices_and_new_ones_fill_them() {
        let group = |port: i64, range| (json!([{"port": port}]), endpoints(range));
        let empty = Slice { ports: Value::Null, endpoints: vec![] };
        let cases = [
            (vec![], vec![group(80, 0..2)], vec![Write::Create(slice(80, 0..2))]),
            (
                vec![],
                vec![group(80, 0..250)],
                vec![
                    Write::Create(slice(80, 0..100)),
                    Write::Create(slice(80, 100..200)),
                    Write::Create(slice(80, 200..250)),
                ],
            ),
            (vec![slice(80, 0..2)], vec![group(80, 1..4)], vec![Write::Keep(0, slice(80, 1..4))]),
            (
                vec![slice(80, 0..1)],
                vec![group(80, 0..1), group(81, 1..2)],
                vec![Write::Keep(0, slice(80, 0..1)), Write::Create(slice(81, 1..2))],
            ),
            (vec![slice(80, 0..1)], vec![group(81, 0..1)], vec![Write::Keep(0, slice(81, 0..1))]),
            (vec![slice(80, 0..1)], vec![(Value::Null, vec![])], vec![Write::Keep(0, empty.clone())]),
            (vec![empty.clone()], vec![(Value::Null, vec![])], vec![Write::Keep(0, empty.clone())]),
            (
                vec![slice(80, 0..1), slice(80, 1..2)],
                vec![group(80, 1..2)],
                vec![Write::Keep(1, slice(80, 1..2)), Write::Delete(0)],
            ),
        ];
        for (present, groups, want) in cases {
            assert_eq!(plan(&present, groups), want, "{present:?}");
        }
    }
}
