//! The life of a pod's containers: one step of a kubelet's sync loop as a function of what is and what time it is.
//!
//! [`Step::run`] makes at most one transition for each container, so that every state is seen by watches even where
//! nothing takes time. It reads no objects: what it needs to know of the world is in [`World`].

use serde_json::Value;

use super::life::{self, Life};
use super::probes;
use super::program::{self, Launch, Program};
use super::runtime::{ContainerRuntime, PodRuntime, Retry, Running, State, Stopping};
use crate::machinery::object::{Meta, Object, Reading};
use crate::sim::{Duration, Time};

/// The longest delay between attempts to mount a pod's volumes.
const MOUNT_RETRY_MAX: Duration = Duration::from_secs(122);
/// The first one.
const MOUNT_RETRY_FIRST: Duration = Duration::from_millis(500);
/// How often a container that refers to something missing is tried again.
const CONFIG_RETRY: Duration = Duration::from_secs(10);

/// What a kubelet can see beside the pod.
pub(super) struct World<'a> {
    /// The present.
    pub(super) now: Time,
    /// How long a pull, a start and a stop take.
    pub(super) latency: Duration,
    /// Whether the node has an image already.
    pub(super) has_image: &'a dyn Fn(&str) -> bool,
    /// Whether an image can not be pulled.
    pub(super) is_missing: &'a dyn Fn(&str) -> bool,
    /// What keeps the volumes from being mounted.
    pub(super) unmountable: Option<String>,
    /// What a container's environment refers to in vain.
    pub(super) missing_config: &'a dyn Fn(&Value) -> Option<String>,
    /// A fault that somebody put on the pod.
    pub(super) fault: Option<Fault>,
}

/// A fault on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The containers crash, once.
    Crash,
    /// The containers are not ready, until it is taken back.
    Unready,
}

/// An event that a step wants recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// `spec.containers{x}`, or empty.
    pub(super) field_path: String,
    /// Whether it is a warning.
    pub(super) warning: bool,
    /// CamelCase.
    pub(super) reason: &'static str,
    /// The text.
    pub(super) message: String,
}

/// What a step did.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Events, in order.
    pub(super) notes: Vec<Note>,
    /// Images that the node has now.
    pub(super) pulled: Vec<String>,
    /// When to look again, and whether that is only a retry.
    pub(super) next: Option<(Time, bool)>,
    /// Nothing of the pod is left on the node: the object can go.
    pub(super) gone: bool,
}

impl Outcome {
    fn look_at(&mut self, at: Time, recurring: bool) {
        self.next = Some(match self.next {
            Some((other, r)) if other < at || (other == at && !r) => (other, r),
            _ => (at, recurring),
        });
    }
}

/// One step for one pod.
pub(super) struct Step<'a> {
    pod: &'a Object,
    world: &'a World<'a>,
    out: Outcome,
}

/// One container as the step sees it.
#[derive(Clone, Copy)]
struct Spec<'a> {
    container: &'a Value,
    init: bool,
    /// An init container that goes on running beside the others.
    sidecar: bool,
}

impl Spec<'_> {
    fn name(&self) -> &str {
        self.container.str("/name")
    }

    fn path(&self) -> String {
        format!("spec.{}{{{}}}", if self.init { "initContainers" } else { "containers" }, self.name())
    }
}

/// The containers of a pod in the order of their start.
fn specs(pod: &Object) -> impl Iterator<Item = Spec<'_>> {
    let init =
        pod.list("/spec/initContainers").iter().map(|c| Spec { container: c, init: true, sidecar: is_sidecar(c) });
    init.chain(pod.list("/spec/containers").iter().map(|c| Spec { container: c, init: false, sidecar: false }))
}

/// Whether an init container is a sidecar.
pub(super) fn is_sidecar(container: &Value) -> bool {
    container.str("/restartPolicy") == "Always"
}

