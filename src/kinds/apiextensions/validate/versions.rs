//! The versions of a definition, in the internal form of the API server: what all versions have in common stands at the
//! level of the specification (`apiextensions/v1/conversion.go`).

use std::collections::BTreeSet;

use super::schema;
use crate::custom::rules;
use crate::shared::formats::dns_label_1035_problems;
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The most selectable fields of a version (`MaxSelectableFields`).
const SELECTABLE_MAX: usize = 8;

/// The versions, and for each part of them what all versions share; `None` where they differ.
pub(super) struct Shared<'a> {
    versions: &'a [Value],
    schema: Option<&'a Value>,
    subresources: Option<&'a Value>,
    columns: Option<&'a Value>,
    selectable: Option<&'a Value>,
}

impl<'a> Shared<'a> {
    pub(super) fn of(versions: &'a [Value]) -> Shared<'a> {
        let part = |name: &str| -> Option<&'a Value> {
            let first = versions.first()?.get(name);
            versions.iter().all(|version| version.get(name) == first).then_some(first.unwrap_or(&Value::Null))
        };
        Shared {
            versions,
            schema: part("schema"),
            subresources: part("subresources"),
            columns: part("additionalPrinterColumns"),
            selectable: part("selectableFields"),
        }
    }

    pub(super) fn has_defaults(&self) -> bool {
        self.versions.iter().any(|version| schema::has_defaults(&version["schema"]["openAPIV3Schema"]))
    }

    fn has_shared_schema(&self) -> bool {
        self.schema.is_some_and(|schema| schema.get("openAPIV3Schema").is_some())
    }

    /// Returns whether a version has the status subresource.
    fn has_status(version: &Value) -> bool {
        version.at("/subresources/status").is_some()
    }

    /// Formats the versions as Go prints the internal form: shared parts are missing there.
    fn go_text(&self) -> String {
        let own = |version: &Value, shared: Option<&Value>, name: &str| match shared {
            Some(_) => Value::Null,
            None => version.get(name).cloned().unwrap_or(Value::Null),
        };
        let version = |v: &Value| {
            rules::go_struct(&[
                ("Name", v["name"].clone()),
                ("Served", v.flag("/served").into()),
                ("Storage", v.flag("/storage").into()),
                ("Deprecated", v.flag("/deprecated").into()),
                ("DeprecationWarning", v.get("deprecationWarning").cloned().unwrap_or(Value::Null)),
                ("Schema", own(v, self.schema, "schema")),
                ("Subresources", own(v, self.subresources, "subresources")),
                ("AdditionalPrinterColumns", own(v, self.columns, "additionalPrinterColumns")),
                ("SelectableFields", own(v, self.selectable, "selectableFields")),
            ])
        };
        format!("[{}]", self.versions.iter().map(version).collect::<Vec<_>>().join(","))
    }
}

/// Requires a schema of every version.
pub(super) fn missing_schemas(shared: &Shared, path: &Path) -> ErrorList {
    if shared.has_shared_schema() {
        return ErrorList::new();
    }
    let missing = shared.versions.iter().enumerate().filter(|(_, v)| v.at("/schema/openAPIV3Schema").is_none());
    let place = |index| path.index(index).child("schema").child("openAPIV3Schema");
    missing.map(|(index, _)| field::required(&place(index), "")).collect()
}

/// Validates the parts in which versions differ, then their names.
pub(super) fn errors(shared: &Shared, spec: &Path) -> ErrorList {
    let path = spec.child("versions");
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    let mut is_unique = true;
    for (index, version) in shared.versions.iter().enumerate() {
        is_unique &= seen.insert(version.str("/name"));
        errors.extend(name_error(version.str("/name"), &path.index(index).child("name")));
        errors.extend(version_errors(shared, version, &path.index(index)));
    }
    let about_all = |text: &str| {
        let body = format!("Invalid value: {}: {text}", shared.go_text());
        FieldError { cause: Cause::Invalid, field: path.to_string(), body }
    };
    if !is_unique {
        errors.push(about_all("must contain unique version names"));
    }
    if shared.versions.iter().filter(|v| v.flag("/storage")).count() != 1 {
        errors.push(about_all("must have exactly one version marked as storage version"));
    }
    if let Some(first) = shared.versions.first() {
        errors.extend(name_error(first.str("/name"), &spec.child("version")));
    }
    errors
}

fn name_error(name: &str, path: &Path) -> Option<FieldError> {
    let problems = dns_label_1035_problems(name);
    (!problems.is_empty()).then(|| field::invalid(path, name, &problems.join(",")))
}

fn version_errors(shared: &Shared, version: &Value, path: &Path) -> ErrorList {
    let mut errors = deprecation_errors(version, &path.child("deprecationWarning"));
    let schema = version.at("/schema/openAPIV3Schema");
    if let (None, Some(schema)) = (shared.schema, schema) {
        let path = path.child("schema").child("openAPIV3Schema");
        errors.extend(schema::errors(schema, Shared::has_status(version), &path));
    }
    if shared.subresources.is_none() {
        errors.extend(scale_errors(version, &path.child("subresources")));
    }
    if shared.columns.is_none() {
        errors
            .extend(column_errors(version.list("/additionalPrinterColumns"), &path.child("additionalPrinterColumns")));
    }
    if shared.selectable.is_none() {
        let text = "may only be set when `version.schema.openAPIV3Schema` is not included";
        let schema = schema.filter(|_| shared.schema.is_none());
        let fields = version.list("/selectableFields");
        errors.extend(selectable_errors(fields, schema, text, &path.child("selectableFields")));
    }
    errors
}

