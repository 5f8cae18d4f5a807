//! Defaults and validation of policies and their bindings
//! (`pkg/apis/admissionregistration/validation/validation.go`).

use super::expressions::{Environment, Wanted};
use super::rules;
use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems, path_segment_problems};
use crate::shared::rules::check;
use crate::shared::selector;
use kctl_base::cel::is_identifier;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The message about a missing expression.
const NO_EXPRESSION: &str = "expression is not specified";

/// Sets the defaults of the match resources at a JSON pointer: match policy, selectors and scopes.
pub(super) fn default_matches(object: &mut Object, pointer: &str) {
    if object.at(pointer).is_none() {
        return;
    }
    for (field, value) in
        [("matchPolicy", json!("Equivalent")), ("namespaceSelector", json!({})), ("objectSelector", json!({}))]
    {
        object.put_default(&format!("{pointer}/{field}"), value);
    }
    for rules in ["resourceRules", "excludeResourceRules"] {
        for rule in object.items_mut(&format!("{pointer}/{rules}")) {
            rule.put_default("/scope", "*");
        }
    }
}

/// Validates a ValidatingAdmissionPolicy (`validateValidatingAdmissionPolicySpec`).
pub(super) fn validate_policy(policy: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = shared_errors(policy, None);
    // Without variables, expressions cannot mention them.
    let mut environment = environment_of(policy);
    if !policy.list("/spec/variables").is_empty() {
        environment = environment.with_variables();
    }
    variables(&mut errors, &spec.child("variables"), policy, &mut environment);
    if policy.list("/spec/validations").is_empty() && policy.list("/spec/auditAnnotations").is_empty() {
        for list in ["validations", "auditAnnotations"] {
            let why = "validations or auditAnnotations must contain at least one item";
            errors.push(field::required(&spec.child(list), why));
        }
    }
    for (index, rule) in policy.list("/spec/validations").iter().enumerate() {
        validation(&mut errors, &spec.child("validations").index(index), rule, &environment);
    }
    audit_annotations(&mut errors, &spec.child("auditAnnotations"), policy, &environment);
    errors
}

/// Validates a MutatingAdmissionPolicy (`validateMutatingAdmissionPolicySpec`).
pub(super) fn validate_mutating_policy(policy: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = shared_errors(policy, Some(MUTABLE));
    let mut environment = environment_of(policy).with_variables();
    variables(&mut errors, &spec.child("variables"), policy, &mut environment);
    if policy.list("/spec/mutations").is_empty() {
        errors.push(field::required(&spec.child("mutations"), "mutations must contain at least one item"));
    }
    for (index, mutation) in policy.list("/spec/mutations").iter().enumerate() {
        self::mutation(&mut errors, &spec.child("mutations").index(index), mutation, &environment);
    }
    match policy.str("/spec/reinvocationPolicy") {
        "" => errors.push(field::required(&spec.child("reinvocationPolicy"), "")),
        _ => rules::choice(&mut errors, &spec, &policy["spec"], "reinvocationPolicy", &["Never", "IfNeeded"]),
    }
    errors
}

fn environment_of(policy: &Object) -> Environment {
    Environment::new(policy.at("/spec/paramKind").is_some())
}

/// Validates what both kinds of policies have before their variables. `operations` are those that rules may name, all by
/// default.
fn shared_errors(policy: &Object, operations: Option<&[&str]>) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    rules::choice(&mut errors, &spec, &policy["spec"], "failurePolicy", &["Fail", "Ignore"]);
    if let Some(kind) = policy.at("/spec/paramKind") {
        param_kind(&mut errors, &spec.child("paramKind"), kind);
    }
    let constraints = spec.child("matchConstraints");
    match policy.at("/spec/matchConstraints") {
        None => errors.push(field::required(&constraints, "")),
        Some(found) => {
            rules::match_resources(&mut errors, &constraints, found);
            if found.list("/resourceRules").is_empty() {
                errors.push(field::required(&constraints.child("resourceRules"), ""));
            }
            rules::only_operations(&mut errors, &constraints, found, operations);
        }
    }
    let conditions = policy.list("/spec/matchConditions");
    rules::match_conditions(&mut errors, &spec.child("matchConditions"), conditions, &environment_of(policy));
    errors
}

