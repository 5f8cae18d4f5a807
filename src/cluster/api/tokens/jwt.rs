//! JSON Web Tokens (RFC 7519) with the signature HS256: a key that both signs and verifies is enough, because nobody but the
//! server verifies its tokens.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use kctl_base::json::{Value, json, to_compact};
use kctl_base::object::ValueRead;
use kctl_base::sim::Ids;

const ALGORITHM: &str = "HS256";

/// Returns the token with claims, signed with the key of the cluster.
pub(super) fn sign(ids: Ids, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(to_compact(value));
    let signed = format!("{}.{}", part(&json!({"alg": ALGORITHM, "typ": "JWT"})), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac(ids, &signed).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// Returns the claims of a token; `None` unless it is signed with the key of the cluster.
pub(super) fn verify(ids: Ids, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(ids, signed).verify_slice(&signature).ok()?;
    let (header, claims) = signed.split_once('.')?;
    (decode(header)?.str("/alg") == ALGORITHM).then(|| decode(claims))?
}

/// Returns the issuer that a token names, whoever has signed it.
pub(super) fn issuer(token: &str) -> Option<String> {
    Some(decode(token.split('.').nth(1)?)?.str("/iss").to_string())
}

fn decode(part: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    kctl_base::go::json::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

/// Starts the authentication code of a text. Its key is derived from the seed of the cluster.
fn mac(ids: Ids, text: &str) -> Hmac<Sha256> {
    let half = |counter| ids.draw("key", "serviceaccount tokens", counter).to_be_bytes();
    let key = [half(0), half(1)].concat();
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_the_cluster_signs() {
        let claims = json!({"iss": "me", "sub": "you"});
        let token = sign(Ids::new(1), &claims);
        assert_eq!(verify(Ids::new(1), &token), Some(claims));
        assert_eq!(verify(Ids::new(2), &token), None);
        assert_eq!(issuer(&token).as_deref(), Some("me"));
        let (signed, _) = token.rsplit_once('.').expect("three parts");
        for forged in [signed.to_string(), format!("{signed}."), "a.b".into(), String::new()] {
            assert_eq!(verify(Ids::new(1), &forged), None, "{forged}");
        }
    }
}
