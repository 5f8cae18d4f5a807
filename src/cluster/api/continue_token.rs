//! Tokens that continue a list (`apiserver/pkg/storage/continue.go`).
//!
//! A token is the base64 form of `{"v":"meta.k8s.io/v1","rv":415,"start":"/default/web-0\u0000"}`: the revision of the first
//! page, and the smallest key behind the last object, relative to the collection that is listed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Request, Result};
use crate::store::ObjectKey;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;

/// The version of the format.
const VERSION: &str = "meta.k8s.io/v1";

/// A token, decoded.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct ContinueToken {
    v: String,
    rv: u64,
    start: String,
}

impl ContinueToken {
    /// Creates the token that continues the list of a request after an object. `revision` is that of the first page;
    /// `namespace` is the one that is listed, `None` for all namespaces and for cluster-scoped kinds.
    pub(super) fn after(last: &Object, namespace: Option<&str>, revision: u64) -> ContinueToken {
        let start = match (namespace, last.namespace()) {
            (Some(_), _) | (None, "") => format!("/{}\0", last.name()),
            (None, own) => format!("/{own}/{}\0", last.name()),
        };
        ContinueToken { v: VERSION.into(), rv: revision, start }
    }

    /// Reads the token of a request; `None` for the first page.
    ///
    /// # Errors
    /// Status 400 for a text that is not a token.
    pub(super) fn of(request: &Request) -> Result<Option<ContinueToken>> {
        let text = &request.options.continue_token;
        if text.is_empty() {
            return Ok(None);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let token = bytes.and_then(|bytes| kctl_base::json::from_slice::<ContinueToken>(&bytes).ok());
        let is_valid = |token: &ContinueToken| token.v == VERSION && token.start.starts_with('/');
        token.filter(is_valid).map(Some).ok_or_else(|| Status::bad_request("continue key is not valid"))
    }

    /// Returns the text of the token.
    pub(super) fn encode(&self) -> String {
        // Strings and numbers can always be written.
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    /// Returns the revision of the first page.
    pub(super) fn revision(&self) -> u64 {
        self.rv
    }

    /// Returns the key of the last object of the page before.
    pub(super) fn key(&self, request: &Request, namespace: Option<&str>) -> ObjectKey {
        let start = self.start.trim_start_matches('/').trim_end_matches('\0');
        let (namespace, name) = match (namespace, start.split_once('/')) {
            (Some(namespace), _) => (namespace, start),
            (None, Some((namespace, name))) => (namespace, name),
            (None, None) => ("", start),
        };
        ObjectKey::new(request.resource.as_str(), namespace, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn tokens_are_those_of_an_api_server() {
        let pod = json!({"metadata": {"name": "p1", "namespace": "default"}});
        let token = ContinueToken::after(&pod, None, 415).encode();
        assert_eq!(token, "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NDE1LCJzdGFydCI6Ii9kZWZhdWx0L3AxXHUwMDAwIn0");
        let mut request = Request::list("pods", "");
        request.options.continue_token = token;
        let read = ContinueToken::of(&request).expect("a token").expect("not the first page");
        assert_eq!(read.key(&request, None), ObjectKey::new("pods", "default", "p1"));
        assert_eq!(read.revision(), 415);
    }

    #[test]
    fn tokens_of_one_namespace_hold_the_name_alone() {
        let pod = json!({"metadata": {"name": "p1", "namespace": "default"}});
        let mut request = Request::list("pods", "default");
        request.options.continue_token = ContinueToken::after(&pod, Some("default"), 1).encode();
        let read = ContinueToken::of(&request).expect("a token").expect("not the first page");
        assert_eq!(read.key(&request, Some("default")), ObjectKey::new("pods", "default", "p1"));
        assert_eq!(read.start, "/p1\0");
        request.options.continue_token = "default/p1".into();
        assert_eq!(ContinueToken::of(&request).expect_err("not a token").message, "continue key is not valid");
    }
}
