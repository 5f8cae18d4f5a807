//! Webhooks (`apiserver/pkg/admission/plugin/webhook/generic`). Nothing runs that could answer, so that they are not called:
//! users get a hint about the first one that would have been. Its match conditions count, and reject what they cannot judge.

use std::sync::Arc;

use super::policies::{Attributes, Evaluation, matched};
use super::{Admission, Result};
use crate::api::{Request, Requester, Server};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The resources of configurations, with whether their webhooks see deletions and the kind.
const CONFIGURATIONS: &[(&str, bool, &str)] = &[
    ("mutatingwebhookconfigurations.admissionregistration.k8s.io", false, "MutatingWebhookConfiguration"),
    ("validatingwebhookconfigurations.admissionregistration.k8s.io", true, "ValidatingWebhookConfiguration"),
];

/// Kinds that webhooks do not see: otherwise one that rejects everything could not be removed.
const EXEMPT: &[&str] = &[
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// Looks for webhooks that a create or update would have called.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if !sees(admission.request) {
        return Ok(());
    }
    let attributes =
        Attributes::of_write(admission.kind, admission.request, admission.operation, admission.new, admission.old);
    find(admission.server, &attributes, admission.request)
}

/// Looks for webhooks that a deletion would have called.
///
/// # Errors
/// A match condition that cannot be evaluated.
pub(in crate::api) fn admit_deletion(
    server: &mut Server,
    kind: &dyn Kind,
    old: &Object,
    request: &Request,
) -> Result<()> {
    find(server, &Attributes::of_deletion(kind, request, old), request)
}

/// Looks for webhooks that a connection would have called.
///
/// # Errors
/// A match condition that cannot be evaluated.
pub(in crate::api) fn admit_connection(
    server: &mut Server,
    kind: &dyn Kind,
    (object, options): (&Object, &Object),
    request: &Request,
) -> Result<()> {
    find(server, &Attributes::of_connection(kind, request, object, options), request)
}

/// Returns whether webhooks are looked for: only users get hints about them.
fn sees(request: &Request) -> bool {
    matches!(request.requester, Requester::User(_))
}

fn find(server: &mut Server, attributes: &Attributes<'_>, request: &Request) -> Result<()> {
    let names = attributes.kind.names();
    if !sees(request) || EXEMPT.contains(&names.kind) {
        return Ok(());
    }
    for (resource, sees_deletions, kind) in CONFIGURATIONS {
        if attributes.operation == "DELETE" && !sees_deletions {
            continue;
        }
        for configuration in server.read_all(resource, None)? {
            for hook in configuration.list("/webhooks") {
                if would_be_called(server, hook, attributes)? {
                    server.hint(format!(
                        "hint: the webhook \"{}\" of {kind} \"{}\" matches {} \"{}\", but webhooks are not called: no container runs that could answer",
                        hook.str("/name"),
                        configuration.name(),
                        names.resource(),
                        attributes.object.name_or_prefix(),
                    ));
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Returns whether the rules, selectors and conditions of a webhook match a request.
///
/// # Errors
/// Status 403 if a condition cannot be evaluated, unless the webhook ignores failures.
fn would_be_called(server: &mut Server, hook: &Value, attributes: &Attributes<'_>) -> Result<bool> {
    let names = attributes.kind.names();
    let namespace = match names.namespaced {
        true => server.read("namespaces", "", attributes.object.namespace())?,
        false => None,
    };
    let Some(version) = matched(hook, attributes, namespace.as_deref()).filter(|_| hook.get("rules").is_some()) else {
        return Ok(false);
    };
    let conditions = hook.list("/matchConditions");
    if conditions.is_empty() {
        return Ok(true);
    }
    let roles = Arc::new(server.roles()?);
    let mut evaluation = Evaluation::of_request(attributes, &version, namespace.as_deref(), Some(&roles));
    match evaluation.meets(conditions) {
        Ok(met) => Ok(met),
        Err(_) if hook.str("/failurePolicy") == "Ignore" => Ok(false),
        Err(failure) => {
            Err(Status::forbidden(names.group, names.plural, attributes.object.name_or_prefix(), &failure.message()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::User;
    use crate::{Cluster, OpenOptions};
    use kctl_base::json::json;
    use kctl_base::object::ValueWrite;

    /// Returns the hints, or the error, about a config map when there is a webhook with these fields.
    fn hints(fields: Value) -> std::result::Result<Vec<String>, String> {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let rule =
            json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]});
        let mut hook = json!({"name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [rule],
            "clientConfig": {"service": {"name": "s", "namespace": "n"}}});
        for (key, value) in fields.as_object().expect("a map") {
            hook.put(&format!("/{key}"), value.clone());
        }
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "conf"}, "webhooks": [hook]});
        let user = User::admin();
        cluster.handle(&Request::create(CONFIGURATIONS[1].0, "", configuration).by(user.clone())).expect("a webhook");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"a": "b"}}});
        let response = cluster.handle(&Request::create("configmaps", "default", map).by(user));
        response.map(|response| response.hints).map_err(|status| status.message)
    }

    #[test]
    fn users_get_a_hint_about_a_webhook_that_is_not_called() {
        let hint = "hint: the webhook \"a.b.c\" of ValidatingWebhookConfiguration \"conf\" matches configmaps \"m\", but webhooks are not called: no container runs that could answer";
        assert_eq!(hints(json!({})), Ok(vec![hint.to_owned()]));
        let met = json!([{"name": "x", "expression": "object.metadata.name == 'm'"}]);
        assert_eq!(hints(json!({"matchConditions": met})), Ok(vec![hint.to_owned()]));
        let rule =
            json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"]});
        for other in [
            json!({"rules": [rule]}),
            json!({"rules": []}),
            json!({"objectSelector": {"matchLabels": {"a": "c"}}}),
            json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}}),
            json!({"matchConditions": [{"name": "x", "expression": "object.metadata.name == 'other'"}]}),
            json!({"matchConditions": [{"name": "x", "expression": "object.data.a == 'b'"}], "failurePolicy": "Ignore"}),
        ] {
            assert_eq!(hints(other.clone()), Ok(Vec::new()), "{other}");
        }
        let wrong = json!({"matchConditions": [{"name": "x", "expression": "object.data.a == 'b'"}]});
        let error =
            "configmaps \"m\" is forbidden: expression 'object.data.a == 'b'' resulted in error: no such key: data";
        assert_eq!(hints(wrong), Err(error.to_owned()));
    }
}
