//! What a new cluster is created from.

use kctl_base::labels::dns_subdomain_problems;
use kctl_base::sim::Duration;

use super::{Cidr, Installation, NodeSettings, Profile};
use std::net::Ipv4Addr;

/// The largest number of nodes (upstream: "Considerations for large clusters").
const MOST_NODES: u32 = 5000;

/// The lengths of ranges of cluster IPs. Larger ones are refused by the API server; smaller ones have no room for the
/// addresses that are kept for the API server and the DNS.
const SERVICE_LENGTHS: std::ops::RangeInclusive<u8> = 12..=28;

/// The length of the range of pod addresses of one node.
const NODE_LENGTH: u8 = 24;

/// The least time for which a cluster with pods is there: in it, their probes succeed, too.
const LEAST_AGE: Duration = Duration::from_secs(60);

/// More steps than follow one another until the pods of a new cluster are ready.
const STEPS: usize = 30;

/// The default storage class of a new cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultClass {
    /// There is none.
    None,
    /// One of this name.
    Named(String),
}

impl DefaultClass {
    /// Parses `none` or the name of a class.
    ///
    /// # Errors
    /// The reason.
    pub fn parse(text: &str) -> Result<DefaultClass, String> {
        match dns_subdomain_problems(text).is_empty() {
            true if text == "none" => Ok(DefaultClass::None),
            true => Ok(DefaultClass::Named(text.into())),
            false => Err(format!("{text:?} is not a name of a storage class")),
        }
    }
}

/// What a new cluster is created from. Everything that is `None` is as the profile has it.
#[derive(Clone, Debug, Default)]
pub struct ClusterPlan {
    /// The installer whose clusters it is like.
    pub profile: Profile,
    /// The number of nodes.
    pub nodes: Option<u32>,
    /// Settings of nodes; later ones win.
    pub node_settings: Vec<NodeSettings>,
    /// The default storage class.
    pub storage_class: Option<DefaultClass>,
    /// The range of cluster IPs.
    pub service_cidr: Option<Cidr>,
    /// The range of pod addresses.
    pub pod_cidr: Option<Cidr>,
    /// Whether there is a metrics server.
    pub metrics_server: bool,
}

impl ClusterPlan {
    /// Parses a number of nodes.
    ///
    /// # Errors
    /// The reason.
    pub fn parse_nodes(text: &str) -> Result<u32, String> {
        let number = text.parse().ok().filter(|number| (1..=MOST_NODES).contains(number));
        number.ok_or_else(|| format!("{text:?} is not a number of nodes from 1 to {MOST_NODES}"))
    }

