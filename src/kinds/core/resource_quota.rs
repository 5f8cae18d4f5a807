//! ResourceQuotas (`pkg/registry/core/resourcequota/strategy.go`).

use std::sync::Arc;

use crate::shared::rules::{check, immutable_at};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The ResourceQuota kind.
pub(crate) struct ResourceQuota;

static NAMES: Names =
    Names::namespaced(("", "v1"), "ResourceQuota", "resourcequotas", "resourcequota").short(&["quota"]);

/// Standard resource names of quotas (`standardQuotaResources` in `pkg/apis/core/helper/helpers.go`).
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

/// Resources that are counted in whole numbers.
const WHOLE: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

impl Kind for ResourceQuota {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({}));
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let path = Path::new("spec");
        let mut errors = amount_errors(object, "/spec/hard", &path.child("hard"));
        errors.extend(selector_errors(object, &path));
        errors.extend(scope_errors(object, &path));
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        immutable_at(new, old, "/spec/scopes", &Path::new("spec").child("scopes"))
    }

    fn validate_status(&self, new: &Object, _old: &Object) -> ErrorList {
        let path = Path::new("status");
        let mut errors = amount_errors(new, "/status/hard", &path.child("hard"));
        errors.extend(amount_errors(new, "/status/used", &path.child("used")));
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Request", "Limit", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let of = |limits: bool| {
            let names = object.strings("/status/hard").into_keys();
            let parts: Vec<String> = names
                .filter(|name| name.starts_with("limits.") == limits)
                .map(|name| format!("{name}: {}/{}", used(object, &name), hard(object, &name)))
                .collect();
            parts.join(", ")
        };
        vec![object.name().into(), of(false), of(true), age(object, now)]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, _lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Namespace", object.namespace());
    scope_lines(object, 0, " * ", out);
    out.line(0, "Resource\tUsed\tHard");
    out.line(0, "--------\t----\t----");
    for name in object.strings("/status/hard").keys() {
        let (mut used, hard) = (used(object, name), hard(object, name));
        if used.format() != hard.format() {
            used = Quantity::new(used.value(), hard.format());
        }
        out.line(0, format!("{name}\t{used}\t{hard}"));
    }
}

fn quantity(object: &Object, map: &str, name: &str) -> Quantity {
    let value = object.map(map).and_then(|m| m.get(name));
    value.and_then(|v| Quantity::from_value(v).ok()).unwrap_or(Quantity::ZERO)
}

fn used(object: &Object, name: &str) -> Quantity {
    quantity(object, "/status/used", name)
}

fn hard(object: &Object, name: &str) -> Quantity {
    quantity(object, "/status/hard", name)
}

/// Writes the quotas in the description of a namespace.
pub(super) fn namespace_quotas(quotas: &[Arc<Object>], out: &mut PrefixWriter) {
    if quotas.is_empty() {
        out.line(0, "No resource quota.");
        return;
    }
    out.line(0, "Resource Quotas");
    for quota in quotas {
        out.pair(1, "Name", quota.name());
        scope_lines(quota, 1, "* ", out);
        out.line(1, "Resource\tUsed\tHard");
        out.line(1, "--------\t---\t---");
        for name in quota.strings("/status/hard").keys() {
            out.line(1, format!("{name}\t{}\t{}", used(quota, name), hard(quota, name)));
        }
    }
}

/// Writes the scopes of a quota with an explanation of each.
fn scope_lines(quota: &Object, level: usize, bullet: &str, out: &mut PrefixWriter) {
    let mut scopes: Vec<&str> = quota.list("/spec/scopes").iter().filter_map(Value::as_str).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort_unstable();
    out.pair(level, "Scopes", scopes.join(", "));
    for text in scopes.into_iter().filter_map(scope_help) {
        out.line(level, format!("{bullet}{text}"));
    }
}

fn scope_help(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being \
             actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose \
             container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed \
             quality of service."
        }
        _ => return None,
    })
}

/// Validates the resource list at a JSON pointer: known names and non-negative, where required whole, quantities.
fn amount_errors(object: &Object, pointer: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (name, value) in object.map(pointer).into_iter().flatten() {
        let path = path.key(name);
        errors.extend(check(key_problems, name, &path));
        if !name.contains('/') && !STANDARD.contains(&name.as_str()) && !name.starts_with("requests.hugepages-") {
            if !is_standard_elsewhere(name) {
                let text = "must be a standard resource type or fully qualified";
                errors.push(field::invalid(&path, name.as_str(), text));
            }
            errors.push(field::invalid(&path, name.as_str(), "must be a standard resource for quota"));
        }
        let Ok(amount) = Quantity::from_value(value) else { continue };
        if amount.signum() < 0 {
            errors.push(field::invalid(&path, amount.to_string(), "must be greater than or equal to 0"));
        }
        let counted = WHOLE.contains(&name.as_str()) || name.starts_with("count/");
        if counted && amount.milli_value() % 1000 != 0 {
            errors.push(field::invalid(&path, amount.to_string(), "must be an integer"));
        }
    }
    errors
}

/// Returns whether a name is a standard resource of containers, claims or nodes, though not of quotas.
fn is_standard_elsewhere(name: &str) -> bool {
    name == "storage" || name.starts_with("hugepages-")
}

/// The scopes; only the last two can be selected by value.
const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "CrossNamespacePodAffinity",
    "PriorityClass",
    "VolumeAttributesClass",
];

