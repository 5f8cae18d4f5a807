//! Probes that run commands in containers.

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_container::Stream;

use super::net_probe::{self, Target};
use super::{Inside, hooks, is_simulated};
use crate::api::Server;
use crate::controllers::kubelet::container_spec::{ContainerSpec, containers};
use crate::controllers::kubelet::probes::{self, DueProbe, ProbeOutcome, ProbeResults};
use crate::controllers::kubelet::runtime::PodRuntime;
use crate::controllers::kubelet::start::strings;

/// Longest output of a probe in bytes (`maxReadLength` in `pkg/probe/exec`).
const OUTPUT_MAX: usize = 10 * 1024;

/// The fields with the probes of a container.
const PROBES: [&str; 3] = ["/startupProbe", "/readinessProbe", "/livenessProbe"];

/// Reports whether the inside of a pod has to be simulated for the probes and hooks of a container: one of them runs a command
/// that is simulated, or asks a server of which is known what it answers.
pub(in crate::controllers::kubelet) fn needs_inside(pod: &Object, spec: ContainerSpec<'_>) -> bool {
    let probes = || PROBES.iter().filter_map(|field| spec.spec.at(field));
    probes().chain(hooks::of(spec)).any(|handler| runs_simulated(spec, handler))
        || probes().any(net_probe::is_it) && net_probe::is_known(pod, spec)
        || hooks::of(spec).any(hooks::acts) && net_probe::is_known(pod, spec)
}

/// Reports whether a probe or hook runs a command that is simulated.
fn runs_simulated(spec: ContainerSpec<'_>, handler: &Value) -> bool {
    let program = handler.list("/exec/command").first().and_then(Value::as_str);
    program.is_some_and(|program| is_simulated(spec.spec.str("/image"), program))
}

/// Executes the probes of a pod that are due. With `all`, those that are paused are tried as well, because their
/// result may have changed.
///
/// # Errors
/// As [`super::before_sync`].
pub(in crate::controllers::kubelet) fn probe(
    server: &mut Server,
    pod: &Object,
    runtime: &PodRuntime,
    all: bool,
    now: Time,
) -> Result<ProbeResults, Status> {
    let mut results = ProbeResults::default();
    let mut due: Vec<(ContainerSpec<'_>, DueProbe<'_>)> = Vec::new();
    for spec in containers(pod) {
        let Some(container) = runtime.containers.get(spec.name()) else { continue };
        if container.running().is_some_and(|running| running.program.is_inside && running.ends_at() != Some(now)) {
            let probes = probes::due(spec.spec, &container.probes, all, now).into_iter();
            let is_answered = |probe: &DueProbe<'_>| runs_simulated(spec, probe.spec) || net_probe::is_it(probe.spec);
            due.extend(probes.filter(is_answered).map(|probe| (spec, probe)));
        }
    }
    if due.is_empty() {
        return Ok(results);
    }
    let mut inside = Inside::load(server, pod, runtime)?;
    inside.advance(server, pod, runtime, now)?;
    let target = Target::of(server, pod, &runtime.ip, now)?;
    for (spec, probe) in due {
        let mut copy = probe.is_paused.then(|| inside.clone());
        let inside = copy.as_mut().unwrap_or(&mut inside);
        let outcome = match net_probe::is_it(probe.spec) {
            true => inside.ask(server, &target, spec, &probe),
            false => Some(inside.try_probe(server, pod, spec.name(), &probe, now)),
        };
        results.extend(outcome.map(|outcome| ((spec.name().to_owned(), probe.kind), outcome)));
    }
    inside.save(server, pod)?;
    Ok(results)
}

impl Inside {
    /// Runs the command of a probe (`pkg/probe/exec`).
    fn try_probe(
        &mut self,
        server: &mut Server,
        pod: &Object,
        container: &str,
        probe: &DueProbe<'_>,
        now: Time,
    ) -> ProbeOutcome {
        let argv = &strings(probe.spec.list("/exec/command"));
        let started = self.outside(server, pod, |world, outside| world.exec(outside, container, argv, false, false));
        let session = match started {
            Ok(session) => session,
            Err(errno) => {
                let text = format!("exec: \"{}\": {}", argv[0], errno.text());
                return ProbeOutcome { failure: Some(text), next_change: None };
            }
        };
        let next_change = self.run(server, pod, now).next;
        if self.world.sessions.get(&session).is_some_and(|session| session.status.is_some()) {
            let failure = self.failure(session);
            self.world.close_session(session);
            return ProbeOutcome { failure, next_change };
        }
        // It takes time: what comes of it is seen in a copy.
        let mut ahead = self.clone();
        ahead.is_forecast = true;
        ahead.run(server, pod, now + probe.timeout);
        let has_ended = ahead.world.sessions.get(&session).is_some_and(|session| session.status.is_some());
        self.world.close_session(session);
        let failure = match has_ended {
            true => ahead.failure(session),
            false => {
                let command = argv.join(" ");
                Some(format!("command timed out: \"{command}\" timed out after {}", probe.timeout.human()))
            }
        };
        ProbeOutcome { failure, next_change }
    }

    /// Returns the output of a command that has failed.
    pub(super) fn failure(&mut self, session: u64) -> Option<String> {
        let code =
            self.world.sessions.get(&session).and_then(|session| session.status).map_or(0, |status| status.code());
        let output: Vec<(Stream, Vec<u8>)> = self.world.take_output(session);
        let mut bytes: Vec<u8> = output.into_iter().flat_map(|(_, bytes)| bytes).collect();
        bytes.truncate(OUTPUT_MAX);
        (code != 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }
}
