//! The common part of the plugins for policies: the attributes of a request, and the policies that apply to it with their bindings and
//! parameters (`apiserver/pkg/admission/plugin/policy/generic`).

mod access;
mod evaluate;
mod matching;
mod params;

pub(super) use evaluate::{Evaluation, Failure};
pub(super) use matching::matched;

use std::borrow::Cow;
use std::sync::Arc;

use super::Operation;
use crate::api::authorize::Roles;
use crate::api::{Request, Result, Server, User};
use kctl_base::gvk::{GroupVersion, split_api_version};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::Kind;

/// Kinds to which no policy applies: otherwise a policy that rejects everything could not be repaired.
const EXEMPT: &[&str] = &[
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
];

/// The attributes of a request that policies are evaluated against.
pub(super) struct Attributes<'a> {
    pub(super) kind: &'a dyn Kind,
    /// The version that the client speaks.
    pub(super) version: GroupVersion,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub(super) operation: &'static str,
    pub(super) subresource: &'a str,
    pub(super) user: User,
    pub(super) dry_run: bool,
    pub(super) new: Option<&'a Object>,
    pub(super) old: Option<&'a Object>,
    /// The new object; the old one for a deletion, the target of a connection.
    pub(super) object: &'a Object,
}

impl<'a> Attributes<'a> {
    /// Returns the attributes of a create or update.
    pub(super) fn of_write(
        kind: &'a dyn Kind,
        request: &'a Request,
        operation: Operation,
        new: &'a Object,
        old: Option<&'a Object>,
    ) -> Attributes<'a> {
        let operation = match operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
        };
        Attributes { operation, new: Some(new), old, ..Attributes::of_deletion(kind, request, new) }
    }

    /// Returns the attributes of a deletion.
    pub(super) fn of_deletion(kind: &'a dyn Kind, request: &'a Request, old: &'a Object) -> Attributes<'a> {
        let names = kind.names();
        let version = request.version.clone().unwrap_or_else(|| GroupVersion::new(names.group, kind.served_version()));
        Attributes {
            kind,
            version,
            operation: "DELETE",
            subresource: request.subresource.as_str(),
            user: request.user(),
            dry_run: request.options.dry_run,
            new: None,
            old: Some(old),
            object: old,
        }
    }

    /// Returns the attributes of a connection to an object; `options` are those of the connection.
    pub(super) fn of_connection(
        kind: &'a dyn Kind,
        request: &'a Request,
        object: &'a Object,
        options: &'a Object,
    ) -> Attributes<'a> {
        let deletion = Attributes::of_deletion(kind, request, object);
        Attributes { operation: "CONNECT", new: Some(options), old: None, ..deletion }
    }

    /// Returns whether policies apply to objects of the kind.
    pub(super) fn can_match(&self) -> bool {
        !EXEMPT.contains(&self.kind.names().kind)
    }
}

/// Returns an object in a version of its kind.
pub(super) fn in_version<'a>(kind: &dyn Kind, object: &'a Object, version: &GroupVersion) -> Cow<'a, Object> {
    if split_api_version(object.api_version()) == (version.group.as_str(), version.version.as_str()) {
        return Cow::Borrowed(object);
    }
    let mut converted = object.clone();
    kind.convert(&mut converted, &version.group, &version.version);
    Cow::Owned(converted)
}

/// A policy to evaluate with one of its bindings and one of the parameters of the binding.
pub(super) struct Invocation {
    pub(super) policy: Arc<Object>,
    pub(super) binding: Arc<Object>,
    /// The version of the kind that a rule of the policy names.
    pub(super) version: GroupVersion,
    /// The parameters; `None` for a policy without any.
    pub(super) param: Option<Arc<Object>>,
}

/// A policy or binding that applies to a request but cannot be evaluated.
pub(super) struct ConfigurationError {
    pub(super) policy: String,
    /// The name of the binding; `None` if the policy itself is wrong.
    pub(super) binding: Option<String>,
    pub(super) message: String,
}

