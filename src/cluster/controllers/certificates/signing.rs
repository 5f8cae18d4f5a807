//! Issues certificates for approved requests (`signer/signer.go`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Encode as _, EncodePem as _};

use super::contents::contents;
use super::runtime::Result;
use super::{Action, Context, Controller, Key, REQUESTS, Watch, has, rules, usages};
use crate::api::authority::{Authority, check_signature};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::certificates::SigningRequest;

/// The controller; its keys are CertificateSigningRequests.
pub(in crate::controllers) const CONTROLLER: Controller = Controller {
    name: "certificatesigningrequest-signing-controller",
    watches: &[Watch::primary(REQUESTS)],
    reconcile,
};

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(object) = ctx.get_key(REQUESTS, key)? else { return Ok(Action::AwaitChange) };
    let is_due = has(&object, "Approved") && !has(&object, "Denied") && !has(&object, "Failed");
    if !is_due || !object.str("/status/certificate").is_empty() {
        return Ok(Action::AwaitChange);
    }
    let name = object.name();
    let request = SigningRequest::of(&object)
        .ok_or_else(|| Status::internal(format!("unable to parse csr {}", kctl_base::go::quote(name))))?;
    let mut changed = (*object).clone();
    match rules::check(object.str("/spec/signerName"), &request, &usages(&object)) {
        None => return Ok(Action::AwaitChange),
        Some(Err(why)) => {
            let now = ctx.now.rfc3339();
            changed.list_mut("/status/conditions").push(json!({
                "type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": why,
                "lastUpdateTime": now, "lastTransitionTime": now}));
        }
        Some(Ok(())) => changed.put("/status/certificate", BASE64_STANDARD.encode(sign(ctx, &object, &request)?)),
    }
    ctx.update_status(REQUESTS, changed)?;
    Ok(Action::AwaitChange)
}

/// Issues a certificate in PEM.
///
/// # Errors
/// The request is not signed with its key, or cannot be encoded again.
fn sign(ctx: &Context<'_>, object: &Object, request: &SigningRequest) -> Result<String> {
    let failed = |why: &dyn std::fmt::Display| Status::internal(format!("error auto signing csr: {why}"));
    let parsed = request.request();
    let signed = parsed.info.to_der().map_err(|e| failed(&e))?;
    check_signature(&parsed.info.public_key, &parsed.algorithm, &signed, &parsed.signature)
        .map_err(|e| failed(&format!("unable to verify certificate request signature: {e}")))?;
    let serial = ctx.ids().draw("certificate", object.uid(), 0);
    let issue = || {
        let authority = Authority::of(ctx.ids())?;
        let contents = contents(object, request, &authority, serial, ctx.now)?;
        Ok(authority.issue(contents)?.to_pem(LineEnding::LF)?)
    };
    issue().map_err(|e: x509_cert::builder::Error| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Request, User};
    use crate::controllers::certificates::testing::{forged, signing_request};
    use crate::controllers::shared::testing::Bench;
    use kctl_base::json::Value;
    use std::sync::Arc;
    use x509_cert::Certificate;
    use x509_cert::der::DecodePem as _;

    const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

    /// Creates a request, approves it, and returns what becomes of it.
    fn approved(bench: &mut Bench, request: Value) -> Arc<Object> {
        let name = request.name().to_string();
        let created = bench.cluster.handle(&Request::create(REQUESTS, "", request)).expect("created").into_object();
        let mut approval = (*created).clone();
        approval.put("/status/conditions", json!([{"type": "Approved", "status": "True", "reason": "r"}]));
        bench
            .cluster
            .handle(&Request::update(REQUESTS, "", &name, approval).subresource("approval"))
            .expect("approved");
        bench.cluster.server().read(REQUESTS, "", &name).expect("a read").expect("present")
    }

    fn der(object: &Object) -> Vec<u8> {
        let pem = BASE64_STANDARD.decode(object.str("/status/certificate")).expect("base64");
        Certificate::from_pem(pem).expect("a certificate").to_der().expect("DER")
    }

    #[test]
    fn an_issued_certificate_authenticates_its_user() {
        let mut bench = Bench::open();
        let mut request = signing_request("a", CLIENT, "CN=jane,O=dev+O=ops", &["a.example.com"], &["client auth"]);
        request.put("/spec/expirationSeconds", 3600);
        let issued = approved(&mut bench, request.clone());
        let user = bench.cluster.authenticate_certificate(&der(&issued)).expect("an authority").expect("a user");
        assert_eq!((user.name.as_str(), user.groups.join(" ").as_str()), ("jane", "dev ops system:authenticated"));
        let print = &user.extra["authentication.kubernetes.io/credential-id"][0];
        assert!(print.starts_with("X509SHA256=") && print.len() == 75, "{print}");
        let again = approved(&mut Bench::open(), request);
        assert_eq!(again.str("/status/certificate"), issued.str("/status/certificate"), "the same bytes in every run");
        bench.advance(3601);
        assert_eq!(bench.cluster.authenticate_certificate(&der(&issued)), Ok(None::<User>), "expired");
    }

    #[test]
    fn other_certificates_authenticate_nobody() {
        let mut bench = Bench::open();
        let mut find = |signer: &str, subject: &str, names: &[&str], usages: &[&str]| {
            let issued = approved(&mut bench, signing_request("a", signer, subject, names, usages));
            let found = bench.cluster.authenticate_certificate(&der(&issued)).expect("an authority");
            bench.cluster.handle(&Request::delete(REQUESTS, "", "a")).expect("deleted");
            (found.map(|user| user.name), der(&issued))
        };
        let (jane, foreign) = find(CLIENT, "CN=jane", &[], &["client auth"]);
        assert_eq!(jane.as_deref(), Some("jane"));
        assert_eq!(find(CLIENT, "O=dev", &[], &["client auth"]).0, None, "no common name");
        let usages = ["digital signature", "server auth"];
        let node = "CN=system:node:a,O=system:nodes";
        assert_eq!(find("kubernetes.io/kubelet-serving", node, &["a"], &usages).0, None, "for servers");
        let mut other = crate::Cluster::open(crate::OpenOptions::memory(8)).expect("a cluster in memory opens");
        assert_eq!(other.authenticate_certificate(&foreign), Ok(None), "of another cluster");
        assert_eq!(other.authenticate_certificate(b"no certificate"), Ok(None));
    }

    #[test]
    fn refused_requests_fail() {
        let mut bench = Bench::open();
        let failed = approved(&mut bench, signing_request("a", CLIENT, "CN=jane", &[], &["server auth"]));
        let condition = failed.list("/status/conditions")[1].clone();
        assert_eq!((condition.str("/type"), condition.str("/reason")), ("Failed", "SignerValidationFailure"));
        assert_eq!(condition.str("/message"), "invalid usage for client certificate: server auth");
        let other = approved(&mut bench, signing_request("b", "example.com/s", "CN=jane", &[], &["client auth"]));
        assert_eq!((other.list("/status/conditions").len(), other.at("/status/certificate")), (1, None));
        let forged = approved(&mut bench, forged(signing_request("c", CLIENT, "CN=jane", &[], &["client auth"])));
        assert_eq!((forged.list("/status/conditions").len(), forged.at("/status/certificate")), (1, None));
    }
}
