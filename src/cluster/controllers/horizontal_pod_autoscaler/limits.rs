//! Limits of scaling: stabilization windows, scaling policies, minimum and maximum (`normalizeDesiredReplicas` and
//! `normalizeDesiredReplicasWithBehaviors`).

use serde::{Deserialize, Serialize};

use super::{able_to_scale, scaling_limited};
use kctl_base::condition::Condition;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};

/// Default stabilization window for scaling down (`--horizontal-pod-autoscaler-downscale-stabilization`).
const DOWNSCALE_STABILIZATION: Duration = Duration::from_secs(300);
/// Without `spec.behavior` the replicas at most double at once, or reach this number (`scaleUpLimitMinimum`).
const SCALE_UP_LIMIT_MINIMUM: i64 = 4;

/// Past recommendations and scale events of an autoscaler. The serialised names are those of rows in existing stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    /// Recommendations before stabilization.
    recommendations: Vec<(Time, i64)>,
    /// Changes of the number of replicas, negative for scaling down.
    #[serde(rename = "changes")]
    scale_events: Vec<(Time, i64)>,
}

impl History {
    /// Records the number of replicas that the autoscaler has found as the first recommendation.
    pub(super) fn start(&mut self, now: Time, current: i64) {
        if self.recommendations.is_empty() {
            self.recommendations.push((now, current));
        }
    }

    /// Records a change of the number of replicas.
    pub(super) fn record_scale(&mut self, now: Time, by: i64) {
        self.scale_events.push((now, by));
    }

    /// Drops everything that is older than the windows and the periods of all policies.
    pub(super) fn prune(&mut self, hpa: &Object, now: Time) {
        let longest = window(hpa, "scaleDown", DOWNSCALE_STABILIZATION).max(window(hpa, "scaleUp", Duration::ZERO));
        self.recommendations.retain(|(at, _)| *at + longest > now);
        let periods = ["scaleUp", "scaleDown"].map(|d| hpa.list(&format!("/spec/behavior/{d}/policies")));
        let longest = periods.iter().flat_map(|p| p.iter()).filter_map(|p| p.int("/periodSeconds")).max().unwrap_or(0);
        self.scale_events.retain(|(at, _)| *at + Duration::from_secs(longest) > now);
    }

    /// Returns the numbers of replicas added and removed within a period in seconds.
    fn changes_within(&self, period: i64, now: Time) -> (i64, i64) {
        let since = now - Duration::from_secs(period);
        let recent = self.scale_events.iter().filter(|(at, _)| *at > since).map(|(_, by)| *by);
        recent.fold((0, 0), |(added, removed), by| if by > 0 { (added + by, removed) } else { (added, removed - by) })
    }
}

/// The limited number of replicas, and the conditions `AbleToScale` and `ScalingLimited`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limited {
    pub(super) replicas: i64,
    pub(super) conditions: [Condition<'static>; 2],
}

fn window(hpa: &Object, direction: &str, default: Duration) -> Duration {
    let seconds = hpa.int(&format!("/spec/behavior/{direction}/stabilizationWindowSeconds"));
    seconds.map_or(default, Duration::from_secs)
}

/// Limits the number of replicas that the metrics recommend.
pub(super) fn limit(hpa: &Object, history: &mut History, current: i64, recommended: i64, now: Time) -> Limited {
    let stable = stabilize(hpa, history, current, recommended, now);
    history.recommendations.push((now, recommended));
    let able = match (stable == recommended, recommended >= current) {
        (true, _) => able_to_scale(true, "ReadyForNewScale", "recommended size matches current size"),
        (false, true) if hpa.at("/spec/behavior").is_some() => able_to_scale(
            true,
            "ScaleUpStabilized",
            "recent recommendations were lower than current one, applying the lowest recent recommendation",
        ),
        (false, _) => able_to_scale(
            true,
            "ScaleDownStabilized",
            "recent recommendations were higher than current one, applying the highest recent recommendation",
        ),
    };
    let (replicas, reason, message) = bound(hpa, history, current, stable, now);
    let limited = scaling_limited(replicas != stable, reason, message);
    Limited { replicas, conditions: [able, limited] }
}

/// Returns the recommendation within those of the windows: at most the lowest when scaling up, at least the highest when
/// scaling down.
fn stabilize(hpa: &Object, history: &History, current: i64, recommended: i64, now: Time) -> i64 {
    let recent = |window: Duration| history.recommendations.iter().filter(move |(at, _)| *at + window > now);
    let highest =
        recent(window(hpa, "scaleDown", DOWNSCALE_STABILIZATION)).map(|(_, n)| *n).fold(recommended, i64::max);
    if hpa.at("/spec/behavior").is_none() {
        return highest;
    }
    let lowest = recent(window(hpa, "scaleUp", Duration::ZERO)).map(|(_, n)| *n).fold(recommended, i64::min);
    current.max(lowest).min(highest.max(lowest))
}

