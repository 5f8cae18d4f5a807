//! The `scale` subresource: an `autoscaling/v1` Scale that reads and writes the replica count of an object
//! (`pkg/registry/apps/*/storage`, `ScaleREST`).

use super::patch::{self, patched};
use super::{Body, Request, Response, Result, Server, Verb};
use kctl_base::field::{self, Path};
use kctl_base::go;
use kctl_base::gvk::split_api_version;
use kctl_base::json::json;
use kctl_base::labels;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::patch::FieldType;
use kctl_base::schema::Schema;
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::{Kind, ScalePaths};

/// Metadata that a Scale copies from its object.
const COPIED_METADATA: [&str; 5] = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];

impl Server {
    /// Reads or writes the Scale of an object.
    pub(super) fn scale(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let paths = kind.scale().ok_or_else(Status::no_resource)?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let current = scale_of(&old, &paths);
        let scale = match (std::mem::take(&mut request.body), request.verb) {
            (_, Verb::Get) => {
                check_replicas(kind, &old, &paths)?;
                return Ok(Response::of(current.into()));
            }
            (Body::Object(scale), Verb::Update) => {
                check_kind(&scale)?;
                scale
            }
            (body @ (Body::Patch(..) | Body::PatchText(..)), Verb::Patch) => {
                let (format, patch) = patch::parse(body)?;
                patched(format, scale_type(), &current, &patch)?
            }
            _ => return Err(Status::bad_request("the body of the request was in an unknown format")),
        };
        let names = kind.names();
        let sent = scale.resource_version();
        if !sent.is_empty() && sent != old.resource_version() {
            return Err(Status::modified(names.group, names.plural, old.name()));
        }
        let mut new = (*old).clone();
        new.put(paths.spec_replicas, replicas_of(&scale, &old)?);
        let response = self.replace(kind, old, new, request, now, Vec::new())?;
        let warnings = response.warnings.clone();
        Ok(Response { warnings, ..Response::of(scale_of(&response.into_object(), &paths).into()) })
    }
}

/// Rejects the scale of a custom resource that has no replicas (`ScaleREST.Get` of `customresource/etcd.go`).
fn check_replicas(kind: &dyn Kind, object: &Object, paths: &ScalePaths) -> Result<()> {
    if kind.field_types().is_none() || object.pointer(paths.spec_replicas).is_some() {
        return Ok(());
    }
    let place = go::quote(&paths.spec_replicas.replace('/', "."));
    let text = format!("Internal error occurred: the spec replicas field {place} does not exist");
    Err(Status::new(Reason::InternalError, text))
}

/// Rejects another object than a Scale (`transformDecodeError` in `endpoints/handlers/rest.go`).
fn check_kind(sent: &Object) -> Result<()> {
    let (kind, version) = (sent.kind(), split_api_version(sent.api_version()).1);
    if kind == "Scale" {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "{kind} in version {} cannot be handled as a Scale: converting ({version}.{kind}) to (autoscaling.Scale): unknown conversion",
        go::quote(version)
    )))
}

/// Returns the schema type of a Scale.
fn scale_type() -> Option<FieldType> {
    Schema::builtin().root("autoscaling", "v1", "Scale").map(|definition| FieldType::Object(definition.into()))
}

/// Returns the replica count that a Scale requests; a negative one is status 422.
fn replicas_of(scale: &Object, object: &Object) -> Result<i64> {
    let replicas = scale.int("/spec/replicas").unwrap_or(0);
    if replicas < 0 {
        let errors = vec![field::invalid(&Path::new("spec.replicas"), replicas, "must be greater than or equal to 0")];
        return Err(Status::invalid("autoscaling", "Scale", object.name(), &errors));
    }
    Ok(replicas)
}

/// Returns the Scale of an object.
fn scale_of(object: &Object, paths: &ScalePaths) -> Object {
    let replicas = object.int(paths.status_replicas).unwrap_or(0);
    let mut scale = json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {}, "spec": {}, "status": {"replicas": replicas},
    });
    for field in COPIED_METADATA {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            scale["metadata"][field] = value.clone();
        }
    }
    if let Some(replicas) = object.int(paths.spec_replicas) {
        scale["spec"]["replicas"] = replicas.into();
    }
    let selector = object.pointer(paths.selector).filter(|_| !paths.selector.is_empty());
    let to_string = |selector: &Object| match selector.as_str() {
        Some(text) => text.to_string(),
        None => labels::format_label_selector(selector),
    };
    if let Some(text) = selector.map(to_string) {
        scale["status"]["selector"] = text.into();
    }
    scale
}
