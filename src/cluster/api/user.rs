//! Users and their groups.

use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The group whose members may do everything, regardless of roles.
pub(super) const MASTERS: &str = "system:masters";
/// The group of all authenticated users.
pub(super) const AUTHENTICATED: &str = "system:authenticated";

/// A user with groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user name: `jane`, `system:serviceaccount:default:robot`.
    pub name: String,
    /// The groups of the user, the implied ones included.
    pub groups: Vec<String>,
}

impl User {
    /// Creates a user. A service account without explicit groups gets the groups of its namespace; every user except
    /// `system:anonymous` is in `system:authenticated`.
    pub fn new(name: &str, groups: Vec<String>) -> User {
        let mut groups = groups;
        if let (true, Some((namespace, _))) =
            (groups.is_empty(), name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')))
        {
            groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
        }
        if name != "system:anonymous" && !groups.iter().any(|g| g == AUTHENTICATED) {
            groups.push(AUTHENTICATED.into());
        }
        User { name: name.into(), groups }
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
    }
}
