//! Patching an object: the new version is computed from the present one and a patch, then handled like an update
//! (`apiserver/pkg/endpoints/handlers/patch.go`).

use super::{Body, PatchType, Request, Response, Result, Server, decode, limits};
use kctl_base::json::{Map, Value, kind_name};
use kctl_base::object::Object;
use kctl_base::patch;
use kctl_base::patch::{FieldType, StrategicError};
use kctl_base::schema::Schema;
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Kind;

impl Server {
    /// Applies the patch in the body of a request to an object.
    pub(super) fn patch(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let (format, patch) = parse(std::mem::take(&mut request.body))?;
        if format == PatchType::Apply {
            return self.apply(kind, patch, request, now);
        }
        limits::check_patch(format, &patch)?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let base = self.in_version(kind, old.clone(), &request.version);
        let patched = patched(format, decode::root(kind), &base, &patch)?;
        limits::check_depth(&patched)?;
        let patched = decode::typed(kind, format, patched, &base)?;
        let mut warnings = Vec::new();
        let mut new = decode::patched(kind, format, patched, &patch, request, &mut warnings)?;
        self.to_stored_version(kind, &mut new);
        self.set_namespace(kind, &mut new, request)?;
        self.replace(kind, old, new, request, now, warnings)
    }
}

/// Applies a patch to an object; `root` is the schema type of the object, which a strategic merge needs.
pub(super) fn patched(format: PatchType, root: Option<FieldType>, base: &Object, patch: &Value) -> Result<Object> {
    match format {
        PatchType::Merge => Ok(patch::merge::apply(base, patch)),
        PatchType::Json => patch::json::apply(base, patch).map_err(|_| rejected()),
        PatchType::Strategic => match root {
            Some(root) => patch::strategic::apply(Schema::builtin(), &root, base, patch).map_err(strategic_status),
            None => Err(unsupported_media_type()),
        },
        PatchType::Apply => Err(unsupported_media_type()),
    }
}

/// Returns the status of a patch that the API server rejects without details; kubectl prints the message unchanged.
fn rejected() -> Status {
    Status::new(Reason::Invalid, "the server rejected our request due to an error in our request")
}

/// Returns the status of a strategic merge patch that cannot be applied (`interpretStrategicMergePatchError`). Most errors
/// are not classified and count as failures of the server.
fn strategic_status(error: StrategicError) -> Status {
    match error {
        StrategicError::NotAnObject
        | StrategicError::PrimitiveListFormat
        | StrategicError::RetainKeysFormat
        | StrategicError::ElementOrderFormat => Status::bad_request(error.to_string()),
        StrategicError::ListOfLists => rejected(),
        StrategicError::MixedList(_)
        | StrategicError::NoMergeKey { .. }
        | StrategicError::NoKeyDeclared(_)
        | StrategicError::WrongType { .. }
        | StrategicError::UnknownDirective { .. }
        | StrategicError::MergeDirective
        | StrategicError::OrderMismatch { .. } => Status::new(Reason::Unknown, error.to_string()),
    }
}

fn unsupported_media_type() -> Status {
    Status::new(
        Reason::UnsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
}

/// Parses the patch in a body; syntax errors have the messages of Go's decoder.
pub(super) fn parse(body: Body) -> Result<(PatchType, Value)> {
    let (format, patch) = match body {
        Body::Patch(format, patch) => (format, patch),
        Body::PatchText(PatchType::Apply, text) => (PatchType::Apply, decode::yaml(&text)?),
        Body::PatchText(format, text) => {
            let syntax_error = |e| Status::bad_request(decode::go_json_error(&text, &e));
            (format, kctl_base::json::from_str(&text).map_err(syntax_error)?)
        }
        Body::None | Body::Object(_) => {
            return Err(Status::bad_request("the body of the request was in an unknown format"));
        }
    };
    let (decoding, expected) = match (format, &patch) {
        (PatchType::Json, Value::Array(_)) | (PatchType::Apply, _) => return Ok((format, patch)),
        (PatchType::Merge | PatchType::Strategic, Value::Object(_)) => return Ok((format, patch)),
        // Go decodes null as an empty map, which `jsonpatch.MergePatch` refuses.
        (PatchType::Strategic, Value::Null) => return Ok((format, Value::Object(Map::new()))),
        (PatchType::Merge, Value::Null) => return Err(Status::bad_request("Invalid JSON Patch")),
        (PatchType::Json, _) => ("error decoding patch: ", "[]handlers.jsonPatchOp"),
        (PatchType::Strategic, _) => ("", "map[string]interface {}"),
        (_, _) => ("error decoding patch: ", "map[string]interface {}"),
    };
    let found = kind_name(&patch);
    Err(Status::bad_request(format!("{decoding}json: cannot unmarshal {found} into Go value of type {expected}")))
}
