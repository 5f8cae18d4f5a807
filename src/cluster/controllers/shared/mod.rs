//! What the controllers of workloads have in common: whose pods are whose, pods out of templates, which pods go first.
//!
//! Everything here is general: it knows owners, pods and templates, but no kind of owner.

pub mod claim;
pub mod conditions;
pub mod orphans;
pub mod pod_control;
pub mod pods;
pub mod template;
pub mod victims;

#[cfg(test)]
pub mod testing;
