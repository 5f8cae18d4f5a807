//! Volumes that pods share: claims, directories of a node, and network storage, whose servers are taken to be there and empty.
//! Each is a tree with a row of its own, which stays when a pod goes; that of a claim goes with its PersistentVolume unless it is
//! to be retained.

use std::collections::{BTreeMap, BTreeSet};

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_container::{Attributes, Content, NodeId, NodeKind, Tree, World};

use super::super::environment::Sources;
use super::super::fields::quantity;
use super::fs_group;
use crate::api::Server;

/// Prefix of the rows.
const ROWS: &str = "memory/kubelet/shared/";
/// Prefix of the rows with the pods that have had a tree in their world.
const USERS: &str = "memory/kubelet/users/";
/// Prefixes of the keys of trees by kind of volume.
const CLAIM: &str = "claim/";
const HOST: &str = "host/";
const NFS: &str = "nfs/";
const NETWORK: &str = "network/";
/// Directories of a node.
const NODE_DIRECTORIES: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc/kubernetes/manifests",
    "/home",
    "/lib/modules",
    "/mnt",
    "/opt/cni/bin",
    "/proc",
    "/root",
    "/run/containerd",
    "/sbin",
    "/srv",
    "/sys/fs/cgroup",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/share/zoneinfo",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
];

/// Returns the key of the tree of a volume.
///
/// # Errors
/// A claim that is not bound, or an object that cannot be read.
pub(super) fn key(sources: &mut Sources<'_>, volume: &Value) -> Result<String, Status> {
    if volume.at("/hostPath").is_some() {
        return Ok(format!("{HOST}{}", sources.pod.str("/spec/nodeName")));
    }
    if let Some(nfs) = volume.at("/nfs") {
        return Ok(format!("{NFS}{}{}", nfs.str("/server"), nfs.str("/path")));
    }
    let claim = match (volume.at("/persistentVolumeClaim"), volume.at("/ephemeral")) {
        (Some(source), _) => source.str("/claimName").to_owned(),
        (None, Some(_)) => format!("{}-{}", sources.pod.name(), volume.str("/name")),
        (None, None) => {
            let (kind, source) = super::source_of(volume).unwrap_or(("", volume));
            return Ok(format!("{NETWORK}{kind}/{}", identity(source)));
        }
    };
    let found = sources.server.read("persistentvolumeclaims", sources.pod.namespace(), &claim)?;
    let name = found.as_deref().map(|found| found.str("/spec/volumeName")).unwrap_or_default();
    let not_bound = || Status::internal(format!("persistentvolumeclaim \"{claim}\" is not bound"));
    let volume = sources.server.read("persistentvolumes", "", name)?.ok_or_else(not_bound)?;
    Ok(key_of_volume(&volume))
}

/// Returns the key of the tree of a PersistentVolume: where its storage outlives it, another one with the same storage has the
/// same files. A directory of a node is that of all nodes, unless the volume is bound to one: what a pod has written is there
/// when another takes its place elsewhere.
fn key_of_volume(volume: &Object) -> String {
    if let Some(nfs) = volume.at("/spec/nfs") {
        return format!("{NFS}{}{}", nfs.str("/server"), nfs.str("/path"));
    }
    if let Some(csi) = volume.at("/spec/csi") {
        return format!("{CLAIM}csi/{}/{}", csi.str("/driver"), csi.str("/volumeHandle"));
    }
    match volume.at("/spec/hostPath").or_else(|| volume.at("/spec/local")) {
        Some(source) => format!("{CLAIM}path/{}{}", node_of(volume), source.str("/path")),
        None => format!("{CLAIM}name/{}", volume.name()),
    }
}

/// Returns the node that a PersistentVolume is bound to; empty if it is not bound to exactly one.
fn node_of(volume: &Object) -> &str {
    let terms = volume.list("/spec/nodeAffinity/required/nodeSelectorTerms");
    let [term] = terms else { return "" };
    let of_host = |rule: &&Value| rule.str("/key") == "kubernetes.io/hostname" && rule.str("/operator") == "In";
    match term.list("/matchExpressions").iter().find(of_host).map(|rule| rule.list("/values")) {
        Some([node]) => node.as_str().unwrap_or_default(),
        _ => "",
    }
}

