//! Sets of fields, and their FieldsV1 encoding (structured-merge-diff, `fieldpath/set.go` and `serialize.go`).
//!
//! A set is a tree of path elements in their encoded form: `f:name` for a field, `k:{"name":"x"}` for a list item with
//! keys, `v:"x"` for a value in a list. Each node is a member of the set or only a parent of members.

use crate::json::{Map, SharedStr, Value, append};
use std::collections::BTreeMap;

/// A set of fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    nodes: BTreeMap<SharedStr, Node>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    member: bool,
    below: FieldSet,
}

/// A FieldsV1 object, the JSON encoding of a set.
pub(super) type FieldsV1 = Map;

/// The key that marks a node with children as a member.
pub(super) const MEMBER_MARK: &str = ".";

/// Returns the path element of a field.
pub(super) fn field_element(name: &str) -> SharedStr {
    SharedStr::from_iter(["f:", name])
}

/// Returns the path element of a list item with keys, which are sorted by name.
pub(super) fn key_element(mut keys: Vec<(&str, Value)>) -> SharedStr {
    keys.sort_by_key(|(name, _)| *name);
    let mut element = b"k:{".to_vec();
    for (index, (name, value)) in keys.iter().enumerate() {
        element.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
        element.extend_from_slice(name.as_bytes());
        element.extend_from_slice(b"\":");
        append(value, &mut element);
    }
    element.push(b'}');
    String::from_utf8_lossy(&element).into()
}

/// Returns the path element of a value in a list.
pub(super) fn value_element(value: &Value) -> SharedStr {
    let mut element = b"v:".to_vec();
    append(value, &mut element);
    String::from_utf8_lossy(&element).into()
}

impl FieldSet {
    /// Creates a set from paths of field names (`["metadata", "name"]`).
    pub fn of_fields<'a>(paths: &[impl AsRef<[&'a str]>]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            set.insert(&path.as_ref().iter().map(|name| field_element(name)).collect::<Vec<_>>());
        }
        set
    }

    /// Decodes FieldsV1; invalid path elements are skipped.
    pub fn from_fields_v1(fields: &Value) -> FieldSet {
        let mut set = FieldSet::default();
        for (element, below) in fields.as_object().into_iter().flatten() {
            let Some(element) = normalize_element(element) else { continue };
            let node = Node { below: FieldSet::from_fields_v1(below), member: is_member(below) };
            set.nodes.insert(element, node);
        }
        set
    }

    /// Encodes as FieldsV1.
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(self.write())
    }

    fn write(&self) -> FieldsV1 {
        let field = |(element, node): (&SharedStr, &Node)| {
            Some((element.clone(), encode_node(node.below.write(), node.member)?.into()))
        };
        self.nodes.iter().filter_map(field).collect()
    }

    /// Returns `true` if the set is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a path.
    pub fn insert(&mut self, path: &[SharedStr]) {
        let Some((element, rest)) = path.split_first() else { return };
        let node = self.nodes.entry(element.clone()).or_default();
        match rest {
            [] => node.member = true,
            rest => node.below.insert(rest),
        }
    }

    /// Returns `true` if the path is in the set.
    pub fn contains(&self, path: &[SharedStr]) -> bool {
        match path {
            [] => false,
            [element] => self.has_member(element),
            [element, rest @ ..] => self.below(element).is_some_and(|below| below.contains(rest)),
        }
    }

    /// Returns `true` if a path of one element is in the set.
    #[inline]
    pub(super) fn has_member(&self, element: &str) -> bool {
        self.nodes.get(element).is_some_and(|node| node.member)
    }

    /// Returns the members below an element; `None` if there are none.
    #[inline]
    pub fn below(&self, element: &str) -> Option<&FieldSet> {
        self.nodes.get(element).map(|node| &node.below).filter(|below| !below.is_empty())
    }

    /// Returns the members of either set.
    pub fn union(&self, other: &FieldSet) -> FieldSet {
        let mut all = self.clone();
        all.add(other);
        all
    }

    /// Adds the members of the other set.
    fn add(&mut self, other: &FieldSet) {
        for (element, theirs) in &other.nodes {
            match self.nodes.get_mut(element) {
                Some(node) => {
                    node.member |= theirs.member;
                    node.below.add(&theirs.below);
                }
                None => drop(self.nodes.insert(element.clone(), theirs.clone())),
            }
        }
    }

    /// Returns the members of both sets.
    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        self.combined(other, |ours, theirs| Node {
            member: ours.member && theirs.member,
            below: ours.below.intersection(&theirs.below),
        })
    }

    /// Returns the members that are not in the other set; children of its members are kept.
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        self.combined(other, |ours, theirs| Node {
            member: ours.member && !theirs.member,
            below: ours.below.difference(&theirs.below),
        })
    }

    /// Returns the members that are neither in the other set nor below one of its members.
    pub(super) fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        self.combined(other, |ours, theirs| match theirs.member {
            true => Node::default(),
            false => Node { member: ours.member, below: ours.below.recursive_difference(&theirs.below) },
        })
    }

    /// Returns the paths of all members; at each level members precede the children of other nodes.
    pub fn paths(&self) -> Vec<Vec<SharedStr>> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &mut Vec<SharedStr>, paths: &mut Vec<Vec<SharedStr>>) {
        for (element, _) in self.nodes.iter().filter(|(_, node)| node.member) {
            paths.push(prefix.iter().chain([element]).cloned().collect());
        }
        for (element, node) in &self.nodes {
            prefix.push(element.clone());
            node.below.collect_paths(prefix, paths);
            prefix.pop();
        }
    }

    /// Adds every node for which `named` returns `true`. It receives the state of the parent and the element; `below` computes
    /// the state of the node from them.
    pub(super) fn with_nodes<S>(
        &self,
        state: &S,
        below: &impl Fn(&S, &str) -> S,
        named: &impl Fn(&S, &str) -> bool,
    ) -> FieldSet {
        let mut set = FieldSet::default();
        for (element, node) in &self.nodes {
            let member = node.member || named(state, element);
            let children = match node.below.is_empty() {
                true => FieldSet::default(),
                false => node.below.with_nodes(&below(state, element), below, named),
            };
            set.nodes.insert(element.clone(), Node { member, below: children });
        }
        set
    }

    /// Adds a node, if it has members, to those that the set has already.
    pub(super) fn put(&mut self, element: SharedStr, member: bool, below: FieldSet) {
        if member || !below.is_empty() {
            let node = self.nodes.entry(element).or_default();
            node.member |= member;
            match node.below.is_empty() {
                true => node.below = below,
                false => node.below.add(&below),
            }
        }
    }

    /// Combines each node with that of the other set, and drops nodes without members.
    fn combined(&self, other: &FieldSet, combine: impl Fn(&Node, &Node) -> Node) -> FieldSet {
        let nothing = Node::default();
        let nodes = self.nodes.iter().map(|(element, ours)| {
            let theirs = other.nodes.get(element).unwrap_or(&nothing);
            (element.clone(), combine(ours, theirs))
        });
        FieldSet { nodes: nodes.filter(|(_, node)| node.member || !node.below.is_empty()).collect() }
    }
}

