//! Approves the requests of kubelets for client certificates, if whoever asks may make them (`approver/sarapprove.go`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, REQUESTS, Watch, has, rules, usages};
use crate::api::{Attributes, Request, User};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};
use kctl_base::status::Reason;
use kctl_kinds::certificates::SigningRequest;

/// The controller; its keys are CertificateSigningRequests.
pub(in crate::controllers) const CONTROLLER: Controller = Controller {
    name: "certificatesigningrequest-approving-controller",
    watches: &[Watch::primary(REQUESTS)],
    reconcile,
};

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(request) = ctx.get_key(REQUESTS, key)? else { return Ok(Action::AwaitChange) };
    if !request.str("/status/certificate").is_empty() || has(&request, "Approved") || has(&request, "Denied") {
        return Ok(Action::AwaitChange);
    }
    let user = requester(&request);
    for (subresource, message) in permissions(&request) {
        if may_create(ctx, &user, subresource)? {
            let mut approved = (*request).clone();
            let condition = json!({"type": "Approved", "status": "True", "reason": "AutoApproved", "message": message});
            approved.list_mut("/status/conditions").push(condition);
            ctx.send(Request::update(REQUESTS, "", &key.name, approved).subresource("approval"))?;
            break;
        }
    }
    Ok(Action::AwaitChange)
}

/// Returns the permissions, by the subresource that the user has to be allowed to create, each of which is enough for a
/// request, with the messages of their conditions.
fn permissions(request: &Object) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let parsed = SigningRequest::of(request).filter(|parsed| {
        request.str("/spec/signerName") == rules::KUBELET_CLIENT
            && rules::kubelet_client(parsed, &usages(request)).is_ok()
    });
    let Some(parsed) = parsed else { return found };
    if parsed.common_name() == request.str("/spec/username") {
        let message = "Auto approving self kubelet client certificate after SubjectAccessReview.";
        found.push(("selfnodeclient", message));
    }
    found.push(("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."));
    found
}

/// Returns the user who made a request.
fn requester(request: &Object) -> User {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect()
    };
    let groups = request.at("/spec/groups").map(texts).unwrap_or_default();
    let extra = request.map("/spec/extra").into_iter().flat_map(|extra| extra.iter());
    let extra = extra.map(|(key, values)| (key.to_string(), texts(values))).collect();
    User::new(request.str("/spec/username"), groups).with_uid(request.str("/spec/uid")).with_extra(extra)
}

fn may_create(ctx: &mut Context<'_>, user: &User, subresource: &str) -> Result<bool> {
    let attributes = Attributes {
        verb: "create".into(),
        group: "certificates.k8s.io".into(),
        resource: "certificatesigningrequests".into(),
        subresource: subresource.into(),
        ..Attributes::default()
    };
    match ctx.server().authorize_user(user, &attributes) {
        Ok(()) => Ok(true),
        Err(status) if status.reason == Reason::Forbidden => Ok(false),
        Err(status) => Err(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::certificates::testing::signing_request;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn kubelets_are_approved_if_they_may_ask() {
        let mut bench = Bench::open();
        let node = "CN=system:node:a,O=system:nodes";
        let usages = ["client auth", "digital signature"];
        let mut ask = |name: &str, signer: &str, user: User| {
            let request = signing_request(name, signer, node, &[], &usages);
            bench.cluster.handle(&Request::create(REQUESTS, "", request).by(user)).expect("created");
            let found = bench.cluster.server().read(REQUESTS, "", name).expect("a read").expect("present");
            let message = found.list("/status/conditions").first().map(|c| c.str("/message").to_string());
            (message.unwrap_or_default(), !found.str("/status/certificate").is_empty())
        };
        let message = "Auto approving kubelet client certificate after SubjectAccessReview.".to_string();
        assert_eq!(ask("a", rules::KUBELET_CLIENT, User::admin()), (message, true));
        let own = "Auto approving self kubelet client certificate after SubjectAccessReview.".to_string();
        let kubelet = User::new("system:node:a", vec!["system:masters".into()]);
        assert_eq!(ask("b", rules::KUBELET_CLIENT, kubelet), (own, true));
        assert_eq!(ask("c", "kubernetes.io/kube-apiserver-client", User::admin()), (String::new(), false));
    }
}
