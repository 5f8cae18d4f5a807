//! Validation of CustomResourceDefinitions (`pkg/apis/apiextensions/validation/validation.go` of
//! `k8s.io/apiextensions-apiserver`).

mod names;
mod schema;
mod structural;
mod versions;

use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems};
use crate::shared::rules::{immutable_at, one_of};
use kctl_base::field::{self, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition_is_true};
use versions::Shared;

/// Validates a definition; errors come in the order of the API server.
pub(super) fn validate(definition: &Object) -> ErrorList {
    let mut errors = spec_errors(definition);
    errors.extend(stored_version_errors(definition));
    errors.extend(approval_errors(definition, definition.str("/spec/group")));
    if definition.flag("/spec/preserveUnknownFields") {
        let text =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.push(field::invalid(&Path::new("spec.preserveUnknownFields"), true, text));
    }
    errors
}

/// Validates the name of a new definition, which its group and its plural name make up.
pub(super) fn name_error(definition: &Object) -> Option<FieldError> {
    let wanted = format!("{}.{}", definition.str("/spec/names/plural"), definition.str("/spec/group"));
    let text = "must be spec.names.plural+\".\"+spec.group";
    (definition.name() != wanted).then(|| field::invalid(&Path::new("metadata.name"), definition.name(), text))
}

/// Returns the warnings about formats in the schemas that have no effect.
pub(super) fn warnings(definition: &Object) -> Vec<String> {
    let mut warnings = Vec::new();
    for version in definition.list("/spec/versions") {
        schema::format_warnings(&version["schema"]["openAPIV3Schema"], &mut warnings);
    }
    warnings
}

fn spec_errors(definition: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let group = definition.str("/spec/group");
    let shared = Shared::of(definition.list("/spec/versions"));
    let mut errors = group_errors(group, &spec.child("group"));
    errors.extend(one_of(definition.str("/spec/scope"), &spec.child("scope"), &["Cluster", "Namespaced"]));
    errors.extend(versions::missing_schemas(&shared, &spec.child("versions")));
    if definition.flag("/spec/preserveUnknownFields") && shared.has_defaults() {
        let text = "must be false in order to use defaults in the schema";
        errors.push(field::invalid(&spec.child("preserveUnknownFields"), true, text));
    }
    errors.extend(versions::errors(&shared, &spec));
    errors.extend(names::errors(&definition["spec"]["names"], &spec.child("names")));
    errors.extend(versions::shared_errors(&shared, &spec));
    errors.extend(conversion_errors(definition, &spec.child("conversion")));
    errors
}

/// Validates how objects are converted between versions (`validateCustomResourceConversion`); the fields have the places
/// of the internal form.
fn conversion_errors(definition: &Object, path: &Path) -> ErrorList {
    let Some(conversion) = definition.at("/spec/conversion") else { return ErrorList::new() };
    let mut errors = ErrorList::new();
    if conversion.str("/strategy") != "None" && definition.flag("/spec/preserveUnknownFields") {
        let text = "must be None if spec.preserveUnknownFields is true";
        errors.push(field::invalid(&path.child("strategy"), conversion.str("/strategy"), text));
    }
    errors.extend(one_of(conversion.str("/strategy"), &path.child("strategy"), &["None", "Webhook"]));
    let client = conversion.at("/webhook/clientConfig");
    let reviews = conversion.list("/webhook/conversionReviewVersions");
    let (client_path, reviews_path) = (path.child("webhookClientConfig"), path.child("conversionReviewVersions"));
    if conversion.str("/strategy") == "Webhook" {
        errors.extend(client_error(client, &client_path));
        errors.extend(review_errors(reviews, &reviews_path));
        return errors;
    }
    let text = "should not be set when strategy is not set to Webhook";
    if client.is_some() {
        errors.push(field::forbidden(&client_path, text));
    }
    if !reviews.is_empty() {
        errors.push(field::forbidden(&reviews_path, text));
    }
    errors
}

