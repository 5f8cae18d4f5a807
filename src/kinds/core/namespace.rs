//! Namespaces (`pkg/registry/core/namespace/strategy.go`).

use super::limit_range::limit_rows;
use super::resource_quota::namespace_quotas;
use crate::shared::describe::{annotations, conditions, labels};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, NameRule, Names, PrefixWriter, age};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The label with the name of the namespace, for namespace selectors.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The Namespace kind.
pub(crate) struct Namespace;

static NAMES: Names = Names::cluster_scoped(("", "v1"), "Namespace", "namespaces", "namespace").short(&["ns"]);

impl Kind for Namespace {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["create", "delete", "get", "list", "patch", "update", "watch"]
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn set_defaults(&self, object: &mut Object) {
        let name = object.name().to_string();
        if !name.is_empty() {
            object.set_label(NAME_LABEL, &name);
        }
        object.put_default("/spec", json!({}));
    }

    fn prepare_create(&self, new: &mut Object) {
        self.set_defaults(new);
        let finalizers = new.list_mut("/spec/finalizers");
        if !finalizers.iter().any(|f| f == "kubernetes") {
            finalizers.push("kubernetes".into());
        }
        new.put("/status", json!({"phase": "Active"}));
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        for field in ["/spec", "/status"] {
            new.put(field, old.at(field).cloned().unwrap_or_else(|| json!({})));
        }
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Status", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![object.name().into(), object.str("/status/phase").into(), age(object, now)]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        match field {
            "status.phase" => Some(object.str("/status/phase").into()),
            "name" => Some(object.name().into()),
            _ => None,
        }
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    labels(object, out);
    annotations(object, out);
    out.pair(0, "Status", object.str("/status/phase"));
    conditions(object, out);
    out.line(0, "");
    namespace_quotas(&lookup.list("resourcequotas", Some(object.name()), None), out);
    out.line(0, "");
    let limits = lookup.list("limitranges", Some(object.name()), None);
    if limits.is_empty() {
        out.line(0, "No LimitRange resource.");
        return;
    }
    out.line(0, "Resource Limits");
    out.line(0, " Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    out.line(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
    for range in &limits {
        limit_rows(range, " ", out);
    }
}
