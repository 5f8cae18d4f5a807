//! The state of a container: what it is doing, its last runs, and its delays. The serialised names are those of rows in existing
//! stores.

use serde::{Deserialize, Serialize};

use super::command::Program;
use super::inside::Variables;
use kctl_base::json::Value;
use kctl_base::sim::{Duration, Time};

/// Reason of the state of a container that was removed for the restart of all.
pub(super) const RESTARTING: &str = "RestartingAllContainers";
/// First delay of a crash or pull back-off.
const BACKOFF_FIRST: Duration = Duration::from_secs(10);
/// Longest delay (`MaxContainerBackOff`, `MaxImageBackOff`).
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// Duration of a run after which the crash back-off starts again (twice the longest delay).
const BACKOFF_RESET: Duration = Duration::from_secs(600);

/// State of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ContainerRuntime {
    /// The current state.
    pub(super) state: State,
    /// Number of restarts.
    pub(super) restarts: i64,
    /// The image that it runs or last tried to pull.
    pub(super) image: String,
    /// The last run, if that is not the current state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Ended>,
    /// Delay of the next restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backoff: Option<Duration>,
    /// Delay after the next failed pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pull_backoff: Option<Duration>,
    /// Number of finished runs.
    #[serde(default, rename = "runs")]
    pub(super) finished_runs: i64,
    /// Results of the probes in the current run.
    #[serde(default)]
    pub(super) probes: Probes,
    /// The resources that it still runs with, while those of the pod have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outdated: Option<Value>,
    /// It has to be restarted for the resources of the pod.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) restarts_to_resize: bool,
    /// Why the hook after the start has failed in the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hook_error: Option<String>,
    /// The variables of the current run, if they come from objects that may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<Variables>,
}

/// Why a container cannot be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CreateError {
    #[serde(default, skip_serializing_if = "CreateReason::is_config")]
    pub(super) reason: CreateReason,
    pub(super) message: String,
}

/// The reason that a container which cannot be created waits with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CreateReason {
    /// Its configuration refers to something that does not exist, or is contradictory.
    #[default]
    Config,
    /// The container runtime refuses it.
    Runtime,
}

impl CreateReason {
    /// Returns the reason as the kubelet writes it (`pkg/kubelet/kuberuntime`).
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            CreateReason::Config => "CreateContainerConfigError",
            CreateReason::Runtime => "CreateContainerError",
        }
    }

    fn is_config(&self) -> bool {
        *self == CreateReason::Config
    }
}

/// The state that a container is in. `until` is the time of the next transition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    /// Has not begun to start.
    Waiting,
    /// The image is being pulled.
    Pulling { until: Time, fails: bool },
    /// The pull has just failed (`ErrImagePull`).
    PullFailed { until: Time },
    /// Waits for the next pull (`ImagePullBackOff`).
    PullBackoff { until: Time },
    /// Its image is not one that can be pulled (`InvalidImageName`, `ErrImageNeverPull`).
    ImageError { until: Time, reason: String, message: String },
    /// Cannot be created.
    #[serde(rename = "ConfigError")]
    CreateFailed {
        until: Time,
        #[serde(flatten)]
        error: CreateError,
    },
    /// Is being created and started.
    Starting { until: Time },
    /// Has been started; the hook after the start still runs, until an instant if that is known, and then has failed or not.
    PostStart {
        running: Running,
        until: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<String>,
    },
    /// Is running.
    Running(Running),
    /// Is being stopped because a probe or the hook after its start has failed, or its image has changed, to be restarted.
    Killing { running: Running, until: Time },
    /// Is being stopped because its resources have changed, to be restarted; until then it counts as running.
    Resizing { running: Running, until: Time },
    /// Has terminated for good.
    Ended(Ended),
    /// Has just terminated and will be restarted at `restart`.
    Crashed { ended: Ended, until: Time, restart: Time },
    /// Waits for the restart (`CrashLoopBackOff`).
    CrashBackoff { until: Time },
}

