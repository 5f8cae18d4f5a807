//! Validation of flow schemas and priority levels (`pkg/apis/flowcontrol/validation/validation.go`).

use crate::shared::formats::{dns_label_problems, dns_subdomain_problems};
use crate::shared::rules::check;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const PRECEDENCE_MAX: i64 = 10_000;
const QUEUES_MAX: i64 = 10_000_000;
/// The bits of the hash that deals a hand of queues.
const HASH_BITS_MAX: i64 = 60;
const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const NOT_NEGATIVE: &str = "must be a non-negative integer";

/// Validates a FlowSchema.
pub(super) fn flow_schema(schema: &Object) -> ErrorList {
    let (spec, mut errors) = (Path::new("spec"), ErrorList::new());
    let (precedence, path) = (schema.int("/spec/matchingPrecedence").unwrap_or(0), spec.child("matchingPrecedence"));
    let mut refuse = |why: &str| errors.push(field::invalid(&path, precedence, why));
    match precedence {
        ..=0 => refuse("must be a positive value"),
        1 if schema.name() != "exempt" => refuse("only the schema named 'exempt' may have matchingPrecedence 1"),
        _ if precedence > PRECEDENCE_MAX => refuse(&format!("must not be greater than {PRECEDENCE_MAX}")),
        _ => {}
    }
    if let Some(method) = schema.at("/spec/distinguisherMethod") {
        let kind = method.str("/type");
        if !["ByNamespace", "ByUser"].contains(&kind) {
            let path = spec.child("distinguisherMethod").child("type");
            let json = format!("{{\"Type\":{}}}", Value::from(kind));
            errors.push(field::not_supported_json(&path, &json, &["ByNamespace", "ByUser"]));
        }
    }
    let path = spec.child("priorityLevelConfiguration").child("name");
    match schema.str("/spec/priorityLevelConfiguration/name") {
        "" => errors.push(field::required(&path, "must reference a priority level")),
        name => errors.extend(check(dns_subdomain_problems, name, &path)),
    }
    for (index, rule) in schema.list("/spec/rules").iter().enumerate() {
        policy_rule(&mut errors, &spec.child("rules").index(index), rule);
    }
    errors
}

fn policy_rule(errors: &mut ErrorList, path: &Path, rule: &Value) {
    let subjects = rule.list("/subjects");
    if subjects.is_empty() {
        errors.push(field::required(&path.child("subjects"), "subjects must contain at least one value"));
    }
    for (index, found) in subjects.iter().enumerate() {
        subject(errors, &path.child("subjects").index(index), found);
    }
    let (of_resources, of_urls) = (rule.list("/resourceRules"), rule.list("/nonResourceRules"));
    if of_resources.is_empty() && of_urls.is_empty() {
        let why = "at least one of resourceRules and nonResourceRules has to be non-empty";
        errors.push(field::required(path, why));
    }
    for (index, rule) in of_resources.iter().enumerate() {
        resource_rule(errors, &path.child("resourceRules").index(index), rule);
    }
    for (index, rule) in of_urls.iter().enumerate() {
        url_rule(errors, &path.child("nonResourceRules").index(index), rule);
    }
}

