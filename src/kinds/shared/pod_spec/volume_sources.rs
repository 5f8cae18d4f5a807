//! Validation of volume sources: exactly one, with its required fields (`validateVolumeSource` in
//! `pkg/apis/core/validation/validation.go`).

use std::collections::BTreeSet;

use super::containers::validate_pull_policy;
use super::env::{validate_resource_ref, validate_volume_field};
use super::volumes::relative_path;
use crate::shared::formats::inclusive_range;
use kctl_base::field::{ErrorList, Path, forbidden, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::quantity::Quantity;

const FILE_MODE_RULE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// The sources of a projected volume.
const PROJECTED: &[&str] =
    &["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];

/// The sources in the order of validation, with their required fields.
const SOURCES: &[(&str, &[&str])] = &[
    ("emptyDir", &[]),
    ("hostPath", &["path"]),
    ("gitRepo", &["repository"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("secret", &["secretName"]),
    ("nfs", &["server", "path"]),
    ("iscsi", &["targetPortal"]),
    ("glusterfs", &["endpoints", "path"]),
    ("flocker", &[]),
    ("persistentVolumeClaim", &["claimName"]),
    ("rbd", &["monitors", "image"]),
    ("cinder", &["volumeID"]),
    ("cephfs", &["monitors"]),
    ("quobyte", &["registry", "volume"]),
    ("downwardAPI", &[]),
    ("fc", &[]),
    ("flexVolume", &["driver"]),
    ("configMap", &["name"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("storageos", &["volumeName"]),
    ("projected", &[]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("csi", &["driver"]),
    ("ephemeral", &["volumeClaimTemplate"]),
    ("image", &[]),
];

/// Validates the source of a volume.
pub(crate) fn validate(errors: &mut ErrorList, path: &Path, volume: &Value) {
    let mut count = 0;
    for (name, needed) in SOURCES {
        let Some(source) = volume.get(*name).filter(|s| !s.is_null()) else { continue };
        let here = path.child(name);
        count += 1;
        if count > 1 {
            errors.push(forbidden(&here, "may not specify more than 1 volume type"));
            continue;
        }
        for field in *needed {
            let value = source.get(*field).unwrap_or(&Value::Null);
            let missing = match value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                _ => false,
            };
            if missing {
                errors.push(required(&here.child(field), ""));
            }
        }
        validate_details(errors, &here, name, source);
    }
    if count == 0 {
        errors.push(required(path, "must specify a volume type"));
    }
}

fn validate_details(errors: &mut ErrorList, path: &Path, name: &str, source: &Value) {
    match name {
        "emptyDir" => {
            let limit = source.at("/sizeLimit").and_then(|l| Quantity::from_value(l).ok());
            if limit.is_some_and(|l| l.signum() < 0) {
                let here = path.child("sizeLimit");
                errors.push(forbidden(&here, "SizeLimit field must be a valid resource quantity"));
            }
        }
        "hostPath" => validate_host_path(errors, path, source),
        "nfs" if !source.str("/path").is_empty() && !source.str("/path").starts_with('/') => {
            errors.push(invalid(&path.child("path"), source.str("/path"), "must be an absolute path"));
        }
        "secret" | "configMap" => {
            validate_mode(errors, &path.child("defaultMode"), source.int("/defaultMode"));
            validate_items(errors, &path.child("items"), source.list("/items"));
        }
        "downwardAPI" => {
            validate_mode(errors, &path.child("defaultMode"), source.int("/defaultMode"));
            validate_files(errors, path, source.list("/items"));
        }
        "projected" => validate_projected(errors, path, source),
        "iscsi" => validate_iscsi(errors, path, source),
        "image" => validate_pull_policy(errors, &path.child("pullPolicy"), source.str("/pullPolicy")),
        _ => {}
    }
}

/// Validates the qualified name and the number of a unit (`validateISCSIVolumeSource`).
fn validate_iscsi(errors: &mut ErrorList, path: &Path, source: &Value) {
    const UNITS: std::ops::RangeInclusive<i64> = 0..=255;
    let (name, here) = (source.str("/iqn"), path.child("iqn"));
    if name.is_empty() {
        errors.push(required(&here, ""));
    } else if !["iqn", "eui", "naa"].iter().any(|form| name.starts_with(form)) {
        errors.push(invalid(&here, name, "must be valid format starting with iqn, eui, or naa"));
    } else if !is_iscsi_name(name) {
        errors.push(invalid(&here, name, "must be valid format"));
    }
    if let Some(unit) = source.int("/lun").filter(|unit| !UNITS.contains(unit)) {
        errors.push(invalid(&path.child("lun"), unit, &inclusive_range(*UNITS.start(), *UNITS.end())));
    }
    if (source.flag("/chapAuthDiscovery") || source.flag("/chapAuthSession")) && source.at("/secretRef").is_none() {
        errors.push(required(&path.child("secretRef"), ""));
    }
}

/// Returns whether a name is `iqn.YYYY-MM.domain:unit`, `eui.` with 16 or `naa.` with 32 letters and digits.
fn is_iscsi_name(name: &str) -> bool {
    let (form, rest) = name.split_at(3);
    let alphanumeric = |count: usize| {
        let mut characters = rest.chars();
        // The dot of these forms is unescaped in the pattern of the server.
        characters.next().is_some()
            && characters.clone().count() == count
            && characters.all(|c| c.is_ascii_alphanumeric())
    };
    match form {
        "eui" => alphanumeric(16),
        "naa" => alphanumeric(32),
        _ => rest.strip_prefix('.').is_some_and(is_dated_domain),
    }
}

fn is_dated_domain(text: &str) -> bool {
    let Some((domain, unit)) = text.split_once(':') else { return false };
    let (date, name) = domain.split_once('.').unwrap_or((domain, ""));
    let (year, month) = date.split_once('-').unwrap_or((date, ""));
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    digits(year, 4)
        && digits(month, 2)
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
        && !unit.is_empty()
        && !unit.contains(|c: char| ",;*&$|".contains(c) || c.is_whitespace())
}

fn validate_host_path(errors: &mut ErrorList, path: &Path, source: &Value) {
    let place = source.str("/path");
    if place.is_empty() {
        return;
    }
    if place.split('/').any(|part| part == "..") {
        errors.push(invalid(&path.child("path"), place, "must not contain '..'"));
    }
    let types = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let kind = source.str("/type");
    if !types.contains(&kind) {
        errors.push(not_supported(&path.child("type"), kind, &types));
    }
}

fn validate_mode(errors: &mut ErrorList, path: &Path, mode: Option<i64>) {
    if let Some(mode) = mode.filter(|m| !(0..=0o777).contains(m)) {
        errors.push(invalid(path, mode, FILE_MODE_RULE));
    }
}

fn validate_items(errors: &mut ErrorList, path: &Path, items: &[Value]) {
    for (index, item) in items.iter().enumerate() {
        let here = path.index(index);
        if item.str("/key").is_empty() {
            errors.push(required(&here.child("key"), ""));
        }
        validate_file_path(errors, &here.child("path"), item.str("/path"));
        validate_mode(errors, &here.child("mode"), item.int("/mode"));
    }
}

/// Validates the path of a file in a volume: relative, without `..`.
fn validate_file_path(errors: &mut ErrorList, path: &Path, text: &str) {
    if text.is_empty() {
        return errors.push(required(path, ""));
    }
    relative_path(errors, path, text);
    if text.starts_with("..") && !text.starts_with("../") {
        errors.push(invalid(path, text, "must not start with '..'"));
    }
}

fn validate_files(errors: &mut ErrorList, path: &Path, files: &[Value]) {
    for file in files {
        validate_file_path(errors, &path.child("path"), file.str("/path"));
        match (file.at("/fieldRef"), file.at("/resourceFieldRef")) {
            (Some(field), other) => {
                validate_volume_field(errors, &path.child("fieldRef"), field);
                if other.is_some() {
                    let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
                    errors.push(invalid(path, "resource", why));
                }
            }
            (None, Some(resource)) => {
                validate_resource_ref(errors, &path.child("resourceFieldRef"), resource, true);
            }
            (None, None) => errors.push(required(path, "one of fieldRef and resourceFieldRef is required")),
        }
        validate_mode(errors, &path.child("mode"), file.int("/mode"));
    }
}

fn validate_projected(errors: &mut ErrorList, path: &Path, source: &Value) {
    validate_mode(errors, &path.child("defaultMode"), source.int("/defaultMode"));
    let mut places = BTreeSet::new();
    for (index, part) in source.list("/sources").iter().enumerate() {
        let here = path.child("sources").index(index);
        let count = PROJECTED.iter().filter(|field| validate_projection(errors, path, &here, part, field, &mut places));
        if count.count() > 1 {
            errors.push(forbidden(&here, "may not specify more than 1 volume type per source"));
        }
    }
}

/// Validates the source `field` of one part of a projected volume and returns whether there is one. `places` are the
/// paths of the files so far.
fn validate_projection<'a>(
    errors: &mut ErrorList,
    path: &Path,
    here: &Path,
    part: &'a Value,
    field: &str,
    places: &mut BTreeSet<&'a str>,
) -> bool {
    let Some(inner) = part.get(field).filter(|p| !p.is_null()) else { return false };
    let there = here.child(field);
    let mut claim = |errors: &mut ErrorList, place: &'a str, shown: &str| {
        if !place.is_empty() && !places.insert(place) {
            errors.push(invalid(path, shown, "conflicting duplicate paths"));
        }
    };
    match field {
        "secret" | "configMap" => {
            if inner.str("/name").is_empty() {
                errors.push(required(&there.child("name"), ""));
            }
            validate_items(errors, &there.child("items"), inner.list("/items"));
            inner.list("/items").iter().for_each(|item| claim(errors, item.str("/path"), inner.str("/name")));
        }
        "downwardAPI" => {
            validate_files(errors, &there, inner.list("/items"));
            inner.list("/items").iter().for_each(|item| claim(errors, item.str("/path"), item.str("/path")));
        }
        "serviceAccountToken" => {
            validate_token(errors, path, &there, inner);
            claim(errors, inner.str("/path"), inner.str("/path"));
        }
        _ => {}
    }
    true
}

/// Validates a projected token. Upstream reports its path as if it were that of the volume.
fn validate_token(errors: &mut ErrorList, volume: &Path, path: &Path, token: &Value) {
    let seconds = token.int("/expirationSeconds").unwrap_or(0);
    if seconds < 600 {
        let why = "may not specify a duration less than 10 minutes";
        errors.push(invalid(&path.child("expirationSeconds"), seconds, why));
    }
    if seconds > 1 << 32 {
        let why = "may not specify a duration larger than 2^32 seconds";
        errors.push(invalid(&path.child("expirationSeconds"), seconds, why));
    }
    validate_file_path(errors, &volume.child("path"), token.str("/path"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn texts(volume: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, &Path::new("v"), &volume);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn projected_files_have_paths_of_their_own() {
        let volume = json!({"projected": {"sources": [
            {"configMap": {"name": "m", "items": [{"key": "k", "path": "a"}]}},
            {"secret": {"name": "s"}, "downwardAPI": {"items": [{"path": "a", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}]}},
            {"serviceAccountToken": {"expirationSeconds": 600}},
            {},
        ]}});
        assert_eq!(
            texts(volume),
            [
                "v.projected: Invalid value: \"a\": conflicting duplicate paths",
                "v.projected.sources[1]: Forbidden: may not specify more than 1 volume type per source",
                "v.projected.path: Required value",
            ]
        );
    }

    #[test]
    fn paths_and_names_are_validated() {
        assert_eq!(texts(json!({"hostPath": {"type": "Odd"}})), ["v.hostPath.path: Required value"]);
        let file = json!({"path": "..", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}});
        assert_eq!(
            texts(json!({"downwardAPI": {"items": [file]}})),
            [
                "v.downwardAPI.path: Invalid value: \"..\": must not contain '..'",
                "v.downwardAPI.path: Invalid value: \"..\": must not start with '..'",
            ]
        );
        assert_eq!(
            texts(json!({"iscsi": {"iqn": "foo", "lun": 256}})),
            [
                "v.iscsi.targetPortal: Required value",
                "v.iscsi.iqn: Invalid value: \"foo\": must be valid format starting with iqn, eui, or naa",
                "v.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            ]
        );
        for (name, good) in
            [("iqn.2001-04.com.example:disk", true), ("iqn.2001-4.com:disk", false), ("eui.0123456789abcdef", true)]
        {
            assert_eq!(is_iscsi_name(name), good, "{name}");
        }
    }
}
