//! Autoscalers.

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{World, named};

const AUTOSCALERS: &str = "horizontalpodautoscalers.autoscaling";

/// Whether the bounds of several autoscalers of one thing leave no size that is right for all: they fight over it for ever,
/// and it never rests.
pub(super) fn is_fought_over(world: &World, object: &Object) -> bool {
    let mut autoscalers = world.own(AUTOSCALERS);
    autoscalers.retain(|a| {
        a.str("/spec/scaleTargetRef/name") == object.name() && a.str("/spec/scaleTargetRef/kind") == object.kind()
    });
    let bounds = |field: &'static str| autoscalers.iter().map(move |a| a.int(field).unwrap_or(1));
    bounds("/spec/minReplicas").max() > bounds("/spec/maxReplicas").min()
}

/// What an autoscaler looks after has a size within its bounds; a size of 0 turns it off.
pub(super) fn sizes_are_within_bounds(world: &World) -> Vec<String> {
    let autoscalers = world.own(AUTOSCALERS);
    let target = |name: &str| super::super::workload::SCALED.iter().find_map(|resource| world.find(resource, name));
    let mut problems = Vec::new();
    for autoscaler in &autoscalers {
        let name = autoscaler.str("/spec/scaleTargetRef/name");
        let Some(target) = target(name).filter(|target| !is_fought_over(world, target)) else { continue };
        let Some(size) = target.int("/spec/replicas").filter(|size| *size != 0) else { continue };
        let bound = |field: &str| autoscaler.int(field).unwrap_or(1);
        if size < bound("/spec/minReplicas") || size > bound("/spec/maxReplicas") {
            problems.push(format!("{} lets {name} have {size}: {}", named(autoscaler), autoscaler["spec"]));
        }
        // Without metrics it says what it wanted when it last had some.
        let active = condition_is_true(autoscaler, "ScalingActive");
        if active && autoscaler.int("/status/desiredReplicas") != Some(size) {
            problems.push(format!("{} says of {size}: {}", named(autoscaler), autoscaler["status"]));
        }
    }
    problems
}
