//! Profiles: what installers of clusters (kubeadm, kind, minikube) bring along, as facts.
//!
//! A [`Profile`] says what its clusters have in common; a [`ClusterPlan`] is what one cluster is created from, and the
//! [`Installation`] what remains known about it afterwards. The objects are manifests beside this file, which [`manifests`]
//! fills in; controllers make pods and volumes of them, as in any cluster.

mod installation;
mod manifests;
mod network;
mod node_settings;
mod nodes;
mod plan;

pub(crate) use installation::{Installation, InstallationRecord};
pub(crate) use manifests::Manifests;
pub use network::Cidr;
pub use node_settings::NodeSettings;
pub use plan::{ClusterPlan, DefaultClass};

use std::net::Ipv4Addr;

/// The version of the components on the nodes.
pub(crate) const VERSION: &str = "v1.36.2";

/// The installer whose clusters a cluster is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// A control plane and nodes with nothing installed: no storage class, no pods.
    #[default]
    Bare,
    /// `kubeadm init` and `kubeadm join`, with a pod network that needs no pods.
    Kubeadm,
    /// `kind create cluster`.
    Kind,
    /// `minikube start` with Docker.
    Minikube,
}

/// The names by which programs reach a cluster.
pub struct Access {
    /// The name of the cluster in a kubeconfig.
    pub cluster: &'static str,
    /// The name of the administrator in a kubeconfig.
    pub user: &'static str,
    /// The name of the context of both.
    pub context: &'static str,
    /// The address of the API server.
    pub server: String,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Profile; 4] = [Profile::Bare, Profile::Kubeadm, Profile::Kind, Profile::Minikube];

    /// Parses `bare`, `kubeadm`, `kind` or `minikube`.
    pub fn parse(text: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.as_str() == text)
    }

    /// The name that [`Profile::parse`] reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Bare => "bare",
            Profile::Kubeadm => "kubeadm",
            Profile::Kind => "kind",
            Profile::Minikube => "minikube",
        }
    }

    /// The number of nodes of a cluster when no other one is asked for.
    fn default_nodes(self) -> u32 {
        match self {
            Profile::Bare | Profile::Kubeadm => 3,
            Profile::Kind | Profile::Minikube => 1,
        }
    }

    /// Returns the name of the node with a number; 0 is the node of the control plane.
    pub(crate) fn node_name(self, number: u32) -> String {
        match (self, number) {
            (Profile::Bare, 0) => "k8s-master".into(),
            (Profile::Bare, _) => format!("k8s-node{number}"),
            (Profile::Kubeadm, 0) => "controlplane".into(),
            (Profile::Kubeadm, _) => format!("node{number:02}"),
            (Profile::Kind, 0) => "kind-control-plane".into(),
            (Profile::Kind, 1) => "kind-worker".into(),
            (Profile::Kind, _) => format!("kind-worker{number}"),
            (Profile::Minikube, 0) => "minikube".into(),
            (Profile::Minikube, _) => format!("minikube-m{:02}", number + 1),
        }
    }

    /// The network of the nodes, and the number of the first node in it.
    fn node_network(self) -> (Cidr, u64) {
        match self {
            Profile::Bare | Profile::Kubeadm => (Cidr::around(Ipv4Addr::new(192, 168, 0, 0), 16), 20 * 256 + 10),
            Profile::Kind => (Cidr::around(Ipv4Addr::new(172, 18, 0, 0), 16), 2),
            Profile::Minikube => (Cidr::around(Ipv4Addr::new(192, 168, 0, 0), 16), 49 * 256 + 2),
        }
    }

    /// Returns the address of the node with a number.
    pub(crate) fn node_address(self, number: u32) -> Ipv4Addr {
        let (network, first) = self.node_network();
        network.address(first + u64::from(number))
    }

    /// The range of cluster IPs when no other one is asked for: that of kubeadm, which kind makes smaller.
    fn service_cidr(self) -> Cidr {
        let length = if matches!(self, Profile::Bare | Profile::Kind) { 16 } else { 12 };
        Cidr::around(Ipv4Addr::new(10, 96, 0, 0), length)
    }

    /// The port of the API server on the node of the control plane.
    pub(crate) fn server_port(self) -> i64 {
        if self == Profile::Minikube { 8443 } else { 6443 }
    }

    /// Returns the names by which programs reach the clusters.
    pub fn access(self) -> Access {
        let (cluster, user, context) = match self {
            Profile::Bare => ("kctl", "admin", "kctl-admin@kctl"),
            Profile::Kubeadm => ("kubernetes", "kubernetes-admin", "kubernetes-admin@kubernetes"),
            Profile::Kind => ("kind-kind", "kind-kind", "kind-kind"),
            Profile::Minikube => ("minikube", "minikube", "minikube"),
        };
        // The nodes of kind are reached through a port of the host.
        let host =
            if matches!(self, Profile::Bare | Profile::Kind) { Ipv4Addr::LOCALHOST } else { self.node_address(0) };
        Access { cluster, user, context, server: format!("https://{host}:{}", self.server_port()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_and_numbered_as_by_the_installer() {
        let names = |profile: Profile| [0, 1, 2, 11].map(|number| profile.node_name(number)).join(" ");
        assert_eq!(names(Profile::Bare), "k8s-master k8s-node1 k8s-node2 k8s-node11");
        assert_eq!(names(Profile::Kubeadm), "controlplane node01 node02 node11");
        assert_eq!(names(Profile::Kind), "kind-control-plane kind-worker kind-worker2 kind-worker11");
        assert_eq!(names(Profile::Minikube), "minikube minikube-m02 minikube-m03 minikube-m12");
        assert_eq!(Profile::Minikube.node_address(0), Ipv4Addr::new(192, 168, 49, 2));
        assert_eq!(Profile::Kubeadm.access().server, "https://192.168.20.10:6443");
        assert!(Profile::ALL.iter().all(|profile| Profile::parse(profile.as_str()) == Some(*profile)));
        assert_eq!(Profile::parse("Kind"), None);
    }
}
