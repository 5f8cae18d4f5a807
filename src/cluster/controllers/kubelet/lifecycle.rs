//! The life of a pod's containers: one step of a kubelet's sync loop as a function of what is and what time it is.
//!
//! [`Step::run`] makes at most one transition for each container, so that every state is seen by watches even where
//! nothing takes time. Here is what concerns the pod as a whole; a single container is in [`super::container`].

use super::launch::strings;
use super::program::{self, Launch};
use super::runtime::{ContainerRuntime, PodRuntime, Retry, State, Stopping};
use super::spec::{init_done, specs};
use super::step::{Outcome, Step, World};
use crate::simulation::PodFault;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// The longest delay between attempts to mount a pod's volumes.
const MOUNT_RETRY_MAX: Duration = Duration::from_secs(122);
/// The first one.
const MOUNT_RETRY_FIRST: Duration = Duration::from_millis(500);

impl<'a> Step<'a> {
    /// Makes the transitions that are due.
    pub(super) fn run(pod: &'a Object, runtime: &mut PodRuntime, world: &'a World<'a>) -> Outcome {
        let mut step = Step { pod, world, out: Outcome::default() };
        for spec in specs(pod) {
            runtime
                .containers
                .entry(spec.name().into())
                .or_insert_with(|| ContainerRuntime::new(spec.container.str("/image")));
        }
        if pod.is_deleting() {
            step.stop(runtime);
        } else if runtime.ended.is_none() {
            step.live(runtime);
        }
        step.out
    }

    /// The pod is being deleted: stop what runs, then let the object go.
    fn stop(&mut self, runtime: &mut PodRuntime) {
        let now = self.world.now;
        let runs = runtime.containers.values().any(|c| c.running().is_some());
        let gone_at = match &runtime.stopping {
            Some(stopping) => stopping.gone_at,
            None if !runs => now,
            None => {
                let deadline = self.pod.deletion_time().unwrap_or(now);
                let gone_at = (now + self.world.latency + self.pre_stop(runtime)).min(deadline).max(now);
                for spec in specs(self.pod) {
                    if runtime.containers.get(spec.name()).is_some_and(|c| c.running().is_some()) {
                        self.note(Some(spec), false, "Killing", format!("Stopping container {}", spec.name()));
                    }
                }
                gone_at
            }
        };
        // A shorter grace period may have been asked for in the meantime.
        let gone_at = self.pod.deletion_time().map_or(gone_at, |deadline| gone_at.min(deadline.max(now)));
        runtime.stopping = Some(Stopping { gone_at });
        if gone_at > now {
            return self.out.look_at(gone_at, false);
        }
        for container in runtime.containers.values_mut().filter(|c| c.running().is_some()) {
            container.state = State::Ended(container.end(0, now));
        }
        self.out.gone = true;
    }

    /// The longest time that the containers' preStop hooks take.
    fn pre_stop(&self, runtime: &PodRuntime) -> Duration {
        let running =
            specs(self.pod).filter(|s| runtime.containers.get(s.name()).is_some_and(|c| c.running().is_some()));
        let spans = running.map(|spec| {
            if let Some(seconds) = spec.container.int("/lifecycle/preStop/sleep/seconds") {
                return Duration::from_secs(seconds);
            }
            let words = strings(spec.container.list("/lifecycle/preStop/exec/command"));
            if words.is_empty() {
                return Duration::ZERO;
            }
            let launch = Launch { image: "", words: &words, restarts_always: false, start: self.world.now };
            program::guess(&launch).runs.unwrap_or(Duration::from_secs(i64::from(i32::MAX)))
        });
        spans.max().unwrap_or(Duration::ZERO)
    }

