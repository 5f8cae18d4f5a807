//! A file system: a tree of nodes with owners, modes and a capacity.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use super::node::{Attributes, Node, NodeId, NodeKind};
use crate::errno::{Errno, SysResult};

/// Number of the root directory.
const ROOT: NodeId = 1;
/// Most nodes of a tree.
const MAX_NODES: usize = 20_000;
/// Longest name of a directory entry (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// A file system. A copy shares all nodes until one of the copies changes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    #[serde(with = "shared_nodes")]
    nodes: BTreeMap<NodeId, Arc<Node>>,
    /// Number of times that files are open: they are kept until they are closed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    open: BTreeMap<NodeId, u32>,
    next: NodeId,
    /// Bytes that the nodes take.
    used: u64,
    /// Most bytes that the nodes may take.
    capacity: u64,
}

/// Serialises nodes without regard to what shares them.
mod shared_nodes {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Node, NodeId};

    pub(super) fn serialize<S: Serializer>(nodes: &BTreeMap<NodeId, Arc<Node>>, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(nodes.iter().map(|(id, node)| (id, node.as_ref())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<NodeId, Arc<Node>>, D::Error> {
        let nodes = BTreeMap::<NodeId, Node>::deserialize(from)?;
        Ok(nodes.into_iter().map(|(id, node)| (id, Arc::new(node))).collect())
    }
}

/// The changes of a tree since it was like another one, which can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeChanges {
    /// The next number of the other tree, by which it is recognised.
    base: NodeId,
    #[serde(with = "shared_nodes", default, skip_serializing_if = "BTreeMap::is_empty")]
    changed: BTreeMap<NodeId, Arc<Node>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<NodeId>,
    next: NodeId,
    used: u64,
    capacity: u64,
}

impl Tree {
    /// Returns what has changed since the tree was like `base`.
    #[must_use]
    pub fn changes_since(&self, base: &Tree) -> TreeChanges {
        let is_new = |(id, node): &(&NodeId, &Arc<Node>)| {
            base.nodes.get(id).is_none_or(|old| !Arc::ptr_eq(old, node) && old != *node)
        };
        let changed = self.nodes.iter().filter(is_new).map(|(id, node)| (*id, node.clone())).collect();
        let removed = base.nodes.keys().filter(|id| !self.nodes.contains_key(id)).copied().collect();
        TreeChanges { base: base.next, changed, removed, next: self.next, used: self.used, capacity: self.capacity }
    }

    /// Makes a tree like `base` what it had become. A base that is another one than before stays as it is.
    #[must_use]
    pub fn with(mut self, changes: &TreeChanges) -> Tree {
        if self.next != changes.base {
            return self;
        }
        for id in &changes.removed {
            self.nodes.remove(id);
        }
        self.nodes.extend(changes.changed.iter().map(|(id, node)| (*id, node.clone())));
        Tree { next: changes.next, used: changes.used, capacity: changes.capacity, ..self }
    }

    /// Reports whether two trees have the same files, whenever they were changed last.
    pub(crate) fn is_same_but_for_times(&self, other: &Tree) -> bool {
        let is_same = |a: &Node, b: &Node| {
            let attributes = Attributes { modified: b.attributes.modified, ..a.attributes };
            attributes == b.attributes && a.links == b.links && a.kind == b.kind
        };
        self.nodes.len() == other.nodes.len()
            && self
                .nodes
                .iter()
                .zip(&other.nodes)
                .all(|((ia, a), (ib, b))| ia == ib && (Arc::ptr_eq(a, b) || is_same(a, b)))
    }

    /// Creates a tree whose root directory has the attributes. `capacity` is in bytes.
    #[must_use]
    pub fn new(attributes: Attributes, capacity: u64) -> Tree {
        let root = Node { kind: NodeKind::Directory(BTreeMap::new()), attributes, links: 1 };
        Tree {
            used: root.charge(),
            nodes: BTreeMap::from([(ROOT, Arc::new(root))]),
            open: BTreeMap::new(),
            next: ROOT + 1,
            capacity,
        }
    }

    /// Returns the number of the root directory.
    #[must_use]
    pub fn root(&self) -> NodeId {
        ROOT
    }

    /// Returns the bytes that are used.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Returns the capacity in bytes.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Sets the capacity in bytes, for instance after a volume has grown.
    pub fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
    }

    /// Returns a node.
    ///
    /// # Errors
    /// `ENOENT` when it does not exist (any more).
    pub fn node(&self, id: NodeId) -> SysResult<&Node> {
        self.nodes.get(&id).map(Arc::as_ref).ok_or(Errno::ENOENT)
    }

    /// Returns the entries of a directory.
    ///
    /// # Errors
    /// `ENOTDIR`, `ENOENT`.
    pub fn entries(&self, directory: NodeId) -> SysResult<&BTreeMap<String, NodeId>> {
        match &self.node(directory)?.kind {
            NodeKind::Directory(entries) => Ok(entries),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Returns an entry of a directory.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`.
    pub fn entry(&self, directory: NodeId, name: &str) -> SysResult<NodeId> {
        self.entries(directory)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// Creates a node as an entry of a directory.
    ///
    /// # Errors
    /// `EEXIST`, `ENOSPC`, `ENOTDIR`, `ENAMETOOLONG`.
    pub fn create(
        &mut self,
        directory: NodeId,
        name: &str,
        kind: NodeKind,
        attributes: Attributes,
    ) -> SysResult<NodeId> {
        self.check_new_entry(directory, name)?;
        let node = Node { kind, attributes, links: 1 };
        if self.nodes.len() >= MAX_NODES {
            return Err(Errno::ENOSPC);
        }
        self.charge(node.charge())?;
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, Arc::new(node));
        self.entries_mut(directory)?.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Adds another entry for a node (a hard link).
    ///
    /// # Errors
    /// `EPERM` for a directory; else as [`Tree::create`].
    pub fn link(&mut self, directory: NodeId, name: &str, id: NodeId) -> SysResult<()> {
        self.check_new_entry(directory, name)?;
        if self.node(id)?.is_directory() {
            return Err(Errno::EPERM);
        }
        self.node_mut(id)?.links += 1;
        self.entries_mut(directory)?.insert(name.to_owned(), id);
        Ok(())
    }

    /// Removes an entry, and its node with the last entry. A directory has to be empty.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTEMPTY`.
    pub fn remove(&mut self, directory: NodeId, name: &str) -> SysResult<()> {
        let id = self.entry(directory, name)?;
        if self.entries(id).is_ok_and(|entries| !entries.is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.entries_mut(directory)?.remove(name);
        let node = self.node_mut(id)?;
        node.links -= 1;
        if node.links == 0 && !self.open.contains_key(&id) {
            self.free(id);
        }
        Ok(())
    }

    fn free(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.remove(&id) {
            self.used = self.used.saturating_sub(node.charge());
        }
    }

    /// Keeps a file that is opened, even if its last entry is removed.
    pub(crate) fn hold(&mut self, id: NodeId) {
        *self.open.entry(id).or_default() += 1;
    }

    /// Lets go of a file that is closed.
    pub(crate) fn release(&mut self, id: NodeId) {
        let left = self.open.remove(&id).unwrap_or(1) - 1;
        if left > 0 {
            self.open.insert(id, left);
        } else if self.node(id).is_ok_and(|node| node.links == 0) {
            self.free(id);
        }
    }

    /// Moves an entry; an entry at the new place is replaced, a directory only if it is empty.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `EINVAL` when a directory would become an entry of itself.
    pub fn rename(&mut self, from: (NodeId, &str), to: (NodeId, &str)) -> SysResult<()> {
        let id = self.entry(from.0, from.1)?;
        let is_directory = self.node(id)?.is_directory();
        if is_directory && self.contains(id, to.0) {
            return Err(Errno::EINVAL);
        }
        match self.entry(to.0, to.1) {
            Ok(existing) if existing == id => return Ok(()),
            Ok(existing) => {
                match (is_directory, self.node(existing)?.is_directory()) {
                    (true, false) => return Err(Errno::ENOTDIR),
                    (false, true) => return Err(Errno::EISDIR),
                    _ => self.remove(to.0, to.1)?,
                };
            }
            Err(_) => self.check_new_entry(to.0, to.1)?,
        }
        self.entries_mut(from.0)?.remove(from.1);
        self.entries_mut(to.0)?.insert(to.1.to_owned(), id);
        Ok(())
    }

    /// Replaces bytes of a file from an offset on; a hole before it is filled with zeros.
    ///
    /// # Errors
    /// `ENOSPC`, `EISDIR`, `EINVAL` for what has no content.
    pub fn write(&mut self, id: NodeId, offset: u64, bytes: &[u8], now: Time) -> SysResult<()> {
        let old = self.node(id)?.size();
        let end = offset.checked_add(bytes.len() as u64).ok_or(Errno::EFBIG)?;
        self.charge(end.saturating_sub(old))?;
        let content = self.content_mut(id, now)?;
        // The capacity bounds it, so that it fits.
        let (start, end) = (offset as usize, end as usize);
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(bytes);
        Ok(())
    }

    /// Sets the length of a file.
    ///
    /// # Errors
    /// As [`Tree::write`].
    pub fn truncate(&mut self, id: NodeId, length: u64, now: Time) -> SysResult<()> {
        let old = self.node(id)?.size();
        self.charge(length.saturating_sub(old))?;
        self.content_mut(id, now)?.resize(length as usize, 0);
        self.used = self.used.saturating_sub(old.saturating_sub(length));
        Ok(())
    }

    /// Changes owner, permissions or time of a node.
    ///
    /// # Errors
    /// `ENOENT`.
    pub fn set_attributes(&mut self, id: NodeId, change: impl FnOnce(&mut Attributes)) -> SysResult<()> {
        change(&mut self.node_mut(id)?.attributes);
        Ok(())
    }

    /// Creates a file with its directories, or replaces its content; for the files of images and volumes.
    ///
    /// # Errors
    /// As [`Tree::create`].
    pub fn put(&mut self, path: &str, kind: NodeKind, attributes: Attributes) -> SysResult<NodeId> {
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        let mut at = ROOT;
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                if self.entry(at, part).is_ok() {
                    if matches!(kind, NodeKind::Directory(_)) {
                        return self.entry(at, part);
                    }
                    self.remove(at, part)?;
                }
                return self.create(at, part, kind, attributes);
            }
            at = match self.entry(at, part) {
                Ok(id) => id,
                Err(_) => {
                    let mode = 0o755;
                    let directory = NodeKind::Directory(BTreeMap::new());
                    self.create(at, part, directory, Attributes { mode, ..attributes })?
                }
            };
        }
        Ok(at)
    }

    fn check_new_entry(&self, directory: NodeId, name: &str) -> SysResult<()> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        match self.entry(directory, name) {
            Ok(_) => Err(Errno::EEXIST),
            Err(Errno::ENOENT) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Reports whether `inner` is `directory` or lies below it.
    fn contains(&self, directory: NodeId, inner: NodeId) -> bool {
        directory == inner
            || self.entries(directory).is_ok_and(|entries| entries.values().any(|id| self.contains(*id, inner)))
    }

    fn charge(&mut self, bytes: u64) -> SysResult<()> {
        let used = self.used.saturating_add(bytes);
        if bytes > 0 && used > self.capacity {
            return Err(Errno::ENOSPC);
        }
        self.used = used;
        Ok(())
    }

    fn node_mut(&mut self, id: NodeId) -> SysResult<&mut Node> {
        self.nodes.get_mut(&id).map(Arc::make_mut).ok_or(Errno::ENOENT)
    }

    fn entries_mut(&mut self, directory: NodeId) -> SysResult<&mut BTreeMap<String, NodeId>> {
        match &mut self.node_mut(directory)?.kind {
            NodeKind::Directory(entries) => Ok(entries),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn content_mut(&mut self, id: NodeId, now: Time) -> SysResult<&mut Vec<u8>> {
        let node = self.node_mut(id)?;
        node.attributes.modified = now;
        match &mut node.kind {
            NodeKind::File(content) => Ok(content.make_mut()),
            NodeKind::Directory(_) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }
}
