//! The requests that each signer accepts (`pkg/apis/certificates/helpers.go`, `pkg/controller/certificates/signer/signer.go`).

use kctl_kinds::certificates::SigningRequest;
use x509_cert::der::oid::db::rfc4519::ORGANIZATION_NAME;

/// The signer of the client certificates of kubelets.
pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
const API_SERVER_CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const LEGACY_UNKNOWN: &str = "kubernetes.io/legacy-unknown";

const CLIENT_AUTH: &str = "client auth";
const DIGITAL_SIGNATURE: &str = "digital signature";
const KEY_ENCIPHERMENT: &str = "key encipherment";

/// Checks a request with sorted usages for a signer; `None` for a signer that is not one of this cluster.
///
/// # Errors
/// Why the signer refuses the request.
pub(super) fn check(signer: &str, request: &SigningRequest, usages: &[&str]) -> Option<Result<(), String>> {
    Some(match signer {
        KUBELET_CLIENT => kubelet_client(request, usages),
        KUBELET_SERVING => kubelet_serving(request, usages),
        API_SERVER_CLIENT => api_server_client(usages),
        LEGACY_UNKNOWN => Ok(()),
        _ => return None,
    })
}

/// Checks the request of a kubelet for a client certificate.
///
/// # Errors
/// Why it is not one.
pub(super) fn kubelet_client(request: &SigningRequest, usages: &[&str]) -> Result<(), String> {
    let names = request.alternative_names();
    check_organization(request)?;
    refuse(&names.dns, "DNS subjectAltNames are not allowed")?;
    refuse(&names.emails, "Email subjectAltNames are not allowed")?;
    refuse(&names.addresses, "IP subjectAltNames are not allowed")?;
    refuse(&names.uris, "URI subjectAltNames are not allowed")?;
    check_common_name(request)?;
    check_usages(usages, CLIENT_AUTH)
}

fn kubelet_serving(request: &SigningRequest, usages: &[&str]) -> Result<(), String> {
    let names = request.alternative_names();
    check_organization(request)?;
    if names.dns.is_empty() && names.addresses.is_empty() {
        return Err("DNS or IP subjectAltName is required".into());
    }
    refuse(&names.emails, "Email subjectAltNames are not allowed")?;
    refuse(&names.uris, "URI subjectAltNames are not allowed")?;
    check_usages(usages, "server auth")?;
    check_common_name(request)
}

fn api_server_client(usages: &[&str]) -> Result<(), String> {
    if let Some(usage) = usages.iter().find(|usage| ![CLIENT_AUTH, DIGITAL_SIGNATURE, KEY_ENCIPHERMENT].contains(usage))
    {
        return Err(format!("invalid usage for client certificate: {usage}"));
    }
    match usages.contains(&CLIENT_AUTH) {
        true => Ok(()),
        false => Err(format!("missing required usage for client certificate: {CLIENT_AUTH}")),
    }
}

fn check_organization(request: &SigningRequest) -> Result<(), String> {
    match request.subject(ORGANIZATION_NAME) == ["system:nodes"] {
        true => Ok(()),
        false => Err("subject organization is not system:nodes".into()),
    }
}

fn check_common_name(request: &SigningRequest) -> Result<(), String> {
    match request.common_name().starts_with("system:node:") {
        true => Ok(()),
        false => Err("subject common name does not begin with system:node:".into()),
    }
}

/// Checks that usages are the one of `purpose` and signatures, and, for RSA keys, encipherment.
fn check_usages(usages: &[&str], purpose: &str) -> Result<(), String> {
    let mut required = [DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, purpose];
    required.sort_unstable();
    let without_rsa: Vec<&str> = required.into_iter().filter(|usage| *usage != KEY_ENCIPHERMENT).collect();
    match usages == required || usages == without_rsa {
        true => Ok(()),
        false => Err(format!("usages did not match [{}]", required.join(" "))),
    }
}

fn refuse<T>(names: &[T], why: &str) -> Result<(), String> {
    if names.is_empty() { Ok(()) } else { Err(why.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::certificates::testing::{signing_request, sorted};

    /// Checks a request of a subject with alternative names for a signer.
    fn refusal(signer: &str, subject: &str, names: &[&str], usages: &[&str]) -> Option<String> {
        let object = signing_request("a", signer, subject, names, usages);
        let request = SigningRequest::of(&object).expect("a request");
        check(signer, &request, &sorted(usages)).expect("a signer of the cluster").err()
    }

    #[test]
    fn clients_have_usages_of_clients() {
        let refusal = |usages: &[&str]| refusal(API_SERVER_CLIENT, "CN=jane", &[], usages);
        assert_eq!(refusal(&[KEY_ENCIPHERMENT, CLIENT_AUTH]), None);
        assert_eq!(
            refusal(&[CLIENT_AUTH, "server auth"]).as_deref(),
            Some("invalid usage for client certificate: server auth")
        );
        assert_eq!(
            refusal(&[DIGITAL_SIGNATURE]).as_deref(),
            Some("missing required usage for client certificate: client auth")
        );
    }

    #[test]
    fn kubelets_ask_for_themselves() {
        let node = "CN=system:node:a,O=system:nodes";
        let client = [DIGITAL_SIGNATURE, CLIENT_AUTH];
        let server = [KEY_ENCIPHERMENT, "server auth", DIGITAL_SIGNATURE];
        for (signer, subject, names, usages, why) in [
            (KUBELET_CLIENT, node, &[][..], &client[..], None),
            (KUBELET_CLIENT, "CN=system:node:a", &[], &client, Some("subject organization is not system:nodes")),
            (KUBELET_CLIENT, node, &["a"], &client, Some("DNS subjectAltNames are not allowed")),
            (KUBELET_CLIENT, node, &["10.0.0.1"], &client, Some("IP subjectAltNames are not allowed")),
            (
                KUBELET_CLIENT,
                "CN=a,O=system:nodes",
                &[],
                &client,
                Some("subject common name does not begin with system:node:"),
            ),
            (
                KUBELET_CLIENT,
                node,
                &[],
                &server,
                Some("usages did not match [client auth digital signature key encipherment]"),
            ),
            (KUBELET_SERVING, node, &["a"], &server, None),
            (KUBELET_SERVING, node, &["10.0.0.1"], &server[1..], None),
            (KUBELET_SERVING, node, &[], &server, Some("DNS or IP subjectAltName is required")),
            (
                KUBELET_SERVING,
                node,
                &["a"],
                &client,
                Some("usages did not match [digital signature key encipherment server auth]"),
            ),
        ] {
            assert_eq!(refusal(signer, subject, names, usages).as_deref(), why, "{signer} {subject} {names:?}");
        }
    }

    #[test]
    fn other_signers_are_not_of_the_cluster() {
        let object = signing_request("a", "example.com/s", "CN=jane", &[], &[CLIENT_AUTH]);
        let request = SigningRequest::of(&object).expect("a request");
        assert_eq!(check("example.com/s", &request, &[CLIENT_AUTH]), None);
        assert_eq!(check(LEGACY_UNKNOWN, &request, &[]), Some(Ok(())));
    }
}
