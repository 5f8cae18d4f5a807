//! Processes: what the kernel knows of one, and what it may wait for.

use std::collections::BTreeMap;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use crate::fs::{Device, Location};
use crate::programs::Task;
use crate::world::{SessionId, Stream};

/// Number of a process in its container; the main process is 1.
pub type Pid = u32;

/// Number of an open file in the world.
pub(crate) type FileId = u64;
/// Number of a pipe in the world.
pub(crate) type PipeId = u64;

/// User and groups of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Credentials {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary group ids.
    pub groups: Vec<u32>,
}

/// A signal, with its number on Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of signal.h")]
#[repr(u8)]
pub enum Signal {
    Hup = 1,
    Int = 2,
    Quit = 3,
    Kill = 9,
    Usr1 = 10,
    Usr2 = 12,
    Pipe = 13,
    Alrm = 14,
    Term = 15,
    Chld = 17,
    Cont = 18,
    Stop = 19,
    Tstp = 20,
    Winch = 28,
}

impl Signal {
    /// All signals with their names without `SIG`.
    pub const ALL: &'static [(Signal, &'static str)] = &[
        (Signal::Hup, "HUP"),
        (Signal::Int, "INT"),
        (Signal::Quit, "QUIT"),
        (Signal::Kill, "KILL"),
        (Signal::Usr1, "USR1"),
        (Signal::Usr2, "USR2"),
        (Signal::Pipe, "PIPE"),
        (Signal::Alrm, "ALRM"),
        (Signal::Term, "TERM"),
        (Signal::Chld, "CHLD"),
        (Signal::Cont, "CONT"),
        (Signal::Stop, "STOP"),
        (Signal::Tstp, "TSTP"),
        (Signal::Winch, "WINCH"),
    ];

    /// Parses a number, or a name with or without `SIG`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Signal> {
        let name = text.strip_prefix("SIG").unwrap_or(text);
        let is_it = |(signal, n): &&(Signal, &str)| *n == name || text.parse() == Ok(*signal as u8);
        Signal::ALL.iter().find(is_it).map(|(signal, _)| *signal)
    }

    /// Returns the name without `SIG`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Signal::ALL.iter().find(|(signal, _)| *signal == self).map_or("", |(_, name)| name)
    }

    /// Returns what `strsignal(3)` says of a signal that a shell reports; `None` for those it does not mention.
    #[must_use]
    pub fn description(self) -> Option<&'static str> {
        match self {
            Signal::Hup => Some("Hangup"),
            Signal::Quit => Some("Quit"),
            Signal::Kill => Some("Killed"),
            Signal::Usr1 => Some("User defined signal 1"),
            Signal::Usr2 => Some("User defined signal 2"),
            Signal::Alrm => Some("Alarm clock"),
            Signal::Term => Some("Terminated"),
            _ => None,
        }
    }

    /// Reports whether a process that neither handles nor ignores the signal goes on.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        matches!(self, Signal::Chld | Signal::Cont | Signal::Winch)
    }
}

/// The end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It has exited with a code from 0 to 255.
    Exited(u8),
    /// A signal has ended it.
    Killed(Signal),
}

impl Status {
    /// Returns the exit status of the shell and of the container runtime: the code, or 128 and the number of the signal.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Status::Exited(code) => i32::from(code),
            Status::Killed(signal) => 128 + i32::from(signal as u8),
        }
    }
}

/// The event that a process waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// An instant.
    Until(Time),
    /// Bytes, or the end, of the open file behind a descriptor.
    Input(i32),
    /// All bytes of the open file behind a descriptor: its end.
    InputEnd(i32),
    /// Bytes, or the end, of the open file behind a descriptor, but not longer than until an instant.
    InputUntil(i32, Time),
    /// The end of a child.
    Child,
    /// The end of a child, but not longer than until an instant.
    ChildUntil(Time),
    /// A signal.
    Forever,
}

/// The state of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// It can go on.
    Ready,
    /// It waits.
    Waiting(Wait),
    /// It has ended, and its parent has not asked yet.
    Zombie(Status),
}

/// A process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: Pid,
    /// The number of its parent; 0 for a process that was started from outside of the container.
    pub(crate) parent: Pid,
    /// Name and arguments.
    pub(crate) argv: Vec<String>,
    /// Variables in the order in which they were set.
    pub(crate) environment: Vec<(String, String)>,
    /// Absolute path of the working directory.
    pub(crate) cwd: String,
    /// User and groups.
    pub(crate) credentials: Credentials,
    /// Permission bits that new files do not get.
    pub(crate) umask: u32,
    /// Open files by descriptor.
    pub(crate) files: BTreeMap<i32, FileId>,
    /// The program with its state.
    pub(crate) task: Task,
    /// A program that takes the place of the present one (`exec`) as soon as that leaves off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Task>,
    /// Its state.
    pub(crate) state: State,
    /// Start.
    pub(crate) started: Time,
    /// Signals that were sent and not acted upon.
    pub(crate) pending: Vec<Signal>,
    /// Signals that it ignores, as its children will.
    pub(crate) ignored: Vec<Signal>,
    /// The session of an `exec` that it belongs to.
    pub(crate) session: Option<SessionId>,
    /// TCP ports on which it listens, and what answers there.
    pub(crate) listeners: Vec<crate::network::Listener>,
}

impl Process {
    /// Returns the value of an environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// An open file; processes share it after a fork.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenFile {
    /// The object that is open.
    pub(crate) target: Target,
    /// Number of descriptors that refer to it.
    pub(crate) references: u32,
}

/// The target of a file descriptor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// A regular file, with the offset of the next read or write.
    File { at: StoredLocation, offset: u64, mode: OpenMode },
    /// A device.
    Device(Device),
    /// The end of a pipe from which is read.
    PipeReader(PipeId),
    /// The end of a pipe into which is written.
    PipeWriter(PipeId),
    /// The log of the container.
    Log(Stream),
    /// Standard input of a session.
    Input(SessionId),
    /// Standard output or error of a session.
    Output(SessionId, Stream),
}

/// The mode in which a regular file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OpenMode {
    /// For reading.
    Read,
    /// For writing at the offset.
    Write,
    /// For writing at its end.
    Append,
    /// For reading and writing.
    ReadWrite,
}

/// A location that an open file keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredLocation {
    /// Absolute path by which it was opened.
    pub(crate) path: String,
    /// Key of the tree.
    pub(crate) tree: String,
    /// Number of the node.
    pub(crate) node: u64,
}

impl From<Location> for StoredLocation {
    fn from(at: Location) -> StoredLocation {
        StoredLocation { path: at.path, tree: at.tree, node: at.node }
    }
}
