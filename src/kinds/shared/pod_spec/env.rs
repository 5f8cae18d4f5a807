//! Validation of environment variables and their sources (`ValidateEnv` in `pkg/apis/core/validation/validation.go`).

use crate::shared::formats::{config_key_problems, env_name_problem};
use crate::shared::rules::refuse;
use kctl_base::field::{ErrorList, Path, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::labels;
use kctl_base::object::ValueRead;
use kctl_base::quantity::Quantity;

/// Pod fields that environment variables may refer to.
const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Pod fields that files of a downward API volume may refer to.
const VOLUME_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// Pod fields that exist, but that neither variables nor files may refer to.
const KNOWN_FIELDS: &[&str] = &["spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"];
/// Container resources that a `resourceFieldRef` may name.
const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Validates the environment variables of a container.
pub(crate) fn validate_env(errors: &mut ErrorList, path: &Path, variables: &[Value]) {
    for (index, variable) in variables.iter().enumerate() {
        let here = path.index(index);
        match variable.str("/name") {
            "" => errors.push(required(&here.child("name"), "")),
            name => errors.extend(env_name_problem(name).map(|why| invalid(&here.child("name"), name, why))),
        }
        if let Some(source) = variable.at("/valueFrom") {
            validate_source(errors, &here.child("valueFrom"), source, variable.str("/value"));
        }
    }
}

fn validate_source(errors: &mut ErrorList, path: &Path, source: &Value, value: &str) {
    let mut count = 0;
    if let Some(field) = source.at("/fieldRef") {
        count += 1;
        validate_field_ref(errors, &path.child("fieldRef"), field, ENV_FIELDS);
    }
    if let Some(resource) = source.at("/resourceFieldRef") {
        count += 1;
        validate_resource_ref(errors, &path.child("resourceFieldRef"), resource, false);
    }
    for field in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(key) = source.get(field).filter(|v| !v.is_null()) {
            count += 1;
            validate_key_ref(errors, &path.child(field), key);
        }
    }
    if source.at("/fileKeyRef").is_some() {
        count += 1;
    }
    if count == 0 {
        let why =
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        errors.push(invalid(path, "", why));
    }
    if !value.is_empty() && count != 0 {
        errors.push(invalid(path, "", "may not be specified when `value` is not empty"));
    } else if count > 1 {
        errors.push(invalid(path, "", "may not have more than one field specified at a time"));
    }
}

fn validate_key_ref(errors: &mut ErrorList, path: &Path, source: &Value) {
    if source.str("/name").is_empty() {
        errors.push(required(&path.child("name"), ""));
    }
    match source.str("/key") {
        "" => errors.push(required(&path.child("key"), "")),
        key => refuse(errors, &path.child("key"), key, config_key_problems(key)),
    }
}

/// Validates a `fieldRef` of a volume; the supported fields differ from those of environment variables.
pub(crate) fn validate_volume_field(errors: &mut ErrorList, path: &Path, field: &Value) {
    validate_field_ref(errors, path, field, VOLUME_FIELDS);
}

fn validate_field_ref(errors: &mut ErrorList, path: &Path, field: &Value, allowed: &[&str]) {
    if field.str("/apiVersion").is_empty() {
        return errors.push(required(&path.child("apiVersion"), ""));
    }
    let wanted = field.str("/fieldPath");
    if wanted.is_empty() {
        return errors.push(required(&path.child("fieldPath"), ""));
    }
    let subscript = wanted.strip_suffix("']").and_then(|w| w.split_once("['"));
    let base = subscript.map_or(wanted, |(base, _)| base);
    let known = ENV_FIELDS.contains(&base) || VOLUME_FIELDS.contains(&base) || KNOWN_FIELDS.contains(&base);
    if !known {
        let why = format!("error converting fieldPath: field label not supported: {wanted}");
        return errors.push(invalid(&path.child("fieldPath"), wanted, &why));
    }
    match subscript {
        Some(("metadata.annotations", key)) => refuse(errors, path, key, labels::key_problems(&key.to_lowercase())),
        Some(("metadata.labels", key)) => refuse(errors, path, key, labels::key_problems(key)),
        Some((base, _)) => errors.push(invalid(path, base, "does not support subscript")),
        None if !allowed.contains(&base) => {
            errors.push(not_supported(&path.child("fieldPath"), base, allowed));
        }
        None => {}
    }
}

/// Validates a `resourceFieldRef`; in volumes it must name the container.
pub(crate) fn validate_resource_ref(errors: &mut ErrorList, path: &Path, field: &Value, in_volume: bool) {
    let resource = field.str("/resource");
    if in_volume && field.str("/containerName").is_empty() {
        errors.push(required(&path.child("containerName"), ""));
    } else if resource.is_empty() {
        errors.push(required(&path.child("resource"), ""));
    } else if !RESOURCES.contains(&resource)
        && !["requests.hugepages-", "limits.hugepages-"].iter().any(|p| resource.starts_with(p))
    {
        errors.push(not_supported(&path.child("resource"), resource, RESOURCES));
    }
    validate_divisor(errors, &path.child("divisor"), resource, field.get("divisor"));
}

fn validate_divisor(errors: &mut ErrorList, path: &Path, resource: &str, divisor: Option<&Value>) {
    const BYTES: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let divisor = divisor.and_then(|d| Quantity::from_value(d).ok()).unwrap_or(Quantity::ZERO);
    if divisor.is_zero() {
        return;
    }
    let text = divisor.canonical();
    let (what, choices): (&str, &[&str]) = match resource.split_once('.').map_or(resource, |(_, name)| name) {
        "cpu" => ("cpu", &["1m", "1"]),
        "memory" => ("memory", BYTES),
        "ephemeral-storage" => ("local ephemeral storage", BYTES),
        name if name.starts_with("hugepages-") => ("hugepages", BYTES),
        _ => return,
    };
    if !choices.contains(&text.as_str()) {
        let list = if what == "cpu" { "1m and 1".to_owned() } else { choices.join(", ") };
        let why = format!("only divisor's values {list} are supported with the {what} resource");
        errors.push(invalid(path, resource, &why));
    }
}

/// Validates `envFrom`: ConfigMaps and Secrets whose keys become variables.
pub(crate) fn validate_env_from(errors: &mut ErrorList, path: &Path, sources: &[Value]) {
    for (index, source) in sources.iter().enumerate() {
        let here = path.index(index);
        let prefix = source.str("/prefix");
        errors.extend(env_name_problem(prefix).map(|why| invalid(&here.child("prefix"), prefix, why)));
        let mut count = 0;
        for field in ["configMapRef", "secretRef"] {
            if let Some(reference) = source.get(field).filter(|v| !v.is_null()) {
                count += 1;
                if reference.str("/name").is_empty() {
                    errors.push(required(&here.child(field).child("name"), ""));
                }
            }
        }
        match count {
            0 => errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(invalid(path, "", "may not have more than one field specified at a time")),
        }
    }
}
