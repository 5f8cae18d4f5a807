//! Validation of the volumes of a pod spec and of the mounts in its containers (`ValidateVolumes`,
//! `ValidateVolumeMounts` in `pkg/apis/core/validation/validation.go`).

use std::collections::{BTreeMap, BTreeSet};

use super::volume_sources;
use crate::shared::formats::dns_label_problems;
use crate::shared::rules::refuse;
use kctl_base::field::{ErrorList, Path, duplicate, forbidden, invalid, not_found, not_supported, required};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The valid volumes of a pod spec, by name.
pub(crate) type Volumes<'a> = BTreeMap<&'a str, &'a Value>;

/// Validates volumes and returns those that mounts may refer to.
pub(crate) fn validate<'a>(errors: &mut ErrorList, path: &Path, list: &'a [Value]) -> Volumes<'a> {
    let mut good = Volumes::new();
    for (index, volume) in list.iter().enumerate() {
        let here = path.index(index);
        let name = volume.str("/name");
        let mut wrong = ErrorList::new();
        volume_sources::validate(&mut wrong, &here, volume);
        if name.is_empty() {
            wrong.push(required(&here.child("name"), ""));
        } else {
            refuse(&mut wrong, &here.child("name"), name, dns_label_problems(name));
        }
        if good.contains_key(name) {
            wrong.push(duplicate(&here.child("name"), name));
        }
        if wrong.is_empty() {
            good.insert(name, volume);
        }
        errors.append(&mut wrong);
    }
    good
}

/// Validates the mounts and block devices of a container.
pub(crate) fn validate_mounts(errors: &mut ErrorList, path: &Path, container: &Value, volumes: &Volumes) {
    let (mounts, devices) = (container.list("/volumeMounts"), container.list("/volumeDevices"));
    let has = |list: &[Value], field: &str, value: &str| list.iter().any(|item| item.str(field) == value);
    let mut places = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let here = path.child("volumeMounts").index(index);
        let (name, place) = (mount.str("/name"), mount.str("/mountPath"));
        if name.is_empty() {
            errors.push(required(&here.child("name"), ""));
        }
        if !volumes.contains_key(name) {
            errors.push(not_found(&here.child("name"), name));
        }
        if place.is_empty() {
            errors.push(required(&here.child("mountPath"), ""));
        }
        if places.contains(&place) {
            errors.push(invalid(&here.child("mountPath"), place, "must be unique"));
        }
        places.insert(place);
        if has(devices, "/name", name) {
            errors.push(invalid(&here.child("name"), name, "must not already exist in volumeDevices"));
        }
        if has(devices, "/devicePath", place) {
            let why = "must not already exist as a path in volumeDevices";
            errors.push(invalid(&here.child("mountPath"), place, why));
        }
        validate_sub_paths(errors, &here, mount);
        validate_propagation(errors, &here.child("mountPropagation"), mount, container);
        // Upstream reports this one without the index of the mount.
        validate_recursive(errors, &path.child("volumeMounts").child("recursiveReadOnly"), mount);
    }
    validate_devices(errors, path, mounts, devices, volumes);
}

fn validate_devices(errors: &mut ErrorList, path: &Path, mounts: &[Value], devices: &[Value], volumes: &Volumes) {
    let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (index, device) in devices.iter().enumerate() {
        let here = path.child("volumeDevices").index(index);
        let (name, place) = (device.str("/name"), device.str("/devicePath"));
        if name.is_empty() {
            errors.push(required(&here.child("name"), ""));
        }
        if names.contains(&name) {
            errors.push(invalid(&here.child("name"), name, "must be unique"));
        }
        match volumes.get(name) {
            None => errors.push(not_found(&here.child("name"), name)),
            Some(volume) if volume.at("/persistentVolumeClaim").or(volume.at("/ephemeral")).is_none() => {
                let why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(invalid(&here.child("name"), name, why));
            }
            Some(_) => {}
        }
        if place.is_empty() {
            errors.push(required(&here.child("devicePath"), ""));
        }
        if places.contains(&place) {
            errors.push(invalid(&here.child("devicePath"), place, "must be unique"));
        }
        if mounts.iter().any(|m| m.str("/mountPath") == place) {
            let why = "must not already exist as a path in volumeMounts";
            errors.push(invalid(&here.child("devicePath"), place, why));
        }
        names.insert(name);
        places.insert(place);
    }
}

fn validate_sub_paths(errors: &mut ErrorList, path: &Path, mount: &Value) {
    let (plain, expression) = (mount.str("/subPath"), mount.str("/subPathExpr"));
    relative_path(errors, &path.child("subPath"), plain);
    if !plain.is_empty() && !expression.is_empty() {
        let why = "subPathExpr and subPath are mutually exclusive";
        errors.push(invalid(&path.child("subPathExpr"), expression, why));
    }
    relative_path(errors, &path.child("subPathExpr"), expression);
}

/// Refuses a path that is absolute or contains `..`; an empty one is valid.
pub(crate) fn relative_path(errors: &mut ErrorList, path: &Path, text: &str) {
    if text.starts_with('/') {
        errors.push(invalid(path, text, "must be a relative path"));
    }
    if text.split('/').any(|part| part == "..") {
        errors.push(invalid(path, text, "must not contain '..'"));
    }
}

/// Validates how a read-only mount treats the mounts below it (`validateMountRecursiveReadOnly`).
fn validate_recursive(errors: &mut ErrorList, path: &Path, mount: &Value) {
    match mount.at("/recursiveReadOnly").and_then(Value::as_str) {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.flag("/readOnly") {
                errors.push(forbidden(path, "may only be specified when readOnly is true"));
            }
            if !matches!(mount.str("/mountPropagation"), "" | "None") {
                let why = "may only be specified when mountPropagation is None or not specified";
                errors.push(forbidden(path, why));
            }
        }
        Some(other) => errors.push(not_supported(path, other, &["Disabled", "IfPossible", "Enabled"])),
    }
}

fn validate_propagation(errors: &mut ErrorList, path: &Path, mount: &Value, container: &Value) {
    let Some(mode) = mount.at("/mountPropagation").and_then(Value::as_str) else { return };
    let supported = ["Bidirectional", "HostToContainer", "None"];
    if !supported.contains(&mode) {
        errors.push(not_supported(path, mode, &supported));
    }
    if mode == "Bidirectional" && !container.flag("/securityContext/privileged") {
        let why = "Bidirectional mount propagation is available only to privileged containers";
        errors.push(forbidden(path, why));
    }
}
