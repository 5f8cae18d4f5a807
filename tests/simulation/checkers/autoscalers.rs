//! Autoscalers.

use kctl::machinery::object::{Reading as _, condition_is_true};

use super::{World, named};

/// What an autoscaler looks after has a size within its bounds; a size of 0 turns it off. Where several look after the same
/// thing they can fight for ever.
pub(super) fn sizes_are_within_bounds(world: &World) -> Vec<String> {
    let autoscalers = world.own("horizontalpodautoscalers.autoscaling");
    let target = |name: &str| {
        let found = super::super::workload::SCALED.iter().find_map(|resource| world.find(resource, name));
        found.and_then(|o| o.int("/spec/replicas"))
    };
    let mut problems = Vec::new();
    for autoscaler in &autoscalers {
        let name = autoscaler.str("/spec/scaleTargetRef/name");
        let alone = autoscalers.iter().filter(|a| a.str("/spec/scaleTargetRef/name") == name).count() == 1;
        let Some(size) = target(name).filter(|size| *size != 0 && alone) else { continue };
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
