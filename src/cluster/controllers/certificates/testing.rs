//! Requests for the tests, signed with a key of their own.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::str::FromStr as _;
use x509_cert::attr::Attributes;
use x509_cert::der::asn1::{BitString, Ia5String, OctetString};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Encode as _, EncodePem as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq, Version};
use x509_cert::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::api::authority::extension;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;
use x509_cert::der::oid::AssociatedOid as _;

/// Returns a CertificateSigningRequest for a subject in the notation of RFC 4514, whose alternative names are DNS names and
/// addresses.
pub(super) fn signing_request(name: &str, signer: &str, subject: &str, names: &[&str], usages: &[&str]) -> Value {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes");
    let algorithm = AlgorithmIdentifier { oid: ObjectIdentifier::new_unwrap("1.3.101.112"), parameters: None };
    let public = BitString::from_bytes(key.public_key().as_ref()).expect("bytes");
    let info = CertReqInfo {
        version: Version::V1,
        subject: Name::from_str(subject).expect("a name"),
        public_key: SubjectPublicKeyInfo { algorithm: algorithm.clone(), subject_public_key: public },
        attributes: attributes(names),
    };
    let signature = key.sign(&info.to_der().expect("DER"));
    let signature = BitString::from_bytes(signature.as_ref()).expect("bytes");
    let request = CertReq { info, algorithm, signature };
    let pem = request.to_pem(LineEnding::LF).expect("PEM");
    json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
           "spec": {"request": BASE64_STANDARD.encode(pem), "signerName": signer, "usages": usages}})
}

/// Breaks the signature of a request.
pub(super) fn forged(mut object: Value) -> Value {
    let pem = BASE64_STANDARD.decode(object["spec"]["request"].as_str().expect("a request")).expect("base64");
    let mut request = <CertReq as x509_cert::der::DecodePem>::from_pem(pem).expect("PEM");
    request.signature = BitString::from_bytes(&[0; 64]).expect("bytes");
    let pem = request.to_pem(LineEnding::LF).expect("PEM");
    object.put("/spec/request", BASE64_STANDARD.encode(pem));
    object
}

/// Returns usages as the controllers see them.
pub(super) fn sorted<'a>(usages: &[&'a str]) -> Vec<&'a str> {
    let mut usages = usages.to_vec();
    usages.sort_unstable();
    usages
}

fn attributes(names: &[&str]) -> Attributes {
    let mut attributes = Attributes::default();
    if !names.is_empty() {
        let names = names.iter().map(|name| general_name(name)).collect();
        let extension = extension(SubjectAltName::OID, false, &SubjectAltName(names)).expect("DER");
        attributes.insert(ExtensionReq(vec![extension]).try_into().expect("DER")).expect("one attribute");
    }
    attributes
}

fn general_name(name: &str) -> GeneralName {
    match name.parse::<std::net::Ipv4Addr>() {
        Ok(address) => GeneralName::IpAddress(OctetString::new(address.octets()).expect("bytes")),
        Err(_) => GeneralName::DnsName(Ia5String::new(name).expect("ASCII")),
    }
}
