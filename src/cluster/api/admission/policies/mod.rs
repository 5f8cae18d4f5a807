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
struct Attempt<'a> {
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

/// What is wrong with an attempt.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    reason: Reason,
    message: String,
}

impl Complaint {
    fn new(message: impl Into<String>) -> Complaint {
        Complaint { reason: Reason::Invalid, message: message.into() }
    }
}

pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let attempt = Attempt {
        kind: admission.kind,
        operation: match admission.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
        },
        subresource: admission.request.subresource.as_str(),
        user: requester(admission.request),
        dry_run: admission.request.options.dry_run,
        new: Some(admission.new),
        old: admission.old,
        object: admission.new,
    };
    check(admission.server, &attempt, admission.warnings)
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
    if request.options.trusted && kind.names().kind == "Event" {
        return Ok(());
    }
    let attempt = Attempt {
        kind,
        operation: "DELETE",
        subresource: "",
        user: requester(request),
        dry_run: request.options.dry_run,
        new: None,
        old: Some(old),
        object: old,
    };
    check(server, &attempt, warnings)
}

/// Who asks: the parts of the control plane speak in one voice here.
fn requester(request: &Request) -> User {
    let control_plane = || User::new("system:kube-controller-manager", Vec::new());
    request.options.user.clone().unwrap_or_else(control_plane)
}

/// Asks every policy that holds; the first that refuses is told, after all that warn have been heard.
fn check(server: &mut Server, attempt: &Attempt<'_>, warnings: &mut Vec<String>) -> Result<()> {
    let bindings = server.read_all(BINDINGS, None)?;
    if bindings.is_empty() || EXEMPT.contains(&attempt.kind.names().kind) {
        return Ok(());
    }
    let namespace = match attempt.kind.names().namespaced {
        true => server.read("namespaces", "", attempt.object.namespace())?,
        false => None,
    };
    let mut refused = None;
    for policy in server.read_all(POLICIES, None)? {
        let bound = bindings.iter().filter(|binding| binding.str("/spec/policyName") == policy.name());
        for binding in bound.filter(|binding| holds(&policy, binding, attempt, namespace.as_deref())) {
            let complaints = complaints(server, &policy, binding, attempt, namespace.as_deref())?;
            let refusal = act(binding, attempt, &complaints, warnings);
            refused = refused.or(refusal);
        }
    }
    refused.map_or(Ok(()), Err)
}

/// Whether an attempt is what both a policy and a binding are about.
fn holds(policy: &Object, binding: &Object, attempt: &Attempt<'_>, namespace: Option<&Object>) -> bool {
    let matches = |constraints: &Value| matching::matches(constraints, attempt, namespace);
    policy.at("/spec/matchConstraints").is_some_and(matches) && binding.at("/spec/matchResources").is_none_or(matches)
}

/// Does with complaints what a binding says: warns, and answers the first as a refusal.
fn act(
    binding: &Object,
    attempt: &Attempt<'_>,
    complaints: &[Complaint],
    warnings: &mut Vec<String>,
) -> Option<Status> {
    let who =
        format!("ValidatingAdmissionPolicy '{}' with binding '{}'", binding.str("/spec/policyName"), binding.name());
    let wants = |action: &str| binding.list("/spec/validationActions").iter().any(|wanted| wanted == action);
    if wants("Warn") {
        warnings.extend(complaints.iter().map(|c| format!("Validation failed for {who}: {}", c.message)));
    }
    complaints.first().filter(|_| wants("Deny")).map(|complaint| refusal(attempt, &who, complaint))
}

/// What a policy says to an attempt, with every parameter of a binding.
fn complaints(
    server: &mut Server,
    policy: &Object,
    binding: &Object,
    attempt: &Attempt<'_>,
    namespace: Option<&Object>,
) -> Result<Vec<Complaint>> {
    let is_strict = policy.str("/spec/failurePolicy") != "Ignore";
    let params = match params::of(server, policy, binding, attempt)? {
        Ok(params) => params,
        Err(why) if is_strict => return Ok(vec![Complaint::new(format!("failed to configure binding: {why}"))]),
        Err(_) => return Ok(Vec::new()),
    };
    let evaluated = params.iter().map(|param| evaluate::complaints(policy, attempt, namespace, param.as_deref()));
    Ok(evaluated.flatten().collect())
}

/// The answer to a client that is refused.
fn refusal(attempt: &Attempt<'_>, who: &str, complaint: &Complaint) -> Status {
    let names = attempt.kind.names();
    let why = format!("{who} denied request: {}", complaint.message);
    let mut status = Status::forbidden(names.group, names.plural, attempt.object.name_or_prefix(), &why);
    status.reason = complaint.reason;
    status.with_cause(StatusCause { reason: String::new(), message: why, field: String::new() })
}

#[cfg(test)]
mod tests;
