//! The group resource.k8s.io: dynamic resource allocation. Objects are stored; nothing allocates devices.

mod validate;

use crate::shared::go_struct;
use crate::shared::rules::IMMUTABLE;
use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::field::{ErrorList, Path, invalid_json};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::Cell;

const GROUP: (&str, &str) = ("resource.k8s.io", "v1");

/// A DeviceClass: a category of devices.
pub(crate) static DEVICE_CLASS: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "DeviceClass", "deviceclasses", "deviceclass"))
        .generation()
        .validate(validate::class);

/// A ResourceClaim: a request for devices.
pub(crate) static RESOURCE_CLAIM: TableKind =
    TableKind::new(Names::namespaced(GROUP, "ResourceClaim", "resourceclaims", "resourceclaim"))
        .status(|| json!({}))
        .defaults(|claim| request_defaults(claim, "/spec/devices/requests"))
        .validate(validate::claim)
        .validate_update(|new, old| immutable_spec("ResourceClaimSpec", new, old))
        .table(&["Name", "State", "Age"], |claim, now| vec![claim.name().into(), claim_state(claim), age(claim, now)]);

/// A ResourceClaimTemplate: the template of the claims of a pod.
pub(crate) static RESOURCE_CLAIM_TEMPLATE: TableKind = TableKind::new(Names::namespaced(
    GROUP,
    "ResourceClaimTemplate",
    "resourceclaimtemplates",
    "resourceclaimtemplate",
))
.defaults(|template| request_defaults(template, "/spec/spec/devices/requests"))
.validate(validate::template)
.validate_update(|new, old| immutable_spec("ResourceClaimTemplateSpec", new, old));

/// A ResourceSlice: devices that a driver offers.
pub(crate) static RESOURCE_SLICE: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "ResourceSlice", "resourceslices", "resourceslice"))
        .generation()
        .selectable(&["spec.driver", "spec.nodeName"])
        .table(&["Name", "Node", "Driver", "Pool", "Age"], slice_row);

/// Refuses a change of the spec, which is printed as the struct with the name `of`.
fn immutable_spec(of: &str, new: &Object, old: &Object) -> ErrorList {
    if new.get("spec") == old.get("spec") {
        return ErrorList::new();
    }
    vec![invalid_json(&Path::new("spec"), &go_struct::optional_json(of, new.get("spec")), IMMUTABLE)]
}

fn request_defaults(object: &mut Object, requests: &str) {
    for request in object.items_mut(requests) {
        if let Some(exactly) = request.pointer_mut("/exactly").filter(|exactly| exactly.is_object()) {
            count_defaults(exactly);
        }
        request.items_mut("/firstAvailable").for_each(count_defaults);
    }
}

/// Sets the number of devices (`SetDefaults_ExactDeviceRequest` and `SetDefaults_DeviceSubRequest`).
fn count_defaults(request: &mut Value) {
    request.put_default("/allocationMode", "ExactCount");
    if request.str("/allocationMode") == "ExactCount" {
        request.put_default("/count", 1);
    }
}

fn claim_state(claim: &Object) -> String {
    let mut states = Vec::new();
    if claim.is_deleting() {
        states.push("deleted");
    }
    match claim.at("/status/allocation") {
        None if !claim.is_deleting() => states.push("pending"),
        None => {}
        Some(_) => {
            states.push("allocated");
            if !claim.list("/status/reservedFor").is_empty() {
                states.push("reserved");
            }
        }
    }
    states.join(",")
}

fn slice_row(slice: &Object, now: Time) -> Vec<Cell> {
    let node = match slice.str("/spec/nodeName") {
        "" if slice.flag("/spec/allNodes") => "<all>",
        "" => "<unset>",
        node => node,
    };
    vec![
        slice.name().into(),
        node.into(),
        slice.str("/spec/driver").into(),
        slice.str("/spec/pool/name").into(),
        age(slice, now),
    ]
}
