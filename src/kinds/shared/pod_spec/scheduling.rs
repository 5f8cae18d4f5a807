//! Validation of affinity, tolerations and topology spread constraints (`pkg/apis/core/validation/validation.go`).

use crate::shared::formats::dns_label_problems;
use crate::shared::rules::refuse;
use crate::shared::selector;
use kctl_base::field::{ErrorList, Path, duplicate, forbidden, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::labels;
use kctl_base::object::ValueRead;

/// Validates node affinity, pod affinity and pod anti-affinity.
pub(crate) fn validate_affinity(errors: &mut ErrorList, path: &Path, affinity: Option<&Value>) {
    let Some(affinity) = affinity else { return };
    if let Some(node) = affinity.at("/nodeAffinity") {
        validate_node_affinity(errors, &path.child("nodeAffinity"), node);
    }
    for field in ["podAffinity", "podAntiAffinity"] {
        if let Some(pods) = affinity.get(field).filter(|a| !a.is_null()) {
            validate_pod_affinity(errors, &path.child(field), pods);
        }
    }
}

fn validate_node_affinity(errors: &mut ErrorList, path: &Path, affinity: &Value) {
    if let Some(needed) = affinity.at("/requiredDuringSchedulingIgnoredDuringExecution") {
        let here = path.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
        let terms = needed.list("/nodeSelectorTerms");
        if terms.is_empty() {
            errors.push(required(&here, "must have at least one node selector term"));
        }
        for (index, term) in terms.iter().enumerate() {
            validate_node_term(errors, &here.index(index), term);
        }
    }
    let here = path.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in affinity.list("/preferredDuringSchedulingIgnoredDuringExecution").iter().enumerate() {
        validate_weight(errors, &here.index(index), term);
        let preference = term.get("preference").unwrap_or(&Value::Null);
        validate_node_term(errors, &here.index(index).child("preference"), preference);
    }
}

fn validate_weight(errors: &mut ErrorList, path: &Path, term: &Value) {
    let weight = term.int("/weight").unwrap_or(0);
    if !(1..=100).contains(&weight) {
        errors.push(invalid(&path.child("weight"), weight, "must be in the range 1-100"));
    }
}

fn validate_node_term(errors: &mut ErrorList, path: &Path, term: &Value) {
    for (index, requirement) in term.list("/matchExpressions").iter().enumerate() {
        validate_node_requirement(errors, &path.child("matchExpressions").index(index), requirement);
    }
    for (index, requirement) in term.list("/matchFields").iter().enumerate() {
        validate_node_field(errors, &path.child("matchFields").index(index), requirement);
    }
}

fn validate_node_requirement(errors: &mut ErrorList, path: &Path, requirement: &Value) {
    let values = requirement.list("/values");
    let here = path.child("values");
    match requirement.str("/operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(required(&here, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(forbidden(&here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(required(&here, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = requirement.str("/key");
    refuse(errors, &path.child("key"), key, labels::key_problems(key));
}

fn validate_node_field(errors: &mut ErrorList, path: &Path, requirement: &Value) {
    match requirement.str("/operator") {
        "In" | "NotIn" if requirement.list("/values").len() != 1 => {
            let why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(required(&path.child("values"), why));
        }
        "In" | "NotIn" => {}
        other => errors.push(invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = requirement.str("/key");
    if key != "metadata.name" {
        return errors.push(invalid(&path.child("key"), key, "not a valid field selector key"));
    }
    for (index, name) in requirement.list("/values").iter().filter_map(Value::as_str).enumerate() {
        refuse(errors, &path.child("values").index(index), name, labels::dns_subdomain_problems(name));
    }
}

fn validate_pod_affinity(errors: &mut ErrorList, path: &Path, affinity: &Value) {
    let here = path.child("requiredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in affinity.list("/requiredDuringSchedulingIgnoredDuringExecution").iter().enumerate() {
        validate_pod_term(errors, &here.index(index), term);
    }
    let here = path.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in affinity.list("/preferredDuringSchedulingIgnoredDuringExecution").iter().enumerate() {
        validate_weight(errors, &here.index(index), term);
        let inner = term.get("podAffinityTerm").unwrap_or(&Value::Null);
        validate_pod_term(errors, &here.index(index).child("podAffinityTerm"), inner);
    }
}

fn validate_pod_term(errors: &mut ErrorList, path: &Path, term: &Value) {
    for field in ["labelSelector", "namespaceSelector"] {
        if let Some(wanted) = term.get(field).filter(|s| !s.is_null()) {
            selector::validate(errors, &path.child(field), wanted);
        }
    }
    for name in term.list("/namespaces").iter().filter_map(Value::as_str) {
        refuse(errors, &path.child("namespace"), name, dns_label_problems(name));
    }
    let key = term.str("/topologyKey");
    if key.is_empty() {
        errors.push(required(&path.child("topologyKey"), "can not be empty"));
    }
    refuse(errors, &path.child("topologyKey"), key, labels::key_problems(key));
}

/// Validates tolerations.
pub(crate) fn validate_tolerations(errors: &mut ErrorList, path: &Path, tolerations: &[Value]) {
    for (index, toleration) in tolerations.iter().enumerate() {
        validate_toleration(errors, &path.index(index), toleration);
    }
}

fn validate_toleration(errors: &mut ErrorList, path: &Path, toleration: &Value) {
    let (key, operator) = (toleration.str("/key"), toleration.str("/operator"));
    let (value, effect) = (toleration.str("/value"), toleration.str("/effect"));
    if !key.is_empty() {
        refuse(errors, &path.child("key"), key, labels::key_problems(key));
    } else if operator != "Exists" {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(invalid(&path.child("operator"), operator, why));
    }
    if toleration.at("/tolerationSeconds").is_some() && effect != "NoExecute" {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.push(invalid(&path.child("effect"), effect, why));
    }
    match operator {
        "" | "Equal" => {
            let problems = labels::value_problems(value);
            if !problems.is_empty() {
                errors.push(invalid(&path.child("operator"), value, &problems.join(";")));
            }
        }
        "Exists" if !value.is_empty() => {
            let why = "value must be empty when `operator` is 'Exists'";
            errors.push(invalid(&path.child("operator"), toleration.clone(), why));
        }
        "Exists" => {}
        other => errors.push(not_supported(&path.child("operator"), other, &["Equal", "Exists"])),
    }
    if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect) {
        let supported = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.push(not_supported(&path.child("effect"), effect, &supported));
    }
}

/// Validates topology spread constraints.
pub(crate) fn validate_spread(errors: &mut ErrorList, path: &Path, constraints: &[Value]) {
    for (index, constraint) in constraints.iter().enumerate() {
        let here = path.index(index);
        let skew = constraint.int("/maxSkew").unwrap_or(0);
        if skew <= 0 {
            errors.push(invalid(&here.child("maxSkew"), skew, "must be greater than zero"));
        }
        let (key, action) = (constraint.str("/topologyKey"), constraint.str("/whenUnsatisfiable"));
        if key.is_empty() {
            errors.push(required(&here.child("topologyKey"), "can not be empty"));
        } else {
            refuse(errors, &here.child("topologyKey"), key, labels::key_problems(key));
        }
        if !["DoNotSchedule", "ScheduleAnyway"].contains(&action) {
            let supported = ["DoNotSchedule", "ScheduleAnyway"];
            errors.push(not_supported(&here.child("whenUnsatisfiable"), action, &supported));
        }
        let same = |c: &Value| c.str("/topologyKey") == key && c.str("/whenUnsatisfiable") == action;
        if constraints[index + 1..].iter().any(same) {
            let pair = format!("{{{key}, {action}}}");
            errors.push(duplicate(&here.child("{topologyKey, whenUnsatisfiable}"), pair));
        }
        validate_spread_details(errors, &here, constraint, action);
    }
}

fn validate_spread_details(errors: &mut ErrorList, path: &Path, constraint: &Value, action: &str) {
    if let Some(domains) = constraint.int("/minDomains") {
        if domains <= 0 {
            errors.push(invalid(&path.child("minDomains"), domains, "must be greater than 0"));
        }
        if action != "DoNotSchedule" {
            let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            errors.push(invalid(&path.child("minDomains"), domains, &why));
        }
    }
    for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        if let Some(policy) = constraint.get(field).and_then(Value::as_str)
            && !["Honor", "Ignore"].contains(&policy)
        {
            errors.push(not_supported(&path.child(field), policy, &["Honor", "Ignore"]));
        }
    }
    let keys = constraint.list("/matchLabelKeys");
    if !keys.is_empty() && constraint.at("/labelSelector").is_none() {
        let why = "must not be specified when labelSelector is not set";
        errors.push(forbidden(&path.child("matchLabelKeys"), why));
    }
    for (index, key) in keys.iter().filter_map(Value::as_str).enumerate() {
        refuse(errors, &path.child("matchLabelKeys").index(index), key, labels::key_problems(key));
    }
    if let Some(wanted) = constraint.at("/labelSelector") {
        selector::validate(errors, &path.child("labelSelector"), wanted);
    }
}
