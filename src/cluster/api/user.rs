//! Users and their groups.

use std::collections::BTreeMap;

use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The group whose members may do everything, regardless of roles.
pub(super) const MASTERS: &str = "system:masters";
/// The group of all authenticated users.
pub(super) const AUTHENTICATED: &str = "system:authenticated";
/// The group of users who are not authenticated.
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user of requests without credentials.
const ANONYMOUS: &str = "system:anonymous";

/// A user with groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The user name: `jane`, `system:serviceaccount:default:robot`.
    pub name: String,
    /// The UID; empty for users without one.
    pub uid: String,
    /// The groups of the user, the implied ones included.
    pub groups: Vec<String>,
    /// Further attributes: a list of values for each key.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Creates a user. A service account without explicit groups gets the groups of its namespace; every other user than
    /// `system:anonymous` is in `system:authenticated` (`WithImpersonation` of `apiserver/pkg/endpoints/filters`).
    pub fn new(name: &str, groups: Vec<String>) -> User {
        let mut groups = groups;
        if let (true, Some((namespace, _))) =
            (groups.is_empty(), name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')))
        {
            groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
        }
        let implied = if name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
        if !groups.iter().any(|group| group == implied || group == UNAUTHENTICATED) {
            groups.push(implied.into());
        }
        User { name: name.into(), groups, ..User::default() }
    }

    /// Sets the UID.
    pub fn with_uid(self, uid: &str) -> User {
        User { uid: uid.into(), ..self }
    }

    /// Sets the further attributes.
    pub fn with_extra(self, extra: BTreeMap<String, Vec<String>>) -> User {
        User { extra, ..self }
    }

    /// Returns the user as a `UserInfo`, without empty fields.
    pub(super) fn to_info(&self) -> Value {
        let mut info = json!({"username": self.name});
        if !self.uid.is_empty() {
            info.put("/uid", self.uid.as_str());
        }
        if !self.groups.is_empty() {
            info.put("/groups", json!(self.groups));
        }
        if !self.extra.is_empty() {
            info.put("/extra", json!(self.extra));
        }
        info
    }

    /// Returns the administrator, who owns the store.
    pub fn admin() -> User {
        User::new("kubernetes-admin", vec![MASTERS.into()])
    }

    /// Returns whether the user is a member of a group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }

    /// Returns whether a subject of a binding in `namespace` matches the user.
    pub(super) fn is_subject(&self, subject: &Value, namespace: &str) -> bool {
        let name = subject.str("/name");
        match subject.str("/kind") {
            "User" => name == self.name,
            "Group" => self.is_in(name),
            "ServiceAccount" => {
                let own = subject.str("/namespace");
                let namespace = if own.is_empty() { namespace } else { own };
                self.name == format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn subjects_match_users_groups_and_service_accounts() {
        let robot = User::new("system:serviceaccount:default:robot", Vec::new());
        assert!(robot.is_subject(&json!({"kind": "ServiceAccount", "name": "robot"}), "default"));
        assert!(robot.is_subject(&json!({"kind": "Group", "name": "system:serviceaccounts:default"}), ""));
        let joe = User::new("joe", vec!["ops".into()]);
        assert_eq!(joe.groups, ["ops", "system:authenticated"]);
        assert_eq!(User::new(ANONYMOUS, Vec::new()).groups, [UNAUTHENTICATED]);
    }
}
