//! How the inside of a pod and the state that the kubelet keeps of it act on each other.
//!
//! When something begins in the inside, a copy of it is run ahead ([`Inside::foresee`]) to learn when containers end; the
//! kubelet then has nothing to do until that instant. The forecast is made again when something intervenes: somebody reaches
//! into the pod, files are updated, or the network changes after something was asked of it.

use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_container::{LogLine, SessionId};

use super::hooks::{Hook, POST_START};
use super::net_probe::Target;
use super::network_answers::{Demand, NetworkAnswers};
use super::stopping::Stop;
use super::{Inside, PodPlace, Sources, environment, updates};
use crate::api::Server;
use crate::controllers::kubelet::container::KILLED;
use crate::controllers::kubelet::container_runtime::{ContainerRuntime, Ended, State};
use crate::controllers::kubelet::container_spec::{ContainerSpec, containers};
use crate::controllers::kubelet::runtime::PodRuntime;
use crate::controllers::kubelet::script::ContainerScript;
use crate::simulation::note_load;

/// Steps of a forecast at most, and of one about a program that asks something of the network: a change there leads to another.
const FORESIGHT: u64 = 5_000;
const NETWORK_FORESIGHT: u64 = 500;
/// How many forecasts are made one after the other where they end too early. After that, a program is taken to run until
/// something intervenes.
const FORECASTS: u32 = 3;
/// Lines of the log of a container that are exact when its pod is deleted: the log goes with the pod.
const LAST_LINES: u64 = 1000;
/// Forecasts in turn that end at something that changes a server: the kubelet looks when it comes to that. A program that goes on
/// like this for longer is looked at when somebody asks for it.
const EXCHANGES: u32 = 500;
/// Grace period in seconds of a pod that sets none.
const GRACE: i64 = 30;
/// How far a forecast reaches.
const HORIZON: Duration = Duration::from_secs(10 * 366 * 86_400);

/// Looks at the inside of a pod before a sync, if that is due: what has ended meanwhile, and what will. Returns
/// whether it was.
///
/// # Errors
/// A volume that is not simulated, or an object that cannot be read.
pub(in crate::controllers::kubelet) fn before_sync(
    server: &mut Server,
    pod: &Object,
    runtime: &mut PodRuntime,
    now: Time,
) -> Result<bool, Status> {
    if !runtime.has_inside || pod.is_deleting() || !is_look_due(runtime, now) {
        return Ok(false);
    }
    runtime.look_at = None;
    let mut inside = Inside::load(server, pod, runtime)?;
    inside.advance(server, pod, runtime, now)?;
    inside.foresee(server, pod, runtime, now)?;
    inside.save(server, pod)?;
    Ok(true)
}

/// Returns whether the inside has to be looked at: because that was asked for, or because a container is expected to end.
fn is_look_due(runtime: &PodRuntime, now: Time) -> bool {
    let mut running = runtime.containers.values().filter_map(|container| container.running());
    let ends = running.any(|running| running.program.is_inside && running.ends_at().is_some_and(|at| at <= now));
    ends || runtime.look_at.is_some_and(|at| at <= now)
}

/// Follows a sync in the inside of the pod: what it has started and stopped. `before` is the state before the sync.
///
/// # Errors
/// As [`before_sync`].
pub(in crate::controllers::kubelet) fn after_sync(
    server: &mut Server,
    pod: &Object,
    runtime: &mut PodRuntime,
    before: &PodRuntime,
    now: Time,
) -> Result<(), Status> {
    keep_variables(server, pod, runtime, before, now)?;
    let acts = |c: &ContainerRuntime| c.running().is_some_and(|running| running.program.is_inside);
    runtime.has_inside |= runtime.containers.values().any(|container| acts(container));
    let has_changed = |name: &str, container: &ContainerRuntime| {
        let old = before.container(name);
        old.and_then(ContainerRuntime::running).map(|r| r.since) != container.running().map(|r| r.since)
            || matches!(container.state, State::Killing { .. }) && old.is_some_and(|old| old.state != container.state)
    };
    if !runtime.has_inside || !runtime.containers.iter().any(|(name, container)| has_changed(name, container)) {
        return Ok(());
    }
    let mut inside = Inside::load(server, pod, runtime)?;
    if pod.is_deleting() {
        inside.world.lines_wanted = LAST_LINES;
    }
    inside.advance(server, pod, runtime, now)?;
    let ip = runtime.ip.clone();
    let target = Target::of(server, pod, &ip, now)?;
    for spec in containers(pod) {
        let Some(container) = runtime.containers.get_mut(spec.name()) else { continue };
        inside.report_end(pod, spec.name(), container, now);
        inside.begin_kill(server, &target, spec, container);
    }
    runtime.forecasts = 0;
    inside.foresee(server, pod, runtime, now)?;
    inside.alert_peers(server, now)?;
    inside.save(server, pod)
}

/// Keeps the variables of the containers that have just been started, if they come from objects.
fn keep_variables(
    server: &mut Server,
    pod: &Object,
    runtime: &mut PodRuntime,
    before: &PodRuntime,
    now: Time,
) -> Result<(), Status> {
    for spec in containers(pod).filter(|spec| environment::refers_to_objects(spec.spec)) {
        let started = |runtime: &PodRuntime| runtime.containers.get(spec.name())?.running().map(|r| r.since);
        if started(runtime).is_none() || started(runtime) == started(before) {
            continue;
        }
        let place = PodPlace::of(server, pod, runtime)?;
        let trees = &Inside::load(server, pod, runtime)?.world.trees;
        let mut sources = Sources { server, pod, place: &place, trees, at: now };
        let declared = environment::declared(&mut sources, spec.spec)?;
        if let Some(container) = runtime.containers.get_mut(spec.name()) {
            container.environment = Some(declared);
        }
    }
    Ok(())
}

