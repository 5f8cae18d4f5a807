//! A container: what it was created with, and its processes.

use std::collections::BTreeMap;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use super::{Log, ProcessNamespace, SessionId};
use crate::fs::Mounts;
use crate::process::{Credentials, Pid, Process, State, Status};

/// The number of a main process in a namespace of its own.
fn first() -> Pid {
    1
}

/// The fate of a main process whose program is not simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnknownProgram {
    /// It is a service and runs until it is stopped.
    Service,
    /// It is a task and succeeds after a second.
    Task,
}

/// The configuration of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerConfig {
    /// The image reference as the pod has it.
    pub image: String,
    /// `command` of the pod; empty for the entrypoint of the image.
    pub command: Vec<String>,
    /// `args` of the pod; with an empty `command`, empty for the command of the image.
    pub args: Vec<String>,
    /// Variables of the pod, beside those of the image, `HOSTNAME` and those of services included; in order.
    pub environment: Vec<(String, String)>,
    /// Working directory; `None` for that of the image.
    pub working_dir: Option<String>,
    /// User and groups; `None` for those of the image.
    pub credentials: Option<Credentials>,
    /// Mounts beside the root, which has the key `root/NAME`.
    pub mounts: Mounts,
    /// The root file system is read-only.
    pub is_root_read_only: bool,
    /// Capacity of the root file system in bytes.
    pub root_capacity: u64,
    /// Host name.
    pub hostname: String,
    /// Fully qualified host name, if the pod has a subdomain.
    pub fqdn: Option<String>,
    /// Address of the pod.
    pub address: String,
    /// Lines of `/etc/resolv.conf`.
    pub resolv_conf: String,
    /// Text of `/etc/hosts`.
    pub hosts: String,
    /// Path of the file with the termination message.
    pub termination_message_path: String,
    /// Memory of the node in bytes.
    pub memory: u64,
    /// Bytes of memory that it may use; `None` for as much as the node has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// Thousandths of processors that it may use; `None` for as many as the node has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<u64>,
    /// Number of processors of the node.
    pub processors: u32,
    /// When the node was started; `None` with the container.
    #[serde(default)]
    pub booted: Option<Time>,
    /// Ports of the container's specification; a service of an unknown image listens on them.
    pub ports: Vec<u16>,
    /// Status and body that an HTTP server answers, if the pod declares them.
    pub declared_http: Option<(u16, String)>,
    /// Capabilities that a process of root has, as a set of bits (`capabilities(7)`).
    #[serde(default)]
    pub capabilities: u64,
    /// The user of the node that is root here, if the pod has a user namespace of its own.
    #[serde(default)]
    pub mapped_root: Option<u32>,
    /// The fate of a program that is not simulated.
    pub unknown_program: UnknownProgram,
    /// Standard input stays open (`stdin: true`): a shell waits for it.
    pub has_stdin: bool,
    /// It has a terminal (`tty: true`).
    pub has_tty: bool,
    /// Parameters of the kernel that the pod sets, with their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<(String, String)>,
    /// Whose processes it sees.
    #[serde(default)]
    pub process_namespace: ProcessNamespace,
}

/// The end of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Status of the main process.
    pub status: Status,
    /// When it ended.
    pub at: Time,
    /// The kernel killed it, because it wanted more memory than it may have.
    #[serde(default)]
    pub is_out_of_memory: bool,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Its configuration.
    pub config: ContainerConfig,
    /// When it was started.
    pub started: Time,
    /// The lines that it has printed.
    pub log: Log,
    /// Its end; `None` while it runs.
    pub exit: Option<Exit>,
    pub(crate) processes: BTreeMap<Pid, Process>,
    /// The number of the main process.
    #[serde(default = "first")]
    pub(crate) main: Pid,
    pub(crate) last_pid: Pid,
    /// The sessions that have joined the main process.
    pub(crate) attached: Vec<SessionId>,
    /// The session that holds the standard input of the main process, if that is open.
    pub(crate) main_input: Option<SessionId>,
}

impl Container {
    /// Reports whether the main process may ask for the status of a child: it does while the main process is its parent from
    /// the start. A program that never asks, like a server, leaves no zombies here.
    pub(crate) fn main_waits_for(&self, _child: Pid) -> bool {
        self.processes
            .get(&self.main)
            .is_some_and(|main| !matches!(main.state, State::Zombie(_)) && main.task.reaps_children())
    }
}
