//! The way along a path: mounts, symbolic links, and the place where an entry is made.

use super::view::{Files, Location, check_writable};
use super::{Mount, NodeKind};
use crate::errno::{Errno, SysResult};

/// Most symbolic links that one path may lead through (`MAXSYMLINKS`).
const MAX_LINKS: u32 = 40;
/// Longest path in bytes (`PATH_MAX`).
const PATH_MAX: usize = 4096;

/// The parent directory of a path and the name in it.
pub(super) struct Slot {
    pub(super) directory: Location,
    pub(super) name: String,
}

impl Files<'_> {
    fn root(&self) -> SysResult<Location> {
        let mount = self.mounts.at("").ok_or(Errno::ENOENT)?;
        Ok(location(mount, String::new()))
    }

    pub(super) fn walk(&self, path: &str, follow_last: bool) -> SysResult<Location> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        if path.len() > PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut rest: Vec<String> = parts(path).rev().collect();
        if !path.starts_with('/') {
            rest.extend(parts(self.cwd).rev());
        }
        let mut at = self.root()?;
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if name == ".." {
                at = self.parent(&at)?;
                continue;
            }
            let next = self.step(&at, &name)?;
            match &self.node(&next)?.kind {
                NodeKind::Link(target) if follow_last || !rest.is_empty() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::ELOOP);
                    }
                    if target.starts_with('/') {
                        at = self.root()?;
                    }
                    rest.extend(parts(target).rev());
                }
                _ => at = next,
            }
        }
        if path.ends_with('/') && !self.node(&at)?.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        Ok(at)
    }

    /// Returns an entry of a directory, or the root of the mount there.
    fn step(&self, directory: &Location, name: &str) -> SysResult<Location> {
        let node = self.node(directory)?;
        if !node.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        self.check(node, 0o1)?;
        let path = join(&directory.path, name);
        if let Some(mount) = self.mounts.at(&path) {
            return Ok(location(mount, path));
        }
        let id = self.tree(directory)?.entry(directory.node, name)?;
        Ok(Location { path, node: id, ..directory.clone() })
    }

    pub(super) fn parent(&self, at: &Location) -> SysResult<Location> {
        let parent = at.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.walk(if parent.is_empty() { "/" } else { parent }, true)
    }

    pub(super) fn slot(&self, path: &str) -> SysResult<Slot> {
        let path = path.trim_end_matches('/');
        let (directory, name) = match path.rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some((directory, name)) => (directory, name),
            None => (".", path),
        };
        if name.is_empty() || name == "." || name == ".." {
            return Err(if path.is_empty() { Errno::ENOENT } else { Errno::EINVAL });
        }
        Ok(Slot { directory: self.resolve(directory)?, name: name.to_owned() })
    }

    pub(super) fn check_slot(&self, slot: &Slot) -> SysResult<()> {
        let node = self.node(&slot.directory)?;
        if !node.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        check_writable(&slot.directory)?;
        self.check(node, 0o3)
    }

    /// Follows links that lead to a file that does not exist: `open` creates it there.
    pub(super) fn final_target(&self, path: &str) -> SysResult<String> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            match self.resolve_link(&path) {
                Ok(at) => match &self.node(&at)?.kind {
                    NodeKind::Link(target) if target.starts_with('/') => path = target.clone(),
                    NodeKind::Link(target) => {
                        path = format!("{}/{target}", at.path.rsplit_once('/').map_or("", |(parent, _)| parent));
                    }
                    _ => return Ok(path),
                },
                Err(Errno::ENOENT) => return Ok(path),
                Err(other) => return Err(other),
            }
        }
        Err(Errno::ELOOP)
    }
}

fn location(mount: &Mount, path: String) -> Location {
    Location { path, tree: mount.tree.clone(), node: mount.node, is_read_only: mount.is_read_only }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(String::from)
}

pub(super) fn join(directory: &str, name: &str) -> String {
    format!("{directory}/{name}")
}
