//! Pods that are missing because the API server refuses to create them.

use super::Finding;
use super::reader::Reader;
use crate::api::Result;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Finds why an owner has fewer pods than it wants: what the API server answered to the last attempt to create one.
pub(super) fn diagnose(reader: &mut Reader<'_>, owner: &Object) -> Result<Option<Finding>> {
    let condition = super::words::condition_with(owner, "ReplicaFailure", "True");
    let message = match condition {
        Some(condition) => condition.str("/message").to_string(),
        None => match reader.last_event(owner, &["FailedCreate"])? {
            Some(event) => event.str("/message").to_string(),
            None => return Ok(None),
        },
    };
    let quota = quota_in(&message).map(String::from);
    let finding = Finding::problem(format!("cannot create pods: {}", refusal(&message))).shown_by(message);
    Ok(Some(match quota {
        Some(quota) => finding.because(reader.follow_name("resourcequotas", owner.namespace(), &quota)?),
        None => finding,
    }))
}

/// Returns the name of the quota in a refusal.
fn quota_in(message: &str) -> Option<&str> {
    ["exceeded quota: ", "failed quota: "].iter().find_map(|words| {
        let rest = message.split(words).nth(1)?;
        rest.split([',', ':', ' ']).next()
    })
}

/// Names what refuses a pod, by the message of the API server.
fn refusal(message: &str) -> String {
    if let Some(quota) = quota_in(message) {
        return format!("the quota {quota} of the namespace is used up, or wants values that the pods lack");
    }
    let known = [
        ("violates PodSecurity", "the pod security level of the namespace forbids them"),
        ("maximum ", "they ask for more than a LimitRange of the namespace allows"),
        ("minimum ", "they ask for less than a LimitRange of the namespace demands"),
        ("serviceaccount \"", "their service account does not exist"),
        ("ValidatingAdmissionPolicy", "an admission policy refuses them"),
        ("admission webhook", "a webhook refuses them"),
        ("no PriorityClass", "their priority class does not exist"),
        ("no RuntimeClass", "their runtime class does not exist"),
    ];
    let found = known.iter().find(|(words, _)| message.contains(words));
    found.map_or("the API server refuses them", |(_, meaning)| meaning).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_what_refuses() {
        let quota =
            "pods \"web-1\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2";
        assert_eq!(quota_in(quota), Some("few"));
        assert_eq!(quota_in("pods \"x\" is forbidden: failed quota: cpu: must specify limits.cpu for: c"), Some("cpu"));
        for (message, words) in [
            ("pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"", "the pod security level"),
            ("pods \"x\" is forbidden: maximum cpu usage per Container is 1, but limit is 2", "a LimitRange"),
            (
                "pods \"x\" is forbidden: error looking up service account d/x: serviceaccount \"x\" not found",
                "service account",
            ),
            ("connection refused", "the API server refuses them"),
        ] {
            assert!(refusal(message).contains(words), "{message}: {}", refusal(message));
        }
    }
}
