//! How containers are stopped (`killContainer` in `pkg/kubelet/kuberuntime`): the hook before the stop, then the signal that
//! asks the main program to stop, and `SIGKILL` when the grace period is over.

use std::collections::BTreeMap;

use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_container::Outcome;
use serde::{Deserialize, Serialize};

use super::Inside;
use super::hooks::{Hook, PRE_STOP};
use super::net_probe::Target;
use crate::api::Server;
use crate::controllers::kubelet::container_spec::{ContainerSpec, containers};
use crate::controllers::kubelet::runtime::PodRuntime;

/// Most instants at which something happens while containers are being stopped.
const MAX_INSTANTS: u32 = 10_000;

/// The stop of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stop {
    /// The hook before the stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hook: Option<Hook>,
    /// When the grace period is over.
    deadline: Time,
    /// The main program has been asked to stop.
    is_signalled: bool,
}

impl Stop {
    /// Returns when the grace period is over.
    pub(super) fn deadline(&self) -> Time {
        self.deadline
    }

    /// Returns the instants at which the kubelet does something by itself.
    fn instants(&self) -> impl Iterator<Item = Time> {
        let wakes = match self.hook {
            Some(Hook::Sleeps(until)) if !self.is_signalled => Some(until),
            _ => None,
        };
        [Some(self.deadline), wakes].into_iter().flatten()
    }
}

/// What is expected of the containers of a deleted pod.
pub(in crate::controllers::kubelet) struct Stopped {
    /// When the last one has stopped.
    pub(in crate::controllers::kubelet) at: Time,
    /// When the hooks of containers fail.
    pub(in crate::controllers::kubelet) failed_hooks: BTreeMap<String, Time>,
}

/// Begins to stop the containers of a deleted pod. Returns when they have stopped, as far as they are simulated; `None` if none
/// is.
///
/// # Errors
/// As [`super::before_sync`].
pub(in crate::controllers::kubelet) fn begin_stop(
    server: &mut Server,
    pod: &Object,
    runtime: &PodRuntime,
    deadline: Time,
    now: Time,
) -> Result<Option<Stopped>, Status> {
    let acts = runtime.containers.values().any(|c| c.running().is_some_and(|running| running.program.is_inside));
    if !acts || !runtime.has_inside {
        return Ok(None);
    }
    let mut inside = Inside::load(server, pod, runtime)?;
    inside.advance(server, pod, runtime, now)?;
    let target = Target::of(server, pod, &runtime.ip, now)?;
    for spec in containers(pod) {
        inside.begin_stop(server, &target, spec, deadline);
    }
    let mut ahead = inside.forecast();
    ahead.run(server, pod, deadline);
    let ends = ahead.runs.keys().filter_map(|name| ahead.world.containers.get(name)?.exit.map(|exit| exit.at));
    let at = ends.max().map_or(now, |at| at.max(now));
    let failed_hooks = ahead.failed_hooks(pod, &inside);
    inside.save(server, pod)?;
    Ok(Some(Stopped { at, failed_hooks }))
}

impl Inside {
    /// Begins to stop a container; without an effect on one that does not run or is being stopped.
    pub(super) fn begin_stop(
        &mut self,
        server: &mut Server,
        target: &Target<'_>,
        spec: ContainerSpec<'_>,
        deadline: Time,
    ) {
        if !self.is_running(spec.name()) || self.stops.contains_key(spec.name()) {
            return;
        }
        let hook = self.begin_hook(server, target, spec, PRE_STOP);
        self.stops.insert(spec.name().to_owned(), Stop { hook, deadline, is_signalled: false });
    }

    /// Returns when the hooks before the stop, as they were begun in `begun`, have failed in this forecast.
    fn failed_hooks(&mut self, pod: &Object, begun: &Inside) -> BTreeMap<String, Time> {
        let failed = containers(pod).filter_map(|spec| {
            let hook = begun.stops.get(spec.name())?.hook.as_ref()?;
            let (at, failure) = self.end_of_hook(pod, spec, PRE_STOP, hook)?;
            failure.map(|_| (spec.name().to_owned(), at))
        });
        failed.collect()
    }

    /// Runs the world up to an instant while containers are being stopped.
    pub(super) fn run_stopping(&mut self, server: &mut Server, pod: &Object, until: Time) -> Outcome {
        for _ in 0..MAX_INSTANTS {
            let outcome = self.run_world(server, pod, self.world.now.min(until));
            if outcome.is_exhausted {
                return outcome;
            }
            if self.take_stop_steps() {
                continue;
            }
            let next = outcome.next.into_iter().chain(self.stops.values().flat_map(Stop::instants)).min();
            if self.world.now >= until || self.stops.is_empty() {
                return Outcome { next, ..outcome };
            }
            let later = self.world.now + Duration::from_micros(1);
            let outcome = self.run_world(server, pod, next.map_or(until, |next| next.max(later).min(until)));
            if outcome.is_exhausted {
                return outcome;
            }
        }
        self.run_world(server, pod, until)
    }

    /// Signals and ends the containers for which it is time; returns whether there were any.
    fn take_stop_steps(&mut self) -> bool {
        let now = self.world.now;
        let mut left = BTreeMap::new();
        let mut has_acted = false;
        for (name, mut stop) in std::mem::take(&mut self.stops) {
            if !self.is_running(&name) {
                continue;
            }
            if stop.deadline <= now {
                self.world.kill(&name);
                has_acted = true;
                continue;
            }
            if !stop.is_signalled && stop.hook.as_ref().is_none_or(|hook| !self.is_hook_running(hook)) {
                self.world.ask_to_stop(&name);
                stop.is_signalled = true;
                has_acted = true;
            }
            left.insert(name, stop);
        }
        self.stops = left;
        has_acted
    }

    fn is_running(&self, name: &str) -> bool {
        self.world.containers.get(name).is_some_and(|container| container.exit.is_none())
    }
}
