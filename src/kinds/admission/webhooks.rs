//! Validation of webhook configurations (`validateValidatingWebhook`, `validateMutatingWebhook` in
//! `pkg/apis/admissionregistration/validation/validation.go`).

use std::collections::BTreeSet;

use super::expressions::Environment;
use super::rules;
use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems, port_problems};
use crate::shared::rules::check;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// Versions of AdmissionReview that the API server sends.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const SIDE_EFFECTS: &[&str] = &["None", "NoneOnDryRun"];

/// Validates the webhooks of a configuration.
pub(super) fn validate(configuration: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut names = BTreeSet::new();
    for (index, hook) in configuration.list("/webhooks").iter().enumerate() {
        let path = Path::new("webhooks").index(index);
        webhook(&mut errors, &path, hook);
        review_versions(&mut errors, &path.child("admissionReviewVersions"), hook.list("/admissionReviewVersions"));
        let name = hook.str("/name");
        if !name.is_empty() && !names.insert(name) {
            errors.push(field::duplicate(&path.child("name"), name));
        }
    }
    errors
}

fn webhook(errors: &mut ErrorList, path: &Path, hook: &Value) {
    errors.extend(qualified_name(hook.str("/name"), &path.child("name")));
    for (index, rule) in hook.list("/rules").iter().enumerate() {
        rules::operations_rule(errors, &path.child("rules").index(index), rule);
    }
    rules::choice(errors, path, hook, "failurePolicy", &["Fail", "Ignore"]);
    rules::choice(errors, path, hook, "matchPolicy", &["Equivalent", "Exact"]);
    if hook.at("/sideEffects").is_none() {
        let why = format!("must specify one of {}", SIDE_EFFECTS.join(", "));
        errors.push(field::required(&path.child("sideEffects"), &why));
    }
    rules::choice(errors, path, hook, "sideEffects", SIDE_EFFECTS);
    if let Some(seconds) = hook.int("/timeoutSeconds").filter(|seconds| !(1..=30).contains(seconds)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        errors.push(field::invalid(&path.child("timeoutSeconds"), seconds, why));
    }
    rules::selectors(errors, path, hook);
    rules::choice(errors, path, hook, "reinvocationPolicy", &["IfNeeded", "Never"]);
    client(errors, &path.child("clientConfig"), &hook["clientConfig"]);
    let conditions = hook.list("/matchConditions");
    rules::match_conditions(errors, &path.child("matchConditions"), conditions, &Environment::new(false));
}

/// Validates a domain of at least three segments (`IsFullyQualifiedName`).
fn qualified_name(name: &str, path: &Path) -> Option<field::FieldError> {
    let problems = dns_subdomain_problems(name);
    if name.is_empty() {
        Some(field::required(path, ""))
    } else if !problems.is_empty() {
        Some(field::invalid(path, name, &problems.join(",")))
    } else if name.split('.').count() < 3 {
        Some(field::invalid(path, name, "should be a domain with at least three segments separated by dots"))
    } else {
        None
    }
}

fn review_versions(errors: &mut ErrorList, path: &Path, versions: &[Value]) {
    let known = REVIEW_VERSIONS.join(", ");
    if versions.is_empty() {
        return errors.push(field::required(path, &format!("must specify one of {known}")));
    }
    let mut seen = BTreeSet::new();
    for (index, version) in versions.iter().map(|v| v.as_str().unwrap_or_default()).enumerate() {
        if seen.insert(version) {
            errors.extend(check(dns_label_1035_problems, version, &path.index(index)));
        } else {
            errors.push(field::invalid(&path.index(index), version, "duplicate version"));
        }
    }
    if !REVIEW_VERSIONS.iter().any(|version| seen.contains(version)) {
        let why = format!("must include at least one of {known}");
        errors.push(field::invalid(path, versions.to_vec(), &why));
    }
}

/// Validates where a webhook is: at a URL or behind a Service.
fn client(errors: &mut ErrorList, path: &Path, config: &Value) {
    match (config.at("/url").and_then(Value::as_str), config.at("/service")) {
        (Some(url), None) => client_url(errors, &path.child("url"), url),
        (None, Some(service)) => client_service(errors, &path.child("service"), service),
        _ => errors.push(field::required(path, "exactly one of url or service is required")),
    }
}

