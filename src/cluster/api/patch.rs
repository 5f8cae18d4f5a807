//! Patches: the new version is computed from the old one and a patch, then takes the way of an update.

use std::sync::Arc;

use super::{Body, PatchType, Request, Response, Result, Server, decode};
use kctl_base::json::{Value, kind_name};
use kctl_base::object::Object;
use kctl_base::patch;
use kctl_base::schema::Schema;
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Kind;

impl Server {
    pub(super) fn patch(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let Body::Patch(format, text) = &request.body else {
            return Err(Status::bad_request("the body of the request was in an unknown format"));
        };
        if *format == PatchType::Apply {
            return self.apply(kind, text, request, now);
        }
        let parsed = parse(*format, text)?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let base = self.shown(kind, old.clone(), &request.version);
        let patched = self.patched(kind, *format, &base, &parsed)?;
        let mut warnings = Vec::new();
        let mut new = decode::patched(kind, *format, patched, &parsed, &request.options, &mut warnings)?;
        self.to_stored_version(kind, &mut new);
        self.enter_namespace(kind, &mut new, request)?;
        self.replace(kind, old, new, request, now, warnings)
    }

    /// The object after the patch, before decoding and defaulting.
    fn patched(&self, kind: &dyn Kind, format: PatchType, base: &Arc<Object>, parsed: &Value) -> Result<Object> {
        match format {
            PatchType::Merge => Ok(patch::merge::apply(base, parsed)),
            PatchType::Json => patch::json::apply(base, parsed).map_err(|_| {
                // The server says no more than this; kubectl prints it as it is.
                Status::new(Reason::Invalid, "the server rejected our request due to an error in our request")
            }),
            PatchType::Strategic => match decode::root(kind) {
                Some(root) => patch::strategic::apply(Schema::builtin(), &root, base, parsed)
                    .map_err(|e| Status::bad_request(e.to_string())),
                None => Err(Status::new(
                    Reason::UnsupportedMediaType,
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                )),
            },
            PatchType::Apply => Err(Status::internal("apply is no patch")),
        }
    }
}

/// Reads the text of a patch; the errors are those of Go's decoder.
fn parse(format: PatchType, text: &str) -> Result<Value> {
    let value: Value = serde_json::from_str(text).map_err(|e| Status::bad_request(decode::go_json_error(text, &e)))?;
    match (format, &value) {
        (PatchType::Json, Value::Array(_)) => Ok(value),
        (PatchType::Json, other) => {
            let found = kind_name(other);
            Err(Status::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {found} into Go value of type []handlers.jsonPatchOp"
            )))
        }
        (_, Value::Object(_)) => Ok(value),
        (_, other) => {
            let found = kind_name(other);
            Err(Status::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            )))
        }
    }
}
