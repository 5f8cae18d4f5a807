//! Startup, readiness and liveness probes (`pkg/kubelet/prober`).
//!
//! A probe that succeeds, and would go on succeeding, is not executed again until something can change its result (an injected
//! fault, a hang that the script declares). A failing probe is executed once per period, like by a real kubelet.

use std::collections::BTreeMap;

use super::command::{self, Invocation};
pub(super) use super::container_runtime::Probes;
use super::container_runtime::{Running, Series};
use super::script::ContainerScript;
use super::start::strings;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::sim::{Duration, Time};

/// A running container to be probed.
pub(super) struct ProbeTarget<'a> {
    pub(super) container: &'a Value,
    pub(super) script: &'a ContainerScript,
    pub(super) running: &'a Running,
    /// An injected fault makes the pod unready.
    pub(super) is_unready: bool,
    /// What the probes have found in the inside of the pod.
    pub(super) results: &'a ProbeResults,
    pub(super) now: Time,
}

/// What a probe has found in the inside of the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProbeOutcome {
    /// The output of a failed probe.
    pub(super) failure: Option<String>,
    /// When something happens in the inside next, which may change the result.
    pub(super) next_change: Option<Time>,
}

/// The outcomes by container and name of the probe.
pub(super) type ProbeResults = BTreeMap<(String, &'static str), ProbeOutcome>;

/// A probe that has to be executed.
pub(super) struct DueProbe<'a> {
    /// The name of the probe.
    pub(super) kind: &'static str,
    /// The probe as the container has it.
    pub(super) spec: &'a Value,
    pub(super) timeout: Duration,
    /// It is not executed while its result stays the same: this is only to see whether it does.
    pub(super) is_paused: bool,
}

/// Result of the probes that were due.
#[derive(Default)]
pub(super) struct ProbeResult {
    /// Messages of `Unhealthy` events.
    pub(super) failures: Vec<String>,
    /// When to probe again, and whether that is only a retry.
    pub(super) requeue: Option<(Time, bool)>,
    /// Name of the probe because of which the container has to be restarted.
    pub(super) killed_by: Option<&'static str>,
}

impl ProbeResult {
    fn requeue_at(&mut self, at: Time, is_retry: bool) {
        self.requeue = Some(match self.requeue {
            Some((other, retry)) if other < at || (other == at && !retry) => (other, retry),
            _ => (at, is_retry),
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ProbeKind {
    Startup,
    Readiness,
    Liveness,
}

impl ProbeKind {
    fn field(self) -> &'static str {
        match self {
            ProbeKind::Startup => "/startupProbe",
            ProbeKind::Readiness => "/readinessProbe",
            ProbeKind::Liveness => "/livenessProbe",
        }
    }

    /// The name inside a sentence.
    fn name(self) -> &'static str {
        match self {
            ProbeKind::Startup => "startup",
            ProbeKind::Readiness => "readiness",
            ProbeKind::Liveness => "liveness",
        }
    }

    /// The name at the beginning of a sentence.
    fn title(self) -> &'static str {
        match self {
            ProbeKind::Startup => "Startup",
            ProbeKind::Readiness => "Readiness",
            ProbeKind::Liveness => "Liveness",
        }
    }

    fn series(self, probes: &mut Probes) -> &mut Series {
        match self {
            ProbeKind::Startup => &mut probes.startup,
            ProbeKind::Readiness => &mut probes.readiness,
            ProbeKind::Liveness => &mut probes.liveness,
        }
    }
}

/// Returns the probes of a running container that are due, with `paused` also those that are paused.
pub(super) fn due<'a>(container: &'a Value, probes: &Probes, paused: bool, now: Time) -> Vec<DueProbe<'a>> {
    let kinds: &[ProbeKind] = match probes.started {
        true => &[ProbeKind::Readiness, ProbeKind::Liveness],
        // It is followed by the others when it succeeds.
        false => &[ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness],
    };
    let series = |kind: ProbeKind| match kind {
        ProbeKind::Startup => &probes.startup,
        ProbeKind::Readiness => &probes.readiness,
        ProbeKind::Liveness => &probes.liveness,
    };
    let due = kinds.iter().filter_map(|kind| {
        let spec = container.at(kind.field())?;
        let is_paused = series(*kind).next.is_none();
        let is_due = series(*kind).next.map_or(paused, |at| at <= now);
        let timeout = seconds(spec, "/timeoutSeconds", 1);
        is_due.then_some(DueProbe { kind: kind.name(), spec, timeout, is_paused })
    });
    due.collect()
}

