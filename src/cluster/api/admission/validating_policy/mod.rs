//! ValidatingAdmissionPolicy: rejects requests, or warns about them, by the CEL expressions of bound policies
//! (`apiserver/pkg/admission/plugin/policy/validating`,
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>).
//!
//! A policy applies to a request when its own constraints and those of one of its bindings match; it is then evaluated once
//! for each parameter of the binding. The action `Audit` has no effect, because there is no audit log.

use super::policies::{self, Attributes, ConfigurationError, Evaluation, Failure, Invocation};
use super::{Admission, Result};
use crate::api::{Request, Server};
use kctl_base::cel;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::{Reason, Status, StatusCause};
use kctl_kinds::Kind;

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
pub(super) const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

/// A failed validation, or an error that counts as one.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    reason: Reason,
    message: String,
    /// `true` if the binding decides what happens; other violations always reject the request.
    is_validation: bool,
}

impl Violation {
    fn new(message: impl Into<String>) -> Violation {
        Violation { reason: Reason::Invalid, message: message.into(), is_validation: true }
    }
}

/// Evaluates the policies that apply to a create or update.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if policies::are_unbound(admission.server, BINDINGS)? {
        return Ok(());
    }
    let attributes =
        Attributes::of_write(admission.kind, admission.request, admission.operation, admission.new, admission.old);
    validate(admission.server, &attributes, admission.warnings)
}

/// Evaluates the policies that apply to a deletion.
///
/// # Errors
/// The first rejection.
pub(in crate::api) fn admit_deletion(
    server: &mut Server,
    kind: &dyn Kind,
    old: &Object,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<()> {
    // The expiry of events is no request: in a real cluster, etcd deletes them when their lease ends.
    if request.is_from_control_plane() && kind.names().kind == "Event" {
        return Ok(());
    }
    validate(server, &Attributes::of_deletion(kind, request, old), warnings)
}

/// Evaluates the policies that apply to a connection.
///
/// # Errors
/// The first rejection.
pub(in crate::api) fn admit_connection(
    server: &mut Server,
    kind: &dyn Kind,
    (object, options): (&Object, &Object),
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<()> {
    validate(server, &Attributes::of_connection(kind, request, object, options), warnings)
}

/// Evaluates every policy that applies and collects all warnings, then returns the first rejection.
fn validate(server: &mut Server, attributes: &Attributes<'_>, warnings: &mut Vec<String>) -> Result<()> {
    let Some(hooks) = policies::hooks(server, POLICIES, BINDINGS, attributes)? else { return Ok(()) };
    let mut rejection = None;
    for hook in &hooks.list {
        let denied = match hook {
            Err(error) => Some(denial(attributes, &name_of(&error.policy, error.binding.as_deref()), &error.into())),
            Ok(invocation) => {
                let mut evaluation =
                    Evaluation::new(invocation, attributes, hooks.namespace.as_deref(), hooks.roles.as_ref());
                enforce(&invocation.binding, attributes, &violations(invocation, &mut evaluation), warnings)
            }
        };
        rejection = rejection.or(denied);
    }
    rejection.map_or(Ok(()), Err)
}

impl From<&ConfigurationError> for Violation {
    fn from(error: &ConfigurationError) -> Violation {
        Violation { is_validation: false, ..Violation::new(error.message.as_str()) }
    }
}

/// Evaluates a policy and returns the validations that fail. An expression that cannot be evaluated fails too, unless the
/// policy ignores failures.
fn violations(invocation: &Invocation, evaluation: &mut Evaluation<'_>) -> Vec<Violation> {
    let policy = &invocation.policy;
    let is_strict = policy.str("/spec/failurePolicy") != "Ignore";
    let failed = |failure: Failure| is_strict.then(|| Violation::new(failure.message()));
    match evaluation.meets(policy.list("/spec/matchConditions")) {
        Ok(true) => {}
        Ok(false) => return Vec::new(),
        Err(failure) => return failed(failure).into_iter().collect(),
    }
    let mut violations = Vec::new();
    let rules = policy.list("/spec/validations");
    let results: Vec<_> = rules.iter().map(|rule| evaluation.evaluate(rule.str("/expression"))).collect();
    if results.contains(&Err(Failure::Budget)) {
        return failed(Failure::Budget).into_iter().collect();
    }
    for (rule, result) in rules.iter().zip(results) {
        match result {
            Ok(cel::Value::Bool(true)) => {}
            Ok(_) => {
                let message = message(rule, evaluation);
                violations.push(Violation { reason: reason(rule), ..Violation::new(message) });
            }
            Err(failure) => violations.extend(failed(failure)),
        }
    }
    for annotation in policy.list("/spec/auditAnnotations") {
        let error = evaluation.evaluate(annotation.str("/valueExpression")).err();
        violations.extend(error.and_then(failed).map(|error| Violation { is_validation: false, ..error }));
    }
    violations
}

/// Returns the reason that a validation sets for a rejection; `Invalid` by default.
fn reason(rule: &Value) -> Reason {
    match rule.str("/reason") {
        "Forbidden" => Reason::Forbidden,
        "Unauthorized" => Reason::Unauthorized,
        "RequestEntityTooLarge" => Reason::RequestEntityTooLarge,
        _ => Reason::Invalid,
    }
}

/// Returns the message of a failed validation: the value of its `messageExpression` if that is a usable string, else its
/// `message`, else the failed expression.
fn message(rule: &Value, evaluation: &mut Evaluation<'_>) -> String {
    let expression = rule.str("/messageExpression");
    let made = (!expression.is_empty()).then(|| evaluation.evaluate(expression).ok()).flatten();
    made.as_ref().and_then(cel::usable_message).unwrap_or_else(|| match rule.str("/message").trim() {
        "" => format!("failed expression: {}", rule.str("/expression").trim()),
        message => message.to_owned(),
    })
}

/// Takes the validation actions of a binding: adds warnings for `Warn`, and returns the first violation as a rejection for
/// `Deny`.
fn enforce(
    binding: &Object,
    attributes: &Attributes<'_>,
    violations: &[Violation],
    warnings: &mut Vec<String>,
) -> Option<Status> {
    let policy = name_of(binding.str("/spec/policyName"), Some(binding.name()));
    let has = |action: &str| binding.list("/spec/validationActions").iter().any(|listed| listed == action);
    if has("Warn") {
        let validations = violations.iter().filter(|violation| violation.is_validation);
        warnings.extend(validations.map(|v| format!("Validation failed for {policy}: {}", v.message)));
    }
    let rejects = violations.iter().find(|violation| !violation.is_validation || has("Deny"));
    rejects.map(|violation| denial(attributes, &policy, violation))
}

/// Returns a policy with its binding as messages name them.
fn name_of(policy: &str, binding: Option<&str>) -> String {
    match binding {
        Some(binding) => format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}'"),
        None => format!("ValidatingAdmissionPolicy '{policy}'"),
    }
}

/// Returns the status of a denied request; `policy` names the policy and its binding.
fn denial(attributes: &Attributes<'_>, policy: &str, violation: &Violation) -> Status {
    let names = attributes.kind.names();
    let detail = format!("{policy} denied request: {}", violation.message);
    let mut status = Status::forbidden(names.group, names.plural, attributes.object.name_or_prefix(), &detail);
    status.reason = violation.reason;
    status.with_cause(StatusCause { reason: String::new(), message: detail, field: String::new() })
}

#[cfg(test)]
mod tests;
