//! DefaultStorageClass: sets the default storage class in claims that name none
//! (`plugin/pkg/admission/storage/storageclass/setdefault`).

use super::{Admission, Result};
use crate::default_class;
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

const CLASS_BETA: &str = "volume.beta.kubernetes.io/storage-class";

/// Sets the class of a new claim.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.creates("persistentvolumeclaims") {
        return Ok(());
    }
    let claim = &*admission.new;
    if claim.at("/spec/storageClassName").is_some() || claim.annotation(CLASS_BETA).is_some() {
        return Ok(());
    }
    let classes = admission.server.read_all("storageclasses.storage.k8s.io", None)?;
    if let Some(class) = default_class::pick(classes, default_class::STORAGE) {
        admission.new.put("/spec/storageClassName", class.name());
    }
    Ok(())
}
