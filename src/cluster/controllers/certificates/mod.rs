//! The controllers of CertificateSigningRequests (`pkg/controller/certificates`): one approves those of kubelets, one signs what
//! is approved, one deletes what is done with.

mod approving;
mod cleaner;
mod contents;
mod rules;
mod signing;
#[cfg(test)]
mod testing;

pub(super) use approving::CONTROLLER as APPROVING;
pub(super) use cleaner::CONTROLLER as CLEANER;
pub(super) use signing::CONTROLLER as SIGNING;

use super::{Action, Context, Controller, Key, Watch, runtime};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// The resource of the controllers.
const REQUESTS: &str = "certificatesigningrequests.certificates.k8s.io";

/// Returns whether a request has a condition.
fn has(request: &Object, kind: &str) -> bool {
    request.list("/status/conditions").iter().any(|condition| condition.str("/type") == kind)
}

/// Returns the usages that a request asks for, each once, sorted.
fn usages(request: &Object) -> Vec<&str> {
    let mut usages: Vec<&str> = request.list("/spec/usages").iter().filter_map(Value::as_str).collect();
    usages.sort_unstable();
    usages.dedup();
    usages
}
