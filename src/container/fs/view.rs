//! The files that a process sees: paths, permissions, and all mounts as one tree.

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use super::walk::join;
use super::{Attributes, Mount, Mounts, Node, NodeId, NodeKind, Tree};
use crate::errno::{Errno, SysResult};
use crate::process::Credentials;

/// A node of one of the trees, with the path that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Absolute path without links, `.` and `..`; empty for the root directory.
    pub path: String,
    /// Key of the tree.
    pub tree: String,
    /// Number of the node.
    pub node: NodeId,
    /// The mount is read-only.
    pub is_read_only: bool,
}

/// The answer of `stat` about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The node: kind, owner, permissions, number of links.
    pub node: Node,
    /// Its number.
    pub id: NodeId,
    /// Key of its tree, which is its device.
    pub tree: String,
}

/// The view of a process. Paths are relative to `cwd` unless they begin with a slash.
pub struct Files<'a> {
    /// All trees.
    pub trees: &'a mut BTreeMap<String, Tree>,
    /// The mounts of the container.
    pub mounts: &'a Mounts,
    /// Absolute path of the working directory.
    pub cwd: &'a str,
    /// Who asks.
    pub credentials: &'a Credentials,
    /// Permission bits that new files do not get.
    pub umask: u32,
    /// The time that new and changed files get.
    pub now: Time,
}

