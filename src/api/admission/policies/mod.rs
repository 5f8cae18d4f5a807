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
use crate::kinds::Kind;
use crate::machinery::object::{Meta, Object, Reading};
use crate::machinery::status::{Reason, Status, StatusCause};

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
}

impl Attempt<'_> {
    /// The object, as it will be or as it was.
    fn object(&self) -> &Object {
        // One of them is always there; an object with nothing in it matches nothing.
        static NOTHING: Object = Object::Null;
        self.new.or(self.old).unwrap_or(&NOTHING)
    }
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
        true => server.read("namespaces", "", attempt.object().namespace())?,
        false => None,
    };
    let mut refused = None;
    for policy in server.read_all(POLICIES, None)? {
        for binding in bindings.iter().filter(|binding| binding.str("/spec/policyName") == policy.name()) {
            let constraints = [policy.at("/spec/matchConstraints"), binding.at("/spec/matchResources")];
            let matches = |c: &crate::machinery::json::Value| matching::matches(c, attempt, namespace.as_deref());
            if policy.at("/spec/matchConstraints").is_none() || !constraints.into_iter().flatten().all(matches) {
                continue;
            }
            for complaint in complaints(server, &policy, binding, attempt, namespace.as_deref())? {
                let who = format!("ValidatingAdmissionPolicy '{}' with binding '{}'", policy.name(), binding.name());
                for action in binding.list("/spec/validationActions") {
                    match action.as_str() {
                        Some("Warn") => warnings.push(format!("Validation failed for {who}: {}", complaint.message)),
                        Some("Deny") if refused.is_none() => refused = Some(refusal(attempt, &who, &complaint)),
                        _ => {}
                    }
                }
            }
        }
    }
    refused.map_or(Ok(()), Err)
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
    let mut status = Status::forbidden(names.group, names.plural, attempt.object().name_or_prefix(), &why);
    status.reason = complaint.reason;
    status.with_cause(StatusCause { reason: String::new(), message: why, field: String::new() })
}

#[cfg(test)]
mod tests;
