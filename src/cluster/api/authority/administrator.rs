//! The administrator, as the client certificate names him that an installer puts into the kubeconfig.

use std::str::FromStr as _;

use x509_cert::Certificate;
use x509_cert::builder::Result;
use x509_cert::der::Encode as _;
use x509_cert::der::oid::AssociatedOid as _;
use x509_cert::der::oid::db::rfc5280;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;

use super::authenticate::user;
use super::{Authority, Contents, NOT_AFTER, NOT_BEFORE, extension, seed_of};
use crate::api::{self, Server, User};
use crate::profile::Profile;
use kctl_base::sim::Ids;
use kctl_base::status::Status;

impl Server {
    /// Returns the administrator: in a cluster of kubeadm or kind a member of the group that is bound to `cluster-admin`, in one of
    /// minikube of `system:masters`.
    ///
    /// # Errors
    /// The certificate cannot be issued.
    pub fn administrator(&self) -> api::Result<User> {
        let subject = match self.settings().installation.profile {
            Profile::Bare => return Ok(User::admin()),
            Profile::Kubeadm | Profile::Kind => "CN=kubernetes-admin,O=kubeadm:cluster-admins",
            Profile::Minikube => "CN=minikube-user,O=system:masters",
        };
        let failed = |error: &dyn std::fmt::Display| Status::internal(error.to_string());
        let certificate = issue(self.ids(), subject).map_err(|error| failed(&error))?;
        let der = certificate.to_der().map_err(|error| failed(&error))?;
        user(&certificate, &der).ok_or_else(|| failed(&"the administrator has no name"))
    }
}

/// Issues the client certificate of a subject. It is valid at all times that a virtual clock may show.
fn issue(ids: Ids, subject: &str) -> Result<Certificate> {
    let authority = Authority::of(ids)?;
    let usages = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment;
    let key = AuthorityKeyIdentifier { key_identifier: Some(authority.key_identifier()?), ..Default::default() };
    authority.issue(Contents {
        serial: ids.draw("certificate", subject, 0),
        subject: Name::from_str(subject)?,
        public_key: super::SigningKey::from_seed(&seed_of(ids, "administrator"))?.public_key()?,
        validity: (NOT_BEFORE, NOT_AFTER),
        extensions: vec![
            extension(KeyUsage::OID, true, &KeyUsage(usages))?,
            extension(ExtendedKeyUsage::OID, false, &ExtendedKeyUsage(vec![rfc5280::ID_KP_CLIENT_AUTH]))?,
            extension(BasicConstraints::OID, true, &BasicConstraints { ca: false, path_len_constraint: None })?,
            extension(AuthorityKeyIdentifier::OID, false, &key)?,
        ],
    })
}
