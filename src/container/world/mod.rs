//! The containers of a pod with their volumes, and how they run in virtual time.

mod attach;
mod buffer;
mod container;
pub(crate) mod log;
pub(crate) mod memory;
mod mount_points;
pub(crate) mod namespaces;
pub(crate) mod proc;
mod rounds;
mod schedule;
mod session;
mod start;
mod stored;
mod terminal;

use std::collections::BTreeMap;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use crate::fs::{NodeId, Tree};

use crate::image::Image;
use crate::network::Service;
use crate::process::{FileId, OpenFile, PipeId, Process, Signal, State, Status, Target};
use crate::programs::Task;

use buffer::Buffer;

pub use container::{Container, ContainerConfig, Exit, UnknownProgram};
pub use log::{Log, LogLine, Stream};
pub use namespaces::ProcessNamespace;
pub use session::{Session, SessionId};
pub use stored::StoredWorld;

/// The containers of a pod and everything that they share. It can be stored and cloned at any instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// The instant up to which everything has run.
    pub now: Time,
    /// File systems by key: roots of containers and volumes.
    pub trees: BTreeMap<String, Tree>,
    /// Containers by name, also those that have ended.
    pub containers: BTreeMap<String, Container>,
    /// Sessions of `exec` and `attach`.
    pub sessions: BTreeMap<SessionId, Session>,
    pub(crate) files: BTreeMap<FileId, OpenFile>,
    pub(crate) pipes: BTreeMap<PipeId, Buffer>,
    /// Named pipes that are open, by the key of their tree and their node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    named_pipes: Vec<(String, NodeId, PipeId)>,
    /// The last number that was given to a file, pipe or session.
    last_id: u64,
    /// Number of the newest lines of each log that somebody wants to see; older ones may be missing after a long time.
    #[serde(default = "all_lines", skip_serializing_if = "is_all_lines")]
    pub lines_wanted: u64,
    /// Number of questions to the outside: name servers, connections, random numbers.
    #[serde(default)]
    pub(crate) asked: u64,
    /// Changes of the present step that matter to others.
    #[serde(skip)]
    pub(crate) effects: schedule::Effects,
}

fn all_lines() -> u64 {
    u64::MAX
}

fn is_all_lines(lines: &u64) -> bool {
    *lines == u64::MAX
}

/// The progress of [`World::run`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The next instant at which something happens by itself; `None` when everything waits for something else.
    pub next: Option<Time>,
    /// The budget was used up before the instant was reached: [`World::now`] is earlier.
    pub is_exhausted: bool,
    /// The surroundings have ended the run at [`World::now`], in the middle of what happens then.
    pub is_over: bool,
}

impl World {
    /// Creates a world without containers.
    #[must_use]
    pub fn new(now: Time) -> World {
        World {
            now,
            trees: BTreeMap::new(),
            containers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            files: BTreeMap::new(),
            pipes: BTreeMap::new(),
            named_pipes: Vec::new(),
            last_id: 0,
            lines_wanted: all_lines(),
            asked: 0,
            effects: schedule::Effects::default(),
        }
    }

    /// Sends a signal to the main process of a container. Without an effect on a container that does not run.
    pub fn signal(&mut self, container: &str, signal: Signal) {
        if let Some(main) = self.containers.get_mut(container).and_then(|c| c.processes.get_mut(&c.main)) {
            main.pending.push(signal);
        }
    }

    /// Sends the signal to the main process of a container with which its image wants it to be stopped.
    pub fn ask_to_stop(&mut self, container: &str) {
        if let Some(found) = self.containers.get(container) {
            self.signal(container, Image::of(&found.config.image).stop_signal);
        }
    }

    /// Reports whether the main program of a running container is simulated, with everything that it listens to: of servers
    /// only those that speak HTTP or gRPC.
    #[must_use]
    pub fn knows_main(&self, container: &str) -> bool {
        let main = self.containers.get(container).and_then(|found| found.processes.get(&found.main));
        main.is_some_and(|main| match main.task {
            Task::UnknownService | Task::UnknownBatch(_) => false,
            Task::Net(_) => main.listeners.iter().any(|listener| match &listener.service {
                Service::Http(server) => server.is_complete(),
                Service::Grpc(_) => true,
                _ => false,
            }),
            _ => true,
        })
    }

    /// Ends all processes of a container at once, as the container runtime does after the grace period.
    pub fn kill(&mut self, container: &str) {
        self.end_container(container, Status::Killed(Signal::Kill));
    }

    /// Reports whether anything outside of the pod was asked since the last call: what was foreseen may be different then.
    pub fn depends_on_outside(&mut self) -> bool {
        std::mem::take(&mut self.asked) > 0
    }

    /// Counts a simple command against the budget.
    pub(crate) fn spend(&mut self) {
        self.effects.commands += 1;
    }

    pub(crate) fn add_file(&mut self, target: Target) -> FileId {
        self.last_id += 1;
        self.files.insert(self.last_id, OpenFile { target, references: 1 });
        self.last_id
    }

    /// Adds a pipe; returns the open files of its reading and its writing end.
    pub(crate) fn add_pipe(&mut self) -> (FileId, FileId) {
        self.last_id += 1;
        let pipe = self.last_id;
        self.pipes.insert(pipe, Buffer::new(1));
        (self.add_file(Target::PipeReader(pipe)), self.add_file(Target::PipeWriter(pipe)))
    }

