//! The places of mounts in the root of a container, as the container runtime prepares them.

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use crate::fs::{Attributes, Content, Mounts, NodeKind, Tree};

/// Most links that lead to a place.
const MAX_LINKS: u32 = 40;

/// Creates the places of mounts that the image does not have, and follows its links: what is mounted at `/var/run/x` lies at
/// `/run/x` where `/var/run` is a link.
pub(super) fn prepare(root: &mut Tree, mounts: &mut Mounts, trees: &BTreeMap<String, Tree>, now: Time) {
    for mount in &mut mounts.0 {
        let node = trees.get(&mount.tree).and_then(|tree| tree.node(mount.node).ok());
        let is_file = node.is_some_and(|node| !node.is_directory());
        mount.path = place(root, &mount.path, is_file, now);
    }
}

/// Returns the path of a place without links, which exists then.
fn place(root: &mut Tree, path: &str, is_file: bool, now: Time) -> String {
    let mut rest: Vec<String> = parts(path).rev().collect();
    let (mut at, mut resolved, mut links) = (vec![root.root()], Vec::<String>::new(), 0);
    while let Some(name) = rest.pop() {
        if name == ".." {
            resolved.pop();
            at.truncate(at.len().saturating_sub(1).max(1));
            continue;
        }
        let directory = at[at.len() - 1];
        let found = root.entry(directory, &name).ok();
        let link = found.and_then(|id| root.node(id).ok()).and_then(|node| match &node.kind {
            NodeKind::Link(target) => Some(target.clone()),
            _ => None,
        });
        if let Some(target) = link.filter(|_| links < MAX_LINKS) {
            links += 1;
            if target.starts_with('/') {
                resolved.clear();
                at.truncate(1);
            }
            rest.extend(parts(&target).rev());
            continue;
        }
        let kind = match rest.is_empty() && is_file {
            true => NodeKind::File(Content::default()),
            false => NodeKind::Directory(BTreeMap::new()),
        };
        let mode = if matches!(kind, NodeKind::File(_)) { 0o644 } else { 0o755 };
        let made = || root.create(directory, &name, kind, Attributes::root(mode, now)).ok();
        match found.or_else(made) {
            Some(id) => at.push(id),
            // A file in the way, or no room: the mount is where it was asked for.
            None => return path.to_owned(),
        }
        resolved.push(name);
    }
    resolved.iter().map(|part| format!("/{part}")).collect()
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_and_directories_created() {
        let now = Time::from_secs(0);
        let mut root = Tree::new(Attributes::root(0o755, now), 1 << 20);
        for (path, target) in [("/var/run", "../run"), ("/data", "/srv/data")] {
            root.put(path, NodeKind::Link(target.into()), Attributes::root(0o777, now)).expect("room");
        }
        for (path, expected) in [("/var/run/secrets/x", "/run/secrets/x"), ("/data", "/srv/data"), ("/etc/a", "/etc/a")]
        {
            assert_eq!(place(&mut root, path, false, now), expected);
            assert_eq!(place(&mut root, expected, false, now), expected);
        }
    }
}
