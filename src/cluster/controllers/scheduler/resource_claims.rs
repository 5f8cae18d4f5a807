//! Dynamic resources: whether the devices that a pod claims are allocated
//! (`pkg/scheduler/framework/plugins/dynamicresources`). Allocation itself is not simulated: no claim is ever allocated here, and
//! a pod waits until something else has done it.

use super::filters::Status;
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use super::terms::node_selector_matches;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The claims of a pod.
#[derive(Debug, Default)]
pub(super) struct PodClaims {
    /// The node selectors of allocated claims that have one.
    selectors: Vec<Value>,
    /// There is a claim that is not allocated.
    has_unallocated: bool,
}

/// Reads the claims of a pod (PreFilter). The inner error is the reason why the pod cannot be scheduled on any node.
pub(super) fn read(ctx: &mut Context<'_>, pod: &PodInfo) -> Result<std::result::Result<PodClaims, String>> {
    let mut claims = PodClaims::default();
    for entry in pod.object.list("/spec/resourceClaims") {
        let Some(name) = claim_name(&pod.object, entry) else {
            let (namespace, pod) = (pod.object.namespace(), pod.object.name());
            return Ok(Err(format!("pod \"{namespace}/{pod}\": ResourceClaim not created yet")));
        };
        if name.is_empty() {
            continue;
        }
        let Some(claim) = ctx.get("resourceclaims.resource.k8s.io", pod.object.namespace(), name)? else {
            return Ok(Err(format!("resourceclaim \"{name}\" not found")));
        };
        if claim.is_deleting() {
            return Ok(Err(format!("resourceclaim \"{name}\" is being deleted")));
        }
        match claim.at("/status/allocation") {
            Some(allocation) => claims.selectors.extend(allocation.at("/nodeSelector").cloned()),
            None => {
                if let Some(reason) = missing_class(ctx, &claim)? {
                    return Ok(Err(reason));
                }
                claims.has_unallocated = true;
            }
        }
    }
    Ok(Ok(claims))
}

/// Returns the name of the claim of an entry; `None` before one has been made from the template. An entry whose template
/// needed none has an empty name.
fn claim_name<'a>(pod: &'a Object, entry: &'a Value) -> Option<&'a str> {
    if let Some(name) = entry.at("/resourceClaimName").and_then(Value::as_str) {
        return Some(name);
    }
    let statuses = pod.list("/status/resourceClaimStatuses");
    statuses
        .iter()
        .find(|status| status.str("/name") == entry.str("/name"))
        .map(|status| status.str("/resourceClaimName"))
}

/// Returns the reason for a request whose device class does not exist.
fn missing_class(ctx: &mut Context<'_>, claim: &Object) -> Result<Option<String>> {
    for request in claim.list("/spec/devices/requests") {
        let own = request.at("/exactly").map(|exactly| (request.str("/name").to_string(), exactly));
        let qualified = |sub: &Value| format!("{}/{}", request.str("/name"), sub.str("/name"));
        let alternatives = request.list("/firstAvailable").iter().map(|sub| (qualified(sub), sub));
        for (name, request) in own.into_iter().chain(alternatives) {
            let class = request.str("/deviceClassName");
            if ctx.get("deviceclasses.resource.k8s.io", "", class)?.is_none() {
                return Ok(Some(format!("request {name}: device class {class} does not exist")));
            }
        }
    }
    Ok(None)
}

impl PodClaims {
    /// Returns the status of a node that does not fit.
    pub(super) fn filter(&self, node: &NodeInfo) -> Option<Status> {
        if self.has_unallocated {
            return Some(Status::unresolvable("cannot allocate all claims"));
        }
        let is_elsewhere = |selector: &Value| !node_selector_matches(selector, node.identity());
        self.selectors.iter().any(is_elsewhere).then(|| Status::unresolvable("resourceclaim not available on the node"))
    }
}
