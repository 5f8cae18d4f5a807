//! The volumes of a pod as trees, and their mounts in containers.
//!
//! A volume that lives as long as its pod is a tree of the world. One that other pods may have, too, is a tree with a row of
//! its own ([`shared`]). The files of ConfigMaps, Secrets and the downward API are in [`files`], in the form of [`atomic`].

mod atomic;
pub(super) mod files;
pub(in crate::controllers::kubelet) mod shared;

use std::collections::BTreeMap;

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_container::{Attributes, Mount, Mounts, NodeId, NodeKind, Tree, World};

use super::environment::{Sources, Variables, expand, find};
use super::fields::quantity;

/// The kinds of volumes that are projections of API objects, and read-only in containers.
const PROJECTIONS: [&str; 4] = ["configMap", "secret", "downwardAPI", "projected"];

/// Those of them that are file systems in memory (`wrappedVolumeSpec` of their plugins).
const IN_MEMORY: [&str; 3] = ["secret", "downwardAPI", "projected"];

/// The kind of volumes that are empty directories of their pod.
const EMPTY_DIR: &str = "emptyDir";

/// The kinds of volumes with which no container starts (`mount_error`): what a driver or an image would put there is not known.
const UNKNOWN: [&str; 3] = ["csi", "gitRepo", "image"];

/// Returns the key of the tree of a volume that lives as long as its pod.
pub(super) fn key(volume: &str) -> String {
    format!("volume/{volume}")
}

/// Returns what distinguishes a volume of a pod from all others.
fn volume_id(pod: &Object, volume: &Value) -> String {
    format!("{}/{}", pod.uid(), volume.str("/name"))
}

/// Returns the kind of a volume and its source; `None` if its files are not known.
fn source_of(volume: &Value) -> Option<(&str, &Value)> {
    let mut fields = volume.as_object()?.iter().map(|(kind, source)| (kind.as_ref(), source));
    fields.find(|(kind, _)| *kind != "name").filter(|(kind, _)| !UNKNOWN.contains(kind))
}

/// Reports whether the volumes of a kind live as long as their pod.
fn is_own(kind: &str) -> bool {
    kind == EMPTY_DIR || PROJECTIONS.contains(&kind)
}

/// Adds the trees of the volumes that the world does not have yet.
///
/// # Errors
/// A volume that is not simulated, or an object that cannot be read.
pub(super) fn add_missing(sources: &mut Sources<'_>, trees: &mut BTreeMap<String, Tree>) -> Result<(), Status> {
    let pod = sources.pod;
    for volume in pod.list("/spec/volumes") {
        let Some((kind, source)) = source_of(volume) else { continue };
        let own = key(volume.str("/name"));
        match kind {
            _ if is_own(kind) && trees.contains_key(&own) => {}
            EMPTY_DIR => {
                trees.insert(own, empty_dir(pod, source, sources.place.storage, sources.at));
            }
            _ if PROJECTIONS.contains(&kind) => {
                let mut tree =
                    Tree::new(root_attributes(pod, IN_MEMORY.contains(&kind), sources.at), sources.place.storage);
                let payload = files::payload(sources, kind, source)?;
                atomic::write(&mut tree, &volume_id(pod, volume), &payload, sources.server.ids(), sources.at);
                trees.insert(own, tree);
            }
            _ => shared::load(sources, volume, trees)?,
        }
    }
    Ok(())
}

/// Loads the trees of the volumes that the pod shares with others.
///
/// # Errors
/// A volume that is not simulated, or an object that cannot be read.
pub(super) fn load_shared(sources: &mut Sources<'_>, trees: &mut BTreeMap<String, Tree>) -> Result<(), Status> {
    for volume in sources.pod.list("/spec/volumes").iter().filter(|volume| is_shared(volume)) {
        shared::load(sources, volume, trees)?;
    }
    Ok(())
}

/// Reports whether other pods may have a volume, too.
fn is_shared(volume: &Value) -> bool {
    source_of(volume).is_some_and(|(kind, _)| !is_own(kind))
}

/// Brings the files of ConfigMaps, Secrets and the downward API up to date; returns whether any has changed.
///
/// # Errors
/// An object that cannot be read.
pub(super) fn refresh(sources: &mut Sources<'_>, world: &mut World) -> Result<bool, Status> {
    let mut has_changed = false;
    for volume in sources.pod.list("/spec/volumes") {
        let Some((kind, source)) = source_of(volume).filter(|(kind, _)| PROJECTIONS.contains(kind)) else { continue };
        let payload = files::payload(sources, kind, source)?;
        if let Some(tree) = world.trees.get_mut(&key(volume.str("/name"))) {
            has_changed |=
                atomic::write(tree, &volume_id(sources.pod, volume), &payload, sources.server.ids(), sources.at);
        }
    }
    Ok(has_changed)
}

