//! Limits of depth and size where objects enter: the body of a request, and the version that it makes.

use super::{Body, PatchType, Request, Result, Verb};
use kctl_base::field::{self, Path};
use kctl_base::json::{Excess, OBJECT_DEPTH_MAX, Strings, Value, check_limits};
use kctl_base::object::Object;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Kind;

/// Maximum size of a request body (`MaxRequestBodyBytes` in apiserver, `pkg/server/config.go`).
const REQUEST_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Maximum size of an object in etcd (`DefaultMaxRequestBytes` in etcd, `server/embed/config.go`).
const ENTRY_BYTES_MAX: usize = 1536 * 1024;

/// Maximum number of operations of a JSON patch (`maxJSONPatchOperations` in apiserver, `pkg/endpoints/handlers/patch.go`).
const PATCH_OPERATIONS_MAX: usize = 10_000;

/// Rejects a body that is too large or nested too deeply. The control plane derives its objects from accepted ones.
///
/// # Errors
/// Status 413 for a body that is too large, 400 for one that is nested too deeply.
pub(super) fn check_body(request: &Request) -> Result<()> {
    if request.is_from_control_plane() {
        return Ok(());
    }
    let excess = match &request.body {
        Body::None => Ok(()),
        Body::Object(value) | Body::Patch(_, value) => check_limits(value, REQUEST_BYTES_MAX, Strings::Escaped),
        Body::PatchText(_, text) if text.len() > REQUEST_BYTES_MAX => Err(Excess::Size),
        Body::PatchText(..) => Ok(()),
    };
    excess.map_err(|excess| match excess {
        Excess::Depth => too_deep(),
        Excess::Size => too_large(format!("limit is {REQUEST_BYTES_MAX}")),
    })
}

/// Rejects a patch of too many operations.
///
/// # Errors
/// Status 413.
pub(super) fn check_patch(format: PatchType, patch: &Value) -> Result<()> {
    let count = patch.as_array().map_or(0, Vec::len);
    if format != PatchType::Json || count <= PATCH_OPERATIONS_MAX {
        return Ok(());
    }
    let limit = PATCH_OPERATIONS_MAX;
    Err(too_large(format!("The allowed maximum operations in a JSON patch is {limit}, got {count}")))
}

/// Rejects a version of an object, with its managedFields, that the store would not take or could not read again.
///
/// etcd holds the built-in kinds as protocol buffers, which have no escapes, and custom ones as JSON. It does not see a dry
/// run.
///
/// # Errors
/// Status 400 for one that is nested too deeply, 500 for one that is too large.
pub(super) fn check_entry(kind: &dyn Kind, object: &Object, request: &Request) -> Result<()> {
    if request.is_from_control_plane() {
        return Ok(());
    }
    let bytes_max = if request.options.dry_run { usize::MAX } else { ENTRY_BYTES_MAX };
    let strings = if super::decode::root(kind).is_some() { Strings::Raw } else { Strings::Escaped };
    check_limits(object, bytes_max, strings).map_err(|excess| match excess {
        Excess::Depth => too_deep(),
        Excess::Size => Status::new(Reason::Unknown, "etcdserver: request is too large"),
    })
}

/// Rejects the result of a patch that is nested too deeply, before it is decoded.
///
/// # Errors
/// Status 400.
pub(super) fn check_depth(object: &Object) -> Result<()> {
    check_limits(object, usize::MAX, Strings::Raw).map_err(|_| too_deep())
}

fn too_deep() -> Status {
    Status::bad_request(format!("the object exceeds the maximum depth of {OBJECT_DEPTH_MAX}"))
}

fn too_large(detail: String) -> Status {
    Status::new(Reason::RequestEntityTooLarge, format!("Request entity too large: {detail}"))
}

/// The maximum length of the name of a field manager, in bytes (`FieldManagerMaxLength`).
const MANAGER_BYTES_MAX: usize = 128;

/// Rejects a write whose field manager is too long or, for server-side apply, missing (`ValidatePatchOptions`).
pub(super) fn check_manager(request: &Request) -> Result<()> {
    let options = match request.verb {
        Verb::Create => "CreateOptions",
        Verb::Update => "UpdateOptions",
        Verb::Patch => "PatchOptions",
        Verb::Get | Verb::List | Verb::Watch | Verb::Delete => return Ok(()),
    };
    let path = Path::new("fieldManager");
    let manager = &request.options.manager;
    let is_apply = matches!(request.body, Body::Patch(PatchType::Apply, _) | Body::PatchText(PatchType::Apply, _));
    let error = match manager.len() {
        0 if is_apply => field::required(&path, "is required for apply patch"),
        length if length > MANAGER_BYTES_MAX => field::too_long(&path, MANAGER_BYTES_MAX),
        _ => return Ok(()),
    };
    Err(Status::invalid("meta.k8s.io", options, "", &vec![error]))
}

#[cfg(test)]
mod tests;
