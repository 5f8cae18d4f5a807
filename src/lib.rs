//! kctl: kubectl and the Kubernetes control plane behind it, in one process.

pub mod api;
pub mod cli;
pub mod cluster;
pub mod controllers;
pub mod kinds;
pub mod machinery;
pub mod printers;
pub mod sim;
pub mod store;