/// Returns what two pods with the same network storage have in common: the source without how it is mounted.
fn identity(source: &Value) -> String {
    let mut source = source.clone();
    for field in ["/readOnly", "/fsType", "/secretRef", "/secretName", "/user"] {
        source.remove_at(field);
    }
    source.to_string()
}

/// Loads the tree of a volume, and creates it if it has none yet.
///
/// # Errors
/// As [`key`].
pub(super) fn load(
    sources: &mut Sources<'_>,
    volume: &Value,
    trees: &mut BTreeMap<String, Tree>,
) -> Result<(), Status> {
    let key = key(sources, volume)?;
    if !trees.contains_key(&key) {
        let tree = match sources.server.typed_row::<Tree>(&format!("{ROWS}{key}"))? {
            Some(tree) => tree,
            None => new_tree(sources, &key)?,
        };
        trees.insert(key.clone(), tree);
    }
    if let (Some(host), Some(tree)) = (volume.at("/hostPath"), trees.get_mut(&key)) {
        create_host_path(tree, host, sources.at);
    }
    Ok(())
}

fn new_tree(sources: &mut Sources<'_>, key: &str) -> Result<Tree, Status> {
    let now = sources.at;
    if key.starts_with(HOST) {
        return Ok(node_tree(sources.pod.str("/spec/nodeName"), sources.place.storage, now));
    }
    let mut attributes = Attributes::root(0o777, now);
    if let Some(gid) = fs_group(sources.pod) {
        attributes = Attributes { mode: 0o2777, gid, ..attributes };
    }
    Ok(Tree::new(attributes, capacity(sources, key)?))
}

/// Returns the capacity of a volume in bytes.
fn capacity(sources: &mut Sources<'_>, key: &str) -> Result<u64, Status> {
    if !key.starts_with(CLAIM) {
        return Ok(sources.place.storage);
    }
    let volumes = sources.server.read_all("persistentvolumes", None)?;
    let volume = volumes.iter().find(|volume| key_of_volume(volume) == key);
    let size = volume.and_then(|volume| quantity(volume.pointer("/spec/capacity/storage")));
    Ok(size.and_then(|size| u64::try_from(size.value()).ok()).unwrap_or(sources.place.storage))
}

/// Creates the file system of a node.
fn node_tree(node: &str, capacity: u64, now: Time) -> Tree {
    let mut tree = Tree::new(Attributes::root(0o755, now), capacity);
    for path in NODE_DIRECTORIES {
        let mode = if *path == "/tmp" { 0o1777 } else { 0o755 };
        // They are few, and fit.
        let _ = tree.put(path, NodeKind::Directory(BTreeMap::new()), Attributes::root(mode, now));
    }
    let _ = tree.put("/var/run", NodeKind::Link("/run".into()), Attributes::root(0o777, now));
    let name = NodeKind::File(Content::from(format!("{node}\n").as_str()));
    let _ = tree.put("/etc/hostname", name, Attributes::root(0o644, now));
    tree
}

/// Creates the directory or file of a `hostPath` whose type asks for it.
fn create_host_path(tree: &mut Tree, source: &Value, now: Time) {
    let (path, wanted) = (source.str("/path"), source.str("/type"));
    let (kind, mode) = match wanted {
        "" | "DirectoryOrCreate" => (NodeKind::Directory(BTreeMap::new()), 0o755),
        "FileOrCreate" => (NodeKind::File(Content::default()), 0o644),
        _ => return,
    };
    if find(tree, path).is_none() {
        // A full or impossible path shows when the container is mounted.
        let _ = tree.put(path, kind, Attributes::root(mode, now));
    }
}

/// Returns the node of a path.
pub(in crate::controllers::kubelet::inside) fn find(tree: &Tree, path: &str) -> Option<NodeId> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.into_iter().try_fold(tree.root(), |at, part| tree.entry(at, part).ok())
}

