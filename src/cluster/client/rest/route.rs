//! Paths of resources as requests (`RequestInfoFactory.NewRequestInfo` in `apiserver/pkg/endpoints/request/requestinfo.go`).

use std::fmt::Write as _;

use super::{Call, Method, parameters};
use crate::api::{Body, Request, Result, Verb};
use kctl_base::go;
use kctl_base::gvk::{GroupVersion, split_api_version};
use kctl_base::json::kind_name;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::{Schema, message};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Catalog;
use kctl_kinds::catalog::{KindRef, serves};

/// The number of bytes of a body that an error shows (`summarizeData`).
const SUMMARY: usize = 30;

/// Returns the kind that a path names, and the request for it.
///
/// # Errors
/// Status 404 for a path that is not served, 400 for a body that cannot be read, 405 for what is not simulated.
pub(super) fn request(
    catalog: &Catalog,
    call: &Call<'_>,
    segments: &[&str],
    query: &str,
    now: Time,
) -> Result<(KindRef, Request)> {
    let (group_version, rest) = match segments {
        ["api", version, rest @ ..] => (GroupVersion::new("", version), rest),
        ["apis", group, version, rest @ ..] => (GroupVersion::new(group, version), rest),
        _ => return Err(Status::no_resource()),
    };
    let place = Place::of(rest);
    let kind = catalog
        .iter()
        .find(|kind| {
            kind.names().plural == place.resource && serves(&**kind, &group_version.group, &group_version.version)
        })
        .ok_or_else(Status::no_resource)?;
    let names = *kind.names();
    if !names.namespaced && !place.namespace.is_empty() {
        return Err(Status::no_resource());
    }
    let parameters = parameters::read(query);
    let verb = verb(call.method, &place, &parameters)?;
    let mut request = Request::new(verb, &names.resource(), place.namespace, place.name).subresource(place.subresource);
    let is_stored = (names.group, names.version) == (group_version.group.as_str(), group_version.version.as_str());
    request.version = (!is_stored).then(|| group_version.clone());
    parameters::apply(&parameters, now, &mut request)?;
    if request.options.manager.is_empty() {
        request.options.manager = call.agent.into();
    }
    request.body = body(call, &kind, &group_version, place.subresource)?;
    if verb == Verb::Delete {
        parameters::read_delete_options(call.body, &mut request)?;
        request.body = Body::None;
    }
    Ok((kind, request))
}

/// The target of a path below a version.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place<'a> {
    namespace: &'a str,
    resource: &'a str,
    name: &'a str,
    subresource: &'a str,
}

impl<'a> Place<'a> {
    fn of(rest: &[&'a str]) -> Place<'a> {
        let (namespace, rest) = match rest {
            // The subresources of a namespace itself.
            ["namespaces", _, "status" | "finalize"] => ("", rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            _ => ("", rest),
        };
        let at = |index: usize| rest.get(index).copied().unwrap_or("");
        Place { namespace, resource: at(0), name: at(1), subresource: at(2) }
    }
}

fn verb(method: Method, place: &Place<'_>, parameters: &[(String, String)]) -> Result<Verb> {
    let not_simulated =
        |what: &str| Err(Status::new(Reason::MethodNotAllowed, format!("{what} by path is not simulated")));
    let watches = parameters.iter().any(|(name, value)| name == "watch" && matches!(value.as_str(), "true" | "1"));
    let has_name = !place.name.is_empty();
    match method {
        Method::Get if watches => not_simulated("a watch"),
        Method::Get if has_name => Ok(Verb::Get),
        Method::Get => Ok(Verb::List),
        Method::Post if has_name && place.subresource.is_empty() => Err(not_allowed()),
        Method::Post => Ok(Verb::Create),
        Method::Delete if !has_name => not_simulated("the deletion of a collection"),
        Method::Put | Method::Patch(_) | Method::Delete if !has_name => Err(not_allowed()),
        Method::Put => Ok(Verb::Update),
        Method::Patch(_) => Ok(Verb::Patch),
        Method::Delete => Ok(Verb::Delete),
    }
}

fn not_allowed() -> Status {
    Status::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
}

/// Reads the body of a write.
fn body(call: &Call<'_>, kind: &KindRef, group_version: &GroupVersion, subresource: &str) -> Result<Body> {
    match call.method {
        Method::Get | Method::Delete => Ok(Body::None),
        Method::Patch(format) => Ok(Body::PatchText(format, call.body.into())),
        Method::Post | Method::Put => object(call.body, kind, group_version, subresource).map(Body::Object),
    }
}

/// Decodes an object. A kind or version that it does not name is that of the path (`transformDecodeError` in
/// `apiserver/pkg/endpoints/handlers/rest.go`).
fn object(text: &str, kind: &KindRef, group_version: &GroupVersion, subresource: &str) -> Result<Object> {
    let expected = kind.names().kind;
    let unrecognized = |error: &str| {
        let summary = summary(text);
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {expected}): {error} ({summary})"
        ))
    };
    let parsed = go::json::parse(text)
        .map_err(|error| unrecognized(&format!("couldn't get version/kind; json parse error: {error}")))?;
    if !parsed.is_object() {
        let error = format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
            kind_name(&parsed)
        );
        return Err(unrecognized(&error));
    }
    let mut object = parsed;
    if !subresource.is_empty() && subresource != "status" && subresource != "finalize" {
        return Ok(object);
    }
    for (field, own) in [("/apiVersion", group_version.to_string().as_str()), ("/kind", expected)] {
        if object.str(field).is_empty() {
            object.put(field, own);
        }
    }
    check_type(&object, kind, group_version)?;
    Ok(object)
}

/// Rejects an object of another kind or version than those of the path.
fn check_type(object: &Object, kind: &KindRef, group_version: &GroupVersion) -> Result<()> {
    let (group, version) = split_api_version(object.api_version());
    let (sent, expected) = (object.kind(), kind.names().kind);
    let refused = |error: &str| {
        Err(Status::bad_request(
            message::cannot_be_handled(sent, version, error)
                .replace(&format!("as a {sent}"), &format!("as a {expected}")),
        ))
    };
    if sent == expected && group_version.is(object.api_version()) {
        return Ok(());
    }
    if sent == expected && serves(&**kind, group, version) {
        return Err(Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({group_version})",
            object.api_version()
        )));
    }
    if Schema::builtin().root(group, version, sent).is_none() {
        return refused(&format!(
            "no kind \"{sent}\" is registered for version \"{}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
            object.api_version()
        ));
    }
    let family = kind.names().group.split('.').next().filter(|family| !family.is_empty()).unwrap_or("core");
    refused(&format!("converting ({version}.{sent}) to ({family}.{expected}): unknown conversion"))
}

/// Shows the beginning of a body that is not an object; binary data in hexadecimal.
fn summary(text: &str) -> String {
    let bytes = text.as_bytes();
    let shown = &bytes[..bytes.len().min(SUMMARY)];
    let mut summary = match bytes.first() {
        None => return "<empty>".into(),
        Some(b'{') => String::from_utf8_lossy(shown).into_owned(),
        Some(_) => shown.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }),
    };
    if bytes.len() > SUMMARY {
        summary.push_str(" ...");
    }
    summary
}
