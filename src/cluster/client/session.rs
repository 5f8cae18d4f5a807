//! Sessions in containers: `exec`, `attach` and forwarded connections.
//!
//! A session lives in the cluster. Its state says when it goes on by itself ([`SessionState::next`]): until then the client
//! waits in the time of the cluster ([`Client::wait`]), and asks again.

use kctl_container::{SessionId, Signal};

use super::{Client, ResourcePath, Transport, unexpected};
use crate::api::{AttachOptions, ExecOptions, Forwarded, Payload, Request, Result, SessionCall, SessionState, Verb};

impl<T: Transport> Client<T> {
    /// Starts a command in a container.
    ///
    /// # Errors
    /// The status that the server reports: no such pod or container, one that does not run, a program that cannot be started.
    pub fn exec(&mut self, namespace: &str, pod: &str, options: &ExecOptions) -> Result<SessionState> {
        let request = request(namespace, pod, "exec", SessionCall::Exec(options.clone()));
        let response = self.send(request)?;
        state(response.payload)
    }

    /// Joins the main process of a container.
    ///
    /// # Errors
    /// The status that the server reports: no such pod or container, or one that does not run.
    pub fn attach(&mut self, namespace: &str, pod: &str, options: &AttachOptions) -> Result<SessionState> {
        let request = request(namespace, pod, "attach", SessionCall::Attach(options.clone()));
        let response = self.send(request)?;
        state(response.payload)
    }

    /// Gives bytes to the standard input of a session, ends it if `is_end`, and returns what has happened up to now.
    ///
    /// # Errors
    /// Status 404 when the pod or the session has gone.
    pub fn continue_session(
        &mut self,
        namespace: &str,
        pod: &str,
        session: SessionId,
        input: &[u8],
        is_end: bool,
    ) -> Result<SessionState> {
        self.step(namespace, pod, SessionCall::Continue(session, input.to_vec(), is_end))
    }

    /// Sends a signal to the processes of a session, as a terminal does.
    ///
    /// # Errors
    /// As [`Client::continue_session`].
    pub fn signal_session(
        &mut self,
        namespace: &str,
        pod: &str,
        session: SessionId,
        signal: Signal,
    ) -> Result<SessionState> {
        self.step(namespace, pod, SessionCall::Signal(session, signal))
    }

    /// Closes the connection of a session; its processes go on.
    ///
    /// # Errors
    /// As [`Client::continue_session`].
    pub fn close_session(&mut self, namespace: &str, pod: &str, session: SessionId) -> Result<()> {
        self.step(namespace, pod, SessionCall::Close(session)).map(drop)
    }

    /// Sends an HTTP request to a port of a pod.
    ///
    /// # Errors
    /// The status that the server reports; that nothing answers there is a result.
    pub fn forward(
        &mut self,
        namespace: &str,
        pod: &str,
        port: u16,
        http: &kctl_container::Request,
    ) -> Result<Forwarded> {
        let request = request(namespace, pod, "portforward", SessionCall::Forward(port, http.clone()));
        match self.send_unlogged(request)?.payload {
            Payload::Forwarded(forwarded) => Ok(forwarded),
            _ => Err(unexpected()),
        }
    }

    /// Sends a step over the connection of a session, which is open: it is no request of its own and is not logged.
    fn step(&mut self, namespace: &str, pod: &str, call: SessionCall) -> Result<SessionState> {
        let response = self.send_unlogged(request(namespace, pod, "exec", call))?;
        state(response.payload)
    }
}

fn request(namespace: &str, pod: &str, subresource: &str, call: SessionCall) -> Request {
    let mut request = ResourcePath::one("pods", namespace, pod).subresource(subresource).request(Verb::Create);
    request.options.session = Some(Box::new(call));
    request
}

fn state(payload: Payload) -> Result<SessionState> {
    match payload {
        Payload::Session(state) => Ok(state),
        _ => Err(unexpected()),
    }
}
