//! Who may do what, by roles and bindings (RBAC).
//!
//! The one user of a store may do everything and is not asked; a client that acts as somebody else (`--as`) asks here first.

use super::{Request, Result, Server};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::status::{Status, dotted};

/// A user with groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `jane`, `system:serviceaccount:default:robot`.
    pub name: String,
    /// Own groups and those that everybody like them has.
    pub groups: Vec<String>,
}

impl User {
    /// A user; without groups a service account has those of its namespace.
    pub fn new(name: &str, groups: Vec<String>) -> User {
        let mut groups = groups;
        if let (true, Some((namespace, _))) =
            (groups.is_empty(), name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')))
        {
            groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
        }
        if name != "system:anonymous" && !groups.iter().any(|g| g == "system:authenticated") {
            groups.push("system:authenticated".into());
        }
        User { name: name.into(), groups }
    }

    /// Whether a subject of a binding means this user.
    fn is(&self, subject: &Value, namespace: &str) -> bool {
        let name = subject.str("/name");
        match subject.str("/kind") {
            "User" => name == self.name,
            "Group" => self.groups.iter().any(|g| g == name),
            "ServiceAccount" => {
                let own = subject.str("/namespace");
                let namespace = if own.is_empty() { namespace } else { own };
                self.name == format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => false,
        }
    }
}

/// What somebody wants to do.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `get`, `list`, `*`.
    pub verb: String,
    /// `apps`.
    pub group: String,
    /// `deployments`; empty for a URL.
    pub resource: String,
    /// `scale`.
    pub subresource: String,
    /// One object, or empty.
    pub name: String,
    /// Empty: the whole cluster.
    pub namespace: String,
    /// `/healthz`.
    pub url: String,
}

impl Wish {
    /// What a request asks for.
    fn of(request: &Request) -> Wish {
        let (resource, group) = request.resource.split_once('.').unwrap_or((&request.resource, ""));
        Wish {
            verb: request.verb.as_str().into(),
            group: group.into(),
            resource: resource.into(),
            subresource: request.subresource.clone(),
            name: request.name.clone(),
            namespace: request.namespace.clone(),
            url: String::new(),
        }
    }

    /// `pods/log`.
    fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            sub => format!("{}/{sub}", self.resource),
        }
    }

    fn is_granted_by(&self, rule: &Value) -> bool {
        let has = |field: &str, wanted: &str| rule.list(field).iter().any(|v| v == "*" || v == wanted);
        if !has("/verbs", &self.verb) {
            return false;
        }
        if self.resource.is_empty() {
            let urls = rule.list("/nonResourceURLs").iter().filter_map(Value::as_str);
            return urls.into_iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(begin) => self.url.starts_with(begin),
                None => self.url == pattern,
            });
        }
        let any_of_sub = format!("*/{}", self.subresource);
        let resource = has("/resources", &self.full_resource())
            || !self.subresource.is_empty() && rule.list("/resources").iter().any(|v| *v == any_of_sub.as_str());
        let names = rule.list("/resourceNames");
        resource
            && has("/apiGroups", &self.group)
            && (names.is_empty() || names.iter().any(|n| *n == self.name.as_str()))
    }
}

/// Rules, and the binding that gives them, in the words of a review.
struct Grant {
    by: String,
    rules: Vec<Value>,
}

