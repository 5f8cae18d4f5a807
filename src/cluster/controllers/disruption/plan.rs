//! The arithmetic of budgets.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::controllers::shared::conditions;
use kctl_base::intstr::{IntOrPercent, Rounding};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};

/// How long an eviction that was allowed has until the pod begins to go.
const DELETION_TIMEOUT: Duration = Duration::from_secs(120);

/// How many pods there should be, and how many of them have to be healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expectation {
    pub(super) pods: i64,
    pub(super) healthy: i64,
}

/// An expectation and how many are healthy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) healthy: i64,
    pub(super) expectation: Expectation,
}

impl Counts {
    /// How many may be taken away.
    fn allowed(self) -> i64 {
        match self.expectation.pods {
            0 => 0,
            _ => (self.healthy - self.expectation.healthy).max(0),
        }
    }
}

/// What a budget expects of `count` pods whose controllers want `scale` together.
pub(super) fn expected(budget: &Object, count: i64, scale: i64) -> Result<Expectation, String> {
    let bound = |field: &str| budget.at(&format!("/spec/{field}")).and_then(IntOrPercent::from_value);
    let resolve = |b: IntOrPercent| b.resolve(scale, Rounding::Up).map_err(|e| e.to_string());
    if let Some(most) = bound("maxUnavailable") {
        return Ok(Expectation { pods: scale, healthy: (scale - resolve(most)?).max(0) });
    }
    match bound("minAvailable") {
        None => Ok(Expectation { pods: count, healthy: 0 }),
        Some(IntOrPercent::Int(least)) => Ok(Expectation { pods: count, healthy: least }),
        Some(share) => Ok(Expectation { pods: scale, healthy: resolve(share)? }),
    }
}

/// Pods whose eviction was allowed, as the API server has noted them.
fn noted(budget: &Object) -> Vec<(String, Time)> {
    let notes = budget.strings("/status/disruptedPods").into_iter();
    notes.filter_map(|(name, at)| Some((name, Time::parse(&at)?))).collect()
}

/// Those that have not begun to go yet and still may, and when the first of them has been waited for long enough.
pub(super) fn disrupted(budget: &Object, pods: &[Arc<Object>], now: Time) -> (BTreeMap<String, Time>, Option<Time>) {
    let waits = |name: &str| pods.iter().any(|p| p.name() == name && !p.is_deleting());
    let kept: BTreeMap<String, Time> =
        noted(budget).into_iter().filter(|(name, at)| *at + DELETION_TIMEOUT > now && waits(name)).collect();
    let again = kept.values().map(|at| *at + DELETION_TIMEOUT).min();
    (kept, again)
}

/// Those that should have gone by now.
pub(super) fn not_deleted(budget: &Object, pods: &[Arc<Object>], now: Time) -> Vec<String> {
    let waits = |name: &str| pods.iter().any(|p| p.name() == name && !p.is_deleting());
    noted(budget).into_iter().filter(|(n, at)| *at + DELETION_TIMEOUT <= now && waits(n)).map(|(n, _)| n).collect()
}

/// Writes what was counted.
pub(super) fn set_status(budget: &mut Object, counts: Counts, kept: &BTreeMap<String, Time>, now: Time) {
    let allowed = counts.allowed();
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
    match kept.is_empty() {
        true => drop(budget.remove_at("/status/disruptedPods")),
        false => {
            let notes: BTreeMap<&String, String> = kept.iter().map(|(name, at)| (name, at.rfc3339())).collect();
            budget.put("/status/disruptedPods", json!(notes));
        }
    }
    let (status, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    set_condition(budget, status, reason, "", now);
}

/// Writes that nothing could be counted: then nothing is allowed.
pub(super) fn set_failure(budget: &mut Object, problem: &str, now: Time) {
    budget.put("/status/disruptionsAllowed", 0);
    budget.put("/status/observedGeneration", budget.generation());
    set_condition(budget, "False", "SyncFailed", problem, now);
}

fn set_condition(budget: &mut Object, status: &str, reason: &str, message: &str, now: Time) {
    let mut condition = conditions::new("DisruptionAllowed", status, reason, message, now);
    condition["observedGeneration"] = budget.generation().into();
    let own = &mut budget["status"];
    if let Some(known) = conditions::find(own, "DisruptionAllowed") {
        if known.str("/status") == status {
            condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
        }
        conditions::remove(own, "DisruptionAllowed");
    }
    own.list_mut("/conditions").push(condition);
}

#[cfg(test)]
mod tests {
    use kctl_base::json::Value;

    use super::*;

    #[test]
    fn budgets_are_numbers_or_shares() {
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
    fn an_allowed_eviction_counts_until_it_has_happened_or_failed() {
        let start = Time::from_secs(1000);
        let budget = json!({"status": {"disruptedPods": {
            "waits": start.rfc3339(), "goes": start.rfc3339(), "gone": start.rfc3339()}}});
        let pods = [
            Arc::new(json!({"metadata": {"name": "waits"}})),
            Arc::new(json!({"metadata": {"name": "goes", "deletionTimestamp": start.rfc3339()}})),
        ];
        let (kept, again) = disrupted(&budget, &pods, start);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["waits"]);
        assert_eq!(again, Some(start + DELETION_TIMEOUT));
        let late = start + DELETION_TIMEOUT;
        assert!(disrupted(&budget, &pods, late).0.is_empty());
        assert_eq!(not_deleted(&budget, &pods, late), ["waits"]);
    }
}
