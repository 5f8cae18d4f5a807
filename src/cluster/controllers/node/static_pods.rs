//! The part of the kubelet that runs pods from files (`pkg/kubelet/pod/mirror_client.go`): the API server gets a mirror pod of
//! each, which is made anew when somebody deletes it.
//!
//! The files of a node are a row of the store. The containers of a mirror pod are those of any other pod, except that they go on
//! when it is deleted.

use crate::api::Server;
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::simulation;
use crate::store::{Change, ChangeKind};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};

/// The controller; its keys are nodes.
pub(crate) const CONTROLLER: Controller = Controller {
    name: "kubelet-static-pods",
    watches: &[Watch::primary("nodes"), Watch::mapped("pods", node_of_deleted)],
    reconcile,
};

/// The annotation that makes a pod a mirror: the hash of the file.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Reports whether a pod is the mirror of one in a file.
pub(in crate::controllers) fn is_mirror(pod: &Object) -> bool {
    pod.annotation(MIRROR).is_some()
}

/// The row with the files of a node, a list of pods.
fn row_of(node: &str) -> String {
    format!("static-pods/{node}")
}

/// Writes the files of a node. Its controller has to be enqueued.
pub(crate) fn write(server: &mut Server, node: &str, pods: Vec<Object>) {
    server.set_row(&row_of(node), (!pods.is_empty()).then(|| pods.into()));
}

/// Maps a mirror pod that is gone to its node.
fn node_of_deleted(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let is_gone = change.kind == ChangeKind::Deleted && is_mirror(&change.object);
    Ok(is_gone.then(|| Key::new("", change.object.str("/spec/nodeName"))).into_iter().collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(files) = ctx.server().row(&row_of(&key.name))? else { return Ok(Action::AwaitChange) };
    let node = ctx.get_key("nodes", key)?.filter(|node| !node.is_deleting());
    let Some(node) = node else { return Ok(Action::AwaitChange) };
    if simulation::stopped_nodes(ctx.server())?.contains(node.name()) {
        return Ok(Action::AwaitChange);
    }
    for file in files.as_array().into_iter().flatten() {
        let hash = format!("{:032x}", ctx.ids().draw("static-pod", &format!("{}/{}", node.name(), file.name()), 0));
        let pod = mirror(file, &node, &hash, &ctx.now.rfc3339_micro());
        if ctx.get("pods", pod.namespace(), pod.name())?.is_none() {
            ctx.create("pods", pod)?;
        }
    }
    Ok(Action::AwaitChange)
}

/// Returns the mirror of the pod in a file.
fn mirror(file: &Object, node: &Object, hash: &str, seen: &str) -> Object {
    let mut pod = file.clone();
    pod.put("/metadata/name", format!("{}-{}", file.name(), node.name()));
    let annotations =
        [("config.hash", hash), ("config.mirror", hash), ("config.seen", seen), ("config.source", "file")];
    for (name, value) in annotations {
        pod.set_annotation(&format!("kubernetes.io/{name}"), value);
    }
    let owner = OwnerReference { block_owner_deletion: false, ..OwnerReference::controller(node) };
    pod.put("/metadata/ownerReferences", json!([owner.to_value()]));
    pod.put("/spec/nodeName", node.name());
    pod.list_mut("/spec/tolerations").push(json!({"effect": "NoExecute", "operator": "Exists"}));
    pod
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Request;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn a_mirror_pod_is_made_anew_until_its_node_is_gone() {
        let mut bench = Bench::open();
        let file = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "kube-system"},
                          "spec": {"containers": [{"name": "web", "image": "nginx"}]}});
        write(bench.cluster.server(), "k8s-node1", vec![file]);
        bench.cluster.enqueue(CONTROLLER.name, "k8s-node1").expect("a node");
        let pod = |bench: &mut Bench| {
            let pod = bench.cluster.server().read("pods", "kube-system", "web-k8s-node1").expect("a read");
            pod.map(|pod| (pod.uid().to_string(), (*pod).clone()))
        };
        let (first, mirror) = pod(&mut bench).expect("a mirror pod");
        assert_eq!(mirror.str("/metadata/ownerReferences/0/kind"), "Node");
        assert_eq!(mirror.str("/spec/serviceAccountName"), "", "mirror pods have no token");
        assert_eq!(mirror.annotation(MIRROR).map(str::len), Some(32));
        bench.settle();
        let status =
            |pod: Option<(String, Object)>| pod.expect("a mirror pod").1["status"]["containerStatuses"].clone();
        let running = status(pod(&mut bench));
        assert!(running[0].at("/state/running").is_some());
        for grace in [None, Some(0)] {
            bench.advance(60);
            let delete = Request::delete("pods", "kube-system", "web-k8s-node1").grace(grace);
            bench.cluster.handle(&delete).expect("deleted");
            let (second, _) = pod(&mut bench).expect("another mirror pod");
            assert_ne!(first, second);
            bench.advance(0);
            assert_eq!(status(pod(&mut bench)), running, "the container goes on");
        }
        bench.cluster.handle(&Request::delete("nodes", "", "k8s-node1")).expect("deleted");
        assert!(pod(&mut bench).is_none());
    }
}
