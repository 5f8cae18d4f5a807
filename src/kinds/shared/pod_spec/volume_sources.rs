//! Validation of volume sources: exactly one, with its required fields (`validateVolumeSource` in
//! `pkg/apis/core/validation/validation.go`).

use super::env::{validate_resource_ref, validate_volume_field};
use super::volumes::relative_path;
use kctl_base::field::{ErrorList, Path, forbidden, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::quantity::Quantity;

const FILE_MODE_RULE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// The sources in the order of validation, with their required fields.
const SOURCES: &[(&str, &[&str])] = &[
    ("emptyDir", &[]),
    ("hostPath", &["path"]),
    ("gitRepo", &["repository"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("secret", &["secretName"]),
    ("nfs", &["server", "path"]),
    ("iscsi", &["targetPortal", "iqn"]),
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
        _ => {}
    }
}

fn validate_host_path(errors: &mut ErrorList, path: &Path, source: &Value) {
    let place = source.str("/path");
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
    if text.starts_with("..") && !text.starts_with("../") && text != ".." {
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
    for (index, part) in source.list("/sources").iter().enumerate() {
        let here = path.child("sources").index(index);
        let mut count = 0;
        for field in
            ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"]
        {
            let Some(inner) = part.get(field).filter(|p| !p.is_null()) else { continue };
            let there = here.child(field);
            count += 1;
            if count > 1 {
                errors.push(forbidden(&there, "may not specify more than 1 volume type"));
                continue;
            }
            match field {
                "secret" | "configMap" => {
                    if inner.str("/name").is_empty() {
                        errors.push(required(&there.child("name"), ""));
                    }
                    validate_items(errors, &there.child("items"), inner.list("/items"));
                }
                "downwardAPI" => validate_files(errors, &there, inner.list("/items")),
                "serviceAccountToken" => validate_token(errors, &there, inner),
                _ => {}
            }
        }
        if count == 0 {
            errors.push(required(&here, "must specify a volume type"));
        }
    }
}

fn validate_token(errors: &mut ErrorList, path: &Path, token: &Value) {
    let seconds = token.int("/expirationSeconds").unwrap_or(0);
    if seconds < 600 {
        let why = "may not specify a duration less than 10 minutes";
        errors.push(invalid(&path.child("expirationSeconds"), seconds, why));
    }
    if seconds > 1 << 32 {
        let why = "may not specify a duration larger than 2^32 seconds";
        errors.push(invalid(&path.child("expirationSeconds"), seconds, why));
    }
    validate_file_path(errors, &path.child("path"), token.str("/path"));
}
