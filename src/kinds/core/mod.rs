//! Kinds of the core group.

pub mod pod;
pub mod pod_template;
pub mod replication_controller;