/// Validates the variables of a policy and adds them to the environment of other expressions (`validateVariable`).
fn variables(errors: &mut ErrorList, path: &Path, policy: &Object, environment: &mut Environment) {
    for (index, variable) in policy.list("/spec/variables").iter().enumerate() {
        let (here, name, text) = (path.index(index), variable.str("/name"), variable.str("/expression"));
        if name.trim().is_empty() {
            errors.push(field::required(&here.child("name"), "name is not specified"));
        } else if !is_identifier(name) {
            errors.push(field::invalid(&here.child("name"), name, "name is not a valid CEL identifier"));
        }
        if text.trim().is_empty() {
            errors.push(field::required(&here.child("expression"), NO_EXPRESSION));
        } else if let Err(why) = environment.define(name, text) {
            errors.push(field::invalid(&here.child("expression"), text, &why));
        }
    }
}

/// Operations on objects that can be changed.
const MUTABLE: &[&str] = &["*", "CONNECT", "CREATE", "UPDATE"];

/// Validates one mutation of a policy (`validateMutation`).
fn mutation(errors: &mut ErrorList, path: &Path, mutation: &Value, environment: &Environment) {
    const TYPES: &[(&str, &str, Wanted)] = &[
        ("ApplyConfiguration", "applyConfiguration", Wanted::Configuration),
        ("JSONPatch", "jsonPatch", Wanted::Operations),
    ];
    let chosen = mutation.str("/patchType");
    if chosen.is_empty() {
        return errors.push(field::required(&path.child("patchType"), ""));
    }
    if !TYPES.iter().any(|(name, ..)| *name == chosen) {
        let known: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
        return errors.push(field::not_supported(&path.child("patchType"), chosen, &known));
    }
    for (name, key, wanted) in TYPES {
        let here = path.child(key);
        match mutation.at(&format!("/{key}")) {
            Some(_) if *name != chosen => {
                let why = format!("must not be specified when patchType is {chosen}");
                errors.push(field::invalid(&here, format!("{{{key}}}"), &why));
            }
            Some(patch) => {
                let (text, here) = (patch.str("/expression").trim(), here.child("expression"));
                if text.is_empty() {
                    errors.push(field::required(&here, ""));
                } else if let Err(why) = environment.check(text, *wanted) {
                    errors.push(field::invalid(&here, text, &why));
                }
            }
            None if *name == chosen => {
                errors.push(field::required(&here, &format!("must be specified when patchType is {chosen}")));
            }
            None => {}
        }
    }
}

/// Validates the audit annotations of a policy (`validateAuditAnnotation`).
fn audit_annotations(errors: &mut ErrorList, path: &Path, policy: &Object, environment: &Environment) {
    let annotations = policy.list("/spec/auditAnnotations");
    if annotations.len() > ANNOTATIONS_MAX {
        let why = format!("must not have more than {ANNOTATIONS_MAX} auditAnnotations");
        errors.push(field::invalid(path, annotations.to_vec(), &why));
    }
    for (index, annotation) in annotations.iter().enumerate() {
        let (here, key) = (path.index(index), annotation.str("/key"));
        match policy.name() {
            "" => errors.push(field::invalid(&here.child("key"), key, "requires metadata.name be non-empty")),
            name => errors.extend(check(key_problems, &format!("{name}/{key}"), &here.child("key"))),
        }
        let (text, place) = (annotation.str("/valueExpression"), here.child("valueExpression"));
        if text.trim().is_empty() {
            errors.push(field::required(&place, "valueExpression is not specified"));
        } else if text.trim().len() > ANNOTATION_LENGTH_MAX {
            errors.push(field::required(&place, &format!("must not exceed {ANNOTATION_LENGTH_MAX} bytes in length")));
        } else if let Err(why) = environment.check(text.trim(), Wanted::TextOrNull) {
            errors.push(field::invalid(&place, text, &why));
        }
        if annotations[..index].iter().any(|other| other.str("/key") == key) {
            errors.push(field::duplicate(&here.child("key"), key));
        }
    }
}

/// The largest number of audit annotations of a policy.
const ANNOTATIONS_MAX: usize = 20;
/// The largest size of the expression of an audit annotation in bytes.
const ANNOTATION_LENGTH_MAX: usize = 5 * 1024;

