//! Objects inside of objects (`x-kubernetes-embedded-resource`,
//! `apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go`).

use super::walk;
use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems};
use crate::shared::rules::{annotation_map, label_map};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Validates the types and the metadata of all embedded objects.
pub(super) fn errors(schema: &Value, object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    walk(schema, object, &Path::root(), &mut |schema, value, path| {
        if value.is_object() && schema.flag("/x-kubernetes-embedded-resource") && !path.is_root() {
            embedded_errors(value, path, &mut errors);
        }
    });
    errors
}

fn embedded_errors(object: &Value, path: &Path, errors: &mut ErrorList) {
    for name in ["apiVersion", "kind"] {
        let path = path.child(name);
        match object.get(name) {
            None => errors.push(field::required(&path, "")),
            Some(Value::String(text)) if text.is_empty() => {
                errors.push(field::invalid(&path, "", "must not be empty"));
            }
            Some(Value::String(text)) if name == "apiVersion" && text.matches('/').count() > 1 => {
                errors.push(field::invalid(&path, &**text, &format!("unexpected GroupVersion string: {text}")));
            }
            Some(Value::String(text)) if name == "kind" => {
                let problems = dns_label_1035_problems(&text.to_lowercase());
                if !problems.is_empty() {
                    let problems = problems.join(",");
                    let text_shown = format!("may have mixed case, but should otherwise match: {problems}");
                    errors.push(field::invalid(&path, &**text, &text_shown));
                }
            }
            Some(Value::String(_)) => {}
            Some(other) => errors.push(field::invalid(&path, other.clone(), "must be a string")),
        }
    }
    metadata_errors(object, &path.child("metadata"), errors);
}

fn metadata_errors(object: &Value, path: &Path, errors: &mut ErrorList) {
    let Some(metadata) = object.get("metadata").filter(|metadata| metadata.is_object()) else { return };
    let namespace = metadata.str("/namespace");
    if !namespace.is_empty() {
        let problems = dns_subdomain_problems(namespace);
        errors.extend(problems.iter().map(|why| field::invalid(&path.child("namespace"), namespace, why)));
    }
    label_map(errors, &path.child("labels"), metadata.get("labels"));
    annotation_map(errors, &path.child("annotations"), metadata.get("annotations"));
}
