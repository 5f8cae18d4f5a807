//! Authorization checks (`library/authz.go`). The server that evaluates an expression answers them: see [`Authorizer`].

use std::fmt;
use std::sync::Arc;

use cel::Value;
use cel::objects::Opaque;

use super::{Of, Overload, opaque, overload, text};
use crate::labels::{dns_label_problems, dns_name_problems};

pub(super) const AUTHORIZER: &str = "kubernetes.authorization.Authorizer";
pub(super) const PATH_CHECK: &str = "kubernetes.authorization.PathCheck";
pub(super) const GROUP_CHECK: &str = "kubernetes.authorization.GroupCheck";
pub(super) const RESOURCE_CHECK: &str = "kubernetes.authorization.ResourceCheck";
pub(super) const DECISION: &str = "kubernetes.authorization.Decision";

const USER: Of = Of::Opaque(AUTHORIZER);
const RESOURCE: Of = Of::Opaque(RESOURCE_CHECK);
const DECIDED: Of = Of::Opaque(DECISION);

/// Decides what one user may do.
pub trait Authorizer: Send + Sync {
    /// Returns the reason for which the user may do something; `None` if nothing allows it.
    fn permission(&self, access: &Access) -> Option<String>;

    /// Returns the authorizer for a service account.
    fn of_service_account(&self, namespace: &str, name: &str) -> Arc<dyn Authorizer>;
}

/// The action of a user: a verb on a resource, or on a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The verb: `get`.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The resource: `pods`; empty for a path.
    pub resource: String,
    /// The subresource: `log`.
    pub subresource: String,
    /// The namespace; empty for the whole cluster.
    pub namespace: String,
    /// The name of an object; empty for all.
    pub name: String,
    /// The path of a URL that is not a resource: `/healthz`.
    pub path: String,
}

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(true, "path", [USER, Of::Text] => Of::Opaque(PATH_CHECK), |args| {
        if text(args, 1).trim().is_empty() {
            return Err("path must not be empty".to_owned());
        }
        begin(args, PATH_CHECK, |access, path| access.path = path)
    }),
    overload!(true, "group", [USER, Of::Text] => Of::Opaque(GROUP_CHECK), |args| {
        begin(args, GROUP_CHECK, |access, group| access.group = group)
    }),
    overload!(true, "serviceAccount", [USER, Of::Text, Of::Text] => USER, service_account),
    overload!(true, "resource", [Of::Opaque(GROUP_CHECK), Of::Text] => RESOURCE, |args| {
        if text(args, 1).trim().is_empty() {
            return Err("resource must not be empty".to_owned());
        }
        refine(args, |access, resource| access.resource = resource)
    }),
    overload!(true, "subresource", [RESOURCE, Of::Text] => RESOURCE, |args| {
        refine(args, |access, subresource| access.subresource = subresource)
    }),
    overload!(true, "namespace", [RESOURCE, Of::Text] => RESOURCE, |args| {
        refine(args, |access, namespace| access.namespace = namespace)
    }),
    overload!(true, "name", [RESOURCE, Of::Text] => RESOURCE, |args| refine(args, |access, name| access.name = name)),
    // Roles know no selectors, so that these change nothing.
    overload!(true, "fieldSelector", [RESOURCE, Of::Text] => RESOURCE, |args| refine(args, |_, _| {})),
    overload!(true, "labelSelector", [RESOURCE, Of::Text] => RESOURCE, |args| refine(args, |_, _| {})),
    overload!(true, "check", [Of::Opaque(PATH_CHECK), Of::Text] => DECIDED, check),
    overload!(true, "check", [RESOURCE, Of::Text] => DECIDED, check),
    overload!(true, "allowed", [DECIDED] => Of::Bool, |args| Ok(opaque::<Decision>(args, 0)?.0.is_some().into())),
    overload!(true, "reason", [DECIDED] => Of::Text, |args| {
        Ok(opaque::<Decision>(args, 0)?.0.clone().unwrap_or_default().into())
    }),
    // Roles that cannot be read fail the whole request, and no decision.
    overload!(true, "errored", [DECIDED] => Of::Bool, |args| opaque::<Decision>(args, 0).map(|_| false.into())),
    overload!(true, "error", [DECIDED] => Of::Text, |args| opaque::<Decision>(args, 0).map(|_| "".into())),
];

/// Returns the value of the variable `authorizer`.
pub fn authorizer(user: Arc<dyn Authorizer>) -> Value {
    Value::Opaque(Arc::new(User(user)))
}

/// Returns the value of the variable `authorizer.requestResource`: a check of what a request concerns.
pub fn resource_check(user: Arc<dyn Authorizer>, access: Access) -> Value {
    Value::Opaque(Arc::new(Check { user: User(user), access, of: RESOURCE_CHECK }))
}

/// A user by the authorizer that decides about it.
#[derive(Clone)]
struct User(Arc<dyn Authorizer>);

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(AUTHORIZER)
    }
}

impl PartialEq for User {
    fn eq(&self, other: &User) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for User {}

impl Opaque for User {
    fn runtime_type_name(&self) -> &str {
        AUTHORIZER
    }
}

/// A check that still lacks its verb, and other parts.
#[derive(Debug, PartialEq, Eq)]
struct Check {
    user: User,
    access: Access,
    /// The name of its type.
    of: &'static str,
}

impl Opaque for Check {
    fn runtime_type_name(&self) -> &str {
        self.of
    }
}

/// The reason for which something is allowed; `None` if it is not.
#[derive(Debug, PartialEq, Eq)]
struct Decision(Option<String>);

impl Opaque for Decision {
    fn runtime_type_name(&self) -> &str {
        DECISION
    }
}

/// Begins a check of a type with its first part.
fn begin(args: &[Value], of: &'static str, set: fn(&mut Access, String)) -> Result<Value, String> {
    let mut access = Access::default();
    set(&mut access, text(args, 1).to_owned());
    Ok(Value::Opaque(Arc::new(Check { user: opaque::<User>(args, 0)?.clone(), access, of })))
}

/// Adds a part to a check, which is then about a resource.
fn refine(args: &[Value], set: fn(&mut Access, String)) -> Result<Value, String> {
    let check = opaque::<Check>(args, 0)?;
    let mut access = check.access.clone();
    set(&mut access, text(args, 1).to_owned());
    Ok(Value::Opaque(Arc::new(Check { user: check.user.clone(), access, of: RESOURCE_CHECK })))
}

fn check(args: &[Value]) -> Result<Value, String> {
    let check = opaque::<Check>(args, 0)?;
    let access = Access { verb: text(args, 1).to_owned(), ..check.access.clone() };
    Ok(Value::Opaque(Arc::new(Decision(check.user.0.permission(&access)))))
}

fn service_account(args: &[Value]) -> Result<Value, String> {
    let (namespace, name) = (text(args, 1), text(args, 2));
    if !dns_name_problems(name).is_empty() {
        return Err("Invalid service account name".to_owned());
    }
    if !dns_label_problems(namespace).is_empty() {
        return Err("Invalid service account namespace".to_owned());
    }
    Ok(authorizer(opaque::<User>(args, 0)?.0.of_service_account(namespace, name)))
}
