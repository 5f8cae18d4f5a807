//! DefaultStorageClass: sets the default storage class in claims that name none
//! (`plugin/pkg/admission/storage/storageclass/setdefault`).

use super::{Admission, Result};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const DEFAULT_BETA: &str = "storageclass.beta.kubernetes.io/is-default-class";
const CLASS_BETA: &str = "volume.beta.kubernetes.io/storage-class";

/// Sets the class of a new claim.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let claim = &*admission.new;
    let has_class = claim.at("/spec/storageClassName").is_some() || claim.annotation(CLASS_BETA).is_some();
    if !admission.creates("persistentvolumeclaims") || has_class {
        return Ok(());
    }
    let mut defaults = admission.server.read_all("storageclasses.storage.k8s.io", None)?;
    defaults.retain(|c| [DEFAULT, DEFAULT_BETA].iter().any(|a| c.annotation(a) == Some("true")));
    // Of several defaults, the newest wins, then the first by name.
    defaults.sort_by(|a, b| b.creation_time().cmp(&a.creation_time()).then_with(|| a.name().cmp(b.name())));
    if let Some(class) = defaults.first() {
        admission.new.put("/spec/storageClassName", class.name());
    }
    Ok(())
}
