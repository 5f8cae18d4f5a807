//! The status of a DaemonSet (`updateDaemonSetStatus`).

use super::view::Place;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;

/// Returns the status that a set should have. Of several pods on a node the oldest counts.
pub(super) fn compute(places: &[Place], generation: i64, collisions: Option<i64>) -> Value {
    let wanted: Vec<&Place> = places.iter().filter(|p| p.decision.should_run).collect();
    let first = || wanted.iter().filter_map(|p| p.pods.first());
    let available = first().filter(|p| p.available).count();
    let mut status = json!({
        "observedGeneration": generation,
        "desiredNumberScheduled": wanted.len(),
        "currentNumberScheduled": first().count(),
        "numberMisscheduled": places.iter().filter(|p| !p.decision.should_run && !p.pods.is_empty()).count(),
        "numberReady": first().filter(|p| p.ready).count(),
    });
    let counts = [
        ("/updatedNumberScheduled", first().filter(|p| p.updated).count()),
        ("/numberAvailable", available),
        ("/numberUnavailable", wanted.len() - available),
    ];
    for (field, number) in counts {
        if number > 0 {
            status.put(field, number);
        }
    }
    if let Some(collisions) = collisions {
        status.put("/collisionCount", collisions);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::super::plan::testing::places;
    use super::*;

    #[test]
    fn nodes_are_counted_by_their_oldest_pod() {
        // Node b only keeps its pod, c has the two pods of a surge, d has none yet, e is not eligible.
        let status = compute(&places("a new,b~ old!,c old new!,d,e#"), 4, None);
        assert_eq!(
            status,
            json!({"observedGeneration": 4, "desiredNumberScheduled": 3, "currentNumberScheduled": 2,
                   "numberMisscheduled": 1, "numberReady": 2, "updatedNumberScheduled": 1, "numberAvailable": 2,
                   "numberUnavailable": 1})
        );
    }
}
