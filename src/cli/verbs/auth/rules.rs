//! Coverage of RBAC rules by others, and the Go representation of rules and subjects.
//!
//! Upstream: `component-helpers/auth/rbac/validation/policy_comparator.go`.

use std::collections::BTreeSet;

use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// The single permissions of `rules` that `owners` do not grant, each as a rule of its own.
pub(super) fn uncovered(owners: &[Value], rules: &[Value]) -> Vec<Value> {
    let is_covered = |single: &Value| owners.iter().any(|owner| covers(owner, single));
    rules.iter().flat_map(singles).filter(|single| !is_covered(single)).collect()
}

/// Splits a rule into rules with one group, resource, verb and name each. URLs are combined with verbs only.
fn singles(rule: &Value) -> Vec<Value> {
    let (mut found, verbs, names) = (Vec::new(), texts(rule, "/verbs"), texts(rule, "/resourceNames"));
    for group in texts(rule, "/apiGroups") {
        for resource in texts(rule, "/resources") {
            for verb in &verbs {
                let single = json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]});
                match names.is_empty() {
                    true => found.push(single),
                    false => found.extend(names.iter().map(|name| {
                        let mut named = single.clone();
                        named["resourceNames"] = json!([name]);
                        named
                    })),
                }
            }
        }
    }
    for url in texts(rule, "/nonResourceURLs") {
        found.extend(verbs.iter().map(|verb| json!({"nonResourceURLs": [url], "verbs": [verb]})));
    }
    found
}

fn texts<'a>(object: &'a Value, field: &str) -> Vec<&'a str> {
    object.list(field).iter().filter_map(Value::as_str).collect()
}

/// True when a rule grants a single permission.
fn covers(owner: &Value, single: &Value) -> bool {
    let own = |field: &str| texts(owner, field).into_iter().collect::<BTreeSet<&str>>();
    let all = |field: &str, given: &dyn Fn(&BTreeSet<&str>, &str) -> bool| {
        let own = own(field);
        own.contains("*") || texts(single, field).into_iter().all(|text| own.contains(text) || given(&own, text))
    };
    let nothing_else = |_: &BTreeSet<&str>, _: &str| false;
    let subresource_of_any = |own: &BTreeSet<&str>, resource: &str| {
        resource.split_once('/').is_some_and(|(_, sub)| own.contains(format!("*/{sub}").as_str()))
    };
    let below = |own: &BTreeSet<&str>, url: &str| {
        own.iter().filter_map(|o| o.strip_suffix('*')).any(|begin| url.starts_with(begin))
    };
    let (own_names, names) = (own("/resourceNames"), texts(single, "/resourceNames"));
    let names_match =
        own_names.is_empty() || !names.is_empty() && names.into_iter().all(|name| own_names.contains(name));
    names_match
        && all("/verbs", &nothing_else)
        && all("/apiGroups", &nothing_else)
        && all("/resources", &subresource_of_any)
        && all("/nonResourceURLs", &below)
}

/// A rule as Go prints the struct.
pub(super) fn rule_text(rule: &Value) -> String {
    let list = |field: &str| texts(rule, field).join(" ");
    format!(
        "{{Verbs:[{}] APIGroups:[{}] Resources:[{}] ResourceNames:[{}] NonResourceURLs:[{}]}}",
        list("/verbs"),
        list("/apiGroups"),
        list("/resources"),
        list("/resourceNames"),
        list("/nonResourceURLs")
    )
}

/// A subject as Go prints the struct.
pub(super) fn subject_text(subject: &Value) -> String {
    let text = |field: &str| subject.str(field);
    let (kind, group) = (text("/kind"), text("/apiGroup"));
    format!("{{Kind:{kind} APIGroup:{group} Name:{} Namespace:{}}}", text("/name"), text("/namespace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_cover_single_permissions() {
        let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
        let missing = |owner: Value, rule: Value| {
            uncovered(&[owner], &[rule]).iter().map(rule_text).collect::<Vec<_>>().join(", ")
        };
        let pods = rule(&[""], &["pods"], &["get"]);
        let named = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]});
        let url = |url: &str| json!({"nonResourceURLs": [url], "verbs": ["get"]});
        let cases = [
            (pods.clone(), pods.clone(), ""),
            (
                pods.clone(),
                rule(&[""], &["pods"], &["get", "list"]),
                "{Verbs:[list] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}",
            ),
            (rule(&["*"], &["*"], &["*"]), rule(&["apps"], &["deployments/scale"], &["get"]), ""),
            (rule(&["apps"], &["*/scale"], &["get"]), rule(&["apps"], &["deployments/scale"], &["get"]), ""),
            (pods.clone(), named.clone(), ""),
            (named.clone(), pods, "{Verbs:[get] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}"),
            (url("/logs/*"), url("/logs/a"), ""),
            (
                url("/logs"),
                url("/logs/a"),
                "{Verbs:[get] APIGroups:[] Resources:[] ResourceNames:[] NonResourceURLs:[/logs/a]}",
            ),
        ];
        for (owner, rule, expected) in cases {
            assert_eq!(missing(owner.clone(), rule.clone()), expected, "{owner} {rule}");
        }
    }
}
