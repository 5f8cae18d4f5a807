//! Pods that have just ended: for a moment their address answers, and CoreDNS has their name in its cache. So the workers of a
//! job that look for each other also find the one that was done first.

use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_container::Record;
use kctl_kinds::core::pod::is_terminal;

use crate::api::{Result, Server};
use crate::dns::ZONE;

/// How long a pod is found after its end.
const LINGER: Duration = Duration::from_secs(1);

/// Returns whether a pod is found at its address: it has not ended, or only just.
pub(super) fn is_found(pod: &Object, now: Time) -> bool {
    !is_terminal(pod) || has_just_ended(pod, now)
}

fn has_just_ended(pod: &Object, now: Time) -> bool {
    let containers = pod.list("/status/containerStatuses").iter();
    let ends = containers.filter_map(|status| Time::parse(status.str("/state/terminated/finishedAt")));
    is_terminal(pod) && ends.max().is_some_and(|end| now < end + LINGER)
}

/// Returns the address of a pod that has just ended, for its full name below a headless service:
/// `HOSTNAME.SERVICE.NAMESPACE.svc.cluster.local.`
///
/// # Errors
/// `InternalError` when the store cannot be read.
pub(super) fn address(server: &mut Server, name: &str, now: Time) -> Result<Option<Record>> {
    let labels = name.trim_end_matches('.').strip_suffix(ZONE).map(|prefix| prefix.trim_end_matches('.'));
    let labels: Vec<&str> = labels.map_or_else(Vec::new, |labels| labels.split('.').collect());
    let [hostname, service, namespace, "svc"] = labels.as_slice() else {
        return Ok(None);
    };
    if server.read("services", namespace, service)?.is_none() {
        return Ok(None);
    }
    let has_name = |pod: &Arc<Object>| {
        pod.str("/spec/hostname").eq_ignore_ascii_case(hostname) && pod.str("/spec/subdomain") == *service
    };
    let pods = server.read_all("pods", Some(namespace))?;
    let found = pods.into_iter().find(|pod| !pod.is_deleting() && has_name(pod) && has_just_ended(pod, now));
    Ok(found.map(|pod| Record { name: name.to_owned(), kind: "A", data: pod.str("/status/podIP").to_owned() }))
}
