//! The number of replicas that a metric proposes (`pkg/controller/podautoscaler/replica_calculator.go`).
//!
//! It is the ratio of measured to targeted usage, times the number of measured pods. Pods that are not ready or have no sample
//! dampen the ratio in either direction, and a ratio close to 1 does not scale.

use std::sync::Arc;

use super::metrics::Samples;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};
use kctl_base::quantity::Quantity;
use kctl_base::sim::{Duration, Time};

/// Time after the start of a pod in which its CPU usage counts only if it is ready
/// (`--horizontal-pod-autoscaler-cpu-initialization-period`).
const CPU_INITIALIZATION_PERIOD: Duration = Duration::from_secs(300);
/// A pod that became unready within this time after its start has never been ready
/// (`--horizontal-pod-autoscaler-initial-readiness-delay`).
const INITIAL_READINESS_DELAY: Duration = Duration::from_secs(30);

/// Deviations of a ratio from 1 that do not scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    pub(super) up: f64,
    pub(super) down: f64,
}

impl Tolerance {
    fn covers(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// Targeted usage.
pub(super) enum Target {
    /// In percent of the requests of the pods.
    Utilization(i64),
    /// In thousandths per pod.
    Average(i64),
}

/// Proposal of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) replicas: i64,
    /// Measured utilization in percent; `None` for targets that are averages.
    pub(super) utilization: Option<i64>,
    /// Measured usage in thousandths per pod.
    pub(super) average: i64,
}

/// Pods by how they count (`groupPods`).
struct Groups<'a> {
    ready: Vec<&'a Object>,
    unready: Vec<&'a Object>,
    missing: Vec<&'a Object>,
}

fn group<'a>(pods: &'a [Arc<Object>], samples: &Samples, resource: &str, now: Time) -> Groups<'a> {
    let mut groups = Groups { ready: Vec::new(), unready: Vec::new(), missing: Vec::new() };
    for pod in pods {
        let pod: &Object = pod;
        if pod.is_deleting() || pod.str("/status/phase") == "Failed" {
            continue;
        }
        if pod.str("/status/phase") == "Pending" {
            groups.unready.push(pod);
        } else if !samples.contains_key(pod.name()) {
            groups.missing.push(pod);
        } else if resource == "cpu" && is_initializing(pod, now) {
            groups.unready.push(pod);
        } else {
            groups.ready.push(pod);
        }
    }
    groups
}

/// Reports whether the CPU usage of a pod is due to its initialization.
fn is_initializing(pod: &Object, now: Time) -> bool {
    let (Some(ready), Some(started)) = (condition(pod, "Ready"), pod.time("/status/startTime")) else { return true };
    let is_unready = ready.str("/status") == "False";
    match started + CPU_INITIALIZATION_PERIOD > now {
        true => is_unready,
        false => {
            is_unready && ready.time("/lastTransitionTime").is_some_and(|at| started + INITIAL_READINESS_DELAY > at)
        }
    }
}

/// Proposes a number of replicas. `resource` is empty for custom metrics.
///
/// # Errors
/// The message of the replica calculator, if nothing can be proposed.
pub(super) fn propose(
    pods: &[Arc<Object>],
    samples: &Samples,
    resource: &str,
    target: &Target,
    (current, tolerance, now): (i64, Tolerance, Time),
) -> Result<Proposal, String> {
    if pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".into());
    }
    let groups = group(pods, samples, resource, now);
    if groups.ready.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".into());
    }
    let request = |pod: &Object| match target {
        Target::Utilization(_) => requested(pod, resource),
        Target::Average(_) => Ok(0),
    };
    let mut usage: Vec<(i64, i64)> = Vec::new();
    for pod in &groups.ready {
        usage.push((samples.get(pod.name()).copied().unwrap_or(0), request(pod)?));
    }
    let measured = Measure::of(&usage, target);
    let proposal = |replicas: i64| Proposal { replicas, utilization: measured.utilization, average: measured.average };
    let grows = measured.ratio > 1.0;
    let with_unready = grows && !groups.unready.is_empty();
    if !with_unready && groups.missing.is_empty() {
        return Ok(proposal(match tolerance.covers(measured.ratio) {
            true => current,
            false => (measured.ratio * groups.ready.len() as f64).ceil() as i64,
        }));
    }
    for pod in &groups.missing {
        // To be on the safe side, they are assumed idle when scaling up, and on target when scaling down.
        let request = request(pod)?;
        let assumed = match target {
            _ if grows => 0,
            Target::Utilization(percent) => request * 100.max(*percent) / 100,
            Target::Average(amount) => *amount,
        };
        usage.push((assumed, request));
    }
    if with_unready {
        for pod in &groups.unready {
            usage.push((0, request(pod)?));
        }
    }
    let ratio = Measure::of(&usage, target).ratio;
    let turned = measured.ratio < 1.0 && ratio > 1.0 || grows && ratio < 1.0;
    let replicas = (ratio * usage.len() as f64).ceil() as i64;
    let backwards = ratio < 1.0 && replicas > current || ratio > 1.0 && replicas < current;
    Ok(proposal(if tolerance.covers(ratio) || turned || backwards { current } else { replicas }))
}