/// Encodes a node from its encoded children and its membership; `None` if it has no members.
pub(super) fn encode_node(mut below: FieldsV1, itself: bool) -> Option<FieldsV1> {
    if below.is_empty() {
        return itself.then_some(below);
    }
    mark_member(&mut below, itself);
    Some(below)
}

/// Encodes a member with its children, sorted by element.
pub(super) fn member_with(children: impl Iterator<Item = (SharedStr, Value)>) -> FieldsV1 {
    let mut children = children.peekable();
    let mark = children.peek().map(|_| (SharedStr::new_static(MEMBER_MARK), Value::Object(FieldsV1::new())));
    mark.into_iter().chain(children).collect()
}

/// Adds all members of another set, in encoded form.
pub(super) fn union_encoded(fields: &mut FieldsV1, other: &FieldsV1) {
    for (element, theirs) in other.iter().filter(|(element, _)| *element != MEMBER_MARK) {
        let (Some(below), Some(theirs)) = (fields.get_mut(element).and_then(Value::as_object_mut), theirs.as_object())
        else {
            fields.insert(element.clone(), theirs.clone());
            continue;
        };
        let member = is_encoded_member(below) || is_encoded_member(theirs);
        union_encoded(below, theirs);
        mark_member(below, member);
    }
}

/// Removes all members of another set and then nodes without members, in encoded form.
pub(super) fn subtract_encoded(fields: &mut FieldsV1, other: &FieldsV1) {
    for (element, theirs) in other.iter().filter(|(element, _)| *element != MEMBER_MARK) {
        let (Some(below), Some(theirs)) = (fields.get_mut(element).and_then(Value::as_object_mut), theirs.as_object())
        else {
            continue;
        };
        let member = is_encoded_member(below) && !is_encoded_member(theirs);
        subtract_encoded(below, theirs);
        mark_member(below, member);
        if below.is_empty() && !member {
            fields.remove(element);
        }
    }
}

