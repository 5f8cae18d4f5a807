//! The discovery of the issuer of tokens (`pkg/serviceaccount/openidmetadata.go`, `pkg/routes/openidmetadata.go`): with its documents
//! others can check the tokens of this cluster.

use super::{ISSUER, jwt};
use crate::api::{Attributes, Result, Server, User};
use kctl_base::status::Status;

/// The paths of the documents.
const CONFIGURATION: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/openid/v1/jwks";

impl Server {
    /// Returns the document of the issuer at a path, as a user reads it; `None` for another path.
    ///
    /// # Errors
    /// Status 403 for a user who may not read it.
    pub(crate) fn issuer_document(&mut self, user: &User, path: &str) -> Result<Option<String>> {
        let path = path.trim_end_matches('/');
        if ![CONFIGURATION, KEYS].contains(&path) {
            return Ok(None);
        }
        self.authorize_user(user, &Attributes::of_path("get", path))?;
        let profile = self.settings.installation.profile;
        let key = jwt::PublicKey::of(self.ids).map_err(|error| Status::internal(error.to_string()))?;
        Ok(Some(match path {
            KEYS => format!(
                r#"{{"keys":[{{"use":"sig","kty":"OKP","kid":"{}","crv":"Ed25519","alg":"{}","x":"{}"}}]}}"#,
                key.id,
                jwt::ALGORITHM,
                key.x
            ),
            _ => format!(
                r#"{{"issuer":"{ISSUER}","jwks_uri":"https://{}:{}{KEYS}","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["{}"]}}"#,
                profile.node_address(0),
                profile.server_port(),
                jwt::ALGORITHM
            ),
        }))
    }
}
