//! One container: the transition that is due, the probes of a run, and what follows its end.
//!
//! How it gets its image is in [`super::pull`], how it starts in [`super::launch`].

use super::probes;
use super::runtime::{ContainerRuntime, Running, State};
use super::spec::Spec;
use super::step::Step;
use crate::simulation::PodFault;
use kctl_base::object::{ObjectMeta, ValueRead};

impl Step<'_> {
    /// One transition of one container, if one is due; otherwise a note of when it will be.
    pub(super) fn drive(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
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

    /// A run is over: for good, or to be started again.
    pub(super) fn ended(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime, exit_code: i64) {
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

    /// Probes a container that runs.
    pub(super) fn probe(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime, running: &Running) {
        if let Some(at) = running.ends_at() {
            self.out.look_at(at, false);
        }
        let life = self.life(spec);
        let subject = probes::Subject {
            container: spec.container,
            life: &life,
            running,
            unready: self.world.fault == Some(PodFault::Unready),
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
