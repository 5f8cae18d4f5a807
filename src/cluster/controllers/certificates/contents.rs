//! The contents of an issued certificate (`authority/policies.go`): the subject and names of its request, the usages that were asked
//! for, and nothing else of the request.

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::Result;
use x509_cert::der::asn1::{Any, Ia5String, PrintableString, SetOfVec, Utf8StringRef};
use x509_cert::der::oid::db::{rfc4519, rfc5280};
use x509_cert::der::oid::{AssociatedOid as _, ObjectIdentifier};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

use super::usages;
use crate::api::authority::{Authority, Contents, NOT_AFTER, extension};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_kinds::certificates::SigningRequest;

/// The longest life of a certificate (`--cluster-signing-duration`).
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// The shortest one.
const SHORTEST: Duration = Duration::from_secs(600);
/// The time before its issue from which a certificate is valid.
const BACKDATE: Duration = Duration::from_secs(300);
/// Certificates with a shorter life do not end earlier because they begin earlier.
const SHORT: Duration = Duration::from_secs(8 * 3600);

/// The attributes of a subject in the order in which Go writes them. Those of one kind form a set.
const SUBJECT: [ObjectIdentifier; 9] = [
    rfc4519::COUNTRY_NAME,
    rfc4519::ORGANIZATION_NAME,
    rfc4519::ORGANIZATIONAL_UNIT_NAME,
    rfc4519::LOCALITY_NAME,
    rfc4519::ST,
    rfc4519::STREET,
    rfc4519::POSTAL_CODE,
    rfc4519::COMMON_NAME,
    rfc4519::SERIAL_NUMBER,
];

const KEY_USAGES: [(&str, KeyUsages); 10] = [
    ("signing", KeyUsages::DigitalSignature),
    ("digital signature", KeyUsages::DigitalSignature),
    ("content commitment", KeyUsages::NonRepudiation),
    ("key encipherment", KeyUsages::KeyEncipherment),
    ("key agreement", KeyUsages::KeyAgreement),
    ("data encipherment", KeyUsages::DataEncipherment),
    ("cert sign", KeyUsages::KeyCertSign),
    ("crl sign", KeyUsages::CRLSign),
    ("encipher only", KeyUsages::EncipherOnly),
    ("decipher only", KeyUsages::DecipherOnly),
];

