//! StorageObjectInUseProtection: claims and volumes in use do not vanish; controllers take the finalizers off.

use super::{Admission, Result};
use kctl_base::object::ObjectMeta;

pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if admission.creates("persistentvolumeclaims") {
        admission.new.add_finalizer("kubernetes.io/pvc-protection");
    } else if admission.creates("persistentvolumes") {
        admission.new.add_finalizer("kubernetes.io/pv-protection");
    }
    Ok(())
}
