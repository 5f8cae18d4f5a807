//! The group networking.k8s.io.

mod addresses;
mod ingress;
mod ingress_class;
mod network_policy;

pub(crate) use addresses::{IP_ADDRESS, SERVICE_CIDR};
pub(crate) use ingress::Ingress;
pub(crate) use ingress_class::INGRESS_CLASS;
pub(crate) use network_policy::NetworkPolicy;

/// The group and its version.
const GROUP: (&str, &str) = ("networking.k8s.io", "v1");