fn client_error(client: Option<&Value>, path: &Path) -> Option<FieldError> {
    let Some(client) = client else {
        return Some(field::required(path, "required when strategy is set to Webhook"));
    };
    let is_ambiguous = client.at("/url").is_some() == client.at("/service").is_some();
    is_ambiguous.then(|| field::required(path, "exactly one of url or service is required"))
}

fn review_errors(reviews: &[Value], path: &Path) -> ErrorList {
    if reviews.is_empty() {
        return vec![field::required(path, "")];
    }
    let mut errors = ErrorList::new();
    for (index, review) in reviews.iter().enumerate() {
        let text = review.as_str().unwrap_or_default();
        match reviews[..index].contains(review) {
            true => errors.push(field::invalid(&path.index(index), text, "duplicate version")),
            false => errors.extend(crate::shared::rules::check(dns_label_1035_problems, text, &path.index(index))),
        }
    }
    if !reviews.iter().any(|review| matches!(review.as_str(), Some("v1" | "v1beta1"))) {
        errors.push(field::invalid(path, json!(reviews), "must include at least one of v1, v1beta1"));
    }
    errors
}

/// Validates the versions that objects may be stored in (`ValidateCustomResourceDefinitionStoredVersions`).
pub(super) fn stored_version_errors(definition: &Object) -> ErrorList {
    let path = Path::new("status.storedVersions");
    let stored = definition.list("/status/storedVersions");
    let versions = definition.list("/spec/versions");
    if stored.is_empty() {
        return vec![field::invalid(&path, Value::Null, "must have at least one stored version")];
    }
    let mut errors = ErrorList::new();
    for version in versions.iter().filter(|v| v.flag("/storage") && !stored.contains(&v["name"])) {
        let text = format!("must have the storage version {}", version.str("/name"));
        errors.push(field::invalid(&path, json!(stored), &text));
    }
    for (index, name) in stored.iter().enumerate() {
        if !versions.iter().any(|v| v["name"] == *name) {
            let text = "missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a \
                        storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions";
            let text = text.replace("v1", name.as_str().unwrap_or_default());
            errors.push(field::invalid(&path.index(index), name.clone(), &text));
        }
    }
    errors
}

fn group_errors(group: &str, path: &Path) -> ErrorList {
    if group.is_empty() {
        return vec![field::required(path, "")];
    }
    let problems = dns_subdomain_problems(group);
    if !problems.is_empty() {
        return vec![field::invalid(path, group, &problems.join(","))];
    }
    if group.split('.').count() < 2 {
        return vec![field::invalid(path, group, "should be a domain with at least one dot")];
    }
    ErrorList::new()
}

/// Requires the approval annotation of groups of the Kubernetes community (`validateAPIApproval`).
fn approval_errors(definition: &Object, group: &str) -> Option<FieldError> {
    const ANNOTATION: &str = "api-approved.kubernetes.io";
    const SEE: &str = "see https://github.com/kubernetes/enhancements/pull/1111";
    let is_protected =
        |domain: &str| group.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !["k8s.io", "kubernetes.io"].into_iter().any(is_protected) {
        return None;
    }
    let path = Path::new("metadata").child("annotations").key(ANNOTATION);
    let text = format!("protected groups must have approval annotation \"{ANNOTATION}\"");
    let approval = definition.annotation(ANNOTATION).unwrap_or_default();
    let is_url = approval.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    match approval {
        "" => Some(field::required(&path, &format!("{text}, {SEE}"))),
        _ if is_url || approval.starts_with("unapproved") => None,
        other => {
            let text = format!("{text} with either a URL or a reason starting with \"unapproved\", {SEE}");
            Some(field::invalid(&path, other, &text))
        }
    }
}

/// Refuses changes of immutable fields; some may change until the definition is established.
pub(super) fn update_errors(new: &Object, old: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    if condition_is_true(old, "Established") {
        errors.extend(immutable_at(new, old, "/spec/scope", &spec.child("scope")));
        errors.extend(immutable_at(new, old, "/spec/names/kind", &spec.child("names").child("kind")));
    }
    errors.extend(immutable_at(new, old, "/spec/group", &spec.child("group")));
    errors.extend(immutable_at(new, old, "/spec/names/plural", &spec.child("names").child("plural")));
    errors
}