/// The attributes of a request that are known before policies are evaluated.
pub(super) struct Hooks {
    /// The invocations and errors, by the names of policy and binding.
    pub(super) list: Vec<std::result::Result<Invocation, ConfigurationError>>,
    /// The namespace of the object; `None` for an object of the cluster.
    pub(super) namespace: Option<Arc<Object>>,
    /// The roles, if an expression may ask for permissions.
    pub(super) roles: Option<Arc<Roles>>,
}

/// Returns whether no policy is bound, as in most clusters.
///
/// # Errors
/// A store that cannot be read.
pub(super) fn are_unbound(server: &mut Server, bindings: &str) -> Result<bool> {
    Ok(server.read_all(bindings, None)?.is_empty())
}

/// Collects the policies of a resource that apply to a request by the bindings of another.
///
/// # Errors
/// A store that cannot be read.
pub(super) fn hooks(
    server: &mut Server,
    policies: &str,
    bindings: &str,
    attributes: &Attributes<'_>,
) -> Result<Option<Hooks>> {
    let bindings = server.read_all(bindings, None)?;
    if bindings.is_empty() || !attributes.can_match() {
        return Ok(None);
    }
    let namespace = match attributes.kind.names().namespaced {
        true => server.read("namespaces", "", attributes.object.namespace())?,
        false => None,
    };
    let mut hooks = Hooks { list: Vec::new(), namespace, roles: None };
    for policy in server.read_all(policies, None)? {
        let bound: Vec<&Arc<Object>> = bindings.iter().filter(|b| b.str("/spec/policyName") == policy.name()).collect();
        let constraints = &policy["spec"]["matchConstraints"];
        let Some(version) = matching::matched(constraints, attributes, hooks.namespace.as_deref()) else { continue };
        if bound.is_empty() || constraints.is_null() {
            continue;
        }
        hooks.add(server, &policy, &bound, &version, attributes)?;
    }
    Ok(Some(hooks).filter(|hooks| !hooks.list.is_empty()))
}

impl Hooks {
    /// Adds the invocations of a policy.
    fn add(
        &mut self,
        server: &mut Server,
        policy: &Arc<Object>,
        bound: &[&Arc<Object>],
        version: &GroupVersion,
        attributes: &Attributes<'_>,
    ) -> Result<()> {
        // Errors of a policy that ignores failures have no effect.
        let is_strict = policy.str("/spec/failurePolicy") != "Ignore";
        let refuse = |list: &mut Vec<_>, binding: Option<&Object>, why: String| {
            let what = if binding.is_some() { "binding" } else { "policy" };
            let (policy, binding) = (policy.name().to_owned(), binding.map(|binding| binding.name().to_owned()));
            let message = format!("failed to configure {what}: {why}");
            list.extend(is_strict.then_some(Err(ConfigurationError { policy, binding, message })));
        };
        let kind = match params::kind_of(server, policy) {
            Ok(kind) => kind,
            Err(why) => {
                refuse(&mut self.list, None, why);
                return Ok(());
            }
        };
        for binding in bound {
            let resources = &binding["spec"]["matchResources"];
            if matching::matched(resources, attributes, self.namespace.as_deref()).is_none() {
                continue;
            }
            match params::of(server, kind.as_deref(), binding, attributes)? {
                Err(why) => refuse(&mut self.list, Some(binding), why),
                Ok(params) => self.list.extend(params.into_iter().map(|param| {
                    let (policy, binding) = (policy.clone(), Arc::clone(binding));
                    Ok(Invocation { policy, binding, version: version.clone(), param })
                })),
            }
        }
        if self.roles.is_none() && asks_for_permissions(policy) {
            self.roles = Some(Arc::new(server.roles()?));
        }
        Ok(())
    }
}

/// Returns whether a text of a policy names the variable `authorizer`.
fn asks_for_permissions(policy: &Object) -> bool {
    kctl_base::json::to_compact(&policy["spec"]).contains("authorizer")
}
