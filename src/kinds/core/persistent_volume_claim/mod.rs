//! PersistentVolumeClaims (`pkg/registry/core/persistentvolumeclaim/strategy.go`).

use std::sync::Arc;

use super::persistent_volume::{
    class, class_errors, fraction_warning, mode_errors, positive_errors, status_text, storage, volume_mode_errors,
};
use crate::shared::describe::{
    annotations, conditions_since, describe_events, go_list, labels, non_empty_or, titled_lines,
};
use crate::shared::diff;
use crate::shared::pod_spec::defaults::default_claim_spec;
use crate::shared::rules::immutable_at;
use crate::shared::selector;
use crate::shared::table::{access_modes, columns};
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The PersistentVolumeClaim kind.
pub(crate) struct PersistentVolumeClaim;

static NAMES: Names =
    Names::namespaced(("", "v1"), "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim")
        .short(&["pvc"]);

impl Kind for PersistentVolumeClaim {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/status/phase", "Pending");
        default_claim_spec(object);
        // Claim templates do not get this one (NormalizeDataSources in pkg/api/persistentvolumeclaim/util.go).
        if object.at("/spec/dataSourceRef").is_none()
            && let Some(source) = object.at("/spec/dataSource").cloned()
        {
            object.put("/spec/dataSourceRef", source);
        }
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({"phase": "Pending"}));
    }

    fn validate(&self, object: &Object) -> ErrorList {
        spec_errors(object, &Path::new("spec"))
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        update_errors(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let asked = |o: &Object| o.at("/spec/resources/requests/storage").cloned();
        if old.is_some_and(|old| asked(old) == asked(new)) {
            return Vec::new();
        }
        fraction_warning(new, "/spec/resources/requests", "spec.resources.requests[storage]").into_iter().collect()
    }

    fn columns(&self) -> Vec<Column> {
        columns(&[
            "Name",
            "Status",
            "Volume",
            "Capacity",
            "Access Modes",
            "StorageClass",
            "VolumeAttributesClass",
            "Age",
            "+VolumeMode",
        ])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let phase = if object.is_deleting() { "Terminating" } else { object.str("/status/phase") };
        let (capacity, modes) = bound(object);
        vec![
            object.name().into(),
            phase.into(),
            object.str("/spec/volumeName").into(),
            capacity,
            modes,
            class(object).into(),
            non_empty_or(object.str("/spec/volumeAttributesClassName"), "<unset>").into(),
            age(object, now),
            non_empty_or(object.str("/spec/volumeMode"), "<unset>").into(),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "name").then(|| object.name().into())
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        match object.str("/spec/volumeName") {
            "" => vec![("unbound", class(object).into())],
            volume => vec![("volume", volume.into())],
        }
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Namespace", object.namespace());
    out.pair(0, "StorageClass", class(object));
    out.pair(0, "Status", status_text(object, lookup));
    out.pair(0, "Volume", object.str("/spec/volumeName"));
    labels(object, out);
    annotations(object, out);
    out.pair(0, "Finalizers", go_list(object.list("/metadata/finalizers")));
    let (capacity, modes) = bound(object);
    out.pair(0, "Capacity", capacity);
    out.pair(0, "Access Modes", modes);
    if !object.str("/spec/volumeMode").is_empty() {
        out.pair(0, "VolumeMode", object.str("/spec/volumeMode"));
    }
    data_source(object, out);
    titled_lines(0, "Used By", &users(object, lookup), out);
    conditions_since(object, "LastProbeTime", "/lastProbeTime", out);
    describe_events(lookup, object, out);
}

/// Validates the spec of a claim (`ValidatePersistentVolumeClaimSpec` in
/// `pkg/apis/core/validation/validation.go`).
fn spec_errors(claim: &Object, spec: &Path) -> ErrorList {
    let mut errors = mode_errors(claim, spec, "at least 1 access mode is required");
    if let Some(selector) = claim.at("/spec/selector") {
        selector::validate(&mut errors, &spec.child("selector"), selector);
    }
    let path = spec.child("resources").key("storage");
    match claim.at("/spec/resources/requests/storage") {
        None => errors.push(field::required(&path, "")),
        Some(value) => errors.extend(positive_errors(value, &path)),
    }
    errors.extend(class_errors(claim, spec));
    errors.extend(volume_mode_errors(claim, spec));
    errors
}

/// Capacity and access modes of a bound claim; empty for an unbound one.
fn bound(claim: &Object) -> (String, String) {
    if claim.str("/spec/volumeName").is_empty() {
        return Default::default();
    }
    let capacity = storage(claim, "/status/capacity");
    (non_empty_or(&capacity, "0").into(), access_modes(claim.list("/status/accessModes")))
}

/// Refuses changes of the spec, except that the storage class may be set and a bound claim may grow and change its
/// VolumeAttributesClass.
fn update_errors(new: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut masked = new.clone();
    let is_bound = new.str("/status/phase") == "Bound" || old.str("/status/phase") == "Bound";
    let keep = |masked: &mut Object, pointer: &str| match old.at(pointer) {
        Some(value) => masked.put(pointer, value.clone()),
        None => drop(masked.remove_at(pointer)),
    };
    if old.str("/spec/volumeName").is_empty() {
        keep(&mut masked, "/spec/volumeName");
    }
    if old.at("/spec/storageClassName").is_none() && old.annotation("volume.beta.kubernetes.io/storage-class").is_none()
    {
        keep(&mut masked, "/spec/storageClassName");
    }
    if is_bound {
        keep(&mut masked, "/spec/resources/requests/storage");
        keep(&mut masked, "/spec/volumeAttributesClassName");
    }
    if masked["spec"] != old["spec"] {
        let text =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        let diff = diff::of_structs("PersistentVolumeClaimSpec", &old["spec"], &masked["spec"]);
        errors.push(field::forbidden(&Path::new("spec"), &format!("{text}\n{diff}")));
    }
    errors.extend(immutable_at(new, old, "/spec/volumeMode", &Path::new("volumeMode")));
    let amount = |o: &Object, pointer: &str| o.at(pointer).and_then(|v| Quantity::from_value(v).ok());
    let asked = "/spec/resources/requests/storage";
    if let (Some(new_size), Some(old_size)) = (amount(new, asked), amount(old, asked))
        && new_size < old_size
        && new_size <= amount(old, "/status/capacity/storage").unwrap_or(Quantity::ZERO)
    {
        let path = Path::new("spec").child("resources").child("requests").child("storage");
        errors.push(field::forbidden(&path, "field can not be less than status.capacity"));
    }
    errors
}

fn data_source(claim: &Object, out: &mut PrefixWriter) {
    let Some(source) = claim.at("/spec/dataSource") else { return };
    out.line(0, "DataSource:");
    for (label, pointer) in [("APIGroup", "/apiGroup"), ("Kind", "/kind"), ("Name", "/name")] {
        if pointer != "/apiGroup" || source.at(pointer).is_some() {
            out.pair(1, label, source.str(pointer));
        }
    }
}

/// The names of the pods that use a claim: in a volume, or as the owner of the claim.
fn users(claim: &Object, lookup: &dyn Lookup) -> Vec<String> {
    let owners = claim.owners();
    let uses = |pod: &Arc<Object>| {
        let mounts =
            pod.list("/spec/volumes").iter().any(|v| v.str("/persistentVolumeClaim/claimName") == claim.name());
        mounts || owners.iter().any(|o| o.kind == "Pod" && o.uid == pod.uid())
    };
    let mut names: Vec<String> = lookup
        .list("pods", Some(claim.namespace()), None)
        .iter()
        .filter(|p| uses(p))
        .map(|p| p.name().into())
        .collect();
    names.order();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::Value;

    fn claim(size: &str) -> Value {
        json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "volumeMode": "Filesystem"},
            "status": {"phase": "Pending"}})
    }

    #[test]
    fn invalid_claims_are_refused() {
        let wrong = json!({"spec": {"accessModes": ["Everything"], "resources": {}}});
        let errors: Vec<String> = PersistentVolumeClaim.validate(&wrong).iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "spec.accessModes: Unsupported value: \"Everything\": supported values: \"ReadOnlyMany\", \
                 \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
                "spec.resources[storage]: Required value",
            ]
        );
    }

    #[test]
    fn an_unbound_claim_is_immutable() {
        let error = PersistentVolumeClaim.validate_update(&claim("2Gi"), &claim("100Gi"))[0].to_string();
        let want = "spec: Forbidden: spec is immutable after creation except resources.requests and \
                    volumeAttributesClassName for bound claims\n@@ -6,7 +6,7 @@\n  \"Resources\": {\n   \"Limits\": null,\n   \
                    \"Requests\": {\n-   \"storage\": \"100Gi\"\n+   \"storage\": \"2Gi\"\n   }\n  },\n  \"VolumeName\": \"\",\n";
        assert_eq!(error, want);
        let mut classed = claim("100Gi");
        classed["spec"]["storageClassName"] = "other".into();
        assert_eq!(PersistentVolumeClaim.validate_update(&classed, &claim("100Gi")), vec![]);
    }

    #[test]
    fn a_bound_claim_may_grow() {
        let mut old = claim("1Gi");
        old["status"] = json!({"phase": "Bound", "capacity": {"storage": "1Gi"}});
        let mut new = claim("2Gi");
        new["status"] = old["status"].clone();
        assert_eq!(PersistentVolumeClaim.validate_update(&new, &old), vec![]);
        let mut less = claim("500Mi");
        less["status"] = old["status"].clone();
        let errors = PersistentVolumeClaim.validate_update(&less, &old);
        assert!(errors[0].to_string().ends_with("field can not be less than status.capacity"));
    }
}
