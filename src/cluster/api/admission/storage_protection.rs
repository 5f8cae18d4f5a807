//! StorageObjectInUseProtection: adds finalizers to claims and volumes, which controllers remove when they are no longer in
//! use (`plugin/pkg/admission/storage/storageobjectinuseprotection`).

use super::{Admission, Result};
use kctl_base::object::ObjectMeta;

/// Adds the finalizer to a new claim or volume.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if admission.creates("persistentvolumeclaims") {
        admission.new.add_finalizer("kubernetes.io/pvc-protection");
    } else if admission.creates("persistentvolumes") {
        admission.new.add_finalizer("kubernetes.io/pv-protection");
    }
    Ok(())
}
