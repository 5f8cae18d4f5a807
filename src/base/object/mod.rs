//! API objects: JSON values with `apiVersion`, `kind` and `metadata`, and traits to read and write them.
//!
//! Reading never fails: a missing field reads as an empty one. Nothing here depends on a kind.

mod access;
mod meta;
mod owner;

pub use access::{ValueRead, ValueWrite};
pub use meta::ObjectMeta;
pub use owner::OwnerReference;

pub use crate::condition::{condition, condition_is_true};
use crate::json::Value;

/// An API object: a JSON object with `apiVersion`, `kind` and `metadata`.
pub type Object = Value;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn missing_maps_are_created() {
        let mut object = json!({});
        object.put("/metadata/labels/a~1b", "c");
        object.put_default("/metadata/labels/a~1b", "d");
        assert_eq!(object, json!({"metadata": {"labels": {"a/b": "c"}}}));
        assert_eq!(object.remove_at("/metadata/labels/a~1b"), Some("c".into()));
    }

    #[test]
    fn finalizers_are_added_and_removed() {
        let mut object = json!({"metadata": {}});
        object.add_finalizer("x");
        object.add_finalizer("x");
        assert_eq!(object.finalizers(), ["x"]);
        object.remove_finalizer("x");
        assert_eq!(object, json!({"metadata": {}}));
    }
}
