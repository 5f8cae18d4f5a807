//! Groups with one simple kind: coordination.k8s.io, node.k8s.io and apiregistration.k8s.io.

use crate::shared::formats::dns_label_problems;
use crate::shared::rules::{check, immutable_at};
use crate::shared::simple::Simple;
use crate::{Names, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

/// Who holds what, and since when.
pub static LEASE: Simple = Simple::new(Names::builtin(("coordination.k8s.io", "v1"), "Lease", "leases", "lease", true))
    .validate(lease_errors)
    .table(&["Name", "Holder", "Age"], |lease, now| {
        vec![lease.name().into(), lease.str("/spec/holderIdentity").into(), age(lease, now)]
    });

/// A way to run containers.
pub static RUNTIME_CLASS: Simple =
    Simple::new(Names::builtin(("node.k8s.io", "v1"), "RuntimeClass", "runtimeclasses", "runtimeclass", false))
        .validate(|class| check(dns_label_problems, class.str("/handler"), &Path::new("handler")))
        .validate_update(|new, old| immutable_at(new, old, "/handler", &Path::new("handler")))
        .table(&["Name", "Handler", "Age"], |class, now| {
            vec![class.name().into(), class.str("/handler").into(), age(class, now)]
        });

/// A group and version of the API and who serves it.
pub static API_SERVICE: Simple = Simple::new(
    Names::builtin(("apiregistration.k8s.io", "v1"), "APIService", "apiservices", "apiservice", false)
        .categories(&["api-extensions"]),
)
.status(|_| json!({}))
.table(&["Name", "Service", "Available", "Age"], |api, now| {
    let service = api
        .at("/spec/service")
        .map_or_else(|| "Local".into(), |s| format!("{}/{}", s.str("/namespace"), s.str("/name")));
    let available = match condition(api, "Available") {
        None => "Unknown".into(),
        Some(c) if c.str("/status") == "True" => "True".to_string(),
        Some(c) => format!("{} ({})", c.str("/status"), c.str("/reason")),
    };
    vec![api.name().into(), service, available, age(api, now)]
});

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
