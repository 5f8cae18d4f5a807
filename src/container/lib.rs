//! The inside of a container: files, processes, a shell and its commands, simulated in virtual time.
//!
//! Nothing is executed on the host, and nothing of the host is read, written or contacted. A [`World`] holds the containers of
//! a pod with their volumes; the kubelet creates it from the pod and runs it up to an instant ([`World::run`]). A process is a
//! state that can be stored at any instant: it runs until it has to wait for time, input or a child ([`process`]). Programs
//! ([`programs`]) and the shell ([`shell`]) act through system calls ([`Call`]); what lies outside of the pod is behind the
//! trait [`Surroundings`]. What an image brings is in [`image`].

mod call;
mod descriptors;
mod errno;
mod fs;
mod http;
mod image;
mod network;
mod process;
mod programs;
mod shell;
mod world;

pub use call::{Call, Stop};
pub use errno::{Errno, SysResult};
pub use fs::{
    Attributes, Content, Device, Files, Location, Mount, Mounts, Node, NodeId, NodeKind, Stat, Tree, TreeChanges,
};
pub use image::{Flavour, Image};
pub use network::{Answer, Endpoint, Health, NetworkError, Record, RecordKind, Request, Response, Surroundings};
pub use process::{Credentials, Pid, Signal, Status, Wait};
pub use programs::{Load, ends_by_itself, is_shell, load_of, simulates};
pub use world::{
    Container, ContainerConfig, Exit, Log, LogLine, Outcome, ProcessNamespace, Session, SessionId, StoredWorld, Stream,
    UnknownProgram, World,
};