/// Validates a subject, whose details are in the field that its kind names.
fn subject(errors: &mut ErrorList, path: &Path, subject: &Value) {
    const DETAILS: [(&str, &str); 3] = [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = subject.str("/kind");
    let Some((_, own)) = DETAILS.iter().find(|(name, _)| *name == kind) else {
        let supported = ["Group", "ServiceAccount", "User"];
        return errors.push(field::not_supported(&path.child("kind"), kind, &supported));
    };
    let here = path.child(own);
    match subject.at(&format!("/{own}")) {
        None => errors.push(field::required(&here, &format!("{own} is required when subject kind is '{kind}'"))),
        Some(details) => {
            let name = details.str("/name");
            if name.is_empty() {
                errors.push(field::required(&here.child("name"), ""));
            } else if kind == "ServiceAccount" && name != "*" {
                errors.extend(check(dns_subdomain_problems, name, &here.child("name")));
            }
            if kind == "ServiceAccount" {
                match details.str("/namespace") {
                    "" => {
                        let why = "must specify namespace for service account";
                        errors.push(field::required(&here.child("namespace"), why));
                    }
                    namespace => errors.extend(check(dns_label_problems, namespace, &here.child("namespace"))),
                }
            }
        }
    }
    for (other, field) in DETAILS.iter().filter(|(name, _)| *name != kind) {
        if subject.at(&format!("/{field}")).is_some() {
            let why = format!("{field} is forbidden when subject kind is not '{other}'");
            errors.push(field::forbidden(&path.child(field), &why));
        }
    }
}

fn verbs(errors: &mut ErrorList, path: &Path, verbs: &[Value]) {
    if verbs.is_empty() {
        errors.push(field::required(path, "verbs must contain at least one value"));
    } else if !lone_wildcard(errors, path, verbs, "verbs")
        && !verbs.iter().all(|v| VERBS.iter().any(|known| v == known))
    {
        errors.push(field::not_supported(path, verbs.to_vec(), VERBS));
    }
}

/// Returns whether a list contains `*`, and refuses anything beside it.
fn lone_wildcard(errors: &mut ErrorList, path: &Path, list: &[Value], what: &str) -> bool {
    let found = list.iter().any(|item| item == "*");
    if found && list.len() > 1 {
        errors.push(field::invalid(path, list.to_vec(), &format!("if '*' is present, must not specify other {what}")));
    }
    found
}

fn resource_rule(errors: &mut ErrorList, path: &Path, rule: &Value) {
    verbs(errors, &path.child("verbs"), rule.list("/verbs"));
    for (name, one, others) in [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")] {
        let (list, here) = (rule.list(&format!("/{name}")), path.child(name));
        if list.is_empty() {
            errors.push(field::required(&here, &format!("resource rules must supply at least one {one}")));
        }
        lone_wildcard(errors, &here, list, others);
    }
    let (namespaces, here) = (rule.list("/namespaces"), path.child("namespaces"));
    if namespaces.is_empty() && !rule.flag("/clusterScope") {
        let why = "resource rules that are not cluster scoped must supply at least one namespace";
        errors.push(field::required(&here, why));
    } else if !lone_wildcard(errors, &here, namespaces, "namespaces") {
        for (index, name) in namespaces.iter().map(|n| n.as_str().unwrap_or_default()).enumerate() {
            for problem in dns_label_problems(name) {
                let why = format!("each member of this list must be '*' or a DNS-1123 label; {problem}");
                errors.push(field::invalid(&here.index(index), name, &why));
            }
        }
    }
}

fn url_rule(errors: &mut ErrorList, path: &Path, rule: &Value) {
    verbs(errors, &path.child("verbs"), rule.list("/verbs"));
    let (urls, here) = (rule.list("/nonResourceURLs"), path.child("nonResourceURLs"));
    if urls.is_empty() {
        errors.push(field::required(&here, "nonResourceURLs must contain at least one value"));
    } else if !lone_wildcard(errors, &here, urls, "non-resource URLs") {
        for (index, url) in urls.iter().map(|url| url.as_str().unwrap_or_default()).enumerate() {
            errors.extend(url_problem(url).map(|why| field::invalid(&here.index(index), url, why)));
        }
    }
}

/// The problem of the path of a URL (`ValidateNonResourceURLPath`).
fn url_problem(url: &str) -> Option<&'static str> {
    let wildcards = url.matches('*').count();
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !url.starts_with('/') => Some("must start with slash"),
        _ if url.contains(' ') => Some("must not contain white-space"),
        _ if url.contains("//") => Some("must not contain double slash"),
        _ if wildcards > 1 || (wildcards == 1 && !url.ends_with("/*")) => Some("wildcard can only do suffix matching"),
        _ => None,
    }
}

/// Validates a PriorityLevelConfiguration.
pub(super) fn priority_level(level: &Object) -> ErrorList {
    let (spec, mut errors) = (Path::new("spec"), ErrorList::new());
    let kind = level.str("/spec/type");
    if (level.name() == "exempt") != (kind == "Exempt") {
        let why = "type must be 'Exempt' if and only if name is 'exempt'";
        errors.push(field::invalid(&spec.child("type"), kind, why));
    }
    let (limited, exempt) = (level.at("/spec/limited"), level.at("/spec/exempt"));
    match kind {
        "Exempt" => {
            if limited.is_some() {
                let why = "must be nil if the type is not Limited";
                errors.push(field::forbidden(&spec.child("limited"), why));
            }
            if let Some(exempt) = exempt {
                shares(&mut errors, &spec.child("exempt"), exempt);
                lendable(&mut errors, &spec.child("exempt"), exempt);
            }
        }
        "Limited" => {
            if exempt.is_some() {
                errors.push(field::forbidden(&spec.child("exempt"), "must be nil if the type is Limited"));
            }
            match limited {
                None => {
                    let why = "must not be empty when type is Limited";
                    errors.push(field::required(&spec.child("limited"), why));
                }
                Some(limited) => limited_level(&mut errors, &spec.child("limited"), limited),
            }
        }
        other => errors.push(field::not_supported(&spec.child("type"), other, &["Exempt", "Limited"])),
    }
    errors
}

fn shares(errors: &mut ErrorList, path: &Path, level: &Value) {
    if let Some(shares) = level.int("/nominalConcurrencyShares").filter(|shares| *shares < 0) {
        errors.push(field::invalid(&path.child("nominalConcurrencyShares"), shares, NOT_NEGATIVE));
    }
}

