//! Decoding of request bodies: strict decoding against the schema, with the error messages of Kubernetes.

use super::{FieldValidation, PatchType, Request, Result};
use kctl_base::field::{self, Path};
use kctl_base::go;
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::patch::types::FieldType;
use kctl_base::quantity::Quantity;
use kctl_base::schema::{self, Schema, message};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// Returns the schema type of a kind; `None` for custom kinds, which have none.
pub(super) fn root(kind: &dyn Kind) -> Option<FieldType> {
    stored_definition(kind).map(|d| FieldType::Object(d.into()))
}

/// Returns the name of a kind's schema definition in the version in which its objects are stored.
fn stored_definition(kind: &dyn Kind) -> Option<&'static str> {
    let names = kind.names();
    Schema::builtin().root(names.group, names.version, names.kind)
}

/// Returns the name of a kind's schema definition in a version.
fn definition(kind: &dyn Kind, api_version: &str) -> Option<&'static str> {
    let (group, version) = split_api_version(api_version);
    Schema::builtin().root(group, version, kind.names().kind)
}

/// Formats a quantity in its canonical form.
fn quantity(text: &str) -> std::result::Result<String, String> {
    text.parse::<Quantity>().map(|q| q.canonical()).map_err(|e| e.to_string())
}

/// Decodes a body that was sent as an object. Unknown and duplicate fields are dropped, reported as warnings or rejected, as
/// the field validation of the request says.
///
/// # Errors
/// Status 400 for a body that does not match the schema.
pub(super) fn body(kind: &dyn Kind, body: Object, request: &Request, warnings: &mut Vec<String>) -> Result<Object> {
    let options = &request.options;
    let names = *kind.names();
    if request.is_from_control_plane() {
        return Ok(body);
    }
    let bad_request =
        |error: &str| Status::bad_request(message::cannot_be_handled(names.kind, kind.served_version(), error));
    let (value, unknown) = match definition(kind, body.api_version()) {
        Some(definition) => {
            let decoded = schema::decode::decode(Schema::builtin(), definition, body, quantity);
            let decoded = decoded.map_err(|e| bad_request(&e.to_string()))?;
            (decoded.value, decoded.unknown)
        }
        None => {
            let mut body = body;
            let unknown = kind.prune(&mut body);
            (body, unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect())
        }
    };
    let mut problems = options.duplicates.clone();
    problems.extend(unknown);
    match options.validation.unwrap_or_default() {
        FieldValidation::Strict if !problems.is_empty() => return Err(bad_request(&message::strict(&problems))),
        FieldValidation::Warn => warnings.extend(problems),
        _ => {}
    }
    Ok(value)
}

/// Decodes an object that the server itself has patched; unknown fields are errors.
///
/// # Errors
/// The message about an object that does not match the schema.
pub(super) fn strict(kind: &dyn Kind, object: Object) -> std::result::Result<Object, String> {
    let Some(definition) = definition(kind, object.api_version()) else { return Ok(object) };
    let decoded = schema::decode::decode(Schema::builtin(), definition, object, quantity).map_err(|e| e.to_string())?;
    match decoded.unknown.is_empty() {
        true => Ok(decoded.value),
        false => Err(message::strict(&decoded.unknown)),
    }
}

/// Decodes an apply configuration, which is YAML or JSON.
pub(super) fn yaml(text: &str) -> Result<Object> {
    match kctl_base::yaml::to_json(text) {
        Ok(document) => Ok(document.value),
        Err(error) => Err(Status::bad_request(format!("error decoding YAML: {error}"))),
    }
}

/// Adds the empty values that the server always writes, such as `status: {}`.
pub(super) fn complete(kind: &dyn Kind, object: &mut Object) {
    if let Some(definition) = stored_definition(kind) {
        schema::shape::complete(Schema::builtin(), definition, object);
    }
}

/// Returns the result of a patch as an object of the kind that is patched.
///
/// A strategic merge patch cannot change the kind or version, which come from the type of the object. Other patches are
/// decoded by what they say; what they leave out comes from the object.
///
/// # Errors
/// Status 422 for a kind or version that is unknown, or of another kind.
pub(super) fn typed(kind: &dyn Kind, format: PatchType, mut patched: Object, base: &Object) -> Result<Object> {
    for (field, own) in [("/apiVersion", base.api_version()), ("/kind", base.kind())] {
        if format == PatchType::Strategic || patched.str(field).is_empty() {
            patched.put(field, own);
        }
    }
    let (group, version) = split_api_version(patched.api_version());
    let names = kind.names();
    if patched.kind() == names.kind && kctl_kinds::catalog::serves(kind, group, version) {
        return Ok(patched);
    }
    let (api_version, sent) = (patched.api_version(), patched.kind());
    let error = match Schema::builtin().root(group, version, sent) {
        Some(_) => format!(
            "converting ({}.{sent}) to ({}.{}): unknown conversion",
            version,
            names.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core"),
            names.kind
        ),
        None => format!(
            "no kind \"{sent}\" is registered for version \"{api_version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""
        ),
    };
    Err(invalid_patch(kctl_base::json::to_compact(&patched), &error))
}

/// Returns the error of a patch whose result cannot be decoded; it shows the patch or the result.
fn invalid_patch(shown: String, error: &str) -> Status {
    Status::invalid("", "", "", &vec![field::invalid(&Path::new("patch"), shown, error)])
}

/// Decodes the result of a patch; errors are reported for the field `patch`. Unknown fields are treated as in [`body`].
///
/// # Errors
/// Status 422 for a result that does not match the schema.
pub(super) fn patched(
    kind: &dyn Kind,
    format: PatchType,
    patched: Object,
    patch: &Value,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Object> {
    let Some(definition) = definition(kind, patched.api_version()) else {
        return body(kind, patched, request, warnings);
    };
    if request.is_from_control_plane() && format != PatchType::Strategic {
        return Ok(patched);
    }
    let (shown, decoded) = match format {
        // Upstream shows the patch as a Go map here, and the JSON of the result below.
        PatchType::Strategic => {
            let decoded = schema::decode::convert(Schema::builtin(), definition, patched, quantity);
            (go::value_text(patch), decoded)
        }
        _ => {
            let text = kctl_base::json::to_compact(&patched);
            (text, schema::decode::decode(Schema::builtin(), definition, patched, quantity))
        }
    };
    let decoded = decoded.map_err(|e| invalid_patch(shown.clone(), &e.to_string()))?;
    match request.options.validation.unwrap_or_default() {
        FieldValidation::Strict if !decoded.unknown.is_empty() => {
            return Err(invalid_patch(shown, &message::strict(&decoded.unknown)));
        }
        FieldValidation::Warn => warnings.extend(decoded.unknown),
        _ => {}
    }
    Ok(decoded.value)
}

/// Rejects a body that is not an object of the kind that the request names.
pub(super) fn expect_kind(kind: &dyn Kind, object: &Object) -> Result<()> {
    let names = kind.names();
    let (group, version) = split_api_version(object.api_version());
    if object.kind() == names.kind && kctl_kinds::catalog::serves(kind, group, version) {
        return Ok(());
    }
    let sent = format!("{}, Kind={}", object.api_version(), object.kind());
    Err(Status::bad_request(format!(
        "the object provided is unrecognized: expected {}, Kind={}, got {sent}",
        names.api_version(),
        names.kind
    )))
}

/// Formats a syntax error as Go's `encoding/json` does.
pub(super) fn go_json_error(text: &str, error: &serde_json::Error) -> String {
    go::json::parse(text).err().unwrap_or_else(|| error.to_string())
}
