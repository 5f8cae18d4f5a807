//! ServiceCIDRs and IPAddresses: the ranges of cluster IPs and the addresses in use (KEP-1880).

use super::GROUP;
use crate::shared::describe::{annotations, conditions, describe_events, joined, labels};
use crate::shared::formats::{NOT_A_CIDR, NOT_AN_IP, is_ip, parse_cidr};
use crate::shared::rules::immutable_at;
use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// An IPAddress: an address that is in use.
pub(crate) static IP_ADDRESS: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "IPAddress", "ipaddresses", "ipaddress").short(&["ip"]))
        .validate(address_errors)
        .validate_update(|new, old| immutable_at(new, old, "/spec/parentRef", &Path::new("spec").child("parentRef")))
        .table(&["Name", "ParentRef"], |address, _| {
            let part = |field: &str| address.str(&format!("/spec/parentRef/{field}")).to_string();
            let mut parent = part("resource");
            if !part("group").is_empty() {
                parent = format!("{parent}.{}", part("group"));
            }
            if !part("namespace").is_empty() {
                parent = format!("{parent}/{}", part("namespace"));
            }
            vec![address.name().into(), format!("{parent}/{}", part("name"))]
        })
        .describer(|address, lookup, out| {
            out.pair(0, "Name", address.name());
            labels(address, out);
            annotations(address, out);
            if let Some(parent) = address.at("/spec/parentRef") {
                out.line(0, "Parent Reference:");
                for (label, pointer) in
                    [("Group", "/group"), ("Resource", "/resource"), ("Namespace", "/namespace"), ("Name", "/name")]
                {
                    out.pair(1, label, parent.str(pointer));
                }
            }
            describe_events(lookup, address, out);
        });

/// A ServiceCIDR: a range from which cluster IPs are allocated.
pub(crate) static SERVICE_CIDR: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "ServiceCIDR", "servicecidrs", "servicecidr"))
        .status(|| json!({}))
        .validate(range_errors)
        .validate_update(|new, old| immutable_at(new, old, "/spec/cidrs", &Path::new("spec").child("cidrs")))
        .table(&["Name", "CIDRs", "Age"], |range, now| {
            vec![range.name().into(), joined(range.list("/spec/cidrs"), ","), age(range, now)]
        })
        .describer(|range, lookup, out| {
            out.pair(0, "Name", range.name());
            labels(range, out);
            annotations(range, out);
            out.pair(0, "CIDRs", joined(range.list("/spec/cidrs"), ", "));
            if !range.list("/status/conditions").is_empty() {
                out.line(0, "Status:");
                conditions(range, out);
            }
            describe_events(lookup, range, out);
        });

fn address_errors(address: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    if !is_ip(address.name()) {
        errors.push(field::invalid(&Path::new("metadata").child("name"), address.name(), NOT_AN_IP));
    }
    let path = Path::new("spec").child("parentRef");
    if address.at("/spec/parentRef").is_none() {
        errors.push(field::required(&path, ""));
        return errors;
    }
    for name in ["resource", "name"] {
        if address.str(&format!("/spec/parentRef/{name}")).is_empty() {
            errors.push(field::required(&path.child(name), ""));
        }
    }
    errors
}

fn range_errors(range: &Object) -> ErrorList {
    let path = Path::new("spec").child("cidrs");
    let cidrs = range.list("/spec/cidrs");
    if cidrs.is_empty() {
        return vec![field::required(&path, "at least one CIDR required")];
    }
    let mut errors = ErrorList::new();
    if cidrs.len() > 2 {
        let text = "may only hold up to 2 values";
        return vec![field::invalid(&path, json!(cidrs), text)];
    }
    for (index, cidr) in cidrs.iter().enumerate() {
        let text = cidr.as_str().unwrap_or("");
        if parse_cidr(text).is_none() {
            errors.push(field::invalid(&path.index(index), text, NOT_A_CIDR));
        }
    }
    errors
}
