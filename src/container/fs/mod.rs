//! Files: trees of nodes ([`tree`]), the mounts that join them ([`mounts`]), and what a process sees of both ([`view`]).

mod mounts;
mod tree;
mod view;

pub use mounts::{Mount, Mounts};
pub use tree::{Attributes, Content, Device, Node, NodeId, NodeKind, Tree, TreeChanges};
pub use view::{Files, Location, Stat};
