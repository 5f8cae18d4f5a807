//! The group coordination.k8s.io.

use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A Lease: a lock that its holder renews, used for leader election and node heartbeats.
pub(crate) static LEASE: TableKind =
    TableKind::new(Names::namespaced(("coordination.k8s.io", "v1"), "Lease", "leases", "lease"))
        .validate(lease_errors)
        .table(&["Name", "Holder", "Age"], |lease, now| {
            vec![lease.name().into(), lease.str("/spec/holderIdentity").into(), age(lease, now)]
        });

/// Validates a Lease (`pkg/apis/coordination/validation/validation.go`).
fn lease_errors(lease: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    if let Some(seconds) = lease.int("/spec/leaseDurationSeconds").filter(|s| *s <= 0) {
        errors.push(field::invalid(&spec.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
    }
    if let Some(count) = lease.int("/spec/leaseTransitions").filter(|s| *s < 0) {
        errors.push(field::invalid(&spec.child("leaseTransitions"), count, "must be greater than or equal to 0"));
    }
    errors
}
