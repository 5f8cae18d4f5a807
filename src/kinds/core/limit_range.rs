//! LimitRanges: defaults and bounds of the resources of containers, pods and claims in a namespace.

use std::collections::BTreeSet;

use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The LimitRange kind (`pkg/registry/core/limitrange/strategy.go`).
pub(crate) struct LimitRange;

static NAMES: Names = Names::namespaced(("", "v1"), "LimitRange", "limitranges", "limitrange").short(&["limits"]);

/// The maps of one item, in the order of the description.
const MAPS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];

impl Kind for LimitRange {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    /// Derives missing maps of container items: `default` from `max`, and `defaultRequest` from `default` or `min`
    /// (`SetDefaults_LimitRangeItem` in `pkg/apis/core/v1/defaults.go`).
    fn set_defaults(&self, object: &mut Object) {
        use kctl_base::object::ValueWrite as _;
        for item in object.items_mut("/spec/limits") {
            if item.str("/type") != "Container" {
                continue;
            }
            for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
                for (name, value) in item.map(&format!("/{from}")).cloned().unwrap_or_default() {
                    item.map_mut(&format!("/{to}")).entry(name).or_insert(value);
                }
            }
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let path = Path::new("spec").child("limits");
        let mut errors = ErrorList::new();
        let mut types = BTreeSet::new();
        for (index, item) in object.list("/spec/limits").iter().enumerate() {
            let here = path.index(index);
            let kind = item.str("/type");
            if !kind.contains('/') && !["Container", "Pod", "PersistentVolumeClaim"].contains(&kind) {
                let text = "must be a standard limit type or fully qualified";
                errors.push(field::invalid(&here.child("type"), kind, text));
            }
            if !types.insert(item.str("/type")) {
                errors.push(field::duplicate(&here.child("type"), item.str("/type")));
            }
            errors.extend(item_errors(item, &here));
        }
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Created At"])
    }

    fn row(&self, object: &Object, _now: Time) -> Vec<Cell> {
        vec![object.name().into(), object.str("/metadata/creationTimestamp").into()]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, _lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Namespace", object.namespace());
    out.line(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    out.line(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
    limit_rows(object, "", out);
}

/// Writes one row for each resource of each item.
pub(super) fn limit_rows(range: &Object, prefix: &str, out: &mut PrefixWriter) {
    for item in range.list("/spec/limits") {
        for name in resources(item) {
            let cells: Vec<String> = MAPS.iter().map(|m| amount_text(item, m, &name)).collect();
            out.line(0, format!("{prefix}{}\t{name}\t{}", item.str("/type"), cells.join("\t")));
        }
    }
}

/// The names of all resources in an item.
fn resources(item: &Value) -> BTreeSet<String> {
    MAPS.iter().filter_map(|m| item.map(&format!("/{m}"))).flat_map(|m| m.keys().map(SharedStr::to_string)).collect()
}

fn amount_text(item: &Value, map: &str, name: &str) -> String {
    item.map(&format!("/{map}"))
        .and_then(|m| m.get(name))
        .map_or_else(|| "-".into(), |v| v.as_str().map_or_else(|| v.to_string(), String::from))
}

fn amount(item: &Value, map: &str, name: &str) -> Option<Quantity> {
    Quantity::from_value(item.map(&format!("/{map}"))?.get(name)?).ok()
}

/// Validates one item: the bounds of each resource must be ordered.
fn item_errors(item: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if item.str("/type") == "Pod" {
        for map in ["default", "defaultRequest"] {
            if item.map(&format!("/{map}")).is_some_and(|m| !m.is_empty()) {
                let text = "may not be specified when `type` is 'Pod'";
                errors.push(field::forbidden(&path.child(map), text));
            }
        }
    }
    if item.str("/type") == "PersistentVolumeClaim" {
        let has = |map: &str| amount(item, map, "storage").is_some();
        if !has("min") && !has("max") {
            let text = "either minimum or maximum storage value is required, but neither was provided";
            errors.push(field::required(&path.child("limits"), text));
        }
    }
    for name in resources(item) {
        for (low, high, field, text) in ORDER {
            let (Some(a), Some(b)) = (amount(item, low, &name), amount(item, high, &name)) else { continue };
            if a > b {
                let detail = text.replacen("{}", &a.to_string(), 1).replacen("{}", &b.to_string(), 1);
                // The error prints the lower bound, except in these two rules.
                let prints_high = matches!((low, high), ("min", "defaultRequest") | ("default", "max"));
                let shown = if prints_high { &b } else { &a };
                errors.push(field::invalid(&path.child(field).key(&name), shown.to_string(), &detail));
            }
        }
        if let Some(ratio) = amount(item, "maxLimitRequestRatio", &name)
            && ratio < Quantity::new(1, kctl_base::quantity::Format::DecimalSi)
        {
            let text = format!("ratio {ratio} is less than 1");
            errors.push(field::invalid(&path.child("maxLimitRequestRatio").key(&name), ratio.to_string(), &text));
        }
    }
    errors
}

/// Pairs of maps that must be ordered, the field to which the error belongs, and its message.
const ORDER: [(&str, &str, &str, &str); 6] = [
    ("min", "max", "min", "min value {} is greater than max value {}"),
    ("min", "defaultRequest", "defaultRequest", "min value {} is greater than default request value {}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {} is greater than max value {}"),
    ("defaultRequest", "default", "defaultRequest", "default request value {} is greater than default limit value {}"),
    ("min", "default", "default", "min value {} is greater than default value {}"),
    ("default", "max", "default", "default value {} is greater than max value {}"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn containers_get_defaults_from_their_bounds() {
        let mut range = json!({"spec": {"limits": [{
            "type": "Container", "max": {"cpu": "800m"}, "min": {"cpu": "50m", "x": "1"}, "default": {"memory": "1Gi"},
        }]}});
        LimitRange.set_defaults(&mut range);
        let item = &range["spec"]["limits"][0];
        assert_eq!(item["default"], json!({"cpu": "800m", "memory": "1Gi"}));
        assert_eq!(item["defaultRequest"], json!({"cpu": "800m", "memory": "1Gi", "x": "1"}));
    }

    #[test]
    fn errors_name_the_field_at_fault() {
        let range = json!({"spec": {"limits": [{"type": "X", "min": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}]}});
        let errors: Vec<String> = LimitRange.validate(&range).iter().map(ToString::to_string).collect();
        let want = [
            "spec.limits[0].type: Invalid value: \"X\": must be a standard limit type or fully qualified",
            "spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default request value 1",
        ];
        assert_eq!(errors, want);
    }

    #[test]
    fn bounds_must_be_ordered() {
        let range = json!({"spec": {"limits": [{"type": "Pod", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}});
        let errors = LimitRange.validate(&range);
        let want = "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1";
        assert_eq!(errors[0].to_string(), want);
    }
}
