//! The `approval` subresource of CertificateSigningRequests: their conditions alone (`csrApprovalStrategy`).

use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ValueRead, ValueWrite};
use kctl_kinds::Kind;

use super::UpdateStrategy;

/// The strategy of the `approval` subresource.
pub(super) struct Approval;

impl UpdateStrategy for Approval {
    fn prepare(&self, kind: &dyn Kind, new: &mut Object, old: &Object) {
        let certificate = old.at("/status/certificate");
        match certificate {
            Some(certificate) => new.put("/status/certificate", certificate.clone()),
            None => drop(new.remove_at("/status/certificate")),
        }
        kind.prepare_status(new, old);
    }

    fn validate(&self, _kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        let place = Path::new("status").child("conditions");
        let mut errors = ErrorList::new();
        let conditions = new.list("/status/conditions");
        let has = |kind: &str| conditions.iter().any(|condition| condition.str("/type") == kind);
        for (index, condition) in conditions.iter().enumerate() {
            let (place, kind) = (place.index(index), condition.str("/type"));
            if kind.is_empty() {
                errors.push(field::required(&place.child("type"), ""));
            }
            if condition.str("/status").is_empty() {
                errors.push(field::required(&place.child("status"), ""));
            }
            if conditions[..index].iter().any(|other| other.str("/type") == kind) {
                errors.push(field::duplicate(&place.child("type"), kind));
            }
        }
        if has("Approved") && has("Denied") {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.push(field::invalid(&place, "Denied", detail));
        }
        for kind in ["Approved", "Denied"] {
            let was = old.list("/status/conditions").iter().any(|condition| condition.str("/type") == kind);
            if was && !has(kind) {
                let detail = format!("updates may not remove a condition of type {}", field::quote(kind));
                errors.push(field::forbidden(&place, &detail));
            }
        }
        errors
    }
}
