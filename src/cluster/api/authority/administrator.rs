//! The administrator, as the client certificate names him that an installer puts into the kubeconfig.

use std::str::FromStr as _;

use x509_cert::Certificate;
use x509_cert::builder::Result;
use x509_cert::der::Encode as _;
use x509_cert::der::oid::AssociatedOid as _;
use x509_cert::der::oid::db::rfc5280;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;

use super::authenticate::{credential, fingerprint};
use super::{Authority, Contents, NOT_AFTER, NOT_BEFORE, extension, seed_of};
use crate::api::{self, Server, User};
use crate::profile::Profile;
use kctl_base::sim::Ids;
use kctl_base::status::Status;

/// The row of the fingerprint of the certificate, which takes longer to issue than a small command otherwise takes.
const FINGERPRINT: &str = "administrator";

impl Server {
    /// Returns the administrator: in a cluster of kubeadm or kind a member of the group that is bound to `cluster-admin`, in one of
    /// minikube of `system:masters`.
    ///
    /// # Errors
    /// The certificate cannot be issued, or the row of its fingerprint cannot be read.
    pub fn administrator(&mut self) -> api::Result<User> {
        let Some((name, group)) = subject(self.settings().installation.profile) else { return Ok(User::admin()) };
        let print = match self.typed_row::<String>(FINGERPRINT)? {
            Some(print) => print,
            // A store of an earlier version.
            None => print_of(self.ids(), name, group)?,
        };
        Ok(User::new(name, vec![group.to_owned()]).with_extra(credential(&print)))
    }

    /// Issues the certificate of the administrator of a new cluster.
    ///
    /// # Errors
    /// The certificate cannot be issued.
    pub(crate) fn make_administrator(&mut self) -> api::Result<()> {
        if let Some((name, group)) = subject(self.settings().installation.profile) {
            let print = print_of(self.ids(), name, group)?;
            self.set_typed_row(FINGERPRINT, Some(print));
        }
        Ok(())
    }
}

/// Returns the name and the group of the administrator whom an installer makes; `None` in a cluster without one.
fn subject(profile: Profile) -> Option<(&'static str, &'static str)> {
    match profile {
        Profile::Bare => None,
        Profile::Kubeadm | Profile::Kind => Some(("kubernetes-admin", "kubeadm:cluster-admins")),
        Profile::Minikube => Some(("minikube-user", "system:masters")),
    }
}

fn print_of(ids: Ids, name: &str, group: &str) -> api::Result<String> {
    let failed = |error: &dyn std::fmt::Display| Status::internal(error.to_string());
    let certificate = issue(ids, &format!("CN={name},O={group}")).map_err(|error| failed(&error))?;
    Ok(fingerprint(&certificate.to_der().map_err(|error| failed(&error))?))
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
