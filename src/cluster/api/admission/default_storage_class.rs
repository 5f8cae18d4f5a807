//! DefaultStorageClass: a claim that names no class gets the default one.

use super::{Admission, Result};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const DEFAULT_BETA: &str = "storageclass.beta.kubernetes.io/is-default-class";
const CLASS_BETA: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let claim = &*admission.new;
    let named = claim.at("/spec/storageClassName").is_some() || claim.annotation(CLASS_BETA).is_some();
    if !admission.creates("persistentvolumeclaims") || named {
        return Ok(());
    }
    let mut defaults = admission.server.read_all("storageclasses.storage.k8s.io", None)?;
    defaults.retain(|c| [DEFAULT, DEFAULT_BETA].iter().any(|a| c.annotation(a) == Some("true")));
    // Of several the youngest wins, then the first by name.
    defaults.sort_by(|a, b| b.creation_time().cmp(&a.creation_time()).then_with(|| a.name().cmp(b.name())));
    if let Some(class) = defaults.first() {
        admission.new.put("/spec/storageClassName", class.name());
    }
    Ok(())
}
