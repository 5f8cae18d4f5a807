//! ValidatingAdmissionPolicy: what bound policies refuse, or warn of
//! (<https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>).
//!
//! A policy holds for a request when its own constraints and those of a binding match; it is then evaluated once for every
//! parameter of the binding. Nothing is audited: there is no audit log. MutatingAdmissionPolicies are not evaluated.

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

/// No policy holds for policies: a wrong one could never be mended.
const EXEMPT: &[&str] = &[
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
];

/// What somebody is about to do, as policies see it.
struct AdmissionAttributes<'a> {
    kind: &'a dyn Kind,
    /// `CREATE`, `UPDATE` or `DELETE`.
    operation: &'static str,
    subresource: &'a str,
    user: User,
    dry_run: bool,
    new: Option<&'a Object>,
    old: Option<&'a Object>,
    /// The object as it will be, or as it was when it is to go.
    object: &'a Object,
}

/// What is wrong with an attributes.
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
    check(admission.server, &attributes, admission.warnings)
}

/// The same for an object that is to be deleted.
pub(in crate::api) fn admit_deletion(
    server: &mut Server,
    kind: &dyn Kind,
    old: &Object,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<()> {
    // Events expire by themselves; nobody asks for that.
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
    check(server, &attributes, warnings)
}

/// Asks every policy that holds; the first that refuses is told, after all that warn have been heard.
fn check(server: &mut Server, attributes: &AdmissionAttributes<'_>, warnings: &mut Vec<String>) -> Result<()> {
    let bindings = server.read_all(BINDINGS, None)?;
    if bindings.is_empty() || EXEMPT.contains(&attributes.kind.names().kind) {
        return Ok(());
    }
    let namespace = match attributes.kind.names().namespaced {
        true => server.read("namespaces", "", attributes.object.namespace())?,
        false => None,
    };
    let mut refused = None;
    for policy in server.read_all(POLICIES, None)? {
        let bound = bindings.iter().filter(|binding| binding.str("/spec/policyName") == policy.name());
        for binding in bound.filter(|binding| holds(&policy, binding, attributes, namespace.as_deref())) {
            let violations = violations(server, &policy, binding, attributes, namespace.as_deref())?;
            let refusal = act(binding, attributes, &violations, warnings);
            refused = refused.or(refusal);
        }
    }
    refused.map_or(Ok(()), Err)
}

/// Returns whether an attributes is what both a policy and a binding are about.
fn holds(policy: &Object, binding: &Object, attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>) -> bool {
    let matches = |constraints: &Value| matching::matches(constraints, attributes, namespace);
    policy.at("/spec/matchConstraints").is_some_and(matches) && binding.at("/spec/matchResources").is_none_or(matches)
}

/// Does with violations what a binding says: warns, and answers the first as a refusal.
fn act(
    binding: &Object,
    attributes: &AdmissionAttributes<'_>,
    violations: &[Violation],
    warnings: &mut Vec<String>,
) -> Option<Status> {
    let who =
        format!("ValidatingAdmissionPolicy '{}' with binding '{}'", binding.str("/spec/policyName"), binding.name());
    let wants = |action: &str| binding.list("/spec/validationActions").iter().any(|wanted| wanted == action);
    if wants("Warn") {
        warnings.extend(violations.iter().map(|c| format!("Validation failed for {who}: {}", c.message)));
    }
    violations.first().filter(|_| wants("Deny")).map(|violation| refusal(attributes, &who, violation))
}

/// What a policy says to an attributes, with every parameter of a binding.
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
        Err(why) if is_strict => return Ok(vec![Violation::new(format!("failed to configure binding: {why}"))]),
        Err(_) => return Ok(Vec::new()),
    };
    let evaluated = params.iter().map(|param| evaluate::violations(policy, attributes, namespace, param.as_deref()));
    Ok(evaluated.flatten().collect())
}

/// The answer to a client that is refused.
fn refusal(attributes: &AdmissionAttributes<'_>, who: &str, violation: &Violation) -> Status {
    let names = attributes.kind.names();
    let why = format!("{who} denied request: {}", violation.message);
    let mut status = Status::forbidden(names.group, names.plural, attributes.object.name_or_prefix(), &why);
    status.reason = violation.reason;
    status.with_cause(StatusCause { reason: String::new(), message: why, field: String::new() })
}

#[cfg(test)]
mod tests;
