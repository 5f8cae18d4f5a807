//! The arithmetic of disruption budgets.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::condition::{self, Condition};
use kctl_base::intstr::{IntOrPercent, Rounding};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};

/// Time within which an evicted pod has to be deleted (`DeletionTimeout`).
const DELETION_TIMEOUT: Duration = Duration::from_secs(120);

/// Expected number of pods, and how many of them have to be healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expectation {
    pub(super) pods: i64,
    pub(super) healthy: i64,
}

/// Expectation and current number of healthy pods.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) healthy: i64,
    pub(super) expectation: Expectation,
}

impl Counts {
    /// Returns `status.disruptionsAllowed`.
    fn disruptions_allowed(self) -> i64 {
        match self.expectation.pods {
            0 => 0,
            _ => (self.healthy - self.expectation.healthy).max(0),
        }
    }
}

/// Returns the expectation of a budget for `count` pods, whose controllers desire `scale` replicas (`getExpectedPodCount`).
///
/// # Errors
/// The budget has an invalid percentage.
pub(super) fn expected(budget: &Object, count: i64, scale: i64) -> Result<Expectation, String> {
    let bound = |field: &str| budget.at(&format!("/spec/{field}")).and_then(IntOrPercent::from_value);
    let resolve = |b: IntOrPercent| b.resolve(scale, Rounding::Up).map_err(|e| e.to_string());
    if let Some(most) = bound("maxUnavailable") {
        return Ok(Expectation { pods: scale, healthy: (scale - resolve(most)?).max(0) });
    }
    match bound("minAvailable") {
        None => Ok(Expectation { pods: count, healthy: 0 }),
        Some(IntOrPercent::Int(least)) => Ok(Expectation { pods: count, healthy: least }),
        Some(percentage) => Ok(Expectation { pods: scale, healthy: resolve(percentage)? }),
    }
}

/// Returns `status.disruptedPods`: pods whose eviction was allowed, and when.
fn disrupted_pods(budget: &Object) -> Vec<(String, Time)> {
    let pods = budget.strings("/status/disruptedPods").into_iter();
    pods.filter_map(|(name, at)| Some((name, Time::parse(&at)?))).collect()
}

/// Returns the disrupted pods that are still expected to be deleted, and when the first of them times out
/// (`buildDisruptedPodMap`).
pub(super) fn disrupted(budget: &Object, pods: &[Arc<Object>], now: Time) -> (BTreeMap<String, Time>, Option<Time>) {
    let is_pending = |name: &str| pods.iter().any(|p| p.name() == name && !p.is_deleting());
    let pending: BTreeMap<String, Time> = disrupted_pods(budget)
        .into_iter()
        .filter(|(name, at)| *at + DELETION_TIMEOUT > now && is_pending(name))
        .collect();
    let timeout = pending.values().map(|at| *at + DELETION_TIMEOUT).min();
    (pending, timeout)
}

/// Returns the disrupted pods that were not deleted in time.
pub(super) fn not_deleted(budget: &Object, pods: &[Arc<Object>], now: Time) -> Vec<String> {
    let is_pending = |name: &str| pods.iter().any(|p| p.name() == name && !p.is_deleting());
    disrupted_pods(budget)
        .into_iter()
        .filter(|(n, at)| *at + DELETION_TIMEOUT <= now && is_pending(n))
        .map(|(n, _)| n)
        .collect()
}

/// Sets the status of a budget.
pub(super) fn set_status(budget: &mut Object, counts: Counts, disrupted: &BTreeMap<String, Time>, now: Time) {
    let allowed = counts.disruptions_allowed();
    let generation = budget.generation();
    for (field, number) in [
        ("currentHealthy", counts.healthy),
        ("desiredHealthy", counts.expectation.healthy),
        ("expectedPods", counts.expectation.pods),
        ("disruptionsAllowed", allowed),
        ("observedGeneration", generation),
    ] {
        budget.put(&format!("/status/{field}"), number);
    }
    match disrupted.is_empty() {
        true => drop(budget.remove_at("/status/disruptedPods")),
        false => {
            let pods: BTreeMap<&String, String> = disrupted.iter().map(|(name, at)| (name, at.rfc3339())).collect();
            budget.put("/status/disruptedPods", json!(pods));
        }
    }
    let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
    set_disruption_allowed(budget, allowed > 0, reason, "", now);
}

/// Sets the status of a budget that could not be evaluated: no disruptions are allowed.
pub(super) fn set_failure(budget: &mut Object, problem: &str, now: Time) {
    budget.put("/status/disruptionsAllowed", 0);
    budget.put("/status/observedGeneration", budget.generation());
    set_disruption_allowed(budget, false, "SyncFailed", problem, now);
}

fn set_disruption_allowed(budget: &mut Object, holds: bool, reason: &str, message: &str, now: Time) {
    let observed_generation = Some(budget.generation());
    let (type_, status) = ("DisruptionAllowed", holds.into());
    let condition = Condition { type_, status, reason, message, observed_generation };
    condition::set(&mut budget["status"], condition, now);
}

#[cfg(test)]
mod tests {
    use kctl_base::json::Value;

    use super::*;

    #[test]
    fn budgets_are_numbers_or_percentages() {
        let budget = |field: &str, value: Value| json!({"spec": {field: value}});
        let cases = [
            (budget("maxUnavailable", json!(1)), 3, 3, (3, 2)),
            (budget("maxUnavailable", json!("50%")), 3, 3, (3, 1)),
            (budget("maxUnavailable", json!(9)), 3, 3, (3, 0)),
            (budget("minAvailable", json!(2)), 2, 0, (2, 2)),
            (budget("minAvailable", json!("50%")), 2, 3, (3, 2)),
            (json!({}), 2, 0, (2, 0)),
        ];
        for (budget, count, scale, want) in cases {
            let found = expected(&budget, count, scale).unwrap();
            assert_eq!((found.pods, found.healthy), want, "{budget}");
        }
        assert!(expected(&budget("minAvailable", json!("half")), 1, 1).is_err());
    }

    #[test]
    fn a_disrupted_pod_counts_until_it_is_deleted_or_times_out() {
        let start = Time::from_secs(1000);
        let budget = json!({"status": {"disruptedPods": {
            "waits": start.rfc3339(), "goes": start.rfc3339(), "gone": start.rfc3339()}}});
        let pods = [
            Arc::new(json!({"metadata": {"name": "waits"}})),
            Arc::new(json!({"metadata": {"name": "goes", "deletionTimestamp": start.rfc3339()}})),
        ];
        let (pending, timeout) = disrupted(&budget, &pods, start);
        assert_eq!(pending.keys().collect::<Vec<_>>(), ["waits"]);
        assert_eq!(timeout, Some(start + DELETION_TIMEOUT));
        let late = start + DELETION_TIMEOUT;
        assert!(disrupted(&budget, &pods, late).0.is_empty());
        assert_eq!(not_deleted(&budget, &pods, late), ["waits"]);
    }
}
