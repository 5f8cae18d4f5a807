//! Validation of CustomResourceDefinitions (`pkg/apis/apiextensions/validation/validation.go` of
//! `k8s.io/apiextensions-apiserver`).

use std::collections::BTreeSet;

use crate::custom::rules;
use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems};
use crate::shared::rules::{check, immutable_at, one_of};
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition_is_true};

/// The types that a schema may have.
const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Validates a definition; errors come in the order of the API server.
pub(super) fn validate(definition: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let (group, plural) = (definition.str("/spec/group"), definition.str("/spec/names/plural"));
    let mut errors = ErrorList::new();
    if definition.name() != format!("{plural}.{group}") {
        let path = Path::new("metadata").child("name");
        errors.push(field::invalid(&path, definition.name(), "must be spec.names.plural+\".\"+spec.group"));
    }
    errors.extend(approval_errors(definition, group));
    errors.extend(group_errors(group, &spec.child("group")));
    errors.extend(one_of(definition.str("/spec/scope"), &spec.child("scope"), &["Cluster", "Namespaced"]));
    errors.extend(version_list_errors(definition, &spec.child("versions")));
    errors.extend(name_errors(definition, &spec.child("names")));
    let versions = definition.list("/spec/versions");
    let shared = shared_schema(versions);
    for (index, version) in versions.iter().enumerate() {
        let path = spec.child("versions").index(index);
        if shared.is_none() {
            errors.extend(version_schema_errors(version, &path.child("schema").child("openAPIV3Schema")));
        }
        errors.extend(column_errors(version, &path));
    }
    if let Some(schema) = shared {
        errors.extend(root_schema_errors(schema, &spec.child("validation").child("openAPIV3Schema")));
    }
    let strategy = definition.str("/spec/conversion/strategy");
    let path = spec.child("conversion").child("strategy");
    errors.extend(one_of(strategy, &path, &["None", "Webhook"]));
    errors
}

fn group_errors(group: &str, path: &Path) -> ErrorList {
    if group.is_empty() {
        return vec![field::required(path, "")];
    }
    let problems = dns_subdomain_problems(group);
    if !problems.is_empty() {
        return vec![field::invalid(path, group, &problems.join(","))];
    }
    if group.split('.').count() < 2 {
        return vec![field::invalid(path, group, "should be a domain with at least one dot")];
    }
    ErrorList::new()
}

/// Requires the approval annotation of groups of the Kubernetes community (`validateAPIApproval`).
fn approval_errors(definition: &Object, group: &str) -> Option<FieldError> {
    const ANNOTATION: &str = "api-approved.kubernetes.io";
    const SEE: &str = "see https://github.com/kubernetes/enhancements/pull/1111";
    let is_protected =
        |domain: &str| group.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !["k8s.io", "kubernetes.io"].into_iter().any(is_protected) {
        return None;
    }
    let path = Path::new("metadata").child("annotations").key(ANNOTATION);
    let text = format!("protected groups must have approval annotation \"{ANNOTATION}\"");
    let approval = definition.annotation(ANNOTATION).unwrap_or_default();
    let is_url = approval.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    match approval {
        "" => Some(field::required(&path, &format!("{text}, {SEE}"))),
        _ if is_url || approval.starts_with("unapproved") => None,
        other => {
            let text = format!("{text} with either a URL or a reason starting with \"unapproved\", {SEE}");
            Some(field::invalid(&path, other, &text))
        }
    }
}

fn version_list_errors(definition: &Object, path: &Path) -> ErrorList {
    let versions = definition.list("/spec/versions");
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for (index, version) in versions.iter().enumerate() {
        let name = version.str("/name");
        errors.extend(check(dns_label_1035_problems, name, &path.index(index).child("name")));
        if !seen.insert(name) {
            errors.push(field::invalid(path, json!(versions), "must contain unique version names"));
        }
    }
    if versions.iter().filter(|v| v.flag("/storage")).count() != 1 {
        let text = "must have exactly one version marked as storage version";
        let body = format!("Invalid value: {}: {text}", go_versions(versions));
        errors.push(FieldError { cause: Cause::Invalid, field: path.to_string(), body });
    }
    errors
}

/// The versions as Go prints them in an error; what all versions have in common stands elsewhere in the internal form.
fn go_versions(versions: &[Value]) -> String {
    let version = |v: &Value| {
        rules::go_struct(&[
            ("Name", v["name"].clone()),
            ("Served", v.flag("/served").into()),
            ("Storage", v.flag("/storage").into()),
            ("Deprecated", v.flag("/deprecated").into()),
            ("DeprecationWarning", v.get("deprecationWarning").cloned().unwrap_or(Value::Null)),
            ("Schema", Value::Null),
            ("Subresources", Value::Null),
            ("AdditionalPrinterColumns", Value::Null),
            ("SelectableFields", Value::Null),
        ])
    };
    format!("[{}]", versions.iter().map(version).collect::<Vec<_>>().join(","))
}

fn name_errors(definition: &Object, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for name in ["plural", "singular", "kind", "listKind"] {
        let text = definition.str(&format!("/spec/names/{name}"));
        let path = path.child(name);
        if text.is_empty() {
            errors.push(field::required(&path, ""));
            continue;
        }
        let problems = dns_label_1035_problems(&text.to_lowercase());
        if !problems.is_empty() {
            let text_shown =
                if name.ends_with("ind") { "may have mixed case, but should otherwise match: " } else { "" };
            errors.push(field::invalid(&path, text, &format!("{text_shown}{}", problems.join(","))));
        }
    }
    let (kind, list) = (definition.str("/spec/names/kind"), definition.str("/spec/names/listKind"));
    if !kind.is_empty() && kind == list {
        errors.push(field::invalid(&path.child("listKind"), list, "kind and listKind may not be the same"));
    }
    for name in ["shortNames", "categories"] {
        for (index, item) in definition.list(&format!("/spec/names/{name}")).iter().enumerate() {
            let text = item.as_str().unwrap_or("");
            errors.extend(check(dns_label_1035_problems, text, &path.child(name).index(index)));
        }
    }
    errors
}

