//! Shared by the controllers of workloads: adoption, pods from templates, and the order of deletion.
//!
//! Nothing here knows a particular kind of owner.

pub mod claim;
pub mod conditions;
pub mod deletion_rank;
pub mod orphans;
pub mod pod_control;
pub mod pods;
pub mod selector;
pub mod template;

#[cfg(test)]
pub mod testing;