    /// Returns whether a cluster can be like this.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), String> {
        for name in self.node_settings.iter().filter_map(|settings| settings.name.as_deref()) {
            if (0..self.node_count()).all(|number| self.profile.node_name(number) != name) {
                return Err(format!("there is no node {name:?} to set: {}", self.node_names()));
            }
        }
        let services = self.services();
        if !SERVICE_LENGTHS.contains(&services.length()) {
            let (most, least) = (SERVICE_LENGTHS.start(), SERVICE_LENGTHS.end());
            return Err(format!("the range of cluster IPs {services} is not of a length from /{most} to /{least}"));
        }
        let (pods, nodes) = (self.pods(), u64::from(self.node_count()));
        if pods.part(NODE_LENGTH, nodes - 1).is_none() {
            return Err(format!(
                "the range of pod addresses {pods} is too small: each of {nodes} nodes takes a /{NODE_LENGTH}"
            ));
        }
        if pods.overlaps(services) {
            return Err(format!("the ranges of pod addresses, {pods}, and of cluster IPs, {services}, overlap"));
        }
        let first = self.profile.node_address(0);
        match [("pod addresses", pods), ("cluster IPs", services)].into_iter().find(|(_, range)| range.contains(first))
        {
            Some((what, range)) => {
                Err(format!("the range of {what} {range} has the addresses of the nodes, {first} and on"))
            }
            None => Ok(()),
        }
    }

    /// Returns a sentence with the names of the nodes.
    fn node_names(&self) -> String {
        let name = |number| self.profile.node_name(number);
        match self.node_count() {
            1 => format!("the only one is {}", name(0)),
            2 => format!("the nodes are {} and {}", name(0), name(1)),
            count => format!("the nodes are {}, {} to {}", name(0), name(1), name(count - 1)),
        }
    }

    /// The number of nodes.
    pub(crate) fn node_count(&self) -> u32 {
        self.nodes.unwrap_or(self.profile.default_nodes())
    }

    /// The range of cluster IPs.
    pub(super) fn services(&self) -> Cidr {
        self.service_cidr.unwrap_or(self.profile.service_cidr())
    }

    /// The range of pod addresses: 10.244.0.0/16, or what of 10.0.0.0/8 around it has a range for each node.
    pub(super) fn pods(&self) -> Cidr {
        let around = |length| Cidr::around(Ipv4Addr::new(10, 244, 0, 0), length);
        let nodes = u64::from(self.node_count());
        let large = (9..=16).rev().map(around).find(|range| range.part(NODE_LENGTH, nodes - 1).is_some());
        self.pod_cidr.or(large).unwrap_or(around(9))
    }

    /// Returns what remains known of the plan.
    pub(crate) fn installation(&self) -> Installation {
        let is_bare = self.profile == Profile::Bare && self.pod_cidr.is_none();
        let pod_cidr = (!is_bare).then(|| self.pods());
        Installation { profile: self.profile, service_cidr: self.services(), pod_cidr }
    }

    /// Returns whether nothing is installed.
    pub(crate) fn is_empty(&self) -> bool {
        self.profile == Profile::Bare && !self.metrics_server && self.class_name().is_none()
    }

    /// Returns for how long a cluster is there when the first command comes: until its pods are ready, when each step of their
    /// lives takes `latency`, and at least a minute. Nothing waits for a cluster without pods.
    pub(crate) fn age(&self, latency: Duration) -> Duration {
        let has_pods = self.profile != Profile::Bare || self.metrics_server;
        let span = std::iter::repeat_n(latency, STEPS).fold(Duration::ZERO, |sum, step| sum + step);
        if has_pods { span.max(LEAST_AGE) } else { Duration::ZERO }
    }

    /// The name of the default storage class; `None` for none.
    pub(super) fn class_name(&self) -> Option<&str> {
        match (&self.storage_class, self.profile) {
            (Some(DefaultClass::Named(name)), _) => Some(name),
            (None, Profile::Kind | Profile::Minikube) => Some("standard"),
            (Some(DefaultClass::None), _) | (None, Profile::Bare | Profile::Kubeadm) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(profile: Profile, nodes: u32) -> ClusterPlan {
        ClusterPlan { profile, nodes: Some(nodes), ..ClusterPlan::default() }
    }

    #[test]
    fn plans_that_make_no_sense_are_refused() {
        let cidr = |text| Cidr::parse(text).ok();
        let kind = || plan(Profile::Kind, 3);
        let named = |text| ClusterPlan { node_settings: NodeSettings::parse(text).into_iter().collect(), ..kind() };
        for (plan, reason) in [
            (
                named("name=worker"),
                "there is no node \"worker\" to set: the nodes are kind-control-plane, kind-worker to kind-worker2",
            ),
            (
                ClusterPlan { service_cidr: cidr("10.0.0.0/8"), ..kind() },
                "the range of cluster IPs 10.0.0.0/8 is not of a length from /12 to /28",
            ),
            (
                ClusterPlan { pod_cidr: cidr("10.1.0.0/23"), ..kind() },
                "the range of pod addresses 10.1.0.0/23 is too small: each of 3 nodes takes a /24",
            ),
            (
                ClusterPlan { service_cidr: cidr("10.240.0.0/12"), ..kind() },
                "the ranges of pod addresses, 10.244.0.0/16, and of cluster IPs, 10.240.0.0/12, overlap",
            ),
            (
                ClusterPlan { pod_cidr: cidr("172.16.0.0/12"), ..kind() },
                "the range of pod addresses 172.16.0.0/12 has the addresses of the nodes, 172.18.0.2 and on",
            ),
        ] {
            assert_eq!(plan.check(), Err(reason.to_string()));
        }
        assert_eq!(named("name=kind-worker2").check(), Ok(()));
        assert_eq!(ClusterPlan::parse_nodes("0"), Err("\"0\" is not a number of nodes from 1 to 5000".into()));
    }

    #[test]
    fn the_range_of_pods_grows_with_the_nodes() {
        let range = |nodes| plan(Profile::Kind, nodes).installation().pod_cidr.map(|range| range.to_string());
        for (nodes, want) in
            [(1, "10.244.0.0/16"), (256, "10.244.0.0/16"), (257, "10.244.0.0/15"), (5000, "10.224.0.0/11")]
        {
            assert_eq!(range(nodes).as_deref(), Some(want));
            assert_eq!(plan(Profile::Kind, nodes).check(), Ok(()));
        }
        assert_eq!(plan(Profile::Bare, 5000).installation(), Installation::default());
    }

    #[test]
    fn classes_are_named_or_left_out() {
        let class = |profile, class: Option<&str>| {
            let storage_class = class.map(|name| DefaultClass::parse(name).expect("a class"));
            ClusterPlan { storage_class, ..plan(profile, 1) }.class_name().map(String::from)
        };
        assert_eq!(class(Profile::Kind, None).as_deref(), Some("standard"));
        assert_eq!(class(Profile::Kind, Some("none")), None);
        assert_eq!(class(Profile::Kubeadm, None), None);
        assert_eq!(class(Profile::Bare, Some("fast")).as_deref(), Some("fast"));
        assert!(DefaultClass::parse("A B").is_err());
    }
}