/// Returns the number of replicas within minimum, maximum and policies, with reason and message of `ScalingLimited`.
fn bound(
    hpa: &Object,
    history: &History,
    current: i64,
    recommended: i64,
    now: Time,
) -> (i64, &'static str, &'static str) {
    let min = hpa.int("/spec/minReplicas").unwrap_or(1);
    let max = hpa.int("/spec/maxReplicas").unwrap_or(1);
    let (up, down) = match hpa.at("/spec/behavior") {
        None => ((2 * current).max(SCALE_UP_LIMIT_MINIMUM), 0),
        Some(behavior) => (
            policy_limit(behavior.at("/scaleUp"), history, current, 1, now).max(current),
            policy_limit(behavior.at("/scaleDown"), history, current, -1, now).min(current),
        ),
    };
    let has_behavior = hpa.at("/spec/behavior").is_some();
    if recommended < min || (recommended < current && recommended < down) {
        return match has_behavior && down > min && recommended < current {
            true => {
                (down, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
            }
            false => (min, "TooFewReplicas", "the desired replica count is less than the minimum replica count"),
        };
    }
    let is_rate_limited = recommended > current || !has_behavior;
    if recommended > max || (is_rate_limited && recommended > up) {
        return match is_rate_limited && up < max {
            true => (up, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"),
            false => (max, "TooManyReplicas", "the desired replica count is more than the maximum replica count"),
        };
    }
    (recommended, "DesiredWithinRange", "the desired count is within the acceptable range")
}

/// Returns the limit of the policies of one direction (1 up, -1 down): `calculateScaleUpLimitWithScalingRules` and
/// `calculateScaleDownLimitWithBehaviors`.
fn policy_limit(rules: Option<&Value>, history: &History, current: i64, direction: i64, now: Time) -> i64 {
    let none = json!({});
    let rules = rules.unwrap_or(&none);
    if rules.str("/selectPolicy") == "Disabled" {
        return current;
    }
    let limit = |policy: &Value| {
        let (added, removed) = history.changes_within(policy.int("/periodSeconds").unwrap_or(0), now);
        let start = current - added + removed;
        let value = policy.int("/value").unwrap_or(0);
        match (policy.str("/type"), direction) {
            ("Pods", _) => start + direction * value,
            (_, 1) => (start as f64 * (1.0 + value as f64 / 100.0)).ceil() as i64,
            _ => (start as f64 * (1.0 - value as f64 / 100.0)) as i64,
        }
    };
    let limits = rules.list("/policies").iter().map(limit);
    let takes_max = (rules.str("/selectPolicy") == "Min") == (direction < 0);
    let chosen = if takes_max { limits.max() } else { limits.min() };
    chosen.unwrap_or(if direction > 0 { i64::from(i32::MAX) } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hpa(behavior: Value) -> Object {
        let mut hpa = json!({"spec": {"minReplicas": 2, "maxReplicas": 20}});
        if !behavior.is_null() {
            hpa["spec"]["behavior"] = behavior;
        }
        hpa
    }

    #[test]
    fn replicas_stay_within_bounds_and_policies() {
        let quick = json!({"scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15}]},
            "scaleDown": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 50, "periodSeconds": 15}]}});
        let min = json!({"scaleUp": {"selectPolicy": "Min", "policies": quick["scaleUp"]["policies"]},
            "scaleDown": {"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0}});
        let cases = [
            (Value::Null, 3, 5, 5, "DesiredWithinRange"),
            (Value::Null, 3, 9, 6, "ScaleUpLimit"),
            (Value::Null, 15, 90, 20, "TooManyReplicas"),
            (Value::Null, 3, 1, 2, "TooFewReplicas"),
            (quick.clone(), 3, 10, 7, "ScaleUpLimit"),
            (quick.clone(), 8, 19, 16, "ScaleUpLimit"),
            (quick.clone(), 8, 3, 4, "ScaleDownLimit"),
            (quick, 3, 1, 2, "TooFewReplicas"),
            (min.clone(), 2, 10, 4, "ScaleUpLimit"),
            (min, 8, 3, 8, "ScaleDownLimit"),
        ];
        for (behavior, current, recommended, want, reason) in cases {
            let now = Time::from_secs(0);
            let found = limit(&hpa(behavior.clone()), &mut History::default(), current, recommended, now);
            assert_eq!(
                (found.replicas, found.conditions[1].reason),
                (want, reason),
                "{behavior} {current} {recommended}"
            );
        }
    }

    #[test]
    fn the_highest_recommendation_of_five_minutes_counts() {
        let hpa = hpa(Value::Null);
        let mut history = History::default();
        let at = Time::from_secs;
        history.start(at(0), 5);
        let found = limit(&hpa, &mut history, 5, 3, at(15));
        assert_eq!((found.replicas, found.conditions[0].reason), (5, "ScaleDownStabilized"));
        history.prune(&hpa, at(301));
        let found = limit(&hpa, &mut history, 5, 3, at(301));
        assert_eq!((found.replicas, found.conditions[0].reason), (3, "ReadyForNewScale"));
    }

    #[test]
    fn a_policy_limits_the_changes_within_its_period() {
        let rules = json!({"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]});
        let mut history = History::default();
        history.record_scale(Time::from_secs(0), 3);
        assert_eq!(policy_limit(Some(&rules), &history, 5, 1, Time::from_secs(10)), 6);
        assert_eq!(policy_limit(Some(&rules), &history, 5, 1, Time::from_secs(60)), 9);
    }
}
