//! The variable `authorizer` of expressions: the permissions of a user by the roles at the time of the request.

use std::sync::Arc;

use super::Attributes;
use crate::api::User;
use crate::api::authorize::{self, Roles};
use kctl_base::cel::{self, Access, Authorizer};
use kctl_base::object::ObjectMeta;

/// A user and the roles that decide what the user may do.
struct Permissions {
    roles: Arc<Roles>,
    user: User,
}

impl Authorizer for Permissions {
    fn permission(&self, access: &Access) -> Option<String> {
        let attributes = authorize::Attributes {
            verb: access.verb.clone(),
            group: access.group.clone(),
            resource: access.resource.clone(),
            subresource: access.subresource.clone(),
            name: access.name.clone(),
            namespace: access.namespace.clone(),
            path: access.path.clone(),
        };
        self.roles.permission(&self.user, &attributes)
    }

    fn of_service_account(&self, namespace: &str, name: &str) -> Arc<dyn Authorizer> {
        let user = User::new(&format!("system:serviceaccount:{namespace}:{name}"), Vec::new());
        Arc::new(Permissions { roles: self.roles.clone(), user })
    }
}

/// Returns the variables `authorizer` and `authorizer.requestResource` for the user of a request.
pub(super) fn variables(attributes: &Attributes<'_>, roles: &Arc<Roles>) -> [(&'static str, cel::Value); 2] {
    let user: Arc<dyn Authorizer> = Arc::new(Permissions { roles: roles.clone(), user: attributes.user.clone() });
    let names = attributes.kind.names();
    let requested = Access {
        group: names.group.to_owned(),
        resource: names.plural.to_owned(),
        subresource: attributes.subresource.to_owned(),
        namespace: attributes.object.namespace().to_owned(),
        name: attributes.object.name().to_owned(),
        ..Access::default()
    };
    [
        ("authorizer", cel::authorizer(user.clone())),
        ("authorizer.requestResource", cel::resource_check(user, requested)),
    ]
}
