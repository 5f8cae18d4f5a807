//! JSON patch (RFC 6902), as leniently as the API server and kubectl apply it (`gopkg.in/evanphx/json-patch.v4`).
//!
//! In contrast to the standard, `add` without a value adds null, `copy` from a missing key copies null, `replace` of a
//! missing key adds it, `test` of a missing key for null passes, and negative indexes count from the end. Each
//! operation is converted to its strict form and applied by the `json-patch` crate. A patch is applied completely or
//! not at all.

use json_patch::jsonptr::{PointerBuf, Token};
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

use crate::go;
use crate::json::{self, OBJECT_DEPTH_MAX};

/// The reason why a patch cannot be decoded or applied, with the message of the API server and kubectl.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPatchError {
    /// The patch is not a list of operations.
    #[error("error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}")]
    Decode {
        /// The JSON type that was found.
        found: &'static str,
        /// The Go type that was expected.
        wanted: &'static str,
    },
    /// An operation cannot be applied to the document.
    #[error("{0}")]
    Apply(String),
}

impl JsonPatchError {
    /// Returns whether an operation `test` has found another value.
    pub fn is_failed_test(&self) -> bool {
        matches!(self, JsonPatchError::Apply(why) if why.ends_with(TEST_FAILED))
    }
}

/// The end of the message about another value than that of a `test`.
const TEST_FAILED: &str = ": test failed";

/// Applies a patch to a document.
///
/// # Errors
///
/// Returns an error if the patch is malformed or an operation cannot be applied.
pub fn apply(document: &json::Value, patch: &json::Value) -> Result<json::Value, JsonPatchError> {
    let operations = patch.as_array().ok_or_else(|| decode_error(patch, "[]handlers.jsonPatchOp"))?;
    let not_object = operations.iter().find(|operation| !operation.is_object());
    if let Some(operation) = not_object {
        return Err(decode_error(operation, "handlers.jsonPatchOp"));
    }
    // The crate works on `serde_json` values, so the document is converted once for all operations.
    let mut patched = document.into();
    let mut copied = 0;
    for operation in operations {
        run(&mut patched, &Operation(&operation.into()), &mut copied).map_err(JsonPatchError::Apply)?;
    }
    Ok(patched.into())
}

/// The number of bytes that the `copy` operations of a patch may add, the limit of a request body
/// (`AccumulatedCopySizeLimit`, set in apiserver, `pkg/server/config.go`).
const COPIED_BYTES_MAX: usize = 3 << 20;

/// Returns the depth of a value, and its size in bytes as JSON.
fn extent(value: &Value) -> (usize, usize) {
    match value {
        Value::Array(items) => items
            .iter()
            .map(extent)
            .fold((1, 2), |(depth, bytes), (inner, more)| (depth.max(inner + 1), bytes + more + 1)),
        Value::Object(fields) => fields.iter().fold((1, 2), |(depth, bytes), (key, field)| {
            let (inner, more) = extent(field);
            (depth.max(inner + 1), bytes + more + key.len() + 4)
        }),
        Value::String(text) => (0, text.len() + 2),
        _ => (0, 4),
    }
}

fn decode_error(found: &json::Value, wanted: &'static str) -> JsonPatchError {
    JsonPatchError::Decode { found: json::kind_name(found), wanted }
}

/// An operation in its original form.
struct Operation<'a>(&'a Value);

impl<'a> Operation<'a> {
    fn kind(&self) -> &'a str {
        self.0.get("op").and_then(Value::as_str).unwrap_or("unknown")
    }

    fn path(&self) -> Result<&'a str, String> {
        let missing = || format!("{} operation failed to decode path: missing value", self.kind());
        self.0.get("path").and_then(Value::as_str).ok_or_else(missing)
    }

    fn from(&self) -> Result<&'a str, String> {
        let missing =
            || format!("{} operation failed to decode from: operation, missing from field: missing value", self.kind());
        self.0.get("from").and_then(Value::as_str).ok_or_else(missing)
    }

    fn value(&self) -> Value {
        self.0.get("value").cloned().unwrap_or(Value::Null)
    }
}

