//! Treatment of CertificateSigningRequests beyond the rules of their kind: the server records who asks, and serves their
//! approval (`pkg/registry/certificates/certificates`, `plugin/pkg/admission/certificates/approval`).

use super::authorize::Attributes;
use super::{Request, Requester, Response, Result, Server, User, decode};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_kinds::Kind;

const GROUP: &str = "certificates.k8s.io";
const PLURAL: &str = "certificatesigningrequests";

/// Returns whether objects of a kind are CertificateSigningRequests.
pub(super) fn is_request(kind: &dyn Kind) -> bool {
    kind.names().group == GROUP && kind.names().plural == PLURAL
}

/// Records the user who creates a CertificateSigningRequest, whatever the client has sent.
pub(super) fn set_requester(kind: &dyn Kind, new: &mut Object, request: &Request) {
    if !is_request(kind) {
        return;
    }
    let info = request.user().to_info();
    for field in ["username", "uid", "groups", "extra"] {
        let place = format!("/spec/{field}");
        match info.get(field) {
            Some(value) => new.put(&place, value.clone()),
            None => drop(new.remove_at(&place)),
        }
    }
}

impl Server {
    /// Replaces the conditions of a CertificateSigningRequest: its `approval` subresource.
    pub(super) fn approve(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let body = request.take_object()?;
        let mut warnings = Vec::new();
        let mut new = decode::body(kind, body, request, &mut warnings)?;
        decode::expect_kind(kind, &new)?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        if let Requester::User(user) = &request.requester {
            self.check_approver(user, &old)?;
        }
        stamp_conditions(&mut new, &old, now);
        self.replace(kind, old, new, request, now, warnings)
    }

    /// Rejects a user who may not approve requests for the signer: the verb `approve` on the signer, or on all signers of its
    /// domain.
    fn check_approver(&mut self, user: &User, object: &Object) -> Result<()> {
        let signer = object.str("/spec/signerName");
        let domain = signer.split_once('/').map_or(signer, |(domain, _)| domain);
        for name in [signer.to_string(), format!("{domain}/*")] {
            let attributes = Attributes {
                verb: "approve".into(),
                group: GROUP.into(),
                resource: "signers".into(),
                name,
                ..Attributes::default()
            };
            if self.permission(user, &attributes)?.is_some() {
                return Ok(());
            }
        }
        let detail = format!("user not permitted to approve requests with signerName {}", kctl_base::go::quote(signer));
        Err(Status::forbidden(GROUP, PLURAL, object.name(), &detail))
    }
}

/// Sets the times of conditions that the client has left out (`populateConditionTimestamps`).
fn stamp_conditions(new: &mut Object, old: &Object, now: Time) {
    for condition in new.items_mut("/status/conditions") {
        condition.put_default("/lastUpdateTime", now.rfc3339());
        if condition.str("/lastTransitionTime").is_empty() {
            let same =
                |other: &&Value| ["/type", "/status"].iter().all(|field| other.str(field) == condition.str(field));
            let before = old.list("/status/conditions").iter().find(same).map(|other| other.str("/lastTransitionTime"));
            let time = before.filter(|time| !time.is_empty()).map_or_else(|| now.rfc3339(), String::from);
            condition.put("/lastTransitionTime", time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cluster, OpenOptions};
    use kctl_base::json::json;
    use std::collections::BTreeMap;

    const RESOURCE: &str = "certificatesigningrequests.certificates.k8s.io";

    fn signing_request() -> Value {
        let pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHY01GQUNBUUF3SFRFTk1Bc0dBMVVFQXd3RWFtRnVaVEVNTUFvR0ExVUVDZ3dEWkdWMk1Db3dCUVlESzJWdwpBeUVBQ3kvSjVlam9KSGY2Mk5LY05FcnlBcDNGTkVMV1ZvdWdTaWN1YzhodkRUS2dBREFGQmdNclpYQURRUUJtCkNCQjJJakFuWDRKOUorR05ZcTF1Z1B6UHFRd05yRGJuRUlheGFEL0ZjNlJlQnJQaklnemgzTlBrU05Gb3JEL0QKamlWT0NZWjQ5UU9RU1BJaHFVb00KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
        json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "a"},
               "spec": {"request": pem, "usages": ["client auth"], "username": "somebody else",
                        "signerName": "kubernetes.io/kube-apiserver-client"}})
    }

    #[test]
    fn the_server_records_who_asks() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let extra = BTreeMap::from([("scopes".to_string(), vec!["a,b".to_string()])]);
        let user = User::new("kubernetes-admin", vec!["system:masters".into()]).with_uid("7").with_extra(extra);
        let request = Request::create(RESOURCE, "", signing_request()).by(user);
        let spec = cluster.handle(&request).expect("created").into_object()["spec"].clone();
        assert_eq!((spec.str("/username"), spec.str("/uid")), ("kubernetes-admin", "7"));
        assert_eq!(spec["groups"], json!(["system:masters", "system:authenticated"]));
        assert_eq!(spec["extra"], json!({"scopes": ["a,b"]}));
    }

    #[test]
    fn an_approval_changes_nothing_but_the_conditions() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        cluster.handle(&Request::create(RESOURCE, "", signing_request())).expect("created");
        let mut object = (*cluster.server().read(RESOURCE, "", "a").expect("a read").expect("present")).clone();
        object.put("/spec/uid", "8");
        object.put("/status/certificate", "eA==");
        object.put("/status/conditions", json!([{"type": "Approved", "status": "True", "reason": "r"}]));
        let approve = Request::update(RESOURCE, "", "a", object).subresource("approval");
        let jane = approve.clone().by(User::new("jane", Vec::new()));
        assert!(cluster.handle(&jane).is_err_and(|status| status.message.contains("forbidden")));
        let object = cluster.handle(&approve).expect("approved").into_object();
        assert_eq!((object.at("/spec/uid"), object.at("/status/certificate")), (None, None));
        let condition = &object.list("/status/conditions")[0];
        assert!(!condition.str("/lastTransitionTime").is_empty() && !condition.str("/lastUpdateTime").is_empty());
    }
}
