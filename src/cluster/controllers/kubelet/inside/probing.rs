//! Probes and hooks that run commands in containers.

use std::net::Ipv4Addr;

use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_container::{Stream, is_shell, simulates};

use super::life::LAST_LINES;
use super::net_probe::{self, Target};
use super::{BUDGET, Inside};
use crate::api::Server;
use crate::controllers::kubelet::container_spec::{ContainerSpec, containers};
use crate::controllers::kubelet::host_ip;
use crate::controllers::kubelet::probes::{self, DueProbe, ProbeOutcome, ProbeResults};
use crate::controllers::kubelet::runtime::PodRuntime;
use crate::controllers::kubelet::start::strings;
use kctl_base::object::ValueRead as _;

/// Longest output of a probe in bytes (`maxReadLength` in `pkg/probe/exec`).
const OUTPUT_MAX: usize = 10 * 1024;

/// The fields with the probes of a container.
const PROBES: [&str; 3] = ["/startupProbe", "/readinessProbe", "/livenessProbe"];

/// Reports whether the inside of a pod has to be simulated for the probes and hooks of a container: one of them runs a command
/// that is simulated, or asks a server of which is known what it answers.
pub(in crate::controllers::kubelet) fn needs_inside(pod: &Object, spec: ContainerSpec<'_>) -> bool {
    let commands = PROBES.iter().chain(&["/lifecycle/postStart", "/lifecycle/preStop"]).collect::<Vec<_>>();
    commands.iter().any(|field| is_simulated(&strings(spec.spec.list(&format!("{field}/exec/command")))))
        || PROBES.iter().any(|field| spec.spec.at(field).is_some_and(net_probe::is_it))
            && net_probe::is_known(pod, spec)
}

fn is_simulated(argv: &[String]) -> bool {
    let name = argv.first().map_or("", |path| path.rsplit('/').next().unwrap_or_default());
    is_shell(name) || simulates(name)
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
            let is_answered = |probe: &DueProbe<'_>| {
                is_simulated(&strings(probe.spec.list("/exec/command"))) || net_probe::is_it(probe.spec)
            };
            due.extend(probes.filter(is_answered).map(|probe| (spec, probe)));
        }
    }
    if due.is_empty() {
        return Ok(results);
    }
    let mut inside = Inside::load(server, pod, runtime)?;
    inside.advance(server, pod, runtime, now)?;
    let node = server.read("nodes", "", pod.str("/spec/nodeName"))?.map(|node| host_ip(&node)).unwrap_or_default();
    let target = Target { pod, ip: &runtime.ip, node: node.parse().unwrap_or(Ipv4Addr::LOCALHOST), now };
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
    fn failure(&mut self, session: u64) -> Option<String> {
        let code =
            self.world.sessions.get(&session).and_then(|session| session.status).map_or(0, |status| status.code());
        let output: Vec<(Stream, Vec<u8>)> = self.world.take_output(session);
        let mut bytes: Vec<u8> = output.into_iter().flat_map(|(_, bytes)| bytes).collect();
        bytes.truncate(OUTPUT_MAX);
        (code != 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Runs the hook after the start of a container.
    pub(super) fn post_start(&mut self, server: &mut Server, pod: &Object, spec: ContainerSpec<'_>) {
        self.hook(server, pod, spec, "/lifecycle/postStart");
    }

    /// Starts the command of a hook in its container; returns the session.
    fn hook(&mut self, server: &mut Server, pod: &Object, spec: ContainerSpec<'_>, field: &str) -> Option<u64> {
        let argv = strings(spec.spec.list(&format!("{field}/exec/command")));
        if argv.is_empty() {
            return None;
        }
        let started = self.outside(server, pod, |world, outside| world.exec(outside, spec.name(), &argv, false, false));
        started.ok()
    }

    /// Stops the running containers as the deletion of their pod does: the hooks before the stop, then `SIGTERM`, and
    /// `SIGKILL` at the deadline. Returns when the last one has ended.
    pub(super) fn stop(&mut self, server: &mut Server, pod: &Object, deadline: Time) -> Time {
        let running: Vec<ContainerSpec<'_>> = containers(pod).filter(|spec| self.is_running(spec.name())).collect();
        let begun = self.world.now;
        let hooks: Vec<u64> =
            running.iter().filter_map(|spec| self.hook(server, pod, *spec, "/lifecycle/preStop")).collect();
        let sleeps = running.iter().filter_map(|spec| spec.spec.int("/lifecycle/preStop/sleep/seconds"));
        let slept = begun + Duration::from_secs(sleeps.max().unwrap_or(0));
        self.run_while(server, pod, deadline, |inside| {
            inside.world.now < slept || hooks.iter().any(|hook| inside.is_open(*hook))
        });
        for spec in &running {
            self.world.signal(spec.name(), kctl_container::Signal::Term);
        }
        self.run_while(server, pod, deadline, |inside| running.iter().any(|spec| inside.is_running(spec.name())));
        for spec in &running {
            self.world.kill(spec.name());
        }
        self.world.now
    }

    /// Runs from event to event as long as a condition holds, but not beyond a deadline. What was asked before is answered as
    /// before.
    fn run_while(&mut self, server: &mut Server, pod: &Object, deadline: Time, holds: impl Fn(&Inside) -> bool) {
        // Every round runs to another instant, or to the end.
        let mut until = self.world.now;
        loop {
            let outcome = self.act(server, pod, true, |world, outside| world.run(outside, until, BUDGET));
            if !holds(self) || until >= deadline || outcome.is_exhausted {
                return;
            }
            until = outcome.next.map_or(deadline, |next| next.min(deadline)).max(until + Duration::from_micros(1));
        }
    }

    fn is_running(&self, name: &str) -> bool {
        self.world.containers.get(name).is_some_and(|container| container.exit.is_none())
    }

    fn is_open(&self, session: u64) -> bool {
        self.world.sessions.get(&session).is_some_and(|session| session.status.is_none())
    }
}

/// Returns when the containers of a deleted pod have stopped, as far as they are simulated; `None` if none is.
///
/// # Errors
/// As [`super::before_sync`].
pub(in crate::controllers::kubelet) fn stopped_at(
    server: &mut Server,
    pod: &Object,
    runtime: &PodRuntime,
    deadline: Time,
    now: Time,
) -> Result<Option<Time>, Status> {
    let acts = runtime.containers.values().any(|c| c.running().is_some_and(|running| running.program.is_inside));
    if !acts || !runtime.has_inside {
        return Ok(None);
    }
    let mut inside = Inside::load(server, pod, runtime)?;
    inside.world.lines_wanted = LAST_LINES;
    inside.advance(server, pod, runtime, now)?;
    // What has led here need not happen again when the end comes.
    inside.clone().save(server, pod)?;
    inside.is_forecast = true;
    Ok(Some(inside.stop(server, pod, deadline)))
}

/// Stops the containers of a deleted pod, so that their volumes show what they did last. `since` is when the stop began.
///
/// # Errors
/// As [`super::before_sync`].
pub(in crate::controllers::kubelet) fn stop(
    server: &mut Server,
    pod: &Object,
    runtime: &PodRuntime,
    since: Time,
    now: Time,
) -> Result<(), Status> {
    if !runtime.has_inside {
        return Ok(());
    }
    let mut inside = Inside::load(server, pod, runtime)?;
    // Nobody can ask for its log any more.
    inside.world.lines_wanted = 0;
    inside.advance(server, pod, runtime, since)?;
    inside.stop(server, pod, now);
    inside.save(server, pod)
}
