//! Nodes: the status that their kubelets report ([`kubelet`]), the health of nodes and their taints ([`lifecycle`],
//! [`taints`]), and the eviction of pods from tainted nodes ([`eviction`]).
//!
//! Heartbeats are not simulated. A kubelet reports unless it has been stopped by an injected fault.

pub(super) mod eviction;
pub(super) mod kubelet;
pub(crate) mod lifecycle;
pub(super) mod taints;

#[cfg(test)]
mod tests;