/// Validates what all versions have in common.
pub(super) fn shared_errors(shared: &Shared, spec: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let schema = shared.schema.and_then(|schema| schema.get("openAPIV3Schema"));
    if let Some(schema) = schema {
        let has_status = shared.versions.iter().any(Shared::has_status);
        errors.extend(schema::errors(schema, has_status, &spec.child("validation").child("openAPIV3Schema")));
    }
    let Some(first) = shared.versions.first() else { return errors };
    if shared.subresources.is_some() {
        errors.extend(scale_errors(first, &spec.child("subresources")));
    }
    if shared.columns.is_some() {
        errors.extend(column_errors(first.list("/additionalPrinterColumns"), &spec.child("additionalPrinterColumns")));
    }
    if shared.selectable.is_some() {
        let text = "may only be set when `validations.schema` is included";
        let fields = first.list("/selectableFields");
        errors.extend(selectable_errors(fields, schema, text, &spec.child("selectableFields")));
    }
    errors
}

fn deprecation_errors(version: &Value, path: &Path) -> ErrorList {
    let Some(text) = version.get("deprecationWarning").and_then(Value::as_str) else { return ErrorList::new() };
    let unprintable = text.char_indices().find(|(_, c)| c.is_control());
    let problems = match text {
        _ if !version.flag("/deprecated") => vec!["can only be set for deprecated versions".to_owned()],
        "" => vec!["must not be an empty string".to_owned()],
        _ => {
            let long = (text.len() > 256).then(|| "must be <= 256 characters long".to_owned());
            let control = unprintable.map(|(index, _)| {
                format!("must only contain printable UTF-8 characters; non-printable character found at index {index}")
            });
            long.into_iter().chain(control).collect()
        }
    };
    problems.into_iter().map(|problem| field::invalid(path, text, &problem)).collect()
}

/// Validates the places of replicas and selectors (`ValidateCustomResourceDefinitionSubresources`).
fn scale_errors(version: &Value, path: &Path) -> ErrorList {
    let Some(scale) = version.at("/subresources/scale") else { return ErrorList::new() };
    let mut errors = ErrorList::new();
    for (name, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        let text = format!("should be a json path under {}", prefix.trim_end_matches('.'));
        let path = path.child("scale").child(name);
        match scale.str(&format!("/{name}")) {
            "" => errors.push(field::required(&path, "")),
            place => errors.extend(place_error(place, &[prefix], &text, &path)),
        }
    }
    let selector = scale.str("/labelSelectorPath");
    if !selector.is_empty() {
        let text = "should be a json path under either .spec or .status";
        let path = path.child("scale").child("labelSelectorPath");
        errors.extend(place_error(selector, &[".spec.", ".status."], text, &path));
    }
    errors
}

/// Validates a simple JSON path that must begin with one of the prefixes.
fn place_error(place: &str, prefixes: &[&str], text: &str, path: &Path) -> Option<FieldError> {
    match place {
        _ if !place.starts_with('.') => Some(field::invalid(path, place, NO_DOT)),
        _ if !prefixes.iter().any(|prefix| place.starts_with(prefix)) => Some(field::invalid(path, place, text)),
        _ => None,
    }
}

/// The message about a path that begins without a dot.
const NO_DOT: &str = "must be a simple json path starting with .";

fn column_errors(columns: &[Value], path: &Path) -> ErrorList {
    const TYPES: &str = "must be one of boolean,date,integer,number,string";
    const FORMATS: &str = "must be one of byte,date,date-time,double,float,int32,int64,password";
    let mut errors = ErrorList::new();
    for (index, column) in columns.iter().enumerate() {
        let path = path.index(index);
        if column.str("/name").is_empty() {
            errors.push(field::required(&path.child("name"), ""));
        }
        match column.str("/type") {
            "" => errors.push(field::required(&path.child("type"), TYPES)),
            "boolean" | "date" | "integer" | "number" | "string" => {}
            other => errors.push(field::invalid(&path.child("type"), other, TYPES)),
        }
        match column.str("/format") {
            "" | "byte" | "date" | "date-time" | "double" | "float" | "int32" | "int64" | "password" => {}
            other => errors.push(field::invalid(&path.child("format"), other, FORMATS)),
        }
        match column.str("/jsonPath") {
            "" => errors.push(field::required(&path.child("JSONPath"), "")),
            place if !place.starts_with('.') => errors.push(field::invalid(&path.child("JSONPath"), place, NO_DOT)),
            _ => {}
        }
    }
    errors
}

/// Validates selectable fields against the schema of their level (`ValidateCustomResourceSelectableFields`); `missing` is
/// the message where there is none.
fn selectable_errors(fields: &[Value], schema: Option<&Value>, missing: &str, path: &Path) -> ErrorList {
    if fields.is_empty() {
        return ErrorList::new();
    }
    let Some(schema) = schema else { return vec![field::invalid(path, "", missing)] };
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for (index, selectable) in fields.iter().enumerate() {
        let path = path.index(index).child("jsonPath");
        let place = selectable.str("/jsonPath");
        if place.is_empty() {
            errors.push(field::required(&path, ""));
            continue;
        }
        let found = match schema::at_field_path(schema, place) {
            Err(why) => {
                errors.push(field::invalid(&path, place, &format!("is an invalid path: {why}")));
                continue;
            }
            Ok(found) => found,
        };
        if place.strip_prefix(".metadata").is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            errors.push(field::invalid(&path, place, "must not point to fields in metadata"));
        }
        if !matches!(found.str("/type"), "string" | "boolean" | "integer") {
            let text = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            errors.push(field::invalid(&path, place, text));
        }
        if !seen.insert(place) {
            errors.push(field::duplicate(&path, place));
        }
    }
    if seen.len() > SELECTABLE_MAX {
        errors.push(field::too_many(path, seen.len(), SELECTABLE_MAX));
    }
    errors
}