fn lendable(errors: &mut ErrorList, path: &Path, level: &Value) {
    if let Some(percent) = level.int("/lendablePercent").filter(|percent| !(0..=100).contains(percent)) {
        errors.push(field::invalid(&path.child("lendablePercent"), percent, "must be between 0 and 100, inclusive"));
    }
}

fn limited_level(errors: &mut ErrorList, path: &Path, level: &Value) {
    shares(errors, path, level);
    let response = path.child("limitResponse");
    let (kind, queuing) = (level.str("/limitResponse/type"), level.at("/limitResponse/queuing"));
    let here = response.child("queuing");
    match (kind, queuing) {
        ("Reject", Some(_)) => {
            let why = "must be nil if limited.limitResponse.type is not Limited";
            errors.push(field::forbidden(&here, why));
        }
        ("Queue", None) => {
            errors.push(field::required(&here, "must not be empty if limited.limitResponse.type is Limited"));
        }
        ("Queue", Some(queuing)) => queues(errors, &here, queuing),
        ("Reject", None) => {}
        (other, _) => errors.push(field::not_supported(&response.child("type"), other, &["Queue", "Reject"])),
    }
    lendable(errors, path, level);
    if let Some(percent) = level.int("/borrowingLimitPercent").filter(|percent| *percent < 0) {
        let why = "if specified, must be a non-negative integer";
        errors.push(field::invalid(&path.child("borrowingLimitPercent"), percent, why));
    }
}

fn queues(errors: &mut ErrorList, path: &Path, queuing: &Value) {
    let number = |name: &str| queuing.get(name).and_then(Value::as_i64).unwrap_or(0);
    let (length, queues, hand) = (number("queueLengthLimit"), number("queues"), number("handSize"));
    let mut refuse = |name: &str, value: i64, why: &str| errors.push(field::invalid(&path.child(name), value, why));
    if length <= 0 {
        refuse("queueLengthLimit", length, "must be positive");
    }
    if queues <= 0 {
        refuse("queues", queues, "must be positive");
    } else if queues > QUEUES_MAX {
        refuse("queues", queues, &format!("must not be greater than {QUEUES_MAX}"));
    }
    // Shuffle sharding deals `handSize` of `queues` by the bits of a hash.
    let entropy = ((queues as f64).log2() * hand as f64).ceil() as i64;
    if hand <= 0 {
        refuse("handSize", hand, "must be positive");
    } else if hand > queues {
        refuse("handSize", hand, &format!("should not be greater than queues ({queues})"));
    } else if entropy > HASH_BITS_MAX {
        let why = format!(
            "required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {HASH_BITS_MAX}"
        );
        refuse("handSize", hand, &why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn texts(errors: &[field::FieldError]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn flow_schemas_get_the_errors_of_the_server() {
        let schema = json!({"metadata": {"name": "s"}, "spec": {
            "matchingPrecedence": 1, "distinguisherMethod": {"type": "ByColour"}, "priorityLevelConfiguration": {"name": ""},
            "rules": [{"subjects": [{"kind": "User", "group": {"name": "g"}}, {"kind": "Robot"}],
                "nonResourceRules": [{"verbs": ["swim"], "nonResourceURLs": ["a", "/*/b"]}]}, {}],
        }});
        assert_eq!(
            texts(&flow_schema(&schema)),
            [
                "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
                "spec.distinguisherMethod.type: Unsupported value: {\"Type\":\"ByColour\"}: supported values: \"ByNamespace\", \"ByUser\"",
                "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
                "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
                "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
                "spec.rules[0].subjects[1].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\"",
                "spec.rules[0].nonResourceRules[0].verbs: Unsupported value: [\"swim\"]: supported values: \"create\", \"delete\", \"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", \"update\", \"watch\"",
                "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"a\": must start with slash",
                "spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"/*/b\": wildcard can only do suffix matching",
                "spec.rules[1].subjects: Required value: subjects must contain at least one value",
                "spec.rules[1]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty",
            ]
        );
    }

    #[test]
    fn priority_levels_get_the_errors_of_the_server() {
        let level = json!({"metadata": {"name": "l"}, "spec": {"type": "Limited", "exempt": {}, "limited": {
            "lendablePercent": 101,
            "limitResponse": {"type": "Queue", "queuing": {"queues": 64, "handSize": 11, "queueLengthLimit": 0}}}}});
        assert_eq!(
            texts(&priority_level(&level)),
            [
                "spec.exempt: Forbidden: must be nil if the type is Limited",
                "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive",
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 11: required entropy bits of deckSize 64 and handSize 11 should not be greater than 60",
                "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
            ]
        );
    }
}
