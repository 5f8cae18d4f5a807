//! Keys and signatures.

use ring::signature::{self as algorithms, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm};
use signature::Keypair;
use x509_cert::builder::Result;
use x509_cert::der::asn1::BitString;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode as _, Document, Encode as _};
use x509_cert::spki::{self, DynSignatureAlgorithmIdentifier, EncodePublicKey};
use x509_cert::{AlgorithmIdentifier, SubjectPublicKeyInfo};

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A key that signs.
pub(crate) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Creates the key of a seed of 32 bytes.
    ///
    /// # Errors
    /// The seed has another length.
    pub(crate) fn from_seed(seed: &[u8]) -> Result<SigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| spki::Error::KeyMalformed)?;
        Ok(SigningKey(pair))
    }

    /// Signs a message.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// Returns whether a signature of a message is by this key.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&algorithms::ED25519, self.public_bytes()).verify(message, signature).is_ok()
    }

    /// Returns the bytes of the public key.
    pub(crate) fn public_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// Returns the public key with its algorithm.
    ///
    /// # Errors
    /// Those of the encoding.
    pub(crate) fn public_key(&self) -> Result<SubjectPublicKeyInfo> {
        Ok(SubjectPublicKeyInfo {
            algorithm: algorithm(),
            subject_public_key: BitString::from_bytes(self.public_bytes())?,
        })
    }
}

fn algorithm() -> AlgorithmIdentifier {
    AlgorithmIdentifier { oid: ED25519, parameters: None }
}

impl Keypair for SigningKey {
    type VerifyingKey = VerifyingKey;

    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.public_bytes().to_vec())
    }
}

impl DynSignatureAlgorithmIdentifier for SigningKey {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifier> {
        Ok(algorithm())
    }
}

/// The public half of a [`SigningKey`].
#[derive(Clone)]
pub(crate) struct VerifyingKey(Vec<u8>);

impl EncodePublicKey for VerifyingKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        let subject_public_key = BitString::from_bytes(&self.0)?;
        Ok(Document::encode_msg(&SubjectPublicKeyInfo { algorithm: algorithm(), subject_public_key })?)
    }
}

/// Checks the signature of a message by a key.
///
/// # Errors
/// The signature is wrong, or of an algorithm that is not known, in the words of Go's `x509`.
pub(crate) fn check(
    key: &SubjectPublicKeyInfo,
    algorithm: &AlgorithmIdentifier,
    message: &[u8],
    signature: &BitString,
) -> std::result::Result<(), &'static str> {
    let known = verification(key, algorithm).ok_or("x509: cannot verify signature: algorithm unimplemented")?;
    let key = UnparsedPublicKey::new(known, key.subject_public_key.raw_bytes());
    key.verify(message, signature.raw_bytes()).map_err(|_| "x509: signature verification failure")
}

/// Returns how signatures of an algorithm by a key are verified; `None` for an unknown algorithm or curve.
fn verification(
    key: &SubjectPublicKeyInfo,
    algorithm: &AlgorithmIdentifier,
) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = || ObjectIdentifier::from_der(&key.algorithm.parameters.as_ref()?.to_der().ok()?).ok();
    Some(match algorithm.oid {
        ED25519 => &algorithms::ED25519,
        // Keys of 1024 bits are short but valid, as in Go.
        RSA_SHA256 => &algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        RSA_SHA384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
        RSA_SHA512 => &algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        ECDSA_SHA256 => match curve()? {
            P256 => &algorithms::ECDSA_P256_SHA256_ASN1,
            P384 => &algorithms::ECDSA_P384_SHA256_ASN1,
            _ => return None,
        },
        ECDSA_SHA384 => match curve()? {
            P256 => &algorithms::ECDSA_P256_SHA384_ASN1,
            P384 => &algorithms::ECDSA_P384_SHA384_ASN1,
            _ => return None,
        },
        _ => return None,
    })
}
