//! Sessions: processes that were started from outside of the container, with their input and output.

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use super::buffer::Buffer;
use super::{Stream, World, terminal};
use crate::call::Call;
use crate::errno::Errno;
use crate::process::{Pid, Process, Signal, State, Status, Target, Wait};
use crate::programs;

/// Number of a session.
pub type SessionId = u64;

/// A session of `exec`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Name of the container.
    pub container: String,
    /// It has a terminal.
    pub has_tty: bool,
    /// Rows and columns of the terminal, if the client has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(u16, u16)>,
    /// The end of its first process; `None` while it runs.
    pub status: Option<Status>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    pub(crate) leader: Pid,
    pub(crate) input: Buffer,
    pub(crate) output: Vec<(Stream, Vec<u8>)>,
}

impl Session {
    /// Notes how its first process has ended, unless that is known.
    pub(super) fn end(&mut self, status: Status, now: Time) {
        if self.status.is_none() {
            (self.status, self.ended) = (Some(status), Some(now));
        }
    }
}

impl World {
    /// Starts a command in a running container. Without `has_stdin` its input is at its end.
    ///
    /// # Errors
    /// Why the program cannot be started: `ENOENT`, `EACCES`, `ENOEXEC`.
    pub fn exec(
        &mut self,
        surroundings: &mut dyn crate::network::Surroundings,
        container: &str,
        argv: &[String],
        has_stdin: bool,
        has_tty: bool,
    ) -> Result<SessionId, Errno> {
        self.last_id += 1;
        let id = self.last_id;
        let mut process: Process = self.new_process(container, argv);
        process.session = Some(id);
        if has_tty {
            terminal::set_type(&mut process);
        }
        let mut call = Call { world: self, container, process: &mut process, surroundings };
        let task = programs::load(&mut call)?;
        process.task = task;
        // A terminal has one stream for both.
        let errors = if has_tty { Stream::Out } else { Stream::Err };
        let streams = [Target::Input(id), Target::Output(id, Stream::Out), Target::Output(id, errors)];
        for (descriptor, target) in (0..).zip(streams) {
            let file = self.add_file(target);
            process.files.insert(descriptor, file);
        }
        let leader = self.add_process(container, process);
        let input = Buffer::new(u32::from(has_stdin));
        let container = container.to_owned();
        let session =
            Session { container, has_tty, size: None, status: None, ended: None, leader, input, output: Vec::new() };
        self.sessions.insert(id, session);
        Ok(id)
    }

    /// Gives bytes to the standard input of a session.
    pub fn feed(&mut self, session: SessionId, bytes: &[u8]) {
        let input = self.input_of(session);
        match self.sessions.get_mut(&input) {
            Some(found) if found.has_tty => self.type_keys(session, input, bytes),
            Some(found) => found.input.push(bytes),
            None => {}
        }
    }

    /// Ends the standard input of a session.
    pub fn end_input(&mut self, session: SessionId) {
        let session = self.input_of(session);
        if let Some(session) = self.sessions.get_mut(&session) {
            session.input.writers = 0;
        }
    }

    /// Reports whether a process waits for input of a session that is not there yet.
    #[must_use]
    pub fn wants_input(&self, session: SessionId) -> bool {
        let input = self.input_of(session);
        let Some(container) = self.sessions.get(&input).and_then(|found| self.containers.get(&found.container)) else {
            return false;
        };
        let reads = |process: &Process, descriptor: i32| {
            let file = process.files.get(&descriptor).and_then(|id| self.files.get(id));
            file.is_some_and(|file| matches!(file.target, Target::Input(id) if id == input))
        };
        container.processes.values().any(|process| match process.state {
            State::Waiting(Wait::Input(descriptor) | Wait::InputEnd(descriptor) | Wait::InputUntil(descriptor, _)) => {
                reads(process, descriptor)
            }
            _ => false,
        })
    }

    /// Takes what a session has printed since the last call.
    pub fn take_output(&mut self, session: SessionId) -> Vec<(Stream, Vec<u8>)> {
        self.sessions.get_mut(&session).map(|session| std::mem::take(&mut session.output)).unwrap_or_default()
    }

    /// Sends a signal to all processes of a session, as a terminal does.
    pub fn signal_session(&mut self, session: SessionId, signal: Signal) {
        let Some(found) = self.sessions.get(&session) else { return };
        let Some(container) = self.containers.get_mut(&found.container.clone()) else { return };
        if container.attached.contains(&session) {
            // The terminal is that of the main process.
            return self.signal(&found.container.clone(), signal);
        }
        for process in container.processes.values_mut().filter(|process| process.session == Some(session)) {
            process.pending.push(signal);
        }
    }

    /// Forgets all sessions but some, as [`World::close_session`]; the standard input of main processes stays.
    pub fn close_sessions(&mut self, kept: &[SessionId]) {
        let is_input = |id: &SessionId| self.containers.values().any(|container| container.main_input == Some(*id));
        let is_closed = |id: &&SessionId| !is_input(id) && !kept.contains(id);
        let closed: Vec<SessionId> = self.sessions.keys().filter(is_closed).copied().collect();
        closed.into_iter().for_each(|id| self.close_session(id));
    }

    /// Forgets a session; its processes go on without input, and what they print is lost.
    pub fn close_session(&mut self, session: SessionId) {
        if let Some(closed) = self.sessions.remove(&session)
            && let Some(container) = self.containers.get_mut(&closed.container)
        {
            container.attached.retain(|id| *id != session);
        }
    }
}
