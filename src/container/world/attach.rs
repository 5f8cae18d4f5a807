//! Sessions that join the main process of a container: its output from then on, and its input.

use super::buffer::Buffer;
use super::container::MAIN;
use super::{Session, SessionId, Stream, World};

impl World {
    /// Joins the main process of a running container. The session gets what the container prints from now on; what is fed to
    /// it goes to the container if that was started with an open standard input. It ends with the container. `None` if the
    /// container does not run.
    pub fn attach(&mut self, container: &str) -> Option<SessionId> {
        self.last_id += 1;
        let id = self.last_id;
        let found = self.containers.get_mut(container).filter(|found| found.exit.is_none())?;
        found.attached.push(id);
        // A program on a terminal draws its prompt again for a client that joins it.
        let prompt = found.log.open_line();
        let output = match found.config.has_tty && !prompt.is_empty() {
            true => vec![(Stream::Out, prompt.to_vec())],
            false => Vec::new(),
        };
        let session = Session {
            container: container.to_owned(),
            has_tty: found.config.has_tty,
            size: None,
            status: None,
            leader: MAIN,
            input: Buffer::new(1),
            output,
        };
        self.sessions.insert(id, session);
        Some(id)
    }

    /// Creates the standard input of the main process of a container.
    pub(super) fn add_main_input(&mut self, container: &str, has_tty: bool) -> SessionId {
        self.last_id += 1;
        let session = Session {
            container: container.to_owned(),
            has_tty,
            size: None,
            status: None,
            leader: MAIN,
            input: Buffer::new(1),
            output: Vec::new(),
        };
        self.sessions.insert(self.last_id, session);
        self.last_id
    }

    /// Returns the session whose input a session feeds: that of the main process for one that has joined it.
    pub(super) fn input_of(&self, session: SessionId) -> SessionId {
        let found = self.sessions.get(&session).and_then(|found| self.containers.get(&found.container));
        let joined = found.filter(|container| container.attached.contains(&session));
        joined.and_then(|container| container.main_input).unwrap_or(session)
    }

    /// Gives what a container prints to the sessions that have joined it.
    pub(crate) fn show_attached(&mut self, container: &str, stream: Stream, bytes: &[u8]) {
        let Some(container) = self.containers.get(container) else { return };
        for id in &container.attached {
            if let Some(session) = self.sessions.get_mut(id) {
                session.output.push((stream, bytes.to_vec()));
            }
        }
    }
}
