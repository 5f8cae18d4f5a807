//! Certificates with their keys, checked as Go's `tls.X509KeyPair` checks them.

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use crate::{CliError, CliResult};
use kctl_kinds::shared::key_pair;

/// Returns the first certificate (DER) of a PEM file whose key is in another one. Keys of kinds that are not known here, such as
/// those of the curve P-521, are taken for the right ones.
///
/// # Errors
/// One of the files holds something else, or the key is that of another certificate.
pub(crate) fn load(certificate: &[u8], key: &[u8]) -> CliResult<Vec<u8>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Some(problem) = key_pair::problem(&text(certificate), &text(key)) {
        return Err(CliError::new(problem));
    }
    let malformed = |what: &str| CliError::new(format!("tls: failed to parse {what}"));
    let found = CertificateDer::from_pem_slice(certificate).map_err(|_| malformed("certificate"))?;
    let der = found.to_vec();
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| malformed("private key"))?;
    let Ok(key) = any_supported_type(&key) else { return Ok(der) };
    match CertifiedKey::new(vec![found], key).keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(CliError::new("tls: private key does not match public key"))
        }
        _ => Ok(der),
    }
}
