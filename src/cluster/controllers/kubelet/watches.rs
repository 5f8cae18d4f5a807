//! Changes beside those of pods that matter to what runs in them: files that pods show, volumes, and the network.

use std::collections::BTreeSet;

use super::inside::{updates, volumes};
use super::runtime::PodRuntime;
use crate::api::Server;
use crate::controllers::{Context, Key};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The row with the pods that have asked something of the network, by namespace and name.
const NETWORK_USERS: &str = "memory/kubelet/network-users";

/// Maps a changed ConfigMap to the running pods whose files show it.
pub(super) fn config_map(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    files("configmaps", change, ctx)
}

/// Maps a changed Secret to the running pods whose files show it.
pub(super) fn secret(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    files("secrets", change, ctx)
}

fn files(resource: &'static str, change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    let object = &change.object;
    let now = ctx.now;
    let Some(old) = change.old.as_ref().filter(|_| change.kind == ChangeKind::Modified) else {
        if change.kind == ChangeKind::Deleted {
            updates::forget(ctx.server(), resource, object);
        }
        return Ok(Vec::new());
    };
    if ["data", "binaryData"].iter().all(|part| old.get(part) == object.get(part)) {
        return Ok(Vec::new());
    }
    updates::keep(ctx.server(), resource, old, now)?;
    let mut keys = Vec::new();
    for pod in ctx.list("pods", Some(object.namespace()))? {
        let shows = |(kind, name): &(&str, String)| *kind == resource && name == object.name();
        if updates::mounted_objects(&pod).iter().any(shows) && look_at(ctx.server(), &pod, now + updates::DELAY)? {
            keys.push(Key::of(&pod));
        }
    }
    Ok(keys)
}

/// Drops what a deleted PersistentVolume held.
pub(super) fn volume(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    if change.kind == ChangeKind::Deleted {
        volumes::shared::remove(ctx.server(), &change.object);
    }
    Ok(Vec::new())
}

/// Maps a change of the network to the pods that have asked something of it.
pub(super) fn network(_: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    let Some(users) = ctx.server().typed_row::<BTreeSet<(String, String)>>(NETWORK_USERS)? else {
        return Ok(Vec::new());
    };
    let now = ctx.now;
    let mut keys = Vec::new();
    for (namespace, name) in users {
        match ctx.get("pods", &namespace, &name)? {
            Some(pod) if look_at(ctx.server(), &pod, now)? => keys.push(Key::of(&pod)),
            _ => {
                ctx.server().change_typed_row(NETWORK_USERS, |row: &mut BTreeSet<(String, String)>| {
                    row.remove(&(namespace, name))
                })?;
            }
        }
    }
    Ok(keys)
}

/// Notes that a pod has asked something of the network.
///
/// # Errors
/// A row that cannot be read.
pub(super) fn note_network_use(server: &mut Server, pod: &Object) -> Result<(), Status> {
    let key = (pod.namespace().to_owned(), pod.name().to_owned());
    let known = server.typed_row::<BTreeSet<(String, String)>>(NETWORK_USERS)?.is_some_and(|row| row.contains(&key));
    if !known {
        server.change_typed_row(NETWORK_USERS, |row: &mut BTreeSet<(String, String)>| row.insert(key))?;
    }
    Ok(())
}

/// Asks for a look at the inside of a pod; `false` if it has none.
fn look_at(server: &mut Server, pod: &Object, at: Time) -> Result<bool, Status> {
    let runtime = PodRuntime::load(server, pod)?.filter(|runtime| runtime.has_inside);
    let Some(mut runtime) = runtime else { return Ok(false) };
    runtime.look_at = Some(runtime.look_at.map_or(at, |earlier| earlier.min(at)));
    runtime.store(server, pod);
    Ok(true)
}