fn empty_dir(pod: &Object, source: &Value, storage: u64, now: Time) -> Tree {
    let limit = quantity(source.get("sizeLimit")).map(|limit| limit.value()).filter(|limit| *limit > 0);
    let capacity = limit.and_then(|limit| u64::try_from(limit).ok()).unwrap_or(storage);
    Tree::new(root_attributes(pod, source.str("/medium") == "Memory", now), capacity)
}

/// Returns the attributes of the root directory of a volume; a file system in memory is sticky. It belongs to the `fsGroup`,
/// as what is created in it will (`SetVolumeOwnership`).
fn root_attributes(pod: &Object, is_in_memory: bool, now: Time) -> Attributes {
    let mode = if is_in_memory { 0o1777 } else { 0o777 };
    match fs_group(pod) {
        Some(gid) => Attributes { mode: mode | 0o2000, uid: 0, gid, modified: now },
        None => Attributes::root(mode, now),
    }
}

/// Returns the group that owns the volumes of a pod.
pub(super) fn fs_group(pod: &Object) -> Option<u32> {
    pod.int("/spec/securityContext/fsGroup").and_then(|gid| u32::try_from(gid).ok())
}

/// Returns the mounts of a container, and creates the directories of `subPath` that do not exist.
///
/// # Errors
/// A volume or path that cannot be mounted.
pub(super) fn mounts(
    sources: &mut Sources<'_>,
    trees: &mut BTreeMap<String, Tree>,
    container: &Value,
    variables: &Variables,
) -> Result<Mounts, Status> {
    let mut mounts = Mounts::default();
    for mount in container.list("/volumeMounts") {
        let name = mount.str("/name");
        let Some(volume) = sources.pod.list("/spec/volumes").iter().find(|v| v.str("/name") == name) else { continue };
        let Some((kind, source)) = source_of(volume) else { continue };
        let sub_path = match mount.str("/subPathExpr") {
            "" => mount.str("/subPath").to_owned(),
            expression => expand(expression, |name| find(variables, name)),
        };
        let is_projection = PROJECTIONS.contains(&kind);
        let own = if is_own(kind) { key(name) } else { shared::key(sources, volume)? };
        let (tree, node) = match is_projection && !sub_path.is_empty() {
            true => snapshot(trees, &own, &sub_path, sources.at)?,
            false => {
                let directory = if kind == "hostPath" { source.str("/path") } else { "" };
                (own.clone(), place(trees, &own, &format!("{directory}/{sub_path}"), sources.at)?)
            }
        };
        let is_read_only = is_projection || mount.flag("/readOnly") || source.flag("/readOnly");
        let (device, fs_type) = device(kind, source);
        let path = mount.str("/mountPath").trim_end_matches('/').to_owned();
        mounts.0.push(Mount { path, tree, node, is_read_only, source: device.into(), fs_type: fs_type.into() });
    }
    Ok(mounts)
}

/// Returns what `mount` shows of a volume: source and type.
fn device(kind: &str, source: &Value) -> (&'static str, &'static str) {
    match kind {
        _ if IN_MEMORY.contains(&kind) => ("tmpfs", "tmpfs"),
        EMPTY_DIR if source.str("/medium") == "Memory" => ("tmpfs", "tmpfs"),
        "persistentVolumeClaim" | "ephemeral" => ("/dev/vdb", "ext4"),
        _ => ("/dev/vda1", "ext4"),
    }
}

/// Returns the node of a path in a tree; directories that do not exist are created like the root of the volume.
fn place(trees: &mut BTreeMap<String, Tree>, own: &str, path: &str, now: Time) -> Result<NodeId, Status> {
    let missing = || Status::internal(format!("volume {own} has not been prepared"));
    let tree = trees.get_mut(own).ok_or_else(missing)?;
    let mut at = tree.root();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        at = match tree.entry(at, part) {
            Ok(found) => found,
            Err(_) => {
                let parent = tree.node(at).map(|node| node.attributes);
                let attributes = Attributes { modified: now, ..parent.unwrap_or(Attributes::root(0o755, now)) };
                let directory = NodeKind::Directory(BTreeMap::new());
                tree.create(at, part, directory, attributes).map_err(|errno| cannot_prepare(path, errno.text()))?
            }
        };
    }
    Ok(at)
}

fn cannot_prepare(path: &str, why: &str) -> Status {
    Status::internal(format!("failed to prepare subPath for volumeMount \"{path}\": {why}"))
}

/// Copies a path of a projection into a tree of its own: the container keeps it when the volume is updated.
fn snapshot(trees: &mut BTreeMap<String, Tree>, own: &str, path: &str, now: Time) -> Result<(String, NodeId), Status> {
    let key = format!("{own}/{path}");
    let Some(tree) = trees.get(own) else {
        return Err(Status::internal(format!("volume {own} has not been prepared")));
    };
    let copy = atomic::copy(tree, path, now);
    let node = copy.entry(copy.root(), atomic::COPY).unwrap_or_else(|_| copy.root());
    trees.insert(key.clone(), copy);
    Ok((key, node))
}
