//! HorizontalPodAutoscalers.

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{World, named};

const AUTOSCALERS: &str = "horizontalpodautoscalers.autoscaling";

/// Returns true if the bounds of several autoscalers of one object exclude each other: the object is scaled back and forth
/// for ever.
pub(super) fn is_contended(world: &World, object: &Object) -> bool {
    let mut autoscalers = world.list(AUTOSCALERS);
    autoscalers.retain(|a| {
        a.str("/spec/scaleTargetRef/name") == object.name() && a.str("/spec/scaleTargetRef/kind") == object.kind()
    });
    let bounds = |field: &'static str| autoscalers.iter().map(move |a| a.int(field).unwrap_or(1));
    bounds("/spec/minReplicas").max() > bounds("/spec/maxReplicas").min()
}

/// The target of an autoscaler has a size within its bounds; a size of 0 disables autoscaling.
pub(super) fn sizes_are_within_bounds(world: &World) -> Vec<String> {
    let autoscalers = world.list(AUTOSCALERS);
    let target = |name: &str| super::super::workload::SCALED.iter().find_map(|resource| world.get(resource, name));
    let mut problems = Vec::new();
    for autoscaler in &autoscalers {
        let name = autoscaler.str("/spec/scaleTargetRef/name");
        let Some(target) = target(name).filter(|target| !is_contended(world, target)) else { continue };
        let Some(size) = target.int("/spec/replicas").filter(|size| *size != 0) else { continue };
        let bound = |field: &str| autoscaler.int(field).unwrap_or(1);
        if size < bound("/spec/minReplicas") || size > bound("/spec/maxReplicas") {
            problems.push(format!("{} leaves {name} at {size}: {}", named(autoscaler), autoscaler["spec"]));
        }
        // Without metrics, the status keeps the last recommendation.
        let active = condition_is_true(autoscaler, "ScalingActive");
        if active && autoscaler.int("/status/desiredReplicas") != Some(size) {
            problems.push(format!("{} reports another size than {size}: {}", named(autoscaler), autoscaler["status"]));
        }
    }
    problems
}
