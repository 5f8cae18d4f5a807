//! Sets of fields, and their FieldsV1 form.
//!
//! A set is a tree. Each step is kept in its written form: `f:name` for a field, `k:{"name":"x"}` for an item of a list of
//! objects, `v:"x"` for a value in a list; a step is in the set itself, or only leads to steps that are.

use crate::json::{Map, SharedStr, Value};
use std::collections::BTreeMap;

/// A set of fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    steps: BTreeMap<SharedStr, Node>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    member: bool,
    below: FieldSet,
}

/// The FieldsV1 form of a set.
pub(super) type Written = Map;

/// How FieldsV1 writes that a field below which there are others is in the set itself.
const ITSELF: &str = ".";

/// The step to a field of an object.
pub fn field_step(name: &str) -> SharedStr {
    SharedStr::from_iter(["f:", name])
}

/// The step to an item of a list, identified by some of its fields, which are written in the order of their names.
pub fn key_step(mut keys: Vec<(&str, Value)>) -> SharedStr {
    keys.sort_by_key(|(name, _)| *name);
    let mut step = b"k:{".to_vec();
    for (index, (name, value)) in keys.iter().enumerate() {
        step.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
        step.extend_from_slice(name.as_bytes());
        step.extend_from_slice(b"\":");
        write_json(&mut step, value);
    }
    step.push(b'}');
    String::from_utf8_lossy(&step).into()
}

/// The step to a value in a list.
pub fn value_step(value: &Value) -> SharedStr {
    let mut step = b"v:".to_vec();
    write_json(&mut step, value);
    String::from_utf8_lossy(&step).into()
}

fn write_json(to: &mut Vec<u8>, value: &Value) {
    // Writing into memory fails only where a key is no text, and all keys are.
    drop(serde_json::to_writer(to, value));
}

impl FieldSet {
    /// The set of these fields, each a path of field names (`["metadata", "name"]`).
    pub fn of_fields<'a>(paths: &[impl AsRef<[&'a str]>]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            set.insert(&path.as_ref().iter().map(|name| field_step(name)).collect::<Vec<_>>());
        }
        set
    }

    /// Reads the FieldsV1 form; what is no step there is skipped.
    pub fn from_fields_v1(fields: &Value) -> FieldSet {
        let mut set = FieldSet::default();
        for (step, below) in fields.as_object().into_iter().flatten() {
            let Some(step) = normal_step(step) else { continue };
            let node = Node { below: FieldSet::from_fields_v1(below), member: is_member(below) };
            set.steps.insert(step, node);
        }
        set
    }

    /// Writes the FieldsV1 form.
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(self.write())
    }

    fn write(&self) -> Written {
        let field =
            |(step, node): (&SharedStr, &Node)| Some((step.clone(), written(node.below.write(), node.member)?.into()));
        self.steps.iter().filter_map(field).collect()
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Puts a field into the set.
    pub fn insert(&mut self, path: &[SharedStr]) {
        let Some((step, rest)) = path.split_first() else { return };
        let node = self.steps.entry(step.clone()).or_default();
        match rest {
            [] => node.member = true,
            rest => node.below.insert(rest),
        }
    }

    /// Whether the field at this path is in the set.
    pub fn contains(&self, path: &[SharedStr]) -> bool {
        match path {
            [] => false,
            [step] => self.has_member(step),
            [step, rest @ ..] => self.below(step).is_some_and(|below| below.contains(rest)),
        }
    }

    /// Whether a single step is in the set.
    pub fn has_member(&self, step: &str) -> bool {
        self.steps.get(step).is_some_and(|node| node.member)
    }

    /// What the set has below a step.
    pub fn below(&self, step: &str) -> Option<&FieldSet> {
        self.steps.get(step).map(|node| &node.below).filter(|below| !below.is_empty())
    }

    /// What is in either set.
    pub fn union(&self, other: &FieldSet) -> FieldSet {
        let mut all = self.clone();
        for (step, theirs) in &other.steps {
            let node = all.steps.entry(step.clone()).or_default();
            node.member |= theirs.member;
            node.below = node.below.union(&theirs.below);
        }
        all
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        self.combined(other, |ours, theirs| Node {
            member: ours.member && theirs.member,
            below: ours.below.intersection(&theirs.below),
        })
    }

    /// What is here and not in the other set; what is below a field of the other set stays.
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        self.combined(other, |ours, theirs| Node {
            member: ours.member && !theirs.member,
            below: ours.below.difference(&theirs.below),
        })
    }

    /// What is here and neither in the other set nor below something in it.
    pub fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        self.combined(other, |ours, theirs| match theirs.member {
            true => Node::default(),
            false => Node { member: ours.member, below: ours.below.recursive_difference(&theirs.below) },
        })
    }

    /// The paths of all fields in the set; on each level the fields themselves come before what is below others.
    pub fn paths(&self) -> Vec<Vec<SharedStr>> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &mut Vec<SharedStr>, paths: &mut Vec<Vec<SharedStr>>) {
        for (step, _) in self.steps.iter().filter(|(_, node)| node.member) {
            paths.push(prefix.iter().chain([step]).cloned().collect());
        }
        for (step, node) in &self.steps {
            prefix.push(step.clone());
            node.below.collect_paths(prefix, paths);
            prefix.pop();
        }
    }

    /// The same set with every step put in for which `named` says so; it is given the path of the parents and the step.
    pub(super) fn with_steps(&self, named: &impl Fn(&[SharedStr], &str) -> bool) -> FieldSet {
        self.with_steps_below(&mut Vec::new(), named)
    }

    fn with_steps_below(&self, parents: &mut Vec<SharedStr>, named: &impl Fn(&[SharedStr], &str) -> bool) -> FieldSet {
        let mut set = FieldSet::default();
        for (step, node) in &self.steps {
            let member = node.member || named(parents, step);
            parents.push(step.clone());
            let below = node.below.with_steps_below(parents, named);
            parents.pop();
            set.steps.insert(step.clone(), Node { member, below });
        }
        set
    }

    /// Combines each step with that of the other set, and drops the steps that lead nowhere.
    fn combined(&self, other: &FieldSet, combine: impl Fn(&Node, &Node) -> Node) -> FieldSet {
        let nothing = Node::default();
        let steps = self.steps.iter().map(|(step, ours)| {
            let theirs = other.steps.get(step).unwrap_or(&nothing);
            (step.clone(), combine(ours, theirs))
        });
        FieldSet { steps: steps.filter(|(_, node)| node.member || !node.below.is_empty()).collect() }
    }
}