fn run(document: &mut Value, operation: &Operation, copied: &mut usize) -> Result<(), String> {
    match operation.kind() {
        "add" => {
            let path = operation.path()?;
            let target = Target::find(document, path).ok_or_else(|| {
                format!("add operation does not apply: doc is missing path: \"{path}\": missing value")
            })?;
            add(document, &target, operation.value())
                .map_err(|error| format!("error in add for path: '{path}': {error}"))
        }
        "remove" => {
            let path = operation.path()?;
            let target = Target::find(document, path).ok_or_else(|| {
                format!("remove operation does not apply: doc is missing path: \"{path}\": missing value")
            })?;
            remove(document, &target).map_err(|error| format!("error in remove for path: '{path}': {error}"))
        }
        "replace" => replace(document, operation),
        "move" => relocate(document, operation, None),
        "copy" => relocate(document, operation, Some(copied)),
        "test" => test(document, operation),
        other => Err(format!("Unexpected kind: {other}")),
    }
}

fn replace(document: &mut Value, operation: &Operation) -> Result<(), String> {
    let path = operation.path()?;
    let target = Target::find(document, path)
        .ok_or_else(|| format!("replace operation does not apply: doc is missing path: {path}: missing value"))?;
    let found = target.get(document);
    match found {
        Err(_) => Err(format!("replace operation does not apply: doc is missing key: {path}: missing value")),
        Ok(None) => add(document, &target, operation.value()),
        Ok(Some(_)) => {
            let value = operation.value();
            check_depth(&target, &value)?;
            let path = target.pointer(target.existing_index(document)?);
            apply_strict(document, PatchOperation::Replace(ReplaceOperation { path, value }))
        }
    }
}

/// Copies a value and counts its bytes in `copied`, or moves it for `None`; then it is removed before the target is
/// resolved.
fn relocate(document: &mut Value, operation: &Operation, copied: Option<&mut usize>) -> Result<(), String> {
    let (from, kind, moves) = (operation.from()?, operation.kind(), copied.is_none());
    let source = Target::find(document, from)
        .ok_or_else(|| format!("{kind} operation does not apply: doc is missing from path: {from}: missing value"))?;
    let value = source.get(document).map_err(|error| match moves {
        true => format!("error in move for path: '{}': {error}", source.key),
        false => format!("error in copy for from: '{from}': {error}"),
    })?;
    if let (Some(copied), Some(value)) = (copied, value) {
        *copied += extent(value).1;
        if *copied > COPIED_BYTES_MAX {
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {COPIED_BYTES_MAX}"
            ));
        }
    }
    let value = value.cloned().unwrap_or(Value::Null);
    if moves {
        remove(document, &source).map_err(|error| format!("error in move for path: '{}': {error}", source.key))?;
    }
    let path = operation.path()?;
    let target = Target::find(document, path).ok_or_else(|| {
        format!("{kind} operation does not apply: doc is missing destination path: {path}: missing value")
    })?;
    add(document, &target, value).map_err(|error| match moves {
        true => format!("error in move for path: '{path}': {error}"),
        false => format!("error while adding value during copy: {error}"),
    })
}

fn test(document: &Value, operation: &Operation) -> Result<(), String> {
    let path = operation.path()?;
    let target = Target::find(document, path)
        .ok_or_else(|| format!("test operation does not apply: is missing path: {path}: missing value"))?;
    let found = target.get(document).map_err(|error| format!("error in test for path: '{path}': {error}"))?;
    if found.unwrap_or(&Value::Null) == &operation.value() {
        return Ok(());
    }
    Err(format!("testing value {path} failed{TEST_FAILED}"))
}

/// Rejects a value that would be nested too deeply; a patch that copies a value into itself doubles its depth.
fn check_depth(target: &Target, value: &Value) -> Result<(), String> {
    let depth = target.parents.len() + 1 + extent(value).0;
    if depth > OBJECT_DEPTH_MAX { Err("exceeded max depth".to_owned()) } else { Ok(()) }
}

