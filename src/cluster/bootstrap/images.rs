//! The images that the nodes of an installed cluster have from the beginning: those of its own pods.

use std::collections::BTreeSet;

use crate::api::Server;
use crate::controllers::kubelet;
use kctl_base::object::{Object, ValueRead};

/// Puts the images of pods, and of the templates of pods, on nodes, where the kubelet remembers what it has pulled.
pub(super) fn preload<'a>(server: &mut Server, nodes: &[String], objects: impl Iterator<Item = &'a Object>) {
    let images: BTreeSet<String> = objects.flat_map(images_of).map(String::from).collect();
    let images: Vec<String> = images.into_iter().collect();
    if images.is_empty() {
        return;
    }
    for node in nodes {
        kubelet::preload_images(server, node, images.clone());
    }
}

/// Returns the images of a pod or of the template in another object; none for objects without pods.
fn images_of(object: &Object) -> impl Iterator<Item = &str> {
    let containers = ["/spec/containers", "/spec/template/spec/containers"].map(|list| object.list(list));
    containers.into_iter().flatten().map(|container| container.str("/image"))
}
