//! The comparison of the rules that a user holds with those that the user wants to grant
//! (`component-helpers/auth/rbac/validation/policy_comparator.go`, `policy_compact.go`).

use std::collections::BTreeSet;

use kctl_base::go;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

use super::rules::{Rule, break_down, merge_verbs};

/// Returns the rules of `wanted` that `held` does not cover, as Kubernetes prints them: one for a resource, a name and a URL,
/// sorted. Empty if everything is covered.
pub fn missing_rules(held: &[Value], wanted: &[Value]) -> Vec<String> {
    let parts = wanted.iter().flat_map(break_down);
    let missing = parts.filter(|part| !held.iter().any(|rule| covers(rule, part)));
    let texts: BTreeSet<String> = merge_verbs(missing).iter().map(text).collect();
    texts.into_iter().collect()
}

/// Returns whether a rule allows everything that a part of another one allows (`ruleCovers`).
fn covers(rule: &Value, part: &Rule) -> bool {
    let has = |field: &str, wanted: &str| rule.list(field).iter().any(|item| *item == wanted);
    let has_any_or = |field: &str, wanted: &str| has(field, "*") || has(field, wanted);
    if !part.verbs.iter().all(|verb| has_any_or("/verbs", verb)) {
        return false;
    }
    if let Some(url) = &part.url {
        return rule
            .list("/nonResourceURLs")
            .iter()
            .filter_map(Value::as_str)
            .any(|pattern| pattern == url || pattern.strip_suffix('*').is_some_and(|prefix| url.starts_with(prefix)));
    }
    let Some(resource) = &part.resource else { return false };
    let subresource = resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
    let names = rule.list("/resourceNames");
    has_any_or("/apiGroups", &part.group)
        && (has_any_or("/resources", resource) || subresource.is_some_and(|any| has("/resources", &any)))
        && (names.is_empty() || part.name.as_ref().is_some_and(|name| has("/resourceNames", name)))
}

/// Formats a rule like `CompactString`: the fields that are not empty, in Go's quotes.
fn text(rule: &Rule) -> String {
    let quoted = |items: &[&str]| items.iter().map(|item| go::quote(item)).collect::<Vec<_>>().join(" ");
    let mut fields = Vec::new();
    if let Some(resource) = &rule.resource {
        fields.push(format!("APIGroups:[{}]", quoted(&[&rule.group])));
        fields.push(format!("Resources:[{}]", quoted(&[resource])));
    }
    fields.extend(rule.url.as_ref().map(|url| format!("NonResourceURLs:[{}]", quoted(&[url]))));
    fields.extend(rule.name.as_ref().map(|name| format!("ResourceNames:[{}]", quoted(&[name]))));
    let verbs: Vec<&str> = rule.verbs.iter().map(String::as_str).collect();
    fields.push(format!("Verbs:[{}]", quoted(&verbs)));
    format!("{{{}}}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn missing(held: Value, wanted: Value) -> Vec<String> {
        missing_rules(held.as_array().expect("a list"), wanted.as_array().expect("a list"))
    }

    #[test]
    fn rules_are_missing_by_resource_and_url() {
        let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                                {"nonResourceURLs": ["*"], "verbs": ["*"]}]);
        assert_eq!(missing(everything.clone(), everything.clone()), Vec::<String>::new());
        let read = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]);
        assert_eq!(
            missing(read.clone(), everything),
            ["{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}", "{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}",]
        );
        let more = json!([{"apiGroups": ["", "apps"], "resources": ["pods"], "verbs": ["get", "watch", "delete"]}]);
        assert_eq!(
            missing(read, more),
            [
                "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"watch\" \"delete\"]}",
                "{APIGroups:[\"apps\"], Resources:[\"pods\"], Verbs:[\"get\" \"watch\" \"delete\"]}",
            ]
        );
    }

    #[test]
    fn subresources_names_and_paths_are_covered_by_patterns() {
        let rule = |rule: Value| json!([rule]);
        let logs = rule(json!({"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}));
        let any_log = rule(json!({"apiGroups": [""], "resources": ["*/log"], "verbs": ["get"]}));
        let pods = rule(json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}));
        let named = rule(json!({"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["get"]}));
        let path = rule(json!({"nonResourceURLs": ["/healthz/etcd"], "verbs": ["get"]}));
        let paths = rule(json!({"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]}));
        assert!(missing(any_log, logs.clone()).is_empty() && !missing(pods.clone(), logs).is_empty());
        assert!(missing(pods.clone(), named.clone()).is_empty() && !missing(named, pods).is_empty());
        assert!(missing(paths.clone(), path.clone()).is_empty() && !missing(path, paths).is_empty());
    }
}
