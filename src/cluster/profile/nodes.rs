//! The nodes of a new cluster, with what the installer has its kubelets register. Everything else is reported by the kubelets.

use super::{ClusterPlan, Profile};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};

/// The label that kubeadm gives nodes of the control plane, whose taint has the same key.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// The label that keeps load balancers outside of the cluster away from a node.
const NO_BALANCERS: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The version of minikube that installs v1.36.
const MINIKUBE: &str = "v1.38.1";

impl ClusterPlan {
    /// Returns the nodes, the one of the control plane first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Object> {
        (0..self.node_count()).map(|number| self.node(number))
    }

    fn node(&self, number: u32) -> Object {
        let name = self.profile.node_name(number);
        let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        if number == 0 {
            self.make_control_plane(&mut node);
        }
        if self.profile != Profile::Bare {
            self.register(number, &mut node);
        }
        for settings in self.node_settings.iter().filter(|settings| settings.are_for(&name)) {
            for (key, value) in &settings.labels {
                node.set_label(key, value);
            }
            for (resource, amount) in &settings.capacity {
                node.put(&format!("/status/capacity/{}", resource.replace('/', "~1")), amount.as_str());
            }
        }
        node
    }

    /// Adds the label of the control plane, and the taint unless there is no other node. kubeadm leaves the taint in any case,
    /// and minikube in none.
    fn make_control_plane(&self, node: &mut Object) {
        let is_alone = self.node_count() == 1;
        node.set_label(CONTROL_PLANE, "");
        let (is_tainted, is_excluded) = match self.profile {
            Profile::Bare => (!is_alone, false),
            Profile::Kubeadm => (true, true),
            Profile::Kind => (!is_alone, !is_alone),
            Profile::Minikube => (false, true),
        };
        if is_tainted {
            node.list_mut("/spec/taints").push(json!({"key": CONTROL_PLANE, "effect": "NoSchedule"}));
        }
        if is_excluded {
            node.set_label(NO_BALANCERS, "");
        }
    }

    /// Adds what the kubelet of an installed node says when it registers.
    fn register(&self, number: u32, node: &mut Object) {
        let name = self.profile.node_name(number);
        node.set_annotation("volumes.kubernetes.io/controller-managed-attach-detach", "true");
        let address = self.profile.node_address(number).to_string();
        node.put(
            "/status/addresses",
            json!([{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]),
        );
        let machine = match self.profile {
            Profile::Kind => Some(("Debian GNU/Linux 13 (trixie)", "containerd://2.3.1")),
            Profile::Minikube => Some(("Debian GNU/Linux 12 (bookworm)", "docker://29.2.1")),
            Profile::Bare | Profile::Kubeadm => None,
        };
        if let Some((system, runtime)) = machine {
            node.put("/status/nodeInfo", json!({"osImage": system, "containerRuntimeVersion": runtime}));
        }
        if self.profile == Profile::Kind {
            node.put("/spec/providerID", format!("kind://docker/kind/{name}"));
        }
        if self.profile == Profile::Minikube {
            let is_primary = if number == 0 { "true" } else { "false" };
            for (key, value) in [("name", "minikube"), ("primary", is_primary), ("version", MINIKUBE)] {
                node.set_label(&format!("minikube.k8s.io/{key}"), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::NodeSettings;
    use kctl_base::object::ValueRead;

    fn nodes(profile: Profile, nodes: u32, settings: &str) -> Vec<Object> {
        let node_settings = NodeSettings::parse(settings).into_iter().collect();
        ClusterPlan { profile, nodes: Some(nodes), node_settings, ..ClusterPlan::default() }.nodes().collect()
    }

    #[test]
    fn the_control_plane_is_tainted_as_by_the_installer() {
        let taints = |profile, count| {
            nodes(profile, count, "").iter().map(|node| node.list("/spec/taints").len()).collect::<Vec<_>>()
        };
        for (profile, alone, first) in
            [(Profile::Bare, 0, 1), (Profile::Kubeadm, 1, 1), (Profile::Kind, 0, 1), (Profile::Minikube, 0, 0)]
        {
            assert_eq!((taints(profile, 1), taints(profile, 2)), (vec![alone], vec![first, 0]), "{profile:?}");
        }
    }

    #[test]
    fn settings_concern_the_nodes_that_they_name() {
        let made = nodes(Profile::Kind, 2, "name=kind-worker,cpu=4,example.com/gpu=1,labels=disk=ssd");
        let capacity = |node: &Object| (node.str("/status/capacity/cpu").to_string(), node.label("disk").is_some());
        assert_eq!(capacity(&made[0]), (String::new(), false));
        assert_eq!(capacity(&made[1]), ("4".into(), true));
        assert_eq!(made[1].str("/status/capacity/example.com~1gpu"), "1");
        assert_eq!(made[1].str("/spec/providerID"), "kind://docker/kind/kind-worker");
        assert_eq!(made[1].str("/status/addresses/0/address"), "172.18.0.3");
    }

    #[test]
    fn bare_nodes_are_named_and_nothing_else() {
        let made = nodes(Profile::Bare, 2, "");
        assert_eq!(made[1], json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k8s-node1"}}));
    }
}