/// The current run of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    /// Start of the run.
    pub(super) since: Time,
    /// Its behaviour.
    pub(super) program: Program,
}

impl Running {
    /// Returns when the run ends by itself; `None` for never.
    pub(super) fn ends_at(&self) -> Option<Time> {
        self.program.runs.map(|d| self.since + d)
    }

    /// Returns the lines printed until `now`.
    fn log(&self, now: Time) -> Vec<(Time, String)> {
        let lines = self.program.output.iter().map(|(after, line)| (self.since + *after, line.clone()));
        lines.filter(|(at, _)| *at <= now).collect()
    }
}

/// A finished run of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ended {
    /// Exit code.
    pub(super) exit_code: i64,
    /// `Completed` or `Error`.
    pub(super) reason: String,
    /// Start of the run.
    pub(super) started: Time,
    /// End of the run.
    pub(super) finished: Time,
    /// Number of the run, from which the container id is derived.
    pub(super) attempt: i64,
    /// Lines of the log with the instants at which they were printed.
    pub(super) output: Vec<(Time, String)>,
    /// The termination message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

impl Ended {
    /// Sets the exit code, and the reason that goes with it.
    pub(super) fn set_exit_code(&mut self, exit_code: i64) {
        self.exit_code = exit_code;
        self.reason = reason_of(exit_code).to_owned();
    }
}

/// Results of the probes in one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Probes {
    /// The startup probe has succeeded, or there is none.
    pub(super) started: bool,
    /// The container is ready.
    pub(super) ready: bool,
    /// Results of the startup probe.
    pub(super) startup: Series,
    /// Results of the readiness probe.
    pub(super) readiness: Series,
    /// Results of the liveness probe.
    pub(super) liveness: Series,
}

/// Consecutive equal results of a probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Series {
    /// Next execution; `None` while the result cannot change.
    pub(super) next: Option<Time>,
    /// The last result was a success.
    #[serde(rename = "good")]
    pub(super) is_success: bool,
    /// Number of consecutive results like the last one.
    pub(super) count: i64,
}

impl ContainerRuntime {
    /// Returns the number of the current run, or of the one that is being prepared; the first one is 0.
    pub(super) fn run(&self) -> u64 {
        self.restarts.unsigned_abs()
    }

    /// Returns the number of restarts without one whose container has not been created yet, because its image is being pulled or
    /// its configuration is wrong: the kubelet counts the containers that there have been.
    pub(super) fn counted_restarts(&self) -> i64 {
        let is_prepared = matches!(
            self.state,
            State::Pulling { .. }
                | State::PullFailed { .. }
                | State::PullBackoff { .. }
                | State::ImageError { .. }
                | State::CreateFailed { .. }
        );
        let is_counted = self.last.as_ref().is_none_or(|last| last.reason == RESTARTING);
        self.restarts - i64::from(is_prepared && !is_counted)
    }

    /// Creates the state of a container that has not begun to start.
    pub(super) fn new(image: &str) -> ContainerRuntime {
        ContainerRuntime {
            state: State::Waiting,
            restarts: 0,
            image: image.into(),
            last: None,
            backoff: None,
            pull_backoff: None,
            finished_runs: 0,
            probes: Probes::default(),
            outdated: None,
            restarts_to_resize: false,
            hook_error: None,
            environment: None,
        }
    }

    /// Notes that it has the resources of the pod.
    pub(super) fn complete_resize(&mut self) {
        self.outdated = None;
        self.restarts_to_resize = false;
    }

    /// Returns the current run, also while it is being stopped.
    pub(super) fn running(&self) -> Option<&Running> {
        match &self.state {
            State::PostStart { running, .. }
            | State::Running(running)
            | State::Killing { running, .. }
            | State::Resizing { running, .. } => Some(running),
            _ => None,
        }
    }