/// Usage of a group of pods in relation to the target.
struct Measure {
    ratio: f64,
    utilization: Option<i64>,
    average: i64,
}

impl Measure {
    /// Computes it from usage and request of each pod.
    fn of(usage: &[(i64, i64)], target: &Target) -> Measure {
        let used: i64 = usage.iter().map(|(u, _)| u).sum();
        let average = used / (usage.len() as i64).max(1);
        match target {
            Target::Utilization(percent) => {
                let requested: i64 = usage.iter().map(|(_, r)| r).sum();
                let utilization = used * 100 / requested.max(1);
                Measure { ratio: utilization as f64 / *percent as f64, utilization: Some(utilization), average }
            }
            Target::Average(target) => {
                Measure { ratio: average as f64 / (*target).max(1) as f64, utilization: None, average }
            }
        }
    }
}

/// Returns the request of a pod in thousandths (`calculatePodRequests`).
///
/// # Errors
/// A container has no request.
fn requested(pod: &Object, resource: &str) -> Result<i64, String> {
    let sidecars = pod.list("/spec/initContainers").iter().filter(|c| c.str("/restartPolicy") == "Always");
    let mut sum = 0;
    for container in pod.list("/spec/containers").iter().chain(sidecars) {
        let request = container.at(&format!("/resources/requests/{resource}"));
        let Some(amount) = request.and_then(|v| Quantity::from_value(v).ok()) else {
            let (container, pod) = (container.str("/name"), pod.name());
            return Err(format!("missing request for {resource} in container {container} of Pod {pod}"));
        };
        sum += amount.milli_value();
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn pod(name: &str, phase: &str) -> Arc<Object> {
        Arc::new(json!({"metadata": {"name": name}, "status": {"phase": phase, "startTime": "2026-01-01T00:00:00Z",
            "conditions": [{"type": "Ready", "status": if phase == "Running" { "True" } else { "False" }}]},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}))
    }

    fn propose_for(pods: &[Arc<Object>], usage: &[(&str, i64)], target: Target) -> Result<Proposal, String> {
        let samples: Samples = usage.iter().map(|(n, u)| (n.to_string(), *u)).collect();
        let now = Time::parse("2026-01-01T01:00:00Z").unwrap();
        propose(pods, &samples, "cpu", &target, (3, Tolerance { up: 0.1, down: 0.1 }, now))
    }

    #[test]
    fn replicas_follow_the_ratio() {
        let running: Vec<Arc<Object>> = ["a", "b", "c"].iter().map(|n| pod(n, "Running")).collect();
        let all = |usage: i64| vec![("a", usage), ("b", usage), ("c", usage)];
        let cases = [
            (all(900), Target::Utilization(30), 9),
            (all(320), Target::Utilization(30), 3),
            (all(100), Target::Utilization(30), 1),
            (all(600), Target::Average(200), 9),
            // One pod has no sample.
            (vec![("a", 900), ("b", 900)], Target::Utilization(30), 6),
            (vec![("a", 100), ("b", 100)], Target::Utilization(50), 3),
            (vec![("a", 10), ("b", 10)], Target::Average(100), 2),
        ];
        for (usage, target, want) in cases {
            assert_eq!(propose_for(&running, &usage, target).map(|p| p.replicas), Ok(want), "{usage:?}");
        }
        let pods = [pod("a", "Running"), pod("b", "Running"), pod("c", "Pending")];
        let up = propose_for(&pods, &[("a", 900), ("b", 900)], Target::Utilization(30)).unwrap();
        assert_eq!((up.replicas, up.utilization), (6, Some(90)), "a pod that is not ready counts as idle");
    }

    #[test]
    fn missing_data_is_an_error() {
        let silent = Arc::new(json!({"metadata": {"name": "a"}, "status": {"phase": "Running",
            "startTime": "2026-01-01T00:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]},
            "spec": {"containers": [{"name": "c"}]}}));
        let problem = propose_for(&[silent], &[("a", 1)], Target::Utilization(50)).unwrap_err();
        assert_eq!(problem, "missing request for cpu in container c of Pod a");
        assert!(propose_for(&[pod("a", "Pending")], &[("a", 1)], Target::Average(1)).is_err());
    }
}