impl Files<'_> {
    /// Resolves a path, and a link at its end, too.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`.
    pub fn resolve(&self, path: &str) -> SysResult<Location> {
        self.walk(path, true)
    }

    /// Resolves a path, but not a link at its end.
    ///
    /// # Errors
    /// As [`Files::resolve`].
    pub fn resolve_link(&self, path: &str) -> SysResult<Location> {
        self.walk(path, path.ends_with('/'))
    }

    /// Returns what `stat(2)` does.
    ///
    /// # Errors
    /// As [`Files::resolve`].
    pub fn stat(&self, path: &str) -> SysResult<Stat> {
        self.stat_at(&self.resolve(path)?)
    }

    /// Returns what `lstat(2)` does.
    ///
    /// # Errors
    /// As [`Files::resolve`].
    pub fn lstat(&self, path: &str) -> SysResult<Stat> {
        self.stat_at(&self.resolve_link(path)?)
    }

    /// Returns the bytes of a regular file.
    ///
    /// # Errors
    /// `EISDIR`, `EACCES`, and those of [`Files::resolve`]. `EINVAL` for what has no content of its own, like devices.
    pub fn read(&self, path: &str) -> SysResult<Vec<u8>> {
        let at = self.resolve(path)?;
        let node = self.node(&at)?;
        self.check(node, 0o4)?;
        match &node.kind {
            NodeKind::File(content) => Ok(content.as_slice().to_vec()),
            NodeKind::Directory(_) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Returns the names in a directory, those of mounts included, without `.` and `..`, in bytewise order.
    ///
    /// # Errors
    /// `ENOTDIR`, `EACCES`, and those of [`Files::resolve`].
    pub fn list(&self, path: &str) -> SysResult<Vec<String>> {
        let at = self.resolve(path)?;
        self.check(self.node(&at)?, 0o4)?;
        let mut names: Vec<String> = self.tree(&at)?.entries(at.node)?.keys().cloned().collect();
        names.extend(self.mounts.below(&at.path).map(String::from));
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Opens a regular file or device for writing, and creates it with `mode` less the umask if it does not exist.
    /// `truncate` empties a regular file.
    ///
    /// # Errors
    /// `EISDIR`, `EACCES`, `EROFS`, `ENOSPC`, and those of [`Files::resolve`].
    pub fn open_for_writing(&mut self, path: &str, mode: u32, truncate: bool) -> SysResult<Location> {
        let at = match self.resolve(path) {
            Err(Errno::ENOENT) if !path.ends_with('/') => {
                let target = self.final_target(path)?;
                return self.make(&target, NodeKind::File(Vec::new().into()), mode & !self.umask);
            }
            found => found?,
        };
        let node = self.node(&at)?;
        self.check(node, 0o2)?;
        let is_file = match node.kind {
            NodeKind::Directory(_) => return Err(Errno::EISDIR),
            NodeKind::File(_) => true,
            _ => false,
        };
        if is_file {
            check_writable(&at)?;
            if truncate {
                let now = self.now;
                self.tree_mut(&at)?.truncate(at.node, 0, now)?;
            }
        }
        Ok(at)
    }

    /// Replaces the content of a regular file, which is created with `0666` less the umask.
    ///
    /// # Errors
    /// As [`Files::open_for_writing`].
    pub fn write(&mut self, path: &str, bytes: &[u8]) -> SysResult<()> {
        let at = self.open_for_writing(path, 0o666, true)?;
        let now = self.now;
        self.tree_mut(&at)?.write(at.node, 0, bytes, now)
    }

    /// Creates a directory with `mode` less the umask.
    ///
    /// # Errors
    /// `EEXIST`, `EACCES`, `EROFS`, `ENOSPC`, and those of [`Files::resolve`].
    pub fn make_directory(&mut self, path: &str, mode: u32) -> SysResult<()> {
        let path = path.trim_end_matches('/');
        if self.resolve_link(if path.is_empty() { "/" } else { path }).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.make(path, NodeKind::Directory(BTreeMap::new()), mode & !self.umask).map(drop)
    }

    /// Creates a symbolic link.
    ///
    /// # Errors
    /// As [`Files::make_directory`].
    pub fn symlink(&mut self, target: &str, path: &str) -> SysResult<()> {
        self.make(path, NodeKind::Link(target.to_owned()), 0o777).map(drop)
    }

    /// Creates a named pipe or a device.
    ///
    /// # Errors
    /// As [`Files::make_directory`].
    pub fn make_node(&mut self, path: &str, kind: NodeKind, mode: u32) -> SysResult<()> {
        self.make(path, kind, mode & !self.umask).map(drop)
    }

    /// Creates a hard link to a file.
    ///
    /// # Errors
    /// `EXDEV` between trees, `EPERM` for a directory, and those of [`Files::make_directory`].
    pub fn link(&mut self, existing: &str, path: &str) -> SysResult<()> {
        let at = self.resolve_link(existing)?;
        let slot = self.slot(path)?;
        self.check_slot(&slot)?;
        if slot.directory.tree != at.tree {
            return Err(Errno::EXDEV);
        }
        self.tree_mut(&at)?.link(slot.directory.node, &slot.name, at.node)
    }

    /// Removes a file that is no directory.
    ///
    /// # Errors
    /// `EISDIR`, `EACCES`, `EROFS`, `EBUSY` for a mount, and those of [`Files::resolve`].
    pub fn unlink(&mut self, path: &str) -> SysResult<()> {
        self.remove(path, false)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `ENOTDIR`, `ENOTEMPTY`, `EACCES`, `EROFS`, `EBUSY` for a mount, and those of [`Files::resolve`].
    pub fn remove_directory(&mut self, path: &str) -> SysResult<()> {
        self.remove(path, true)
    }

    /// Moves a file or directory inside of one tree.
    ///
    /// # Errors
    /// `EXDEV` between trees, `EBUSY` for a mount, and those of [`Tree::rename`] and [`Files::resolve`].
    pub fn rename(&mut self, from: &str, to: &str) -> SysResult<()> {
        let from_at = self.resolve_link(from)?;
        let (from, to) = (self.slot(from)?, self.slot(to)?);
        self.check_slot(&from)?;
        self.check_slot(&to)?;
        if self.mounts.at(&from_at.path).is_some() || self.mounts.at(&join(&to.directory.path, &to.name)).is_some() {
            return Err(Errno::EBUSY);
        }
        if from.directory.tree != to.directory.tree {
            return Err(Errno::EXDEV);
        }
        let tree = self.tree_mut(&from.directory)?;
        tree.rename((from.directory.node, &from.name), (to.directory.node, &to.name))
    }

    /// Changes the permission bits; only the owner and root may.
    ///
    /// # Errors
    /// `EPERM`, `EROFS`, and those of [`Files::resolve`].
    pub fn set_mode(&mut self, path: &str, mode: u32) -> SysResult<()> {
        self.set_attributes(path, |attributes| attributes.mode = mode)
    }

    /// Changes attributes of a file; only its owner and root may.
    ///
    /// # Errors
    /// `EPERM`, `EROFS`, and those of [`Files::resolve`].
    pub fn set_attributes(&mut self, path: &str, change: impl FnOnce(&mut Attributes)) -> SysResult<()> {
        let at = self.resolve(path)?;
        let owner = self.node(&at)?.attributes.uid;
        check_writable(&at)?;
        if self.credentials.uid != 0 && self.credentials.uid != owner {
            return Err(Errno::EPERM);
        }
        self.tree_mut(&at)?.set_attributes(at.node, change)
    }

    /// Reports whether the process may access a file: `wanted` has the bits 4 (read), 2 (write) and 1 (execute or search).
    ///
    /// # Errors
    /// `EACCES`, `EROFS`, and those of [`Files::resolve`].
    pub fn access(&self, path: &str, wanted: u32) -> SysResult<()> {
        let at = self.resolve(path)?;
        if wanted & 0o2 != 0 {
            check_writable(&at)?;
        }
        self.check(self.node(&at)?, wanted)
    }

    /// Returns the absolute path without links, `.` and `..` (`realpath`).
    ///
    /// # Errors
    /// As [`Files::resolve`].
    pub fn real_path(&self, path: &str) -> SysResult<String> {
        let at = self.resolve(path)?;
        Ok(if at.path.is_empty() { "/".into() } else { at.path })
    }

    /// Returns the mount that a location lies on.
    #[must_use]
    pub fn mount_of(&self, at: &Location) -> Option<&Mount> {
        let mut path = at.path.as_str();
        loop {
            if let Some(mount) = self.mounts.at(path) {
                return Some(mount);
            }
            path = &path[..path.rfind('/')?];
        }
    }

    /// Returns the node at a location.
    ///
    /// # Errors
    /// `ENOENT` when it has been removed.
    pub fn node(&self, at: &Location) -> SysResult<&Node> {
        self.tree(at)?.node(at.node)
    }

    /// Returns the tree of a location.
    ///
    /// # Errors
    /// `ENOENT` when the volume is gone.
    pub fn tree(&self, at: &Location) -> SysResult<&Tree> {
        self.trees.get(&at.tree).ok_or(Errno::ENOENT)
    }

    fn tree_mut(&mut self, at: &Location) -> SysResult<&mut Tree> {
        self.trees.get_mut(&at.tree).ok_or(Errno::ENOENT)
    }

    fn stat_at(&self, at: &Location) -> SysResult<Stat> {
        Ok(Stat { node: self.node(at)?.clone(), id: at.node, tree: at.tree.clone() })
    }

    fn make(&mut self, path: &str, kind: NodeKind, mode: u32) -> SysResult<Location> {
        let slot = self.slot(path)?;
        self.check_slot(&slot)?;
        let parent = self.node(&slot.directory)?.attributes;
        let has_group_id = parent.mode & 0o2000 != 0;
        let attributes = Attributes {
            mode: if has_group_id && matches!(kind, NodeKind::Directory(_)) { mode | 0o2000 } else { mode },
            uid: self.credentials.uid,
            gid: if has_group_id { parent.gid } else { self.credentials.gid },
            modified: self.now,
        };
        let id = self.tree_mut(&slot.directory)?.create(slot.directory.node, &slot.name, kind, attributes)?;
        let now = self.now;
        self.tree_mut(&slot.directory)?.set_attributes(slot.directory.node, |parent| parent.modified = now)?;
        Ok(Location { path: join(&slot.directory.path, &slot.name), node: id, ..slot.directory })
    }

    fn remove(&mut self, path: &str, wants_directory: bool) -> SysResult<()> {
        let at = self.resolve_link(path)?;
        let slot = self.slot(path)?;
        if self.mounts.at(&at.path).is_some() {
            return Err(Errno::EBUSY);
        }
        match (self.node(&at)?.is_directory(), wants_directory) {
            (true, false) => return Err(Errno::EISDIR),
            (false, true) => return Err(Errno::ENOTDIR),
            _ => {}
        }
        self.check_slot(&slot)?;
        let parent = self.node(&slot.directory)?.attributes;
        let is_owner = [parent.uid, self.node(&at)?.attributes.uid].contains(&self.credentials.uid);
        if parent.mode & 0o1000 != 0 && self.credentials.uid != 0 && !is_owner {
            return Err(Errno::EPERM);
        }
        self.tree_mut(&slot.directory)?.remove(slot.directory.node, &slot.name)
    }

    /// Checks permission bits: those of the owner, of the group, or of others. Root needs one execute bit to execute.
    pub(super) fn check(&self, node: &Node, wanted: u32) -> SysResult<()> {
        let Attributes { mode, uid, gid, .. } = node.attributes;
        let credentials = self.credentials;
        if credentials.uid == 0 {
            let may = wanted & 0o1 == 0 || node.is_directory() || mode & 0o111 != 0;
            return if may { Ok(()) } else { Err(Errno::EACCES) };
        }
        let bits = if uid == credentials.uid {
            mode >> 6
        } else if gid == credentials.gid || credentials.groups.contains(&gid) {
            mode >> 3
        } else {
            mode
        };
        if bits & wanted == wanted { Ok(()) } else { Err(Errno::EACCES) }
    }
}

pub(super) fn check_writable(at: &Location) -> SysResult<()> {
    if at.is_read_only { Err(Errno::EROFS) } else { Ok(()) }
}