/// Scopes that select nothing together.
const CONFLICTS: [(&str, &str); 2] = [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

/// Returns whether a scope can restrict a resource. Only meaningful for [`STANDARD`] resources.
fn scope_fits(scope: &str, resource: &str) -> bool {
    const COMPUTE: [&str; 7] =
        ["pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
    match scope {
        "BestEffort" => resource == "pods",
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            COMPUTE.contains(&resource)
        }
        _ => true,
    }
}

/// Validates the selector of scopes (`validateScopedResourceSelectorRequirement`).
fn selector_errors(object: &Object, path: &Path) -> ErrorList {
    let path = path.child("scopeSelector").child("matchExpressions");
    let shown = object.at("/spec/scopeSelector").map(selector_json).unwrap_or_default();
    let expressions = object.list("/spec/scopeSelector/matchExpressions");
    let mut errors = ErrorList::new();
    for expression in expressions {
        let (scope, operator) = (expression.str("/scopeName"), expression.str("/operator"));
        if !SCOPES.contains(&scope) {
            errors.push(field::invalid(&path.child("scopeName"), scope, "unsupported scope"));
        }
        let counted = object.map("/spec/hard").into_iter().flat_map(|m| m.keys());
        for _ in counted.filter(|name| STANDARD.contains(&name.as_str()) && !scope_fits(scope, name)) {
            errors.push(field::invalid_json(&path, &shown, "unsupported scope applied to resource"));
        }
        if SCOPES[..5].contains(&scope) && operator != "Exists" {
            let why = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
                       ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
                       ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(field::invalid(&path.child("operator"), operator, why));
        }
        let values = expression.list("/values");
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.push(field::required(&path.child("values"), why));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                errors.push(field::invalid(&path.child("values"), values.to_vec(), why));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(field::invalid(&path.child("operator"), other, "not a valid selector operator")),
        }
    }
    let has = |scope: &str| expressions.iter().any(|e| e.str("/scopeName") == scope);
    for (a, b) in CONFLICTS {
        if has(a) && has(b) {
            errors.push(field::invalid_json(&path, &shown, "conflicting scopes"));
        }
    }
    errors
}

/// Serialises a selector of scopes as the internal type.
fn selector_json(selector: &Value) -> String {
    let part = |expression: &Value, name: &str| expression.get(name).unwrap_or(&Value::Null).to_string();
    let expressions: Vec<String> = selector
        .list("/matchExpressions")
        .iter()
        .map(|e| {
            let (scope, operator, values) = (part(e, "scopeName"), part(e, "operator"), part(e, "values"));
            format!("{{\"ScopeName\":{scope},\"Operator\":{operator},\"Values\":{values}}}")
        })
        .collect();
    format!("{{\"MatchExpressions\":[{}]}}", expressions.join(","))
}

/// Validates the scopes of a quota: known, applicable to its resources and not contradictory.
fn scope_errors(object: &Object, path: &Path) -> ErrorList {
    let scopes = object.list("/spec/scopes");
    if scopes.is_empty() {
        return ErrorList::new();
    }
    let path = path.child("scopes");
    let mut errors = ErrorList::new();
    for scope in scopes.iter().filter_map(Value::as_str) {
        if !SCOPES.contains(&scope) {
            errors.push(field::invalid(&path, Value::from(scopes.to_vec()), "unsupported scope"));
        }
        let counted = object.map("/spec/hard").into_iter().flat_map(|m| m.keys());
        for _ in counted.filter(|name| STANDARD.contains(&name.as_str()) && !scope_fits(scope, name)) {
            errors.push(field::invalid(&path, Value::from(scopes.to_vec()), "unsupported scope applied to resource"));
        }
    }
    let has = |scope: &str| scopes.iter().any(|s| s == scope);
    for (a, b) in CONFLICTS {
        if has(a) && has(b) {
            errors.push(field::invalid(&path, Value::from(scopes.to_vec()), "conflicting scopes"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_must_apply_to_the_resources() {
        let errors = |hard: Value, scopes: Value| {
            let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard, "scopes": scopes}});
            ResourceQuota.validate(&quota).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(errors(json!({"pods": "1", "count/jobs.batch": "2"}), json!(["BestEffort"])).is_empty());
        assert_eq!(
            errors(json!({"cpu": "1"}), json!(["BestEffort"])),
            [r#"spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource"#]
        );
    }

    #[test]
    fn rows_split_requests_and_limits() {
        let quota = json!({"metadata": {"name": "purse"}, "status": {
            "hard": {"pods": "3", "requests.cpu": "1", "limits.memory": "2Gi"}, "used": {"pods": "1", "requests.cpu": "200m", "limits.memory": "256Mi"},
        }});
        let row = ResourceQuota.row(&quota, Time::default());
        assert_eq!(row[1], "pods: 1/3, requests.cpu: 200m/1");
        assert_eq!(row[2], "limits.memory: 256Mi/2Gi");
    }

    #[test]
    fn quantities_are_validated() {
        let quota = json!({"spec": {"hard": {"pods": "1500m", "strange": "1", "cpu": "-1"}}});
        let errors: Vec<String> = ResourceQuota.validate(&quota).iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "spec.hard[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
                "spec.hard[pods]: Invalid value: \"1500m\": must be an integer",
                "spec.hard[strange]: Invalid value: \"strange\": must be a standard resource type or fully qualified",
                "spec.hard[strange]: Invalid value: \"strange\": must be a standard resource for quota",
            ]
        );
    }
}
