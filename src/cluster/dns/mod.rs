//! The cluster DNS: services, pods behind headless services, pods by IP address, and reverse lookups.
//!
//! Follows the Kubernetes DNS-Based Service Discovery specification (github.com/kubernetes/dns, `docs/specification.md`) with
//! the pod records of CoreDNS (`pods insecure`). It is authoritative for [`ZONE`] only; other names do not exist.
//!
//! A name is first expanded with the search list of a pod ([`names`]), then each candidate is looked up ([`lookup`]) and turned
//! into resource records ([`records`]).

mod endpoints;
mod lookup;
mod names;
mod records;
#[cfg(test)]
mod tests;

pub use lookup::lookup;
pub use records::{Answer, Record, RecordType};

/// Domain of the cluster.
pub const ZONE: &str = "cluster.local";
/// Time to live of every record, in seconds.
pub const TTL: u32 = 30;
