//! Creation and start of containers.

use super::command::{self, Invocation, Program};
use super::container_runtime::{ContainerRuntime, Running, State};
use super::container_spec::ContainerSpec;
use super::inside;
use super::pod_sync::PodSync;
use super::probes;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;

/// Interval between attempts to create a container.
pub(super) const CREATE_RETRY: Duration = Duration::from_secs(10);

impl PodSync<'_> {
    /// Creates the container. Only the first attempt takes time, another one and a restart are immediate.
    pub(super) fn create(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        if container.last.is_some() || matches!(container.state, State::CreateFailed { .. }) {
            return self.start(spec, container);
        }
        let until =
            self.inputs.now + self.script(spec).start.unwrap_or(self.duration("start", spec.name(), container.run()));
        container.state = State::Starting { until };
        self.out.requeue_at(until, false);
    }

    /// Starts the container again, beginning with its image.
    pub(super) fn restart(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        container.restarts += 1;
        self.pull_image(spec, container);
    }

    /// Starts the container, unless its configuration keeps it from that.
    pub(super) fn start(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        let now = self.inputs.now;
        if let Some(error) = (self.inputs.create_error)(spec.spec) {
            self.warning(Some(spec), "Failed", format!("Error: {}", error.message));
            container.state = State::CreateFailed { until: now + CREATE_RETRY, error };
            return self.out.requeue_at(now + CREATE_RETRY, true);
        }
        self.event(Some(spec), "Created", "Container created".into());
        self.event(Some(spec), "Started", "Container started".into());
        let program = self.program(spec, container.finished_runs);
        let running = Running { since: now, program };
        let Some(hook) = spec.spec.at("/lifecycle/postStart") else {
            return self.begin_run(spec, container, running);
        };
        // What the hook does in the inside decides how long it takes.
        let sleep = Duration::from_secs(hook.int("/sleep/seconds").unwrap_or(0));
        container.probes = probes::Probes::default();
        container.state = State::PostStart { running, until: Some(now + sleep), failure: None };
        self.out.requeue_at(now + sleep, false);
    }

    /// Begins the run of a container whose hook after the start has succeeded, if it has one.
    pub(super) fn begin_run(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, running: Running) {
        container.hook_error = None;
        container.probes = probes::initial(spec.spec, &self.script(spec), &running);
        container.state = State::Running(running.clone());
        let now = self.inputs.now;
        match running.ends_at() {
            Some(at) if at <= now => self.out.requeue_at(now, false),
            Some(at) => self.out.requeue_at(at, container.repeats()),
            // Its inside has to be there first.
            None if running.program.is_inside => self.out.requeue_at(now, false),
            None => self.probe(spec, container, &running),
        }
    }

    /// Stops a container whose hook after the start has failed.
    pub(super) fn fail_post_start(
        &mut self,
        spec: ContainerSpec<'_>,
        container: &mut ContainerRuntime,
        running: Running,
        failure: String,
    ) {
        self.warning(Some(spec), "FailedPostStartHook", "PostStartHook failed".into());
        self.event(Some(spec), "Killing", "FailedPostStartHook".into());
        container.hook_error = Some(failure);
        self.kill(spec, container, running);
    }

    /// Returns the program of the next run: as the script declares it, or else derived from the command.
    fn program(&self, spec: ContainerSpec<'_>, finished_runs: i64) -> Program {
        let script = self.script(spec);
        let argv = ["/command", "/args"].iter().flat_map(|p| strings(spec.spec.list(p)));
        let argv: Vec<String> = argv.map(|word| expand(&word, spec.spec)).collect();
        let is_service = inside::is_service(self.pod, spec);
        let image = spec.spec.str("/image");
        let decided = command::decide(&Invocation { image, argv: &argv, is_service, start: self.inputs.now });
        if script.run.is_none() && script.exit.is_none() {
            return match decided {
                Some(program) if !inside::needs_inside(self.pod, spec) => program,
                _ => Program::inside(),
            };
        }
        let mut program = decided.unwrap_or_else(Program::service);
        let is_scripted_run = script.times.is_none_or(|times| finished_runs < times);
        if !is_scripted_run && (!spec.is_init || spec.is_sidecar) {
            program.runs = None;
            return program;
        }
        program.runs = script.run.or(program.runs).or(Some(Duration::ZERO));
        program.exit_code = if is_scripted_run { script.exit.unwrap_or(0) } else { 0 };
        program
    }
}

/// Returns the strings of a list.
pub(super) fn strings(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(Value::as_str).map(String::from).collect()
}

/// Expands `$(NAME)` with the variables of the container that have a literal value
/// (`third_party/forked/golang/expansion`).
fn expand(word: &str, container: &Value) -> String {
    let mut expanded = word.to_string();
    for variable in container.list("/env") {
        if let Some(value) = variable.get("value").and_then(Value::as_str) {
            expanded = expanded.replace(&format!("$({})", variable.str("/name")), value);
        }
    }
    expanded
}
