//! A session in a container: a loop that prints what comes out, and waits for what is typed or for time to pass.
//!
//! Upstream: `kubectl/pkg/cmd/exec/exec.go` (`StreamOptions`, `DefaultRemoteExecutor`). There a connection carries all streams at
//! once. Here the session lives in the cluster, and each round of the loop is a request: between two of them, the store is
//! free for other commands.

use super::input::Input;
use super::terminal::Typed;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{ClockMode, Duration, Time};
use kctl_base::status::{Reason, Status as ApiStatus};
use kctl_cluster::{SessionState, WaitFor, WaitOutcome};
use kctl_container::{Signal, Status, Stream};

/// The longest time between two looks at what is typed on a terminal, with the real clock.
const LOOK: Duration = Duration::from_millis(100);

/// Takes the output of a session.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&mut Ctx, Stream, &[u8]) -> CliResult<()>;

/// The container of a session.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) pod: &'a Object,
    pub(crate) container: &'a str,
}

/// Follows a session in a container, which `start` opens, to its end. Returns how the command has ended; a pod that somebody
/// deletes has killed it.
///
/// # Errors
/// The session cannot be opened, `sink` fails, or nothing can happen any more (virtual time only).
pub(crate) fn follow(
    ctx: &mut Ctx,
    place: Place<'_>,
    start: impl FnOnce(&mut Ctx) -> CliResult<SessionState>,
    mut input: Input,
    sink: Sink<'_>,
) -> CliResult<Status> {
    let mut state = start(ctx)?;
    loop {
        for (stream, bytes) in std::mem::take(&mut state.output) {
            sink(ctx, stream, input.show(&bytes))?;
        }
        if let Some(status) = state.status {
            close(ctx, place, &state)?;
            return Ok(status);
        }
        state = match step(ctx, place, &state, &mut input) {
            Err(error) if error.is_not_found() => return Ok(Status::Killed(Signal::Kill)),
            stepped => stepped?,
        };
    }
}

fn close(ctx: &mut Ctx, place: Place<'_>, state: &SessionState) -> CliResult<()> {
    let (namespace, name) = (place.pod.namespace(), place.pod.name());
    match ctx.api(|client| client.close_session(namespace, name, state.session)) {
        Err(error) if error.is_not_found() => Ok(()),
        closed => closed,
    }
}

/// Waits until something is typed or happens, and tells the session.
fn step(ctx: &mut Ctx, place: Place<'_>, state: &SessionState, input: &mut Input) -> CliResult<SessionState> {
    let (namespace, name, id) = (place.pod.namespace(), place.pod.name(), state.session);
    let typed = match input.take_interrupt() {
        true => Some(Typed::Interrupt),
        false if state.wants_input && input.is_open() => Some(input.read(ctx)?),
        false => {
            wait(ctx, state.next, input.is_terminal(), place)?;
            None
        }
    };
    ctx.api(|client| match typed {
        None => client.continue_session(namespace, name, id, &[], false),
        Some(Typed::Bytes(bytes)) => client.continue_session(namespace, name, id, &bytes, false),
        Some(Typed::End) => client.continue_session(namespace, name, id, &[], true),
        Some(Typed::Interrupt) => client.signal_session(namespace, name, id, Signal::Int),
    })
}

/// Waits until `next`, or until something else has changed; on a terminal only for a moment, because Ctrl-C may be pressed.
///
/// # Errors
/// Nothing will change any more.
fn wait(ctx: &mut Ctx, next: Option<Time>, is_terminal: bool, place: Place<'_>) -> CliResult<()> {
    let is_real = ctx.client()?.transport().clock().mode == ClockMode::Real;
    let look = match is_terminal && is_real {
        true => Some(ctx.now()? + LOOK),
        false => None,
    };
    let wait_for = if next.is_some() { WaitFor::AnyChange } else { WaitFor::Work };
    match ctx.wait(next.into_iter().chain(look).min(), wait_for)? {
        WaitOutcome::Progress | WaitOutcome::Deadline => Ok(()),
        WaitOutcome::Idle if is_terminal => {
            ctx.pause()?;
            std::thread::sleep(LOOK.to_std());
            Ok(())
        }
        WaitOutcome::Idle => {
            let (container, pod) = (place.container, quote(place.pod.name()));
            let text =
                format!("container {container} of pod {pod} waits, and in virtual time nothing else will happen");
            Err(CliError::new(text))
        }
    }
}

/// Prints the output of a session as it comes.
pub(crate) fn print(ctx: &mut Ctx, stream: Stream, bytes: &[u8]) -> CliResult<()> {
    match stream {
        Stream::Out => ctx.write_out(bytes),
        Stream::Err => ctx.write_err(bytes),
    }
}

/// Returns the error of a command that has ended with another exit code than 0.
pub(crate) fn result_of(status: Status) -> CliResult<()> {
    match status.code() {
        0 => Ok(()),
        code => Err(CliError::Verbatim(format!("command terminated with exit code {code}\n"), code)),
    }
}

/// Turns a refusal of the kubelet, which answers without a status object, into the error of the client.
pub(crate) fn without_status(error: CliError) -> CliError {
    let is_plain = |status: &ApiStatus| {
        status.message.starts_with("unable to upgrade connection: ") || status.reason == Reason::InternalError
    };
    match error {
        CliError::Status(status) if is_plain(&status) => CliError::new(status.message),
        other => other,
    }
}
