//! ValidatingAdmissionPolicy: rejects requests, or warns about them, by the CEL expressions of bound policies
//! (`apiserver/pkg/admission/plugin/policy/validating`,
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>).
//!
//! A policy applies to a request when its own constraints and those of one of its bindings match; it is then evaluated once
//! for each parameter of the binding. The action `Audit` has no effect, because there is no audit log.
//! MutatingAdmissionPolicies are not evaluated.

mod evaluate;
mod matching;
mod params;

use super::{Admission, Operation, Result};
use crate::api::{Request, Server, User};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::{Reason, Status, StatusCause};
use kctl_kinds::Kind;

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

/// Kinds to which no policy applies: otherwise a policy that rejects everything could not be repaired.
const EXEMPT: &[&str] = &[
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
];

/// The attributes of a request that policies are evaluated against.
struct AdmissionAttributes<'a> {
    kind: &'a dyn Kind,
    /// `CREATE`, `UPDATE` or `DELETE`.
    operation: &'static str,
    subresource: &'a str,
    user: User,
    dry_run: bool,
    new: Option<&'a Object>,
    old: Option<&'a Object>,
    /// The new object; the old one for a deletion.
    object: &'a Object,
}

/// A failed validation, or an error that counts as one.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    reason: Reason,
    message: String,
}

impl Violation {
    fn new(message: impl Into<String>) -> Violation {
        Violation { reason: Reason::Invalid, message: message.into() }
    }
}

/// Evaluates the policies that apply to a create or update.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let attributes = AdmissionAttributes {
        kind: admission.kind,
        operation: match admission.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
        },
        subresource: admission.request.subresource.as_str(),
        user: admission.request.user(),
        dry_run: admission.request.options.dry_run,
        new: Some(admission.new),
        old: admission.old,
        object: admission.new,
    };
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
    let attributes = AdmissionAttributes {
        kind,
        operation: "DELETE",
        subresource: "",
        user: request.user(),
        dry_run: request.options.dry_run,
        new: None,
        old: Some(old),
        object: old,
    };
    validate(server, &attributes, warnings)
}

/// Evaluates every policy that applies and collects all warnings, then returns the first rejection.
fn validate(server: &mut Server, attributes: &AdmissionAttributes<'_>, warnings: &mut Vec<String>) -> Result<()> {
    let bindings = server.read_all(BINDINGS, None)?;
    if bindings.is_empty() || EXEMPT.contains(&attributes.kind.names().kind) {
        return Ok(());
    }
    let namespace = match attributes.kind.names().namespaced {
        true => server.read("namespaces", "", attributes.object.namespace())?,
        false => None,
    };
    let mut rejection = None;
    for policy in server.read_all(POLICIES, None)? {
        let bound = bindings.iter().filter(|binding| binding.str("/spec/policyName") == policy.name());
        for binding in bound.filter(|binding| applies(&policy, binding, attributes, namespace.as_deref())) {
            let violations = violations(server, &policy, binding, attributes, namespace.as_deref())?;
            let denied = enforce(binding, attributes, &violations, warnings);
            rejection = rejection.or(denied);
        }
    }
    rejection.map_or(Ok(()), Err)
}

/// Returns whether the constraints of both a policy and a binding match a request.
fn applies(
    policy: &Object,
    binding: &Object,
    attributes: &AdmissionAttributes<'_>,
    namespace: Option<&Object>,
) -> bool {
    let matches = |constraints: &Value| matching::matches(constraints, attributes, namespace);
    policy.at("/spec/matchConstraints").is_some_and(matches) && binding.at("/spec/matchResources").is_none_or(matches)
}

/// Takes the validation actions of a binding: adds warnings for `Warn`, and returns the first violation as a rejection for
/// `Deny`.
fn enforce(
    binding: &Object,
    attributes: &AdmissionAttributes<'_>,
    violations: &[Violation],
    warnings: &mut Vec<String>,
) -> Option<Status> {
    let policy =
        format!("ValidatingAdmissionPolicy '{}' with binding '{}'", binding.str("/spec/policyName"), binding.name());
    let has = |action: &str| binding.list("/spec/validationActions").iter().any(|listed| listed == action);
    if has("Warn") {
        warnings.extend(violations.iter().map(|v| format!("Validation failed for {policy}: {}", v.message)));
    }
    violations.first().filter(|_| has("Deny")).map(|violation| denial(attributes, &policy, violation))
}

/// Evaluates a policy with each parameter of a binding, and returns the violations.
fn violations(
    server: &mut Server,
    policy: &Object,
    binding: &Object,
    attributes: &AdmissionAttributes<'_>,
    namespace: Option<&Object>,
) -> Result<Vec<Violation>> {
    let is_strict = policy.str("/spec/failurePolicy") != "Ignore";
    let params = match params::of(server, policy, binding, attributes)? {
        Ok(params) => params,
        Err(error) if is_strict => return Ok(vec![Violation::new(format!("failed to configure binding: {error}"))]),
        Err(_) => return Ok(Vec::new()),
    };
    let evaluated = params.iter().map(|param| evaluate::violations(policy, attributes, namespace, param.as_deref()));
    Ok(evaluated.flatten().collect())
}

/// Returns the status of a denied request; `policy` names the policy and its binding.
fn denial(attributes: &AdmissionAttributes<'_>, policy: &str, violation: &Violation) -> Status {
    let names = attributes.kind.names();
    let detail = format!("{policy} denied request: {}", violation.message);
    let mut status = Status::forbidden(names.group, names.plural, attributes.object.name_or_prefix(), &detail);
    status.reason = violation.reason;
    status.with_cause(StatusCause { reason: String::new(), message: detail, field: String::new() })
}

#[cfg(test)]
mod tests;