/// The FieldsV1 form of a field: what is below it, and whether it is in the set itself; none if it leads to nothing.
pub(super) fn written(mut below: Written, itself: bool) -> Option<Written> {
    if below.is_empty() {
        return itself.then_some(below);
    }
    mark(&mut below, itself);
    Some(below)
}

/// Puts everything of another set into the FieldsV1 form of one.
pub(super) fn unite_written(fields: &mut Written, other: &Written) {
    for (step, theirs) in other.iter().filter(|(step, _)| *step != ITSELF) {
        let (Some(below), Some(theirs)) = (fields.get_mut(step).and_then(Value::as_object_mut), theirs.as_object())
        else {
            fields.insert(step.clone(), theirs.clone());
            continue;
        };
        let member = is_member_written(below) || is_member_written(theirs);
        unite_written(below, theirs);
        mark(below, member);
    }
}

/// Takes everything of another set out of the FieldsV1 form of one, and the steps that lead nowhere without it.
pub(super) fn subtract_written(fields: &mut Written, other: &Written) {
    for (step, theirs) in other.iter().filter(|(step, _)| *step != ITSELF) {
        let (Some(below), Some(theirs)) = (fields.get_mut(step).and_then(Value::as_object_mut), theirs.as_object())
        else {
            continue;
        };
        let member = is_member_written(below) && !is_member_written(theirs);
        subtract_written(below, theirs);
        mark(below, member);
        if below.is_empty() && !member {
            fields.remove(step);
        }
    }
}

/// Writes down whether a field is in the set itself, given what is below it.
fn mark(below: &mut Written, member: bool) {
    let others = below.len() - usize::from(below.contains_key(ITSELF));
    match member && others > 0 {
        true => drop(below.insert(ITSELF, Value::Object(Written::new()))),
        false => drop(below.remove(ITSELF)),
    }
}

fn is_member_written(below: &Written) -> bool {
    below.is_empty() || below.contains_key(ITSELF)
}

/// A field is in the set when it says so, or when nothing is below it.
fn is_member(below: &Value) -> bool {
    below.as_object().is_none_or(is_member_written)
}

/// The step in the one form it has here, whatever order its keys were written in.
fn normal_step(step: &str) -> Option<SharedStr> {
    let (kind, content) = step.split_once(':')?;
    match kind {
        "f" | "i" => Some(step.into()),
        "k" | "v" => serde_json::from_str::<Value>(content).ok().map(|content| format!("{kind}:{content}").into()),
        _ => None,
    }
}

/// A path as messages show it: `.spec.containers[name="nginx"].image`.
pub fn show_path(path: &[SharedStr]) -> String {
    path.iter().map(|step| show_step(step)).collect()
}

fn show_step(step: &str) -> String {
    let (kind, content) = step.split_once(':').unwrap_or(("f", step));
    match kind {
        "k" => {
            let keys: Map = serde_json::from_str(content).unwrap_or_default();
            let keys = keys.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
            format!("[{}]", keys.join(","))
        }
        "v" => format!("[={content}]"),
        "i" => format!("[{content}]"),
        _ => format!(".{content}"),
    }
}

#[cfg(test)]
mod tests {
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
        let shown: Vec<String> = set.paths().iter().map(|path| show_path(path)).collect();
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
    fn a_recursive_difference_takes_everything_below() {
        let set = FieldSet::of_fields(&[&["status", "a"][..], &["status", "b"], &["spec"]]);
        let status = FieldSet::of_fields(&[&["status"]]);
        assert_eq!(set.difference(&status), set);
        assert_eq!(set.recursive_difference(&status), FieldSet::of_fields(&[&["spec"]]));
    }

    fn any_set() -> impl Strategy<Value = FieldSet> {
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
        fn written_sets_change_as_sets_do(a in any_set(), b in any_set()) {
            let (first, second) = (a.to_fields_v1(), b.to_fields_v1());
            let (first, second) = (first.as_object().unwrap(), second.as_object().unwrap());
            let mut written = first.clone();
            unite_written(&mut written, second);
            prop_assert_eq!(Value::Object(written), a.union(&b).to_fields_v1());
            let mut written = first.clone();
            subtract_written(&mut written, second);
            prop_assert_eq!(Value::Object(written), a.difference(&b).to_fields_v1());
        }
    }
}
