//! CertificateSigningRequests (`pkg/registry/certificates/certificates/strategy.go`).

mod request;

pub use request::{AlternativeNames, SigningRequest};

use x509_cert::der::oid::ObjectIdentifier;

use crate::shared::describe::{describe_events, format_labels, stamp};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_base::view::{Cell, Column};

/// The CertificateSigningRequest kind. The server sets the requesting user (`spec.username` and the like).
pub(crate) struct CertificateSigningRequest;

static NAMES: Names = Names::cluster_scoped(
    ("certificates.k8s.io", "v1"),
    "CertificateSigningRequest",
    "certificatesigningrequests",
    "certificatesigningrequest",
)
.short(&["csr"]);

/// The signer of requests that name none in older versions of the API.
const LEGACY_SIGNER: &str = "kubernetes.io/legacy-unknown";

/// The usages of keys.
const USAGES: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

impl Kind for CertificateSigningRequest {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({}))
    }

    /// The spec is immutable.
    fn prepare_update(&self, new: &mut Object, old: &Object) {
        for field in ["/spec", "/status"] {
            new.put(field, old.at(field).cloned().unwrap_or_else(|| json!({})));
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let spec = Path::new("spec");
        let mut errors = ErrorList::new();
        let text = object.str("/spec/request");
        if SigningRequest::of(object).is_none() {
            errors.push(field::invalid(&spec.child("request"), text, "PEM block type must be CERTIFICATE REQUEST"));
        }
        let usages = object.list("/spec/usages");
        if usages.is_empty() {
            errors.push(field::required(&spec.child("usages"), ""));
        }
        for (index, usage) in usages.iter().enumerate() {
            if !usage.as_str().is_some_and(|usage| USAGES.contains(&usage)) {
                errors.push(field::not_supported(&spec.child("usages").index(index), usage.clone(), USAGES));
            }
            if usages[..index].contains(usage) {
                errors.push(field::duplicate(&spec.child("usages").index(index), usage.clone()));
            }
        }
        let signer = object.str("/spec/signerName");
        let path = spec.child("signerName");
        if signer.is_empty() {
            errors.push(field::required(&path, ""));
        } else if signer == LEGACY_SIGNER {
            errors.push(field::invalid(&path, signer, "the legacy signerName is not allowed via this API version"));
        } else if !signer.contains('/') {
            let text = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
            errors.push(field::invalid(&path, signer, text));
        }
        if let Some(seconds) = object.int("/spec/expirationSeconds").filter(|s| *s < 600) {
            let path = spec.child("expirationSeconds");
            errors.push(field::invalid(
                &path,
                seconds,
                "may not specify a duration less than 600 seconds (10 minutes)",
            ));
        }
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Age", "SignerName", "Requestor", "RequestedDuration", "Condition"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![
            object.name().into(),
            age(object, now),
            object.str("/spec/signerName").into(),
            object.str("/spec/username").into(),
            duration(object).unwrap_or_else(|| "<none>".into()),
            condition_text(object),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "spec.signerName").then(|| object.str("/spec/signerName").into())
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Labels", format_labels(&object.labels()));
    out.pair(0, "Annotations", format_labels(&object.strings("/metadata/annotations")));
    out.pair(0, "CreationTimestamp", stamp(object, "/metadata/creationTimestamp"));
    out.pair(0, "Requesting User", object.str("/spec/username"));
    if !object.str("/spec/signerName").is_empty() {
        out.pair(0, "Signer", object.str("/spec/signerName"));
    }
    if let Some(text) = duration(object) {
        out.pair(0, "Requested Duration", text);
    }
    out.pair(0, "Status", condition_text(object));
    if let Some(request) = SigningRequest::of(object) {
        describe_subject(&request, out);
    }
    describe_events(lookup, object, out);
}

fn duration(object: &Object) -> Option<String> {
    object.int("/spec/expirationSeconds").map(|s| Duration::from_secs(s).human())
}

/// The CONDITION column: approval or denial, and whether the certificate was issued (`extractCSRStatus` in
/// `pkg/printers/internalversion/printers.go`).
fn condition_text(object: &Object) -> String {
    let has = |kind: &str| object.list("/status/conditions").iter().any(|c| c.str("/type") == kind);
    let mut text = if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    }
    .to_string();
    if has("Failed") {
        text.push_str(",Failed");
    }
    if !object.str("/status/certificate").is_empty() {
        text.push_str(",Issued");
    }
    text
}

fn describe_subject(request: &SigningRequest, out: &mut PrefixWriter) {
    out.line(0, "Subject:");
    let one = |id: ObjectIdentifier| request.subject(id).last().cloned().unwrap_or_default();
    out.line(0, format!("\tCommon Name:\t{}", one(request::COMMON_NAME)));
    out.line(0, format!("\tSerial Number:\t{}", one(request::SERIAL_NUMBER)));
    for (label, id) in request::SUBJECT_LISTS {
        list_lines(label, &request.subject(id), out);
    }
    let AlternativeNames { dns, emails, uris, addresses } = request.alternative_names();
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let lists = [("DNS Names", dns), ("Email Addresses", emails), ("URIs", uris), ("IP Addresses", &addresses)];
    if lists.iter().any(|(_, names)| !names.is_empty()) {
        out.line(0, "Subject Alternative Names:");
        lists.iter().for_each(|(label, names)| list_lines(label, names, out));
    }
}

fn list_lines(label: &str, values: &[String], out: &mut PrefixWriter) {
    if !values.is_empty() {
        out.line(0, format!("\t{label}:\t{}", values.join("\n\t\t")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_combined() {
        let csr = json!({"status": {"conditions": [{"type": "Approved"}], "certificate": "eA=="}});
        assert_eq!(condition_text(&csr), "Approved,Issued");
        assert_eq!(condition_text(&json!({})), "Pending");
    }
}
