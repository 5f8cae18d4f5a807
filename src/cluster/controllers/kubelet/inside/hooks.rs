//! Hooks of the life of containers, after their start and before their stop (`pkg/kubelet/lifecycle/handlers.go`).

use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_container::{SessionId, Stream};
use serde::{Deserialize, Serialize};

use super::net_probe::{self, Target};
use super::{Inside, session};
use crate::api::Server;
use crate::controllers::kubelet::container_spec::ContainerSpec;
use crate::controllers::kubelet::start::strings;

/// The field of the hook after the start of a container.
pub(super) const POST_START: &str = "/lifecycle/postStart";
/// The field of the hook before its stop.
pub(super) const PRE_STOP: &str = "/lifecycle/preStop";

/// A hook that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Hook {
    /// Its command runs in a session.
    Runs(SessionId),
    /// It waits until an instant.
    Sleeps(Time),
    /// It has ended at an instant: why it has failed.
    Over(Time, Option<String>),
}

impl Hook {
    /// Returns the session of its command.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            Hook::Runs(session) => Some(*session),
            Hook::Sleeps(_) | Hook::Over(..) => None,
        }
    }
}

/// Returns the hooks of a container.
pub(super) fn of(spec: ContainerSpec<'_>) -> impl Iterator<Item = &Value> {
    [POST_START, PRE_STOP].into_iter().filter_map(move |field| spec.spec.at(field))
}

/// Reports whether a hook does something in the inside of the pod.
pub(super) fn acts(hook: &Value) -> bool {
    ["/exec", "/httpGet"].iter().any(|handler| hook.at(handler).is_some())
}

impl Inside {
    /// Begins a hook of a running container; `None` if it has none.
    pub(super) fn begin_hook(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        field: &str,
    ) -> Option<Hook> {
        let hook = spec.spec.at(field)?;
        if let Some(seconds) = hook.int("/sleep/seconds") {
            return Some(Hook::Sleeps(self.world.now + Duration::from_secs(seconds)));
        }
        if let Some(handler) = hook.at("/httpGet") {
            let failure = self.request(server, target, spec, handler);
            return Some(Hook::Over(self.world.now, failure));
        }
        let argv = strings(hook.list("/exec/command"));
        if argv.is_empty() {
            return Some(Hook::Over(self.world.now, Some("Cannot run handler: invalid handler".into())));
        }
        let started =
            self.outside(server, target.pod, |world, outside| world.exec(outside, spec.name(), &argv, false, false));
        Some(match started {
            Ok(session) => Hook::Runs(session),
            Err(errno) => {
                let why = session::exec_error(server, target.pod, &argv, errno);
                let error = format!("rpc error: code = Unknown desc = {why}");
                let failure = exec_message(target.pod, spec, field, &error, "");
                Hook::Over(self.world.now, net_probe::is_known(target.pod, spec).then_some(failure))
            }
        })
    }

    /// Sends the request of a hook; returns why that has failed. The status code of the answer does not matter, and a server
    /// that does not expect TLS is asked without.
    fn request(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        handler: &Value,
    ) -> Option<String> {
        let is_own = ["", target.ip].contains(&handler.str("/host"));
        if !is_own || !self.knows(target.pod, spec) {
            return None;
        }
        let mut asked = self.get(server, target, spec, handler)?;
        if asked.as_ref().is_err_and(|error| error.ends_with(net_probe::NOT_TLS)) {
            let mut plain = handler.clone();
            plain.remove_at("/scheme");
            asked = self.get(server, target, spec, &plain)?;
        }
        let (subject, path) = (subject(target.pod, spec), handler.str("/path"));
        Some(format!("HTTP lifecycle hook ({path}) for {subject} failed - error: {}", asked.err()?))
    }

    /// Returns when a hook ends and why it fails, as far as that is known: `None` while it runs.
    pub(super) fn end_of_hook(
        &mut self,
        pod: &Object,
        spec: ContainerSpec<'_>,
        field: &str,
        hook: &Hook,
    ) -> Option<HookEnd> {
        match hook {
            Hook::Over(at, failure) => Some((*at, failure.clone())),
            Hook::Sleeps(until) => Some((*until, None)),
            Hook::Runs(session) => {
                let found = self.world.sessions.get(session)?;
                let (at, status) = (found.ended?, found.status?);
                let output = self.world.take_output(*session);
                // What is missing in an image that is not known may be there.
                let has_failed = status.code() != 0 && net_probe::is_known(pod, spec);
                Some((at, has_failed.then(|| exec_failure(pod, spec, field, status.code(), &output))))
            }
        }
    }

    /// Reports whether a hook goes on at the present instant of the world.
    pub(super) fn is_hook_running(&self, hook: &Hook) -> bool {
        match hook {
            Hook::Over(..) => false,
            Hook::Sleeps(until) => self.world.now < *until,
            Hook::Runs(session) => self.world.sessions.get(session).is_some_and(|session| session.status.is_none()),
        }
    }
}

/// Describes the failure of a command that was run: its exit code, and what it has printed.
fn exec_failure(pod: &Object, spec: ContainerSpec<'_>, field: &str, code: i32, output: &[(Stream, Vec<u8>)]) -> String {
    let of = |wanted: Stream| -> Vec<u8> {
        output.iter().filter(|(stream, _)| *stream == wanted).flat_map(|(_, bytes)| bytes.clone()).collect()
    };
    let (out, errors) = (of(Stream::Out), of(Stream::Err));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let command = strings(spec.spec.list(&format!("{field}/exec/command"))).join(" ");
    let error = format!("command '{command}' exited with {code}: {}", text(&errors));
    exec_message(pod, spec, field, &error, &text(&[out, errors].concat()))
}

fn exec_message(pod: &Object, spec: ContainerSpec<'_>, field: &str, error: &str, output: &str) -> String {
    let command = strings(spec.spec.list(&format!("{field}/exec/command"))).join(" ");
    let (subject, output) = (subject(pod, spec), quote(output));
    format!("Exec lifecycle hook ([{command}]) for {subject} failed - error: {error}, message: {output}")
}

/// Names container and pod as the messages about hooks do.
fn subject(pod: &Object, spec: ContainerSpec<'_>) -> String {
    let pod = format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid());
    format!("Container {} in Pod {}", quote(spec.name()), quote(&pod))
}

/// When a hook ends, and why it has failed.
pub(super) type HookEnd = (Time, Option<String>);