fn add(document: &mut Value, target: &Target, value: Value) -> Result<(), String> {
    check_depth(target, &value)?;
    let key = match target.container(document) {
        Some(Value::Array(items)) if target.key != "-" => {
            let index = parse_index(&target.key)
                .map_err(|error| format!("value was not a proper array index: '{}': {error}", target.key))?;
            // The index after the last item is valid, for appending.
            to_index(index, items.len() + 1)?.to_string()
        }
        _ => target.key.clone(),
    };
    apply_strict(document, PatchOperation::Add(AddOperation { path: target.pointer(key), value }))
}

fn remove(document: &mut Value, target: &Target) -> Result<(), String> {
    if let (Some(Value::Object(fields)), key) = (target.container(document), &target.key)
        && !fields.contains_key(key)
    {
        return Err(format!("Unable to remove nonexistent key: {key}: missing value"));
    }
    let path = target.pointer(target.existing_index(document)?);
    apply_strict(document, PatchOperation::Remove(RemoveOperation { path }))
}

fn apply_strict(document: &mut Value, operation: PatchOperation) -> Result<(), String> {
    json_patch::patch(document, &[operation]).map_err(|error| error.to_string())
}

/// The target of an operation: an existing container, and a key that may be missing.
struct Target {
    parents: Vec<String>,
    key: String,
}

impl Target {
    /// Resolves a path; `None` if the container does not exist, or for the root, which has none.
    fn find(document: &Value, path: &str) -> Option<Target> {
        let mut keys: Vec<String> = path.split('/').skip(1).map(unescape).collect();
        let key = keys.pop()?;
        let mut parents = Vec::new();
        let mut container = document;
        for parent in keys {
            let here = Target { parents: parents.clone(), key: parent };
            container = here.get(document).ok()??;
            parents.push(here.existing_index(document).ok()?);
        }
        matches!(container, Value::Object(_) | Value::Array(_)).then_some(Target { parents, key })
    }

    fn container<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        let parents = self.parents.iter();
        document.pointer(&parents.map(|key| format!("/{}", Token::new(key.as_str()).encoded())).collect::<String>())
    }

    /// Returns the value at the key; `None` for a missing key of an object.
    fn get<'a>(&self, document: &'a Value) -> Result<Option<&'a Value>, String> {
        match self.container(document) {
            Some(Value::Object(fields)) => Ok(fields.get(&self.key)),
            Some(Value::Array(items)) => Ok(items.get(to_index(parse_index(&self.key)?, items.len())?)),
            _ => Ok(None),
        }
    }

    /// Returns the key; negative list indexes are converted to non-negative ones.
    fn existing_index(&self, document: &Value) -> Result<String, String> {
        match self.container(document) {
            Some(Value::Array(items)) => Ok(to_index(parse_index(&self.key)?, items.len())?.to_string()),
            _ => Ok(self.key.clone()),
        }
    }

    fn pointer(&self, key: String) -> PointerBuf {
        PointerBuf::from_tokens(self.parents.iter().chain([&key]).map(String::as_str))
    }
}

fn parse_index(key: &str) -> Result<i64, String> {
    key.parse().map_err(|_| format!("strconv.Atoi: parsing {}: invalid syntax", go::quote(key)))
}

/// Converts an index from either end to a position below `length`.
fn to_index(index: i64, length: usize) -> Result<usize, String> {
    let from_start = usize::try_from(index).ok();
    let from_end = usize::try_from(index.unsigned_abs()).ok().and_then(|back| length.checked_sub(back));
    let position = if index < 0 { from_end } else { from_start };
    position
        .filter(|position| *position < length)
        .ok_or_else(|| format!("Unable to access invalid index: {index}: invalid index referenced"))
}

