//! What keeps an autoscaler from jumping: stabilisation windows, policies of speed, minimum and maximum.

use serde::{Deserialize, Serialize};

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};

/// How long the highest recommendation counts when scaling down, unless the autoscaler says otherwise.
const DOWN_WINDOW: Duration = Duration::from_secs(300);
/// An autoscaler without a behaviour grows to twice the size at once, or to this.
const UP_LEAST: i64 = 4;

/// What the autoscaler remembers of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    /// Recommendations, before they were stabilised.
    recommendations: Vec<(Time, i64)>,
    /// Changes of size; negative ones are reductions.
    changes: Vec<(Time, i64)>,
}

impl History {
    /// The size at which the autoscaler came to the target is its first recommendation.
    pub(super) fn begin(&mut self, now: Time, current: i64) {
        if self.recommendations.is_empty() {
            self.recommendations.push((now, current));
        }
    }

    /// Notes that the size was changed.
    pub(super) fn changed(&mut self, now: Time, by: i64) {
        self.changes.push((now, by));
    }

    /// Forgets what no window reaches any more.
    pub(super) fn prune(&mut self, hpa: &Object, now: Time) {
        let longest = window(hpa, "scaleDown", DOWN_WINDOW).max(window(hpa, "scaleUp", Duration::ZERO));
        self.recommendations.retain(|(at, _)| *at + longest > now);
        let periods = ["scaleUp", "scaleDown"].map(|d| hpa.list(&format!("/spec/behavior/{d}/policies")));
        let longest = periods.iter().flat_map(|p| p.iter()).filter_map(|p| p.int("/periodSeconds")).max().unwrap_or(0);
        self.changes.retain(|(at, _)| *at + Duration::from_secs(longest) > now);
    }

    /// How many were added and taken away within a period.
    fn within(&self, period: i64, now: Time) -> (i64, i64) {
        let since = now - Duration::from_secs(period);
        let recent = self.changes.iter().filter(|(at, _)| *at > since).map(|(_, by)| *by);
        recent.fold((0, 0), |(added, taken), by| if by > 0 { (added + by, taken) } else { (added, taken - by) })
    }
}

