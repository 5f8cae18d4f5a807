//! Services and their endpoints.

use std::collections::BTreeSet;

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{World, named};

/// The ready endpoints of a Service are the addresses of the ready pods that it selects.
pub(super) fn endpoints_are_the_ready_pods(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let slices = world.list("endpointslices.discovery.k8s.io");
    for service in world.list("services") {
        let Some(selector) = service.map("/spec/selector").map(Selector::from_map) else { continue };
        let pods = world.list("pods");
        let selected = pods.iter().filter(|p| selector.matches_object(p) && !p.is_deleting());
        let ready: BTreeSet<&str> =
            selected.filter(|p| condition_is_true(p, "Ready")).map(|p| p.str("/status/podIP")).collect();
        let own = slices.iter().filter(|s| s.label("kubernetes.io/service-name") == Some(service.name()));
        let served: BTreeSet<&str> = own.flat_map(|s| s.list("/endpoints")).filter_map(address).collect();
        if served != ready {
            problems.push(format!("{} serves {served:?}, ready are {ready:?}", named(&service)));
        }
    }
    problems
}

/// The address of a ready endpoint; `None` for one that is not ready.
fn address(endpoint: &Object) -> Option<&str> {
    if !endpoint.flag("/conditions/ready") {
        return None;
    }
    endpoint.list("/addresses").first().and_then(|a| a.as_str())
}
