//! The sources of PersistentVolumes: defaults and validation.

use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The sources in the order of validation.
const CHECKED: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Returns whether two specs of a volume have the same source.
pub(super) fn are_equal(left: &Value, right: &Value) -> bool {
    CHECKED.iter().all(|name| left.get(*name) == right.get(*name))
}

/// Sets the defaults of the sources.
pub(super) fn set_defaults(volume: &mut Object) {
    let defaults: [(&str, &str, Value); 9] = [
        ("hostPath", "type", json!("")),
        ("iscsi", "iscsiInterface", json!("default")),
        ("rbd", "pool", json!("rbd")),
        ("rbd", "user", json!("admin")),
        ("rbd", "keyring", json!("/etc/ceph/keyring")),
        ("azureDisk", "cachingMode", json!("ReadWrite")),
        ("azureDisk", "kind", json!("Shared")),
        ("scaleIO", "storageMode", json!("ThinProvisioned")),
        ("scaleIO", "fsType", json!("xfs")),
    ];
    for (source, name, value) in defaults {
        if volume.at(&format!("/spec/{source}")).is_some() {
            volume.put_default(&format!("/spec/{source}/{name}"), value);
        }
    }
}

/// Requires exactly one source, with its required fields (`ValidatePersistentVolumeSpec` in
/// `pkg/apis/core/validation/validation.go`).
pub(super) fn errors(volume: &Object, spec: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut found = false;
    for name in CHECKED {
        let Some(source) = volume.at(&format!("/spec/{name}")) else { continue };
        if found {
            errors.push(field::forbidden(&spec.child(name), "may not specify more than 1 volume type"));
            continue;
        }
        found = true;
        errors.extend(source_errors(name, source, &spec.child(name)));
        if *name == "local" && volume.at("/spec/nodeAffinity/required").is_none() {
            errors.push(field::required(&spec.child("nodeAffinity"), "Local volume requires node affinity"));
        }
    }
    if !found {
        errors.push(field::required(spec, "must specify a volume type"));
    }
    if volume.str("/spec/hostPath/path") == "/" && volume.str("/spec/persistentVolumeReclaimPolicy") == "Recycle" {
        let path = spec.child("persistentVolumeReclaimPolicy");
        errors.push(field::forbidden(&path, "may not be 'recycle' for a hostPath mount of '/'"));
    }
    errors
}

fn source_errors(name: &str, source: &Value, path: &Path) -> ErrorList {
    let required: &[&str] = match name {
        "hostPath" | "local" => &["path"],
        "nfs" => &["server", "path"],
        "csi" => &["driver", "volumeHandle"],
        "gcePersistentDisk" => &["pdName"],
        "awsElasticBlockStore" | "cinder" => &["volumeID"],
        "glusterfs" => &["endpoints", "path"],
        "rbd" => &["monitors", "image"],
        "cephfs" => &["monitors"],
        "iscsi" => &["targetPortal", "iqn"],
        "flexVolume" => &["driver"],
        "azureFile" => &["secretName", "shareName"],
        "azureDisk" => &["diskName", "diskURI"],
        "vsphereVolume" => &["volumePath"],
        "photonPersistentDisk" => &["pdID"],
        "portworxVolume" => &["volumeID"],
        "quobyte" => &["registry", "volume"],
        "scaleIO" => &["gateway", "system", "volumeName"],
        _ => &[],
    };
    let empty = |value: &Value| value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    let missing = |field: &str| source.get(field).is_none_or(|v| v.is_null() || empty(v));
    let mut errors: ErrorList =
        required.iter().filter(|f| missing(f)).map(|f| field::required(&path.child(f), "")).collect();
    let place = source.str("/path");
    if name == "nfs" && !place.is_empty() && !place.starts_with('/') {
        errors.push(field::invalid(&path.child("path"), place, "must be an absolute path"));
    }
    if matches!(name, "hostPath" | "local") && place.split('/').any(|part| part == "..") {
        errors.push(field::invalid(&path.child("path"), place, "must not contain '..'"));
    }
    let types = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let kind = source.str("/type");
    if name == "hostPath" && !types.contains(&kind) {
        errors.push(field::not_supported(&path.child("type"), kind, &types));
    }
    errors
}