/// Validates a URL (`ValidateWebhookURL` in `apiserver/pkg/util/webhook/validation.go`).
fn client_url(errors: &mut ErrorList, path: &Path, url: &str) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once(':').unwrap_or(("", rest));
    let authority = rest.strip_prefix("//").map_or("", |rest| rest.split('/').next().unwrap_or_default());
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if !scheme.eq_ignore_ascii_case("https") {
        let why = format!("'https' is the only allowed URL scheme{FORM}");
        errors.push(field::invalid(path, scheme.to_lowercase(), &why));
    }
    if host.is_empty() {
        errors.push(field::invalid(path, "", &format!("host must be specified{FORM}")));
    }
    if let Some(user) = user {
        errors.push(field::invalid(path, user, "user information is not permitted in the URL"));
    }
    for (part, what) in [(fragment, "fragments"), (query, "query parameters")] {
        if !part.is_empty() {
            errors.push(field::invalid(path, part, &format!("{what} are not permitted in the URL")));
        }
    }
}

/// Validates a reference to a Service (`ValidateWebhookService` in `apiserver/pkg/util/webhook/validation.go`).
fn client_service(errors: &mut ErrorList, path: &Path, service: &Value) {
    for name in ["name", "namespace"] {
        if service.str(&format!("/{name}")).is_empty() {
            errors.push(field::required(&path.child(name), &format!("service {name} is required")));
        }
    }
    let port = service.int("/port").unwrap_or(0);
    if let [problem, ..] = &port_problems(port)[..] {
        errors.push(field::invalid(&path.child("port"), port, &format!("port is not valid: {problem}")));
    }
    let (text, path) = (service.str("/path"), path.child("path"));
    if text.is_empty() || text == "/" {
        return;
    }
    let mut refuse = |why: &str| errors.push(field::invalid(&path, text, why));
    if text == "//" {
        return refuse("segment[0] may not be empty");
    }
    if !text.starts_with('/') {
        refuse("must start with a '/'");
    }
    // Upstream drops the first byte, whatever it is.
    let mut characters = text.chars();
    characters.next();
    let segments = characters.as_str();
    for (index, segment) in segments.strip_suffix('/').unwrap_or(segments).split('/').enumerate() {
        if segment.is_empty() {
            refuse(&format!("segment[{index}] may not be empty"));
            continue;
        }
        for problem in dns_subdomain_problems(segment) {
            refuse(&format!("segment[{index}]: {problem}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn webhooks_get_the_errors_of_the_server() {
        let good = json!({"webhooks": [{
            "name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
            "clientConfig": {"service": {"name": "s", "namespace": "n", "port": 443, "path": "/check"}},
            "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods", "pods/*"], "scope": "*"}],
        }]});
        assert_eq!(validate(&good), []);
        let bad = json!({"webhooks": [{
            "name": "a.b", "failurePolicy": "Maybe", "sideEffects": "Some", "timeoutSeconds": 31,
            "admissionReviewVersions": ["v2"], "clientConfig": {"url": "http://u@h/p?q#f"},
            "rules": [{"operations": ["*", "READ"], "apiVersions": [""], "resources": ["a/*", "a/b", "*", "b"]}],
        }]});
        let texts: Vec<String> = validate(&bad).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots",
                "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"READ\"]: if '*' is present, must not specify other operations",
                "webhooks[0].rules[0].operations[1]: Unsupported value: \"READ\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"",
                "webhooks[0].rules[0].apiGroups: Required value",
                "webhooks[0].rules[0].apiVersions[0]: Required value",
                "webhooks[0].rules[0].resources[1]: Invalid value: \"a/b\": if 'a/*' is present, must not specify a/b",
                "webhooks[0].rules[0].resources: Invalid value: [\"a/*\",\"a/b\",\"*\",\"b\"]: if '*' is present, must not specify other resources without subresources",
                "webhooks[0].failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\"",
                "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
                "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                "webhooks[0].clientConfig.url: Invalid value: \"u\": user information is not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"f\": fragments are not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"q\": query parameters are not permitted in the URL",
                "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
            ]
        );
    }
}
