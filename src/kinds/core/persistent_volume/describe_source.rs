//! The sources of PersistentVolumes in descriptions (`kubectl/pkg/describe/describe.go`).

use crate::PrefixWriter;
use crate::shared::describe::{go_list, joined, shorten};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

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
