//! The nodes of a file system: files with their owners and modes.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

/// The number of a node in its tree (inode number).
pub type NodeId = u64;

/// Bytes that every node takes beside its content.
const NODE_SIZE: u64 = 256;

/// The bytes of a regular file; copies share them until one is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content(#[serde(with = "bytes_as_text")] Arc<Vec<u8>>);

impl Content {
    /// Returns the bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl Content {
    /// Returns the bytes to change them; those that are shared are copied.
    pub(super) fn make_mut(&mut self) -> &mut Vec<u8> {
        Arc::make_mut(&mut self.0)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content(Arc::new(bytes))
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Content {
        Content(Arc::new(text.as_bytes().to_vec()))
    }
}

/// Serialises bytes as text, a byte above 127 as the character with its number: most files are plain text.
mod bytes_as_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &Arc<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Vec<u8>>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
        bytes.map(Arc::new).map_err(|_| D::Error::custom("not a byte"))
    }
}

/// A character device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Device {
    /// `/dev/null`.
    Null,
    /// `/dev/zero`.
    Zero,
    /// `/dev/full`.
    Full,
    /// `/dev/random` and `/dev/urandom`.
    Random,
    /// `/dev/tty`: the terminal of the session.
    Tty,
    /// `/dev/stdin`, `/dev/stdout` and `/dev/stderr`: a file that the process has open, by its descriptor.
    Descriptor(i32),
}

/// The kind of a node, with what only that kind has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NodeKind {
    /// A regular file.
    File(Content),
    /// A directory: its entries by name, without `.` and `..`.
    Directory(BTreeMap<String, NodeId>),
    /// A symbolic link with its target.
    Link(String),
    /// A device.
    Device(Device),
    /// A named pipe.
    Fifo,
}

/// Owner, permissions and time of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attributes {
    /// Permission bits, with set-user-id, set-group-id and sticky bit.
    pub mode: u32,
    /// User id of the owner.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// When the content was last changed.
    pub modified: Time,
}

impl Attributes {
    /// Creates the attributes of a node of root.
    #[must_use]
    pub fn root(mode: u32, modified: Time) -> Attributes {
        Attributes { mode, uid: 0, gid: 0, modified }
    }
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node {
    /// Kind and content.
    pub kind: NodeKind,
    /// Owner, permissions and time.
    pub attributes: Attributes,
    /// Number of directory entries that refer to the node.
    pub links: u32,
}

impl Node {
    /// Returns the size in bytes that `ls` shows; that of a directory is one block.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.kind {
            NodeKind::File(content) => content.as_slice().len() as u64,
            NodeKind::Directory(_) => 4096,
            NodeKind::Link(target) => target.len() as u64,
            NodeKind::Device(_) | NodeKind::Fifo => 0,
        }
    }

    /// Reports whether the node is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        matches!(self.kind, NodeKind::Directory(_))
    }

    /// Returns what the node takes of the capacity.
    pub(super) fn charge(&self) -> u64 {
        NODE_SIZE + if self.is_directory() { 0 } else { self.size() }
    }
}
