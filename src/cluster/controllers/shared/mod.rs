//! Shared by the controllers of workloads: adoption, pods from templates, and the order of deletion.
//!
//! Nothing here knows a particular kind of owner.

pub(super) mod burst;
pub(super) mod claim;
pub(super) mod deletion_rank;
pub(super) mod orphans;
pub(super) mod pod_conditions;
pub(super) mod pod_control;
pub(crate) mod pods;
pub(super) mod selector;
pub(super) mod template;

#[cfg(test)]
pub(crate) mod testing;