    /// Returns the current run, unless it is being stopped.
    pub(super) fn going_on_mut(&mut self) -> Option<&mut Running> {
        match &mut self.state {
            State::PostStart { running, .. } | State::Running(running) | State::Resizing { running, .. } => {
                Some(running)
            }
            _ => None,
        }
    }

    /// Reports whether the hook after the start still runs.
    pub(super) fn is_in_hook(&self) -> bool {
        matches!(self.state, State::PostStart { .. })
    }

    /// Reports whether a container that has been started does not count as running: its hook after the start has not succeeded.
    pub(super) fn is_before_running(&self) -> bool {
        self.is_in_hook() || self.hook_error.is_some() && matches!(self.state, State::Killing { .. })
    }

    /// Returns the last run of a container that has terminated for good.
    pub(super) fn terminated(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Reports whether the end of the run is one of many: a container that has been restarted will be again and again.
    pub(super) fn repeats(&self) -> bool {
        self.restarts > 0
    }

    /// Reports whether the container has been started at least once.
    pub(super) fn has_run(&self) -> bool {
        let runs = self.running().is_some() && !self.is_before_running();
        self.last.is_some() || runs || self.terminated().is_some()
    }

    /// Returns the current run as finished.
    pub(super) fn terminate(&mut self, exit_code: i64, now: Time) -> Ended {
        let (since, output) = match self.running() {
            Some(running) => (running.since, running.log(now)),
            None => (now, Vec::new()),
        };
        let is_at_end = |running: &Running| running.program.is_out_of_memory && running.ends_at() == Some(now);
        let reason = match self.running().is_some_and(is_at_end) {
            true => "OOMKilled",
            false => reason_of(exit_code),
        };
        let reason = reason.to_owned();
        Ended { exit_code, reason, started: since, finished: now, attempt: self.restarts, output, message: None }
    }

    /// Returns the log of the current (or else the last) run, or with `previous` of the run before the current one.
    pub(super) fn log(&self, previous: bool, now: Time) -> Vec<(Time, String)> {
        let last = || self.last.as_ref().map(|last| last.output.clone()).unwrap_or_default();
        match (self.running(), &self.state) {
            _ if previous => last(),
            (Some(running), _) => running.log(now),
            (None, State::Ended(ended) | State::Crashed { ended, .. }) => ended.output.clone(),
            _ => last(),
        }
    }

    /// Returns the delay of a restart: none at first, then 10 s, doubled each time. A long run resets it.
    pub(super) fn crash_delay(&mut self, ran_for: Duration) -> Duration {
        if ran_for >= BACKOFF_RESET || self.backoff.is_none() {
            self.backoff = Some(BACKOFF_FIRST);
            return Duration::ZERO;
        }
        next_delay(&mut self.backoff)
    }

    /// Returns the delay after a failed pull: 10 s, doubled each time.
    pub(super) fn pull_delay(&mut self) -> Duration {
        next_delay(&mut self.pull_backoff)
    }
}

/// Returns the reason of the end of a run.
fn reason_of(exit_code: i64) -> &'static str {
    if exit_code == 0 { "Completed" } else { "Error" }
}

/// Returns the delay of a back-off and doubles it for the next time.
fn next_delay(backoff: &mut Option<Duration>) -> Duration {
    let delay = backoff.unwrap_or(BACKOFF_FIRST);
    let doubled = Duration::from_micros(delay.micros() * 2).min(BACKOFF_MAX);
    *backoff = Some(doubled);
    delay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_up_to_five_minutes_and_is_reset_by_a_long_run() {
        let mut container = ContainerRuntime::new("x");
        let delays: Vec<i64> = (0..7).map(|_| container.crash_delay(Duration::ZERO).secs()).collect();
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 300]);
        assert_eq!(container.crash_delay(BACKOFF_RESET).secs(), 0);
        assert_eq!(container.crash_delay(Duration::ZERO).secs(), 10);
    }
}
