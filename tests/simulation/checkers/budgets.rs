//! The status of PodDisruptionBudgets, computed again from pods and their controllers.

use std::collections::{BTreeMap, BTreeSet};

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{Objects, named, of_resource, scaled_value};

/// The status that a budget should report.
struct Expected {
    current_healthy: i64,
    desired_healthy: i64,
    expected_pods: i64,
}

/// A budget reports the healthy pods, and the disruptions that its bound leaves. It learns of a new size of a workload only
/// with the next change of one of its pods, so sizes must have settled.
pub(crate) fn statuses_are_computed_from_pods(objects: &Objects) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, budget) in of_resource(objects, "poddisruptionbudgets.policy") {
        let Ok(selector) = Selector::from_object(&budget["spec"]["selector"]) else { continue };
        let pods =
            of_resource(objects, "pods").filter(|(pod, _)| pod.namespace == key.namespace).map(|(_, pod)| &**pod);
        let pods: Vec<&Object> = pods.filter(|pod| selector.matches_object(pod)).collect();
        let Some(expected) = expected(objects, budget, &pods) else { continue };
        let allowed = match expected.expected_pods {
            0 => 0,
            _ => (expected.current_healthy - expected.desired_healthy).max(0),
        };
        let wanted = [expected.current_healthy, expected.desired_healthy, expected.expected_pods, allowed];
        let found = ["currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed"]
            .map(|field| budget.int(&format!("/status/{field}")).unwrap_or(0));
        if found != wanted {
            problems.push(format!("{} reports {found:?}, computed are {wanted:?}: {budget}", named(budget)));
        }
    }
    problems
}

/// The status that a budget should report for its pods; `None` if one of their controllers has no size.
fn expected(objects: &Objects, budget: &Object, pods: &[&Object]) -> Option<Expected> {
    let disrupted = budget.strings("/status/disruptedPods");
    let is_healthy =
        |pod: &&&Object| !pod.is_deleting() && condition_is_true(pod, "Ready") && !disrupted.contains_key(pod.name());
    let current_healthy = pods.iter().filter(is_healthy).count() as i64;
    let count = pods.len() as i64;
    let with = |desired_healthy, expected_pods| Some(Expected { current_healthy, desired_healthy, expected_pods });
    if let Some(most) = budget.at("/spec/maxUnavailable") {
        let size = size(objects, pods)?;
        return with((size - scaled_value(Some(most), size, true)).max(0), size);
    }
    match budget.at("/spec/minAvailable") {
        Some(least) if least.is_string() => {
            let size = size(objects, pods)?;
            with(scaled_value(Some(least), size, true), size)
        }
        least => with(scaled_value(least, count, true), count),
    }
}

/// The sum of the sizes of the controllers of pods, of Deployments in place of their ReplicaSets; pods without a controller
/// count for nothing.
fn size(objects: &Objects, pods: &[&Object]) -> Option<i64> {
    let by_uid: BTreeMap<&str, &Object> = objects.values().map(|object| (object.uid(), &**object)).collect();
    let mut controllers = BTreeSet::new();
    for owner in pods.iter().filter_map(|pod| pod.controller_of()) {
        let Some(controller) = by_uid.get(owner.uid.as_str()) else { continue };
        let above = controller.controller_of().filter(|above| above.kind == "Deployment");
        let top = above.and_then(|above| by_uid.get(above.uid.as_str())).unwrap_or(controller);
        controllers.insert(top.uid());
    }
    controllers.iter().map(|uid| by_uid[uid].int("/spec/replicas")).sum()
}
