//! The subresources of pods that reach into containers: `exec`, `attach` and `portforward`
//! (`pkg/registry/core/pod/rest/subresources.go`).
//!
//! A real client keeps a connection open. Here it sends a request for each step: the first one opens a session, the others
//! name it.

use std::net::Ipv4Addr;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_container::{NetworkError, SessionId, Signal, Stream};
use kctl_kinds::Kind;

use super::log::container_of;
use super::{Payload, Request, Response, Result, Server, admission};

/// The command of an `exec` (`PodExecOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// The container; empty for the only container of the pod.
    pub container: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The session has standard input; without it, input is at its end.
    pub stdin: bool,
    /// The session has a terminal.
    pub tty: bool,
    /// Rows and columns of the client's terminal.
    pub size: Option<(u16, u16)>,
}

/// The container of an `attach` (`PodAttachOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachOptions {
    /// The container; empty for the only container of the pod.
    pub container: String,
    /// The session has the standard input of the container.
    pub stdin: bool,
    /// The session has the terminal of the container.
    pub tty: bool,
    /// Rows and columns of the client's terminal.
    pub size: Option<(u16, u16)>,
}

/// A step of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionCall {
    /// Starts a command in a container.
    Exec(ExecOptions),
    /// Joins the main process of a container: what it prints from now on, and its input.
    Attach(AttachOptions),
    /// Gives bytes to standard input, ends it if the flag is set, and takes what has been printed.
    Continue(SessionId, Vec<u8>, bool),
    /// Sends a signal to the processes of the session.
    Signal(SessionId, Signal),
    /// Forgets the session; its processes go on.
    Close(SessionId),
    /// Sends an HTTP request to a port of the pod.
    Forward(u16, kctl_container::Request),
}

/// What became of a session up to now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionState {
    /// The number of the session.
    pub session: SessionId,
    /// What was printed since the last request, in order.
    pub output: Vec<(Stream, Vec<u8>)>,
    /// How the command, or the container of an `attach`, has ended; `None` while it runs.
    pub status: Option<kctl_container::Status>,
    /// When something happens by itself; `None` if everything waits for input.
    pub next: Option<Time>,
    /// A process waits for input that is not there yet.
    pub wants_input: bool,
}

impl SessionState {
    /// Returns the state of a session whose container has gone.
    pub(crate) fn gone() -> SessionState {
        let status = Some(kctl_container::Status::Killed(Signal::Kill));
        SessionState { status, ..SessionState::default() }
    }
}

/// What came back over a forwarded connection.
pub type Forwarded = std::result::Result<kctl_container::Response, NetworkError>;

impl Server {
    /// Serves a step of a session.
    pub(super) fn session(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let call = request.options.session.take().map(|call| *call);
        let mut call = call.filter(|call| is_of(call, &request.subresource)).ok_or_else(no_upgrade)?;
        let pod = match self.must_read(kind, &request.namespace, &request.name) {
            // The connection of a session ends with the pod.
            Err(status) if status.is_not_found() && options_of(&call).is_none() => {
                let payload = Payload::Session(SessionState::gone());
                return Ok(Response { payload, ..Response::default() });
            }
            found => found?,
        };
        if let SessionCall::Exec(ExecOptions { container, .. }) | SessionCall::Attach(AttachOptions { container, .. }) =
            &mut call
        {
            *container = container_of(&pod, container)?;
        }
        let mut warnings = Vec::new();
        if let Some(options) = options_of(&call) {
            admission::validating_policy::admit_connection(self, kind, (&pod, &options), request, &mut warnings)?;
            admission::webhooks::admit_connection(self, kind, (&pod, &options), request)?;
        }
        check_host(&pod)?;
        let payload = match &call {
            SessionCall::Forward(port, http) => {
                // The connection comes from the pod itself.
                let forward = self.backends.forward;
                Payload::Forwarded(forward(self, &pod, *port, http, Ipv4Addr::LOCALHOST, now)?)
            }
            call => {
                let session = self.backends.session;
                Payload::Session(session(self, &pod, call, now)?)
            }
        };
        Ok(Response { payload, warnings, ..Response::default() })
    }
}

/// Returns the options of a connection that a step opens, as admission sees them.
fn options_of(call: &SessionCall) -> Option<Object> {
    let options = |kind: &str, container: &str, stdin: bool, tty: bool| {
        json!({"apiVersion": "v1", "kind": kind, "container": container, "stdin": stdin, "stdout": true,
            "stderr": !tty, "tty": tty})
    };
    match call {
        SessionCall::Exec(ExecOptions { container, command, stdin, tty, .. }) => {
            let mut exec = options("PodExecOptions", container, *stdin, *tty);
            exec["command"] = command.iter().map(|word| Value::from(word.as_str())).collect::<Vec<_>>().into();
            Some(exec)
        }
        SessionCall::Attach(AttachOptions { container, stdin, tty, .. }) => {
            Some(options("PodAttachOptions", container, *stdin, *tty))
        }
        SessionCall::Forward(port, _) => {
            Some(json!({"apiVersion": "v1", "kind": "PodPortForwardOptions", "ports": [i64::from(*port)]}))
        }
        SessionCall::Continue(..) | SessionCall::Signal(..) | SessionCall::Close(_) => None,
    }
}

/// Returns whether a step belongs to a subresource.
fn is_of(call: &SessionCall, subresource: &str) -> bool {
    match call {
        SessionCall::Exec(_) => subresource == "exec",
        SessionCall::Attach(_) => subresource == "attach",
        SessionCall::Forward(..) => subresource == "portforward",
        SessionCall::Continue(..) | SessionCall::Signal(..) | SessionCall::Close(_) => {
            ["exec", "attach"].contains(&subresource)
        }
    }
}

/// The answer to a request that does not ask for a connection with streams (`UpgradeAwareHandler`).
fn no_upgrade() -> Status {
    Status::bad_request("Upgrade request required")
}

fn check_host(pod: &Object) -> Result<()> {
    match pod.str("/spec/nodeName") {
        "" => Err(Status::bad_request(format!("pod {} does not have a host assigned", pod.name()))),
        _ => Ok(()),
    }
}