/// Returns the probe results at the start of a run.
pub(super) fn initial(container: &Value, script: &ContainerScript, running: &Running) -> Probes {
    let series = |kind: ProbeKind| {
        let probe = container.at(kind.field());
        let next = probe.map(|probe| running.since + seconds(probe, "/initialDelaySeconds", 0));
        Series { next, is_success: false, count: 0 }
    };
    let started = container.at("/startupProbe").is_none();
    Probes {
        started,
        ready: started && container.at("/readinessProbe").is_none() && script.ready.is_none(),
        startup: series(ProbeKind::Startup),
        readiness: series(ProbeKind::Readiness),
        liveness: series(ProbeKind::Liveness),
    }
}

fn seconds(probe: &Value, field: &str, default: i64) -> Duration {
    Duration::from_secs(probe.int(field).unwrap_or(default))
}

/// Executes the probes that are due. Until the startup probe has succeeded, the others are not executed.
pub(super) fn run(target: &ProbeTarget<'_>, probes: &mut Probes) -> ProbeResult {
    let mut result = ProbeResult::default();
    if !probes.started {
        probe(target, ProbeKind::Startup, probes, &mut result);
        if !probes.started {
            return result;
        }
    }
    if target.container.at("/readinessProbe").is_some() {
        probe(target, ProbeKind::Readiness, probes, &mut result);
    } else {
        set_ready_without_probe(target, probes, &mut result);
    }
    if target.container.at("/livenessProbe").is_some() && result.killed_by.is_none() {
        probe(target, ProbeKind::Liveness, probes, &mut result);
    }
    result
}

/// Sets the readiness of a container without a readiness probe: it is ready unless its script or a fault prevents it.
fn set_ready_without_probe(target: &ProbeTarget<'_>, probes: &mut Probes, result: &mut ProbeResult) {
    let ready_at = target.script.ready.map(|d| target.running.since + d);
    let pending = ready_at.filter(|at| *at > target.now);
    probes.ready = pending.is_none() && !target.is_unready;
    if let Some(at) = pending {
        result.requeue_at(at, false);
    }
}

/// Executes a probe if it is due, applies the thresholds, and requeues the next execution.
fn probe(target: &ProbeTarget<'_>, kind: ProbeKind, probes: &mut Probes, result: &mut ProbeResult) {
    let Some(spec) = target.container.at(kind.field()) else { return };
    let failure = failure(target, kind, spec);
    let now = target.now;
    // A paused probe is resumed, in its period, when it would fail.
    let is_due = kind.series(probes).next.map_or(failure.is_some(), |at| at <= now);
    if is_due {
        let is_success = failure.is_none();
        let series = kind.series(probes);
        series.count = if series.is_success == is_success { series.count + 1 } else { 1 };
        series.is_success = is_success;
        series.next = Some(now + seconds(spec, "/periodSeconds", 10));
        if let Some(output) = &failure {
            result.failures.push(format!("{} probe failed: {output}", kind.title()));
        }
        apply_thresholds(kind, spec, probes, result);
    }
    let series = kind.series(probes);
    if failure.is_none() && series.is_success && series.count >= spec.int("/successThreshold").unwrap_or(1) {
        series.next = outcome(target, kind).and_then(|outcome| outcome.next_change).map(|at| {
            let (since, period) = (series.next.unwrap_or(now), seconds(spec, "/periodSeconds", 10).micros().max(1));
            let periods =
                (at - since).micros().max(0).div_euclid(period) + i64::from((at - since).micros().max(0) % period > 0);
            since + Duration::from_micros(periods * period)
        });
    }
    let is_failing = kind == ProbeKind::Readiness && !series.is_success && series.count > 0;
    let may_become_ready = target.script.ready.is_some_and(|d| target.running.since + d > now);
    if let Some(at) = series.next.filter(|_| result.killed_by.is_none()) {
        result.requeue_at(at, is_failing && !may_become_ready);
    }
    if let Some(at) = target.script.hangs.map(|d| target.running.since + d).filter(|at| *at > now) {
        result.requeue_at(at, false);
    }
}

/// Acts on a series of equal results that has reached its threshold.
fn apply_thresholds(kind: ProbeKind, spec: &Value, probes: &mut Probes, result: &mut ProbeResult) {
    let (is_success, count) = {
        let series = kind.series(probes);
        (series.is_success, series.count)
    };
    let threshold = match is_success {
        true => spec.int("/successThreshold").unwrap_or(1),
        false => spec.int("/failureThreshold").unwrap_or(3),
    };
    if count < threshold {
        return;
    }
    match (kind, is_success) {
        (ProbeKind::Startup, true) => probes.started = true,
        (ProbeKind::Readiness, is_success) => probes.ready = is_success,
        (ProbeKind::Startup | ProbeKind::Liveness, false) => result.killed_by = Some(kind.name()),
        (ProbeKind::Liveness, true) => {}
    }
}

