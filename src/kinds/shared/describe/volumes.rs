//! Volumes in descriptions: their type and relevant settings (`describeVolumes` in `kubectl/pkg/describe/describe.go`).

use super::format::go_list;
use super::metadata::label_lines;
use crate::PrefixWriter;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::quantity::Quantity;

/// The format of a setting.
#[derive(Clone, Copy)]
enum Format {
    /// A string; empty when it is missing.
    Text,
    /// An integer; 0 when it is missing.
    Number,
    /// `true` or `false`; `false` when it is missing.
    Flag,
    /// An optional string; `<none>` when it is missing.
    OptionalText,
    /// A list of strings as Go's `%v` prints it.
    List,
}

/// A volume source: its field, its description, and its settings as (label, pointer, format).
type Source = (&'static str, &'static str, &'static [(&'static str, &'static str, Format)]);

/// The sources that are described by a list of their settings; the others have functions below.
const SOURCES: &[Source] = &[
    (
        "hostPath",
        "HostPath (bare host directory volume)",
        &[("Path", "/path", Format::Text), ("HostPathType", "/type", Format::OptionalText)],
    ),
    (
        "gcePersistentDisk",
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        &[
            ("PDName", "/pdName", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("Partition", "/partition", Format::Number),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "awsElasticBlockStore",
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        &[
            ("VolumeID", "/volumeID", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("Partition", "/partition", Format::Number),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        &[("Repository", "/repository", Format::Text), ("Revision", "/revision", Format::Text)],
    ),
    (
        "secret",
        "Secret (a volume populated by a Secret)",
        &[("SecretName", "/secretName", Format::Text), ("Optional", "/optional", Format::Flag)],
    ),
    (
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        &[("Name", "/name", Format::Text), ("Optional", "/optional", Format::Flag)],
    ),
    (
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[
            ("Server", "/server", Format::Text),
            ("Path", "/path", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "iscsi",
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        &[
            ("TargetPortal", "/targetPortal", Format::Text),
            ("IQN", "/iqn", Format::Text),
            ("Lun", "/lun", Format::Number),
            ("ISCSIInterface", "/iscsiInterface", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
            ("Portals", "/portals", Format::List),
            ("DiscoveryCHAPAuth", "/chapAuthDiscovery", Format::Flag),
            ("SessionCHAPAuth", "/chapAuthSession", Format::Flag),
        ],
    ),
    (
        "glusterfs",
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        &[
            ("EndpointsName", "/endpoints", Format::Text),
            ("Path", "/path", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[("ClaimName", "/claimName", Format::Text), ("ReadOnly", "/readOnly", Format::Flag)],
    ),
    (
        "cephfs",
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        &[
            ("Monitors", "/monitors", Format::List),
            ("Path", "/path", Format::Text),
            ("User", "/user", Format::Text),
            ("SecretFile", "/secretFile", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "cinder",
        "Cinder (a Persistent Disk resource in OpenStack)",
        &[
            ("VolumeID", "/volumeID", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "fc",
        "FC (a Fibre Channel disk)",
        &[
            ("TargetWWNs", "/targetWWNs", Format::List),
            ("LUN", "/lun", Format::Number),
            ("FSType", "/fsType", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "flexVolume",
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        &[
            ("Driver", "/driver", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "vsphereVolume",
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        &[
            ("VolumePath", "/volumePath", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("StoragePolicyName", "/storagePolicyName", Format::Text),
        ],
    ),
    (
        "azureDisk",
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        &[
            ("DiskName", "/diskName", Format::Text),
            ("DiskURI", "/diskURI", Format::Text),
            ("Kind", "/kind", Format::Text),
            ("FSType", "/fsType", Format::Text),
            ("CachingMode", "/cachingMode", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    (
        "azureFile",
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        &[
            ("SecretName", "/secretName", Format::Text),
            ("ShareName", "/shareName", Format::Text),
            ("ReadOnly", "/readOnly", Format::Flag),
        ],
    ),
    ("portworxVolume", "PortworxVolume (a Portworx Volume resource)", &[("VolumeID", "/volumeID", Format::Text)]),
    (
        "local",
        "LocalVolume (a persistent volume backed by local storage on a node)",
        &[("Path", "/path", Format::Text)],
    ),
    (
        "image",
        "Image (a container image or OCI artifact)",
        &[("Reference", "/reference", Format::Text), ("PullPolicy", "/pullPolicy", Format::Text)],
    ),
];

/// Writes the volumes of a pod or pod template; `indent` is the indentation of the title.
pub(crate) fn describe_volumes(volumes: &[Value], indent: &str, out: &mut PrefixWriter) {
    if volumes.is_empty() {
        return out.line(0, format!("{indent}Volumes:\t<none>"));
    }
    out.line(0, format!("{indent}Volumes:"));
    let blank = if indent.is_empty() { "" } else { " " };
    for volume in volumes {
        out.line(1, format!("{blank}{}:", volume.str("/name")));
        describe_volume_source(volume, out);
    }
}

/// Writes the source of a volume. For a PersistentVolume `volume` is its `spec`.
pub(crate) fn describe_volume_source(volume: &Value, out: &mut PrefixWriter) {
    if let Some((field, title, settings)) = SOURCES.iter().find(|(field, _, _)| volume.get(*field).is_some()) {
        out.pair(2, "Type", title);
        for (label, pointer, show) in *settings {
            out.pair(2, label, setting(&volume[*field], pointer, *show));
        }
        if *field == "flexVolume" {
            label_lines(2, "Options", &volume[*field].strings("/options"), out);
        }
    } else if let Some(source) = volume.at("/emptyDir") {
        describe_empty_dir(source, out);
    } else if let Some(source) = volume.at("/projected") {
        describe_projected(source, out);
    } else if let Some(source) = volume.at("/downwardAPI") {
        describe_downward(source, out);
    } else if let Some(source) = volume.at("/csi") {
        describe_csi(source, out);
    } else if let Some(source) = volume.at("/rbd") {
        describe_rbd(source, out);
    } else if let Some(source) = volume.at("/ephemeral") {
        describe_ephemeral(source, out);
    } else {
        out.line(1, "<unknown>");
    }
}

fn setting(source: &Value, pointer: &str, show: Format) -> String {
    match show {
        Format::Text => source.str(pointer).to_owned(),
        Format::Number => source.int(pointer).unwrap_or(0).to_string(),
        Format::Flag => source.flag(pointer).to_string(),
        Format::OptionalText => source.at(pointer).map_or("<none>", |v| v.as_str().unwrap_or_default()).to_owned(),
        Format::List => go_list(source.list(pointer)),
    }
}

fn describe_empty_dir(source: &Value, out: &mut PrefixWriter) {
    out.pair(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
    out.pair(2, "Medium", source.str("/medium"));
    let limit = source.at("/sizeLimit").and_then(|l| Quantity::from_value(l).ok()).filter(|l| l.signum() > 0);
    out.pair(2, "SizeLimit", limit.map_or_else(|| "<unset>".into(), |l| l.canonical()));
}

fn describe_projected(source: &Value, out: &mut PrefixWriter) {
    out.pair(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
    for part in source.list("/sources") {
        if let Some(secret) = part.at("/secret") {
            out.pair(2, "SecretName", secret.str("/name"));
            out.pair(2, "Optional", secret.flag("/optional"));
        } else if part.at("/downwardAPI").is_some() {
            out.pair(2, "DownwardAPI", true);
        } else if let Some(map) = part.at("/configMap") {
            out.pair(2, "ConfigMapName", map.str("/name"));
            out.pair(2, "Optional", map.flag("/optional"));
        } else if let Some(token) = part.at("/serviceAccountToken") {
            out.pair(2, "TokenExpirationSeconds", token.int("/expirationSeconds").unwrap_or(0));
        }
    }
}

fn describe_downward(source: &Value, out: &mut PrefixWriter) {
    out.pair(2, "Type", "DownwardAPI (a volume populated by information about the pod)");
    out.line(2, "Items:");
    for item in source.list("/items") {
        let from = match item.at("/fieldRef") {
            Some(field) => field.str("/fieldPath"),
            None => item.str("/resourceFieldRef/resource"),
        };
        out.line(3, format!("{from} -> {}", item.str("/path")));
    }
}

fn describe_csi(source: &Value, out: &mut PrefixWriter) {
    out.pair(2, "Type", "CSI (a Container Storage Interface (CSI) volume source)");
    out.pair(2, "Driver", source.str("/driver"));
    out.pair(2, "FSType", source.str("/fsType"));
    if source.at("/volumeHandle").is_some() {
        out.pair(2, "VolumeHandle", source.str("/volumeHandle"));
    }
    out.pair(2, "ReadOnly", source.flag("/readOnly"));
    let attributes = source.strings("/volumeAttributes");
    out.write(2, "VolumeAttributes:\t");
    if attributes.is_empty() {
        out.line(0, "<none>");
    }
    for (index, (key, value)) in attributes.iter().enumerate() {
        let lead = if index == 0 { "" } else { "    \t" };
        out.line(0, format!("{lead}    {key}={value}"));
    }
}

fn describe_rbd(source: &Value, out: &mut PrefixWriter) {
    out.pair(2, "Type", "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)");
    out.pair(2, "CephMonitors", go_list(source.list("/monitors")));
    for (label, pointer) in [
        ("RBDImage", "/image"),
        ("FSType", "/fsType"),
        ("RBDPool", "/pool"),
        ("RadosUser", "/user"),
        ("Keyring", "/keyring"),
    ] {
        out.pair(2, label, source.str(pointer));
    }
    out.pair(2, "ReadOnly", source.flag("/readOnly"));
}

fn describe_ephemeral(source: &Value, out: &mut PrefixWriter) {
    let title = "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)";
    out.pair(2, "Type", title);
    let claim = source.get("volumeClaimTemplate").unwrap_or(&Value::Null);
    out.pair(2, "StorageClass", claim.str("/spec/storageClassName"));
    out.pair(2, "Volume", "");
    label_lines(2, "Labels", &claim.strings("/metadata/labels"), out);
    label_lines(2, "Annotations", &claim.strings("/metadata/annotations"), out);
    out.pair(2, "Capacity", "");
    out.pair(2, "Access Modes", "");
    if let Some(mode) = claim.at("/spec/volumeMode").and_then(Value::as_str) {
        out.pair(2, "VolumeMode", mode);
    }
}
