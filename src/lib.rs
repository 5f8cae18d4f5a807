//! kctl: kubectl and the Kubernetes control plane behind it, in one process.

pub mod machinery;
pub mod printers;
pub mod sim;
