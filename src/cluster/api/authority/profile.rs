//! The parts of a certificate as the builder asks for them.

use x509_cert::builder::Result;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// A certificate whose parts are all given. The builder's own profiles know rules of the web that Kubernetes does not.
pub(super) struct Profile {
    pub(super) issuer: Name,
    pub(super) subject: Name,
    pub(super) extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _certificate: &TbsCertificate,
    ) -> Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}
