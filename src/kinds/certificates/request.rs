//! PKCS #10 certificate requests (RFC 2986), read for their description and their signers.
//!
//! Signatures are not verified.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use x509_cert::der::asn1::OctetString;
use x509_cert::der::oid::db::rfc4519;
use x509_cert::der::oid::{AssociatedOid as _, ObjectIdentifier};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::request::{CertReq, ExtensionReq};

use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The attribute with the common name of a subject.
pub(super) const COMMON_NAME: ObjectIdentifier = rfc4519::COMMON_NAME;
/// The attribute with the serial number.
pub(super) const SERIAL_NUMBER: ObjectIdentifier = rfc4519::SERIAL_NUMBER;

/// Attributes that can occur several times, with their labels.
pub(super) const SUBJECT_LISTS: [(&str, ObjectIdentifier); 7] = [
    ("Organization", rfc4519::ORGANIZATION_NAME),
    ("Organizational Unit", rfc4519::ORGANIZATIONAL_UNIT_NAME),
    ("Country", rfc4519::COUNTRY_NAME),
    ("Locality", rfc4519::LOCALITY_NAME),
    ("Province", rfc4519::ST),
    ("StreetAddress", rfc4519::STREET),
    ("PostalCode", rfc4519::POSTAL_CODE),
];

/// A certificate request.
pub struct SigningRequest {
    request: CertReq,
    names: AlternativeNames,
}

/// The alternative names of a subject by their kind. Those of other kinds are not read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AlternativeNames {
    /// DNS names.
    pub dns: Vec<String>,
    /// Email addresses.
    pub emails: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// IP addresses.
    pub addresses: Vec<IpAddr>,
}

impl SigningRequest {
    /// Reads the request of a CertificateSigningRequest; `None` when it is not valid.
    pub fn of(object: &Value) -> Option<SigningRequest> {
        SigningRequest::parse(&BASE64_STANDARD.decode(object.str("/spec/request")).ok()?)
    }

    /// Parses a PEM block; `None` when it is not a certificate request.
    fn parse(pem: &[u8]) -> Option<SigningRequest> {
        let text = std::str::from_utf8(pem).ok()?;
        let (_, rest) = text.split_once("-----BEGIN CERTIFICATE REQUEST-----")?;
        let (body, _) = rest.split_once("-----END CERTIFICATE REQUEST-----")?;
        let body: String = body.split_whitespace().collect();
        let request = CertReq::from_der(&BASE64_STANDARD.decode(body).ok()?).ok()?;
        let names = match extension(&request, SubjectAltName::OID)? {
            Some(names) => AlternativeNames::new(&GeneralNames::from_der(names.as_bytes()).ok()?),
            None => AlternativeNames::default(),
        };
        Some(SigningRequest { request, names })
    }

    /// Returns the values of one attribute of the subject, such as `organizationName`.
    pub fn subject(&self, id: ObjectIdentifier) -> Vec<String> {
        let found = self.request.info.subject.iter().filter(|attribute| attribute.oid == id);
        found.map(|attribute| String::from_utf8_lossy(attribute.value.value()).into_owned()).collect()
    }

    /// Returns the common name of the subject; empty without one.
    pub fn common_name(&self) -> String {
        self.subject(COMMON_NAME).pop().unwrap_or_default()
    }

    /// Returns the alternative names of the subject.
    pub fn alternative_names(&self) -> &AlternativeNames {
        &self.names
    }

    /// Returns the whole request.
    pub fn request(&self) -> &CertReq {
        &self.request
    }
}

/// Returns the content of an extension that a request asks for, `Some(None)` when it does not; `None` when the extensions
/// cannot be read.
fn extension(request: &CertReq, id: ObjectIdentifier) -> Option<Option<OctetString>> {
    let attributes = request.info.attributes.iter().filter(|attribute| attribute.oid == ExtensionReq::OID);
    for value in attributes.flat_map(|attribute| attribute.values.iter()) {
        let extensions = Vec::<Extension>::from_der(&value.to_der().ok()?).ok()?;
        if let Some(found) = extensions.into_iter().find(|extension| extension.extn_id == id) {
            return Some(Some(found.extn_value));
        }
    }
    Some(None)
}

impl AlternativeNames {
    fn new(names: &GeneralNames) -> AlternativeNames {
        let mut all = AlternativeNames::default();
        for name in names {
            match name {
                GeneralName::DnsName(name) => all.dns.push(name.to_string()),
                GeneralName::Rfc822Name(name) => all.emails.push(name.to_string()),
                GeneralName::UniformResourceIdentifier(name) => all.uris.push(name.to_string()),
                GeneralName::IpAddress(bytes) => all.addresses.extend(address(bytes.as_bytes())),
                _ => {}
            }
        }
        all
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request of OpenSSL, for `/CN=jane/O=ops/O=dev` and `DNS:a.example.com,IP:10.0.0.1,email:a@b,URI:x:y`.
    const REQUEST: &str = include_str!("request.pem");

    #[test]
    fn subject_and_alternative_names_are_read() {
        let request = SigningRequest::parse(REQUEST.as_bytes()).expect("a request");
        assert_eq!(request.common_name(), "jane");
        assert_eq!(request.subject(rfc4519::ORGANIZATION_NAME), ["ops", "dev"]);
        let names = request.alternative_names();
        assert_eq!((&names.dns[..], &names.emails[..]), (&["a.example.com".to_string()][..], &["a@b".to_string()][..]));
        assert_eq!(names.addresses, [IpAddr::from([10, 0, 0, 1])]);
        assert_eq!(names.uris, ["x:y"]);
    }

    #[test]
    fn other_texts_are_no_requests() {
        let cut = REQUEST.replace("-----END", "AAAA\n-----END");
        for text in ["no", &cut, &REQUEST.replace(" REQUEST", "")] {
            assert!(SigningRequest::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