fn unescape(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn operations_change_the_document() {
        let cases = [
            (json!({}), json!([{"op": "add", "path": "/a", "value": 1}]), json!({"a": 1})),
            (json!({}), json!([{"op": "add", "path": "/a"}]), json!({"a": null})),
            (json!({"a": {}}), json!([{"op": "add", "path": "/a/x~1y~0z", "value": 1}]), json!({"a": {"x/y~z": 1}})),
            (json!({"a": [1, 2]}), json!([{"op": "add", "path": "/a/-", "value": 3}]), json!({"a": [1, 2, 3]})),
            (json!({"a": [1, 2]}), json!([{"op": "add", "path": "/a/-1", "value": 3}]), json!({"a": [1, 2, 3]})),
            (json!({"a": [1, 2]}), json!([{"op": "add", "path": "/a/0", "value": 3}]), json!({"a": [3, 1, 2]})),
            (json!({"a": [1, 2]}), json!([{"op": "remove", "path": "/a/-1"}]), json!({"a": [1]})),
            (
                json!({"a": [{"b": 1}]}),
                json!([{"op": "replace", "path": "/a/-1/b", "value": 2}]),
                json!({"a": [{"b": 2}]}),
            ),
            (json!({"a": 1}), json!([{"op": "replace", "path": "/b", "value": 2}]), json!({"a": 1, "b": 2})),
            (json!({"a": 1}), json!([{"op": "move", "from": "/a", "path": "/b"}]), json!({"b": 1})),
            (json!({"a": 1}), json!([{"op": "copy", "from": "/x", "path": "/b"}]), json!({"a": 1, "b": null})),
            (json!({"a": 1}), json!([{"op": "test", "path": "/x", "value": null}]), json!({"a": 1})),
            (json!({"a": [1]}), json!([{"op": "test", "path": "/a", "value": [1]}]), json!({"a": [1]})),
        ];
        for (document, patch, expected) in cases {
            assert_eq!(apply(&document, &patch), Ok(expected), "{document} with {patch}");
        }
    }

    #[test]
    fn copies_are_bounded_in_size_and_depth() {
        let wide = json!({"op": "copy", "from": "/a", "path": "/a/-"});
        let error = apply(&json!({"a": ["x".repeat(1000)]}), &vec![wide; 64].into()).expect_err("too large");
        assert!(error.to_string().starts_with("Unable to complete the copy, the accumulated size increase"), "{error}");
        let nest = || (0..OBJECT_DEPTH_MAX - 1).fold(json!(1), |inner, _| json!({"b": inner}));
        let copy = json!([{"op": "copy", "from": "/a", "path": "/a/b/b"}]);
        let error = json::on_deep_stack(|| apply(&json!({"a": nest()}), &copy).map(drop)).expect("a stack");
        let error = error.expect_err("too deep");
        assert!(error.to_string().ends_with("exceeded max depth"), "{error}");
    }

    #[test]
    fn error_messages_match_kubectl() {
        let document = json!({"metadata": {"name": "x", "labels": {}}, "list": [1]});
        let cases = [
            (
                json!({"op": "test", "path": "/metadata/name", "value": "y"}),
                "testing value /metadata/name failed: test failed",
            ),
            (
                json!({"op": "remove", "path": "/metadata/labels/nope"}),
                "error in remove for path: '/metadata/labels/nope': Unable to remove nonexistent key: nope: missing value",
            ),
            (
                json!({"op": "add", "path": "/spec/a", "value": 1}),
                "add operation does not apply: doc is missing path: \"/spec/a\": missing value",
            ),
            (
                json!({"op": "add", "path": "", "value": 1}),
                "add operation does not apply: doc is missing path: \"\": missing value",
            ),
            (
                json!({"op": "replace", "path": "/list/3", "value": 1}),
                "replace operation does not apply: doc is missing key: /list/3: missing value",
            ),
            (
                json!({"op": "add", "path": "/list/3", "value": 1}),
                "error in add for path: '/list/3': Unable to access invalid index: 3: invalid index referenced",
            ),
            (
                json!({"op": "add", "path": "/list/x", "value": 1}),
                "error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            (
                json!({"op": "move", "from": "/list/7", "path": "/a"}),
                "error in move for path: '7': Unable to access invalid index: 7: invalid index referenced",
            ),
            (json!({"op": "add", "value": 1}), "add operation failed to decode path: missing value"),
            (json!({"op": "strange", "path": "/a"}), "Unexpected kind: strange"),
            (json!({"path": "/a"}), "Unexpected kind: unknown"),
        ];
        for (operation, expected) in cases {
            assert_eq!(apply(&document, &json!([operation])).unwrap_err().to_string(), expected);
        }
        let decode = apply(&document, &json!({"op": "remove", "path": "/a"})).unwrap_err();
        assert_eq!(
            decode.to_string(),
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        );
    }
}
