//! PersistentVolumeClaimResize: rejects the expansion of claims unless their storage class allows it
//! (`plugin/pkg/admission/storage/persistentvolume/resize`).

use super::{Admission, Operation, Result};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;

/// Rejects an update that requests more storage from a class without `allowVolumeExpansion`.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if admission.operation != Operation::Update || admission.kind.names().resource() != "persistentvolumeclaims" {
        return Ok(());
    }
    let Some(old) = admission.old else { return Ok(()) };
    let new = &*admission.new;
    if old.str("/status/phase") != "Bound" || requested(new) <= requested(old) {
        return Ok(());
    }
    let class = admission.server.read("storageclasses.storage.k8s.io", "", new.str("/spec/storageClassName"))?;
    if class.is_some_and(|c| c.flag("/allowVolumeExpansion")) {
        return Ok(());
    }
    let detail = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must \
               support resize";
    Err(Status::forbidden("", "persistentvolumeclaims", new.name(), detail))
}

/// Returns the storage that a claim requests.
fn requested(claim: &Object) -> Option<Quantity> {
    Quantity::from_value(claim.at("/spec/resources/requests/storage")?).ok()
}
