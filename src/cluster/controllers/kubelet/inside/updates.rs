//! The delay with which changed ConfigMaps and Secrets reach the files of running pods.
//!
//! A real kubelet syncs each pod about once a minute and reads objects that it watches: a change shows after up to that time
//! (`syncFrequency`, `configMapAndSecretChangeDetectionStrategy: Watch`). Here it is always [`DELAY`].

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use serde::{Deserialize, Serialize};

use crate::api::Server;

/// The time between a change and the new files.
pub(in crate::controllers::kubelet) const DELAY: Duration = Duration::from_secs(60);

/// The resources whose objects are files in pods.
pub(in crate::controllers::kubelet) const RESOURCES: [&str; 2] = ["configmaps", "secrets"];

/// A former version of an object that files may still show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Former {
    /// When it was replaced.
    until: Time,
    /// `data` and `binaryData`.
    data: Value,
}

fn row(resource: &str, namespace: &str, name: &str) -> String {
    format!("memory/kubelet/former/{resource}/{namespace}/{name}")
}

/// Keeps the former version of an object that has just changed.
///
/// # Errors
/// A row that cannot be read.
pub(in crate::controllers::kubelet) fn keep(
    server: &mut Server,
    resource: &str,
    old: &Object,
    now: Time,
) -> Result<(), Status> {
    let row = row(resource, old.namespace(), old.name());
    let mut former: Vec<Former> = server.typed_row(&row)?.unwrap_or_default();
    former.retain(|version| version.until + DELAY > now);
    let mut data = Value::Object(Default::default());
    for part in ["data", "binaryData"] {
        if let Some(entries) = old.get(part) {
            data[part] = entries.clone();
        }
    }
    former.push(Former { until: now, data });
    server.set_typed_row(&row, Some(former));
    Ok(())
}

/// Forgets an object that was deleted.
pub(in crate::controllers::kubelet) fn forget(server: &mut Server, resource: &str, object: &Object) {
    server.set_row(&row(resource, object.namespace(), object.name()), None);
}

/// Returns the former version that the files of a pod show at an instant; `None` for the present one. `mounted` is when the
/// pod got its files.
///
/// # Errors
/// A row that cannot be read.
pub(super) fn version_at(
    server: &mut Server,
    resource: &str,
    namespace: &str,
    name: &str,
    mounted: Time,
    now: Time,
) -> Result<Option<Object>, Status> {
    let former: Vec<Former> = server.typed_row(&row(resource, namespace, name))?.unwrap_or_default();
    let read = mounted.max(now - DELAY);
    Ok(former.into_iter().find(|version| version.until > read).map(|version| version.data))
}

/// Returns when the files of a pod change next because of an object; `None` if they show its present version.
///
/// # Errors
/// A row that cannot be read.
pub(in crate::controllers::kubelet) fn next_update(
    server: &mut Server,
    resource: &str,
    namespace: &str,
    name: &str,
    mounted: Time,
    now: Time,
) -> Result<Option<Time>, Status> {
    let former: Vec<Former> = server.typed_row(&row(resource, namespace, name))?.unwrap_or_default();
    let replaced = former.iter().map(|version| version.until).filter(|until| *until > mounted);
    Ok(replaced.map(|until| until + DELAY).find(|at| *at > now))
}

/// Returns the objects that the volumes of a pod show, as resource and name.
pub(in crate::controllers::kubelet) fn mounted_objects(pod: &Object) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for volume in pod.list("/spec/volumes") {
        let sources = volume.list("/projected/sources").iter().chain([volume]);
        for source in sources {
            if let Some(map) = source.at("/configMap") {
                found.push((RESOURCES[0], map.str("/name").to_owned()));
            }
            if let Some(secret) = source.at("/secret") {
                let name =
                    if secret.str("/secretName").is_empty() { secret.str("/name") } else { secret.str("/secretName") };
                found.push((RESOURCES[1], name.to_owned()));
            }
        }
    }
    found
}
