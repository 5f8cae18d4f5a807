//! CSI drivers, their nodes and capacity, volume attachments and VolumeAttributesClasses.

use super::GROUP;
use crate::shared::describe::{describe_events, format_labels, go_list, head, joined, stamp};
use crate::shared::rules::immutable_at;
use crate::shared::table_kind::TableKind;
use crate::{Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// A CSIDriver: a storage driver and its capabilities.
pub(crate) static CSI_DRIVER: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "CSIDriver", "csidrivers", "csidriver"))
        .defaults(driver_defaults)
        .validate_update(|new, old| {
            // The API server names the first path so.
            let mut errors = immutable_at(new, old, "/spec/attachRequired", &Path::new("spec.attachedRequired"));
            let modes = Path::new("spec.volumeLifecycleModes");
            errors.extend(immutable_at(new, old, "/spec/volumeLifecycleModes", &modes));
            errors
        })
        .table(
            &[
                "Name",
                "AttachRequired",
                "PodInfoOnMount",
                "StorageCapacity",
                "TokenRequests",
                "RequiresRepublish",
                "Modes",
                "Age",
            ],
            |driver, now| {
                let truth = |field: &str| driver.flag(&format!("/spec/{field}")).to_string();
                let tokens: Vec<&str> = driver.list("/spec/tokenRequests").iter().map(|t| t.str("/audience")).collect();
                vec![
                    driver.name().into(),
                    truth("attachRequired"),
                    truth("podInfoOnMount"),
                    truth("storageCapacity"),
                    if tokens.is_empty() { "<unset>".into() } else { tokens.join(",") },
                    truth("requiresRepublish"),
                    joined(driver.list("/spec/volumeLifecycleModes"), ","),
                    age(driver, now),
                ]
            },
        );

/// A CSINode: the drivers that are installed on a node.
pub(crate) static CSI_NODE: TableKind = TableKind::new(Names::cluster_scoped(GROUP, "CSINode", "csinodes", "csinode"))
    .defaults(|node| {
        if node.at("/spec/drivers").is_none() {
            node.put("/spec/drivers", Value::Null);
        }
    })
    .table(&["Name", "Drivers", "Age"], |node, now| {
        vec![node.name().into(), node.list("/spec/drivers").len().to_string(), age(node, now)]
    })
    .describer(describe_node);

/// A CSIStorageCapacity: the capacity of a driver in one topology segment.
pub(crate) static CSI_STORAGE_CAPACITY: TableKind =
    TableKind::new(Names::namespaced(GROUP, "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity"))
        .table(&["Name", "Created At"], |capacity, _| {
            vec![capacity.name().into(), capacity.str("/metadata/creationTimestamp").into()]
        });

/// A VolumeAttachment: the request to attach a volume to a node.
pub(crate) static VOLUME_ATTACHMENT: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "VolumeAttachment", "volumeattachments", "volumeattachment"))
        .status(|| json!({"attached": false}))
        .validate(attachment_errors)
        .validate_update(|new, old| {
            if new.get("spec") == old.get("spec") {
                return ErrorList::new();
            }
            vec![field::invalid(&Path::new("spec"), new["spec"].clone(), "field is immutable")]
        })
        .table(&["Name", "Attacher", "PV", "Node", "Attached", "Age"], |attachment, now| {
            vec![
                attachment.name().into(),
                attachment.str("/spec/attacher").into(),
                attachment.str("/spec/source/persistentVolumeName").into(),
                attachment.str("/spec/nodeName").into(),
                attachment.flag("/status/attached").to_string(),
                age(attachment, now),
            ]
        });

/// A VolumeAttributesClass: attributes of volumes that can change while they are in use (KEP-3751).
pub(crate) static VOLUME_ATTRIBUTES_CLASS: TableKind = TableKind::new(
    Names::cluster_scoped(GROUP, "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass")
        .short(&["vac"]),
)
.validate(|class| match class.str("/driverName") {
    "" => vec![field::required(&Path::new("driverName"), "")],
    _ => vec![],
})
.validate_update(|new, old| {
    let mut errors = ErrorList::new();
    if new.str("/driverName") != old.str("/driverName") {
        errors.push(field::forbidden(&Path::new("driverName"), "updates to driverName are forbidden."));
    }
    if new.strings("/parameters") != old.strings("/parameters") {
        errors.push(field::forbidden(&Path::new("parameters"), "updates to parameters are forbidden."));
    }
    errors
})
.table(&["Name", "DriverName", "Age"], |class, now| {
    vec![class.name().into(), class.str("/driverName").into(), age(class, now)]
})
.describer(|class, lookup, out| {
    out.pair(0, "Name", class.name());
    out.pair(0, "Annotations", format_labels(&class.strings("/metadata/annotations")));
    out.pair(0, "DriverName", class.str("/driverName"));
    out.pair(0, "Parameters", format_labels(&class.strings("/parameters")));
    describe_events(lookup, class, out);
});

fn driver_defaults(driver: &mut Object) {
    for (field, value) in [
        ("attachRequired", json!(true)),
        ("podInfoOnMount", json!(false)),
        ("storageCapacity", json!(false)),
        ("fsGroupPolicy", json!("ReadWriteOnceWithFSType")),
        ("requiresRepublish", json!(false)),
        ("seLinuxMount", json!(false)),
    ] {
        driver.put_default(&format!("/spec/{field}"), value);
    }
    if driver.list("/spec/volumeLifecycleModes").is_empty() {
        driver.put("/spec/volumeLifecycleModes", json!(["Persistent"]));
    }
}

fn attachment_errors(attachment: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    for name in ["attacher", "nodeName"] {
        if attachment.str(&format!("/spec/{name}")).is_empty() {
            errors.push(field::required(&spec.child(name), ""));
        }
    }
    if attachment.str("/spec/source/persistentVolumeName").is_empty()
        && attachment.at("/spec/source/inlineVolumeSpec").is_none()
    {
        let text = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        errors.push(field::required(&spec.child("source"), text));
    }
    errors
}

fn describe_node(node: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(node, out);
    out.pair(0, "CreationTimestamp", stamp(node, "/metadata/creationTimestamp"));
    out.line(0, "Spec:");
    if node.at("/spec/drivers").is_some() {
        out.line(1, "Drivers:");
    }
    for driver in node.list("/spec/drivers") {
        out.line(2, format!("{}:", driver.str("/name")));
        out.pair(3, "Node ID", driver.str("/nodeID"));
        if let Some(count) = driver.int("/allocatable/count") {
            out.line(3, "Allocatables:");
            out.pair(4, "Count", count);
        }
        if driver.at("/topologyKeys").is_some() {
            out.pair(3, "Topology Keys", go_list(driver.list("/topologyKeys")));
        }
    }
    describe_events(lookup, node, out);
}
