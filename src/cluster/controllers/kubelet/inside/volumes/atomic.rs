//! The form in which the kubelet writes files that are replaced together (`pkg/volume/util/atomic_writer.go`): a directory
//! named by the time, the link `..data` to it, and links to the files through that.

use std::collections::{BTreeMap, BTreeSet};

use kctl_base::sim::{Ids, Time};
use kctl_container::{Attributes, Content, NodeId, NodeKind, Tree};

/// The link to the directory with the present files.
const DATA: &str = "..data";
/// The name of what [`copy`] copies.
pub(super) const COPY: &str = "copy";

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    /// Mode, owner and group.
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Files by their path in the volume.
pub(super) type Payload = BTreeMap<String, File>;

/// Replaces the files of a volume; returns `false` if they are the same.
pub(super) fn write(tree: &mut Tree, volume: &str, payload: &Payload, ids: Ids, now: Time) -> bool {
    let old = present(tree);
    if old.as_ref().is_some_and(|(_, files)| files == payload) {
        return false;
    }
    let root = tree.root();
    let gid = tree.node(root).map_or(0, |node| node.attributes.gid);
    let directory = name(ids, volume, now);
    let attributes = |mode: u32, gid: u32| Attributes { gid, ..Attributes::root(mode, now) };
    let put = |tree: &mut Tree, path: &str, kind: NodeKind, attributes: Attributes| {
        // Objects are small, so that only a path that is both file and directory fails, as for the kubelet.
        let _ = tree.put(path, kind, attributes);
    };
    let set_group = if gid == 0 { 0 } else { 0o2000 };
    put(tree, &directory, NodeKind::Directory(BTreeMap::new()), attributes(0o755 | set_group, gid));
    for (path, file) in payload {
        let node = NodeKind::File(Content::from(file.bytes.clone()));
        put(
            tree,
            &format!("{directory}/{path}"),
            node,
            Attributes { mode: file.mode, uid: file.uid, gid: file.gid, modified: now },
        );
    }
    put(tree, DATA, NodeKind::Link(directory.clone()), attributes(0o777, gid));
    let first = |path: &String| path.split('/').next().unwrap_or_default().to_owned();
    let names: BTreeSet<String> = payload.keys().map(first).collect();
    for name in &names {
        if tree.entry(root, name).is_err() {
            put(tree, name, NodeKind::Link(format!("{DATA}/{name}")), attributes(0o777, gid));
        }
    }
    if let Some((old_directory, files)) = old {
        for gone in files.keys().map(first).filter(|name| !names.contains(name)) {
            let _ = tree.remove(root, &gone);
        }
        remove_all(tree, root, &old_directory);
    }
    true
}

/// Returns the name of the directory of this instant.
fn name(ids: Ids, volume: &str, now: Time) -> String {
    let number = ids.below("volume-data", volume, now.micros().unsigned_abs(), 1 << 32);
    format!("..{}.{number}", now.to_chrono().format("%Y_%m_%d_%H_%M_%S"))
}

/// Returns the directory of the present files, and the files.
fn present(tree: &Tree) -> Option<(String, Payload)> {
    let link = tree.node(tree.entry(tree.root(), DATA).ok()?).ok()?;
    let NodeKind::Link(directory) = &link.kind else { return None };
    let mut files = Payload::new();
    collect(tree, tree.entry(tree.root(), directory).ok()?, "", &mut files);
    Some((directory.clone(), files))
}

fn collect(tree: &Tree, directory: NodeId, prefix: &str, files: &mut Payload) {
    for (name, id) in tree.entries(directory).into_iter().flatten() {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        match tree.node(*id) {
            Ok(node) => match &node.kind {
                NodeKind::File(content) => {
                    let Attributes { mode, uid, gid, .. } = node.attributes;
                    files.insert(path, File { bytes: content.as_slice().to_vec(), mode, uid, gid });
                }
                _ => collect(tree, *id, &path, files),
            },
            Err(_) => continue,
        }
    }
}

fn remove_all(tree: &mut Tree, parent: NodeId, name: &str) {
    let Ok(id) = tree.entry(parent, name) else { return };
    let names: Vec<String> = tree.entries(id).map(|entries| entries.keys().cloned().collect()).unwrap_or_default();
    for inner in names {
        remove_all(tree, id, &inner);
    }
    // It is empty by now.
    let _ = tree.remove(parent, name);
}

/// Returns a tree with a copy of a file or directory of a volume, under [`COPY`]; an empty directory if there is none.
pub(super) fn copy(tree: &Tree, path: &str, now: Time) -> Tree {
    let mut copy = Tree::new(Attributes::root(0o755, now), tree.capacity());
    let files = present(tree).map(|(_, files)| files).unwrap_or_default();
    for (name, file) in files {
        let target = match name.strip_prefix(path) {
            Some("") => COPY.to_owned(),
            Some(rest) if rest.starts_with('/') => format!("{COPY}{rest}"),
            _ => continue,
        };
        let attributes = Attributes { mode: file.mode, uid: file.uid, gid: file.gid, modified: now };
        // It fits, as it did in the volume.
        let _ = copy.put(&target, NodeKind::File(Content::from(file.bytes)), attributes);
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { bytes: text.as_bytes().to_vec(), mode: 0o644, uid: 0, gid: 0 }
    }

    fn names(tree: &Tree) -> Vec<String> {
        tree.entries(tree.root()).expect("the root").keys().cloned().collect()
    }

    #[test]
    fn files_are_replaced_through_a_link() {
        let mut tree = Tree::new(Attributes::root(0o777, Time::from_secs(0)), 1 << 20);
        let ids = Ids::new(1);
        let payload = Payload::from([("a".into(), file("1")), ("keys/b".into(), file("2"))]);
        assert!(write(&mut tree, "v", &payload, ids, Time::from_secs(10)));
        assert!(!write(&mut tree, "v", &payload, ids, Time::from_secs(20)));
        let first = names(&tree);
        assert_eq!(&first[1..], ["..data", "a", "keys"]);
        assert!(first[0].starts_with("..1970_01_01_00_00_10."), "{first:?}");
        let changed = Payload::from([("a".into(), file("3")), ("c".into(), file("4"))]);
        assert!(write(&mut tree, "v", &changed, ids, Time::from_secs(30)));
        assert_eq!(&names(&tree)[1..], ["..data", "a", "c"]);
        assert_eq!(present(&tree).map(|(_, files)| files), Some(changed));
    }

    #[test]
    fn a_copy_has_one_file_or_directory() {
        let mut tree = Tree::new(Attributes::root(0o777, Time::from_secs(0)), 1 << 20);
        let payload = Payload::from([("a".into(), file("1")), ("keys/b".into(), file("2"))]);
        write(&mut tree, "v", &payload, Ids::new(1), Time::from_secs(10));
        for (path, inner) in [("a", None), ("keys", Some("b"))] {
            let copied = copy(&tree, path, Time::from_secs(20));
            let at = copied.entry(copied.root(), COPY).expect("a copy");
            assert_eq!(inner.map(|name| copied.entry(at, name).is_ok()), inner.map(|_| true), "{path}");
        }
    }
}
