//! The sources of PersistentVolumes: defaults, validation and the form in which errors print them.

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

/// Go name and API name of the sources, in the order of the Go struct.
const GO_FIELDS: &[(&str, &str)] = &[
    ("GCEPersistentDisk", "gcePersistentDisk"),
    ("AWSElasticBlockStore", "awsElasticBlockStore"),
    ("HostPath", "hostPath"),
    ("Glusterfs", "glusterfs"),
    ("NFS", "nfs"),
    ("RBD", "rbd"),
    ("Quobyte", "quobyte"),
    ("ISCSI", "iscsi"),
    ("FlexVolume", "flexVolume"),
    ("Cinder", "cinder"),
    ("CephFS", "cephfs"),
    ("FC", "fc"),
    ("Flocker", "flocker"),
    ("AzureFile", "azureFile"),
    ("VsphereVolume", "vsphereVolume"),
    ("AzureDisk", "azureDisk"),
    ("PhotonPersistentDisk", "photonPersistentDisk"),
    ("PortworxVolume", "portworxVolume"),
    ("ScaleIO", "scaleIO"),
    ("Local", "local"),
    ("StorageOS", "storageos"),
    ("CSI", "csi"),
];

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

/// The source as Go serialises the internal type, for the diff in the error about a changed source.
pub(super) fn internal_json(volume: &Object) -> String {
    let mut text = String::from("{\n");
    for (position, (go_name, name)) in GO_FIELDS.iter().enumerate() {
        let comma = if position + 1 < GO_FIELDS.len() { "," } else { "" };
        match volume.at(&format!("/spec/{name}")) {
            None => text.push_str(&format!(" \"{go_name}\": null{comma}\n")),
            Some(source) => {
                let lines: Vec<String> = go_members(name, source);
                text.push_str(&format!(" \"{go_name}\": {{\n{}\n }}{comma}\n", lines.join(",\n")));
            }
        }
    }
    text.push_str("}\n");
    text
}

fn go_members(name: &str, source: &Value) -> Vec<String> {
    let order: &[(&str, &str, Value)] = match name {
        "hostPath" => &[("Path", "path", Value::from("")), ("Type", "type", Value::Null)],
        "nfs" => &[
            ("Server", "server", Value::from("")),
            ("Path", "path", Value::from("")),
            ("ReadOnly", "readOnly", Value::Bool(false)),
        ],
        "local" => &[("Path", "path", Value::from("")), ("FSType", "fsType", Value::Null)],
        _ => &[],
    };
    if order.is_empty() {
        let members = source.as_object().into_iter().flatten();
        return members.map(|(k, v)| format!("  \"{}{}\": {v}", k[..1].to_uppercase(), &k[1..])).collect();
    }
    order.iter().map(|(go, ours, zero)| format!("  \"{go}\": {}", source.get(*ours).unwrap_or(zero))).collect()
}
