//! What selects a node: its name and its labels.

use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use serde::{Deserialize, Serialize};

/// The labels of a node as one text, `key=value key=value`, which is decoded at once. Neither keys nor values have spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Labels(SharedStr);

impl Labels {
    /// Reads the labels of a node.
    pub(super) fn of(node: &Object) -> Labels {
        let labels = node.map("/metadata/labels").into_iter().flatten();
        let pairs = labels.filter_map(|(key, value)| Some([key, "=", value.as_str()?].concat()));
        Labels(pairs.collect::<Vec<String>>().join(" ").into())
    }

    /// Returns the value of a label.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.split(' ').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    }
}

/// What node selectors select a node by.
#[derive(Clone, Copy)]
pub(in crate::controllers) struct NodeIdentity<'a> {
    pub(super) name: &'a str,
    labels: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Labels(&'a Labels),
    /// `metadata.labels`.
    Value(&'a Value),
}

impl<'a> NodeIdentity<'a> {
    pub(super) fn new(name: &'a str, labels: &'a Labels) -> NodeIdentity<'a> {
        NodeIdentity { name, labels: Source::Labels(labels) }
    }

    /// Returns the value of a label.
    pub(super) fn label(self, key: &str) -> Option<&'a str> {
        match self.labels {
            Source::Labels(labels) => labels.get(key),
            Source::Value(labels) => labels.get(key)?.as_str(),
        }
    }
}

impl<'a> From<&'a Object> for NodeIdentity<'a> {
    fn from(node: &'a Object) -> NodeIdentity<'a> {
        NodeIdentity { name: node.name(), labels: Source::Value(&node["metadata"]["labels"]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn labels_are_found_by_their_whole_key() {
        let node =
            json!({"metadata": {"name": "n", "labels": {"a/zone": "x", "zone": "y", "zone-2": "z", "empty": ""}}});
        let labels = Labels::of(&node);
        for key in ["a/zone", "zone", "zone-2", "empty", "zon", "one", "zone=y", "x", ""] {
            assert_eq!(labels.get(key), node.label(key), "{key}");
            assert_eq!(NodeIdentity::new("n", &labels).label(key), NodeIdentity::from(&node).label(key), "{key}");
        }
        assert_eq!(Labels::of(&json!({})).get("zone"), None);
    }
}
