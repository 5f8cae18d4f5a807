//! Logging in to a cluster: from a token or certificate to its user, and from one user to another.

use crate::api::{Result, User};
use crate::cluster::Cluster;

impl Cluster {
    /// Returns the administrator, who owns the store.
    ///
    /// # Errors
    /// The authority of the cluster cannot be set up.
    pub fn administrator(&mut self) -> Result<User> {
        self.server.administrator()
    }

    /// Returns the user whom a token authenticates; `None` for a token that this cluster does not issue.
    ///
    /// # Errors
    /// Status 401 for a token of this cluster that is not valid (any more).
    pub fn authenticate(&mut self, token: &str) -> Result<Option<User>> {
        self.server.authenticate(token, self.clock.now)
    }

    /// Returns the user whom a client certificate (DER) authenticates; `None` for one that this cluster has not issued, or
    /// that is not valid now.
    ///
    /// # Errors
    /// The authority of the cluster cannot be set up.
    pub fn authenticate_certificate(&mut self, certificate: &[u8]) -> Result<Option<User>> {
        self.server.authenticate_certificate(certificate, self.clock.now)
    }

    /// Rejects a user who may not act as another one in explicit groups.
    ///
    /// # Errors
    /// Status 403.
    pub fn authorize_impersonation(&mut self, by: &User, user: &User, groups: &[String]) -> Result<()> {
        self.server.authorize_impersonation(by, user, groups)
    }
}
