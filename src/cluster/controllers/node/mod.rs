//! Nodes: what their kubelets report ([`kubelet`]), what becomes of one that falls silent ([`lifecycle`]) and of the pods on
//! it ([`eviction`]).
//!
//! Heartbeats are not written: nothing would follow from them. A kubelet speaks unless it has been stopped on purpose.

pub mod eviction;
pub mod kubelet;
pub mod lifecycle;
pub mod taints;

#[cfg(test)]
mod tests;
