//! JSON Web Tokens (RFC 7519) with the signature EdDSA (RFC 8037): the server publishes the public key, so that others can check
//! them. Earlier versions signed with HS256; the tokens in Secrets of existing stores still count.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use x509_cert::builder::Result;
use x509_cert::der::Encode as _;

use crate::api::authority::{SigningKey, seed_of};
use kctl_base::json::{Value, json, to_compact};
use kctl_base::object::ValueRead;
use kctl_base::sim::Ids;

/// The algorithm of the signatures.
pub(super) const ALGORITHM: &str = "EdDSA";
/// That of earlier versions.
const FORMER_ALGORITHM: &str = "HS256";

/// The public key of the issuer.
pub(super) struct PublicKey {
    /// Its identifier, which the header of each token names (`keyIDFromPublicKey`).
    pub(super) id: String,
    /// Its bytes.
    pub(super) x: String,
}

impl PublicKey {
    /// Returns the key of the cluster.
    ///
    /// # Errors
    /// None for any cluster; those of the encoding.
    pub(super) fn of(ids: Ids) -> Result<PublicKey> {
        let key = signing_key(ids)?;
        Ok(PublicKey { id: identifier(&key)?, x: BASE64_URL_SAFE_NO_PAD.encode(key.public_bytes()) })
    }
}

/// Returns the token with claims, signed with the key of the cluster.
///
/// # Errors
/// None for any cluster; those of the encoding.
pub(super) fn sign(ids: Ids, claims: &Value) -> Result<String> {
    let key = signing_key(ids)?;
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(to_compact(value));
    let signed = format!("{}.{}", part(&json!({"alg": ALGORITHM, "kid": identifier(&key)?})), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}

/// Returns the claims of a token; `None` unless it is signed with the key of the cluster.
pub(super) fn verify(ids: Ids, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    let (header, claims) = signed.split_once('.')?;
    match decode(header)?.str("/alg") {
        ALGORITHM => signing_key(ids).ok()?.has_signed(signed.as_bytes(), &signature).then_some(())?,
        FORMER_ALGORITHM => mac(ids, signed).verify_slice(&signature).ok()?,
        _ => return None,
    }
    decode(claims)
}

/// Returns the issuer that a token names, whoever has signed it.
pub(super) fn issuer(token: &str) -> Option<String> {
    Some(decode(token.split('.').nth(1)?)?.str("/iss").to_string())
}

fn decode(part: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    kctl_base::go::json::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

/// Returns the key that is derived from the seed of the cluster.
fn signing_key(ids: Ids) -> Result<SigningKey> {
    SigningKey::from_seed(&seed(ids))
}

fn seed(ids: Ids) -> Vec<u8> {
    seed_of(ids, "serviceaccount tokens")
}

/// Returns the digest of a public key with its algorithm.
fn identifier(key: &SigningKey) -> Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(key.public_key()?.to_der()?)))
}

/// Starts the authentication code of a text by the key of earlier versions.
fn mac(ids: Ids, text: &str) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(&seed(ids)).expect("a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_the_cluster_signs() {
        let claims = json!({"iss": "me", "sub": "you"});
        let token = sign(Ids::new(1), &claims).expect("a token");
        assert_eq!(verify(Ids::new(1), &token).as_ref(), Some(&claims));
        assert_eq!(verify(Ids::new(2), &token), None);
        assert_eq!(issuer(&token).as_deref(), Some("me"));
        let (signed, _) = token.rsplit_once('.').expect("three parts");
        for forged in [signed.to_string(), format!("{signed}."), "a.b".into(), String::new()] {
            assert_eq!(verify(Ids::new(1), &forged), None, "{forged}");
        }
    }

    #[test]
    fn tokens_of_earlier_versions_count() {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(to_compact(value));
        let claims = json!({"iss": "me"});
        let signed = format!("{}.{}", part(&json!({"alg": FORMER_ALGORITHM, "typ": "JWT"})), part(&claims));
        let token = |ids| {
            let signature = mac(ids, &signed).finalize().into_bytes();
            format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
        };
        assert_eq!(verify(Ids::new(1), &token(Ids::new(1))), Some(claims));
        assert_eq!(verify(Ids::new(1), &token(Ids::new(2))), None);
    }
}
