//! Nodes: the status that their kubelets report ([`kubelet`]), the health of nodes and their taints ([`lifecycle`],
//! [`taints`]), the eviction of pods from tainted nodes ([`eviction`]), and the
//! pods that kubelets run from files ([`static_pods`]).
//!
//! Heartbeats are not simulated. A kubelet reports unless it has been stopped by an injected fault.

pub(super) mod eviction;
pub(super) mod kubelet;
pub(crate) mod lifecycle;
pub(crate) mod static_pods;
pub(super) mod taints;

#[cfg(test)]
mod tests;