/// In the order of Go's `ExtKeyUsage`.
const EXTENDED_USAGES: [(&str, ObjectIdentifier); 13] = [
    ("any", rfc5280::ANY_EXTENDED_KEY_USAGE),
    ("server auth", rfc5280::ID_KP_SERVER_AUTH),
    ("client auth", rfc5280::ID_KP_CLIENT_AUTH),
    ("code signing", rfc5280::ID_KP_CODE_SIGNING),
    ("email protection", rfc5280::ID_KP_EMAIL_PROTECTION),
    ("s/mime", rfc5280::ID_KP_EMAIL_PROTECTION),
    ("ipsec end system", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.5")),
    ("ipsec tunnel", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.6")),
    ("ipsec user", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.7")),
    ("timestamping", rfc5280::ID_KP_TIME_STAMPING),
    ("ocsp signing", rfc5280::ID_KP_OCSP_SIGNING),
    ("microsoft sgc", ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.3")),
    ("netscape sgc", ObjectIdentifier::new_unwrap("2.16.840.1.113730.4.1")),
];

/// Returns what the certificate for a request says that is issued now.
///
/// # Errors
/// Those of the encoding.
pub(super) fn contents(
    object: &Object,
    request: &SigningRequest,
    authority: &Authority,
    serial: u128,
    now: Time,
) -> Result<Contents> {
    let subject = subject(request)?;
    Ok(Contents {
        serial,
        extensions: extensions(&usages(object), request, authority, subject.is_empty())?,
        subject,
        public_key: request.request().info.public_key.clone(),
        validity: validity(object.int("/spec/expirationSeconds"), now),
    })
}

/// Returns the first and last instant of a certificate with a life in seconds that is issued now.
fn validity(seconds: Option<i64>, now: Time) -> (Time, Time) {
    let life = seconds.map_or(LONGEST, Duration::from_secs).clamp(SHORTEST, LONGEST);
    let start = now + Duration::from_secs(-BACKDATE.secs());
    let end = if life < SHORT { now + life } else { start + life };
    (start, end.min(NOT_AFTER))
}

/// Returns the subject of a request as Go writes it.
fn subject(request: &SigningRequest) -> Result<Name> {
    let mut parts = RdnSequence::default();
    for id in SUBJECT {
        let mut values = request.subject(id);
        if [rfc4519::COMMON_NAME, rfc4519::SERIAL_NUMBER].contains(&id) {
            values = values.pop().into_iter().filter(|value| !value.is_empty()).collect();
        }
        let mut set = SetOfVec::new();
        for value in values {
            set.insert(AttributeTypeAndValue { oid: id, value: text(&value)? })?;
        }
        if !set.is_empty() {
            parts.push(RelativeDistinguishedName::from(set));
        }
    }
    Ok(Name::from_der(&parts.to_der()?)?)
}

/// Encodes a text as a `PrintableString` if it is one.
fn text(value: &str) -> Result<Any> {
    Ok(match PrintableString::new(value) {
        Ok(printable) => Any::encode_from(&printable)?,
        Err(_) => Any::encode_from(&Utf8StringRef::new(value)?)?,
    })
}

fn extensions(
    usages: &[&str],
    request: &SigningRequest,
    authority: &Authority,
    is_nameless: bool,
) -> Result<Vec<Extension>> {
    let mut all = Vec::new();
    let asked = |name: &str| usages.contains(&name);
    let key_usages = KEY_USAGES
        .iter()
        .filter(|(name, _)| asked(name))
        .fold(None, |all, (_, usage)| Some(all.unwrap_or_default() | *usage));
    if let Some(key_usages) = key_usages {
        all.push(extension(KeyUsage::OID, true, &KeyUsage(key_usages))?);
    }
    let mut extended: Vec<ObjectIdentifier> =
        EXTENDED_USAGES.iter().filter(|(name, _)| asked(name)).map(|(_, id)| *id).collect();
    extended.dedup();
    if !extended.is_empty() {
        all.push(extension(ExtendedKeyUsage::OID, false, &ExtendedKeyUsage(extended))?);
    }
    let constraints = BasicConstraints { ca: false, path_len_constraint: None };
    all.push(extension(BasicConstraints::OID, true, &constraints)?);
    let key = AuthorityKeyIdentifier { key_identifier: Some(authority.key_identifier()?), ..Default::default() };
    all.push(extension(AuthorityKeyIdentifier::OID, false, &key)?);
    let names = alternative_names(request)?;
    if !names.is_empty() {
        all.push(extension(SubjectAltName::OID, is_nameless, &SubjectAltName(names))?);
    }
    Ok(all)
}

/// Returns the alternative names of a request in Go's order.
fn alternative_names(request: &SigningRequest) -> Result<Vec<GeneralName>> {
    let names = request.alternative_names();
    let mut all = Vec::new();
    for name in &names.dns {
        all.push(GeneralName::DnsName(Ia5String::new(name)?));
    }
    for name in &names.emails {
        all.push(GeneralName::Rfc822Name(Ia5String::new(name)?));
    }
    for address in &names.addresses {
        all.push(GeneralName::from(*address));
    }
    for name in &names.uris {
        all.push(GeneralName::UniformResourceIdentifier(Ia5String::new(name)?));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_bounded_and_backdated() {
        let now = Time::from_secs(1_000_000);
        let bounds = |seconds: Option<i64>| {
            let (start, end) = validity(seconds, now);
            (start.secs() - now.secs(), end.secs() - now.secs())
        };
        let year = LONGEST.secs();
        assert_eq!(bounds(None), (-300, year - 300));
        assert_eq!(bounds(Some(year + 1)), (-300, year - 300));
        assert_eq!(bounds(Some(3600)), (-300, 3600));
        assert_eq!(bounds(Some(8 * 3600)), (-300, 8 * 3600 - 300));
        assert_eq!(bounds(Some(1)), (-300, 600));
        assert_eq!(validity(None, NOT_AFTER).1, NOT_AFTER);
    }
}