    /// Opens a named pipe.
    pub(crate) fn open_named_pipe(&mut self, tree: &str, node: NodeId, is_reader: bool) -> FileId {
        let known = self.named_pipes.iter().find(|(t, n, _)| t == tree && *n == node).map(|(_, _, pipe)| *pipe);
        let pipe = known.unwrap_or_else(|| {
            self.last_id += 1;
            self.pipes.insert(self.last_id, Buffer::named());
            self.named_pipes.push((tree.to_owned(), node, self.last_id));
            self.last_id
        });
        if let Some(buffer) = self.pipes.get_mut(&pipe) {
            buffer.join(is_reader);
        }
        self.effects.has_moved_bytes = true;
        self.add_file(if is_reader { Target::PipeReader(pipe) } else { Target::PipeWriter(pipe) })
    }

    pub(crate) fn retain_file(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            file.references += 1;
        }
    }

    /// Drops a reference to an open file. The last one closes it.
    pub(crate) fn release_file(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else { return };
        file.references -= 1;
        if file.references > 0 {
            return;
        }
        let Some(file) = self.files.remove(&id) else { return };
        let (pipe, is_reader) = match file.target {
            Target::PipeReader(pipe) => (pipe, true),
            Target::PipeWriter(pipe) => (pipe, false),
            Target::File { at, .. } => {
                if let Some(tree) = self.trees.get_mut(&at.tree) {
                    tree.release(at.node);
                }
                return;
            }
            _ => return,
        };
        self.effects.has_moved_bytes = true;
        if let Some(buffer) = self.pipes.get_mut(&pipe) {
            let ends = if is_reader { &mut buffer.readers } else { &mut buffer.writers };
            *ends -= 1;
            if buffer.is_unused() {
                self.pipes.remove(&pipe);
                self.named_pipes.retain(|(_, _, id)| *id != pipe);
            }
        }
    }

    /// Returns the bytes that wait behind a descriptor; `None` for what never makes a reader wait.
    pub(crate) fn buffer_of(&self, process: &Process, descriptor: i32) -> Option<&Buffer> {
        match self.files.get(process.files.get(&descriptor)?)?.target {
            Target::PipeReader(pipe) => self.pipes.get(&pipe),
            Target::Input(session) => self.sessions.get(&session).map(|session| &session.input),
            _ => None,
        }
    }

    /// Closes the files of a process and leaves its status to its parent; the end of the main process ends the container.
    pub(super) fn end_process(&mut self, container: &str, mut process: Process, status: Status) {
        for (_, id) in std::mem::take(&mut process.files) {
            self.release_file(id);
        }
        let (pid, parent, session) = (process.pid, process.parent, process.session);
        let Some(main) = self.containers.get(container).map(|found| found.main) else { return };
        if pid == main {
            self.end_container(container, status);
            return;
        }
        let shares = self.shares_pod_processes(container);
        if let Some(session) = session.and_then(|id| self.sessions.get_mut(&id)).filter(|s| s.leader == pid) {
            session.end(status, self.now);
        }
        let Some(container) = self.containers.get_mut(container) else { return };
        // Orphans are adopted by the first process of the namespace, which reaps them at once.
        container.processes.retain(|_, child| child.parent != pid || !matches!(child.state, State::Zombie(_)));
        for child in container.processes.values_mut().filter(|child| child.parent == pid) {
            child.parent = if shares { namespaces::SANDBOX } else { main };
        }
        self.effects.woken.push(parent);
        let is_waited_for = match parent {
            0 => false,
            parent if parent == main => container.main_waits_for(pid),
            namespaces::SANDBOX => !shares,
            _ => true,
        };
        if is_waited_for {
            process.state = State::Zombie(status);
            process.listeners.clear();
            container.processes.insert(pid, process);
        }
    }

    /// Ends a container whose processes want more memory than it may have: the kernel kills all of them
    /// (`memory.oom.group`).
    pub(crate) fn run_out_of_memory(&mut self, name: &str) {
        self.end_container(name, Status::Killed(Signal::Kill));
        if let Some(exit) = self.containers.get_mut(name).and_then(|container| container.exit.as_mut()) {
            exit.is_out_of_memory = true;
        }
    }

    fn end_container(&mut self, name: &str, status: Status) {
        let now = self.now;
        let Some(container) = self.containers.get_mut(name).filter(|container| container.exit.is_none()) else {
            return;
        };
        container.exit = Some(Exit { status, at: now, is_out_of_memory: false });
        container.log.finish(now);
        for id in std::mem::take(&mut container.attached) {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.end(status, now);
            }
        }
        if let Some(input) = container.main_input.take() {
            self.sessions.remove(&input);
        }
        let processes = std::mem::take(&mut container.processes);
        for process in processes.into_values() {
            for id in process.files.into_values() {
                self.release_file(id);
            }
            if let Some(session) = process.session.and_then(|id| self.sessions.get_mut(&id)) {
                session.end(Status::Killed(Signal::Kill), now);
            }
        }
        for dependent in self.dependents(name) {
            self.end_container(&dependent, Status::Killed(Signal::Kill));
        }
    }
}
