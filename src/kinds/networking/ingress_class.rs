//! IngressClasses: which controller serves an Ingress.

use super::GROUP;
use crate::shared::describe::{annotations, describe_events, labels};
use crate::shared::rules::domain_prefixed_path;
use crate::shared::table_kind::TableKind;
use crate::{Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// An IngressClass.
pub(crate) static INGRESS_CLASS: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "IngressClass", "ingressclasses", "ingressclass"))
        .generation()
        .defaults(|class| {
            if class.at("/spec/parameters").is_some() {
                class.put_default("/spec/parameters/scope", "Cluster");
            }
        })
        .validate(errors)
        .validate_update(|new, old| {
            let path = Path::new("spec").child("controller");
            crate::shared::rules::immutable_at(new, old, "/spec/controller", &path)
        })
        .change_first()
        .table(&["Name", "Controller", "Parameters", "Age"], |class, now| {
            let parameters = class.at("/spec/parameters").map_or_else(
                || "<none>".into(),
                |p| match p.str("/apiGroup") {
                    "" => format!("{}/{}", p.str("/kind"), p.str("/name")),
                    group => format!("{}.{group}/{}", p.str("/kind"), p.str("/name")),
                },
            );
            vec![class.name().into(), class.str("/spec/controller").into(), parameters, age(class, now)]
        })
        .describer(describe);

/// Length of the longest controller name in bytes.
const MAX_CONTROLLER: usize = 250;

fn errors(class: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let path = spec.child("controller");
    let mut errors = ErrorList::new();
    let controller = class.str("/spec/controller");
    if controller.len() > MAX_CONTROLLER {
        errors.push(field::too_long(&path, MAX_CONTROLLER));
    }
    errors.extend(domain_prefixed_path(controller, &path));
    if let Some(parameters) = class.at("/spec/parameters") {
        for name in ["kind", "name"] {
            if parameters.str(&format!("/{name}")).is_empty() {
                let text = if name == "kind" { "kind is required" } else { "name is required" };
                errors.push(field::required(&spec.child("parameters").child(name), text));
            }
        }
    }
    errors
}

fn describe(class: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", class.name());
    labels(class, out);
    annotations(class, out);
    out.pair(0, "Controller", class.str("/spec/controller"));
    if let Some(parameters) = class.at("/spec/parameters") {
        out.line(0, "Parameters:");
        if parameters.at("/apiGroup").is_some() {
            out.pair(1, "APIGroup", parameters.str("/apiGroup"));
        }
        out.pair(1, "Kind", parameters.str("/kind"));
        out.pair(1, "Name", parameters.str("/name"));
    }
    describe_events(lookup, class, out);
}