/// Validates the kind of the parameters of a policy (`validateParamKind`).
fn param_kind(errors: &mut ErrorList, path: &Path, param: &Value) {
    let (api_version, here) = (param.str("/apiVersion"), path.child("apiVersion"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let problems = |list: Vec<String>| (!list.is_empty()).then(|| list.join(","));
    if api_version.is_empty() {
        errors.push(field::required(&here, ""));
    } else if version.contains('/') {
        errors.push(field::invalid(&here, api_version, &format!("unexpected GroupVersion string: {api_version}")));
    } else {
        if !group.is_empty() {
            errors.extend(problems(dns_subdomain_problems(group)).map(|why| field::invalid(&here, group, &why)));
        }
        if version.is_empty() {
            errors.push(field::invalid(&here, api_version, "version must be specified"));
        } else {
            errors.extend(problems(dns_label_1035_problems(version)).map(|why| field::invalid(&here, version, &why)));
        }
    }
    match param.str("/kind") {
        "" => errors.push(field::required(&path.child("kind"), "")),
        kind => errors.extend(problems(dns_label_1035_problems(&kind.to_lowercase())).map(|why| {
            let why = format!("may have mixed case, but should otherwise match: {why}");
            field::invalid(&path.child("kind"), kind, &why)
        })),
    }
}

/// Validates one validation of a policy (`validateValidation`).
fn validation(errors: &mut ErrorList, path: &Path, rule: &Value, environment: &Environment) {
    if rule.str("/expression").trim().is_empty() {
        errors.push(field::required(&path.child("expression"), NO_EXPRESSION));
    }
    errors.extend(environment.error_of(rule, "expression", path, Wanted::Bool));
    let (message, expression) = (rule.str("/message"), rule.str("/messageExpression"));
    if !expression.is_empty() && expression.trim().is_empty() {
        let why = "must be non-empty if specified";
        errors.push(field::invalid(&path.child("messageExpression"), expression, why));
    }
    let environment = environment.clone().without_authorizer();
    errors.extend(environment.error_of(rule, "messageExpression", path, Wanted::Text));
    if !message.is_empty() && message.trim().is_empty() {
        errors.push(field::invalid(&path.child("message"), message, "message must be non-empty if specified"));
    } else if message.trim().contains(['\n', '\r']) {
        errors.push(field::invalid(&path.child("message"), message, "message must not contain line breaks"));
    }
    rules::choice(errors, path, rule, "reason", &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}

/// Validates a MutatingAdmissionPolicyBinding.
pub(super) fn validate_mutating_binding(binding: &Object) -> ErrorList {
    let mut errors = shared_binding_errors(binding);
    if let Some(resources) = binding.at("/spec/matchResources") {
        rules::only_operations(&mut errors, &Path::new("spec.matchResources"), resources, Some(MUTABLE));
    }
    errors
}

/// Validates what both kinds of bindings have: policy, parameters and resources.
fn shared_binding_errors(binding: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    match binding.str("/spec/policyName") {
        "" => errors.push(field::required(&spec.child("policyName"), "")),
        name => errors.extend(check(dns_subdomain_problems, name, &spec.child("policyName"))),
    }
    if let Some(reference) = binding.at("/spec/paramRef") {
        param_ref(&mut errors, &spec.child("paramRef"), reference);
    }
    if let Some(resources) = binding.at("/spec/matchResources") {
        // Upstream misspells the field.
        rules::match_resources(&mut errors, &spec.child("matchResouces"), resources);
    }
    errors
}

/// Validates the reference of a binding to parameters (`validateParamRef`).
fn param_ref(errors: &mut ErrorList, path: &Path, reference: &Value) {
    let both = "name and selector are mutually exclusive";
    let (name, selector) = (reference.str("/name"), reference.at("/selector"));
    if !name.is_empty() {
        errors.extend(check(path_segment_problems, name, &path.child("name")));
        errors.extend(selector.map(|_| field::forbidden(&path.child("name"), both)));
    }
    match selector {
        Some(found) => {
            selector::validate(errors, &path.child("selector"), found);
            errors.extend((!name.is_empty()).then(|| field::forbidden(&path.child("selector"), both)));
        }
        None if name.is_empty() => errors.push(field::required(path, "one of name or selector must be specified")),
        None => {}
    }
    match reference.str("/parameterNotFoundAction") {
        "" => errors.push(field::required(&path.child("parameterNotFoundAction"), "")),
        _ => rules::choice(errors, path, reference, "parameterNotFoundAction", &["Deny", "Allow"]),
    }
}

/// Validates a ValidatingAdmissionPolicyBinding.
pub(super) fn validate_binding(binding: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = shared_binding_errors(binding);
    let path = spec.child("validationActions");
    let actions = binding.list("/spec/validationActions");
    let has = |wanted: &str| actions.iter().any(|action| action == wanted);
    for (index, action) in actions.iter().enumerate() {
        if !["Audit", "Deny", "Warn"].iter().any(|known| action == known) {
            errors.push(field::not_supported(&path.index(index), action.clone(), &["Audit", "Deny", "Warn"]));
        }
        if actions[..index].contains(action) {
            errors.push(field::duplicate(&path.index(index), action.clone()));
        }
    }
    if has("Deny") && has("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        errors.push(field::invalid(&path, actions.to_vec(), why));
    }
    if actions.is_empty() {
        errors.push(field::required(&path, "at least one validation action is required"));
    }
    errors
}