/// Returns whether an annotation declares how a container lives, which is stronger than what it does.
fn is_declared(pod: &Object, spec: ContainerSpec<'_>) -> bool {
    let script = ContainerScript::of(pod, spec.spec).0;
    script.run.is_some() || script.exit.is_some()
}

impl Inside {
    /// Updates what the kubelet expects of the running containers: how those that have ended did, and when the others will.
    fn foresee(
        &mut self,
        server: &mut Server,
        pod: &Object,
        runtime: &mut PodRuntime,
        now: Time,
    ) -> Result<(), Status> {
        let mut ahead = self.forecast();
        ahead.ends_at_exchange = true;
        let hooks: Vec<SessionId> = self.hooks.values().filter_map(Hook::session).collect();
        ahead.world.close_sessions(&hooks);
        // What is asked once is taken to stay as it is; a change leads to another forecast.
        ahead.answers = NetworkAnswers::default();
        ahead.demand = Demand::default();
        if let Some(deadline) = ahead.stops.values().map(Stop::deadline).max() {
            ahead.run(server, pod, deadline.max(now));
        }
        let mut outcome = ahead.run_ahead(server, pod, now + HORIZON, NETWORK_FORESIGHT);
        if outcome.is_exhausted && ahead.answers.is_empty() {
            outcome = ahead.run_ahead(server, pod, now + HORIZON, FORESIGHT);
        }
        ahead.check()?;
        self.answers.learn(ahead.answers.clone());
        note_load(server, pod, ahead.demand.load(ahead.world.now - now))?;
        for spec in containers(pod).filter(|spec| !is_declared(pod, *spec)) {
            let Some(container) = runtime.containers.get_mut(spec.name()) else { continue };
            if let State::PostStart { until, failure, .. } = &mut container.state
                && let Some(hook) = self.hooks.get(spec.name())
            {
                let end = ahead.end_of_hook(pod, spec, POST_START, hook);
                (*until, *failure) = end.map_or((None, None), |(at, failure)| (Some(at.max(now)), failure));
            }
            let Some(running) = container.going_on_mut() else { continue };
            let exit = ahead.world.containers.get(spec.name()).and_then(|container| container.exit);
            let exit = exit.filter(|exit| !outcome.is_over || exit.at < ahead.world.now);
            running.program.is_inside = true;
            running.program.runs = exit.map(|exit| exit.at.max(running.since) - running.since);
            running.program.exit_code = exit.map_or(0, |exit| i64::from(exit.status.code()));
            running.program.is_out_of_memory = exit.is_some_and(|exit| exit.is_out_of_memory);
        }
        runtime.forecasts = if outcome.is_exhausted || outcome.is_over { runtime.forecasts + 1 } else { 0 };
        let goes_on = outcome.is_over && runtime.forecasts < EXCHANGES
            || outcome.is_exhausted && runtime.forecasts < FORECASTS && ahead.answers.is_empty();
        let mut next = goes_on.then_some(ahead.world.now.max(now + Duration::from_micros(1)));
        for (resource, name) in updates::mounted_objects(pod) {
            let update = updates::next_update(server, resource, pod.namespace(), &name, runtime.started, now)?;
            next = next.into_iter().chain(update).min();
        }
        runtime.look_at = next;
        Ok(())
    }

    /// Begins to stop a container that will be restarted, and finds out when it does: at the latest after the grace period.
    fn begin_kill(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        container: &mut ContainerRuntime,
    ) {
        let State::Killing { running, until } = &mut container.state else { return };
        if !running.program.is_inside || running.program.is_terminating {
            return;
        }
        let (pod, now) = (target.pod, target.now);
        let grace = pod.int("/spec/terminationGracePeriodSeconds").unwrap_or(GRACE);
        let deadline = now + Duration::from_secs(grace);
        self.begin_stop(server, target, spec, deadline);
        let mut ahead = self.forecast();
        ahead.run(server, pod, deadline);
        let exit = ahead.world.containers.get(spec.name()).and_then(|container| container.exit);
        *until = exit.map_or(deadline, |exit| exit.at).max(*until);
        running.program.exit_code = exit.map_or(KILLED, |exit| i64::from(exit.status.code()));
        running.program.is_terminating = true;
    }

    /// Completes the record of a run that has just ended: its log, and its last words.
    fn report_end(&self, pod: &Object, name: &str, container: &mut ContainerRuntime, now: Time) {
        let restarts = container.restarts;
        let (State::Ended(ended) | State::Crashed { ended, .. }) = &mut container.state else { return };
        let is_it = ended.finished == now && ended.attempt == restarts && self.runs.get(name) == Some(&restarts);
        if let (true, Some(found)) = (is_it, self.world.containers.get(name)) {
            ended.output = found.log.lines().map(line).collect();
            if let Some(exit) = found.exit.filter(|_| pod.is_deleting()) {
                ended.set_exit_code(i64::from(exit.status.code()));
            }
            ended.message = self.last_words(pod, name, ended);
        }
    }

    /// Returns the termination message of a container: the text of its file, or the end of its log if the file is empty, the
    /// container has failed, and its policy says so.
    fn last_words(&self, pod: &Object, name: &str, ended: &Ended) -> Option<String> {
        let spec = containers(pod).find(|spec| spec.name() == name)?.spec;
        super::message::of(&self.world, name, spec, ended)
    }

    /// Returns the log of the current run of a container.
    pub(super) fn log(&self, name: &str) -> Vec<(Time, String)> {
        self.world.containers.get(name).map(|found| found.log.lines().map(line).collect()).unwrap_or_default()
    }
}

fn line(line: &LogLine) -> (Time, String) {
    (line.at, line.text.clone())
}