/// Marks a node as a member, or removes the mark.
fn mark_member(below: &mut FieldsV1, member: bool) {
    let others = below.len() - usize::from(below.contains_key(MEMBER_MARK));
    match member && others > 0 {
        true => drop(below.insert(MEMBER_MARK, Value::Object(FieldsV1::new()))),
        false => drop(below.remove(MEMBER_MARK)),
    }
}

pub(super) fn is_encoded_member(below: &FieldsV1) -> bool {
    below.is_empty() || below.contains_key(MEMBER_MARK)
}

/// Returns `true` for a node that is marked as a member or has no children.
fn is_member(below: &Value) -> bool {
    below.as_object().is_none_or(is_encoded_member)
}

/// Normalizes a path element, for instance the order of its keys; `None` if it is invalid.
fn normalize_element(element: &str) -> Option<SharedStr> {
    let (kind, content) = element.split_once(':')?;
    match kind {
        "f" | "i" => Some(element.into()),
        "k" | "v" => crate::json::from_str::<Value>(content).ok().map(|content| format!("{kind}:{content}").into()),
        _ => None,
    }
}

/// Formats a path as messages do: `.spec.containers[name="nginx"].image`.
pub(super) fn format_path(path: &[SharedStr]) -> String {
    path.iter().map(|element| format_element(element)).collect()
}

fn format_element(element: &str) -> String {
    let (kind, content) = element.split_once(':').unwrap_or(("f", element));
    match kind {
        "k" => {
            let keys: Map = crate::json::from_str(content).unwrap_or_default();
            let keys = keys.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
            format!("[{}]", keys.join(","))
        }
        "v" => format!("[={content}]"),
        "i" => format!("[{content}]"),
        _ => format!(".{content}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::json::json;
    use proptest::prelude::*;

    #[test]
    fn fields_v1_reads_and_writes() {
        let written = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"nginx\"}": {".": {}, "f:image": {}}}, "f:finalizers": {"v:\"x\"": {}}}
        });
        let set = FieldSet::from_fields_v1(&written);
        assert_eq!(set.to_fields_v1(), written);
        let shown: Vec<String> = set.paths().iter().map(|path| format_path(path)).collect();
        assert_eq!(
            shown,
            [
                ".metadata.labels",
                ".metadata.labels.app",
                ".spec.containers[name=\"nginx\"]",
                ".spec.containers[name=\"nginx\"].image",
                ".spec.finalizers[=\"x\"]",
            ]
        );
        let reordered = json!({"k:{\"protocol\":\"TCP\",\"containerPort\":80}": {}});
        assert_eq!(FieldSet::from_fields_v1(&reordered).paths(), [["k:{\"containerPort\":80,\"protocol\":\"TCP\"}"]]);
    }

    #[test]
    fn a_recursive_difference_removes_all_children() {
        let set = FieldSet::of_fields(&[&["status", "a"][..], &["status", "b"], &["spec"]]);
        let status = FieldSet::of_fields(&[&["status"]]);
        assert_eq!(set.difference(&status), set);
        assert_eq!(set.recursive_difference(&status), FieldSet::of_fields(&[&["spec"]]));
    }

    /// Sets of a few short paths.
    pub(in crate::managed) fn any_set() -> impl Strategy<Value = FieldSet> {
        let path = prop::collection::vec("f:[ab]".prop_map(SharedStr::from), 1..4);
        prop::collection::vec(path, 0..6).prop_map(|paths| {
            let mut set = FieldSet::default();
            paths.iter().for_each(|path| set.insert(path));
            set
        })
    }

    proptest! {
        #[test]
        fn sets_obey_the_laws_of_sets(a in any_set(), b in any_set()) {
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.intersection(&b), b.intersection(&a));
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
            prop_assert!(a.difference(&b).intersection(&b).is_empty());
            prop_assert_eq!(FieldSet::from_fields_v1(&a.to_fields_v1()), a.clone());
        }

        #[test]
        fn encoded_sets_behave_like_sets(a in any_set(), b in any_set()) {
            let (first, second) = (a.to_fields_v1(), b.to_fields_v1());
            let (first, second) = (first.as_object().unwrap(), second.as_object().unwrap());
            let mut written = first.clone();
            union_encoded(&mut written, second);
            prop_assert_eq!(Value::Object(written), a.union(&b).to_fields_v1());
            let mut written = first.clone();
            subtract_encoded(&mut written, second);
            prop_assert_eq!(Value::Object(written), a.difference(&b).to_fields_v1());
        }
    }
}
