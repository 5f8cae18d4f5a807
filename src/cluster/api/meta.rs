//! Validation of `metadata`, which is the same for every kind (`apimachinery/pkg/api/validation/objectmeta.go`).

use kctl_base::field::{self, ErrorList, FieldError, Path, invalid_json};
use kctl_base::json::Value;
use kctl_base::labels;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::shared::formats;
use kctl_kinds::{Kind, NameRule};

/// Maximum size of all annotations of an object, keys and values, in bytes (`TotalAnnotationSizeLimitB`).
const ANNOTATION_BYTES_MAX: usize = 256 * 1024;

/// Checks a name against a rule; returns the messages of Kubernetes.
pub(super) fn name_problems(rule: NameRule, name: &str) -> Vec<String> {
    match rule {
        NameRule::Subdomain => formats::dns_subdomain_problems(name),
        NameRule::Label => formats::dns_label_problems(name),
        NameRule::PathSegment => formats::path_segment_problems(name),
    }
}

/// Validates `generateName`.
pub(super) fn validate_prefix(kind: &dyn Kind, object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let prefix = object.str("/metadata/generateName");
    if !prefix.is_empty() {
        let path = Path::new("metadata").child("generateName");
        // The generated suffix makes a prefix that ends with a hyphen valid.
        let masked = prefix.strip_suffix('-').filter(|p| !p.is_empty()).map(|p| format!("{p}a"));
        for detail in name_problems(kind.name_rule(), masked.as_deref().unwrap_or(prefix)) {
            errors.push(field::invalid(&path, prefix, &detail));
        }
    }
    errors
}

/// Validates the metadata of a new object.
pub(super) fn validate_create(kind: &dyn Kind, object: &Object) -> ErrorList {
    let path = Path::new("metadata");
    let mut errors = validate_prefix(kind, object);
    if object.name().is_empty() {
        errors.push(field::required(&path.child("name"), "name or generateName is required"));
    } else {
        for detail in name_problems(kind.name_rule(), object.name()) {
            errors.push(field::invalid(&path.child("name"), object.name(), &detail));
        }
    }
    errors.extend(validate_common(kind, object));
    errors.extend(kind.name_error(object));
    errors
}

/// Validates the metadata of an update.
pub(super) fn validate_update(kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("metadata");
    if new.uid() != old.uid() {
        errors.push(field::invalid(&path.child("uid"), new.uid(), "field is immutable"));
    }
    errors.extend(validate_common(kind, new));
    if old.is_deleting() {
        let added: Vec<&str> = new.finalizers().into_iter().filter(|f| !old.has_finalizer(f)).collect();
        if !added.is_empty() {
            let list: Vec<String> = added.iter().map(|f| field::quote(f)).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            errors.push(field::forbidden(&path.child("finalizers"), &detail));
        }
    }
    errors
}

/// Validates labels, annotations, owner references and finalizers.
pub(super) fn validate_common(kind: &dyn Kind, object: &Object) -> ErrorList {
    let has = |field: &str| object["metadata"].get(field).is_some();
    let path = |field: &str| Path::new("metadata").child(field);
    let mut errors = ErrorList::new();
    if has("labels") {
        errors.extend(validate_labels(object, &path("labels")));
    }
    if has("annotations") {
        errors.extend(validate_annotations(object, &path("annotations")));
    }
    if has("ownerReferences") {
        errors.extend(validate_owners(object, &path("ownerReferences")));
    }
    if has("finalizers") {
        errors.extend(validate_finalizers(kind, object, &path("finalizers")));
    }
    errors
}

/// Validates labels: keys are qualified names, values have at most 63 characters.
fn validate_labels(object: &Object, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, value) in object.labels() {
        for detail in labels::key_problems(&key) {
            errors.push(field::invalid(path, key.as_str(), &detail));
        }
        for detail in labels::value_problems(&value) {
            errors.push(field::invalid(path, value.as_str(), &detail));
        }
    }
    errors
}

/// Validates annotations: keys are qualified names, and the total size is limited.
pub(super) fn validate_annotations(object: &Object, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let annotations = object.strings("/metadata/annotations");
    for key in annotations.keys() {
        for detail in labels::key_problems(&key.to_lowercase()) {
            errors.push(field::invalid(path, key.as_str(), &detail));
        }
    }
    let size: usize = annotations.iter().map(|(k, v)| k.len() + v.len()).sum();
    if size > ANNOTATION_BYTES_MAX {
        errors.push(field::too_long(path, ANNOTATION_BYTES_MAX));
    }
    errors
}

/// Validates owner references: all fields are required, and at most one owner is the controller.
fn validate_owners(object: &Object, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut controllers = Vec::new();
    for owner in object.list("/metadata/ownerReferences") {
        for (key, detail) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            let text = owner.get(key).and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() {
                errors.push(field::invalid(&path.child(key), text, detail));
            }
        }
        errors.extend(disallowed_owner(owner, path));
        if owner.flag("/controller") {
            controllers.push(owner);
        }
    }
    if let [first, second, ..] = controllers[..] {
        let describe = |o: &Value| format!("{}/{}", o.str("/kind"), o.str("/name"));
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            describe(first),
            describe(second)
        );
        let all: Vec<String> = object.list("/metadata/ownerReferences").iter().map(owner_json).collect();
        errors.push(invalid_json(path, &format!("[{}]", all.join(",")), &detail));
    }
    errors
}

/// Refuses an owner that is an Event (`BannedOwners`).
fn disallowed_owner(owner: &Value, path: &Path) -> Option<FieldError> {
    let (api_version, kind) = (owner.str("/apiVersion"), owner.str("/kind"));
    let is_banned = api_version == "v1" && kind == "Event";
    let detail = format!("/{api_version}, Kind={kind} is disallowed from being an owner");
    is_banned.then(|| invalid_json(path, &owner_json(owner), &detail))
}

/// Serialises an owner reference with its fields in the order of the Go struct.
fn owner_json(owner: &Value) -> String {
    let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    let present = fields.iter().filter_map(|field| Some(format!("\"{field}\":{}", owner.get(*field)?)));
    format!("{{{}}}", present.collect::<Vec<_>>().join(","))
}

/// Validates finalizers: qualified or standard names, and not both deletion policies at once.
fn validate_finalizers(kind: &dyn Kind, object: &Object, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let finalizers = object.finalizers();
    for (index, finalizer) in finalizers.iter().enumerate() {
        let entry = path.index(index);
        for detail in labels::key_problems(finalizer) {
            errors.push(field::invalid(&entry, *finalizer, &detail));
        }
        let is_standard = ["orphan", "foregroundDeletion", "kubernetes"].contains(finalizer);
        if kind.has_known_finalizers() && !finalizer.contains('/') && !is_standard {
            errors.push(field::invalid(
                &entry,
                *finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            ));
        }
    }
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let list = object.pointer("/metadata/finalizers").cloned().unwrap_or_default();
        errors.push(field::invalid(path, list, "finalizer orphan and foregroundDeletion cannot be both set"));
    }
    errors
}
