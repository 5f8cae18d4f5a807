//! Endpoints and EndpointSlices, computed again from Services and pods.

use std::collections::BTreeSet;

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{Objects, is_terminated, named, of_resource};
use crate::harness::cluster::ObjectKey;

/// An address behind a Service: the address, the name of the pod, and whether it is ready.
type Backend = (String, String, bool);

/// The slices and the Endpoints of a Service with a selector list exactly its pods that have an address: all of them in
/// slices, those that are not being deleted in Endpoints, each with the readiness of the pod.
pub(crate) fn endpoints_are_the_pods(objects: &Objects) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, service) in of_resource(objects, "services") {
        let Some(selector) = service.map("/spec/selector").filter(|s| !s.is_empty()).map(Selector::from_map) else {
            continue;
        };
        if service.is_deleting() || service.str("/spec/type") == "ExternalName" {
            continue;
        }
        let pods: Vec<&Object> = of_resource(objects, "pods")
            .filter(|(pod, _)| pod.namespace == key.namespace)
            .map(|(_, pod)| &**pod)
            .filter(|p| selector.matches_object(p) && !is_terminated(p) && !p.str("/status/podIP").is_empty())
            .collect();
        let wanted = pods.iter().map(|pod| backend(pod)).collect();
        let mut compare = |what: &str, found: BTreeSet<Backend>, wanted: BTreeSet<Backend>| {
            if found != wanted {
                problems.push(format!("the {what} of {} list {found:?}, its pods are {wanted:?}", named(service)));
            }
        };
        compare("slices", in_slices(objects, key), wanted);
        let wanted = pods.iter().filter(|pod| !pod.is_deleting()).map(|pod| backend(pod)).collect();
        compare("Endpoints", in_endpoints(objects, key), wanted);
    }
    problems
}

fn backend(pod: &Object) -> Backend {
    let is_ready = condition_is_true(pod, "Ready") && !pod.is_deleting();
    (pod.str("/status/podIP").into(), pod.name().into(), is_ready)
}

fn in_slices(objects: &Objects, service: &ObjectKey) -> BTreeSet<Backend> {
    let slices = of_resource(objects, "endpointslices.discovery.k8s.io").filter(|(key, slice)| {
        key.namespace == service.namespace && slice.label("kubernetes.io/service-name") == Some(&service.name)
    });
    let endpoints = slices.flat_map(|(_, slice)| slice.list("/endpoints"));
    endpoints
        .map(|e| (e.str("/addresses/0").into(), e.str("/targetRef/name").into(), e.flag("/conditions/ready")))
        .collect()
}

fn in_endpoints(objects: &Objects, service: &ObjectKey) -> BTreeSet<Backend> {
    let key = ObjectKey::new("endpoints", &service.namespace, &service.name);
    let subsets = objects.get(&key).map_or(&[][..], |endpoints| endpoints.list("/subsets"));
    let mut found = BTreeSet::new();
    for subset in subsets {
        for (list, is_ready) in [("/addresses", true), ("/notReadyAddresses", false)] {
            let addresses = subset.list(list).iter();
            found.extend(addresses.map(|a| (a.str("/ip").into(), a.str("/targetRef/name").into(), is_ready)));
        }
    }
    found
}
