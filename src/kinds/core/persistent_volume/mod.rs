//! PersistentVolumes (`pkg/registry/core/persistentvolume/strategy.go`).

mod describe_source;
mod sources;
mod validate;

use validate::capacity_errors;
pub(in crate::core) use validate::{class_errors, mode_errors, positive_errors, volume_mode_errors};

use crate::shared::describe::{annotations, describe_events, go_list, joined, labels, non_empty_or};
use crate::shared::table::{access_modes, columns};
use crate::shared::{diff, go_struct};
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age, since};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The PersistentVolume kind.
pub(crate) struct PersistentVolume;

static NAMES: Names =
    Names::cluster_scoped(("", "v1"), "PersistentVolume", "persistentvolumes", "persistentvolume").short(&["pv"]);

/// The annotation that `storageClassName` has replaced.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

impl Kind for PersistentVolume {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/status/phase", "Pending");
        object.put_default("/spec/persistentVolumeReclaimPolicy", "Retain");
        object.put_default("/spec/volumeMode", "Filesystem");
        sources::set_defaults(object);
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({"phase": "Pending"}));
        if let Some(created) = new.at("/metadata/creationTimestamp").cloned() {
            new.put("/status/lastPhaseTransitionTime", created);
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let spec = Path::new("spec");
        let mut errors = mode_errors(object, &spec, "");
        errors.extend(capacity_errors(object, &spec.child("capacity")));
        let policy = object.str("/spec/persistentVolumeReclaimPolicy");
        if !matches!(policy, "" | "Delete" | "Recycle" | "Retain") {
            let path = spec.child("persistentVolumeReclaimPolicy");
            errors.push(field::not_supported(&path, policy, &["Delete", "Recycle", "Retain"]));
        }
        errors.extend(sources::errors(object, &spec));
        errors.extend(class_errors(object, &spec));
        errors.extend(volume_mode_errors(object, &spec));
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if !sources::are_equal(&new["spec"], &old["spec"]) {
            let diff = diff::of_structs("PersistentVolumeSource", &old["spec"], &new["spec"]);
            let text = format!("spec.persistentvolumesource is immutable after creation\n{diff}");
            errors.push(field::forbidden(&Path::new("spec").child("persistentvolumesource"), &text));
        }
        let mode = |o: &Object| o.at("/spec/volumeMode").cloned().unwrap_or(Value::Null);
        if mode(new) != mode(old) {
            errors.push(field::invalid(&Path::new("volumeMode"), mode(new), "field is immutable"));
        }
        let affinity = |o: &Object| o.at("/spec/nodeAffinity").cloned();
        if affinity(old).is_some() && affinity(new) != affinity(old) {
            let path = Path::new("spec").child("nodeAffinity");
            let text = "field is immutable, except for updating from beta label to GA";
            let shown = go_struct::optional_json("VolumeNodeAffinity", affinity(new).as_ref());
            errors.push(field::invalid_json(&path, &shown, text));
        }
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        let policy = |o: &Object| o.str("/spec/persistentVolumeReclaimPolicy") == "Recycle";
        if policy(new) && !old.is_some_and(policy) {
            warnings.push(
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended \
                 approach is to use dynamic provisioning."
                    .into(),
            );
        }
        if new.annotation(CLASS_ANNOTATION).is_some() {
            warnings.push(format!(
                "metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        warnings.extend(fraction_warning(new, "/spec/capacity", "spec.capacity[storage]"));
        warnings
    }

    fn columns(&self) -> Vec<Column> {
        columns(&[
            "Name",
            "Capacity",
            "Access Modes",
            "Reclaim Policy",
            "Status",
            "Claim",
            "StorageClass",
            "VolumeAttributesClass",
            "Reason",
            "Age",
            "+VolumeMode",
        ])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let phase = if object.is_deleting() { "Terminating" } else { object.str("/status/phase") };
        vec![
            object.name().into(),
            storage(object, "/spec/capacity"),
            access_modes(object.list("/spec/accessModes")),
            object.str("/spec/persistentVolumeReclaimPolicy").into(),
            phase.into(),
            claim(object),
            class(object).into(),
            non_empty_or(object.str("/spec/volumeAttributesClassName"), "<unset>").into(),
            object.str("/status/reason").into(),
            age(object, now),
            non_empty_or(object.str("/spec/volumeMode"), "<unset>").into(),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "name").then(|| object.name().into())
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        let claim = claim(object);
        if claim.is_empty() { vec![("available", class(object).into())] } else { vec![("claim", claim)] }
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    labels(object, out);
    annotations(object, out);
    out.pair(0, "Finalizers", go_list(object.list("/metadata/finalizers")));
    out.pair(0, "StorageClass", class(object));
    out.pair(0, "Status", status_text(object, lookup));
    out.pair(0, "Claim", claim(object));
    out.pair(0, "Reclaim Policy", object.str("/spec/persistentVolumeReclaimPolicy"));
    out.pair(0, "Access Modes", access_modes(object.list("/spec/accessModes")));
    if !object.str("/spec/volumeMode").is_empty() {
        out.pair(0, "VolumeMode", object.str("/spec/volumeMode"));
    }
    out.pair(0, "Capacity", non_empty_or(&storage(object, "/spec/capacity"), "0"));
    node_affinity(object, out);
    out.pair(0, "Message", object.str("/status/message"));
    out.line(0, "Source:");
    describe_source::describe(object, out);
    describe_events(lookup, object, out);
}

/// The storage class of a volume or claim; the legacy annotation takes precedence over the field.
pub(super) fn class(object: &Object) -> &str {
    object.annotation(CLASS_ANNOTATION).unwrap_or_else(|| object.str("/spec/storageClassName"))
}

/// `namespace/name` of the claim that a volume is bound to; empty when there is none.
fn claim(volume: &Object) -> String {
    match volume.at("/spec/claimRef") {
        None => String::new(),
        Some(claim) => format!("{}/{}", claim.str("/namespace"), claim.str("/name")),
    }
}

/// The phase, or for how long the object has been terminating.
pub(super) fn status_text(object: &Object, lookup: &dyn Lookup) -> String {
    if object.is_deleting() {
        return format!("Terminating (lasts {})", since(object.deletion_time(), lookup.now()));
    }
    object.str("/status/phase").into()
}

/// The `storage` quantity of the resource list at a JSON pointer; empty when it is missing or invalid.
pub(super) fn storage(object: &Object, pointer: &str) -> String {
    match object.map(pointer).and_then(|m| m.get("storage")) {
        Some(value) => Quantity::from_value(value).map_or_else(|_| String::new(), |q| q.to_string()),
        None => String::new(),
    }
}

/// Warns about a quantity of storage that is not a whole number of bytes.
pub(super) fn fraction_warning(object: &Object, pointer: &str, path: &str) -> Option<String> {
    let amount = Quantity::from_value(object.map(pointer)?.get("storage")?).ok()?;
    let fraction = Quantity::new(amount.value(), amount.format()) != amount;
    fraction.then(|| format!("{path}: fractional byte value \"{amount}\" is invalid, must be an integer"))
}

fn node_affinity(volume: &Object, out: &mut PrefixWriter) {
    let Some(required) = volume.at("/spec/nodeAffinity/required") else {
        return out.pair(0, "Node Affinity", "<none>");
    };
    out.line(0, "Node Affinity:\t");
    let terms = required.list("/nodeSelectorTerms");
    if terms.is_empty() {
        return out.pair(1, "Required Terms", "<none>");
    }
    out.line(1, "Required Terms:\t");
    for (index, term) in terms.iter().enumerate() {
        out.write(2, format!("Term {index}:\t"));
        let requirements = term.list("/matchExpressions");
        if requirements.is_empty() {
            out.line(0, "<none>");
        }
        for (position, requirement) in requirements.iter().enumerate() {
            if position > 0 {
                out.write(2, "\t");
            }
            let text = format!("{} {}", requirement.str("/key"), requirement.str("/operator").to_lowercase());
            match requirement.list("/values") {
                [] => out.line(0, text),
                values => out.line(0, format!("{text} [{}]", joined(values, ", "))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_need_a_source() {
        let volume = json!({"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}});
        let errors: Vec<String> = PersistentVolume.validate(&volume).iter().map(ToString::to_string).collect();
        assert_eq!(errors, ["spec: Required value: must specify a volume type"]);
    }

    #[test]
    fn the_source_is_immutable() {
        let old = json!({"spec": {"hostPath": {"path": "/a", "type": ""}}});
        let new = json!({"spec": {"hostPath": {"path": "/b", "type": ""}}});
        let error = PersistentVolume.validate_update(&new, &old)[0].to_string();
        let want = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n\
                    @@ -2,7 +2,7 @@\n  \"GCEPersistentDisk\": null,\n  \"AWSElasticBlockStore\": null,\n  \"HostPath\": {\n-  \
                    \"Path\": \"/a\",\n+  \"Path\": \"/b\",\n   \"Type\": \"\"\n  },\n  \"Glusterfs\": null,\n";
        assert_eq!(error, want);
    }
}