/// A size and the conditions that say how it came about: `AbleToScale` and `ScalingLimited`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limited {
    pub(super) replicas: i64,
    /// Type, status, reason, text.
    pub(super) conditions: [(&'static str, bool, &'static str, &'static str); 2],
}

fn window(hpa: &Object, direction: &str, default: Duration) -> Duration {
    let seconds = hpa.int(&format!("/spec/behavior/{direction}/stabilizationWindowSeconds"));
    seconds.map_or(default, Duration::from_secs)
}

/// The size that an autoscaler goes to when its metrics ask for `wanted`.
pub(super) fn apply(hpa: &Object, history: &mut History, current: i64, wanted: i64, now: Time) -> Limited {
    let stable = stabilise(hpa, history, current, wanted, now);
    history.recommendations.push((now, wanted));
    let able = match (stable == wanted, wanted >= current) {
        (true, _) => ("AbleToScale", true, "ReadyForNewScale", "recommended size matches current size"),
        (false, true) if hpa.at("/spec/behavior").is_some() => (
            "AbleToScale",
            true,
            "ScaleUpStabilized",
            "recent recommendations were lower than current one, applying the lowest recent recommendation",
        ),
        (false, _) => (
            "AbleToScale",
            true,
            "ScaleDownStabilized",
            "recent recommendations were higher than current one, applying the highest recent recommendation",
        ),
    };
    let (replicas, reason, message) = bound(hpa, history, current, stable, now);
    let limited = ("ScalingLimited", replicas != stable, reason, message);
    Limited { replicas, conditions: [able, limited] }
}

/// The recommendation that recent ones leave: the lowest of the window up, the highest of the window down.
fn stabilise(hpa: &Object, history: &History, current: i64, wanted: i64, now: Time) -> i64 {
    let recent = |window: Duration| history.recommendations.iter().filter(move |(at, _)| *at + window > now);
    let highest = recent(window(hpa, "scaleDown", DOWN_WINDOW)).map(|(_, n)| *n).fold(wanted, i64::max);
    if hpa.at("/spec/behavior").is_none() {
        return highest;
    }
    let lowest = recent(window(hpa, "scaleUp", Duration::ZERO)).map(|(_, n)| *n).fold(wanted, i64::min);
    current.max(lowest).min(highest.max(lowest))
}

/// The size within minimum, maximum and speed, and what bounds it.
fn bound(hpa: &Object, history: &History, current: i64, wanted: i64, now: Time) -> (i64, &'static str, &'static str) {
    let least = hpa.int("/spec/minReplicas").unwrap_or(1);
    let most = hpa.int("/spec/maxReplicas").unwrap_or(1);
    let (up, down) = match hpa.at("/spec/behavior") {
        None => ((2 * current).max(UP_LEAST), 0),
        Some(behavior) => (
            fastest(behavior.at("/scaleUp"), history, current, 1, now).max(current),
            fastest(behavior.at("/scaleDown"), history, current, -1, now).min(current),
        ),
    };
    let has_behavior = hpa.at("/spec/behavior").is_some();
    if wanted < least || (wanted < current && wanted < down) {
        return match has_behavior && down > least && wanted < current {
            true => {
                (down, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
            }
            false => (least, "TooFewReplicas", "the desired replica count is less than the minimum replica count"),
        };
    }
    let speeds = wanted > current || !has_behavior;
    if wanted > most || (speeds && wanted > up) {
        return match speeds && up < most {
            true => (up, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"),
            false => (most, "TooManyReplicas", "the desired replica count is more than the maximum replica count"),
        };
    }
    (wanted, "DesiredWithinRange", "the desired count is within the acceptable range")
}

/// The farthest size that the policies of one direction (1 up, -1 down) let the target reach now.
fn fastest(rules: Option<&Value>, history: &History, current: i64, direction: i64, now: Time) -> i64 {
    let none = json!({});
    let rules = rules.unwrap_or(&none);
    if rules.str("/selectPolicy") == "Disabled" {
        return current;
    }
    let reach = |policy: &Value| {
        let (added, taken) = history.within(policy.int("/periodSeconds").unwrap_or(0), now);
        let start = current - added + taken;
        let value = policy.int("/value").unwrap_or(0);
        match (policy.str("/type"), direction) {
            ("Pods", _) => start + direction * value,
            (_, 1) => (start as f64 * (1.0 + value as f64 / 100.0)).ceil() as i64,
            _ => (start as f64 * (1.0 - value as f64 / 100.0)) as i64,
        }
    };
    let sizes = rules.list("/policies").iter().map(reach);
    let farthest = (rules.str("/selectPolicy") == "Min") == (direction < 0);
    let chosen = if farthest { sizes.max() } else { sizes.min() };
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
    fn sizes_stay_within_bounds_and_speed() {
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
        for (behavior, current, wanted, want, reason) in cases {
            let now = Time::from_secs(0);
            let found = apply(&hpa(behavior.clone()), &mut History::default(), current, wanted, now);
            assert_eq!((found.replicas, found.conditions[1].2), (want, reason), "{behavior} {current} {wanted}");
        }
    }

    #[test]
    fn the_highest_of_five_minutes_counts() {
        let hpa = hpa(Value::Null);
        let mut history = History::default();
        let at = Time::from_secs;
        history.begin(at(0), 5);
        let found = apply(&hpa, &mut history, 5, 3, at(15));
        assert_eq!((found.replicas, found.conditions[0].2), (5, "ScaleDownStabilized"));
        history.prune(&hpa, at(301));
        let found = apply(&hpa, &mut history, 5, 3, at(301));
        assert_eq!((found.replicas, found.conditions[0].2), (3, "ReadyForNewScale"));
    }

    #[test]
    fn a_policy_counts_what_was_changed_in_its_period() {
        let rules = json!({"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]});
        let mut history = History::default();
        history.changed(Time::from_secs(0), 3);
        assert_eq!(fastest(Some(&rules), &history, 5, 1, Time::from_secs(10)), 6);
        assert_eq!(fastest(Some(&rules), &history, 5, 1, Time::from_secs(60)), 9);
    }
}
