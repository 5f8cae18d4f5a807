//! Sessions in containers, as the kubelet and the container runtime serve them (`pkg/kubelet/server`, containerd's CRI).

use std::net::Ipv4Addr;

use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_container::{Errno, NetworkError, SessionId};

use super::Inside;
use super::outside::deliver;
use crate::api::{AttachOptions, ExecOptions, Forwarded, Server, SessionCall, SessionState};
use crate::controllers::kubelet::NAME;
use crate::controllers::kubelet::runtime::PodRuntime;
use crate::network::{Delivery, Message, Reply};

/// Takes a step of a session in a container of a pod.
///
/// # Errors
/// A container that does not run, a program that cannot be started, a session that has gone.
pub(crate) fn session(
    server: &mut Server,
    pod: &Object,
    call: &SessionCall,
    now: Time,
) -> Result<SessionState, Status> {
    let runtime = PodRuntime::load(server, pod)?.ok_or_else(|| not_found(pod, call))?;
    let is_running = |name: &str| runtime.containers.get(name).is_some_and(|found| found.running().is_some());
    if let SessionCall::Exec(ExecOptions { container, .. }) | SessionCall::Attach(AttachOptions { container, .. }) =
        call
        && !is_running(container)
    {
        return Err(not_found(pod, call));
    }
    let mut inside = Inside::load(server, pod, &runtime)?;
    inside.advance(server, pod, &runtime, now)?;
    let Some(session) = inside.take_step(server, pod, call)? else { return Ok(SessionState::gone()) };
    let outcome = inside.run(server, pod, now);
    inside.check()?;
    let state = SessionState {
        session,
        output: inside.world.take_output(session),
        status: inside.world.sessions.get(&session).and_then(|found| found.status),
        next: outcome.next.map(|next| next.max(now)),
        wants_input: inside.world.wants_input(session),
    };
    // What only time does can be done again.
    let only_waits = matches!(call, SessionCall::Continue(_, input, false) if input.is_empty());
    if !only_waits || outcome.is_exhausted || !state.output.is_empty() {
        keep(server, pod, runtime, inside, (!only_waits).then_some(now))?;
    }
    Ok(state)
}

/// Keeps what a session has changed. With `look_at`, the kubelet looks at the pod again: containers may end otherwise than
/// expected.
pub(super) fn keep(
    server: &mut Server,
    pod: &Object,
    mut runtime: PodRuntime,
    inside: Inside,
    look_at: Option<Time>,
) -> Result<(), Status> {
    if let Some(at) = look_at {
        inside.alert_peers(server, at)?;
    }
    inside.save(server, pod)?;
    runtime.look_at = look_at.or(runtime.look_at);
    runtime.has_inside = true;
    runtime.store(server, pod);
    if let Some(at) = look_at {
        server.schedule(NAME, &format!("{}/{}", pod.namespace(), pod.name()), at, false);
    }
    Ok(())
}

impl Inside {
    /// Takes a step of a session; returns the session, or `None` if it has gone.
    fn take_step(
        &mut self,
        server: &mut Server,
        pod: &Object,
        call: &SessionCall,
    ) -> Result<Option<SessionId>, Status> {
        if let SessionCall::Continue(session, ..) | SessionCall::Signal(session, _) | SessionCall::Close(session) = call
            && !self.world.sessions.contains_key(session)
        {
            return Ok(None);
        }
        Ok(Some(match call {
            SessionCall::Exec(options) => self.exec(server, pod, options)?,
            SessionCall::Attach(options) => {
                let session = self.world.attach(&options.container).ok_or_else(|| not_found(pod, call))?;
                self.resize(session, options.size);
                session
            }
            SessionCall::Continue(session, input, is_end) => {
                self.world.feed(*session, input);
                if *is_end {
                    self.world.end_input(*session);
                }
                *session
            }
            SessionCall::Signal(session, signal) => {
                self.world.signal_session(*session, *signal);
                *session
            }
            SessionCall::Close(session) => {
                self.world.close_session(*session);
                *session
            }
            SessionCall::Forward(..) => return Err(Status::bad_request("a forwarded connection is no session")),
        }))
    }

    fn exec(&mut self, server: &mut Server, pod: &Object, options: &ExecOptions) -> Result<SessionId, Status> {
        let ExecOptions { container, command, stdin, tty, size } = options;
        let started = self.outside(server, pod, |world, outside| world.exec(outside, container, command, *stdin, *tty));
        let session = started.map_err(|errno| cannot_start(server, pod, command, errno))?;
        self.resize(session, *size);
        Ok(session)
    }

    fn resize(&mut self, session: SessionId, size: Option<(u16, u16)>) {
        if let Some(size) = size {
            self.world.resize(session, size);
        }
    }
}

/// The error for a container that does not run, as it comes back over a WebSocket (`GetExec`, `GetAttach`).
fn not_found(pod: &Object, call: &SessionCall) -> Status {
    let text = match call {
        SessionCall::Exec(options) => format!("container not found (\"{}\")", options.container),
        SessionCall::Attach(options) => {
            format!("container {} not found in pod {}_{}", options.container, pod.name(), pod.namespace())
        }
        _ => format!("pod not found (\"{}_{}\")", pod.name(), pod.namespace()),
    };
    internal(format!("unable to upgrade connection: {text}"))
}

/// The error for a program that cannot be started, in those of the kubelet and the API server.
fn cannot_start(server: &Server, pod: &Object, command: &[String], errno: Errno) -> Status {
    let error = exec_error(server, pod, command, errno);
    internal(format!("Internal error occurred: error executing command in container: {error}"))
}

/// Returns the error of containerd, with that of runc, for a program that cannot be started.
pub(super) fn exec_error(server: &Server, pod: &Object, command: &[String], errno: Errno) -> String {
    let name = command.first().map_or("", String::as_str);
    let why = match errno {
        Errno::ENOENT if !name.contains('/') => "executable file not found in $PATH".to_owned(),
        Errno::ENOENT => format!("stat {name}: {}", lower(errno)),
        Errno::ENOEXEC => "exec format error".to_owned(),
        other => lower(other),
    };
    let id = server.ids();
    let half = |number| id.draw("exec", pod.uid(), number);
    format!(
        "failed to exec in container: failed to start exec \"{:032x}{:032x}\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"{name}\": {why}",
        half(0),
        half(1)
    )
}

fn lower(errno: Errno) -> String {
    errno.text().to_lowercase()
}

fn internal(text: String) -> Status {
    Status::new(Reason::InternalError, format!("Internal error occurred: {text}"))
}

/// Sends an HTTP request from an address to a port of a pod.
///
/// # Errors
/// A pod that does not run.
pub(crate) fn forward(
    server: &mut Server,
    pod: &Object,
    port: u16,
    request: &kctl_container::Request,
    client: Ipv4Addr,
    now: Time,
) -> Result<Forwarded, Status> {
    let call = SessionCall::Forward(port, request.clone());
    let runtime = PodRuntime::load(server, pod)?.ok_or_else(|| not_found(pod, &call))?;
    if runtime.containers.values().all(|container| container.running().is_none()) {
        return Err(not_found(pod, &call));
    }
    let delivery = Delivery { port, client, message: Message::Http(request), hops: 0, is_forecast: false, now };
    Ok(deliver(server, pod, &delivery)?.and_then(|reply| match reply {
        Reply::Http(response) => Ok(response),
        Reply::Connected | Reply::Bytes(_) => Err(NetworkError::Closed),
    }))
}
