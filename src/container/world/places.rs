//! The places of mounts in the files of a container (`runc`, `libcontainer/rootfs_linux.go`).

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use crate::fs::{Files, Mount, Mounts, Tree};
use crate::process::Credentials;

/// Makes the places of all mounts but the first, the root: directories on the way that do not exist are created, even in what
/// the container cannot write, and links are followed.
pub(super) fn prepare(trees: &mut BTreeMap<String, Tree>, mounts: &mut Mounts, now: Time) {
    let root = Credentials::default();
    let mut placed = Mounts::default();
    for mount in &mut mounts.0 {
        if !mount.path.is_empty() {
            let mut files = Files { trees, mounts: &placed, cwd: "/", credentials: &root, umask: 0o022, now };
            mount.path = place(&mut files, &mount.path);
        }
        placed.0.push(Mount { is_read_only: false, ..mount.clone() });
    }
}

/// Returns the real path of a place.
fn place(files: &mut Files<'_>, path: &str) -> String {
    let mut at = String::new();
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let next = format!("{at}/{part}");
        at = match files.resolve(&next) {
            Ok(found) => found.path,
            Err(_) => {
                if parts.peek().is_some() {
                    // Without its directory, as on a full disk, nothing is seen of the mount.
                    let _ = files.make_directory(&next, 0o755);
                }
                next
            }
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{Attributes, NodeKind};

    #[test]
    fn directories_are_made_and_links_followed() {
        let now = Time::parse("2026-01-01T00:00:00Z").expect("a time");
        let mut tree = Tree::new(Attributes::root(0o755, now), 1 << 20);
        let directory = || NodeKind::Directory(BTreeMap::new());
        tree.put("/run", directory(), Attributes::root(0o755, now)).expect("room");
        tree.put("/var/run", NodeKind::Link("/run".into()), Attributes::root(0o777, now)).expect("room");
        let volume = Tree::new(Attributes::root(0o755, now), 1 << 20);
        let mount = |path: &str, tree: &str| Mount {
            path: path.into(),
            tree: tree.into(),
            node: volume.root(),
            is_read_only: true,
            source: "tmpfs".into(),
            fs_type: "tmpfs".into(),
        };
        let mut trees = BTreeMap::from([("root".to_owned(), tree), ("volume".to_owned(), volume.clone())]);
        let mut mounts = Mounts(vec![
            mount("", "root"),
            mount("/var/run/secrets/token", "volume"),
            mount("/a/b/c", "volume"),
            mount("/a/b/c/d", "volume"),
        ]);
        prepare(&mut trees, &mut mounts, now);
        let paths: Vec<&str> = mounts.0.iter().map(|mount| mount.path.as_str()).collect();
        assert_eq!(paths, ["", "/run/secrets/token", "/a/b/c", "/a/b/c/d"]);
        assert!(mounts.0.iter().all(|mount| mount.is_read_only));
        let root = Credentials::default();
        let files = Files { trees: &mut trees, mounts: &mounts, cwd: "/", credentials: &root, umask: 0, now };
        assert_eq!(files.list("/var/run/secrets").expect("a directory"), ["token"]);
        assert!(files.stat("/a/b/c/d").is_ok());
    }
}