/// Returns the output of a probe that fails at this instant; `None` for a success.
fn failure(target: &ProbeTarget<'_>, kind: ProbeKind, spec: &Value) -> Option<String> {
    let age = target.now - target.running.since;
    let hangs = target.script.hangs.is_some_and(|after| age >= after);
    let is_not_ready_yet = kind != ProbeKind::Liveness && target.script.ready.is_some_and(|after| age < after);
    let is_unready = kind == ProbeKind::Readiness && target.is_unready;
    if hangs || is_not_ready_yet || is_unready {
        return Some(failure_output(spec));
    }
    if let Some(outcome) = outcome(target, kind) {
        return outcome.failure.clone();
    }
    let argv = strings(spec.list("/exec/command"));
    if argv.is_empty() {
        return None;
    }
    let program = command::decide(&Invocation { image: "", argv: &argv, is_service: false, start: target.now })?;
    let lines: Vec<&str> = program.output.iter().map(|(_, line)| line.as_str()).collect();
    (program.exit_code != 0).then(|| lines.join("\n"))
}

/// Returns what a probe has found in the inside of the pod.
fn outcome<'a>(target: &ProbeTarget<'a>, kind: ProbeKind) -> Option<&'a ProbeOutcome> {
    target.results.get(&(target.container.str("/name").to_owned(), kind.name()))
}

/// Returns the output of a failing probe, by its handler.
fn failure_output(spec: &Value) -> String {
    if spec.at("/httpGet").is_some() {
        return "HTTP probe failed with statuscode: 503".into();
    }
    if let Some(port) = spec.at("/tcpSocket/port") {
        let port = port.as_i64().map_or_else(|| port.as_str().unwrap_or("").to_string(), |p| p.to_string());
        return format!("dial tcp :{port}: connect: connection refused");
    }
    if spec.at("/grpc").is_some() {
        return "service unhealthy (responded with \"NOT_SERVING\")".into();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::kubelet::command::Program;
    use kctl_base::json::json;

    const T0: Time = Time::from_secs(1000);

    fn probe_at(
        container: &Value,
        script: &ContainerScript,
        probes: &mut Probes,
        at: i64,
        is_unready: bool,
    ) -> ProbeResult {
        let running = Running { since: T0, program: Program::service() };
        let now = T0 + Duration::from_secs(at);
        let results = ProbeResults::new();
        run(&ProbeTarget { container, script, running: &running, is_unready, results: &results, now }, probes)
    }

    fn start(container: &Value, script: &ContainerScript) -> Probes {
        initial(container, script, &Running { since: T0, program: Program::service() })
    }

    #[test]
    fn the_readiness_probe_is_paused_after_success() {
        let container =
            json!({"readinessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": 5, "periodSeconds": 10}});
        let script = ContainerScript::default();
        let mut probes = start(&container, &script);
        let result = probe_at(&container, &script, &mut probes, 0, false);
        assert_eq!((probes.ready, result.requeue), (false, Some((T0 + Duration::from_secs(5), false))));
        let result = probe_at(&container, &script, &mut probes, 5, false);
        assert_eq!((probes.ready, result.requeue), (true, None));
    }

    #[test]
    fn a_fault_makes_the_container_unready_after_three_failures() {
        let container = json!({"readinessProbe": {"httpGet": {"port": 80}, "failureThreshold": 3}});
        let script = ContainerScript::default();
        let mut probes = start(&container, &script);
        probe_at(&container, &script, &mut probes, 0, false);
        for at in [100, 110] {
            probe_at(&container, &script, &mut probes, at, true);
            assert!(probes.ready, "at {at}");
        }
        let result = probe_at(&container, &script, &mut probes, 120, true);
        assert!(!probes.ready && result.failures[0].starts_with("Readiness probe failed: HTTP"));
        probe_at(&container, &script, &mut probes, 130, false);
        assert!(probes.ready);
    }

    #[test]
    fn a_container_that_hangs_is_killed() {
        let container =
            json!({"livenessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 5, "failureThreshold": 2}});
        let script = ContainerScript { hangs: Some(Duration::from_secs(7)), ..ContainerScript::default() };
        let mut probes = start(&container, &script);
        let first = probe_at(&container, &script, &mut probes, 0, false);
        assert_eq!(first.requeue, Some((T0 + Duration::from_secs(7), false)));
        assert_eq!(probe_at(&container, &script, &mut probes, 7, false).killed_by, None);
        assert_eq!(probe_at(&container, &script, &mut probes, 12, false).killed_by, Some("liveness"));
    }

    #[test]
    fn other_probes_wait_for_the_startup_probe() {
        let container = json!({"startupProbe": {"exec": {"command": ["cat", "/x"]}, "initialDelaySeconds": 3}});
        let script = ContainerScript::default();
        let mut probes = start(&container, &script);
        probe_at(&container, &script, &mut probes, 0, false);
        assert!(!probes.started && !probes.ready);
        probe_at(&container, &script, &mut probes, 3, false);
        assert!(probes.started && probes.ready);
    }
}
