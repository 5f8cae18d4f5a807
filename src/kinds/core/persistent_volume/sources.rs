//! The sources of PersistentVolumes: defaults, validation and description.

use crate::PrefixWriter;
use crate::shared::describe::{go_list, joined, shorten};
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
    }
    if !found {
        errors.push(field::required(spec, "must specify a volume type"));
    }
    if volume.str("/spec/hostPath/path") == "/" && volume.str("/spec/persistentVolumeReclaimPolicy") == "Recycle" {
        let path = spec.child("persistentVolumeReclaimPolicy");
        errors.push(field::forbidden(&path, "may not be 'recycle' for a hostPath mount of '/'"));
    }
    if volume.at("/spec/local").is_some() && volume.at("/spec/nodeAffinity/required").is_none() {
        errors.push(field::required(&spec.child("nodeAffinity"), "Local volume requires node affinity"));
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

/// The description of a source: its type, and label and field of each line; see `format_field`.
struct Source {
    name: &'static str,
    kind: &'static str,
    lines: &'static [(&'static str, &'static str)],
}

/// The sources in the order in which the description looks for them.
const DESCRIBED: &[Source] = &[
    Source {
        name: "hostPath",
        kind: "HostPath (bare host directory volume)",
        lines: &[("Path", "path"), ("HostPathType", "type")],
    },
    Source {
        name: "gcePersistentDisk",
        kind: "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        lines: &[("PDName", "pdName"), ("FSType", "fsType"), ("Partition", "partition#"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "awsElasticBlockStore",
        kind: "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        lines: &[
            ("VolumeID", "volumeID"),
            ("FSType", "fsType"),
            ("Partition", "partition#"),
            ("ReadOnly", "readOnly?"),
        ],
    },
    Source {
        name: "nfs",
        kind: "NFS (an NFS mount that lasts the lifetime of a pod)",
        lines: &[("Server", "server"), ("Path", "path"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "iscsi",
        kind: "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        lines: &[
            ("TargetPortal", "targetPortal"),
            ("IQN", "iqn"),
            ("Lun", "lun#"),
            ("ISCSIInterface", "iscsiInterface"),
            ("FSType", "fsType"),
            ("ReadOnly", "readOnly?"),
            ("Portals", "portals[]"),
            ("DiscoveryCHAPAuth", "chapAuthDiscovery?"),
            ("SessionCHAPAuth", "chapAuthSession?"),
        ],
    },
    Source {
        name: "glusterfs",
        kind: "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        lines: &[("EndpointsName", "endpoints"), ("Path", "path"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "rbd",
        kind: "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        lines: &[
            ("CephMonitors", "monitors[]"),
            ("RBDImage", "image"),
            ("FSType", "fsType"),
            ("RBDPool", "pool"),
            ("RadosUser", "user"),
            ("Keyring", "keyring"),
            ("ReadOnly", "readOnly?"),
        ],
    },
    Source {
        name: "quobyte",
        kind: "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        lines: &[("Registry", "registry"), ("Volume", "volume"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "vsphereVolume",
        kind: "vSphereVolume (a Persistent Disk resource in vSphere)",
        lines: &[("VolumePath", "volumePath"), ("FSType", "fsType"), ("StoragePolicyName", "storagePolicyName")],
    },
    Source {
        name: "cinder",
        kind: "Cinder (a Persistent Disk resource in OpenStack)",
        lines: &[("VolumeID", "volumeID"), ("FSType", "fsType"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "azureDisk",
        kind: "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        lines: &[
            ("DiskName", "diskName"),
            ("DiskURI", "diskURI"),
            ("Kind", "kind"),
            ("FSType", "fsType"),
            ("CachingMode", "cachingMode"),
            ("ReadOnly", "readOnly?"),
        ],
    },
    Source {
        name: "local",
        kind: "LocalVolume (a persistent volume backed by local storage on a node)",
        lines: &[("Path", "path")],
    },
    Source {
        name: "cephfs",
        kind: "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        lines: &[
            ("Monitors", "monitors[]"),
            ("Path", "path"),
            ("User", "user"),
            ("SecretFile", "secretFile"),
            ("ReadOnly", "readOnly?"),
        ],
    },
    Source {
        name: "storageos",
        kind: "StorageOS (a StorageOS Persistent Disk resource)",
        lines: &[
            ("VolumeName", "volumeName"),
            ("VolumeNamespace", "volumeNamespace"),
            ("FSType", "fsType"),
            ("ReadOnly", "readOnly?"),
        ],
    },
    Source {
        name: "fc",
        kind: "FC (a Fibre Channel disk)",
        lines: &[("TargetWWNs", "targetWWNs,"), ("LUN", "lun#"), ("FSType", "fsType"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "azureFile",
        kind: "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        lines: &[
            ("SecretName", "secretName"),
            ("SecretNamespace", "secretNamespace"),
            ("ShareName", "shareName"),
            ("ReadOnly", "readOnly?"),
        ],
    },
    Source {
        name: "flexVolume",
        kind: "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        lines: &[("Driver", "driver"), ("FSType", "fsType"), ("ReadOnly", "readOnly?")],
    },
    Source {
        name: "csi",
        kind: "CSI (a Container Storage Interface (CSI) volume source)",
        lines: &[
            ("Driver", "driver"),
            ("FSType", "fsType"),
            ("VolumeHandle", "volumeHandle"),
            ("ReadOnly", "readOnly?"),
        ],
    },
];

/// Writes the lines below `Source:`.
pub(super) fn describe(volume: &Object, out: &mut PrefixWriter) {
    let found = DESCRIBED.iter().find_map(|s| Some((s, volume.at(&format!("/spec/{}", s.name))?)));
    let Some((source, value)) = found else {
        return out.line(1, "<unknown>");
    };
    out.pair(2, "Type", source.kind);
    for (label, field) in source.lines {
        out.pair(2, label, format_field(value, field));
    }
    if source.name == "csi" {
        attributes(value, out);
    }
}

/// Formats a field of a source by the last character of `field`: `?` for a bool, `#` for an integer, `[]` for a list as
/// Go prints it, `,` for a list joined by commas.
fn format_field(source: &Value, field: &str) -> String {
    let name = field.trim_end_matches(['?', '#', '[', ']', ',']);
    let value = source.get(name);
    let list = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match field.as_bytes().last() {
        Some(b'?') => value.and_then(Value::as_bool).unwrap_or(false).to_string(),
        Some(b'#') => value.and_then(Value::as_i64).unwrap_or(0).to_string(),
        Some(b']') => go_list(list),
        Some(b',') => joined(list, ", "),
        _ => value.and_then(Value::as_str).unwrap_or("").into(),
    }
}

/// Writes the volume attributes of a CSI source, one on each line.
fn attributes(source: &Value, out: &mut PrefixWriter) {
    let attributes = source.strings("/volumeAttributes");
    if attributes.is_empty() {
        return out.pair(2, "VolumeAttributes", "<none>");
    }
    out.write(2, "VolumeAttributes:\t");
    for (position, (key, value)) in attributes.iter().enumerate() {
        if position > 0 {
            out.write(2, "");
            out.write(2, "\t");
        }
        out.line(2, shorten(&format!("{key}={value}"), 140));
    }
}
