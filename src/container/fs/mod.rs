//! Files: trees ([`tree`]) of nodes ([`node`]), the mounts that join them ([`mounts`]), and what a process sees of both ([`view`], [`walk`]).

mod mounts;
mod node;
mod tree;
mod view;
mod walk;

pub use mounts::{Mount, Mounts};
pub use node::{Attributes, Content, Device, Node, NodeId, NodeKind};
pub use tree::{Tree, TreeChanges};
pub use view::{Files, Location, Stat};
