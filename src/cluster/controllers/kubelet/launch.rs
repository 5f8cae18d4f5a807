//! How a run of a container starts: first the container is made, then its program is chosen and runs.
//!
//! What a program does is guessed in [`super::program`] or declared in [`super::life`]; here the two come together.

use super::probes;
use super::program::{self, Launch, Program};
use super::runtime::{ContainerRuntime, Running, State};
use super::spec::Spec;
use super::step::Step;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;

/// How often a container that refers to something missing is tried again.
pub(super) const CONFIG_RETRY: Duration = Duration::from_secs(10);

impl Step<'_> {
    /// Creates the container: a restart does it at once, the first start takes its time.
    pub(super) fn prepare(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        if container.last.is_some() {
            return self.start(spec, container);
        }
        let until = self.world.now + self.life(spec).start.unwrap_or(self.world.latency);
        container.state = State::Starting { until };
        self.out.look_at(until, false);
    }

    /// Runs the container again; its image is looked at anew.
    pub(super) fn restart(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        container.restarts += 1;
        self.pull(spec, container);
    }

    /// Starts the container, unless what its environment refers to is missing.
    pub(super) fn start(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
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
        container.probes = probes::at_start(spec.container, &self.life(spec), &running);
        container.state = State::Running(running.clone());
        match running.ends_at() {
            Some(at) => self.out.look_at(at, false),
            None => self.probe(spec, container, &running),
        }
    }

    /// What the next run does: as declared, else as guessed.
    fn program(&self, spec: Spec<'_>, runs: i64) -> Program {
        let life = self.life(spec);
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
}

/// The texts of a list.
pub(super) fn strings(list: &[Value]) -> Vec<String> {
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
