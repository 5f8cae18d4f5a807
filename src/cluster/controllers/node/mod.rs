//! Nodes: what their kubelets report ([`kubelet`]), what becomes of one that falls silent ([`lifecycle`]) and of the pods on
//! it ([`eviction`]).
//!
//! Heartbeats are not written: nothing would follow from them. A kubelet speaks unless it has been stopped on purpose.

pub mod eviction;
pub mod kubelet;
pub mod lifecycle;
pub mod taints;

use kctl_base::json::Value;

use super::Context;
use super::runtime::Result;

/// The setting that lists the nodes whose kubelet has been stopped.
const STOPPED: &str = "node-stopped";

/// Whether the kubelet of a node has been stopped on purpose.
fn is_stopped(ctx: &mut Context<'_>, node: &str) -> Result<bool> {
    Ok(matches!(ctx.setting(STOPPED)?, Some(Value::Array(names)) if names.iter().any(|n| n == node)))
}

#[cfg(test)]
mod tests;