/// Returns the schema that all versions have; the server validates it once, at the place where it was in `v1beta1`
/// (`Convert_v1_CustomResourceDefinitionSpec_To_apiextensions_CustomResourceDefinitionSpec`).
fn shared_schema(versions: &[Value]) -> Option<&Value> {
    let mut schemas = versions.iter().map(|version| version.at("/schema/openAPIV3Schema"));
    let first = schemas.next()??;
    schemas.all(|schema| schema == Some(first)).then_some(first)
}

fn version_schema_errors(version: &Value, path: &Path) -> ErrorList {
    match version.at("/schema/openAPIV3Schema") {
        None => vec![field::required(path, "schemas are required")],
        Some(schema) => root_schema_errors(schema, path),
    }
}

fn root_schema_errors(schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if schema.str("/type") != "object" {
        let text = "must be object at the root";
        match schema.str("/type") {
            "" => errors.push(field::required(&path.child("type"), "must not be empty at the root")),
            other => errors.push(field::invalid(&path.child("type"), other, text)),
        }
    }
    errors.extend(schema_errors(schema, path, true));
    errors.extend(rules::cost_errors(schema, path));
    errors
}

fn column_errors(version: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, column) in version.list("/additionalPrinterColumns").iter().enumerate() {
        let path = path.child("additionalPrinterColumns").index(index);
        if column.str("/name").is_empty() {
            errors.push(field::required(&path.child("name"), ""));
        }
        let types = &["boolean", "date", "integer", "number", "string"];
        match column.str("/type") {
            "" => {
                let text = "must be one of boolean, date, integer, number, string";
                errors.push(field::required(&path.child("type"), text));
            }
            kind if !types.contains(&kind) => {
                let text = "must be one of boolean, date, integer, number, string";
                errors.push(field::invalid(&path.child("type"), kind, text));
            }
            _ => {}
        }
        if column.str("/jsonPath").is_empty() {
            errors.push(field::required(&path.child("JSONPath"), ""));
        }
    }
    if let Some(scale) = version.at("/subresources/scale") {
        let path = path.child("subresources").child("scale");
        for (name, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
            match scale.str(&format!("/{name}")) {
                "" => errors.push(field::required(&path.child(name), "")),
                text if !text.starts_with(prefix) => {
                    let detail = format!("should be a json path under {}", prefix.trim_end_matches('.'));
                    errors.push(field::invalid(&path.child(name), text, &detail));
                }
                _ => {}
            }
        }
    }
    errors
}

/// Validates a structural schema: every level must specify a type.
fn schema_errors(schema: &Value, path: &Path, is_root: bool) -> ErrorList {
    let mut errors = ErrorList::new();
    let kind = schema.str("/type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        errors.push(field::not_supported(&path.child("type"), kind, TYPES));
    }
    if kind == "array" && schema.at("/items").is_none() {
        errors.push(field::required(&path.child("items"), "must be specified"));
    }
    if let Some(pattern) = schema.at("/pattern").and_then(Value::as_str)
        && regex::Regex::new(pattern).is_err()
    {
        let text = "must be a valid regular expression, but isn't";
        errors.push(field::invalid(&path.child("pattern"), pattern, text));
    }
    errors.extend(rules::definition_errors(schema, path, is_root));
    errors.extend(rules::default_errors(schema, path));
    let inner =
        schema.map("/properties").into_iter().flatten().map(|(name, s)| (path.child("properties").key(name), s));
    let others = ["items", "additionalProperties"].into_iter();
    let others = others.filter_map(|n| Some((path.child(n), schema.get(n).filter(|s| s.is_object())?)));
    for (path, schema) in inner.chain(others) {
        let free = schema.flag("/x-kubernetes-int-or-string") || schema.flag("/x-kubernetes-preserve-unknown-fields");
        if schema.str("/type").is_empty() && !free {
            errors.push(field::required(&path.child("type"), "must not be empty for specified object fields"));
        }
        errors.extend(schema_errors(schema, &path, false));
    }
    errors
}

/// Refuses changes of immutable fields of an established definition.
pub(super) fn update_errors(new: &Object, old: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    for (pointer, path) in
        [("/spec/group", spec.child("group")), ("/spec/names/plural", spec.child("names").child("plural"))]
    {
        errors.extend(immutable_at(new, old, pointer, &path));
    }
    if condition_is_true(old, "Established") {
        errors.extend(immutable_at(new, old, "/spec/scope", &spec.child("scope")));
        errors.extend(immutable_at(new, old, "/spec/names/kind", &spec.child("names").child("kind")));
    }
    for (index, stored) in old.list("/status/storedVersions").iter().enumerate() {
        if !new.list("/spec/versions").iter().any(|v| v["name"] == *stored) {
            let path = Path::new("status").child("storedVersions").index(index);
            let text = "missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a \
                        storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions";
            errors.push(field::invalid(&path, stored.clone(), &text.replace("v1", stored.as_str().unwrap_or(""))));
        }
    }
    errors
}