    /// The pod lives: start, restart and probe its containers.
    fn live(&mut self, runtime: &mut PodRuntime) {
        if self.deadline_passed(runtime) || !self.mounted(runtime) {
            return;
        }
        if self.world.fault == Some(PodFault::Crash) {
            self.crash(runtime);
        }
        let mut initialized = true;
        let mut starting_before = false;
        for spec in specs(self.pod) {
            let container = runtime.containers.entry(spec.name().into()).or_insert_with(|| ContainerRuntime::new(""));
            // Containers are started one after the other: a pull holds up those behind it.
            let turn = if spec.init { initialized } else { initialized && !starting_before };
            if turn || container.has_run() {
                self.drive(spec, container);
            }
            if spec.init {
                initialized = initialized && init_done(spec.container, Some(container));
            } else {
                starting_before |= matches!(container.state, State::Pulling { .. } | State::Waiting);
            }
        }
        self.end_sidecars(runtime);
    }

    /// `activeDeadlineSeconds`: the pod fails, whatever its containers do.
    fn deadline_passed(&mut self, runtime: &mut PodRuntime) -> bool {
        let Some(seconds) = self.pod.int("/spec/activeDeadlineSeconds") else { return false };
        let all_ended = specs(self.pod)
            .filter(|s| !s.init)
            .all(|s| runtime.containers.get(s.name()).is_some_and(|c| c.ended().is_some()));
        if all_ended {
            return false;
        }
        let deadline = runtime.started + Duration::from_secs(seconds);
        if deadline > self.world.now {
            self.out.look_at(deadline, false);
            return false;
        }
        let message = "Pod was active on the node longer than the specified deadline".to_string();
        self.note(None, false, "DeadlineExceeded", message.clone());
        for spec in specs(self.pod) {
            if let Some(container) = runtime.containers.get_mut(spec.name()).filter(|c| c.running().is_some()) {
                self.note(Some(spec), false, "Killing", format!("Stopping container {}", spec.name()));
                container.state = State::Ended(container.end(137, self.world.now));
            }
        }
        runtime.ended = Some(("DeadlineExceeded".into(), message));
        true
    }

    /// Whether the volumes are there; what is missing is looked for again with growing delays.
    fn mounted(&mut self, runtime: &mut PodRuntime) -> bool {
        if runtime.containers.values().any(ContainerRuntime::has_run) {
            return true;
        }
        let Some(message) = self.world.unmountable.clone() else {
            runtime.mount_retry = None;
            return true;
        };
        let now = self.world.now;
        let due = runtime.mount_retry.as_ref().is_none_or(|r| r.at <= now);
        if due {
            let delay = runtime
                .mount_retry
                .as_ref()
                .map_or(MOUNT_RETRY_FIRST, |r| Duration::from_micros(r.delay.micros() * 2).min(MOUNT_RETRY_MAX));
            runtime.mount_retry = Some(Retry { at: now + delay, delay });
            self.note(None, true, "FailedMount", message);
        }
        if let Some(retry) = &runtime.mount_retry {
            self.out.look_at(retry.at, true);
        }
        false
    }

    /// Somebody made the pod crash: every running container ends with an error.
    fn crash(&mut self, runtime: &mut PodRuntime) {
        for spec in specs(self.pod) {
            if let Some(container) = runtime.containers.get_mut(spec.name()).filter(|c| c.running().is_some()) {
                self.ended(spec, container, 137);
            }
        }
    }

    /// When all ordinary containers have ended for good, the sidecars end too.
    fn end_sidecars(&mut self, runtime: &mut PodRuntime) {
        let over = specs(self.pod)
            .filter(|s| !s.init)
            .all(|s| runtime.containers.get(s.name()).is_some_and(|c| c.ended().is_some()));
        if !over {
            return;
        }
        for spec in specs(self.pod).filter(|s| s.sidecar) {
            if let Some(container) = runtime.containers.get_mut(spec.name()).filter(|c| c.running().is_some()) {
                self.note(Some(spec), false, "Killing", format!("Stopping container {}", spec.name()));
                container.state = State::Ended(container.end(0, self.world.now));
            }
        }
    }
}