/// Whether an init container has done what the next one waits for.
pub(super) fn init_done(container: &Value, runtime: Option<&ContainerRuntime>) -> bool {
    match runtime {
        Some(c) if is_sidecar(container) => c.running().is_some() && c.probes.started,
        Some(c) => c.ended().is_some_and(|e| e.exit_code == 0),
        None => false,
    }
}

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

    fn note(&mut self, spec: Option<Spec<'_>>, warning: bool, reason: &'static str, message: String) {
        let field_path = spec.map(|s| s.path()).unwrap_or_default();
        self.out.notes.push(Note { field_path, warning, reason, message });
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
        if self.world.fault == Some(Fault::Crash) {
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

    /// One transition of one container, if one is due; otherwise a note of when it will be.
    fn drive(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        let now = self.world.now;
        match container.state.clone() {
            State::Waiting => self.pull(spec, container),
            State::Pulling { until, fails } if until <= now => self.pulled(spec, container, fails),
            State::PullFailed { until } if until <= now => {
                let delay = container.pull_delay();
                let image = container.image.clone();
                self.note(Some(spec), false, "BackOff", format!("Back-off pulling image \"{image}\""));
                self.note(Some(spec), true, "Failed", "Error: ImagePullBackOff".into());
                container.state = State::PullBackoff { until: now + delay };
                self.out.look_at(now + delay, true);
            }
            State::PullBackoff { until } if until <= now || container.image != spec.container.str("/image") => {
                self.pull(spec, container);
            }
            State::ConfigError { until, .. }
                if until <= now || (self.world.missing_config)(spec.container).is_none() =>
            {
                self.start(spec, container);
            }
            State::Starting { until } if until <= now => self.start(spec, container),
            State::Running(running) => match running.ends_at().filter(|t| *t <= now) {
                Some(_) => self.ended(spec, container, running.program.exit_code),
                None => self.probe(spec, container, &running),
            },
            State::Killing { until, .. } if until <= now => self.ended(spec, container, 137),
            State::Crashed { ended, until, restart } if until <= now => {
                container.last = Some(ended);
                if restart <= now {
                    return self.restart(spec, container);
                }
                let (pod, namespace, uid) = (self.pod.name(), self.pod.namespace(), self.pod.uid());
                let text =
                    format!("Back-off restarting failed container {} in pod {pod}_{namespace}({uid})", spec.name());
                self.note(Some(spec), true, "BackOff", text);
                container.state = State::CrashBackoff { until: restart };
                self.out.look_at(restart, true);
            }
            State::CrashBackoff { until } if until <= now => self.restart(spec, container),
            State::Pulling { until, .. }
            | State::PullFailed { until }
            | State::Starting { until }
            | State::Killing { until, .. }
            | State::Crashed { until, .. } => self.out.look_at(until, false),
            State::PullBackoff { until } | State::ConfigError { until, .. } | State::CrashBackoff { until } => {
                self.out.look_at(until, true);
            }
            State::Ended(_) => {}
        }
    }

    /// Gets the image, if the policy asks for it or the node has not got it.
    fn pull(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        let image = spec.container.str("/image").to_string();
        let policy = spec.container.str("/imagePullPolicy");
        let (life, _) = self.life(spec);
        container.image = image.clone();
        let present = (self.world.has_image)(&image) || self.out.pulled.contains(&image);
        if present && policy != "Always" {
            self.note(
                Some(spec),
                false,
                "Pulled",
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod"),
            );
            return self.prepare(spec, container);
        }
        if policy == "Never" {
            self.note(
                Some(spec),
                true,
                "ErrImageNeverPull",
                format!("Container image \"{image}\" is not present with pull policy of Never"),
            );
            self.note(Some(spec), true, "Failed", "Error: ErrImageNeverPull".into());
            let until = self.world.now + CONFIG_RETRY;
            let message = format!("Container image \"{image}\" is not present with pull policy of Never");
            container.state = State::ConfigError { until, message };
            return self.out.look_at(until, true);
        }
        self.note(Some(spec), false, "Pulling", format!("Pulling image \"{image}\""));
        let fails = life.pull_fails || (self.world.is_missing)(&image);
        // Looking up an image that is there already takes no time worth mentioning.
        let takes = if present && !fails { Duration::ZERO } else { life.pull.unwrap_or(self.world.latency) };
        let until = self.world.now + takes;
        container.state = State::Pulling { until, fails };
        if until <= self.world.now && present {
            return self.pulled(spec, container, fails);
        }
        self.out.look_at(until, false);
    }

    fn pulled(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime, fails: bool) {
        let image = container.image.clone();
        if fails {
            self.note(
                Some(spec),
                true,
                "Failed",
                format!("Failed to pull image \"{image}\": {}", super::images::not_found(&image)),
            );
            self.note(Some(spec), true, "Failed", "Error: ErrImagePull".into());
            let until = self.world.now + self.world.latency;
            container.state = State::PullFailed { until };
            return self.out.look_at(until, false);
        }
        container.pull_backoff = None;
        let takes = self.life(spec).0.pull.unwrap_or(self.world.latency);
        let size = super::images::size(&image);
        let text = format!(
            "Successfully pulled image \"{image}\" in {takes} ({takes} including waiting). Image size: {size} bytes."
        );
        self.note(Some(spec), false, "Pulled", text);
        self.out.pulled.push(image);
        self.prepare(spec, container);
    }

    /// Creates the container: a restart does it at once, the first start takes its time.
    fn prepare(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        if container.last.is_some() {
            return self.start(spec, container);
        }
        let until = self.world.now + self.life(spec).0.start.unwrap_or(self.world.latency);
        container.state = State::Starting { until };
        self.out.look_at(until, false);
    }

    fn restart(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        container.restarts += 1;
        self.pull(spec, container);
    }

    fn start(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        let now = self.world.now;
        if let Some(message) = (self.world.missing_config)(spec.container) {
            if !matches!(&container.state, State::ConfigError { until, .. } if *until > now) {
                self.note(Some(spec), true, "Failed", format!("Error: {message}"));
            }
            container.state = State::ConfigError { until: now + CONFIG_RETRY, message };
            return self.out.look_at(now + CONFIG_RETRY, true);
        }
        self.note(Some(spec), false, "Created", "Container created".into());
        self.note(Some(spec), false, "Started", "Container started".into());
        let program = self.program(spec, container.runs);
        let running = Running { since: now, program };
        container.probes = probes::at_start(spec.container, &self.life(spec).0, &running);
        container.state = State::Running(running.clone());
        match running.ends_at() {
            Some(at) => self.out.look_at(at, false),
            None => self.probe(spec, container, &running),
        }
    }

    /// What the next run does: as declared, else as guessed.
    fn program(&self, spec: Spec<'_>, runs: i64) -> Program {
        let (life, _) = self.life(spec);
        let words: Vec<String> = ["/command", "/args"].iter().flat_map(|p| strings(spec.container.list(p))).collect();
        let words: Vec<String> = words.iter().map(|w| expand(w, spec.container)).collect();
        let launch = Launch {
            image: spec.container.str("/image"),
            words: &words,
            restarts_always: !spec.init
                && self.pod.str("/spec/restartPolicy") != "Never"
                && self.pod.str("/spec/restartPolicy") != "OnFailure"
                || spec.sidecar,
            start: self.world.now,
        };
        let mut program = program::guess(&launch);
        let declared = life.run.is_some() || life.exit.is_some();
        if declared && life.times.is_none_or(|times| runs < times) {
            program.runs = life.run.or(program.runs).or(Some(Duration::ZERO));
            program.exit_code = life.exit.unwrap_or(0);
        } else if declared && spec.init && !spec.sidecar {
            // What only prepares has done so when it does not fail any more.
            program.runs = life.run.or(program.runs).or(Some(Duration::ZERO));
            program.exit_code = 0;
        } else if declared {
            program.runs = None;
        }
        program
    }

    fn life(&self, spec: Spec<'_>) -> (Life, Vec<String>) {
        life::declared(self.pod, spec.container)
    }

    /// A run is over: for good, or to be started again.
    fn ended(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime, exit_code: i64) {
        let now = self.world.now;
        let ended = container.end(exit_code, now);
        container.runs += 1;
        container.probes = probes::Probes::default();
        if !self.restarts(spec, exit_code) {
            container.state = State::Ended(ended);
            return;
        }
        let restart = now + container.crash_delay(ended.finished - ended.started);
        let until = now + self.world.latency;
        container.state = State::Crashed { ended, until, restart: restart.max(until) };
        if restart <= until {
            container.state = match container.state.clone() {
                State::Crashed { ended, until, .. } => State::Crashed { ended, until, restart: until },
                other => other,
            };
        }
        self.out.look_at(until, false);
    }

    /// The restart policy: the container's own, else the pod's; an init container that succeeded is done.
    fn restarts(&self, spec: Spec<'_>, exit_code: i64) -> bool {
        let own = spec.container.str("/restartPolicy");
        for rule in spec.container.list("/restartPolicyRules") {
            let values = rule.list("/exitCodes/values").iter().any(|v| v.as_i64() == Some(exit_code));
            if values == (rule.str("/exitCodes/operator") == "In") && rule.str("/action") == "Restart" {
                return true;
            }
        }
        match if own.is_empty() { self.pod.str("/spec/restartPolicy") } else { own } {
            "Never" => false,
            "OnFailure" => exit_code != 0,
            _ => spec.sidecar || !spec.init || exit_code != 0,
        }
    }

    fn probe(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime, running: &Running) {
        if let Some(at) = running.ends_at() {
            self.out.look_at(at, false);
        }
        let (life, _) = self.life(spec);
        let subject = probes::Subject {
            container: spec.container,
            life: &life,
            running,
            unready: self.world.fault == Some(Fault::Unready),
            now: self.world.now,
        };
        let verdict = probes::run(&subject, &mut container.probes);
        for (reason, message) in verdict.notes {
            self.note(Some(spec), reason == "Unhealthy", reason, message);
        }
        if let Some((at, recurring)) = verdict.next {
            self.out.look_at(at, recurring);
        }
        if let Some(probe) = verdict.kill {
            self.note(
                Some(spec),
                false,
                "Killing",
                format!("Container {} failed {probe} probe, will be restarted", spec.name()),
            );
            let until = self.world.now + self.world.latency;
            container.state = State::Killing { running: running.clone(), until };
            self.out.look_at(until, false);
        }
    }
}

fn strings(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(Value::as_str).map(String::from).collect()
}

/// Expands `$(NAME)` from the container's plain variables, as the kubelet does.
fn expand(word: &str, container: &Value) -> String {
    let mut out = word.to_string();
    for variable in container.list("/env") {
        if let Some(value) = variable.get("value").and_then(Value::as_str) {
            out = out.replace(&format!("$({})", variable.str("/name")), value);
        }
    }
    out
}
