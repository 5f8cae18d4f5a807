//! The certificate authority of the cluster: its key is derived from the seed, its signatures (Ed25519) are deterministic, so
//! that the same commands give the same certificates.
//!
//! The key is as secret as the seed, which is enough for a cluster that only lives in this process.

mod administrator;
mod authenticate;
mod profile;
mod signature;

pub(crate) use signature::{SigningKey, check as check_signature};

use std::str::FromStr as _;

use sha2::{Digest as _, Sha256};
use x509_cert::builder::{Builder as _, CertificateBuilder, Result};
use x509_cert::der::asn1::{BitString, GeneralizedTime, Ia5String, OctetString};
use x509_cert::der::oid::AssociatedOid as _;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{self, Encode, EncodePem as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::{Certificate, SubjectPublicKeyInfo};

use x509_cert::time::{Time as X509Time, Validity};

use kctl_base::sim::{Ids, Time};
use profile::Profile;

/// The name of the authority, as kubeadm chooses it.
const NAME: &str = "kubernetes";
/// The validity of its certificate: all times that a virtual clock may show.
const NOT_BEFORE: Time = Time::from_secs(0);
/// The end of the year 9999, after which certificates cannot end.
pub(crate) const NOT_AFTER: Time = Time::from_secs(253_402_300_799);

/// The certificate authority.
pub(crate) struct Authority {
    key: SigningKey,
    name: Name,
}

/// The contents of a certificate, beside its issuer.
pub(crate) struct Contents {
    /// The serial number.
    pub(crate) serial: u128,
    /// The subject.
    pub(crate) subject: Name,
    /// The key of the subject.
    pub(crate) public_key: SubjectPublicKeyInfo,
    /// The first and the last instant at which it is valid.
    pub(crate) validity: (Time, Time),
    /// The extensions, in this order.
    pub(crate) extensions: Vec<Extension>,
}

impl Authority {
    /// Returns the authority of the cluster with a seed.
    ///
    /// # Errors
    /// None for any seed; those of the encoding.
    pub(crate) fn of(ids: Ids) -> Result<Authority> {
        let key = SigningKey::from_seed(&seed_of(ids, "certificate authority"))?;
        Ok(Authority { key, name: Name::from_str(&format!("CN={NAME}"))? })
    }

    /// Returns the certificate of the authority in PEM, with what kubeadm puts into it.
    ///
    /// # Errors
    /// Those of the encoding.
    pub(crate) fn certificate(&self) -> Result<String> {
        let usages = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyCertSign;
        let is_authority = BasicConstraints { ca: true, path_len_constraint: None };
        let names = SubjectAltName(vec![GeneralName::DnsName(Ia5String::new(NAME)?)]);
        let contents = Contents {
            serial: 1,
            subject: self.name.clone(),
            public_key: self.key.public_key()?,
            validity: (NOT_BEFORE, NOT_AFTER),
            extensions: vec![
                extension(KeyUsage::OID, true, &KeyUsage(usages))?,
                extension(BasicConstraints::OID, true, &is_authority)?,
                extension(SubjectKeyIdentifier::OID, false, &SubjectKeyIdentifier(self.key_identifier()?))?,
                extension(SubjectAltName::OID, false, &names)?,
            ],
        };
        Ok(self.issue(contents)?.to_pem(LineEnding::LF)?)
    }

    /// Issues a certificate.
    ///
    /// # Errors
    /// Those of the encoding.
    pub(crate) fn issue(&self, contents: Contents) -> Result<Certificate> {
        let Contents { serial, subject, public_key, validity, extensions } = contents;
        // Leading zeros are not encoded, and a serial number is positive.
        let serial = (serial >> 1).max(1).to_be_bytes();
        let validity = Validity::new(time(validity.0)?, time(validity.1)?);
        let profile = Profile { issuer: self.name.clone(), subject, extensions };
        let mut builder = CertificateBuilder::new(profile, SerialNumber::new(&serial)?, validity, public_key)?;
        let signed = builder.finalize(&self.key)?;
        let signature = BitString::from_bytes(&self.key.sign(&signed))?;
        builder.assemble(signature, &self.key)
    }

    /// Returns the identifier of the key of the authority (RFC 7093, section 2, method 1).
    ///
    /// # Errors
    /// Those of the encoding.
    pub(crate) fn key_identifier(&self) -> der::Result<OctetString> {
        OctetString::new(&Sha256::digest(self.key.public_bytes())[..20])
    }
}

/// Returns the seed of a key, which is derived from that of the cluster.
pub(crate) fn seed_of(ids: Ids, key: &str) -> Vec<u8> {
    let half = |counter| ids.draw("key", key, counter).to_be_bytes();
    [half(0), half(1)].concat()
}

/// Returns an extension with its content encoded.
///
/// # Errors
/// Those of the encoding.
pub(crate) fn extension(
    id: der::oid::ObjectIdentifier,
    critical: bool,
    content: &impl Encode,
) -> der::Result<Extension> {
    Ok(Extension { extn_id: id, critical, extn_value: OctetString::new(content.to_der()?)? })
}

/// Converts a time. Years before 1970 become 1970: certificates know none before 1950.
fn time(time: Time) -> der::Result<X509Time> {
    let seconds = u64::try_from(time.secs()).unwrap_or(0);
    Ok(X509Time::GeneralTime(GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds))?))
}
