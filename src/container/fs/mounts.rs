//! The mount table of a container.

use serde::{Deserialize, Serialize};

use super::NodeId;

/// A tree, or a part of it, at a place of the file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Absolute path without a final slash; empty for the root.
    pub path: String,
    /// Key of the tree in [`crate::World::trees`].
    pub tree: String,
    /// The node of the tree that is visible at `path`; a file for a mounted `subPath` that is one.
    pub node: NodeId,
    /// Nothing may be written.
    pub is_read_only: bool,
    /// The source as `mount` and `df` show it, for instance `/dev/vda1` or `tmpfs`.
    pub source: String,
    /// The type as `mount` shows it, for instance `ext4` or `overlay`.
    pub fs_type: String,
}

/// The mounts of a container in the order in which they were made; the root comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mounts(pub Vec<Mount>);

impl Mounts {
    /// Returns the mounts of the container itself: not those that only show the files of other containers below `/proc`.
    pub fn own(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter().filter(|mount| !mount.path.starts_with("/proc/"))
    }

    /// Returns the last mount at exactly this path, written without a final slash.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Mount> {
        self.0.iter().rev().find(|mount| mount.path == path)
    }

    /// Returns the names of mounts directly below a directory that lies at `path`.
    pub fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |mount| {
            let rest = mount.path.strip_prefix(path)?.strip_prefix('/')?;
            (!rest.is_empty() && !rest.contains('/')).then_some(rest)
        })
    }
}
