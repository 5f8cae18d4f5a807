//! What a kubelet remembers of a pod on its node: the containers as the container runtime would know them.
//!
//! It is the kubelet's own memory, kept beside the objects; the pod's status is computed from it (`status.rs`), never the
//! other way round.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::program::Program;
use kctl_base::sim::{Duration, Time};

/// The first delay of a crash or pull back-off.
pub(super) const BACKOFF_FIRST: Duration = Duration::from_secs(10);
/// The longest delay.
pub(super) const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// A container that ran this long starts its back-off anew.
pub(super) const BACKOFF_RESET: Duration = Duration::from_secs(600);

/// Everything about one pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PodRuntime {
    /// When the kubelet saw the pod first.
    pub(super) started: Time,
    /// The pod's address, once its sandbox is there.
    pub(super) ip: String,
    /// By container name; init containers too.
    pub(super) containers: BTreeMap<String, ContainerRuntime>,
    /// The containers are being stopped since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopping: Option<Stopping>,
    /// When the sandbox and its volumes may be tried again, after a missing reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mount_retry: Option<Retry>,
    /// The pod ended before its containers did: reason and message of its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<(String, String)>,
}

/// Something is tried again, with growing delays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Retry {
    /// When.
    pub(super) at: Time,
    /// The delay that led there.
    pub(super) delay: Duration,
}

/// A pod's containers on their way out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stopping {
    /// When the processes are gone.
    pub(super) gone_at: Time,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ContainerRuntime {
    /// What it is doing.
    pub(super) state: State,
    /// How often it was started again.
    pub(super) restarts: i64,
    /// The image it runs or last tried.
    pub(super) image: String,
    /// How its last run ended, when that is not its present state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Ended>,
    /// The crash back-off: the delay that is due at the next crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backoff: Option<Duration>,
    /// The pull back-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pull_backoff: Option<Duration>,
    /// How many runs have ended as declared by an annotation.
    #[serde(default)]
    pub(super) runs: i64,
    /// Results of the probes of the present run.
    #[serde(default)]
    pub(super) probes: Probes,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    /// Waiting for its turn.
    Waiting,
    /// Its image is being pulled until then.
    Pulling { until: Time, fails: bool },
    /// The image could not be pulled just now; soon this becomes a back-off.
    PullFailed { until: Time },
    /// The image could not be pulled; next try then.
    PullBackoff { until: Time },
    /// It refers to something that is not there; next try then.
    ConfigError { until: Time, message: String },
    /// It is being created and started until then.
    Starting { until: Time },
    /// It runs.
    Running(Running),
    /// It is being stopped to be started again (liveness); its process is gone then.
    Killing { running: Running, until: Time },
    /// It has ended and stays so.
    Ended(Ended),
    /// It has just ended and will be started again; the next look at it is then.
    Crashed { ended: Ended, until: Time, restart: Time },
    /// It has ended and is started again then.
    CrashBackoff { until: Time },
}

/// A run that goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    /// Since when.
    pub(super) since: Time,
    /// What it does.
    pub(super) program: Program,
}

impl Running {
    /// When it ends by itself.
    pub(super) fn ends_at(&self) -> Option<Time> {
        self.program.runs.map(|d| self.since + d)
    }
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ended {
    /// 0, or what went wrong.
    pub(super) exit_code: i64,
    /// `Completed` or `Error`.
    pub(super) reason: String,
    /// When it began.
    pub(super) started: Time,
    /// When it was over.
    pub(super) finished: Time,
    /// Which run of the container it was, for its id.
    pub(super) attempt: i64,
    /// The lines it printed, with their instants: what `logs` shows.
    pub(super) output: Vec<(Time, String)>,
}

/// Results of the probes of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Probes {
    /// The startup probe has succeeded (or there is none).
    pub(super) started: bool,
    /// The readiness probe's verdict.
    pub(super) ready: bool,
    /// Successive results so far, and when each probe runs next.
    pub(super) startup: Series,
    /// Of readiness.
    pub(super) readiness: Series,
    /// Of liveness.
    pub(super) liveness: Series,
}

/// A probe's successive equal results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Series {
    /// When it runs next.
    pub(super) next: Option<Time>,
    /// The last result.
    pub(super) good: bool,
    /// How often in a row.
    pub(super) count: i64,
}

impl ContainerRuntime {
    /// A container that has not been looked at.
    pub(super) fn new(image: &str) -> ContainerRuntime {
        ContainerRuntime {
            state: State::Waiting,
            restarts: 0,
            image: image.into(),
            last: None,
            backoff: None,
            pull_backoff: None,
            runs: 0,
            probes: Probes::default(),
        }
    }

    /// The run that goes on, also while it is being stopped.
    pub(super) fn running(&self) -> Option<&Running> {
        match &self.state {
            State::Running(running) | State::Killing { running, .. } => Some(running),
            _ => None,
        }
    }

    /// How it ended, when it has ended for good.
    pub(super) fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Whether it has run at least once.
    pub(super) fn has_run(&self) -> bool {
        self.last.is_some() || self.running().is_some() || self.ended().is_some()
    }

    /// Ends the present run.
    pub(super) fn end(&mut self, exit_code: i64, now: Time) -> Ended {
        let (since, output) = match self.running() {
            Some(running) => (running.since, printed(running, now)),
            None => (now, Vec::new()),
        };
        let reason = if exit_code == 0 { "Completed" } else { "Error" }.to_string();
        Ended { exit_code, reason, started: since, finished: now, attempt: self.restarts, output }
    }

    /// The delay before the restart after a crash: none at first, then 10 s doubling. A long run starts it anew.
    pub(super) fn crash_delay(&mut self, ran_for: Duration) -> Duration {
        if ran_for >= BACKOFF_RESET || self.backoff.is_none() {
            self.backoff = Some(BACKOFF_FIRST);
            return Duration::ZERO;
        }
        grow(&mut self.backoff)
    }

    /// The delay after a failed pull, and what the next one will be.
    pub(super) fn pull_delay(&mut self) -> Duration {
        grow(&mut self.pull_backoff)
    }
}

/// Answers the present delay of a back-off and doubles it for the next time.
fn grow(backoff: &mut Option<Duration>) -> Duration {
    let delay = backoff.unwrap_or(BACKOFF_FIRST);
    let doubled = Duration::from_micros(delay.micros() * 2).min(BACKOFF_MAX);
    *backoff = Some(doubled);
    delay
}

/// The lines that a run has printed until `now`.
pub(super) fn printed(running: &Running, now: Time) -> Vec<(Time, String)> {
    let lines = running.program.output.iter().map(|(after, line)| (running.since + *after, line.clone()));
    lines.filter(|(at, _)| *at <= now).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_up_to_five_minutes_and_starts_anew() {
        let mut container = ContainerRuntime::new("x");
        let delays: Vec<i64> = (0..7).map(|_| container.crash_delay(Duration::ZERO).secs()).collect();
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 300]);
        assert_eq!(container.crash_delay(BACKOFF_RESET).secs(), 0);
        assert_eq!(container.crash_delay(Duration::ZERO).secs(), 10);
    }
}
