//! The files of volumes that show API objects: configMap, secret, downwardAPI and projected.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kctl_base::json::{Map, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;
use kctl_base::status::Status;

use super::super::environment::Sources;
use super::super::{fields, updates};
use super::atomic::{File, Payload};
use super::fs_group;
use crate::api::pod_token;

/// Mode of files unless the volume says otherwise.
const DEFAULT_MODE: i64 = 0o644;
/// Life of a token unless the volume says otherwise.
const TOKEN_SECONDS: i64 = 3600;
/// Bits that the owning group gets in a volume that is read-only for containers.
const GROUP_BITS: u32 = 0o440;

/// Returns the files of a volume.
///
/// # Errors
/// A source that is not simulated, or an object that cannot be read.
pub(super) fn payload(sources: &mut Sources<'_>, kind: &str, source: &Value) -> Result<Payload, Status> {
    let mode = source.int("/defaultMode").unwrap_or(DEFAULT_MODE);
    let mut files = Payload::new();
    match kind {
        "projected" => {
            for inner in source.list("/sources") {
                let Some((kind, inner)) = inner.as_object().and_then(|fields| fields.iter().next()) else { continue };
                add(sources, kind, inner, mode, &mut files)?;
            }
        }
        _ => add(sources, kind, source, mode, &mut files)?,
    }
    let owner = fs_group(sources.pod);
    for file in files.values_mut() {
        if let Some(gid) = owner {
            file.gid = gid;
            file.mode |= GROUP_BITS;
        }
    }
    Ok(files)
}

/// Adds the files of one source.
fn add(sources: &mut Sources<'_>, kind: &str, source: &Value, mode: i64, files: &mut Payload) -> Result<(), Status> {
    match kind {
        "configMap" => add_object(sources, "configmaps", source.str("/name"), source, mode, files),
        "secret" => {
            // In a projected volume the field has another name.
            let name = [source.str("/secretName"), source.str("/name")].into_iter().find(|name| !name.is_empty());
            add_object(sources, "secrets", name.unwrap_or_default(), source, mode, files)
        }
        "downwardAPI" => {
            for item in source.list("/items") {
                let text = match item.at("/fieldRef") {
                    Some(field) => {
                        fields::field(sources.pod, sources.place, field.str("/fieldPath")).unwrap_or_default()
                    }
                    None => item.at("/resourceFieldRef").map_or_else(String::new, |reference| {
                        fields::resource(sources.pod, sources.place, &Value::Null, reference)
                    }),
                };
                files.insert(item.str("/path").into(), file(text.into_bytes(), item.int("/mode").unwrap_or(mode)));
            }
            Ok(())
        }
        "serviceAccountToken" => {
            let token = token(sources, source)?;
            let security = sources.pod.at("/spec/securityContext");
            let is_private = security.is_some_and(|s| s.at("/runAsUser").is_some() || s.at("/fsGroup").is_some());
            let mut token = file(token.into_bytes(), if is_private { 0o600 } else { mode });
            token.uid = security.and_then(|s| s.int("/runAsUser")).and_then(|uid| u32::try_from(uid).ok()).unwrap_or(0);
            files.insert(source.str("/path").into(), token);
            Ok(())
        }
        // Nobody signs the certificates of the other kinds, so that there are none to write.
        _ => Ok(()),
    }
}

/// Adds the keys of a ConfigMap or Secret: all, or the items.
fn add_object(
    sources: &mut Sources<'_>,
    resource: &str,
    name: &str,
    source: &Value,
    mode: i64,
    files: &mut Payload,
) -> Result<(), Status> {
    let Some(object) = object(sources, resource, name)? else { return Ok(()) };
    let data = |key: &str| value(resource, &object, key);
    let items = source.list("/items");
    for item in items {
        if let Some(bytes) = data(item.str("/key")) {
            files.insert(item.str("/path").into(), file(bytes, item.int("/mode").unwrap_or(mode)));
        }
    }
    if items.is_empty() {
        let keys = ["/data", "/binaryData"].iter().filter_map(|part| object.map(part)).flat_map(Map::keys);
        for key in keys {
            if let Some(bytes) = data(key) {
                files.insert(key.to_string(), file(bytes, mode));
            }
        }
    }
    Ok(())
}

/// Returns an object as the files of the pod show it at this instant.
fn object(sources: &mut Sources<'_>, resource: &str, name: &str) -> Result<Option<Arc<Object>>, Status> {
    let namespace = sources.pod.namespace();
    let mounted = sources.place.mounted;
    if let Some(old) = updates::version_at(sources.server, resource, namespace, name, mounted, sources.at)? {
        return Ok(Some(Arc::new(old)));
    }
    sources.server.read(resource, namespace, name)
}

/// Returns the bytes behind a key.
fn value(resource: &str, object: &Object, key: &str) -> Option<Vec<u8>> {
    let of = |part: &str| object.map(part).and_then(|map| map.get(key)).and_then(Value::as_str);
    let decode = |text: &str| STANDARD.decode(text).ok();
    match resource {
        "secrets" => of("/data").and_then(decode),
        _ => of("/data").map(|text| text.as_bytes().to_vec()).or_else(|| of("/binaryData").and_then(decode)),
    }
}

fn file(bytes: Vec<u8>, mode: i64) -> File {
    File { bytes, mode: u32::try_from(mode).unwrap_or_default() & 0o777, uid: 0, gid: 0 }
}

/// Returns the token of the ServiceAccount of a pod. It is renewed after 80 % of its life (`pkg/kubelet/token`).
fn token(sources: &mut Sources<'_>, source: &Value) -> Result<String, Status> {
    let seconds = source.int("/expirationSeconds").unwrap_or(TOKEN_SECONDS);
    let (pod, place) = (sources.pod, sources.place);
    let name = pod.str("/spec/serviceAccountName");
    let not_found = || Status::not_found("", "serviceaccounts", name);
    let account = sources.server.read("serviceaccounts", pod.namespace(), name)?.ok_or_else(not_found)?;
    let life = Duration::from_secs(seconds.max(1));
    let renewal = (life.micros() * 4 / 5).max(1);
    let age = (sources.at - place.mounted).micros().max(0);
    let issued = place.mounted + Duration::from_micros(age / renewal * renewal);
    let node = sources.server.read("nodes", "", pod.str("/spec/nodeName"))?;
    let audience = source.str("/audience");
    let pod = Arc::new(pod.clone());
    pod_token(sources.server.ids(), &account, &pod, node.as_ref(), audience, issued, life)
}
