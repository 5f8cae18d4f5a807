//! JSON merge patch (RFC 7396): objects are merged, null removes a key, everything else replaces.

use crate::json::{Map, Value};

/// Applies a patch to a document.
pub fn apply(document: &Value, patch: &Value) -> Value {
    let mut patched = serde_json::Value::from(document);
    json_patch::merge(&mut patched, &patch.into());
    patched.into()
}

/// Creates the merge patch that transforms `from` into `to`.
///
/// A null in `to` counts as a missing key, because a merge patch cannot set null.
pub fn create(from: &Map, to: &Map) -> Map {
    let mut patch = Map::new();
    for (key, new) in to {
        match (from.get(key), new) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                patch.insert(key.clone(), Value::Object(create(old, new)));
            }
            _ => {
                patch.insert(key.clone(), new.clone());
            }
        }
    }
    let removed = from.keys().filter(|key| !to.contains_key(key));
    patch.extend(removed.map(|key| (key.clone(), Value::Null)));
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn examples_of_the_rfc() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (document, patch, expected) in cases {
            assert_eq!(apply(&document, &patch), expected, "{document} with {patch}");
        }
    }

    #[test]
    fn created_patches_round_trip() {
        let from = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        let to = json!({"b": {"c": 2, "f": {}}, "e": [2]});
        let patch = Value::Object(create(from.as_object().unwrap(), to.as_object().unwrap()));
        assert_eq!(patch, json!({"a": null, "b": {"d": null, "f": {}}, "e": [2]}));
        assert_eq!(apply(&from, &patch), to);
    }
}