/// What everybody who is known may do: ask about themselves, and look at what is served.
fn everybodys_grants() -> Vec<Grant> {
    let ask =
        |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["create"]});
    let urls = json!([
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
    ]);
    let grant = |role: &str, rules: Vec<Value>| Grant {
        by: format!("ClusterRoleBinding \"{role}\" of ClusterRole \"{role}\" to Group \"system:authenticated\""),
        rules,
    };
    vec![
        grant(
            "system:basic-user",
            vec![
                ask("authentication.k8s.io", &["selfsubjectreviews"]),
                ask("authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            ],
        ),
        grant("system:discovery", vec![json!({"verbs": ["get"], "nonResourceURLs": urls})]),
    ]
}

impl Server {
    /// The rules that bindings give to a user, in the whole cluster and, when there is one, in a namespace.
    pub fn rules_of(&mut self, user: &User, namespace: &str) -> Result<Vec<Value>> {
        Ok(self.grants_of(user, namespace)?.into_iter().flat_map(|grant| grant.rules).collect())
    }

    fn grants_of(&mut self, user: &User, namespace: &str) -> Result<Vec<Grant>> {
        let mut grants = Vec::new();
        if user.groups.iter().any(|g| g == "system:authenticated") {
            grants.extend(everybodys_grants());
        }
        for binding in self.read_all("clusterrolebindings.rbac.authorization.k8s.io", None)? {
            grants.extend(self.grant_of(&binding, user, "")?);
        }
        if !namespace.is_empty() {
            for binding in self.read_all("rolebindings.rbac.authorization.k8s.io", Some(namespace))? {
                grants.extend(self.grant_of(&binding, user, namespace)?);
            }
        }
        Ok(grants)
    }

    /// What a binding gives to a user, if the user is one of its subjects.
    fn grant_of(&mut self, binding: &Value, user: &User, namespace: &str) -> Result<Option<Grant>> {
        let Some(subject) = binding.list("/subjects").iter().find(|s| user.is(s, binding.namespace())) else {
            return Ok(None);
        };
        let (kind, name) = (binding.str("/roleRef/kind"), binding.str("/roleRef/name"));
        let role = match kind {
            "Role" => self.read("roles.rbac.authorization.k8s.io", namespace, name)?,
            _ => self.read("clusterroles.rbac.authorization.k8s.io", "", name)?,
        };
        let place = |name: &str, namespace: &str| match namespace {
            "" => name.to_owned(),
            namespace => format!("{name}/{namespace}"),
        };
        let by = format!(
            "{} \"{}\" of {kind} \"{name}\" to {} \"{}\"",
            binding.kind(),
            place(binding.name(), binding.namespace()),
            subject.str("/kind"),
            place(subject.str("/name"), subject.str("/namespace")),
        );
        let rules = role.iter().flat_map(|role| role.list("/rules").to_vec()).collect();
        Ok(Some(Grant { by, rules }))
    }

    /// Whether a user may do something.
    pub fn allows(&mut self, user: &User, wish: &Wish) -> Result<bool> {
        Ok(self.grant(user, wish)?.is_some())
    }

    /// What allows a user to do something, in the words of a review; empty for who may do everything.
    pub(super) fn grant(&mut self, user: &User, wish: &Wish) -> Result<Option<String>> {
        if user.groups.iter().any(|g| g == "system:masters") {
            return Ok(Some(String::new()));
        }
        let grants = self.grants_of(user, &wish.namespace)?;
        let found = grants.into_iter().find(|grant| grant.rules.iter().any(|rule| wish.is_granted_by(rule)));
        Ok(found.map(|grant| format!("RBAC: allowed by {}", grant.by)))
    }

    /// Refuses a request that a user may not make.
    pub fn authorize(&mut self, user: &User, request: &Request) -> Result<()> {
        let wish = Wish::of(request);
        if self.allows(user, &wish)? {
            return Ok(());
        }
        let place = match wish.namespace.as_str() {
            "" => "at the cluster scope".to_string(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
            user.name,
            wish.verb,
            wish.full_resource(),
            wish.group
        );
        let resource = match wish.subresource.as_str() {
            "" => dotted(&wish.resource, &wish.group),
            sub => format!("{}/{sub}", dotted(&wish.resource, &wish.group)),
        };
        Err(Status::forbidden("", &resource, &wish.name, &why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_grant_wishes() {
        let rule = json!({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]});
        let named = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["*"]});
        let url = json!({"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]});
        let wish = |verb: &str, resource: &str, sub: &str, name: &str| Wish {
            verb: verb.into(),
            resource: resource.into(),
            subresource: sub.into(),
            name: name.into(),
            ..Wish::default()
        };
        assert!(wish("get", "pods", "log", "x").is_granted_by(&rule));
        assert!(!wish("get", "pods", "exec", "x").is_granted_by(&rule));
        assert!(!wish("delete", "pods", "", "x").is_granted_by(&rule));
        assert!(wish("patch", "configmaps", "", "a").is_granted_by(&named));
        assert!(!wish("list", "configmaps", "", "").is_granted_by(&named));
        assert!(Wish { verb: "get".into(), url: "/healthz/etcd".into(), ..Wish::default() }.is_granted_by(&url));
    }

    #[test]
    fn subjects_are_users_groups_and_accounts() {
        let robot = User::new("system:serviceaccount:default:robot", Vec::new());
        assert!(robot.is(&json!({"kind": "ServiceAccount", "name": "robot"}), "default"));
        assert!(robot.is(&json!({"kind": "Group", "name": "system:serviceaccounts:default"}), ""));
        let joe = User::new("joe", vec!["ops".into()]);
        assert_eq!(joe.groups, ["ops", "system:authenticated"]);
    }
}