/// Returns the file system of a node as it is.
fn tree_of_node(server: &mut Server, node: &str) -> Result<Tree, Status> {
    let stored = server.typed_row::<Tree>(&format!("{ROWS}{HOST}{node}"))?;
    Ok(stored.unwrap_or_else(|| node_tree(node, u64::MAX, Time::from_secs(0))))
}

/// Reports whether a node has a file.
///
/// # Errors
/// A row that cannot be read.
pub(in crate::controllers::kubelet) fn has_file(server: &mut Server, node: &str, path: &str) -> Result<bool, Status> {
    let tree = tree_of_node(server, node)?;
    let found = find(&tree, path).and_then(|id| tree.node(id).ok());
    Ok(found.is_some_and(|node| matches!(node.kind, NodeKind::File(_))))
}

/// Returns why a `hostPath` cannot be mounted on a node (`pkg/volume/hostpath`, `checkType`).
///
/// # Errors
/// A row that cannot be read.
pub(in crate::controllers::kubelet) fn host_path_error(
    server: &mut Server,
    node: &str,
    source: &Value,
) -> Result<Option<String>, Status> {
    let wanted = source.str("/type");
    if !["Directory", "File"].contains(&wanted) {
        return Ok(None);
    }
    let (tree, path) = (tree_of_node(server, node)?, source.str("/path"));
    let found = find(&tree, path).and_then(|id| tree.node(id).ok());
    let (is_right, what) = match wanted {
        "Directory" => (found.is_some_and(|node| node.is_directory()), "directory"),
        _ => (found.is_some_and(|node| matches!(node.kind, NodeKind::File(_))), "file"),
    };
    Ok((!is_right).then(|| format!("hostPath type check failed: {path} is not a {what}")))
}

/// Returns the pods that have a tree of the world of a pod in theirs, by namespace and name, and adds the pod to them.
///
/// # Errors
/// As [`key`].
pub(in crate::controllers::kubelet::inside) fn other_users(
    sources: &mut Sources<'_>,
) -> Result<BTreeSet<(String, String)>, Status> {
    let own = (sources.pod.namespace().to_owned(), sources.pod.name().to_owned());
    let mut others = BTreeSet::new();
    for volume in sources.pod.list("/spec/volumes").iter().filter(|volume| super::is_shared(volume)) {
        let row = format!("{USERS}{}", key(sources, volume)?);
        let users: BTreeSet<(String, String)> = sources.server.typed_row(&row)?.unwrap_or_default();
        if !users.contains(&own) {
            let mut more = users.clone();
            more.insert(own.clone());
            sources.server.set_typed_row(&row, Some(more));
        }
        others.extend(users.into_iter().filter(|user| *user != own));
    }
    Ok(others)
}

/// Takes the shared trees out of a world.
pub(in crate::controllers::kubelet::inside) fn take_shared(world: &mut World) -> BTreeMap<String, Tree> {
    let is_shared = |key: &str| [CLAIM, HOST, NFS, NETWORK].iter().any(|prefix| key.starts_with(prefix));
    world.trees.extract_if(.., |key, _| is_shared(key)).collect()
}

/// Takes the shared trees out of a world, and keeps those that have changed.
pub(in crate::controllers::kubelet) fn save(server: &mut Server, world: &mut World) {
    for (key, tree) in take_shared(world) {
        server.set_typed_row(&format!("{ROWS}{key}"), Some(tree));
    }
}

/// Removes what a PersistentVolume held, unless it is to be retained.
pub(in crate::controllers::kubelet) fn remove(server: &mut Server, volume: &Object) {
    let key = key_of_volume(volume);
    if volume.str("/spec/persistentVolumeReclaimPolicy") == "Retain" && !key.starts_with(&format!("{CLAIM}name/")) {
        return;
    }
    for rows in [ROWS, USERS] {
        server.set_row(&format!("{rows}{key}"), None);
    }
}
