//! Authentication by client certificates (`apiserver/pkg/authentication/request/x509/x509.go`).

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME};
use x509_cert::der::oid::db::rfc5280;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::ExtendedKeyUsage;

use super::{Authority, check_signature};
use crate::api::{Result, Server, User};
use kctl_base::sim::Time;
use kctl_base::status::Status;

impl Server {
    /// Returns the user of a client certificate (DER); `None` unless this cluster has issued it for clients, and it is valid
    /// now.
    ///
    /// # Errors
    /// The authority cannot be set up.
    pub fn authenticate_certificate(&self, der: &[u8], now: Time) -> Result<Option<User>> {
        let authority = Authority::of(self.ids).map_err(|e| Status::internal(e.to_string()))?;
        Ok(Certificate::from_der(der)
            .ok()
            .filter(|found| authority.accepts(found, now))
            .and_then(|found| user(&found, der)))
    }
}

impl Authority {
    /// Returns whether a certificate was issued by this authority for clients and is valid now.
    fn accepts(&self, certificate: &Certificate, now: Time) -> bool {
        let contents = certificate.tbs_certificate();
        let secs = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let validity = contents.validity();
        let is_now = (secs(validity.not_before)..=secs(validity.not_after)).contains(&now.secs());
        let is_signed = contents.to_der().is_ok_and(|message| {
            let key = self.key.public_key();
            let algorithm = certificate.signature_algorithm();
            key.is_ok_and(|key| check_signature(&key, algorithm, &message, certificate.signature()).is_ok())
        });
        is_now && *contents.issuer() == self.name && is_signed && is_for_clients(certificate)
    }
}

/// Returns whether the extended usages of a certificate, if it has any, allow clients.
fn is_for_clients(certificate: &Certificate) -> bool {
    let usages = certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>();
    let allowed = [rfc5280::ID_KP_CLIENT_AUTH, rfc5280::ANY_EXTENDED_KEY_USAGE];
    match usages {
        Ok(Some((_, usages))) => usages.0.iter().any(|usage| allowed.contains(usage)),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Returns the user whom a certificate names: the common name, with the organizations as groups.
fn user(certificate: &Certificate, der: &[u8]) -> Option<User> {
    let values = |id: ObjectIdentifier| {
        let found = certificate.tbs_certificate().subject().iter().filter(move |attribute| attribute.oid == id);
        found.map(|attribute| String::from_utf8_lossy(attribute.value.value()).into_owned()).collect::<Vec<_>>()
    };
    let name = values(COMMON_NAME).pop().filter(|name| !name.is_empty())?;
    Some(User::new(&name, values(ORGANIZATION_NAME)).with_extra(credential(&fingerprint(der))))
}

/// Returns the SHA-256 of a certificate (DER) in hexadecimal.
pub(super) fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what is known of a user with a certificate beside name and groups: which one that is.
pub(super) fn credential(fingerprint: &str) -> BTreeMap<String, Vec<String>> {
    let id = format!("X509SHA256={fingerprint}");
    BTreeMap::from([("authentication.kubernetes.io/credential-id".into(), vec![id])])
}
